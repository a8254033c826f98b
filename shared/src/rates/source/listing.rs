//! Price lists as JSON, as they are quoted beside public source code: amounts in cents, zone prices
//! as nine numbers, a row by its weight. Every member is read or listed as not read; nothing is
//! passed over in silence.

mod members;

use jiff::civil::Date;
use members::{FEES, SEASONS, ZONED, cents, date_of, group, object, pounds, without_twins, wrong};
use serde_json::{Map, Value};

use super::super::edition::{Edition, Source};
use super::super::kinds::{MailClass, PriceKind, Shape};
use super::super::tables::{PriceTable, Row, Surcharge};
use super::super::weight::Weight;
use super::import::{ImportError, Imported, Renewed};
use crate::money::Mills;

/// Members that say something about the list and hold no price of its edition.
const WORDS: [&str; 6] = [
    "title",
    "unit",
    "sources",
    "licence",
    "cross_checks",
    "note",
];

/// Whether a JSON text is such a list: it says its unit and no format.
#[must_use]
pub fn is_listing(text: &str) -> bool {
    let members: Option<Map<String, Value>> = serde_json::from_str(text).ok();
    members.is_some_and(|members| members.contains_key("unit") && !members.contains_key("format"))
}

/// Makes an edition of a list and of the edition whose rules, shapes and zones it takes.
///
/// # Errors
/// [`ImportError::Listing`] naming the member that is not as expected, and what makes the result no
/// edition.
pub fn import_listing(
    text: &str,
    base: &Edition,
    id: Option<&str>,
) -> Result<Imported, ImportError> {
    let mut members: Map<String, Value> = serde_json::from_str(text).map_err(ImportError::Plan)?;
    let title = members
        .get("title")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let effective = match members.remove("effective") {
        Some(day) => date_of(&day, "effective")?,
        // The older list says its day only in its title.
        None => day_in(&title).ok_or_else(|| wrong("effective", "no date"))?,
    };
    let usual = format!("us-{effective}");
    let mut reading = Listing {
        new: Renewed::of(
            base,
            (id.unwrap_or(&usual), &title),
            (effective, None),
            Source {
                text: title.clone(),
                sample: true,
            },
        ),
        source: 0,
    };
    reading.source = reading.new.last_source();
    if let Some(Value::Object(tables)) = members.remove("tables") {
        members.extend(tables);
    }
    for (name, value) in members {
        reading.member(&name, value)?;
    }
    reading.new.end()
}

/// A list on its way to an edition.
struct Listing {
    new: Renewed,
    source: u16,
}

impl Listing {
    fn member(&mut self, name: &str, value: Value) -> Result<(), ImportError> {
        if WORDS.contains(&name) {
            return Ok(());
        }
        if let Some((_, class, kind)) = ZONED.iter().find(|(known, ..)| *known == name) {
            return self.zoned(name, (*class, *kind), &value);
        }
        match name {
            "first_class" => self.first_class(object(name, value)?),
            "extra_services" => self.extras(object(name, value)?),
            "priority_flat_rate_commercial" => self.flat_rates(object(name, value)?),
            "temporary_holiday_surcharge" => self.season(object(name, value)?),
            "dimensional" => self.dimensional(object(name, value)?),
            _ => {
                self.not_read(name, &value);
                Ok(())
            }
        }
    }

