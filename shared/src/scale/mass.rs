//! Masses as scales show them, kept exact.
//!
//! A reading is a decimal number of some unit. Every unit is a whole number of nanograms, and no
//! scale shows more than six decimals, so each reading is a whole number of femtograms: readings
//! are compared, added and subtracted without ever being rounded. Only the weight that is priced
//! is whole nanograms, cut off as a typed weight is, so that a scale's 3.5 oz is the 3.5 oz of a
//! price list and not one nanogram more.

use std::fmt;
use std::str::FromStr;

use super::unit::Unit;
use crate::rates::weight::{MAX_NANOGRAMS, Weight, WeightError};

/// Femtograms in one nanogram.
const NANOGRAM: i128 = 1_000_000;
/// The most decimals of a reading: with them every unit is a whole number of femtograms.
const MAX_DECIMALS: u32 = 6;
/// The most digits of a figure in text: more than any display has.
const MAX_DIGITS: usize = 15;
/// Beyond a tonne, in either direction, nothing is read.
const MAX_FEMTOGRAMS: i128 = i128_of(MAX_NANOGRAMS) * NANOGRAM;

/// Ten to the power of `decimals`, for decimals of a reading.
const fn power(decimals: u32) -> i128 {
    10i128.pow(decimals)
}

/// A constant as signed.
const fn i128_of(nanograms: u64) -> i128 {
    let bytes = nanograms.to_le_bytes();
    let mut wide = [0; 16];
    let mut at = 0;
    while at < bytes.len() {
        wide[at] = bytes[at];
        at += 1;
    }
    i128::from_le_bytes(wide)
}

/// A mass in whole femtograms, at most a tonne in either direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mass(i128);

impl Mass {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// `count` × 10^`exponent` of a unit; `None` beyond a tonne, and when it is finer than six
    /// decimals of the unit: to round it would be to guess.
    #[must_use]
    pub fn of(count: i64, exponent: i8, unit: Unit) -> Option<Self> {
        if count == 0 {
            return Some(Self::ZERO);
        }
        let whole = i128::from(count).checked_mul(i128_of(unit.nanograms()))?;
        let scaled = whole.checked_mul(NANOGRAM)?;
        let steps = u32::from(exponent.unsigned_abs());
        let femtograms = if exponent >= 0 {
            scaled.checked_mul(10i128.checked_pow(steps)?)?
        } else {
            // What is finer than six decimals may only be zeros.
            let spare = 10i64.checked_pow(steps.saturating_sub(MAX_DECIMALS))?;
            if count % spare != 0 {
                return None;
            }
            scaled / 10i128.checked_pow(steps)?
        };
        Self::bounded(femtograms)
    }

    fn bounded(femtograms: i128) -> Option<Self> {
        (femtograms.abs() <= MAX_FEMTOGRAMS).then_some(Self(femtograms))
    }

    /// The sum, at most a tonne.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self((self.0 + other.0).clamp(-MAX_FEMTOGRAMS, MAX_FEMTOGRAMS))
    }

    /// The difference, at most a tonne.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        Self((self.0 - other.0).clamp(-MAX_FEMTOGRAMS, MAX_FEMTOGRAMS))
    }

    /// The weight that is priced.
    ///
    /// # Errors
    /// [`WeightError::Zero`] for nothing and less than nothing, [`WeightError::TooLight`] below a
    /// milligram, as typed weights are refused.
    pub fn weight(self) -> Result<Weight, WeightError> {
        let nanograms = u64::try_from(self.0 / NANOGRAM).map_err(|_| WeightError::Zero)?;
        Weight::typed(nanograms)
    }

    /// The decimal number of `unit`, when it ends after six decimals.
    fn decimal(self, unit: Unit) -> Option<String> {
        let unit = i128_of(unit.nanograms()) * NANOGRAM;
        let fine = self.0.checked_mul(power(MAX_DECIMALS))?;
        (fine % unit == 0).then(|| decimal(fine / unit, MAX_DECIMALS))
    }

    /// Grams, cut off at the nanogram.
    fn grams(self) -> String {
        decimal(self.0 / NANOGRAM, 9)
    }
}

/// `count` / 10^`decimals` without trailing zeros.
fn decimal(count: i128, decimals: u32) -> String {
    let sign = if count < 0 { "-" } else { "" };
    let count = count.unsigned_abs();
    let one = 10u128.pow(decimals);
    let width = usize::try_from(decimals).unwrap_or_default();
    let text = format!("{sign}{}.{:0width$}", count / one, count % one);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A mass and the unit it is shown in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    /// The mass.
    pub mass: Mass,
    /// The unit of the display.
    pub unit: Unit,
}

