//! A database with accounts, for tests of what is booked on them.

use shared::clock::UnixSeconds;
use shared::ids::AccountId;
use tempfile::TempDir;

use super::LedgerError;
use super::accounts::{self, Account};
use crate::db::Db;

/// A new database in which these accounts were opened at `now`; it goes with the folder.
pub(crate) fn opened<const N: usize>(
    now: UnixSeconds,
    named: [(AccountId, &'static str); N],
) -> (Db, TempDir) {
    let keep = TempDir::new().unwrap();
    let db = Db::open(&keep.path().join("test.db"), now).unwrap();
    db.write_blocking("accounts", move |tx| {
        for (id, name) in named {
            let account = Account {
                id,
                name: name.to_owned(),
                created: now,
            };
            accounts::open(tx, &account)?;
        }
        Ok::<_, LedgerError>(())
    })
    .unwrap();
    (db, keep)
}
