//! Weights as whole nanograms, so that ounces, pounds and grams compare exactly.
//!
//! The international avoirdupois pound is 453.59237 g by definition, so an ounce is
//! 28.349523125 g: both are whole numbers of nanograms, and a letter of exactly one ounce is not
//! over one ounce, however it was typed.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};

use super::decimal::Decimal;

/// Nanograms in one gram.
pub const GRAM: u64 = 1_000_000_000;
/// Nanograms in one avoirdupois ounce; exact.
pub const OUNCE: u64 = 28_349_523_125;
/// Nanograms in one avoirdupois pound; exact.
pub const POUND: u64 = 453_592_370_000;
/// The heaviest weight the product reads, one tonne: no post carries such a piece.
pub const MAX_NANOGRAMS: u64 = 1_000_000 * GRAM;
/// The least weight that is read, a milligram: less is written as zero everywhere, and typed by
/// mistake.
pub const LEAST_TYPED: u64 = GRAM / 1_000;
/// The longest text that can be a weight; longer ones are refused unread.
const MAX_TEXT: usize = 40;

/// The weight of a piece, above nothing and at most [`MAX_NANOGRAMS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode)]
#[cbor(transparent)]
pub struct Weight(#[n(0)] u64);

/// Why a weight was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeightError {
    /// The text is not a number with a unit.
    #[error("not a weight such as 28g, 1oz or 2lb3oz")]
    NotAWeight,
    /// Nothing weighs nothing.
    #[error("the weight is zero")]
    Zero,
    /// Above nothing and below [`LEAST_TYPED`].
    #[error("the weight is less than a milligram")]
    TooLight,
    /// Above [`MAX_NANOGRAMS`].
    #[error("the weight is more than a tonne")]
    TooHeavy,
}

impl WeightError {
    /// The stable code of the refusal.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAWeight => "not_a_weight",
            Self::Zero | Self::TooLight => "weight_zero",
            Self::TooHeavy => "overweight",
        }
    }
}

impl Weight {
    /// Takes nanograms.
    ///
    /// # Errors
    /// [`WeightError::Zero`] or [`WeightError::TooHeavy`].
    pub const fn from_nanograms(nanograms: u64) -> Result<Self, WeightError> {
        match nanograms {
            0 => Err(WeightError::Zero),
            1..=MAX_NANOGRAMS => Ok(Self(nanograms)),
            _ => Err(WeightError::TooHeavy),
        }
    }

    /// Takes the nanograms that somebody typed, or that a scale shows.
    ///
    /// # Errors
    /// [`WeightError`], [`WeightError::TooLight`] below [`LEAST_TYPED`].
    pub(crate) const fn typed(nanograms: u64) -> Result<Self, WeightError> {
        match nanograms {
            1..LEAST_TYPED => Err(WeightError::TooLight),
            nanograms => Self::from_nanograms(nanograms),
        }
    }

    /// Takes whole pounds.
    ///
    /// # Errors
    /// [`WeightError::Zero`] or [`WeightError::TooHeavy`].
    pub const fn from_pounds(pounds: u64) -> Result<Self, WeightError> {
        match pounds.checked_mul(POUND) {
            Some(nanograms) => Self::from_nanograms(nanograms),
            None => Err(WeightError::TooHeavy),
        }
    }

    /// Nanograms.
    #[must_use]
    pub const fn nanograms(self) -> u64 {
        self.0
    }

    /// Whole pounds, every started pound counting.
    #[must_use]
    pub const fn pounds_up(self) -> u64 {
        self.0.div_ceil(POUND)
    }

    /// Whether this is a whole number of pounds.
    #[must_use]
    pub const fn is_whole_pounds(self) -> bool {
        self.0.is_multiple_of(POUND)
    }

    /// Grams with at most three decimals, as `weight_grams` in JSON.
    #[must_use]
    pub fn grams(self) -> f64 {
        f64::from(self.milligrams()) / 1_000.0
    }

    /// Grams as text with at most three decimals, no trailing zeros: `28`, `453.592`.
    #[must_use]
    pub fn grams_text(self) -> String {
        thousandths(u64::from(self.milligrams()))
    }

    /// Milligrams, rounded to the nearest.
    fn milligrams(self) -> u32 {
        let nearest = (self.0 + 500_000) / 1_000_000;
        u32::try_from(nearest).expect("a tonne is 1,000,000,000 mg, which fits")
    }
}

