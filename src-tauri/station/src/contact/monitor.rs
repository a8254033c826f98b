//! The station's monitor: drives [`shared::monitor`] over one link.
//!
//! Whichever service opened the contact, all others are signalled; each is asked for its next
//! request, the most urgent first, and what one says is on the line before the next is asked. Those
//! that have a request run side by side, request by request, until they have nothing more. What the
//! data center's monitor says on any reply signals the services it names again.
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
use super::round::waits;
use crate::api::{ErrorKind, Event, ServiceView, UiError};
use crate::crypto;
use crate::messages::{Code, say};
use crate::services::{self, Asked};
use crate::station::{Decided, Owner, Station};

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
        is_asking: false,
        beside: BTreeMap::new(),
        asks_word: false,
    };
    // A question for the data center's word that is still open when all are at rest is dropped.
    while !round.contact.is_over() {
        round.start_ready();
        round.wait().await;
    }
    round.fared(services)
}

/// A service that is being asked, or a request on its way.
type Running<'a> = Pin<Box<dyn Future<Output = Happened> + Send + 'a>>;

/// What came of it.
enum Happened {
    /// What a service says.
    Asked(ServiceId, Result<Said, UiError>),
    /// What came of a request.
    Went(Step),
    /// What came of one that went beside another of the same service.
    WentBeside(Step),
}

/// What came of one turn of a service, or of the question for the data center's word.
struct Step {
    /// The service; none for the question.
    service: Option<ServiceId>,
    turn: Turn,
    bytes: u64,
    due: Option<Due>,
    fault: Option<UiError>,
    /// A service that it has brought something for.
    wakes: Option<ServiceId>,
    /// The refill that was decided last in this contact.
    decided: Option<Decided>,
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
            decided: None,
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
    /// What the data center said it has for it.
    marker: Option<Marker>,
    /// Whether it may ask before that was said.
    guesses: bool,
    room: Option<u64>,
    id: ContactId,
    opened_by: Option<ServiceId>,
    /// Whether money is still on its way.
    money: bool,
    /// Whether the line is slow.
    is_slow: bool,
    /// Whether something may go beside its request.
    beside: bool,
}

impl Question {
    /// Tells the service why it is asked.
    fn note(&self, owner: &mut Owner) -> Result<(), UiError> {
        if self.is_due {
            owner.set_due(self.service);
        }
        if self.service == ServiceId::Rates {
            owner.set_told_of_repository(self.marker);
        }
        if self.guesses && self.round == 0 {
            services::guess(owner, self.service)?;
        }
        Ok(())
    }
}

/// What it says.
enum Said {
    Nothing,
    TooLarge,
    GivesWay,
    Yields,
    Request(Worded),
}

/// A request of a service, what is said with it, and what it and its reply may come to.
struct Worded {
    request: LinkRequest,
    beside: Option<LinkRequest>,
    holds: Holdings,
    expected_bytes: u64,
}

/// What went beside another request of a service.
enum Beside {
    /// It is on its way.
    Going,
    /// It is on its way, and the service has nothing else to ask.
    Awaited,
    /// It went wrong: that is said when the service has nothing else to ask.
    Failed(UiError),
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
    /// Whether a service is being asked: one after the other, so that requests leave in their order.
    is_asking: bool,
    /// The services that have something on its way beside another request, and what came of it.
    beside: BTreeMap<ServiceId, Beside>,
    /// Whether the data center's monitor was asked.
    asks_word: bool,
}

