//! What the data center keeps of claims and of pieces seen in the mail.

use jiff::civil::Date;
use shared::clock::{UnixSeconds, date_of_decimal, decimal_date};
use shared::ids::{AccountId, PieceSerial, StationId};
use shared::money::{MAX_MILLS, Mills};
use shared::services::funds::refunds::{
    IDENTITY_BYTES, MAX_REFUND_LINES, RefundLine, RefundReason, RefundState, identity, serial_of,
};

use crate::db::{DbError, Row, Tx};
use crate::ledger::{LedgerAccount, TransferKind};
use crate::params;
use crate::stations;

/// The most claims one listing shows.
const LIST_MAX: i64 = 100_000;

/// A claim as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The piece.
    pub serial: PieceSerial,
    /// Whose it is.
    pub station: StationId,
    /// What was paid for it.
    pub amount: Mills,
    /// The date of mailing printed on it.
    pub printed: Date,
    /// When a credit becomes final.
    pub final_at: UnixSeconds,
    /// Where it stands.
    pub state: RefundState,
    /// Why it waits or was refused.
    pub reason: Option<RefundReason>,
    /// When it was claimed.
    pub claimed: UnixSeconds,
}

const COLUMNS: &str = "identity, station, amount, printed, final_at, state, reason, claimed";

fn read(row: &Row<'_>) -> Result<Refund, DbError> {
    let state: String = row.column(5)?;
    let reason: Option<String> = row.column(6)?;
    Ok(Refund {
        serial: serial_of(&row.column(0)?).ok_or_else(|| row.misfit(0))?,
        station: row.column(1)?,
        amount: row.column(2)?,
        printed: date_of_decimal(row.column(3)?).ok_or_else(|| row.misfit(3))?,
        final_at: row.column(4)?,
        state: RefundState::of_word(&state).ok_or_else(|| row.misfit(5))?,
        reason: reason.and_then(|word| RefundReason::of_word(&word)),
        claimed: row.column(7)?,
    })
}

/// The claim of a piece.
///
/// # Errors
/// [`DbError`].
pub fn find(tx: &Tx<'_>, identity: &[u8; IDENTITY_BYTES]) -> Result<Option<Refund>, DbError> {
    tx.row(
        &format!("SELECT {COLUMNS} FROM refund WHERE identity = ?1"),
        params![identity],
        read,
    )
}

/// All claims in a state, or all; the newest first, at most 100,000.
///
/// # Errors
/// [`DbError`].
pub fn list(tx: &Tx<'_>, state: Option<RefundState>) -> Result<Vec<Refund>, DbError> {
    tx.rows(
        &format!(
            "SELECT {COLUMNS} FROM refund WHERE ?1 IS NULL OR state = ?1
             ORDER BY claimed DESC, identity LIMIT ?2"
        ),
        params![state.map(RefundState::word), LIST_MAX],
        read,
    )
}

/// Claims whose pieces must not be accepted, with a date of mailing from `since` on, by identity; at
/// most `limit`.
///
/// # Errors
/// [`DbError`].
pub fn stopped(tx: &Tx<'_>, since: Date, limit: i64) -> Result<Vec<Refund>, DbError> {
    tx.rows(
        &format!(
            "SELECT {COLUMNS} FROM refund WHERE state <> 'refused' AND printed >= ?1
             ORDER BY identity LIMIT ?2"
        ),
        params![decimal_date(since), limit],
        read,
    )
}

/// Writes down a new claim.
///
/// # Errors
/// [`DbError`].
pub fn add(tx: &Tx<'_>, refund: &Refund) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO refund (identity, station, counter, amount, printed, final_at, state, reason,
            claimed, instant, told) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?7)",
        params![
            &identity(refund.serial),
            &refund.station,
            refund.serial.counter,
            refund.amount,
            decimal_date(refund.printed),
            refund.final_at,
            refund.state.word(),
            refund.reason.map(RefundReason::word),
            refund.claimed,
        ],
    )?;
    Ok(())
}

/// Notes that a claim was credited; `instant` when nobody but the rules decided.
///
/// # Errors
/// [`DbError`].
pub fn credited(
    tx: &Tx<'_>,
    identity: &[u8; IDENTITY_BYTES],
    instant: bool,
    now: UnixSeconds,
) -> Result<(), DbError> {
    tx.execute(
        "UPDATE refund SET state = 'provisional', reason = NULL, credited = ?2, instant = ?3
         WHERE identity = ?1",
        params![identity, now, instant],
    )?;
    Ok(())
}

/// Moves a claim to another state.
///
/// # Errors
/// [`DbError`].
pub fn move_to(
    tx: &Tx<'_>,
    identity: &[u8; IDENTITY_BYTES],
    state: RefundState,
    reason: Option<RefundReason>,
) -> Result<(), DbError> {
    tx.execute(
        "UPDATE refund SET state = ?2, reason = ?3 WHERE identity = ?1",
        params![identity, state.word(), reason.map(RefundReason::word)],
    )?;
    Ok(())
}

/// The stations with credits whose time has come.
///
/// # Errors
/// [`DbError`].
pub fn stations_of_ripe(tx: &Tx<'_>, now: UnixSeconds) -> Result<Vec<StationId>, DbError> {
    tx.rows(
        "SELECT DISTINCT station FROM refund WHERE state = 'provisional' AND final_at <= ?1
         LIMIT ?2",
        params![now, LIST_MAX],
        |row| row.column(0),
    )
}

