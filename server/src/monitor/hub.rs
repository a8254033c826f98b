//! The stations that keep a contact open, and what is waiting for each.
//!
//! One slot per station: a set of services with news, and the waker of whoever carries it to the
//! station. Signals that come faster than they are carried away fall together; nothing queues up. A
//! station that opens a second contact takes the place of its first, which ends, and takes over
//! what was waiting. News is added under the lock that guards the places, so that it is never left
//! in a slot nobody listens to any more.
//!
//! The locks come from the parent module, so that the same code also runs under a scheduler that
//! tries its interleavings (`shuttled.rs`).

use std::collections::HashMap;
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use shared::ids::{AccountId, StationId};
use shared::services::ServiceId;

use crate::db::{Concerned, News};

use super::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Stations that may keep a contact open at once: as many as there may be contacts.
const LISTENERS_MAX: usize = 12_000;

/// A set of services.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServiceSet(u32);

impl ServiceSet {
    /// The set with one more.
    #[must_use]
    pub(crate) const fn with(self, service: ServiceId) -> Self {
        Self(self.0 | (1 << service.number()))
    }

    /// Its services, in the order of their numbers.
    pub(crate) fn iter(self) -> impl Iterator<Item = ServiceId> {
        let is_in = move |service: &ServiceId| self.0 & (1 << service.number()) != 0;
        ServiceId::ALL.into_iter().filter(is_in)
    }
}

/// There is no room for one more station.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{LISTENERS_MAX} stations keep a contact open already")]
pub(crate) struct HubFull;

/// All stations that keep a contact open.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    slots: Mutex<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    by_station: HashMap<StationId, Arc<Slot>>,
    /// The data center stops: nobody new may listen.
    has_closed: bool,
}

/// What waits for one station.
#[derive(Debug)]
struct Slot {
    account: AccountId,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    news: ServiceSet,
    waker: Option<Waker>,
    has_ended: bool,
}

impl Slot {
    fn of(account: AccountId) -> Self {
        Self {
            account,
            waiting: Mutex::new(Waiting::default()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds news; who is to be woken for it.
    fn add(&self, service: ServiceId) -> Option<Waker> {
        let mut waiting = self.lock();
        waiting.news = waiting.news.with(service);
        waiting.waker.take()
    }

    /// Ends it; what was waiting, and who is to be woken.
    fn end(&self) -> (ServiceSet, Option<Waker>) {
        let mut waiting = self.lock();
        waiting.has_ended = true;
        (std::mem::take(&mut waiting.news), waiting.waker.take())
    }

    fn poll(&self, context: &Context<'_>) -> Poll<Option<ServiceSet>> {
        let mut waiting = self.lock();
        if waiting.has_ended {
            return Poll::Ready(None);
        }
        if waiting.news == ServiceSet::default() {
            waiting.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Some(std::mem::take(&mut waiting.news)))
    }
}

impl Hub {
    /// Gives a station of an account its place; a contact it keeps open already ends.
    ///
    /// # Errors
    /// [`HubFull`], also when the data center stops.
    pub(crate) fn listen(
        self: &Arc<Self>,
        station: StationId,
        account: AccountId,
    ) -> Result<Listener, HubFull> {
        let mut slots = self.lock();
        let has_place = slots.by_station.contains_key(&station);
        if slots.has_closed || (slots.by_station.len() >= LISTENERS_MAX && !has_place) {
            return Err(HubFull);
        }
        let slot = Arc::new(Slot::of(account));
        let before = slots.by_station.insert(station, Arc::clone(&slot));
        let waker = before.and_then(|before| {
            let (news, waker) = before.end();
            slot.lock().news = news;
            waker
        });
        drop(slots);
        wake(waker);
        Ok(Listener {
            hub: Arc::clone(self),
            station,
            slot,
        })
    }

    /// Signals one station, if it keeps a contact open.
    pub(crate) fn signal(&self, station: StationId, service: ServiceId) {
        let slots = self.lock();
        let waker = slots
            .by_station
            .get(&station)
            .and_then(|slot| slot.add(service));
        drop(slots);
        wake(waker);
    }

    /// Signals every station that keeps a contact open.
    pub(crate) fn signal_all(&self, service: ServiceId) {
        self.signal_those(service, |_| true);
    }

    /// Signals the stations of an account that keep a contact open.
    fn signal_account(&self, account: AccountId, service: ServiceId) {
        self.signal_those(service, |slot| slot.account == account);
    }

    /// Wakes those whom something concerns.
    pub(crate) fn hear(&self, news: News) {
        match news.concerned {
            Concerned::Everyone => self.signal_all(news.service),
            Concerned::Account(account) => self.signal_account(account, news.service),
            Concerned::Station(station) => self.signal(station, news.service),
        }
    }

    fn signal_those(&self, service: ServiceId, concerned: impl Fn(&Slot) -> bool) {
        let slots = self.lock();
        let concerned = slots.by_station.values().filter(|slot| concerned(slot));
        let wakers: Vec<Waker> = concerned.filter_map(|slot| slot.add(service)).collect();
        drop(slots);
        wake(wakers);
    }

    /// Ends the contact a station keeps open: its certificate is revoked.
    pub(crate) fn end(&self, station: StationId) {
        let ended = self.lock().by_station.remove(&station);
        wake(ended.and_then(|slot| slot.end().1));
    }

    /// Ends all of them, and takes no more: the data center stops.
    pub(crate) fn close(&self) {
        let mut slots = self.lock();
        slots.has_closed = true;
        let all = std::mem::take(&mut slots.by_station);
        drop(slots);
        wake(all.into_values().filter_map(|slot| slot.end().1));
    }

    /// How many stations keep a contact open.
    pub(crate) fn len(&self) -> usize {
        self.lock().by_station.len()
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes without holding a lock: a waker may run code that wants it.
fn wake(wakers: impl IntoIterator<Item = Waker>) {
    wakers.into_iter().for_each(Waker::wake);
}

/// The place of one station, until it is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    hub: Arc<Hub>,
    station: StationId,
    slot: Arc<Slot>,
}

impl Listener {
    /// Waits for news; nothing when the place has ended.
    pub(crate) async fn news(&mut self) -> Option<ServiceSet> {
        poll_fn(|context| self.slot.poll(context)).await
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut slots = self.hub.lock();
        let own = |slot: &Arc<Slot>| Arc::ptr_eq(slot, &self.slot);
        if slots.by_station.get(&self.station).is_some_and(own) {
            slots.by_station.remove(&self.station);
        }
    }
}
