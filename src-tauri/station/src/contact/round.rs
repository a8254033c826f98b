//! One contact: every service is asked for its next request, and all of them run at the same time
//! over one link.
//!
//! Each service goes on by itself, request by request, until it has nothing more to ask; one that
//! is slow or fails never holds up another.

use std::sync::Arc;
use std::time::Instant;

use shared::ids::RefillId;
use shared::services::ServiceId;
use shared::services::directory::Directory;
use shared::vault::{Action, Freeze, FreezeReason};
use shared::wire::from_cbor;
use zeroize::Zeroizing;

use super::faults::said;
use super::internet::{Credentials, Identity, Internet};
use super::link::{Link, LinkFault, LinkRequest};
use crate::api::{ContactView, ErrorKind, Event, ServiceView, UiError};
use crate::messages::{Code, say};
use crate::services::{self, Asked, sealed, trust};
use crate::station::{Owner, STATION_USER, Station, names};

/// The most requests one service may make in one contact: a list of editions and their contents.
const MAX_ROUNDS: u32 = 64;

/// The outcome of a service that had nothing to ask.
const NOTHING: &str = "nothing";

/// How one service fared, with the refusal or fault in full.
struct Fared {
    view: ServiceView,
    fault: Option<UiError>,
}

/// What a contact came to.
pub struct Met {
    /// The line and each service.
    pub view: ContactView,
    /// The refusal or fault of the funds service, when the clerk waits for it.
    pub funds: Option<UiError>,
    /// The refill the data center has decided on.
    pub answered: Option<RefillId>,
}

/// How the data center is reached.
enum Way<'a> {
    /// Over the Internet, as the station's settings say.
    Internet,
    /// Over a line that is up already.
    Standing(&'a Arc<dyn Link>),
}

impl Way<'_> {
    /// A link that shows the certificate the station has at this moment.
    async fn link(&self, station: &Station) -> Result<Arc<dyn Link>, UiError> {
        match self {
            Self::Internet => {
                let (server, credentials) = station.apply(|owner| line_terms(owner)).await?;
                let link = Internet::new(&server, &credentials).map_err(|fault| said(&fault))?;
                Ok(Arc::new(link))
            }
            Self::Standing(link) => Ok(Arc::clone(link)),
        }
    }
}

/// Meets the data center over the Internet.
///
/// # Errors
/// `not_enrolled`, `unreachable` and what else keeps every service from being served.
pub async fn meet(station: &Station, asked: Asked) -> Result<Met, UiError> {
    meet_by(station, &Way::Internet, asked).await
}

/// Meets the data center over a line that is up: whoever dialled it hands it in.
///
/// # Errors
/// As [`meet`].
pub async fn meet_over(
    station: &Station,
    link: &Arc<dyn Link>,
    asked: Asked,
) -> Result<Met, UiError> {
    meet_by(station, &Way::Standing(link), asked).await
}

async fn meet_by(station: &Station, way: &Way<'_>, asked: Asked) -> Result<Met, UiError> {
    let _only = station.one_contact().await;
    let expired = station
        .apply(|owner| {
            owner.enrolled()?;
            owner.begin_contact();
            services::keys::has_expired(owner)
        })
        .await?;
    let link = way.link(station).await?;
    if !expired {
        let fared = serve_all(station, &link, &ServiceId::ALL, asked).await;
        return finish(station, link.line(), fared).await;
    }
    // Only the renewal door is open. A new certificate opens everything else.
    let renewed = serve(station, &link, ServiceId::Keys, asked).await;
    if let Some(fault) = renewed.fault {
        note(station, link.line(), &[renewed.view], Some(fault.clone())).await?;
        return Err(fault);
    }
    let link = way.link(station).await?;
    let mut fared = vec![renewed];
    let others: Vec<ServiceId> = ServiceId::ALL
        .into_iter()
        .filter(|service| *service != ServiceId::Keys)
        .collect();
    fared.extend(serve_all(station, &link, &others, asked).await);
    finish(station, link.line(), fared).await
}