/// Notes what the station was told of a claim.
///
/// # Errors
/// [`DbError`].
pub fn told(
    tx: &Tx<'_>,
    identity: &[u8; IDENTITY_BYTES],
    state: RefundState,
) -> Result<(), DbError> {
    tx.execute(
        "UPDATE refund SET told = ?2 WHERE identity = ?1",
        params![identity, state.word()],
    )?;
    Ok(())
}

/// The claims of a station that have changed since it was told, at most [`MAX_REFUND_LINES`], which
/// count as told from now on: the stream sends the reply that carries them until it is taken in.
///
/// # Errors
/// [`DbError`].
pub fn news(tx: &Tx<'_>, station: StationId) -> Result<Vec<RefundLine>, DbError> {
    let changed = tx.rows(
        &format!(
            "SELECT {COLUMNS} FROM refund WHERE station = ?1 AND told <> state
             ORDER BY identity LIMIT ?2"
        ),
        params![
            &station,
            i64::try_from(MAX_REFUND_LINES).unwrap_or(i64::MAX)
        ],
        read,
    )?;
    for refund in &changed {
        told(tx, &identity(refund.serial), refund.state)?;
    }
    let line = |refund: Refund| RefundLine {
        counter: refund.serial.counter,
        state: refund.state,
        reason: refund.reason,
    };
    Ok(changed.into_iter().map(line).collect())
}

/// What an account was credited at once for pieces since `since`, taken back or not.
///
/// # Errors
/// [`DbError`].
pub fn credited_since(
    tx: &Tx<'_>,
    account: AccountId,
    since: UnixSeconds,
) -> Result<Mills, DbError> {
    let sum: Option<u64> = tx.row(
        "SELECT COALESCE(SUM(refund.amount), 0)
         FROM refund JOIN station ON station.id = refund.station
         WHERE station.account = ?1 AND refund.instant = 1 AND refund.credited > ?2",
        params![&account, since],
        |row| row.column(0),
    )?;
    Ok(amount(sum.unwrap_or(0)))
}

/// What an account was credited for pieces that may still turn up.
///
/// # Errors
/// [`DbError`].
pub fn provisional(tx: &Tx<'_>, account: AccountId) -> Result<Mills, DbError> {
    let sum: Option<u64> = tx.row(
        "SELECT COALESCE(SUM(refund.amount), 0)
         FROM refund JOIN station ON station.id = refund.station
         WHERE station.account = ?1 AND refund.state = 'provisional'",
        params![&account],
        |row| row.column(0),
    )?;
    Ok(amount(sum.unwrap_or(0)))
}

/// What the stations of an account have stated as printed since `since`.
///
/// # Errors
/// [`DbError`].
pub fn printed_since(
    tx: &Tx<'_>,
    account: AccountId,
    since: UnixSeconds,
) -> Result<Mills, DbError> {
    let mut sum = Mills::ZERO;
    for station in stations::list(tx, Some(account))? {
        let one: Option<u64> = tx.row(
            "SELECT COALESCE(SUM(amount), 0) FROM transfer
             WHERE debit = ?1 AND kind = ?2 AND created > ?3",
            params![
                &LedgerAccount::Vault(station.vault).key(),
                i64::from(TransferKind::Printing.number()),
                since,
            ],
            |row| row.column(0),
        )?;
        sum = sum.plus(amount(one.unwrap_or(0))).unwrap_or(sum);
    }
    Ok(sum)
}

/// Whether a piece was seen in the mail.
///
/// # Errors
/// [`DbError`].
pub fn is_scanned(tx: &Tx<'_>, identity: &[u8; IDENTITY_BYTES]) -> Result<bool, DbError> {
    let found: Option<i64> = tx.row(
        "SELECT 1 FROM scanned_piece WHERE identity = ?1",
        params![identity],
        |row| row.column(0),
    )?;
    Ok(found.is_some())
}

/// Writes down that a piece was seen; answers whether for the first time.
///
/// # Errors
/// [`DbError`].
pub fn scanned(
    tx: &Tx<'_>,
    identity: &[u8; IDENTITY_BYTES],
    now: UnixSeconds,
) -> Result<bool, DbError> {
    let before = is_scanned(tx, identity)?;
    tx.execute(
        "INSERT INTO scanned_piece (identity, first_seen, times) VALUES (?1, ?2, 1)
         ON CONFLICT (identity) DO UPDATE SET times = scanned_piece.times + 1",
        params![identity, now],
    )?;
    Ok(!before)
}

/// Keeps the highest ascending register that a scanned indicium of a station has shown.
///
/// # Errors
/// [`DbError`].
pub fn shown(
    tx: &Tx<'_>,
    station: StationId,
    serial: PieceSerial,
    ascending: Mills,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO scanned_register (station, identity, ascending) VALUES (?1, ?2, ?3)
         ON CONFLICT (station) DO UPDATE
            SET identity = excluded.identity, ascending = excluded.ascending
            WHERE excluded.ascending > scanned_register.ascending",
        params![&station, &identity(serial), ascending],
    )?;
    Ok(())
}

/// The piece with the highest ascending register that was scanned of a station, and that register.
///
/// # Errors
/// [`DbError`].
pub fn highest(tx: &Tx<'_>, station: StationId) -> Result<Option<(PieceSerial, Mills)>, DbError> {
    tx.row(
        "SELECT identity, ascending FROM scanned_register WHERE station = ?1",
        params![&station],
        |row| {
            let serial = serial_of(&row.column(0)?).ok_or_else(|| row.misfit(0))?;
            Ok((serial, row.column(1)?))
        },
    )
}

fn amount(mills: u64) -> Mills {
    Mills::new(mills.min(MAX_MILLS)).unwrap_or(Mills::ZERO)
}
