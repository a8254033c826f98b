//! Postage amounts, and the only arithmetic on money in the product.
//!
//! Every amount is a whole number of mills (1/1000 of the currency unit), so that the tenths of a
//! cent of bulk postage are exact. All arithmetic is checked: an overflow is a refusal, never a
//! wrap and never a panic.

mod difference;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use difference::Difference;

/// The largest amount the product handles, in mills: what a u40 register of an indicium holds.
pub const MAX_MILLS: u64 = (1 << 40) - 1;

/// Mills in one currency unit.
const MILLS_PER_UNIT: u64 = 1_000;

/// An amount of money in mills, from 0 to [`MAX_MILLS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Mills(u64);

/// Why an amount was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The result would be more than [`MAX_MILLS`].
    #[error("the amount is larger than the registers can hold")]
    TooLarge,
    /// The result would be less than nothing.
    #[error("the amount would fall below zero")]
    BelowZero,
    /// The text is not a decimal currency amount with at most three decimals.
    #[error("not an amount of money such as 50.00")]
    NotAnAmount,
}

impl Mills {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Takes a number of mills.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] above [`MAX_MILLS`].
    pub const fn new(mills: u64) -> Result<Self, MoneyError> {
        if mills > MAX_MILLS {
            Err(MoneyError::TooLarge)
        } else {
            Ok(Self(mills))
        }
    }

    /// Takes a number of hundredths of the currency unit, as price lists print them.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] when the amount passes [`MAX_MILLS`].
    pub const fn from_cents(cents: u64) -> Result<Self, MoneyError> {
        match cents.checked_mul(10) {
            Some(mills) => Self::new(mills),
            None => Err(MoneyError::TooLarge),
        }
    }

    /// The number of mills.
    #[must_use]
    pub const fn mills(self) -> u64 {
        self.0
    }

    /// Whether this is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] when the sum passes [`MAX_MILLS`].
    pub const fn plus(self, other: Self) -> Result<Self, MoneyError> {
        match self.0.checked_add(other.0) {
            Some(sum) => Self::new(sum),
            None => Err(MoneyError::TooLarge),
        }
    }

    /// The difference.
    ///
    /// # Errors
    /// [`MoneyError::BelowZero`] when `other` is the larger amount.
    pub const fn minus(self, other: Self) -> Result<Self, MoneyError> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Ok(Self(difference)),
            None => Err(MoneyError::BelowZero),
        }
    }

    /// The amount taken `count` times.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] when the product passes [`MAX_MILLS`].
    pub const fn times(self, count: u64) -> Result<Self, MoneyError> {
        match self.0.checked_mul(count) {
            Some(product) => Self::new(product),
            None => Err(MoneyError::TooLarge),
        }
    }

    /// So many thousandths of the amount, rounded down.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] when the result passes [`MAX_MILLS`].
    pub const fn permille(self, permille: u64) -> Result<Self, MoneyError> {
        match self.0.checked_mul(permille) {
            Some(product) => Self::new(product / 1_000),
            None => Err(MoneyError::TooLarge),
        }
    }

    /// Reads a decimal currency amount as people type it: `50`, `50.00`, `$1,250.5`, `0.785`.
    ///
    /// # Errors
    /// [`MoneyError::NotAnAmount`] for anything else, [`MoneyError::TooLarge`] past [`MAX_MILLS`].
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        let text = text.trim();
        let text = text.strip_prefix('$').unwrap_or(text);
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return Err(MoneyError::NotAnAmount),
            Some(parts) => parts,
            None => (text, ""),
        };
        let units = parse_units(whole)?;
        if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(MoneyError::NotAnAmount);
        }
        let thousandths: u64 = format!("{fraction:0<3}")
            .parse()
            .map_err(|_| MoneyError::NotAnAmount)?;
        let mills = units
            .checked_mul(MILLS_PER_UNIT)
            .ok_or(MoneyError::TooLarge)?;
        Self::new(mills.checked_add(thousandths).ok_or(MoneyError::TooLarge)?)
    }
}

/// Reads the whole units of an amount; commas may only stand between groups of three digits.
fn parse_units(text: &str) -> Result<u64, MoneyError> {
    let mut groups = text.split(',');
    let first = groups.next().unwrap_or_default();
    let mut digits = first.to_owned();
    for group in groups {
        if group.len() != 3 || first.is_empty() || first.len() > 3 {
            return Err(MoneyError::NotAnAmount);
        }
        digits.push_str(group);
    }
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(MoneyError::NotAnAmount);
    }
    digits.parse().map_err(|_| MoneyError::TooLarge)
}

