//! Keys that are lost, stolen or new, and a repository that comes late.

use shared::tuf::{Document, KeyId, TargetFile, Targets};

use super::*;
use crate::ca::open_repository_key;
use crate::repository::keys::TARGETS_FILE;
use crate::repository::sign::add_signature;
use crate::repository::store::Stored;

const PASSPHRASE: &str = "correct horse battery";

impl Founded {
    /// Drafts targets with new keys, and signs them as their keyholder does.
    fn signed_targets(
        &self,
        new_keys: &[RepositoryRole],
        passphrase: Option<&str>,
    ) -> Result<Document, RepositoryError> {
        let mut document = self.center.draft_targets(new_keys, passphrase)?;
        self.sign(&mut document);
        Ok(document)
    }

    fn sign(&self, document: &mut Document) {
        let place = self.folder.offline().join(TARGETS_FILE);
        let key = open_repository_key(&place, PASSPHRASE).unwrap();
        add_signature(document, &key);
    }

    fn install(
        &self,
        document: &Document,
        passphrase: Option<&str>,
    ) -> Result<(), RepositoryError> {
        let documents = vec![document.to_bytes()];
        self.center
            .install_signed(documents, passphrase, |_, _| Ok::<_, RepositoryError>(()))
    }

    /// The names of the keys that a role has by the targets in force.
    fn keys_of(&self, role: RepositoryRole) -> Vec<KeyId> {
        let targets: Targets = self.checked(RepositoryRole::Targets);
        let all = targets.delegations.unwrap();
        let own = all.role(&role.role_name()).unwrap();
        own.role.keyids.iter().cloned().collect()
    }

    /// Removes the file of a role's key, as a thief or a disk does.
    fn lose(&self, role: RepositoryRole) {
        let begins = format!("repository-{}-", role.name());
        for entry in std::fs::read_dir(self.folder.path().join("keys")).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name().to_string_lossy().starts_with(&begins) {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
    }

    fn publish_again(
        &self,
        role: RepositoryRole,
        passphrase: Option<&str>,
    ) -> Result<(), RepositoryError> {
        let same = |named: &Targets| {
            Ok::<_, RepositoryError>(Change {
                contents: Vec::new(),
                targets: named.targets.clone(),
            })
        };
        self.center
            .publish(role, passphrase, same, (nothing, nothing))
    }
}

#[test]
fn a_lost_key_of_a_role_gets_a_successor_that_signs_again_what_was_published() {
    for role in RepositoryRole::DELEGATED {
        let founded = founded();
        founded.import(edition("us-1"));
        founded.publish("us-1", None).unwrap();
        let named: Targets = founded.checked(role);
        let (before, version) = (founded.keys_of(role), founded.version(role));
        founded.lose(role);
        let refused = founded.publish_again(role, None).unwrap_err();
        assert!(matches!(refused, RepositoryError::NoKey { role: lost } if lost == role));
        let document = founded.signed_targets(&[role], None).unwrap();
        assert_eq!(founded.keys_of(role), before, "a draft changes nothing");
        founded.install(&document, None).unwrap();
        founded.is_whole();
        assert_ne!(founded.keys_of(role), before);
        assert_eq!(founded.version(role), version + 1);
        let again: Targets = founded.checked(role);
        assert_eq!(again.targets, named.targets);
        founded.publish_again(role, None).unwrap();
        founded.is_whole();
    }
}

#[test]
fn a_stolen_key_and_its_passphrase_count_no_more_once_both_publishing_roles_have_new_ones() {
    let founded = founded();
    let both = [RepositoryRole::Rates, RepositoryRole::Software];
    let new = Some("a new passphrase");
    // One alone would need two passphrases from then on.
    let refused = founded.signed_targets(&both[..1], new).unwrap_err();
    assert!(matches!(
        refused,
        RepositoryError::Ca(crate::ca::CaError::WrongPassphrase)
    ));
    let document = founded.signed_targets(&both, new).unwrap();
    let before = founded.versions();
    let refused = founded.install(&document, None).unwrap_err();
    assert!(matches!(
        refused,
        RepositoryError::Ca(crate::ca::CaError::WrongPassphrase)
    ));
    assert_eq!(founded.versions(), before);
    founded.install(&document, new).unwrap();
    founded.is_whole();
    for role in both {
        assert!(
            founded.publish_again(role, None).is_err(),
            "the old passphrase"
        );
        founded.publish_again(role, new).unwrap();
    }
    founded.is_whole();
}

#[test]
fn targets_that_this_program_could_not_publish_under_are_not_installed() {
    let founded = founded();
    let name = RepositoryRole::Targets.role_name();
    let draft = founded.center.draft_targets(&[], None).unwrap();
    let before = founded.versions();
    let installed = |edit: &dyn Fn(&mut Targets)| {
        let mut targets: Targets = draft.unverified(&name).unwrap();
        edit(&mut targets);
        let mut document = Document::of(&targets);
        founded.sign(&mut document);
        founded.install(&document, None)
    };
    let two = installed(&|targets| {
        let all = targets.delegations.as_mut().unwrap();
        all.roles[0].role.threshold = 2.try_into().unwrap();
    });
    assert!(
        matches!(two, Err(RepositoryError::NotDelegated { .. })),
        "{two:?}"
    );
    let ended = installed(&|targets| targets.expires = NOW);
    assert!(
        matches!(ended, Err(RepositoryError::HasEnded { .. })),
        "{ended:?}"
    );
    let foreign = installed(&|targets| {
        let key = shared::tuf::Key::ed25519(&[9; 32]);
        let all = targets.delegations.as_mut().unwrap();
        all.roles[0].role.keyids = [key.id()].into();
        all.keys.insert(key.id(), key);
    });
    assert!(
        matches!(foreign, Err(RepositoryError::NoKey { .. })),
        "{foreign:?}"
    );
    assert_eq!(founded.versions(), before);
    installed(&|_| {}).unwrap();
}

#[test]
fn a_draft_is_installed_long_after_it_was_made() {
    let founded = founded();
    let document = founded.signed_targets(&[], None).unwrap();
    founded.clock.turn_to(NOW.plus_days(30));
    founded.center.keep_repository().unwrap();
    founded.install(&document, None).unwrap();
    founded.is_whole();
}

#[test]
fn a_lost_key_of_the_stop_list_keeps_nothing_else_from_being_renewed() {
    let founded = founded();
    founded.lose(RepositoryRole::Stops);
    for day in 0..30 {
        founded.clock.turn_to(NOW.plus_days(day));
        let kept = founded.center.keep_repository();
        // The list itself is due after four days, and says so from then on.
        assert_eq!(kept.is_err(), day > 4, "day {day}: {kept:?}");
        for health in founded.center.repository_health().unwrap() {
            if health.role != RepositoryRole::Stops {
                assert_eq!(health.health, Health::Good, "{health:?} on day {day}");
            }
        }
    }
    let document = founded.signed_targets(&[RepositoryRole::Stops], None);
    founded.install(&document.unwrap(), None).unwrap();
    founded.center.keep_repository().unwrap();
    founded.is_whole();
}

#[test]
fn content_that_is_kept_again_while_it_is_cleared_away_stays() {
    let founded = founded();
    let db = founded.center.db();
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(PIECE_BYTES * 40).collect();
    let keep = |now| {
        let bytes = bytes.clone();
        db.write_blocking("keep", move |tx| content::put(tx, &bytes, now))
            .unwrap()
    };
    let sha256 = keep(NOW);
    // A crash in the middle of clearing leaves this.
    let broken = move |tx: &crate::db::Tx<'_>| {
        tx.execute(
            "UPDATE repository_content SET whole = 0 WHERE length > 100000",
            &[],
        )?;
        tx.execute(
            "DELETE FROM repository_piece WHERE number < 5 AND length(bytes) > 100000",
            &[],
        )
    };
    db.write_blocking("broken", broken).unwrap();
    let later = NOW.plus_days(9);
    keep(later);
    content::clear(db, later).unwrap();
    let whole = move |tx: &crate::db::Tx<'_>| content::whole(tx, &sha256, u64::MAX);
    assert_eq!(
        db.read_blocking("whole", whole).unwrap(),
        Some(bytes.clone())
    );
    content::clear(db, later.plus_days(9)).unwrap();
    assert_eq!(db.read_blocking("whole", whole).unwrap(), None);
    let left = |tx: &crate::db::Tx<'_>| {
        tx.row(
            "SELECT COUNT(*) FROM repository_piece WHERE length(bytes) > 100000",
            &[],
            |row| row.column::<i64>(0),
        )
    };
    assert_eq!(db.read_blocking("left", left).unwrap(), Some(0));
}

