//! Rate editions: published prices with their effective instant.
//!
//! They are targets of the signed repository ([`super::repository`]), under a role of their own. Level
//! L0: signatures and hashes are all that is trusted, so any line may carry them and anyone may cache
//! them. An edition never replaces another content of its name, so prices never go back.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::rates::Edition;
use crate::security::Level;

/// Public and signed.
pub const LEVEL: Level = Level::L0;

/// The delegated role that publishes rate editions; its targets begin with `rates/`.
pub const RATES_ROLE: &str = "rates";

/// The longest name of an edition in a target's path, bytes.
pub const EDITION_ID_MAX_BYTES: usize = 64;

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::services::repository::Deltas;

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
        fn no_path_reads_as_an_edition_that_has_another_path(path in "(rates/)?[a-z./-]{0,12}(\\.edition)?") {
            if let Some(id) = edition_of_target(&path) {
                prop_assert_eq!(edition_target(id), Some(path.clone()));
            }
        }
    }
}
