//! What the station keeps about its software, as settings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared::clock::UnixSeconds;
use shared::services::software::{LastUpdate, UpdateOutcome, reason};
use shared::software::{Channel, Download, OpeningHours, Release, Version};

use crate::api::UiError;
use crate::messages::{Code, say};
use crate::station::{Owner, names};

/// Failed releases that are remembered: nothing older is ever published again.
const FAILED_MAX: usize = 32;

/// A package that is here and waits to be installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    /// Its release, as it was published when it was fetched.
    pub release: Release,
}

/// What became of the last release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    /// The release.
    pub version: Version,
    /// What became of it, in a word of [`UpdateOutcome`].
    pub outcome: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: UnixSeconds,
}

/// A release that could not be installed, for no fault of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutOff {
    /// The release.
    pub version: Version,
    /// When.
    pub at: UnixSeconds,
}

impl Last {
    /// As it is told.
    pub(super) fn told(&self) -> Option<LastUpdate> {
        Some(LastUpdate {
            version: self.version,
            outcome: UpdateOutcome::named(&self.outcome)?,
            reason: self.reason.clone(),
            at: self.at,
        })
    }
}

/// What is kept. Members that a newer program adds are ignored by an older one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// How early releases are taken.
    pub channel: Channel,
    /// When the office is open.
    pub hours: OpeningHours,
    /// The group an admin has put the station into.
    pub group: Option<String>,
    /// A package that waits.
    pub staged: Option<Staged>,
    /// Releases that did not prove themselves or whose package was wrong, with why.
    pub failed: BTreeMap<Version, String>,
    /// What became of the last release.
    pub last: Option<Last>,
    /// A release that is tried again a day later.
    pub put_off: Option<PutOff>,
    /// The hash of the last report that was answered, hexadecimal digits.
    pub told: Option<String>,
}

impl Kept {
    /// What is kept; the defaults where nothing is.
    ///
    /// # Errors
    /// `damaged_store` and the faults of the store.
    pub fn read(owner: &Owner) -> Result<Self, UiError> {
        Ok(read(owner, names::SOFTWARE)?.unwrap_or_default())
    }

    /// Writes it down.
    ///
    /// # Errors
    /// The faults of the store.
    pub fn write(&self, owner: &mut Owner) -> Result<(), UiError> {
        let text = json(self);
        owner.write("what is kept of software", |tx| {
            Ok(tx.put_setting(names::SOFTWARE, &text)?)
        })
    }

    /// Notes what became of a release. One that was put off waits on.
    pub fn note(&mut self, version: Version, outcome: UpdateOutcome, why: &str, at: UnixSeconds) {
        self.last = Some(Last {
            version,
            outcome: outcome.word().to_owned(),
            reason: reason(why),
            at,
        });
        self.put_off = None;
        match outcome {
            UpdateOutcome::PutOff => {
                self.put_off = Some(PutOff { version, at });
                return;
            }
            UpdateOutcome::Installed => {
                self.failed.retain(|failed, _| *failed > version);
            }
            UpdateOutcome::PutBack | UpdateOutcome::Refused => {
                self.failed.insert(version, reason(why));
            }
        }
        while self.failed.len() > FAILED_MAX {
            self.failed.pop_first();
        }
        self.staged = None;
    }
}

impl Kept {
    /// Whether this release is not tried at this instant, because it could not be installed within the
    /// last day.
    pub(super) fn puts_off(&self, version: Version, now: UnixSeconds) -> bool {
        self.put_off
            .as_ref()
            .is_some_and(|one| one.version == version && now < one.at.plus_days(1))
    }
}

/// The package on its way.
pub(super) fn download(owner: &Owner) -> Result<Option<Download>, UiError> {
    read(owner, names::SOFTWARE_DOWNLOAD)
}

/// Writes down how far the package on its way is, or that there is none.
pub(super) fn put_download(owner: &mut Owner, download: Option<&Download>) -> Result<(), UiError> {
    let text = download.map(json).unwrap_or_default();
    owner.write("a package on its way", |tx| {
        Ok(tx.put_setting(names::SOFTWARE_DOWNLOAD, &text)?)
    })
}

fn read<T: for<'d> Deserialize<'d>>(owner: &Owner, name: &str) -> Result<Option<T>, UiError> {
    let damaged = |_| say(Code::DamagedStore, &[("what", "what is kept of software")]);
    let text = owner.store().setting(name)?.filter(|text| !text.is_empty());
    text.map(|text| serde_json::from_str(&text).map_err(damaged))
        .transpose()
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("settings are numbers and sentences")
}
