mod keys;

use std::sync::Arc;

use shared::clock::UnixSeconds;
use shared::rates::Edition;
use shared::services::rates::EditionNote;
use shared::services::repository::{Deltas, STOP_LIST_TARGET};
use shared::tuf::{Document, Metadata, Role, Root, Snapshot, TargetFile, Targets, Timestamp};
use tempfile::TempDir;

use super::content::{self, PIECE_BYTES};
use super::health::Health;
use super::sign::verify;
use super::store::{self, Stored};
use super::{Change, RepositoryError, RepositoryRole, nothing};
use crate::center::{DataCenter, InitTerms};
use crate::clock::HandClock;
use crate::folder::Folder;
use crate::services::rates::publish::publish;
use crate::services::rates::store as editions;

const NOW: UnixSeconds = UnixSeconds(1_800_000_000);
const SOURCE: &str = include_str!("../../../shared/data/editions/us-2026-07-12.json");

struct Founded {
    center: DataCenter,
    clock: Arc<HandClock>,
    folder: Folder,
    _keep: TempDir,
}

fn founded() -> Founded {
    let keep = TempDir::new().unwrap();
    let folder = Folder::new(keep.path().join("data"));
    let clock = Arc::new(HandClock::new(NOW));
    let terms = InitTerms {
        passphrase: Some("correct horse battery".to_owned().into()),
        ..Default::default()
    };
    DataCenter::init(&folder, &terms, clock.as_ref()).unwrap();
    let hand: Arc<HandClock> = Arc::clone(&clock);
    Founded {
        center: DataCenter::open(&folder, hand).unwrap(),
        clock,
        folder,
        _keep: keep,
    }
}

fn edition(id: &str) -> Edition {
    let mut source: serde_json::Value = serde_json::from_str(SOURCE).unwrap();
    source["id"] = id.into();
    Edition::from_json(&source.to_string()).unwrap()
}

impl Founded {
    fn newest(&self, role: RepositoryRole) -> Stored {
        let read = move |tx: &crate::db::Tx<'_>| store::newest(tx, role);
        self.center
            .db()
            .read_blocking("newest", read)
            .unwrap()
            .unwrap()
    }

    fn version(&self, role: RepositoryRole) -> u64 {
        self.newest(role).version.number()
    }

    fn versions(&self) -> [u64; 7] {
        RepositoryRole::ALL.map(|role| self.version(role))
    }

    /// What a role says, checked with the keys that whoever stands above it names.
    fn checked<M: Metadata>(&self, role: RepositoryRole) -> M {
        let root: Root = self.newest(RepositoryRole::Root).says().unwrap();
        let document = self.newest(role).document().unwrap();
        let name = role.role_name();
        if let Some(keys) = root.role(&name) {
            return document.verified(&name, keys, &root.keys, &verify).unwrap();
        }
        let targets: Targets = self.checked(RepositoryRole::Targets);
        let all = targets.delegations.unwrap();
        let keys: &Role = &all.role(&name).unwrap().role;
        document.verified(&name, keys, &all.keys, &verify).unwrap()
    }

    /// Follows the metadata from the timestamp down, as a station does.
    fn is_whole(&self) {
        let timestamp: Timestamp = self.checked(RepositoryRole::Timestamp);
        let snapshot = self.newest(RepositoryRole::Snapshot);
        let named = timestamp.snapshot().unwrap();
        assert!(named.is(&snapshot.content) && named.version == snapshot.version);
        let snapshot: Snapshot = self.checked(RepositoryRole::Snapshot);
        for role in RepositoryRole::NAMING {
            let (file, newest) = (snapshot.of(&role.role_name()).unwrap(), self.newest(role));
            assert!(file.is(&newest.content) && file.version == newest.version);
            let targets: Targets = self.checked(role);
            for (path, file) in targets.targets {
                assert!(file.is(&self.content(&path, &file)), "{path}");
            }
        }
    }

    fn content(&self, path: &str, file: &TargetFile) -> Vec<u8> {
        let (path, sha256) = (path.to_owned(), file.hashes.sha256().unwrap());
        let read = move |tx: &crate::db::Tx<'_>| {
            assert!(content::published(tx, &path, &sha256)?.is_some());
            content::whole(tx, &sha256, u64::MAX)
        };
        self.center
            .db()
            .read_blocking("content", read)
            .unwrap()
            .unwrap()
    }

    fn import(&self, edition: Edition) {
        let import = move |tx: &crate::db::Tx<'_>| editions::import(tx, &edition, NOW);
        self.center.db().write_blocking("import", import).unwrap();
    }

    fn publish(
        &self,
        id: &str,
        passphrase: Option<&str>,
    ) -> Result<(), editions::EditionStoreError> {
        publish(&self.center, id, passphrase, |_| Ok(())).map(drop)
    }

    fn journal_size(&self) -> u64 {
        let head = self.center.db().read_blocking("head", crate::ledger::head);
        head.unwrap().map_or(0, |(last, _)| last + 1)
    }
}

