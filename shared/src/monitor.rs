//! One contact as a monitor sees it: who opened it, who was signalled, who is being served and what
//! came of it.
//!
//! Both sides keep the same state. When any service is accessed, all the others are signalled that
//! they can now be served; each is asked for its next request, and those that have one run at the
//! same time. The station's monitor asks its services and puts their requests on the line; the data
//! center's notes which of them come in, and asks each service whether it has something for this
//! station ([`Due`]).
//!
//! On a line with a [`Budget`], services of higher rank go first, and what no longer fits is
//! deferred by name. A service that is slow or fails never holds up another. Nothing here waits:
//! times are durations since the contact was opened, passed in.

mod stages;
mod words;

use core::time::Duration;
use std::collections::BTreeMap;

use crate::services::ServiceId;

pub use stages::{Budget, Deferral, Outcome, Stage, Turn};
pub use words::{
    ContactId, DUE_HEADER, Due, HOLDS_HEADER, Holdings, LINE_MAX_BYTES, Marker, WordFault,
};

/// The most requests of one service in one contact: a list of editions and their contents. What
/// goes on beyond is deferred, so that no contact lasts for ever.
pub const REQUESTS_MAX: u32 = 64;

/// On a line with a budget, a service that has waited so long for one reply no longer keeps those
/// of lower rank waiting.
pub const STALLED_AFTER: Duration = Duration::from_secs(10);

/// When no reply has come by then, the station's monitor asks the data center's by itself: the
/// services that would have brought its word are held up.
pub const WORD_PATIENCE: Duration = Duration::from_secs(2);

/// One service in a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    service: ServiceId,
    stage: Stage,
    /// Requests that were answered.
    requests: u32,
    /// Since when it has been running.
    since: Duration,
    /// What the data center said it has for this service, each marker once.
    marker: Option<Marker>,
    /// Whether it was told without a marker.
    told: bool,
    /// Named by the data center, or the reason of the contact, since it was last asked.
    is_due: bool,
    /// It has something that gives way to money, and money was still on its way.
    gives_way: bool,
}

impl Place {
    const fn new(service: ServiceId, is_due: bool) -> Self {
        Self {
            service,
            stage: Stage::Signalled,
            requests: 0,
            since: Duration::ZERO,
            marker: None,
            told: false,
            is_due,
            gives_way: false,
        }
    }

    const fn at_rest(&self) -> Outcome {
        if self.requests == 0 {
            Outcome::Nothing
        } else {
            Outcome::Served
        }
    }
}

/// The state of one contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    opened_by: Option<ServiceId>,
    budget: Budget,
    used_bytes: u64,
    has_heard: bool,
    places: Vec<Place>,
}

impl Contact {
    /// Opens a contact of these services; all of them are signalled at once.
    #[must_use]
    pub fn open(services: &[ServiceId], opened_by: Option<ServiceId>, budget: Budget) -> Self {
        let place = |service: &ServiceId| Place::new(*service, Some(*service) == opened_by);
        let mut places: Vec<Place> = services.iter().map(place).collect();
        places.sort_by_key(|place| (place.service.rank(), Some(place.service) != opened_by));
        Self {
            opened_by,
            budget,
            used_bytes: 0,
            has_heard: false,
            places,
        }
    }

    /// The service through which the contact was opened.
    #[must_use]
    pub const fn opened_by(&self) -> Option<ServiceId> {
        self.opened_by
    }

    /// Where a service stands; nothing when it takes no part.
    #[must_use]
    pub fn stage(&self, service: ServiceId) -> Option<Stage> {
        self.place(service).map(|place| place.stage)
    }

    /// The requests of a service that were answered.
    #[must_use]
    pub fn requests(&self, service: ServiceId) -> u32 {
        self.place(service).map_or(0, |place| place.requests)
    }

    /// Bytes that went both ways.
    #[must_use]
    pub const fn used_bytes(&self) -> u64 {
        self.used_bytes
    }

    /// All services with where they stand, in the order in which they are served.
    pub fn stages(&self) -> impl Iterator<Item = (ServiceId, Stage)> {
        self.places.iter().map(|place| (place.service, place.stage))
    }

