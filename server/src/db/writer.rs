//! The one writer thread: many transactions, one commit, one fsync.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Receiver;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::news::Ear;
use super::{DbError, News, Tx};

/// The most transactions that share one commit: enough to hide the fsync, few enough that the
/// first of them does not wait long.
const BATCH_MAX: usize = 256;

/// The name of the seam's own statements in faults.
const COMMIT: &str = "commit";

/// A transaction that waits for the writer.
pub(super) trait Job: Send {
    /// Runs the closure; `true` when its changes are to be kept.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Replaces the result: the changes were lost with the whole batch.
    fn lose(&mut self, fault: &DbError);
    /// What stations should hear of, once the changes are stored.
    fn news(&self) -> &[News];
    /// Sends the result to the asker.
    fn answer(self: Box<Self>);
}

/// A closure with the place its result goes to.
pub(super) struct Work<T, E, F> {
    name: &'static str,
    closure: Option<F>,
    result: Option<Result<T, E>>,
    news: Vec<News>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Work<T, E, F> {
    pub(super) const fn new(
        name: &'static str,
        closure: F,
        reply: oneshot::Sender<Result<T, E>>,
    ) -> Self {
        Self {
            name,
            closure: Some(closure),
            result: None,
            news: Vec::new(),
            reply,
        }
    }
}

impl<T, E, F> Job for Work<T, E, F>
where
    T: Send,
    E: From<DbError> + Send,
    F: FnOnce(&Tx<'_>) -> Result<T, E> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        let name = self.name;
        let Some(closure) = self.closure.take() else {
            return false;
        };
        let tx = Tx::new(name, connection);
        let result = catch_unwind(AssertUnwindSafe(|| closure(&tx)))
            .unwrap_or_else(|_| Err(DbError::BrokeOff { name }.into()));
        let keep = result.is_ok();
        if keep {
            self.news = tx.into_news();
        }
        self.result = Some(result);
        keep
    }

    fn lose(&mut self, fault: &DbError) {
        if !matches!(self.result, Some(Err(_))) {
            self.result = Some(Err(fault.for_batch_mate(self.name).into()));
            self.news.clear();
        }
    }

    fn news(&self) -> &[News] {
        &self.news
    }

    fn answer(self: Box<Self>) {
        let name = self.name;
        let result = self
            .result
            .unwrap_or_else(|| Err(DbError::Closed { name }.into()));
        if self.reply.send(result).is_err() {
            tracing::debug!(transaction = name, "the asker has gone before the answer");
        }
    }
}

/// Serves the queue until all askers are gone.
pub(super) fn serve(connection: &Connection, queue: &Receiver<Box<dyn Job>>, ear: &Ear) {
    while let Ok(first) = queue.recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH_MAX
            && let Ok(next) = queue.try_recv()
        {
            batch.push(next);
        }
        if let Err(fault) = run_batch(connection, &mut batch) {
            tracing::error!(%fault, transactions = batch.len(), "a batch was lost");
            for job in &mut batch {
                job.lose(&fault);
            }
        }
        for job in batch {
            ear.tell(job.news());
            job.answer();
        }
    }
}

/// Runs the batch in one engine transaction. After an error nothing of it is stored.
fn run_batch(connection: &Connection, batch: &mut [Box<dyn Job>]) -> Result<(), DbError> {
    let tx = Tx::new(COMMIT, connection);
    tx.control("BEGIN IMMEDIATE")?;
    let run = batch.iter_mut().try_for_each(|job| run_job(&tx, job));
    let committed = run.and_then(|()| tx.control("COMMIT"));
    if committed.is_err() && !tx.was_ended() {
        tx.control("ROLLBACK")?;
    }
    committed
}

/// Runs one transaction in its own savepoint, so that it can fail alone.
fn run_job(tx: &Tx<'_>, job: &mut Box<dyn Job>) -> Result<(), DbError> {
    tx.control("SAVEPOINT job")?;
    let keep = job.run(tx.connection());
    if tx.was_ended() {
        // A full disk makes the engine undo everything since BEGIN, also what its batch mates
        // wrote: none of them may be answered with success.
        return Err(DbError::DiskFull { name: COMMIT });
    }
    if !keep {
        tx.control("ROLLBACK TO job")?;
    }
    tx.control("RELEASE job")
}
