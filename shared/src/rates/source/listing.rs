//! Price lists as JSON, as they are quoted beside public source code: amounts in cents, zone prices
//! as nine numbers, a row by its weight. Every member is read or listed as not read; nothing is
//! passed over in silence.

mod abroad;
mod members;

use jiff::civil::Date;
use members::{At, FEES, SEASONS, ZONED, cents, date_of, group, object, pounds, without_twins};
use serde_json::{Map, Value};

use super::super::edition::{Edition, Source};
use super::super::kinds::{MailClass, PriceKind, Shape};
use super::super::soundness::wrong_words;
use super::super::tables::{PriceTable, Row, Surcharge, ZONES};
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
/// [`ImportError::Member`] with the place of the member that is not as expected, and what makes the
/// result no edition.
pub fn import_listing(
    (file, text): (&str, &str),
    base: &Edition,
    id: Option<&str>,
) -> Result<Imported, ImportError> {
    let mut members = members::read((file, text))?;
    let top = At::top((file, text));
    let title = members
        .get("title")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    if let Some(what) = wrong_words(&title) {
        return Err(top.member("title").refused(&what));
    }
    let effective = match members.remove("effective") {
        Some(day) => date_of(&top.member("effective"), &day)?,
        // The older list says its day only in its title.
        None => day_in(&title).ok_or_else(|| top.member("title").wrong("without a date"))?,
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
    let mut places = Vec::new();
    if let Some(tables) = members.remove("tables") {
        let at = top.member("tables");
        let tables = object(&at, tables)?;
        places.push((at, tables));
    }
    places.push((top, members));
    for (within, members) in places {
        for (name, value) in members {
            reading.member(&within.member(&name), &name, value)?;
        }
    }
    reading.new.end()
}

/// A list on its way to an edition.
struct Listing {
    new: Renewed,
    source: u16,
}

impl Listing {
    fn member(&mut self, at: &At<'_>, name: &str, value: Value) -> Result<(), ImportError> {
        if WORDS.contains(&name) {
            return Ok(());
        }
        if let Some((_, class, kind)) = ZONED.iter().find(|(known, ..)| *known == name) {
            return self.zoned(at, (*class, *kind), &value);
        }
        match name {
            "first_class" => self.first_class(at, object(at, value)?),
            "extra_services" => self.extras(at, object(at, value)?),
            "priority_flat_rate_commercial" => self.flat_rates(at, object(at, value)?),
            "temporary_holiday_surcharge" => self.season(at, object(at, value)?),
            "dimensional" => self.dimensional(at, object(at, value)?),
            "international_retail" => self.abroad(at, object(at, value)?),
            _ => {
                self.not_read(at, &value);
                Ok(())
            }
        }
    }

    fn not_read(&mut self, at: &At<'_>, value: &Value) {
        let what = match value {
            Value::Object(members) => format!("{} members", members.len()),
            Value::Array(list) => format!("{} entries", list.len()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
        };
        self.new.not_read.push(format!("{}: {what}", at.name()));
    }

    /// Prices by weight and zone.
    fn zoned(
        &mut self,
        at: &At<'_>,
        (class, kind): (MailClass, PriceKind),
        value: &Value,
    ) -> Result<(), ImportError> {
        let rows = value.as_object().ok_or_else(|| at.wrong("no object"))?;
        let mut read = Vec::with_capacity(rows.len());
        for (weight, prices) in rows {
            let row = at.member(weight);
            let prices = prices.as_array().ok_or_else(|| row.wrong("no list"))?;
            let amounts = prices.iter().enumerate();
            let amounts = amounts
                .map(|(place, price)| cents(&row.member(&place.to_string()), price).map(Some));
            let amounts: Vec<Option<Mills>> = amounts.collect::<Result<_, _>>()?;
            if amounts.len() != ZONES {
                return Err(row.wrong("not nine prices by zone"));
            }
            read.push(Row {
                limit: pounds(weight).ok_or_else(|| row.wrong("no weight"))?,
                amounts,
                source: self.source,
                line: None,
            });
        }
        let rows = without_twins(at, read)?;
        self.table(at, (class, Shape::Parcel), (vec![kind], true, rows))
    }

    fn table(
        &mut self,
        at: &At<'_>,
        (class, shape): (MailClass, Shape),
        (kinds, zoned, rows): (Vec<PriceKind>, bool, Vec<Row>),
    ) -> Result<(), ImportError> {
        if rows.is_empty() {
            return Err(at.wrong("without a price"));
        }
        let table = PriceTable {
            class,
            shape,
            kinds,
            zoned,
            rows,
            groups: Vec::new(),
        };
        self.new
            .put_table(table)
            .map_err(|fault| at.refused(&fault))
    }

    /// Letters by the ounce, and the first ounce of flats and postcards.
    fn first_class(
        &mut self,
        at: &At<'_>,
        mut members: Map<String, Value>,
    ) -> Result<(), ImportError> {
        let kinds = [
            ("letter_metered", PriceKind::Metered),
            ("letter_stamped", PriceKind::Retail),
        ];
        for (name, kind) in kinds {
            let Some(value) = members.remove(name) else {
                continue;
            };
            let at = at.member(name);
            let mut rows = Vec::new();
            for (weight, price) in object(&at, value)? {
                let row = at.member(&weight);
                let limit = format!("{weight}oz").parse();
                let limit = limit.map_err(|_| row.wrong("no weight"))?;
                rows.push(self.row(limit, cents(&row, &price)?));
            }
            let rows = without_twins(&at, rows)?;
            let letter = (MailClass::FirstClass, Shape::Letter);
            self.table(&at, letter, (vec![kind], false, rows))?;
        }
        let firsts = [
            ("large_envelope_1oz", Shape::Flat),
            ("postcard", Shape::Postcard),
        ];
        for (name, shape) in firsts {
            if let Some(price) = members.remove(name) {
                let price = cents(&at.member(name), &price)?;
                self.first_ounce(shape, price);
            }
        }
        if let Some(price) = members.remove("nonmachinable") {
            let price = cents(&at.member("nonmachinable"), &price)?;
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
            self.not_read(&at.member(&name), &value);
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

    fn extras(&mut self, at: &At<'_>, members: Map<String, Value>) -> Result<(), ImportError> {
        for (name, value) in members {
            let known = FEES.iter().find(|(member, _)| *member == name);
            let Some((_, extra)) = known else {
                self.not_read(&at.member(&name), &value);
                continue;
            };
            let (price, source) = (cents(&at.member(&name), &value)?, self.source);
            let fees = self.new.edition.extras.iter_mut();
            for fee in fees.filter(|fee| fee.name == *extra) {
                (fee.amount, fee.source) = (Some(price), source);
            }
        }
        Ok(())
    }

    /// Boxes and envelopes with one price: `medium_box` is the shape `flat-rate:medium-box`.
    fn flat_rates(&mut self, at: &At<'_>, members: Map<String, Value>) -> Result<(), ImportError> {
        for (name, value) in members {
            let at = at.member(&name);
            let item = format!("flat-rate:{}", name.replace('_', "-"));
            let shape: Shape = item.parse().map_err(|_| at.wrong("no item"))?;
            let price = cents(&at, &value)?;
            let rule = self.new.edition.rule(MailClass::Priority, shape);
            let Some(limit) = rule.map(|rule| rule.max_weight) else {
                self.not_read(&at, &value);
                continue;
            };
            let rows = vec![self.row(limit, price)];
            let kinds = vec![PriceKind::Commercial];
            self.table(&at, (MailClass::Priority, shape), (kinds, false, rows))?;
        }
        Ok(())
    }

    /// A surcharge between two days, in bands of weight for two groups of zones.
    fn season(&mut self, at: &At<'_>, mut members: Map<String, Value>) -> Result<(), ImportError> {
        let mut day = |name: &str| {
            let value = members.remove(name).unwrap_or_default();
            date_of(&at.member(name), &value)
        };
        let (from, to) = (day("from")?, day("to")?);
        if to < from {
            return Err(at.member("to").wrong("a day before the first"));
        }
        let limits = members.remove("rows_up_to_lb").unwrap_or_default();
        let limits = limits.as_array().cloned().unwrap_or_default();
        let limits: Option<Vec<Weight>> = limits
            .iter()
            .map(|pounds| Weight::from_pounds(pounds.as_u64()?).ok())
            .collect();
        let limits = limits.filter(|limits| limits.is_sorted_by(|a, b| a < b));
        let limits = limits.ok_or_else(|| at.member("rows_up_to_lb").wrong("no rising pounds"))?;
        for (name, value) in members {
            let at = at.member(&name);
            let known = SEASONS.iter().find(|(member, ..)| *member == name);
            let Some((_, class, kind)) = known else {
                self.not_read(&at, &value);
                continue;
            };
            let mut groups = Vec::new();
            for (zones, prices) in object(&at, value)? {
                groups.push(group(&at.member(&zones), &zones, (&limits, &prices))?);
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

    fn dimensional(
        &mut self,
        at: &At<'_>,
        mut members: Map<String, Value>,
    ) -> Result<(), ImportError> {
        let mut number = |name: &str| {
            let value = members.remove(name).and_then(|value| value.as_u64());
            let value = value.and_then(|value| u32::try_from(value).ok());
            let value = value.filter(|number| *number > 0);
            value.ok_or_else(|| at.member(name).wrong("no number above 0"))
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
            self.not_read(&at.member(&name), &value);
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