    /// The services to be asked now, most urgent first. Those the budget leaves no room for come to
    /// rest as deferred.
    pub fn ready(&mut self, now: Duration) -> Vec<ServiceId> {
        if let Some(deferral) = self.spent(now) {
            let opener = self.opened_by;
            for place in &mut self.places {
                if place.stage == Stage::Signalled && !is_exempt(place.service, opener) {
                    place.stage = Stage::Rested(Outcome::Deferred(deferral));
                }
            }
        }
        let first = self.first_rank(now);
        let money = self.is_money_open(now);
        let ready = self.places.iter().filter(|place| {
            place.stage == Stage::Signalled
                && !(money && place.gives_way)
                && first.is_none_or(|first| place.service.rank() <= first)
        });
        ready.map(|place| place.service).collect()
    }

    /// When [`Contact::ready`] may say something else without anything having happened.
    #[must_use]
    pub fn next_look(&self, now: Duration) -> Option<Duration> {
        let mut signalled = self
            .places
            .iter()
            .filter(|one| one.stage == Stage::Signalled);
        let gives_way = signalled.clone().any(|place| place.gives_way);
        let waiting = signalled.next().is_some();
        let held_up = gives_way || (waiting && self.budget.is_limited());
        let stalls = self.places.iter().filter_map(|place| {
            let at = place.since.saturating_add(STALLED_AFTER);
            (held_up && place.stage == Stage::Running).then_some(at)
        });
        let word = (!self.has_heard).then_some(WORD_PATIENCE);
        let time = self.budget.time.filter(|_| waiting);
        let looks = stalls.chain(word).chain(time);
        looks.filter(|look| *look > now).min()
    }

    /// The bytes the next message of a service and its reply may have; nothing for any number.
    ///
    /// Funds and keys, and the service the line was opened for, are never cut off: they are small,
    /// and a call that does not carry them is worth nothing.
    #[must_use]
    pub fn room(&self, service: ServiceId) -> Option<u64> {
        if is_exempt(service, self.opened_by) {
            return None;
        }
        let bytes = self.budget.bytes?;
        Some(bytes.saturating_sub(self.used_bytes))
    }

    /// Begins to ask a service, and says whether it is due: named by the data center, or the reason
    /// of the contact, since it was last asked. One that is not signalled stays as it is.
    pub fn start(&mut self, service: ServiceId, now: Duration) -> bool {
        match self.place_mut(service) {
            Some(place) if place.stage == Stage::Signalled => {
                place.stage = Stage::Running;
                place.since = now;
                std::mem::take(&mut place.is_due)
            }
            Some(_) | None => false,
        }
    }

    /// Takes what came of asking a service, and the bytes that went both ways for it.
    pub fn turned(&mut self, service: ServiceId, turn: Turn, bytes: u64) {
        self.used_bytes = self.used_bytes.saturating_add(bytes);
        let Some(place) = self.place_mut(service) else {
            return;
        };
        place.gives_way = turn == Turn::GivesWay;
        place.stage = match turn {
            Turn::GivesWay => Stage::Signalled,
            Turn::Yielded => Stage::Rested(Outcome::Deferred(Deferral::Others)),
            Turn::Nothing if place.is_due => Stage::Signalled,
            Turn::Nothing => Stage::Rested(place.at_rest()),
            Turn::Exchanged => {
                place.requests = place.requests.saturating_add(1);
                if place.requests < REQUESTS_MAX {
                    Stage::Signalled
                } else {
                    Stage::Rested(Outcome::Deferred(Deferral::Requests))
                }
            }
            Turn::TooLarge => Stage::Rested(Outcome::Deferred(Deferral::Bytes)),
            Turn::Refused => Stage::Rested(Outcome::Refused),
            Turn::Failed => Stage::Rested(Outcome::Failed),
        };
    }

    /// Takes the word of the data center's monitor. The services it names are signalled again when
    /// they had come to rest; each marker counts once in a contact, and a service that was refused,
    /// failed or was deferred has had its turn.
    pub fn hear(&mut self, due: &Due) {
        self.has_heard = true;
        for (service, marker) in &due.0 {
            if let Some(place) = self.place_mut(*service) {
                signal(place, *marker);
            }
        }
    }

    /// Signals a service again because another one has brought what it waits for. One that was refused,
    /// failed or was deferred has had its turn.
    pub fn wake(&mut self, service: ServiceId) {
        if let Some(place) = self.place_mut(service)
            && matches!(
                place.stage,
                Stage::Rested(Outcome::Served | Outcome::Nothing)
            )
        {
            place.stage = Stage::Signalled;
        }
    }

    /// Whether money is on its way or about to be, where what has stalled does not count: what can
    /// wait for it should.
    #[must_use]
    pub fn is_money_open(&self, now: Duration) -> bool {
        let mut money = self.places.iter().filter(|place| place.service.rank() == 0);
        money.any(|place| is_under_way(place, now))
    }

