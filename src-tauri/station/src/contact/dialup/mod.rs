//! The dial-up line: the same HTTPS as over the Internet, on a telephone call of this station's own.
//!
//! A modem hangs on a port ([`ports`]); a thread drives [`shared::call::Caller`] on it ([`dialed`]).
//! Its streams begin behind a private socket on this machine ([`door`]), through which the same
//! client code goes that the Internet line uses. A call is hung up whatever happens: by whoever
//! used it last, when its holder is dropped, when the program ends and when it panics.

mod between;
mod calls;
mod dialed;
mod door;
pub mod failures;
mod led;
pub mod lookup;
pub mod ports;
pub mod profiles;
mod sessions;
pub mod settings;
mod stream;
pub mod telephone;

use std::sync::Arc;
use std::time::Duration;

use shared::monitor::{Budget, Holdings};

use super::http::{Credentials, Http, LineDoor, Manner, Tls};
use super::link::{Answered, Exchange, Link, LinkFault, LinkRequest};

pub use dialed::{DialFault, Dialed, Order, hang_up_on_panic};
pub use led::{Led, Session};

/// How long the stream and the TLS handshake may take to stand, on the slowest line and with some
/// noise on it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(45);

/// How long one exchange may take in all: the longest message of a call's budget at 9,600 bit/s,
/// and the data center's own time. A line that is dead is found out long before by PPP.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(120);

/// The dial-up line to one data center, over a call that is up.
#[derive(Debug)]
pub struct Dialup {
    http: Http,
    call: Arc<Dialed>,
}

/// How a call wants to be used.
const SLOW: Manner = Manner {
    connect: CONNECT_TIMEOUT,
    exchange: EXCHANGE_TIMEOUT,
    // PPP asks whether the other end is there, and shorter.
    keep_alive: None,
    is_slow: true,
    issuer: None,
    door: None,
};

fn manner(call: &Dialed, issuer: Option<Vec<u8>>) -> Manner {
    Manner {
        issuer,
        door: Some(LineDoor(call.door().to_owned())),
        ..SLOW
    }
}

impl Dialup {
    /// A line over this call that trusts only the data center's own root. `issuer` is that of its
    /// certificate, DER, where it is known.
    ///
    /// # Errors
    /// [`LinkFault::NotTrusted`] when the credentials are not certificates and a key.
    pub fn new(
        call: &Arc<Dialed>,
        server: &str,
        credentials: &Credentials,
        issuer: Option<Vec<u8>>,
    ) -> Result<Self, LinkFault> {
        let tls = Tls::new(credentials, &manner(call, issuer))?;
        Self::over(call, server, &tls)
    }

    /// A line over this call that takes up the sessions of earlier ones.
    fn over(call: &Arc<Dialed>, server: &str, tls: &Tls) -> Result<Self, LinkFault> {
        Ok(Self {
            http: Http::over(server, tls, &manner(call, None))?,
            call: Arc::clone(call),
        })
    }

    /// A line over this call that trusts nobody; see [`super::internet::Internet::unverified`].
    ///
    /// # Errors
    /// [`LinkFault::Unreachable`] when `server` is not an address.
    pub fn unverified(call: &Arc<Dialed>, server: &str) -> Result<Self, LinkFault> {
        Ok(Self {
            http: Http::unverified(server, &manner(call, None))?,
            call: Arc::clone(call),
        })
    }

    /// Whether the data center answers within `patience`.
    ///
    /// # Errors
    /// [`LinkFault`] when it does not.
    pub async fn answers(&self, path: &str, patience: Duration) -> Result<(), LinkFault> {
        let answer = self
            .http
            .answers(path, &Holdings::default(), patience)
            .await;
        if answer.is_ok() {
            self.call.answer();
        }
        answer.map(drop).map_err(|fault| self.explained(fault))
    }

    /// A fault with what became of the call, where that is why.
    fn explained(&self, fault: LinkFault) -> LinkFault {
        let why = || self.call.ended().map(|fault| fault.to_string());
        match fault {
            LinkFault::Unreachable(reason) => LinkFault::Unreachable(why().unwrap_or(reason)),
            LinkFault::Broken(reason) => LinkFault::Broken(why().unwrap_or(reason)),
            fault @ (LinkFault::Refused(_) | LinkFault::NotTrusted | LinkFault::Unreadable) => {
                fault
            }
        }
    }
}

impl Link for Dialup {
    fn line(&self) -> &'static str {
        "dialup"
    }

    fn budget(&self) -> Budget {
        Budget::CALL
    }

    fn exchange(&self, request: LinkRequest, holds: &Holdings) -> Exchange<'_> {
        let holds = holds.clone();
        Box::pin(async move {
            let Answered { reply, due } = self.http.exchanged(request, &holds).await;
            // A refusal is an answer too, and nobody else can give one: TLS says who it is.
            if matches!(reply, Ok(_) | Err(LinkFault::Refused(_))) {
                self.call.answer();
            }
            Answered {
                reply: reply.map_err(|fault| self.explained(fault)),
                due,
            }
        })
    }
}
