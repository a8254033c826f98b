//! Releases and what stations run, as an admin sees them.

use std::fmt;

use serde::{Deserialize, Serialize};
use shared::software::{Channel, Platform, Release, ReleaseState, Rollout, Version};

use super::super::view::time;
use crate::services::software::store::StationSoftware;

/// One release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseView {
    /// Its platform.
    pub platform: Platform,
    /// Its channel.
    pub channel: Channel,
    /// Its version.
    pub version: Version,
    /// How far it is.
    pub state: ReleaseState,
    /// How many of all stations take it.
    pub percent: u8,
    /// Groups of stations that take it whatever the percentage.
    pub groups: Vec<String>,
    /// Whether it may be installed in opening hours.
    pub during_hours: bool,
    /// The package's name.
    pub file: String,
    /// The package's length, bytes.
    pub length: u64,
    /// The package's hash, hexadecimal digits.
    pub sha256: String,
    /// What every station of the platform and channel should run at least.
    pub minimum: Option<Version>,
}

impl ReleaseView {
    /// Shows a release.
    #[must_use]
    pub fn of(rollout: &Rollout, release: &Release) -> Self {
        Self {
            platform: rollout.platform(),
            channel: rollout.channel(),
            version: release.version,
            state: release.state,
            percent: release.percent,
            groups: release.groups.iter().cloned().collect(),
            during_hours: release.during_hours,
            file: release.file.clone(),
            length: release.length,
            sha256: release.sha256.to_string(),
            minimum: rollout.minimum(),
        }
    }
}

impl fmt::Display for ReleaseView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            platform,
            channel,
            version,
            percent,
            ..
        } = self;
        write!(f, "{version:<10} {platform} {channel}: ")?;
        match self.state {
            ReleaseState::Rolling => write!(f, "{percent} percent of the stations")?,
            ReleaseState::Held => write!(f, "held at {percent} percent")?,
            ReleaseState::Withdrawn => write!(f, "withdrawn")?,
        }
        if !self.groups.is_empty() {
            write!(f, ", and {}", self.groups.join(", "))?;
        }
        if self.during_hours {
            write!(f, ", also in opening hours")?;
        }
        if self.minimum == Some(self.version) {
            write!(f, ", required")?;
        }
        write!(f, "\n    {} ({} bytes)", self.file, self.length)
    }
}

/// What a station runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StationSoftwareView(pub StationSoftware);

impl fmt::Display for StationSoftwareView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = &self.0;
        write!(f, "{}  ", one.psd)?;
        match (&one.runs, &one.platform, &one.channel) {
            (Some(runs), Some(platform), Some(channel)) => {
                write!(f, "{runs:<10} {platform} {channel}")?;
            }
            (_, _, _) => write!(f, "has not told")?,
        }
        if let Some(group) = &one.group {
            write!(f, ", group {group}")?;
        }
        if let Some(staged) = &one.staged {
            write!(f, ", {staged} waits")?;
        }
        if let Some(reported) = one.reported {
            write!(f, ", told {}", time(reported))?;
        }
        if let Some(last) = &one.last {
            write!(
                f,
                "\n    last: {} {} {}",
                last.version,
                last.outcome,
                time(last.at)
            )?;
            if !last.reason.is_empty() {
                write!(f, ": {}", last.reason)?;
            }
        }
        Ok(())
    }
}
