use std::io::Write as _;
use std::process::{Command, Stdio};

use shared::clock::UnixSeconds;
use shared::ids::{AccountId, DataCenterId, VaultId};
use shared::money::Mills;
use shared::services::accounts::Month;
use tempfile::TempDir;

use super::{CentreLine, Movement, Statement, StatementError, StationLine, page, signed, table};
use crate::db::Db;
use crate::ledger::accounts::{self, Account};
use crate::ledger::{Ledger, LedgerAccount, LedgerError, Transfer, TransferId, TransferKind};

const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);
const VAULT: VaultId = VaultId::from_bytes([2; 16]);

fn mills(mills: u64) -> Mills {
    Mills::new(mills).unwrap()
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn at(text: &str) -> UnixSeconds {
    UnixSeconds(text.parse::<jiff::Timestamp>().unwrap().as_second())
}

fn account() -> Account {
    Account {
        id: ACCOUNT,
        name: "Rural Dental".to_owned(),
        created: UnixSeconds(0),
    }
}

fn grant(amount: u64, now: UnixSeconds) -> Transfer {
    Transfer {
        id: TransferId::derived(TransferKind::Grant, &now.0.to_be_bytes()),
        debit: LedgerAccount::Customer(ACCOUNT),
        credit: LedgerAccount::InTransit(VAULT),
        amount: mills(amount),
        kind: TransferKind::Grant,
        reference: "refill".to_owned(),
        request_hash: [0; 32],
        user: "station".to_owned(),
        now,
    }
}

/// A book with movements at the very ends of November 2026.
fn book() -> (Db, TempDir) {
    let keep = TempDir::new().unwrap();
    let now = at("2026-10-01T00:00:00Z");
    let db = Db::open(&keep.path().join("test.db"), now).unwrap();
    db.write_blocking("book", |tx| {
        let book = Ledger::new(DataCenterId::from_bytes([9; 16]));
        accounts::open(tx, &account())?;
        for (instant, amount, reference) in [
            ("2026-10-31T23:59:59Z", 100_000, "before"),
            ("2026-11-01T00:00:00Z", 50_000, "first second"),
            ("2026-11-30T23:59:59Z", 7_000, "last second"),
            ("2026-12-01T00:00:00Z", 1_000, "after"),
        ] {
            accounts::deposit(&book, tx, ACCOUNT, mills(amount), reference, at(instant))?;
        }
        book.post(tx, &grant(20_000, at("2026-11-10T12:00:00Z")))?;
        Ok::<_, LedgerError>(())
    })
    .unwrap();
    (db, keep)
}

fn made(db: &Db, of: &str, now: &str) -> Result<Statement, StatementError> {
    let (of, now) = (month(of), at(now));
    db.read_blocking("statement", move |tx| {
        Statement::of(tx, &account(), of, now)
    })
}

#[test]
fn a_statement_has_each_movement_of_its_month_and_its_balances_meet_those_beside_it() {
    let (db, _keep) = book();
    let later = "2027-01-01T00:00:00Z";
    let november = made(&db, "2026-11", later).unwrap();
    assert_eq!(november.opening, 100_000);
    assert_eq!(november.movements.len(), 3);
    assert_eq!((november.deposits, november.refills), (57_000, -20_000));
    assert_eq!(november.closing, 137_000);
    assert!(!november.preliminary);
    let december = made(&db, "2026-12", later).unwrap();
    assert_eq!(december.opening, november.closing);
    assert_eq!(december.closing, 138_000);
    assert!(
        made(&db, "2026-11", "2026-11-30T12:00:00Z")
            .unwrap()
            .preliminary
    );
    assert!(matches!(
        made(&db, "2026-11", "2026-10-31T23:59:59Z"),
        Err(StatementError::Future { .. })
    ));
}

fn sample() -> Statement {
    let movement = |number: i64| Movement {
        at: UnixSeconds(at("2026-11-01T00:00:00Z").0 + number * 3_600),
        kind: "deposit".to_owned(),
        reference: format!("INV-{number:04}"),
        amount: 1_000,
    };
    Statement {
        account: ACCOUNT,
        name: "Rural Dental & Söhne".to_owned(),
        payment_reference: "RF18".to_owned(),
        month: month("2026-11"),
        made: at("2026-12-02T00:00:00Z"),
        preliminary: false,
        opening: -5_000,
        movements: (0..120).map(movement).collect(),
        deposits: 120_000,
        refills: 0,
        refunds: 0,
        others: 0,
        closing: 115_000,
        centres: vec![
            CentreLine {
                centre: "Boise / Marketing".to_owned(),
                pieces: 3,
                postage: mills(2_345),
                surcharge: mills(117),
            },
            CentreLine {
                centre: "=cmd, \"x\"".to_owned(),
                pieces: 1,
                postage: mills(780),
                surcharge: Mills::ZERO,
            },
        ],
        pieces: 4,
        postage: mills(3_125),
        surcharges: mills(117),
        stations: vec![StationLine {
            psd_text: "ZZ010000000042".to_owned(),
            stated: mills(3_125),
            reported: mills(3_125),
        }],
    }
}

/// Whether pdftotext, which is not ours, is there.
fn has_judge() -> bool {
    Command::new("pdftotext").arg("-v").output().is_ok()
}

/// What it reads in a PDF.
fn text_of(pdf: &[u8]) -> String {
    let mut judge = Command::new("pdftotext")
        .args(["-layout", "-enc", "UTF-8", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    judge.stdin.take().unwrap().write_all(pdf).unwrap();
    let output = judge.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_foreign_reader_finds_every_line_and_sum_in_the_pdf() {
    let statement = sample();
    let pdf = page::pdf(&statement);
    assert!(pdf.starts_with(b"%PDF"));
    if !has_judge() {
        println!("SKIPPED a_foreign_reader_finds_every_line_and_sum_in_the_pdf: no pdftotext");
        return;
    }
    let text = text_of(&pdf);
    let squeezed: Vec<String> = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    for movement in &statement.movements {
        let day = shared::clock::civil_date(movement.at);
        let wanted = format!("{day} deposit {} 1.00", movement.reference);
        assert!(squeezed.contains(&wanted), "{wanted}\n{text}");
    }
    for wanted in [
        "Rural Dental & Söhne",
        "Balance at the beginning -5.00",
        "Deposits 120.00",
        "Balance at the end 115.00",
        "Boise / Marketing 3 2.345 0.117",
        "Together 4 3.125 0.117",
        "ZZ010000000042 3.125 3.125",
        "Every station has reported its pieces to the mill.",
    ] {
        assert!(
            squeezed.iter().any(|line| line == wanted),
            "{wanted}\n{text}"
        );
    }
    let pages = text.matches('\u{c}').count();
    assert!(pages >= 3, "{pages} pages");
    assert!(squeezed.contains(&format!("Page {pages} of {pages}")));
}

#[test]
fn the_csv_adds_up_and_holds_no_formula() {
    let text = table::csv(&sample());
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let sum: i64 = records
        .iter()
        .filter(|record| &record[0] == "movement")
        .map(|record| i64::try_from(Mills::parse(&record[5]).unwrap().mills()).unwrap())
        .sum();
    assert_eq!(sum, 120_000);
    let centre = records
        .iter()
        .find(|record| record[3].contains("cmd"))
        .unwrap();
    assert_eq!(&centre[3], "'=cmd, \"x\"");
    assert_eq!(signed(-5_000), "-5.00");
    let opening = records
        .iter()
        .find(|record| &record[2] == "opening")
        .unwrap();
    assert_eq!(&opening[5], "-5.00");
}
