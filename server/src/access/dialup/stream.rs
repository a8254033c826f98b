//! A stream of a call, as TLS reads and writes it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use shared::call::{Answerer, LiveCall, StreamBroken};
use shared::ppp::StreamId;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// One stream of a call; it is let go when dropped.
#[derive(Debug)]
pub(super) struct LineStream {
    call: LiveCall<Answerer>,
    id: StreamId,
}

impl LineStream {
    pub(super) const fn new(call: LiveCall<Answerer>, id: StreamId) -> Self {
        Self { call, id }
    }
}

impl Drop for LineStream {
    fn drop(&mut self) {
        self.call.release(self.id);
    }
}

fn broken(broken: StreamBroken) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, broken)
}

impl AsyncRead for LineStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = self.call.poll_read(cx, self.id, to.initialize_unfilled());
        read.map(|read| {
            to.advance(read.map_err(broken)?);
            Ok(())
        })
    }
}

impl AsyncWrite for LineStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = self.call.poll_write(cx, self.id, bytes);
        written.map(|written| written.map_err(broken))
    }

    /// Nothing is held back: what is written goes as the line has room.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.call.finish(self.id);
        Poll::Ready(Ok(()))
    }
}