    /// Whether the data center's monitor has said nothing for so long that it should be asked.
    #[must_use]
    pub fn wants_word(&self, now: Duration) -> bool {
        !self.has_heard && now >= WORD_PATIENCE
    }

    /// What the data center said it has for a service, and what the service therefore holds once
    /// it has come to rest well.
    #[must_use]
    pub fn marker(&self, service: ServiceId) -> Option<Marker> {
        self.place(service).and_then(|place| place.marker)
    }

    /// Notes that a request of a service came in: the side that answers does not choose who runs.
    pub fn accessed(&mut self, service: ServiceId, now: Duration) {
        if let Some(place) = self.place_mut(service) {
            place.stage = Stage::Running;
            place.since = now;
        }
    }

    /// Notes how a request of a service that came in was answered.
    pub fn answered(&mut self, service: ServiceId, turn: Turn) {
        if let Some(place) = self.place_mut(service) {
            let served = turn == Turn::Exchanged;
            place.requests = place.requests.saturating_add(u32::from(served));
            place.stage = Stage::Rested(match turn {
                Turn::Nothing | Turn::Exchanged => place.at_rest(),
                Turn::TooLarge => Outcome::Deferred(Deferral::Bytes),
                Turn::GivesWay | Turn::Yielded => Outcome::Deferred(Deferral::Others),
                Turn::Refused => Outcome::Refused,
                Turn::Failed => Outcome::Failed,
            });
        }
    }

    /// Notes that those services that are signalled and not due have nothing for this station.
    pub fn asked_all(&mut self, due: &Due) {
        for place in &mut self.places {
            if place.stage == Stage::Signalled && !due.0.contains_key(&place.service) {
                place.stage = Stage::Rested(place.at_rest());
            }
        }
    }

    /// Whether every service has come to rest.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let mut stages = self.places.iter().map(|place| place.stage);
        stages.all(|stage| matches!(stage, Stage::Rested(_)))
    }

    /// What came of each service that has come to rest.
    #[must_use]
    pub fn outcomes(&self) -> BTreeMap<ServiceId, Outcome> {
        let rested = self.places.iter().filter_map(|place| match place.stage {
            Stage::Rested(outcome) => Some((place.service, outcome)),
            Stage::Signalled | Stage::Running => None,
        });
        rested.collect()
    }

    /// Why no further message fits, when none does.
    fn spent(&self, now: Duration) -> Option<Deferral> {
        if self.budget.time.is_some_and(|time| now >= time) {
            return Some(Deferral::Time);
        }
        let spent = self
            .budget
            .bytes
            .is_some_and(|most| self.used_bytes >= most);
        spent.then_some(Deferral::Bytes)
    }

    /// On a line with a budget, the rank that goes now: the first that is not done, where what has
    /// stalled does not count.
    fn first_rank(&self, now: Duration) -> Option<u8> {
        if !self.budget.is_limited() {
            return None;
        }
        let under_way = self.places.iter().filter(|place| is_under_way(place, now));
        under_way.map(|place| place.service.rank()).min()
    }

    fn place(&self, service: ServiceId) -> Option<&Place> {
        self.places.iter().find(|place| place.service == service)
    }

    fn place_mut(&mut self, service: ServiceId) -> Option<&mut Place> {
        self.places
            .iter_mut()
            .find(|place| place.service == service)
    }
}

/// Whether a service is to be asked, or is running and has not stalled.
fn is_under_way(place: &Place, now: Duration) -> bool {
    match place.stage {
        Stage::Signalled => true,
        Stage::Running => now.saturating_sub(place.since) < STALLED_AFTER,
        Stage::Rested(_) => false,
    }
}

/// Whether the budget does not bind a service. A package of software never goes over a line with a
/// budget, whoever opened it: it would hold the line for an hour.
fn is_exempt(service: ServiceId, opened_by: Option<ServiceId>) -> bool {
    service.rank() == 0 || (opened_by == Some(service) && service != ServiceId::Software)
}

fn signal(place: &mut Place, marker: Option<Marker>) {
    let known = if marker.is_some() {
        place.marker == marker
    } else {
        place.told
    };
    if known {
        return;
    }
    place.told |= marker.is_none();
    place.marker = marker.or(place.marker);
    place.is_due = true;
    if matches!(
        place.stage,
        Stage::Rested(Outcome::Served | Outcome::Nothing)
    ) {
        place.stage = Stage::Signalled;
    }
}

#[cfg(test)]
mod tests;
