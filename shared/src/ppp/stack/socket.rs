//! How every stream is set up.

use std::time::Duration;

use smoltcp::socket::tcp::{Socket, SocketBuffer};

/// Bytes a stream keeps for the line: more would only make its writer believe they were sent.
const SEND_BYTES: usize = 4_096;
/// Bytes a stream takes before they are read: a second and more of the fastest line, so that the
/// other end never waits for us.
const RECEIVE_BYTES: usize = 8_192;
/// So long a confirmation waits for something that it can travel with: the answer, mostly.
pub(super) const CONFIRMING: Duration = Duration::from_millis(60);
/// Silence of the other end's TCP while something of ours is unanswered, after which a stream is
/// broken. On a line that spoils every second packet TCP comes to wait a minute between two tries;
/// a line that carries nothing at all is found out by PPP long before.
const SILENCE: Duration = Duration::from_secs(180);

/// A stream that leads nowhere yet.
pub(super) fn socket() -> Socket<'static> {
    let mut socket = Socket::new(
        SocketBuffer::new(vec![0; RECEIVE_BYTES]),
        SocketBuffer::new(vec![0; SEND_BYTES]),
    );
    socket.set_timeout(Some(SILENCE.into()));
    // TLS writes whole records; holding their ends back would cost a round trip each.
    socket.set_nagle_enabled(false);
    socket.set_ack_delay(Some(CONFIRMING.into()));
    socket
}
