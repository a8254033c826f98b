//! Counts as files for spreadsheets: CSV (RFC 4180) and Excel.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use shared::money::MillsSum;
use shared::statistics::{Dimension, Group, Tally};

use super::refusal::{AdminRefusal, Ending};
use super::statistics::heads;
use crate::access::problem::chain_of;
use crate::services::statistics::count::Statistics;

/// Amounts are written with all of their three decimals.
const AMOUNT: &str = "#,##0.000";

/// Rows of an Excel sheet, its head included.
const SHEET_ROWS: usize = 1_048_576;

/// Characters that make a spreadsheet take a text for a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Writes a new CSV file: a line of heads, then one for each group. Amounts have a point and three
/// decimals, whatever the country.
///
/// # Errors
/// [`AdminRefusal`] when the file is there or cannot be written; then nothing of it is left.
pub(super) fn write_csv(
    path: &Path,
    by: &[Dimension],
    groups: &[Group],
) -> Result<(), AdminRefusal> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).open(path);
    let file = file.map_err(|fault| not_written(path, &fault))?;
    let mut out = BufWriter::new(file);
    let written = out
        .write_all(line(&heads(by)).as_bytes())
        .and_then(|()| {
            let mut rows = groups.iter();
            rows.try_for_each(|group| out.write_all(row(group).as_bytes()))
        })
        .and_then(|()| out.flush())
        .and_then(|()| out.get_ref().sync_all());
    written.map_err(|fault| {
        drop(std::fs::remove_file(path));
        not_written(path, &fault)
    })
}

fn row(group: &Group) -> String {
    let tally = &group.tally;
    let amount = |sum: MillsSum| format!("{}.{:03}", sum.mills() / 1_000, sum.mills() % 1_000);
    let mut cells: Vec<String> = group.key.clone();
    cells.extend([
        tally.pieces.to_string(),
        amount(tally.postage_mills),
        tally.spoiled.to_string(),
        amount(tally.spoiled_mills),
        tally.refunded.to_string(),
        amount(tally.refunded_mills),
    ]);
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    line(&cells)
}

fn line(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    format!("{}\r\n", cells.join(","))
}

/// A cell: quoted where it must be, and never a formula, because names come from stations.
fn cell(text: &str) -> String {
    let text = if text.starts_with(FORMULA) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// Writes a new Excel file: a sheet with the groups, and one with the days and how the counts stand
/// to the registers.
///
/// # Errors
/// [`AdminRefusal`] when the file is there, cannot be written, or has more rows than a sheet.
pub(super) fn write_xlsx(
    path: &Path,
    sum: &Statistics,
    groups: &[Group],
) -> Result<(), AdminRefusal> {
    if groups.len() >= SHEET_ROWS {
        return Err(AdminRefusal::new(
            Ending::Refused,
            "too_many_groups",
            format!("An Excel sheet has {SHEET_ROWS} rows, which are too few."),
            "Count fewer days or by less, or write a CSV file.",
        ));
    }
    let fault = |error: XlsxError| {
        AdminRefusal::new(
            Ending::Broken,
            "not_written",
            format!(
                "{} could not be written: {}.",
                path.display(),
                chain_of(&error)
            ),
            "Check the folder and its free space.",
        )
    };
    let bytes = workbook(sum, groups).map_err(fault)?;
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).open(path);
    let mut file = file.map_err(|fault| not_written(path, &fault))?;
    let written = file.write_all(&bytes).and_then(|()| file.sync_all());
    written.map_err(|fault| {
        drop(std::fs::remove_file(path));
        not_written(path, &fault)
    })
}

fn workbook(sum: &Statistics, groups: &[Group]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let amount = Format::new().set_num_format(AMOUNT);
    let bold = Format::new().set_bold();
    let sheet = book.add_worksheet().set_name("Pieces")?;
    for (column, head) in (0_u16..).zip(heads(&sum.by)) {
        sheet.write_with_format(0, column, head, &bold)?;
    }
    for (at, group) in (1_u32..).zip(groups) {
        let mut column = 0_u16;
        for value in &group.key {
            sheet.write(at, column, value)?;
            column += 1;
        }
        tally(sheet, (at, column), &group.tally, &amount)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    let sheet = book.add_worksheet().set_name("Sum")?;
    let held = &sum.reconciliation;
    let facts = [
        ("from", sum.from.to_string()),
        ("to", sum.to.to_string()),
        ("vaults", held.vaults.to_string()),
        ("that hold to the mill", held.hold.to_string()),
        ("with pieces on their way", held.waiting.to_string()),
        ("alarms", held.alarms.to_string()),
    ];
    let mut at = 0_u32;
    for (name, value) in facts {
        sheet.write_with_format(at, 0, name, &bold)?;
        sheet.write(at, 1, value)?;
        at += 1;
    }
    for (column, head) in (0_u16..).zip(heads(&[])) {
        sheet.write_with_format(at, column, head, &bold)?;
    }
    tally(sheet, (at + 1, 0), &sum.total, &amount)?;
    book.save_to_buffer()
}

/// Counts and amounts as numbers. A spreadsheet's number is exact up to 2^53 mills.
fn tally(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    tally: &Tally,
    amount: &Format,
) -> Result<(), XlsxError> {
    let parts = [
        (tally.pieces, tally.postage_mills),
        (tally.spoiled, tally.spoiled_mills),
        (tally.refunded, tally.refunded_mills),
    ];
    for (place, (pieces, sum)) in (0_u16..).step_by(2).zip(parts) {
        sheet.write(row, column + place, pieces)?;
        sheet.write_with_format(row, column + place + 1, units(sum), amount)?;
    }
    Ok(())
}

/// Whole units and thousandths apart, so that no digit is lost on the way.
fn units(sum: MillsSum) -> f64 {
    format!("{}.{:03}", sum.mills() / 1_000, sum.mills() % 1_000)
        .parse()
        .unwrap_or(f64::NAN)
}

fn not_written(path: &Path, fault: &std::io::Error) -> AdminRefusal {
    AdminRefusal::new(
        Ending::Refused,
        "not_written",
        format!("{} could not be written: {fault}.", path.display()),
        "Name a new file in a folder that you may write to.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_commas_and_quotes_are_quoted_and_none_is_a_formula() {
        assert_eq!(cell("first-class"), "first-class");
        assert_eq!(cell("Sales, \"north\""), "\"Sales, \"\"north\"\"\"");
        assert_eq!(cell("=cmd()"), "'=cmd()");
        assert_eq!(cell("-1"), "'-1");
    }

    #[test]
    fn amounts_in_a_sheet_are_exact_to_the_mill() {
        for mills in [0, 1, 780, 999, 1_000, 123_456_789, (1 << 40) - 1] {
            let shown = format!("{:.3}", units(MillsSum::new(mills)));
            assert_eq!(shown.replace('.', "").parse::<u64>(), Ok(mills), "{shown}");
        }
    }
}
