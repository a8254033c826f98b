//! The door of every L3 service: opens the envelope, keeps the stream, stores the reply.
//!
//! One stream per station and service, one request outstanding (`protocol.md` D): the next number
//! is served; the last one again with the same bytes gets the stored reply, freshly sealed; the
//! last one with other bytes is a fork and freezes the station; anything else is refused with the
//! number expected. Request, reply and everything the service writes are one commit, so a crash
//! before it leaves nothing, and one after it leaves the reply to be asked for again.

use std::sync::Arc;

use axum::http::StatusCode;
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};
use shared::clock::UnixSeconds;
use shared::ids::StationId;
use shared::security::envelope::{Envelope, EnvelopeFault, Header, ReplySecret};
use shared::security::signed::{self, ContentType, KeyId, SIGNATURE_BYTES, SignedFault};
use shared::services::{Request, ServiceId};
use shared::wire::Unread;

use super::learned;
use super::refused::{Refused, update_needed};
use crate::access::ProblemReply;
use crate::ca::{self, StationCertificate, random};
use crate::center::DataCenter;
use crate::db::{DbError, Tx};
use crate::epochs;
use crate::ledger::RecordKind;
use crate::params;
use crate::stations::{self, RegisteredKey, StationState};
use crate::witnesses::{self, Kept};

/// Keys of a station that are looked at: the present one, and the ones before it, with which what
/// was already answered may be asked for again.
pub(super) const KEYS_MAX: u32 = 4;

/// An opened request.
#[derive(Debug)]
pub struct Sealed<Q> {
    /// Who asks.
    pub station: StationId,
    /// What is asked.
    pub request: Q,
    /// The signed request's bytes: evidence.
    pub signed: Vec<u8>,
    /// SHA-256 of [`Self::signed`].
    pub request_hash: [u8; 32],
    /// The data center's time.
    pub now: UnixSeconds,
    header: Header,
    signer: Signer,
}

/// The key that signed a request, among those the station was certified for.
#[derive(Clone, Debug)]
struct Signer {
    serial: Vec<u8>,
    /// Whether the station has signed with it before.
    is_used: bool,
    /// Whether it may ask for something new: the station's newest key, or, until the station has
    /// signed with that one, the key before it. The station may not have the newest one yet,
    /// because the reply that brings it was lost or is on its way beside this request.
    is_in_force: bool,
}

impl Signer {
    /// The key with this name, if it signed `input`.
    fn find(
        keys: &[RegisteredKey],
        key: KeyId,
        input: &[u8],
        signature: &[u8; SIGNATURE_BYTES],
    ) -> Option<Self> {
        let signed = |known: &RegisteredKey| {
            known.point.key_id() == key && ca::verify(&known.point, input, signature)
        };
        let place = keys.iter().position(signed)?;
        let newest_used = keys.iter().position(|known| known.is_used);
        keys.get(place).map(|known| Self {
            serial: known.serial.clone(),
            is_used: known.is_used,
            is_in_force: newest_used.is_none_or(|newest| place <= newest),
        })
    }
}

/// What a service answers with.
#[derive(Debug)]
pub enum Answer<P> {
    /// A reply, stored with the stream.
    Reply(P),
    /// The station contradicts itself: it is frozen and the message kept as evidence.
    Freeze(&'static str),
}

/// How the request came in.
#[derive(Clone, Debug)]
pub enum Entrance {
    /// By mutual TLS with this certificate.
    Contact(Arc<StationCertificate>),
    /// By the renewal door, where the certificate may have expired.
    RenewalDoor,
    /// By the statement door, where the certificate may have been revoked too: evidence only.
    StatementDoor,
}

/// What the transaction left behind.
pub(super) enum Committed {
    /// The signed reply.
    Reply(Vec<u8>),
    /// The station is frozen, and why.
    Frozen(&'static str),
    /// The station has shown that the data center has forgotten: a new epoch has begun.
    Forgotten,
}

/// How a service works ahead of its transaction. All transactions share one thread; what is made
/// here is made on as many as the machine has. Nothing of it may decide anything: between the
/// glance and the transaction the books may change.
#[derive(Debug)]
pub struct Ahead<Q, G, A> {
    /// What is looked at, in one snapshot.
    pub glance: fn(&Tx<'_>, StationId) -> Result<G, DbError>,
    /// What is made of it, on a thread that may take its time.
    pub prepare: fn(&DataCenter, &Sealed<Q>, G) -> A,
}

impl<Q> Sealed<Q> {
    /// The request's number in its stream.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.header.sequence
    }

