//! The key of the grant in force, and the certificate chain that says what it may sign.

use std::fmt;

use shared::indicium::certificate::{IndiciumCertificate, PublicKey};
use shared::indicium::chain::IndiciumChain;
use shared::indicium::ibi_full::SIGNATURE_BYTES;
use shared::indicium::regime::Regime;
use shared::services::keys::Point;
use shared::vault::KeyTerms;

use crate::api::UiError;
use crate::crypto::{self, SigningKey};
use crate::messages::{Code, say};
use crate::services::trust::read_authorities;
use crate::station::names;
use crate::store::Store;

/// What signs indicia.
pub struct Credentials {
    key: SigningKey,
    chain: IndiciumChain,
    der: Vec<u8>,
}

impl Credentials {
    /// Loads the key and checks its chain up to the root of the enrolment.
    ///
    /// # Errors
    /// `damaged_store` when something is missing or does not fit.
    pub fn load(store: &Store, terms: &KeyTerms) -> Result<Self, UiError> {
        let damaged = |what| move || say(Code::DamagedStore, &[("what", what)]);
        let root = hex_setting(store, names::ROOT)?;
        let missing = || say(Code::DamagedStore, &[("what", "a certificate authority")]);
        let issuers = store
            .setting(names::INDICIUM_AUTHORITY)?
            .ok_or_else(missing)?;
        let issuers = read_authorities(&issuers).ok_or_else(missing)?;
        let der = store
            .certificate(terms.certificate)?
            .ok_or_else(damaged("the certificate of the indicium key is missing"))?;
        let chain = check_chain_among(&der, &issuers, &root)
            .ok_or_else(damaged("the certificate of the indicium key does not hold"))?;
        let pkcs8 = store
            .secret(names::INDICIUM_KEY)?
            .ok_or_else(damaged("the indicium key is missing"))?;
        let key = SigningKey::from_pkcs8(&pkcs8)
            .map_err(|_| damaged("the indicium key cannot be read")())?;
        if key.point().0 != chain.certificate().public_key {
            return Err(damaged("the indicium key is not the certificate's")());
        }
        Ok(Self { key, chain, der })
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The certificate.
    #[must_use]
    pub const fn certificate(&self) -> &IndiciumCertificate {
        self.chain.certificate()
    }

    /// The short id of the certificate's issuer.
    #[must_use]
    pub const fn issuer_key_id(&self) -> [u8; 4] {
        self.chain.issuer_key_id()
    }

    /// Specimen or live.
    #[must_use]
    pub const fn regime(&self) -> Regime {
        self.chain.regime()
    }

    /// The certificate as PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        pem(&self.der)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("certificate", self.certificate())
            .finish_non_exhaustive()
    }
}

/// A certificate as PEM (RFC 7468).
#[must_use]
pub fn pem(der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.extend(line.iter().copied().map(char::from));
        pem.push('\n');
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

/// Checks an indicium certificate up to a root with the station's cryptographic provider.
#[must_use]
pub fn check_chain(certificate: &[u8], issuer: &[u8], root: &[u8]) -> Option<IndiciumChain> {
    let check = |key: &PublicKey, message: &[u8], signature: &[u8; SIGNATURE_BYTES]| {
        crypto::verify(&Point(*key), message, signature)
    };
    IndiciumChain::check(certificate, issuer, root, &check).ok()
}

/// As [`check_chain`], by whichever of the issuers the certificate names.
#[must_use]
pub fn check_chain_among(
    certificate: &[u8],
    issuers: &[Vec<u8>],
    root: &[u8],
) -> Option<IndiciumChain> {
    issuers
        .iter()
        .find_map(|issuer| check_chain(certificate, issuer, root))
}

fn hex_setting(store: &Store, name: &'static str) -> Result<Vec<u8>, UiError> {
    let missing = || say(Code::DamagedStore, &[("what", "a certificate authority")]);
    let text = store.setting(name)?.ok_or_else(missing)?;
    hex::decode(text).map_err(|_| missing())
}
