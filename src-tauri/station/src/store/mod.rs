//! The station's store: one SQLite database (WAL, synchronous FULL) in the data folder.
//!
//! What has value is sealed (`protocol.md` K); the journal, the list of pieces and the settings
//! stay readable, so that a lost keyring still leaves evidence. Everything that belongs together
//! is written in one named transaction: [`Store::write`]. A crash before its commit leaves the
//! store as it was.

pub mod batch_rows;
pub mod center;
pub mod centres;
pub mod copy;
pub mod editions;
pub mod journal;
mod migrations;
pub mod outcomes;
pub mod page_jobs;
pub mod pieces;
pub mod presets;
pub mod printers;
pub mod refunds;
pub mod repository;
pub mod sealing;
pub mod secrets;
pub mod settings;
pub mod vault_row;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use shared::security::seal::SealError;

use crate::printing::files::{FileFault, write_durably};
use crate::secrets::{HighWaterMark, StoreId};
use journal::JournalHead;
use sealing::Sealing;

/// The database's name in the data folder.
pub const DATABASE: &str = "station.db";

/// The file beside the database that says that a vault was founded in it.
const FOUNDED: &str = "enrolled";

/// How long a statement waits for a reader or writer of another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Statements kept prepared: more than the print path uses.
const CACHED_STATEMENTS: usize = 64;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    /// The database cannot be opened.
    #[error("opening the store {}", path.display())]
    Open {
        /// The database.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// A statement failed.
    #[error("{what}")]
    Query {
        /// What was being done.
        what: &'static str,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// The disk is full; nothing was written.
    #[error("{what}: the disk is full")]
    DiskFull {
        /// What was being done.
        what: &'static str,
    },
    /// The store is damaged or was edited.
    #[error("the store is damaged: {what}")]
    Damaged {
        /// What does not hold.
        what: &'static str,
    },
    /// The store is older than its high-water mark: it was copied back from a backup.
    #[error("the store has {found} journal records, the high-water mark {marked}")]
    RolledBack {
        /// Records found.
        found: u64,
        /// Records the mark speaks of.
        marked: u64,
    },
    /// The store was written by a newer program.
    #[error("the store has layout {found}, this program knows {known}")]
    Newer {
        /// The layout found.
        found: u32,
        /// The newest layout this program knows.
        known: u32,
    },
    /// The store cannot be copied for trying it.
    #[error("copying the store to {}", at.display())]
    NoCopy {
        /// Where to.
        at: PathBuf,
    },
    /// Something sealed does not open, or cannot be sealed.
    #[error("a sealed row of {table}")]
    Seal {
        /// The table.
        table: &'static str,
        /// Why.
        #[source]
        source: SealError,
    },
    /// The store has no keys yet, or they were not fetched.
    #[error("the store is not unlocked")]
    NotUnlocked,
    /// The journal has as many records as its tree can hold.
    #[error("the journal is full")]
    JournalFull,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoRandom,
}

/// Turns a database error into a fault of the statement `what`.
pub(crate) fn query(what: &'static str) -> impl FnOnce(rusqlite::Error) -> StoreFault {
    move |source| match source.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => StoreFault::DiskFull { what },
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
            StoreFault::Damaged { what }
        }
        Some(_) | None => StoreFault::Query { what, source },
    }
}

/// A count as SQLite holds it. Counts here stay far below 2^63.
pub(crate) fn to_sql(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count as it was written by [`to_sql`].
pub(crate) fn from_sql(count: i64, what: &'static str) -> Result<u64, StoreFault> {
    u64::try_from(count).map_err(|_| StoreFault::Damaged { what })
}

/// The open store. One owner; nothing else writes to the database.
pub struct Store {
    db: Connection,
    id: StoreId,
    head: JournalHead,
    sealing: Option<Sealing>,
}

/// One transaction: all of it becomes durable together, or nothing does.
pub struct Tx<'a> {
    sql: Transaction<'a>,
    head: &'a mut JournalHead,
    sealing: Option<&'a mut Sealing>,
}

impl Store {
    /// Opens the store in `folder`, and makes it when it is not there. Nothing sealed is read
    /// before [`Self::unlock`]. A store that held a vault and is not there any more is damaged, not
    /// new: its journal is evidence that must not be written over.
    ///
    /// # Errors
    /// [`StoreFault::Open`], [`StoreFault::Newer`], [`StoreFault::Damaged`],
    /// [`StoreFault::DiskFull`].
    pub fn open(folder: &Path) -> Result<Self, StoreFault> {
        let path = folder.join(DATABASE);
        check_there(folder)?;
        let mut db = connect(&path)?;
        migrations::migrate(&mut db)?;
        let id = settings::store_id(&db)?;
        Ok(Self {
            db,
            id,
            head: JournalHead::default(),
            sealing: None,
        })
    }

