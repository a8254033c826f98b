//! The units that scales weigh in, each a whole number of nanograms.

use crate::rates::weight::{GRAM, OUNCE, POUND};

/// A unit of mass with one meaning.
///
/// Taels and avoirdupois tons are missing on purpose: the former differ from country to country,
/// the latter may be short or long, and no piece is priced by a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A thousandth of a gram.
    Milligram,
    /// The gram.
    Gram,
    /// A thousand grams.
    Kilogram,
    /// The metric carat, 0.2 g.
    Carat,
    /// The grain, 64.79891 mg: a 7,000th of a pound.
    Grain,
    /// The pennyweight, 24 grains.
    Pennyweight,
    /// The troy ounce, 480 grains.
    TroyOunce,
    /// The avoirdupois ounce.
    Ounce,
    /// The avoirdupois pound.
    Pound,
    /// The metric ton.
    Tonne,
}

/// Nanograms in a grain; exact.
const GRAIN: u64 = 64_798_910;

impl Unit {
    /// Every unit.
    pub const ALL: [Self; 10] = [
        Self::Milligram,
        Self::Gram,
        Self::Kilogram,
        Self::Carat,
        Self::Grain,
        Self::Pennyweight,
        Self::TroyOunce,
        Self::Ounce,
        Self::Pound,
        Self::Tonne,
    ];

    /// Nanograms in one; exact.
    #[must_use]
    pub const fn nanograms(self) -> u64 {
        match self {
            Self::Milligram => GRAM / 1_000,
            Self::Gram => GRAM,
            Self::Kilogram => 1_000 * GRAM,
            Self::Carat => GRAM / 5,
            Self::Grain => GRAIN,
            Self::Pennyweight => 24 * GRAIN,
            Self::TroyOunce => 480 * GRAIN,
            Self::Ounce => OUNCE,
            Self::Pound => POUND,
            Self::Tonne => 1_000_000 * GRAM,
        }
    }

    /// How it is written, as scales do.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Milligram => "mg",
            Self::Gram => "g",
            Self::Kilogram => "kg",
            Self::Carat => "ct",
            Self::Grain => "GN",
            Self::Pennyweight => "dwt",
            Self::TroyOunce => "ozt",
            Self::Ounce => "oz",
            Self::Pound => "lb",
            Self::Tonne => "t",
        }
    }

    /// The unit of a word, in capitals or not.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        let mut units = Self::ALL.into_iter();
        units.find(|unit| unit.word().eq_ignore_ascii_case(word))
    }

    /// The unit that weights are typed in when a scale weighs in this one.
    #[must_use]
    pub const fn typed(self) -> Self {
        match self {
            Self::Ounce | Self::Pound | Self::Kilogram => self,
            Self::Milligram
            | Self::Gram
            | Self::Carat
            | Self::Grain
            | Self::Pennyweight
            | Self::TroyOunce
            | Self::Tonne => Self::Gram,
        }
    }
}
