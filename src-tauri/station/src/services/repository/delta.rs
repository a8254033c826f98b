//! A content made from another one that is here and the change between them.

use std::io::Read as _;

/// The largest window a change may ask for, as a power of two: 128 MiB, which is what `zstd` itself
/// takes without being told.
const WINDOW_LOG_MAX: u32 = 27;

/// Applies a change (`zstd --patch-from`) to its base. At most `length` bytes come out and one more,
/// so that a result that is too long is seen and none fills the memory. Nothing when it is no change
/// of this base. Whoever asks holds the result against its hash.
pub(super) fn applied(base: &[u8], change: &[u8], length: u64) -> Option<Vec<u8>> {
    let mut decoder = zstd::stream::Decoder::with_ref_prefix(change, base).ok()?;
    decoder.window_log_max(WINDOW_LOG_MAX).ok()?;
    let mut content = Vec::new();
    let most = length.saturating_add(1);
    decoder.take(most).read_to_end(&mut content).ok()?;
    Some(content)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_change_that_swells_is_cut_off() {
        let swelling = zstd::bulk::compress(&vec![0; 10_000_000], 3).unwrap();
        assert!(swelling.len() < 2_000);
        assert_eq!(
            applied(b"base", &swelling, 100).map(|made| made.len()),
            Some(101)
        );
    }

    proptest! {
        #[test]
        fn arbitrary_changes_never_panic_and_never_grow_beyond_their_length(
            base in proptest::collection::vec(any::<u8>(), 0..100),
            change in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            if let Some(made) = applied(&base, &change, 50) {
                prop_assert!(made.len() <= 51);
            }
        }
    }
}
