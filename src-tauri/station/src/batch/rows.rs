//! Reading the CSV text of a batch.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::api::{PrintCall, QuoteCall, UiError};
use crate::messages::{Code, say};
use crate::station::pricing::bad;
use crate::store::batch_rows::RowKey;

/// The longest CSV text, bytes.
pub const MAX_CSV_BYTES: usize = 16 * 1_024 * 1_024;

/// The most rows of one batch.
pub const MAX_ROWS: usize = 100_000;

/// The longest field, characters.
const MAX_FIELD_CHARS: usize = 200;

/// Columns every batch has.
const REQUIRED: [&str; 8] = [
    "name", "address", "city", "state", "zip", "class", "shape", "weight",
];

/// Columns a batch may have. A row is known by its filled columns in this order, so a new one comes
/// last.
const OPTIONAL: [&str; 7] = [
    "from",
    "size",
    "nonmachinable",
    "price",
    "date",
    "cost_centre",
    EXTRAS,
];

/// The column with the names of extra services.
const EXTRAS: &str = "extras";

/// The most extra services of a row: more than any class has.
const MAX_EXTRAS: usize = 16;

/// One row of a batch.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its line in the file, from 1 (the header).
    pub line: u32,
    /// What it is known by.
    pub key: RowKey,
    /// What it asks for, or why it cannot be read.
    pub call: Result<PrintCall, UiError>,
}

/// Reads the header and all rows. A row that cannot be read is kept with its reason.
///
/// # Errors
/// `bad_batch` when there is no header, a column is missing or unknown, or the text is too long.
pub fn read_rows(text: &str) -> Result<Vec<Row>, UiError> {
    if text.len() > MAX_CSV_BYTES {
        return Err(no_batch(&format!(
            "it is longer than {MAX_CSV_BYTES} bytes"
        )));
    }
    // Spreadsheets put a byte order mark before the first column's name.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // The reader counts a line too few where lines end with a carriage return and a line feed.
    let text = text.replace("\r\n", "\n");
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = reader
        .headers()
        .map_err(|fault| no_batch(&fault.to_string()))?;
    let columns = columns(header)?;
    let mut seen = HashMap::new();
    let mut rows = Vec::new();
    for record in reader.records() {
        if rows.len() == MAX_ROWS {
            return Err(no_batch(&format!("it has more than {MAX_ROWS} rows")));
        }
        let record = record.map_err(|fault| no_batch(&fault.to_string()))?;
        rows.push(read_row(&columns, &record, &mut seen));
    }
    Ok(rows)
}

/// The column names in the order of the file; each known, none twice, none missing.
fn columns(header: &csv::StringRecord) -> Result<Vec<&'static str>, UiError> {
    let known = || REQUIRED.into_iter().chain(OPTIONAL);
    let mut columns = Vec::with_capacity(header.len());
    for name in header {
        let column = known().find(|known| known.eq_ignore_ascii_case(name));
        let column = column.ok_or_else(|| no_batch(&format!("there is no column {name:?}")))?;
        if columns.contains(&column) {
            return Err(no_batch(&format!("the column {column} stands there twice")));
        }
        columns.push(column);
    }
    for column in REQUIRED {
        if !columns.contains(&column) {
            return Err(no_batch(&format!("the column {column} is missing")));
        }
    }
    Ok(columns)
}

fn read_row(
    columns: &[&'static str],
    record: &csv::StringRecord,
    seen: &mut HashMap<[u8; 32], u32>,
) -> Row {
    let line = record
        .position()
        .and_then(|position| u32::try_from(position.line()).ok())
        .unwrap_or(u32::MAX);
    let fields: HashMap<&str, String> = columns
        .iter()
        .zip(record)
        .map(|(column, value)| match *column {
            EXTRAS => (EXTRAS, extras(value).join(" ")),
            column => (column, squeeze(value)),
        })
        .collect();
    let hash = row_hash(&fields);
    let times = seen.entry(hash).or_insert(0);
    let occurrence = *times;
    *times = times.saturating_add(1);
    let call = if record.len() == columns.len() {
        read_call(&fields)
    } else {
        Err(bad(format!(
            "The row has {} fields, the header {}",
            record.len(),
            columns.len()
        )))
    };
    Row {
        line,
        key: RowKey { hash, occurrence },
        call,
    }
}

/// One space between words, lines kept.
fn squeeze(value: &str) -> String {
    let lines = value.lines().map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.join(" ")
    });
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