    /// Refuses what an earlier key of the station signed, and notes the first use of a later one.
    ///
    /// Called after the service has decided: an earlier key obtains nothing, and the transaction is
    /// rolled back, but what it signed is evidence all the same when it contradicts the station. So
    /// a copy of a station is found out by its own old key.
    pub(super) fn admit_key(&self, tx: &Tx<'_>) -> Result<(), Refused> {
        if !self.signer.is_in_force {
            return Err(earlier_key());
        }
        if !self.signer.is_used {
            stations::set_key_used(tx, &self.signer.serial, self.now)?;
        }
        Ok(())
    }

    /// Signs a reply to this request.
    ///
    /// # Errors
    /// [`Refused`] when the provider fails.
    pub fn sign<P: Encode<()>>(
        &self,
        center: &Arc<DataCenter>,
        kind: ContentType,
        reply: &P,
    ) -> Result<Vec<u8>, Refused> {
        let key = center.authority().replies();
        let aad = self.header.reply().bytes();
        signed::sign(kind, key.key_id(), reply, &aad, |message| key.sign(message))
            .map_err(|_| ProblemReply::fault().into())
    }
}

/// Serves one sealed request: the envelope's bytes in, the reply envelope's bytes out.
///
/// `serve` runs inside the one transaction; it is not called for a request that was served before.
/// It returns the reply's bytes, signed by [`Sealed::sign`].
///
/// # Errors
/// [`Refused`]: nothing was stored then, but for evidence of a fork.
pub async fn exchange<Q, F>(
    center: &Arc<DataCenter>,
    kind: ContentType,
    entrance: Entrance,
    body: Vec<u8>,
    serve: F,
) -> Result<Vec<u8>, Refused>
where
    Q: Request + for<'b> Decode<'b, ()> + Send + 'static,
    F: FnOnce(&Arc<DataCenter>, &Tx<'_>, &Sealed<Q>) -> Result<Answer<Vec<u8>>, Refused>
        + Send
        + 'static,
{
    let nothing = Ahead {
        glance: |_, _| Ok(()),
        prepare: |_, _, ()| (),
    };
    let serve =
        |center: &Arc<DataCenter>, tx: &Tx<'_>, sealed: &Sealed<Q>, ()| serve(center, tx, sealed);
    exchange_ahead(center, kind, entrance, body, nothing, serve).await
}

/// [`exchange`] for a service that makes something ready before its transaction.
///
/// # Errors
/// As [`exchange`].
pub async fn exchange_ahead<Q, G, A, F>(
    center: &Arc<DataCenter>,
    kind: ContentType,
    entrance: Entrance,
    body: Vec<u8>,
    ahead: Ahead<Q, G, A>,
    serve: F,
) -> Result<Vec<u8>, Refused>
where
    Q: Request + for<'b> Decode<'b, ()> + Send + 'static,
    G: Send + 'static,
    A: Send + 'static,
    F: FnOnce(&Arc<DataCenter>, &Tx<'_>, &Sealed<Q>, A) -> Result<Answer<Vec<u8>>, Refused>
        + Send
        + 'static,
{
    let envelope = envelope_of(&body)?;
    check_header::<Q>(center, &envelope.header, &entrance)?;
    let station = envelope.header.station;
    let now = center.now();
    let Ahead { glance, prepare } = ahead;
    let (keys, glance) = center
        .db()
        .read("station keys", move |tx| {
            let keys = stations::keys(tx, station, KEYS_MAX)?;
            Ok::<_, DbError>((keys, glance(tx, station)?))
        })
        .await?;
    let keys = learned::keys(center, &entrance, keys).await?;
    if keys.is_empty() && matches!(entrance, Entrance::Contact(_)) {
        // Only a data center that has forgotten does not know whom it has given a certificate.
        return Err(reconcile());
    }
    check_door(&keys, &entrance, now)?;
    let inner = Arc::clone(center);
    let (sealed, secret, made) = off_thread(move || {
        let (sealed, secret) = unseal::<Q>(&inner, kind, &envelope, &keys, now)?;
        let made = prepare(&inner, &sealed, glance);
        Ok((sealed, secret, made))
    })
    .await?;
    let header = sealed.header;
    let inner = Arc::clone(center);
    let committed = center
        .db()
        .write("sealed request", move |tx| {
            commit(&inner, tx, Q::SERVICE, &sealed, |tx| {
                serve(&inner, tx, &sealed, made)
            })
        })
        .await?;
    match committed {
        Committed::Reply(reply) => seal_reply(&secret, &header, &reply),
        Committed::Frozen(reason) => {
            tracing::error!(%station, reason, "station frozen");
            Err(frozen(center.support_contact()))
        }
        Committed::Forgotten => {
            center.refresh_life().await?;
            Err(reconcile())
        }
    }
}

/// Seals a signed reply with a fresh nonce.
pub(super) fn seal_reply(
    secret: &ReplySecret,
    header: &Header,
    reply: &[u8],
) -> Result<Vec<u8>, Refused> {
    let nonce = random::<32>()?;
    secret
        .seal(header.reply(), reply, nonce)
        .map(|envelope| envelope.encode())
        .map_err(|_| not_readable())
}

/// The envelope a request comes in. A signed message that is not sealed is below L3.
pub(super) fn envelope_of(body: &[u8]) -> Result<Envelope, Refused> {
    Envelope::decode(body).map_err(|fault| match fault {
        EnvelopeFault::UnknownVersion => update_needed(),
        EnvelopeFault::TooLong
        | EnvelopeFault::NotAnEnvelope
        | EnvelopeFault::WrongHeader
        | EnvelopeFault::BadKey
        | EnvelopeFault::BadSeal => {
            if signed::signer_of(body).is_some() {
                level_too_low()
            } else {
                not_readable()
            }
        }
    })
}

fn level_too_low() -> Refused {
    Refused::new(
        StatusCode::FORBIDDEN,
        "level_too_low",
        "The request came in below the security level of its service. No money moved.",
        "Update the station's software.",
    )
}

/// Refuses what the header alone forbids: another data center, another service, a lower level, a
/// certificate of another station.
pub(super) fn check_header<Q: Request>(
    center: &Arc<DataCenter>,
    header: &Header,
    entrance: &Entrance,
) -> Result<(), Refused> {
    if header.level < Q::LEVEL {
        return Err(level_too_low());
    }
    let own_certificate = match entrance {
        Entrance::Contact(certificate) => certificate.station == header.station,
        Entrance::RenewalDoor => Q::SERVICE == ServiceId::Keys,
        Entrance::StatementDoor => Q::SERVICE == ServiceId::Funds,
    };
    if header.data_center != center.id() || header.service != Q::SERVICE || !own_certificate {
        return Err(Refused::new(
            StatusCode::FORBIDDEN,
            "wrong_address",
            "The request is addressed to somebody else. No money moved.",
            "Enrol the station again if it was moved to another data center.",
        ));
    }
    Ok(())
}

/// At the renewal door the certificate may have expired, but not long ago, and never been revoked.
pub(super) fn check_door(
    keys: &[RegisteredKey],
    entrance: &Entrance,
    now: UnixSeconds,
) -> Result<(), Refused> {
    let Some(newest) = keys.first() else {
        return Err(unknown_station());
    };
    if newest.is_denied && !matches!(entrance, Entrance::StatementDoor) {
        return Err(Refused::new(
            StatusCode::FORBIDDEN,
            "certificate_revoked",
            "The station's certificate was revoked. No money moved.",
            "Ring the support contact; the station can only be enrolled again.",
        ));
    }
    let closed = newest
        .not_after
        .plus_days(shared::services::keys::RENEWAL_DOOR_DAYS);
    if matches!(entrance, Entrance::RenewalDoor) && now > closed {
        return Err(Refused::new(
            StatusCode::FORBIDDEN,
            "certificate_too_old",
            "The station's certificate expired more than 400 days ago. No money moved.",
            "Enrol the station again with a new code; its value is held for the account.",
        ));
    }
    Ok(())
}

pub(super) fn unknown_station() -> Refused {
    Refused::new(
        StatusCode::FORBIDDEN,
        "unknown_station",
        "The data center does not know this station. No money moved.",
        "Enrol it with a new code.",
    )
}

/// Opens the envelope and checks the signature on a thread that may take its time.
pub(super) async fn unseal_off_thread<Q>(
    center: &Arc<DataCenter>,
    kind: ContentType,
    envelope: Envelope,
    keys: Vec<RegisteredKey>,
    now: UnixSeconds,
) -> Result<(Sealed<Q>, ReplySecret), Refused>
where
    Q: for<'b> Decode<'b, ()> + Send + 'static,
{
    let center = Arc::clone(center);
    off_thread(move || unseal(&center, kind, &envelope, &keys, now)).await
}

/// Runs what takes its time off the async threads.
async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refused> + Send + 'static,
) -> Result<T, Refused> {
    tokio::task::spawn_blocking(work).await.map_err(|_| {
        Refused::later(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "The data center is stopping.",
            "Try again.",
        )
    })?
}

/// Opens the envelope and checks the signature.
fn unseal<Q: for<'b> Decode<'b, ()>>(
    center: &Arc<DataCenter>,
    kind: ContentType,
    envelope: &Envelope,
    keys: &[RegisteredKey],
    now: UnixSeconds,
) -> Result<(Sealed<Q>, ReplySecret), Refused> {
    let pair = center
        .authority()
        .sealing()
        .find(envelope.key)
        .ok_or_else(|| {
            Refused::later(
                StatusCode::CONFLICT,
                "sealing_key_unknown",
                "The request was sealed to a key the data center no longer has. No money moved.",
                "The station fetches the present key by itself; try again.",
            )
        })?;
    let (message, secret) = envelope.open(pair.private()).map_err(|_| not_readable())?;
    let header = envelope.header;
    let mut signer = None;
    let opened = signed::open::<Q>(kind, &message, &header.bytes(), |key, input, signature| {
        signer = Signer::find(keys, key, input, signature);
        signer.is_some()
    })
    .map_err(|fault| match fault {
        SignedFault::Content(Unread::UnknownLayout(_)) => update_needed(),
        SignedFault::Content(Unread::NotReadable(_))
        | SignedFault::TooLong
        | SignedFault::NotSigned
        | SignedFault::WrongKind(_)
        | SignedFault::BadSignature
        | SignedFault::Signer => not_signed(),
    })?;
    let signer = signer.ok_or_else(not_signed)?;
    let sealed = Sealed {
        station: header.station,
        request: opened.message,
        request_hash: Sha256::digest(&message).into(),
        signed: message,
        now,
        header,
        signer,
    };
    Ok((sealed, secret))
}

/// The stream's rule, and the one commit.
fn commit<Q: Request>(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    service: ServiceId,
    sealed: &Sealed<Q>,
    serve: impl FnOnce(&Tx<'_>) -> Result<Answer<Vec<u8>>, Refused>,
) -> Result<Committed, Refused> {
    // Before anything else: what we have forgotten must not be held against the station.
    if let Some(witness) = sealed.request.witness()
        && witnesses::compare(center, tx, witness.kept.as_ref())? == Kept::Forgotten
    {
        witnesses::forget(center, tx, witness.kept.as_ref(), sealed.now)?;
        return Ok(Committed::Forgotten);
    }
    let last: Option<(u64, [u8; 32], Vec<u8>, bool)> = tx.row(
        "SELECT sequence, request_hash, reply, lost FROM stream
         WHERE station = ?1 AND service = ?2",
        params![&sealed.station, i64::from(service.number())],
        |row| {
            Ok((
                row.column(0)?,
                row.column(1)?,
                row.column(2)?,
                row.column(3)?,
            ))
        },
    )?;
    let sequence = sealed.header.sequence;
    let (expected, may_have_lost) = match last {
        Some((number, hash, reply, _)) if number == sequence => {
            if hash == sealed.request_hash {
                return Ok(Committed::Reply(reply));
            }
            return freeze(center, tx, sealed, "two requests with one sequence number");
        }
        Some((number, _, _, lost)) => (number.saturating_add(1), lost),
        None => (1, center.epoch() > 1),
    };
    // A data center that has forgotten may have served messages it does not know: until the first
    // one after that it listens to later numbers.
    let lost = may_have_lost && sequence > expected;
    if sequence != expected && !lost {
        return Err(out_of_sequence(expected));
    }
    let reply = match serve(tx)? {
        Answer::Reply(reply) => {
            sealed.admit_key(tx)?;
            reply
        }
        Answer::Freeze(reason) => return freeze(center, tx, sealed, reason),
    };
    tx.execute(
        "INSERT INTO stream (station, service, sequence, request_hash, reply, statement,
            statement_header) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (station, service) DO UPDATE SET sequence = excluded.sequence,
            request_hash = excluded.request_hash, reply = excluded.reply,
            lost = 0, statement = COALESCE(excluded.statement, statement),
            statement_header = COALESCE(excluded.statement_header, statement_header)",
        params![
            &sealed.station,
            i64::from(service.number()),
            i64::try_from(sequence).unwrap_or(i64::MAX),
            &sealed.request_hash,
            &reply,
            Q::STATES.then_some(&sealed.signed),
            Q::STATES.then_some(&sealed.header.bytes()),
        ],
    )?;
    Ok(Committed::Reply(reply))
}

/// The number of the last request of a stream that was served; 0 before the first.
///
/// # Errors
/// [`DbError`].
pub fn last_sequence(tx: &Tx<'_>, station: StationId, service: ServiceId) -> Result<u64, DbError> {
    let last = tx.row(
        "SELECT sequence FROM stream WHERE station = ?1 AND service = ?2",
        params![&station, i64::from(service.number())],
        |row| row.column(0),
    )?;
    Ok(last.unwrap_or(0))
}

/// Freezes a station and keeps the message that gave it away; what it sends afterwards adds nothing.
pub(super) fn freeze<Q>(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<Q>,
    reason: &'static str,
) -> Result<Committed, Refused> {
    let state = stations::by_id(tx, sealed.station)?.map(|station| station.state);
    if state == Some(StationState::Frozen) {
        return Ok(Committed::Frozen(reason));
    }
    keep_evidence(tx, sealed, reason)?;
    stations::set_state(tx, sealed.station, StationState::Frozen)?;
    epochs::close_when_done(tx)?;
    let user = sealed.station.to_string();
    let body = sealed.request_hash.to_vec();
    center
        .ledger()
        .append(tx, RecordKind::Statement, body, &user, sealed.now)?;
    Ok(Committed::Frozen(reason))
}

/// Keeps a signed message with the newest accepted statement of its station beside it.
pub(super) fn keep_evidence<Q>(
    tx: &Tx<'_>,
    sealed: &Sealed<Q>,
    reason: &str,
) -> Result<(), Refused> {
    let known = super::funds::store::find(tx, sealed.station)?;
    let (size, root) = known.map_or((0, shared::merkle::EMPTY_ROOT), |row| {
        (row.mirror.accepted_size, row.mirror.accepted_root)
    });
    tx.execute(
        "INSERT INTO evidence (id, station, reason, accepted_size, accepted_root, message, created,
            header, statement, statement_header)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,
            (SELECT statement FROM stream WHERE station = ?2 AND service = ?9),
            (SELECT statement_header FROM stream WHERE station = ?2 AND service = ?9))",
        params![
            &random::<16>()?,
            &sealed.station,
            reason,
            i64::try_from(size).unwrap_or(i64::MAX),
            &root,
            &sealed.signed,
            sealed.now,
            &sealed.header.bytes(),
            i64::from(ServiceId::Funds.number()),
        ],
    )?;
    Ok(())
}

/// Whether the station may be served at all.
///
/// # Errors
/// [`Refused`] for a frozen or withdrawn station.
pub fn check_state(
    tx: &Tx<'_>,
    center: &Arc<DataCenter>,
    station: StationId,
) -> Result<(), Refused> {
    match stations::by_id(tx, station)?.map(|station| station.state) {
        Some(StationState::Frozen) => Err(frozen(center.support_contact())),
        Some(StationState::Withdrawn) => Err(Refused::new(
            StatusCode::FORBIDDEN,
            "station_withdrawn",
            "This station was withdrawn. No money moved.",
            "Enrol it again with a new code.",
        )),
        Some(StationState::New | StationState::Active | StationState::Locked) | None => Ok(()),
    }
}

pub(super) fn frozen(support_contact: &str) -> Refused {
    Refused::new(
        StatusCode::FORBIDDEN,
        "vault_frozen",
        "The data center has frozen this station because two histories of its vault were seen. \
         No money moved.",
        &format!("Do not print. Ring {support_contact}."),
    )
}

pub(super) fn out_of_sequence(expected: u64) -> Refused {
    Refused::new(
        StatusCode::CONFLICT,
        "out_of_sequence",
        "The request does not follow the last one. No money moved.",
        "The station sends its last request again by itself.",
    )
    .expecting(expected)
}

fn earlier_key() -> Refused {
    Refused::new(
        StatusCode::CONFLICT,
        "signed_by_earlier_key",
        "The request was signed by an earlier key of this station. No money moved.",
        "The station signs its request again by itself; ring the support contact when it goes on.",
    )
}

/// The data center has forgotten something and compares its books first.
pub(super) fn reconcile() -> Refused {
    Refused::later(
        StatusCode::SERVICE_UNAVAILABLE,
        "reconcile",
        "The data center was restored from a backup and compares its books first. No money moved.",
        "Printing goes on. Refills open again when every station of the account has been in contact.",
    )
}

pub(super) fn not_readable() -> Refused {
    Refused::new(
        StatusCode::BAD_REQUEST,
        "not_readable",
        "The request cannot be read. No money moved.",
        "Try again; update the station's software when it goes on.",
    )
}

fn not_signed() -> Refused {
    Refused::new(
        StatusCode::FORBIDDEN,
        "not_signed",
        "The request is not signed by this station. No money moved.",
        "Try again; enrol the station again when it goes on.",
    )
}
