//! Lengths as whole nanometres, so that inches and centimetres compare exactly.
//!
//! An inch is 25.4 mm by definition. Micrometres would not do: the 0.007 inch that a letter needs
//! in thickness is 177.8 of them.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};

use super::decimal::Decimal;

/// Nanometres in one inch; exact.
pub const INCH: u64 = 25_400_000;
/// Nanometres in one centimetre.
pub const CENTIMETRE: u64 = 10_000_000;
/// The longest side the product reads, ten metres: no post carries such a piece.
pub const MAX_NANOMETRES: u64 = 1_000 * CENTIMETRE;
/// The longest text that can be a size; longer ones are refused unread.
const MAX_TEXT: usize = 60;

/// One side of a piece, above nothing and at most [`MAX_NANOMETRES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode)]
#[cbor(transparent)]
pub struct Length(#[n(0)] u64);

/// The three sides of a piece, the longest first, whatever order they were typed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(map)]
pub struct Size {
    #[n(1)]
    length: Length,
    #[n(2)]
    height: Length,
    #[n(3)]
    thickness: Length,
}

/// Why a size was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// The text is not three numbers with at most one unit.
    #[error("not a size such as 12x9x4in or 30x20x10cm")]
    NotASize,
    /// A side is zero.
    #[error("a side of the piece is zero")]
    Zero,
    /// A side is above [`MAX_NANOMETRES`].
    #[error("a side of the piece is longer than ten metres")]
    TooLong,
}

impl SizeError {
    /// The stable code of the refusal.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotASize => "not_a_size",
            Self::Zero => "size_zero",
            Self::TooLong => "wrong_size",
        }
    }
}

impl Length {
    /// Takes nanometres.
    ///
    /// # Errors
    /// [`SizeError::Zero`] or [`SizeError::TooLong`].
    pub const fn from_nanometres(nanometres: u64) -> Result<Self, SizeError> {
        match nanometres {
            0 => Err(SizeError::Zero),
            1..=MAX_NANOMETRES => Ok(Self(nanometres)),
            _ => Err(SizeError::TooLong),
        }
    }

    /// Nanometres.
    #[must_use]
    pub const fn nanometres(self) -> u64 {
        self.0
    }

    /// Whole inches, every started inch counting; at most 394.
    #[must_use]
    pub const fn inches_up(self) -> u64 {
        self.0.div_ceil(INCH)
    }
}

impl fmt::Display for Length {
    /// Writes inches to the nearest thousandth: `6.125 in`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in", inches(self.0))
    }
}