#[test]
fn a_new_data_center_has_a_repository_that_two_of_three_root_keys_vouch_for() {
    let founded = founded();
    founded.is_whole();
    assert_eq!(founded.versions(), [1; 7]);
    let root: Root = founded.checked(RepositoryRole::Root);
    assert_eq!(root.roles.root.keyids.len(), 3);
    assert_eq!(root.roles.root.threshold.get(), 2);
    // No key has two offices.
    let offices = [
        &root.roles.root,
        &root.roles.targets,
        &root.roles.snapshot,
        &root.roles.timestamp,
    ];
    let named: usize = offices.iter().map(|role| role.keyids.len()).sum();
    assert_eq!(named, root.keys.len());
    let signed = founded.newest(RepositoryRole::Root).document().unwrap();
    for left in 0..3 {
        let mut alone = Document::of(&root);
        for signature in signed.signatures().iter().take(left) {
            let bytes = data_encoding::HEXLOWER
                .decode(signature.sig.as_bytes())
                .unwrap();
            alone.sign(signature.keyid.clone(), &bytes);
        }
        let name = RepositoryRole::Root.role_name();
        let checked = alone.check(&name, &root.roles.root, &root.keys, &verify);
        assert_eq!(checked.is_ok(), left >= 2, "{left} signatures");
    }
}

#[test]
fn a_publication_moves_its_role_the_snapshot_and_the_timestamp_together() {
    let founded = founded();
    founded.import(edition("us-1"));
    let records = founded.journal_size();
    founded.publish("us-1", None).unwrap();
    founded.is_whole();
    assert_eq!(founded.versions(), [1, 1, 2, 1, 1, 2, 2]);
    assert_eq!(founded.journal_size(), records + 1);
    let rates: Targets = founded.checked(RepositoryRole::Rates);
    let file = &rates.targets["rates/us-1.edition"];
    assert_eq!(
        founded.content("rates/us-1.edition", file),
        edition("us-1").to_bytes()
    );
    let note: EditionNote = serde_json::from_value(file.custom.clone().unwrap()).unwrap();
    assert_eq!(note, EditionNote::of(&edition("us-1")));
    // The same again changes nothing.
    founded.publish("us-1", None).unwrap();
    assert_eq!(founded.versions(), [1, 1, 2, 1, 1, 2, 2]);
}

#[test]
fn a_second_edition_is_offered_by_deltas_that_lead_to_it() {
    let founded = founded();
    for id in ["us-1", "us-2"] {
        founded.import(edition(id));
        founded.publish(id, None).unwrap();
    }
    founded.is_whole();
    let rates: Targets = founded.checked(RepositoryRole::Rates);
    let whole = edition("us-2").to_bytes();
    let custom = rates.targets["rates/us-2.edition"].custom.clone().unwrap();
    let Deltas { deltas } = serde_json::from_value(custom).unwrap();
    let bases = [Vec::new(), edition("us-1").to_bytes()];
    assert_eq!(deltas.len(), bases.len());
    for (delta, base) in deltas.iter().zip(bases) {
        let sha256: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(&base).into();
        assert_eq!(delta.base, data_encoding::HEXLOWER.encode(&sha256));
        let bytes = founded.content(&delta.path, &rates.targets[&delta.path]);
        let mut decoder = zstd::stream::Decoder::with_ref_prefix(bytes.as_slice(), &base).unwrap();
        let mut led_to = Vec::new();
        std::io::Read::read_to_end(&mut decoder, &mut led_to).unwrap();
        assert_eq!(led_to, whole);
        // Only its name differs from the edition before; from nothing it is compressed.
        let most = if base.is_empty() {
            whole.len()
        } else {
            whole.len() / 20
        };
        assert!(bytes.len() < most, "{} of {}", bytes.len(), whole.len());
    }
}

#[test]
fn a_data_folder_without_the_passphrase_publishes_nothing() {
    let founded = founded();
    founded.import(edition("us-1"));
    let place = founded.folder.publish_passphrase();
    let passphrase = std::fs::read_to_string(&place).unwrap();
    std::fs::remove_dir_all(founded.folder.offline()).unwrap();
    std::fs::remove_file(founded.folder.offline_root()).unwrap();
    let before = (founded.versions(), founded.journal_size());
    let refused = founded.publish("us-1", None).unwrap_err();
    assert!(matches!(
        refused,
        editions::EditionStoreError::Repository(RepositoryError::NoPassphrase)
    ));
    let refused = founded
        .publish("us-1", Some("another passphrase"))
        .unwrap_err();
    assert!(matches!(
        refused,
        editions::EditionStoreError::Repository(RepositoryError::Ca(
            crate::ca::CaError::WrongPassphrase
        ))
    ));
    assert_eq!((founded.versions(), founded.journal_size()), before);
    founded.publish("us-1", Some(passphrase.trim())).unwrap();
    founded.is_whole();
}

