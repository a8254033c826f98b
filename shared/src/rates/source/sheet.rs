//! The post's published price tables: CSV as it comes out of a spreadsheet.
//!
//! Such a file is made for people. Titles and footnotes stand between the prices, weights come with
//! and without units, columns are headed `Zone 3`, `3` or `Local, 1 & 2`, abroad `Price Group 12` or
//! `12`, a table goes on below with its other columns. What cannot be a price is never guessed: it is a fault with its line and column,
//! or it is listed as not read.

pub(super) mod cells;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use cells::{group_label, looks_like_an_amount, price_of, weight_of, zone_label};

use super::super::tables::{MAX_GROUPS, ZONES};
use super::super::weight::Weight;
use crate::money::Mills;

/// The largest file, bytes: the post's largest price table has a tenth of it.
pub const MAX_SHEET_BYTES: usize = 1 << 20;
/// The most lines of a file.
const MAX_LINES: usize = 4_096;
/// The most columns of a line.
const MAX_COLUMNS: usize = 64;
/// Faults that are told at once: enough to correct a file, too few to hide the first.
pub(in crate::rates) const MAX_FAULTS: usize = 20;

/// What is wrong in one place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetFault {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 for the whole file.
    pub line: u32,
    /// The column, from 1; 0 for the whole line.
    pub column: usize,
    /// What is wrong, as the end of a sentence.
    pub what: String,
}

impl fmt::Display for SheetFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, line, what) = (&self.file, self.line, &self.what);
        match (line, self.column) {
            (0, _) => write!(f, "{file}: {what}"),
            (_, 0) => write!(f, "{file} line {line}: {what}"),
            (_, column) => write!(f, "{file} line {line} column {}: {what}", letters(column)),
        }
    }
}

/// A column as spreadsheets name it: A to Z, then AA.
fn letters(column: usize) -> String {
    let mut rest = column;
    let mut name = Vec::new();
    while rest > 0 {
        rest -= 1;
        name.push(u8::try_from(rest % 26).map_or('?', |letter| char::from(b'A' + letter)));
        rest /= 26;
    }
    name.iter().rev().collect()
}

/// A unit of weight that a table is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rates) enum WeightUnit {
    /// Ounces.
    Ounces,
    /// Pounds.
    Pounds,
}

/// One row of prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rates) struct SheetRow {
    /// The line it stands in, from 1.
    pub(in crate::rates) line: u32,
    /// The weight not over which it holds.
    pub(in crate::rates) limit: Weight,
    /// One price, nine by zone, or one for each price group; `None` is a hole.
    pub(in crate::rates) prices: Vec<Option<Mills>>,
}

/// What the columns of a table go by, where it has more than one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rates) enum GoesBy {
    /// Zones, within the country.
    Zone,
    /// Price groups of countries.
    Group,
}

/// A table that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rates) struct Sheet {
    /// Whether its columns are zones.
    pub(in crate::rates) zoned: bool,
    /// The price groups of its columns, ascending; empty where they are none.
    pub(in crate::rates) groups: Vec<u16>,
    /// Its rows, ascending by weight.
    pub(in crate::rates) rows: Vec<SheetRow>,
    /// Lines that hold amounts and no weight, as they stand: flat rates, fees. Nothing of them was
    /// read.
    pub(in crate::rates) not_read: Vec<(u32, String)>,
}

/// Reads one table, whose columns, where it has several, go `by` zone or price group. `unit` is what
/// weights without a unit are in, where no heading says it.
///
/// # Errors
/// Every [`SheetFault`], at most [`MAX_FAULTS`].
pub(in crate::rates) fn read_sheet(
    file: &str,
    text: &str,
    (by, unit): (GoesBy, Option<WeightUnit>),
) -> Result<Sheet, Vec<SheetFault>> {
    let mut reading = Reading {
        file,
        by,
        unit,
        heading: None,
        cells: BTreeMap::new(),
        not_read: Vec::new(),
        faults: Vec::new(),
    };
    let read = each_line(file, text, &mut |line, cells| {
        reading.line(line, cells);
        reading.faults.len() < MAX_FAULTS
    });
    if let Err(fault) = read {
        reading.fault(fault.line, fault.column, fault.what);
    }
    reading.end()
}

