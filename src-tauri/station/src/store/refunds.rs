//! Spoiled pieces that were claimed back, and where each claim stands.

use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::clock::UnixSeconds;
use shared::services::funds::refunds::{RefundReason, RefundState};

use super::{Store, StoreFault, Tx, from_sql, query, to_sql};

/// The word of a claim that the data center has not answered yet.
const ASKED: &str = "asked";

/// A claim as it stands in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundRow {
    /// The piece's counter.
    pub counter: u32,
    /// Where it stands; nothing while the data center has not answered.
    pub state: Option<RefundState>,
    /// Why it waits or was refused.
    pub reason: Option<RefundReason>,
    /// How much of the journal the data center must have mirrored first.
    pub journal_size: u64,
    /// When a credit becomes final.
    pub final_at: Option<UnixSeconds>,
}

impl Store {
    /// The claim of a piece.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn refund(&self, counter: u32) -> Result<Option<RefundRow>, StoreFault> {
        one(&self.db, "counter = ?1", params![counter])
    }

    /// The oldest claim that the data center has not answered.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn unanswered_refund(&self) -> Result<Option<RefundRow>, StoreFault> {
        let filter = "state = ?1 ORDER BY counter LIMIT 1";
        one(&self.db, filter, params![ASKED])
    }
}

impl Tx<'_> {
    /// Writes a claim down, or where it stands now.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn put_refund(&mut self, row: &RefundRow, now: UnixSeconds) -> Result<(), StoreFault> {
        self.sql
            .prepare_cached(
                "INSERT INTO refunds (counter, state, reason, journal_size, final_at, changed)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (counter) DO UPDATE SET state = excluded.state,
                    reason = excluded.reason, journal_size = excluded.journal_size,
                    final_at = excluded.final_at, changed = excluded.changed",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    row.counter,
                    row.state.map_or(ASKED, RefundState::word),
                    row.reason.map(RefundReason::word),
                    to_sql(row.journal_size),
                    row.final_at.map(|at| at.0),
                    now.0
                ])
            })
            .map(drop)
            .map_err(query("writing a claim"))
    }

    /// The claim of a piece, as this transaction sees it.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn refund(&self, counter: u32) -> Result<Option<RefundRow>, StoreFault> {
        one(&self.sql, "counter = ?1", params![counter])
    }
}

fn one(
    db: &Connection,
    filter: &str,
    values: impl rusqlite::Params,
) -> Result<Option<RefundRow>, StoreFault> {
    let what = "reading a claim";
    let sql = format!(
        "SELECT counter, state, reason, journal_size, final_at FROM refunds WHERE {filter}"
    );
    let row = db
        .prepare_cached(&sql)
        .and_then(|mut statement| statement.query_row(values, raw).optional())
        .map_err(query(what))?;
    row.map(read).transpose()
}

/// A row before its words are read.
type Raw = (u32, String, Option<String>, i64, Option<i64>);

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok((
        row.get(0)?,
        row.get(1)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
    ))
}

fn read((counter, state, reason, size, final_at): Raw) -> Result<RefundRow, StoreFault> {
    let what = "a claim cannot be read";
    let known = RefundState::of_word(&state);
    if known.is_none() && state != ASKED {
        return Err(StoreFault::Damaged { what });
    }
    Ok(RefundRow {
        counter,
        state: known,
        reason: reason.and_then(|word| RefundReason::of_word(&word)),
        journal_size: from_sql(size, what)?,
        final_at: final_at.map(UnixSeconds),
    })
}