/// Nanometres as inches to the nearest thousandth, without trailing zeros.
pub(super) fn inches(nanometres: u64) -> String {
    let count = (nanometres * 1_000 + INCH / 2) / INCH;
    let text = format!("{}.{:03}", count / 1_000, count % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl FromStr for Length {
    type Err = SizeError;

    /// Reads `11.5in`, `29cm` or, without a unit, inches.
    fn from_str(text: &str) -> Result<Self, SizeError> {
        if text.len() > MAX_TEXT {
            return Err(SizeError::NotASize);
        }
        let text = text.to_ascii_lowercase();
        let (number, unit) = split_unit(&text);
        side(number, unit)
    }
}

impl Size {
    /// Takes three sides in any order.
    #[must_use]
    pub fn new(sides: [Length; 3]) -> Self {
        let mut sides = sides;
        sides.sort_unstable();
        let [thickness, height, length] = sides;
        Self {
            length,
            height,
            thickness,
        }
    }

    /// The longest side.
    #[must_use]
    pub const fn length(self) -> Length {
        self.length
    }

    /// The middle side.
    #[must_use]
    pub const fn height(self) -> Length {
        self.height
    }

    /// The shortest side.
    #[must_use]
    pub const fn thickness(self) -> Length {
        self.thickness
    }

    /// Whether this piece is nowhere larger than `limit`.
    #[must_use]
    pub fn fits_in(self, limit: Self) -> bool {
        self.length <= limit.length
            && self.height <= limit.height
            && self.thickness <= limit.thickness
    }

    /// Length plus girth, nanometres.
    #[must_use]
    pub const fn length_and_girth(self) -> u64 {
        self.length.0 + 2 * (self.height.0 + self.thickness.0)
    }

    /// The volume in cubic inches after every side was rounded up to the inch.
    #[must_use]
    pub const fn cubic_inches_up(self) -> u64 {
        self.length.inches_up() * self.height.inches_up() * self.thickness.inches_up()
    }
}

impl fmt::Display for Size {
    /// Writes the sides in inches, the longest first: `12 x 9 x 4 in`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c] = [self.length, self.height, self.thickness].map(|side| inches(side.0));
        write!(f, "{a} x {b} x {c} in")
    }
}

impl FromStr for Size {
    type Err = SizeError;

    /// Reads `12x9x4in`, `12 x 9 x 4`, `30×20×10cm`; inches when there is no unit.
    fn from_str(text: &str) -> Result<Self, SizeError> {
        if text.len() > MAX_TEXT {
            return Err(SizeError::NotASize);
        }
        let text = text.to_ascii_lowercase();
        let (numbers, unit) = split_unit(&text);
        let mut parts = numbers.split(['x', '×', '*']);
        let mut next = || side(parts.next().ok_or(SizeError::NotASize)?, unit);
        let sides = [next()?, next()?, next()?];
        match parts.next() {
            Some(_) => Err(SizeError::NotASize),
            None => Ok(Self::new(sides)),
        }
    }
}

/// Splits the unit (in nanometres) off the end.
fn split_unit(text: &str) -> (&str, u64) {
    let text = text.trim();
    let units = [("in", INCH), ("cm", CENTIMETRE), ("mm", CENTIMETRE / 10)];
    units
        .iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)))
        .unwrap_or((text, INCH))
}

/// Reads one side.
fn side(number: &str, unit: u64) -> Result<Length, SizeError> {
    let number = Decimal::parse(number.trim()).ok_or(SizeError::NotASize)?;
    Length::from_nanometres(number.times(unit).ok_or(SizeError::TooLong)?)
}

impl<'b, C> Decode<'b, C> for Length {
    fn decode(
        decoder: &mut minicbor::Decoder<'b>,
        _: &mut C,
    ) -> Result<Self, minicbor::decode::Error> {
        Self::from_nanometres(decoder.u64()?).map_err(minicbor::decode::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_read_as_people_type_them_and_sorted() {
        for text in [
            "12x9x4in",
            "4X12x9",
            " 9 x 4 x 12 in ",
            "30.48×22.86×10.16cm",
            "12*9*4",
        ] {
            let size: Size = text.parse().unwrap();
            assert_eq!(size.to_string(), "12 x 9 x 4 in", "{text}");
        }
    }

    #[test]
    fn what_is_not_a_size_is_refused() {
        for text in [
            "",
            "12",
            "12x9",
            "12x9x4x2",
            "12x9x4ft",
            "-1x2x3",
            "axbxc",
            "1x2x3inin",
        ] {
            assert_eq!(text.parse::<Size>(), Err(SizeError::NotASize), "{text}");
        }
        assert_eq!("12x0x4".parse::<Size>(), Err(SizeError::Zero));
        assert_eq!("12x9x1001cm".parse::<Size>(), Err(SizeError::TooLong));
    }

    #[test]
    fn started_inches_count_for_the_volume() {
        let size: Size = "12.01x9x3.5in".parse().unwrap();
        assert_eq!(size.cubic_inches_up(), 13 * 9 * 4);
        assert_eq!(size.length_and_girth(), INCH * 37 + INCH / 100);
        let exact: Size = "30.48x22.86x10.16cm".parse().unwrap();
        assert_eq!(exact.cubic_inches_up(), 12 * 9 * 4);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,64}") {
            let _ = text.parse::<Size>().is_ok();
        }

        #[test]
        fn the_order_of_the_sides_does_not_matter(a in 1u32..999, b in 1u32..999, c in 1u32..999) {
            let read = |x, y, z| format!("{x}x{y}x{z}mm").parse::<Size>();
            prop_assert_eq!(read(a, b, c), read(c, a, b));
        }
    }
}
