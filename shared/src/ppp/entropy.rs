//! Random bytes of one call, drawn from a seed that the caller brings.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Separates these bytes from any other use of a seed.
const DOMAIN: &[u8] = b"pb ppp entropy v1";

/// Gives unpredictable bytes: SHA-256 over a secret seed and a counter.
pub(super) struct Entropy {
    seed: Zeroizing<[u8; 32]>,
    drawn: u64,
}

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entropy").finish_non_exhaustive()
    }
}

impl Entropy {
    /// Takes 32 bytes of the system's random source, new for each call.
    pub(super) const fn new(seed: Zeroizing<[u8; 32]>) -> Self {
        Self { seed, drawn: 0 }
    }

    /// The next 16 bytes.
    pub(super) fn block(&mut self) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update(DOMAIN);
        hash.update(self.seed.as_slice());
        hash.update(self.drawn.to_be_bytes());
        self.drawn = self.drawn.saturating_add(1);
        let digest: [u8; 32] = hash.finalize().into();
        let mut block = [0; 16];
        for (to, from) in block.iter_mut().zip(digest) {
            *to = from;
        }
        block
    }

    /// The next magic number; never 0, which means "none".
    pub(super) fn magic(&mut self) -> u32 {
        let [a, b, c, d, ..] = self.block();
        u32::from_be_bytes([a, b, c, d]).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_and_two_seeds_differ() {
        let mut one = Entropy::new(Zeroizing::new([1; 32]));
        let mut two = Entropy::new(Zeroizing::new([2; 32]));
        let first = one.block();
        assert_ne!(first, one.block());
        assert_ne!(first, two.block());
    }
}
