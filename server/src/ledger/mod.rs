//! The double-entry book: the only authority on money.
//!
//! Every movement is a [`Transfer`] from one [`LedgerAccount`] to another; nothing is ever changed
//! or removed, and each transfer is a record of the hash-chained journal. All writes take the
//! caller's transaction, so that a grant, its money, its reply and its journal leaf are one commit.
//!
//! The equation that holds at every commit:
//! payments − pay-outs = customers + in transit + held + Σ vault + Σ printed − Σ refunded,
//! which is: the balances of all accounts sum to nothing.

pub mod accounts;
mod audit;
mod book;
pub mod debts;
mod export_check;
mod record;
pub mod tree;

#[cfg(test)]
pub(crate) mod test_accounts;
#[cfg(test)]
mod tests;

use shared::clock::UnixSeconds;
use shared::ids::DataCenterId;
use shared::merkle;
use shared::money::{MAX_MILLS, Mills};

use crate::db::{DbError, Tx};
use crate::params;

pub use audit::{AuditFault, AuditReport, ExportLine, audit, export};
pub use book::{KEY_BYTES, LedgerAccount, Transfer, TransferId, TransferKind};
pub use export_check::{ExportFault, ExportReport, check as check_export};
use record::TransferBody;
pub use record::{
    GENESIS, LedgerRecord, MAX_RECORD_BYTES, MAX_USER_BYTES, RecordFault, RecordKind, record_hash,
};

/// The longest reference of a transfer, bytes: what bank statements carry.
pub const MAX_REFERENCE_BYTES: usize = 140;

/// Where the sums of one account end: one more transfer always fits into a BIGINT.
const MAX_SUM: i64 = i64::MAX - (1 << 40);

/// Why the book did not take an entry. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The account holds less than is asked for.
    #[error("{account} holds {available}, {asked} was asked for")]
    Insufficient {
        /// The account.
        account: LedgerAccount,
        /// What it holds.
        available: Mills,
        /// What was asked for.
        asked: Mills,
    },
    /// The same transfer was posted before by another request.
    #[error("transfer {id} was already posted for another request")]
    Conflict {
        /// The transfer.
        id: TransferId,
    },
    /// The kind does not move money between these accounts, or the amount is nothing.
    #[error("a {kind:?} cannot move {amount} from {debit} to {credit}")]
    NotAllowed {
        /// Why it was to move.
        kind: TransferKind,
        /// From.
        debit: LedgerAccount,
        /// To.
        credit: LedgerAccount,
        /// How much.
        amount: Mills,
    },
    /// A text or body is longer than the journal takes.
    #[error("the {what} is longer than {limit} bytes")]
    TooLong {
        /// Which part.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The sums of an account have reached the end of what can be counted.
    #[error("{account} has moved more money than the book can count")]
    SumsExhausted {
        /// The account.
        account: LedgerAccount,
    },
    /// The journal has as many records as its tree can hold.
    #[error("the journal is full")]
    JournalFull,
    /// A customer account of that name exists.
    #[error("an account named {name:?} exists already")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// No customer account has that name or number.
    #[error("there is no account {asked:?}")]
    UnknownAccount {
        /// What was asked for.
        asked: String,
    },
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The proof that an entry stands in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The record's number, its leaf index in the Merkle tree.
    pub sequence: u64,
    /// SHA-256 of the record: the link of the chain.
    pub hash: [u8; 32],
    /// The record's leaf hash in the Merkle tree: what a station is told.
    pub leaf: [u8; 32],
    /// Whether it stood there before this call.
    pub repeated: bool,
}

/// The book of one data center.
#[derive(Clone, Copy, Debug)]
pub struct Ledger {
    log: DataCenterId,
}

impl Ledger {
    /// The book whose journal is named after the data center.
    #[must_use]
    pub const fn new(log: DataCenterId) -> Self {
        Self { log }
    }

    /// Moves money and writes it into the journal; the same transfer again changes nothing and
    /// answers where it stands.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing is written then.
    pub fn post(&self, tx: &Tx<'_>, transfer: &Transfer) -> Result<Posted, LedgerError> {
        if let Some(posted) = already_posted(tx, transfer)? {
            return Ok(posted);
        }
        check(transfer)?;
        let amount = transfer.amount;
        take(tx, &transfer.debit, amount)?;
        give(tx, &transfer.credit, amount)?;
        let body = TransferBody::encode(transfer);
        let posted = self.append(tx, RecordKind::Transfer, body, &transfer.user, transfer.now)?;
        tx.execute(
            "INSERT INTO transfer (id, sequence, debit, credit, amount, kind, reference,
                request_hash, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                transfer.id.bytes(),
                i64::try_from(posted.sequence).unwrap_or(i64::MAX),
                &transfer.debit.key(),
                &transfer.credit.key(),
                amount,
                i64::from(transfer.kind.number()),
                &transfer.reference,
                &transfer.request_hash,
                transfer.now,
            ],
        )?;
        Ok(posted)
    }

    /// Appends a record to the journal.
    ///
    /// # Errors
    /// [`LedgerError::TooLong`] for an over-long body or user, [`LedgerError::Db`].
    pub fn append(
        &self,
        tx: &Tx<'_>,
        kind: RecordKind,
        body: Vec<u8>,
        user: &str,
        now: UnixSeconds,
    ) -> Result<Posted, LedgerError> {
        within("user", user.len(), MAX_USER_BYTES)?;
        let edge = tree::edge(tx)?;
        let sequence = edge.frontier.size();
        let place = (self.log, sequence, edge.last_hash);
        let record = LedgerRecord::new(place, now, user, kind, body);
        let bytes = record.encode();
        within("journal record", bytes.len(), MAX_RECORD_BYTES)?;
        let hash = record_hash(&bytes);
        tx.execute(
            "INSERT INTO journal (sequence, record, hash) VALUES (?1, ?2, ?3)",
            params![i64::try_from(sequence).unwrap_or(i64::MAX), &bytes, &hash],
        )?;
        let leaf = tree::grow(tx, edge, &bytes, &hash)?;
        Ok(Posted {
            sequence,
            hash,
            leaf,
            repeated: false,
        })
    }
}