/// Runs services side by side, each to its end.
async fn serve_all(
    station: &Station,
    link: &Arc<dyn Link>,
    services: &[ServiceId],
    asked: Asked,
) -> Vec<Fared> {
    let mut running = Vec::new();
    for service in services {
        let (station, link, service) = (station.clone(), Arc::clone(link), *service);
        running.push(tokio::spawn(async move {
            serve(&station, &link, service, asked).await
        }));
    }
    let mut fared = Vec::new();
    for one in running {
        if let Ok(one) = one.await {
            fared.push(one);
        }
    }
    fared
}

/// Writes down how it went and says it.
async fn finish(station: &Station, line: &'static str, fared: Vec<Fared>) -> Result<Met, UiError> {
    let views: Vec<ServiceView> = fared.iter().map(|one| one.view.clone()).collect();
    let down = down(&fared);
    let answered = note(station, line, &views, down.clone()).await?;
    if let Some(fault) = down {
        return Err(fault);
    }
    let funds = fared
        .into_iter()
        .find(|one| one.view.service == ServiceId::Funds.name())
        .and_then(|one| one.fault);
    Ok(Met {
        view: ContactView {
            line: line.to_owned(),
            services: views,
        },
        funds,
        answered,
    })
}

/// The fault of a line that carried nothing. A service that had nothing to ask says nothing about
/// the line.
fn down(fared: &[Fared]) -> Option<UiError> {
    let asked = || fared.iter().filter(|one| one.view.outcome != NOTHING);
    let unreached = asked().all(|one| {
        let kind = one.fault.as_ref().map(|fault| fault.kind);
        kind == Some(ErrorKind::Unreachable)
    });
    asked()
        .find_map(|one| one.fault.clone())
        .filter(|_| unreached)
}

/// Writes the outcomes and the line's state, and the high-water mark.
async fn note(
    station: &Station,
    line: &'static str,
    views: &[ServiceView],
    down: Option<UiError>,
) -> Result<Option<RefillId>, UiError> {
    let views = views.to_vec();
    station
        .apply(move |owner| {
            let now = owner.now();
            owner.write("how a contact went", |tx| {
                for view in &views {
                    tx.put_outcome(view, now)?;
                }
                tx.put_setting(names::LINE, line)?;
                let reason = down.map(|fault| fault.message).unwrap_or_default();
                tx.put_setting(names::LINE_FAULT, &reason)?;
                Ok(())
            })?;
            owner.flush_mark()?;
            owner.tell(Event::Status);
            Ok(owner.answered().map(|(refill, _)| refill))
        })
        .await
}

/// Whom to trust and how to prove oneself; no identity when the certificate has expired.
fn line_terms(owner: &Owner) -> Result<(String, Credentials), UiError> {
    owner.enrolled()?;
    let damaged = |what| move || say(Code::DamagedStore, &[("what", what)]);
    let server = owner
        .store()
        .setting(names::SERVER)?
        .ok_or_else(damaged("the data center's address"))?;
    let root = owner.certificate_setting(names::ROOT)?;
    let identity = if services::keys::has_expired(owner)? {
        None
    } else {
        let key = owner
            .store()
            .secret(names::STATION_KEY)?
            .ok_or_else(damaged("the station's key"))?;
        let chain = vec![
            owner.certificate_setting(names::STATION_CERTIFICATE)?,
            owner.certificate_setting(names::STATION_ISSUER)?,
        ];
        Some(Identity {
            chain,
            key: Zeroizing::new(key.to_vec()),
        })
    };
    Ok((server, Credentials { root, identity }))
}

/// Serves one service to its end and says how it fared.
async fn serve(station: &Station, link: &Arc<dyn Link>, service: ServiceId, asked: Asked) -> Fared {
    let begun = Instant::now();
    let (requests, fault) = requests(station, link, service, asked).await;
    let outcome = match (&fault, requests) {
        (None, 0) => NOTHING,
        (None, _) => "served",
        (Some(fault), _) if fault.kind == ErrorKind::Refused => "refused",
        (Some(_), _) => "failed",
    };
    let view = ServiceView {
        service: service.name().to_owned(),
        outcome: outcome.to_owned(),
        level: service.level().name().to_owned(),
        ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        reason: fault.as_ref().map(|fault| fault.message.clone()),
    };
    Fared { view, fault }
}

