//! The private socket: the same calls as the command line, one JSON line each.
//!
//! A call is one line; the answer is a line for each view and a last one that says how it ended.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use interprocess::local_socket::tokio::{Listener, Stream as TokioStream, prelude::*};
use interprocess::local_socket::{ListenerOptions, Stream};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use super::call::{AdminAnswer, AdminCall, CALL_MAX, VIEW_MAX};
use super::owner::{OwnerError, socket_name};
use super::perform::{Show, perform};
use super::refusal::AdminRefusal;
use crate::center::DataCenter;
use crate::folder::Folder;

/// Calls at once; more wait.
const CALLS_MAX: usize = 8;

/// A call must have come in by then, and each line of the answer must have been taken.
const LINE_TIME: Duration = Duration::from_secs(30);

/// Lines that wait for whoever reads them.
const LINES_QUEUED: usize = 64;

/// Serves the folder's private socket until the returned future is dropped.
///
/// # Errors
/// [`OwnerError`] when the socket cannot be made. The caller owns the folder, so a socket left
/// there by a process that was killed is replaced.
pub fn serve(center: Arc<DataCenter>) -> Result<impl Future<Output = ()>, OwnerError> {
    let name = socket_name(center.folder(), true)?;
    let listener = ListenerOptions::new()
        .name(name)
        .try_overwrite(true)
        .create_tokio()
        .map_err(|source| OwnerError::Socket {
            operation: "make",
            source,
        })?;
    Ok(accept_all(center, listener))
}

async fn accept_all(center: Arc<DataCenter>, listener: Listener) {
    let room = Arc::new(Semaphore::new(CALLS_MAX));
    loop {
        let permit = Arc::clone(&room)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        match listener.accept().await {
            Ok(stream) => {
                let center = Arc::clone(&center);
                tokio::spawn(async move {
                    if let Err(error) = answer(center, stream).await {
                        tracing::debug!(%error, "an admin's call ended badly");
                    }
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "an admin's call could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn answer(center: Arc<DataCenter>, stream: TokioStream) -> io::Result<()> {
    let limit = u64::try_from(CALL_MAX).unwrap_or(u64::MAX);
    let mut lines = tokio::io::BufReader::new((&stream).take(limit));
    let mut line = Vec::new();
    timeout(LINE_TIME, lines.read_until(b'\n', &mut line)).await??;
    let (sender, mut answers) = mpsc::channel(LINES_QUEUED);
    tokio::task::spawn_blocking(move || carry_out(&center, &line, &sender));
    while let Some(answer) = answers.recv().await {
        let mut line = serde_json::to_vec(&answer).map_err(io::Error::other)?;
        line.push(b'\n');
        timeout(LINE_TIME, (&stream).write_all(&line)).await??;
    }
    (&stream).flush().await
}

fn carry_out(center: &DataCenter, line: &[u8], answers: &mpsc::Sender<AdminAnswer>) {
    let call = serde_json::from_slice::<AdminCall>(line);
    let done = match call {
        Ok(call) => perform(center, call, &mut |view| {
            answers
                .blocking_send(AdminAnswer::View(Box::new(view)))
                .is_ok()
        }),
        Err(_) => Err(AdminRefusal::usage(
            "The running data center does not understand the call.",
            "Use the same version of the program that is running.",
        )),
    };
    let last = match done {
        Ok(()) => AdminAnswer::Done,
        Err(refusal) => AdminAnswer::Refused(refusal),
    };
    if answers.blocking_send(last).is_err() {
        tracing::debug!("the admin has gone before the answer");
    }
}

/// Removes the folder of a socket that nobody serves any more, where it lies outside the data
/// folder.
pub(super) fn remove(folder: &Folder) {
    if let Err(error) = super::owner::remove_socket_folder(folder) {
        tracing::debug!(%error, "the folder of the private socket stays");
    }
}

/// Reaches the folder's owner.
///
/// # Errors
/// [`OwnerError`] when it has no socket, or not yet.
pub fn reach(folder: &Folder) -> Result<Stream, OwnerError> {
    let name = socket_name(folder, false)?;
    <Stream as interprocess::local_socket::traits::Stream>::connect(name).map_err(|source| {
        OwnerError::Socket {
            operation: "reach",
            source,
        }
    })
}

/// Hands a call to the folder's owner and shows what it answers.
///
/// # Errors
/// The owner's refusal, or [`OwnerError`] when it did not answer.
pub fn ask(mut stream: &Stream, call: &AdminCall, show: &mut Show<'_>) -> Result<(), AdminRefusal> {
    let fault = |operation| move |source| OwnerError::Socket { operation, source };
    let mut line =
        serde_json::to_vec(call).map_err(|error| fault("write to")(io::Error::other(error)))?;
    line.push(b'\n');
    stream.write_all(&line).map_err(fault("write to"))?;
    let mut answers = BufReader::new(stream);
    loop {
        let mut line = Vec::new();
        (&mut answers)
            .take(VIEW_MAX)
            .read_until(b'\n', &mut line)
            .map_err(fault("read from"))?;
        match serde_json::from_slice(&line).map_err(|_| OwnerError::Silent)? {
            AdminAnswer::View(view) => {
                if !show(*view) {
                    return Ok(());
                }
            }
            AdminAnswer::Done => return Ok(()),
            AdminAnswer::Refused(refusal) => return Err(refusal),
        }
    }
}
