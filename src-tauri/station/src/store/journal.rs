//! The vault's journal: one readable record per transition, chained by SHA-256 and hashed into a
//! Merkle tree (`protocol.md` H).

use rusqlite::{Connection, OptionalExtension, params};
use shared::merkle::{self, Frontier, ProveError, Subtree};
use shared::vault::{GENESIS, JournalRecord, ReplayFault, Step, Vault, record_hash};

use super::{Store, StoreFault, Tx, from_sql, query, to_sql};

/// Complete subtrees from this height on are kept, so that a proof reads at most 2^6 records for
/// each hash; smaller ones are computed.
const KEPT_LEVEL: u8 = 6;

/// Where the journal ends: the hash of its last record and the frontier of its Merkle tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct JournalHead {
    pub(super) last: [u8; 32],
    pub(super) frontier: Frontier,
}

impl JournalHead {
    /// Records so far.
    pub(super) const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The Merkle root of all records.
    pub(super) fn root(&self) -> [u8; 32] {
        self.frontier.root()
    }
}

/// One row of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRow {
    /// The record's number, from 0.
    pub seq: u64,
    /// The record's bytes.
    pub record: Vec<u8>,
    /// SHA-256 of the record, as it stands in the row.
    pub hash: Vec<u8>,
}

/// What reading a whole journal found.
#[derive(Debug)]
pub struct JournalReport {
    /// Records read.
    pub records: u64,
    /// The Merkle root of the records read.
    pub root: [u8; 32],
    /// The vault they lead to.
    pub vault: Option<Vault>,
    /// The first thing that does not hold.
    pub fault: Option<JournalFault>,
}

/// What does not hold in a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalFault {
    /// A record is missing.
    #[error("record {expected} is missing, record {found} stands in its place")]
    Gap {
        /// The number expected.
        expected: u64,
        /// The number found.
        found: u64,
    },
    /// The hash beside a record is not its hash.
    #[error("the hash of record {sequence} is not that of its bytes")]
    Hash {
        /// The record's number.
        sequence: u64,
    },
    /// A record does not follow from those before.
    #[error(transparent)]
    Replay(#[from] ReplayFault),
    /// The list of pieces differs from what the journal debited.
    #[error("piece {counter} is not listed as the journal debited it")]
    Piece {
        /// The piece counter.
        counter: u32,
    },
    /// The sealed vault is not the one the journal leads to.
    #[error("the vault is not the one the journal leads to")]
    Vault,
}

impl Tx<'_> {
    /// Appends the record of a transition. The vault's row is written by
    /// [`Self::save_vault`], once for all transitions of the transaction.
    ///
    /// # Errors
    /// [`StoreFault::Damaged`] when the record does not follow from the last one, and the faults
    /// of the database.
    pub fn append(&mut self, step: &Step) -> Result<(), StoreFault> {
        let record = &step.record;
        if record.sequence != self.head.size() || record.previous != self.head.last {
            return Err(StoreFault::Damaged {
                what: "a journal record does not follow from the last one",
            });
        }
        let hash = record_hash(&step.bytes);
        self.sql
            .prepare_cached("INSERT INTO journal (seq, record, hash) VALUES (?1, ?2, ?3)")
            .and_then(|mut s| s.execute(params![to_sql(record.sequence), step.bytes, hash]))
            .map_err(query("appending to the journal"))?;
        self.head.last = hash;
        let leaf = merkle::leaf_hash(&step.bytes);
        let completed = self
            .head
            .frontier
            .append(leaf)
            .map_err(|_| StoreFault::JournalFull)?;
        for (subtree, hash) in completed {
            if subtree.level >= KEPT_LEVEL {
                self.keep_subtree(subtree, &hash)?;
            }
        }
        Ok(())
    }

    fn keep_subtree(&mut self, subtree: Subtree, hash: &[u8; 32]) -> Result<(), StoreFault> {
        self.sql
            .prepare_cached("INSERT INTO subtrees (level, position, hash) VALUES (?1, ?2, ?3)")
            .and_then(|mut s| s.execute(params![subtree.level, to_sql(subtree.index), hash]))
            .map(drop)
            .map_err(query("keeping a subtree of the journal"))
    }
}

