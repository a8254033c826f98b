//! Prices that stand in a line by what it is called and not by weight: flat-rate items, fees of extra
//! services. The post prints them beside and below its tables, with marks and empty cells between.

use std::collections::BTreeSet;

use super::sheet::cells::{looks_like_an_amount, price_of};
use super::sheet::{MAX_FAULTS, SheetFault, each_line};
use crate::money::Mills;

/// The lines of a file.
#[derive(Clone, Debug)]
pub(in crate::rates) struct LineSheet {
    file: String,
    lines: Vec<Line>,
}

#[derive(Clone, Debug)]
struct Line {
    number: u32,
    cells: Vec<String>,
}

/// The price of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rates) struct LinePrice {
    /// Every line that says it, from 1; never empty.
    pub(in crate::rates) lines: Vec<u32>,
    /// `None` where the line says that there is none.
    pub(in crate::rates) price: Option<Mills>,
}

/// Reads the lines of a file.
///
/// # Errors
/// A [`SheetFault`] for the whole file.
pub(in crate::rates) fn read_lines(file: &str, text: &str) -> Result<LineSheet, SheetFault> {
    let mut lines = Vec::new();
    each_line(file, text, &mut |number, cells| {
        lines.push(Line {
            number,
            cells: cells.iter().map(|cell| (*cell).to_owned()).collect(),
        });
        true
    })?;
    Ok(LineSheet {
        file: file.to_owned(),
        lines,
    })
}

impl LineSheet {
    /// The price of the line that is called so; `None` when no line is. It stands in the column (from
    /// 1), or in the only one with an amount. Marks, capitals and spaces make no difference to what a
    /// line is called.
    ///
    /// # Errors
    /// Each [`SheetFault`] of such lines.
    pub(in crate::rates) fn price(
        &self,
        label: &str,
        column: Option<usize>,
    ) -> Result<Option<LinePrice>, Vec<SheetFault>> {
        let wanted = plain(label);
        let mut found: Option<LinePrice> = None;
        let mut faults = Vec::new();
        let is_it = |line: &&Line| label_of(&line.cells, column) == wanted;
        for line in self.lines.iter().filter(is_it) {
            match (self.price_in(line, column), &mut found) {
                (Err(fault), _) => faults.push(fault),
                (Ok((_, price)), Some(before)) if price == before.price => {
                    before.lines.push(line.number);
                }
                (Ok((column, _)), Some(before)) => {
                    let first = before.lines.first().copied().unwrap_or_default();
                    let what = format!("another price than in line {first} for {label:?}");
                    faults.push(self.fault(line, column, what));
                }
                (Ok((_, price)), found) => {
                    let lines = vec![line.number];
                    *found = Some(LinePrice { lines, price });
                }
            }
        }
        faults.truncate(MAX_FAULTS);
        if faults.is_empty() {
            Ok(found)
        } else {
            Err(faults)
        }
    }

    /// Lines that hold an amount and are none of those `taken`, as they stand.
    pub(in crate::rates) fn others(
        &self,
        taken: &BTreeSet<u32>,
    ) -> impl Iterator<Item = (u32, String)> {
        let has_amount = |line: &&Line| line.cells.iter().any(|cell| looks_like_an_amount(cell));
        let others = self.lines.iter().filter(has_amount);
        let others = others.filter(|line| !taken.contains(&line.number));
        others.map(|line| (line.number, line.cells.join(", ")))
    }

    /// The price of one line, and its column.
    fn price_in(
        &self,
        line: &Line,
        column: Option<usize>,
    ) -> Result<(usize, Option<Mills>), SheetFault> {
        let column = match column {
            Some(column) => column,
            None => self.only_amount(line)?,
        };
        let Some(cell) = line.cells.get(column.saturating_sub(1)) else {
            return Err(self.fault(line, column, "the line ends before this column".to_owned()));
        };
        match price_of(cell) {
            Ok(price) => Ok((column, price)),
            Err(what) => Err(self.fault(line, column, format!("{cell:?} {what}"))),
        }
    }

    /// The column of the only amount of a line.
    fn only_amount(&self, line: &Line) -> Result<usize, SheetFault> {
        let cells = (1..).zip(&line.cells);
        let mut amounts = cells.filter(|(_, cell)| looks_like_an_amount(cell));
        let Some((column, _)) = amounts.next() else {
            return Err(self.fault(line, 0, "the line has no price".to_owned()));
        };
        match amounts.next() {
            Some((other, _)) => {
                let what = "a second price, and the plan names no column".to_owned();
                Err(self.fault(line, other, what))
            }
            None => Ok(column),
        }
    }

    fn fault(&self, line: &Line, column: usize, what: String) -> SheetFault {
        SheetFault {
            file: self.file.clone(),
            line: line.number,
            column,
            what,
        }
    }
}

