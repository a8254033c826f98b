//! When an office is open, by its own clock.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{DateTime, Weekday};
use serde::{Deserialize, Serialize};

/// The most spans of a week: two a day.
pub const SPANS_MAX: usize = 14;

/// Minutes of a day.
const DAY_MINUTES: u16 = 24 * 60;

const DAYS: [(&str, Weekday); 7] = [
    ("Mon", Weekday::Monday),
    ("Tue", Weekday::Tuesday),
    ("Wed", Weekday::Wednesday),
    ("Thu", Weekday::Thursday),
    ("Fri", Weekday::Friday),
    ("Sat", Weekday::Saturday),
    ("Sun", Weekday::Sunday),
];

/// A text that says no opening hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("opening hours are written like `Mon-Fri 08:00-18:00, Sat 09:00-12:30`, or `never`")]
pub struct NotHours;

/// From and to a minute of the day on some days of the week, counted from Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    first: usize,
    last: usize,
    from: u16,
    to: u16,
}

/// The hours in which somebody may be served, in the station's local time. Seasonal changes of the
/// clock do not matter: what counts is what the clock on the wall shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OpeningHours(Vec<Span>);

impl Default for OpeningHours {
    /// Where nobody has said anything: Monday to Saturday, 7 to 20.
    fn default() -> Self {
        Self(vec![Span {
            first: 0,
            last: 5,
            from: 7 * 60,
            to: 20 * 60,
        }])
    }
}

impl OpeningHours {
    /// Whether the office is open at this local time. The closing minute is not part of it.
    #[must_use]
    pub fn is_open(&self, local: DateTime) -> bool {
        let day = DAYS.iter().position(|(_, day)| *day == local.weekday());
        let minute = minute_of(local);
        self.0.iter().any(|span| {
            day.is_some_and(|day| (span.first..=span.last).contains(&day))
                && (span.from..span.to).contains(&minute)
        })
    }
}

fn minute_of(local: DateTime) -> u16 {
    let (hour, minute) = (local.hour().unsigned_abs(), local.minute().unsigned_abs());
    u16::from(hour) * 60 + u16::from(minute)
}

impl FromStr for OpeningHours {
    type Err = NotHours;

    fn from_str(text: &str) -> Result<Self, NotHours> {
        if text.trim() == "never" {
            return Ok(Self(Vec::new()));
        }
        let spans: Vec<Span> = text
            .split(',')
            .map(|part| span(part.trim()).ok_or(NotHours))
            .collect::<Result<_, _>>()?;
        if spans.len() > SPANS_MAX {
            return Err(NotHours);
        }
        Ok(Self(spans))
    }
}

/// `Mon-Fri 08:00-18:00` or `Sat 09:00-12:30`.
fn span(text: &str) -> Option<Span> {
    let (days, times) = text.split_once(' ')?;
    let (first, last) = match days.split_once('-') {
        Some((first, last)) => (day(first)?, day(last)?),
        None => (day(days)?, day(days)?),
    };
    let (from, to) = times.trim().split_once('-')?;
    let (from, to) = (minutes(from)?, minutes(to)?);
    (first <= last && from < to).then_some(Span {
        first,
        last,
        from,
        to,
    })
}

fn day(word: &str) -> Option<usize> {
    DAYS.iter().position(|(name, _)| *name == word)
}

/// `08:00` to `24:00`.
fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| digits)
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= DAY_MINUTES).then_some(minute)
}

impl fmt::Display for OpeningHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("never");
        }
        for (place, span) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str(", ")?;
            }
            let name = |day: usize| DAYS.get(day).map_or("", |(name, _)| name);
            f.write_str(name(span.first))?;
            if span.last > span.first {
                write!(f, "-{}", name(span.last))?;
            }
            let Span { from, to, .. } = span;
            let (from_hour, to_hour) = (from / 60, to / 60);
            write!(
                f,
                " {from_hour:02}:{:02}-{to_hour:02}:{:02}",
                from % 60,
                to % 60
            )?;
        }
        Ok(())
    }
}

impl TryFrom<String> for OpeningHours {
    type Error = NotHours;

    fn try_from(text: String) -> Result<Self, NotHours> {
        text.parse()
    }
}

impl From<OpeningHours> for String {
    fn from(hours: OpeningHours) -> Self {
        hours.to_string()
    }
}
