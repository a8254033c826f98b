use std::collections::BTreeMap;

use proptest::prelude::*;
use shared::clock::UnixSeconds;
use shared::ids::{AccountId, DataCenterId};
use shared::money::Mills;
use tempfile::TempDir;

use super::matching::{Known, Rule, creditor_reference};
use super::store::{self, Imported, MatchError, StoredPayment};
use super::{BankFile, BankFileFault, Payment, amount, read};
use crate::db::{Db, DbError};
use crate::ledger::accounts;
use crate::ledger::test_accounts::opened;
use crate::ledger::{self, Ledger, LedgerAccount};

const NOW: UnixSeconds = UnixSeconds(1_800_000_000);
const CENTER: DataCenterId = DataCenterId::from_bytes([9; 16]);
const RURAL: AccountId = AccountId::from_bytes([1; 16]);
const SALEM: AccountId = AccountId::from_bytes([2; 16]);
const CAMT: &str = include_str!("tests/statement.xml");

struct Bank {
    db: Db,
    _keep: TempDir,
}

impl Bank {
    fn new() -> Self {
        let names = [(RURAL, "Rural Dental, Inc."), (SALEM, "Salem Books")];
        let (db, keep) = opened(NOW, names);
        Self { db, _keep: keep }
    }

    fn import(&self, payments: Vec<Payment>) -> Imported {
        self.db
            .write_blocking("import", move |tx| {
                store::import(tx, &Ledger::new(CENTER), &payments, "USD", NOW)
            })
            .unwrap()
    }

    fn import_text(&self, text: &str) -> Imported {
        self.import(read(text.as_bytes()).unwrap().payments)
    }

    fn balance(&self, account: AccountId) -> u64 {
        self.db
            .read_blocking("balance", move |tx| {
                ledger::available(tx, &LedgerAccount::Customer(account))
            })
            .unwrap()
            .mills()
    }

    fn unmatched(&self) -> Vec<StoredPayment> {
        self.db
            .read_blocking("unmatched", store::unmatched)
            .unwrap()
    }

    fn assign(&self, payment: &StoredPayment, account: AccountId) -> Result<(), MatchError> {
        let asked = data_encoding::HEXLOWER.encode(&payment.id[..5]);
        self.db.write_blocking("match", move |tx| {
            let account = accounts::by_id(tx, account)?.unwrap();
            store::assign(tx, &Ledger::new(CENTER), &asked, &account, "USD", NOW).map(drop)
        })
    }

    fn cash(&self) -> i64 {
        self.db
            .read_blocking("cash", |tx| ledger::balance(tx, &LedgerAccount::Cash))
            .unwrap()
    }
}

fn mills(mills: u64) -> Mills {
    Mills::new(mills).unwrap()
}