#[test]
fn what_the_data_center_signs_by_itself_never_has_less_than_two_days_left() {
    let founded = founded();
    for hour in 0..24 * 30 {
        founded.clock.turn_to(NOW.plus_seconds(hour * 3_600));
        founded.center.keep_repository().unwrap();
        for health in founded.center.repository_health().unwrap() {
            assert_eq!(health.health, Health::Good, "{health:?} after {hour} hours");
        }
    }
    founded.is_whole();
    let [root, targets, rates, software, stops, snapshot, timestamp] = founded.versions();
    assert_eq!([root, targets, rates, software], [1; 4]);
    // A month: the timestamp every two days, stop list and snapshot together every four.
    assert!((6..=9).contains(&stops), "{stops}");
    assert!((6..=9).contains(&snapshot), "{snapshot}");
    assert!((11..=17).contains(&timestamp), "{timestamp}");
}

#[test]
fn a_data_center_that_was_off_for_long_renews_at_once_and_says_what_a_person_has_to() {
    let founded = founded();
    founded.clock.turn_to(NOW.plus_days(380));
    let health = |role| {
        let all = founded.center.repository_health().unwrap();
        all.into_iter().find(|one| one.role == role).unwrap()
    };
    assert_eq!(health(RepositoryRole::Timestamp).health, Health::Ended);
    founded.center.keep_repository().unwrap();
    founded.is_whole();
    assert_eq!(health(RepositoryRole::Timestamp).health, Health::Good);
    let rates = health(RepositoryRole::Rates);
    assert_eq!(rates.health, Health::EndsSoon);
    assert_eq!(rates.days_left(founded.center.now()), 20);
    assert!(rates.advice().unwrap().contains("repository renew"));
    founded.clock.turn_to(NOW.plus_days(401));
    assert_eq!(health(RepositoryRole::Rates).health, Health::Ended);
}

#[test]
fn a_role_publishes_nothing_outside_its_own_paths() {
    let founded = founded();
    let before = founded.versions();
    for path in [
        "rates/x",
        "stops/a/b",
        "authorities.pem",
        "stops/../x",
        "/stops/x",
    ] {
        let change = |_: &Targets| {
            Ok::<_, RepositoryError>(Change {
                contents: vec![b"x".to_vec()],
                targets: [(path.to_owned(), TargetFile::of(b"x", None))].into(),
            })
        };
        let refused =
            founded
                .center
                .publish(RepositoryRole::Stops, None, change, (nothing, nothing));
        assert!(refused.is_err(), "{path}");
    }
    let missing = |_: &Targets| {
        let file = TargetFile::of(b"nobody has kept this", None);
        Ok::<_, RepositoryError>(Change {
            contents: Vec::new(),
            targets: [(STOP_LIST_TARGET.to_owned(), file)].into(),
        })
    };
    let refused = founded
        .center
        .publish(RepositoryRole::Stops, None, missing, (nothing, nothing));
    assert!(matches!(
        refused,
        Err(RepositoryError::MissingContent { .. })
    ));
    assert_eq!(founded.versions(), before);
}

#[test]
fn the_content_of_a_file_is_kept_piece_by_piece_and_goes_when_nobody_names_it() {
    let founded = founded();
    let file = founded.folder.path().join("release");
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(PIECE_BYTES * 20 + 7).collect();
    std::fs::write(&file, &bytes).unwrap();
    let db = founded.center.db();
    let kept = content::put_file(db, &file, NOW).unwrap();
    assert_eq!(content::put_file(db, &file, NOW).unwrap(), kept);
    let (sha256, length) = kept;
    assert_eq!(length, u64::try_from(bytes.len()).unwrap());
    let whole = || {
        let read = move |tx: &crate::db::Tx<'_>| content::whole(tx, &sha256, u64::MAX);
        db.read_blocking("whole", read).unwrap()
    };
    assert_eq!(whole(), Some(bytes));
    for (days, is_there) in [(7, true), (9, false)] {
        founded.clock.turn_to(NOW.plus_days(days));
        founded.center.keep_repository().unwrap();
        assert_eq!(whole().is_some(), is_there, "after {days} days");
    }
    founded.is_whole();
}

#[test]
fn what_was_signed_is_never_changed_or_removed() {
    let founded = founded();
    for statement in [
        "UPDATE repository_metadata SET expires = expires + 1",
        "DELETE FROM repository_metadata",
    ] {
        let edit = move |tx: &crate::db::Tx<'_>| tx.execute(statement, &[]);
        let refused = founded.center.db().write_blocking("edit", edit);
        assert!(refused.is_err(), "{statement}");
    }
    founded.is_whole();
}