    /// The store's identity: the keeper of secrets files its entries under it.
    #[must_use]
    pub const fn id(&self) -> StoreId {
        self.id
    }

    /// Runs `work` in one transaction and commits it. When `work` refuses or the commit fails,
    /// nothing has changed, in the database or in memory.
    ///
    /// # Errors
    /// What `work` answers, or the fault of beginning or committing `what`.
    pub fn write<T, E: From<StoreFault>>(
        &mut self,
        what: &'static str,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let before = self.head.clone();
        let outcome = self.attempt(what, work);
        if outcome.is_err() {
            self.head = before;
        }
        outcome
    }

    fn attempt<T, E: From<StoreFault>>(
        &mut self,
        what: &'static str,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let sql = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(query(what))?;
        let mut tx = Tx {
            sql,
            head: &mut self.head,
            sealing: self.sealing.as_mut(),
        };
        let answer = work(&mut tx)?;
        if let Some(sealing) = tx.sealing {
            sealing.save_counts(&tx.sql)?;
        }
        tx.sql.commit().map_err(query(what))?;
        Ok(answer)
    }

    /// The connection, for reading.
    #[must_use]
    pub const fn sql(&self) -> &Connection {
        &self.db
    }

    /// The journal's size and root now: what the high-water mark remembers.
    #[must_use]
    pub fn mark(&self) -> HighWaterMark {
        HighWaterMark {
            journal_size: self.head.size(),
            root: self.head.root(),
        }
    }

    /// Moves the write-ahead log into the database and empties it, so that what a rotation or an
    /// erasure replaced does not stay readable there. `false` when somebody reads the database at
    /// this moment: the log is then emptied another time.
    ///
    /// # Errors
    /// [`StoreFault::Query`], [`StoreFault::DiskFull`].
    pub fn truncate_log(&self) -> Result<bool, StoreFault> {
        self.db
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map(|busy: i64| busy == 0)
            .map_err(query("emptying the write-ahead log"))
    }
}

impl Tx<'_> {
    /// The transaction's statements; a service writes its own tables through it.
    #[must_use]
    pub fn sql(&self) -> &Connection {
        &self.sql
    }

    fn sealing(&self) -> Result<&Sealing, StoreFault> {
        self.sealing.as_deref().ok_or(StoreFault::NotUnlocked)
    }

    fn sealing_mut(&mut self) -> Result<&mut Sealing, StoreFault> {
        self.sealing.as_deref_mut().ok_or(StoreFault::NotUnlocked)
    }
}

/// Writes down beside the database, durably, that a vault is in it: before the vault is founded.
///
/// # Errors
/// [`FileFault`].
pub fn note_founding(folder: &Path) -> Result<(), FileFault> {
    let note = folder.join(FOUNDED);
    if note.exists() {
        return Ok(());
    }
    let words = format!("{DATABASE} beside this file holds the vault of an enrolled station.\n");
    write_durably(&note, words.as_bytes())
}

/// Whether the database is there, if one was founded.
fn check_there(folder: &Path) -> Result<(), StoreFault> {
    let is_missing = match std::fs::metadata(folder.join(DATABASE)) {
        Ok(metadata) => metadata.len() == 0,
        Err(fault) => fault.kind() == std::io::ErrorKind::NotFound,
    };
    if is_missing && folder.join(FOUNDED).exists() {
        return Err(StoreFault::Damaged {
            what: "its database is missing or empty",
        });
    }
    Ok(())
}

/// Opens a connection with the durability this program promises.
fn connect(path: &Path) -> Result<Connection, StoreFault> {
    let db = Connection::open(path).map_err(|source| StoreFault::Open {
        path: path.to_owned(),
        source,
    })?;
    set_up(&db).map_err(query("opening the store"))?;
    Ok(db)
}

fn set_up(db: &Connection) -> Result<(), rusqlite::Error> {
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    // What is erased (sealed bytes of printed pieces, old keys) is overwritten, not unlinked.
    db.pragma_update(None, "secure_delete", true)?;
    db.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    Ok(())
}

/// Opens the database of `folder` for reading beside its owner: the journal needs no keys.
///
/// # Errors
/// [`StoreFault::Open`], [`StoreFault::Damaged`].
pub fn open_read_only(folder: &Path) -> Result<Connection, StoreFault> {
    check_there(folder)?;
    let path = folder.join(DATABASE);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(&path, flags)
        .map_err(|source| StoreFault::Open { path, source })?;
    db.busy_timeout(BUSY_TIMEOUT)
        .map_err(query("opening the store for reading"))?;
    Ok(db)
}

#[cfg(test)]
mod released;
#[cfg(test)]
mod tests;
