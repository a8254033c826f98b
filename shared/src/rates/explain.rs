//! A price put into words, step by step; the steps add up to it.

use jiff::civil::Date;

use super::additions::surcharge_cell;
use super::edition::{Edition, Source};
use super::goes_to::GoesTo;
use super::kinds::{MailClass, PriceKind, Shape};
use super::measures::{Unsortable, dimensional_pounds, unpriced, unsortable};
use super::quote::{Price, QuoteRequest, base_cell, price};
use super::refusal::RateRefusal;
use super::shapes::ShapeRule;
use super::tables::Column;
use super::weight::Weight;
use crate::money::Mills;

/// A price and how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// What the piece costs.
    pub price: Mills,
    /// The edition.
    pub edition: String,
    /// The class.
    pub class: MailClass,
    /// The shape whose price it pays.
    pub priced_as: Shape,
    /// The kind of price.
    pub kind: PriceKind,
    /// The weight step it pays for: its upper limit.
    pub step: Weight,
    /// The zone, for zoned classes.
    pub zone: Option<u8>,
    /// The price group of the country, for prices that go by it.
    pub group: Option<u16>,
    /// What the country is called, for a piece that goes abroad.
    pub country: Option<String>,
    /// Whether the zone is estimated by distance.
    pub estimated: bool,
    /// Whether a cell comes from a sample that nobody has confirmed.
    pub sample: bool,
    /// The date of mailing.
    pub date: Date,
    /// The four ASCII letters that name the price in an indicium.
    pub category: [u8; 4],
    /// How the post wants the piece marked.
    pub marking: String,
    /// The steps, which add up to the price.
    pub steps: Vec<QuoteStep>,
    /// What the clerk should know.
    pub notes: Vec<String>,
}

/// One step of a price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteStep {
    /// What the step is, in words.
    pub rule: String,
    /// What it adds.
    pub amount: Mills,
    /// The price cell.
    pub cell: String,
    /// Where the cell comes from.
    pub source: String,
}

/// Prices one piece and explains the price.
///
/// # Errors
/// As [`price`].
pub fn quote(edition: &Edition, request: &QuoteRequest) -> Result<Quote, RateRefusal> {
    let price = price(edition, request)?;
    Ok(explain(edition, request, &price))
}

/// Puts a price into words. Private, because a price of another edition would point elsewhere.
fn explain(edition: &Edition, request: &QuoteRequest, price: &Price) -> Quote {
    let rule = edition.rule(request.class, price.shape);
    let words = Words {
        edition,
        request,
        price,
        rule: rule.expect("the price was found by this rule"),
    };
    let mut steps = vec![words.base()];
    steps.extend(words.nonmachinable());
    steps.extend(words.surcharges());
    steps.extend(words.extras());
    let sample = words.sources().any(|source| source.sample);
    let category = <[u8; 4]>::try_from(words.rule.category.as_bytes());
    Quote {
        price: price.total,
        edition: edition.id.clone(),
        class: request.class,
        priced_as: price.shape,
        kind: price.kind,
        step: edition.tables[price.base.table].rows[price.base.row].limit,
        zone: price.zone.map(|zone| zone.number),
        group: price.group,
        country: words.country().map(str::to_owned),
        estimated: price.zone.is_some_and(|zone| zone.estimated),
        sample,
        date: request.date,
        category: category.expect("an edition is only read with four ASCII letters here"),
        marking: words.marking(),
        steps,
        notes: words.notes(sample),
    }
}

/// What the words of one price are made from.
struct Words<'a> {
    edition: &'a Edition,
    request: &'a QuoteRequest,
    price: &'a Price,
    rule: &'a ShapeRule,
}

