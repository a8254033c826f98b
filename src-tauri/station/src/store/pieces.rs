//! Pieces: what was paid for and what became of it.
//!
//! The facts of a piece are readable; its indicium and the inputs of its label are sealed, and
//! erased once it is printed or spoiled. The seal authenticates facts and state too, so that an
//! edited row cannot make a piece printable again.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shared::money::Mills;
use shared::vault::{Action, JournalRecord};
use zeroize::Zeroizing;

use super::sealing::{Place, Sealer};
use super::{Store, StoreFault, Tx, from_sql, query, to_sql};
use crate::api::PieceState;

/// The table's name, part of what every seal authenticates.
const TABLE: &str = "pieces";

/// What is readable of a piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PieceFacts {
    /// Mail class.
    pub class: String,
    /// Shape.
    pub shape: String,
    /// Weight, nanograms.
    pub weight_nanograms: u64,
    /// Postage.
    pub postage: Mills,
    /// Date of mailing.
    pub date: jiff::civil::Date,
    /// Destination digits.
    pub destination: String,
    /// City and state, where known.
    pub place: Option<String>,
    /// The cost centre it is booked on.
    pub cost_centre: Option<String>,
    /// The rate category of the indicium.
    pub category: String,
    /// The certificate the indicium names.
    pub certificate: u32,
    /// By what it was priced; absent from pieces of programs that did not note it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priced_by: Option<PricedBy>,
    /// The counter of the earlier piece it amends; the shape says how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amends: Option<u32>,
}

/// Which price a piece has paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedBy {
    /// The rate edition.
    pub edition: String,
    /// The weight step: its upper limit, nanograms.
    pub step_nanograms: u64,
    /// The zone, for zoned classes.
    pub zone: Option<u8>,
}

/// A piece as it stands in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PieceRow {
    /// Its counter.
    pub counter: u32,
    /// Its state.
    pub state: PieceState,
    /// When it was debited, Unix seconds.
    pub created: i64,
    /// The number of its debit's journal record.
    pub journal_seq: u64,
    /// What is readable of it.
    pub facts: PieceFacts,
    /// SHA-256 of the committed raster.
    pub raster: [u8; 32],
    /// The asker's key, when there was one.
    pub job_key: Option<String>,
    /// One sentence that belongs to the state.
    pub message: Option<String>,
}

/// A piece with its sealed inputs, ready to be added.
pub struct SealedPiece {
    /// The piece.
    pub row: PieceRow,
    facts: String,
    sealed: Vec<u8>,
}

/// Seals pieces on any thread; the owner adds them.
pub struct PieceSealer(Sealer);

impl PieceSealer {
    /// Seals what goes with a piece.
    ///
    /// # Errors
    /// The faults of sealing.
    pub fn seal(&self, row: PieceRow, inputs: &[u8]) -> Result<SealedPiece, StoreFault> {
        let facts = text(&row.facts);
        let key = primary_key(row.counter, row.state, &facts, &row.raster);
        let sealed = self.0.seal(&place(&key, row.journal_seq), inputs)?;
        Ok(SealedPiece { row, facts, sealed })
    }
}

/// The columns of a [`PieceRow`].
const COLUMNS: &str = "counter, state, created, journal_seq, facts, raster, job_key, message";

impl Store {
    /// What seals pieces on other threads; good as long as this owner writes nothing else than
    /// those pieces. Should their data key be used up meanwhile, it still opens them.
    ///
    /// # Errors
    /// [`StoreFault::NotUnlocked`].
    pub fn piece_sealer(&self) -> Result<PieceSealer, StoreFault> {
        let sealing = self.sealing.as_ref().ok_or(StoreFault::NotUnlocked)?;
        sealing.sealer(TABLE).map(PieceSealer)
    }

