//! The printers of this station.

use rusqlite::params;

use super::{Store, StoreFault, Tx, query};
use crate::api::PrinterSetup;

impl Store {
    /// All printers, by name.
    ///
    /// # Errors
    /// [`StoreFault::Damaged`] when one cannot be read, and the faults of the database.
    pub fn printers(&self) -> Result<Vec<PrinterSetup>, StoreFault> {
        let setups: Vec<String> = self
            .db
            .prepare_cached("SELECT setup FROM printers ORDER BY name")
            .and_then(|mut s| s.query_map([], |row| row.get(0))?.collect())
            .map_err(query("reading the printers"))?;
        let damaged = |_| StoreFault::Damaged {
            what: "a printer cannot be read",
        };
        setups
            .iter()
            .map(|setup| serde_json::from_str(setup).map_err(damaged))
            .collect()
    }
}

impl Tx<'_> {
    /// Adds a printer, or replaces the one of the same name.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn put_printer(&mut self, printer: &PrinterSetup) -> Result<(), StoreFault> {
        let setup = text(printer);
        self.sql
            .execute(
                "INSERT INTO printers (name, setup) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET setup = excluded.setup",
                params![printer.name, setup],
            )
            .map(drop)
            .map_err(query("writing a printer"))
    }

    /// Removes a printer; `false` when there was none of that name.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn delete_printer(&mut self, name: &str) -> Result<bool, StoreFault> {
        self.sql
            .execute("DELETE FROM printers WHERE name = ?1", [name])
            .map(|rows| rows > 0)
            .map_err(query("removing a printer"))
    }
}

fn text(printer: &PrinterSetup) -> String {
    serde_json::to_string(printer).expect("a printer is strings and numbers")
}
