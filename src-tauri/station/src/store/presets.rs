//! Presets: what clerks send all day, by name; and batches that wait to be printed.

use rusqlite::{OptionalExtension, params};
use shared::clock::UnixSeconds;

use super::{Store, StoreFault, Tx, query};
use crate::api::Preset;

/// The most presets of a station: more is nothing that a person chooses from.
pub const MAX_PRESETS: usize = 100;

/// The most batches that wait at once.
pub const MAX_WAITING: usize = 20;

/// The longest batch that can wait, bytes: what the window takes.
pub const MAX_WAITING_BYTES: usize = 4 * 1_024 * 1_024;

/// A batch that waits to be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingBatch {
    /// What it is called.
    pub name: String,
    /// Its CSV text.
    pub csv: String,
    /// Since when it waits.
    pub since: UnixSeconds,
}

impl Store {
    /// The presets: favourites first, then by name.
    ///
    /// # Errors
    /// [`StoreFault::Damaged`] when one cannot be read, and the faults of the database.
    pub fn presets(&self) -> Result<Vec<Preset>, StoreFault> {
        let bodies: Vec<String> = self
            .db
            .prepare_cached("SELECT body FROM presets ORDER BY favourite DESC, name")
            .and_then(|mut s| s.query_map([], |row| row.get(0))?.collect())
            .map_err(query("reading the presets"))?;
        let read = bodies.iter().map(|body| serde_json::from_str(body));
        read.collect::<Result<_, _>>()
            .map_err(|_| StoreFault::Damaged { what: "a preset" })
    }

    /// The names of the batches that wait, and since when, oldest first. Their texts are asked for one
    /// by one: together they may have [`MAX_WAITING`] times [`MAX_WAITING_BYTES`].
    ///
    /// # Errors
    /// The faults of the database.
    pub fn waiting_since(&self) -> Result<Vec<(String, UnixSeconds)>, StoreFault> {
        self.db
            .prepare_cached("SELECT name, since FROM waiting_batches ORDER BY since, name")
            .and_then(|mut s| {
                s.query_map([], |row| Ok((row.get(0)?, UnixSeconds(row.get(1)?))))?
                    .collect()
            })
            .map_err(query("listing the batches that wait"))
    }

    /// The CSV text of a batch that waits.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn waiting_batch(&self, name: &str) -> Result<Option<String>, StoreFault> {
        self.db
            .prepare_cached("SELECT csv FROM waiting_batches WHERE name = ?1")
            .and_then(|mut s| s.query_row([name], |row| row.get(0)).optional())
            .map_err(query("reading a batch that waits"))
    }
}

impl Tx<'_> {
    /// Adds a preset, or replaces the one of the same name.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn put_preset(&mut self, preset: &Preset) -> Result<(), StoreFault> {
        let body = body_of(preset);
        self.sql
            .execute(
                "INSERT INTO presets (name, favourite, body) VALUES (?1, ?2, ?3)
                 ON CONFLICT (name) DO UPDATE SET favourite = excluded.favourite,
                 body = excluded.body",
                params![preset.name, preset.favourite, body],
            )
            .map(drop)
            .map_err(query("writing a preset"))
    }

    /// Removes a preset; whether there was one.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn remove_preset(&mut self, name: &str) -> Result<bool, StoreFault> {
        let removed = self
            .sql
            .execute("DELETE FROM presets WHERE name = ?1", [name]);
        removed
            .map(|count| count > 0)
            .map_err(query("removing a preset"))
    }

    /// Lets a batch wait, in place of the one of the same name.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn put_waiting_batch(&mut self, batch: &WaitingBatch) -> Result<(), StoreFault> {
        self.sql
            .execute(
                "INSERT INTO waiting_batches (name, csv, since) VALUES (?1, ?2, ?3)
                 ON CONFLICT (name) DO UPDATE SET csv = excluded.csv, since = excluded.since",
                params![batch.name, batch.csv, batch.since.0],
            )
            .map(drop)
            .map_err(query("writing a batch that waits"))
    }

    /// Takes a batch out of those that wait; whether it was there.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn remove_waiting_batch(&mut self, name: &str) -> Result<bool, StoreFault> {
        let removed = self
            .sql
            .execute("DELETE FROM waiting_batches WHERE name = ?1", [name]);
        removed
            .map(|count| count > 0)
            .map_err(query("removing a batch that waits"))
    }
}

/// A preset as it is stored.
fn body_of(preset: &Preset) -> String {
    serde_json::to_string(preset).expect("a preset is texts and numbers")
}
