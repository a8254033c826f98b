//! Telemetering: refills of prepaid value, renewals of its keys, receipts.
//!
//! Called by stations, when the clerk refills and in every contact. Level L3: sealed and signed,
//! whatever the line, because it moves money. It must never decide twice on one refill, and never
//! void a grant it has answered. Tables: `vault`, `refill`, `indicium_certificate`, `stream`,
//! `evidence`. Tests: `tests/it/funds.rs`.

mod ahead;
pub mod automatic;
pub(crate) mod door;
pub mod held;
mod pages;
pub mod pin_resets;
mod reconcile;
pub mod refunds;
pub mod rules;
pub mod store;
mod withdrawal;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use shared::clock::UnixSeconds;
use shared::merkle;
use shared::money::Mills;
use shared::security::signed::ContentType;
use shared::services::funds::{
    AccountLine, Grant, Leaf, LookupReply, LookupRequest, ProofHashes, Receipt, RefillKind,
    RefillRefusal, RefillReply, RefillRequest, RegisterStatement, SyncReply, SyncRequest, VERSION,
};
use shared::statistics::Mark;
use shared::wire::CBOR_MEDIA_TYPE;

use super::refused::Refused;
use super::sealed::{self, Answer, Entrance, Sealed};
use super::statistics;
use crate::access::{Bounded, CallingStation, MESSAGE_MAX};
use crate::ca::counter::Counter;
use crate::center::DataCenter;
use crate::db::Tx;
use crate::epochs::{self, Standing};
use crate::ledger::{self, LedgerAccount, RecordKind, Transfer, TransferId, TransferKind};
use crate::witnesses::{self, Kept};
use ahead::Ahead;
use rules::{Circumstances, Decision, Mirror, OpenGrant, StatementFault};
use store::{RefillRow, VaultRow};

/// A station whose clock is so far ahead is not refilled: its pieces would carry dates to come.
/// One that is behind corrects itself, because its time never falls below the last receipt.
const CLOCK_AHEAD_SECONDS: i64 = shared::clock::DAY_SECONDS;

/// The service's routes.
pub fn routes() -> Router<Arc<DataCenter>> {
    Router::new()
        .route("/v1/funds/refill", post(refill_route))
        .route("/v1/funds/sync", post(sync_route))
        .route("/v1/funds/lookup", post(lookup_route))
        .route("/v1/funds/journal", post(pages::route))
        .route("/door/statement", post(door::route))
        .route("/v1/funds/withdraw", post(withdrawal::route))
        .route("/v1/funds/reconcile", post(reconcile::route))
        .route("/v1/funds/refund", post(refunds::route))
}

async fn refill_route(
    State(center): State<Arc<DataCenter>>,
    CallingStation(caller): CallingStation,
    Bounded(body): Bounded<MESSAGE_MAX>,
) -> Result<Response, Refused> {
    refill(&center, Entrance::Contact(caller), body.to_vec())
        .await
        .map(cbor)
}

async fn sync_route(
    State(center): State<Arc<DataCenter>>,
    CallingStation(caller): CallingStation,
    Bounded(body): Bounded<MESSAGE_MAX>,
) -> Result<Response, Refused> {
    sync(&center, Entrance::Contact(caller), body.to_vec())
        .await
        .map(cbor)
}

async fn lookup_route(
    State(center): State<Arc<DataCenter>>,
    CallingStation(caller): CallingStation,
    Bounded(body): Bounded<MESSAGE_MAX>,
) -> Result<Response, Refused> {
    lookup(&center, Entrance::Contact(caller), body.to_vec())
        .await
        .map(cbor)
}

/// A CBOR reply.
pub(super) fn cbor(body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, CBOR_MEDIA_TYPE)], body).into_response()
}

/// Serves a refill or a renewal: envelope in, reply envelope out.
///
/// # Errors
/// [`Refused`]; nothing was decided then.
pub async fn refill(
    center: &Arc<DataCenter>,
    entrance: Entrance,
    body: Vec<u8>,
) -> Result<Vec<u8>, Refused> {
    let kind = ContentType::RefillRequest;
    sealed::exchange_ahead(center, kind, entrance, body, ahead::REFILL, decide_refill).await
}

