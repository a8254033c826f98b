//! The end that streams are opened to, and the end of streams.

use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::{Socket, State};

use super::{MAX_STREAMS, Stack, StreamId, socket};

/// Streams ready to be accepted at once, of each port.
const LISTENERS: usize = 2;
/// Ports that may be listened at.
const MAX_PORTS: usize = 3;

impl Stack {
    /// Accepts streams to this port of our address from now on; other ports are refused. At most
    /// three ports are listened at.
    pub fn listen(&mut self, port: u16) {
        if !self.listening.contains(&port) && self.listening.len() < MAX_PORTS {
            self.listening.push(port);
        }
        self.keep_listening();
    }

    /// Answers for every address from now on, not only for our own: whatever name and address a
    /// caller has for the data center, it reaches this end and no other. To be called before the
    /// link is up.
    pub const fn stand_for_every_address(&mut self) {
        self.every_address = true;
    }

    /// The next stream that the other end has opened.
    pub fn accept(&mut self) -> Option<StreamId> {
        let sockets = &self.sockets;
        let place = self.listeners.iter().position(|(_, handle)| {
            let socket = sockets.get::<Socket<'_>>(*handle);
            socket.may_send() || socket.can_recv()
        })?;
        let (_, handle) = self.listeners.remove(place);
        let id = self.name(handle);
        self.keep_listening();
        Some(id)
    }

    /// Replaces those that somebody knocked at and never came in.
    pub(super) fn renew_listeners(&mut self) {
        let sockets = &mut self.sockets;
        let before = self.listeners.len();
        self.listeners.retain(|(_, handle)| {
            let stands = sockets.get::<Socket<'_>>(*handle).state() != State::Closed;
            if !stands {
                sockets.remove(*handle);
            }
            stands
        });
        if self.listeners.len() < before {
            self.keep_listening();
        }
    }

    /// Forgets those that were let go and have been heard.
    pub(super) fn let_go(&mut self) {
        let sockets = &mut self.sockets;
        self.parting.retain(|handle| {
            let state = sockets.get::<Socket<'_>>(*handle).state();
            let goes_on = matches!(state, State::FinWait1 | State::Closing | State::LastAck);
            if !goes_on {
                sockets.remove(*handle);
            }
            goes_on
        });
    }

    pub(super) fn keep_listening(&mut self) {
        for port in self.listening.clone() {
            let ready = |(at, _): &&(u16, SocketHandle)| *at == port;
            while self.listeners.iter().filter(ready).count() < LISTENERS
                && self.sockets.iter().count() < MAX_STREAMS
            {
                let mut socket = socket();
                if socket.listen(port).is_err() {
                    break;
                }
                self.listeners.push((port, self.sockets.add(socket)));
            }
        }
    }
}
