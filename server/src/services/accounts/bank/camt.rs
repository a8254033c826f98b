//! ISO 20022 camt.053: what banks send at the end of a day.
//!
//! Only elements that matter are read, by their names without the version's namespace, so that
//! every version from 02 on is understood. No document type is allowed and no entity is known but
//! the five of XML itself.

use jiff::civil::Date;
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

use super::{BankFile, BankFileFault, MAX_PAYMENTS, Payment, amount, iban, plain};

/// The deepest nesting; a statement needs about 14.
const DEPTH_MAX: usize = 64;

/// The longest text of one element, bytes.
const TEXT_MAX: usize = 4_096;

/// The most texts of one payment; further ones are let go.
const TEXTS_MAX: usize = 16;

/// One entry while it is read.
#[derive(Default)]
struct Entry {
    amount: String,
    currency: String,
    credit: String,
    status: String,
    reversal: String,
    booked: String,
    bank_reference: String,
    entry_reference: String,
    parts: Vec<Part>,
}

/// One payment within an entry.
#[derive(Default)]
struct Part {
    amount: String,
    /// The amount as the payer gave it, where the bank does not repeat it.
    instructed: String,
    currency: String,
    bank_reference: String,
    end_to_end: String,
    payer: String,
    payer_iban: String,
    texts: Vec<String>,
}

/// What has been read so far.
#[derive(Default)]
struct Reading {
    path: Vec<String>,
    is_statement: bool,
    own_iban: String,
    entry: Option<Entry>,
    file: BankFile,
}

