//! Sealed values by name: private keys, pending refills, reply secrets.

use rusqlite::{OptionalExtension, params};
use zeroize::Zeroizing;

use super::sealing::Place;
use super::{Store, StoreFault, Tx, from_sql, query, to_sql};

/// The table's name, part of what every seal authenticates.
const TABLE: &str = "secrets";

impl Store {
    /// The secret `name`.
    ///
    /// # Errors
    /// [`StoreFault::Seal`] when the row was altered, [`StoreFault::NotUnlocked`], and the faults
    /// of the database.
    pub fn secret(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreFault> {
        let Some((journal_size, sealed)) = row(&self.db, name)? else {
            return Ok(None);
        };
        let sealing = self.sealing.as_ref().ok_or(StoreFault::NotUnlocked)?;
        sealing.open(&place(name, journal_size), &sealed).map(Some)
    }

    /// The names of the secrets that begin with `prefix`, at most `limit`.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn secret_names(&self, prefix: &str, limit: usize) -> Result<Vec<String>, StoreFault> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.db
            .prepare_cached(
                "SELECT name FROM secrets WHERE substr(name, 1, length(?1)) = ?1
                 ORDER BY name LIMIT ?2",
            )
            .and_then(|mut statement| {
                statement
                    .query_map(params![prefix, limit], |row| row.get(0))?
                    .collect()
            })
            .map_err(query("listing secrets"))
    }
}

impl Tx<'_> {
    /// The secret `name`, as this transaction sees it.
    ///
    /// # Errors
    /// As [`Store::secret`].
    pub fn secret(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreFault> {
        let Some((journal_size, sealed)) = row(&self.sql, name)? else {
            return Ok(None);
        };
        self.sealing()?
            .open(&place(name, journal_size), &sealed)
            .map(Some)
    }

    /// Replaces the secret `name`.
    ///
    /// # Errors
    /// The faults of sealing and of the database.
    pub fn put_secret(&mut self, name: &str, secret: &[u8]) -> Result<(), StoreFault> {
        let journal_size = self.head.size();
        let sealed = self
            .sealing_mut()?
            .seal(&place(name, journal_size), secret)?;
        self.sql
            .prepare_cached(
                "INSERT INTO secrets (name, journal_size, sealed) VALUES (?1, ?2, ?3)
                 ON CONFLICT (name) DO UPDATE
                 SET journal_size = excluded.journal_size, sealed = excluded.sealed",
            )
            .and_then(|mut s| s.execute(params![name, to_sql(journal_size), sealed]))
            .map(drop)
            .map_err(query("writing a secret"))
    }

    /// Destroys the secret `name`.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn delete_secret(&mut self, name: &str) -> Result<(), StoreFault> {
        self.sql
            .execute("DELETE FROM secrets WHERE name = ?1", [name])
            .map(drop)
            .map_err(query("deleting a secret"))
    }

    /// The names of all secrets.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn secret_names(&self) -> Result<Vec<String>, StoreFault> {
        self.sql
            .prepare_cached("SELECT name FROM secrets ORDER BY name")
            .and_then(|mut s| s.query_map([], |row| row.get(0))?.collect())
            .map_err(query("listing the secrets"))
    }
}

fn row(db: &rusqlite::Connection, name: &str) -> Result<Option<(u64, Vec<u8>)>, StoreFault> {
    let what = "reading a secret";
    let row: Option<(i64, Vec<u8>)> = db
        .prepare_cached("SELECT journal_size, sealed FROM secrets WHERE name = ?1")
        .and_then(|mut statement| {
            statement
                .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })
        .map_err(query(what))?;
    row.map(|(size, sealed)| Ok((from_sql(size, what)?, sealed)))
        .transpose()
}

const fn place(name: &str, journal_size: u64) -> Place<'_> {
    Place {
        table: TABLE,
        primary_key: name.as_bytes(),
        journal_size,
    }
}
