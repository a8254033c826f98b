//! The data center is killed while stations refill.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use station::api::{Call, ContactCall, ErrorKind, RefillCall, UiError, View};
use station::station::Station;
use tokio::task::JoinSet;

use super::{Dice, Granted, Histogram, Reopened, as_left, await_grants};
use crate::commands::{Site, is_long_run};

/// Stations that refill at the same time.
const STATIONS: usize = 3;
/// One refill.
const AMOUNT: &str = "0.10";
/// A kill that waits for nothing comes within this time.
const ROUND: Duration = Duration::from_millis(600);
/// So long grants are waited for: a busy machine may need a second for the first of a round.
const GRANTING: Duration = Duration::from_secs(20);
/// So long after a commit its reply may still be on its way.
const REPLYING: Duration = Duration::from_millis(2);

const IDLE: &str = "no refill on its way";
const ASKED: &str = "asked, not committed";
const COMMITTED: &str = "committed, not answered";

#[test]
fn a_data_center_killed_under_load_loses_no_acknowledged_refill_and_doubles_none() {
    let wanted = if is_long_run() { 200 } else { 20 };
    let mut town = Town::set_up();
    let mut histogram = Histogram::default();
    while !histogram.has_its_share(wanted, &[COMMITTED]) {
        histogram.assert_not_endless(wanted);
        let aims = histogram.is_short_of(&[COMMITTED]);
        histogram.count(town.serve_and_be_killed(aims));
        town.start_again();
    }
    let acknowledged = town.acknowledged.len();
    let granted = town.settled.len();
    println!("{acknowledged} refills acknowledged, {granted} granted, all applied once");
    assert!(acknowledged > wanted, "there was load: {acknowledged}");
    println!("FIGURE A data center under load, killed: {histogram}");
}

/// Stations that refill, and what they were told.
struct Town {
    stations: Vec<Reopened>,
    dice: Dice,
    /// Refills that a clerk was told of.
    acknowledged: BTreeSet<String>,
    /// Refills that are in a vault.
    settled: BTreeSet<String>,
    // Last: the folder of everything.
    site: Site,
}

impl Town {
    fn set_up() -> Self {
        let site = Site::with_deposit("100000.00");
        let stations = (1..=STATIONS).map(|number| {
            let desk = site.enrolled(&format!("station-{number}"));
            Reopened::at(&desk.folder)
        });
        Self {
            stations: stations.collect(),
            dice: Dice::thrown(),
            acknowledged: BTreeSet::new(),
            settled: BTreeSet::new(),
            site,
        }
    }

    /// All stations refill until the data center is gone, which `aims` lets be right after a commit;
    /// what it was doing then.
    fn serve_and_be_killed(&mut self, aims: bool) -> &'static str {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let mut clerks = JoinSet::new();
        for station in &self.stations {
            clerks.spawn_on(
                refill_until_refused(station.station.clone()),
                runtime.handle(),
            );
        }
        if !aims && self.dice.below(4) == 0 {
            thread::sleep(self.dice.micros_below(ROUND));
        } else {
            let grants = i64::try_from(1 + self.dice.below(6)).unwrap();
            await_grants(&self.site.database(), grants, GRANTING);
            if !aims {
                thread::sleep(self.dice.micros_below(REPLYING));
            }
        }
        self.site.kill();
        let told: Vec<(Vec<String>, UiError)> = runtime.block_on(clerks.join_all());
        for (refills, end) in told {
            assert_eq!(end.kind, ErrorKind::Unreachable, "{end:?}");
            for refill in refills {
                assert!(self.acknowledged.insert(refill), "acknowledged twice");
            }
        }
        let instant = self.instant();
        self.assert_nobody_is_served();
        instant
    }

    /// A contact with a data center that is down fails, and drops nothing that was on its way.
    fn assert_nobody_is_served(&self) {
        for station in &self.stations {
            let contact = station.station.call(Call::Contact(ContactCall::default()));
            let end = station.runtime.block_on(contact).unwrap_err();
            assert_eq!(end.code, "unreachable", "{end:?}");
        }
    }

    /// Holds what was acknowledged against what was committed.
    fn instant(&self) -> &'static str {
        let left = Granted::by(&self.site.database());
        let lost: Vec<_> = self.acknowledged.difference(&left.refills).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
        let known: BTreeSet<_> = self.acknowledged.union(&self.settled).cloned().collect();
        if left.refills.difference(&known).next().is_some() {
            COMMITTED
        } else if self.stations.iter().any(has_an_intent) {
            ASKED
        } else {
            IDLE
        }
    }

    /// The data center comes back; every station completes what was under way.
    fn start_again(&mut self) {
        self.site.start();
        for station in &self.stations {
            station.contact();
            station.assert_books_hold();
        }
        let granted = Granted::by(&self.site.database());
        assert_eq!(granted.open, 0, "a statement covers every grant");
        let totals = self.stations.iter();
        let totals = totals.map(|station| station.status().registers.control_total);
        let mut totals: Vec<u64> = totals.filter(|total| *total > 0).collect();
        totals.sort_unstable();
        assert_eq!(granted.sums, totals, "what was granted is in the vaults");
        assert_eq!(doubled(&self.site), 0, "refills booked twice");
        self.settled = granted.refills;
        let books = self.site.assert_books_hold();
        assert_eq!(books["in_transit"], 0);
    }
}

/// Refills again and again; what was acknowledged, and what ended it.
async fn refill_until_refused(station: Station) -> (Vec<String>, UiError) {
    let mut refills = Vec::new();
    loop {
        let amount = AMOUNT.to_owned();
        match station.call(Call::Refill(RefillCall { amount })).await {
            Ok(View::Refill(refill)) => refills.push(refill.refill),
            Ok(other) => panic!("not a refill: {other:?}"),
            Err(end) => return (refills, end),
        }
    }
}

fn has_an_intent(station: &Reopened) -> bool {
    let found = station.runtime.block_on(station.station.apply(|owner| {
        let intent = owner.store().secret("intent-funds")?;
        Ok(intent.is_some())
    }));
    found.unwrap()
}

/// Refills that were booked more than once.
fn doubled(site: &Site) -> u32 {
    let (_copy, database) = as_left(&site.database());
    let count = "SELECT count(*) FROM (SELECT 1 FROM transfer WHERE reference <> ''
        GROUP BY reference, kind HAVING count(*) > 1)";
    database.query_row(count, [], |row| row.get(0)).unwrap()
}
