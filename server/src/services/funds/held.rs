//! Value of vaults that have ended: what is credited at once, what is held, and when it comes free.
//!
//! Until `hold_until` (the newest indicium certificate's end and ten days) unspent value may still
//! turn up on paper. Held value moves to the account by upkeep, or to printed when such a piece is
//! scanned; of a lost vault only by two admins' approval.

use sha2::{Digest as _, Sha256};
use shared::clock::UnixSeconds;
use shared::ids::{AccountId, StationId};
use shared::money::{MAX_MILLS, Mills};
use shared::rule_pack::RulePack;
use shared::services::ServiceId;
use shared::vault::HOLD_DAYS;

use crate::ca::deny::{self, Serial};
use crate::db::{Concerned, DbError, Row, Tx};
use crate::epochs;
use crate::ledger::{
    self, Ledger, LedgerAccount, LedgerError, Transfer, TransferId, TransferKind, debts,
};
use crate::params;
use crate::services::funds::refunds::scans;
use crate::stations::{self, Station, StationState};

/// So long after its final statement a station may ask once more for the reply it lost; then its
/// certificates are revoked too.
const LAST_REPLY_DAYS: i64 = 1;

/// The most vaults one run of the upkeep looks at; the next run goes on.
const UPKEEP_MAX: i64 = 1_000;

/// Who does what the data center does by itself, in the journal.
pub(crate) const CENTER_USER: &str = "data center";

/// How far the end of a vault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndState {
    /// An admin has ordered it; the station has not stated its end yet.
    Ordered,
    /// It has ended; something is held.
    Held,
    /// It has ended and nothing is held any more.
    Released,
}

impl EndState {
    /// The state as it is stored and shown.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Held => "held",
            Self::Released => "released",
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        [Self::Ordered, Self::Held, Self::Released]
            .into_iter()
            .find(|state| state.word() == word)
    }
}

/// The end of one vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Whose vault it is.
    pub station: StationId,
    /// How far it is.
    pub state: EndState,
    /// Whether the vault is lost: it stated no end.
    pub lost: bool,
    /// When it ended.
    pub ended: Option<UnixSeconds>,
    /// Its last known ascending register.
    pub ascending: Option<Mills>,
    /// What it gave back, without grants that never arrived.
    pub returned: Mills,
    /// What of it was credited at once.
    pub credited: Mills,
    /// Until when the rest is held.
    pub hold_until: Option<UnixSeconds>,
}

/// Orders that a vault ends; a second order changes nothing. Answers whether it is the first.
///
/// # Errors
/// [`DbError`].
pub fn order(tx: &Tx<'_>, station: StationId, now: UnixSeconds) -> Result<bool, DbError> {
    let made = tx.execute(
        "INSERT INTO withdrawal (station, state, lost, ordered, returned, credited)
         VALUES (?1, 'ordered', 0, ?2, 0, 0) ON CONFLICT (station) DO NOTHING",
        params![&station, now],
    )?;
    deny::revoke_indicia(tx, station, now)?;
    Ok(made == 1)
}

/// The end of a station's vault, ordered or done.
///
/// # Errors
/// [`DbError`].
pub fn find(tx: &Tx<'_>, station: StationId) -> Result<Option<End>, DbError> {
    tx.row(
        "SELECT station, state, lost, ended, ascending, returned, credited, hold_until
         FROM withdrawal WHERE station = ?1",
        params![&station],
        read,
    )
}

/// Whether an admin has ordered that the vault ends.
///
/// # Errors
/// [`DbError`].
pub fn is_ordered(tx: &Tx<'_>, station: StationId) -> Result<bool, DbError> {
    Ok(find(tx, station)?.is_some_and(|end| end.state == EndState::Ordered))
}

fn read(row: &Row<'_>) -> Result<End, DbError> {
    let state: String = row.column(1)?;
    Ok(End {
        station: row.column(0)?,
        state: EndState::of_word(&state).ok_or_else(|| row.misfit(1))?,
        lost: row.column(2)?,
        ended: row.column(3)?,
        ascending: row.column(4)?,
        returned: row.column(5)?,
        credited: row.column(6)?,
        hold_until: row.column(7)?,
    })
}

/// Until when unspent value of a station may turn up on paper; nothing when it was never granted any.
///
/// # Errors
/// [`DbError`].
pub fn hold_until(tx: &Tx<'_>, station: StationId) -> Result<Option<UnixSeconds>, DbError> {
    let newest: Option<Option<UnixSeconds>> = tx.row(
        "SELECT MAX(not_after) FROM indicium_certificate WHERE station = ?1",
        params![&station],
        |row| row.column(0),
    )?;
    Ok(newest.flatten().map(|end| end.plus_days(HOLD_DAYS)))
}

