//! Epochs: what happens when the data center has forgotten a part of its life (`protocol.md` L).
//!
//! A restore from a backup, and a station that shows a head we signed and do not have, both begin a
//! new epoch: numbers are skipped, streams listen to later numbers, and refills of an account stay
//! locked until every station of it has given back what it knows. Stations believe a new epoch only
//! with the signatures of both recovery keys, which lie offline. Tables: `epoch`, `reconcile`.

use minicbor::{Decode, Encode};
use shared::checkpoint::{EpochStatement, NoteSignature, SignedEpoch};
use shared::clock::UnixSeconds;
use shared::ids::{AccountId, DataCenterId, PsdId, StationId};
use shared::money::Mills;
use shared::wire::to_cbor;

use crate::ca::counter::Counter;
use crate::center::CenterError;
use crate::db::{DbError, Tx};
use crate::ledger::{self, Ledger, LedgerError, RecordKind, tree};
use crate::params;
use crate::stations::StationState;

/// The most stations that one view of the progress lists.
const LIST_MAX: u32 = 100_000;

/// The body of a journal record of kind [`RecordKind::Epoch`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EpochBegins {
    /// The epoch that begins, from 1.
    #[n(1)]
    pub epoch: u32,
    /// How many records the journal held before.
    #[n(2)]
    pub old_size: u64,
    /// The hash of the last of them; all zero when there was none.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub old_head: [u8; 32],
    /// Why.
    #[n(4)]
    pub reason: String,
    /// The root over the records before.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub old_root: [u8; 32],
}

/// Writes the first record of an epoch.
///
/// # Errors
/// [`LedgerError`].
pub fn begin(
    ledger: &Ledger,
    tx: &Tx<'_>,
    epoch: u32,
    reason: &str,
    now: UnixSeconds,
) -> Result<(), LedgerError> {
    let old = tree::tree_head(tx)?;
    let body = EpochBegins {
        epoch,
        old_size: old.size,
        old_head: ledger::head(tx)?.map_or(ledger::GENESIS, |(_, hash)| hash),
        reason: reason.to_owned(),
        old_root: old.root,
    };
    ledger.append(tx, RecordKind::Epoch, to_cbor(&body), "admin", now)?;
    tx.execute(
        "INSERT INTO epoch (number, old_size, old_root, reason, began) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![epoch, big(old.size), &old.root, reason, now],
    )?;
    Ok(())
}

/// Begins an epoch after something was forgotten, in the caller's transaction: numbers that may
/// have been given out are skipped, streams are open to later numbers, and every station that can
/// still print is to be heard.
///
/// # Errors
/// [`CenterError`].
pub fn begin_forgetful(
    ledger: &Ledger,
    tx: &Tx<'_>,
    epoch: u32,
    reason: &str,
    now: UnixSeconds,
) -> Result<(), CenterError> {
    tx.execute(
        "UPDATE data_center SET epoch = ?1, reconciling = 1",
        params![epoch],
    )?;
    Counter::Certificate.skip_after_restore(tx)?;
    Counter::Psd.skip_after_restore(tx)?;
    begin(ledger, tx, epoch, reason, now)?;
    tx.execute("UPDATE stream SET lost = 1", &[])?;
    tx.execute(
        "INSERT INTO reconcile (station, account, epoch)
         SELECT station.id, station.account, ?1 FROM station JOIN vault ON vault.station = station.id
         WHERE station.state <> ?2 AND station.state <> ?3
         ON CONFLICT (station) DO UPDATE SET epoch = excluded.epoch, done = NULL, lacking = NULL",
        params![
            epoch,
            StationState::Withdrawn.word(),
            StationState::Frozen.word()
        ],
    )?;
    close_when_done(tx)?;
    Ok(())
}

/// How the newest epoch began, and the signatures on it when they are there.
///
/// # Errors
/// [`DbError`].
pub fn newest(
    tx: &Tx<'_>,
    center: DataCenterId,
) -> Result<Option<(EpochStatement, Option<SignedEpoch>)>, DbError> {
    tx.row(
        "SELECT number, old_size, old_root, reason, began, first_signature, second_signature
         FROM epoch ORDER BY number DESC LIMIT 1",
        &[],
        |row| {
            let statement = EpochStatement {
                version: 1,
                center,
                epoch: row.column(0)?,
                old_size: row.column(1)?,
                old_root: row.column(2)?,
                reason: row.column(3)?,
                began: row.column(4)?,
            };
            let signatures: (Option<[u8; 64]>, Option<[u8; 64]>) = (row.column(5)?, row.column(6)?);
            let signed = match signatures {
                (Some(first), Some(second)) => Some(SignedEpoch {
                    statement: statement.clone(),
                    first: NoteSignature(first),
                    second: NoteSignature(second),
                }),
                _ => None,
            };
            Ok((statement, signed))
        },
    )
}

/// Keeps the signatures of both recovery keys on an epoch; the caller has checked them.
///
/// # Errors
/// [`DbError`].
pub fn keep_signatures(tx: &Tx<'_>, signed: &SignedEpoch) -> Result<(), DbError> {
    tx.execute(
        "UPDATE epoch SET first_signature = ?2, second_signature = ?3 WHERE number = ?1",
        params![signed.statement.epoch, &signed.first.0, &signed.second.0],
    )?;
    Ok(())
}