#[test]
fn a_statement_is_read_as_the_bank_means_it() {
    let file = read(CAMT.as_bytes()).unwrap();
    assert_eq!(file.passed_over, 3, "money out, a reversal, one not booked");
    let told: Vec<String> = file
        .payments
        .iter()
        .map(|payment| {
            format!(
                "{} {} {}/{} {} <{}> {}",
                payment.booked.unwrap(),
                payment.amount,
                payment.bank_reference,
                payment.part,
                payment.payer,
                payment.payer_iban,
                payment.text
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "2026-11-02 250.00 B-0001/0 Rural Dental Inc <DE89370400440532013000> Postage & more",
            "2026-11-03 40.00 B-0002/0 Salem Books <> part one",
            "2026-11-03 60.125 B-0002/1 Nobody We Know <GB33BUKB20201555555555> part two",
            "2026-11-04 12.00 B-0006/0  <> RF18 5390 0754 7034",
        ]
    );
    assert!(file.payments.iter().all(|one| one.currency == "USD"));
}

#[test]
fn a_file_that_is_no_statement_is_refused_whole() {
    let dtd = "<!DOCTYPE a [<!ENTITY x \"y\">]><Document><BkToCstmrStmt/></Document>";
    assert!(matches!(
        read(dtd.as_bytes()),
        Err(BankFileFault::DocumentType)
    ));
    let entity = "<Document><BkToCstmrStmt><Stmt><Ntry><Amt>&x;</Amt></Ntry></Stmt></BkToCstmrStmt></Document>";
    assert!(matches!(
        read(entity.as_bytes()),
        Err(BankFileFault::DocumentType)
    ));
    let deep = format!("<Document>{}", "<a>".repeat(100));
    assert!(matches!(read(deep.as_bytes()), Err(BankFileFault::TooDeep)));
    let torn = &CAMT[..CAMT.len() / 2];
    assert!(read(torn.as_bytes()).is_err());
    assert!(matches!(
        read(b"<Document><Other/></Document>"),
        Err(BankFileFault::NotAStatement { .. })
    ));
    assert!(matches!(
        read(b"name,amount\nx,1"),
        Err(BankFileFault::Column { column: "date" })
    ));
    assert!(matches!(
        read(b"date,amount\n2026-11-01,much"),
        Err(BankFileFault::Line { line: 2, .. })
    ));
    assert!(matches!(read(&[0xff, 0xfe]), Err(BankFileFault::NotText)));
}

#[test]
fn the_same_statement_books_once_and_the_rest_waits_for_the_admin() {
    let bank = Bank::new();
    let first = bank.import_text(CAMT);
    assert_eq!((first.booked, first.unmatched, first.known), (2, 2, 0));
    assert_eq!(first.booked_sum, mills(290_000));
    let again = bank.import_text(CAMT);
    assert_eq!((again.booked, again.unmatched, again.known), (0, 0, 4));
    assert_eq!(bank.balance(RURAL), 250_000);
    assert_eq!(bank.balance(SALEM), 40_000);
    let waiting = bank.unmatched();
    assert_eq!(waiting.len(), 2);
    bank.assign(&waiting[0], SALEM).unwrap();
    bank.assign(&waiting[0], SALEM).unwrap();
    assert_eq!(bank.balance(SALEM), 100_125);
    assert!(matches!(
        bank.assign(&waiting[0], RURAL),
        Err(MatchError::Booked)
    ));
    // Whoever paid so once pays so again.
    let csv = "date,amount,name,iban,id\n2026-12-01,5.00,Unknown,GB33 BUKB 2020 1555 5555 55,Z9\n";
    assert_eq!(bank.import_text(csv).booked, 1);
    assert_eq!(bank.balance(SALEM), 105_125);
    assert_eq!(bank.unmatched().len(), 1);
}

#[test]
fn a_deposit_that_was_typed_in_before_is_not_booked_again() {
    let bank = Bank::new();
    bank.db
        .write_blocking("deposit", |tx| {
            let book = Ledger::new(CENTER);
            accounts::deposit(&book, tx, RURAL, mills(250_000), "B-0001", NOW)
        })
        .unwrap();
    bank.import_text(CAMT);
    assert_eq!(bank.balance(RURAL), 250_000);
    let bank = Bank::new();
    bank.db
        .write_blocking("deposit", |tx| {
            let book = Ledger::new(CENTER);
            accounts::deposit(&book, tx, RURAL, mills(1), "B-0001", NOW)
        })
        .unwrap();
    let imported = bank.import_text(CAMT);
    assert_eq!((imported.booked, imported.unmatched), (1, 3));
    assert!(
        bank.unmatched()[0]
            .note
            .contains("booked before with another amount")
    );
}

#[test]
fn a_payment_in_another_currency_waits_and_is_not_booked() {
    let bank = Bank::new();
    let csv = "Date;Amount;Currency;Name\n2026-11-01;7,50;EUR;Salem Books\n";
    assert_eq!(bank.import_text(csv).unmatched, 1);
    let waiting = bank.unmatched();
    assert_eq!(waiting[0].note, "paid in EUR");
    assert!(matches!(
        bank.assign(&waiting[0], SALEM),
        Err(MatchError::Currency { .. })
    ));
    assert_eq!(bank.balance(SALEM), 0);
}

#[test]
fn the_written_reference_decides_before_bank_account_and_name() {
    let mut known = Known::default();
    known.add(RURAL, "Rural Dental");
    known.add(SALEM, "Salem Books");
    known.add_iban("DE89370400440532013000".to_owned(), SALEM);
    let payment = |text: &str, iban: &str, payer: &str| Payment {
        text: text.to_owned(),
        payer_iban: iban.to_owned(),
        payer: payer.to_owned(),
        ..Payment::default()
    };
    let rural = creditor_reference(RURAL);
    let spaced = format!("invoice 7 {} {}", &rural[..4], &rural[4..].to_lowercase());
    let iban = "DE89370400440532013000";
    let found = |payment: &Payment| known.account_of(payment);
    assert_eq!(
        found(&payment(&spaced, iban, "Salem Books")),
        Some((RURAL, Rule::Reference))
    );
    assert_eq!(
        found(&payment(&RURAL.to_string(), "", "")),
        Some((RURAL, Rule::Reference))
    );
    assert_eq!(
        found(&payment("hello", iban, "Rural Dental")),
        Some((SALEM, Rule::Iban))
    );
    assert_eq!(
        found(&payment("", "", "RURAL-DENTAL")),
        Some((RURAL, Rule::Name))
    );
    let both = format!("{rural} {}", creditor_reference(SALEM));
    assert_eq!(found(&payment(&both, iban, "")), None);
    assert_eq!(found(&payment("", "", "")), None);
}

#[test]
fn a_creditor_reference_has_the_check_digits_of_iso_11649() {
    for number in 0..=255 {
        let reference = creditor_reference(AccountId::from_bytes([number; 16]));
        let moved = format!("{}{}", &reference[4..], &reference[..4]);
        let digits: String = moved
            .chars()
            .map(|letter| letter.to_digit(36).unwrap().to_string())
            .collect();
        let rest = digits
            .bytes()
            .fold(0, |rest, digit| (rest * 10 + u32::from(digit - b'0')) % 97);
        assert_eq!(rest, 1, "{reference}");
    }
}

#[test]
fn amounts_are_read_as_banks_write_them() {
    for (text, read) in [
        ("250", Some(250_000)),
        ("250.00", Some(250_000)),
        ("7,5", Some(7_500)),
        ("0.12500", Some(125)),
        ("0.12345", None),
        ("-5", None),
        ("1.000,00", None),
        ("", None),
        ("1e3", None),
    ] {
        assert_eq!(amount(text).map(Mills::mills), read, "{text}");
    }
}

/// Few different values, so that payments look alike often.
fn any_payment() -> impl Strategy<Value = Payment> {
    let reference = prop_oneof![Just(""), Just("R1"), Just("R2")];
    let payer = prop_oneof![
        Just("Salem Books"),
        Just("Rural Dental Inc"),
        Just("Nobody")
    ];
    let own = prop_oneof![Just(""), Just("NL91ABNA0417164300")];
    let all = (reference, payer, own, 1..4_u64, 0..2_u32);
    all.prop_map(|(reference, payer, own, units, part)| Payment {
        own_iban: own.to_owned(),
        bank_reference: reference.to_owned(),
        part,
        amount: mills(units * 1_000),
        currency: "USD".to_owned(),
        payer: payer.to_owned(),
        ..Payment::default()
    })
}

/// What stands in one file.
fn file_of(payments: &[Payment]) -> Vec<Payment> {
    let mut file = BankFile {
        payments: payments.to_vec(),
        passed_over: 0,
    };
    super::count_occurrences(&mut file.payments);
    file.payments
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_file_books_a_payment_twice_and_the_sums_are_those_of_the_file(
        payments in prop::collection::vec(any_payment(), 0..12), split in 0..12_usize,
    ) {
        let bank = Bank::new();
        let whole = file_of(&payments);
        // A part of the file, then all of it, then all of it again.
        let part = file_of(&payments[..split.min(payments.len())]);
        let mut sums = Vec::new();
        for file in [part, whole.clone(), whole.clone()] {
            sums.push(bank.import(file));
        }
        prop_assert_eq!(sums[2].booked + sums[2].unmatched, 0);
        let expected: BTreeMap<[u8; 32], u64> = whole
            .iter()
            .map(|payment| (payment.id(), payment.amount.mills()))
            .collect();
        let waiting: u64 = bank.unmatched().iter().map(|one| one.amount.mills()).sum();
        let booked = bank.balance(RURAL) + bank.balance(SALEM);
        prop_assert_eq!(booked + waiting, expected.values().sum::<u64>());
        prop_assert_eq!(bank.cash(), -i64::try_from(booked).unwrap());
        for payment in bank.unmatched() {
            bank.assign(&payment, SALEM).unwrap();
            let again: Result<(), MatchError> = bank.assign(&payment, SALEM);
            prop_assert!(again.is_ok());
        }
        let booked = bank.balance(RURAL) + bank.balance(SALEM);
        prop_assert_eq!(booked, expected.values().sum::<u64>());
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes).is_ok();
    }

    #[test]
    fn a_statement_with_any_byte_changed_is_read_or_refused(place in 0..CAMT.len(), byte: u8) {
        let mut bytes = CAMT.as_bytes().to_vec();
        bytes[place] = byte;
        let _ = read(&bytes).is_ok();
    }
}

#[test]
fn the_database_itself_refuses_to_book_a_payment_for_another_account() {
    let bank = Bank::new();
    bank.import_text(CAMT);
    let changed: Result<usize, DbError> = bank.db.write_blocking("edit", |tx| {
        tx.execute("UPDATE bank_payment SET amount = 1", &[])
    });
    assert!(changed.is_err());
}
