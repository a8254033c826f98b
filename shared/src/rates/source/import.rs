//! A new edition from the one before and the post's published files: rules, shapes and zones stay,
//! every price comes from a file and names its line there. A price that no file has is a hole, never
//! the price of the edition before.

mod lines;
mod renewed;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Deserialize;

use super::super::edition::{Edition, Source};
use super::super::kinds::{MailClass, PriceKind, Shape};
use super::super::soundness::{path as way, wrong_days, wrong_words};
use super::super::tables::{PriceTable, Row};
use super::super::zones::FixedZone;
use super::SourceError;
use super::form::{ChartSource, Text};
use super::place::PlaceFault;
use super::sheet::{GoesBy, Sheet, SheetFault, WeightUnit, read_sheet};
use super::zone_sheet::{ZoneSheet, read_zones};
use lines::PlanLine;
pub(super) use renewed::{NoPlace, Renewed};

/// What the `format` member of a plan says.
pub const PLAN_FORMAT: &str = "pennyblack-import-1";
/// The most files of a plan: each table of a full price list in its own.
pub const MAX_FILES: usize = 200;
/// The most tables of a plan, and the most lines: many may stand in one file.
const MAX_PRICED: usize = 1_000;

/// Files by the names that a plan gives them.
pub type Files = BTreeMap<String, String>;

/// An edition that was made from files, and what in them was not read.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The edition.
    pub edition: Edition,
    /// Lines and members that hold something and were not read.
    pub not_read: Vec<String>,
}

/// Why no edition could be made.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A plan or a list of prices is not JSON, or a member of it is not what it has to be.
    #[error("{0}")]
    Member(Box<PlaceFault>),
    /// More files than a plan may name.
    #[error("a plan names at most {MAX_FILES} files")]
    TooManyFiles,
    /// Files have faults.
    #[error("{}", written(.0))]
    Faults(Vec<SheetFault>),
    /// What came out is not an edition.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// What nothing could be quoted from.
const NO_KIND: &str = "no kind of price";

fn written(faults: &[SheetFault]) -> String {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    lines.join("; ")
}

/// Lines of files that hold a price by what they are called.
type Taken<'a> = BTreeMap<&'a str, BTreeSet<u32>>;