/// What a line is called: its cells before the column, and up to the first that is a price, or says
/// that there is none.
fn label_of(cells: &[String], column: Option<usize>) -> String {
    let before = column.map_or(cells.len(), |column| column.saturating_sub(1));
    let is_word = |cell: &&String| {
        cell.is_empty() || (!looks_like_an_amount(cell) && price_of(cell).is_err())
    };
    let words: Vec<&str> = cells
        .iter()
        .take(before)
        .take_while(is_word)
        .map(String::as_str)
        .collect();
    plain(&words.join(" "))
}

/// Small letters, one space between words, no marks.
fn plain(label: &str) -> String {
    let marks = [
        '*', '\u{2020}', '\u{2021}', '\u{a7}', '\u{ae}', '\u{a9}', '\u{2122}', '\u{2120}',
        '\u{b9}', '\u{b2}', '\u{b3}',
    ];
    let label = label.replace(marks, "").to_lowercase();
    label.split_whitespace().collect::<Vec<&str>>().join(" ")
}

/// The column that a spreadsheet calls so: A is 1, AA is 27.
pub(in crate::rates) fn column_of(letters: &str) -> Option<usize> {
    const MOST: usize = 3;
    if letters.is_empty() || letters.len() > MOST {
        return None;
    }
    letters.bytes().try_fold(0_usize, |column, letter| {
        let letter = letter.to_ascii_uppercase();
        let number = letter.is_ascii_uppercase().then(|| letter - b'A' + 1)?;
        column.checked_mul(26)?.checked_add(usize::from(number))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEES: &str = "\u{feff}Extra Services,,Retail,Commercial\r
Certified Mail\u{ae}*,,$5.60,$5.60\r
\"Return Receipt,\nelectronic\",,\"$3,000.00\",\r
Registered Mail,,-,N/A\r
Priority Mail,Medium Flat Rate Box,$22.95,19.15\r
priority  mail,medium flat rate box,$22.95,20.00\r
Collect,,free,\r
\"Note: $1.00 more in Alaska\",,,\r
";

    fn read() -> LineSheet {
        read_lines("fees.csv", FEES).unwrap()
    }

    fn priced(label: &str, column: &str) -> String {
        let found = read().price(label, column_of(column));
        match found {
            Ok(None) => "no such line".to_owned(),
            Ok(Some(found)) => {
                let price = found
                    .price
                    .map_or("-".to_owned(), |price| price.to_string());
                let lines: Vec<String> = found.lines.iter().map(u32::to_string).collect();
                format!("line {}: {price}", lines.join(", "))
            }
            Err(faults) => {
                let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
                lines.join("; ")
            }
        }
    }

    #[test]
    fn a_line_is_found_by_what_it_is_called_whatever_people_wrote_around_it() {
        assert_eq!(priced("certified mail", "C"), "line 2: 5.60");
        assert_eq!(priced("Return Receipt, electronic", ""), "line 3: 3000.00");
        assert_eq!(priced("Registered Mail", "c"), "line 5: -");
        assert_eq!(
            priced("Priority Mail Medium Flat Rate Box", "C"),
            "line 6, 7: 22.95"
        );
        assert_eq!(priced("Medium Flat Rate Box", "C"), "no such line");
    }

    #[test]
    fn every_fault_says_file_line_and_column() {
        insta::assert_snapshot!(
            [
                priced("Certified Mail", ""),
                priced("Certified Mail", "B"),
                priced("Certified Mail", "E"),
                priced("Priority Mail Medium Flat Rate Box", "D"),
                priced("Registered Mail", ""),
                priced("Collect", "C"),
            ]
            .join("\n"),
            @r#"
        fees.csv line 2 column D: a second price, and the plan names no column
        line 2: -
        fees.csv line 2 column E: the line ends before this column
        fees.csv line 7 column D: another price than in line 6 for "Priority Mail Medium Flat Rate Box"
        fees.csv line 5: the line has no price
        fees.csv line 8 column C: "free" is not a price such as $7.61
        "#
        );
    }

    #[test]
    fn lines_with_an_amount_that_nobody_asked_for_are_listed() {
        let taken = BTreeSet::from([2, 6]);
        let others: Vec<u32> = read().others(&taken).map(|(line, _)| line).collect();
        assert_eq!(others, [3, 7]);
    }

    #[test]
    fn columns_are_called_as_spreadsheets_do() {
        let columns = ["A", "z", "AA", "ZZZ", "", "A1", "AAAA"].map(column_of);
        let expected = [Some(1), Some(26), Some(27), Some(18_278), None, None, None];
        assert_eq!(columns, expected);
    }
}
