//! Rate editions fetched from the data center, and the certificates of indicium keys.

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Store, StoreFault, Tx, query};

/// A rate edition as it was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditionRow {
    /// Its identity.
    pub id: String,
    /// The first day it is in force.
    pub effective: Date,
    /// The content, whose hash the repository names.
    pub content: Vec<u8>,
}

impl Store {
    /// The identity of the edition in force on `date`: the one with the latest first day that has
    /// come.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn edition_on(&self, date: Date) -> Result<Option<String>, StoreFault> {
        self.db
            .prepare_cached(
                "SELECT id FROM editions WHERE effective <= ?1
                 ORDER BY effective DESC, id DESC LIMIT 1",
            )
            .and_then(|mut s| s.query_row([date.to_string()], |row| row.get(0)).optional())
            .map_err(query("looking for the rate edition in force"))
    }

    /// The identities of the editions that begin after `date`, the next one first. Of those that
    /// begin on one day only the one that will be in force is named.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn editions_after(&self, date: Date) -> Result<Vec<String>, StoreFault> {
        self.db
            .prepare_cached(
                "SELECT MAX(id) FROM editions WHERE effective > ?1
                 GROUP BY effective ORDER BY effective",
            )
            .and_then(|mut s| s.query_map([date.to_string()], |row| row.get(0))?.collect())
            .map_err(query("looking for the rate editions to come"))
    }

    /// The edition with this identity.
    ///
    /// # Errors
    /// [`StoreFault::Damaged`] when its row cannot be read, and the faults of the database.
    pub fn edition(&self, id: &str) -> Result<Option<EditionRow>, StoreFault> {
        let row: Option<(String, Vec<u8>)> = self
            .db
            .prepare_cached("SELECT effective, content FROM editions WHERE id = ?1")
            .and_then(|mut statement| {
                statement
                    .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()
            })
            .map_err(query("reading a rate edition"))?;
        row.map(|(effective, content)| {
            Ok(EditionRow {
                id: id.to_owned(),
                effective: effective.parse().map_err(|_| StoreFault::Damaged {
                    what: "the first day of a rate edition",
                })?,
                content,
            })
        })
        .transpose()
    }

    /// The identities of all editions, oldest first.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn edition_ids(&self) -> Result<Vec<String>, StoreFault> {
        self.db
            .prepare_cached("SELECT id FROM editions ORDER BY effective, id")
            .and_then(|mut s| s.query_map([], |row| row.get(0))?.collect())
            .map_err(query("listing the rate editions"))
    }

    /// The DER of the indicium certificate with this number.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn certificate(&self, number: u32) -> Result<Option<Vec<u8>>, StoreFault> {
        self.db
            .prepare_cached("SELECT der FROM certificates WHERE number = ?1")
            .and_then(|mut s| s.query_row([number], |row| row.get(0)).optional())
            .map_err(query("reading a certificate"))
    }
}

impl Tx<'_> {
    /// Adds an edition, or replaces the one of the same identity.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn put_edition(&mut self, edition: &EditionRow) -> Result<(), StoreFault> {
        self.sql
            .execute(
                "INSERT INTO editions (id, effective, content) VALUES (?1, ?2, ?3)
                 ON CONFLICT (id) DO UPDATE SET effective = excluded.effective,
                 content = excluded.content",
                params![edition.id, edition.effective.to_string(), edition.content],
            )
            .map(drop)
            .map_err(query("writing a rate edition"))
    }

    /// Keeps the certificate of an indicium key under the number its indicia carry.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn put_certificate(&mut self, number: u32, der: &[u8]) -> Result<(), StoreFault> {
        self.sql
            .execute(
                "INSERT INTO certificates (number, der) VALUES (?1, ?2)
                 ON CONFLICT (number) DO UPDATE SET der = excluded.der",
                params![number, der],
            )
            .map(drop)
            .map_err(query("writing a certificate"))
    }
}

/// The DER of every indicium certificate, oldest first.
///
/// # Errors
/// The faults of the database.
pub fn certificates(db: &Connection) -> Result<Vec<Vec<u8>>, StoreFault> {
    db.prepare_cached("SELECT der FROM certificates ORDER BY number")
        .and_then(|mut s| s.query_map([], |row| row.get(0))?.collect())
        .map_err(query("reading the certificates"))
}
