//! Whom the station believes: the signing keys of its data center and the authorities of indicia.
//!
//! They begin with the enrolment and change only by a proof: a notice signed by the key before, or
//! a certificate under the pinned root. They come with every renewal of the station's certificate
//! (level L3), weeks before they are used; a station that was away longer fetches them when it meets
//! a key it does not know (level L0: each part proves itself). The authorities stand in the signed
//! repository, too.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use shared::clock::UnixSeconds;
use shared::indicium::chain::check_authority_under;
use shared::security::signed::{KeyId, SIGNATURE_BYTES};
use shared::services::keys::trust::{
    Believed, KeyPurpose, MAX_AUTHORITIES, TrustBundle, VerifyingKey,
};
use shared::services::keys::{CenterKeys, KeyNumbers, Point};
use shared::services::repository::AUTHORITIES_TARGET;
use shared::tuf::TufFault;
use shared::wire::{from_cbor, read_message, to_cbor};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::repository::Useless;
use super::repository::standing::said;
use super::{not_believed, not_read};
use crate::api::UiError;
use crate::crypto;
use crate::messages::{Code, say};
use crate::station::{Owner, names};
use crate::store::Tx;
use crate::store::repository::TargetRow;

/// Where the bundle is.
pub const PATH: &str = "/v1/keys/trust";

/// The most certificates in the target of the authorities: the root's, and those of three CAs that
/// follow one another for the overlap.
const MAX_CERTIFICATES: usize = 64;

/// The code of a reply that an unknown key or authority vouches for.
pub const UNKNOWN: &str = "center_key_unknown";

/// What a station believes after it has taken a bundle in, to be written down with what brought it.
#[derive(Debug)]
pub struct Learned {
    believed: Believed,
    authorities: Vec<Vec<u8>>,
}

/// The refusal of what an unknown key or authority vouches for: the bundle is fetched then, and the
/// reply looked at once more.
pub fn unknown() -> UiError {
    say(Code::CenterKeyUnknown, &[])
}

/// The keys the station believes.
///
/// # Errors
/// `damaged_store` when they are missing or cannot be read.
pub fn believed(owner: &Owner) -> Result<Believed, UiError> {
    let damaged = || say(Code::DamagedStore, &[("what", "the keys it believes")]);
    let text = owner.store().setting(names::BELIEVED)?;
    read_believed(&text.ok_or_else(damaged)?)
}

/// Reads the setting of the believed keys.
///
/// # Errors
/// `damaged_store`.
pub fn read_believed(text: &str) -> Result<Believed, UiError> {
    let damaged = || say(Code::DamagedStore, &[("what", "the keys it believes")]);
    let bytes = hex::decode(text).map_err(|_| damaged())?;
    from_cbor(&bytes).map_err(|_| damaged())
}

/// Believes the keys of an enrolment; a station that believes already changes nothing.
///
/// # Errors
/// The faults of the store.
pub fn begin(tx: &mut Tx<'_>, keys: &CenterKeys, now: UnixSeconds) -> Result<(), UiError> {
    if tx.setting(names::BELIEVED)?.is_some() {
        return Ok(());
    }
    put_believed(tx, &Believed::at_enrolment(keys, now))
}

/// Believes the key of heads that an enrolment brought, the last of the keys it brings: those that
/// follow them need a proof. `numbers` are those of all of them.
///
/// # Errors
/// The faults of the store, and `damaged_store` when the keys of the enrolment are missing.
pub fn begin_heads(
    tx: &mut Tx<'_>,
    heads: [u8; 32],
    numbers: KeyNumbers,
    now: UnixSeconds,
) -> Result<(), UiError> {
    let damaged = || say(Code::DamagedStore, &[("what", "the keys it believes")]);
    let text = tx.setting(names::BELIEVED)?.ok_or_else(damaged)?;
    let mut believed = read_believed(&text)?;
    believed.begin(KeyPurpose::Heads, VerifyingKey::Ed25519(heads), now);
    believed.number(numbers);
    put_believed(tx, &believed)
}

fn put_believed(tx: &mut Tx<'_>, believed: &Believed) -> Result<(), UiError> {
    Ok(tx.put_setting(names::BELIEVED, &hex::encode(to_cbor(believed)))?)
}

/// Whether `signature` over `input` is that of the key `name`, which the station believes.
///
/// # Errors
/// The faults of the store, and `center_key_unknown` when the station never heard of the key.
pub fn verifies(
    owner: &Owner,
    purpose: KeyPurpose,
    name: KeyId,
    input: &[u8],
    signature: &[u8; SIGNATURE_BYTES],
) -> Result<bool, UiError> {
    let believed = believed(owner)?;
    if !believed.knows(purpose, name) {
        return Err(unknown());
    }
    Ok(believed.verifies(purpose, name, owner.now(), (input, signature), &verify))
}

fn verify(key: &VerifyingKey, input: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
    match key {
        VerifyingKey::P256(point) => crypto::verify(point, input, signature),
        VerifyingKey::Ed25519(key) => crypto::verify_ed25519(key, input, signature),
    }
}

