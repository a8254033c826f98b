//! The database seam: named transactions of synchronous closures on database threads.
//!
//! One writer thread takes transactions from a bounded queue and commits as many as are waiting
//! (at most 256) with one fsync; each runs in its own savepoint, so one that fails is undone
//! alone, and nobody is answered before the commit. A few reader threads serve [`Db::read`] from
//! consistent snapshots.
//!
//! ```text
//! let posted = db.write("deposit", move |tx| ledger::post(tx, &transfer)).await?;
//! ```
//!
//! Statements are portable SQL: `?1` parameters, BIGINT mills and seconds, keys made by the asker
//! as 16 bytes, no autoincrement. Services name only [`Tx`], [`Row`] and [`Value`], never an
//! engine, so that PostgreSQL can stand behind the same seam.
//!
//! The closure's error type must take a [`DbError`], because the commit itself can fail after the
//! closure has succeeded.

mod error;
mod migrations;
mod news;
mod tx;
mod value;
mod writer;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use shared::clock::UnixSeconds;
use tokio::sync::oneshot;

pub use error::DbError;
use news::Ear;
pub use news::{Concerned, News};
pub use tx::Tx;
pub use value::{Column, Row, Value};
use writer::{Job, Work};

/// Transactions that may wait: a burst of sixteen full batches; more is refused as busy.
const QUEUE_MAX: usize = 4_096;

/// Reader threads: enough to keep two cores busy beside the writer.
const READERS: usize = 3;

/// How long the engine waits for another process before it answers busy.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// Statements each connection keeps prepared.
const STATEMENTS_KEPT: usize = 256;

/// The queue to one or more database threads.
type Queue = SyncSender<Box<dyn Job>>;

/// The database of one data center; clones share it.
#[derive(Clone, Debug)]
pub struct Db {
    threads: Arc<Threads>,
}

/// The threads, joined when the last handle is dropped.
#[derive(Debug)]
struct Threads {
    path: PathBuf,
    write: Option<Queue>,
    read: Option<Queue>,
    ear: Ear,
    writer: Option<JoinHandle<()>>,
    readers: Vec<JoinHandle<()>>,
}

impl Db {
    /// Opens the database file, makes it when absent, and brings its schema up to date.
    ///
    /// # Errors
    /// [`DbError`] when the file cannot be opened, is damaged or belongs to a newer program.
    pub fn open(path: &Path, now: UnixSeconds) -> Result<Self, DbError> {
        let writer = writer_connection(path)?;
        migrations::migrate(&writer, now)?;
        let (write, queue) = sync_channel(QUEUE_MAX);
        let ear = Ear::default();
        let told = ear.clone();
        let writer = spawn("db-writer", move || {
            writer::serve(&writer, &queue, &told);
        })?;
        let mut readers = Vec::with_capacity(READERS);
        let (read, queue) = sync_channel(QUEUE_MAX);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..READERS {
            let connection = reader_connection(path)?;
            let queue = Arc::clone(&queue);
            readers.push(spawn("db-reader", move || {
                serve_reads(&connection, &queue);
            })?);
        }
        Ok(Self {
            threads: Arc::new(Threads {
                path: path.to_owned(),
                write: Some(write),
                read: Some(read),
                ear,
                writer: Some(writer),
                readers,
            }),
        })
    }

    /// From now on `told` hears of the [`News`] of every transaction, after it was stored and before
    /// its asker is answered. It must neither wait nor ask the database.
    pub fn tell_news(&self, told: impl Fn(News) + Send + Sync + 'static) {
        self.threads.ear.open(Box::new(told));
    }

    /// Runs `closure` in a transaction that is stored, as a whole, before this answers.
    ///
    /// The closure runs even when the returned future is dropped.
    ///
    /// # Errors
    /// What the closure answers (its changes are undone), or a [`DbError`]: `Busy` when the queue
    /// is full, `DiskFull` when the commit did not fit. After an error nothing was stored.
    pub async fn write<T, E>(
        &self,
        name: &'static str,
        closure: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let answer = submit(self.threads.write.as_ref(), name, closure)?;
        answer.await.map_err(|_| DbError::Closed { name })?
    }

