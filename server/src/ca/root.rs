//! The offline root at work: it certifies issuing CAs whose keys it never sees.
//!
//! It is opened by the command of an admin, not by the running data center: that one hands out a
//! [`Draft`] and takes a certificate back. So the root's private key is never in the memory of the
//! process that answers stations.

use rcgen::{Issuer, SubjectPublicKeyInfo};
use serde::{Deserialize, Serialize};
use shared::clock::UnixSeconds;
use shared::services::keys::Point;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::issue::{CLOCK_SKEW_SECONDS, Validity, authority_params};
use super::issuers::IssuerName;
use super::keys::SigningKey;
use super::{CaError, ISSUER_DAYS, OwnIssuer, open_bundle};

/// A CA whose key was made and whose certificate is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// What it is for.
    pub issuer: IssuerName,
    /// Its number.
    pub number: u32,
    /// What is certified: the uncompressed point, hexadecimal digits.
    pub point: String,
}

/// The certificate of a drafted CA.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certified {
    /// What it is for.
    pub issuer: IssuerName,
    /// Its number.
    pub number: u32,
    /// The certificate, DER, hexadecimal digits.
    pub certificate: String,
}

impl Certified {
    /// The certificate, DER.
    ///
    /// # Errors
    /// [`CaError::BadRequest`] when it is not written in hexadecimal digits.
    pub fn der(&self) -> Result<Vec<u8>, CaError> {
        data_encoding::HEXLOWER
            .decode(self.certificate.as_bytes())
            .map_err(|_| CaError::BadRequest)
    }
}

/// The opened root.
pub struct OfflineRoot {
    issuer: OwnIssuer,
    /// The same key, for what is signed and no certificate.
    signer: SigningKey,
    /// The text behind the title in every name: the data center.
    center: String,
    not_after: UnixSeconds,
}

impl std::fmt::Debug for OfflineRoot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OfflineRoot").finish_non_exhaustive()
    }
}

impl OfflineRoot {
    /// Opens the offline bundle with its passphrase; `root` is the root's certificate, DER.
    ///
    /// # Errors
    /// [`CaError::WrongPassphrase`], also for the bundle of another root.
    pub fn open(bundle: &str, passphrase: &str, root: &[u8]) -> Result<Self, CaError> {
        let keys = open_bundle(bundle, passphrase)?;
        let key = keys.first().ok_or(CaError::WrongPassphrase)?;
        let read = || SigningKey::from_pkcs8(key).ok_or(CaError::WrongPassphrase);
        let signer = read()?;
        let (_, x509) = X509Certificate::from_der(root).map_err(|_| CaError::WrongPassphrase)?;
        if x509.public_key().subject_public_key.data.as_ref() != signer.point().0 {
            return Err(CaError::WrongPassphrase);
        }
        let name = x509.subject().iter_common_name().next();
        let name = name.and_then(|name| name.as_str().ok()).unwrap_or_default();
        let center = name.strip_prefix("Pennyblack root ").unwrap_or(name);
        Ok(Self {
            center: center.to_owned(),
            not_after: UnixSeconds(x509.validity().not_after.timestamp()),
            issuer: Issuer::from_ca_cert_der(&root.into(), read()?)
                .map_err(|_| CaError::WrongPassphrase)?,
            signer,
        })
    }

    /// What signs the notice of a key whose predecessor cannot.
    pub(super) const fn signer(&self) -> &SigningKey {
        &self.signer
    }

    /// Certifies a drafted CA. It issues at once, or, where others must know it first and nothing
    /// is urgent, after that time.
    ///
    /// # Errors
    /// [`CaError::BadRequest`] when the draft holds no P-256 key.
    pub fn certify(
        &self,
        draft: &Draft,
        at_once: bool,
        now: UnixSeconds,
    ) -> Result<Certified, CaError> {
        let point = data_encoding::HEXLOWER
            .decode(draft.point.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Point)
            .ok_or(CaError::BadRequest)?;
        let wait = if at_once {
            0
        } else {
            draft.issuer.announce_days()
        };
        let from = now.plus_days(wait);
        let validity = Validity {
            not_before: from.plus_seconds(-CLOCK_SKEW_SECONDS),
            not_after: from.plus_days(ISSUER_DAYS).min(self.not_after),
        };
        // The number is in the name, because certificates are matched to their issuer by it.
        let (what, number) = (draft.issuer.name(), draft.number);
        let name = format!("Pennyblack {what} CA {number} {}", self.center);
        let fault = |source| CaError::Issue {
            subject: what,
            source,
        };
        let key = SubjectPublicKeyInfo::from_der(&point.spki()).map_err(|_| CaError::BadRequest)?;
        let certificate = authority_params(&name, 0, validity)?
            .signed_by(&key, &self.issuer)
            .map_err(fault)?;
        Ok(Certified {
            issuer: draft.issuer,
            number,
            certificate: data_encoding::HEXLOWER.encode(certificate.der()),
        })
    }
}
