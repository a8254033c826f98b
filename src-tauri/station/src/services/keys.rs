//! Key management at the station: the next certificate, when a third of the present one's life is
//! left, and the data center's sealing key, when it has changed.
//!
//! Asked by the monitor in every contact. Level L3, because the certificate opens every other
//! service. The private key never leaves the store, and the old one is destroyed in the commit
//! that brings the new. Tables: `secrets`, `settings`. Tests: `tests/it/keys.rs`.

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::pki_types::PrivatePkcs8KeyDer;
use shared::clock::UnixSeconds;
use shared::security::dial_in::DialIn;
use shared::security::signed::ContentType;
use shared::services::ServiceId;
use shared::services::directory::Directory;
use shared::services::keys::{
    CenterKeys, Chain, KnownPapers, RENEW_DAYS_LEFT, RenewReply, RenewRequest,
};
use shared::wire::{from_cbor, read_message, to_cbor};
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

use super::sealed::{self, Draft};
use super::{not_believed, not_read, trust};
use crate::api::UiError;
use crate::contact::link::LinkRequest;
use crate::crypto::SigningKey;
use crate::messages::{Code, say};
use crate::station::{Owner, STATION_USER, names};
use crate::store::Tx;

/// Where renewals go when the certificate is good.
const PATH: &str = "/v1/keys/renew";

/// Where they go when it has expired.
const DOOR: &str = "/door/renew";

/// Where the data center's keys are.
const DIRECTORY: &str = "/v1/directory";

/// The service's one kind of sealed request.
const RENEW: u8 = 1;

/// Asks for the next certificate when it is due, and for the data center's keys of today when they
/// have changed.
pub(super) fn next_request(owner: &mut Owner) -> Result<Option<LinkRequest>, UiError> {
    let until = certificate_until(owner)?;
    let now = owner.now();
    if let Some(mut intent) = sealed::pending(owner, ServiceId::Keys)? {
        intent.path = path(now, until).to_owned();
        return Ok(Some(intent.outgoing()));
    }
    if now < until.plus_days(-RENEW_DAYS_LEFT) {
        let is_due = owner.take_due(ServiceId::Keys);
        return Ok(is_due.then(directory));
    }
    let (key, pkcs8) = SigningKey::generate().map_err(|_| say(Code::StationStopped, &[]))?;
    drop(key);
    let request = RenewRequest {
        version: 1,
        csr: certificate_request(&pkcs8)?,
        known: Some(known_papers(owner)?),
    };
    let draft = Draft {
        path: path(now, until),
        kind: RENEW,
        content: ContentType::RenewRequest,
        request: &request,
        next_key: Some(pkcs8),
        user: STATION_USER,
    };
    sealed::intend(owner, draft).map(|intent| Some(intent.outgoing()))
}

/// What the station has of what a renewal brings.
fn known_papers(owner: &Owner) -> Result<KnownPapers, UiError> {
    let mut papers = trust::authorities(owner)?;
    papers.push(owner.certificate_setting(names::STATION_ISSUER)?);
    papers.push(to_cbor(&sealed::center_keys(owner)?));
    let dial_in = dial_in(owner)?.map(|dial_in| Zeroizing::new(to_cbor(&dial_in)));
    let dial_in = dial_in.iter().map(|bytes| bytes.as_slice());
    let papers = papers.iter().map(Vec::as_slice);
    Ok(KnownPapers::of(papers.chain(dial_in)))
}

/// The content type of the service's requests.
pub(super) const fn content(_kind: u8) -> ContentType {
    ContentType::RenewRequest
}

/// The request for the data center's keys of today.
#[must_use]
pub fn directory() -> LinkRequest {
    LinkRequest::fetch(DIRECTORY.to_owned())
}

/// Takes the data center's sealing key of today. Whom the station believes stays what the enrolment
/// said: a directory is authenticated by the line alone.
///
/// # Errors
/// `reply_not_believed` when it is no directory or another data center's, and the faults of the
/// store.
pub fn accept_directory(owner: &mut Owner, reply: &[u8]) -> Result<(), UiError> {
    let directory: Directory =
        read_message(reply).map_err(|fault| not_read("the directory", &fault))?;
    if directory.data_center != owner.enrolled()?.data_center() {
        return Err(not_believed("the directory's data center"));
    }
    let kept = sealed::center_keys(owner)?;
    let keys = CenterKeys {
        sealing: directory.keys.sealing,
        ..kept.clone()
    };
    let now = owner.now();
    owner.write("the data center's key", |tx| {
        sealed::put_center_keys(tx, kept.replies, &keys, now)
    })
}

