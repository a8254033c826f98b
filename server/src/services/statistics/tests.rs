use proptest::prelude::*;
use shared::clock::UnixSeconds;
use shared::ids::{AccountId, PsdId, StationId, VaultId};
use shared::money::Mills;
use shared::services::statistics::{DebitFact, FateFact, PieceKind, StatisticsPage, VERSION};
use shared::statistics::{Dimension, Mark};
use shared::vault::Fate;
use tempfile::TempDir;

use super::count::{Statistics, Wanted, statistics};
use super::standing::{Alarm, Standing, standing};
use super::store::{self, put_mark};
use super::take::{Taken, take};
use crate::db::{Db, DbError};
use crate::ledger::LedgerError;
use crate::ledger::accounts::{self, Account};
use crate::params;
use crate::stations::{self, NewStation, Station, StationError};

const NOW: UnixSeconds = UnixSeconds(1_800_000_000);
const VAULT: VaultId = VaultId::from_bytes([7; 16]);

/// A database with one enrolled station.
struct Center {
    db: Db,
    station: Station,
    _keep: TempDir,
}

fn center() -> Center {
    let keep = TempDir::new().unwrap();
    let db = Db::open(&keep.path().join("center.db"), NOW).unwrap();
    let account = Account {
        id: AccountId::from_bytes([1; 16]),
        name: "Demo".to_owned(),
        created: NOW,
    };
    let new = NewStation {
        id: StationId::from_bytes([2; 16]),
        vault: VAULT,
        account: account.id,
        licence_zip: "83702".to_owned(),
        secret_hash: [3; 32],
        now: NOW,
    };
    db.write_blocking("account", move |tx| {
        accounts::open(tx, &account)?;
        Ok::<_, LedgerError>(())
    })
    .unwrap();
    let station = db
        .write_blocking("station", move |tx| {
            let station = stations::add(tx, &new)?;
            tx.execute("UPDATE station SET enrolled = ?1", params![NOW])?;
            Ok::<_, StationError>(station)
        })
        .unwrap();
    assert_eq!(station.psd, PsdId::specimen(1));
    Center {
        db,
        station,
        _keep: keep,
    }
}

impl Center {
    fn take(&self, page: &StatisticsPage) -> Taken {
        assert_eq!(page.check(), Ok(()));
        let (station, page) = (self.station.clone(), page.clone());
        self.db
            .write_blocking("page", move |tx| take(tx, &station, &page, NOW))
            .unwrap()
    }

    fn mark(&self, size: u64, ascending: u64) {
        let mark = Mark {
            size,
            ascending: mills(ascending),
        };
        self.db
            .write_blocking("mark", move |tx| put_mark(tx, VAULT, mark, NOW))
            .unwrap();
    }

    fn execute(&self, sql: &'static str) {
        let changed = self
            .db
            .write_blocking("edit", move |tx| tx.execute(sql, &[]));
        assert_eq!(changed.unwrap(), 1, "{sql}");
    }

    fn standing(&self, now: UnixSeconds) -> Standing {
        let station = self.station.clone();
        self.db
            .read_blocking("standing", move |tx| standing(tx, &station, now))
            .unwrap()
    }

    fn count(&self, by: &[Dimension]) -> Statistics {
        let wanted = Wanted {
            from: jiff::civil::date(2026, 11, 1),
            to: jiff::civil::date(2026, 11, 30),
            by: by.to_vec(),
            account: None,
            vault: None,
        };
        self.db
            .read_blocking("count", move |tx| statistics(tx, &wanted, 1_000, NOW))
            .unwrap()
    }

    /// Everything that is stored of pieces.
    fn rows(&self) -> Vec<(u64, u32, u64, i64)> {
        let rows =
            self.db.read_blocking("rows", |tx| {
                tx.rows(
                "SELECT sequence, counter, postage, fate FROM statistic_piece ORDER BY sequence",
                &[],
                |row| Ok((row.column(0)?, row.column(1)?, row.column(2)?, row.column(3)?)),
            )
            });
        rows.unwrap()
    }

    fn contradictions(&self) -> Vec<u64> {
        let found = self
            .db
            .read_blocking("contradictions", |tx| store::contradictions(tx, VAULT));
        let found: Result<Vec<_>, DbError> = found;
        found.unwrap().iter().map(|one| one.sequence).collect()
    }
}

fn mills(amount: u64) -> Mills {
    Mills::new(amount).unwrap()
}

fn kind(shape: &str) -> PieceKind {
    PieceKind {
        class: "first-class".to_owned(),
        shape: shape.to_owned(),
        step: Some(28_349_523_125),
        zone: None,
        edition: Some("us-2026-07-12".to_owned()),
        cost_centre: None,
        user: "clerk".to_owned(),
    }
}

/// A record of a journal as far as statistics go.
#[derive(Clone, Copy, Debug)]
enum Entry {
    Debit(u64),
    Spoiled(u32),
    Other,
}

