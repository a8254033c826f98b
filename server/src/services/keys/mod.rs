//! Key management: enrolment of stations and renewal of their certificates.
//!
//! Called once by a new station with its one-time code (level L1), and by every station when a
//! third of its certificate's life is left (level L3, also by the renewal door when it has
//! expired). It must never see a private key and never give one PSD number twice. Tables:
//! `enrolment_code`, `station_certificate`, `denied_certificate`. Tests: `tests/it/keys.rs`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use sha2::{Digest, Sha256};
use shared::clock::UnixSeconds;
use shared::ids::StationId;
use shared::monitor::Marker;
use shared::security::enrolment_code::EnrolmentCode;
use shared::security::envelope::Envelope;
use shared::security::signed::ContentType;
use shared::services::ServiceId;
use shared::services::directory::PublicKey;
use shared::services::keys::{Chain, EnrolReply, EnrolRequest, RenewReply, RenewRequest};
use shared::wire::to_cbor;

use super::funds::{cbor, store as vaults};
use super::refused::{Refused, read};
use super::sealed::{self, Answer, Entrance, Sealed};
use crate::access::limiter::Trier;
use crate::access::{Bounded, Caller, CallingStation, DOOR_MAX, MESSAGE_MAX, ProblemReply};
use crate::ca::IssuedCertificate;
use crate::ca::counter::Counter;
use crate::center::{CenterError, DataCenter};
use crate::db::Tx;
use crate::ledger::{RecordKind, accounts};
use crate::repository::{self, RepositoryRole};
use crate::stations;

/// The layout version of every message here.
const VERSION: u8 = 1;

/// The service's routes.
pub fn routes() -> Router<Arc<DataCenter>> {
    Router::new()
        .route("/v1/enrol", post(enrol_route))
        .route("/v1/keys/renew", post(renew_route))
        .route("/door/renew", post(door_route))
}

/// Level L1. Wrong secrets are counted by address; they do not burn a code.
async fn enrol_route(
    State(center): State<Arc<DataCenter>>,
    caller: Caller,
    Bounded(body): Bounded<DOOR_MAX>,
) -> Result<Response, Refused> {
    let trier = Trier::Enrolment(caller.address.ip());
    if center.limiter().is_exhausted(trier, center.now()) {
        return Err(ProblemReply::too_many_tries().into());
    }
    let answered = enrol(&center, body.to_vec()).await;
    if answered
        .as_ref()
        .is_err_and(|refused| refused.code() == Some("wrong_code"))
        && !center.limiter().admits(trier, center.now())
    {
        return Err(ProblemReply::too_many_tries().into());
    }
    answered.map(cbor)
}

async fn renew_route(
    State(center): State<Arc<DataCenter>>,
    CallingStation(caller): CallingStation,
    Bounded(body): Bounded<MESSAGE_MAX>,
) -> Result<Response, Refused> {
    renew(&center, Entrance::Contact(caller), body.to_vec())
        .await
        .map(cbor)
}

/// The renewal door: no certificate at the handshake, but the seal and the registered key.
async fn door_route(
    State(center): State<Arc<DataCenter>>,
    caller: Caller,
    Bounded(body): Bounded<DOOR_MAX>,
) -> Result<Response, Refused> {
    let envelope = Envelope::decode(&body).map_err(|_| bad_request())?;
    let (limiter, now) = (center.limiter(), center.now());
    if !limiter.admits(Trier::DoorAddress(caller.address.ip()), now)
        || !limiter.admits(Trier::DoorStation(envelope.header.station), now)
    {
        return Err(ProblemReply::too_many_tries().into());
    }
    renew(&center, Entrance::RenewalDoor, body.to_vec())
        .await
        .map(cbor)
}

/// Enrols a station: CBOR request in, CBOR reply out. The same request again gets the same reply.
///
/// # Errors
/// [`Refused`]; the code stays good then.
pub async fn enrol(center: &Arc<DataCenter>, body: Vec<u8>) -> Result<Vec<u8>, Refused> {
    let request: EnrolRequest = read(&body, bad_request)?;
    let (inner, now) = (Arc::clone(center), center.now());
    center
        .db()
        .write("enrol", move |tx| enrol_in(&inner, tx, &request, now))
        .await
}

/// One transaction: certificate, vault, state, stored reply, journal record.
fn enrol_in(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    request: &EnrolRequest,
    now: UnixSeconds,
) -> Result<Vec<u8>, Refused> {
    let secret_hash = EnrolmentCode::hash_secret(&request.secret);
    let code = stations::code(tx, &secret_hash)?.ok_or_else(wrong_code)?;
    let csr_hash: [u8; 32] = Sha256::digest(&request.csr).into();
    match (code.csr_hash, code.reply) {
        (Some(used), Some(reply)) if used == csr_hash => return Ok(reply),
        (Some(_), _) => {
            tracing::error!(station = %code.station, "an enrolment code was used a second time");
            return Err(code_used());
        }
        (None, _) => {}
    }
    if now > code.expires {
        return Err(code_expired());
    }
    let reply = new_station(center, tx, code.station, &request.csr, now)?;
    stations::use_code(tx, &secret_hash, &csr_hash, &reply)?;
    let user = code.station.to_string();
    center
        .ledger()
        .append(tx, RecordKind::Station, csr_hash.to_vec(), &user, now)?;
    Ok(reply)
}