/// What of `returned` an account may have at once.
///
/// # Errors
/// [`DbError`].
pub fn instant(
    tx: &Tx<'_>,
    account: AccountId,
    returned: Mills,
    now: UnixSeconds,
) -> Result<Mills, DbError> {
    let rules = RulePack::us();
    let lately: Option<u64> = tx.row(
        "SELECT COALESCE(SUM(withdrawal.credited), 0)
         FROM withdrawal JOIN station ON station.id = withdrawal.station
         WHERE station.account = ?1 AND withdrawal.ended > ?2",
        params![&account, now.plus_days(-rules.withdrawal_window_days)],
        |row| row.column(0),
    )?;
    let lately = Mills::new(lately.unwrap_or(0).min(MAX_MILLS)).unwrap_or(Mills::ZERO);
    let left = rules.withdrawal_instant.minus(lately);
    Ok(returned.min(left.unwrap_or(Mills::ZERO)))
}

/// What was credited for refills only and may not be paid out yet: instant credits of vaults whose
/// rest is still held.
///
/// # Errors
/// [`DbError`].
pub fn bound(tx: &Tx<'_>, account: AccountId, now: UnixSeconds) -> Result<Mills, DbError> {
    let sum: Option<u64> = tx.row(
        "SELECT COALESCE(SUM(withdrawal.credited), 0)
         FROM withdrawal JOIN station ON station.id = withdrawal.station
         WHERE station.account = ?1 AND withdrawal.hold_until > ?2",
        params![&account, now],
        |row| row.column(0),
    )?;
    Ok(Mills::new(sum.unwrap_or(0).min(MAX_MILLS)).unwrap_or(Mills::ZERO))
}

/// What the books are told when a vault ends.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    /// Whether it is lost.
    pub lost: bool,
    /// Its last known ascending register.
    pub ascending: Mills,
    /// What it gives back.
    pub returned: Mills,
    /// What of it is credited at once.
    pub credited: Mills,
}

/// Ends a vault in the books: credits, holds the rest with every grant that never arrived, revokes
/// its indicia and marks the station as withdrawn. What a scan has shown as printed beyond the last
/// known register comes out of it. Answers with what is held and until when.
///
/// # Errors
/// [`LedgerError`]; nothing is written then.
pub fn end(
    ledger: &Ledger,
    tx: &Tx<'_>,
    station: &Station,
    ending: &Ending,
    cause: (&str, [u8; 32], UnixSeconds),
) -> Result<(Mills, Option<UnixSeconds>), LedgerError> {
    let (user, request_hash, now) = cause;
    let vault = station.vault;
    let transit = ledger::available(tx, &LedgerAccount::InTransit(vault))?;
    let rest = ending
        .returned
        .minus(ending.credited)
        .unwrap_or(Mills::ZERO);
    let post = |part: &str, debit, credit, amount: Mills| {
        let transfer = Transfer {
            id: TransferId::derived(
                TransferKind::Withdrawal,
                &[vault.bytes().as_slice(), part.as_bytes()].concat(),
            ),
            debit,
            credit,
            amount,
            kind: TransferKind::Withdrawal,
            reference: station.psd.to_string(),
            request_hash,
            user: user.to_owned(),
            now,
        };
        if !amount.is_zero() {
            ledger.post(tx, &transfer)?;
        }
        Ok::<_, LedgerError>(transfer)
    };
    let (own, held) = (LedgerAccount::Vault(vault), LedgerAccount::Held(vault));
    let customer = LedgerAccount::Customer(station.account);
    let credit = post("credit", own, customer, ending.credited)?;
    post("held", own, held, rest)?;
    post("transit", LedgerAccount::InTransit(vault), held, transit)?;
    debts::settle(ledger, tx, station.account, &credit)?;
    let held = ledger::available(tx, &held)?;
    let until = hold_until(tx, station.id)?.filter(|_| !held.is_zero());
    write_end(tx, station.id, ending, until, now)?;
    tx.execute(
        "UPDATE refill SET state = 'held' WHERE station = ?1 AND state = 'open'",
        params![&station.id],
    )?;
    tx.execute(
        "UPDATE vault SET grant_number = NULL, grant_refill = NULL, grant_amount = NULL
         WHERE station = ?1",
        params![&station.id],
    )?;
    deny::revoke_indicia(tx, station.id, now)?;
    stations::set_state(tx, station.id, StationState::Withdrawn)?;
    epochs::close_when_done(tx)?;
    stations::journal(
        ledger,
        tx,
        station,
        StationState::Withdrawn.word(),
        user,
        now,
    )?;
    let shown = scans::out_of_held(ledger, tx, station, now)?;
    Ok((held.minus(shown).unwrap_or(Mills::ZERO), until))
}

