//! The signed repository: what the data center publishes for every station, by TUF.
//!
//! One repository holds rate editions, software, the list of pieces that must not be accepted and
//! the certificates of the issuing authorities. Its metadata says what is published, each role with
//! keys of its own. Level L0: any line may carry it, and anyone may cache
//! it. Here stands what both ends agree on beside TUF itself: where things are, what they are called,
//! and what the metadata says about a target.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::monitor::Marker;
use crate::rates::Edition;

/// Where metadata is: followed by a file name of TUF, such as `7.snapshot.json`.
pub const METADATA_PATH: &str = "/v1/repository/metadata/";

/// Where targets are: followed by the target's path, its last part with the hash before it
/// (`rates/0a1b….us-2026.edition`).
pub const TARGETS_PATH: &str = "/v1/repository/targets/";

/// The delegated role that publishes rate editions; its targets begin with `rates/`.
pub const RATES_ROLE: &str = "rates";

/// The delegated role that publishes software; its targets begin with `software/`.
pub const SOFTWARE_ROLE: &str = "software";

/// The delegated role that publishes what must not be accepted; its targets begin with `stops/`.
pub const STOPS_ROLE: &str = "stops";

/// The certificates of the issuing authorities, PEM: a target of the top-level role, which is signed
/// offline.
pub const AUTHORITIES_TARGET: &str = "authorities.pem";

/// The identities of pieces that must not be accepted, 12 bytes each, ascending (`protocol.md` J).
pub const STOP_LIST_TARGET: &str = "stops/identities";

/// The longest name of an edition in a target's path, bytes.
pub const EDITION_ID_MAX_BYTES: usize = 64;

/// The most deltas that one target is offered by.
pub const DELTAS_MAX: usize = 4;

/// How the path of an edition ends.
const EDITION_SUFFIX: &str = ".edition";

/// The path of an edition, `rates/ID.edition`; nothing for a name that a path cannot have.
#[must_use]
pub fn edition_target(id: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let fits = (1..=EDITION_ID_MAX_BYTES).contains(&id.len()) && !id.starts_with('.');
    (fits && id.bytes().all(plain)).then(|| format!("{RATES_ROLE}/{id}{EDITION_SUFFIX}"))
}

/// The name of the edition at a path; nothing when there is none.
#[must_use]
pub fn edition_of_target(path: &str) -> Option<&str> {
    let name = path.strip_prefix(RATES_ROLE)?.strip_prefix('/')?;
    let id = name.strip_suffix(EDITION_SUFFIX)?;
    (edition_target(id).as_deref() == Some(path)).then_some(id)
}

/// What the metadata says of an edition, as the `custom` of its target: enough to know what is
/// coming before the edition itself has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditionNote {
    /// Its name.
    pub id: String,
    /// Its title.
    pub title: String,
    /// From which date of mailing on it holds, in the station's local time.
    pub effective: Date,
    /// The last date of mailing for which it holds, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// Whether it is a sample that nobody has confirmed.
    pub sample: bool,
}

impl EditionNote {
    /// What is to be said of an edition.
    #[must_use]
    pub fn of(edition: &Edition) -> Self {
        Self {
            id: edition.id().to_owned(),
            title: edition.title().to_owned(),
            effective: edition.effective(),
            until: edition.until(),
            sample: edition.is_sample(),
        }
    }
}

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

    #[test]
    fn the_path_of_an_edition_reads_back_and_leads_nowhere_else() {
        let path = edition_target("us-2026-07-12").unwrap();
        assert_eq!(path, "rates/us-2026-07-12.edition");
        assert_eq!(edition_of_target(&path), Some("us-2026-07-12"));
        for id in ["", "../x", "a/b", ".hidden", "a b", "ü", &"x".repeat(65)] {
            assert_eq!(edition_target(id), None, "{id:?}");
        }
        for path in [
            "rates/.edition",
            "rates/a/b.edition",
            "software/x.edition",
            "rates/x",
        ] {
            assert_eq!(edition_of_target(path), None, "{path:?}");
        }
    }

    #[test]
    fn what_the_metadata_says_of_an_edition_leaves_room_for_more() {
        let custom = r#"{"id":"us-1","title":"One","effective":"2026-07-12","sample":true,
            "deltas":[{"base":"00","path":"rates/x"}],"later":1}"#;
        let note: EditionNote = serde_json::from_str(custom).unwrap();
        assert_eq!((note.id.as_str(), note.until), ("us-1", None));
        let deltas: Deltas = serde_json::from_str(custom).unwrap();
        assert_eq!(deltas.deltas.len(), 1);
        assert_eq!(
            serde_json::from_str::<Deltas>("{}").unwrap(),
            Deltas::default()
        );
    }

    proptest! {
        #[test]
        fn a_marker_is_the_version_and_nothing_else(version in any::<u64>()) {
            prop_assert_eq!(timestamp_version(marker_of(version)), version);
        }

        #[test]
        fn no_path_reads_as_an_edition_that_has_another_path(path in "(rates/)?[a-z./-]{0,12}(\\.edition)?") {
            if let Some(id) = edition_of_target(&path) {
                prop_assert_eq!(edition_target(id), Some(path.clone()));
            }
        }
    }
}
