//! A stretch of dates of mailing.

use jiff::civil::Date;
use minicbor::{Decode, Encode};

use super::dates::date;

/// From one date of mailing to another, both included.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Season {
    #[cbor(n(1), with = "date")]
    pub(super) from: Date,
    #[cbor(n(2), with = "date")]
    pub(super) to: Date,
}

impl Season {
    /// Whether a date of mailing lies in it.
    pub(super) fn holds(&self, date: Date) -> bool {
        (self.from..=self.to).contains(&date)
    }

    /// Whether it has a day at all.
    pub(super) fn is_sound(&self) -> bool {
        self.from <= self.to
    }
}
