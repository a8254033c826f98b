//! The Merkle tree over a journal's records (RFC 9162, 2.1): short proofs that nothing was
//! rewritten.
//!
//! Station and data center each keep a journal; each proves to the other that its older, signed
//! head is a beginning of the newer one. A journal's owner keeps only the [`Frontier`] in memory;
//! what a proof needs besides comes from its store, one [`Subtree`] at a time.

mod frontier;
mod prove;
mod verify;

use sha2::{Digest, Sha256};

pub use frontier::{Frontier, FrontierError};
pub use prove::{ProveError, prove_consistency, prove_inclusion, root_at};
pub use verify::{ProofRefusal, verify_consistency, verify_inclusion};

/// A SHA-256 hash of a leaf, a node or a root.
pub type Hash = [u8; 32];

/// The most leaves of one tree: so that no proof is longer than 1 KiB.
pub const MAX_LEAVES: u64 = 1 << 31;

/// The most hashes of one proof: one for each level, and one more for consistency.
pub const MAX_PROOF_HASHES: usize = 32;

/// The root of the tree without leaves: SHA-256 of nothing.
pub const EMPTY_ROOT: Hash = [
    0xE3, 0xB0, 0xC4, 0x42, 0x98, 0xFC, 0x1C, 0x14, 0x9A, 0xFB, 0xF4, 0xC8, 0x99, 0x6F, 0xB9, 0x24,
    0x27, 0xAE, 0x41, 0xE4, 0x64, 0x9B, 0x93, 0x4C, 0xA4, 0x95, 0x99, 0x1B, 0x78, 0x52, 0xB8, 0x55,
];

/// The hash of a leaf: SHA-256(00 ‖ record).
#[must_use]
pub fn leaf_hash(record: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0x00])
        .chain_update(record)
        .finalize()
        .into()
}

/// The hash of a node: SHA-256(01 ‖ left ‖ right).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new()
        .chain_update([0x01])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// A complete subtree: the 2^`level` leaves from `index` · 2^`level` on. Level 0 is a leaf.
///
/// Its hash never changes once its last leaf is there, so a store may keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subtree {
    /// The height above the leaves, 0 to 31.
    pub level: u8,
    /// Which one of its level, from the left, from 0.
    pub index: u64,
}

impl Subtree {
    /// The two subtrees below, none for a leaf.
    const fn halves(self) -> Option<[Self; 2]> {
        let Some(level) = self.level.checked_sub(1) else {
            return None;
        };
        let left = Self {
            level,
            index: self.index * 2,
        };
        let right = Self {
            level,
            index: self.index * 2 + 1,
        };
        Some([left, right])
    }
}

/// Leaves side by side; `start` is a multiple of the next power of two at or above `size`.
#[derive(Clone, Copy)]
struct Range {
    start: u64,
    size: u64,
}

impl Range {
    /// Splits as RFC 9162, 2.1.1: the left part is the largest power of two below the size.
    const fn split(self) -> [Self; 2] {
        let left = self.size.next_power_of_two() / 2;
        [
            Self {
                start: self.start,
                size: left,
            },
            Self {
                start: self.start + left,
                size: self.size - left,
            },
        ]
    }

    /// The complete subtree this range is, if it is one.
    fn subtree(self) -> Option<Subtree> {
        let level = u8::try_from(self.size.trailing_zeros()).ok()?;
        self.size.is_power_of_two().then_some(Subtree {
            level,
            index: self.start >> level,
        })
    }
}

#[cfg(test)]
mod tests;
