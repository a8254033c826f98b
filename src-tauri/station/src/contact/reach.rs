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
use super::owed::Owed;
use super::round::line_terms;
use crate::api::UiError;
use crate::station::Station;

/// Whether the data center is there is asked here: it costs it nothing, and any answer is one.
pub(super) const HEALTH_PATH: &str = "/v1/health";

/// The name of the Internet among lines.
const INTERNET: &str = "internet";

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
    /// The Internet.
    Internet(Net),
    /// A call, and whether the contact may move over to the Internet.
    Call(Arc<Dialed>, bool),
    /// Handed in.
    Standing(Arc<dyn Link>),
}

/// The Internet, as one contact uses it.
pub(super) struct Net {
    /// A link that was made already, because it was asked whether it answers.
    made: Mutex<Option<Arc<Internet>>>,
    owed: Arc<Owed>,
    /// How long it may carry nothing before the contact goes on over the telephone; nothing where
    /// there is none, or the contact may not use it.
    patience: Option<Duration>,
}

impl Net {
    fn take(&self) -> Option<Arc<Internet>> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.take()
    }
}

impl Line {
    /// The Internet and no other line.
    fn internet_alone() -> Self {
        Self::Internet(Net {
            made: Mutex::default(),
            owed: Arc::default(),
            patience: None,
        })
    }

    /// The Internet that has just answered; the telephone where it carries nothing all the same.
    pub(super) fn answered(Answering { link, patience }: Answering) -> Self {
        Self::Internet(Net {
            owed: link.owed(),
            made: Mutex::new(Some(link)),
            patience: Some(patience),
        })
    }

    /// What it was asked and has not answered, and how long it may be silent; nothing where there
    /// is no other line for the contact.
    pub(super) fn watched(&self) -> Option<(&Owed, Duration)> {
        match self {
            Self::Internet(net) => net.patience.map(|patience| (net.owed.as_ref(), patience)),
            Self::Call(_, _) | Self::Standing(_) => None,
        }
    }

    /// Whether it is the Internet.
    pub(super) fn is_internet(&self) -> bool {
        match self {
            Self::Internet(_) => true,
            Self::Call(_, _) => false,
            Self::Standing(link) => link.line() == INTERNET,
        }
    }

    /// A link that shows the certificate the station has at this moment.
    pub(super) async fn link(&self, station: &Station) -> Result<Arc<dyn Link>, UiError> {
        match self {
            Self::Standing(link) => Ok(Arc::clone(link)),
            Self::Internet(net) => match net.take() {
                Some(link) => Ok(link),
                None => {
                    let link = internet(station).await?;
                    Ok(Arc::new(link.owing(Arc::clone(&net.owed))))
                }
            },
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

    /// Whether it is a call that somebody wanted to end.
    pub(super) fn was_left(&self) -> bool {
        match self {
            Self::Call(call, _) => call.was_left(),
            Self::Internet(_) | Self::Standing(_) => false,
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
        Way::Internet => Ok(Line::internet_alone()),
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
                return Ok(Line::internet_alone());
            }
            if let Some(call) = station.telephone().call() {
                return Ok(Line::Call(call, true));
            }
            let known_down = memory.is_known_down(now);
            if !known_down && let Some(answering) = answers(station, &memory).await? {
                return Ok(Line::answered(answering));
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
                answering = back(station, first) => Ok(Line::answered(answering)),
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
    // A contact would go over this call, and be cut when it is hung up.
    let _only = station.one_contact().await;
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
pub(super) async fn back(station: &Station, first: Duration) -> Answering {
    let mut pause = first;
    loop {
        tokio::time::sleep(pause).await;
        pause = station.telephone().asking_period();
        let memory = station
            .apply(|owner| Ok((settings::internet(owner)?, owner.now())))
            .await;
        let answering = match memory {
            Ok((memory, now)) if memory.is_hollow(now) => Ok(None),
            Ok((memory, _)) => answers(station, &memory).await,
            Err(fault) => Err(fault),
        };
        match answering {
            Ok(Some(answering)) => return answering,
            Ok(None) => {}
            Err(fault) => tracing::debug!(code = fault.code, "the Internet was not asked"),
        }
    }
}

/// An Internet that has just answered, and how long a contact over it may carry nothing.
pub(super) struct Answering {
    link: Arc<Internet>,
    patience: Duration,
}

/// The telephone for a contact that the Internet did not carry although it answers: nothing moves
/// back to it in this contact.
///
/// # Errors
/// Why there is no call.
pub(super) async fn fall_back(station: &Station) -> Result<Line, UiError> {
    let call = dial(station, false).await?;
    Ok(Line::Call(call, false))
}

/// How a contact fared over the Internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carried {
    /// It came about.
    Through,
    /// It did not.
    Nothing,
    /// It did not, although the Internet had just answered.
    Hollow,
}

/// Remembers that, for the clerk's next click. A contact is over by then, and stands as it came out
/// whether that is noted or not.
pub(super) async fn remember(station: &Station, carried: Carried) {
    let noted = station
        .apply(move |owner| {
            let memory = settings::internet(owner)?;
            if !telephone::is_ready(owner)? {
                return Ok(());
            }
            let now = owner.now();
            let (failed_at, hollow) = match carried {
                Carried::Through => (None, false),
                Carried::Nothing => (Some(now), memory.is_hollow(now)),
                Carried::Hollow => (Some(now), true),
            };
            let learned = Memory {
                failed_at,
                hollow,
                ..memory.clone()
            };
            if learned == memory {
                return Ok(());
            }
            settings::put_internet(owner, &learned)
        })
        .await;
    if let Err(fault) = noted {
        tracing::warn!(
            code = fault.code,
            "how the Internet fared was not written down"
        );
    }
}

/// Asks whether the data center answers over the Internet, and remembers how that went. The link
/// that was asked is used then: its connection stands.
async fn answers(station: &Station, memory: &Memory) -> Result<Option<Answering>, UiError> {
    let link = Arc::new(internet(station).await?);
    let begun = Instant::now();
    let answer = link.answers(HEALTH_PATH, memory.patience()).await;
    let took = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
    let found = answer.as_ref().ok().copied().flatten();
    let is_up = answer.is_ok();
    let kept = memory.clone();
    let issuer = link.issuer().map(hex::encode);
    let learned = station
        .apply(move |owner| {
            let now = owner.now();
            let memory = if is_up {
                Memory {
                    failed_at: None,
                    hollow: false,
                    answer_ms: Some(took),
                    address: found.or(kept.address),
                    issuer: issuer.or(kept.issuer),
                }
            } else {
                Memory {
                    failed_at: Some(now),
                    hollow: false,
                    ..settings::internet(owner)?
                }
            };
            settings::put_internet(owner, &memory)?;
            Ok(memory)
        })
        .await?;
    if let Err(fault) = &answer {
        tracing::info!("the Internet does not lead to the data center: {fault}");
    }
    let patience = learned.contact_patience();
    Ok(is_up.then_some(Answering { link, patience }))
}