/// The page that tells of the records `from..to` of a journal.
fn page(journal: &[Entry], from: usize, to: usize) -> StatisticsPage {
    let mut page = StatisticsPage {
        version: VERSION,
        vault: VAULT,
        from: u64::try_from(from).unwrap(),
        to: u64::try_from(to).unwrap(),
        kinds: Vec::new(),
        debits: Vec::new(),
        fates: Vec::new(),
    };
    let mut counter = 0_u32;
    for (sequence, entry) in (0_u64..).zip(&journal[..to]) {
        let is_told = sequence >= page.from;
        match *entry {
            Entry::Debit(postage) => {
                counter += 1;
                if is_told {
                    let kind = kind(if counter.is_multiple_of(3) {
                        "flat"
                    } else {
                        "letter"
                    });
                    let known = page.kinds.iter().position(|known| *known == kind);
                    let place = known.unwrap_or_else(|| {
                        page.kinds.push(kind);
                        page.kinds.len() - 1
                    });
                    page.debits.push(DebitFact {
                        sequence,
                        counter,
                        postage: mills(postage),
                        booked: 20_261_101 + counter % 20,
                        kind: u16::try_from(place).unwrap(),
                    });
                }
            }
            Entry::Spoiled(counter) if is_told => page.fates.push(FateFact {
                sequence,
                counter,
                fate: Fate::Spoiled,
            }),
            Entry::Spoiled(_) | Entry::Other => {}
        }
    }
    page
}

const JOURNAL: [Entry; 7] = [
    Entry::Other,
    Entry::Debit(780),
    Entry::Debit(1_020),
    Entry::Other,
    Entry::Spoiled(1),
    Entry::Debit(780),
    Entry::Other,
];

#[test]
fn the_same_page_again_changes_nothing() {
    let center = center();
    let first = page(&JOURNAL, 0, 5);
    assert_eq!(center.take(&first), Taken::UpTo(5));
    let rows = center.rows();
    assert_eq!(rows, [(1, 1, 780, 2), (2, 2, 1_020, 0)]);
    assert_eq!(center.take(&first), Taken::UpTo(5));
    assert_eq!(center.rows(), rows);
    assert_eq!(
        center.take(&page(&JOURNAL, 2, 7)),
        Taken::UpTo(7),
        "half of it is new"
    );
    assert_eq!(center.rows().len(), 3);
    assert_eq!(center.contradictions(), [0; 0]);
}

#[test]
fn after_a_lost_page_the_next_one_waits_for_it() {
    let center = center();
    assert_eq!(center.take(&page(&JOURNAL, 0, 2)), Taken::UpTo(2));
    assert_eq!(center.take(&page(&JOURNAL, 5, 7)), Taken::UpTo(2));
    assert_eq!(center.rows().len(), 1, "nothing of it was stored");
    assert_eq!(center.take(&page(&JOURNAL, 2, 7)), Taken::UpTo(7));
    assert_eq!(center.rows().len(), 3);
}

#[test]
fn a_station_that_tells_the_same_record_in_two_ways_raises_an_alarm_and_is_not_believed() {
    let center = center();
    assert_eq!(center.take(&page(&JOURNAL, 0, 5)), Taken::UpTo(5));
    let rows = center.rows();
    let mut other = JOURNAL;
    other[2] = Entry::Debit(1_021);
    assert_eq!(center.take(&page(&other, 0, 7)), Taken::Contradicts);
    assert_eq!(center.rows(), rows, "not even what is new in it was stored");
    assert_eq!(center.contradictions(), [2]);
    let mut again = page(&JOURNAL, 5, 7);
    again.debits[0].counter = 2;
    assert_eq!(
        center.take(&again),
        Taken::Contradicts,
        "one counter, two debits"
    );
    let mut stray = page(&JOURNAL, 5, 7);
    stray.fates.push(FateFact {
        sequence: 6,
        counter: 9,
        fate: Fate::Printed,
    });
    assert_eq!(
        center.take(&stray),
        Taken::Contradicts,
        "a piece that never was"
    );
    assert_eq!(center.rows(), rows);
    let shown = center.standing(NOW).alarms;
    assert_eq!(shown.len(), 3);
    assert_eq!(
        shown[0].to_string(),
        "record 2 was told as piece 2 of 1.02 on 20261103 first-class letter, then as piece 2 of \
         1.021 on 20261103 first-class letter"
    );
}

#[test]
fn a_station_with_fewer_records_than_it_told_of_is_refused() {
    let center = center();
    assert_eq!(center.take(&page(&JOURNAL, 0, 7)), Taken::UpTo(7));
    assert_eq!(center.take(&page(&JOURNAL, 0, 6)), Taken::Behind);
}