impl Words<'_> {
    /// The step of the price table.
    fn base(&self) -> QuoteStep {
        let cell = self.price.base;
        let table = &self.edition.tables[cell.table];
        let row = &table.rows[cell.row];
        let (column, column_words) = self.column();
        let weight_words = self.weight_words(row.limit);
        QuoteStep {
            rule: format!(
                "{}, {}, {weight_words}{column_words}",
                self.rule.title, self.price.kind
            ),
            amount: cell.amount,
            cell: base_cell(table, self.price.kind, row.limit, column),
            source: self.edition.row_source(cell.table, cell.row),
        }
    }

    /// The column of the table, and how a step says it.
    fn column(&self) -> (Column, String) {
        let column = match (self.price.zone, self.price.group) {
            (Some(zone), _) => Column::Zone(zone.number),
            (None, Some(group)) => Column::Group(group),
            (None, None) => Column::Only,
        };
        let words = match column {
            Column::Only => String::new(),
            Column::Zone(zone) => format!(", zone {zone}"),
            Column::Group(group) => {
                let country = self.country().unwrap_or_default();
                format!(", price group {group} ({country})")
            }
        };
        (column, words)
    }

    /// What the country is called, for a piece that goes abroad.
    fn country(&self) -> Option<&str> {
        match self.request.to {
            GoesTo::Zip(_) => None,
            GoesTo::Abroad(country) => self.edition.country(country).map(|entry| entry.title()),
        }
    }

    /// How the post wants the piece marked.
    fn marking(&self) -> String {
        let usual = self.request.class.usual_marking();
        let own = self.rule.marking.as_deref();
        own.unwrap_or(usual).to_owned()
    }

    /// How the weight led to the row.
    fn weight_words(&self, limit: Weight) -> String {
        let weight = self.request.weight;
        let size = self.request.size.filter(|_| self.price.billable > weight);
        if let (Some(size), Some(rule)) = (size, &self.rule.dimensional) {
            let (volume, divisor) = (size.cubic_inches_up(), rule.divisor);
            return format!("dimensional weight {limit} ({volume} cubic inches / {divisor})");
        }
        let by_the_pound = !matches!(self.price.shape, Shape::FlatRate(_));
        if limit.is_whole_pounds() && weight < limit && by_the_pound {
            return format!("{weight} rounded up to {limit}");
        }
        format!("{weight}, not over {limit}")
    }

    /// The step of the nonmachinable surcharge.
    fn nonmachinable(&self) -> Option<QuoteStep> {
        let fee = &self.edition.nonmachinable[self.price.nonmachinable?];
        let why = match unsortable(self.rule, self.request)? {
            Unsortable::Declared => "said to be nonmachinable".to_owned(),
            Unsortable::Ratio => self.ratio_words(),
            Unsortable::Thin => "too thin for its size".to_owned(),
        };
        Some(QuoteStep {
            rule: format!("{}: {why}", fee.title),
            amount: fee.amount?,
            cell: format!("{} {} nonmachinable", fee.class, self.price.shape),
            source: self.source(fee.source),
        })
    }

    /// Which proportions machines can sort.
    fn ratio_words(&self) -> String {
        let tenths = |number: u16| format!("{}.{}", number / 10, number % 10);
        let range = self.rule.machinable.as_ref().map(|machinable| {
            let least = tenths(machinable.least_ratio_tenths);
            format!("{least} and {}", tenths(machinable.greatest_ratio_tenths))
        });
        let range = range.unwrap_or_default();
        format!("length over height is not between {range}")
    }

    /// The steps of the surcharges in force.
    fn surcharges(&self) -> impl Iterator<Item = QuoteStep> {
        self.price.surcharges.iter().map(|cell| {
            let surcharge = &self.edition.surcharges[cell.surcharge];
            let group = &surcharge.groups[cell.group];
            let limit = group.bands[cell.band].limit;
            let (first, last) = (group.first, group.last);
            let name = surcharge_cell(surcharge);
            QuoteStep {
                rule: format!(
                    "{}, to {limit}, zones {first} to {last}, {} to {}",
                    surcharge.title, surcharge.from, surcharge.to
                ),
                amount: cell.amount,
                cell: format!("{name} {limit} zones {first}-{last}"),
                source: self.source(surcharge.source),
            }
        })
    }

    /// The steps of the extra services.
    fn extras(&self) -> impl Iterator<Item = QuoteStep> {
        self.price.extras.iter().filter_map(|index| {
            let fee = &self.edition.extras[*index];
            Some(QuoteStep {
                rule: fee.title.clone(),
                amount: fee.amount?,
                cell: format!("{} {}", fee.class, fee.name),
                source: self.source(fee.source),
            })
        })
    }

    /// What the clerk should know.
    fn notes(&self, sample: bool) -> Vec<String> {
        let (request, rule) = (self.request, self.rule);
        let mut notes = Vec::new();
        if let Some(own) = self.edition.rule(request.class, request.shape)
            && own.shape != rule.shape
        {
            notes.push(format!(
                "Heavier than {}, so it pays the price of a {}.",
                own.max_weight, rule.shape
            ));
        }
        if let (true, GoesTo::Zip(to)) = (
            self.price.zone.is_some_and(|zone| zone.estimated),
            request.to,
        ) {
            let (from, to) = (request.from.zip3(), to.zip3());
            notes.push(format!(
                "Zone estimated by distance: the zone chart has no pair {from} and {to}."
            ));
        }
        if rule.dimensional.is_some() && request.size.is_none() {
            notes.push("Without a size: dimensional weight is left out.".to_owned());
        }
        if dimensional_pounds(rule, request.size).is_some() && self.price.billable == request.weight
        {
            notes.push("The dimensional weight is not more than the weight.".to_owned());
        }
        for unpriced in unpriced(rule, request.size, request.date) {
            notes.push(format!(
                "The post may add \"{}\"; this edition has no price for it.",
                unpriced.cell
            ));
        }
        if request.nonmachinable && self.price.nonmachinable.is_none() {
            notes.push(format!("No nonmachinable surcharge on a {}.", rule.shape));
        }
        if sample {
            notes.push("Sample prices: nobody has confirmed this edition.".to_owned());
        }
        notes
    }

    /// The sources of all cells of the price.
    fn sources(&self) -> impl Iterator<Item = &Source> {
        let (edition, price) = (self.edition, self.price);
        let base = edition.tables[price.base.table].rows[price.base.row].source;
        let nonmachinable = price.nonmachinable.map(|i| edition.nonmachinable[i].source);
        let surcharges = price.surcharges.iter();
        let surcharges = surcharges.map(|cell| edition.surcharges[cell.surcharge].source);
        let extras = price.extras.iter().map(|i| edition.extras[*i].source);
        let zones = price.zone.map(|_| edition.zones.source);
        let indexes = [base].into_iter().chain(nonmachinable).chain(surcharges);
        indexes
            .chain(extras)
            .chain(zones)
            .filter_map(|index| edition.sources.get(usize::from(index)))
    }

    /// The words of a source.
    fn source(&self, index: u16) -> String {
        self.edition.source_text(index).to_owned()
    }
}
