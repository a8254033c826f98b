//! A stream of a call as the runtime reads and writes it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use shared::call::{Caller, LiveCall, StreamBroken};
use shared::ppp::StreamId;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes moved at once.
const PIECE_BYTES: usize = 2_048;

/// One stream of a call; it is given back when it is dropped.
pub(super) struct CallStream {
    call: LiveCall<Caller>,
    id: StreamId,
}

impl CallStream {
    pub(super) const fn new(call: LiveCall<Caller>, id: StreamId) -> Self {
        Self { call, id }
    }

    /// Waits until the other end has taken it.
    pub(super) async fn open(&self) -> io::Result<()> {
        std::future::poll_fn(|cx| self.call.poll_open(cx, self.id))
            .await
            .map_err(broken)
    }
}

fn broken(fault: StreamBroken) -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, fault)
}

impl Drop for CallStream {
    fn drop(&mut self) {
        self.call.release(self.id);
    }
}

impl AsyncRead for CallStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut piece = [0; PIECE_BYTES];
        let most = to.remaining().min(PIECE_BYTES);
        let room = piece.get_mut(..most).unwrap_or_default();
        let count = ready!(self.call.poll_read(cx, self.id, room)).map_err(broken)?;
        to.put_slice(piece.get(..count).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for CallStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.call.poll_write(cx, self.id, bytes).map_err(broken)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.call.finish(self.id);
        Poll::Ready(Ok(()))
    }
}