    /// [`Db::write`] for threads that may block; never call it from an async task.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub fn write_blocking<T, E>(
        &self,
        name: &'static str,
        closure: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let answer = submit(self.threads.write.as_ref(), name, closure)?;
        answer
            .blocking_recv()
            .map_err(|_| DbError::Closed { name })?
    }

    /// Runs `closure` on one consistent snapshot of everything committed so far.
    ///
    /// # Errors
    /// What the closure answers, or a [`DbError`].
    pub async fn read<T, E>(
        &self,
        name: &'static str,
        closure: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let answer = submit(self.threads.read.as_ref(), name, closure)?;
        answer.await.map_err(|_| DbError::Closed { name })?
    }

    /// [`Db::read`] for threads that may block; never call it from an async task.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub fn read_blocking<T, E>(
        &self,
        name: &'static str,
        closure: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let answer = submit(self.threads.read.as_ref(), name, closure)?;
        answer
            .blocking_recv()
            .map_err(|_| DbError::Closed { name })?
    }

    /// Copies the whole database, as committed now, into the new file `to`, beside running work.
    ///
    /// # Errors
    /// [`DbError`] when either file cannot be read or written.
    pub fn copy_to(&self, to: &Path) -> Result<(), DbError> {
        const NAME: &str = "copy";
        const PAGES_PER_STEP: i32 = 1_024;
        let fault = |source| DbError::from_engine(NAME, source);
        let from = reader_connection(&self.threads.path)?;
        let mut to = Connection::open(to).map_err(fault)?;
        rusqlite::backup::Backup::new(&from, &mut to)
            .and_then(|backup| backup.run_to_completion(PAGES_PER_STEP, Duration::ZERO, None))
            .map_err(fault)
    }
}

impl Drop for Threads {
    /// The readers close before the writer: the last connection to close empties the log into the
    /// database and removes it, and of several that close at once none is the last.
    fn drop(&mut self) {
        self.read = None;
        self.readers.drain(..).for_each(join);
        self.write = None;
        self.writer.take().into_iter().for_each(join);
    }
}

fn join(thread: JoinHandle<()>) {
    // A closure may have held the last handle: its thread cannot wait for itself.
    let is_here = thread.thread().id() == std::thread::current().id();
    if !is_here && thread.join().is_err() {
        tracing::error!("a database thread had panicked");
    }
}

/// Puts a transaction into a queue; the receiver gives its result.
fn submit<T, E, F>(
    queue: Option<&Queue>,
    name: &'static str,
    closure: F,
) -> Result<oneshot::Receiver<Result<T, E>>, E>
where
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
    F: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let queue = queue.ok_or(DbError::Closed { name })?;
    match queue.try_send(Box::new(Work::new(name, closure, reply))) {
        Ok(()) => Ok(answer),
        Err(TrySendError::Full(_)) => Err(DbError::Busy { name }.into()),
        Err(TrySendError::Disconnected(_)) => Err(DbError::Closed { name }.into()),
    }
}

fn serve_reads(connection: &Connection, queue: &Mutex<Receiver<Box<dyn Job>>>) {
    const NAME: &str = "snapshot";
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut job) = next else { return };
        let tx = Tx::new(NAME, connection);
        let read = tx.control("BEGIN").and_then(|()| {
            job.run(connection);
            tx.control("ROLLBACK")
        });
        if let Err(fault) = read {
            job.lose(&fault);
        }
        job.answer();
    }
}

fn writer_connection(path: &Path) -> Result<Connection, DbError> {
    // Made here for its owner only; the engine gives its side files the same mode.
    let made = crate::folder::private_options()
        .create(true)
        .truncate(false)
        .open(path);
    made.map_err(|source| DbError::Unreachable {
        path: path.to_owned(),
        source,
    })?;
    let connection = Connection::open(path).map_err(open_fault)?;
    set_up(
        &connection,
        // Savepoints keep the pages they would put back in memory: a few dozen each.
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
         PRAGMA cache_size = -4096; PRAGMA journal_size_limit = 67108864;
         PRAGMA temp_store = MEMORY;",
    )?;
    Ok(connection)
}

fn reader_connection(path: &Path) -> Result<Connection, DbError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(open_fault)?;
    set_up(
        &connection,
        "PRAGMA query_only = ON; PRAGMA cache_size = -1024;",
    )?;
    Ok(connection)
}

fn set_up(connection: &Connection, pragmas: &str) -> Result<(), DbError> {
    connection.busy_timeout(BUSY_WAIT).map_err(open_fault)?;
    // A statement keeps its plan whatever its parameters are: else the engine makes those that
    // compare a parameter in a join anew each time.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(open_fault)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection.execute_batch(pragmas).map_err(open_fault)
}

fn open_fault(source: rusqlite::Error) -> DbError {
    DbError::from_engine("open", source)
}

fn spawn(
    name: &'static str,
    body: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, DbError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(|_| DbError::Closed { name })
}
