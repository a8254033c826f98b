//! Editions as they lie in the database.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use shared::clock::UnixSeconds;
use shared::rates::{Edition, EditionError};
use shared::services::rates::edition_target;

use crate::db::{DbError, Row, Tx};
use crate::params;
use crate::repository::RepositoryError;

/// The most editions that are listed.
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
    /// The content would not be the same edition when it is read again.
    #[error("the edition {id} cannot be stored so that it reads back")]
    Unreadable {
        /// The edition's name.
        id: String,
        /// Why, where it does not read at all.
        #[source]
        fault: Option<EditionError>,
    },
    /// What is published stays.
    #[error("edition {id} is published")]
    Published {
        /// The edition's name.
        id: String,
    },
    /// Another one got the name while the first was to be published.
    #[error("edition {id} was taken away and imported anew while it was to be published")]
    Replaced {
        /// The edition's name.
        id: String,
    },
    /// The stored content of one that is not published is not the edition it should be.
    #[error("the stored content of edition {id}, which is not published, is damaged")]
    DamagedDraft {
        /// The edition's name.
        id: String,
    },
    /// The stored content is not the edition it should be.
    #[error("the stored content of edition {id} is damaged")]
    Damaged {
        /// The edition's name.
        id: String,
    },
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
/// [`EditionStoreError::BadName`], [`EditionStoreError::Unreadable`],
/// [`EditionStoreError::NameTaken`], [`EditionStoreError::Db`].
pub fn import(
    tx: &Tx<'_>,
    edition: &Edition,
    now: UnixSeconds,
) -> Result<StoredEdition, EditionStoreError> {
    let id = edition.id();
    if edition_target(id).is_none() {
        return Err(EditionStoreError::BadName { id: id.to_owned() });
    }
    // What does not read back would be damaged for good.
    let content = edition.to_bytes();
    let fault = match Edition::from_bytes(&content) {
        Ok(again) if again == *edition => Ok(()),
        Ok(_) => Err(None),
        Err(fault) => Err(Some(fault)),
    };
    fault.map_err(|fault| EditionStoreError::Unreadable {
        id: id.to_owned(),
        fault,
    })?;
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
    let stored = by_id(tx, id)?.filter(|stored| stored.sha256 == hex(&sha256));
    stored.ok_or_else(|| EditionStoreError::NameTaken { id: id.to_owned() })
}

/// Forgets an edition that is not published, whatever its content is.
///
/// # Errors
/// [`EditionStoreError::Unknown`], [`EditionStoreError::Published`], [`EditionStoreError::Db`].
pub fn remove(tx: &Tx<'_>, id: &str) -> Result<StoredEdition, EditionStoreError> {
    let stored = named(tx, id)?;
    if stored.published.is_some() {
        return Err(EditionStoreError::Published { id: id.to_owned() });
    }
    tx.execute(
        "DELETE FROM edition WHERE id = ?1 AND published IS NULL",
        params![id],
    )?;
    Ok(stored)
}

/// Notes that the edition that was read as `read` is published; a published one stays as it is.
///
/// # Errors
/// [`EditionStoreError::Replaced`] when another one has its name since it was read;
/// [`EditionStoreError`].
pub(super) fn publish(
    tx: &Tx<'_>,
    read: &StoredEdition,
    now: UnixSeconds,
) -> Result<StoredEdition, EditionStoreError> {
    let id = &read.id;
    if named(tx, id)?.sha256 != read.sha256 {
        return Err(EditionStoreError::Replaced { id: id.clone() });
    }
    tx.execute(
        "UPDATE edition SET published = ?2 WHERE id = ?1 AND published IS NULL",
        params![id, now],
    )?;
    named(tx, id)
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
/// [`EditionStoreError::Unknown`], [`EditionStoreError::Damaged`],
/// [`EditionStoreError::DamagedDraft`], [`EditionStoreError::Db`].
pub fn read(tx: &Tx<'_>, id: &str) -> Result<Edition, EditionStoreError> {
    let read = Edition::from_bytes(&content(tx, id)?).ok();
    match read.filter(|edition| edition.id() == id) {
        Some(edition) => Ok(edition),
        None => Err(damaged(&named(tx, id)?)),
    }
}

/// That the content of an edition is not what it should be.
pub(super) fn damaged(stored: &StoredEdition) -> EditionStoreError {
    let id = stored.id.clone();
    if stored.published.is_some() {
        EditionStoreError::Damaged { id }
    } else {
        EditionStoreError::DamagedDraft { id }
    }
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
