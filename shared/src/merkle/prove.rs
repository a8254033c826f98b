//! Making proofs from what the store keeps.

use std::convert::Infallible;

use super::{EMPTY_ROOT, Hash, MAX_LEAVES, Range, Subtree, node_hash};

/// Why a proof could not be made; `E` is the fault of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProveError<E = Infallible> {
    /// What should be proved is not so in any tree: the old size is above the new one, the leaf
    /// beyond the end, or the tree larger than [`MAX_LEAVES`].
    #[error("a tree of {size} leaves has no beginning or leaf {asked}")]
    OutOfRange {
        /// The size of the tree.
        size: u64,
        /// The old size or the leaf's index.
        asked: u64,
    },
    /// The store does not have a leaf.
    #[error("the hash of leaf {index} is missing")]
    MissingLeaf {
        /// The leaf's index.
        index: u64,
    },
    /// The store could not be read.
    #[error("the tree's nodes could not be read")]
    Store(#[source] E),
}

/// The root of the first `size` leaves.
///
/// Here and below, `source` gives the hash of a complete subtree. Above level 0 it may answer
/// `None`: the hash is then computed from the halves.
///
/// # Errors
/// A [`ProveError`] when the store lacks a leaf.
pub fn root_at<E>(
    size: u64,
    mut source: impl FnMut(Subtree) -> Result<Option<Hash>, E>,
) -> Result<Hash, ProveError<E>> {
    if size == 0 {
        return Ok(EMPTY_ROOT);
    }
    in_range(size <= MAX_LEAVES, size, size)?;
    range_hash(Range { start: 0, size }, &mut source)
}

/// Proves that the tree of `old_size` leaves is the beginning of the tree of `new_size` leaves.
///
/// # Errors
/// A [`ProveError`] when the sizes do not fit or the store lacks a leaf.
pub fn prove_consistency<E>(
    old_size: u64,
    new_size: u64,
    mut source: impl FnMut(Subtree) -> Result<Option<Hash>, E>,
) -> Result<Vec<Hash>, ProveError<E>> {
    let fits = old_size <= new_size && new_size <= MAX_LEAVES;
    in_range(fits, new_size, old_size)?;
    if old_size == 0 {
        return Ok(Vec::new());
    }
    // RFC 9162, 2.1.4.1, walked from the root down; the proof is written from the leaves up.
    let mut proof = Vec::new();
    let mut range = Range {
        start: 0,
        size: new_size,
    };
    let mut old_in_range = old_size;
    let mut known = true;
    while old_in_range != range.size {
        let [left, right] = range.split();
        let beside = if old_in_range <= left.size {
            range = left;
            right
        } else {
            old_in_range -= left.size;
            known = false;
            range = right;
            left
        };
        proof.push(range_hash(beside, &mut source)?);
    }
    if !known {
        proof.push(range_hash(range, &mut source)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Proves that the leaf at `index` is in the tree of `size` leaves.
///
/// # Errors
/// A [`ProveError`] when there is no such leaf or the store lacks one.
pub fn prove_inclusion<E>(
    index: u64,
    size: u64,
    mut source: impl FnMut(Subtree) -> Result<Option<Hash>, E>,
) -> Result<Vec<Hash>, ProveError<E>> {
    in_range(index < size && size <= MAX_LEAVES, size, index)?;
    let mut proof = Vec::new();
    let mut range = Range { start: 0, size };
    while range.size > 1 {
        let [left, right] = range.split();
        let beside = if index < right.start {
            range = left;
            right
        } else {
            range = right;
            left
        };
        proof.push(range_hash(beside, &mut source)?);
    }
    proof.reverse();
    Ok(proof)
}

fn in_range<E>(fits: bool, size: u64, asked: u64) -> Result<(), ProveError<E>> {
    if fits {
        Ok(())
    } else {
        Err(ProveError::OutOfRange { size, asked })
    }
}

fn range_hash<E>(
    range: Range,
    source: &mut impl FnMut(Subtree) -> Result<Option<Hash>, E>,
) -> Result<Hash, ProveError<E>> {
    if let Some(subtree) = range.subtree() {
        return subtree_hash(subtree, source);
    }
    let [left, right] = range.split();
    let left = range_hash(left, source)?;
    let right = range_hash(right, source)?;
    Ok(node_hash(&left, &right))
}

fn subtree_hash<E>(
    subtree: Subtree,
    source: &mut impl FnMut(Subtree) -> Result<Option<Hash>, E>,
) -> Result<Hash, ProveError<E>> {
    if let Some(hash) = source(subtree).map_err(ProveError::Store)? {
        return Ok(hash);
    }
    let Some([left, right]) = subtree.halves() else {
        return Err(ProveError::MissingLeaf {
            index: subtree.index,
        });
    };
    let left = subtree_hash(left, source)?;
    let right = subtree_hash(right, source)?;
    Ok(node_hash(&left, &right))
}
