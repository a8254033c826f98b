//! Readable facts about this station, by name.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Store, StoreFault, Tx, query};
use crate::secrets::StoreId;

impl Store {
    /// The setting `name`.
    ///
    /// # Errors
    /// [`StoreFault::Query`], [`StoreFault::Damaged`].
    pub fn setting(&self, name: &str) -> Result<Option<String>, StoreFault> {
        setting(&self.db, name)
    }
}

impl Tx<'_> {
    /// The setting `name`, as this transaction sees it.
    ///
    /// # Errors
    /// [`StoreFault::Query`], [`StoreFault::Damaged`].
    pub fn setting(&self, name: &str) -> Result<Option<String>, StoreFault> {
        setting(&self.sql, name)
    }

    /// Replaces the setting `name`.
    ///
    /// # Errors
    /// [`StoreFault::Query`], [`StoreFault::DiskFull`].
    pub fn put_setting(&mut self, name: &str, value: &str) -> Result<(), StoreFault> {
        self.sql
            .prepare_cached(
                "INSERT INTO settings (name, value) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            )
            .and_then(|mut statement| statement.execute(params![name, value]))
            .map(drop)
            .map_err(query("writing a setting"))
    }

    /// Removes the settings whose names begin with `prefix`, except one.
    ///
    /// # Errors
    /// [`StoreFault::Query`], [`StoreFault::DiskFull`].
    pub fn delete_settings_under(&mut self, prefix: &str, except: &str) -> Result<(), StoreFault> {
        self.sql
            .execute(
                "DELETE FROM settings WHERE substr(name, 1, length(?1)) = ?1 AND name <> ?2",
                params![prefix, except],
            )
            .map(drop)
            .map_err(query("removing settings"))
    }

    /// Removes the setting `name`; one that is not there is no error.
    ///
    /// # Errors
    /// [`StoreFault::Query`], [`StoreFault::DiskFull`].
    pub fn delete_setting(&mut self, name: &str) -> Result<(), StoreFault> {
        self.sql
            .prepare_cached("DELETE FROM settings WHERE name = ?1")
            .and_then(|mut statement| statement.execute([name]))
            .map(drop)
            .map_err(query("removing a setting"))
    }
}

/// The setting `name` of an open database.
///
/// # Errors
/// [`StoreFault::Query`], [`StoreFault::Damaged`].
pub fn setting(db: &Connection, name: &str) -> Result<Option<String>, StoreFault> {
    db.prepare_cached("SELECT value FROM settings WHERE name = ?1")
        .and_then(|mut statement| statement.query_row([name], |row| row.get(0)).optional())
        .map_err(query("reading a setting"))
}

/// The identity made with the database.
pub(super) fn store_id(db: &Connection) -> Result<StoreId, StoreFault> {
    let damaged = StoreFault::Damaged {
        what: "its identity is missing",
    };
    let text = setting(db, "store-id")?;
    let bytes = text.and_then(|text| hex::decode(text).ok());
    bytes.and_then(|b| b.try_into().ok()).ok_or(damaged)
}
