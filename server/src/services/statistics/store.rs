//! Statistics as they lie in the database.

use jiff::civil::Date;
use sha2::{Digest as _, Sha256};
use shared::clock::{UnixSeconds, date_of_decimal};
use shared::ids::VaultId;
use shared::money::Mills;
use shared::services::statistics::{DebitFact, FateFact, PieceKind};
use shared::statistics::Mark;
use shared::vault::Fate;
use shared::wire::to_cbor;

use crate::db::{DbError, Row, Tx};
use crate::params;

/// The most marks of one vault that are looked at: a contact an hour for a century.
const MARKS_MAX: i64 = 1_000_000;

/// The most contradictions of one vault that are shown.
const CONTRADICTIONS_MAX: i64 = 100;

/// The number of a kind: it follows from the kind, so that two stations never need to agree.
pub(crate) type KindId = [u8; 16];

/// How far a vault was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The first journal record not told of.
    pub next: u64,
    /// The last mark up to which its pieces have added up.
    pub held: Mark,
    /// When it was last heard.
    pub at: UnixSeconds,
}

/// A stored piece, as far as it can be contradicted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPiece {
    /// Its counter.
    pub counter: u32,
    /// The day it is booked on, decimal.
    pub day: u32,
    /// Its kind.
    pub kind: KindId,
    /// Its postage.
    pub postage: Mills,
}

/// A page that contradicted what was told before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The journal record it was about.
    pub sequence: u64,
    /// What was told first.
    pub told_before: String,
    /// What was told later.
    pub told_now: String,
    /// When.
    pub raised: UnixSeconds,
}

/// A mark and when it was stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatedMark {
    /// The mark.
    pub mark: Mark,
    /// When.
    pub stated: UnixSeconds,
}

/// Writes down what a station has signed of its register; the same again changes nothing. Called
/// in the transaction that accepts the statement.
///
/// # Errors
/// [`DbError`].
pub fn put_mark(tx: &Tx<'_>, vault: VaultId, mark: Mark, now: UnixSeconds) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO statistic_mark (vault, size, ascending, stated) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
        params![&vault, big(mark.size), mark.ascending, now],
    )?;
    Ok(())
}

/// The marks of a vault after a size, in order.
///
/// # Errors
/// [`DbError`].
pub fn marks(tx: &Tx<'_>, vault: VaultId, after: u64) -> Result<Vec<StatedMark>, DbError> {
    tx.rows(
        "SELECT size, ascending, stated FROM statistic_mark
         WHERE vault = ?1 AND size > ?2 ORDER BY size LIMIT ?3",
        params![&vault, big(after), MARKS_MAX],
        |row| {
            Ok(StatedMark {
                mark: Mark {
                    size: row.column(0)?,
                    ascending: row.column(1)?,
                },
                stated: row.column(2)?,
            })
        },
    )
}

/// How far a vault was heard; nothing before its first page.
///
/// # Errors
/// [`DbError`].
pub fn heard(tx: &Tx<'_>, vault: VaultId) -> Result<Option<Heard>, DbError> {
    tx.row(
        "SELECT next, held_size, held_ascending, heard FROM statistic_vault WHERE vault = ?1",
        params![&vault],
        |row| {
            Ok(Heard {
                next: row.column(0)?,
                held: Mark {
                    size: row.column(1)?,
                    ascending: row.column(2)?,
                },
                at: row.column(3)?,
            })
        },
    )
}

/// Writes down how far a vault was heard.
///
/// # Errors
/// [`DbError`].
pub fn put_heard(tx: &Tx<'_>, vault: VaultId, heard: &Heard) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO statistic_vault (vault, next, held_size, held_ascending, heard)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (vault) DO UPDATE SET next = excluded.next, held_size = excluded.held_size,
            held_ascending = excluded.held_ascending, heard = excluded.heard",
        params![
            &vault,
            big(heard.next),
            big(heard.held.size),
            heard.held.ascending,
            heard.at
        ],
    )?;
    Ok(())
}

/// Writes a kind down, unless it is there.
///
/// # Errors
/// [`DbError`].
pub(super) fn put_kind(tx: &Tx<'_>, kind: &PieceKind) -> Result<KindId, DbError> {
    let digest: [u8; 32] = Sha256::digest(to_cbor(kind)).into();
    let mut id = KindId::default();
    id.copy_from_slice(&digest[..16]);
    tx.execute(
        "INSERT INTO statistic_kind (id, class, shape, step, zone, edition, cost_centre, person)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        params![
            &id,
            &kind.class,
            &kind.shape,
            kind.step.map(big),
            kind.zone.map(u32::from),
            kind.edition.as_ref(),
            kind.cost_centre.as_ref(),
            &kind.user,
        ],
    )?;
    Ok(id)
}