impl Store {
    /// Records `from..to` of the journal, for a proof or an upload.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn records(&self, from: u64, to: u64) -> Result<Vec<Vec<u8>>, StoreFault> {
        self.db
            .prepare_cached("SELECT record FROM journal WHERE seq >= ?1 AND seq < ?2 ORDER BY seq")
            .and_then(|mut statement| {
                statement
                    .query_map([to_sql(from), to_sql(to)], |row| row.get(0))?
                    .collect()
            })
            .map_err(query("reading journal records"))
    }

    /// Proves that the journal of now continues the one of `old_size` records.
    ///
    /// # Errors
    /// [`StoreFault::Damaged`] when there never were so many records, and the faults of the
    /// database.
    pub fn consistency_proof(&self, old_size: u64) -> Result<Vec<[u8; 32]>, StoreFault> {
        self.consistency_between(old_size, self.head.size())
    }

    /// Proves that the journal of `size` records continued the one of `old_size` records.
    ///
    /// # Errors
    /// As [`Self::consistency_proof`].
    pub fn consistency_between(
        &self,
        old_size: u64,
        size: u64,
    ) -> Result<Vec<[u8; 32]>, StoreFault> {
        if size > self.head.size() {
            return Err(StoreFault::Damaged {
                what: "the journal is shorter than it was",
            });
        }
        merkle::prove_consistency(old_size, size, |subtree| self.subtree(subtree)).map_err(unproved)
    }

    /// The Merkle root of the first `size` records.
    ///
    /// # Errors
    /// [`StoreFault::Damaged`] when there never were so many records, and the faults of the
    /// database.
    pub fn root_at(&self, size: u64) -> Result<[u8; 32], StoreFault> {
        if size > self.head.size() {
            return Err(StoreFault::Damaged {
                what: "the journal is shorter than it was",
            });
        }
        merkle::root_at(size, |subtree| self.subtree(subtree)).map_err(unproved)
    }

    /// The hash of a complete subtree: a leaf from its record, a larger one where it is kept.
    fn subtree(&self, subtree: Subtree) -> Result<Option<[u8; 32]>, StoreFault> {
        let what = "reading the journal's tree";
        if subtree.level == 0 {
            let record: Option<Vec<u8>> = self
                .db
                .prepare_cached("SELECT record FROM journal WHERE seq = ?1")
                .and_then(|mut s| {
                    s.query_row([to_sql(subtree.index)], |row| row.get(0))
                        .optional()
                })
                .map_err(query(what))?;
            return Ok(record.map(|record| merkle::leaf_hash(&record)));
        }
        if subtree.level < KEPT_LEVEL {
            return Ok(None);
        }
        self.db
            .prepare_cached("SELECT hash FROM subtrees WHERE level = ?1 AND position = ?2")
            .and_then(|mut s| {
                s.query_row(params![subtree.level, to_sql(subtree.index)], |row| {
                    row.get(0)
                })
                .optional()
            })
            .map_err(query(what))
    }

    /// Reads the whole journal, and compares it with the sealed vault.
    ///
    /// # Errors
    /// The faults of the database; what does not hold stands in the report.
    pub fn verify_journal(&self) -> Result<JournalReport, StoreFault> {
        let mut report = verify(&self.db)?;
        if report.fault.is_none()
            && (report.vault != self.vault()? || report.root != self.head.root())
        {
            report.fault = Some(JournalFault::Vault);
        }
        Ok(report)
    }
}

/// Calls `each` with every row of the journal, in order.
///
/// # Errors
/// The faults of the database, and what `each` answers.
pub fn for_each_row(
    db: &Connection,
    mut each: impl FnMut(JournalRow) -> Result<(), StoreFault>,
) -> Result<(), StoreFault> {
    let what = "reading the journal";
    let mut statement = db
        .prepare_cached("SELECT seq, record, hash FROM journal ORDER BY seq")
        .map_err(query(what))?;
    let mut rows = statement.query([]).map_err(query(what))?;
    while let Some(row) = rows.next().map_err(query(what))? {
        let seq: i64 = row.get(0).map_err(query(what))?;
        each(JournalRow {
            seq: from_sql(seq, what)?,
            record: row.get(1).map_err(query(what))?,
            hash: row.get(2).map_err(query(what))?,
        })?;
    }
    Ok(())
}

/// Recomputes every hash, replays every transition, and compares the list of pieces. Needs no
/// keys: a lost keyring still leaves evidence.
///
/// # Errors
/// The faults of the database; what does not hold stands in the report.
pub fn verify(db: &Connection) -> Result<JournalReport, StoreFault> {
    let mut frontier = Frontier::default();
    let mut report = JournalReport {
        records: 0,
        root: frontier.root(),
        vault: None,
        fault: None,
    };
    for_each_row(db, |row| {
        if report.fault.is_none() {
            match follow(db, report.vault.take(), report.records, &row)? {
                Ok(vault) => report.vault = Some(vault),
                Err(fault) => report.fault = Some(fault),
            }
        }
        report.records += 1;
        frontier
            .append(merkle::leaf_hash(&row.record))
            .map(drop)
            .map_err(|_| StoreFault::JournalFull)
    })?;
    report.root = frontier.root();
    Ok(report)
}

/// Follows one row from the vault before it.
fn follow(
    db: &Connection,
    vault: Option<Vault>,
    expected: u64,
    row: &JournalRow,
) -> Result<Result<Vault, JournalFault>, StoreFault> {
    if row.seq != expected {
        let found = row.seq;
        return Ok(Err(JournalFault::Gap { expected, found }));
    }
    if row.hash != record_hash(&row.record) {
        return Ok(Err(JournalFault::Hash { sequence: row.seq }));
    }
    let after = match vault {
        Some(vault) => vault.replay(&row.record).map(Some),
        None => Vault::replay_all([row.record.as_slice()]),
    };
    let after = match after {
        Ok(Some(after)) => after,
        Ok(None) => return Ok(Err(JournalFault::Vault)),
        Err(fault) => return Ok(Err(fault.into())),
    };
    let misread = "a journal record that replays cannot be read";
    let record =
        JournalRecord::decode(&row.record).map_err(|_| StoreFault::Damaged { what: misread })?;
    Ok(match super::pieces::unlisted(db, &record)? {
        Some(counter) => Err(JournalFault::Piece { counter }),
        None => Ok(after),
    })
}

/// The journal's size and the hash of its last record.
pub(super) fn end(db: &Connection) -> Result<(u64, [u8; 32]), StoreFault> {
    let what = "reading the end of the journal";
    let last: Option<(i64, Vec<u8>)> = db
        .prepare_cached("SELECT seq, record FROM journal ORDER BY seq DESC LIMIT 1")
        .and_then(|mut statement| {
            statement
                .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })
        .map_err(query(what))?;
    match last {
        None => Ok((0, GENESIS)),
        Some((seq, record)) => Ok((from_sql(seq, what)? + 1, record_hash(&record))),
    }
}

/// A proof that could not be made: the store's own fault, or records that are not there.
fn unproved(fault: ProveError<StoreFault>) -> StoreFault {
    match fault {
        ProveError::Store(fault) => fault,
        ProveError::OutOfRange { .. } | ProveError::MissingLeaf { .. } => StoreFault::Damaged {
            what: "records of the journal are missing",
        },
    }
}
