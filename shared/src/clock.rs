//! Instants as numbers. Nothing here reads a clock: the caller passes the time in.

use jiff::civil::Date;
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

/// The UTC calendar day of an instant; the ends of the calendar for instants beyond it.
#[must_use]
pub fn civil_date(instant: UnixSeconds) -> Date {
    let bounded = instant.0.clamp(
        jiff::Timestamp::MIN.as_second(),
        jiff::Timestamp::MAX.as_second(),
    );
    let stamp = jiff::Timestamp::from_second(bounded).expect("clamped into the range just above");
    jiff::tz::Offset::UTC.to_datetime(stamp).date()
}

/// The first instant of a day, UTC; the end of time for days beyond the calendar's end.
#[must_use]
pub fn start_of(date: Date) -> UnixSeconds {
    date.to_zoned(jiff::tz::TimeZone::UTC)
        .map_or(UnixSeconds(i64::MAX), |start| {
            UnixSeconds(start.timestamp().as_second())
        })
}

/// A day as decimal YYYYMMDD, as an indicium carries it; 0 for years outside 0 to 9999.
#[must_use]
pub fn decimal_date(date: Date) -> u32 {
    let year = u32::try_from(date.year()).unwrap_or(0);
    let month = u32::from(date.month().unsigned_abs());
    let day = u32::from(date.day().unsigned_abs());
    year * 10_000 + month * 100 + day
}

/// The day of a decimal YYYYMMDD, where there is such a day.
#[must_use]
pub fn date_of_decimal(decimal: u32) -> Option<Date> {
    let year = i16::try_from(decimal / 10_000).ok()?;
    let month = i8::try_from(decimal / 100 % 100).ok()?;
    let day = i8::try_from(decimal % 100).ok()?;
    Date::new(year, month, day).ok()
}