/// The kind with this number.
///
/// # Errors
/// [`DbError`].
pub(crate) fn kind(tx: &Tx<'_>, id: &KindId) -> Result<Option<PieceKind>, DbError> {
    tx.row(
        "SELECT class, shape, step, zone, edition, cost_centre, person FROM statistic_kind
         WHERE id = ?1",
        params![id],
        |row| {
            let zone: Option<u32> = row.column(3)?;
            let zone = zone.map(u8::try_from).transpose();
            Ok(PieceKind {
                class: row.column(0)?,
                shape: row.column(1)?,
                step: row.column(2)?,
                zone: zone.map_err(|_| row.misfit(3))?,
                edition: row.column(4)?,
                cost_centre: row.column(5)?,
                user: row.column(6)?,
            })
        },
    )
}

/// The piece that was told of at a journal record.
///
/// # Errors
/// [`DbError`].
pub(super) fn piece_at(
    tx: &Tx<'_>,
    vault: VaultId,
    sequence: u64,
) -> Result<Option<StoredPiece>, DbError> {
    piece(
        tx,
        "SELECT counter, day, kind, postage FROM statistic_piece
         WHERE vault = ?1 AND sequence = ?2",
        vault,
        big(sequence),
    )
}

/// The piece with a counter.
///
/// # Errors
/// [`DbError`].
pub(super) fn piece_of(
    tx: &Tx<'_>,
    vault: VaultId,
    counter: u32,
) -> Result<Option<StoredPiece>, DbError> {
    piece(
        tx,
        "SELECT counter, day, kind, postage FROM statistic_piece
         WHERE vault = ?1 AND counter = ?2",
        vault,
        i64::from(counter),
    )
}

fn piece(
    tx: &Tx<'_>,
    sql: &str,
    vault: VaultId,
    number: i64,
) -> Result<Option<StoredPiece>, DbError> {
    tx.row(sql, params![&vault, number], |row| {
        Ok(StoredPiece {
            counter: row.column(0)?,
            day: row.column(1)?,
            kind: row.column(2)?,
            postage: row.column(3)?,
        })
    })
}

/// Writes a piece down.
///
/// # Errors
/// [`DbError`].
pub(super) fn add_piece(
    tx: &Tx<'_>,
    vault: VaultId,
    fact: &DebitFact,
    kind: &KindId,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO statistic_piece (vault, sequence, counter, day, kind, postage, fate)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0)",
        params![
            &vault,
            big(fact.sequence),
            fact.counter,
            fact.booked,
            kind,
            fact.postage
        ],
    )?;
    Ok(())
}

/// Writes down what became of a piece.
///
/// # Errors
/// [`DbError`].
pub(super) fn put_fate(tx: &Tx<'_>, vault: VaultId, fact: &FateFact) -> Result<(), DbError> {
    tx.execute(
        "UPDATE statistic_piece SET fate = ?3 WHERE vault = ?1 AND counter = ?2",
        params![&vault, fact.counter, fate_number(fact.fate)],
    )?;
    Ok(())
}

/// The number of a fate in the table.
pub(crate) const fn fate_number(fate: Fate) -> i64 {
    match fate {
        Fate::Printed => 1,
        Fate::Spoiled => 2,
        Fate::NotPrinted => 3,
    }
}

/// Hands the debits of a vault from a record on to `visit`, in order.
///
/// # Errors
/// [`DbError`].
pub(super) fn each_debit(
    tx: &Tx<'_>,
    vault: VaultId,
    from: u64,
    mut visit: impl FnMut(u64, Mills),
) -> Result<(), DbError> {
    tx.each(
        "SELECT sequence, postage FROM statistic_piece
         WHERE vault = ?1 AND sequence >= ?2 ORDER BY sequence",
        params![&vault, big(from)],
        |row| {
            visit(row.column(0)?, row.column(1)?);
            Ok(())
        },
    )
}

/// Keeps both versions of what a page contradicts; the first contradiction of a record stays.
///
/// # Errors
/// [`DbError`].
pub(super) fn contradict(
    tx: &Tx<'_>,
    vault: VaultId,
    contradiction: &Contradiction,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO statistic_contradiction (vault, sequence, told_before, told_now, raised)
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        params![
            &vault,
            big(contradiction.sequence),
            &contradiction.told_before,
            &contradiction.told_now,
            contradiction.raised
        ],
    )?;
    Ok(())
}

/// The contradictions of a vault, oldest first.
///
/// # Errors
/// [`DbError`].
pub fn contradictions(tx: &Tx<'_>, vault: VaultId) -> Result<Vec<Contradiction>, DbError> {
    tx.rows(
        "SELECT sequence, told_before, told_now, raised FROM statistic_contradiction
         WHERE vault = ?1 ORDER BY sequence LIMIT ?2",
        params![&vault, CONTRADICTIONS_MAX],
        |row| {
            Ok(Contradiction {
                sequence: row.column(0)?,
                told_before: row.column(1)?,
                told_now: row.column(2)?,
                raised: row.column(3)?,
            })
        },
    )
}

/// A day as it stands in a row.
pub(crate) fn day(row: &Row<'_>, column: usize) -> Result<Date, DbError> {
    date_of_decimal(row.column(column)?).ok_or_else(|| row.misfit(column))
}

/// A number of the protocol as a BIGINT; those past its end never occur.
pub(super) fn big(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
