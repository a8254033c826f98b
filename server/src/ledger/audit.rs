//! Recomputes the whole book from its journal, and writes it out for others to recompute.

use std::collections::HashMap;

use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use shared::ids::DataCenterId;
use shared::merkle::{self, Frontier};
use shared::money::Mills;

use super::{
    GENESIS, KEY_BYTES, LedgerAccount, LedgerRecord, RecordFault, RecordKind, Transfer, TransferId,
    TransferKind, record_hash, tree,
};
use crate::db::{DbError, Row, Tx};

/// The first place where the book is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum AuditFault {
    /// A record is missing or stands twice.
    #[error("journal record {expected} is missing: {found} stands in its place")]
    Gap {
        /// The number that should follow.
        expected: u64,
        /// The number that does.
        found: u64,
    },
    /// A record's bytes do not have the stored hash.
    #[error("journal record {sequence} was edited: its hash does not match")]
    EditedRecord {
        /// The record.
        sequence: u64,
    },
    /// A record does not name the hash of the one before, its number or this data center.
    #[error("journal record {sequence} does not follow from the one before")]
    BrokenChain {
        /// The record.
        sequence: u64,
    },
    /// A record cannot be read.
    #[error("journal record {sequence} cannot be read")]
    Unreadable {
        /// The record.
        sequence: u64,
        /// Why.
        #[source]
        source: RecordFault,
    },
    /// A transfer row differs from its journal record, or one of both is missing.
    #[error("the transfer of journal record {sequence} was edited or removed")]
    EditedTransfer {
        /// The record.
        sequence: u64,
    },
    /// There are transfers that the journal does not know.
    #[error("{count} transfers stand in no journal record")]
    UnknownTransfers {
        /// How many.
        count: u64,
    },
    /// An account's sums are not what its transfers add up to, or it is overdrawn.
    #[error("the balance of {account} was edited: it is not what its transfers add up to")]
    EditedBalance {
        /// The account's name, or its key in hex when it has none.
        account: String,
    },
    /// The tree over the journal does not belong to its records, or records were cut off.
    #[error("the tree over the journal was edited, or records were cut off its end")]
    EditedTree,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What an audit found; all sums in mills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditReport {
    /// Journal records read.
    pub records: u64,
    /// Transfers among them.
    pub transfers: u64,
    /// The hash of the last record, hex; empty for an empty journal.
    pub head: String,
    /// The root of the Merkle tree over all records, hex.
    pub root: String,
    /// Payments less pay-outs.
    pub payments_less_pay_outs: i64,
    /// Held for customers, less what some of them owe.
    pub customers: i64,
    /// What customers owe, as it is counted in `customers`.
    #[serde(default)]
    pub owed: i64,
    /// Granted, not yet stated as arrived.
    pub in_transit: i64,
    /// Held back of withdrawn and lost vaults.
    pub held: i64,
    /// In vaults, as stated.
    pub vaults: i64,
    /// Printed, as stated.
    pub printed: i64,
    /// Refunded for unused pieces.
    pub refunded: i64,
}

/// Sums of one account.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Sums {
    debits: i64,
    credits: i64,
}

/// What has been read so far.
struct Auditor {
    log: DataCenterId,
    next: u64,
    previous: [u8; 32],
    transfers: u64,
    sums: HashMap<[u8; KEY_BYTES], Sums>,
    frontier: Frontier,
    nodes: NodeSum,
}

/// An order-independent sum over the nodes of the tree: equal for equal sets of nodes.
#[derive(Default, PartialEq, Eq)]
struct NodeSum([u8; 32]);

impl NodeSum {
    fn add(&mut self, level: u64, place: u64, hash: &[u8; 32]) {
        let node = Sha256::new()
            .chain_update(level.to_be_bytes())
            .chain_update(place.to_be_bytes())
            .chain_update(hash)
            .finalize();
        for (sum, byte) in self.0.iter_mut().zip(node) {
            *sum ^= byte;
        }
    }
}

/// Recomputes every hash, every link, every transfer and every balance.
///
/// # Errors
/// The first [`AuditFault`] found.
pub fn audit(tx: &Tx<'_>, log: DataCenterId) -> Result<AuditReport, AuditFault> {
    let mut auditor = Auditor {
        log,
        next: 0,
        previous: GENESIS,
        transfers: 0,
        sums: HashMap::new(),
        frontier: Frontier::new(),
        nodes: NodeSum::default(),
    };
    tx.each(
        "SELECT journal.sequence, journal.record, journal.hash, transfer.id, transfer.debit,
            transfer.credit, transfer.amount, transfer.kind, transfer.reference,
            transfer.request_hash, transfer.created
         FROM journal LEFT JOIN transfer ON transfer.sequence = journal.sequence
         ORDER BY journal.sequence",
        &[],
        |row| auditor.record(row),
    )?;
    auditor.tree(tx)?;
    auditor.no_other_transfers(tx)?;
    auditor.balances(tx)?;
    Ok(auditor.report())
}

