//! What a stranger can check without the data center: a written-out journal, and evidence against a
//! station.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::refusal::{AdminRefusal, Ending};
use super::view::AdminView;
use crate::evidence::{self, Evidence, EvidenceFault, Judgement};
use crate::folder::{FileFault, private_options};
use crate::ledger::{ExportFault, ExportReport, check_export};

/// The longest line of evidence, bytes: two messages, certificates, and the records before a page.
const EVIDENCE_MAX: u64 = 64 * 1_024 * 1_024;

/// What checking a file came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checked {
    /// A journal that holds.
    Export(ExportReport),
    /// Evidence whose certificates and signatures hold.
    Evidence(Judgement),
}

impl Checked {
    /// The object as one line of JSON.
    ///
    /// # Errors
    /// None in practice: it has only texts and numbers.
    pub fn json(&self) -> serde_json::Result<String> {
        match self {
            Self::Export(report) => serde_json::to_string(report),
            Self::Evidence(judgement) => serde_json::to_string(judgement),
        }
    }
}

impl std::fmt::Display for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Export(report) => write!(
                f,
                "The journal holds: {} records, {} transfers, root {}.\n\
                 Compare the root with a signed head of the data center.",
                report.records, report.transfers, report.root
            ),
            Self::Evidence(judgement) => {
                let what = match judgement.contradiction {
                    Some(contradiction) => {
                        format!("It is proved that {}", contradiction.sentence())
                    }
                    None => "Its messages alone prove no contradiction".to_owned(),
                };
                write!(
                    f,
                    "Station {} signed what is in this evidence. {what}.\n\
                     The data center kept it for this reason: {}.\n\
                     Compare the root's fingerprint with that of the data center: {}.",
                    judgement.psd, judgement.reason, judgement.root_fingerprint
                )
            }
        }
    }
}

/// Checks a file of either kind: evidence says of itself what it is.
///
/// # Errors
/// Exit code 6 with the first thing that does not hold.
pub(super) fn file(
    path: &Path,
    show: &mut dyn FnMut(AdminView) -> bool,
) -> Result<(), AdminRefusal> {
    let fault = |source| FileFault::Read {
        path: path.to_owned(),
        source,
    };
    let mut reader = BufReader::new(File::open(path).map_err(fault)?);
    let begins = reader.fill_buf().map_err(fault)?;
    let is_evidence = begins.starts_with(b"{\"form\":");
    if !is_evidence {
        let report = check_export(reader).map_err(|fault| damaged("damaged_export", &fault))?;
        if report.records == 0 {
            return Err(damaged("damaged_export", &ExportFault::Empty));
        }
        show(AdminView::Checked(Checked::Export(report)));
        return Ok(());
    }
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut reader)
            .take(EVIDENCE_MAX)
            .read_until(b'\n', &mut line);
        if read.map_err(fault)? == 0 {
            return Ok(());
        }
        let judgement = judge(&line).map_err(|fault| damaged("bad_evidence", &fault))?;
        show(AdminView::Checked(Checked::Evidence(judgement)));
    }
}

/// Judges one line; one that was too long is cut, and no evidence then.
fn judge(line: &[u8]) -> Result<Judgement, EvidenceFault> {
    let read: Evidence = serde_json::from_slice(line).map_err(|_| EvidenceFault::Unreadable)?;
    evidence::judge(&read)
}

fn damaged(code: &str, fault: &dyn std::error::Error) -> AdminRefusal {
    let text = crate::access::problem::chain_of(fault);
    AdminRefusal::new(
        Ending::Damaged,
        code,
        format!("The file does not hold: {text}."),
        "Do not rely on it; ask whoever gave it to you for the original.",
    )
}

/// Writes the evidence against a station into a new file, one JSON object a line.
///
/// # Errors
/// `no_evidence` when there is none; [`FileFault::Write`]: a file of that name is not overwritten.
pub(super) fn write_lines(
    path: &Path,
    station: &str,
    views: &[AdminView],
) -> Result<(), AdminRefusal> {
    if views.is_empty() {
        return Err(AdminRefusal::new(
            Ending::Refused,
            "no_evidence",
            format!("There is no evidence against station {station}. Nothing was written."),
            "Stations that contradict themselves are frozen: `station list` shows them.",
        ));
    }
    let fault = |source| FileFault::Write {
        path: path.to_owned(),
        source,
    };
    let mut file = private_options()
        .create_new(true)
        .open(path)
        .map_err(fault)?;
    for view in views {
        writeln!(file, "{}", view.json()).map_err(fault)?;
    }
    Ok(file.sync_all().map_err(fault)?)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use shared::ids::{DataCenterId, PsdId, StationId};

    use super::*;
    use crate::evidence::Contradiction;

    #[test]
    fn what_a_stranger_reads_says_what_is_proved_and_what_is_not() {
        let proved = Judgement {
            station: StationId::from_bytes([1; 16]),
            psd: PsdId::specimen(7),
            contradiction: Some(Contradiction::OneNumberTwice),
            reason: "two requests with one sequence number".to_owned(),
            root_fingerprint: "00112233445566778899aabbccddeeff".to_owned(),
        };
        let said = Judgement {
            contradiction: None,
            reason: "a statement at the door".to_owned(),
            ..proved.clone()
        };
        let export = ExportReport {
            data_center: Some(DataCenterId::from_bytes([2; 16])),
            records: 12,
            transfers: 3,
            head: "aa".repeat(32),
            root: "bb".repeat(32),
        };
        let all = [
            Checked::Evidence(proved).to_string(),
            Checked::Evidence(said).to_string(),
            Checked::Export(export).to_string(),
        ];
        assert_snapshot!(all.join("\n"));
    }
}
