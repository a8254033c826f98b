//! Append-only migrations: each runs once, in order, and must never change afterwards.

use rusqlite::Connection;
use sha2::{Digest, Sha256};
use shared::clock::UnixSeconds;

use super::{DbError, Tx};

/// One step of the schema.
struct Migration {
    number: i64,
    name: &'static str,
    sql: &'static str,
}

/// Declares the migrations by number and file name.
macro_rules! migrations {
    ($($number:literal => $name:literal),+ $(,)?) => {
        &[$(Migration {
            number: $number,
            name: $name,
            sql: include_str!(concat!("../../migrations/", $name, ".sql")),
        }),+]
    };
}

/// All migrations. Names with `sqlite` hold what only that engine understands.
const MIGRATIONS: &[Migration] = migrations! {
    1 => "001_ledger",
    2 => "002_append_only_sqlite",
    3 => "003_stations_and_certificates",
    4 => "004_editions",
    5 => "005_vaults",
    6 => "006_journal_tree_sqlite",
    20 => "020_mirror",
    21 => "021_mirror_is_append_only_sqlite",
    22 => "022_witnesses",
    23 => "023_epochs",
    40 => "040_returned_payments",
    41 => "041_held_value",
    42 => "042_refunds",
    43 => "043_pin_resets",
    60 => "060_accounts",
    61 => "061_bank_sqlite",
    70 => "070_statistics",
    75 => "075_station_key_use",
    80 => "080_repository",
    81 => "081_repository_is_append_only_sqlite",
    95 => "095_software",
    96 => "096_editions_are_targets",
    100 => "100_telephone_calls",
};

const NAME: &str = "migrate";

/// Brings the schema up to this program's.
///
/// # Errors
/// [`DbError::Migration`] when the file was made by a newer program or a migration was changed
/// after it ran.
pub(super) fn migrate(connection: &Connection, now: UnixSeconds) -> Result<(), DbError> {
    let fault = |source| DbError::from_engine(NAME, source);
    connection
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS migration (
                number BIGINT PRIMARY KEY, name TEXT NOT NULL,
                sha256 BLOB NOT NULL, applied BIGINT NOT NULL)",
        )
        .map_err(fault)?;
    let tx = Tx::new(NAME, connection);
    let applied: Vec<(i64, [u8; 32])> = tx.rows(
        "SELECT number, sha256 FROM migration ORDER BY number",
        &[],
        |row| Ok((row.column(0)?, row.column(1)?)),
    )?;
    for (index, (number, sha256)) in applied.iter().enumerate() {
        let known = MIGRATIONS.get(index);
        if known.is_none_or(|known| known.number != *number || digest(known) != *sha256) {
            return Err(DbError::Migration { number: *number });
        }
    }
    for migration in &MIGRATIONS[applied.len()..] {
        tx.control("BEGIN IMMEDIATE")?;
        connection.execute_batch(migration.sql).map_err(fault)?;
        tx.execute(
            "INSERT INTO migration (number, name, sha256, applied) VALUES (?1, ?2, ?3, ?4)",
            crate::params![migration.number, migration.name, &digest(migration), now],
        )?;
        tx.control("COMMIT")?;
    }
    Ok(())
}

/// Line ends do not count, so that a checkout on another platform is the same migration.
fn digest(migration: &Migration) -> [u8; 32] {
    Sha256::digest(migration.sql.replace("\r\n", "\n")).into()
}
