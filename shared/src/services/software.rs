//! Software of the stations: packages come as targets of the signed repository, and a station tells
//! what it runs.
//!
//! Called by the monitor in a contact. What is published, and the packages, are level L0: the
//! repository's signatures are all that is trusted, so any line may carry them and anyone may cache
//! them. Only over a line with a budget no package goes. Who runs what concerns nobody else: that is
//! level L2. No money moves here. The rules stand in [`crate::software`].

use minicbor::{Decode, Encode};

use super::{Request, ServiceId};
use crate::clock::UnixSeconds;
use crate::security::Level;
use crate::software::{Channel, GROUP_MAX_CHARS, Platform, Version, is_group};

/// The layout version of both messages.
pub const VERSION: u8 = 1;

/// Where reports are sent.
pub const REPORT_PATH: &str = "/v1/software/report";

/// The longest reason, characters: one sentence.
pub const REASON_MAX_CHARS: usize = 200;

/// Asks for what is published, or for a part of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackageRequest;

impl PackageRequest {
    /// Public and signed.
    pub const LEVEL: Level = Level::L0;
}

impl Request for PackageRequest {
    const SERVICE: ServiceId = ServiceId::Software;
    const LEVEL: Level = Self::LEVEL;
    type Reply = Vec<u8>;
}

/// What became of a release at a station.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum UpdateOutcome {
    /// It runs and has proved itself.
    #[n(1)]
    Installed,
    /// It did not prove itself; the release before it runs again.
    #[n(2)]
    PutBack,
    /// Its package was not what was signed, and was thrown away.
    #[n(3)]
    Refused,
    /// It could not be installed, for no fault of its own; that is tried again.
    #[n(4)]
    PutOff,
}

impl UpdateOutcome {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Installed, Self::PutBack, Self::Refused, Self::PutOff];

    /// The outcome's number: in tables.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Installed => 1,
            Self::PutBack => 2,
            Self::Refused => 3,
            Self::PutOff => 4,
        }
    }

    /// The outcome with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.number() == number)
    }

    /// The outcome as it is stored and shown.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::PutBack => "put-back",
            Self::Refused => "refused",
            Self::PutOff => "put-off",
        }
    }

    /// The outcome with this word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }
}

/// What became of the last release that a station took.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LastUpdate {
    /// The release.
    #[n(1)]
    pub version: Version,
    /// What became of it.
    #[n(2)]
    pub outcome: UpdateOutcome,
    /// Why, in a sentence; empty where it went well.
    #[n(3)]
    pub reason: String,
    /// When, by the station's clock.
    #[n(4)]
    pub at: UnixSeconds,
}

/// What a station runs. Sent when it differs from what was told last, and when the data center asks;
/// the same again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SoftwareReport {
    /// [`VERSION`].
    #[n(1)]
    pub version: u8,
    /// What runs.
    #[n(2)]
    pub runs: Version,
    /// On what.
    #[n(3)]
    pub platform: Platform,
    /// How early it takes releases.
    #[n(4)]
    pub channel: Channel,
    /// What was fetched and waits to be installed.
    #[n(5)]
    pub staged: Option<Version>,
    /// What became of the last release.
    #[n(6)]
    pub last: Option<LastUpdate>,
}

impl SoftwareReport {
    /// Whether its texts are within their bounds.
    #[must_use]
    pub fn is_within_bounds(&self) -> bool {
        let reason = self.last.as_ref().map_or("", |last| &last.reason);
        reason.chars().count() <= REASON_MAX_CHARS && !reason.chars().any(char::is_control)
    }
}

impl Request for SoftwareReport {
    const SERVICE: ServiceId = ServiceId::Software;
    const LEVEL: Level = Level::L2;
    type Reply = SoftwareReply;
}

/// The data center's answer.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SoftwareReply {
    /// [`VERSION`].
    #[n(1)]
    pub version: u8,
    /// The group an admin has put the station into.
    #[n(2)]
    pub group: Option<String>,
}

impl SoftwareReply {
    /// Whether the group's name is one.
    #[must_use]
    pub fn is_within_bounds(&self) -> bool {
        self.group
            .as_ref()
            .is_none_or(|group| group.len() <= GROUP_MAX_CHARS && is_group(group))
    }
}

/// A sentence cut to what a report carries, without control characters.
#[must_use]
pub fn reason(text: &str) -> String {
    let plain = text
        .chars()
        .map(|one| if one.is_control() { ' ' } else { one });
    plain.take(REASON_MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{read_message, to_cbor};

    fn report() -> SoftwareReport {
        SoftwareReport {
            version: VERSION,
            runs: Version::new(1, 4, 2),
            platform: Platform::LinuxAppimage,
            channel: Channel::Early,
            staged: None,
            last: Some(LastUpdate {
                version: Version::new(1, 5, 0),
                outcome: UpdateOutcome::PutBack,
                reason: reason("it did not open the store\nat all"),
                at: UnixSeconds(1_795_000_000),
            }),
        }
    }

    #[test]
    fn a_report_reads_back_as_it_was_written_and_is_short() {
        let bytes = to_cbor(&report());
        assert_eq!(read_message::<SoftwareReport>(&bytes).unwrap(), report());
        assert!(bytes.len() < 128, "{} bytes", bytes.len());
        assert!(report().is_within_bounds());
    }

    #[test]
    fn texts_beyond_their_bounds_are_seen() {
        let mut long = report();
        if let Some(last) = &mut long.last {
            last.reason = "x".repeat(REASON_MAX_CHARS + 1);
        }
        assert!(!long.is_within_bounds());
        for group in ["", "Pilot", "a b", &"x".repeat(GROUP_MAX_CHARS + 1)] {
            let reply = SoftwareReply {
                version: VERSION,
                group: Some(group.to_owned()),
            };
            assert!(!reply.is_within_bounds(), "{group:?}");
        }
    }

    #[test]
    fn outcomes_have_one_number_and_one_word_each() {
        for outcome in UpdateOutcome::ALL {
            assert_eq!(UpdateOutcome::from_number(outcome.number()), Some(outcome));
            assert_eq!(UpdateOutcome::named(outcome.word()), Some(outcome));
        }
    }
}
