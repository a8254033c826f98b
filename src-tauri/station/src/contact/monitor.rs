//! The station's monitor: drives [`shared::monitor`] over one link.
//!
//! Whichever service opened the contact, all others are signalled; each is asked for its next
//! request, and those that have one run side by side, request by request, until they have nothing
//! more. What the data center's monitor says on any reply signals the services it names again.
//!
//! All of it is one future without tasks of its own: whoever drops it ends the contact at once, and
//! what is on its way lies in the store.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use shared::monitor::{Contact, ContactId, Deferral, Due, Holdings, Marker, Outcome, Stage, Turn};
use shared::services::ServiceId;
use tokio::time::{Instant, sleep_until};

use super::exchange::{self, Exchanged};
use super::link::{Link, LinkRequest};
use crate::api::{ErrorKind, Event, ServiceView, UiError};
use crate::crypto;
use crate::messages::{Code, say};
use crate::services::{self, Asked};
use crate::station::Station;

/// Where the data center's monitor is asked when nothing else brought its word.
const WORD_PATH: &str = "/v1/due";

/// Why a contact begins, and what is known then.
#[derive(Clone, Debug, Default)]
pub(super) struct Opening {
    /// The service that was accessed; none when all are asked for alike.
    pub(super) by: Option<ServiceId>,
    /// What the data center said it has, when it said so before.
    pub(super) told: Due,
    /// What the clerk asked.
    pub(super) asked: Asked,
}

/// How one service fared, with the refusal or fault in full.
pub(super) struct Fared {
    pub(super) service: ServiceId,
    pub(super) outcome: Outcome,
    pub(super) view: ServiceView,
    pub(super) fault: Option<UiError>,
    /// Whether a request of it was answered.
    pub(super) was_answered: bool,
    /// What the service now has, for the data center's monitor.
    pub(super) holds: Option<Marker>,
}

/// Runs a contact of `services` to its end; they are told in the order given.
pub(super) async fn run(
    station: &Station,
    link: &Arc<dyn Link>,
    services: &[ServiceId],
    opening: &Opening,
) -> Vec<Fared> {
    let mut contact = Contact::open(services, opening.by, link.budget());
    if !opening.told.is_empty() {
        contact.hear(&opening.told);
    }
    let mut round = Round {
        station,
        link,
        opening,
        id: ContactId::from_bytes(crypto::random_bytes()),
        begun: Instant::now(),
        contact,
        spans: BTreeMap::new(),
        steps: FuturesUnordered::new(),
        asks_word: false,
    };
    // A question for the data center's word that is still open when all are at rest is dropped.
    while !round.contact.is_over() {
        round.start_ready();
        round.wait().await;
    }
    round.fared(services)
}

/// One request of one service, or the question for the data center's word, on its way.
type Running<'a> = Pin<Box<dyn Future<Output = Step> + Send + 'a>>;

/// What came of it.
struct Step {
    /// The service; none for the question.
    service: Option<ServiceId>,
    turn: Turn,
    bytes: u64,
    due: Option<Due>,
    fault: Option<UiError>,
    /// A service that it has brought something for.
    wakes: Option<ServiceId>,
}

impl Step {
    /// A step that put nothing on the line.
    const fn quiet(service: ServiceId, turn: Turn) -> Self {
        Self {
            service: Some(service),
            turn,
            bytes: 0,
            due: None,
            fault: None,
            wakes: None,
        }
    }

    /// A step that put a request on the line.
    fn exchanged(service: ServiceId, exchanged: Exchanged) -> Self {
        let Exchanged { taken, due, bytes } = exchanged;
        let step = match taken {
            Ok(()) => Self::quiet(service, Turn::Exchanged),
            Err(fault) => Self::failed(service, fault),
        };
        Self { bytes, due, ..step }
    }

