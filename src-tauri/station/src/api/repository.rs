//! What comes signed from the data center: rates, and how its repository stands.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A rate edition.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct EditionView {
    /// Its identity.
    pub id: String,
    /// Its effective date, ISO.
    pub effective: String,
    /// Whether it is a sample that no admin has confirmed.
    pub sample: bool,
}

/// The signed repository that rates and software come from.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct RepositoryView {
    /// The version of the newest timestamp that was believed.
    #[ts(type = "number | null")]
    pub timestamp: Option<u64>,
    /// When it was believed last, Unix seconds.
    #[ts(type = "number | null")]
    pub refreshed: Option<i64>,
    /// From when on it is believed no more, Unix seconds.
    #[ts(type = "number | null")]
    pub expires: Option<i64>,
    /// Since when and why nothing new, or not all of it, is installed. What is here stays in use.
    pub stopped: Option<StoppedView>,
}

/// Since when and why nothing new, or not all of it, is installed.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct StoppedView {
    /// Whether nothing at all is installed; otherwise one thing that is published.
    pub everything: bool,
    /// Since when, Unix seconds.
    #[ts(type = "number")]
    pub since: i64,
    /// The stable code of the reason.
    pub code: String,
    /// The reason, in one sentence.
    pub message: String,
    /// What to do.
    pub hint: String,
}
