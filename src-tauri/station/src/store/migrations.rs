//! The layouts of the store, oldest first. Append only: a released layout never changes.

use rusqlite::{Connection, TransactionBehavior};

use super::{StoreFault, query};

/// Each layout as the statements that lead to it from the one before.
const LAYOUTS: &[&str] = &[
    include_str!("layouts/1.sql"),
    include_str!("layouts/2.sql"),
    include_str!("layouts/3.sql"),
    include_str!("layouts/4.sql"),
];

/// Brings the database to the newest layout, one transaction a step.
pub(super) fn migrate(db: &mut Connection) -> Result<(), StoreFault> {
    let found: u32 = db
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(query("reading the layout of the store"))?;
    let known = u32::try_from(LAYOUTS.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(StoreFault::Newer { found, known });
    }
    for (number, statements) in (1..=known).zip(LAYOUTS).filter(|(n, _)| *n > found) {
        let what = "bringing the store to the newest layout";
        let tx = db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(query(what))?;
        tx.execute_batch(statements).map_err(query(what))?;
        tx.pragma_update(None, "user_version", number)
            .map_err(query(what))?;
        tx.commit().map_err(query(what))?;
    }
    Ok(())
}
