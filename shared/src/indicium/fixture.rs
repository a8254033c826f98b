//! A small certificate authority and its PSD key, for the tests of this folder.

use std::convert::Infallible;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, UnparsedPublicKey,
};
use jiff::civil::date;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
    SerialNumber, date_time_ymd,
};

use super::certificate::{IndiciumTerms, PublicKey, certificate_serial};
use super::chain::{ChainRefusal, IndiciumChain};
use super::ibi_full::{Algorithm, IbiFull, SIGNATURE_BYTES, SoftwareId, VERSION};
use super::regime::Regime;
use crate::ids::PsdId;
use crate::money::Mills;

/// The low 32 bits of the fixture's certificate serial.
pub(super) const CERTIFICATE: u32 = 0xC0FF_EE01;

pub(super) fn mills(mills: u64) -> Mills {
    Mills::new(mills).unwrap()
}

/// Checks a signature as station, server and verifier do.
pub(super) fn check_signature(
    key: &PublicKey,
    message: &[u8],
    signature: &[u8; SIGNATURE_BYTES],
) -> bool {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key)
        .verify(message, signature)
        .is_ok()
}

pub(super) fn terms() -> IndiciumTerms {
    IndiciumTerms {
        psd: PsdId::specimen(42),
        grant: 1,
        control_total: mills(50_000),
        from: mills(10_000),
        max: mills(20_000),
        regime: Regime::Specimen,
    }
}

/// The first piece under [`terms`].
pub(super) fn first_piece() -> IbiFull {
    IbiFull {
        version: VERSION,
        algorithm: Algorithm::Specimen,
        certificate_serial: CERTIFICATE,
        psd: PsdId::specimen(42),
        ascending: mills(10_780),
        postage: mills(780),
        date: date(2026, 11, 23),
        origin: "78681".parse().unwrap(),
        destination: "02134-1000".parse().unwrap(),
        software: SoftwareId {
            build: 7,
            counter: 3,
        },
        descending: mills(39_220),
        rate_category: *b"FCLM",
    }
}

/// What each of the three certificates is made from; a test changes what it is about.
pub(super) struct Recipe {
    pub(super) root: CertificateParams,
    pub(super) issuer: CertificateParams,
    pub(super) indicium: CertificateParams,
}

/// A root, an issuing CA and an indicium certificate with its key.
pub(super) struct Authority {
    pub(super) root_der: Vec<u8>,
    pub(super) issuer_der: Vec<u8>,
    pub(super) certificate_der: Vec<u8>,
    pub(super) root_spki: Vec<u8>,
    key: EcdsaKeyPair,
}

fn authority_params(name: &str, path_length: u8, not_after: i32) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(not_after, 1, 1);
    params
}

impl Recipe {
    pub(super) fn of(terms: &IndiciumTerms) -> Self {
        let mut indicium = CertificateParams::default();
        indicium
            .distinguished_name
            .push(DnType::CommonName, "indicium");
        indicium.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        indicium.subject_alt_names = vec![SanType::URI(terms.to_string().try_into().unwrap())];
        let serial = certificate_serial([0xFF; 8], CERTIFICATE);
        indicium.serial_number = Some(SerialNumber::from_slice(&serial));
        indicium.not_before = date_time_ymd(2026, 11, 22);
        indicium.not_after = date_time_ymd(2027, 1, 19);
        Self {
            root: authority_params("root", 1, 2056),
            issuer: authority_params("indicium issuing CA", 0, 2036),
            indicium,
        }
    }

    pub(super) fn made(self) -> Authority {
        let [root_key, issuer_key, key] = [(); 3].map(|()| KeyPair::generate().unwrap());
        let root_spki = rcgen::PublicKeyData::subject_public_key_info(&root_key);
        let pkcs8 = key.serialize_der();
        let root = self.root.self_signed(&root_key).unwrap();
        let root_issuer = Issuer::new(self.root, root_key);
        let issuer = self.issuer.signed_by(&issuer_key, &root_issuer).unwrap();
        let issuer_issuer = Issuer::new(self.issuer, issuer_key);
        let certificate = self.indicium.signed_by(&key, &issuer_issuer).unwrap();
        Authority {
            root_der: root.der().to_vec(),
            issuer_der: issuer.der().to_vec(),
            certificate_der: certificate.der().to_vec(),
            root_spki,
            key: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8).unwrap(),
        }
    }
}

impl Authority {
    pub(super) fn with_terms(terms: &IndiciumTerms) -> Self {
        Recipe::of(terms).made()
    }

    pub(super) fn chain(&self) -> Result<IndiciumChain, ChainRefusal> {
        IndiciumChain::check(
            &self.certificate_der,
            &self.issuer_der,
            &self.root_der,
            &check_signature,
        )
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let signature = self.key.sign(&SystemRandom::new(), message).unwrap();
        signature.as_ref().try_into().unwrap()
    }

    /// The piece signed under this authority's certificate.
    pub(super) fn indicium(&self, piece: &IbiFull) -> Vec<u8> {
        let issuer = self.chain().map_or([0; 4], |chain| chain.issuer_key_id());
        piece
            .sign(issuer, |message| Ok::<_, Infallible>(self.sign(message)))
            .unwrap()
            .bytes()
            .to_vec()
    }
}
