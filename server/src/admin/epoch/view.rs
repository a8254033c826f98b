//! What an admin is shown about epochs.

use std::fmt;

use serde::{Deserialize, Serialize};
use shared::clock::UnixSeconds;
use shared::ids::{PsdId, StationId};
use shared::money::Mills;

/// How the present epoch began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochView {
    /// Its number.
    pub epoch: u32,
    /// Journal records it goes on from.
    pub old_size: u64,
    /// The root over them, hex.
    pub old_root: String,
    /// Why it began.
    pub reason: String,
    /// When.
    pub began: UnixSeconds,
    /// What the recovery keys sign, without its context, hex.
    pub statement: String,
    /// Whether both have signed it: stations believe it only then.
    pub signed: bool,
    /// Whether refills of some accounts are still locked.
    pub reconciling: bool,
}

/// How far one station has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgressView {
    /// The station.
    pub station: StationId,
    /// Its PSD number.
    pub psd: PsdId,
    /// The name of its account.
    pub account: String,
    /// When it had given back everything.
    pub done: Option<UnixSeconds>,
    /// What its account lacks for a grant that was made, mills.
    pub lacking: Option<Mills>,
}

/// Anything that is shown about epochs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EpochShown {
    /// How the present epoch began.
    Epoch(EpochView),
    /// How far one station has come.
    Progress(ProgressView),
}

impl EpochShown {
    /// The object as one line of JSON.
    ///
    /// # Errors
    /// None in practice: views have only texts and numbers.
    pub fn json(&self) -> serde_json::Result<String> {
        match self {
            Self::Epoch(view) => serde_json::to_string(view),
            Self::Progress(view) => serde_json::to_string(view),
        }
    }
}

impl fmt::Display for EpochShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Epoch(view) => epoch(f, view),
            Self::Progress(view) => {
                let what = match (view.done, view.lacking) {
                    (Some(_), _) => "has given back everything".to_owned(),
                    (None, Some(lacking)) => {
                        format!("waits: its account lacks {lacking}; import its deposits again")
                    }
                    (None, None) => "has not called yet".to_owned(),
                };
                write!(f, "{}  {}  {what}", view.psd, view.account)
            }
        }
    }
}

fn epoch(f: &mut fmt::Formatter<'_>, view: &EpochView) -> fmt::Result {
    let signed = if view.signed {
        "signed by both recovery keys"
    } else if view.epoch == 1 {
        "the first: it needs no signatures"
    } else {
        "not signed: stations do not believe it; run `epoch sign` with the offline bundle"
    };
    write!(
        f,
        "Epoch {} ({}), from {} journal records on: {signed}.",
        view.epoch, view.reason, view.old_size
    )?;
    if view.reconciling {
        write!(
            f,
            "\nRefills are locked for the accounts whose stations have not called."
        )?;
    }
    Ok(())
}
