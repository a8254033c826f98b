//! One contact from its beginning to what is written down about it: over which line, with which
//! certificate, and how every service fared in it.

use std::sync::Arc;
use std::time::Duration;

use shared::monitor::{Due, Marker, Outcome};
use shared::services::ServiceId;
use zeroize::Zeroizing;

use super::by_itself;
use super::internet::{Credentials, Identity};
use super::link::Link;
use super::monitor::{self, Fared, Opening};
use super::owed::Owed;
use super::reach::{self, Carried, Line, Way, reach};
use crate::api::{ContactView, ErrorKind, Event, ServiceView, UiError};
use crate::messages::{Code, say};
use crate::services::{self, Asked};
use crate::station::{Decided, Owner, Station, names};

/// What a contact came to.
pub struct Met {
    /// The line and each service.
    pub view: ContactView,
    /// The refusal or fault of the funds service, when the clerk waits for it.
    pub funds: Option<UiError>,
    /// The refill of a clerk that the data center has decided on last.
    pub decided: Option<Decided>,
}

impl Met {
    /// What came about before the rest of a contact failed.
    fn left_with(before: Self, fault: UiError) -> Self {
        Self {
            funds: Some(fault),
            ..before
        }
    }
}

/// Meets the data center because it said that it has something: the first service it named is
/// the one that opens the contact.
pub(super) async fn meet_told(
    station: &Station,
    link: &Arc<dyn Link>,
    told: Due,
) -> Result<Met, UiError> {
    let opening = Opening {
        by: told.0.keys().next().copied(),
        told,
        asked: Asked::default(),
    };
    meet_by(station, Way::Standing(Arc::clone(link)), opening).await
}

/// Meets the data center over a line that is up because a package of software goes on; says whether
/// it goes on further.
pub(super) async fn meet_fetching(
    station: &Station,
    link: &Arc<dyn Link>,
) -> Result<bool, UiError> {
    if station.line_is_wanted() || !fetches(station).await? {
        return Ok(false);
    }
    let met = meet_through(station, link, ServiceId::Software).await?;
    let mut services = met.view.services.iter();
    let fares_well = services.any(|one| {
        one.service == ServiceId::Software.name()
            && ["served", "deferred"].contains(&one.outcome.as_str())
    });
    Ok(fares_well && fetches(station).await?)
}

/// Whether a package of software is on its way.
pub(super) async fn fetches(station: &Station) -> Result<bool, UiError> {
    let fetching = |owner: &mut Owner| services::gives_way(owner, ServiceId::Software);
    station.apply(fetching).await
}

/// Meets the data center over the Internet, or over the telephone where that is set up and the
/// Internet does not lead there.
///
/// # Errors
/// `not_enrolled`, `unreachable`, why there is no call, and what else keeps every service from being
/// served.
pub async fn meet(station: &Station, asked: Asked) -> Result<Met, UiError> {
    meet_by(station, Way::Any, opening(asked)).await
}

/// Meets the data center over the line that the clerk names: then over no other.
///
/// # Errors
/// As [`meet`].
pub(super) async fn meet_on(
    station: &Station,
    line: ClerksLine,
    asked: Asked,
) -> Result<Met, UiError> {
    let way = match line {
        ClerksLine::Any => Way::Any,
        ClerksLine::Internet => Way::Internet,
        ClerksLine::Dialup => Way::Dialup,
    };
    meet_by(station, way, opening(asked)).await
}

/// The line that a clerk names.
#[derive(Clone, Copy, Debug)]
pub(super) enum ClerksLine {
    /// None.
    Any,
    /// The Internet.
    Internet,
    /// The telephone.
    Dialup,
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
    meet_by(station, Way::Standing(Arc::clone(link)), opening(asked)).await
}

/// Meets the data center because one service is accessed: it is asked first, and all others are
/// signalled and served with it.
///
/// # Errors
/// As [`meet`].
pub async fn meet_through(
    station: &Station,
    link: &Arc<dyn Link>,
    service: ServiceId,
) -> Result<Met, UiError> {
    let opening = Opening {
        by: Some(service),
        ..Opening::default()
    };
    meet_by(station, Way::Standing(Arc::clone(link)), opening).await
}

