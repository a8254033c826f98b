//! Checks a written-out journal without its database: what `ledger export` gives to a stranger.

use std::collections::HashMap;
use std::io::{BufRead, Read as _};

use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};
use shared::ids::DataCenterId;
use shared::merkle::{self, Frontier};

use super::{ExportLine, GENESIS, KEY_BYTES, LedgerAccount, LedgerRecord, RecordKind, record_hash};

/// The longest line that is read, bytes: a longer one is cut, and no record then.
const LINE_MAX: u64 = 64 * 1_024;

/// The first place where an export does not hold.
#[derive(Debug, thiserror::Error)]
pub enum ExportFault {
    /// The file cannot be read.
    #[error("the export cannot be read")]
    Io(#[from] std::io::Error),
    /// There is no record in it.
    #[error("the export holds no record")]
    Empty,
    /// A line is not a journal record.
    #[error("line {line} of the export is not a journal record")]
    NotARecord {
        /// The line, from 1.
        line: u64,
    },
    /// A record is missing, out of order, edited or of another data center.
    #[error("line {line} of the export does not follow from the one before")]
    BrokenChain {
        /// The line, from 1.
        line: u64,
    },
    /// What is said of a transfer in words is not what the record says.
    #[error("line {line} of the export tells of another transfer than its record")]
    OtherWords {
        /// The line, from 1.
        line: u64,
    },
    /// An account that never may be overdrawn is.
    #[error("{account} is overdrawn")]
    Overdrawn {
        /// The account.
        account: String,
    },
}

/// What a sound export says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportReport {
    /// The data center whose journal it is; nothing for an empty export.
    pub data_center: Option<DataCenterId>,
    /// Records.
    pub records: u64,
    /// Transfers among them.
    pub transfers: u64,
    /// The hash of the last record, hex.
    pub head: String,
    /// The Merkle root over all records, hex: what the data center's signed head must say.
    pub root: String,
}

/// Recomputes every hash, link, root and balance of an export, line by line.
///
/// # Errors
/// The first [`ExportFault`] found.
pub fn check(mut file: impl BufRead) -> Result<ExportReport, ExportFault> {
    let mut check = Check {
        log: None,
        previous: GENESIS,
        frontier: Frontier::new(),
        transfers: 0,
        balances: HashMap::new(),
    };
    let mut text = String::new();
    let mut line = 0_u64;
    loop {
        text.clear();
        if (&mut file).take(LINE_MAX).read_line(&mut text)? == 0 {
            break;
        }
        line = line.saturating_add(1);
        check.line(line, text.trim_end())?;
    }
    check.report()
}

/// What has been read so far.
struct Check {
    log: Option<DataCenterId>,
    previous: [u8; 32],
    frontier: Frontier,
    transfers: u64,
    balances: HashMap<[u8; KEY_BYTES], i64>,
}

impl Check {
    fn line(&mut self, line: u64, text: &str) -> Result<(), ExportFault> {
        let not_a_record = || ExportFault::NotARecord { line };
        let told: ExportLine = serde_json::from_str(text).map_err(|_| not_a_record())?;
        let bytes = BASE64
            .decode(told.record.as_bytes())
            .map_err(|_| not_a_record())?;
        let record = LedgerRecord::decode(&bytes).map_err(|_| not_a_record())?;
        let hash = record_hash(&bytes);
        let follows = record.sequence == self.frontier.size()
            && told.seq == record.sequence
            && record.previous == self.previous
            && self.log.is_none_or(|log| log == record.log)
            && told.hash == HEXLOWER.encode(&hash);
        if !follows {
            return Err(ExportFault::BrokenChain { line });
        }
        self.log = Some(record.log);
        self.words(line, &told, &record)?;
        self.previous = hash;
        self.frontier
            .append(merkle::leaf_hash(&bytes))
            .map(drop)
            .map_err(|_| not_a_record())
    }

    /// Holds the words of a line against its record, and counts its transfer.
    fn words(
        &mut self,
        line: u64,
        told: &ExportLine,
        record: &LedgerRecord,
    ) -> Result<(), ExportFault> {
        let other = || ExportFault::OtherWords { line };
        let kind = record
            .kind()
            .map_err(|_| ExportFault::NotARecord { line })?;
        if told.kind != kind.word() || told.time != record.time.0 || told.user != record.user {
            return Err(other());
        }
        if kind != RecordKind::Transfer {
            return told.transfer.is_none().then_some(()).ok_or_else(other);
        }
        let transfer = record
            .transfer()
            .map_err(|_| ExportFault::NotARecord { line })?;
        let words = told.transfer.as_ref().ok_or_else(other)?;
        let same = words.id == transfer.id.to_string()
            && words.kind == transfer.kind.word()
            && words.reference == transfer.reference
            && words.amount == transfer.amount
            && words.debit == transfer.debit.to_string()
            && words.credit == transfer.credit.to_string()
            && transfer.kind.allows(&transfer.debit, &transfer.credit);
        if !same {
            return Err(other());
        }
        let amount = i64::try_from(transfer.amount.mills()).unwrap_or(i64::MAX);
        let taken = self.balances.entry(transfer.debit.key()).or_default();
        *taken = taken.saturating_sub(amount);
        let given = self.balances.entry(transfer.credit.key()).or_default();
        *given = given.saturating_add(amount);
        self.transfers = self.transfers.saturating_add(1);
        Ok(())
    }

    fn report(self) -> Result<ExportReport, ExportFault> {
        for (key, balance) in &self.balances {
            let account = LedgerAccount::from_key(key);
            if let Some(account) = account.filter(LedgerAccount::is_credit_only)
                && *balance < 0
            {
                return Err(ExportFault::Overdrawn {
                    account: account.to_string(),
                });
            }
        }
        Ok(ExportReport {
            data_center: self.log,
            records: self.frontier.size(),
            transfers: self.transfers,
            head: HEXLOWER.encode(&self.previous),
            root: HEXLOWER.encode(&self.frontier.root()),
        })
    }
}
