//! The hub under a scheduler that tries interleavings of its threads, with the same code.

use std::collections::BTreeSet;

use crate::db::{Concerned, News};
use shared::ids::{AccountId, StationId};
use shared::services::ServiceId;
use shuttle::future::block_on;
use shuttle::sync::Arc;
use shuttle::{check_pct, check_random, thread};

#[path = "hub.rs"]
#[allow(
    clippy::duplicate_mod,
    reason = "the same code, with the locks of the scheduler"
)]
mod hub;

/// The locks of the scheduler.
mod sync {
    pub(super) use shuttle::sync::{Arc, Mutex, MutexGuard};
    pub(super) use std::sync::PoisonError;
}

use hub::{Hub, Listener};

/// Schedules of each test; each is another interleaving.
const SCHEDULES: usize = 2_000;

/// Changes of the running thread that a schedule makes at chosen moments.
const CHANGES: usize = 3;

const STATION: StationId = StationId::from_bytes([1; 16]);

const ACCOUNT: AccountId = AccountId::from_bytes([2; 16]);

const ANOTHER: AccountId = AccountId::from_bytes([3; 16]);

/// Tries random schedules, and those that change the running thread at the worst moments.
fn any_schedule(test: impl Fn() + Send + Sync + Clone + 'static) {
    check_random(test.clone(), SCHEDULES);
    check_pct(test, SCHEDULES, CHANGES);
}

/// Carries news away until the place has ended.
fn carry(mut listener: Listener) -> BTreeSet<ServiceId> {
    let mut carried = BTreeSet::new();
    block_on(async {
        while let Some(news) = listener.news().await {
            carried.extend(news.iter());
        }
    });
    carried
}

#[test]
fn a_signal_is_never_lost_whoever_comes_first() {
    any_schedule(|| {
        let hub = Arc::new(Hub::default());
        let mut listener = hub.listen(STATION, ACCOUNT).unwrap();
        let signals = [
            (Concerned::Station(STATION), ServiceId::Funds),
            (Concerned::Account(ACCOUNT), ServiceId::Rates),
            (Concerned::Account(ANOTHER), ServiceId::Keys),
        ]
        .map(|(concerned, service)| {
            let hub = Arc::clone(&hub);
            thread::spawn(move || hub.hear(News { concerned, service }))
        });
        let mut carried = BTreeSet::new();
        block_on(async {
            // Without both it would wait for ever, which the scheduler reports as a deadlock.
            while carried.len() < 2 {
                carried.extend(listener.news().await.unwrap().iter());
            }
        });
        for signal in signals {
            signal.join().unwrap();
        }
        assert!(!carried.contains(&ServiceId::Keys), "another account's");
    });
}

#[test]
fn a_signal_while_a_station_comes_anew_reaches_one_of_its_contacts() {
    any_schedule(|| {
        let hub = Arc::new(Hub::default());
        let first = hub.listen(STATION, ACCOUNT).unwrap();
        let carrier = thread::spawn(move || carry(first));
        let signaller = {
            let hub = Arc::clone(&hub);
            thread::spawn(move || hub.signal_all(ServiceId::Rates))
        };
        let mut second = hub.listen(STATION, ACCOUNT).unwrap();
        signaller.join().unwrap();
        let by_first = carrier.join().unwrap();
        hub.signal(STATION, ServiceId::Funds);
        let mut by_second = BTreeSet::new();
        block_on(async {
            while !by_second.contains(&ServiceId::Funds) {
                by_second.extend(second.news().await.unwrap().iter());
            }
        });
        assert!(by_first.contains(&ServiceId::Rates) || by_second.contains(&ServiceId::Rates));
    });
}

#[test]
fn an_end_wakes_whoever_waits_and_leaves_no_place() {
    any_schedule(|| {
        let hub = Arc::new(Hub::default());
        let listener = hub.listen(STATION, ACCOUNT).unwrap();
        let carrier = thread::spawn(move || carry(listener));
        let ender = {
            let hub = Arc::clone(&hub);
            thread::spawn(move || hub.end(STATION))
        };
        hub.signal(STATION, ServiceId::Keys);
        ender.join().unwrap();
        carrier.join().unwrap();
        assert_eq!(hub.len(), 0);
        hub.close();
        assert!(
            hub.listen(STATION, ACCOUNT).is_err(),
            "nobody comes after the close"
        );
    });
}

#[test]
fn a_contact_that_breaks_off_does_not_take_the_place_of_the_next() {
    any_schedule(|| {
        let hub = Arc::new(Hub::default());
        let first = hub.listen(STATION, ACCOUNT).unwrap();
        let dropper = thread::spawn(move || drop(first));
        let mut second = hub.listen(STATION, ACCOUNT).unwrap();
        dropper.join().unwrap();
        assert_eq!(hub.len(), 1);
        hub.signal(STATION, ServiceId::Rates);
        let news = block_on(second.news()).unwrap();
        assert!(news.iter().eq([ServiceId::Rates]));
        drop(second);
        assert_eq!(hub.len(), 0);
    });
}
