//! Which pieces have no date that may be corrected any more: a wrong date is corrected once, and
//! only that of a piece that went out.

use minicbor::{Decode, Encode};

use super::rules::VaultRefusal;

/// So many counters are remembered; a clerk makes a few corrections in a month.
pub(super) const MAX_REMEMBERED: usize = 256;

/// The pieces of a vault whose date may not be corrected: those that were corrected, the corrections
/// themselves, and counters that were burned, spoiled or met no ink.
///
/// When one more than [`MAX_REMEMBERED`] comes, the oldest is forgotten, and with it no older piece
/// can be corrected any more: never twice rather than always once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Corrections {
    /// The counters, ascending.
    #[n(1)]
    counters: Vec<u32>,
    /// Pieces up to this counter are not remembered.
    #[n(2)]
    forgotten: u32,
}

impl Corrections {
    /// Whether nothing was ever remembered; such a vault is stored without them.
    pub(super) const fn is_empty(&self) -> bool {
        self.counters.is_empty() && self.forgotten == 0
    }

    /// Whether a piece is among them, or may have been.
    pub(super) fn may_have(&self, counter: u32) -> bool {
        counter <= self.forgotten || self.counters.binary_search(&counter).is_ok()
    }

    /// With the correction of a piece, which has a counter of its own.
    ///
    /// # Errors
    /// [`VaultRefusal::AlreadyCorrected`] for a piece whose date may not be corrected.
    pub(super) fn with(&self, counter: u32, correction: u32) -> Result<Self, VaultRefusal> {
        if self.may_have(counter) {
            return Err(VaultRefusal::AlreadyCorrected);
        }
        Ok(self.without(counter).without(correction))
    }

    /// Where the date of a piece may not be corrected; the same again changes nothing.
    pub(super) fn without(&self, counter: u32) -> Self {
        let mut after = self.clone();
        if let Err(place) = self.counters.binary_search(&counter)
            && counter > self.forgotten
        {
            after.counters.insert(place, counter);
            if after.counters.len() > MAX_REMEMBERED {
                after.forgotten = after.counters.remove(0);
            }
        }
        after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forgotten_is_never_corrected_again() {
        let mut corrections = Corrections::default();
        let count = u32::try_from(MAX_REMEMBERED).unwrap();
        for counter in (10..10 + 2 * count).rev().step_by(2) {
            corrections = corrections.without(counter);
        }
        assert_eq!(corrections.forgotten, 0);
        assert_eq!(corrections.without(13), corrections);
        corrections = corrections.with(5_000, 5_001).unwrap();
        assert_eq!(corrections.forgotten, 13);
        for counter in [1, 11, 13, 5_000, 5_001] {
            assert!(corrections.may_have(counter));
            let refused = corrections.with(counter, 6_000);
            assert_eq!(refused, Err(VaultRefusal::AlreadyCorrected), "{counter}");
        }
        assert!(!corrections.may_have(14));
        let full = corrections.with(14, 6_000).unwrap();
        assert_eq!(full.counters.len(), MAX_REMEMBERED);
    }
}