    fn not_read(&mut self, name: &str, value: &Value) {
        let what = match value {
            Value::Object(members) => format!("{} members", members.len()),
            Value::Array(list) => format!("{} entries", list.len()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
        };
        self.new.not_read.push(format!("{name}: {what}"));
    }

    /// Prices by weight and zone.
    fn zoned(
        &mut self,
        name: &str,
        (class, kind): (MailClass, PriceKind),
        value: &Value,
    ) -> Result<(), ImportError> {
        let rows = value.as_object().ok_or_else(|| wrong(name, "no object"))?;
        let mut read = Vec::with_capacity(rows.len());
        for (weight, prices) in rows {
            let at = format!("{name}.{weight}");
            let prices = prices.as_array().ok_or_else(|| wrong(&at, "no list"))?;
            let amounts = prices.iter().map(|price| cents(price, &at).map(Some));
            read.push(Row {
                limit: pounds(weight).ok_or_else(|| wrong(&at, "no weight"))?,
                amounts: amounts.collect::<Result<_, _>>()?,
                source: self.source,
                line: None,
            });
        }
        let rows = without_twins(name, read)?;
        self.table((class, Shape::Parcel), vec![kind], (true, rows))
    }

    fn table(
        &mut self,
        (class, shape): (MailClass, Shape),
        kinds: Vec<PriceKind>,
        (zoned, rows): (bool, Vec<Row>),
    ) -> Result<(), ImportError> {
        self.new.put_table(PriceTable {
            class,
            shape,
            kinds,
            zoned,
            rows,
            groups: Vec::new(),
        })
    }

    /// Letters by the ounce, and the first ounce of flats and postcards.
    fn first_class(&mut self, mut members: Map<String, Value>) -> Result<(), ImportError> {
        let kinds = [
            ("letter_metered", PriceKind::Metered),
            ("letter_stamped", PriceKind::Retail),
        ];
        for (name, kind) in kinds {
            let Some(value) = members.remove(name) else {
                continue;
            };
            let mut rows = Vec::new();
            for (weight, price) in object(name, value)? {
                let limit = format!("{weight}oz").parse();
                let limit = limit.map_err(|_| wrong(name, "no weight"))?;
                rows.push(self.row(limit, cents(&price, name)?));
            }
            rows.sort_by_key(|row: &Row| row.limit);
            let letter = (MailClass::FirstClass, Shape::Letter);
            self.table(letter, vec![kind], (false, rows))?;
        }
        let firsts = [
            ("large_envelope_1oz", Shape::Flat),
            ("postcard", Shape::Postcard),
        ];
        for (name, shape) in firsts {
            if let Some(price) = members.remove(name) {
                let price = cents(&price, name)?;
                self.first_ounce(shape, price);
            }
        }
        if let Some(price) = members.remove("nonmachinable") {
            let price = cents(&price, "nonmachinable")?;
            let source = self.source;
            for fee in &mut self.new.edition.nonmachinable {
                (fee.amount, fee.source) = (Some(price), source);
            }
        }
        // They say again what the rows say.
        for name in ["additional_ounce", "letter_max_oz", "note"] {
            members.remove(name);
        }
        for (name, value) in members {
            self.not_read(&format!("first_class.{name}"), &value);
        }
        Ok(())
    }

    /// The first row of a shape's tables; heavier ones stay holes.
    fn first_ounce(&mut self, shape: Shape, price: Mills) {
        let source = self.source;
        let tables = self.new.edition.tables.iter_mut();
        let is_it =
            |table: &&mut PriceTable| table.class == MailClass::FirstClass && table.shape == shape;
        for table in tables.filter(is_it) {
            if let Some(row) = table.rows.first_mut() {
                row.amounts.fill(Some(price));
                row.source = source;
            }
        }
    }

    fn row(&self, limit: Weight, price: Mills) -> Row {
        Row {
            limit,
            amounts: vec![Some(price)],
            source: self.source,
            line: None,
        }
    }

    fn extras(&mut self, members: Map<String, Value>) -> Result<(), ImportError> {
        for (name, value) in members {
            let known = FEES.iter().find(|(member, _)| *member == name);
            let Some((_, extra)) = known else {
                self.not_read(&format!("extra_services.{name}"), &value);
                continue;
            };
            let (price, source) = (cents(&value, &name)?, self.source);
            let fees = self.new.edition.extras.iter_mut();
            for fee in fees.filter(|fee| fee.name == *extra) {
                (fee.amount, fee.source) = (Some(price), source);
            }
        }
        Ok(())
    }

    /// Boxes and envelopes with one price: `medium_box` is the shape `flat-rate:medium-box`.
    fn flat_rates(&mut self, members: Map<String, Value>) -> Result<(), ImportError> {
        for (name, value) in members {
            let item = format!("flat-rate:{}", name.replace('_', "-"));
            let shape: Shape = item.parse().map_err(|_| wrong(&name, "no item"))?;
            let price = cents(&value, &name)?;
            let rule = self.new.edition.rule(MailClass::Priority, shape);
            let Some(limit) = rule.map(|rule| rule.max_weight) else {
                self.not_read(&format!("priority_flat_rate_commercial.{name}"), &value);
                continue;
            };
            let rows = vec![self.row(limit, price)];
            let kinds = vec![PriceKind::Commercial];
            self.table((MailClass::Priority, shape), kinds, (false, rows))?;
        }
        Ok(())
    }

    /// A surcharge between two days, in bands of weight for two groups of zones.
    fn season(&mut self, mut members: Map<String, Value>) -> Result<(), ImportError> {
        let mut day = |name: &str| {
            let value = members.remove(name).ok_or_else(|| wrong(name, "no date"))?;
            date_of(&value, name)
        };
        let (from, to) = (day("from")?, day("to")?);
        let limits = members.remove("rows_up_to_lb").unwrap_or_default();
        let limits = limits.as_array().cloned().unwrap_or_default();
        let limits: Option<Vec<Weight>> = limits
            .iter()
            .map(|pounds| Weight::from_pounds(pounds.as_u64()?).ok())
            .collect();
        let limits = limits.ok_or_else(|| wrong("rows_up_to_lb", "no pounds"))?;
        for (name, value) in members {
            let known = SEASONS.iter().find(|(member, ..)| *member == name);
            let Some((_, class, kind)) = known else {
                self.not_read(&format!("temporary_holiday_surcharge.{name}"), &value);
                continue;
            };
            let mut groups = Vec::new();
            for (zones, prices) in object(&name, value)? {
                groups.push(group(&name, &zones, (&limits, &prices))?);
            }
            groups.sort_by_key(|group| group.first);
            self.new.edition.surcharges.push(Surcharge {
                name: format!("holiday-{}", from.year()),
                title: "Temporary holiday surcharge".to_owned(),
                class: *class,
                kind: *kind,
                from,
                to,
                groups,
                source: self.source,
                shapes: match class {
                    MailClass::Priority => vec![Shape::Parcel],
                    MailClass::FirstClass
                    | MailClass::GroundAdvantage
                    | MailClass::Media
                    | MailClass::International
                    | MailClass::PriorityExpress => Vec::new(),
                },
            });
        }
        Ok(())
    }

    fn dimensional(&mut self, mut members: Map<String, Value>) -> Result<(), ImportError> {
        let mut number = |name: &str| {
            let value = members.remove(name).and_then(|value| value.as_u64());
            let value = value.and_then(|value| u32::try_from(value).ok());
            value.ok_or_else(|| wrong(name, "no number"))
        };
        let (divisor, above) = (number("divisor")?, number("threshold_cubic_inches")?);
        for rule in &mut self.new.edition.shapes {
            if let Some(dimensional) = &mut rule.dimensional {
                dimensional.divisor = divisor;
                dimensional.above_cubic_inches = above;
            }
        }
        members.remove("note");
        for (name, value) in members {
            self.not_read(&format!("dimensional.{name}"), &value);
        }
        Ok(())
    }
}

/// The first date in a text.
fn day_in(text: &str) -> Option<Date> {
    text.split(|c: char| c != '-' && !c.is_ascii_digit())
        .find_map(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_of_lists_are_read() {
        let written = |text: &str| pounds(text).map(|weight| weight.to_string());
        assert_eq!(written("15_999_oz").as_deref(), Some("15.999 oz"));
        assert_eq!(written("4_oz").as_deref(), Some("4 oz"));
        assert_eq!(written("15.999oz").as_deref(), Some("15.999 oz"));
        assert_eq!(written("0.9999").as_deref(), Some("15.999 oz"));
        assert_eq!(written("0.5").as_deref(), Some("8 oz"));
        assert_eq!(written("70").as_deref(), Some("70 lb"));
        assert_eq!(written("much"), None);
        assert_eq!(
            day_in("Notice 123 effective 2025-10-05 (x)")
                .unwrap()
                .to_string(),
            "2025-10-05"
        );
    }
}
