//! Months and the periods that budgets last.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A month of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i16,
    month: i8,
}

/// Not a month such as 2026-11.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a month such as 2026-11")]
pub struct NotAMonth;

impl Month {
    /// The month of a day.
    #[must_use]
    pub fn of(day: Date) -> Self {
        Self {
            year: day.year(),
            month: day.month(),
        }
    }

    /// A month from its number: year × 100 + month.
    ///
    /// # Errors
    /// [`NotAMonth`].
    pub fn from_number(number: u32) -> Result<Self, NotAMonth> {
        let year = i16::try_from(number / 100).map_err(|_| NotAMonth)?;
        let month = i8::try_from(number % 100).map_err(|_| NotAMonth)?;
        if !(1..=12).contains(&month) || !(1..=9_998).contains(&year) {
            return Err(NotAMonth);
        }
        Ok(Self { year, month })
    }

    /// Year × 100 + month: rises with time.
    #[must_use]
    pub fn number(self) -> u32 {
        let part = |number: i32| u32::try_from(number).unwrap_or(0);
        part(i32::from(self.year)) * 100 + part(i32::from(self.month))
    }

    /// Its first day.
    #[must_use]
    pub fn first_day(self) -> Date {
        Date::new(self.year, self.month, 1).unwrap_or(Date::MIN)
    }

    /// The month after it.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.month == 12 {
            Self {
                year: self.year + 1,
                month: 1,
            }
        } else {
            Self {
                year: self.year,
                month: self.month + 1,
            }
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = NotAMonth;

    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        let (year, month) = text.split_once('-').ok_or(NotAMonth)?;
        let digits = |text: &str, length: usize| {
            text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(year, 4) || !digits(month, 2) {
            return Err(NotAMonth);
        }
        let number = format!("{year}{month}").parse().map_err(|_| NotAMonth)?;
        Self::from_number(number)
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl<C> Encode<C> for Month {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.u32(self.number())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Month {
    fn decode(
        decoder: &mut minicbor::Decoder<'b>,
        _: &mut C,
    ) -> Result<Self, minicbor::decode::Error> {
        Self::from_number(decoder.u32()?).map_err(minicbor::decode::Error::custom)
    }
}

/// How long a budget lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// A calendar month.
    Month,
    /// A calendar quarter.
    Quarter,
    /// A calendar year.
    Year,
}

impl Period {
    /// All periods, the shortest first.
    pub const ALL: [Self; 3] = [Self::Month, Self::Quarter, Self::Year];

    /// The period as a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// The first and the last month of the period that `month` lies in.
    #[must_use]
    pub fn around(self, month: Month) -> (Month, Month) {
        let at = |number| Month {
            year: month.year,
            month: number,
        };
        match self {
            Self::Month => (month, month),
            Self::Quarter => {
                let first = (month.month - 1) / 3 * 3 + 1;
                (at(first), at(first + 2))
            }
            Self::Year => (at(1), at(12)),
        }
    }
}
