//! Instants as numbers. Nothing here reads a clock: the caller passes the time in.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// Seconds in one day.
pub const DAY_SECONDS: i64 = 86_400;

/// An instant in seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Encode,
    Decode,
)]
#[serde(transparent)]
#[cbor(transparent)]
pub struct UnixSeconds(#[n(0)] pub i64);

impl UnixSeconds {
    /// The instant `days` days later (earlier when negative); stays at the end of time.
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(days.saturating_mul(DAY_SECONDS)))
    }

    /// The instant `seconds` later (earlier when negative); stays at the end of time.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this instant; negative when `earlier` is the later one.
    #[must_use]
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl From<jiff::Timestamp> for UnixSeconds {
    fn from(instant: jiff::Timestamp) -> Self {
        Self(instant.as_second())
    }
}