/// Goes through the lines of a file with their numbers, from 1, until `take` has enough and
/// answers `false`.
///
/// # Errors
/// What is wrong with the file, with the line where it is known.
pub(super) fn each_line(
    file: &str,
    text: &str,
    take: &mut dyn FnMut(u32, &[&str]) -> bool,
) -> Result<(), SheetFault> {
    let fault = |line: u64, what: String| SheetFault {
        file: file.to_owned(),
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: 0,
        what,
    };
    if text.len() > MAX_SHEET_BYTES {
        return Err(fault(0, format!("larger than {MAX_SHEET_BYTES} bytes")));
    }
    // Spreadsheets put a byte order mark before the first cell.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // The reader counts a line too few where lines end with a carriage return and a line feed.
    let text = text.replace("\r\n", "\n");
    let mut lines = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    for (count, record) in lines.records().enumerate() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            fault(line, error.to_string())
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        if count >= MAX_LINES || record.len() > MAX_COLUMNS {
            let what = format!("more than {MAX_LINES} lines or {MAX_COLUMNS} columns");
            return Err(fault(line, what));
        }
        let number = u32::try_from(line).unwrap_or(u32::MAX);
        if !take(number, &record.iter().collect::<Vec<&str>>()) {
            break;
        }
    }
    Ok(())
}

/// What the columns of a table are: for each place of a line, the zones or price groups it holds.
#[derive(Clone, Debug)]
enum Heading {
    Columns(BTreeMap<usize, Vec<u16>>),
    Price(usize),
}

/// A price and the line it stands in, by weight and by zone or price group (0 for a table with one
/// price).
type Cells = BTreeMap<Weight, BTreeMap<u16, (Option<Mills>, u32)>>;

/// A file on its way to a table.
struct Reading<'a> {
    file: &'a str,
    by: GoesBy,
    unit: Option<WeightUnit>,
    heading: Option<Heading>,
    cells: Cells,
    not_read: Vec<(u32, String)>,
    faults: Vec<SheetFault>,
}

