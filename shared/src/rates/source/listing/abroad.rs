//! Prices abroad: a list for each country with its price group, a column for each product and weight.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Listing;
use super::members::{At, cents};
use crate::money::Mills;
use crate::rates::goes_to::Country;
use crate::rates::kinds::{MailClass, PriceKind, Shape};
use crate::rates::source::import::ImportError;
use crate::rates::tables::{PriceTable, Row};
use crate::rates::weight::Weight;

/// The member that says what the columns are.
const COLUMNS: &str = "columns";

/// The products of columns, as a list names them.
const PRODUCTS: [(&str, Shape); 2] = [("FCPIS", Shape::Parcel), ("PMI", Shape::PriorityParcel)];

/// Prices by weight and price group, with the member that said each first.
type Prices = BTreeMap<Weight, BTreeMap<u16, (Option<Mills>, String)>>;

impl Listing {
    /// Prices to a country, such as `GB_group20`, hold for its whole price group. Weights that the
    /// list leaves out stay holes.
    pub(super) fn abroad(
        &mut self,
        at: &At<'_>,
        mut members: Map<String, Value>,
    ) -> Result<(), ImportError> {
        let columns = columns(&at.member(COLUMNS), members.remove(COLUMNS))?;
        let mut read = PRODUCTS.map(|(_, shape)| (shape, Prices::new()));
        for (name, value) in members {
            let at = at.member(&name);
            let Some((country, group)) = destination(&name) else {
                self.not_read(&at, &value);
                continue;
            };
            let entries = self.new.edition.countries.iter_mut();
            match entries.into_iter().find(|entry| entry.code == country) {
                Some(entry) => entry.group = Some(group),
                None => {
                    let why = format!("{}: its base has no country {country}", at.name());
                    self.new.not_read.push(why);
                }
            }
            let prices = value
                .as_array()
                .filter(|prices| prices.len() == columns.len());
            let prices = prices.ok_or_else(|| at.wrong("not a price for each column"))?;
            for (place, ((shape, limit), price)) in columns.iter().zip(prices).enumerate() {
                let at = at.member(&place.to_string());
                let price = (!price.is_null()).then(|| cents(&at, price));
                let price = price.transpose()?;
                let mut products = read.iter_mut();
                let Some((_, prices)) = products.find(|(known, _)| known == shape) else {
                    continue;
                };
                let row = prices.entry(*limit).or_default();
                match row.get(&group) {
                    Some((before, name)) if *before != price => {
                        let why = format!("another price than {name} of the same price group");
                        return Err(at.refused(&why));
                    }
                    Some(_) => {}
                    None => drop(row.insert(group, (price, at.name()))),
                }
            }
        }
        for (shape, prices) in read.into_iter().filter(|(_, prices)| !prices.is_empty()) {
            self.put_abroad(at, shape, &prices)?;
        }
        Ok(())
    }

    fn put_abroad(
        &mut self,
        at: &At<'_>,
        shape: Shape,
        prices: &Prices,
    ) -> Result<(), ImportError> {
        let (class, kind) = (MailClass::International, PriceKind::Retail);
        let of_rows = prices.values().flat_map(|row| row.keys().copied());
        let mut groups: Vec<u16> = of_rows.collect();
        groups.sort_unstable();
        groups.dedup();
        let mut tables = self.new.edition.tables.iter();
        let before = tables.find(|table| {
            (table.class, table.shape) == (class, shape) && table.kinds.contains(&kind)
        });
        let before = before.into_iter().flat_map(|table| &table.rows);
        let mut limits: Vec<Weight> = before.map(|row| row.limit).collect();
        limits.extend(prices.keys().copied());
        limits.sort_unstable();
        limits.dedup();
        let amount = |limit: Weight, group: &u16| {
            let row = prices.get(&limit)?;
            row.get(group).and_then(|(price, _)| *price)
        };
        let rows = limits.into_iter().map(|limit| Row {
            limit,
            amounts: groups.iter().map(|group| amount(limit, group)).collect(),
            source: self.source,
            line: None,
        });
        let table = PriceTable {
            class,
            shape,
            kinds: vec![kind],
            zoned: false,
            rows: rows.collect(),
            groups,
        };
        self.new
            .put_table(table)
            .map_err(|fault| at.refused(&fault))
    }
}

/// The product and weight of each column: `FCPIS 16oz`, `32oz`, `PMI 5lb`. One without a product is of
/// the product before it.
fn columns(at: &At<'_>, value: Option<Value>) -> Result<Vec<(Shape, Weight)>, ImportError> {
    let names = value.as_ref().and_then(Value::as_array);
    let names = names.ok_or_else(|| at.wrong("no list of columns"))?;
    let mut product = None;
    let mut columns = Vec::with_capacity(names.len());
    for (place, name) in names.iter().enumerate() {
        let at = at.member(&place.to_string());
        let wrong = || at.wrong("no column such as FCPIS 16oz");
        let name = name.as_str().ok_or_else(wrong)?;
        let weight = match name.rsplit_once(' ') {
            Some((word, weight)) => {
                let known = PRODUCTS.iter().find(|(known, _)| *known == word.trim());
                product = Some(known.ok_or_else(wrong)?.1);
                weight
            }
            None => name,
        };
        let column = (
            product.ok_or_else(wrong)?,
            weight.parse().map_err(|_| wrong())?,
        );
        if columns.contains(&column) {
            return Err(at.wrong("there twice"));
        }
        columns.push(column);
    }
    Ok(columns)
}

/// The country and price group of a member: `GB_group20`.
fn destination(name: &str) -> Option<(Country, u16)> {
    let (country, group) = name.split_once("_group")?;
    let group = group.parse().ok().filter(|group| *group > 0)?;
    Some((country.parse().ok()?, group))
}
