//! One request of one service over the line, and what its reply, refusal or fault means for it.

use std::sync::Arc;

use shared::monitor::{Due, Holdings};
use shared::services::ServiceId;
use shared::vault::{Action, Freeze, FreezeReason};

use super::faults::said;
use super::link::{Link, LinkFault, LinkRequest};
use crate::api::UiError;
use crate::messages::Code;
use crate::services::{self, keys, sealed, statement_door, trust};
use crate::station::{Owner, STATION_USER, Station};

/// Refusals after which a station is served no more, and only the statement door stays open to it.
pub(super) const SHUT_OUT: [&str; 2] = ["certificate_revoked", "certificate_too_old"];

/// The refusal of a public document that the data center has not.
const ABSENT: &str = "not_found";

/// The refusal of a question that was asked too often from this address, by whomever.
const HELD_BACK: &str = "too_many_tries";

/// What came of one request.
pub(super) struct Exchanged {
    /// Whether the reply was taken in.
    pub(super) taken: Result<(), UiError>,
    /// The word of the data center's monitor.
    pub(super) due: Option<Due>,
    /// Bytes of request and reply.
    pub(super) bytes: u64,
}

/// One request and its reply.
pub(super) async fn exchange(
    station: &Station,
    link: &Arc<dyn Link>,
    service: ServiceId,
    request: LinkRequest,
    holds: &Holdings,
) -> Exchanged {
    let mut bytes = bytes(request.length());
    let mut answered = link.exchange(request, holds).await;
    let mut taken = Ok(());
    if let Err(fault) = &answered.reply {
        match corrected(station, link, service, fault, holds).await {
            Ok(Some(request)) => {
                bytes = bytes.saturating_add(self::bytes(request.length()));
                answered = link.exchange(request, holds).await;
            }
            Ok(None) => {}
            Err(fault) => taken = Err(fault),
        }
    }
    let length = answered.reply.as_ref().map_or(0, Vec::len);
    if taken.is_ok() {
        taken = take(station, link, service, answered.reply, holds).await;
    }
    Exchanged {
        taken,
        due: answered.due,
        bytes: bytes.saturating_add(self::bytes(length)),
    }
}

/// What goes beside another request of the service, and its reply. It stands outside of its stream: one
/// that is refused or lost is made anew in the next contact.
pub(super) async fn exchange_beside(
    station: &Station,
    link: &Arc<dyn Link>,
    service: ServiceId,
    request: LinkRequest,
    holds: &Holdings,
) -> Exchanged {
    let sent = bytes(request.length());
    let answered = link.exchange(request, holds).await;
    let length = answered.reply.as_ref().map_or(0, Vec::len);
    let taken = match answered.reply {
        Ok(reply) => {
            let take = move |owner: &mut Owner, reply: &[u8]| {
                services::accept_beside(owner, service, reply)
            };
            accepted(station, link, take, reply, holds).await
        }
        Err(fault) => {
            if code_of(&fault) == Some("vault_frozen") {
                station.apply(freeze).await.and(Err(said(&fault)))
            } else {
                Err(said(&fault))
            }
        }
    };
    Exchanged {
        taken,
        due: answered.due,
        bytes: sent.saturating_add(bytes(length)),
    }
}

/// Takes in a reply, or what a refusal or fault means for the request.
async fn take(
    station: &Station,
    link: &Arc<dyn Link>,
    service: ServiceId,
    reply: Result<Vec<u8>, LinkFault>,
    holds: &Holdings,
) -> Result<(), UiError> {
    match reply {
        Ok(reply) => {
            let take =
                move |owner: &mut Owner, reply: &[u8]| services::accept(owner, service, reply);
            accepted(station, link, take, reply, holds).await
        }
        Err(fault) => {
            if matches!(fault, LinkFault::Unreachable(_)) {
                station
                    .apply(move |owner| sealed::take_back(owner, service))
                    .await?;
            }
            let does_without = match code_of(&fault) {
                Some(ABSENT) => {
                    let absent = move |owner: &mut Owner| services::absent(owner, service);
                    station.apply(absent).await?
                }
                Some(HELD_BACK) => {
                    let untold = move |owner: &mut Owner| services::untold(owner, service);
                    station.apply(untold).await?
                }
                Some(_) | None => false,
            };
            if does_without {
                return Ok(());
            }
            match code_of(&fault) {
                Some("vault_frozen") => station.apply(freeze).await?,
                Some(code) if SHUT_OUT.contains(&code) => {
                    at_the_door(station, link, service, holds).await;
                }
                Some("nothing_forgotten") => {
                    station.apply(services::reconcile::not_needed).await?;
                }
                Some(_) | None => {}
            }
            let said = said(&fault);
            if !matches!(fault, LinkFault::Unreachable(_)) {
                let told = said.clone();
                let broken = move |owner: &mut Owner| services::broke_off(owner, service, &told);
                station.apply(broken).await?;
            }
            Err(said)
        }
    }
}

