//! A station is killed while it refills.

use std::time::{Duration, Instant};

use super::{Dice, Granted, Histogram, Reopened, Victim, as_left, await_commits};
use crate::commands::{Desk, Site, is_long_run};

/// One refill, and its mills.
const AMOUNT: &str = "1.00";
const MILLS: u64 = 1_000;
/// What the account has to spend, mills.
const DEPOSIT: u64 = 1_000_000;
/// So long after a commit a kill comes that is to hit what follows it.
const SOON: Duration = Duration::from_millis(3);
/// The name of a request of the funds service that is on its way.
const INTENT: &str = "intent-funds";

const BEFORE: &str = "before the request was written down";
const ASKED: &str = "written down, not decided";
const DECIDED: &str = "decided, not applied";
const APPLIED: &str = "applied";
const INSTANTS: [&str; 4] = [BEFORE, ASKED, DECIDED, APPLIED];
/// Runs before anything is aimed at.
const CHANCES: usize = 16;
/// Runs in a row that are over before their killer comes; by then it is no matter of chance.
const MOST_ESCAPES: usize = 100;

#[test]
fn a_station_killed_while_it_refills_moves_the_value_once() {
    let wanted = if is_long_run() { 200 } else { 24 };
    let mut till = Till::set_up();
    let mut histogram = Histogram::default();
    while histogram.kills() < wanted || histogram.missing(&INSTANTS).is_some() {
        histogram.assert_not_endless(wanted);
        till.refill_and_be_killed(&mut histogram);
    }
    till.assert_books_hold();
    println!("FIGURE A station that refills, killed: {histogram}");
}

/// A station that refills, and what it has.
struct Till {
    desk: Desk,
    dice: Dice,
    typical: Duration,
    control_total: u64,
    runs: usize,
    escapes: usize,
    // Last: the folder of everything.
    site: Site,
}

impl Till {
    fn set_up() -> Self {
        let site = Site::with_deposit("1000.00");
        let desk = site.enrolled("station");
        let begun = Instant::now();
        desk.tell(&["refill", AMOUNT]).object();
        Self {
            desk,
            dice: Dice::thrown(),
            typical: begun.elapsed(),
            control_total: MILLS,
            runs: 0,
            escapes: 0,
            site,
        }
    }

    /// One refill that is killed; at the next contact it has moved once or not at all.
    fn refill_and_be_killed(&mut self, histogram: &mut Histogram) {
        let before = Granted::by(&self.site.database());
        // What chance has missed is aimed at, once it had its turn.
        let aim = histogram.missing(&INSTANTS).filter(|_| self.runs > CHANCES);
        self.runs += 1;
        if !self.live(aim) {
            // It was faster than its killer.
            self.control_total += MILLS;
            self.escapes += 1;
            assert!(self.escapes < MOST_ESCAPES, "{histogram}");
            return;
        }
        self.escapes = 0;
        let after = Granted::by(&self.site.database());
        let decided = after.refills.len() - before.refills.len();
        assert!(decided <= 1, "one request, {decided} grants");
        let asked = self.has_an_intent();
        let reopened = Reopened::at(&self.desk.folder);
        reopened.assert_books_hold();
        let applied = self.moved_to(&reopened);
        assert!(applied <= decided, "applied what was not granted");
        histogram.count(match (asked, decided, applied) {
            (_, _, 1) => APPLIED,
            (_, 1, _) => DECIDED,
            (true, _, _) => ASKED,
            (false, _, _) => BEFORE,
        });
        reopened.contact();
        reopened.assert_books_hold();
        let moved = self.moved_to(&reopened);
        let settled = Granted::by(&self.site.database());
        assert_eq!(settled.refills.len(), before.refills.len() + moved);
        assert_eq!(moved, usize::from(asked || decided == 1), "asked: {asked}");
        assert_eq!(settled.open, 0, "a statement covers every grant");
        self.control_total = reopened.status().registers.control_total;
        assert_eq!(settled.sums, [self.control_total]);
    }

    /// One run, killed at any instant or at the one that is aimed at; whether it was killed.
    fn live(&mut self, aim: Option<&str>) -> bool {
        let victim = Victim::started(&mut self.desk.command(&["refill", AMOUNT]));
        let own = || Some(self.desk.folder.join("station.db"));
        let center = || Some(self.site.database());
        let (database, commits, then) = match (aim, self.dice.below(3)) {
            (Some(BEFORE), _) => (None, 0, self.typical / 4),
            (Some(ASKED), _) => (own(), 3, SOON),
            (Some(DECIDED), _) => (center(), 1, Duration::ZERO),
            (Some(_), _) => (center(), 1, self.typical),
            (None, 0) => (None, 0, self.typical),
            (None, 1) => (own(), 3, SOON),
            (None, _) => (center(), 1, SOON),
        };
        if let Some(database) = database {
            await_commits(&database, 1 + self.dice.below(commits), self.typical * 4);
        }
        victim.kill_after(self.dice.micros_below(then));
        let code = victim.end();
        assert!(matches!(code, None | Some(0)), "{code:?}");
        code.is_none()
    }

    /// How many refills more than before are in the vault.
    fn moved_to(&self, reopened: &Reopened) -> usize {
        let more = reopened.status().registers.control_total - self.control_total;
        assert!(more == 0 || more == MILLS, "{more} mills moved");
        usize::from(more == MILLS)
    }

    fn has_an_intent(&self) -> bool {
        let (_copy, database) = as_left(&self.desk.folder.join("station.db"));
        let count = "SELECT count(*) FROM secrets WHERE name = ?1";
        let found: u32 = database
            .query_row(count, [INTENT], |row| row.get(0))
            .unwrap();
        found > 0
    }

    /// What left the account is in the vault.
    fn assert_books_hold(&self) {
        let books = self.site.assert_books_hold();
        assert_eq!(books["in_transit"], 0);
        assert_eq!(books["vaults"], self.control_total);
        assert_eq!(self.site.balance(), DEPOSIT - self.control_total);
    }
}
