//! One named transaction.

use std::cell::RefCell;

use rusqlite::Connection;
use shared::services::ServiceId;

use super::{Concerned, DbError, News, Row, Value};

/// A transaction in progress; its closure must not keep it, wait or do other input or output.
#[derive(Debug)]
pub struct Tx<'a> {
    name: &'static str,
    connection: &'a Connection,
    news: RefCell<Vec<News>>,
}

impl<'a> Tx<'a> {
    pub(super) const fn new(name: &'static str, connection: &'a Connection) -> Self {
        Self {
            name,
            connection,
            news: RefCell::new(Vec::new()),
        }
    }

    /// Says that a service has something new for stations. They are told once this is stored, and
    /// of a transaction that is not stored nobody is told anything.
    pub fn concerns(&self, concerned: Concerned, service: ServiceId) {
        let news = News { concerned, service };
        let mut all = self.news.borrow_mut();
        if !all.contains(&news) {
            all.push(news);
        }
    }

    /// What was said so far.
    pub(super) fn into_news(self) -> Vec<News> {
        self.news.into_inner()
    }

    /// The transaction's name, for logs and faults.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Runs a statement that answers no rows; returns how many rows it changed.
    ///
    /// # Errors
    /// What the engine answers, by class.
    pub fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<usize, DbError> {
        self.prepared(sql)?
            .execute(rusqlite::params_from_iter(values))
            .map_err(|source| self.fault(source))
    }

    /// Reads the first row of an answer, or nothing when it has none.
    ///
    /// # Errors
    /// What the engine answers, by class, or what `read` answers.
    pub fn row<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Option<T>, DbError> {
        let mut statement = self.prepared(sql)?;
        let mut rows = statement
            .query(rusqlite::params_from_iter(values))
            .map_err(|source| self.fault(source))?;
        let row = rows.next().map_err(|source| self.fault(source))?;
        row.map(|row| read(&self.named(row))).transpose()
    }

    /// Reads all rows of an answer; the statement must bound their number.
    ///
    /// # Errors
    /// What the engine answers, by class, or what `read` answers.
    pub fn rows<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Vec<T>, DbError> {
        let mut all = Vec::new();
        self.each(sql, values, |row| {
            all.push(read(row)?);
            Ok::<_, DbError>(())
        })?;
        Ok(all)
    }

    /// Hands the rows of an answer to `visit` one by one, holding only one in memory.
    ///
    /// # Errors
    /// What the engine answers, by class, or what `visit` answers.
    pub fn each<E: From<DbError>>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut visit: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut statement = self.prepared(sql)?;
        let mut rows = statement
            .query(rusqlite::params_from_iter(values))
            .map_err(|source| self.fault(source))?;
        while let Some(row) = rows.next().map_err(|source| self.fault(source))? {
            visit(&self.named(row))?;
        }
        Ok(())
    }

    fn named<'r>(&self, row: &'r rusqlite::Row<'r>) -> Row<'r> {
        Row {
            name: self.name,
            row,
        }
    }

    fn prepared(&self, sql: &str) -> Result<rusqlite::CachedStatement<'a>, DbError> {
        self.connection
            .prepare_cached(sql)
            .map_err(|source| self.fault(source))
    }

    pub(super) const fn connection(&self) -> &'a Connection {
        self.connection
    }

    fn fault(&self, source: rusqlite::Error) -> DbError {
        DbError::from_engine(self.name, source)
    }

    /// Whether the engine has ended the transaction by itself, as it does when the disk is full.
    pub(super) fn was_ended(&self) -> bool {
        self.connection().is_autocommit()
    }

    /// Runs one of the seam's own statements: BEGIN, SAVEPOINT, COMMIT and the like.
    pub(super) fn control(&self, sql: &str) -> Result<(), DbError> {
        self.prepared(sql)?
            .execute([])
            .map(|_| ())
            .map_err(|source| self.fault(source))
    }
}
