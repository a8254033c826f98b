//! A data center that has forgotten learns again from its stations (`protocol.md` L).
//!
//! Called by stations that were told `reconcile`. Level L3, outside of the stream: every grant in
//! it bears our own signature and every statement the station's, so the same again changes nothing.
//! It must never take over a grant that does not follow from what it knows.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use sha2::{Digest, Sha256};
use shared::indicium::certificate::IndiciumCertificate;
use shared::money::Mills;
use shared::security::envelope::Header;
use shared::security::signed::{self, ContentType};
use shared::services::funds::{Grant, RefillReply};
use shared::services::reconcile::{
    HeldGrant, MAX_GRANTS, ReconcileReply, ReconcileRequest, VERSION,
};
use shared::vault::Registers;
use shared::wire::from_cbor;

use super::rules::{Mirror, OpenGrant};
use super::store::{self, RefillRow, VaultRow};
use super::{bad_statement, cbor, distrusted, receipt, settle};
use crate::access::{Bounded, CallingStation, MESSAGE_MAX};
use crate::ca::{self, StationCertificate};
use crate::center::DataCenter;
use crate::db::Tx;
use crate::epochs;
use crate::ledger::{
    self, LedgerAccount, LedgerError, RecordKind, Transfer, TransferId, TransferKind,
};
use crate::services::learned;
use crate::services::refused::Refused;
use crate::services::sealed::{Answer, Entrance, Sealed, check_state, unknown_station};
use crate::services::unnumbered;
use crate::witnesses::{self, Kept};

pub(super) async fn route(
    State(center): State<Arc<DataCenter>>,
    CallingStation(caller): CallingStation,
    Bounded(body): Bounded<MESSAGE_MAX>,
) -> Result<Response, Refused> {
    let certificate = Arc::clone(&caller);
    let answered = unnumbered::attend::<ReconcileRequest, _>(
        &center,
        ReconcileRequest::CONTENT,
        Entrance::Contact(caller),
        body.to_vec(),
        move |center, tx, sealed| take(center, tx, sealed, &certificate),
    )
    .await;
    center.refresh_life().await?;
    answered.map(cbor)
}

/// Learns what the message brings; the receipt says that nothing is missing.
fn take(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<ReconcileRequest>,
    certificate: &StationCertificate,
) -> Result<Answer<Vec<u8>>, Refused> {
    check_state(tx, center, sealed.station)?;
    let (request, statement) = (&sealed.request, &sealed.request.statement);
    if request.grants.len() > MAX_GRANTS {
        return Err(bad_statement());
    }
    let found = match store::find(tx, sealed.station)? {
        None => again(center, tx, sealed, certificate)?,
        found => found,
    };
    let Some(mut row) = found else {
        return who_is_it(center, sealed);
    };
    if statement.vault != row.mirror.vault || statement.psd != row.mirror.psd {
        return Err(bad_statement());
    }
    if witnesses::compare(center, tx, request.witness.kept.as_ref())? == Kept::Forgotten {
        witnesses::forget(center, tx, request.witness.kept.as_ref(), sealed.now)?;
    }
    if !epochs::is_listed(tx, sealed.station)? {
        return Err(nothing_forgotten());
    }
    let lacking = learn_all(center, tx, sealed, &mut row)?;
    epochs::lacks(tx, sealed.station, lacking)?;
    let known = last_known(&row.mirror);
    let complete = lacking.is_none()
        && statement.last_grant <= known
        && request.from == row.mirror.accepted_size;
    let mut reply = ReconcileReply {
        version: VERSION,
        accepted: row.mirror.accepted_size,
        last_grant: known,
        receipt: None,
        lacking,
    };
    if complete {
        let learned = row.mirror.clone();
        row = match settle(center, tx, sealed, row, statement, &request.consistency)? {
            Ok(row) => row,
            Err(fault) => {
                // What was learned stands in the ledger, and so it does in the mirror.
                store::update(tx, sealed.station, &learned, sealed.now)?;
                return distrusted(fault);
            }
        };
        let epoch = epochs::current(tx)?;
        let checkpoint = center.checkpoint_of(epoch, &ledger::tree::tree_head(tx)?);
        let time = row.time(sealed.now);
        reply.accepted = row.mirror.accepted_size;
        reply.receipt = Some(receipt(checkpoint, &row.mirror, statement, time));
        epochs::heard(tx, sealed.station, sealed.now)?;
    }
    store::update(tx, sealed.station, &row.mirror, sealed.now)?;
    let reply = sealed.sign(center, ContentType::ReconcileReply, &reply)?;
    Ok(Answer::Reply(reply))
}