/// Writes thousandths without trailing zeros.
fn thousandths(count: u64) -> String {
    let text = format!("{}.{:03}", count / 1_000, count % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl fmt::Display for Weight {
    /// Writes pounds and ounces, to the nearest thousandth of an ounce: `2 lb 3 oz`, `15.999 oz`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scaled = u128::from(self.0) * 1_000 + u128::from(OUNCE) / 2;
        let ounces = u64::try_from(scaled / u128::from(OUNCE)).map_err(|_| fmt::Error)?;
        match (ounces / 16_000, ounces % 16_000) {
            (0, 0) => write!(f, "under 0.001 oz"),
            (0, rest) => write!(f, "{} oz", thousandths(rest)),
            (pounds, 0) => write!(f, "{pounds} lb"),
            (pounds, rest) => write!(f, "{pounds} lb {} oz", thousandths(rest)),
        }
    }
}

impl FromStr for Weight {
    type Err = WeightError;

    /// Reads `28g`, `1.5 kg`, `1oz`, `0.9oz`, `1.5lb`, `2lb3oz`, `2 lb 3 oz`.
    fn from_str(text: &str) -> Result<Self, WeightError> {
        if text.len() > MAX_TEXT {
            return Err(WeightError::NotAWeight);
        }
        let text = text.trim().to_ascii_lowercase();
        let (first, unit, rest) = quantity(&text).ok_or(WeightError::NotAWeight)?;
        let whole = first.times(unit).ok_or(WeightError::TooHeavy)?;
        if rest.is_empty() {
            return Self::typed(whole);
        }
        let (second, small, end) = quantity(rest).ok_or(WeightError::NotAWeight)?;
        let ounces = second.times(OUNCE).ok_or(WeightError::NotAWeight)?;
        let is_pair = unit == POUND && first.is_whole() && small == OUNCE && end.is_empty();
        // Sixteen ounces or more beside pounds is a slip of the finger, not a weight.
        if !is_pair || ounces >= POUND {
            return Err(WeightError::NotAWeight);
        }
        Self::typed(whole.checked_add(ounces).ok_or(WeightError::TooHeavy)?)
    }
}

/// Splits one number and its unit (in nanograms) off the front.
fn quantity(text: &str) -> Option<(Decimal, u64, &str)> {
    let text = text.trim_start();
    let number_end = text.find(|c: char| c != '.' && !c.is_ascii_digit())?;
    let (number, rest) = text.split_at(number_end);
    let rest = rest.trim_start();
    let unit_end = rest
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(unit_end);
    let unit = match unit {
        "g" => GRAM,
        "kg" => 1_000 * GRAM,
        "oz" => OUNCE,
        "lb" | "lbs" => POUND,
        _ => return None,
    };
    Some((Decimal::parse(number)?, unit, rest.trim()))
}

impl<'b, C> Decode<'b, C> for Weight {
    fn decode(
        decoder: &mut minicbor::Decoder<'b>,
        _: &mut C,
    ) -> Result<Self, minicbor::decode::Error> {
        Self::from_nanograms(decoder.u64()?).map_err(minicbor::decode::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_would_be_written_as_zero_is_no_weight() {
        for text in ["0.0000001g", "0.000999g", "0.0000001kg", "0.00001oz"] {
            assert_eq!(text.parse::<Weight>(), Err(WeightError::TooLight), "{text}");
        }
        for text in ["0g", "0oz", "0.000000000g"] {
            assert_eq!(text.parse::<Weight>(), Err(WeightError::Zero), "{text}");
        }
        assert_eq!("0.001g".parse(), Ok(Weight(LEAST_TYPED)));
    }

    #[test]
    fn weights_are_read_as_people_type_them() {
        for (text, nanograms) in [
            ("28g", 28 * GRAM),
            ("1oz", OUNCE),
            (" 1 OZ ", OUNCE),
            ("28.349523125g", OUNCE),
            ("0.9oz", 25_514_570_812),
            ("3.5oz", 99_223_330_937),
            ("2lb3oz", 2 * POUND + 3 * OUNCE),
            ("2 lb 3 oz", 2 * POUND + 3 * OUNCE),
            ("1.5lb", 680_388_555_000),
            ("70lbs", 70 * POUND),
            ("16oz", POUND),
            ("1.2kg", 1_200 * GRAM),
        ] {
            assert_eq!(text.parse(), Ok(Weight(nanograms)), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_weight_is_refused() {
        for text in [
            "",
            "g",
            "28",
            "28 stones",
            "-1oz",
            "1oz2lb",
            "2lb16oz",
            "1.5lb3oz",
            "2lb3oz4oz",
            "1e3g",
            "1,5oz",
            "NaN oz",
            "٣oz",
            "2lb3",
            "1oz.",
        ] {
            assert_eq!(
                text.parse::<Weight>(),
                Err(WeightError::NotAWeight),
                "{text}"
            );
        }
        assert_eq!("0oz".parse::<Weight>(), Err(WeightError::Zero));
        assert_eq!("0lb0oz".parse::<Weight>(), Err(WeightError::Zero));
        assert_eq!("999999999kg".parse::<Weight>(), Err(WeightError::TooHeavy));
        assert_eq!("1000.001kg".parse::<Weight>(), Err(WeightError::TooHeavy));
    }

    #[test]
    fn weights_are_written_in_pounds_ounces_and_grams() {
        let written = |text: &str| {
            let weight: Weight = text.parse().unwrap();
            format!("{weight} = {} g", weight.grams_text())
        };
        assert_eq!(written("28g"), "0.988 oz = 28 g");
        assert_eq!(written("15.999oz"), "15.999 oz = 453.564 g");
        assert_eq!(written("2lb3oz"), "2 lb 3 oz = 992.233 g");
        assert_eq!(written("16oz"), "1 lb = 453.592 g");
        assert_eq!(written("0.001g"), "under 0.001 oz = 0.001 g");
    }

    #[test]
    fn every_started_pound_counts() {
        let pounds = |text: &str| text.parse::<Weight>().unwrap().pounds_up();
        assert_eq!(pounds("0.1oz"), 1);
        assert_eq!(pounds("1lb"), 1);
        assert_eq!(pounds("453.59237g"), 1);
        assert_eq!(pounds("453.592370001g"), 2);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,48}") {
            let _ = text.parse::<Weight>().is_ok();
        }

        #[test]
        fn grams_typed_to_the_nanogram_are_exact(nanograms in 1..=MAX_NANOGRAMS) {
            let text = format!("{}.{:09}g", nanograms / GRAM, nanograms % GRAM);
            prop_assert_eq!(text.parse(), Ok(Weight(nanograms)));
        }

        #[test]
        fn reading_keeps_the_order_of_ounces(a in 1u32..2_000_000, b in 1u32..2_000_000) {
            let read = |n: u32| format!("{}.{:03}oz", n / 1000, n % 1000).parse::<Weight>();
            prop_assert_eq!(a.cmp(&b), read(a).unwrap().cmp(&read(b).unwrap()));
        }
    }
}
