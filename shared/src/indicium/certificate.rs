//! The indicium certificate (`protocol.md` B): which key may print how much for which PSD.
//!
//! The terms stand in the certificate's one subject alternative name, a URI, so that any X.509
//! tool shows them and any stranger can hold a piece against them.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::regime::Regime;
use crate::clock::UnixSeconds;
use crate::ids::PsdId;
use crate::money::Mills;

/// The largest certificate that is read, in bytes; ours are under 1 KiB.
pub const MAX_CERTIFICATE_BYTES: usize = 4_096;

/// A point of P-256, uncompressed: `04 | x | y`.
pub type PublicKey = [u8; 65];

/// Bytes of a certificate's serial number: 8 random, 4 of the data center's counter.
pub const SERIAL_BYTES: usize = 12;

/// The longest URI of terms with every number at its largest.
const MAX_URI_BYTES: usize = 160;

/// What stands before the point in the DER of every P-256 `SubjectPublicKeyInfo` (RFC 5480).
const P256_SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A,
    0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// What an indicium certificate allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndiciumTerms {
    /// The PSD that prints.
    pub psd: PsdId,
    /// The grant that brought the key.
    pub grant: u64,
    /// Ascending + descending of every indicium under this certificate.
    pub control_total: Mills,
    /// The ascending register before the first piece.
    pub from: Mills,
    /// The most one piece may cost.
    pub max: Mills,
    /// Specimen or live; counts only if the chain's root says the same.
    pub regime: Regime,
}

/// A text that is not the one way to write terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the terms of an indicium certificate in their canonical form")]
pub struct NotTerms;

impl fmt::Display for IndiciumTerms {
    /// Writes the URI of the certificate.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("pennyblack:psd/")?;
        for byte in self.psd.bytes() {
            write!(f, "{byte:02x}")?;
        }
        write!(
            f,
            "?g={}&ct={}&from={}&max={}&regime={}",
            self.grant,
            self.control_total.mills(),
            self.from.mills(),
            self.max.mills(),
            self.regime
        )
    }
}

impl FromStr for IndiciumTerms {
    type Err = NotTerms;

    /// Reads the URI; only the exact text that [`fmt::Display`] writes is taken.
    fn from_str(uri: &str) -> Result<Self, NotTerms> {
        if uri.len() > MAX_URI_BYTES {
            return Err(NotTerms);
        }
        let terms = loosely_read(uri).ok_or(NotTerms)?;
        if terms.to_string() == uri {
            Ok(terms)
        } else {
            Err(NotTerms)
        }
    }
}

fn loosely_read(uri: &str) -> Option<IndiciumTerms> {
    let (psd, query) = uri.strip_prefix("pennyblack:psd/")?.split_once('?')?;
    let mut psd_bytes = [0; 8];
    if psd.len() != 16 {
        return None;
    }
    data_encoding::HEXLOWER
        .decode_mut(psd.as_bytes(), &mut psd_bytes)
        .ok()?;
    let mut parameters = query.split('&');
    let mut value = |name: &str| parameters.next()?.strip_prefix(name)?.strip_prefix('=');
    let mills = |text: &str| Mills::new(text.parse().ok()?).ok();
    Some(IndiciumTerms {
        psd: PsdId::from_bytes(psd_bytes).ok()?,
        grant: value("g")?.parse().ok()?,
        control_total: mills(value("ct")?)?,
        from: mills(value("from")?)?,
        max: mills(value("max")?)?,
        regime: value("regime")?.parse().ok()?,
    })
}

/// Why bytes are no indicium certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not one X.509 certificate in DER, or longer than [`MAX_CERTIFICATE_BYTES`].
    #[error("not an X.509 certificate of at most {MAX_CERTIFICATE_BYTES} bytes")]
    NotACertificate,
    /// Not signed with ECDSA and SHA-256, or not in the one DER encoding of such a certificate.
    #[error("the certificate is not in the DER encoding of ECDSA with SHA-256")]
    OtherEncoding,
    /// The key is not an uncompressed P-256 point.
    #[error("the certificate's key is not a P-256 key")]
    NotP256,
    /// The serial is not 12 bytes with a first byte from 01 to 7F.
    #[error("the certificate's serial is not one of an indicium certificate")]
    WrongSerial,
    /// There is not exactly one subject alternative name, or it holds no terms.
    #[error("the certificate's subject alternative name holds no indicium terms")]
    NoTerms,
    /// The certificate may not be used for signing indicia.
    #[error("the certificate is not one for digital signatures only")]
    WrongUsage,
}

/// An indicium certificate, read but not yet trusted: see [`super::chain`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndiciumCertificate {
    /// What it allows.
    pub terms: IndiciumTerms,
    /// The serial number.
    pub serial: [u8; SERIAL_BYTES],
    /// The key that signs the indicia.
    pub public_key: PublicKey,
    /// Valid from this second on.
    pub not_before: UnixSeconds,
    /// Valid to this second, included.
    pub not_after: UnixSeconds,
}