#[test]
fn a_falsified_row_is_found_between_the_two_statements_around_it() {
    let center = center();
    center.mark(2, 780);
    center.mark(4, 1_800);
    assert_eq!(center.take(&page(&JOURNAL, 0, 4)), Taken::UpTo(4));
    center.mark(7, 2_580);
    assert_eq!(center.standing(NOW).waiting_since, Some(NOW));
    assert_eq!(center.standing(NOW).alarms, []);
    let late = center.standing(NOW.plus_days(8)).alarms;
    assert_eq!(late, [Alarm::Late { since: NOW }]);
    assert_eq!(center.take(&page(&JOURNAL, 4, 7)), Taken::UpTo(7));
    let good = center.standing(NOW);
    assert_eq!(
        (good.holds_to, good.alarms, good.waiting_since),
        (7, Vec::new(), None)
    );
    center.execute("UPDATE statistic_piece SET postage = 1019 WHERE counter = 2");
    let found = center.standing(NOW);
    let difference = Alarm::Difference {
        from: 2,
        to: 4,
        stated: mills(1_800),
        reported: mills(1_799).into(),
    };
    assert_eq!(found.alarms, [difference]);
    assert_eq!((found.holds_to, found.ascending), (2, mills(780)));
    let sums = center.count(&[]).reconciliation;
    assert_eq!((sums.vaults, sums.hold, sums.alarms), (1, 0, 1));
}

#[test]
fn pieces_are_counted_by_what_is_asked_for() {
    let center = center();
    center.take(&page(&JOURNAL, 0, 7));
    let all = center.count(&[]);
    let total = all.total;
    assert_eq!((total.pieces, total.postage_mills.mills()), (3, 2_580));
    assert_eq!((total.spoiled, total.spoiled_mills.mills()), (1, 780));
    let shapes = center.count(&[Dimension::Shape, Dimension::Station]);
    let keys: Vec<_> = shapes
        .groups
        .iter()
        .map(|group| group.key.join(" "))
        .collect();
    assert_eq!(keys, ["flat ZZ010000000001", "letter ZZ010000000001"]);
    let sum: u64 = shapes.groups.iter().map(|group| group.tally.pieces).sum();
    assert_eq!(sum, 3);
    let steps = center.count(&[Dimension::Step]);
    assert_eq!(steps.chart.labels, ["1 oz"]);
    assert_eq!(steps.chart.series[0].pieces, [3]);
}

#[test]
fn a_piece_is_counted_as_refunded_while_its_credit_stands() {
    let center = center();
    center.take(&page(&JOURNAL, 0, 7));
    center.execute(
        "INSERT INTO refund (identity, station, counter, amount, printed, final_at, state, claimed,
            instant, told)
         VALUES (x'000000000000000000000001', x'02020202020202020202020202020202', 1, 780,
            20261102, 0, 'claimed', 0, 1, 'claimed')",
    );
    let refunded = |center: &Center| {
        let total = center.count(&[Dimension::Class]).groups[0].tally;
        assert_eq!((total.pieces, total.spoiled), (3, 1));
        (total.refunded, total.refunded_mills.mills())
    };
    assert_eq!(refunded(&center), (0, 0), "a claim is no credit");
    center.execute("UPDATE refund SET state = 'provisional'");
    assert_eq!(refunded(&center), (1, 780));
    center.execute("UPDATE refund SET state = 'final'");
    assert_eq!(refunded(&center), (1, 780));
    center.execute("UPDATE refund SET state = 'reversed'");
    assert_eq!(refunded(&center), (0, 0));
}

fn any_entry() -> impl Strategy<Value = Entry> {
    prop_oneof![
        3 => (1_u64..5_000).prop_map(Entry::Debit),
        1 => Just(Entry::Other),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_pages_arrive_in_whatever_order_each_piece_counts_once(
        journal in prop::collection::vec(any_entry(), 1..30),
        cuts in prop::collection::vec((0_usize..30, 1_usize..30), 0..20),
    ) {
        let center = center();
        let mut heard = 0;
        for (from, length) in cuts {
            let from = from.min(journal.len() - 1);
            let to = (from + length).min(journal.len());
            match center.take(&page(&journal, from, to)) {
                Taken::UpTo(next) => heard = usize::try_from(next).unwrap(),
                Taken::Behind => prop_assert!(to < heard),
                Taken::Contradicts => prop_assert!(false, "nothing contradicts itself here"),
            }
        }
        let end = journal.len();
        prop_assert_eq!(center.take(&page(&journal, heard.min(end - 1), end)), Taken::UpTo(u64::try_from(end).unwrap()));
        let postages: Vec<u64> = journal.iter().filter_map(|entry| match entry {
            Entry::Debit(postage) => Some(*postage),
            Entry::Spoiled(_) | Entry::Other => None,
        }).collect();
        let stored: Vec<u64> = center.rows().iter().map(|row| row.2).collect();
        prop_assert_eq!(&stored, &postages);
        center.mark(u64::try_from(end).unwrap(), postages.iter().sum());
        prop_assert_eq!(center.standing(NOW).alarms, []);
    }
}
