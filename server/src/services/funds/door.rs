//! The statement door (`protocol.md` L): a station that is served no more may still say what its
//! vault holds.
//!
//! Called by stations whose certificates were revoked, or expired too long ago to be renewed, at
//! most ten times an hour and 4 KiB. Level L3: seal and registered key stand in for the certificate.
//! It must never settle anything: a statement is kept beside the evidence, and answered with no more
//! than that it was kept. Only where two admins recover what a lost vault held, its own word about
//! what it printed counts (`protocol.md` J).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use sha2::{Digest as _, Sha256};
use shared::clock::UnixSeconds;
use shared::ids::StationId;
use shared::money::Mills;
use shared::security::envelope::Envelope;
use shared::security::signed::{self, ContentType};
use shared::services::funds::{DoorReply, DoorRequest, RegisterStatement, VERSION};

use super::{bad_statement, cbor, held, store};
use crate::access::limiter::Trier;
use crate::access::{Bounded, Caller, DOOR_MAX, ProblemReply};
use crate::center::DataCenter;
use crate::db::{DbError, Tx};
use crate::ledger::{
    self, Ledger, LedgerAccount, LedgerError, RecordKind, Transfer, TransferId, TransferKind,
};
use crate::params;
use crate::services::refused::Refused;
use crate::services::sealed::{Answer, Entrance, Sealed, keep_evidence};
use crate::services::unnumbered;
use crate::stations::Station;

/// Why such a statement stands among the evidence.
const REASON: &str = "a statement at the door";

/// The most statements of one station that are kept: a vault that is never refilled prints for 28
/// days, and one that has not changed is kept once.
const KEPT_MAX: usize = 64;

/// The most that are read.
const LIST_MAX: u32 = 128;

pub(super) async fn route(
    State(center): State<Arc<DataCenter>>,
    caller: Caller,
    Bounded(body): Bounded<DOOR_MAX>,
) -> Result<Response, Refused> {
    let envelope = Envelope::decode(&body).map_err(|_| bad_statement())?;
    let (limiter, now) = (center.limiter(), center.now());
    if !limiter.admits(Trier::DoorAddress(caller.address.ip()), now)
        || !limiter.admits(Trier::DoorStation(envelope.header.station), now)
    {
        return Err(ProblemReply::too_many_tries().into());
    }
    unnumbered::attend::<DoorRequest, _>(
        &center,
        DoorRequest::CONTENT,
        Entrance::StatementDoor,
        body.to_vec(),
        keep,
    )
    .await
    .map(cbor)
}

/// Keeps the signed statement, unless the vault is as it was when it last stood at the door.
fn keep(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<DoorRequest>,
) -> Result<Answer<Vec<u8>>, Refused> {
    let row = store::find(tx, sealed.station)?.ok_or_else(bad_statement)?;
    let statement = &sealed.request.statement;
    let its_own = statement.vault == row.mirror.vault && statement.psd == row.mirror.psd;
    let sound = statement.version == VERSION && statement.registers().is_some();
    if !sound || !its_own {
        return Err(bad_statement());
    }
    let kept = statements(tx, sealed.station)?;
    let newest = kept.first().map(|(newest, _)| newest);
    let is_known = newest.is_some_and(|newest| is_the_same(newest, statement));
    if kept.len() < KEPT_MAX && !is_known {
        keep_evidence(tx, sealed, REASON)?;
        let (user, body) = (sealed.station.to_string(), sealed.request_hash.to_vec());
        let ledger = center.ledger();
        ledger.append(tx, RecordKind::Statement, body, &user, sealed.now)?;
    }
    let reply = DoorReply { version: VERSION };
    Ok(Answer::Reply(sealed.sign(
        center,
        ContentType::StatementReply,
        &reply,
    )?))
}

/// What a lost vault has printed beyond what was known of it, by its own word at the door; no more
/// than is held.
///
/// # Errors
/// [`DbError`].
pub(crate) fn printed_since(tx: &Tx<'_>, station: &Station) -> Result<Mills, DbError> {
    Ok(stated_beyond(tx, station)?.map_or(Mills::ZERO, |(beyond, _)| beyond))
}

/// Held → printed for it. Called when what is held is released by two admins.
///
/// # Errors
/// [`LedgerError`]; nothing is written then.
pub(crate) fn out_of_held(
    ledger: &Ledger,
    tx: &Tx<'_>,
    station: &Station,
    user: &str,
    now: UnixSeconds,
) -> Result<(), LedgerError> {
    let Some((amount, signed)) = stated_beyond(tx, station)? else {
        return Ok(());
    };
    let request_hash: [u8; 32] = Sha256::digest(&signed).into();
    ledger.post(
        tx,
        &Transfer {
            id: TransferId::derived(TransferKind::Scan, &request_hash),
            debit: LedgerAccount::Held(station.vault),
            credit: LedgerAccount::Printed(station.vault),
            amount,
            kind: TransferKind::Scan,
            reference: station.psd.to_string(),
            request_hash,
            user: user.to_owned(),
            now,
        },
    )?;
    Ok(())
}

/// How far the highest ascending register stated at the door is beyond the known one, as far as that
/// is held, with the signed statement; nothing when it is not.
fn stated_beyond(tx: &Tx<'_>, station: &Station) -> Result<Option<(Mills, Vec<u8>)>, DbError> {
    let known = held::find(tx, station.id)?.and_then(|end| end.ascending);
    let stated = statements(tx, station.id)?;
    let highest = stated.into_iter().max_by_key(|(one, _)| one.ascending);
    let (Some(known), Some((highest, signed))) = (known, highest) else {
        return Ok(None);
    };
    let held = ledger::available(tx, &LedgerAccount::Held(station.vault))?;
    let beyond = highest.ascending.minus(known).unwrap_or(Mills::ZERO);
    let amount = beyond.min(held);
    Ok((!amount.is_zero()).then_some((amount, signed)))
}

/// The statements of a station that were kept, newest first, with their signed bytes. The signatures
/// were checked when they were kept.
fn statements(
    tx: &Tx<'_>,
    station: StationId,
) -> Result<Vec<(RegisterStatement, Vec<u8>)>, DbError> {
    let kept: Vec<(Vec<u8>, Vec<u8>)> = tx.rows(
        "SELECT message, header FROM evidence WHERE station = ?1 AND reason = ?2
         ORDER BY created DESC, id LIMIT ?3",
        params![&station, REASON, LIST_MAX],
        |row| Ok((row.column(0)?, row.column(1)?)),
    )?;
    let read = |(message, header): (Vec<u8>, Vec<u8>)| {
        let opened =
            signed::open::<DoorRequest>(DoorRequest::CONTENT, &message, &header, |_, _, _| true);
        let statement = opened.ok()?.message.statement;
        statement.registers().map(|_| (statement, message))
    };
    Ok(kept.into_iter().filter_map(read).collect())
}

/// Whether two statements are about one state of the vault.
fn is_the_same(one: &RegisterStatement, other: &RegisterStatement) -> bool {
    one.journal_size == other.journal_size && one.journal_root == other.journal_root
}
