//! What members of a list hold: weights, cents, dates.

use jiff::civil::Date;
use serde_json::{Map, Value};

use super::super::import::ImportError;
use crate::money::Mills;
use crate::rates::kinds::{MailClass, PriceKind};
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

/// A group of zones, named `z1_4`, with a price for each band.
pub(super) fn group(
    name: &str,
    zones: &str,
    (limits, prices): (&[Weight], &Value),
) -> Result<ZoneGroup, ImportError> {
    let at = format!("{name}.{zones}");
    let ends = zones
        .strip_prefix('z')
        .and_then(|ends| ends.split_once('_'));
    let ends = ends.and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
    let (first, last) = ends.ok_or_else(|| wrong(&at, "no zones"))?;
    let prices = prices
        .as_array()
        .filter(|prices| prices.len() == limits.len());
    let prices = prices.ok_or_else(|| wrong(&at, "not a price for each band"))?;
    let mut bands = Vec::with_capacity(limits.len());
    for (limit, price) in limits.iter().zip(prices) {
        bands.push(Band {
            limit: *limit,
            amount: Some(cents(price, &at)?),
        });
    }
    Ok(ZoneGroup { first, last, bands })
}

/// Rows in order. The same weight said twice (`0.9999` pounds and `15.999` ounces) is one row when
/// the prices agree.
pub(super) fn without_twins(name: &str, mut rows: Vec<Row>) -> Result<Vec<Row>, ImportError> {
    rows.sort_by_key(|row| row.limit);
    let differ = rows
        .windows(2)
        .any(|pair| pair[0].limit == pair[1].limit && pair[0].amounts != pair[1].amounts);
    if differ {
        return Err(wrong(name, "not one price for one weight"));
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

pub(super) fn object(name: &str, value: Value) -> Result<Map<String, Value>, ImportError> {
    match value {
        Value::Object(members) => Ok(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(wrong(name, "no object"))
        }
    }
}

pub(super) fn cents(value: &Value, name: &str) -> Result<Mills, ImportError> {
    let cents = value.as_u64().filter(|cents| *cents > 0);
    let cents = cents.ok_or_else(|| wrong(name, "not a number of cents"))?;
    Mills::from_cents(cents).map_err(|_| wrong(name, "more than any price"))
}

pub(super) fn date_of(value: &Value, name: &str) -> Result<Date, ImportError> {
    let day = value.as_str().and_then(|text| text.parse().ok());
    day.ok_or_else(|| wrong(name, "no date such as 2026-07-12"))
}

/// A member that is not as expected.
pub(super) fn wrong(name: &str, what: &str) -> ImportError {
    ImportError::Listing(format!("{name} is {what}"))
}