/// Takes a statement and gives a receipt: envelope in, reply envelope out.
///
/// # Errors
/// [`Refused`]; nothing was stored then.
pub async fn sync(
    center: &Arc<DataCenter>,
    entrance: Entrance,
    body: Vec<u8>,
) -> Result<Vec<u8>, Refused> {
    sealed::exchange::<SyncRequest, _>(center, ContentType::SyncRequest, entrance, body, take_sync)
        .await
}

/// Tells what became of a refill: envelope in, reply envelope out.
///
/// # Errors
/// [`Refused`].
pub async fn lookup(
    center: &Arc<DataCenter>,
    entrance: Entrance,
    body: Vec<u8>,
) -> Result<Vec<u8>, Refused> {
    sealed::exchange::<LookupRequest, _>(
        center,
        ContentType::LookupRequest,
        entrance,
        body,
        |center, tx, sealed| {
            let decision = store::decision(tx, sealed.station, sealed.request.refill)?;
            let reply = LookupReply {
                version: VERSION,
                decision,
            };
            Ok(Answer::Reply(sealed.sign(
                center,
                ContentType::LookupReply,
                &reply,
            )?))
        },
    )
    .await
}

/// Decides on a refill inside the one transaction (`protocol.md` G.2).
fn decide_refill(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<RefillRequest>,
    ahead: Ahead,
) -> Result<Answer<Vec<u8>>, Refused> {
    let request = &sealed.request;
    let (row, standing) = heard(center, tx, sealed)?;
    if !ahead.possessed {
        return Err(bad_statement());
    }
    match standing {
        Standing::Open => {}
        Standing::AccountWaits => return Err(account_reconciling()),
        Standing::StationWaits => return Err(sealed::reconcile()),
    }
    let row = match settle(
        center,
        tx,
        sealed,
        row,
        &request.statement,
        &request.consistency,
    )? {
        Ok(row) => row,
        Err(fault) => return distrusted(fault),
    };
    // After the statement: a copy of the station shows itself by it, whatever its clock. A renewal
    // still passes, and so does a statement alone: both only shorten what can be printed.
    let is_ahead = request.statement.time.seconds_since(sealed.now) > CLOCK_AHEAD_SECONDS;
    if is_ahead && request.kind != RefillKind::Renewal {
        return Err(wrong_clock());
    }
    // After the statement: a copy of the station that asks once more shows itself by it.
    if store::is_decided(tx, request.refill)? {
        return Err(decided_before());
    }
    let customer = LedgerAccount::Customer(row.account);
    let circumstances = Circumstances {
        available: ledger::available(tx, &customer)?,
        account_locked: !ledger::debts::outstanding(tx, row.account)?.is_zero(),
        automatic_left: match request.kind {
            RefillKind::Automatic => automatic::left(tx, row.account, sealed.now)?,
            RefillKind::Refill | RefillKind::Renewal => None,
        },
        // A renewal still passes: the statement that follows it brings the order.
        station_locked: !row.active
            || (request.kind != RefillKind::Renewal && held::is_ordered(tx, sealed.station)?),
        reconciling: false,
    };
    let decision = rules::decide(&row.mirror, request, &circumstances);
    answer(center, tx, sealed, row, decision, ahead)
}