/// Takes the next certificate (from this commit on the station signs with its key), or the data
/// center's keys.
pub(super) fn accept(owner: &mut Owner, reply: &[u8]) -> Result<(), UiError> {
    let Some(intent) = sealed::pending(owner, ServiceId::Keys)? else {
        return accept_directory(owner, reply);
    };
    let reply: RenewReply = intent.open_reply(owner, ContentType::RenewReply, reply)?;
    let pkcs8 = intent
        .next_key
        .as_deref()
        .ok_or_else(|| not_believed("its key"))?;
    let key = SigningKey::from_pkcs8(pkcs8).map_err(|_| not_believed("its key"))?;
    let certified = Certified::read(&reply.certificate.leaf)?;
    if certified.public_key != key.point().spki() {
        return Err(not_believed("the key of its certificate"));
    }
    let mut chain = reply.certificate;
    if chain.issuer.is_empty() {
        chain.issuer = owner.certificate_setting(names::STATION_ISSUER)?;
    }
    let replies = sealed::center_keys(owner)?.replies;
    let now = owner.now();
    let learned = reply
        .trust
        .as_ref()
        .map(|bundle| trust::learn(owner, bundle))
        .transpose()?;
    owner.write("the next station certificate", |tx| {
        put_certificate(tx, &chain, &certified, pkcs8)?;
        if let Some(keys) = &reply.keys {
            sealed::put_center_keys(tx, replies, keys, now)?;
        }
        put_dial_in(tx, reply.dial_in.as_ref())?;
        if let Some(learned) = &learned {
            learned.put(tx)?;
        }
        sealed::done(tx, ServiceId::Keys)
    })
}

/// Whether the station's certificate no longer opens a contact.
///
/// # Errors
/// The faults of the store.
pub fn has_expired(owner: &Owner) -> Result<bool, UiError> {
    Ok(owner.now() > certificate_until(owner)?)
}

const fn path(now: UnixSeconds, until: UnixSeconds) -> &'static str {
    if now.0 > until.0 { DOOR } else { PATH }
}

fn certificate_until(owner: &Owner) -> Result<UnixSeconds, UiError> {
    let damaged = || {
        say(
            Code::DamagedStore,
            &[("what", "the end of the station's certificate")],
        )
    };
    let text = owner
        .store()
        .setting(names::STATION_KEY_UNTIL)?
        .ok_or_else(damaged)?;
    text.parse().map(UnixSeconds).map_err(|_| damaged())
}

/// What a station certificate says.
#[derive(Clone, Debug)]
pub struct Certified {
    /// Its DER `SubjectPublicKeyInfo`.
    pub public_key: Vec<u8>,
    /// Not before.
    pub since: UnixSeconds,
    /// Not after.
    pub until: UnixSeconds,
}

impl Certified {
    /// Reads a certificate.
    ///
    /// # Errors
    /// `reply_not_believed` when it is none.
    pub fn read(der: &[u8]) -> Result<Self, UiError> {
        let (_, certificate) =
            X509Certificate::from_der(der).map_err(|_| not_believed("its certificate"))?;
        Ok(Self {
            public_key: certificate.public_key().raw.to_vec(),
            since: UnixSeconds(certificate.validity().not_before.timestamp()),
            until: UnixSeconds(certificate.validity().not_after.timestamp()),
        })
    }
}

/// Writes down the station's certificate and private key.
///
/// # Errors
/// The faults of the store.
pub fn put_certificate(
    tx: &mut Tx<'_>,
    chain: &Chain,
    certified: &Certified,
    pkcs8: &[u8],
) -> Result<(), UiError> {
    tx.put_secret(names::STATION_KEY, pkcs8)?;
    tx.put_setting(names::STATION_CERTIFICATE, &hex::encode(&chain.leaf))?;
    tx.put_setting(names::STATION_ISSUER, &hex::encode(&chain.issuer))?;
    tx.put_setting(names::STATION_KEY_SINCE, &certified.since.0.to_string())?;
    tx.put_setting(names::STATION_KEY_UNTIL, &certified.until.0.to_string())?;
    Ok(())
}

/// Writes down what a telephone line of the data center is opened with. One that says nothing of it
/// has no lines, or is older: what is known stays.
///
/// # Errors
/// The faults of the store.
pub fn put_dial_in(tx: &mut Tx<'_>, dial_in: Option<&DialIn>) -> Result<(), UiError> {
    if let Some(dial_in) = dial_in {
        tx.put_secret(names::DIAL_IN, &Zeroizing::new(to_cbor(dial_in)))?;
    }
    Ok(())
}

/// What a telephone line of the data center is opened with; nothing when it has sent nothing. Before
/// enrolment it follows from the code ([`DialIn::of_code`]).
///
/// # Errors
/// The faults of the store, and `damaged_store` when it cannot be read.
pub fn dial_in(owner: &Owner) -> Result<Option<DialIn>, UiError> {
    let damaged = |_| say(Code::DamagedStore, &[("what", "the dial-in secret")]);
    let sent = owner.store().secret(names::DIAL_IN)?;
    sent.map(|bytes| from_cbor(&bytes).map_err(damaged))
        .transpose()
}

/// A certificate request (PKCS #10) for a private key. The data center takes nothing over from it
/// but the public key.
///
/// # Errors
/// `damaged_store` when the key is none.
pub fn certificate_request(pkcs8: &[u8]) -> Result<Vec<u8>, UiError> {
    let damaged = || say(Code::DamagedStore, &[("what", "the station's next key")]);
    let key = PrivatePkcs8KeyDer::from(pkcs8);
    let pair = KeyPair::from_pkcs8_der_and_sign_algo(&key, &PKCS_ECDSA_P256_SHA256)
        .map_err(|_| damaged())?;
    let request = CertificateParams::default()
        .serialize_request(&pair)
        .map_err(|_| damaged())?;
    Ok(request.der().to_vec())
}
