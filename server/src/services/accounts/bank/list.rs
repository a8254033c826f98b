//! CSV as banks let one download it: a header line names the columns, in any order.

use super::{BankFile, BankFileFault, MAX_PAYMENTS, Payment, amount, iban, plain};

/// The names of each column that banks use, lower case.
const DATE: &[&str] = &["date", "booked", "booking date"];
const AMOUNT: &[&str] = &["amount"];
const REFERENCE: &[&str] = &["id", "bank reference", "transaction id"];
const CURRENCY: &[&str] = &["currency"];
const PAYER: &[&str] = &["name", "payer"];
const PAYER_IBAN: &[&str] = &["iban", "payer iban"];
const OWN_IBAN: &[&str] = &["account", "own iban"];
const TEXT: &[&str] = &["reference", "text", "description"];

/// Reads a CSV file with at least a date and an amount.
pub(super) fn read(text: &str) -> Result<BankFile, BankFileFault> {
    let first = text.lines().next().unwrap_or_default();
    let delimiter = if first.matches(';').count() > first.matches(',').count() {
        b';'
    } else {
        b','
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|fault| line(1, &fault))?.clone();
    let column = |names: &[&str]| {
        header
            .iter()
            .position(|name| names.contains(&name.to_lowercase().as_str()))
    };
    let needed = |names, column_name| {
        column(names).ok_or(BankFileFault::Column {
            column: column_name,
        })
    };
    let (date, sum) = (needed(DATE, "date")?, needed(AMOUNT, "amount")?);
    let optional = [REFERENCE, CURRENCY, PAYER, PAYER_IBAN, OWN_IBAN, TEXT].map(column);
    let mut file = BankFile::default();
    for record in reader.records() {
        let record = record.map_err(|fault| {
            let number = fault.position().map_or(0, csv::Position::line);
            line(number, &fault)
        })?;
        let number = record.position().map_or(0, csv::Position::line);
        let field = |column: Option<usize>| {
            let text = column.and_then(|column| record.get(column));
            text.unwrap_or_default()
        };
        let sum = field(Some(sum));
        // Money that went out.
        if sum.trim().starts_with('-') {
            file.passed_over = file.passed_over.saturating_add(1);
            continue;
        }
        let bad = |what: String| BankFileFault::Line { line: number, what };
        let sum = amount(sum.trim().trim_start_matches('+'))
            .ok_or_else(|| bad(format!("{sum:?} is no amount")))?;
        let day = field(Some(date));
        let booked = day
            .trim()
            .parse()
            .map_err(|_| bad(format!("{day:?} is no date such as 2026-11-22")))?;
        if sum.is_zero() {
            file.passed_over = file.passed_over.saturating_add(1);
            continue;
        }
        if file.payments.len() >= MAX_PAYMENTS {
            return Err(BankFileFault::TooMany);
        }
        let [reference, currency, payer, payer_iban, own_iban, text] = optional.map(field);
        file.payments.push(Payment {
            own_iban: iban(own_iban),
            bank_reference: plain(reference),
            part: 0,
            booked: Some(booked),
            amount: sum,
            currency: plain(currency),
            payer: plain(payer),
            payer_iban: iban(payer_iban),
            text: plain(text),
            occurrence: 0,
        });
    }
    Ok(file)
}

fn line(line: u64, fault: &csv::Error) -> BankFileFault {
    BankFileFault::Line {
        line,
        what: fault.to_string(),
    }
}