    /// The piece with this counter.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn piece(&self, counter: u32) -> Result<Option<PieceRow>, StoreFault> {
        one(&self.db, "counter = ?1", params![counter])
    }

    /// The piece a job of the asker led to.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn piece_of_job(&self, job_key: &str) -> Result<Option<PieceRow>, StoreFault> {
        one(&self.db, "job_key = ?1", params![job_key])
    }

    /// Pieces, newest first: at most `limit`, only those in `state` and older than the piece `before`
    /// when one is given.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn pieces(
        &self,
        state: Option<PieceState>,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<PieceRow>, StoreFault> {
        let filter = "(?1 IS NULL OR state = ?1) AND (?2 IS NULL OR counter < ?2)
                      ORDER BY counter DESC LIMIT ?3";
        many(
            &self.db,
            filter,
            params![state.map(PieceState::word), before, limit],
        )
    }

    /// How many pieces are in `state`.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn count_pieces(&self, state: PieceState) -> Result<u32, StoreFault> {
        self.db
            .prepare_cached("SELECT count(*) FROM pieces WHERE state = ?1")
            .and_then(|mut s| s.query_row([state.word()], |row| row.get(0)))
            .map_err(query("counting pieces"))
    }

    /// The sealed inputs of a piece; `None` once they were erased.
    ///
    /// # Errors
    /// [`StoreFault::Seal`] when the row was altered, and the faults of the database.
    pub fn piece_inputs(&self, piece: &PieceRow) -> Result<Option<Zeroizing<Vec<u8>>>, StoreFault> {
        let Some(sealed) = sealed(&self.db, piece.counter)? else {
            return Ok(None);
        };
        let sealing = self.sealing.as_ref().ok_or(StoreFault::NotUnlocked)?;
        let key = primary_key(
            piece.counter,
            piece.state,
            &text(&piece.facts),
            &piece.raster,
        );
        sealing
            .open(&place(&key, piece.journal_seq), &sealed)
            .map(Some)
    }
}

impl Tx<'_> {
    /// Adds a piece with its sealed inputs.
    ///
    /// # Errors
    /// The faults of sealing and of the database.
    pub fn add_piece(&mut self, piece: &PieceRow, inputs: &[u8]) -> Result<(), StoreFault> {
        let sealer = self.sealing()?.sealer(TABLE).map(PieceSealer)?;
        self.add_sealed(&sealer.seal(piece.clone(), inputs)?)
    }

    /// Adds a piece that a [`PieceSealer`] has sealed.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn add_sealed(&mut self, sealed: &SealedPiece) -> Result<(), StoreFault> {
        self.sealing_mut()?.count(TABLE)?;
        let SealedPiece {
            row: piece,
            facts,
            sealed,
        } = sealed;
        self.sql
            .prepare_cached(
                "INSERT INTO pieces (counter, state, created, journal_seq, facts, raster, job_key,
                 message, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    piece.counter,
                    piece.state.word(),
                    piece.created,
                    to_sql(piece.journal_seq),
                    facts,
                    piece.raster,
                    piece.job_key,
                    piece.message,
                    sealed
                ])
            })
            .map(drop)
            .map_err(query("writing a piece"))
    }

    /// Moves a piece to another state. Its sealed inputs move along, or are erased with `printed`
    /// and `spoiled`, which nothing follows that would need them.
    ///
    /// # Errors
    /// [`StoreFault::Seal`] when the row was altered, and the faults of the database.
    pub fn move_piece(
        &mut self,
        piece: &PieceRow,
        to: PieceState,
        message: Option<&str>,
    ) -> Result<PieceRow, StoreFault> {
        let facts = text(&piece.facts);
        let sealed = match to {
            PieceState::Printed | PieceState::Spoiled => None,
            PieceState::Prepared
            | PieceState::Sending
            | PieceState::Sent
            | PieceState::NotPrinted
            | PieceState::Unknown => match sealed(&self.sql, piece.counter)? {
                None => None,
                Some(before) => {
                    let key = |state| primary_key(piece.counter, state, &facts, &piece.raster);
                    let seq = piece.journal_seq;
                    let inputs = self
                        .sealing()?
                        .open(&place(&key(piece.state), seq), &before)?;
                    let after = key(to);
                    Some(self.sealing_mut()?.seal(&place(&after, seq), &inputs)?)
                }
            },
        };
        self.sql
            .prepare_cached(
                "UPDATE pieces SET state = ?2, message = ?3, sealed = ?4 WHERE counter = ?1",
            )
            .and_then(|mut s| s.execute(params![piece.counter, to.word(), message, sealed]))
            .map_err(query("moving a piece to another state"))?;
        Ok(PieceRow {
            state: to,
            message: message.map(str::to_owned),
            ..piece.clone()
        })
    }

    /// The piece with this counter, as this transaction sees it.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn piece(&self, counter: u32) -> Result<Option<PieceRow>, StoreFault> {
        one(&self.sql, "counter = ?1", params![counter])
    }

    /// The pieces in `state`, oldest first.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn pieces_in(&self, state: PieceState) -> Result<Vec<PieceRow>, StoreFault> {
        many(
            &self.sql,
            "state = ?1 ORDER BY counter",
            params![state.word()],
        )
    }
}

