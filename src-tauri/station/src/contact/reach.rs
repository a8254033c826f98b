//! Which line a contact goes over: the Internet first, then the telephone, and back when the Internet
//! is back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use shared::services::ServiceId;

use super::dialup::{Dialed, settings, telephone};
use super::failover::{self, Internet as Memory};
use super::faults::said;
use super::internet::Internet;
use super::link::Link;
use super::round::line_terms;
use crate::api::UiError;
use crate::station::Station;

/// Whether the data center is there is asked here: it costs it nothing, and any answer is one.
pub(super) const HEALTH_PATH: &str = "/v1/health";

/// How long an answer over a call may take, the handshake at 9,600 bit/s in it.
const CALL_PATIENCE: Duration = Duration::from_secs(60);

/// How a contact wants to reach the data center.
pub(super) enum Way {
    /// The Internet first, then the telephone where one is set and the contact may use it.
    Any,
    /// The Internet, whatever comes.
    Internet,
    /// The telephone, whatever comes: the clerk insists.
    Dialup,
    /// Over a line that is up already.
    Standing(Arc<dyn Link>),
}

/// A line that a contact goes over.
pub(super) enum Line {
    /// The Internet; a link that was made already, because it was asked whether it answers.
    Internet(Mutex<Option<Arc<Internet>>>),
    /// A call, and whether the contact may move over to the Internet.
    Call(Arc<Dialed>, bool),
    /// Handed in.
    Standing(Arc<dyn Link>),
}

impl Line {
    pub(super) const fn internet(link: Option<Arc<Internet>>) -> Self {
        Self::Internet(Mutex::new(link))
    }

    /// A link that shows the certificate the station has at this moment.
    pub(super) async fn link(&self, station: &Station) -> Result<Arc<dyn Link>, UiError> {
        match self {
            Self::Standing(link) => Ok(Arc::clone(link)),
            Self::Internet(made) => {
                let made = made.lock().unwrap_or_else(PoisonError::into_inner).take();
                match made {
                    Some(link) => Ok(link),
                    None => Ok(Arc::new(internet(station).await?)),
                }
            }
            Self::Call(call, _) => {
                let (terms, memory) = station
                    .apply(|owner| Ok((line_terms(owner)?, settings::internet(owner)?)))
                    .await?;
                let issuer = memory.issuer.and_then(|text| hex::decode(text).ok());
                let link = station.telephone().link(call, terms, issuer);
                Ok(link.map_err(|fault| said(&fault))?)
            }
        }
    }

    /// Whether a contact over it shall move to the Internet when that is back.
    pub(super) const fn may_move(&self) -> bool {
        matches!(self, Self::Call(_, true))
    }
}

/// The Internet line, as the station's settings say.
pub(super) async fn internet(station: &Station) -> Result<Internet, UiError> {
    let (server, credentials) = station.apply(|owner| line_terms(owner)).await?;
    Internet::new(&server, &credentials).map_err(|fault| said(&fault))
}

/// Reaches the data center. Without a telephone the contact itself finds out whether the Internet
/// is there; with one it is asked first, and not waited for longer than it usually takes.
pub(super) async fn reach(
    station: &Station,
    way: Way,
    opened_by: Option<ServiceId>,
) -> Result<Line, UiError> {
    match way {
        Way::Standing(link) => Ok(Line::Standing(link)),
        Way::Internet => Ok(Line::internet(None)),
        Way::Dialup => {
            let call = dial(station, true).await?;
            Ok(Line::Call(call, false))
        }
        Way::Any => {
            let (ready, memory, now) = station
                .apply(|owner| {
                    let ready = telephone::is_ready(owner)?;
                    Ok((ready, settings::internet(owner)?, owner.now()))
                })
                .await?;
            if !ready || !failover::may_dial(opened_by) {
                return Ok(Line::internet(None));
            }
            if let Some(call) = station.telephone().call() {
                return Ok(Line::Call(call, true));
            }
            let known_down = memory.is_known_down(now);
            if !known_down && let Some(link) = answers(station, &memory).await? {
                return Ok(Line::internet(Some(link)));
            }
            // The Internet may come back while the modem dials, which takes far longer than a
            // question: whoever stops waiting for the call ends it.
            let first = if known_down {
                Duration::ZERO
            } else {
                station.telephone().asking_period()
            };
            tokio::select! {
                biased;
                link = back(station, first) => Ok(Line::internet(Some(link))),
                call = dial(station, false) => call.map(|call| Line::Call(call, true)),
            }
        }
    }
}

async fn dial(station: &Station, forced: bool) -> Result<Arc<Dialed>, UiError> {
    let (server, own) = station
        .apply(|owner| Ok((telephone::server(owner)?, telephone::own_name(owner)?)))
        .await?;
    telephone::dial(station, &server, own, forced).await
}

/// Makes a call, asks the data center over it whether it is there, and hangs up. What the modem said
/// of the line, and what the data center's silence is due to.
///
/// # Errors
/// Why there is no call.
pub(crate) async fn try_call(station: &Station) -> Result<Result<(), UiError>, UiError> {
    let call = dial(station, true).await?;
    let (terms, memory) = station
        .apply(|owner| Ok((line_terms(owner)?, settings::internet(owner)?)))
        .await?;
    let issuer = memory.issuer.and_then(|text| hex::decode(text).ok());
    let answer = match station.telephone().link(&call, terms, issuer) {
        Ok(link) => link.answers(HEALTH_PATH, CALL_PATIENCE).await,
        Err(fault) => Err(fault),
    };
    station.telephone().hang_up().await;
    Ok(answer.map_err(|fault| said(&fault)))
}

/// Comes back when the Internet does; it is asked after `first`, and every period from then on.
pub(super) async fn back(station: &Station, first: Duration) -> Arc<Internet> {
    let mut pause = first;
    loop {
        tokio::time::sleep(pause).await;
        pause = station.telephone().asking_period();
        let memory = station.apply(|owner| settings::internet(owner)).await;
        let link = match memory {
            Ok(memory) => answers(station, &memory).await,
            Err(fault) => Err(fault),
        };
        match link {
            Ok(Some(link)) => return link,
            Ok(None) => {}
            Err(fault) => tracing::debug!(code = fault.code, "the Internet was not asked"),
        }
    }
}

/// Asks whether the data center answers over the Internet, and remembers how that went. The link
/// that was asked is used then: its connection stands.
async fn answers(station: &Station, memory: &Memory) -> Result<Option<Arc<Internet>>, UiError> {
    let link = Arc::new(internet(station).await?);
    let begun = Instant::now();
    let answer = link.answers(HEALTH_PATH, memory.patience()).await;
    let took = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
    let found = answer.as_ref().ok().copied().flatten();
    let is_up = answer.is_ok();
    let kept = memory.clone();
    let issuer = link.issuer().map(hex::encode);
    station
        .apply(move |owner| {
            let now = owner.now();
            let memory = if is_up {
                Memory {
                    failed_at: None,
                    answer_ms: Some(took),
                    address: found.or(kept.address),
                    issuer: issuer.or(kept.issuer),
                }
            } else {
                Memory {
                    failed_at: Some(now),
                    ..settings::internet(owner)?
                }
            };
            settings::put_internet(owner, &memory)
        })
        .await?;
    if let Err(fault) = &answer {
        tracing::info!("the Internet does not lead to the data center: {fault}");
    }
    Ok(is_up.then_some(link))
}
