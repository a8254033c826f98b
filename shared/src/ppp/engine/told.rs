//! What an engine tells.

use std::net::Ipv4Addr;

use super::super::failure::Failure;
use super::super::ipcp::Given;

/// A link that is up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Up {
    /// The address of this end.
    pub own: Ipv4Addr,
    /// The address of the other end.
    pub peer: Ipv4Addr,
    /// The name servers the other end named, at most two.
    pub dns: Vec<Ipv4Addr>,
    /// Longest packet that may be sent, in bytes.
    pub mtu: u16,
}

impl Up {
    /// What the other end has given, to be asked for again in the next call.
    #[must_use]
    pub fn given(&self) -> Given {
        let mut dns = self.dns.iter().copied();
        Given {
            own: self.own,
            dns: [dns.next(), dns.next()],
        }
    }
}

/// What happened to a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Internet packets pass.
    Up(Up),
    /// They do not pass just now: the link is agreed on anew, or ends.
    Down,
    /// The other end gives this name: [`Engine::answer_claim`] has to say what its secret is.
    Claim(String),
    /// The link is over: at our wish, or for a reason. The last event.
    Ended(Result<(), Failure>),
}

/// Why an Internet packet was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// The link is not up.
    #[error("the link is not up")]
    Down,
    /// It is longer than the other end takes.
    #[error("the packet is longer than the link takes")]
    TooLong,
    /// Enough is waiting for the line; [`Engine::has_room`] says when it is not.
    #[error("the line has enough to send")]
    Busy,
}