/// A text that is not a figure of a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FigureError {
    /// No number.
    #[error("not a number with a unit")]
    NotAFigure,
    /// A unit that is not known or means several things.
    #[error("a unit that is not known here")]
    ForeignUnit,
    /// Finer than six decimals, or more than a tonne.
    #[error("finer than six decimals, or more than a tonne")]
    OutOfRange,
}

impl Figure {
    /// `count` × 10^`exponent` of a unit; see [`Mass::of`].
    #[must_use]
    pub fn of(count: i64, exponent: i8, unit: Unit) -> Option<Self> {
        Mass::of(count, exponent, unit).map(|mass| Self { mass, unit })
    }

    /// The same unit with another mass.
    #[must_use]
    pub const fn with(self, mass: Mass) -> Self {
        Self { mass, ..self }
    }

    /// The figure as a person would type it into the weight field: `0.9oz`. It reads back as the
    /// very weight of [`Mass::weight`], or is refused as that is.
    #[must_use]
    pub fn typed(self) -> String {
        let (number, unit) = self.parts();
        format!("{number}{}", unit.word())
    }

    /// The figure in the scale's own unit, exactly: it reads back as the very figure.
    #[must_use]
    pub fn exact(self) -> String {
        let number = self.mass.decimal(self.unit);
        number.map_or_else(
            || self.typed(),
            |number| format!("{number}{}", self.unit.word()),
        )
    }

    /// Number and unit.
    fn parts(self) -> (String, Unit) {
        let unit = self.unit.typed();
        match self.mass.decimal(unit) {
            Some(number) => (number, unit),
            // Gross and tare in different units may differ by no short number of either.
            None => (self.mass.grams(), Unit::Gram),
        }
    }

    /// Reads one number and its unit, as scales send them: `-12.50` and `g`.
    ///
    /// # Errors
    /// [`FigureError`].
    pub fn read(number: &str, unit: &str) -> Result<Self, FigureError> {
        let (count, exponent) = count(number).ok_or(FigureError::NotAFigure)?;
        let unit = Unit::of_word(unit).ok_or(FigureError::ForeignUnit)?;
        Self::of(count, exponent, unit).ok_or(FigureError::OutOfRange)
    }
}

impl fmt::Display for Figure {
    /// Writes number and unit: `0.9 oz`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = self.parts();
        write!(f, "{number} {}", unit.word())
    }
}

impl FromStr for Figure {
    type Err = FigureError;

    /// Reads `0.9oz`, `-12.5 g` and pairs such as `2lb3oz`, which become the smaller unit.
    fn from_str(text: &str) -> Result<Self, FigureError> {
        let (first, rest) = quantity(text)?;
        if rest.is_empty() {
            return Ok(first);
        }
        let (second, end) = quantity(rest)?;
        let is_pair = first.unit == Unit::Pound && second.unit == Unit::Ounce && end.is_empty();
        if !is_pair || second.mass < Mass::ZERO {
            return Err(FigureError::NotAFigure);
        }
        let is_negative = text.trim_start().starts_with('-');
        let mass = if is_negative {
            first.mass.less(second.mass)
        } else {
            first.mass.plus(second.mass)
        };
        Ok(second.with(mass))
    }
}

/// Splits one number and its unit off the front.
fn quantity(text: &str) -> Result<(Figure, &str), FigureError> {
    let text = text.trim_start();
    let is_number = |letter: char| letter.is_ascii_digit() || "+-. ".contains(letter);
    let end = text.find(|letter| !is_number(letter));
    let (number, rest) = text.split_at(end.ok_or(FigureError::NotAFigure)?);
    let end = rest.find(|letter: char| !letter.is_ascii_alphabetic());
    let (unit, rest) = rest.split_at(end.unwrap_or(rest.len()));
    Ok((Figure::read(number, unit)?, rest.trim()))
}

/// A decimal number as a whole one and the power of ten that it is to be multiplied with. Between
/// sign and digits scales put spaces.
fn count(text: &str) -> Option<(i64, i8)> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = digits.trim_start();
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let length = whole.len() + fraction.len();
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if length == 0 || length > MAX_DIGITS || !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let count: i64 = format!("{whole}{fraction}").parse().ok()?;
    let decimals = i8::try_from(fraction.len()).ok()?;
    Some((sign * count, -decimals))
}
