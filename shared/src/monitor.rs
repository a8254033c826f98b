//! One contact as a monitor sees it: who opened it, who was signalled, who is being served and what
//! came of it.
//!
//! Both sides keep the same state. When any service is accessed, all the others are signalled that
//! they can now be served; each is asked for its next request, and those that have one run at the
//! same time. The station's monitor asks its services and puts their requests on the line; the data
//! center's notes which of them come in, and asks each service whether it has something for this
//! station ([`Due`]).
//!
//! On a line with a [`Budget`], services of higher rank are asked first and those of lower rank right
//! behind them: none waits for a reply of another, so that the line is never idle while somebody has
//! something to say. Only while somebody waits for money does nothing else go beside it. What no longer
//! fits is deferred by name. A service that is slow or fails never holds up another. Nothing here
//! waits: times are durations since the contact was opened, passed in.

mod place;
mod stages;
mod words;

use core::time::Duration;
use std::collections::BTreeMap;

use crate::services::ServiceId;
use place::{Place, is_exempt};

pub use stages::{Budget, Deferral, Outcome, Stage, Turn};
pub use words::{
    ContactId, DUE_HEADER, Due, HOLDS_HEADER, Holdings, LINE_MAX_BYTES, Marker, WordFault,
};

/// The most requests of one service in one contact: a list of editions and their contents. What
/// goes on beyond is deferred, so that no contact lasts for ever.
pub const REQUESTS_MAX: u32 = 64;

/// A service that has waited so long for one reply no longer keeps others waiting: what gives way to
/// money, what would not fit into a budget beside it, and what somebody's money goes before.
pub const STALLED_AFTER: Duration = Duration::from_secs(10);

/// When no reply has come by then, the station's monitor asks the data center's by itself: the
/// services that would have brought its word are held up.
pub const WORD_PATIENCE: Duration = Duration::from_secs(2);

/// The state of one contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    opened_by: Option<ServiceId>,
    budget: Budget,
    used_bytes: u64,
    has_heard: bool,
    /// The service that somebody waits for on a line with a budget, until it is decided.
    awaited: Option<ServiceId>,
    places: Vec<Place>,
}

impl Contact {
    /// Opens a contact of these services; all of them are signalled at once.
    #[must_use]
    pub fn open(services: &[ServiceId], opened_by: Option<ServiceId>, budget: Budget) -> Self {
        let place = |service: &ServiceId| Place::new(*service, Some(*service) == opened_by);
        let mut places: Vec<Place> = services.iter().map(place).collect();
        // Where nobody waits, the question for the repository's news goes ahead: some bytes, whose
        // answer comes while what is said of money still goes out and nothing else could come.
        let asks_ahead = budget.is_limited() && opened_by.is_none();
        places.sort_by_key(|place| {
            let service = place.service;
            let is_ahead = asks_ahead && service == ServiceId::Rates;
            let is_opener = Some(service) == opened_by;
            let rank = service.rank();
            (!is_ahead, rank, !is_opener, service != ServiceId::Funds)
        });
        let awaits = budget.is_limited() && opened_by == Some(ServiceId::Funds);
        Self {
            opened_by,
            budget,
            used_bytes: 0,
            has_heard: false,
            awaited: opened_by.filter(|_| awaits),
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
        let awaited = self.awaited(now);
        let money = self.is_money_open(now);
        let full = self.expected_bytes(now) > 0;
        let ready = self.places.iter().filter(|place| {
            place.stage == Stage::Signalled
                && !(money && place.gives_way)
                && !(full && place.waits_for_room)
                && awaited.is_none_or(|awaited| place.service == awaited)
        });
        ready.map(|place| place.service).collect()
    }

    /// When [`Contact::ready`] may say something else without anything having happened.
    #[must_use]
    pub fn next_look(&self, now: Duration) -> Option<Duration> {
        let waiting = self.places.iter().any(|one| one.stage == Stage::Signalled);
        let held_up = self.places.iter().any(|one| {
            let waits = one.gives_way || one.waits_for_room || self.awaited.is_some();
            one.stage == Stage::Signalled && waits
        });
        let stalls = self.places.iter().filter_map(|place| {
            let at = place.since.saturating_add(STALLED_AFTER);
            (held_up && place.stage == Stage::Running).then_some(at)
        });
        let word = (!self.has_heard).then_some(WORD_PATIENCE);
        let time = self.budget.time.filter(|_| waiting);
        let looks = stalls.chain(word).chain(time);
        looks.filter(|look| *look > now).min()
    }

    /// The bytes the next message of a service and its reply may have beside those on their way;
    /// nothing for any number.
    ///
    /// Funds and keys, and the service the line was opened for, are never cut off: they are small,
    /// and a call that does not carry them is worth nothing.
    #[must_use]
    pub fn room(&self, service: ServiceId, now: Duration) -> Option<u64> {
        if is_exempt(service, self.opened_by) {
            return None;
        }
        let left = self.budget.bytes?.saturating_sub(self.used_bytes);
        Some(left.saturating_sub(self.expected_bytes(now)))
    }

    /// Notes the bytes that the message of a running service and its reply may have: until it has
    /// turned, nobody else is given room for them.
    pub fn expect(&mut self, service: ServiceId, bytes: u64) {
        if let Some(place) = self.place_mut(service) {
            place.expected = bytes;
        }
    }

    /// Notes bytes that went both ways beside a request of a service.
    pub const fn carried(&mut self, bytes: u64) {
        self.used_bytes = self.used_bytes.saturating_add(bytes);
    }

    /// Whether what it costs is bounded, as on a telephone line.
    #[must_use]
    pub const fn is_limited(&self) -> bool {
        self.budget.is_limited()
    }

    /// Lets everybody be served although somebody waits for money: it is decided.
    pub const fn decided(&mut self) {
        self.awaited = None;
    }

    /// Begins to ask a service, and says whether it is due: named by the data center, or the reason
    /// of the contact, since it was last asked. One that is not signalled stays as it is.
    pub fn start(&mut self, service: ServiceId, now: Duration) -> bool {
        let beside = self.expected_bytes(now) > 0;
        match self.place_mut(service) {
            Some(place) if place.stage == Stage::Signalled => {
                place.stage = Stage::Running;
                place.since = now;
                place.waits_for_room = beside;
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
        place.expected = 0;
        // What did not fit beside others may fit after them.
        place.waits_for_room &= turn == Turn::TooLarge;
        place.stage = match turn {
            Turn::GivesWay => Stage::Signalled,
            Turn::TooLarge if place.waits_for_room => Stage::Signalled,
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
                place.signal(*marker);
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
        money.any(|place| place.is_under_way(now))
    }

    /// Whether the data center's monitor has said anything.
    #[must_use]
    pub const fn has_heard(&self) -> bool {
        self.has_heard
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
        self.place(service)?.markers.last().copied()
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

    /// The service that somebody waits for, while it is under way.
    fn awaited(&self, now: Duration) -> Option<ServiceId> {
        let place = self.place(self.awaited?)?;
        place.is_under_way(now).then_some(place.service)
    }

    /// What the messages on their way and their replies may come to, where what has stalled does not
    /// count; nothing where bytes cost nothing.
    fn expected_bytes(&self, now: Duration) -> u64 {
        let mut bytes = 0_u64;
        for place in &self.places {
            if self.budget.is_limited() && place.is_under_way(now) {
                bytes = bytes.saturating_add(place.expected);
            }
        }
        bytes
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

#[cfg(test)]
mod tests;
