//! Forgotten PINs of stations' users: ordered by an admin, told with the reply to the next
//! statement, because that is the one message at level L3 which every contact carries.
//!
//! Tables: `pin_reset`. Tests: `tests/it/pin_reset.rs`.

use shared::clock::UnixSeconds;
use shared::ids::StationId;
use shared::services::funds::pin_reset::PinReset;

use crate::db::{DbError, Tx};
use crate::params;

/// Orders a reset. It takes the place of an earlier one of the same station.
///
/// # Errors
/// [`DbError`].
pub fn order(tx: &Tx<'_>, station: StationId, reset: &PinReset) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO pin_reset (station, user_name, code_hash, until, told)
         VALUES (?1, ?2, ?3, ?4, 0)
         ON CONFLICT (station) DO UPDATE SET user_name = excluded.user_name,
            code_hash = excluded.code_hash, until = excluded.until, told = 0",
        params![&station, &reset.user, &reset.code_hash, reset.until],
    )?;
    Ok(())
}

/// The reset a station was not told of yet; it counts as told from now on, because the stream sends
/// the reply that carries it until it is taken in.
///
/// # Errors
/// [`DbError`].
pub fn news(
    tx: &Tx<'_>,
    station: StationId,
    now: UnixSeconds,
) -> Result<Option<PinReset>, DbError> {
    let reset = tx.row(
        "SELECT user_name, code_hash, until FROM pin_reset
         WHERE station = ?1 AND told = 0 AND until > ?2",
        params![&station, now],
        |row| {
            Ok(PinReset {
                user: row.column(0)?,
                code_hash: row.column(1)?,
                until: row.column(2)?,
            })
        },
    )?;
    if reset.is_some() {
        tx.execute(
            "UPDATE pin_reset SET told = 1 WHERE station = ?1",
            params![&station],
        )?;
    }
    Ok(reset)
}
