//! The repository as it lies in the database.

use shared::clock::UnixSeconds;
use shared::tuf::{Document, Metadata, Targets, Version};

use super::role::RepositoryRole;
use super::{RepositoryError, content};
use crate::db::{DbError, Row, Tx};
use crate::params;

/// The most targets that one role names: editions, releases and their deltas of many years.
const TARGETS_MAX: i64 = 10_000;

/// One version of a role's metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The role.
    pub role: RepositoryRole,
    /// The version.
    pub version: Version,
    /// The bytes that are served.
    pub content: Vec<u8>,
    /// Until when it holds.
    pub expires: UnixSeconds,
    /// When it was made.
    pub made: UnixSeconds,
    /// In which epoch of the data center.
    pub epoch: u32,
}

impl Stored {
    /// What it says: it was checked when it was stored.
    ///
    /// # Errors
    /// [`RepositoryError::Tuf`] when it cannot be read.
    pub fn says<M: Metadata>(&self) -> Result<M, RepositoryError> {
        Ok(self.document()?.unverified(&self.role.role_name())?)
    }

    /// The document.
    ///
    /// # Errors
    /// [`RepositoryError::Tuf`] when it cannot be read.
    pub fn document(&self) -> Result<Document, RepositoryError> {
        Ok(Document::read(&self.role.role_name(), &self.content)?)
    }
}

/// The newest version of a role; nothing before the repository was made.
///
/// # Errors
/// [`DbError`].
pub fn newest(tx: &Tx<'_>, role: RepositoryRole) -> Result<Option<Stored>, DbError> {
    tx.row(
        "SELECT version, content, expires, made, epoch FROM repository_metadata
         WHERE role = ?1 ORDER BY version DESC LIMIT 1",
        params![role.name()],
        |row| read(role, row),
    )
}

fn read(role: RepositoryRole, row: &Row<'_>) -> Result<Stored, DbError> {
    Ok(Stored {
        role,
        version: Version::new(row.column(0)?).ok_or_else(|| row.misfit(0))?,
        content: row.column(1)?,
        expires: row.column(2)?,
        made: row.column(3)?,
        epoch: row.column(4)?,
    })
}

/// The newest version of a role that has to be there.
///
/// # Errors
/// [`RepositoryError::NotMade`] when it is not.
pub fn needed(tx: &Tx<'_>, role: RepositoryRole) -> Result<Stored, RepositoryError> {
    newest(tx, role)?.ok_or(RepositoryError::NotMade)
}

/// A version of a role, as it is served.
///
/// # Errors
/// [`DbError`].
pub fn of_version(
    tx: &Tx<'_>,
    role: RepositoryRole,
    version: u64,
) -> Result<Option<Vec<u8>>, DbError> {
    let Ok(version) = i64::try_from(version) else {
        return Ok(None);
    };
    tx.row(
        "SELECT content FROM repository_metadata WHERE role = ?1 AND version = ?2",
        params![role.name(), version],
        |row| row.column(0),
    )
}

/// The version of the newest timestamp; nothing before the repository was made.
///
/// # Errors
/// [`DbError`].
pub fn timestamp_version(tx: &Tx<'_>) -> Result<Option<u64>, DbError> {
    let newest: Option<Option<u64>> = tx.row(
        "SELECT max(version) FROM repository_metadata WHERE role = ?1",
        params![RepositoryRole::Timestamp.name()],
        |row| row.column(0),
    )?;
    Ok(newest.flatten())
}

/// Keeps a version. Nothing of it is checked here.
pub(super) fn put(tx: &Tx<'_>, stored: &Stored) -> Result<(), DbError> {
    let version = i64::try_from(stored.version.number()).unwrap_or(i64::MAX);
    tx.execute(
        "INSERT INTO repository_metadata (role, version, content, expires, made, epoch)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            stored.role.name(),
            version,
            &stored.content,
            stored.expires,
            stored.made,
            stored.epoch
        ],
    )?;
    Ok(())
}

/// Notes which content stands where from now on, by the newest metadata of a role.
pub(super) fn name_targets(
    tx: &Tx<'_>,
    role: RepositoryRole,
    targets: &Targets,
    now: UnixSeconds,
) -> Result<(), RepositoryError> {
    let before: Vec<(String, [u8; 32])> = tx.rows(
        "SELECT path, sha256 FROM repository_target WHERE role = ?1 AND ended IS NULL LIMIT ?2",
        params![role.name(), TARGETS_MAX],
        |row| Ok((row.column(0)?, row.column(1)?)),
    )?;
    if i64::try_from(targets.targets.len()).map_or(true, |count| count >= TARGETS_MAX) {
        return Err(RepositoryError::TooManyTargets { role });
    }
    let mut named = Vec::new();
    for (path, file) in &targets.targets {
        let missing = || RepositoryError::MissingContent { path: path.clone() };
        let sha256 = file.hashes.sha256().ok_or_else(missing)?;
        if content::length_of(tx, &sha256)? != Some(file.length) {
            return Err(missing());
        }
        tx.execute(
            "INSERT INTO repository_target (path, sha256, role, ended) VALUES (?1, ?2, ?3, NULL)
             ON CONFLICT (path, sha256) DO UPDATE SET role = excluded.role, ended = NULL",
            params![path, &sha256, role.name()],
        )?;
        named.push((path.as_str(), sha256));
    }
    for (path, sha256) in before {
        if !named.contains(&(path.as_str(), sha256)) {
            tx.execute(
                "UPDATE repository_target SET ended = ?3 WHERE path = ?1 AND sha256 = ?2",
                params![&path, &sha256, now],
            )?;
        }
    }
    Ok(())
}
