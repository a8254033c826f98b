//! Counting pieces by any dimensions.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Dimension;
use crate::money::{Mills, MillsSum, MoneyError};
use crate::rates::Weight;
use crate::services::statistics::PieceKind;

/// The most groups one count holds: more is nothing that a person reads or a sheet takes.
pub const GROUPS_MAX: usize = 1_000_000;

/// The most values of a chart, over all of its curves: more is nothing that anybody sees.
const CHART_VALUES: usize = 20_000;

/// What stands for a dimension that a piece does not have: no zone, no cost centre.
const NONE: &str = "none";

/// Pieces that are alike in everything that is counted by, and what became of them.
#[derive(Clone, Copy, Debug)]
pub struct Slice<'a> {
    /// The day they are booked on.
    pub day: Date,
    /// The station that printed them.
    pub station: &'a str,
    /// What else they have in common.
    pub kind: &'a PieceKind,
    /// Whether they are spoiled.
    pub spoiled: bool,
    /// Whether they were refunded.
    pub refunded: bool,
    /// How many.
    pub pieces: u64,
    /// Their postage in all.
    pub postage: MillsSum,
}

/// How many pieces, and how much was debited for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// All pieces that were paid for.
    pub pieces: u64,
    /// Their postage, mills.
    pub postage_mills: MillsSum,
    /// Those of them that are spoiled.
    pub spoiled: u64,
    /// Their postage, mills.
    pub spoiled_mills: MillsSum,
    /// Those of them that were refunded.
    pub refunded: u64,
    /// Their postage, mills.
    pub refunded_mills: MillsSum,
}

impl Tally {
    /// Both together.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] when no number holds the sum.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        let count = |a: u64, b: u64| a.checked_add(b).ok_or(MoneyError::TooLarge);
        Ok(Self {
            pieces: count(self.pieces, other.pieces)?,
            postage_mills: self.postage_mills.plus(other.postage_mills)?,
            spoiled: count(self.spoiled, other.spoiled)?,
            spoiled_mills: self.spoiled_mills.plus(other.spoiled_mills)?,
            refunded: count(self.refunded, other.refunded)?,
            refunded_mills: self.refunded_mills.plus(other.refunded_mills)?,
        })
    }

    const fn of(slice: &Slice<'_>) -> Self {
        let (spoiled, spoiled_mills) = slice.part(slice.spoiled);
        let (refunded, refunded_mills) = slice.part(slice.refunded);
        Self {
            pieces: slice.pieces,
            postage_mills: slice.postage,
            spoiled,
            spoiled_mills,
            refunded,
            refunded_mills,
        }
    }
}

/// One group of pieces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its values, in the order of the dimensions.
    pub key: Vec<String>,
    /// What it holds.
    #[serde(flatten)]
    pub tally: Tally,
}

/// A curve of a chart: one value for each of the chart's labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// What it shows: the values of all dimensions but the first.
    pub key: Vec<String>,
    /// How many pieces.
    pub pieces: Vec<u64>,
    /// Their postage, mills.
    pub postage_mills: Vec<MillsSum>,
}

/// The groups as a chart draws them: the first dimension along the axis, the others as curves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chart {
    /// The values of the first dimension.
    pub labels: Vec<String>,
    /// The curves.
    pub series: Vec<Series>,
}

/// Why pieces cannot be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CountRefusal {
    /// More than [`GROUPS_MAX`] groups.
    #[error("there are more than {GROUPS_MAX} groups")]
    TooMany,
    /// No number holds the sum.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// A count that goes on.
#[derive(Clone, Debug)]
pub struct Counting {
    by: Vec<Dimension>,
    groups: BTreeMap<Vec<Value>, Tally>,
    total: Tally,
}

/// A value as it is sorted: weights and zones by size, days by the calendar, all else by letters.
/// What a piece does not have comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    None,
    Number(u64),
    Text(String),
}

impl Counting {
    /// Begins to count by these dimensions.
    #[must_use]
    pub const fn by(by: Vec<Dimension>) -> Self {
        Self {
            by,
            groups: BTreeMap::new(),
            total: Tally {
                pieces: 0,
                postage_mills: MillsSum::ZERO,
                spoiled: 0,
                spoiled_mills: MillsSum::ZERO,
                refunded: 0,
                refunded_mills: MillsSum::ZERO,
            },
        }
    }

    /// Counts these pieces too.
    ///
    /// # Errors
    /// [`CountRefusal`].
    pub fn add(&mut self, slice: &Slice<'_>) -> Result<(), CountRefusal> {
        self.tally(slice, Tally::of(slice))
    }

    fn tally(&mut self, slice: &Slice<'_>, tally: Tally) -> Result<(), CountRefusal> {
        let key: Vec<Value> = self.by.iter().map(|by| value(*by, slice)).collect();
        self.total = self.total.plus(tally)?;
        if self.groups.len() >= GROUPS_MAX && !self.groups.contains_key(&key) {
            return Err(CountRefusal::TooMany);
        }
        let group = self.groups.entry(key).or_default();
        *group = group.plus(tally)?;
        Ok(())
    }