/// Whether a station and its account have given back what they know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Everything is open.
    Open,
    /// The station was heard; another one of its account was not.
    AccountWaits,
    /// The station itself is to be heard first.
    StationWaits,
}

/// Where a station stands.
///
/// # Errors
/// [`DbError`].
pub fn standing(tx: &Tx<'_>, station: StationId, account: AccountId) -> Result<Standing, DbError> {
    let reconciling: Option<bool> = tx.row("SELECT reconciling FROM data_center", &[], |row| {
        row.column(0)
    })?;
    if reconciling != Some(true) {
        return Ok(Standing::Open);
    }
    let waits: Option<(u64, u64)> = tx.row(
        "SELECT COUNT(*), COUNT(CASE WHEN station.id = ?2 THEN 1 END)
         FROM reconcile JOIN station ON station.id = reconcile.station
         WHERE reconcile.account = ?1 AND reconcile.done IS NULL
            AND station.state <> ?3 AND station.state <> ?4",
        params![
            &account,
            &station,
            StationState::Withdrawn.word(),
            StationState::Frozen.word()
        ],
        |row| Ok((row.column(0)?, row.column(1)?)),
    )?;
    Ok(match waits {
        Some((0, _)) | None => Standing::Open,
        Some((_, 0)) => Standing::AccountWaits,
        Some(_) => Standing::StationWaits,
    })
}

/// The epoch as this transaction sees it: another one may have begun since the data center last looked.
///
/// # Errors
/// [`DbError`].
pub fn current(tx: &Tx<'_>) -> Result<u32, DbError> {
    let epoch = tx.row("SELECT epoch FROM data_center", &[], |row| row.column(0))?;
    Ok(epoch.unwrap_or_default())
}

/// Whether an epoch has ever asked for this station.
///
/// # Errors
/// [`DbError`].
pub fn is_listed(tx: &Tx<'_>, station: StationId) -> Result<bool, DbError> {
    let found: Option<i64> = tx.row(
        "SELECT 1 FROM reconcile WHERE station = ?1",
        params![&station],
        |row| row.column(0),
    )?;
    Ok(found.is_some())
}

/// Asks for a station of which the data center did not know that it was there.
///
/// # Errors
/// [`DbError`].
pub fn list_again(tx: &Tx<'_>, station: StationId, account: AccountId) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO reconcile (station, account, epoch) SELECT ?1, ?2, epoch FROM data_center
         WHERE epoch > 0 ON CONFLICT (station) DO UPDATE SET epoch = excluded.epoch, done = NULL, lacking = NULL",
        params![&station, &account],
    )?;
    tx.execute("UPDATE data_center SET reconciling = 1", &[])?;
    Ok(())
}

/// Notes that a station has given back everything; the last one ends the comparing.
///
/// # Errors
/// [`DbError`].
pub fn heard(tx: &Tx<'_>, station: StationId, now: UnixSeconds) -> Result<(), DbError> {
    tx.execute(
        "UPDATE reconcile SET done = ?2, lacking = NULL WHERE station = ?1 AND done IS NULL",
        params![&station, now],
    )?;
    close_when_done(tx)
}

/// Notes what the account of a station lacks for a grant that was made.
///
/// # Errors
/// [`DbError`].
pub fn lacks(tx: &Tx<'_>, station: StationId, lacking: Option<Mills>) -> Result<(), DbError> {
    tx.execute(
        "UPDATE reconcile SET lacking = ?2 WHERE station = ?1",
        params![&station, lacking],
    )?;
    Ok(())
}

/// Stations that cannot be heard any more, because they were withdrawn or frozen, hold up nothing.
///
/// # Errors
/// [`DbError`].
pub fn close_when_done(tx: &Tx<'_>) -> Result<(), DbError> {
    tx.execute(
        "UPDATE data_center SET reconciling = 0 WHERE NOT EXISTS (
            SELECT 1 FROM reconcile JOIN station ON station.id = reconcile.station
            WHERE reconcile.done IS NULL AND station.state <> ?1 AND station.state <> ?2)",
        params![StationState::Withdrawn.word(), StationState::Frozen.word()],
    )?;
    Ok(())
}

/// How far one station has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The station.
    pub station: StationId,
    /// Its PSD number.
    pub psd: PsdId,
    /// The name of its account.
    pub account: String,
    /// When it had given back everything.
    pub done: Option<UnixSeconds>,
    /// What its account lacks for a grant that was made.
    pub lacking: Option<Mills>,
}

/// How far all stations of the newest epoch have come, those that wait first.
///
/// # Errors
/// [`DbError`].
pub fn progress(tx: &Tx<'_>) -> Result<Vec<Progress>, DbError> {
    tx.rows(
        "SELECT station.id, station.psd_serial, account.name, reconcile.done, reconcile.lacking
         FROM reconcile JOIN station ON station.id = reconcile.station
            JOIN account ON account.id = reconcile.account
         WHERE reconcile.done IS NOT NULL OR (station.state <> ?2 AND station.state <> ?3)
         ORDER BY reconcile.done IS NOT NULL, account.name, station.psd_serial LIMIT ?1",
        params![
            LIST_MAX,
            StationState::Withdrawn.word(),
            StationState::Frozen.word()
        ],
        |row| {
            Ok(Progress {
                station: row.column(0)?,
                psd: PsdId::specimen(row.column(1)?),
                account: row.column(2)?,
                done: row.column(3)?,
                lacking: row.column(4)?,
            })
        },
    )
}

fn big(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