/// How an edition is made from files.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The plan's own file and text, to say where in it something is wrong.
    #[serde(skip)]
    written: (String, String),
    format: String,
    /// The edition whose rules, shapes and zones it takes: a file of the plan, or one that is
    /// stored.
    pub base: String,
    id: String,
    title: String,
    effective: Date,
    until: Option<Date>,
    source: PlanSource,
    #[serde(default)]
    tables: Vec<PlanTable>,
    /// Prices that stand in a line by what it is called.
    #[serde(default)]
    lines: Vec<PlanLine>,
    /// The zone chart's file.
    zones: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanSource {
    text: String,
    #[serde(default)]
    sample: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanTable {
    file: String,
    class: MailClass,
    shape: Shape,
    kinds: Vec<PriceKind>,
    unit: Option<PlanUnit>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PlanUnit {
    Oz,
    Lb,
}

impl Plan {
    /// Reads the plan of a file.
    ///
    /// # Errors
    /// [`ImportError::Member`] for what no file can mend; [`ImportError::TooManyFiles`].
    pub fn read(file: &str, text: &str) -> Result<Self, ImportError> {
        let plan: Self = serde_json::from_str(text)
            .map_err(|fault| ImportError::Member(PlaceFault::of_json((file, text), &fault)))?;
        let plan = Self {
            written: (file.to_owned(), text.to_owned()),
            ..plan
        };
        plan.check()?;
        Ok(plan)
    }

    /// What is written in the plan itself is judged before any file is: an edition made of it would
    /// say the same of members that nobody wrote.
    fn check(&self) -> Result<(), ImportError> {
        if self.format != PLAN_FORMAT {
            let format = &self.format;
            let what = format!("the format is {format:?}, expected {PLAN_FORMAT:?}");
            return Err(self.wrong(&["format"], what));
        }
        for (list, length) in [("tables", self.tables.len()), ("lines", self.lines.len())] {
            if length > MAX_PRICED {
                return Err(self.wrong(&[list], format!("more than {MAX_PRICED} entries")));
            }
        }
        if self.files().len() > MAX_FILES {
            return Err(ImportError::TooManyFiles);
        }
        if let Some((member, what)) = wrong_days(self.effective, self.until) {
            return Err(self.wrong(&[member], what.to_owned()));
        }
        let words = |path: &[&str], text: &str| match wrong_words(text) {
            Some(what) => Err(self.wrong(path, what.to_owned())),
            None => Ok(()),
        };
        words(&["id"], &self.id)?;
        words(&["title"], &self.title)?;
        words(&["source", "text"], &self.source.text)?;
        for (place, table) in self.tables.iter().enumerate() {
            let place = place.to_string();
            words(&["tables", &place, "file"], &table.file)?;
            if table.kinds.is_empty() {
                return Err(self.wrong(&["tables", &place, "kinds"], NO_KIND.to_owned()));
            }
        }
        for (place, line) in self.lines.iter().enumerate() {
            let place = place.to_string();
            words(&["lines", &place, "file"], &line.file)?;
            if line.is_without_kinds() {
                let path = ["lines", &place, "is", "item", "kinds"];
                return Err(self.wrong(&path, NO_KIND.to_owned()));
            }
        }
        words(&["zones"], self.zones.as_deref().unwrap_or_default())
    }

    /// The files it needs beside its base, each once.
    #[must_use]
    pub fn files(&self) -> BTreeSet<&str> {
        let tables = self.tables.iter().map(|table| table.file.as_str());
        let lines = self.lines.iter().map(|line| line.file.as_str());
        let all = tables.chain(lines).chain(self.zones.as_deref());
        all.collect()
    }

    /// What is wrong with the plan's own value at a path.
    fn wrong(&self, path: &[&str], what: String) -> ImportError {
        let (file, text) = &self.written;
        let what = format!("{}: {what}", way(path));
        ImportError::Member(PlaceFault::at((file, text), path, what))
    }

    /// A file that the value at a path names.
    fn file<'a>(
        &self,
        files: &'a Files,
        name: &str,
        path: &[&str],
    ) -> Result<&'a str, ImportError> {
        let missing = || self.wrong(path, format!("there is no file {name:?}"));
        files.get(name).map(String::as_str).ok_or_else(missing)
    }

    /// Makes the edition from its base and the files.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn import(&self, base: &Edition, files: &Files) -> Result<Imported, ImportError> {
        let publication = Source {
            text: self.source.text.clone(),
            sample: self.source.sample,
        };
        let days = (self.effective, self.until);
        let mut new = Renewed::of(base, (&self.id, &self.title), days, publication);
        let mut faults = Vec::new();
        let taken = self.put_lines(&mut new, files, &mut faults)?;
        for (place, table) in self.tables.iter().enumerate() {
            let place = place.to_string();
            let text = self.file(files, &table.file, &["tables", &place, "file"])?;
            let unit = table.unit.map(|unit| match unit {
                PlanUnit::Oz => WeightUnit::Ounces,
                PlanUnit::Lb => WeightUnit::Pounds,
            });
            // What a table's columns are is the shape's: zones at home, price groups abroad.
            let by = match base.rule(table.class, table.shape) {
                Some(rule) if rule.abroad => GoesBy::Group,
                Some(_) | None => GoesBy::Zone,
            };
            match read_sheet(&table.file, text, (by, unit)) {
                Ok(sheet) => new
                    .put_sheet(self, table, (sheet, &taken))
                    .map_err(|fault| self.wrong(&["tables", &place], fault.to_string()))?,
                Err(found) => faults.extend(found),
            }
        }
        if let Some(name) = &self.zones {
            match read_zones(name, self.file(files, name, &["zones"])?) {
                Ok(sheet) => new
                    .put_zones(&self.source, name, sheet)
                    .map_err(|fault| self.wrong(&["zones"], format!("{name}: {fault}")))?,
                Err(found) => faults.extend(found),
            }
        }
        if faults.is_empty() {
            new.end()
        } else {
            faults.truncate(super::sheet::MAX_FAULTS);
            Err(ImportError::Faults(faults))
        }
    }
}

impl Renewed {
    fn put_sheet(
        &mut self,
        plan: &Plan,
        table: &PlanTable,
        (sheet, taken): (Sheet, &Taken<'_>),
    ) -> Result<(), NoPlace> {
        let text = format!("{}, {}", plan.source.text, table.file);
        let source = self.source(text, plan.source.sample);
        let file = table.file.as_str();
        for (line, text) in &sheet.not_read {
            if !taken.get(file).is_some_and(|lines| lines.contains(line)) {
                self.not_read.push(format!("{file} line {line}: {text}"));
            }
        }
        let rows = sheet.rows.into_iter().map(|row| Row {
            limit: row.limit,
            amounts: row.prices,
            source,
            line: Some(row.line),
        });
        self.put_table(PriceTable {
            class: table.class,
            shape: table.shape,
            kinds: table.kinds.clone(),
            zoned: sheet.zoned,
            rows: rows.collect(),
            groups: sheet.groups,
        })
    }

    fn put_zones(
        &mut self,
        publication: &PlanSource,
        file: &str,
        sheet: ZoneSheet,
    ) -> Result<(), SourceError> {
        let source = self.source(format!("{}, {file}", publication.text), publication.sample);
        let zones = &mut self.edition.zones;
        if !sheet.fixed.is_empty() {
            let fixed = sheet.fixed.iter();
            zones.fixed = fixed
                .map(|(first, last, zone)| FixedZone {
                    first: *first,
                    last: *last,
                    zone: *zone,
                })
                .collect();
        }
        let rows = sheet.rows.into_iter().map(|(area, row)| (Text(area), row));
        let rows = ChartSource::Rows(rows.collect());
        zones.chart = rows.into_chart(&zones.gateways, &zones.fixed, &zones.centroids)?;
        zones.source = source;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
