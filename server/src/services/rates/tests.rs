use std::sync::Arc;

use shared::clock::UnixSeconds;
use shared::rates::Edition;
use shared::services::rates::edition_target;
use tempfile::TempDir;

use super::publish;
use super::store::{self, EditionStoreError};
use crate::center::{DataCenter, InitTerms};
use crate::clock::HandClock;
use crate::folder::Folder;
use crate::ledger;
use crate::repository::{content, nothing};

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
        publish::publish(&self.center, id, None, nothing::<EditionStoreError>).unwrap()
    }

    /// Whether the repository serves the edition.
    fn is_served(&self) -> bool {
        let bytes = edition().to_bytes();
        let path = edition_target(edition().id()).unwrap();
        let sha256 = Edition::sha256(&bytes);
        let read = move |tx: &crate::db::Tx<'_>| match content::published(tx, &path, &sha256)? {
            Some(length) => content::whole(tx, &sha256, length),
            None => Ok(None),
        };
        let served = self.center.db().read_blocking("served", read).unwrap();
        served == Some(bytes)
    }
}

#[test]
fn an_edition_is_served_by_its_hash_once_it_is_published() {
    let center = center();
    center.import(edition()).unwrap();
    assert!(!center.is_served());
    center.publish(NOW);
    assert!(center.is_served());
}

#[test]
fn content_under_the_name_of_another_edition_is_not_published() {
    let center = center();
    center.import(edition()).unwrap();
    let rename = |tx: &crate::db::Tx<'_>| tx.execute("UPDATE edition SET id = 'us-other'", &[]);
    center.center.db().write_blocking("rename", rename).unwrap();
    let refused = publish::publish(
        &center.center,
        "us-other",
        None,
        nothing::<EditionStoreError>,
    );
    assert!(matches!(
        refused,
        Err(EditionStoreError::DamagedDraft { .. })
    ));
    assert!(!center.is_served());
}

#[test]
fn what_gets_the_name_of_an_edition_while_that_is_published_is_not_taken_for_it() {
    let center = center();
    center.import(edition()).unwrap();
    let other = SOURCE.replacen("\"title\": \"", "\"title\": \"Other ", 1);
    let other = Edition::from_json(&other).unwrap();
    // Between the reading of what is signed and the transaction that publishes it.
    let meanwhile = move |tx: &crate::db::Tx<'_>| {
        store::remove(tx, other.id())?;
        store::import(tx, &other, NOW).map(drop)
    };
    let refused = publish::publish(&center.center, edition().id(), None, meanwhile);
    assert!(matches!(refused, Err(EditionStoreError::Replaced { .. })));
    assert!(!center.is_served());
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