fn write_end(
    tx: &Tx<'_>,
    station: StationId,
    ending: &Ending,
    hold_until: Option<UnixSeconds>,
    now: UnixSeconds,
) -> Result<(), DbError> {
    let state = hold_until.map_or(EndState::Released, |_| EndState::Held);
    let released = hold_until.is_none().then_some(now);
    tx.execute(
        "INSERT INTO withdrawal (station, state, lost, ended, ascending, returned, credited,
            hold_until, released) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (station) DO UPDATE SET state = excluded.state, lost = excluded.lost,
            ended = excluded.ended, ascending = excluded.ascending,
            returned = excluded.returned, credited = excluded.credited,
            hold_until = excluded.hold_until, released = excluded.released",
        params![
            &station,
            state.word(),
            ending.lost,
            now,
            ending.ascending,
            ending.returned,
            ending.credited,
            hold_until,
            released,
        ],
    )?;
    Ok(())
}

/// Declares a vault lost, without a final statement: everything in it is held, and its station's
/// certificates are revoked. Answers with their serials, for the deny list.
///
/// # Errors
/// [`LedgerError`].
pub fn declare_lost(
    ledger: &Ledger,
    tx: &Tx<'_>,
    station: &Station,
    user: &str,
    now: UnixSeconds,
) -> Result<Vec<Serial>, LedgerError> {
    let ending = Ending {
        lost: true,
        ascending: ledger::available(tx, &LedgerAccount::Printed(station.vault))?,
        returned: ledger::available(tx, &LedgerAccount::Vault(station.vault))?,
        credited: Mills::ZERO,
    };
    let request_hash = Sha256::digest(station.vault.bytes()).into();
    end(ledger, tx, station, &ending, (user, request_hash, now))?;
    Ok(deny::revoke(tx, station.id, "lost", now)?)
}

/// Lets what is held of a vault go to its account.
///
/// # Errors
/// [`LedgerError`].
pub fn release(
    ledger: &Ledger,
    tx: &Tx<'_>,
    station: &Station,
    user: &str,
    now: UnixSeconds,
) -> Result<Mills, LedgerError> {
    let held = LedgerAccount::Held(station.vault);
    let amount = ledger::available(tx, &held)?;
    if !amount.is_zero() {
        let transfer = Transfer {
            id: TransferId::derived(TransferKind::Release, station.vault.bytes()),
            debit: held,
            credit: LedgerAccount::Customer(station.account),
            amount,
            kind: TransferKind::Release,
            reference: station.psd.to_string(),
            request_hash: Sha256::digest(station.vault.bytes()).into(),
            user: user.to_owned(),
            now,
        };
        ledger.post(tx, &transfer)?;
        debts::settle(ledger, tx, station.account, &transfer)?;
        tx.concerns(Concerned::Account(station.account), ServiceId::Funds);
    }
    tx.execute(
        "UPDATE withdrawal SET state = 'released', released = ?2 WHERE station = ?1",
        params![&station.id, now],
    )?;
    tx.execute(
        "UPDATE refill SET state = 'released' WHERE station = ?1 AND state = 'held'",
        params![&station.id],
    )?;
    Ok(amount)
}

/// What is due: held value of withdrawn vaults whose time has come, and the certificates of stations
/// that stated their end a day ago. Answers with the serials for the deny list.
///
/// # Errors
/// [`LedgerError`].
pub fn upkeep(
    ledger: &Ledger,
    tx: &Tx<'_>,
    now: UnixSeconds,
) -> Result<Vec<(StationId, Vec<Serial>)>, LedgerError> {
    let due: Vec<StationId> = tx.rows(
        "SELECT station FROM withdrawal
         WHERE state = 'held' AND lost = 0 AND hold_until <= ?1 ORDER BY hold_until LIMIT ?2",
        params![now, UPKEEP_MAX],
        |row| row.column(0),
    )?;
    for station in due {
        if let Some(station) = stations::by_id(tx, station)? {
            release(ledger, tx, &station, CENTER_USER, now)?;
        }
    }
    let silent: Vec<StationId> = tx.rows(
        "SELECT station FROM withdrawal WHERE ended <= ?1 AND lost = 0 AND EXISTS
            (SELECT 1 FROM station_certificate
             WHERE station_certificate.station = withdrawal.station AND NOT EXISTS
                (SELECT 1 FROM denied_certificate
                 WHERE denied_certificate.serial = station_certificate.serial))
         ORDER BY ended LIMIT ?2",
        params![now.plus_days(-LAST_REPLY_DAYS), UPKEEP_MAX],
        |row| row.column(0),
    )?;
    let mut ended = Vec::new();
    for station in silent {
        ended.push((station, deny::revoke(tx, station, "withdrawn", now)?));
    }
    Ok(ended)
}
