use proptest::prelude::*;
use rusqlite::Connection;
use shared::clock::UnixSeconds;
use shared::ids::{AccountId, DataCenterId, VaultId};
use shared::merkle;
use shared::money::Mills;
use tempfile::TempDir;

use super::accounts::{self, Account};
use super::{
    AuditFault, AuditReport, ExportLine, Ledger, LedgerAccount, LedgerError, Posted, RecordKind,
    Transfer, TransferId, TransferKind, audit, available, export, record_hash, tree,
};
use crate::db::{Db, DbError};

const NOW: UnixSeconds = UnixSeconds(1_800_000_000);
const CENTER: DataCenterId = DataCenterId::from_bytes([9; 16]);
const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);
const VAULT: VaultId = VaultId::from_bytes([2; 16]);

struct Book {
    db: Db,
    folder: TempDir,
}

impl Book {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let db = Db::open(&folder.path().join("test.db"), NOW).unwrap();
        Self { db, folder }
    }

    fn post(&self, transfer: Transfer) -> Result<Posted, LedgerError> {
        self.db
            .write_blocking("post", move |tx| Ledger::new(CENTER).post(tx, &transfer))
    }

    fn deposit(&self, mills: u64, reference: &'static str) -> Result<Posted, LedgerError> {
        self.db.write_blocking("deposit", move |tx| {
            let amount = Mills::new(mills).unwrap();
            accounts::deposit(&Ledger::new(CENTER), tx, ACCOUNT, amount, reference, NOW)
        })
    }

    fn audit(&self) -> Result<AuditReport, AuditFault> {
        self.db.read_blocking("audit", |tx| audit(tx, CENTER))
    }

    fn available(&self, account: LedgerAccount) -> u64 {
        self.db
            .read_blocking("available", move |tx| available(tx, &account))
            .unwrap()
            .mills()
    }

    /// Edits the closed file as a thief with the disk would, with the triggers taken away.
    fn edit(&self, sql: &str) {
        let connection = Connection::open(self.folder.path().join("test.db")).unwrap();
        let triggers: Vec<String> = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        connection
            .execute_batch("PRAGMA foreign_keys = OFF")
            .unwrap();
        for trigger in triggers {
            connection
                .execute_batch(&format!("DROP TRIGGER {trigger}"))
                .unwrap();
        }
        assert!(connection.execute(sql, []).unwrap() > 0, "{sql}");
    }
}

fn transfer(id: u8, kind: TransferKind, mills: u64) -> Transfer {
    let customer = LedgerAccount::Customer(ACCOUNT);
    let (debit, credit) = match kind {
        TransferKind::Deposit => (LedgerAccount::Cash, customer),
        TransferKind::PayOut => (customer, LedgerAccount::Cash),
        TransferKind::Grant => (customer, LedgerAccount::InTransit(VAULT)),
        TransferKind::Arrival => (LedgerAccount::InTransit(VAULT), LedgerAccount::Vault(VAULT)),
        TransferKind::Printing => (LedgerAccount::Vault(VAULT), LedgerAccount::Printed(VAULT)),
        TransferKind::Withdrawal => (LedgerAccount::Vault(VAULT), LedgerAccount::Held(VAULT)),
        TransferKind::Release => (LedgerAccount::Held(VAULT), customer),
        TransferKind::Scan => (LedgerAccount::Held(VAULT), LedgerAccount::Printed(VAULT)),
        TransferKind::Refund => (LedgerAccount::Refunded(VAULT), customer),
        TransferKind::RefundReversal => (customer, LedgerAccount::Refunded(VAULT)),
        TransferKind::ReturnedPayment => (LedgerAccount::Owed(ACCOUNT), LedgerAccount::Cash),
        TransferKind::Settlement => (customer, LedgerAccount::Owed(ACCOUNT)),
    };
    Transfer {
        id: TransferId::from_bytes([id; 16]),
        debit,
        credit,
        amount: Mills::new(mills).unwrap(),
        kind,
        reference: format!("test {id}"),
        request_hash: [id; 32],
        user: "admin".to_owned(),
        now: NOW,
    }
}