    /// Counts pieces that were counted before as refunded.
    ///
    /// # Errors
    /// [`CountRefusal`].
    pub fn refund(&mut self, slice: &Slice<'_>) -> Result<(), CountRefusal> {
        self.tally(
            slice,
            Tally {
                refunded: slice.pieces,
                refunded_mills: slice.postage,
                ..Tally::default()
            },
        )
    }

    /// By what is counted.
    #[must_use]
    pub fn dimensions(&self) -> &[Dimension] {
        &self.by
    }

    /// Everything together.
    #[must_use]
    pub const fn total(&self) -> Tally {
        self.total
    }

    /// How many groups there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The groups, in order.
    pub fn groups(&self) -> impl Iterator<Item = Group> {
        self.groups.iter().map(|(key, tally)| Group {
            key: self.texts(key),
            tally: *tally,
        })
    }

    /// The groups as a chart: where a curve has no group, it is 0. A chart of more than 20,000
    /// values is left empty.
    #[must_use]
    pub fn chart(&self) -> Chart {
        let mut labels: Vec<&Value> = self.groups.keys().filter_map(|key| key.first()).collect();
        labels.dedup();
        let place: BTreeMap<&Value, usize> = labels.iter().copied().zip(0_usize..).collect();
        let names: BTreeSet<&[Value]> = self.groups.keys().filter_map(|key| key.get(1..)).collect();
        if names.len().saturating_mul(labels.len()) > CHART_VALUES {
            return Chart::default();
        }
        let mut curves: BTreeMap<&[Value], Series> = BTreeMap::new();
        for (key, tally) in &self.groups {
            let Some((label, rest)) = key.split_first() else {
                continue;
            };
            let curve = curves.entry(rest).or_insert_with(|| Series {
                key: rest
                    .iter()
                    .zip(self.by.iter().skip(1))
                    .map(|(value, by)| text(*by, value))
                    .collect(),
                pieces: vec![0; labels.len()],
                postage_mills: vec![MillsSum::ZERO; labels.len()],
            });
            if let Some(at) = place.get(label) {
                curve.pieces[*at] = tally.pieces;
                curve.postage_mills[*at] = tally.postage_mills;
            }
        }
        let first = self.by.first();
        Chart {
            labels: labels
                .into_iter()
                .zip(std::iter::repeat(first))
                .filter_map(|(value, by)| Some(text(*by?, value)))
                .collect(),
            series: curves.into_values().collect(),
        }
    }

    fn texts(&self, key: &[Value]) -> Vec<String> {
        let by = self.by.iter();
        key.iter()
            .zip(by)
            .map(|(value, by)| text(*by, value))
            .collect()
    }
}

fn value(by: Dimension, slice: &Slice<'_>) -> Value {
    let kind = slice.kind;
    let maybe = |text: &Option<String>| text.clone().map_or(Value::None, Value::Text);
    match by {
        Dimension::Day => Value::Text(slice.day.to_string()),
        Dimension::Month => Value::Text(slice.day.strftime("%Y-%m").to_string()),
        Dimension::Class => Value::Text(kind.class.clone()),
        Dimension::Shape => Value::Text(kind.shape.clone()),
        Dimension::Step => kind.step.map_or(Value::None, Value::Number),
        Dimension::Zone => kind
            .zone
            .map_or(Value::None, |zone| Value::Number(zone.into())),
        Dimension::Edition => maybe(&kind.edition),
        Dimension::Station => Value::Text(slice.station.to_owned()),
        Dimension::CostCentre => maybe(&kind.cost_centre),
        Dimension::User => Value::Text(kind.user.clone()),
    }
}

fn text(by: Dimension, value: &Value) -> String {
    match value {
        Value::None => NONE.to_owned(),
        Value::Text(text) => text.clone(),
        Value::Number(number) if by == Dimension::Step => Weight::from_nanograms(*number)
            .map_or_else(|_| number.to_string(), |weight| weight.to_string()),
        Value::Number(number) => number.to_string(),
    }
}

impl Slice<'_> {
    /// Its pieces and postage where they belong to a part, else nothing.
    const fn part(&self, belongs: bool) -> (u64, MillsSum) {
        if belongs {
            (self.pieces, self.postage)
        } else {
            (0, MillsSum::ZERO)
        }
    }

    /// One piece.
    #[must_use]
    pub fn one<'a>(
        day: Date,
        station: &'a str,
        kind: &'a PieceKind,
        postage: Mills,
        (spoiled, refunded): (bool, bool),
    ) -> Slice<'a> {
        Slice {
            day,
            station,
            kind,
            spoiled,
            refunded,
            pieces: 1,
            postage: postage.into(),
        }
    }
}