/// Reads a camt.053 document.
pub(super) fn read(text: &str) -> Result<BankFile, BankFileFault> {
    let mut reader = Reader::from_str(text);
    let mut reading = Reading::default();
    loop {
        let event = reader.read_event().map_err(|source| BankFileFault::Xml {
            position: reader.error_position(),
            source,
        })?;
        match event {
            Event::Start(start) => reading.open(&start)?,
            Event::Empty(start) => {
                reading.open(&start)?;
                reading.close()?;
            }
            Event::End(_) => reading.close()?,
            Event::Text(text) => {
                reading.text(text.as_ref())?;
            }
            Event::CData(data) => {
                reading.take(data.as_ref());
            }
            Event::GeneralRef(reference) => {
                let name: &str = reference.as_ref();
                reading.text(&format!("&{name};"))?;
            }
            Event::DocType(_) => return Err(BankFileFault::DocumentType),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    if !reading.path.is_empty() {
        return Err(wrong("it breaks off before its end"));
    }
    if !reading.is_statement {
        return Err(wrong("it has no BkToCstmrStmt"));
    }
    Ok(reading.file)
}

fn wrong(what: &str) -> BankFileFault {
    BankFileFault::NotAStatement {
        what: what.to_owned(),
    }
}

impl Reading {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), BankFileFault> {
        if self.path.len() >= DEPTH_MAX {
            return Err(BankFileFault::TooDeep);
        }
        let name = start.local_name();
        let name: &str = name.as_ref();
        self.path.push(name.to_owned());
        let under: Vec<String> = self.path.iter().skip(1).cloned().collect();
        let under: Vec<&str> = under.iter().map(String::as_str).collect();
        match under.as_slice() {
            ["BkToCstmrStmt"] => self.is_statement = true,
            ["BkToCstmrStmt", "Stmt"] => self.own_iban.clear(),
            ["BkToCstmrStmt", "Stmt", "Ntry"] => self.entry = Some(Entry::default()),
            ["BkToCstmrStmt", "Stmt", "Ntry", "NtryDtls", "TxDtls"] => {
                if let Some(entry) = &mut self.entry {
                    entry.parts.push(Part::default());
                }
            }
            [
                "BkToCstmrStmt",
                "Stmt",
                "Ntry",
                "NtryDtls",
                "TxDtls",
                "RmtInf",
                "Ustrd",
            ]
            | [
                "BkToCstmrStmt",
                "Stmt",
                "Ntry",
                "NtryDtls",
                "TxDtls",
                "RmtInf",
                "Strd",
                "CdtrRefInf",
                "Ref",
            ] => {
                let parts = self.entry.as_mut().map(|entry| &mut entry.parts);
                let part = parts.and_then(|parts| parts.last_mut());
                if let Some(part) = part.filter(|part| part.texts.len() < TEXTS_MAX) {
                    part.texts.push(String::new());
                }
            }
            _ => {}
        }
        if name == "Amt" {
            self.currency(start);
        }
        Ok(())
    }

    /// The path below the document's root.
    fn under(&self) -> Vec<&str> {
        self.path.iter().skip(1).map(String::as_str).collect()
    }

    /// The currency that an amount names.
    fn currency(&mut self, start: &BytesStart<'_>) {
        let attribute = start.try_get_attribute("Ccy").ok().flatten();
        let Some(attribute) = attribute else {
            return;
        };
        if let Some(entry) = &mut self.entry {
            match entry.parts.last_mut() {
                Some(part) => part.currency = plain(&attribute.value),
                None => entry.currency = plain(&attribute.value),
            }
        }
    }

    /// Takes text with the entities of XML itself; any other is refused.
    fn text(&mut self, raw: &str) -> Result<(), BankFileFault> {
        let text = unescape(raw).map_err(|_| BankFileFault::DocumentType)?;
        self.take(&text);
        Ok(())
    }

    /// Adds text to what it belongs to; what nobody needs is let go.
    fn take(&mut self, text: &str) {
        let path: Vec<String> = self.path.iter().skip(1).cloned().collect();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let Some(slot) = self.slot(&path) else {
            return;
        };
        if slot.len() + text.len() <= TEXT_MAX {
            slot.push_str(text);
        }
    }

    /// Where the text at a path goes.
    fn slot(&mut self, path: &[&str]) -> Option<&mut String> {
        let ["BkToCstmrStmt", "Stmt", path @ ..] = path else {
            return None;
        };
        let Some(entry) = &mut self.entry else {
            return (path == ["Acct", "Id", "IBAN"]).then_some(&mut self.own_iban);
        };
        let ["Ntry", path @ ..] = path else {
            return None;
        };
        Some(match path {
            ["Amt"] => &mut entry.amount,
            ["CdtDbtInd"] => &mut entry.credit,
            ["RvslInd"] => &mut entry.reversal,
            // A word in version 02, a code since.
            ["Sts"] | ["Sts", "Cd"] => &mut entry.status,
            ["BookgDt", "Dt" | "DtTm"] => &mut entry.booked,
            ["AcctSvcrRef"] => &mut entry.bank_reference,
            ["NtryRef"] => &mut entry.entry_reference,
            ["NtryDtls", "TxDtls", path @ ..] => {
                return slot_of_part(entry.parts.last_mut()?, path);
            }
            _ => return None,
        })
    }

    fn close(&mut self) -> Result<(), BankFileFault> {
        if self.under() == ["BkToCstmrStmt", "Stmt", "Ntry"]
            && let Some(entry) = self.entry.take()
        {
            self.finish(&entry)?;
        }
        self.path.pop();
        Ok(())
    }

    /// Makes payments of an entry that brought money in for good.
    fn finish(&mut self, entry: &Entry) -> Result<(), BankFileFault> {
        let is = |text: &str, word: &str| text.trim() == word;
        let is_booked = is(&entry.status, "BOOK") || entry.status.trim().is_empty();
        let is_reversal = is(&entry.reversal, "true") || is(&entry.reversal, "1");
        if !is(&entry.credit, "CRDT") || !is_booked || is_reversal {
            self.file.passed_over = self.file.passed_over.saturating_add(1);
            return Ok(());
        }
        let total = amount(&entry.amount)
            .ok_or_else(|| wrong(&format!("{:?} is no amount", plain(&entry.amount))))?;
        let whole = Part::default();
        let parts = split(entry, total);
        let parts: Vec<(&Part, _)> = match &parts {
            Some(parts) => parts.clone(),
            None => vec![(entry.parts.first().unwrap_or(&whole), total)],
        };
        for (number, (part, amount)) in (0..).zip(parts) {
            if amount.is_zero() {
                continue;
            }
            if self.file.payments.len() >= MAX_PAYMENTS {
                return Err(BankFileFault::TooMany);
            }
            let payment = payment(entry, part, number, &self.own_iban, amount);
            self.file.payments.push(payment);
        }
        Ok(())
    }
}

/// The payments of an entry of several, when their amounts are told and add up to the entry's;
/// otherwise the entry is one payment.
fn split(entry: &Entry, total: shared::money::Mills) -> Option<Vec<(&Part, shared::money::Mills)>> {
    if entry.parts.len() < 2 {
        return None;
    }
    let mut sum = shared::money::Mills::ZERO;
    let mut parts = Vec::with_capacity(entry.parts.len());
    for part in &entry.parts {
        let told = [&part.amount, &part.instructed];
        let amount = amount(told.into_iter().find(|text| !text.trim().is_empty())?)?;
        sum = sum.plus(amount).ok()?;
        parts.push((part, amount));
    }
    (sum == total).then_some(parts)
}

fn payment(
    entry: &Entry,
    part: &Part,
    number: u32,
    own_iban: &str,
    amount: shared::money::Mills,
) -> Payment {
    let reference = [
        &entry.bank_reference,
        &part.bank_reference,
        &entry.entry_reference,
    ];
    let reference = reference.into_iter().map(|text| plain(text));
    let currency = [&entry.currency, &part.currency];
    let currency = currency.into_iter().find(|text| !text.is_empty());
    let mut texts = part.texts.clone();
    let end_to_end = plain(&part.end_to_end);
    if !end_to_end.is_empty() && end_to_end != "NOTPROVIDED" {
        texts.push(end_to_end);
    }
    Payment {
        own_iban: iban(own_iban),
        bank_reference: reference
            .into_iter()
            .find(|text| !text.is_empty())
            .unwrap_or_default(),
        part: number,
        booked: entry.booked.trim().get(..10).and_then(day),
        amount,
        currency: currency.cloned().unwrap_or_default(),
        payer: plain(&part.payer),
        payer_iban: iban(&part.payer_iban),
        text: plain(&texts.join(" ")),
        occurrence: 0,
    }
}

fn day(text: &str) -> Option<Date> {
    text.parse().ok()
}

/// Where the text at a path of a payment goes.
fn slot_of_part<'a>(part: &'a mut Part, path: &[&str]) -> Option<&'a mut String> {
    Some(match path {
        ["Amt"] => &mut part.amount,
        ["AmtDtls", "TxAmt", "Amt"] => &mut part.instructed,
        ["Refs", "AcctSvcrRef"] => &mut part.bank_reference,
        ["Refs", "EndToEndId"] => &mut part.end_to_end,
        // Since version 08 a party stands within Pty.
        ["RltdPties", "Dbtr", "Nm"] | ["RltdPties", "Dbtr", "Pty", "Nm"] => &mut part.payer,
        ["RltdPties", "DbtrAcct", "Id", "IBAN"] => &mut part.payer_iban,
        ["RmtInf", "Ustrd"] | ["RmtInf", "Strd", "CdtrRefInf", "Ref"] => part.texts.last_mut()?,
        _ => return None,
    })
}