impl fmt::Display for Mills {
    /// Writes units and cents, and the tenth of a cent only where there is one: `49.22`, `0.785`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        MillsSum::from(*self).fmt(f)
    }
}

/// What many amounts add up to, in mills: pieces of a whole fleet print more than one register
/// holds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MillsSum(u64);

impl MillsSum {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// More than anything adds up to.
    pub const MOST: Self = Self(u64::MAX);

    /// Takes a number of mills.
    #[must_use]
    pub const fn new(mills: u64) -> Self {
        Self(mills)
    }

    /// What so many equal amounts add up to.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] when no number holds it.
    pub const fn of(amount: Mills, count: u64) -> Result<Self, MoneyError> {
        match amount.0.checked_mul(count) {
            Some(sum) => Ok(Self(sum)),
            None => Err(MoneyError::TooLarge),
        }
    }

    /// The number of mills.
    #[must_use]
    pub const fn mills(self) -> u64 {
        self.0
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] when no number holds it.
    pub const fn plus(self, other: Self) -> Result<Self, MoneyError> {
        match self.0.checked_add(other.0) {
            Some(sum) => Ok(Self(sum)),
            None => Err(MoneyError::TooLarge),
        }
    }
}

impl From<Mills> for MillsSum {
    fn from(amount: Mills) -> Self {
        Self(amount.0)
    }
}

impl fmt::Display for MillsSum {
    /// As an amount is written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (units, rest) = (self.0 / MILLS_PER_UNIT, self.0 % MILLS_PER_UNIT);
        if rest.is_multiple_of(10) {
            write!(f, "{units}.{:02}", rest / 10)
        } else {
            write!(f, "{units}.{rest:03}")
        }
    }
}

impl TryFrom<u64> for Mills {
    type Error = MoneyError;

    fn try_from(mills: u64) -> Result<Self, MoneyError> {
        Self::new(mills)
    }
}

impl<'de> Deserialize<'de> for Mills {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl<C> minicbor::Encode<C> for Mills {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.u64(self.0)?.ok()
    }
}

impl<'b, C> minicbor::Decode<'b, C> for Mills {
    fn decode(
        decoder: &mut minicbor::Decoder<'b>,
        _: &mut C,
    ) -> Result<Self, minicbor::decode::Error> {
        Self::new(decoder.u64()?).map_err(minicbor::decode::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_are_read_as_people_type_them() {
        for (text, mills) in [
            ("50", 50_000),
            ("50.00", 50_000),
            ("$1,250.5", 1_250_500),
            ("0.785", 785),
            (" 7 ", 7_000),
            ("0", 0),
        ] {
            assert_eq!(Mills::parse(text), Ok(Mills(mills)), "{text}");
        }
    }

    #[test]
    fn what_is_not_an_amount_is_refused() {
        for text in [
            "", ".", "5.", ".5", "-5", "1e3", "5.0000", "1,00", "1,0000", "12,34.5", "NaN", "٣",
        ] {
            assert_eq!(Mills::parse(text), Err(MoneyError::NotAnAmount), "{text}");
        }
        assert_eq!(
            Mills::parse("99999999999999999999"),
            Err(MoneyError::TooLarge)
        );
        assert_eq!(Mills::parse("1099511628"), Err(MoneyError::TooLarge));
    }

    #[test]
    fn arithmetic_refuses_instead_of_wrapping() {
        let most = Mills(MAX_MILLS);
        assert_eq!(most.plus(Mills(1)), Err(MoneyError::TooLarge));
        assert_eq!(most.times(2), Err(MoneyError::TooLarge));
        assert_eq!(Mills(1).minus(Mills(2)), Err(MoneyError::BelowZero));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(mills in 0..=MAX_MILLS) {
            prop_assert_eq!(Mills::parse(&Mills(mills).to_string()), Ok(Mills(mills)));
        }

        #[test]
        fn sums_and_differences_are_inverse(a in 0..=MAX_MILLS, b in 0..=MAX_MILLS) {
            if let Ok(sum) = Mills(a).plus(Mills(b)) {
                prop_assert_eq!(sum.minus(Mills(b)), Ok(Mills(a)));
            } else {
                prop_assert!(a + b > MAX_MILLS);
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,24}") {
            let _ = Mills::parse(&text).is_ok();
        }
    }
}
