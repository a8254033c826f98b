//! The client of the dial-up line over calls that somebody else makes: for simulations of a line on
//! virtual time.

use std::sync::Arc;

use shared::monitor::{Budget, Holdings};

use super::{CONNECT_TIMEOUT, EXCHANGE_TIMEOUT};
use crate::api::UiError;
use crate::contact::faults::said;
use crate::contact::http::{Http, Manner, Tls};
use crate::contact::link::{Exchange, Link, LinkRequest};
use crate::contact::reach;
use crate::contact::round::line_terms;
use crate::station::Station;

/// What a station says over the telephone, said to an address on the loopback behind which a call is
/// simulated. Its calls take up each other's TLS sessions, as those of one program do.
#[derive(Debug)]
pub struct Simulated {
    server: String,
    tls: Tls,
    manner: Manner,
}

impl Simulated {
    /// The client of this station, with the certificate that it has now, for a data center that it
    /// has met over the Internet: it knows the issuer of the data center's certificate from there.
    ///
    /// # Errors
    /// Those of the store, `not_trusted` when the station's credentials are none, and the fault of
    /// the Internet line.
    pub async fn of(station: &Station, server: &str) -> Result<Self, UiError> {
        let internet = reach::internet(station).await?;
        let met = internet.answers(reach::HEALTH_PATH, CONNECT_TIMEOUT).await;
        met.map_err(|fault| said(&fault))?;
        let issuer = internet.issuer();
        let (_, credentials) = station.apply(|owner| line_terms(owner)).await?;
        let manner = Manner {
            connect: CONNECT_TIMEOUT,
            exchange: EXCHANGE_TIMEOUT,
            keep_alive: None,
            is_slow: true,
            issuer,
            door: None,
        };
        let tls = Tls::new(&credentials, &manner).map_err(|fault| said(&fault))?;
        Ok(Self {
            server: server.to_owned(),
            tls,
            manner,
        })
    }

    /// The line over a new call.
    ///
    /// # Errors
    /// `unreachable` when the server is not an address.
    pub fn call(&self) -> Result<Arc<dyn Link>, UiError> {
        let http = Http::over(&self.server, &self.tls, &self.manner);
        Ok(Arc::new(SimulatedCall(http.map_err(|fault| said(&fault))?)))
    }
}

/// The line over one call.
#[derive(Debug)]
struct SimulatedCall(Http);

impl Link for SimulatedCall {
    fn line(&self) -> &'static str {
        "dialup"
    }

    fn budget(&self) -> Budget {
        Budget::CALL
    }

    fn exchange(&self, request: LinkRequest, holds: &Holdings) -> Exchange<'_> {
        let holds = holds.clone();
        Box::pin(async move { self.0.exchanged(request, &holds).await })
    }
}
