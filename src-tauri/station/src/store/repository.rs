//! What the station believes of the signed repository: documents, targets, and targets on their way.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};
use shared::services::rates::edition_of_target;
use shared::tuf::{Change, RoleName};

use super::{Store, StoreFault, Tx, query, to_sql};

/// The content of a target that is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetRow {
    /// Its path.
    pub path: String,
    /// SHA-256 of the content.
    pub sha256: [u8; 32],
    /// The content.
    pub content: Vec<u8>,
}

/// The content of a target, for who only reads.
///
/// # Errors
/// The faults of the database.
pub fn target(db: &Connection, path: &str) -> Result<Option<Vec<u8>>, StoreFault> {
    db.prepare_cached("SELECT content FROM repository_targets WHERE path = ?1")
        .and_then(|mut s| s.query_row([path], |row| row.get(0)).optional())
        .map_err(query("reading a target"))
}

impl Store {
    /// The trusted documents; none before the enrolment brought a root.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn repository_documents(&self) -> Result<BTreeMap<RoleName, Vec<u8>>, StoreFault> {
        self.db
            .prepare_cached("SELECT role, content FROM repository_documents")
            .and_then(|mut statement| {
                let rows = statement.query_map([], |row| {
                    Ok((RoleName::new(row.get::<_, String>(0)?), row.get(1)?))
                })?;
                rows.collect()
            })
            .map_err(query("reading the repository's documents"))
    }

    /// Whether there is a root to trust.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn has_repository(&self) -> Result<bool, StoreFault> {
        self.db
            .prepare_cached("SELECT 1 FROM repository_documents WHERE role = 'root'")
            .and_then(|mut statement| statement.exists([]))
            .map_err(query("looking for the repository's root"))
    }

    /// SHA-256 of the content that is here for a path.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn target_hash(&self, path: &str) -> Result<Option<[u8; 32]>, StoreFault> {
        self.db
            .prepare_cached("SELECT sha256 FROM repository_targets WHERE path = ?1")
            .and_then(|mut s| s.query_row([path], |row| row.get(0)).optional())
            .map_err(query("looking for a target"))
    }

    /// The content that is here for a path.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn target(&self, path: &str) -> Result<Option<Vec<u8>>, StoreFault> {
        target(&self.db, path)
    }

    /// A content that is here by its hash, whatever its path.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn target_content(&self, sha256: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreFault> {
        let found: Option<(String, Vec<u8>)> = self
            .db
            .prepare_cached(
                "SELECT path, content FROM repository_targets WHERE sha256 = ?1 LIMIT 1",
            )
            .and_then(|mut s| {
                s.query_row([sha256], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()
            })
            .map_err(query("reading a target by its hash"))?;
        let Some((path, content)) = found else {
            return Ok(None);
        };
        match edition_of_target(&path).filter(|_| content.is_empty()) {
            Some(id) => Ok(self.edition(id)?.map(|edition| edition.content)),
            None => Ok(Some(content)),
        }
    }

    /// How many bytes of a content on its way are here.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn arrived(&self, sha256: &[u8; 32]) -> Result<u64, StoreFault> {
        let what = "counting a target on its way";
        let count: i64 = self
            .db
            .prepare_cached(
                "SELECT COALESCE(MAX(first + LENGTH(content)), 0) FROM repository_parts
                 WHERE sha256 = ?1",
            )
            .and_then(|mut s| s.query_row([sha256], |row| row.get(0)))
            .map_err(query(what))?;
        super::from_sql(count, what)
    }

    /// The parts of a content on its way, one after the other.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn parts(&self, sha256: &[u8; 32]) -> Result<Vec<u8>, StoreFault> {
        let parts: Vec<Vec<u8>> = self
            .db
            .prepare_cached("SELECT content FROM repository_parts WHERE sha256 = ?1 ORDER BY first")
            .and_then(|mut s| s.query_map([sha256], |row| row.get(0))?.collect())
            .map_err(query("reading a target on its way"))?;
        Ok(parts.concat())
    }
}

impl Tx<'_> {
    /// Writes down what is believed now.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn put_repository(&mut self, changes: &[Change]) -> Result<(), StoreFault> {
        for change in changes {
            match change {
                Change::Keep(role, content) => self.sql.execute(
                    "INSERT INTO repository_documents (role, content) VALUES (?1, ?2)
                     ON CONFLICT (role) DO UPDATE SET content = excluded.content",
                    params![role.as_str(), content],
                ),
                Change::Forget(role) => self.sql.execute(
                    "DELETE FROM repository_documents WHERE role = ?1",
                    [role.as_str()],
                ),
            }
            .map_err(query("writing a document of the repository"))?;
        }
        Ok(())
    }

    /// Writes down the next part of a content.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn put_part(
        &mut self,
        sha256: &[u8; 32],
        first: u64,
        content: &[u8],
    ) -> Result<(), StoreFault> {
        self.sql
            .execute(
                "INSERT INTO repository_parts (sha256, first, content) VALUES (?1, ?2, ?3)",
                params![sha256, to_sql(first), content],
            )
            .map(drop)
            .map_err(query("writing a part of a target"))
    }

    /// Throws the parts of a content away.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn drop_parts(&mut self, sha256: &[u8; 32]) -> Result<(), StoreFault> {
        self.sql
            .execute("DELETE FROM repository_parts WHERE sha256 = ?1", [sha256])
            .map(drop)
            .map_err(query("removing parts of a target"))
    }

    /// Throws away what was on its way and is wanted no more: all parts but those of these contents.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn keep_parts(&mut self, wanted: &[[u8; 32]]) -> Result<(), StoreFault> {
        let here: Vec<[u8; 32]> = self
            .sql
            .prepare_cached("SELECT DISTINCT sha256 FROM repository_parts")
            .and_then(|mut s| s.query_map([], |row| row.get(0))?.collect())
            .map_err(query("listing targets on their way"))?;
        for sha256 in here.iter().filter(|one| !wanted.contains(one)) {
            self.drop_parts(sha256)?;
        }
        Ok(())
    }

    /// Puts a whole content into its place, in the stead of an earlier one. That of a rate edition is
    /// left empty here: it stands among the editions.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn put_target(
        &mut self,
        path: &str,
        sha256: &[u8; 32],
        content: &[u8],
    ) -> Result<(), StoreFault> {
        self.sql
            .execute(
                "INSERT INTO repository_targets (path, sha256, content) VALUES (?1, ?2, ?3)
                 ON CONFLICT (path) DO UPDATE SET sha256 = excluded.sha256,
                 content = excluded.content",
                params![path, sha256, content],
            )
            .map(drop)
            .map_err(query("writing a target"))
    }
}
