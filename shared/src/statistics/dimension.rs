//! By what pieces are counted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// By what pieces can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dimension {
    /// The day a piece was booked on.
    Day,
    /// The month of that day.
    Month,
    /// Mail class.
    Class,
    /// Shape.
    Shape,
    /// The weight step that was paid for.
    Step,
    /// The zone.
    Zone,
    /// The rate edition.
    Edition,
    /// The station.
    Station,
    /// The cost centre.
    CostCentre,
    /// Who printed it.
    User,
}

impl Dimension {
    /// Every dimension.
    pub const ALL: [Self; 10] = [
        Self::Day,
        Self::Month,
        Self::Class,
        Self::Shape,
        Self::Step,
        Self::Zone,
        Self::Edition,
        Self::Station,
        Self::CostCentre,
        Self::User,
    ];

    /// The dimension's word, in commands and in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
            Self::Class => "class",
            Self::Shape => "shape",
            Self::Step => "step",
            Self::Zone => "zone",
            Self::Edition => "edition",
            Self::Station => "station",
            Self::CostCentre => "cost-centre",
            Self::User => "user",
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Why words do not say by what is counted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DimensionError {
    /// No dimension has that word.
    #[error("{0:?} is nothing pieces are counted by")]
    Unknown(String),
    /// The same twice.
    #[error("{0} is named twice")]
    Twice(Dimension),
}

impl FromStr for Dimension {
    type Err = DimensionError;

    fn from_str(word: &str) -> Result<Self, DimensionError> {
        Self::ALL
            .into_iter()
            .find(|dimension| dimension.word() == word)
            .ok_or_else(|| DimensionError::Unknown(word.to_owned()))
    }
}

/// Reads words separated by commas, such as `day,class`; nothing counts everything together.
///
/// # Errors
/// [`DimensionError`].
pub fn dimensions(words: &str) -> Result<Vec<Dimension>, DimensionError> {
    let mut found = Vec::new();
    if words.trim().is_empty() {
        return Ok(found);
    }
    for word in words.split(',') {
        let dimension = word.trim().parse()?;
        if found.contains(&dimension) {
            return Err(DimensionError::Twice(dimension));
        }
        found.push(dimension);
    }
    Ok(found)
}