#[test]
fn the_same_transfer_is_posted_once_even_if_asked_twice() {
    let book = Book::new();
    let first = book
        .post(transfer(1, TransferKind::Deposit, 50_000))
        .unwrap();
    let second = book
        .post(transfer(1, TransferKind::Deposit, 50_000))
        .unwrap();
    assert!(!first.repeated && second.repeated);
    assert_eq!((first.sequence, first.hash), (second.sequence, second.hash));
    assert_eq!(book.available(LedgerAccount::Customer(ACCOUNT)), 50_000);
}

#[test]
fn the_same_identity_for_another_request_is_a_conflict() {
    let book = Book::new();
    book.post(transfer(1, TransferKind::Deposit, 50_000))
        .unwrap();
    let mut other = transfer(1, TransferKind::Deposit, 60_000);
    other.request_hash = [7; 32];
    assert!(matches!(
        book.post(other),
        Err(LedgerError::Conflict { .. })
    ));
    assert_eq!(book.available(LedgerAccount::Customer(ACCOUNT)), 50_000);
}

#[test]
fn a_customer_cannot_spend_more_than_was_paid_in() {
    let book = Book::new();
    book.post(transfer(1, TransferKind::Deposit, 1_000))
        .unwrap();
    let refused = book.post(transfer(2, TransferKind::Grant, 1_001));
    let Err(LedgerError::Insufficient {
        available, asked, ..
    }) = refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!((available.mills(), asked.mills()), (1_000, 1_001));
    book.post(transfer(3, TransferKind::Grant, 1_000)).unwrap();
    assert_eq!(book.available(LedgerAccount::InTransit(VAULT)), 1_000);
    assert_eq!(book.audit().unwrap().transfers, 2);
}

#[test]
fn money_moves_only_along_the_ways_its_kind_allows() {
    let book = Book::new();
    book.post(transfer(1, TransferKind::Deposit, 1_000))
        .unwrap();
    let mut wrong = transfer(2, TransferKind::Grant, 10);
    wrong.credit = LedgerAccount::Vault(VAULT);
    assert!(matches!(
        book.post(wrong),
        Err(LedgerError::NotAllowed { .. })
    ));
    let other = VaultId::from_bytes([3; 16]);
    let mut between = transfer(3, TransferKind::Arrival, 10);
    between.credit = LedgerAccount::Vault(other);
    assert!(matches!(
        book.post(between),
        Err(LedgerError::NotAllowed { .. })
    ));
    let nothing = transfer(4, TransferKind::Grant, 0);
    assert!(matches!(
        book.post(nothing),
        Err(LedgerError::NotAllowed { .. })
    ));
}

#[test]
fn a_deposit_is_booked_once_per_bank_reference() {
    let book = Book::new();
    assert!(!book.deposit(5_000, "INV-1").unwrap().repeated);
    assert!(book.deposit(5_000, "INV-1").unwrap().repeated);
    assert!(matches!(
        book.deposit(6_000, "INV-1"),
        Err(LedgerError::Conflict { .. })
    ));
    assert!(!book.deposit(6_000, "INV-2").unwrap().repeated);
    assert_eq!(book.available(LedgerAccount::Customer(ACCOUNT)), 11_000);
}

#[test]
fn an_account_name_belongs_to_one_account() {
    let book = Book::new();
    let account = |id| Account {
        id: AccountId::from_bytes([id; 16]),
        name: "Rural Dental".to_owned(),
        created: NOW,
    };
    let open = |account: Account| {
        book.db
            .write_blocking("open", move |tx| accounts::open(tx, &account))
    };
    open(account(1)).unwrap();
    open(account(1)).unwrap();
    assert!(matches!(
        open(account(2)),
        Err(LedgerError::NameTaken { .. })
    ));
    let found = book
        .db
        .read_blocking("find", |tx| accounts::find(tx, "Rural Dental"))
        .unwrap();
    assert_eq!(found, account(1));
    let unknown = book
        .db
        .read_blocking("find", |tx| accounts::find(tx, "Nobody"));
    assert!(matches!(unknown, Err(LedgerError::UnknownAccount { .. })));
}