/// Exchanges the service's requests until it has none; how many there were, and what ended them.
async fn requests(
    station: &Station,
    link: &Arc<dyn Link>,
    service: ServiceId,
    asked: Asked,
) -> (u32, Option<UiError>) {
    for round in 0..MAX_ROUNDS {
        let next = station
            .apply(move |owner| services::next_request(owner, service, asked, round))
            .await;
        let request = match next {
            Ok(Some(request)) => request,
            Ok(None) => return (round, None),
            Err(fault) => return (round, Some(fault)),
        };
        if let Err(fault) = one(station, link, service, request).await {
            return (round + 1, Some(fault));
        }
    }
    (MAX_ROUNDS, None)
}

/// One request and its reply.
async fn one(
    station: &Station,
    link: &Arc<dyn Link>,
    service: ServiceId,
    request: LinkRequest,
) -> Result<(), UiError> {
    let mut answer = link.exchange(request).await;
    if let Err(fault) = &answer
        && let Some(request) = corrected(station, link, service, fault).await?
    {
        answer = link.exchange(request).await;
    }
    match answer {
        Ok(reply) => accepted(station, link, service, reply).await,
        Err(fault) => {
            if matches!(fault, LinkFault::Unreachable(_)) {
                station
                    .apply(move |owner| sealed::take_back(owner, service))
                    .await?;
            }
            match code_of(&fault) {
                Some("vault_frozen") => station.apply(freeze).await?,
                Some("nothing_forgotten") => {
                    station.apply(services::reconcile::not_needed).await?;
                }
                Some(_) | None => {}
            }
            Err(said(&fault))
        }
    }
}

/// Takes a reply in. When a key or authority vouches for it that the station does not know, whom to
/// believe is fetched first, and the reply looked at once more.
async fn accepted(
    station: &Station,
    link: &Arc<dyn Link>,
    service: ServiceId,
    reply: Vec<u8>,
) -> Result<(), UiError> {
    let again = reply.clone();
    let taken = station
        .apply(move |owner| services::accept(owner, service, &reply))
        .await;
    if !matches!(&taken, Err(fault) if fault.code == trust::UNKNOWN) {
        return taken;
    }
    let fetch = LinkRequest::Fetch {
        path: trust::PATH.to_owned(),
    };
    let bundle = link.exchange(fetch).await.map_err(|fault| said(&fault))?;
    station
        .apply(move |owner| {
            trust::accept(owner, &bundle)?;
            services::accept(owner, service, &again)
        })
        .await
}

/// The request once more, when the refusal tells how it must be made.
async fn corrected(
    station: &Station,
    link: &Arc<dyn Link>,
    service: ServiceId,
    fault: &LinkFault,
) -> Result<Option<LinkRequest>, UiError> {
    let Some(problem) = fault.problem() else {
        return Ok(None);
    };
    match (problem.code.as_str(), problem.expected) {
        ("sealing_key_unknown", _) => under_new_key(station, link, service).await.map(Some),
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
) -> Result<LinkRequest, UiError> {
    let fetch = LinkRequest::Fetch {
        path: "/v1/directory".to_owned(),
    };
    let reply = link.exchange(fetch).await.map_err(|fault| said(&fault))?;
    let directory: Directory =
        from_cbor(&reply).map_err(|_| services::not_believed("the directory"))?;
    station
        .apply(move |owner| {
            let kept = sealed::center_keys(owner)?;
            let keys = shared::services::keys::CenterKeys {
                sealing: directory.keys.sealing,
                ..kept.clone()
            };
            let now = owner.now();
            owner.write("the data center's key", |tx| {
                sealed::put_center_keys(tx, kept.replies, &keys, now)
            })?;
            let intent = sealed::seal_again(owner, service)?;
            intent
                .map(|intent| intent.outgoing())
                .ok_or_else(|| services::not_believed("its answer"))
        })
        .await
}

/// The data center saw two histories: this vault stops for good.
fn freeze(owner: &mut Owner) -> Result<(), UiError> {
    let action = Action::Freeze(Freeze {
        reason: FreezeReason::Ordered,
    });
    match owner.act(&action, STATION_USER, |_, _| Ok(())) {
        Ok(()) => Ok(()),
        Err(already) if already.code == "vault_frozen" => Ok(()),
        Err(fault) => Err(fault),
    }
}