    /// A step that ended with a refusal or fault.
    fn failed(service: ServiceId, fault: UiError) -> Self {
        let turn = if fault.kind == ErrorKind::Refused {
            Turn::Refused
        } else {
            Turn::Failed
        };
        Self {
            fault: Some(fault),
            ..Self::quiet(service, turn)
        }
    }
}

/// When a service began and came to rest, and with which fault.
#[derive(Default)]
struct Span {
    began: Duration,
    rested: Duration,
    fault: Option<UiError>,
}

/// What a service is asked with.
struct Question {
    service: ServiceId,
    asked: Asked,
    round: u32,
    is_due: bool,
    room: Option<u64>,
    id: ContactId,
    opened_by: Option<ServiceId>,
    /// Whether money is still on its way.
    money: bool,
}

/// What it says.
enum Said {
    Nothing,
    TooLarge,
    GivesWay,
    Yields,
    Request(LinkRequest, Holdings),
}

/// A contact that is going on.
struct Round<'a> {
    station: &'a Station,
    link: &'a Arc<dyn Link>,
    opening: &'a Opening,
    id: ContactId,
    begun: Instant,
    contact: Contact,
    spans: BTreeMap<ServiceId, Span>,
    steps: FuturesUnordered<Running<'a>>,
    /// Whether the data center's monitor was asked.
    asks_word: bool,
}

impl<'a> Round<'a> {
    /// Asks every service that may be asked now.
    fn start_ready(&mut self) {
        let now = self.begun.elapsed();
        for service in self.contact.ready(now) {
            let is_due = self.contact.start(service, now);
            self.spans.entry(service).or_insert_with(|| Span {
                began: now,
                ..Span::default()
            });
            self.tell(service, "running");
            let question = Question {
                service,
                asked: self.opening.asked.clone(),
                round: self.contact.requests(service),
                is_due,
                room: self.contact.room(service),
                id: self.id,
                opened_by: self.opening.by,
                money: self.contact.is_money_open(now),
            };
            let (station, link) = (self.station, self.link);
            self.steps.push(Box::pin(step(station, link, question)));
        }
        if self.contact.wants_word(now) && !self.asks_word && !self.contact.is_over() {
            self.asks_word = true;
            let holds = Holdings {
                contact: self.id,
                opened_by: self.opening.by,
                markers: BTreeMap::new(),
            };
            self.steps
                .push(Box::pin(word(self.station, self.link, holds)));
        }
    }

    /// Waits for the next step to end, or until something may be done without one.
    async fn wait(&mut self) {
        let look = self.contact.next_look(self.begun.elapsed());
        let step = match look {
            Some(look) => tokio::select! {
                step = self.steps.next() => step,
                () = sleep_until(self.begun + look) => None,
            },
            None => self.steps.next().await,
        };
        if let Some(step) = step {
            self.take(step);
        }
    }

    fn take(&mut self, step: Step) {
        if let Some(due) = &step.due {
            self.contact.hear(due);
        }
        let Some(service) = step.service else {
            return;
        };
        self.contact.turned(service, step.turn, step.bytes);
        if let Some(woken) = step.wakes {
            self.contact.wake(woken);
        }
        let now = self.begun.elapsed();
        let span = self.spans.entry(service).or_default();
        span.rested = now;
        if step.fault.is_some() {
            span.fault = step.fault;
        }
        if let Some(Stage::Rested(outcome)) = self.contact.stage(service) {
            self.tell(service, outcome.word());
        }
    }

    fn tell(&self, service: ServiceId, stage: &str) {
        self.station.tell(Event::Service {
            service: service.name().to_owned(),
            stage: stage.to_owned(),
        });
    }

    /// How each service fared.
    fn fared(mut self, services: &[ServiceId]) -> Vec<Fared> {
        let outcomes = self.contact.outcomes();
        let mut fared = Vec::new();
        for service in services {
            let Some(outcome) = outcomes.get(service).copied() else {
                continue;
            };
            let span = self.spans.remove(service).unwrap_or_default();
            let held = matches!(outcome, Outcome::Served | Outcome::Nothing);
            fared.push(Fared {
                service: *service,
                outcome,
                view: view(*service, outcome, &span),
                fault: span.fault,
                was_answered: self.contact.requests(*service) > 0,
                holds: self.contact.marker(*service).filter(|_| held),
            });
        }
        fared
    }
}

