//! The station's software, as a page and the command line show it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Chooses channel and opening hours; what is not given stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
pub struct SetSoftwareCall {
    /// `stable` or `early`.
    #[serde(default)]
    pub channel: Option<String>,
    /// When the office is open, like `Mon-Fri 08:00-18:00, Sat 09:00-12:30`, or `never`.
    #[serde(default)]
    pub hours: Option<String>,
}

/// How far the station's software is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum SoftwareState {
    /// This program stands beside the one that is updated.
    Beside,
    /// The data center publishes nothing for this station.
    Unpublished,
    /// Nothing higher is there for this station.
    Current,
    /// A release is being fetched.
    Coming,
    /// A release is here and waits to be installed.
    Waiting,
    /// A release is there that an admin installs.
    ByAdmin,
    /// What runs is below the minimum, and nothing is there to take.
    Stuck,
}

/// The station's software.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct SoftwareView {
    /// What runs.
    pub version: String,
    /// On what; `None` for a program that is not updated by itself.
    pub platform: Option<String>,
    /// `stable` or `early`.
    pub channel: String,
    /// When the office is open.
    pub hours: String,
    /// The group an admin has put the station into.
    pub group: Option<String>,
    /// How far it is.
    pub state: SoftwareState,
    /// The release that comes.
    pub release: Option<String>,
    /// What every station should run at least.
    pub minimum: Option<String>,
    /// Whether what runs is below the minimum.
    pub urgent: bool,
    /// What is here of the package, bytes.
    #[ts(type = "number")]
    pub fetched_bytes: u64,
    /// The whole package, bytes.
    #[ts(type = "number")]
    pub length_bytes: u64,
    /// What the release waits for; `None` when it is installed as soon as the window closes.
    pub waits: Option<String>,
    /// Releases that were put back or refused, newest first.
    pub failed: Vec<FailedReleaseView>,
    /// What became of the last release.
    pub last: Option<LastUpdateView>,
}

/// A release that is not tried again.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct FailedReleaseView {
    /// The release.
    pub version: String,
    /// Why.
    pub reason: String,
}

/// What became of a release.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct LastUpdateView {
    /// The release.
    pub version: String,
    /// `installed`, `put-back`, `refused` or `put-off`.
    pub outcome: String,
    /// Why, where it did not go well.
    pub reason: Option<String>,
    /// When, Unix seconds.
    #[ts(type = "number")]
    pub at: i64,
}
