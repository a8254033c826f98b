//! Lengths and resolutions of labels.
//!
//! Lengths are whole micrometres, so that a layout gives the same dots on every machine: no
//! floating-point rounding stands between a label and the hash of its raster.

use std::ops::{Add, Mul, Sub};

use serde::{Deserialize, Serialize};

/// Micrometres in one inch.
const UM_PER_INCH: u32 = 25_400;

/// A length or coordinate on a label in micrometres, from the top left corner.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Um(pub u32);

impl Um {
    /// No length.
    pub const ZERO: Self = Self(0);

    /// Whole millimetres.
    #[must_use]
    pub const fn mm(millimetres: u32) -> Self {
        Self(millimetres * 1_000)
    }

    /// Tenths of millimetres.
    #[must_use]
    pub const fn tenths(tenths: u32) -> Self {
        Self(tenths * 100)
    }

    /// `numerator / denominator` inches, rounded to a micrometre.
    #[must_use]
    pub const fn inches(numerator: u32, denominator: u32) -> Self {
        Self((UM_PER_INCH * numerator + denominator / 2) / denominator)
    }

    /// A type size in tenths of a point (1/72 inch).
    #[must_use]
    pub const fn tenth_points(tenths: u32) -> Self {
        Self((UM_PER_INCH * tenths + 360) / 720)
    }

    /// In PDF points (1/72 inch).
    #[must_use]
    #[allow(
        clippy::as_conversions,
        reason = "a PDF writer wants f32; labels are far below 2^24 micrometres, so it is exact"
    )]
    pub const fn points(self) -> f32 {
        self.0 as f32 * 72.0 / 25_400.0
    }

    /// In millimetres, for people and rulers.
    #[must_use]
    pub fn millimetres(self) -> f64 {
        f64::from(self.0) / 1_000.0
    }
}

impl Add for Um {
    type Output = Self;

    /// Adds, staying at the largest length.
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Um {
    type Output = Self;

    /// Subtracts, staying at the edge of the label.
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Mul<u32> for Um {
    type Output = Self;

    /// Multiplies, staying at the largest length.
    fn mul(self, times: u32) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

/// The resolution of a print head or a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dpi {
    /// 8 dots per millimetre, sold as "203 dpi" (203.2).
    D203,
    /// 300 dots per inch.
    D300,
    /// 600 dots per inch.
    D600,
}

impl Dpi {
    /// The resolution people call `number`, if it is one of ours.
    #[must_use]
    pub const fn from_number(number: u16) -> Option<Self> {
        match number {
            203 => Some(Self::D203),
            300 => Some(Self::D300),
            600 => Some(Self::D600),
            _ => None,
        }
    }

    /// What people call it: 203, 300 or 600.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::D203 => 203,
            Self::D300 => 300,
            Self::D600 => 600,
        }
    }

    /// Dots in 254 mm: exact for all three.
    pub(crate) const fn dots_per_254_mm(self) -> u32 {
        match self {
            Self::D203 => 2_032,
            Self::D300 => 3_000,
            Self::D600 => 6_000,
        }
    }

    /// Dots per metre, rounded, as PNG files state it.
    #[must_use]
    pub const fn dots_per_metre(self) -> u32 {
        (self.dots_per_254_mm() * 1_000 + 127) / 254
    }

    /// The dot nearest to a length.
    #[must_use]
    pub fn dots(self, length: Um) -> usize {
        let scaled = u64::from(length.0) * u64::from(self.dots_per_254_mm());
        usize::try_from((scaled + 127_000) / 254_000).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_of_four_by_six_inches_has_the_dots_its_printers_have() {
        for (dpi, width, height) in [
            (Dpi::D203, 813, 1_219),
            (Dpi::D300, 1_200, 1_800),
            (Dpi::D600, 2_400, 3_600),
        ] {
            assert_eq!(dpi.dots(Um::inches(4, 1)), width);
            assert_eq!(dpi.dots(Um::inches(6, 1)), height);
        }
    }

    #[test]
    fn lengths_read_as_the_trade_writes_them() {
        assert_eq!(Um::inches(1, 32), Um(794));
        assert_eq!(Um::tenth_points(120), Um(4_233));
        assert_eq!(Um::mm(3) + Um::tenths(5), Um(3_500));
        assert_eq!(Um::mm(1) - Um::mm(2), Um::ZERO);
        assert!((Um::inches(1, 1).points() - 72.0).abs() < f32::EPSILON);
        assert_eq!(Dpi::D300.dots_per_metre(), 11_811);
    }

    #[test]
    fn only_the_known_resolutions_have_a_number() {
        for dpi in [Dpi::D203, Dpi::D300, Dpi::D600] {
            assert_eq!(Dpi::from_number(dpi.number()), Some(dpi));
        }
        assert_eq!(Dpi::from_number(72), None);
    }
}
