//! What the data center keeps of vaults and refills.

use shared::clock::UnixSeconds;
use shared::ids::{AccountId, PsdId, RefillId, StationId, VaultId};
use shared::money::Mills;
use shared::vault::Registers;

use super::rules::{Mirror, OpenGrant};
use crate::db::{DbError, Row, Tx};
use crate::params;

/// The most one piece may cost unless an admin says otherwise, mills.
const DEFAULT_MAX_PIECE: i64 = 100_000;

/// The most a vault may hold unless an admin says otherwise, mills.
const DEFAULT_MAX_DESCENDING: i64 = 500_000;

/// A vault's row, with what its station's row says beside it.
#[derive(Clone, Debug)]
pub struct VaultRow {
    /// The customer account it draws on.
    pub account: AccountId,
    /// The account's name.
    pub account_name: String,
    /// Whether the station is `active`; any other state refuses refills.
    pub active: bool,
    /// When the station was last heard.
    pub last_contact: Option<UnixSeconds>,
    /// The vault as the data center knows it.
    pub mirror: Mirror,
}

impl VaultRow {
    /// The time of a receipt: a clock that was set back must not turn a station's time back, or
    /// the station could not take the receipt, nor the grant that comes with it.
    #[must_use]
    pub fn time(&self, now: UnixSeconds) -> UnixSeconds {
        self.last_contact.map_or(now, |last| now.max(last))
    }
}

/// Makes the row of a vault at its station's enrolment, all registers 0.
///
/// # Errors
/// [`DbError`].
pub fn create(tx: &Tx<'_>, station: StationId) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO vault (station, max_piece, max_descending, ascending, descending,
            control_total, pieces, last_grant, accepted_size, accepted_root)
         VALUES (?1, ?2, ?3, 0, 0, 0, 0, 0, 0, ?4)",
        params![
            &station,
            DEFAULT_MAX_PIECE,
            DEFAULT_MAX_DESCENDING,
            &shared::merkle::EMPTY_ROOT
        ],
    )?;
    Ok(())
}

/// The vault of a station; nothing before its enrolment.
///
/// # Errors
/// [`DbError`].
pub fn find(tx: &Tx<'_>, station: StationId) -> Result<Option<VaultRow>, DbError> {
    tx.row(
        "SELECT account.id, account.name, station.state, station.vault, station.psd_serial,
            max_piece, max_descending, ascending, descending, control_total, pieces, last_grant,
            accepted_size, accepted_root, grant_number, grant_refill, grant_amount,
            station.last_contact
         FROM vault JOIN station ON station.id = vault.station
            JOIN account ON account.id = station.account
         WHERE vault.station = ?1",
        params![&station],
        read,
    )
}

fn read(row: &Row<'_>) -> Result<VaultRow, DbError> {
    let fault = |_| DbError::Column {
        name: "vault",
        column: 7,
    };
    let state: String = row.column(2)?;
    let vault: VaultId = row.column(3)?;
    let registers = Registers::checked(
        row.column(7)?,
        row.column(8)?,
        row.column(9)?,
        row.column(10)?,
    )
    .map_err(fault)?;
    let number: Option<u64> = row.column(14)?;
    let refill: Option<RefillId> = row.column(15)?;
    let amount: Option<Mills> = row.column(16)?;
    let open = match (number, refill, amount) {
        (Some(number), Some(refill), Some(amount)) => Some(OpenGrant {
            number,
            refill,
            amount,
        }),
        _ => None,
    };
    let mirror = Mirror {
        vault,
        psd: PsdId::specimen(row.column(4)?),
        registers,
        last_grant: row.column(11)?,
        accepted_size: row.column(12)?,
        accepted_root: row.column(13)?,
        open,
        max_piece: row.column(5)?,
        max_descending: row.column(6)?,
    };
    Ok(VaultRow {
        account: row.column(0)?,
        account_name: row.column(1)?,
        active: state == "active",
        last_contact: row.column(17)?,
        mirror,
    })
}