/// Writes grant or refusal with its money, its journal record and its reply.
fn answer(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<RefillRequest>,
    row: VaultRow,
    decision: Result<Decision, RefillRefusal>,
    mut ahead: Ahead,
) -> Result<Answer<Vec<u8>>, Refused> {
    let (request, now) = (&sealed.request, sealed.now);
    let mut mirror = row.mirror.clone();
    if decision.is_ok() {
        mirror.open = Some(OpenGrant {
            number: request.number,
            refill: request.refill,
            amount: request.amount,
        });
        move_into_transit(center, tx, sealed, &row)?;
    }
    let leaf = record(center, tx, sealed, decision.is_ok())?;
    let (grant, serial) = match decision {
        Ok(decision) => {
            let (grant, serial) = issue(center, tx, sealed, &mirror, decision, &mut ahead)?;
            (Some(grant), Some(serial))
        }
        Err(_) => (None, None),
    };
    let reply = RefillReply {
        version: VERSION,
        refill: request.refill,
        grant,
        refusal: decision.err(),
        receipt: receipt(ahead.checkpoint, &mirror, &request.statement, row.time(now)),
        leaf,
        account: account_line(tx, &row)?,
    };
    let reply = sealed.sign(center, ContentType::RefillReply, &reply)?;
    store::decided(
        tx,
        &RefillRow {
            refill: request.refill,
            station: sealed.station,
            number: request.number,
            amount: request.amount,
            granted: decision.is_ok(),
            request_hash: &sealed.request_hash,
            reply: &reply,
            created: now,
        },
    )?;
    if let Some((serial, until)) = serial {
        store::certified(tx, &serial, sealed.station, request.refill, until)?;
        if request.kind == RefillKind::Automatic {
            automatic::used(tx, request.refill, row.account, request.amount, now)?;
        }
    }
    store::update(tx, sealed.station, &mirror, now)?;
    Ok(Answer::Reply(reply))
}

/// Customer → in transit; a renewal moves nothing.
fn move_into_transit(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<RefillRequest>,
    row: &VaultRow,
) -> Result<(), Refused> {
    let request = &sealed.request;
    if request.amount.is_zero() {
        return Ok(());
    }
    center.ledger().post(
        tx,
        &Transfer {
            id: TransferId::derived(TransferKind::Grant, request.refill.bytes()),
            debit: LedgerAccount::Customer(row.account),
            credit: LedgerAccount::InTransit(row.mirror.vault),
            amount: request.amount,
            kind: TransferKind::Grant,
            reference: request.refill.to_string(),
            request_hash: sealed.request_hash,
            user: sealed.station.to_string(),
            now: sealed.now,
        },
    )?;
    Ok(())
}

/// The grant with the certificate of its key, and that certificate's serial and end.
fn issue(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<RefillRequest>,
    mirror: &Mirror,
    decision: Decision,
    ahead: &mut Ahead,
) -> Result<(Grant, (Vec<u8>, UnixSeconds)), Refused> {
    let request = &sealed.request;
    let terms = ahead::terms(mirror, &decision);
    let issued = match ahead.certificate(&terms) {
        Some(issued) => issued,
        None => {
            let counter = Counter::Certificate.next(tx)?;
            ahead::certify(center, sealed, &terms, counter)?
        }
    };
    let grant = Grant {
        version: VERSION,
        vault: mirror.vault,
        number: decision.number,
        refill: request.refill,
        control_total_old: decision.control_total_old,
        amount: request.amount,
        control_total_new: decision.control_total_new,
        ascending_base: mirror.registers.ascending(),
        base_size: mirror.accepted_size,
        base_root: mirror.accepted_root,
        issued: sealed.now,
        max_piece: mirror.max_piece,
        max_descending: mirror.max_descending,
        certificate: issued.der,
    };
    Ok((grant, (issued.serial.to_vec(), issued.not_after)))
}

/// The decision's record in the data center's journal.
fn record(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<RefillRequest>,
    granted: bool,
) -> Result<Leaf, Refused> {
    let mut body = sealed.request.refill.bytes().to_vec();
    body.extend_from_slice(&sealed.request_hash);
    body.push(u8::from(granted));
    let user = sealed.station.to_string();
    let posted = center
        .ledger()
        .append(tx, RecordKind::Refill, body, &user, sealed.now)?;
    Ok(Leaf {
        index: posted.sequence,
        hash: posted.leaf,
    })
}

