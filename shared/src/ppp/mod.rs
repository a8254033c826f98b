//! PPP without a port: the way Internet packets cross a telephone line.
//!
//! A station dials any access server, also ones nobody here wrote, and a carrier's; the data center
//! answers on modem lines of its own. Both speak PPP: framing (RFC 1662), negotiation and LCP
//! (RFC 1661), a proof of the name ([`proof`]), addresses (RFC 1332, RFC 1877), and headers cut to
//! what has changed (RFC 1144). An [`Engine`] is
//! either end. It holds no port and reads no clock: bytes of the line go in and are taken out, time
//! is an argument, and everything it waits for has an end that [`Engine::wake_at`] names. Whatever
//! the line does, a call ends open or in a [`Failure`] that has a name.
//!
//! [`Stack`] is TCP on top of an engine (smoltcp); TLS and the services run inside, so that nothing
//! here is trusted with more than carrying bytes.

mod automaton;
mod device;
mod engine;
mod entropy;
mod failure;
mod frame;
mod ipcp;
mod layer;
mod lcp;
mod packet;
pub mod proof;
mod settlement;
mod stack;
mod terms;
#[cfg(test)]
mod tests;
mod vj;

pub use engine::{Engine, Event, NotSent, Up};
pub use failure::Failure;
pub use frame::{Decoder, Frame, FrameCounts, Framing};
pub use ipcp::{Addresses, Given};
pub use stack::{NotOpened, Reading, Stack, StreamId, StreamState};
pub use terms::{FLOW_CONTROL_ACCM, Limits, Proof, Terms, mru_for};