/// Takes a bundle in, as far as it proves itself; nothing is written yet. A part that does not prove
/// itself is left out: it is as good as not sent, and hinders nothing else.
///
/// # Errors
/// `reply_not_believed` for a bundle this program cannot read, and `damaged_store`.
pub fn learn(owner: &Owner, bundle: &TrustBundle) -> Result<Learned, UiError> {
    if !bundle.is_sound() {
        return Err(not_believed("whom to believe"));
    }
    let root = owner.certificate_setting(names::ROOT)?;
    let mut believed = believed(owner)?;
    believed.forget_ended(owner.now());
    if let Some(point) = point_of(&root) {
        for notice in &bundle.notices {
            if let Err(refusal) = believed.learn(&point, notice, &verify) {
                tracing::warn!(%refusal, "the notice of a key was left out");
            }
        }
    }
    let authorities = with_new(owner, bundle.authorities.iter().map(|der| der.to_vec()))?;
    Ok(Learned {
        believed,
        authorities,
    })
}

/// What the target of the authorities teaches: those of indicia that the station does not know yet.
/// The offline key of the targets has signed it, and each proves itself under the root all the same.
/// The other authorities in it are left out: their certificates are shown in every handshake.
///
/// # Errors
/// [`Useless::Content`] when it holds something else than certificates, and the faults of the store.
pub(super) fn taught_by(owner: &Owner, target: &TargetRow) -> Result<Option<Learned>, Useless> {
    if target.path != AUTHORITIES_TARGET {
        return Ok(None);
    }
    let wrong = || Useless::Content(said(&TufFault::WrongContent(target.path.clone())));
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&target.content).collect();
    let certificates = certificates.map_err(|_| wrong())?;
    if certificates.is_empty() || certificates.len() > MAX_CERTIFICATES {
        return Err(wrong());
    }
    let ders = certificates.iter().map(|der| der.to_vec());
    Ok(Some(Learned {
        believed: believed(owner)?,
        authorities: with_new(owner, ders)?,
    }))
}

/// The authorities of indicia that are believed, and those of `ders` that prove to be ones.
fn with_new(owner: &Owner, ders: impl Iterator<Item = Vec<u8>>) -> Result<Vec<Vec<u8>>, UiError> {
    let root = owner.certificate_setting(names::ROOT)?;
    let mut authorities = authorities(owner)?;
    let check = |key: &[u8; 65], message: &[u8], signature: &[u8; SIGNATURE_BYTES]| {
        crypto::verify(&Point(*key), message, signature)
    };
    for der in ders {
        if authorities.contains(&der) {
            continue;
        }
        match check_authority_under(&der, &root, &check) {
            Ok(()) => authorities.push(der),
            Err(refusal) => tracing::debug!(%refusal, "an authority is none of indicia"),
        }
    }
    // The newest are kept: the oldest have issued nothing for years.
    let surplus = authorities.len().saturating_sub(MAX_AUTHORITIES);
    authorities.drain(..surplus);
    Ok(authorities)
}

impl Learned {
    /// Writes down whom to believe from this commit on.
    ///
    /// # Errors
    /// The faults of the store.
    pub fn put(&self, tx: &mut Tx<'_>) -> Result<(), UiError> {
        put_believed(tx, &self.believed)?;
        let authorities: Vec<String> = self.authorities.iter().map(hex::encode).collect();
        Ok(tx.put_setting(names::INDICIUM_AUTHORITY, &authorities.join(" "))?)
    }
}

/// Takes in a bundle that was fetched.
///
/// # Errors
/// As [`learn`], and the faults of the store.
pub fn accept(owner: &mut Owner, reply: &[u8]) -> Result<(), UiError> {
    let bundle: TrustBundle =
        read_message(reply).map_err(|fault| not_read("whom to believe", &fault))?;
    let learned = learn(owner, &bundle)?;
    owner.set_trust_fetched();
    owner.write("whom to believe", |tx| learned.put(tx))
}

/// The authorities of indicia that the station believes, oldest first.
///
/// # Errors
/// `damaged_store` when there are none.
pub fn authorities(owner: &Owner) -> Result<Vec<Vec<u8>>, UiError> {
    let damaged = || say(Code::DamagedStore, &[("what", "a certificate authority")]);
    let text = owner.store().setting(names::INDICIUM_AUTHORITY)?;
    read_authorities(&text.ok_or_else(damaged)?).ok_or_else(damaged)
}

/// Reads the setting of the authorities: DER in hexadecimal digits, a space between two.
#[must_use]
pub fn read_authorities(text: &str) -> Option<Vec<Vec<u8>>> {
    let read: Result<Vec<_>, _> = text.split(' ').map(hex::decode).collect();
    read.ok().filter(|read| !read.is_empty())
}

fn point_of(certificate: &[u8]) -> Option<Point> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    Point::of_spki(certificate.public_key().raw)
}
