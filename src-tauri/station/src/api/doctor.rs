//! What the connection doctor found.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What is examined.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
pub struct DoctorCall {
    /// An address like `https://data-center.example`; without one that of the enrolment.
    #[serde(default)]
    pub server: Option<String>,
    /// Whether a call is made on the telephone line to try it out. It costs what a call costs.
    // Not `call`: that is the tag of every call.
    #[serde(default)]
    pub trial: bool,
}

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum FindingOutcome {
    /// As it should be.
    Good,
    /// Worth knowing; it does not keep anything from working.
    Notice,
    /// It keeps a line from leading to the data center.
    Fault,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FindingView {
    /// What was looked at: `name`, `port`, `encryption`, `clock` and so on.
    pub check: String,
    /// How serious it is.
    pub outcome: FindingOutcome,
    /// A stable code.
    pub code: String,
    /// What was found.
    pub message: String,
    /// What helps; empty when nothing is to be done.
    pub hint: String,
    /// How long it took, milliseconds, where something was asked.
    #[ts(type = "number | null")]
    pub ms: Option<u64>,
}

/// The findings, in the order of the way from this computer to the data center.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DoctorView {
    /// The findings.
    pub findings: Vec<FindingView>,
    /// Whether a line leads to the data center, for all that was found: the Internet, or the
    /// telephone. A fault of the other one keeps nothing from working then.
    pub leads: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Call;

    #[test]
    fn the_wish_for_a_trial_call_survives_its_way_to_the_station() {
        let server = Some("https://data-center.example".to_owned());
        let sent = Call::Doctor(DoctorCall {
            server: server.clone(),
            trial: true,
        });
        let text = serde_json::to_string(&sent).unwrap();
        let Call::Doctor(heard) = serde_json::from_str(&text).unwrap() else {
            panic!("{text}");
        };
        assert_eq!((heard.server, heard.trial), (server, true));
    }
}
