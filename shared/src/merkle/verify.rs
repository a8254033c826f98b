//! Checking proofs made by the other side.

use ct_merkle::{ConsistencyProof, ConsistencyVerifError, RootHash};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::{EMPTY_ROOT, Hash, MAX_LEAVES, MAX_PROOF_HASHES, Range, node_hash};

/// A proof that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofRefusal {
    /// The newer tree is smaller than the older one.
    #[error("the journal has shrunk from {old_size} to {new_size} records")]
    Shrunk {
        /// The size of the older tree.
        old_size: u64,
        /// The size of the newer tree.
        new_size: u64,
    },
    /// The leaf lies beyond the tree, or the tree is larger than [`MAX_LEAVES`].
    #[error("a tree of {size} leaves has no leaf {index}")]
    OutOfRange {
        /// The size of the tree.
        size: u64,
        /// The leaf's index.
        index: u64,
    },
    /// The proof has another number of hashes than sizes or index ask for.
    #[error("a proof of {found} hashes has the wrong length")]
    WrongLength {
        /// How many hashes.
        found: usize,
    },
    /// The hashes do not lead to the root: something was rewritten.
    #[error("the proof does not lead to the root: the journal was rewritten")]
    Rewritten,
}

/// Checks a consistency proof: the old tree is the beginning of the new one.
///
/// # Errors
/// A [`ProofRefusal`]: evidence that the journal was rewritten.
pub fn verify_consistency(
    (old_size, old_root): (u64, &Hash),
    (new_size, new_root): (u64, &Hash),
    proof: &[Hash],
) -> Result<(), ProofRefusal> {
    if old_size > new_size {
        return Err(ProofRefusal::Shrunk { old_size, new_size });
    }
    if new_size > MAX_LEAVES {
        return Err(ProofRefusal::OutOfRange {
            size: new_size,
            index: old_size,
        });
    }
    let wrong_length = ProofRefusal::WrongLength { found: proof.len() };
    if proof.len() > MAX_PROOF_HASHES || (old_size == 0 && !proof.is_empty()) {
        return Err(wrong_length);
    }
    if old_size == 0 {
        let sound = old_root == &EMPTY_ROOT && (new_size > 0 || new_root == &EMPTY_ROOT);
        return if sound {
            Ok(())
        } else {
            Err(ProofRefusal::Rewritten)
        };
    }
    let hashes =
        ConsistencyProof::<Sha256>::try_from_bytes(proof.concat()).map_err(|_| wrong_length)?;
    let old = RootHash::<Sha256>::new((*old_root).into(), old_size);
    let new = RootHash::<Sha256>::new((*new_root).into(), new_size);
    new.verify_consistency(&old, &hashes)
        .map_err(|fault| match fault {
            ConsistencyVerifError::MalformedProof => wrong_length,
            ConsistencyVerifError::OldTreeEmpty
            | ConsistencyVerifError::OldTreeLarger
            | ConsistencyVerifError::NewTreeTooBig
            | ConsistencyVerifError::VerificationFailure => ProofRefusal::Rewritten,
        })
}

/// Checks an inclusion proof: the leaf with this hash stands at `index` (RFC 9162, 2.1.3.2).
///
/// # Errors
/// A [`ProofRefusal`]: evidence that the journal does not hold the record.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    (size, root): (u64, &Hash),
    proof: &[Hash],
) -> Result<(), ProofRefusal> {
    if index >= size || size > MAX_LEAVES {
        return Err(ProofRefusal::OutOfRange { size, index });
    }
    // Which side the proved leaf is on at each level, from the root down.
    let mut on_the_left = Vec::new();
    let mut range = Range { start: 0, size };
    while range.size > 1 {
        let [left, right] = range.split();
        on_the_left.push(index < right.start);
        range = if index < right.start { left } else { right };
    }
    if on_the_left.len() != proof.len() {
        return Err(ProofRefusal::WrongLength { found: proof.len() });
    }
    let computed =
        proof
            .iter()
            .zip(on_the_left.iter().rev())
            .fold(*leaf, |hash, (beside, on_the_left)| {
                if *on_the_left {
                    node_hash(&hash, beside)
                } else {
                    node_hash(beside, &hash)
                }
            });
    if computed.ct_eq(root).into() {
        Ok(())
    } else {
        Err(ProofRefusal::Rewritten)
    }
}
