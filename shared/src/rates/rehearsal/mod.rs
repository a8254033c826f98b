//! Rehearsal: what a coming edition changes, before it does.
//!
//! The same piece is priced twice, by the edition it replaces on that one's last day and by the
//! coming one on its first, so that what people are shown is what they will pay and nothing is
//! estimated. Pieces that were printed have lost their addresses: they are priced by class, weight
//! step and zone, after the parts are found that add up to what was paid (see [`parts`]).

mod printed;
mod text;

use jiff::ToSpan;
use jiff::civil::Date;

use super::edition::Edition;
use super::quote::{QuoteRequest, price};
use super::refusal::RateRefusal;
use crate::money::{Difference, Mills, MillsSum, MoneyError};

pub use printed::{
    Hole, MAX_LINES, Parts, PrintedGroup, PrintedPiece, Rehearsal, RehearsalLine, parts,
    rehearse_printed,
};

/// One piece priced by both editions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsed {
    /// By the edition that is replaced, on its last day.
    pub before: Result<Mills, RateRefusal>,
    /// By the coming edition, on its first day.
    pub after: Result<Mills, RateRefusal>,
}

/// What a coming edition means for a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It costs what it did.
    Same,
    /// It costs more or less.
    Costs(Difference),
    /// It had a price and has none.
    NoLonger,
    /// It had none and has a price.
    Newly,
    /// It had none and has none.
    Neither,
}

impl Rehearsed {
    /// What the coming edition means.
    #[must_use]
    pub fn change(&self) -> Change {
        match (&self.before, &self.after) {
            (Ok(before), Ok(after)) if before == after => Change::Same,
            (Ok(before), Ok(after)) => Change::Costs(Difference::between(*before, *after)),
            (Ok(_), Err(_)) => Change::NoLonger,
            (Err(_), Ok(_)) => Change::Newly,
            (Err(_), Err(_)) => Change::Neither,
        }
    }
}

/// The last day on which an edition holds before the coming one; its only day where both begin on
/// the same.
#[must_use]
pub fn last_day(before: &Edition, after: &Edition) -> Date {
    let eve = after.effective().saturating_sub(1.day());
    let last = before.until().map_or(eve, |until| until.min(eve));
    last.max(before.effective())
}

/// Prices a piece by both editions; the request's own date does not matter.
#[must_use]
pub fn rehearse(before: &Edition, after: &Edition, request: &QuoteRequest) -> Rehearsed {
    let on = |edition: &Edition, date: Date| {
        let request = QuoteRequest {
            date,
            ..request.clone()
        };
        price(edition, &request).map(|price| price.total)
    };
    Rehearsed {
        before: on(before, last_day(before, after)),
        after: on(after, after.effective()),
    }
}

/// Many pieces rehearsed together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Pieces that both editions price.
    pub pieces: u64,
    /// Those of them whose price changes.
    pub changed: u64,
    /// What they cost before.
    pub before: MillsSum,
    /// What they cost after.
    pub after: MillsSum,
    /// Pieces that had a price and have none.
    pub no_longer: u64,
    /// Pieces that had none before.
    pub not_priced: u64,
}

impl Totals {
    /// Adds so many equal pieces.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] when no number holds a sum.
    pub fn add(&mut self, rehearsed: &Rehearsed, count: u64) -> Result<(), MoneyError> {
        match (&rehearsed.before, &rehearsed.after) {
            (Ok(before), Ok(after)) => {
                self.before = self.before.plus(MillsSum::of(*before, count)?)?;
                self.after = self.after.plus(MillsSum::of(*after, count)?)?;
                self.pieces = self.pieces.saturating_add(count);
                if before != after {
                    self.changed = self.changed.saturating_add(count);
                }
            }
            (Ok(_), Err(_)) => self.no_longer = self.no_longer.saturating_add(count),
            (Err(_), _) => self.not_priced = self.not_priced.saturating_add(count),
        }
        Ok(())
    }

    /// What they cost more or less.
    #[must_use]
    pub fn difference(&self) -> Difference {
        Difference::between_sums(self.before, self.after)
    }
}