fn view(service: ServiceId, outcome: Outcome, span: &Span) -> ServiceView {
    let took = span.rested.saturating_sub(span.began).as_millis();
    let reason = match outcome {
        Outcome::Deferred(deferral) => Some(deferred(deferral).message),
        Outcome::Served | Outcome::Nothing | Outcome::Refused | Outcome::Failed => {
            span.fault.as_ref().map(|fault| fault.message.clone())
        }
    };
    ServiceView {
        service: service.name().to_owned(),
        outcome: outcome.word().to_owned(),
        level: service.level().name().to_owned(),
        ms: u64::try_from(took).unwrap_or(u64::MAX),
        reason,
    }
}

/// Why a service waits, as a person reads it.
fn deferred(deferral: Deferral) -> UiError {
    let reason = match deferral {
        Deferral::Bytes => "the rest of this call is too short for it",
        Deferral::Time => "the call has lasted as long as it may",
        Deferral::Requests => "it has more than one contact carries",
        Deferral::Others => "somebody waits for the line",
    };
    say(Code::Deferred, &[("reason", reason)])
}

/// Asks one service for its next request and, if there is one, exchanges it.
async fn step(station: &Station, link: &Arc<dyn Link>, question: Question) -> Step {
    let service = question.service;
    let wanted = station.line_is_wanted();
    let said = station
        .apply(move |owner| {
            if question.is_due {
                owner.set_due(service);
            }
            let too_large = |room| services::expected_bytes(owner, service) > room;
            if question.room.is_some_and(too_large) {
                return Ok(Said::TooLarge);
            }
            if services::gives_way(owner, service)? {
                // Whoever refills waits for the end of the contact.
                if question.opened_by == Some(ServiceId::Funds) || wanted {
                    return Ok(Said::Yields);
                }
                if question.money {
                    return Ok(Said::GivesWay);
                }
            }
            let next = services::next_request(owner, service, &question.asked, question.round)?;
            let Some(request) = next else {
                return Ok(Said::Nothing);
            };
            let holds = owner.holdings(question.id, question.opened_by)?;
            Ok(Said::Request(request, holds))
        })
        .await;
    let step = match said {
        Ok(Said::Request(request, holds)) => {
            let exchanged = exchange::exchange(station, link, service, request, &holds).await;
            Step::exchanged(service, exchanged)
        }
        // It may have come to rest over something that it has brought just now.
        Ok(Said::Nothing) => Step::quiet(service, Turn::Nothing),
        Err(fault) => Step::failed(service, fault),
        Ok(Said::TooLarge) => return Step::quiet(service, Turn::TooLarge),
        Ok(Said::GivesWay) => return Step::quiet(service, Turn::GivesWay),
        Ok(Said::Yields) => return Step::quiet(service, Turn::Yielded),
    };
    let wakes = station
        .apply(move |owner| services::wakes(owner, service))
        .await
        .unwrap_or_default();
    Step { wakes, ..step }
}

/// Asks the data center's monitor for its word: every service that would have brought it is held
/// up.
async fn word(station: &Station, link: &Arc<dyn Link>, empty: Holdings) -> Step {
    let (id, opened_by) = (empty.contact, empty.opened_by);
    let holds = station.apply(move |owner| owner.holdings(id, opened_by));
    let holds = holds.await.unwrap_or(empty);
    let fetch = LinkRequest::fetch(WORD_PATH.to_owned());
    let answered = link.exchange(fetch, &holds).await;
    Step {
        service: None,
        turn: Turn::Nothing,
        bytes: 0,
        due: answered.due,
        fault: None,
        wakes: None,
    }
}