/// The counter of a debit whose piece is not listed as debited; `None` when all is well.
pub(super) fn unlisted(db: &Connection, record: &JournalRecord) -> Result<Option<u32>, StoreFault> {
    let Ok(Action::Debit(debit)) = record.action() else {
        return Ok(None);
    };
    let listed = one(db, "counter = ?1", params![debit.counter])?.is_some_and(|piece| {
        piece.facts.postage == debit.postage
            && piece.facts.date == debit.date
            && piece.facts.category.as_bytes() == debit.category
            && piece.raster == debit.raster
            && piece.journal_seq == record.sequence
    });
    Ok((!listed).then_some(debit.counter))
}

fn sealed(db: &Connection, counter: u32) -> Result<Option<Vec<u8>>, StoreFault> {
    db.prepare_cached("SELECT sealed FROM pieces WHERE counter = ?1")
        .and_then(|mut s| s.query_row([counter], |row| row.get(0)).optional())
        .map(Option::flatten)
        .map_err(query("reading a piece's sealed inputs"))
}

fn one(
    db: &Connection,
    filter: &str,
    values: impl rusqlite::Params,
) -> Result<Option<PieceRow>, StoreFault> {
    Ok(many(db, filter, values)?.into_iter().next())
}

fn many(
    db: &Connection,
    filter: &str,
    values: impl rusqlite::Params,
) -> Result<Vec<PieceRow>, StoreFault> {
    let what = "reading pieces";
    let mut statement = db
        .prepare_cached(&format!("SELECT {COLUMNS} FROM pieces WHERE {filter}"))
        .map_err(query(what))?;
    let mut rows = statement.query(values).map_err(query(what))?;
    let mut pieces = Vec::new();
    while let Some(row) = rows.next().map_err(query(what))? {
        pieces.push(read(row)?);
    }
    Ok(pieces)
}

fn read(row: &Row<'_>) -> Result<PieceRow, StoreFault> {
    let what = "reading a piece";
    let damaged = StoreFault::Damaged {
        what: "a piece cannot be read",
    };
    let state: String = row.get(1).map_err(query(what))?;
    let facts: String = row.get(4).map_err(query(what))?;
    let raster: Vec<u8> = row.get(5).map_err(query(what))?;
    let parsed = (
        PieceState::of_word(&state),
        serde_json::from_str(&facts).ok(),
        raster.try_into().ok(),
    );
    let (Some(state), Some(facts), Some(raster)) = parsed else {
        return Err(damaged);
    };
    Ok(PieceRow {
        counter: row.get(0).map_err(query(what))?,
        state,
        created: row.get(2).map_err(query(what))?,
        journal_seq: from_sql(row.get(3).map_err(query(what))?, what)?,
        facts,
        raster,
        job_key: row.get(6).map_err(query(what))?,
        message: row.get(7).map_err(query(what))?,
    })
}

/// The facts as the row holds them. Fields are written in the order of the struct, so that the
/// same facts always give the same text.
fn text(facts: &PieceFacts) -> String {
    serde_json::to_string(facts).expect("facts are strings and numbers")
}

/// What the seal authenticates as the row's key: counter, state, facts and raster.
fn primary_key(counter: u32, state: PieceState, facts: &str, raster: &[u8; 32]) -> Vec<u8> {
    let counter = counter.to_be_bytes();
    let facts = Sha256::digest(facts.as_bytes());
    let state = state.word().as_bytes();
    [&counter, raster.as_slice(), &facts, state].concat()
}

const fn place(primary_key: &[u8], journal_size: u64) -> Place<'_> {
    Place {
        table: TABLE,
        primary_key,
        journal_size,
    }
}