/// Takes a reply in. When a key or authority vouches for it that the station does not know, whom to
/// believe is fetched first, and the reply looked at once more.
async fn accepted(
    station: &Station,
    link: &Arc<dyn Link>,
    take: impl Fn(&mut Owner, &[u8]) -> Result<(), UiError> + Copy + Send + 'static,
    reply: Vec<u8>,
    holds: &Holdings,
) -> Result<(), UiError> {
    let again = reply.clone();
    let taken = station.apply(move |owner| take(owner, &reply)).await;
    if !matches!(&taken, Err(fault) if fault.code == trust::UNKNOWN) {
        return taken;
    }
    let fetch = LinkRequest::fetch(trust::PATH.to_owned());
    let answered = link.exchange(fetch, holds).await;
    let bundle = answered.reply.map_err(|fault| said(&fault))?;
    station
        .apply(move |owner| {
            trust::accept(owner, &bundle)?;
            take(owner, &again)
        })
        .await
}

/// A station that is served no more says once in a contact what its vault holds: evidence for the
/// data center. Whether it was heard changes nothing for the station.
async fn at_the_door(
    station: &Station,
    link: &Arc<dyn Link>,
    service: ServiceId,
    holds: &Holdings,
) {
    let told = async {
        let request = station
            .apply(move |owner| statement_door::request(owner, service))
            .await?;
        let Some(request) = request else {
            return Ok(());
        };
        let answered = link.exchange(request, holds).await;
        let reply = answered.reply.map_err(|fault| said(&fault))?;
        station
            .apply(move |owner| statement_door::accept(owner, &reply))
            .await
    };
    if let Err(fault) = told.await {
        tracing::warn!(code = fault.code, "the statement door did not answer");
    }
}

/// The request once more, when the refusal tells how it must be made.
async fn corrected(
    station: &Station,
    link: &Arc<dyn Link>,
    service: ServiceId,
    fault: &LinkFault,
    holds: &Holdings,
) -> Result<Option<LinkRequest>, UiError> {
    let Some(problem) = fault.problem() else {
        return Ok(None);
    };
    match (problem.code.as_str(), problem.expected) {
        ("sealing_key_unknown", _) => under_new_key(station, link, service, holds).await,
        ("signed_by_earlier_key", _) => {
            station
                .apply(move |owner| services::sign_again(owner, service))
                .await
        }
        ("out_of_sequence", Some(expected)) => {
            station
                .apply(move |owner| services::follow(owner, service, expected))
                .await
        }
        ("reconcile", _) => {
            station
                .apply(move |owner| services::forgotten(owner, service))
                .await
        }
        (_, _) => Ok(None),
    }
}

fn code_of(fault: &LinkFault) -> Option<&str> {
    fault.problem().map(|problem| problem.code.as_str())
}

/// Fetches the data center's sealing key of today and seals the request on its way again.
async fn under_new_key(
    station: &Station,
    link: &Arc<dyn Link>,
    service: ServiceId,
    holds: &Holdings,
) -> Result<Option<LinkRequest>, UiError> {
    let answered = link.exchange(keys::directory(), holds).await;
    let reply = answered.reply.map_err(|fault| said(&fault))?;
    station
        .apply(move |owner| {
            keys::accept_directory(owner, &reply)?;
            // What stands outside of a stream is simply made anew in the next contact.
            let intent = sealed::seal_again(owner, service)?;
            Ok(intent.map(|intent| intent.outgoing()))
        })
        .await
}

/// A length as the monitor counts it.
fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// The data center saw two histories: this vault stops for good.
fn freeze(owner: &mut Owner) -> Result<(), UiError> {
    let action = Action::Freeze(Freeze {
        reason: FreezeReason::Ordered,
    });
    match owner.act(&action, STATION_USER, |_, _| Ok(())) {
        Ok(()) => Ok(()),
        Err(already) if already.code == Code::VaultFrozen.name() => Ok(()),
        Err(fault) => Err(fault),
    }
}