#[test]
fn the_engine_refuses_to_change_or_remove_an_entry() {
    let book = Book::new();
    book.post(transfer(1, TransferKind::Deposit, 1_000))
        .unwrap();
    for sql in [
        "UPDATE transfer SET amount = 2000",
        "DELETE FROM transfer",
        "UPDATE journal SET record = x'00'",
        "DELETE FROM journal",
        "UPDATE ledger_account SET credits = credits - 1",
        "DELETE FROM ledger_account",
    ] {
        let result = book
            .db
            .write_blocking("edit", move |tx| tx.execute(sql, &[]));
        assert!(matches!(result, Err(DbError::Forbidden { .. })), "{sql}");
    }
    book.audit().unwrap();
}

/// One clean book per edit, each edit found under the name of what it touched.
#[test]
fn every_edited_row_is_found() {
    let cases = [
        (
            "UPDATE transfer SET amount = amount + 1 WHERE sequence = 1",
            "transfer",
        ),
        (
            "UPDATE transfer SET reference = 'other' WHERE sequence = 0",
            "transfer",
        ),
        ("DELETE FROM transfer WHERE sequence = 1", "transfer"),
        (
            "UPDATE journal SET hash = zeroblob(32) WHERE sequence = 1",
            "record",
        ),
        (
            "UPDATE journal SET record = x'a0' WHERE sequence = 0",
            "record",
        ),
        ("DELETE FROM journal WHERE sequence = 0", "gap"),
        (
            "UPDATE ledger_account SET credits = credits + 1 WHERE credits > 0",
            "balance",
        ),
        ("DELETE FROM ledger_account WHERE credits = 0", "balance"),
        (
            "UPDATE journal_node SET hash = zeroblob(32) WHERE place = 0",
            "tree",
        ),
        ("DELETE FROM journal_node WHERE level = 1", "tree"),
        ("UPDATE journal_head SET last_hash = zeroblob(32)", "tree"),
        ("DELETE FROM journal WHERE sequence = 2", "tree"),
        (
            "INSERT INTO transfer SELECT x'22222222222222222222222222222222', 77, debit, credit,
             amount, kind, reference, request_hash, created FROM transfer WHERE sequence = 0",
            "unknown",
        ),
    ];
    for (sql, what) in cases {
        let book = Book::new();
        book.post(transfer(1, TransferKind::Deposit, 1_000))
            .unwrap();
        book.post(transfer(2, TransferKind::Grant, 600)).unwrap();
        book.post(transfer(3, TransferKind::Arrival, 600)).unwrap();
        book.audit().unwrap();
        book.edit(sql);
        let fault = book.audit().unwrap_err();
        let found = match &fault {
            AuditFault::EditedTransfer { .. } => "transfer",
            AuditFault::EditedRecord { .. } => "record",
            AuditFault::Gap { .. } => "gap",
            AuditFault::EditedBalance { .. } => "balance",
            AuditFault::UnknownTransfers { .. } => "unknown",
            AuditFault::EditedTree => "tree",
            AuditFault::BrokenChain { .. } | AuditFault::Unreadable { .. } | AuditFault::Db(_) => {
                "other"
            }
        };
        assert_eq!(found, what, "{sql}: {fault}");
    }
}

#[test]
fn a_record_rewritten_together_with_its_hash_breaks_the_chain() {
    let book = Book::new();
    book.post(transfer(1, TransferKind::Deposit, 1_000))
        .unwrap();
    book.post(transfer(2, TransferKind::Deposit, 1_000))
        .unwrap();
    let record: Vec<u8> = book
        .db
        .read_blocking("record", |tx| {
            tx.row(
                "SELECT record FROM journal WHERE sequence = 0",
                &[],
                |row| row.column(0),
            )
        })
        .unwrap()
        .unwrap();
    let mut forged = super::LedgerRecord::decode(&record).unwrap();
    forged.user = "thief".to_owned();
    let forged = forged.encode();
    book.edit(&format!(
        "UPDATE journal SET record = x'{}', hash = x'{}' WHERE sequence = 0",
        data_encoding::HEXLOWER.encode(&forged),
        data_encoding::HEXLOWER.encode(&record_hash(&forged)),
    ));
    let fault = book.audit().unwrap_err();
    assert!(
        matches!(fault, AuditFault::BrokenChain { sequence: 1 }),
        "{fault}"
    );
}

