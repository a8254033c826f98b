//! Editions as they lie in the database.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use shared::clock::UnixSeconds;
use shared::rates::{Edition, EditionManifest};
use shared::security::signed::{self, ContentType, SignedFault};

use crate::ca::SigningKey;
use crate::db::{DbError, Row, Tx};
use crate::params;
use crate::repository::RepositoryError;

/// The most editions that are listed or announced.
const EDITIONS_MAX: i64 = 1_000;

/// Why an edition was not stored or published.
#[derive(Debug, thiserror::Error)]
pub enum EditionStoreError {
    /// Another content has that name already.
    #[error("edition {id} is there already with other prices")]
    NameTaken {
        /// The edition's name.
        id: String,
    },
    /// No edition has that name.
    #[error("there is no edition {id:?}")]
    Unknown {
        /// What was asked for.
        id: String,
    },
    /// The stored content is not the edition it should be.
    #[error("the stored content of edition {id} is damaged")]
    Damaged {
        /// The edition's name.
        id: String,
    },
    /// The manifest could not be signed.
    #[error("the manifest of the edition could not be signed")]
    Signing(#[source] SignedFault),
    /// The name cannot stand in a path.
    #[error("an edition cannot be called {id:?}: a name has letters, digits, `-`, `_` and `.`")]
    BadName {
        /// The edition's name.
        id: String,
    },
    /// The shorter ways to an edition could not be made.
    #[error("the deltas of the edition could not be made")]
    Delta(#[source] std::io::Error),
    /// The repository did not take it.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// One edition as a listing shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredEdition {
    /// Its name.
    pub id: String,
    /// Its title.
    pub title: String,
    /// From which date of mailing on it holds.
    pub effective: Date,
    /// Whether it holds sample prices.
    pub sample: bool,
    /// SHA-256 of its content, hex.
    pub sha256: String,
    /// When it was imported.
    pub imported: UnixSeconds,
    /// When it was published.
    pub published: Option<UnixSeconds>,
}

/// Stores an edition, not yet published; the same content again changes nothing.
///
/// # Errors
/// [`EditionStoreError::NameTaken`], [`EditionStoreError::Db`].
pub fn import(
    tx: &Tx<'_>,
    edition: &Edition,
    now: UnixSeconds,
) -> Result<StoredEdition, EditionStoreError> {
    let content = edition.to_bytes();
    let sha256 = Edition::sha256(&content);
    tx.execute(
        "INSERT INTO edition (sha256, id, title, effective, sample, content, imported)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        params![
            &sha256,
            edition.id(),
            edition.title(),
            &edition.effective().to_string(),
            edition.is_sample(),
            &content,
            now,
        ],
    )?;
    let stored = by_id(tx, edition.id())?.filter(|stored| stored.sha256 == hex(&sha256));
    stored.ok_or_else(|| EditionStoreError::NameTaken {
        id: edition.id().to_owned(),
    })
}

/// A signed manifest, ready to be announced.
#[derive(Clone, Debug)]
pub struct SignedManifest {
    sha256: [u8; 32],
    signed: Vec<u8>,
}

/// Signs the manifest of the edition `id` with this content.
///
/// # Errors
/// [`EditionStoreError::Damaged`], [`EditionStoreError::Signing`].
pub fn sign(
    key: &SigningKey,
    id: &str,
    content: &[u8],
) -> Result<SignedManifest, EditionStoreError> {
    let damaged = || EditionStoreError::Damaged { id: id.to_owned() };
    let edition = Edition::from_bytes(content).map_err(|_| damaged())?;
    if edition.id() != id {
        return Err(damaged());
    }
    let manifest = EditionManifest::of(&edition);
    let sign = |input: &[u8]| key.sign(input);
    let signed = signed::sign(ContentType::Edition, key.key_id(), &manifest, &[], sign)
        .map_err(EditionStoreError::Signing)?;
    Ok(SignedManifest {
        sha256: manifest.sha256,
        signed,
    })
}

/// Announces an edition; a published one stays as it is.
///
/// # Errors
/// [`EditionStoreError`].
pub(super) fn publish(
    tx: &Tx<'_>,
    id: &str,
    manifest: &SignedManifest,
    now: UnixSeconds,
) -> Result<StoredEdition, EditionStoreError> {
    tx.execute(
        "UPDATE edition SET manifest = ?2, published = ?3
         WHERE sha256 = ?1 AND manifest IS NULL",
        params![&manifest.sha256, &manifest.signed, now],
    )?;
    let stored = named(tx, id)?;
    if stored.sha256 != hex(&manifest.sha256) {
        return Err(EditionStoreError::Damaged { id: id.to_owned() });
    }
    Ok(stored)
}

/// Signs the manifests of published editions again that an earlier key has signed: that one is not
/// believed for ever. What they say does not change.
///
/// # Errors
/// [`EditionStoreError`].
pub fn sign_again(tx: &Tx<'_>, key: &SigningKey) -> Result<(), EditionStoreError> {
    let published = tx.rows(
        "SELECT id, manifest FROM edition WHERE manifest IS NOT NULL ORDER BY id LIMIT ?1",
        params![EDITIONS_MAX],
        |row| Ok((row.column::<String>(0)?, row.column::<Vec<u8>>(1)?)),
    )?;
    for (id, manifest) in published {
        if signed::signer_of(&manifest) == Some(key.key_id()) {
            continue;
        }
        let again = sign(key, &id, &content(tx, &id)?)?;
        tx.execute(
            "UPDATE edition SET manifest = ?2 WHERE sha256 = ?1 AND manifest IS NOT NULL",
            params![&again.sha256, &again.signed],
        )?;
    }
    Ok(())
}

/// The content of an edition, published or not.
///
/// # Errors
/// [`EditionStoreError::Unknown`], [`EditionStoreError::Db`].
pub fn content(tx: &Tx<'_>, id: &str) -> Result<Vec<u8>, EditionStoreError> {
    tx.row(
        "SELECT content FROM edition WHERE id = ?1",
        params![id],
        |row| row.column(0),
    )?
    .ok_or_else(|| EditionStoreError::Unknown { id: id.to_owned() })
}

/// An edition, published or not.
///
/// # Errors
/// [`EditionStoreError::Unknown`], [`EditionStoreError::Damaged`], [`EditionStoreError::Db`].
pub fn read(tx: &Tx<'_>, id: &str) -> Result<Edition, EditionStoreError> {
    let damaged = |_| EditionStoreError::Damaged { id: id.to_owned() };
    Edition::from_bytes(&content(tx, id)?).map_err(damaged)
}

/// The edition of that name.
///
/// # Errors
/// [`EditionStoreError::Unknown`], [`EditionStoreError::Db`].
pub fn named(tx: &Tx<'_>, id: &str) -> Result<StoredEdition, EditionStoreError> {
    by_id(tx, id)?.ok_or_else(|| EditionStoreError::Unknown { id: id.to_owned() })
}

/// All editions, newest effective date first.
///
/// # Errors
/// [`DbError`].
pub fn list(tx: &Tx<'_>) -> Result<Vec<StoredEdition>, DbError> {
    tx.rows(
        "SELECT id, title, effective, sample, sha256, imported, published FROM edition
         ORDER BY effective DESC, id LIMIT ?1",
        params![EDITIONS_MAX],
        listed,
    )
}

/// The editions that are not published yet, oldest effective date first.
///
/// # Errors
/// [`DbError`].
pub fn unpublished(tx: &Tx<'_>) -> Result<Vec<String>, DbError> {
    tx.rows(
        "SELECT id FROM edition WHERE published IS NULL ORDER BY effective, id LIMIT ?1",
        params![EDITIONS_MAX],
        |row| row.column(0),
    )
}

/// The signed manifests of the published editions, oldest effective date first.
///
/// # Errors
/// [`DbError`].
pub fn manifests(tx: &Tx<'_>) -> Result<Vec<Vec<u8>>, DbError> {
    tx.rows(
        "SELECT manifest FROM edition WHERE manifest IS NOT NULL
         ORDER BY effective, published, id LIMIT ?1",
        params![EDITIONS_MAX],
        |row| row.column(0),
    )
}

/// The content of a published edition.
///
/// # Errors
/// [`DbError`].
pub fn published_content(tx: &Tx<'_>, sha256: &[u8; 32]) -> Result<Option<Vec<u8>>, DbError> {
    tx.row(
        "SELECT content FROM edition WHERE sha256 = ?1 AND manifest IS NOT NULL",
        params![sha256],
        |row| row.column(0),
    )
}

fn by_id(tx: &Tx<'_>, id: &str) -> Result<Option<StoredEdition>, DbError> {
    tx.row(
        "SELECT id, title, effective, sample, sha256, imported, published FROM edition
         WHERE id = ?1",
        params![id],
        listed,
    )
}

fn listed(row: &Row<'_>) -> Result<StoredEdition, DbError> {
    let effective: String = row.column(2)?;
    Ok(StoredEdition {
        id: row.column(0)?,
        title: row.column(1)?,
        effective: effective.parse().map_err(|_| row.misfit(2))?,
        sample: row.column(3)?,
        sha256: hex(&row.column::<[u8; 32]>(4)?),
        imported: row.column(5)?,
        published: row.column(6)?,
    })
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
