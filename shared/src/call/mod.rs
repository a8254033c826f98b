//! A telephone call from the first command to a modem to the last, without a port.
//!
//! A [`Call`] is either end of it: the [`Caller`] dials, speaks PPP as a station and hangs up. It is
//! a machine on which time passes by argument: bytes of the modem go in and are taken out, the
//! carrier is told, what the DTR line shall do is asked for. So one code runs on a serial port, on a
//! pseudo terminal, and in a simulation where a call of ten minutes takes a millisecond.
//!
//! [`ModemPort`] is what a machine needs of a port; [`LiveCall`] joins both, and lends the streams
//! of the call to whoever reads and writes them from other threads.

mod answerer;
mod caller;
mod live;
mod port;
#[cfg(test)]
mod tests;
mod text;

use std::time::Duration;

pub use answerer::{Answerer, Bounds, Post, Traffic};
pub use caller::{Caller, Plan};
pub use live::{LiveCall, StreamBroken};
pub use port::{ModemPort, PortGone};
pub use text::{CarrierText, bits_per_second};

use crate::modem::CallFailure;
use crate::ppp::{self, Stack, StreamId, Up};

/// What the DTR line of the port shall do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The station or data center is there.
    RaiseDtr,
    /// It hangs up.
    DropDtr,
}

/// Why a call ended, where it was not by wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CallFault {
    /// It did not come about.
    #[error(transparent)]
    Modem(#[from] CallFailure),
    /// It came about, and the link on it did not, or did not stay.
    #[error(transparent)]
    Link(#[from] ppp::Failure),
    /// It lasted as long as a call may.
    #[error("the call lasted as long as it may")]
    TooLong,
}

/// What happened to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The modem is set up, and waits for somebody to call. Answerers only.
    Waiting,
    /// Somebody calls. Answerers only.
    Ringing,
    /// The number is being dialed, or the call is being taken: from now on it may cost.
    Dialing,
    /// The modems have found each other.
    Connected {
        /// What the modem said of the line, for the record.
        said: String,
        /// What it said of the speed, in bits per second; 0 where it said none.
        bits_per_second: u32,
    },
    /// The other end gives this name; see [`Stack::answer_claim`]. Answerers only.
    Claim(String),
    /// Internet packets pass.
    Up(Up),
    /// The other end has opened this stream. Answerers only.
    Stream(StreamId),
    /// They do not pass just now.
    Down,
    /// The call is over. The modem may still have to hang up; streams can be read to their end.
    Ended(Result<(), CallFault>),
    /// The modem has hung up, as far as one can tell: the next call may be made.
    HungUp,
}

/// Either end of a telephone call.
///
/// `now` is the time since any moment of the embedding's choice, the same in all calls, and never
/// falls. After each step the embedding looks for signals, bytes of the wire and events.
pub trait Call {
    /// Takes bytes of the modem, in pieces of any size.
    fn input(&mut self, now: Duration, bytes: &[u8]);

    /// Says what the port's DCD line shows; `None` where the port has no such line.
    fn carrier(&mut self, now: Duration, carrier: Option<bool>);

    /// The port is gone: pulled out, or its driver failed.
    fn port_lost(&mut self, now: Duration);

    /// Takes at most `most` bytes for the modem.
    fn take_wire(&mut self, now: Duration, most: usize) -> Vec<u8>;

    /// What the DTR line shall do, the oldest first.
    fn take_signals(&mut self) -> Vec<Signal>;

    /// Does what is due by now; also to be called after streams were used.
    fn tick(&mut self, now: Duration);

    /// When [`Call::tick`] has something to do.
    fn wake_at(&mut self) -> Option<Duration>;

    /// The next event, the oldest first.
    fn next_event(&mut self) -> Option<Event>;

    /// The streams of the call, from CONNECT until the modem has hung up.
    fn stack(&self) -> Option<&Stack>;

    /// The streams of the call, to be used.
    fn stack_mut(&mut self) -> Option<&mut Stack>;

    /// Ends the call: says good-bye, then hangs up.
    fn hang_up(&mut self, now: Duration);

    /// Whether nothing will ever happen again: the port can be closed.
    fn is_over(&self) -> bool;
}