/// Takes a statement and signs a receipt.
fn take_sync(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<SyncRequest>,
) -> Result<Answer<Vec<u8>>, Refused> {
    let request = &sealed.request;
    let (row, standing) = heard(center, tx, sealed)?;
    if standing == Standing::StationWaits {
        return Err(sealed::reconcile());
    }
    let kept = request.witness.as_ref().and_then(|one| one.kept.as_ref());
    let kept = witnesses::compare(center, tx, kept)?;
    let row = match settle(
        center,
        tx,
        sealed,
        row,
        &request.statement,
        &request.consistency,
    )? {
        Ok(row) => row,
        Err(fault) => return distrusted(fault),
    };
    if kept == Kept::Foreign {
        let station = sealed.station;
        tracing::error!(%station, "a station keeps a head under our name that we never signed");
        return Err(foreign_head());
    }
    store::update(tx, sealed.station, &row.mirror, sealed.now)?;
    // Each statement taken in is a record: a data center that forgets one has forgotten a head.
    let user = sealed.station.to_string();
    let body = sealed.request_hash.to_vec();
    center
        .ledger()
        .append(tx, RecordKind::Statement, body, &user, sealed.now)?;
    let head = ledger::tree::tree_head(tx)?;
    let witnessed = match &request.witness {
        Some(witness) => Some(witnesses::answer(
            center,
            tx,
            sealed.station,
            witness,
            &head,
        )?),
        None => None,
    };
    let checkpoint = center.checkpoint_of(epochs::current(tx)?, &head);
    let reply = SyncReply {
        version: VERSION,
        receipt: receipt(
            checkpoint,
            &row.mirror,
            &request.statement,
            row.time(sealed.now),
        ),
        account: account_line(tx, &row)?,
        withdraw: held::is_ordered(tx, sealed.station)?.then_some(true),
        refunds: Some(refunds::store::news(tx, sealed.station)?).filter(|news| !news.is_empty()),
        pin_reset: pin_resets::news(tx, sealed.station, sealed.now)?,
        witnessed,
    };
    Ok(Answer::Reply(sealed.sign(
        center,
        ContentType::SyncReply,
        &reply,
    )?))
}

/// The vault of the station, when it may be served, and whether the books are being compared.
fn heard<Q>(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<Q>,
) -> Result<(VaultRow, Standing), Refused> {
    sealed::check_state(tx, center, sealed.station)?;
    let row = store::find(tx, sealed.station)?.ok_or_else(bad_statement)?;
    let standing = epochs::standing(tx, sealed.station, row.account)?;
    Ok((row, standing))
}

/// Holds a statement against the books and posts what it shows: arrivals and printing.
fn settle<Q>(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<Q>,
    row: VaultRow,
    statement: &RegisterStatement,
    consistency: &ProofHashes,
) -> Result<Result<VaultRow, StatementFault>, Refused> {
    let consistent = extends(&row.mirror, statement, consistency);
    let settled = match rules::settle(&row.mirror, statement, consistent) {
        Ok(settled) => settled,
        Err(fault) => return Ok(Err(fault)),
    };
    let shown = (settled.arrived, settled.printed);
    post_shown(center, tx, sealed, statement, shown)?;
    Ok(Ok(VaultRow {
        mirror: settled.mirror,
        ..row
    }))
}

/// Posts what a believed statement shows: a grant that arrived, and what was printed.
fn post_shown<Q>(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<Q>,
    statement: &RegisterStatement,
    (arrived, printed): (Option<OpenGrant>, Mills),
) -> Result<(), Refused> {
    let vault = statement.vault;
    let post = |id, debit, credit, amount, kind| {
        center.ledger().post(
            tx,
            &Transfer {
                id,
                debit,
                credit,
                amount,
                kind,
                reference: String::new(),
                request_hash: sealed.request_hash,
                user: sealed.station.to_string(),
                now: sealed.now,
            },
        )
    };
    if let Some(arrived) = arrived {
        store::posted(tx, arrived.refill)?;
        if !arrived.amount.is_zero() {
            let id = TransferId::derived(TransferKind::Arrival, arrived.refill.bytes());
            let (from, to) = (LedgerAccount::InTransit(vault), LedgerAccount::Vault(vault));
            post(id, from, to, arrived.amount, TransferKind::Arrival)?;
        }
    }
    if !printed.is_zero() {
        let mark = Mark {
            size: statement.journal_size,
            ascending: statement.ascending,
        };
        statistics::store::put_mark(tx, vault, mark, sealed.now)?;
        let mut cause = vault.bytes().to_vec();
        cause.extend_from_slice(&statement.journal_size.to_be_bytes());
        let id = TransferId::derived(TransferKind::Printing, &cause);
        let (from, to) = (LedgerAccount::Vault(vault), LedgerAccount::Printed(vault));
        post(id, from, to, printed, TransferKind::Printing)?;
    }
    Ok(())
}