impl IndiciumCertificate {
    /// Reads a certificate in DER.
    ///
    /// # Errors
    /// A [`CertificateError`] when it is none for indicia.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        Self::from_x509(&read_x509(der)?)
    }

    pub(super) fn from_x509(x509: &X509Certificate<'_>) -> Result<Self, CertificateError> {
        check_usage(x509)?;
        let serial = x509
            .raw_serial()
            .try_into()
            .ok()
            .filter(|[first, ..]: &[u8; SERIAL_BYTES]| (0x01..=0x7F).contains(first))
            .ok_or(CertificateError::WrongSerial)?;
        Ok(Self {
            terms: terms_of(x509)?,
            serial,
            public_key: public_key_of(x509)?,
            not_before: UnixSeconds(x509.validity().not_before.timestamp()),
            not_after: UnixSeconds(x509.validity().not_after.timestamp()),
        })
    }

    /// The data center's counter in the serial: the certificate field of each indicium.
    #[must_use]
    pub const fn counter(&self) -> u32 {
        let [_, _, _, _, _, _, _, _, counter @ ..] = self.serial;
        u32::from_be_bytes(counter)
    }
}

/// The serial number of the certificate with this counter; `random` is fresh random bytes.
///
/// The first byte is brought into 01..7F, so that DER needs neither a sign byte nor a shorter form.
#[must_use]
pub fn certificate_serial(random: [u8; 8], counter: u32) -> [u8; SERIAL_BYTES] {
    let mut serial = [0; SERIAL_BYTES];
    serial[..8].copy_from_slice(&random);
    serial[0] = (serial[0] & 0x7F).max(1);
    serial[8..].copy_from_slice(&counter.to_be_bytes());
    serial
}

/// The short id of an issuer's key in the indicium: the first four bytes of SHA-256 over its
/// `SubjectPublicKeyInfo` (DER).
#[must_use]
pub fn issuer_key_id(issuer_spki: &[u8]) -> [u8; 4] {
    let hash: [u8; 32] = Sha256::digest(issuer_spki).into();
    let [a, b, c, d, ..] = hash;
    [a, b, c, d]
}

pub(super) fn read_x509(der: &[u8]) -> Result<X509Certificate<'_>, CertificateError> {
    if der.len() > MAX_CERTIFICATE_BYTES {
        return Err(CertificateError::NotACertificate);
    }
    match X509Certificate::from_der(der) {
        Ok(([], x509)) => Ok(x509),
        Ok(_) | Err(_) => Err(CertificateError::NotACertificate),
    }
}

pub(super) fn public_key_of(x509: &X509Certificate<'_>) -> Result<PublicKey, CertificateError> {
    x509.public_key()
        .raw
        .strip_prefix(&P256_SPKI_PREFIX)
        .and_then(|point| PublicKey::try_from(point).ok())
        .filter(|[form, ..]| *form == 0x04)
        .ok_or(CertificateError::NotP256)
}

fn check_usage(x509: &X509Certificate<'_>) -> Result<(), CertificateError> {
    let usage = x509
        .key_usage()
        .map_err(|_| CertificateError::WrongUsage)?
        .ok_or(CertificateError::WrongUsage)?;
    let constraints = x509
        .basic_constraints()
        .map_err(|_| CertificateError::WrongUsage)?;
    let may_issue = constraints.is_some_and(|constraints| constraints.value.ca);
    if may_issue || !usage.value.digital_signature() || usage.value.key_cert_sign() {
        return Err(CertificateError::WrongUsage);
    }
    Ok(())
}

fn terms_of(x509: &X509Certificate<'_>) -> Result<IndiciumTerms, CertificateError> {
    let names = x509
        .subject_alternative_name()
        .map_err(|_| CertificateError::NoTerms)?
        .ok_or(CertificateError::NoTerms)?;
    let [GeneralName::URI(uri)] = names.value.general_names.as_slice() else {
        return Err(CertificateError::NoTerms);
    };
    uri.parse().map_err(|_| CertificateError::NoTerms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const URI: &str =
        "pennyblack:psd/5a5a30312a000000?g=1&ct=50000&from=0&max=100000&regime=specimen";

    #[test]
    fn terms_are_read_back_from_their_uri() {
        let terms: IndiciumTerms = URI.parse().unwrap();
        assert_eq!(terms.psd, PsdId::specimen(42));
        assert_eq!(terms.control_total, Mills::new(50_000).unwrap());
        assert_eq!(terms.regime, Regime::Specimen);
        assert_eq!(terms.to_string(), URI);
    }

    #[test]
    fn only_the_canonical_form_is_terms() {
        for wrong in [
            URI.replace("g=1&", "g=01&"),
            URI.replace("g=1&", "g=+1&"),
            URI.replace("5a5a", "5A5A"),
            URI.replace("g=1&ct=50000", "ct=50000&g=1"),
            URI.replace("specimen", "Specimen"),
            format!("{URI}&"),
            format!("{URI}&x=1"),
            URI.replace("&max=100000", ""),
            URI.replace("50000", "1099511627776"),
            URI.replace("psd/", "psd//"),
        ] {
            assert_eq!(wrong.parse::<IndiciumTerms>(), Err(NotTerms), "{wrong}");
        }
    }

    #[test]
    fn serials_always_start_between_01_and_7f() {
        for first in 0..=u8::MAX {
            let serial = certificate_serial([first; 8], 0xFFFF_FFFE);
            assert!((0x01..=0x7F).contains(&serial[0]));
            assert_eq!(serial[8..], [0xFF, 0xFF, 0xFF, 0xFE]);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_certificate_reader_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..600),
        ) {
            prop_assert!(IndiciumCertificate::from_der(&bytes).is_err());
        }

        #[test]
        fn no_text_makes_the_terms_reader_panic(text in "pennyblack:psd/[0-9a-f]{16}\\?\\PC{0,80}") {
            let _ = text.parse::<IndiciumTerms>().is_ok();
        }
    }
}
