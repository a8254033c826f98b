//! Payments that come in by bank: a statement file is read, each payment is booked once, and what
//! nobody can place waits for the admin.
//!
//! A payment's identity comes from the bank (account and reference) or, where it gives none, from
//! everything that is known of it and how often that came before in the same file. So the same
//! file, or an overlapping one, books nothing twice.

pub mod camt;
pub mod list;
pub mod matching;
pub mod store;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use jiff::civil::Date;
use sha2::{Digest as _, Sha256};
use shared::money::Mills;

/// The longest statement file, bytes.
pub const MAX_FILE_BYTES: usize = 16 * 1_024 * 1_024;

/// The most payments of one file.
pub const MAX_PAYMENTS: usize = 100_000;

/// The longest text of a payment that is kept, characters: what ISO 20022 allows unstructured.
const MAX_TEXT_CHARS: usize = 140;

/// Why a file was not imported. Nothing was booked.
#[derive(Debug, thiserror::Error)]
pub enum BankFileFault {
    /// Longer than any statement.
    #[error("the file is longer than {MAX_FILE_BYTES} bytes")]
    TooLong,
    /// More payments than one file may have.
    #[error("the file has more than {MAX_PAYMENTS} payments")]
    TooMany,
    /// Not text.
    #[error("the file is not UTF-8 text")]
    NotText,
    /// Not well-formed XML.
    #[error("the file is not XML that can be read, near byte {position}")]
    Xml {
        /// Where.
        position: u64,
        /// Why.
        #[source]
        source: quick_xml::Error,
    },
    /// XML with a document type: it can make a small file large.
    #[error("the file declares a document type or entities, which no bank statement needs")]
    DocumentType,
    /// XML nested deeper than any statement.
    #[error("the file is nested too deep")]
    TooDeep,
    /// XML that is no camt.053 statement.
    #[error("the file is no camt.053 statement: {what}")]
    NotAStatement {
        /// What is missing or wrong.
        what: String,
    },
    /// CSV without a column that is needed.
    #[error("the CSV file has no column {column:?}")]
    Column {
        /// The column.
        column: &'static str,
    },
    /// CSV that cannot be read.
    #[error("line {line} of the CSV file cannot be read: {what}")]
    Line {
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
}

/// One payment as the bank tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payment {
    /// The account it came in on; empty when the file does not say.
    pub own_iban: String,
    /// The bank's own reference of the entry; empty when it has none.
    pub bank_reference: String,
    /// Which part of an entry of several payments it is, from 0.
    pub part: u32,
    /// When it was booked.
    pub booked: Option<Date>,
    /// How much.
    pub amount: Mills,
    /// The currency's three letters; empty when the file does not say.
    pub currency: String,
    /// Who paid.
    pub payer: String,
    /// The payer's account.
    pub payer_iban: String,
    /// What the payer wrote.
    pub text: String,
    /// How many payments that look the same stand before it in the file.
    pub occurrence: u32,
}

impl Payment {
    /// Its identity: the same payment in another file has the same.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"pb bank payment v1");
        let booked = self.booked.map(|day| day.to_string()).unwrap_or_default();
        let part = self.part.to_string();
        let amount = self.amount.mills().to_string();
        let occurrence = self.occurrence.to_string();
        let known: &[&str] = if self.bank_reference.is_empty() {
            &[
                "told",
                &self.own_iban,
                &booked,
                &amount,
                &self.payer,
                &self.payer_iban,
                &self.text,
                &occurrence,
            ]
        } else {
            &[
                "referenced",
                &self.own_iban,
                &self.bank_reference,
                &part,
                &amount,
            ]
        };
        for text in known {
            let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
            hash.update(length.to_be_bytes());
            hash.update(text.as_bytes());
        }
        hash.finalize().into()
    }

    /// What the book calls it: the bank's reference of an entry of one payment, so that a deposit
    /// that was typed in with it is the same deposit; else a name of our own.
    #[must_use]
    pub fn reference(&self) -> String {
        let own = &self.bank_reference;
        if own.is_empty() || own.len() > crate::ledger::MAX_REFERENCE_BYTES || self.part > 0 {
            return own_reference(&self.id());
        }
        own.clone()
    }
}

/// A reference that no other payment has.
fn own_reference(id: &[u8; 32]) -> String {
    format!("bank {}", data_encoding::HEXLOWER.encode(id))
}

/// What stands in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BankFile {
    /// Payments that came in.
    pub payments: Vec<Payment>,
    /// Entries that are no incoming payments: money that went out, reversals, not booked yet.
    pub passed_over: u32,
}

/// Reads a statement file: camt.053 or CSV, by what it begins with.
///
/// # Errors
/// [`BankFileFault`].
pub fn read(bytes: &[u8]) -> Result<BankFile, BankFileFault> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(BankFileFault::TooLong);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| BankFileFault::NotText)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut file = if text.trim_start().starts_with('<') {
        camt::read(text)?
    } else {
        list::read(text)?
    };
    count_occurrences(&mut file.payments);
    Ok(file)
}

/// Numbers payments without a reference of the bank that look the same.
fn count_occurrences(payments: &mut [Payment]) {
    let mut seen: HashMap<[u8; 32], u32> = HashMap::new();
    for payment in payments {
        let times = seen.entry(payment.id()).or_insert(0);
        payment.occurrence = *times;
        *times = times.saturating_add(1);
    }
}

/// One line of plain text, bounded.
fn plain(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let plain = words.join(" ");
    plain
        .chars()
        .filter(|letter| !letter.is_control())
        .take(MAX_TEXT_CHARS)
        .collect()
}

/// An IBAN without spaces, in capitals; empty when it cannot be one.
#[must_use]
pub fn iban(text: &str) -> String {
    let iban: String = text
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect::<String>()
        .to_uppercase();
    let plain = iban.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if plain && (5..=34).contains(&iban.len()) {
        iban
    } else {
        String::new()
    }
}

/// An amount as banks write it: a point or a comma before at most five decimals, of which only
/// three may be other than 0.
fn amount(text: &str) -> Option<Mills> {
    let text = text.trim();
    let (whole, fraction) = text.rsplit_once(['.', ',']).unwrap_or((text, ""));
    if whole.is_empty() || whole.contains(['.', ',', '$', ' ']) || fraction.len() > 5 {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    Mills::parse(&format!("{whole}{point}{fraction}")).ok()
}