/// The vault of a station that was forgotten altogether, once one of our grants says whose it is.
fn again(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<ReconcileRequest>,
    certificate: &StationCertificate,
) -> Result<Option<VaultRow>, Refused> {
    let request = &sealed.request;
    let Some(held) = request.grants.first() else {
        return Ok(None);
    };
    let (_, account) = own_grant(center, sealed, held)?;
    let said = (account.as_str(), sealed.now);
    learned::station_again(center, tx, certificate, &request.statement, said)?;
    Ok(store::find(tx, sealed.station)?)
}

/// Asks a station of which nothing is known for its grants. One without a grant has nothing to lose
/// by enrolling again.
fn who_is_it(
    center: &Arc<DataCenter>,
    sealed: &Sealed<ReconcileRequest>,
) -> Result<Answer<Vec<u8>>, Refused> {
    if sealed.request.statement.last_grant == 0 {
        return Err(unknown_station());
    }
    let reply = ReconcileReply {
        version: VERSION,
        accepted: 0,
        last_grant: 0,
        receipt: None,
        lacking: None,
    };
    let reply = sealed.sign(center, ContentType::ReconcileReply, &reply)?;
    Ok(Answer::Reply(reply))
}

/// The last grant the data center knows of.
fn last_known(mirror: &Mirror) -> u64 {
    mirror.open.map_or(mirror.last_grant, |open| open.number)
}

/// Learns the grants that follow from what is known, in their order; what the account lacks for
/// the first that it does not cover.
fn learn_all(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<ReconcileRequest>,
    row: &mut VaultRow,
) -> Result<Option<Mills>, Refused> {
    for held in &sealed.request.grants {
        let (grant, _) = own_grant(center, sealed, held)?;
        if grant.number <= last_known(&row.mirror) {
            continue;
        }
        if let Some(lacking) = learn(center, tx, sealed, row, held, &grant)? {
            return Ok(Some(lacking));
        }
    }
    Ok(None)
}

/// The grant in a reply that we have signed for this station, and the name of its account.
fn own_grant(
    center: &DataCenter,
    sealed: &Sealed<ReconcileRequest>,
    held: &HeldGrant,
) -> Result<(Grant, String), Refused> {
    let header: Header = from_cbor(&held.header).map_err(|_| bad_statement())?;
    if header.station != sealed.station || header.data_center != center.id() {
        return Err(bad_statement());
    }
    // Also under a key that signs no more: the grant was made when it did.
    let keys = center.authority().believed_replies(sealed.now);
    let opened = signed::open::<RefillReply>(
        ContentType::RefillReply,
        &held.reply,
        &held.header,
        |id, input, signature| {
            keys.iter()
                .any(|key| key.key_id() == id && ca::verify(key, input, signature))
        },
    );
    let reply = opened.map_err(|_| bad_statement())?.message;
    let account = reply.account.name;
    let grant = reply.grant.ok_or_else(bad_statement)?;
    if grant.vault != sealed.request.statement.vault {
        return Err(bad_statement());
    }
    Ok((grant, account))
}

