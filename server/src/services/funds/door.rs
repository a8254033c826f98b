//! The statement door (`protocol.md` L): a station that is served no more may still say what its
//! vault holds.
//!
//! Called by stations whose certificates were revoked, or expired too long ago to be renewed, at
//! most ten times an hour and 4 KiB. Level L3: seal and registered key stand in for the certificate.
//! It must never settle anything: a statement is kept beside the evidence, and answered with no more
//! than that it was kept.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use shared::ids::StationId;
use shared::security::envelope::Envelope;
use shared::security::signed::{self, ContentType};
use shared::services::funds::{DoorReply, DoorRequest, RegisterStatement, VERSION};

use super::{bad_statement, cbor, store};
use crate::access::limiter::Trier;
use crate::access::{Bounded, Caller, DOOR_MAX, ProblemReply};
use crate::center::DataCenter;
use crate::db::{DbError, Tx};
use crate::ledger::RecordKind;
use crate::params;
use crate::services::refused::Refused;
use crate::services::sealed::{Answer, Entrance, Sealed, keep_evidence};
use crate::services::unnumbered;

/// Why such a statement stands among the evidence.
const REASON: &str = "a statement at the door";

/// The most statements of one station that are kept: a vault that is never refilled prints for 28
/// days, and one that has not changed is kept once.
const KEPT_MAX: u64 = 64;

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
    if statement.version != VERSION || !its_own {
        return Err(bad_statement());
    }
    let (kept, newest) = kept(tx, sealed.station)?;
    if kept < KEPT_MAX && !newest.is_some_and(|newest| is_the_same(&newest, statement)) {
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

/// How many statements of a station were kept, and the newest of them.
fn kept(tx: &Tx<'_>, station: StationId) -> Result<(u64, Option<RegisterStatement>), DbError> {
    let count = tx.row(
        "SELECT COUNT(*) FROM evidence WHERE station = ?1 AND reason = ?2",
        params![&station, REASON],
        |row| row.column(0),
    )?;
    let newest: Option<(Vec<u8>, Vec<u8>)> = tx.row(
        "SELECT message, header FROM evidence WHERE station = ?1 AND reason = ?2
         ORDER BY created DESC, id LIMIT 1",
        params![&station, REASON],
        |row| Ok((row.column(0)?, row.column(1)?)),
    )?;
    // Its signature was checked when it was kept.
    let opened = newest.and_then(|(message, header)| {
        signed::open::<DoorRequest>(DoorRequest::CONTENT, &message, &header, |_, _, _| true).ok()
    });
    let statement = opened.map(|opened| opened.message.statement);
    Ok((count.unwrap_or(0), statement))
}

/// Whether two statements are about one state of the vault.
fn is_the_same(one: &RegisterStatement, other: &RegisterStatement) -> bool {
    one.journal_size == other.journal_size && one.journal_root == other.journal_root
}