#[test]
fn an_export_is_enough_to_recompute_the_chain() {
    let book = Book::new();
    book.post(transfer(1, TransferKind::Deposit, 1_000))
        .unwrap();
    book.db
        .write_blocking("append", |tx| {
            Ledger::new(CENTER).append(tx, RecordKind::Station, vec![1], "admin", NOW)
        })
        .unwrap();
    book.post(transfer(2, TransferKind::Grant, 400)).unwrap();
    let lines: Vec<ExportLine> = book
        .db
        .read_blocking("export", |tx| {
            let mut lines = Vec::new();
            export(tx, |line| {
                lines.push(line);
                Ok::<_, AuditFault>(())
            })?;
            Ok::<_, AuditFault>(lines)
        })
        .unwrap();
    let mut previous = super::GENESIS;
    for (index, line) in lines.iter().enumerate() {
        let bytes = data_encoding::BASE64
            .decode(line.record.as_bytes())
            .unwrap();
        let record = super::LedgerRecord::decode(&bytes).unwrap();
        assert_eq!(usize::try_from(line.seq).unwrap(), index);
        assert_eq!(record.previous, previous);
        previous = record_hash(&bytes);
        assert_eq!(line.hash, data_encoding::HEXLOWER.encode(&previous));
    }
    let kinds: Vec<_> = lines.iter().map(|line| line.kind.as_str()).collect();
    assert_eq!(kinds, ["transfer", "station", "transfer"]);
    assert_eq!(lines[2].transfer.as_ref().unwrap().amount.mills(), 400);
}

#[test]
fn every_record_is_proved_to_be_in_the_journal_and_every_older_journal_its_beginning() {
    let book = Book::new();
    let mut heads = Vec::new();
    let mut leaves = Vec::new();
    for id in 1..=9 {
        let posted = book
            .post(transfer(id, TransferKind::Deposit, 1_000))
            .unwrap();
        leaves.push(posted.leaf);
        heads.push(book.db.read_blocking("head", tree::tree_head).unwrap());
    }
    let newest = heads[8];
    assert_eq!(newest.size, 9);
    for (index, leaf) in (0_u64..).zip(&leaves) {
        let proof = book
            .db
            .read_blocking("prove", move |tx| tree::prove_inclusion(tx, index, 9))
            .unwrap();
        merkle::verify_inclusion(leaf, index, (9, &newest.root), &proof).unwrap();
    }
    for old in &heads {
        let size = old.size;
        let proof = book
            .db
            .read_blocking("prove", move |tx| tree::prove_consistency(tx, size, 9))
            .unwrap();
        merkle::verify_consistency((size, &old.root), (9, &newest.root), &proof).unwrap();
    }
    let beyond = book
        .db
        .read_blocking("prove", |tx| tree::prove_inclusion(tx, 9, 10));
    assert!(matches!(beyond, Err(tree::ProofError::OutOfRange { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Any sequence of transfers, granted or refused, repeated or not, keeps the equation.
    #[test]
    fn any_sequence_of_transfers_sums_to_nothing(
        steps in prop::collection::vec((0_u8..12, 0_usize..12, 0_u64..3_000), 1..60)
    ) {
        let book = Book::new();
        let mut posted = 0_u64;
        for (id, kind, mills) in steps {
            let kind = TransferKind::ALL[kind];
            let mut asked = transfer(id, kind, mills);
            asked.request_hash = record_hash(format!("{kind:?} {mills}").as_bytes());
            if let Ok(done) = book.post(asked) {
                posted += u64::from(!done.repeated);
            }
        }
        let report = book.audit().unwrap();
        prop_assert_eq!(report.transfers, posted);
        prop_assert_eq!(
            report.payments_less_pay_outs,
            report.customers + report.in_transit + report.held + report.vaults + report.printed
                - report.refunded
        );
        let customers = report.customers + report.owed;
        for part in [customers, report.in_transit, report.held, report.vaults] {
            prop_assert!(part >= 0);
        }
    }
}
