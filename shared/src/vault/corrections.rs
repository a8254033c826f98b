//! Which pieces had their date corrected: a wrong date is corrected once.

use minicbor::{Decode, Encode};

use super::rules::VaultRefusal;

/// So many corrections are remembered; a clerk makes a few in a month.
pub(super) const MAX_REMEMBERED: usize = 256;

/// The corrected pieces of a vault.
///
/// When one more than [`MAX_REMEMBERED`] is corrected, the oldest piece is forgotten, and with it
/// no older piece can be corrected any more: never twice rather than always once.
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
    /// Whether nothing was ever corrected; such a vault is stored without them.
    pub(super) const fn is_empty(&self) -> bool {
        self.counters.is_empty() && self.forgotten == 0
    }

    /// Whether a piece was corrected, or may have been.
    pub(super) fn may_have(&self, counter: u32) -> bool {
        counter <= self.forgotten || self.counters.binary_search(&counter).is_ok()
    }

    /// The corrections with one more.
    ///
    /// # Errors
    /// [`VaultRefusal::AlreadyCorrected`].
    pub(super) fn with(&self, counter: u32) -> Result<Self, VaultRefusal> {
        let place = match self.counters.binary_search(&counter) {
            Err(place) if counter > self.forgotten => place,
            Ok(_) | Err(_) => return Err(VaultRefusal::AlreadyCorrected),
        };
        let mut after = self.clone();
        after.counters.insert(place, counter);
        if after.counters.len() > MAX_REMEMBERED {
            after.forgotten = after.counters.remove(0);
        }
        Ok(after)
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
            corrections = corrections.with(counter).unwrap();
        }
        assert_eq!(corrections.forgotten, 0);
        corrections = corrections.with(5_000).unwrap();
        assert_eq!(corrections.forgotten, 11);
        for counter in [1, 11, 13, 5_000] {
            assert!(corrections.may_have(counter));
            let refused = corrections.with(counter);
            assert_eq!(refused, Err(VaultRefusal::AlreadyCorrected), "{counter}");
        }
        assert!(!corrections.may_have(12));
        assert_eq!(corrections.with(12).unwrap().counters.len(), MAX_REMEMBERED);
    }
}
