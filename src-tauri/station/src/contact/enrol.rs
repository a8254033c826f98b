//! Enrolment (`protocol.md` C): the code's fingerprint vouches for the root, then the secret goes
//! over a line verified by that root.

use std::sync::Arc;

use minicbor::{Decode, Encode};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use shared::monitor::Holdings;
use shared::security::dial_in::DialIn;
use shared::security::enrolment_code::EnrolmentCode;
use shared::services::keys::{EnrolReply, EnrolRequest};
use shared::vault::Enrolment;
use shared::wire::{from_cbor, read_message, to_cbor};
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::dialup::{Dialed, Dialup, settings, telephone};
use super::faults::said;
use super::internet::{Credentials, Internet};
use super::link::{Link, LinkRequest};
use crate::api::{EnrolCall, SecretsChoice, SetLineCall, UiError};
use crate::crypto::SigningKey;
use crate::messages::{Code, say};
use crate::services::keys::{Certified, certificate_request, put_certificate, put_dial_in};
use crate::services::{not_believed, not_read, repository, sealed, trust};
use crate::station::{Owner, Station, names, open_keeper};

/// An enrolment on its way, so that the same request is sent again after a crash: a code answers
/// one certificate request only.
#[derive(Encode, Decode, Zeroize, ZeroizeOnDrop)]
#[cbor(map)]
struct Attempt {
    #[cbor(n(1), with = "minicbor::bytes")]
    secret: [u8; 16],
    #[cbor(n(2), with = "minicbor::bytes")]
    key: Vec<u8>,
    #[cbor(n(3), with = "minicbor::bytes")]
    csr: Vec<u8>,
}

/// Enrols the station.
///
/// # Errors
/// Every refusal of code, data center, keeper of secrets and store; calling again with the same
/// code is safe.
pub async fn enrol(station: &Station, call: EnrolCall) -> Result<(), UiError> {
    let code: EnrolmentCode = call.code.parse().map_err(|_| say(Code::WrongCode, &[]))?;
    station.apply(|owner| not_enrolled(owner)).await?;
    let (line, root) = match trusted_root(&Line::Internet, &call.server, &code).await {
        Ok(root) => {
            seal(station, &call).await?;
            (Line::Internet, root)
        }
        Err(fault) => {
            let line = by_telephone(station, &call, &code, fault).await?;
            let root = trusted_root(&line, &call.server, &code).await?;
            (line, root)
        }
    };
    let secret = *code.secret();
    let attempt = station.apply(move |owner| begin(owner, secret)).await?;
    let request = EnrolRequest {
        version: 1,
        secret,
        csr: attempt.csr.clone(),
    };
    let credentials = Credentials {
        root: root.clone(),
        identity: None,
    };
    let link = line.trusting(&call.server, &credentials)?;
    let send = LinkRequest::Send {
        path: "/v1/enrol".to_owned(),
        body: to_cbor(&request),
    };
    let answered = link.exchange(send, &Holdings::default()).await;
    let reply = answered.reply.map_err(|fault| said(&fault))?;
    let reply: EnrolReply =
        read_message(&reply).map_err(|fault| not_read("the enrolment", &fault))?;
    if reply.root != root {
        return Err(not_believed("the root of the enrolment"));
    }
    let server = call.server;
    station
        .apply(move |owner| finish(owner, &server, &attempt, &reply))
        .await
}

/// Opens the keeper of secrets, seals the store with it, and keeps there what the telephone line needs
/// and nobody may read. What is left of it when the enrolment fails serves the next try.
async fn seal(station: &Station, call: &EnrolCall) -> Result<(), UiError> {
    let choice = call.secrets.clone().unwrap_or(SecretsChoice::Keyring);
    let store = station.apply(|owner| Ok(owner.store_id())).await?;
    let keeper = open_keeper(choice.clone(), store).await?;
    let line = SetLineCall {
        card_pin: call.card_pin.clone(),
        password: call.password.clone(),
        ..SetLineCall::default()
    };
    station
        .apply(move |owner| {
            owner.seal_with(&choice, keeper)?;
            if line.card_pin.is_none() && line.password.is_none() {
                return Ok(());
            }
            settings::set(owner, &line)
        })
        .await
}

/// A call to a data center that the Internet does not lead to, where a telephone line is set up;
/// otherwise the fault of the Internet. The data center's own lines are opened with what follows from
/// the code; what others and a modem's card ask for is sealed before anything is dialed.
async fn by_telephone(
    station: &Station,
    call: &EnrolCall,
    code: &EnrolmentCode,
    fault: UiError,
) -> Result<Line, UiError> {
    let is_down = fault.code == Code::Unreachable.name();
    if !is_down || !station.apply(|owner| telephone::is_ready(owner)).await? {
        return Err(fault);
    }
    seal(station, call).await?;
    let own = DialIn::of_code(&code.secret_hash()).credentials().ok();
    let call = telephone::dial(station, &call.server, own, false).await?;
    Ok(Line::Call(call))
}

