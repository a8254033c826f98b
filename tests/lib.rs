//! A whole town in one process: a data center on loopback, and stations that meet it.
//!
//! Both sides are the real libraries over real TLS; only the clock is turned by hand. Tests and
//! benchmarks build on it.
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a town that cannot be built fails the test that wanted it"
)]

pub mod dialed;
pub mod dialing;
pub mod exchange;
pub mod line;
pub mod modem;
pub mod printer;
pub mod program;
#[cfg(unix)]
pub(crate) mod pty;
pub mod relay;
#[cfg(unix)]
pub mod scale;
pub mod town;
