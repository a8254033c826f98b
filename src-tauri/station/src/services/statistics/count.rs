//! Counting this station's own pieces, on a connection of its own: a long count keeps no clerk
//! waiting.

use jiff::civil::Date;
use rusqlite::Connection;
use shared::money::{Mills, MillsSum};
use shared::statistics::{Counting, Dimension, Slice};
use shared::vault::{Action, JournalRecord};

use super::page::{damaged, kind};
use crate::api::{PieceState, UiError};
use crate::messages::{Code, say};
use crate::store::pieces::PieceFacts;
use crate::store::query;

/// What counting found.
#[derive(Debug)]
pub struct Counted {
    /// The pieces that were asked for.
    pub counting: Counting,
    /// What all pieces of the vault add up to, whatever was asked for.
    pub all: MillsSum,
    /// The ascending register of the journal's last record.
    pub ascending: Mills,
}

/// Counts the pieces booked on `from` to `to` by `by`, in one consistent view of the store.
///
/// # Errors
/// `damaged_store` when journal and list of pieces do not fit, `bad_input` when there are too many
/// groups, and the faults of the database.
pub fn count(
    db: &Connection,
    station: &str,
    by: Vec<Dimension>,
    (from, to): (Date, Date),
) -> Result<Counted, UiError> {
    let what = "counting pieces";
    let snapshot = db.unchecked_transaction().map_err(query(what))?;
    let ascending = ascending(&snapshot)?;
    let mut statement = snapshot
        .prepare(
            "SELECT pieces.state, pieces.facts, journal.record
             FROM pieces JOIN journal ON journal.seq = pieces.journal_seq
             ORDER BY pieces.counter",
        )
        .map_err(query(what))?;
    let mut rows = statement.query([]).map_err(query(what))?;
    let mut counted = Counted {
        counting: Counting::by(by),
        all: MillsSum::ZERO,
        ascending,
    };
    while let Some(row) = rows.next().map_err(query(what))? {
        let state: String = row.get(0).map_err(query(what))?;
        let facts: String = row.get(1).map_err(query(what))?;
        let record: Vec<u8> = row.get(2).map_err(query(what))?;
        let piece = Piece::read(&state, &facts, &record).ok_or_else(damaged)?;
        piece.add(&mut counted, station, from, to)?;
    }
    Ok(counted)
}

/// The ascending register after the journal's last record.
fn ascending(db: &Connection) -> Result<Mills, UiError> {
    use rusqlite::OptionalExtension as _;
    let last: Option<Vec<u8>> = db
        .query_row(
            "SELECT record FROM journal ORDER BY seq DESC LIMIT 1",
            [],
            |row| row.get(0),
        )
        .optional()
        .map_err(query("reading the end of the journal"))?;
    let Some(last) = last else {
        return Ok(Mills::ZERO);
    };
    let record = JournalRecord::decode(&last).map_err(|_| damaged())?;
    let registers = record.registers().map_err(|_| damaged())?;
    Ok(registers.ascending())
}

/// A piece with the journal record that paid for it.
struct Piece {
    state: PieceState,
    facts: PieceFacts,
    user: String,
    booked: Date,
    postage: Mills,
}

impl Piece {
    fn read(state: &str, facts: &str, record: &[u8]) -> Option<Self> {
        let record = JournalRecord::decode(record).ok()?;
        let Ok(Action::Debit(debit)) = record.action() else {
            return None;
        };
        Some(Self {
            state: PieceState::of_word(state)?,
            facts: serde_json::from_str(facts).ok()?,
            user: record.user,
            booked: debit.booked,
            postage: debit.postage,
        })
    }

    fn add(
        &self,
        counted: &mut Counted,
        station: &str,
        from: Date,
        to: Date,
    ) -> Result<(), UiError> {
        let refused = |fault: &dyn std::fmt::Display| {
            say(
                Code::BadInput,
                &[("what", &format!("This cannot be counted: {fault}"))],
            )
        };
        let postage = MillsSum::from(self.postage);
        counted.all = counted.all.plus(postage).map_err(|fault| refused(&fault))?;
        if self.booked < from || self.booked > to {
            return Ok(());
        }
        let kind = kind(&self.facts, &self.user);
        let spoiled = self.state == PieceState::Spoiled;
        let slice = Slice::one(self.booked, station, &kind, self.postage, (spoiled, false));
        counted
            .counting
            .add(&slice)
            .map_err(|fault| refused(&fault))
    }
}