/// Who opens a contact in which the clerk asks something.
fn opening(asked: Asked) -> Opening {
    Opening {
        by: asked.refill.as_ref().map(|_| ServiceId::Funds),
        told: Due::default(),
        asked,
    }
}

async fn meet_by(station: &Station, way: Way, opening: Opening) -> Result<Met, UiError> {
    let _only = station.one_contact().await;
    station
        .apply(|owner| {
            owner.enrolled()?;
            owner.begin_contact();
            Ok(())
        })
        .await?;
    let on_any = matches!(way, Way::Any | Way::Dialup);
    let (met, came_about) = match reach(station, way, opening.by).await {
        Err(fault) => not_reached(station, fault, None).await,
        Ok(line) => match on_lines(station, line, opening).await? {
            Went::Met(met) => came_out(met, None),
            Went::Nowhere(opening, before) => {
                tracing::info!(
                    "the Internet carries nothing: the contact goes on over the telephone"
                );
                match reach::fall_back(station).await {
                    Ok(line) => came_out(run(station, &line, &opening).await, before),
                    Err(fault) => not_reached(station, fault, before).await,
                }
            }
        },
    };
    station.telephone().let_go();
    if is_hung_up(&met) {
        by_itself::leave(station).await;
    } else if on_any || met.is_ok() {
        by_itself::note(station, came_about).await;
    }
    met
}

/// What a contact came to, and whether it counts as one that came about.
type CameOut = (Result<Met, UiError>, bool);

/// What a contact came to. Where the last line led nowhere, what came about on the one `before`
/// stands: only what was left of it failed.
fn came_out(met: Result<Met, UiError>, before: Option<Met>) -> CameOut {
    let is_down = is_unreachable(&met);
    let met = match (met, before) {
        (Err(fault), Some(before)) if is_down || fault.code == Code::HungUp.name() => {
            Ok(Met::left_with(before, fault))
        }
        (met, _) => met,
    };
    (met, !is_down)
}

/// No line leads to the data center, or none any more. Without one that did `before`, that is noted.
async fn not_reached(station: &Station, fault: UiError, before: Option<Met>) -> CameOut {
    if let Some(before) = before {
        return (Ok(Met::left_with(before, fault)), false);
    }
    if fault.kind == ErrorKind::Unreachable
        && let Err(fault) = note(station, "dialup", &[], Some(fault.clone())).await
    {
        return (Err(fault), false);
    }
    (Err(fault), false)
}

/// Whether somebody ended the contact by hanging up.
fn is_hung_up(met: &Result<Met, UiError>) -> bool {
    let fault = match met {
        Ok(met) => met.funds.as_ref(),
        Err(fault) => Some(fault),
    };
    fault.is_some_and(|fault| fault.code == Code::HungUp.name())
}

fn is_unreachable(met: &Result<Met, UiError>) -> bool {
    matches!(met, Err(fault) if fault.kind == ErrorKind::Unreachable)
}

/// How far a contact came on the line it began on, and on the one it moved over to.
enum Went {
    /// To its end.
    Met(Result<Met, UiError>),
    /// The Internet had answered and did not carry it, or not what it was opened for; what is left of
    /// it, and what came about.
    Nowhere(Opening, Option<Met>),
}

/// Runs a contact; when the Internet comes back during a call, it moves over.
async fn on_lines(station: &Station, line: Line, opening: Opening) -> Result<Went, UiError> {
    if !line.may_move() {
        return on_line(station, &line, opening).await;
    }
    tokio::select! {
        biased;
        met = run(station, &line, &opening) => Ok(Went::Met(met)),
        answering = reach::back(station, station.telephone().asking_period()) => {
            tracing::info!("the Internet is back: the contact moves over to it");
            let opening = resumed(station, opening.clone()).await?;
            // Nobody waits for the good-bye on a line that may carry nothing any more.
            let telephone = Arc::clone(station.telephone());
            telephone.leave();
            tokio::spawn(async move { telephone.hang_up().await });
            on_line(station, &Line::answered(answering), opening).await
        }
    }
}

