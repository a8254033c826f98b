//! The private socket: the same calls as the command line, one JSON line each.
//!
//! A call is one line; the answer is a line that says that it was taken, one for each view and a last
//! one that says how it ended.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use interprocess::local_socket::tokio::{Listener, Stream as TokioStream, prelude::*};
use interprocess::local_socket::{ListenerOptions, Stream};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
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

/// So long a data center that is to end waits for the calls it has taken: most take milliseconds. Whoever
/// asked for one that takes longer is told that its outcome is not known ([`OwnerError::Silent`]).
const CLOSING_TIME: Duration = Duration::from_secs(30);

/// Lines that wait for whoever reads them.
const LINES_QUEUED: usize = 64;

/// Serves the folder's private socket until `stop` is ready; then the calls that were taken are
/// answered first, for a bounded time.
///
/// # Errors
/// [`OwnerError`] when the socket cannot be made. The caller owns the folder, so a socket left
/// there by a process that was killed is replaced.
pub fn serve(
    center: Arc<DataCenter>,
    stop: impl Future<Output = ()>,
) -> Result<impl Future<Output = ()>, OwnerError> {
    let name = socket_name(center.folder(), true)?;
    let listener = ListenerOptions::new()
        .name(name)
        .try_overwrite(true)
        .create_tokio()
        .map_err(|source| OwnerError::Socket {
            operation: "make",
            source,
        })?;
    Ok(async move {
        let mut calls = JoinSet::new();
        tokio::select! {
            () = accept_all(center, &listener, &mut calls) => {}
            () = stop => {}
        }
        // Whoever comes now finds nobody, and waits for the next owner.
        drop(listener);
        let answered = async { while calls.join_next().await.is_some() {} };
        if timeout(CLOSING_TIME, answered).await.is_err() {
            tracing::warn!("admins' calls that take too long are left without an answer");
        }
    })
}

async fn accept_all(center: Arc<DataCenter>, listener: &Listener, calls: &mut JoinSet<()>) {
    let room = Arc::new(Semaphore::new(CALLS_MAX));
    loop {
        let permit = Arc::clone(&room)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        match listener.accept().await {
            Ok(stream) => {
                let center = Arc::clone(&center);
                calls.spawn(async move {
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
        while calls.try_join_next().is_some() {}
    }
}

async fn answer(center: Arc<DataCenter>, stream: TokioStream) -> io::Result<()> {
    let limit = u64::try_from(CALL_MAX).unwrap_or(u64::MAX);
    let mut lines = tokio::io::BufReader::new((&stream).take(limit));
    let mut line = Vec::new();
    timeout(LINE_TIME, lines.read_until(b'\n', &mut line)).await??;
    // Half a call is none: whoever sent it asks again.
    if line.last() != Some(&b'\n') {
        return Ok(());
    }
    tell(&stream, &AdminAnswer::Taken).await?;
    let (sender, mut answers) = mpsc::channel(LINES_QUEUED);
    tokio::task::spawn_blocking(move || carry_out(&center, &line, &sender));
    while let Some(answer) = answers.recv().await {
        tell(&stream, &answer).await?;
    }
    (&stream).flush().await
}

async fn tell(mut stream: &TokioStream, answer: &AdminAnswer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer).map_err(io::Error::other)?;
    line.push(b'\n');
    timeout(LINE_TIME, stream.write_all(&line)).await?
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

/// What became of a call that was handed to the folder's owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handed {
    /// It was carried out.
    Done,
    /// The owner ended before it took the call: nothing was done.
    NotTaken,
}

/// The line that hands over a call. One that no owner would read to its end is not sent at all.
fn line_of(call: &AdminCall) -> Result<Vec<u8>, AdminRefusal> {
    let mut line = serde_json::to_vec(call).map_err(|error| OwnerError::Socket {
        operation: "write to",
        source: io::Error::other(error),
    })?;
    line.push(b'\n');
    if line.len() > CALL_MAX {
        return Err(AdminRefusal::usage(
            format!("What is handed over is longer than {CALL_MAX} bytes."),
            "Nothing was done. Hand over less at once, or stop the running data center first.",
        ));
    }
    Ok(line)
}

/// Hands a call to the folder's owner and shows what it answers.
///
/// # Errors
/// The owner's refusal; wrong usage for a call that is too long; [`OwnerError`] when the owner took the
/// call and did not answer.
pub fn ask(
    mut stream: &Stream,
    call: &AdminCall,
    show: &mut Show<'_>,
) -> Result<Handed, AdminRefusal> {
    if stream.write_all(&line_of(call)?).is_err() {
        return Ok(Handed::NotTaken);
    }
    let mut answers = BufReader::new(stream);
    let mut taken = false;
    loop {
        let mut line = Vec::new();
        let read = (&mut answers).take(VIEW_MAX).read_until(b'\n', &mut line);
        if !taken && !read.is_ok_and(|bytes| bytes > 0) {
            return Ok(Handed::NotTaken);
        }
        match serde_json::from_slice(&line).map_err(|_| OwnerError::Silent)? {
            AdminAnswer::Taken => taken = true,
            AdminAnswer::View(view) => {
                if !show(*view) {
                    return Ok(Handed::Done);
                }
            }
            AdminAnswer::Done => return Ok(Handed::Done),
            AdminAnswer::Refused(refusal) => return Err(refusal),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_no_owner_would_read_to_its_end_is_refused_by_its_length() {
        let call = |length: usize| AdminCall::RatesImport {
            source: "x".repeat(length),
        };
        let around = line_of(&call(0)).unwrap().len();
        let longest = line_of(&call(CALL_MAX - around)).unwrap();
        assert_eq!(longest.len(), CALL_MAX);
        let refusal = line_of(&call(CALL_MAX - around + 1)).unwrap_err();
        assert_eq!(refusal.code, "usage");
        assert_eq!(
            refusal.message,
            "What is handed over is longer than 33554432 bytes."
        );
    }
}