/// Learns one grant as if it had just been made: the one before it has arrived, its money leaves
/// the account, its decision and its certificate are on record.
fn learn(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<ReconcileRequest>,
    row: &mut VaultRow,
    held: &HeldGrant,
    grant: &Grant,
) -> Result<Option<Mills>, Refused> {
    arrive(center, tx, sealed, &mut row.mirror)?;
    let mirror = &row.mirror;
    let follows = mirror.last_grant.checked_add(1) == Some(grant.number)
        && grant.control_total_old == mirror.registers.control_total()
        && grant.control_total_old.plus(grant.amount) == Ok(grant.control_total_new);
    if !follows {
        return Err(bad_statement());
    }
    if !grant.amount.is_zero() {
        let vault = mirror.vault;
        let transfer = Transfer {
            id: TransferId::derived(TransferKind::Grant, grant.refill.bytes()),
            debit: LedgerAccount::Customer(row.account),
            credit: LedgerAccount::InTransit(vault),
            amount: grant.amount,
            kind: TransferKind::Grant,
            reference: grant.refill.to_string(),
            request_hash: sealed.request_hash,
            user: sealed.station.to_string(),
            now: sealed.now,
        };
        match center.ledger().post(tx, &transfer) {
            Ok(_) => {}
            Err(LedgerError::Insufficient {
                available, asked, ..
            }) => {
                return Ok(Some(asked.minus(available).unwrap_or(asked)));
            }
            Err(fault) => return Err(fault.into()),
        }
    }
    put_on_record(center, tx, sealed, held, grant)?;
    row.mirror.open = Some(OpenGrant {
        number: grant.number,
        refill: grant.refill,
        amount: grant.amount,
    });
    Ok(None)
}

/// Writes down the decision and its certificate, as when it was first made.
fn put_on_record(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<ReconcileRequest>,
    held: &HeldGrant,
    grant: &Grant,
) -> Result<(), Refused> {
    let certificate =
        IndiciumCertificate::from_der(&grant.certificate).map_err(|_| bad_statement())?;
    let request_hash: [u8; 32] = Sha256::digest(&held.reply).into();
    let mut body = grant.refill.bytes().to_vec();
    body.extend_from_slice(&request_hash);
    body.push(1);
    let user = sealed.station.to_string();
    center
        .ledger()
        .append(tx, RecordKind::Refill, body, &user, sealed.now)?;
    if !store::is_decided(tx, grant.refill)? {
        store::decided(
            tx,
            &RefillRow {
                refill: grant.refill,
                station: sealed.station,
                number: grant.number,
                amount: grant.amount,
                granted: true,
                request_hash: &request_hash,
                reply: &held.reply,
                created: grant.issued,
            },
        )?;
        let (serial, until) = (certificate.serial, certificate.not_after);
        store::certified(tx, &serial, sealed.station, grant.refill, until)?;
    }
    Ok(())
}

/// The open grant has arrived: a later one was made, and there is never more than one.
fn arrive(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<ReconcileRequest>,
    mirror: &mut Mirror,
) -> Result<(), Refused> {
    let Some(open) = mirror.open else {
        return Ok(());
    };
    let before = mirror.registers;
    let too_much = |_| bad_statement();
    let registers = Registers::checked(
        before.ascending(),
        before.descending().plus(open.amount).map_err(too_much)?,
        before.control_total().plus(open.amount).map_err(too_much)?,
        before.pieces(),
    )
    .map_err(too_much)?;
    store::posted(tx, open.refill)?;
    if !open.amount.is_zero() {
        center.ledger().post(
            tx,
            &Transfer {
                id: TransferId::derived(TransferKind::Arrival, open.refill.bytes()),
                debit: LedgerAccount::InTransit(mirror.vault),
                credit: LedgerAccount::Vault(mirror.vault),
                amount: open.amount,
                kind: TransferKind::Arrival,
                reference: String::new(),
                request_hash: sealed.request_hash,
                user: sealed.station.to_string(),
                now: sealed.now,
            },
        )?;
    }
    mirror.registers = registers;
    mirror.last_grant = open.number;
    mirror.open = None;
    Ok(())
}

fn nothing_forgotten() -> Refused {
    Refused::new(
        StatusCode::CONFLICT,
        "nothing_forgotten",
        "The data center has forgotten nothing of this station. No money moved.",
        "The station goes on by itself.",
    )
}