/// Writes down what a vault stated and what is open, and that its station was heard. The time of
/// that never falls.
///
/// # Errors
/// [`DbError`].
pub fn update(
    tx: &Tx<'_>,
    station: StationId,
    mirror: &Mirror,
    now: UnixSeconds,
) -> Result<(), DbError> {
    let registers = mirror.registers;
    tx.execute(
        "UPDATE vault SET ascending = ?2, descending = ?3, control_total = ?4, pieces = ?5,
            last_grant = ?6, accepted_size = ?7, accepted_root = ?8, grant_number = ?9,
            grant_refill = ?10, grant_amount = ?11 WHERE station = ?1",
        params![
            &station,
            registers.ascending(),
            registers.descending(),
            registers.control_total(),
            big(registers.pieces()),
            big(mirror.last_grant),
            big(mirror.accepted_size),
            &mirror.accepted_root,
            mirror.open.map(|open| big(open.number)),
            mirror.open.as_ref().map(|open| &open.refill),
            mirror.open.map(|open| open.amount),
        ],
    )?;
    tx.execute(
        "UPDATE station SET last_contact = ?2
         WHERE id = ?1 AND (last_contact IS NULL OR last_contact < ?2)",
        params![&station, now],
    )?;
    Ok(())
}

/// One decided refill.
#[derive(Debug)]
pub struct RefillRow<'a> {
    /// The refill.
    pub refill: RefillId,
    /// Whose it is.
    pub station: StationId,
    /// The grant asked for.
    pub number: u64,
    /// The amount.
    pub amount: Mills,
    /// Whether it was granted.
    pub granted: bool,
    /// SHA-256 of the signed request.
    pub request_hash: &'a [u8; 32],
    /// The signed reply.
    pub reply: &'a [u8],
    /// When it was decided.
    pub created: UnixSeconds,
}

/// Writes down the decision on a refill; it is never changed afterwards, only its state.
///
/// # Errors
/// [`DbError`].
pub fn decided(tx: &Tx<'_>, row: &RefillRow<'_>) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO refill (id, station, number, amount, state, request_hash, reply, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            &row.refill,
            &row.station,
            big(row.number),
            row.amount,
            if row.granted { "open" } else { "refused" },
            row.request_hash,
            row.reply,
            row.created,
        ],
    )?;
    Ok(())
}

/// Whether a refill was decided before.
///
/// # Errors
/// [`DbError`].
pub fn is_decided(tx: &Tx<'_>, refill: RefillId) -> Result<bool, DbError> {
    let found: Option<i64> = tx.row(
        "SELECT 1 FROM refill WHERE id = ?1",
        params![&refill],
        |row| row.column(0),
    )?;
    Ok(found.is_some())
}

/// The signed reply to a station's refill, when it was decided.
///
/// # Errors
/// [`DbError`].
pub fn decision(
    tx: &Tx<'_>,
    station: StationId,
    refill: RefillId,
) -> Result<Option<Vec<u8>>, DbError> {
    tx.row(
        "SELECT reply FROM refill WHERE id = ?1 AND station = ?2",
        params![&refill, &station],
        |row| row.column(0),
    )
}

/// Marks a refill whose grant a statement covers.
///
/// # Errors
/// [`DbError`].
pub fn posted(tx: &Tx<'_>, refill: RefillId) -> Result<(), DbError> {
    tx.execute(
        "UPDATE refill SET state = 'posted' WHERE id = ?1 AND state = 'open'",
        params![&refill],
    )?;
    Ok(())
}

/// Remembers which certificate vouches for which refill.
///
/// # Errors
/// [`DbError`].
pub fn certified(
    tx: &Tx<'_>,
    serial: &[u8],
    station: StationId,
    refill: RefillId,
    not_after: UnixSeconds,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO indicium_certificate (serial, station, refill, not_after)
         VALUES (?1, ?2, ?3, ?4)",
        params![serial, &station, &refill, not_after],
    )?;
    Ok(())
}

/// A number of the protocol as a BIGINT; those past its end never occur.
fn big(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
