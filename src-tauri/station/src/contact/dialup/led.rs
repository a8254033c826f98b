//! The dial-up line over a call that somebody else makes, for simulations and measurements: a call on
//! virtual time cannot be driven by a thread of ours.

use shared::monitor::{Budget, Holdings};

use super::{SLOW, between::Between};
use crate::api::UiError;
use crate::contact::faults::said;
use crate::contact::http::{Http, Tls};
use crate::contact::link::{Exchange, Link, LinkFault, LinkRequest};
use crate::contact::round::line_terms;
use crate::station::Station;

/// A call's line whose streams begin where the data center's address says.
#[derive(Debug)]
pub struct Led {
    http: Http,
    session: Session,
}

/// What a call leaves for the next one.
#[derive(Clone, Debug)]
pub struct Session {
    tls: Tls,
    between: Between,
}

impl Led {
    /// A line with the certificate that the station has at this moment, as the telephone would use
    /// it: the session of a call `before` is taken up again, unless something has changed. `issuer`
    /// is that of the data center's certificate, DER, where it is known.
    ///
    /// # Errors
    /// `not_enrolled`, and the faults of a line.
    pub async fn over(
        station: &Station,
        issuer: Option<Vec<u8>>,
        before: Option<Session>,
    ) -> Result<Self, UiError> {
        let (server, credentials) = station.apply(|owner| line_terms(owner)).await?;
        let between = Between {
            server,
            credentials,
            issuer,
        };
        Self::between(between, before).map_err(|fault| said(&fault))
    }

    /// What the next call takes up.
    #[must_use]
    pub fn session(&self) -> Session {
        self.session.clone()
    }

    /// The issuer of the data center's certificate, DER, once it has come in a handshake.
    #[must_use]
    pub fn issuer(&self) -> Option<Vec<u8>> {
        self.http.issuer()
    }

    fn between(between: Between, before: Option<Session>) -> Result<Self, LinkFault> {
        let session = match before.filter(|before| before.between == between) {
            Some(before) => before,
            None => Session {
                tls: between.tls(&SLOW)?,
                between,
            },
        };
        Ok(Self {
            http: Http::over(&session.between.server, &session.tls, &SLOW)?,
            session,
        })
    }
}

impl Link for Led {
    fn line(&self) -> &'static str {
        "dialup"
    }

    fn budget(&self) -> Budget {
        Budget::CALL
    }

    fn exchange(&self, request: LinkRequest, holds: &Holdings) -> Exchange<'_> {
        let holds = holds.clone();
        Box::pin(async move { self.http.exchanged(request, &holds).await })
    }
}
