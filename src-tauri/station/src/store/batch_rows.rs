//! Which rows of CSV files have become pieces.
//!
//! A row is known by SHA-256 of its normalised text and by its occurrence: two equal rows of one
//! file are two pieces. The link is written in the transaction of the debit, so that running the
//! same file again, also an edited one, prints only what was not printed.

use rusqlite::{OptionalExtension, params};

use super::{Store, StoreFault, Tx, query};

/// A row of a file: its key and its occurrence, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// SHA-256 of the normalised row.
    pub hash: [u8; 32],
    /// How many equal rows stand before it in the file.
    pub occurrence: u32,
}

impl Store {
    /// The counter of the piece a row has become.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn piece_of_row(&self, row: &RowKey) -> Result<Option<u32>, StoreFault> {
        self.db
            .prepare_cached("SELECT counter FROM batch_rows WHERE row_key = ?1 AND occurrence = ?2")
            .and_then(|mut statement| {
                statement
                    .query_row(params![row.hash, row.occurrence], |row| row.get(0))
                    .optional()
            })
            .map_err(query("looking a batch row up"))
    }
}

impl Tx<'_> {
    /// Links a row to its piece. A row whose piece was spoiled may get another one.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn link_row(&mut self, row: &RowKey, counter: u32) -> Result<(), StoreFault> {
        self.sql
            .prepare_cached(
                "INSERT INTO batch_rows (row_key, occurrence, counter) VALUES (?1, ?2, ?3)
                 ON CONFLICT (row_key, occurrence) DO UPDATE SET counter = excluded.counter",
            )
            .and_then(|mut s| s.execute(params![row.hash, row.occurrence, counter]))
            .map(drop)
            .map_err(query("linking a batch row to its piece"))
    }
}