/// Whether the stated journal was proved to extend the accepted one. Anything extends nothing.
fn extends(mirror: &Mirror, statement: &RegisterStatement, consistency: &ProofHashes) -> bool {
    if mirror.accepted_size == 0 {
        return consistency.0.is_empty();
    }
    merkle::verify_consistency(
        (mirror.accepted_size, &mirror.accepted_root),
        (statement.journal_size, &statement.journal_root),
        &consistency.0,
    )
    .is_ok()
}

/// What a statement that is not believed leads to.
fn distrusted(fault: StatementFault) -> Result<Answer<Vec<u8>>, Refused> {
    match fault {
        StatementFault::WrongVault => Err(bad_statement()),
        StatementFault::WrongRegisters => Ok(Answer::Freeze("registers that were never granted")),
        StatementFault::Fork => Ok(Answer::Freeze("another history of the vault")),
    }
}

/// The receipt that every authenticated contact carries, with a signed head that is committed when
/// the reply leaves.
fn receipt(
    checkpoint: String,
    mirror: &Mirror,
    statement: &RegisterStatement,
    now: UnixSeconds,
) -> Receipt {
    let (warn_at, lock_at) = rules::watchdog(now);
    Receipt {
        version: VERSION,
        vault: mirror.vault,
        nonce: statement.nonce,
        now,
        accepted_size: mirror.accepted_size,
        accepted_root: mirror.accepted_root,
        warn_at,
        lock_at,
        checkpoint,
    }
}

/// What the clerk is told about the account.
fn account_line(tx: &Tx<'_>, row: &VaultRow) -> Result<AccountLine, Refused> {
    let available = ledger::available(tx, &LedgerAccount::Customer(row.account))?;
    Ok(AccountLine {
        name: row.account_name.clone(),
        available,
    })
}

pub(super) fn bad_statement() -> Refused {
    Refused::new(
        StatusCode::BAD_REQUEST,
        "wrong_statement",
        "The request does not belong to this station's vault. No money moved.",
        "Try again; ring the support contact when it goes on.",
    )
}

fn wrong_clock() -> Refused {
    Refused::later(
        StatusCode::CONFLICT,
        "wrong_clock",
        "The station's clock is more than a day ahead of the data center's. No money moved.",
        "Set the computer's date and time. What the station has already written down under a later date \
         keeps it waiting until that date, or until it is withdrawn and enrolled anew.",
    )
}

fn account_reconciling() -> Refused {
    Refused::later(
        StatusCode::SERVICE_UNAVAILABLE,
        "account_reconciling",
        "The data center was restored from a backup and has not heard all stations of this account. \
         No money moved.",
        "Printing goes on. The refill is made when the other stations have called.",
    )
}

fn foreign_head() -> Refused {
    Refused::new(
        StatusCode::CONFLICT,
        "foreign_head",
        "The station keeps a head of the journal that this data center never signed. \
         No money moved.",
        "Ring the support contact; the station may belong to another data center.",
    )
}

fn decided_before() -> Refused {
    Refused::later(
        StatusCode::CONFLICT,
        "refill_decided",
        "This refill was decided before. No money moved now.",
        "Ring the support contact: a station that has lost nothing asks once.",
    )
}
