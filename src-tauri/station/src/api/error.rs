//! What a caller is told when something was not done.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A refusal or a fault, as a person reads it. Kinds decide exit codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
#[error("{message}")]
pub struct UiError {
    /// A stable code, for example `insufficient_funds`.
    pub code: String,
    /// What happened and whether money moved.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// Whether the same call may succeed later without a change.
    pub retry: bool,
    /// Refusal or fault, and which exit code belongs to it.
    #[serde(default)]
    pub kind: ErrorKind,
}

/// What sort of no an error is; the exit code follows from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// Wrong usage: exit code 2.
    Usage,
    /// A correct no (funds, limits, rules): exit code 3.
    Refused,
    /// The data center cannot be reached on any line: exit code 4.
    Unreachable,
    /// A piece's print state is unknown: exit code 5.
    Unknown,
    /// Damaged data or a failed verification: exit code 6.
    Damaged,
    /// Anything else: exit code 1.
    #[default]
    Fault,
}
