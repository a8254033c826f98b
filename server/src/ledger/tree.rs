//! The Merkle tree over the journal (RFC 9162 section 2.1) and its signed heads.
//!
//! Stations keep the newest head they were shown and ask for a proof that it is a beginning of the
//! next: a data center that rewrote its journal, or was restored from an old backup, cannot answer.

use shared::checkpoint::{Head, NoteSignature, SignedHead};
use shared::ids::DataCenterId;
use shared::merkle::{self, Frontier, Hash, ProveError, Subtree};

use super::{GENESIS, LedgerError};
use crate::ca::Ed25519Key;
use crate::db::{DbError, Tx};
use crate::params;

/// How many leaves the tree has, and its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// Records in the journal.
    pub size: u64,
    /// The root over their leaf hashes.
    pub root: Hash,
}

/// From where the journal goes on.
pub(super) struct Edge {
    pub(super) frontier: Frontier,
    pub(super) last_hash: Hash,
}

/// Why a proof was not made.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The tree has no such leaf or never had such a size.
    #[error("the journal has no leaf or size {asked} among {size}")]
    OutOfRange {
        /// The size the proof is asked for.
        size: u64,
        /// The leaf or the older size.
        asked: u64,
    },
    /// A record is missing.
    #[error("journal record {index} is missing")]
    MissingRecord {
        /// The record.
        index: u64,
    },
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<ProveError<DbError>> for ProofError {
    fn from(error: ProveError<DbError>) -> Self {
        match error {
            ProveError::OutOfRange { size, asked } => Self::OutOfRange { size, asked },
            ProveError::MissingLeaf { index } => Self::MissingRecord { index },
            ProveError::Store(fault) => Self::Db(fault),
        }
    }
}

/// Reads the edge of the tree.
pub(super) fn edge(tx: &Tx<'_>) -> Result<Edge, DbError> {
    let stored = tx.row("SELECT last_hash, frontier FROM journal_head", &[], |row| {
        let bytes: Vec<u8> = row.column(1)?;
        Ok(Edge {
            last_hash: row.column(0)?,
            frontier: Frontier::from_bytes(&bytes).map_err(|_| row.misfit(1))?,
        })
    })?;
    Ok(stored.unwrap_or_else(|| Edge {
        frontier: Frontier::new(),
        last_hash: GENESIS,
    }))
}

/// Adds a record to the tree; returns its leaf hash.
pub(super) fn grow(
    tx: &Tx<'_>,
    mut edge: Edge,
    record: &[u8],
    hash: &Hash,
) -> Result<Hash, LedgerError> {
    let leaf = merkle::leaf_hash(record);
    let completed = edge
        .frontier
        .append(leaf)
        .map_err(|_| LedgerError::JournalFull)?;
    // Leaves are not stored: they are hashed again from their records.
    for (subtree, hash) in completed.iter().filter(|(subtree, _)| subtree.level > 0) {
        tx.execute(
            "INSERT INTO journal_node (level, place, hash) VALUES (?1, ?2, ?3)",
            params![u32::from(subtree.level), place(subtree.index), hash],
        )?;
    }
    let (size, bytes) = (edge.frontier.size(), edge.frontier.bytes());
    tx.execute(
        "INSERT INTO journal_head (one, size, last_hash, frontier) VALUES (1, ?1, ?2, ?3)
         ON CONFLICT (one) DO UPDATE SET size = ?1, last_hash = ?2, frontier = ?3",
        params![place(size), hash, &bytes],
    )?;
    Ok(leaf)
}

/// The head of the tree as it stands in this transaction. What is signed of it may leave only
/// after the commit.
///
/// # Errors
/// [`DbError`].
pub fn tree_head(tx: &Tx<'_>) -> Result<TreeHead, DbError> {
    let edge = edge(tx)?;
    Ok(TreeHead {
        size: edge.frontier.size(),
        root: edge.frontier.root(),
    })
}

/// Proves that record `index` is in the journal's first `size` records.
///
/// # Errors
/// [`ProofError`].
pub fn prove_inclusion(tx: &Tx<'_>, index: u64, size: u64) -> Result<Vec<Hash>, ProofError> {
    within(tx, size, index)?;
    Ok(merkle::prove_inclusion(index, size, |subtree| {
        subtree_hash(tx, subtree)
    })?)
}

/// Proves that the journal's first `old` records are the beginning of its first `new` ones.
///
/// # Errors
/// [`ProofError`].
pub fn prove_consistency(tx: &Tx<'_>, old: u64, new: u64) -> Result<Vec<Hash>, ProofError> {
    within(tx, new, old)?;
    Ok(merkle::prove_consistency(old, new, |subtree| {
        subtree_hash(tx, subtree)
    })?)
}

/// The root of the journal's first `size` records.
///
/// # Errors
/// [`ProofError`].
pub fn root_at(tx: &Tx<'_>, size: u64) -> Result<Hash, ProofError> {
    within(tx, size, size)?;
    Ok(merkle::root_at(size, |subtree| subtree_hash(tx, subtree))?)
}

fn within(tx: &Tx<'_>, size: u64, asked: u64) -> Result<(), ProofError> {
    if size > tree_head(tx)?.size {
        return Err(ProofError::OutOfRange { size, asked });
    }
    Ok(())
}

fn subtree_hash(tx: &Tx<'_>, subtree: Subtree) -> Result<Option<Hash>, DbError> {
    if subtree.level > 0 {
        return tx.row(
            "SELECT hash FROM journal_node WHERE level = ?1 AND place = ?2",
            params![u32::from(subtree.level), place(subtree.index)],
            |row| row.column(0),
        );
    }
    let record: Option<Vec<u8>> = tx.row(
        "SELECT record FROM journal WHERE sequence = ?1",
        params![place(subtree.index)],
        |row| row.column(0),
    )?;
    Ok(record.map(|record| merkle::leaf_hash(&record)))
}

/// Places and sizes are below 2^31.
fn place(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Signs a head as it stands in one epoch.
#[must_use]
pub fn sign(center: DataCenterId, epoch: u32, head: &TreeHead, key: &Ed25519Key) -> SignedHead {
    let head = Head {
        center,
        epoch,
        size: head.size,
        root: head.root,
    };
    SignedHead {
        signature: NoteSignature(key.sign(head.text().as_bytes())),
        head,
    }
}
