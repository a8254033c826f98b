//! Prices of a plan that stand in a line by what it is called: flat-rate items, fees.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::super::line_sheet::{LinePrice, LineSheet, column_of, read_lines};
use super::super::sheet::SheetFault;
use super::{Files, ImportError, NoPlace, Plan, Renewed, Taken};
use crate::money::Mills;
use crate::rates::kinds::{MailClass, PriceKind, Shape};
use crate::rates::tables::{Fee, PriceTable, Row};

/// A line of a file, and what its price is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanLine {
    pub(super) file: String,
    /// What the line is called in the file.
    label: String,
    /// The column of its price as a spreadsheet names it; without one it has only one amount.
    column: Option<String>,
    is: Priced,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Priced {
    /// The one price of a shape, whatever it weighs.
    Item {
        class: MailClass,
        shape: Shape,
        kinds: Vec<PriceKind>,
    },
    /// An extra service, or the surcharge of pieces that no machine can sort.
    Fee {
        name: String,
        /// Of this class only; without one of all that have it.
        class: Option<MailClass>,
    },
}

/// Why a fee has no place in the new edition.
#[derive(Clone, Debug)]
enum NoFee {
    /// The base has no such fee.
    Unknown {
        name: String,
        class: Option<MailClass>,
    },
    /// Another line came before, so one of the two prices would be lost.
    Twice { name: String, class: MailClass },
}

impl fmt::Display for NoFee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, class } => {
                write!(f, "the edition it is based on has no fee {name:?}")?;
                class.map_or(Ok(()), |class| write!(f, " for {class}"))
            }
            Self::Twice { name, class } => {
                write!(
                    f,
                    "there is a price of the fee {name:?} for {class} already"
                )
            }
        }
    }
}

impl PlanLine {
    /// Whether it is a price of no kind, which nobody could pay.
    pub(super) const fn is_without_kinds(&self) -> bool {
        match &self.is {
            Priced::Item { kinds, .. } => kinds.is_empty(),
            Priced::Fee { .. } => false,
        }
    }
}

impl Plan {
    /// Puts the prices of all lines where they belong, and tells which lines those are. What else in
    /// their files holds an amount is noted as not read.
    pub(super) fn put_lines(
        &self,
        new: &mut Renewed,
        files: &Files,
        faults: &mut Vec<SheetFault>,
    ) -> Result<Taken<'_>, ImportError> {
        let mut sheets: BTreeMap<&str, LineSheet> = BTreeMap::new();
        let mut taken = Taken::new();
        for (place, line) in self.lines.iter().enumerate() {
            let (place, name) = (place.to_string(), line.file.as_str());
            let path = |member| ["lines", &place, member];
            let text = self.file(files, name, &path("file"))?;
            let column = line.column.as_deref().map(column_of);
            let Ok(column) = column.map_or(Ok(None), |column| column.map(Some).ok_or(())) else {
                let what = "not a column such as B".to_owned();
                return Err(self.wrong(&path("column"), what));
            };
            if !sheets.contains_key(name) {
                match read_lines(name, text) {
                    Ok(sheet) => drop(sheets.insert(name, sheet)),
                    Err(fault) => {
                        faults.push(fault);
                        return Ok(taken);
                    }
                }
            }
            let Some(sheet) = sheets.get(name) else {
                continue;
            };
            match sheet.price(&line.label, column) {
                Ok(Some(price)) => {
                    let lines = taken.entry(name).or_default();
                    lines.extend(price.lines.iter().copied());
                    new.put_line(self, line, &price)
                        .map_err(|what| self.wrong(&path("is"), what))?;
                }
                Ok(None) if faults.is_empty() => {
                    let what = format!("{name} has no line {:?}", line.label);
                    return Err(self.wrong(&path("label"), what));
                }
                // What is wrong in the file may hide the line.
                Ok(None) => {}
                Err(found) => faults.extend(found),
            }
        }
        let is_table = |name: &str| self.tables.iter().any(|table| table.file == name);
        for (name, sheet) in sheets.iter().filter(|(name, _)| !is_table(name)) {
            let lines = taken.get(name).cloned().unwrap_or_default();
            let others = sheet.others(&lines);
            let others = others.map(|(line, text)| format!("{name} line {line}: {text}"));
            new.not_read.extend(others);
        }
        Ok(taken)
    }
}

impl Renewed {
    fn put_line(&mut self, plan: &Plan, line: &PlanLine, found: &LinePrice) -> Result<(), String> {
        let (publication, file) = (&plan.source, &line.file);
        let number = found.lines.first().copied();
        match &line.is {
            Priced::Item {
                class,
                shape,
                kinds,
            } => {
                let text = format!("{}, {file}", publication.text);
                let source = self.source(text, publication.sample);
                let (class, shape) = (*class, *shape);
                let Some(rule) = self.edition.rule(class, shape) else {
                    return Err(NoPlace::NoShape { class, shape }.to_string());
                };
                let limit = rule.max_weight;
                let table = PriceTable {
                    class,
                    shape,
                    kinds: kinds.clone(),
                    zoned: false,
                    rows: vec![Row {
                        limit,
                        amounts: vec![found.price],
                        source,
                        line: number,
                    }],
                    groups: Vec::new(),
                };
                self.put_table(table).map_err(|fault| fault.to_string())
            }
            Priced::Fee { name, class } => {
                // Fees have no line of their own beside their source, so it stands in its text.
                let number = number.unwrap_or_default();
                let text = format!("{}, {file}, line {number}", publication.text);
                let source = self.source(text, publication.sample);
                let put = self.put_fee((name, *class), found.price, source);
                put.map_err(|fault| fault.to_string())
            }
        }
    }

    /// Puts the price of a fee: for one class, or for all that have it.
    fn put_fee(
        &mut self,
        (name, class): (&str, Option<MailClass>),
        price: Option<Mills>,
        source: u16,
    ) -> Result<(), NoFee> {
        let edition = &mut self.edition;
        let fees = edition.nonmachinable.iter_mut().chain(&mut edition.extras);
        let is_it = |fee: &Fee| fee.name == name && class.is_none_or(|class| fee.class == class);
        let mut is_known = false;
        for (place, fee) in fees.enumerate().filter(|(_, fee)| is_it(fee)) {
            if !self.put_fees.insert(place) {
                let (name, class) = (name.to_owned(), fee.class);
                return Err(NoFee::Twice { name, class });
            }
            (fee.amount, fee.source, is_known) = (price, source, true);
        }
        let name = name.to_owned();
        let unknown = || NoFee::Unknown { name, class };
        is_known.then_some(()).ok_or_else(unknown)
    }
}