/// Runs a contact over one line. Where it could use another, an Internet that carries nothing of it
/// is not waited for; what was on its way lies in the store.
async fn on_line(station: &Station, line: &Line, opening: Opening) -> Result<Went, UiError> {
    let Some((owed, patience)) = line.watched() else {
        let met = run(station, line, &opening).await;
        if line.is_internet() && (met.is_ok() || is_unreachable(&met)) {
            let through = met.is_ok();
            let carried = if through {
                Carried::Through
            } else {
                Carried::Nothing
            };
            reach::remember(station, carried).await;
        }
        return Ok(Went::Met(met));
    };
    let met = tokio::select! {
        biased;
        met = run(station, line, &opening) => Some(met),
        () = silence(station, owed, patience, &opening) => None,
    };
    let is_carried = |met: &Met| {
        let kind = met.funds.as_ref().map(|fault| fault.kind);
        kind != Some(ErrorKind::Unreachable) || !waits(&opening, met.decided)
    };
    match met {
        Some(Ok(met)) if is_carried(&met) => {
            reach::remember(station, Carried::Through).await;
            Ok(Went::Met(Ok(met)))
        }
        Some(Err(fault)) if fault.kind != ErrorKind::Unreachable => Ok(Went::Met(Err(fault))),
        before => {
            reach::remember(station, Carried::Hollow).await;
            let opening = resumed(station, opening).await?;
            Ok(Went::Nowhere(opening, before.and_then(Result::ok)))
        }
    }
}

/// Comes back when the Internet carries nothing of a contact, or not the refill it was opened for.
/// One service that is not answered while others are is no matter of the line.
async fn silence(station: &Station, owed: &Owed, patience: Duration, opening: &Opening) {
    loop {
        owed.silence(patience).await;
        if !owed.was_heard() {
            return;
        }
        let decided = station.apply(|owner| Ok(owner.decided())).await;
        if decided.is_ok_and(|decided| waits(opening, decided)) {
            return;
        }
        tokio::time::sleep(patience).await;
    }
}

/// A contact that goes on over another line. What was on its way lies in the store and may have
/// reached the data center, so it is completed before anything new is asked; a refill that was
/// decided meanwhile is not asked for again.
async fn resumed(station: &Station, mut opening: Opening) -> Result<Opening, UiError> {
    let decided = station
        .apply(|owner| {
            let decided = owner.decided();
            owner.begin_contact();
            if let Some(decided) = decided {
                owner.set_decided(decided);
            }
            Ok(decided)
        })
        .await?;
    if decided.is_some() && !waits(&opening, decided) {
        opening.asked.refill = None;
    }
    Ok(opening)
}

/// Whether the refill that a contact was opened for is not decided yet.
pub(super) fn waits(opening: &Opening, decided: Option<Decided>) -> bool {
    let asked = opening.asked.refill.as_ref();
    asked.is_some_and(|asked| decided.is_none_or(|decided| decided.amount != asked.amount))
}

/// Lets the monitor serve every service over a line.
async fn run(station: &Station, line: &Line, opening: &Opening) -> Result<Met, UiError> {
    let (expired, all) = station
        .apply(|owner| {
            let expired = services::keys::has_expired(owner)?;
            Ok((expired, services::taken_part_in(owner)))
        })
        .await?;
    let link = line.link(station).await?;
    if !expired {
        let fared = monitor::run(station, &link, &all, opening).await;
        return finish(station, line, link.line(), fared).await;
    }
    // Only the renewal door is open. A new certificate opens everything else.
    let mut fared = monitor::run(station, &link, &[ServiceId::Keys], opening).await;
    if let Some(fault) = fared.iter().find_map(|one| one.fault.clone()) {
        note(station, link.line(), &fared, Some(fault.clone())).await?;
        return Err(fault);
    }
    let link = line.link(station).await?;
    let others: Vec<ServiceId> = all
        .into_iter()
        .filter(|service| *service != ServiceId::Keys)
        .collect();
    fared.extend(monitor::run(station, &link, &others, opening).await);
    finish(station, line, link.line(), fared).await
}

