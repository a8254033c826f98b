//! The private socket on this machine behind which a call's streams begin.
//!
//! It lies in a folder that only this user can enter, so that nobody else on the machine uses the
//! telephone; a TCP port on the loopback would be open to all of them. What passes is TLS in any
//! case.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::task::{JoinHandle, JoinSet};

use super::lookup::Target;

/// Streams at once; all services share one, and the doctor may use another.
const MAX_STREAMS: usize = 4;

/// An open door; it closes when it is dropped.
#[derive(Debug)]
pub(super) struct Door {
    path: PathBuf,
    task: JoinHandle<()>,
}

impl Door {
    /// Opens a door to `target` on the other side of a call, for the owner of a data folder.
    pub(super) fn open(folder: &Path, target: Target) -> io::Result<Self> {
        let (path, listener) = listen(folder)?;
        let task = tokio::spawn(serve(listener, Arc::new(target)));
        Ok(Self { path, task })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.task.abort();
        // One that stays behind leads nowhere, and the next door takes its place.
        drop(std::fs::remove_file(&self.path));
    }
}

/// Carries bytes between one user of the door and one stream of the call.
async fn carry<S>(mut here: S, target: Arc<Target>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let carried = async {
        let mut stream = target.stream().await?;
        tokio::io::copy_bidirectional(&mut here, &mut stream).await
    };
    if let Err(fault) = carried.await {
        tracing::debug!("a stream over the call ended: {fault}");
    }
}

#[cfg(unix)]
fn listen(folder: &Path) -> io::Result<(PathBuf, tokio::net::UnixListener)> {
    let path = crate::owner::private_socket(folder, "line")?;
    let listener = tokio::net::UnixListener::bind(&path)?;
    Ok((path, listener))
}

#[cfg(unix)]
async fn serve(listener: tokio::net::UnixListener, target: Arc<Target>) {
    let mut streams = JoinSet::new();
    loop {
        let accepted = listener.accept().await;
        while streams.try_join_next().is_some() {}
        match accepted {
            Ok((here, _)) if streams.len() < MAX_STREAMS => {
                streams.spawn(carry(here, Arc::clone(&target)));
            }
            Ok(_) => tracing::warn!("too many streams over the call"),
            Err(fault) => {
                tracing::warn!("the door to the call closed: {fault}");
                return;
            }
        }
    }
}

#[cfg(windows)]
type Pipe = tokio::net::windows::named_pipe::NamedPipeServer;

#[cfg(windows)]
fn pipe(path: &Path, is_first: bool) -> io::Result<Pipe> {
    tokio::net::windows::named_pipe::ServerOptions::new()
        .first_pipe_instance(is_first)
        .reject_remote_clients(true)
        .create(path)
}

#[cfg(windows)]
fn listen(_: &Path) -> io::Result<(PathBuf, (PathBuf, Pipe))> {
    // The name is known to this program alone.
    let name = hex::encode(crate::crypto::random_bytes::<16>());
    let path = PathBuf::from(format!(r"\\.\pipe\pennyblack-line-{name}"));
    let first = pipe(&path, true)?;
    Ok((path.clone(), (path, first)))
}

#[cfg(windows)]
async fn serve((path, first): (PathBuf, Pipe), target: Arc<Target>) {
    let mut streams = JoinSet::new();
    let mut waiting = first;
    while waiting.connect().await.is_ok() {
        while streams.try_join_next().is_some() {}
        let Ok(next) = pipe(&path, false) else {
            return;
        };
        let here = std::mem::replace(&mut waiting, next);
        if streams.len() < MAX_STREAMS {
            streams.spawn(carry(here, Arc::clone(&target)));
        }
    }
}
