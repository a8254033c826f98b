//! Whether the parts of an edition fit together, and where they do not.

use std::fmt;

use jiff::civil::Date;

use super::dates::{FIRST_YEAR, LAST_YEAR, is_usable};
use super::edition::Edition;
use super::shapes::{Dimensional, ShapeRule};
use super::tables::{Fee, MAX_ENTRIES, MAX_GROUPS, PriceTable, Surcharge};
use crate::plain::is_strange;

/// The most bytes of any word in an edition: titles, names, where prices come from.
pub(super) const MAX_WORDS_BYTES: usize = 1_024;

/// What contradicts itself in an edition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsound {
    /// The member, as names and places in lists (from 0) of the edition's JSON.
    pub place: Vec<String>,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Unsound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = path(&self.place);
        let place = if place.is_empty() { "itself" } else { &place };
        write!(f, "{place}: {}", self.what)
    }
}

/// Names and places in lists as one word: `tables[3].rows[0].to`.
pub(super) fn path(steps: &[impl AsRef<str>]) -> String {
    let mut words = String::new();
    for step in steps.iter().map(AsRef::as_ref) {
        let is_place = step.bytes().all(|byte| byte.is_ascii_digit());
        words += &match (is_place, words.is_empty()) {
            (true, _) => format!("[{step}]"),
            (false, true) => step.to_owned(),
            (false, false) => format!(".{step}"),
        };
    }
    words
}

const HOME: &str = "price groups are for pieces that go abroad";
const NO_DAY: &str = "not a day of the years 2000 to 2199";
// The words above and below say what the limits are.
const _: () = assert!(FIRST_YEAR == 2_000 && LAST_YEAR == 2_199 && MAX_WORDS_BYTES == 1_024);
const _: () = assert!(MAX_ENTRIES == 4_096 && MAX_GROUPS == 64);

/// A place and what is wrong there.
type Fault = (Vec<String>, &'static str);

fn at(steps: &[&str], what: &'static str) -> Fault {
    (steps.iter().map(|step| (*step).to_owned()).collect(), what)
}

/// The first of a list with a fault, its place in front of the fault's.
fn first<T>(list: &str, all: &[T], fault: impl Fn(&T) -> Option<Fault>) -> Option<Fault> {
    let mut faults = all.iter().enumerate().filter_map(|(place, one)| {
        let (inner, what) = fault(one)?;
        let steps = [list.to_owned(), place.to_string()];
        Some((steps.into_iter().chain(inner).collect(), what))
    });
    faults.next()
}

/// What is wrong with a word of an edition: words come to terminals, labels and logs, and none of them
/// may move a cursor or turn the line.
pub(super) fn wrong_words(text: &str) -> Option<&'static str> {
    let is_long = text.len() > MAX_WORDS_BYTES;
    let is_strange = text.chars().any(is_strange);
    let strange = is_strange.then_some("it has control characters");
    is_long.then_some("longer than 1024 bytes").or(strange)
}

/// What is wrong with a day of an edition.
pub(super) fn wrong_day(day: Date) -> Option<&'static str> {
    (!is_usable(day)).then_some(NO_DAY)
}

/// What is wrong with the first or the last day of an edition, and with which of its members.
pub(super) fn wrong_days(
    effective: Date,
    until: Option<Date>,
) -> Option<(&'static str, &'static str)> {
    let wrong = |member, day| wrong_day(day).map(|what| (member, what));
    wrong("effective", effective)
        .or_else(|| until.and_then(|until| wrong("until", until)))
        .or_else(|| {
            let ends = until.is_some_and(|until| until < effective);
            ends.then_some(("until", "a day before the first"))
        })
}

impl Edition {
    /// Refuses content that contradicts itself, so that pricing need not.
    pub(super) fn soundness(&self) -> Result<(), Unsound> {
        let sources = self.sources.len();
        let fault = (self.version != self.needed_version())
            .then(|| at(&[], "its layout is not the one it needs"))
            .or_else(|| self.sizes())
            .or_else(|| self.words())
            .or_else(|| self.days())
            .or_else(|| first("shapes", &self.shapes, |rule| self.of_shape(rule)))
            .or_else(|| first("tables", &self.tables, |table| self.of_table(table)))
            .or_else(|| {
                first("nonmachinable", &self.nonmachinable, |fee| {
                    of_fee(fee, sources)
                })
            })
            .or_else(|| first("extras", &self.extras, |fee| of_fee(fee, sources)))
            .or_else(|| {
                first("surcharges", &self.surcharges, |one| {
                    of_surcharge(one, sources)
                })
            })
            .or_else(|| self.of_zones());
        match fault {
            Some((place, what)) => Err(Unsound {
                place,
                what: what.to_owned(),
            }),
            None => Ok(()),
        }
    }

    fn sizes(&self) -> Option<Fault> {
        let lists = [
            ("sources", self.sources.len()),
            ("shapes", self.shapes.len()),
            ("tables", self.tables.len()),
            ("nonmachinable", self.nonmachinable.len()),
            ("extras", self.extras.len()),
            ("surcharges", self.surcharges.len()),
            ("countries", self.countries.len()),
        ];
        let long = lists.iter().find(|(_, length)| *length > MAX_ENTRIES);
        let long = long.map(|(list, _)| at(&[list], "more than 4096 entries"));
        let sorted = self.countries.is_sorted_by(|a, b| a.code < b.code);
        long.or_else(|| (!sorted).then(|| at(&["countries"], "a country is there twice")))
    }

