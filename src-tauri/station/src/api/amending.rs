//! Pieces that amend earlier ones.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::PrintOut;
use crate::station::Asker;

/// A piece that amends an earlier one; both go into the mail together.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct AmendCall {
    /// The serial of the earlier piece: printed, and itself no amendment.
    pub serial: String,
    /// How it is amended.
    pub how: AmendHow,
    /// Where the piece goes.
    pub out: PrintOut,
    /// The cost centre it is booked on; `None` means that of the earlier piece.
    #[serde(default)]
    pub cost_centre: Option<String>,
    /// Why a supervisor lets the piece pass a spent budget.
    #[serde(default)]
    pub override_reason: Option<String>,
    /// Chosen by the asker, so that a second click within one job prints nothing twice.
    #[serde(default)]
    pub job_key: Option<String>,
    /// Who asks: set by the station after it has looked at who signed in, never read from a call.
    #[serde(skip)]
    #[ts(skip)]
    pub asker: Asker,
}

/// How an earlier piece is amended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum AmendHow {
    /// An indicium of 0.00 with the right date of mailing, once for a piece.
    Correction {
        /// The right date, ISO; `None` means today.
        #[serde(default)]
        date: Option<String>,
    },
    /// A second indicium for the difference to the right postage.
    Additional {
        /// The difference, a decimal currency amount.
        amount: String,
        /// The date of mailing, ISO; `None` means today.
        #[serde(default)]
        date: Option<String>,
    },
}
