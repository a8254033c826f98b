//! A release that was installed and has to prove itself.
//!
//! The note is written before the program's file is replaced, so whatever happens then is found
//! at the next start: either the release before it still stands, or the new one does and is tried.

use serde::{Deserialize, Serialize};

use super::Version;
use crate::clock::UnixSeconds;

/// How often a new release may begin a start without proving itself.
pub const ATTEMPTS_MAX: u8 = 3;

/// How long one start may take to prove itself, seconds: a slow disk with a large store needs ten.
pub const PROOF_SECONDS: u64 = 60;

/// How far a trial is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum TrialState {
    /// The program's file is about to be replaced, or was and the new one has never begun.
    Installing,
    /// The new one has begun so many starts.
    Trying {
        /// Starts begun.
        attempts: u8,
    },
    /// It has proved itself.
    Passed,
    /// It has not, and is to be replaced, or was, by the release before it.
    Failed {
        /// Why, in a sentence.
        reason: String,
    },
}

/// One release on trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// The release.
    pub version: Version,
    /// What it replaces.
    pub before: Version,
    /// Since when.
    pub since: UnixSeconds,
    /// How far it is.
    pub state: TrialState,
    /// What this computer, and not the release, was at fault with in the last start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// What a starting program does about a trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AtStart {
    /// Nothing: the trial is not its own, or is over. What it came to may be told and forgotten.
    Ordinary(Option<Trial>),
    /// Prove itself; this trial is to be written down first.
    Prove(Trial),
    /// Put the release before it back; this trial is to be written down first.
    GoBack(Trial),
}

impl Trial {
    /// A release about to be installed.
    #[must_use]
    pub const fn begin(version: Version, before: Version, since: UnixSeconds) -> Self {
        Self {
            version,
            before,
            since,
            state: TrialState::Installing,
            fault: None,
        }
    }

    /// What the program of version `running` does when it finds this note at its start.
    #[must_use]
    pub fn at_start(self, running: Version) -> AtStart {
        if running != self.version {
            return AtStart::Ordinary(self.settled_elsewhere());
        }
        let attempts = match self.state {
            TrialState::Installing => 0,
            TrialState::Trying { attempts } => attempts,
            TrialState::Passed => return AtStart::Ordinary(Some(self)),
            // It was to be put back and stands here still: once more.
            TrialState::Failed { .. } => return AtStart::GoBack(self),
        };
        if attempts >= ATTEMPTS_MAX {
            let reason = match &self.fault {
                Some(fault) => format!("it could not be tried: {fault}"),
                None => format!("it did not get through its start {ATTEMPTS_MAX} times"),
            };
            return AtStart::GoBack(self.failed(&reason));
        }
        AtStart::Prove(Self {
            state: TrialState::Trying {
                attempts: attempts + 1,
            },
            fault: None,
            ..self
        })
    }

    /// What the note comes to when another release than the one on trial starts. One that was never
    /// begun was never installed, and may be installed another time.
    fn settled_elsewhere(self) -> Option<Self> {
        match self.state {
            TrialState::Installing => None,
            TrialState::Trying { .. } => {
                Some(self.failed("it was replaced before it had proved itself"))
            }
            TrialState::Passed | TrialState::Failed { .. } => Some(self),
        }
    }

    /// The trial of a release that has proved itself.
    #[must_use]
    pub fn passed(self) -> Self {
        Self {
            state: TrialState::Passed,
            ..self
        }
    }

    /// The trial of a release that cannot prove itself yet, because of this computer: a keyring that
    /// is locked, a disk that is full. When it never comes to it, the release before is put back and
    /// nothing is held against this one.
    #[must_use]
    pub fn hindered(self, fault: &str) -> Self {
        Self {
            fault: Some(fault.to_owned()),
            ..self
        }
    }

    /// The trial of a release that has not.
    #[must_use]
    pub fn failed(self, reason: &str) -> Self {
        Self {
            state: TrialState::Failed {
                reason: reason.to_owned(),
            },
            ..self
        }
    }
}
