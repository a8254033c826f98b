//! Decimal numbers as people type them, kept exact until they meet a unit.

/// The most digits before the point: enough for any weight or length, and for no overflow.
const MAX_WHOLE_DIGITS: usize = 9;
/// The most digits after the point: a billionth of the unit is finer than any instrument.
const MAX_FRACTION_DIGITS: usize = 9;

/// A decimal number that is not negative: `digits` / 10^`decimals`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    digits: u128,
    decimals: u32,
}

impl Decimal {
    /// Reads `12`, `12.5` or `.5`; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (text, ""),
        };
        let fits = whole.len() <= MAX_WHOLE_DIGITS
            && fraction.len() <= MAX_FRACTION_DIGITS
            && whole.len() + fraction.len() > 0;
        let mut digits: u128 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            if !fits || !byte.is_ascii_digit() {
                return None;
            }
            digits = digits * 10 + u128::from(byte - b'0');
        }
        let decimals = u32::try_from(fraction.len()).ok()?;
        fits.then_some(Self { digits, decimals })
    }

    /// Whether the number has no fraction.
    pub(super) const fn is_whole(self) -> bool {
        self.digits.is_multiple_of(10u128.pow(self.decimals))
    }

    /// The number times `unit`, rounded down to a whole; `None` when it does not fit.
    ///
    /// Typed values and published limits go through this same rounding, so their order never
    /// turns round: what is not over a limit stays not over it.
    pub(super) fn times(self, unit: u64) -> Option<u64> {
        let product = self.digits.checked_mul(u128::from(unit))?;
        u64::try_from(product / 10u128.pow(self.decimals)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_and_bounded() {
        let product = |text: &str, unit| Decimal::parse(text).and_then(|d| d.times(unit));
        assert_eq!(product("0.9", 10), Some(9));
        assert_eq!(product(".5", 10), Some(5));
        assert_eq!(product("15.999", 28_349_523_125), Some(453_564_020_476));
        assert_eq!(product("999999999.999999999", u64::MAX), None);
        for text in [
            "",
            ".",
            "5.",
            "-1",
            "1e3",
            "1234567890",
            "0.1234567890",
            "1 2",
            "½",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }
}