/// The line that an enrolment goes over.
enum Line {
    Internet,
    Call(Arc<Dialed>),
}

impl Line {
    /// A link that trusts nobody.
    fn unverified(&self, server: &str) -> Result<Box<dyn Link>, UiError> {
        let link = match self {
            Self::Internet => Internet::unverified(server).map(boxed),
            Self::Call(call) => Dialup::unverified(call, server).map(boxed),
        };
        link.map_err(|fault| said(&fault))
    }

    /// A link that trusts only this root.
    fn trusting(&self, server: &str, credentials: &Credentials) -> Result<Box<dyn Link>, UiError> {
        let link = match self {
            Self::Internet => Internet::new(server, credentials).map(boxed),
            Self::Call(call) => Dialup::new(call, server, credentials, None).map(boxed),
        };
        link.map_err(|fault| said(&fault))
    }
}

fn boxed(link: impl Link + 'static) -> Box<dyn Link> {
    Box::new(link)
}

fn not_enrolled(owner: &Owner) -> Result<(), UiError> {
    match owner.vault() {
        None => Ok(()),
        Some(vault) => Err(say(
            Code::AlreadyEnrolled,
            &[("station", &vault.psd().to_string())],
        )),
    }
}

/// Fetches the CA certificates over a line that trusts nobody, and believes the root only when its
/// key has the fingerprint that stands in the code.
async fn trusted_root(line: &Line, server: &str, code: &EnrolmentCode) -> Result<Vec<u8>, UiError> {
    let link = line.unverified(server)?;
    let fetch = LinkRequest::fetch("/v1/ca".to_owned());
    let answered = link.exchange(fetch, &Holdings::default()).await;
    let bundle = answered.reply.map_err(|fault| said(&fault))?;
    CertificateDer::pem_slice_iter(&bundle)
        .filter_map(Result::ok)
        .find(|der| {
            X509Certificate::from_der(der)
                .is_ok_and(|(_, root)| code.vouches_for(root.public_key().raw))
        })
        .map(|der| der.to_vec())
        .ok_or_else(|| say(Code::WrongFingerprint, &[("server", server)]))
}

/// Makes the station's key and writes it down, or takes the one of an earlier try.
fn begin(owner: &mut Owner, secret: [u8; 16]) -> Result<Attempt, UiError> {
    if let Some(bytes) = owner.store().secret(names::ENROLMENT)? {
        let earlier: Result<Attempt, _> = from_cbor(&bytes);
        if let Ok(earlier) = earlier
            && earlier.secret == secret
        {
            return Ok(earlier);
        }
    }
    let (key, pkcs8) = SigningKey::generate().map_err(|_| say(Code::StationStopped, &[]))?;
    drop(key);
    let csr = certificate_request(&pkcs8)?;
    let attempt = Attempt {
        secret,
        key: pkcs8.to_vec(),
        csr,
    };
    let bytes = Zeroizing::new(to_cbor(&attempt));
    owner.write("an enrolment on its way", |tx| {
        Ok(tx.put_secret(names::ENROLMENT, &bytes)?)
    })?;
    Ok(attempt)
}

/// Founds the vault, in one commit with everything the enrolment brought.
fn finish(
    owner: &mut Owner,
    server: &str,
    attempt: &Attempt,
    reply: &EnrolReply,
) -> Result<(), UiError> {
    let key = SigningKey::from_pkcs8(&attempt.key)
        .map_err(|_| say(Code::DamagedStore, &[("what", "the station's key")]))?;
    let certified = Certified::read(&reply.certificate.leaf)?;
    if certified.public_key != key.point().spki() {
        return Err(not_believed("the key of its certificate"));
    }
    let enrolment = Enrolment {
        psd: reply.psd,
        station: reply.station,
        data_center: reply.data_center,
    };
    let now = owner.now();
    let trusted = repository::first_root(&reply.repository_root, now)?;
    owner.found(reply.vault, enrolment, |tx| {
        tx.put_repository(&[trusted])?;
        put_certificate(tx, &reply.certificate, &certified, &attempt.key)?;
        sealed::put_center_keys(tx, reply.keys.replies, &reply.keys, now)?;
        put_dial_in(tx, reply.dial_in.as_ref())?;
        trust::begin_heads(tx, reply.heads.0, reply.numbers, now)?;
        for (name, value) in [
            (names::SERVER, server),
            (names::ROOT, &hex::encode(&reply.root)),
            (
                names::INDICIUM_AUTHORITY,
                &hex::encode(&reply.indicium_authority),
            ),
            (names::ACCOUNT, &reply.account),
            (names::SUPPORT_CONTACT, &reply.support_contact),
            (names::LICENCE_ZIP, &reply.licence_zip),
            (
                names::RECOVERY_KEYS,
                &hex::encode(reply.recovery.map(|key| key.0).concat()),
            ),
        ] {
            tx.put_setting(name, value)?;
        }
        tx.delete_secret(names::ENROLMENT)?;
        Ok(())
    })?;
    owner.flush_mark()
}
