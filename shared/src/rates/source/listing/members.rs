//! What members of a list hold: weights, cents, dates.

use std::fmt;

use jiff::civil::Date;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::super::import::ImportError;
use super::super::place::PlaceFault;
use crate::money::Mills;
use crate::rates::kinds::{MailClass, PriceKind};
use crate::rates::soundness::wrong_day;
use crate::rates::tables::{Band, Row, ZoneGroup};
use crate::rates::weight::Weight;

/// Tables by zone: the member, the class, the kind of price.
pub(super) const ZONED: [(&str, MailClass, PriceKind); 7] = [
    (
        "ground_advantage_commercial",
        MailClass::GroundAdvantage,
        PriceKind::Commercial,
    ),
    (
        "ground_advantage_retail",
        MailClass::GroundAdvantage,
        PriceKind::Retail,
    ),
    (
        "priority_mail_commercial",
        MailClass::Priority,
        PriceKind::Commercial,
    ),
    (
        "priority_mail_retail",
        MailClass::Priority,
        PriceKind::Retail,
    ),
    (
        "USPS_GROUND_ADVANTAGE_RETAIL",
        MailClass::GroundAdvantage,
        PriceKind::Retail,
    ),
    (
        "USPS_PRIORITY_MAIL_RETAIL",
        MailClass::Priority,
        PriceKind::Retail,
    ),
    (
        "USPS_PRIORITY_MAIL_EXPRESS",
        MailClass::PriorityExpress,
        PriceKind::Retail,
    ),
];

/// Fees of a list: the member, the name in the edition.
pub(super) const FEES: [(&str, &str); 3] = [
    ("certified_mail", "certified"),
    ("return_receipt_mail", "return-receipt"),
    ("return_receipt_electronic", "return-receipt-electronic"),
];

/// Surcharges of a season: the member, the class, the kind of price.
pub(super) const SEASONS: [(&str, MailClass, PriceKind); 4] = [
    (
        "ga_commercial",
        MailClass::GroundAdvantage,
        PriceKind::Commercial,
    ),
    ("ga_retail", MailClass::GroundAdvantage, PriceKind::Retail),
    (
        "priority_commercial",
        MailClass::Priority,
        PriceKind::Commercial,
    ),
    ("priority_retail", MailClass::Priority, PriceKind::Retail),
];

/// Reads a list.
///
/// # Errors
/// With the place of what is no JSON, or of a member that is there twice: one of the two prices would
/// be lost without a word.
pub(super) fn read((file, text): (&str, &str)) -> Result<Map<String, Value>, ImportError> {
    let read: Result<Whole, _> = serde_json::from_str(text);
    match read {
        Ok(Whole(Value::Object(members))) => Ok(members),
        Ok(Whole(_)) => Err(At::top((file, text)).wrong("no object")),
        Err(fault) => Err(ImportError::Member(PlaceFault::of_json(
            (file, text),
            &fault,
        ))),
    }
}

/// A value in which no object has two members of one name.
struct Whole(Value);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading).map(Self)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Whole(value)) = entries.next_element()? {
            list.push(value);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(A::Error::custom("it is there twice"));
            }
            let Whole(value) = entries.next_value()?;
            members.insert(name, value);
        }
        Ok(members.into())
    }
}

/// A list and the member of it that is looked at.
#[derive(Clone, Debug)]
pub(super) struct At<'a> {
    /// The file's name and text.
    file: (&'a str, &'a str),
    path: Vec<String>,
}

impl<'a> At<'a> {
    /// The whole list.
    pub(super) const fn top(file: (&'a str, &'a str)) -> Self {
        Self {
            file,
            path: Vec::new(),
        }
    }

    /// A member of this one, or an entry of this list by its place.
    pub(super) fn member(&self, name: &str) -> Self {
        let mut path = self.path.clone();
        path.push(name.to_owned());
        Self {
            file: self.file,
            path,
        }
    }

    /// What it is called: the names on the way to it.
    pub(super) fn name(&self) -> String {
        self.path.join(".")
    }

    /// It is not as expected.
    pub(super) fn wrong(&self, what: &str) -> ImportError {
        let what = format!("{} is {what}", self.name());
        ImportError::Member(PlaceFault::at(self.file, &self.path, what))
    }

    /// It holds something that has no place in the edition.
    pub(super) fn refused(&self, why: &impl std::fmt::Display) -> ImportError {
        let what = format!("{}: {why}", self.name());
        ImportError::Member(PlaceFault::at(self.file, &self.path, what))
    }
}

/// A group of zones, named `z1_4`, with a price for each band.
pub(super) fn group(
    at: &At<'_>,
    zones: &str,
    (limits, prices): (&[Weight], &Value),
) -> Result<ZoneGroup, ImportError> {
    let ends = zones
        .strip_prefix('z')
        .and_then(|ends| ends.split_once('_'));
    let ends = ends.and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
    let ends = ends.filter(|(first, last)| first <= last);
    let (first, last) = ends.ok_or_else(|| at.wrong("no zones"))?;
    let prices = prices
        .as_array()
        .filter(|prices| prices.len() == limits.len());
    let prices = prices.ok_or_else(|| at.wrong("not a price for each band"))?;
    let mut bands = Vec::with_capacity(limits.len());
    for (place, (limit, price)) in limits.iter().zip(prices).enumerate() {
        bands.push(Band {
            limit: *limit,
            amount: Some(cents(&at.member(&place.to_string()), price)?),
        });
    }
    Ok(ZoneGroup { first, last, bands })
}

/// Rows in order. The same weight said twice (`0.9999` pounds and `15.999` ounces) is one row when
/// the prices agree.
pub(super) fn without_twins(at: &At<'_>, mut rows: Vec<Row>) -> Result<Vec<Row>, ImportError> {
    rows.sort_by_key(|row| row.limit);
    let differ = rows
        .windows(2)
        .any(|pair| pair[0].limit == pair[1].limit && pair[0].amounts != pair[1].amounts);
    if differ {
        return Err(at.wrong("not one price for one weight"));
    }
    rows.dedup_by_key(|row| row.limit);
    Ok(rows)
}

/// A weight of a list: `15.999oz`, `15_999_oz`, or pounds. What is just under a pound stands for the
/// row of 15.999 ounces.
pub(super) fn pounds(text: &str) -> Option<Weight> {
    let ounces = text.strip_suffix("_oz").map(|text| text.replace('_', "."));
    let ounces = ounces.or_else(|| text.strip_suffix("oz").map(str::to_owned));
    match ounces {
        Some(ounces) => format!("{ounces}oz").parse().ok(),
        None if text == "0.9999" => "15.999oz".parse().ok(),
        None => format!("{text}lb").parse().ok(),
    }
}

pub(super) fn object(at: &At<'_>, value: Value) -> Result<Map<String, Value>, ImportError> {
    match value {
        Value::Object(members) => Ok(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(at.wrong("no object"))
        }
    }
}

pub(super) fn cents(at: &At<'_>, value: &Value) -> Result<Mills, ImportError> {
    let cents = value.as_u64().filter(|cents| *cents > 0);
    let cents = cents.ok_or_else(|| at.wrong("not a number of cents"))?;
    Mills::from_cents(cents).map_err(|_| at.wrong("more than any price"))
}

pub(super) fn date_of(at: &At<'_>, value: &Value) -> Result<Date, ImportError> {
    let day = value.as_str().and_then(|text| text.parse().ok());
    let day = day.ok_or_else(|| at.wrong("no date such as 2026-07-12"))?;
    match wrong_day(day) {
        Some(what) => Err(at.wrong(what)),
        None => Ok(day),
    }
}