impl<'a> Round<'a> {
    /// Asks the most urgent service that may be asked now.
    fn start_ready(&mut self) {
        let now = self.begun.elapsed();
        let ready = self.contact.ready(now);
        if let Some(service) = ready.first().copied().filter(|_| !self.is_asking) {
            let is_due = self.contact.start(service, now);
            self.spans.entry(service).or_insert_with(|| Span {
                began: now,
                ..Span::default()
            });
            self.tell(service, "running");
            let is_slow = self.contact.is_limited();
            let question = Question {
                service,
                asked: self.opening.asked.clone(),
                round: self.contact.requests(service),
                is_due,
                marker: self.contact.marker(service),
                guesses: is_slow && !self.contact.has_heard(),
                room: self.contact.room(service, now),
                id: self.id,
                opened_by: self.opening.by,
                money: self.contact.is_money_open(now),
                is_slow,
                beside: is_slow && !self.beside.contains_key(&service),
            };
            self.is_asking = true;
            self.steps.push(Box::pin(ask(self.station, question)));
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

    /// Waits for something to happen, or until something may be done without.
    async fn wait(&mut self) {
        let look = self.contact.next_look(self.begun.elapsed());
        let happened = match look {
            Some(look) => tokio::select! {
                happened = self.steps.next() => happened,
                () = sleep_until(self.begun + look) => None,
            },
            None => self.steps.next().await,
        };
        match happened {
            Some(Happened::Asked(service, said)) => self.hear(service, said),
            Some(Happened::Went(step)) => self.take(step),
            Some(Happened::WentBeside(step)) => self.take_beside(step),
            None => {}
        }
    }

    /// Puts what a service says on the line.
    fn hear(&mut self, service: ServiceId, said: Result<Said, UiError>) {
        self.is_asking = false;
        let quiet = match said {
            Ok(Said::Request(worded)) => return self.send(service, worded),
            Ok(Said::Nothing) => match self.beside.remove(&service) {
                Some(Beside::Going | Beside::Awaited) => {
                    self.beside.insert(service, Beside::Awaited);
                    return;
                }
                Some(Beside::Failed(fault)) => Step::failed(service, fault),
                // It may have come to rest over something that it has brought just now.
                None => {
                    self.steps.push(Box::pin(rest(self.station, service)));
                    return;
                }
            },
            Err(fault) => Step::failed(service, fault),
            Ok(Said::TooLarge) => Step::quiet(service, Turn::TooLarge),
            Ok(Said::GivesWay) => Step::quiet(service, Turn::GivesWay),
            Ok(Said::Yields) => Step::quiet(service, Turn::Yielded),
        };
        self.take(quiet);
    }

    /// Puts a request of a service on the line, and what goes beside it right behind.
    fn send(&mut self, service: ServiceId, worded: Worded) {
        let Worded {
            request,
            beside,
            holds,
            expected_bytes,
        } = worded;
        self.contact.expect(service, expected_bytes);
        let (station, link) = (self.station, self.link);
        let first = go(station, link, service, (request, holds.clone()));
        self.steps.push(Box::pin(first));
        if let Some(request) = beside {
            self.beside.insert(service, Beside::Going);
            let second = go_beside(station, link, service, (request, holds));
            self.steps.push(Box::pin(second));
        }
    }

    /// Takes what came of a request beside another: a service that has nothing else to ask is asked
    /// again.
    fn take_beside(&mut self, step: Step) {
        let Some(service) = step.service else {
            return;
        };
        let awaited = matches!(self.beside.remove(&service), Some(Beside::Awaited));
        if awaited {
            return self.take(step);
        }
        if let Some(due) = &step.due {
            self.contact.hear(due);
        }
        self.contact.carried(step.bytes);
        if let Some(fault) = step.fault {
            self.beside.insert(service, Beside::Failed(fault));
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
        if service == ServiceId::Funds && !waits(self.opening, step.decided) {
            self.contact.decided();
        }
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

/// Asks one service for its next request.
async fn ask(station: &Station, question: Question) -> Happened {
    let service = question.service;
    let wanted = station.line_is_wanted();
    let said = station
        .apply(move |owner| {
            question.note(owner)?;
            let expected_bytes = services::expected_bytes(owner, service);
            if question.room.is_some_and(|room| expected_bytes > room) {
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
            if question.is_slow && question.money && services::is_long(service, &request) {
                question.note(owner)?;
                return Ok(Said::GivesWay);
            }
            let holds = owner.holdings(question.id, question.opened_by)?;
            let beside = if question.beside {
                services::beside(owner, service)?
            } else {
                None
            };
            Ok(Said::Request(Worded {
                request,
                beside,
                holds,
                expected_bytes,
            }))
        })
        .await;
    Happened::Asked(service, said)
}

/// Exchanges a request of a service.
async fn go(
    station: &Station,
    link: &Arc<dyn Link>,
    service: ServiceId,
    (request, holds): (LinkRequest, Holdings),
) -> Happened {
    let exchanged = exchange::exchange(station, link, service, request, &holds).await;
    let step = Step::exchanged(service, exchanged);
    Happened::Went(brought(station, service, step).await)
}

/// Exchanges what goes beside another request of a service.
async fn go_beside(
    station: &Station,
    link: &Arc<dyn Link>,
    service: ServiceId,
    (request, holds): (LinkRequest, Holdings),
) -> Happened {
    let exchanged = exchange::exchange_beside(station, link, service, request, &holds).await;
    Happened::WentBeside(Step::exchanged(service, exchanged))
}

/// Lets a service come to rest that has nothing to ask.
async fn rest(station: &Station, service: ServiceId) -> Happened {
    let step = Step::quiet(service, Turn::Nothing);
    Happened::Went(brought(station, service, step).await)
}

/// A step with what it has brought for others.
async fn brought(station: &Station, service: ServiceId, step: Step) -> Step {
    let brought = station.apply(move |owner| {
        let decided = owner.decided();
        Ok((services::wakes(owner, service)?, decided))
    });
    let (wakes, decided) = brought.await.unwrap_or_default();
    Step {
        wakes,
        decided,
        ..step
    }
}

/// Asks the data center's monitor for its word: every service that would have brought it is held
/// up.
async fn word(station: &Station, link: &Arc<dyn Link>, empty: Holdings) -> Happened {
    let (id, opened_by) = (empty.contact, empty.opened_by);
    let holds = station.apply(move |owner| owner.holdings(id, opened_by));
    let holds = holds.await.unwrap_or(empty);
    let fetch = LinkRequest::fetch(WORD_PATH.to_owned());
    let answered = link.exchange(fetch, &holds).await;
    Happened::Went(Step {
        service: None,
        turn: Turn::Nothing,
        bytes: 0,
        due: answered.due,
        fault: None,
        wakes: None,
        decided: None,
    })
}
