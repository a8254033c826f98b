//! What the mirror keeps.

use shared::clock::UnixSeconds;
use shared::ids::{StationId, VaultId};
use shared::vault::{Action, Follower};

use super::Taken;
use crate::db::{DbError, Tx};
use crate::params;

/// The most records that speak of one piece: its debit and what the clerk said, again and again.
const PIECE_RECORDS_MAX: u32 = 256;

/// What a stored row that cannot be read is reported as.
pub(super) const fn damaged() -> DbError {
    DbError::Column {
        name: "mirror",
        column: 0,
    }
}

/// Where the mirror of a vault stands; at the beginning when nothing of it is mirrored.
///
/// # Errors
/// [`DbError`].
pub fn find(tx: &Tx<'_>, vault: VaultId) -> Result<Follower, DbError> {
    let stored: Option<Vec<u8>> = tx.row(
        "SELECT follower FROM mirror WHERE vault = ?1",
        params![&vault],
        |row| row.column(0),
    )?;
    stored.map_or(Ok(Follower::new()), |bytes| {
        Follower::from_bytes(&bytes).ok_or_else(damaged)
    })
}

/// Stores a page that was taken. Nothing is written for a page without records.
///
/// # Errors
/// [`DbError`].
pub fn store(
    tx: &Tx<'_>,
    vault: VaultId,
    bytes: &[Vec<u8>],
    taken: &Taken,
    now: UnixSeconds,
) -> Result<(), DbError> {
    for (record, bytes) in taken.records.iter().zip(bytes) {
        let sequence = big(record.sequence);
        tx.execute(
            "INSERT INTO station_record (vault, sequence, record) VALUES (?1, ?2, ?3)",
            params![&vault, sequence, bytes],
        )?;
        let counter = match record.action().map_err(|_| damaged())? {
            Action::Debit(piece) => Some(piece.counter),
            Action::Burn(burned) => Some(burned.counter),
            Action::Answer(answer) => Some(answer.counter),
            Action::Enrol(_)
            | Action::Refill(_)
            | Action::Receive(_)
            | Action::Freeze(_)
            | Action::Withdraw(_) => None,
        };
        if let Some(counter) = counter {
            tx.execute(
                "INSERT INTO station_piece (vault, counter, sequence) VALUES (?1, ?2, ?3)",
                params![&vault, counter, sequence],
            )?;
        }
    }
    if taken.records.is_empty() {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO mirror (vault, size, follower, updated) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (vault) DO UPDATE SET size = excluded.size, follower = excluded.follower,
            updated = excluded.updated",
        params![
            &vault,
            big(taken.follower.size()),
            &taken.follower.bytes(),
            now
        ],
    )?;
    Ok(())
}

/// The records that speak of one piece of a station, in their order.
pub(super) fn records_of_piece(
    tx: &Tx<'_>,
    station: StationId,
    counter: u32,
) -> Result<Vec<Vec<u8>>, DbError> {
    tx.rows(
        "SELECT station_record.record FROM station
            JOIN station_piece ON station_piece.vault = station.vault
            JOIN station_record ON station_record.vault = station_piece.vault
                AND station_record.sequence = station_piece.sequence
         WHERE station.id = ?1 AND station_piece.counter = ?2
         ORDER BY station_piece.sequence LIMIT ?3",
        params![&station, counter, PIECE_RECORDS_MAX],
        |row| row.column(0),
    )
}

/// Hands every mirrored record of a vault to `visit`, in order.
///
/// # Errors
/// [`DbError`], and what `visit` answers.
pub fn each_record<E: From<DbError>>(
    tx: &Tx<'_>,
    vault: VaultId,
    mut visit: impl FnMut(u64, Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    tx.each(
        "SELECT sequence, record FROM station_record WHERE vault = ?1 ORDER BY sequence",
        params![&vault],
        |row| visit(row.column(0)?, row.column(1)?),
    )
}

/// A record's number as a BIGINT; those past its end never occur.
fn big(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