impl Reading<'_> {
    fn fault(&mut self, line: u32, column: usize, what: String) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(SheetFault {
                file: self.file.to_owned(),
                line,
                column,
                what,
            });
        }
    }

    /// Takes a line for what it is: a heading, a row of prices, or words.
    fn line(&mut self, line: u32, cells: &[&str]) {
        let words = cells.join(" ").to_ascii_lowercase();
        let first = cells.first().copied().unwrap_or_default();
        let begins_with_digit = first.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        let columns = match self.by {
            GoesBy::Zone => columns_of(cells, zone_label),
            // Prices without cents look like groups; only the weight before them tells.
            GoesBy::Group if begins_with_digit => None,
            GoesBy::Group => columns_of(cells, group_label),
        };
        if let Some(columns) = columns {
            self.take_unit(&words);
            self.heading = Some(Heading::Columns(columns));
        } else if words.contains("weight") && !begins_with_digit {
            self.take_unit(&words);
            // Until a line with zones comes, the first column beside the weight holds the price.
            self.heading = Some(Heading::Price(1));
        } else if begins_with_digit && self.heading.is_some() {
            self.row(line, cells);
        } else if cells.iter().skip(1).any(|cell| looks_like_an_amount(cell)) {
            if begins_with_digit {
                let what = "prices without a heading that says what the columns are".to_owned();
                self.fault(line, 0, what);
            } else if self.not_read.len() < MAX_LINES {
                self.not_read.push((line, cells.join(", ")));
            }
        }
    }

    fn take_unit(&mut self, words: &str) {
        let has = |units: [&str; 2]| units.iter().any(|unit| words.contains(unit));
        match (has(["oz", "ounce"]), has(["lb", "pound"])) {
            (true, false) => self.unit = Some(WeightUnit::Ounces),
            (false, true) => self.unit = Some(WeightUnit::Pounds),
            (true, true) | (false, false) => {}
        }
    }

    /// A row: the weight, then a price for each column of the heading.
    fn row(&mut self, line: u32, cells: &[&str]) {
        let first = cells.first().copied().unwrap_or_default();
        let limit = match weight_of(first, self.unit) {
            Ok(limit) => limit,
            Err(what) => return self.fault(line, 1, format!("{first:?} {what}")),
        };
        let columns: Vec<(usize, Vec<u16>)> = match &self.heading {
            Some(Heading::Columns(columns)) => columns.clone().into_iter().collect(),
            Some(Heading::Price(place)) => vec![(*place, vec![0])],
            None => Vec::new(),
        };
        for (place, cell) in cells.iter().enumerate().skip(1) {
            let known = columns.iter().any(|(column, _)| *column == place);
            if !known && looks_like_an_amount(cell) {
                let what = format!("{cell:?} stands in a column without a heading");
                self.fault(line, place + 1, what);
            }
        }
        for (place, numbers) in columns {
            let Some(cell) = cells.get(place) else {
                let what = "the line ends before this column".to_owned();
                self.fault(line, place + 1, what);
                continue;
            };
            match price_of(cell) {
                Ok(price) => numbers
                    .iter()
                    .for_each(|number| self.put(line, place, limit, *number, price)),
                Err(what) => self.fault(line, place + 1, format!("{cell:?} {what}")),
            }
        }
    }

    /// Keeps a price; two different ones for the same cell are a fault.
    fn put(&mut self, line: u32, place: usize, limit: Weight, number: u16, price: Option<Mills>) {
        let row = self.cells.entry(limit).or_default();
        match row.get(&number) {
            Some((before, at)) if *before != price => {
                let what = format!("another price than in line {at} for the same cell");
                self.fault(line, place + 1, what);
            }
            Some(_) => {}
            None => drop(row.insert(number, (price, line))),
        }
    }

    fn end(mut self) -> Result<Sheet, Vec<SheetFault>> {
        let rows = self.cells.values();
        let numbers: BTreeSet<u16> = rows.flat_map(|row| row.keys().copied()).collect();
        let plain = numbers.contains(&0);
        let several = numbers.iter().any(|number| *number > 0);
        if self.cells.is_empty() && self.faults.is_empty() {
            self.fault(0, 0, "no line with a weight and a price".to_owned());
        }
        if several && plain {
            let by = match self.by {
                GoesBy::Zone => "zone",
                GoesBy::Group => "price group",
            };
            let what = format!("some prices go by {by} and some do not: two tables in one file");
            self.fault(0, 0, what);
        }
        let groups: Vec<u16> = match self.by {
            GoesBy::Zone => Vec::new(),
            GoesBy::Group => numbers.into_iter().filter(|number| *number > 0).collect(),
        };
        let zoned = several && groups.is_empty();
        let columns: Vec<u16> = match (zoned, groups.is_empty()) {
            (true, _) => (1..).take(ZONES).collect(),
            (false, true) => vec![0],
            (false, false) => groups.clone(),
        };
        if groups.len() > MAX_GROUPS {
            self.fault(0, 0, format!("more than {MAX_GROUPS} price groups"));
        }
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        let rows = self.cells.into_iter().map(|(limit, row)| SheetRow {
            line: row.values().map(|(_, line)| *line).min().unwrap_or(0),
            limit,
            prices: columns
                .iter()
                .map(|number| row.get(number).and_then(|(price, _)| *price))
                .collect(),
        });
        Ok(Sheet {
            zoned,
            rows: rows.collect(),
            groups,
            not_read: self.not_read,
        })
    }
}

/// The zones or price groups that a line heads, where it does: at least two columns that name some
/// and none that holds an amount.
fn columns_of(
    cells: &[&str],
    label: fn(&str) -> Option<Vec<u16>>,
) -> Option<BTreeMap<usize, Vec<u16>>> {
    let mut columns = BTreeMap::new();
    for (place, cell) in cells.iter().enumerate().skip(1) {
        if cell.is_empty() {
            continue;
        }
        match label(cell) {
            Some(found) => drop(columns.insert(place, found)),
            None if looks_like_an_amount(cell) => return None,
            None => {}
        }
    }
    (columns.len() >= 2).then_some(columns)
}

#[cfg(test)]
mod tests;
