//! The right edge of a growing tree.

use super::{EMPTY_ROOT, Hash, MAX_LEAVES, Subtree, node_hash};

/// Why a tree could not be extended or read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrontierError {
    /// The tree holds [`MAX_LEAVES`] leaves.
    #[error("the journal's tree is full")]
    Full,
    /// The bytes are not a frontier.
    #[error("{found} bytes are not the frontier of a journal's tree")]
    NotAFrontier {
        /// The length in bytes.
        found: usize,
    },
}

/// The right edge of a growing tree: all that is needed to append a leaf and to know the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// The complete subtrees that together hold all leaves, the largest first: one for each bit
    /// of the size.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The frontier of an empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            size: 0,
            peaks: Vec::new(),
        }
    }

    /// How many leaves the tree has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf; returns every subtree it completes, the leaf itself first.
    ///
    /// A store that keeps them all proves in logarithmic time; one that keeps only the leaves
    /// proves too, but reads them all.
    ///
    /// # Errors
    /// [`FrontierError::Full`] at [`MAX_LEAVES`].
    pub fn append(&mut self, leaf: Hash) -> Result<Vec<(Subtree, Hash)>, FrontierError> {
        if self.size >= MAX_LEAVES {
            return Err(FrontierError::Full);
        }
        let mut subtree = Subtree {
            level: 0,
            index: self.size,
        };
        let mut hash = leaf;
        let mut completed = vec![(subtree, hash)];
        // A right child completes its parent, whose left child is the last peak.
        while subtree.index % 2 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
            subtree = Subtree {
                level: subtree.level + 1,
                index: subtree.index / 2,
            };
            completed.push((subtree, hash));
        }
        self.peaks.push(hash);
        self.size += 1;
        Ok(completed)
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.peaks
            .iter()
            .rev()
            .copied()
            .reduce(|right, left| node_hash(&left, &right))
            .unwrap_or(EMPTY_ROOT)
    }

    /// The frontier as bytes: size u64 BE, then the peaks, the largest subtree first.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        bytes.extend(self.peaks.iter().flatten());
        bytes
    }

    /// Reads the bytes back.
    ///
    /// # Errors
    /// [`FrontierError::NotAFrontier`] unless there is one peak for each bit of the size.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrontierError> {
        let not_a_frontier = FrontierError::NotAFrontier { found: bytes.len() };
        let (size, peaks) = bytes.split_first_chunk().ok_or(not_a_frontier)?;
        let size = u64::from_be_bytes(*size);
        let (peaks, rest) = peaks.as_chunks();
        let expected = usize::try_from(size.count_ones()).ok();
        if size > MAX_LEAVES || !rest.is_empty() || expected != Some(peaks.len()) {
            return Err(not_a_frontier);
        }
        Ok(Self {
            size,
            peaks: peaks.to_vec(),
        })
    }
}