#[test]
fn a_data_center_of_an_earlier_program_gets_a_repository_with_what_it_has_published() {
    let founded = founded();
    founded.import(edition("us-1"));
    founded.publish("us-1", None).unwrap();
    let again = founded.center.create_repository(PASSPHRASE, None);
    assert!(matches!(again, Err(RepositoryError::AlreadyMade)));
    let offline = founded.folder.offline().join(TARGETS_FILE);
    assert!(
        open_repository_key(&offline, PASSPHRASE).is_ok(),
        "its keys stay"
    );
    // As an earlier program leaves a data center: books and editions, and no repository.
    let forget = |tx: &crate::db::Tx<'_>| {
        for statement in [
            "DROP TRIGGER repository_metadata_is_not_removed",
            "DELETE FROM repository_metadata",
            "DELETE FROM repository_target",
            "DELETE FROM repository_piece",
            "DELETE FROM repository_content",
        ] {
            tx.execute(statement, &[])?;
        }
        Ok::<_, crate::db::DbError>(())
    };
    founded
        .center
        .db()
        .write_blocking("forget", forget)
        .unwrap();
    std::fs::remove_dir_all(founded.folder.offline()).unwrap();
    founded.center.keep_repository().unwrap();
    founded
        .center
        .create_repository("another one for the root", None)
        .unwrap();
    founded.is_whole();
    let named = founded.center.named_targets(RepositoryRole::Rates).unwrap();
    let all = crate::services::rates::publish::with_all_editions(&founded.center, &named).unwrap();
    assert!(all.targets.contains_key("rates/us-1.edition"));
    let change = |_: &Targets| Ok::<_, RepositoryError>(all);
    let role = RepositoryRole::Rates;
    founded
        .center
        .publish(role, None, change, (nothing, nothing))
        .unwrap();
    founded.is_whole();
    let rates: Targets = founded.checked(RepositoryRole::Rates);
    let file: &TargetFile = &rates.targets["rates/us-1.edition"];
    assert!(file.is(&edition("us-1").to_bytes()));
    let same = crate::services::rates::publish::with_all_editions(&founded.center, &rates).unwrap();
    assert_eq!((same.targets, same.contents.len()), (rates.targets, 0));
}

#[test]
fn a_repository_that_is_made_in_a_later_epoch_has_its_versions() {
    let founded = founded();
    let newest: Stored = founded.newest(RepositoryRole::Root);
    assert_eq!(newest.version.number(), 1);
    let made = crate::repository::Founded::make(
        &founded.folder,
        (PASSPHRASE, None),
        "certificates",
        (3, NOW),
    );
    let versions: Vec<u64> = made.unwrap().versions();
    let begins = crate::repository::role::next_version(None, 3).number();
    assert_eq!(versions, [1, begins, begins, begins, begins]);
}