/// The number and hash of the journal's last record.
///
/// # Errors
/// [`DbError`].
pub fn head(tx: &Tx<'_>) -> Result<Option<(u64, [u8; 32])>, DbError> {
    tx.row(
        "SELECT sequence, hash FROM journal ORDER BY sequence DESC LIMIT 1",
        &[],
        |row| Ok((row.column(0)?, row.column(1)?)),
    )
}

/// What an account holds: credits less debits, in mills; negative only for accounts that may be.
///
/// # Errors
/// [`DbError`].
pub fn balance(tx: &Tx<'_>, account: &LedgerAccount) -> Result<i64, DbError> {
    let sums: Option<(i64, i64)> = tx.row(
        "SELECT credits, debits FROM ledger_account WHERE key = ?1",
        params![&account.key()],
        |row| Ok((row.column(0)?, row.column(1)?)),
    )?;
    Ok(sums.map_or(0, |(credits, debits)| credits.saturating_sub(debits)))
}

/// What can be taken from an account; nothing from one that is below zero.
///
/// # Errors
/// [`DbError`].
pub fn available(tx: &Tx<'_>, account: &LedgerAccount) -> Result<Mills, DbError> {
    let held = u64::try_from(balance(tx, account)?).unwrap_or(0);
    Ok(Mills::new(held.min(MAX_MILLS)).unwrap_or(Mills::ZERO))
}

fn check(transfer: &Transfer) -> Result<(), LedgerError> {
    within("reference", transfer.reference.len(), MAX_REFERENCE_BYTES)?;
    if transfer.amount.is_zero() || !transfer.kind.allows(&transfer.debit, &transfer.credit) {
        return Err(LedgerError::NotAllowed {
            kind: transfer.kind,
            debit: transfer.debit,
            credit: transfer.credit,
            amount: transfer.amount,
        });
    }
    Ok(())
}

const fn within(what: &'static str, length: usize, limit: usize) -> Result<(), LedgerError> {
    if length > limit {
        return Err(LedgerError::TooLong { what, limit });
    }
    Ok(())
}

fn already_posted(tx: &Tx<'_>, transfer: &Transfer) -> Result<Option<Posted>, LedgerError> {
    let stored: Option<(u64, Vec<u8>, [u8; 32])> = tx.row(
        "SELECT transfer.sequence, journal.record, transfer.request_hash
         FROM transfer JOIN journal ON journal.sequence = transfer.sequence
         WHERE transfer.id = ?1",
        params![transfer.id.bytes()],
        |row| Ok((row.column(0)?, row.column(1)?, row.column(2)?)),
    )?;
    let Some((sequence, record, request_hash)) = stored else {
        return Ok(None);
    };
    if request_hash != transfer.request_hash {
        return Err(LedgerError::Conflict { id: transfer.id });
    }
    Ok(Some(Posted {
        sequence,
        hash: record_hash(&record),
        leaf: merkle::leaf_hash(&record),
        repeated: true,
    }))
}

fn take(tx: &Tx<'_>, account: &LedgerAccount, amount: Mills) -> Result<(), LedgerError> {
    let changed = tx.execute(
        "UPDATE ledger_account SET debits = debits + ?1
         WHERE key = ?2 AND debits < ?3 AND (credit_only = 0 OR credits - debits >= ?1)",
        params![amount, &account.key(), MAX_SUM],
    )?;
    if changed == 1 {
        return Ok(());
    }
    let available = available(tx, account)?;
    if account.is_credit_only() && available < amount {
        return Err(LedgerError::Insufficient {
            account: *account,
            available,
            asked: amount,
        });
    }
    open(tx, account, amount, Mills::ZERO)
}

fn give(tx: &Tx<'_>, account: &LedgerAccount, amount: Mills) -> Result<(), LedgerError> {
    let changed = tx.execute(
        "UPDATE ledger_account SET credits = credits + ?1 WHERE key = ?2 AND credits < ?3",
        params![amount, &account.key(), MAX_SUM],
    )?;
    if changed == 1 {
        return Ok(());
    }
    open(tx, account, Mills::ZERO, amount)
}

/// Makes the account with its first movement; one that exists had reached the end of its sums.
fn open(
    tx: &Tx<'_>,
    account: &LedgerAccount,
    debits: Mills,
    credits: Mills,
) -> Result<(), LedgerError> {
    let made = tx.execute(
        "INSERT INTO ledger_account (key, credit_only, debits, credits) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (key) DO NOTHING",
        params![&account.key(), account.is_credit_only(), debits, credits],
    )?;
    if made == 0 {
        return Err(LedgerError::SumsExhausted { account: *account });
    }
    Ok(())
}