    fn words(&self) -> Option<Fault> {
        let words = |step: &str, text: &str| wrong_words(text).map(|what| at(&[step], what));
        let fee = |fee: &Fee| {
            let lists = [("needs", &fee.needs), ("excludes", &fee.excludes)];
            let mut named = lists.into_iter();
            words("name", &fee.name)
                .or_else(|| words("title", &fee.title))
                .or_else(|| {
                    named.find_map(|(list, all)| {
                        first(list, all, |name| {
                            wrong_words(name).map(|what| at(&[], what))
                        })
                    })
                })
        };
        let shape = |rule: &ShapeRule| {
            let marking = rule.marking.as_deref().unwrap_or_default();
            words("title", &rule.title)
                .or_else(|| words("marking", marking))
                .or_else(|| words("category", &rule.category))
                .or_else(|| first("unpriced", &rule.unpriced, |one| words("cell", &one.cell)))
        };
        let surcharge =
            |one: &Surcharge| words("name", &one.name).or_else(|| words("title", &one.title));
        words("id", &self.id)
            .or_else(|| words("title", &self.title))
            .or_else(|| {
                let mut sources = self.sources.iter();
                sources.find_map(|source| words("sources", &source.text))
            })
            .or_else(|| first("shapes", &self.shapes, shape))
            .or_else(|| first("nonmachinable", &self.nonmachinable, fee))
            .or_else(|| first("extras", &self.extras, fee))
            .or_else(|| first("surcharges", &self.surcharges, surcharge))
            .or_else(|| {
                let mut countries = self.countries.iter();
                countries.find_map(|country| words("countries", country.title()))
            })
    }

    fn days(&self) -> Option<Fault> {
        let day = |step: &str, day: Date| wrong_day(day).map(|what| at(&[step], what));
        wrong_days(self.effective, self.until)
            .map(|(member, what)| at(&[member], what))
            .or_else(|| {
                first("surcharges", &self.surcharges, |one| {
                    day("from", one.from).or_else(|| day("to", one.to))
                })
            })
            .or_else(|| {
                first("shapes", &self.shapes, |rule| {
                    first("unpriced", &rule.unpriced, |one| {
                        let season = one.season.as_ref()?;
                        day("season", season.from).or_else(|| day("season", season.to))
                    })
                })
            })
    }

    fn of_shape(&self, rule: &ShapeRule) -> Option<Fault> {
        let divides = |rule: &Dimensional| rule.divisor > 0;
        let is_named = rule.category.len() == 4 && rule.category.is_ascii();
        let heavier = rule
            .heavier_as
            .and_then(|shape| self.rule(rule.class, shape));
        if !is_named {
            return Some(at(&["category"], "not four letters"));
        }
        if !rule.dimensional.as_ref().is_none_or(divides) {
            return Some(at(&["dimensional", "divisor"], "nothing divides by 0"));
        }
        if heavier.is_some_and(|heavier| heavier.abroad != rule.abroad) {
            let what = "a heavier piece would leave the country, or stay in it";
            return Some(at(&["heavier_as"], what));
        }
        first("unpriced", &rule.unpriced, |one| {
            let ends = one.season.as_ref().is_some_and(|season| !season.is_sound());
            ends.then(|| at(&["season"], "it ends before it begins"))
        })
    }

    fn of_table(&self, table: &PriceTable) -> Option<Fault> {
        let rule = self.rule(table.class, table.shape);
        if table.kinds.is_empty() {
            return Some(at(&["kinds"], "no kind of price"));
        }
        if table.rows.is_empty() || table.rows.len() > MAX_ENTRIES {
            return Some(at(&["rows"], "not 1 to 4096 rows"));
        }
        if table.zoned && !table.groups.is_empty() {
            return Some(at(
                &["groups"],
                "prices go by zone or by group, not by both",
            ));
        }
        if table.groups.len() > MAX_GROUPS || !table.groups.is_sorted_by(|a, b| a < b) {
            return Some(at(&["groups"], "not at most 64 groups in ascending order"));
        }
        if rule.is_some_and(|rule| !table.fits(rule.abroad)) {
            let (zoned, groups) = (at(&["zoned"], "no zones abroad"), at(&["groups"], HOME));
            return Some(if table.zoned { zoned } else { groups });
        }
        let mut before = None;
        let mut rows = table.rows.iter().enumerate();
        rows.find_map(|(place, row)| {
            let ascends = before.is_none_or(|before| before < row.limit);
            before = Some(row.limit);
            let place = place.to_string();
            if !ascends {
                return Some(at(
                    &["rows", &place, "to"],
                    "not heavier than the row before",
                ));
            }
            let is_whole = row.amounts.len() == table.columns()
                && usize::from(row.source) < self.sources.len();
            (!is_whole).then(|| at(&["rows", &place], "not a price for each column"))
        })
    }

    fn of_zones(&self) -> Option<Fault> {
        let has_source = usize::from(self.zones.source) < self.sources.len();
        let sound = self.zones.is_sound() && has_source;
        (!sound).then(|| {
            at(
                &["zones"],
                "its zones, limits, ranges or distances are none",
            )
        })
    }
}

fn of_fee(fee: &Fee, sources: usize) -> Option<Fault> {
    let has_source = usize::from(fee.source) < sources;
    (!has_source).then(|| at(&["source"], "it has none"))
}

fn of_surcharge(one: &Surcharge, sources: usize) -> Option<Fault> {
    if one.from > one.to {
        return Some(at(&["to"], "it ends before it begins"));
    }
    if usize::from(one.source) >= sources {
        return Some(at(&["source"], "it has none"));
    }
    first("groups", &one.groups, |group| {
        if group.first > group.last {
            return Some(at(&["last"], "it ends before it begins"));
        }
        let ascends = group.bands.is_sorted_by(|a, b| a.limit < b.limit);
        (!ascends).then(|| at(&["bands"], "not in ascending order"))
    })
}
