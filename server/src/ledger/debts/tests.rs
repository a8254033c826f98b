use proptest::prelude::*;
use shared::clock::UnixSeconds;
use shared::ids::{AccountId, DataCenterId, VaultId};
use shared::money::Mills;
use tempfile::TempDir;

use super::{deposits, outstanding, owed, return_payment};
use crate::db::{Db, Tx};
use crate::ledger::accounts;
use crate::ledger::test_accounts::opened;
use crate::ledger::{
    Ledger, LedgerAccount, LedgerError, Transfer, TransferId, TransferKind, audit, available,
};

const NOW: UnixSeconds = UnixSeconds(1_800_000_000);
const CENTER: DataCenterId = DataCenterId::from_bytes([9; 16]);
const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);
const OTHER: AccountId = AccountId::from_bytes([3; 16]);
const VAULT: VaultId = VaultId::from_bytes([2; 16]);

struct Book {
    db: Db,
    _folder: TempDir,
}

fn mills(mills: u64) -> Mills {
    Mills::new(mills).unwrap()
}

impl Book {
    fn new() -> Self {
        let (db, folder) = opened(NOW, [(ACCOUNT, "A"), (OTHER, "B")]);
        Self {
            db,
            _folder: folder,
        }
    }

    fn deposit(&self, account: AccountId, amount: u64, reference: &str) {
        let reference = reference.to_owned();
        self.db
            .write_blocking("deposit", move |tx| {
                let book = Ledger::new(CENTER);
                accounts::deposit(&book, tx, account, mills(amount), &reference, NOW)
            })
            .unwrap();
    }

    /// Takes the payment of this reference back; whether it had been before.
    fn take_back(&self, reference: &str) -> bool {
        let reference = reference.to_owned();
        self.db
            .write_blocking("return", move |tx| {
                let deposit = deposits(tx, &reference, None)?[0];
                return_payment(&Ledger::new(CENTER), tx, &deposit, &reference, NOW)
            })
            .unwrap()
    }

    fn grant(&self, id: u8, amount: u64) -> Result<(), LedgerError> {
        self.db.write_blocking("grant", move |tx| {
            let transfer = Transfer {
                id: TransferId::from_bytes([id; 16]),
                debit: LedgerAccount::Customer(ACCOUNT),
                credit: LedgerAccount::InTransit(VAULT),
                amount: mills(amount),
                kind: TransferKind::Grant,
                reference: String::new(),
                request_hash: [id; 32],
                user: "station".to_owned(),
                now: NOW,
            };
            Ledger::new(CENTER).post(tx, &transfer).map(drop)
        })
    }

    fn read(&self, read: impl FnOnce(&Tx<'_>) -> Mills + Send + 'static) -> u64 {
        self.db
            .read_blocking("read", move |tx| Ok::<_, LedgerError>(read(tx)))
            .unwrap()
            .mills()
    }

    /// What the customer holds, owes, and has to pay.
    fn stand(&self) -> (u64, u64, u64) {
        (
            self.read(|tx| available(tx, &LedgerAccount::Customer(ACCOUNT)).unwrap()),
            self.read(|tx| owed(tx, ACCOUNT).unwrap()),
            self.read(|tx| outstanding(tx, ACCOUNT).unwrap()),
        )
    }
}

#[test]
fn a_returned_payment_that_was_spent_is_owed_until_it_is_paid_again() {
    let book = Book::new();
    book.deposit(ACCOUNT, 1_000, "R1");
    book.grant(1, 700).unwrap();
    assert!(!book.take_back("R1"));
    assert_eq!(book.stand(), (0, 700, 1_000));
    assert!(book.take_back("R1"), "the second time changes nothing");
    assert_eq!(book.stand(), (0, 700, 1_000));
    book.deposit(ACCOUNT, 400, "R2");
    assert_eq!(book.stand(), (0, 300, 600));
    assert!(book.grant(2, 1).is_err());
    book.deposit(ACCOUNT, 650, "R3");
    assert_eq!(book.stand(), (350, 0, 0));
}

#[test]
fn a_payment_that_is_still_there_is_taken_and_the_account_locked_all_the_same() {
    let book = Book::new();
    book.deposit(ACCOUNT, 1_000, "R1");
    book.deposit(ACCOUNT, 500, "R2");
    book.deposit(OTHER, 70, "other");
    book.take_back("R1");
    assert_eq!(book.stand(), (500, 0, 1_000));
    let other = book.read(|tx| outstanding(tx, OTHER).unwrap());
    assert_eq!(other, 0, "another customer is not touched");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Any order of payments, grants and returned payments keeps the equation; who owes holds
    /// nothing, and what is outstanding is what was returned less what was paid since.
    #[test]
    fn any_payments_and_returns_keep_every_mill(
        steps in prop::collection::vec((0_u8..3, 1_u64..2_000, 0_usize..8), 1..40)
    ) {
        let book = Book::new();
        let (mut paid, mut returned) = (Vec::<(String, u64)>::new(), Vec::<String>::new());
        let mut to_pay = 0_u64;
        for (number, (what, amount, which)) in (0_u8..).zip(steps) {
            match what {
                0 => {
                    let reference = format!("R{number}");
                    book.deposit(ACCOUNT, amount, &reference);
                    paid.push((reference, amount));
                    to_pay = to_pay.saturating_sub(amount);
                }
                1 => drop(book.grant(number, amount)),
                _ => if let Some((reference, amount)) = paid.get(which) {
                    let repeated = book.take_back(reference);
                    prop_assert_eq!(repeated, returned.contains(reference));
                    if !repeated {
                        returned.push(reference.clone());
                        to_pay += amount;
                    }
                },
            }
            let (holds, owes, outstanding) = book.stand();
            prop_assert!(holds == 0 || owes == 0);
            prop_assert!(owes <= outstanding);
            prop_assert_eq!(outstanding, to_pay);
        }
        let report = book.db.read_blocking("audit", |tx| audit(tx, CENTER)).unwrap();
        prop_assert_eq!(report.payments_less_pay_outs, report.customers + report.in_transit);
        let (holds, owes, _) = book.stand();
        prop_assert_eq!(report.customers, i64::try_from(holds).unwrap() - i64::try_from(owes).unwrap());
        prop_assert_eq!(report.owed, i64::try_from(owes).unwrap());
    }
}