impl Auditor {
    fn record(&mut self, row: &Row<'_>) -> Result<(), AuditFault> {
        let sequence: u64 = row.column(0)?;
        if sequence != self.next {
            return Err(AuditFault::Gap {
                expected: self.next,
                found: sequence,
            });
        }
        let bytes: Vec<u8> = row.column(1)?;
        let hash = record_hash(&bytes);
        if hash != row.column::<[u8; 32]>(2)? {
            return Err(AuditFault::EditedRecord { sequence });
        }
        let unreadable = |source| AuditFault::Unreadable { sequence, source };
        let record = LedgerRecord::decode(&bytes).map_err(unreadable)?;
        if record.previous != self.previous || record.sequence != sequence || record.log != self.log
        {
            return Err(AuditFault::BrokenChain { sequence });
        }
        let told = match record.kind().map_err(unreadable)? {
            RecordKind::Transfer => Some(record.transfer().map_err(unreadable)?),
            RecordKind::Epoch
            | RecordKind::Station
            | RecordKind::Refill
            | RecordKind::Published
            | RecordKind::Statement
            | RecordKind::Account
            | RecordKind::Approval
            | RecordKind::Key => None,
        };
        if told != stored_transfer(row, &record.user)? {
            return Err(AuditFault::EditedTransfer { sequence });
        }
        if let Some(transfer) = told {
            self.count(&transfer);
        }
        let completed = self.frontier.append(merkle::leaf_hash(&bytes));
        for (subtree, node) in completed.map_err(|_| AuditFault::EditedTree)? {
            if subtree.level > 0 {
                self.nodes
                    .add(u64::from(subtree.level), subtree.index, &node);
            }
        }
        self.previous = hash;
        self.next = self.next.saturating_add(1);
        Ok(())
    }

    fn count(&mut self, transfer: &Transfer) {
        let amount = i64::try_from(transfer.amount.mills()).unwrap_or(i64::MAX);
        let debit = self.sums.entry(transfer.debit.key()).or_default();
        debit.debits = debit.debits.saturating_add(amount);
        let credit = self.sums.entry(transfer.credit.key()).or_default();
        credit.credits = credit.credits.saturating_add(amount);
        self.transfers = self.transfers.saturating_add(1);
    }

    fn tree(&self, tx: &Tx<'_>) -> Result<(), AuditFault> {
        let edge = tree::edge(tx)?;
        let mut stored = NodeSum::default();
        tx.each("SELECT level, place, hash FROM journal_node", &[], |row| {
            stored.add(row.column(0)?, row.column(1)?, &row.column(2)?);
            Ok::<_, AuditFault>(())
        })?;
        let same_edge = edge.frontier == self.frontier && edge.last_hash == self.previous;
        if same_edge && stored == self.nodes {
            return Ok(());
        }
        Err(AuditFault::EditedTree)
    }

    fn no_other_transfers(&self, tx: &Tx<'_>) -> Result<(), AuditFault> {
        let stored: u64 = tx
            .row("SELECT COUNT(*) FROM transfer", &[], |row| row.column(0))?
            .unwrap_or(0);
        match stored.saturating_sub(self.transfers) {
            0 => Ok(()),
            count => Err(AuditFault::UnknownTransfers { count }),
        }
    }

    fn balances(&self, tx: &Tx<'_>) -> Result<(), AuditFault> {
        let mut rows = 0_usize;
        tx.each(
            "SELECT key, credit_only, debits, credits FROM ledger_account",
            &[],
            |row| {
                rows = rows.saturating_add(1);
                self.balance(row)
            },
        )?;
        if rows == self.sums.len() {
            return Ok(());
        }
        Err(AuditFault::EditedBalance {
            account: "an account that is missing".to_owned(),
        })
    }

    fn balance(&self, row: &Row<'_>) -> Result<(), AuditFault> {
        let key: [u8; KEY_BYTES] = row.column(0)?;
        let account = LedgerAccount::from_key(&key);
        let stored = Sums {
            debits: row.column(2)?,
            credits: row.column(3)?,
        };
        let as_it_should = account.is_some_and(|account| {
            self.sums.get(&key) == Some(&stored)
                && account.is_credit_only() == row.column(1).unwrap_or(false)
                && (!account.is_credit_only() || stored.credits >= stored.debits)
        });
        if as_it_should {
            return Ok(());
        }
        Err(AuditFault::EditedBalance {
            account: account.map_or_else(|| HEXLOWER.encode(&key), |account| account.to_string()),
        })
    }