/// Gives a station its certificate and its vault; the reply says everything it needs to begin.
fn new_station(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    id: StationId,
    csr: &[u8],
    now: UnixSeconds,
) -> Result<Vec<u8>, Refused> {
    let station = stations::by_id(tx, id)?.ok_or_else(wrong_code)?;
    let account = accounts::by_id(tx, station.account)?.ok_or_else(wrong_code)?;
    let counter = Counter::Certificate.next(tx)?;
    let issued = center
        .authority()
        .issue_station_certificate(csr, id, station.psd, counter, now)
        .map_err(|_| bad_request())?;
    let repository_root =
        repository::store::needed(tx, RepositoryRole::Root).map_err(CenterError::from)?;
    stations::record_certificate(tx, id, &issued)?;
    stations::set_enrolled(tx, id, now)?;
    vaults::create(tx, id)?;
    Ok(to_cbor(&EnrolReply {
        version: VERSION,
        data_center: center.id(),
        station: id,
        vault: station.vault,
        psd: station.psd,
        certificate: chain(center, issued),
        root: center.authority().root().to_vec(),
        indicium_authority: center.authority().indicium_authority(),
        keys: center.authority().center_keys(),
        account: account.name,
        support_contact: center.support_contact().to_owned(),
        licence_zip: station.licence_zip,
        epoch: center.epoch(),
        heads: PublicKey(center.authority().heads().public()),
        recovery: center.authority().recovery_keys().map(PublicKey),
        dial_in: Some(center.authority().dial_in().of_station(id)),
        repository_root: repository_root.content.into(),
        numbers: center.authority().signing_numbers(),
    }))
}

/// Renews a station's certificate: envelope in, reply envelope out.
///
/// # Errors
/// [`Refused`]; the old certificate stays what it was.
pub async fn renew(
    center: &Arc<DataCenter>,
    entrance: Entrance,
    body: Vec<u8>,
) -> Result<Vec<u8>, Refused> {
    sealed::exchange::<RenewRequest, _>(center, ContentType::RenewRequest, entrance, body, renew_in)
        .await
}

fn renew_in(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<RenewRequest>,
) -> Result<Answer<Vec<u8>>, Refused> {
    sealed::check_state(tx, center, sealed.station)?;
    let station = stations::by_id(tx, sealed.station)?.ok_or_else(bad_request)?;
    let counter = Counter::Certificate.next(tx)?;
    let issued = center
        .authority()
        .issue_station_certificate(
            &sealed.request.csr,
            station.id,
            station.psd,
            counter,
            sealed.now,
        )
        .map_err(|_| bad_request())?;
    stations::record_certificate(tx, station.id, &issued)?;
    let reply = renewed(center, station.id, issued, sealed);
    Ok(Answer::Reply(sealed.sign(
        center,
        ContentType::RenewReply,
        &reply,
    )?))
}

/// What a renewal brings, without what the station says it has.
fn renewed(
    center: &Arc<DataCenter>,
    station: StationId,
    issued: IssuedCertificate,
    sealed: &Sealed<RenewRequest>,
) -> RenewReply {
    let known = sealed.request.known.clone().unwrap_or_default();
    let mut certificate = chain(center, issued);
    if known.has(&certificate.issuer) {
        certificate.issuer.clear();
    }
    let authority = center.authority();
    let (keys, dial_in) = (
        authority.center_keys(),
        authority.dial_in().of_station(station),
    );
    let mut trust = authority.trust(sealed.now);
    trust.authorities.retain(|der| !known.has(der));
    RenewReply {
        version: VERSION,
        certificate,
        keys: Some(keys).filter(|keys| !known.has(&to_cbor(keys))),
        trust: Some(trust),
        dial_in: Some(dial_in).filter(|dial_in| !known.has(&to_cbor(dial_in))),
    }
}

/// The marker of the keys every station should know.
pub(crate) fn marker(center: &DataCenter) -> Marker {
    Marker::of(ServiceId::Keys, &to_cbor(&center.authority().center_keys()))
}

fn chain(center: &Arc<DataCenter>, issued: IssuedCertificate) -> Chain {
    Chain {
        leaf: issued.der,
        issuer: center.authority().station_authority(),
    }
}

fn bad_request() -> Refused {
    Refused::new(
        StatusCode::BAD_REQUEST,
        "not_readable",
        "The request cannot be read.",
        "Try again; update the station's software when it goes on.",
    )
}

fn wrong_code() -> Refused {
    Refused::new(
        StatusCode::FORBIDDEN,
        "wrong_code",
        "The data center does not know this enrolment code.",
        "Compare it with the one the admin gave you.",
    )
}

fn code_used() -> Refused {
    Refused::new(
        StatusCode::FORBIDDEN,
        "code_used",
        "This enrolment code was already used by another station.",
        "Tell the admin at once, then ask for a new code.",
    )
}

fn code_expired() -> Refused {
    Refused::new(
        StatusCode::FORBIDDEN,
        "code_expired",
        "This enrolment code is older than 24 hours.",
        "Ask the admin for a new one.",
    )
}