/// SHA-256 of the normalised row: every filled column by name, in our order. The order of columns
/// in the file, spaces and empty columns make no difference.
fn row_hash(fields: &HashMap<&str, String>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for column in REQUIRED.into_iter().chain(OPTIONAL) {
        let Some(value) = fields.get(column).filter(|value| !value.is_empty()) else {
            continue;
        };
        for part in [column, value] {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            hash.update(length.to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    hash.finalize().into()
}

fn read_call(fields: &HashMap<&str, String>) -> Result<PrintCall, UiError> {
    let text = |column: &str| fields.get(column).cloned().unwrap_or_default();
    let filled = |column: &str| Some(text(column)).filter(|value| !value.is_empty());
    for (column, value) in fields {
        if value.contains(char::REPLACEMENT_CHARACTER) {
            return Err(bad(format!(
                "The column {column} is not text in UTF-8; save the file as CSV in UTF-8"
            )));
        }
        if value.chars().count() > MAX_FIELD_CHARS {
            return Err(bad(format!(
                "The column {column} has more than {MAX_FIELD_CHARS} characters"
            )));
        }
    }
    for column in ["zip", "class", "shape", "weight"] {
        if filled(column).is_none() {
            return Err(bad(format!("The column {column} is empty")));
        }
    }
    let last_line = squeeze(&format!(
        "{} {} {}",
        text("city"),
        text("state"),
        text("zip")
    ));
    let address = [text("name"), text("address"), last_line];
    let address: Vec<String> = address
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    Ok(PrintCall {
        quote: QuoteCall {
            class: text("class"),
            shape: text("shape"),
            weight: text("weight"),
            to: text("zip"),
            from: filled("from"),
            size: filled("size"),
            nonmachinable: yes_or_no("nonmachinable", &text("nonmachinable"))?,
            price: filled("price"),
            date: filled("date"),
            extras: named_once(&text(EXTRAS))?,
        },
        to_address: Some(address.join("\n")),
        cost_centre: filled("cost_centre"),
        ..PrintCall::default()
    })
}

/// The names of extra services, in order, so that a row is the same whatever stands between them:
/// spaces, commas, semicolons or plus signs.
fn extras(value: &str) -> Vec<String> {
    let between = |letter: char| letter.is_whitespace() || matches!(letter, ',' | ';' | '+');
    let names = value.split(between).filter(|name| !name.is_empty());
    let mut names: Vec<String> = names.map(str::to_ascii_lowercase).collect();
    names.sort_unstable();
    names
}

/// Extra services as they are asked for.
fn named_once(value: &str) -> Result<Vec<String>, UiError> {
    let extras = extras(value);
    let mut names = extras.iter().zip(extras.iter().skip(1));
    if let Some((name, _)) = names.find(|(name, next)| name == next) {
        return Err(bad(format!("The column {EXTRAS} names {name} twice")));
    }
    if extras.len() > MAX_EXTRAS {
        return Err(bad(format!(
            "The column {EXTRAS} names more than {MAX_EXTRAS}"
        )));
    }
    Ok(extras)
}

fn yes_or_no(column: &str, value: &str) -> Result<bool, UiError> {
    match value.to_ascii_lowercase().as_str() {
        "" | "no" | "n" | "false" | "0" => Ok(false),
        "yes" | "y" | "true" | "1" | "x" => Ok(true),
        _ => Err(bad(format!(
            "The column {column} says {value:?} and not yes or no"
        ))),
    }
}

fn no_batch(reason: &str) -> UiError {
    say(Code::BadBatch, &[("reason", reason)])
}