    fn report(self) -> AuditReport {
        let total = |word: &str| {
            self.sums
                .iter()
                .filter_map(|(key, sums)| {
                    let account = LedgerAccount::from_key(key)?;
                    (account.word() == word).then(|| sums.credits.saturating_sub(sums.debits))
                })
                .fold(0_i64, i64::saturating_add)
        };
        AuditReport {
            records: self.next,
            transfers: self.transfers,
            head: if self.next == 0 {
                String::new()
            } else {
                HEXLOWER.encode(&self.previous)
            },
            root: HEXLOWER.encode(&self.frontier.root()),
            payments_less_pay_outs: total("cash").saturating_neg(),
            customers: total("customer").saturating_add(total("owed")),
            owed: total("owed").saturating_neg(),
            in_transit: total("in-transit"),
            held: total("held"),
            vaults: total("vault"),
            printed: total("printed"),
            refunded: total("refunded").saturating_neg(),
        }
    }
}

/// The transfer as its row has it; nothing when the record has none or the row makes no sense.
fn stored_transfer(row: &Row<'_>, user: &str) -> Result<Option<Transfer>, DbError> {
    let Some(id) = row.column::<Option<[u8; 16]>>(3)? else {
        return Ok(None);
    };
    let debit = LedgerAccount::from_key(&row.column(4)?);
    let credit = LedgerAccount::from_key(&row.column(5)?);
    let number = u8::try_from(row.column::<i64>(7)?).unwrap_or(0);
    let (Some(debit), Some(credit), Some(kind)) =
        (debit, credit, TransferKind::from_number(number))
    else {
        return Ok(None);
    };
    Ok(Some(Transfer {
        id: TransferId::from_bytes(id),
        debit,
        credit,
        amount: row.column(6)?,
        kind,
        reference: row.column(8)?,
        request_hash: row.column(9)?,
        user: user.to_owned(),
        now: row.column(10)?,
    }))
}

/// One journal record as `ledger export` writes it: everything needed to recompute the chain, and
/// the transfer in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportLine {
    /// The record's number.
    pub seq: u64,
    /// The record's bytes, base64.
    pub record: String,
    /// SHA-256 of the record, hex; the next record carries it.
    pub hash: String,
    /// What kind of record it is.
    pub kind: String,
    /// When, in Unix seconds.
    pub time: i64,
    /// Who.
    pub user: String,
    /// The transfer, where the record tells of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer: Option<ExportedTransfer>,
}

/// A transfer in words; the amount in mills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedTransfer {
    /// Its identity.
    pub id: String,
    /// Why the money moved.
    pub kind: String,
    /// From.
    pub debit: String,
    /// To.
    pub credit: String,
    /// How much, in mills.
    pub amount: Mills,
    /// What the asker calls it.
    pub reference: String,
}

/// Hands every journal record, in order, to `write`.
///
/// # Errors
/// [`AuditFault::Unreadable`] or what `write` answers.
pub fn export<E: From<AuditFault> + From<DbError>>(
    tx: &Tx<'_>,
    mut write: impl FnMut(ExportLine) -> Result<(), E>,
) -> Result<(), E> {
    tx.each(
        "SELECT sequence, record, hash FROM journal ORDER BY sequence",
        &[],
        |row| {
            let (seq, record, hash): (u64, Vec<u8>, [u8; 32]) =
                (row.column(0)?, row.column(1)?, row.column(2)?);
            write(line(seq, &record, &hash)?)
        },
    )
}

fn line(sequence: u64, bytes: &[u8], hash: &[u8; 32]) -> Result<ExportLine, AuditFault> {
    let unreadable = |source| AuditFault::Unreadable { sequence, source };
    let record = LedgerRecord::decode(bytes).map_err(unreadable)?;
    let kind = record.kind().map_err(unreadable)?;
    let transfer = (kind == RecordKind::Transfer)
        .then(|| record.transfer())
        .transpose()
        .map_err(unreadable)?;
    Ok(ExportLine {
        seq: sequence,
        record: BASE64.encode(bytes),
        hash: HEXLOWER.encode(hash),
        kind: kind.word().to_owned(),
        time: record.time.0,
        user: record.user,
        transfer: transfer.map(|transfer| ExportedTransfer {
            id: transfer.id.to_string(),
            kind: transfer.kind.word().to_owned(),
            debit: transfer.debit.to_string(),
            credit: transfer.credit.to_string(),
            amount: transfer.amount,
            reference: transfer.reference,
        }),
    })
}
