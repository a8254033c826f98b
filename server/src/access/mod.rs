//! The remote access server: answers and authenticates contacts, and hands them to the services.

pub mod caller;
mod contacts;
pub mod dialup;
pub mod internet;
pub(crate) mod levelled;
pub mod limiter;
pub mod problem;
pub mod refusals;
pub(crate) mod seen;
mod tls;

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;

pub use caller::{Bounded, Caller, CallingStation, DOOR_MAX, MESSAGE_MAX};
pub use contacts::Renewal;
pub use dialup::{Dialup, Modem};
pub use internet::Internet;
pub use problem::ProblemReply;

use crate::access::dialup::MODEMS_MAX;
use crate::ca::CaError;

/// Why the data center cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The address is taken or not this machine's.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The system does not tell the address it listens on.
    #[error("cannot learn the address listened on")]
    Address(#[source] io::Error),
    /// There are more modems than addresses for their callers.
    #[error("at most {MODEMS_MAX} modems can be answered")]
    TooManyModems,
    /// The thread of a telephone line cannot be started.
    #[error("a telephone line cannot be served")]
    Thread(#[source] io::Error),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random(#[source] CaError),
    /// Certificate and key do not make a TLS identity.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// The station CA cannot be used for checking stations.
    #[error("mutual TLS cannot be set up")]
    Verifier(#[source] rustls::server::VerifierBuilderError),
    /// Keys or certificates failed.
    #[error(transparent)]
    Ca(#[from] CaError),
}
