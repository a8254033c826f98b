//! What looks like chance and is the same for the same seed.

/// Numbers of SplitMix64: short, well spread, and not for secrets.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// Begins at a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Whether what happens once in `times` happens now; never when `times` is 0.
    pub const fn one_in(&mut self, times: u64) -> bool {
        times != 0 && self.next().is_multiple_of(times)
    }

    /// A number from 0 up to, but not including, `limit`; 0 when that is 0.
    pub const fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 { 0 } else { self.next() % limit }
    }

    /// Any byte.
    pub const fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// 32 bytes, for what wants a seed of its own.
    pub fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        for chunk in seed.chunks_exact_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes());
        }
        seed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_chance_and_another_gives_another() {
        let drawn = |seed| {
            let mut chance = Chance::new(seed);
            [chance.next(), chance.next(), chance.next()]
        };
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
    }

    #[test]
    fn what_happens_once_in_a_thousand_happens_about_so_often() {
        let mut chance = Chance::new(7);
        let count = (0..1_000_000).filter(|_| chance.one_in(1_000)).count();
        assert!((900..1_100).contains(&count), "{count}");
        assert!((0..1_000).all(|_| !chance.one_in(0)));
    }

    #[test]
    fn a_number_below_a_limit_is_any_of_them() {
        let mut chance = Chance::new(3);
        let drawn: std::collections::BTreeSet<u64> = (0..1_000).map(|_| chance.below(7)).collect();
        assert_eq!(drawn, (0..7).collect());
        assert_eq!(chance.below(0), 0);
    }
}