/// Writes down how it went and says it.
async fn finish(
    station: &Station,
    over: &Line,
    line: &'static str,
    fared: Vec<Fared>,
) -> Result<Met, UiError> {
    let mut down = down(&fared);
    if over.was_left() {
        // The line was as good as before.
        down = down.map(|_| say(Code::HungUp, &[]));
    }
    let decided = note(station, line, &fared, down.clone()).await?;
    if let Err(fault) = station.stage_software().await {
        tracing::warn!(code = fault.code, "a package of software was not taken in");
    }
    if let Some(fault) = down {
        return Err(fault);
    }
    let funds = fared
        .iter()
        .find(|one| one.service == ServiceId::Funds)
        .and_then(|one| one.fault.clone());
    Ok(Met {
        view: ContactView {
            line: line.to_owned(),
            services: with_left_out(fared.into_iter().map(|one| one.view).collect()),
        },
        funds,
        decided,
    })
}

/// The outcomes with one for each service that this program leaves to another, so that there is one
/// of every service.
pub(crate) fn with_left_out(mut views: Vec<ServiceView>) -> Vec<ServiceView> {
    for service in ServiceId::ALL {
        if !views.iter().any(|view| view.service == service.name()) {
            views.push(ServiceView {
                service: service.name().to_owned(),
                outcome: Outcome::Nothing.word().to_owned(),
                level: service.level().name().to_owned(),
                ms: 0,
                reason: Some("it is left to the program that is updated by itself".to_owned()),
            });
        }
    }
    views
}

/// The fault of a line that carried nothing. A service that had nothing to ask, or was not let on
/// the line, says nothing about it.
fn down(fared: &[Fared]) -> Option<UiError> {
    let asked = || {
        let silent = |outcome| matches!(outcome, Outcome::Nothing | Outcome::Deferred(_));
        fared.iter().filter(move |one| !silent(one.outcome))
    };
    let unreached = asked().all(|one| {
        let kind = one.fault.as_ref().map(|fault| fault.kind);
        kind == Some(ErrorKind::Unreachable) && !one.was_answered
    });
    asked()
        .find_map(|one| one.fault.clone())
        .filter(|_| unreached)
}

/// Writes the outcomes, what the services now have, the line's state, and the high-water mark.
async fn note(
    station: &Station,
    line: &'static str,
    fared: &[Fared],
    down: Option<UiError>,
) -> Result<Option<Decided>, UiError> {
    let views: Vec<ServiceView> = fared.iter().map(|one| one.view.clone()).collect();
    let held: Vec<(ServiceId, Marker)> = fared
        .iter()
        .filter_map(|one| one.holds.map(|marker| (one.service, marker)))
        .collect();
    station
        .apply(move |owner| {
            let now = owner.now();
            owner.write("how a contact went", |tx| {
                for view in &views {
                    tx.put_outcome(view, now)?;
                }
                for (service, marker) in &held {
                    tx.put_setting(&names::held(*service), &marker.to_string())?;
                }
                tx.put_setting(names::LINE, line)?;
                let reason = down.map(|fault| fault.message).unwrap_or_default();
                tx.put_setting(names::LINE_FAULT, &reason)?;
                Ok(())
            })?;
            owner.flush_mark()?;
            owner.tell(Event::Status);
            Ok(owner.decided())
        })
        .await
}

/// Whom to trust and how to prove oneself; no identity when the certificate has expired.
pub(super) fn line_terms(owner: &Owner) -> Result<(String, Credentials), UiError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn served() -> Met {
        let view = ContactView {
            line: "internet".to_owned(),
            services: Vec::new(),
        };
        Met {
            view,
            funds: Some(say(Code::LineBroke, &[("reason", "silence")])),
            decided: None,
        }
    }

    #[test]
    fn what_came_about_on_one_line_stands_when_the_next_one_leads_nowhere() {
        for (code, counts) in [(Code::NumberBusy, false), (Code::HungUp, true)] {
            let (met, came_about) = came_out(Err(say(code, &[])), Some(served()));
            let met = met.unwrap_or_else(|fault| panic!("thrown away: {fault:?}"));
            assert_eq!(met.view.line, "internet");
            assert_eq!(
                met.funds.map(|fault| fault.code),
                Some(code.name().to_owned())
            );
            assert_eq!(came_about, counts);
        }
        let (met, came_about) = came_out(Err(say(Code::NumberBusy, &[])), None);
        assert!(met.is_err() && !came_about);
        let (met, _) = came_out(
            Err(say(Code::DamagedStore, &[("what", "it")])),
            Some(served()),
        );
        assert!(met.is_err(), "a damaged store is no matter of the line");
    }
}
