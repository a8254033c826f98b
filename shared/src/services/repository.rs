//! The signed repository: what the data center publishes for every station, by TUF.
//!
//! One repository holds rate editions, software, the list of pieces that must not be accepted and
//! the certificates of the issuing authorities. Its metadata says what is published, each role with
//! keys of its own. Level L0: any line may carry it, and anyone may cache
//! it. Here stands what both ends agree on beside TUF itself: where things are, what they are called,
//! and what the metadata says about a target.

pub mod news;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::monitor::Marker;
use crate::tuf::TargetFile;

/// Where metadata is: followed by a file name of TUF, such as `7.snapshot.json`.
pub const METADATA_PATH: &str = "/v1/repository/metadata/";

/// Where targets are: followed by the target's path, its last part with the hash before it
/// (`rates/0a1b….us-2026.edition`).
pub const TARGETS_PATH: &str = "/v1/repository/targets/";

/// The delegated role that publishes software; its targets begin with `software/`.
pub const SOFTWARE_ROLE: &str = "software";

/// The delegated role that publishes what must not be accepted; its targets begin with `stops/`.
pub const STOPS_ROLE: &str = "stops";

/// The certificates of the issuing authorities, PEM: a target of the top-level role, which is signed
/// offline.
pub const AUTHORITIES_TARGET: &str = "authorities.pem";

/// The identities of pieces that must not be accepted, 12 bytes each, ascending (`protocol.md` J).
pub const STOP_LIST_TARGET: &str = "stops/identities";

/// The most deltas that one target is offered by.
pub const DELTAS_MAX: usize = 4;

/// The shorter ways to a target, as the `custom` of that target beside whatever else it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deltas {
    /// At most [`DELTAS_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deltas: Vec<Delta>,
}

/// A target whose content is the change from another content to this one: a zstd frame made with
/// that other content as its prefix (`zstd --patch-from`). The result is what the metadata says of the
/// whole, or it is nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// SHA-256 of the content it begins from, hexadecimal digits.
    pub base: String,
    /// The path of the target that holds it.
    pub path: String,
}

impl Deltas {
    /// The shorter ways that are offered to a target, at most [`DELTAS_MAX`].
    #[must_use]
    pub fn of(file: &TargetFile) -> Vec<Delta> {
        let custom = file.custom.clone().unwrap_or_default();
        let deltas: Self = serde_json::from_value(custom).unwrap_or_default();
        deltas.deltas.into_iter().take(DELTAS_MAX).collect()
    }
}

impl Delta {
    /// SHA-256 of the content it begins from; nothing when that is none.
    #[must_use]
    pub fn base(&self) -> Option<[u8; 32]> {
        HEXLOWER.decode(self.base.as_bytes()).ok()?.try_into().ok()
    }
}

/// The marker of the repository: the version of its newest timestamp. Whoever has that has all.
#[must_use]
pub const fn marker_of(timestamp_version: u64) -> Marker {
    Marker::of_version(timestamp_version)
}

/// The version of the newest timestamp that a marker names.
#[must_use]
pub const fn timestamp_version(marker: Marker) -> u64 {
    marker.version()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_marker_is_the_version_and_nothing_else(version in any::<u64>()) {
            prop_assert_eq!(timestamp_version(marker_of(version)), version);
        }
    }
}
