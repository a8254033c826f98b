use std::sync::Arc;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use shared::clock::UnixSeconds;
use shared::rates::{Edition, EditionManifest};
use shared::security::signed::{self, ContentType, KeyId};
use tempfile::TempDir;

use super::publish;
use super::store::{self, EditionStoreError};
use crate::center::{DataCenter, InitTerms};
use crate::clock::HandClock;
use crate::folder::Folder;
use crate::ledger;
use crate::repository::nothing;

const NOW: UnixSeconds = UnixSeconds(1_800_000_000);
const SOURCE: &str = include_str!("../../../../shared/data/editions/us-2026-07-12.json");

struct Center {
    center: DataCenter,
    clock: Arc<HandClock>,
    _keep: TempDir,
}

fn center() -> Center {
    let keep = TempDir::new().unwrap();
    let folder = Folder::new(keep.path().join("data"));
    let clock = Arc::new(HandClock::new(NOW));
    let terms = InitTerms {
        passphrase: Some("correct horse battery".to_owned().into()),
        ..Default::default()
    };
    DataCenter::init(&folder, &terms, clock.as_ref()).unwrap();
    let hand: Arc<HandClock> = Arc::clone(&clock);
    Center {
        center: DataCenter::open(&folder, hand).unwrap(),
        clock,
        _keep: keep,
    }
}

fn edition() -> Edition {
    Edition::from_json(SOURCE).unwrap()
}

impl Center {
    fn import(&self, edition: Edition) -> Result<store::StoredEdition, EditionStoreError> {
        self.center
            .db()
            .write_blocking("import", move |tx| store::import(tx, &edition, NOW))
    }

    fn publish(&self, now: UnixSeconds) -> store::StoredEdition {
        let id = "us-2026-07-12";
        self.clock.turn_to(now);
        let content = self
            .center
            .db()
            .read_blocking("content", move |tx| store::content(tx, id))
            .unwrap();
        let signed = store::sign(&self.center.authority().editions(), id, &content).unwrap();
        publish::publish(&self.center, id, None, signed, nothing::<EditionStoreError>).unwrap()
    }
}

#[test]
fn a_published_edition_is_announced_under_the_editions_key_and_found_by_its_hash() {
    let center = center();
    center.import(edition()).unwrap();
    let manifests = || {
        center
            .center
            .db()
            .read_blocking("manifests", store::manifests)
            .unwrap()
    };
    assert!(manifests().is_empty());
    center.publish(NOW);
    let manifest = manifests().remove(0);
    let key = center.center.authority().editions().point();
    let opened: signed::Opened<EditionManifest> = signed::open(
        ContentType::Edition,
        &manifest,
        &[],
        |id: KeyId, input, signature| {
            id == key.key_id()
                && UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.0)
                    .verify(input, signature)
                    .is_ok()
        },
    )
    .unwrap();
    let sha256 = opened.message.sha256;
    let content = center
        .center
        .db()
        .read_blocking("content", move |tx| store::published_content(tx, &sha256))
        .unwrap()
        .unwrap();
    assert_eq!(opened.message.open(&content).unwrap(), edition());
}

#[test]
fn what_is_not_published_is_not_served() {
    let center = center();
    center.import(edition()).unwrap();
    let sha256 = Edition::sha256(&edition().to_bytes());
    let content = center
        .center
        .db()
        .read_blocking("content", move |tx| store::published_content(tx, &sha256))
        .unwrap();
    assert_eq!(content, None);
}

#[test]
fn an_edition_is_published_once_and_its_name_never_gets_other_prices() {
    let center = center();
    center.import(edition()).unwrap();
    let first = center.publish(NOW);
    assert_eq!(first.published, Some(NOW));
    let again = center.publish(NOW.plus_days(1));
    assert_eq!(again, first);
    let head = || center.center.db().read_blocking("head", ledger::head);
    let records = head().unwrap();
    center.publish(NOW.plus_days(2));
    assert_eq!(head().unwrap(), records);
    assert_eq!(center.import(edition()).unwrap(), first);
    let other = SOURCE.replacen("\"title\": \"", "\"title\": \"Other ", 1);
    let other = Edition::from_json(&other).unwrap();
    assert_ne!(other, edition());
    let refused = center.import(other);
    assert!(matches!(refused, Err(EditionStoreError::NameTaken { .. })));
}
