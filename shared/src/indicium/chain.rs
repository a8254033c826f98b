//! From an indicium certificate to the root that stands behind it.
//!
//! The chain has exactly three links, all P-256 with SHA-256: indicium certificate, indicium
//! issuing CA (path length 0), root. The root is given by whoever asks, who must have reason to
//! trust it; whether it makes postage live is not theirs to say, but the compiled list's.

use x509_parser::oid_registry::{
    OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER, OID_X509_EXT_BASIC_CONSTRAINTS,
    OID_X509_EXT_EXTENDED_KEY_USAGE, OID_X509_EXT_KEY_USAGE, OID_X509_EXT_SUBJECT_ALT_NAME,
    OID_X509_EXT_SUBJECT_KEY_IDENTIFIER,
};
use x509_parser::prelude::X509Certificate;

use super::certificate::{
    CertificateError, IndiciumCertificate, PublicKey, issuer_key_id, public_key_of, read_x509,
};
use super::ibi_full::SIGNATURE_BYTES;
use super::regime::{PROVIDER_ROOTS, Regime, RegimeMismatch};

/// Checks an ECDSA P-256 signature: public key, message (to be hashed with SHA-256), r ‖ s.
pub type CheckSignature<'a> = dyn Fn(&PublicKey, &[u8], &[u8; SIGNATURE_BYTES]) -> bool + 'a;

/// The DER of the algorithm ecdsa-with-SHA256 (RFC 5758).
const ECDSA_WITH_SHA256: [u8; 12] = [
    0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02,
];

/// What the name of every authority that issues indicium certificates begins with.
pub const AUTHORITY_NAME: &str = "Pennyblack indicium CA";

/// One link of the chain, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// The indicium certificate.
    Indicium,
    /// The CA that issues indicium certificates.
    Issuer,
    /// The root.
    Root,
}

impl std::fmt::Display for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Indicium => "indicium certificate",
            Self::Issuer => "issuing CA's certificate",
            Self::Root => "root certificate",
        })
    }
}

/// Why a chain is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainRefusal {
    /// A certificate cannot be read, or is not for its place in the chain.
    #[error("the {link} cannot be used")]
    Unusable {
        /// Which one.
        link: Link,
        /// What is wrong with it.
        #[source]
        source: CertificateError,
    },
    /// A certificate that should issue others may not.
    #[error("the {link} may not issue certificates here")]
    NotACertificateAuthority {
        /// Which one.
        link: Link,
    },
    /// A critical extension is not known, so its meaning would be ignored.
    #[error("the {link} has a critical extension that is not known")]
    UnknownCriticalExtension {
        /// Which one.
        link: Link,
    },
    /// A certificate names another issuer than the next in the chain.
    #[error("the {link} was issued by somebody else")]
    OtherIssuer {
        /// Which one.
        link: Link,
    },
    /// A certificate's signature does not match.
    #[error("the signature of the {link} is wrong")]
    Signature {
        /// Which one.
        link: Link,
    },
    /// A certificate ends after its issuer's.
    #[error("the {link} outlives its issuer's certificate")]
    OutlivesIssuer {
        /// Which one.
        link: Link,
    },
    /// Certificate and root disagree about specimen or live.
    #[error("the chain mixes specimen and live")]
    Regime(#[source] RegimeMismatch),
}

/// An indicium certificate whose chain has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndiciumChain {
    certificate: IndiciumCertificate,
    issuer_key_id: [u8; 4],
    regime: Regime,
}

impl IndiciumChain {
    /// Checks an indicium certificate against its issuer and a trusted root, all in DER.
    ///
    /// Whether the certificates are valid *today* is not asked: a piece is judged by its date of
    /// mailing, long after it was printed.
    ///
    /// # Errors
    /// A [`ChainRefusal`] naming the link that does not hold.
    pub fn check(
        certificate: &[u8],
        issuer: &[u8],
        trusted_root: &[u8],
        check_signature: &CheckSignature<'_>,
    ) -> Result<Self, ChainRefusal> {
        let ders = [certificate, issuer, trusted_root];
        Self::check_among(ders, PROVIDER_ROOTS, check_signature)
    }

    fn check_among(
        [certificate, issuer, root]: [&[u8]; 3],
        provider_roots: &[[u8; 32]],
        check_signature: &CheckSignature<'_>,
    ) -> Result<Self, ChainRefusal> {
        let certificate = read(certificate, Link::Indicium)?;
        let issuer = read(issuer, Link::Issuer)?;
        let root = read(root, Link::Root)?;
        check_authority(&issuer, Link::Issuer)?;
        check_authority(&root, Link::Root)?;
        check_issued((&root, Link::Root), &root, check_signature)?;
        check_issued((&issuer, Link::Issuer), &root, check_signature)?;
        check_issued((&certificate, Link::Indicium), &issuer, check_signature)?;

        let read = IndiciumCertificate::from_x509(&certificate).map_err(|source| {
            ChainRefusal::Unusable {
                link: Link::Indicium,
                source,
            }
        })?;
        let regime = Regime::of_root_among(root.public_key().raw, provider_roots);
        regime
            .check_certificate(read.terms.regime, read.terms.psd.manufacturer)
            .map_err(ChainRefusal::Regime)?;
        Ok(Self {
            certificate: read,
            issuer_key_id: issuer_key_id(issuer.public_key().raw),
            regime,
        })
    }

    /// The indicium certificate.
    #[must_use]
    pub const fn certificate(&self) -> &IndiciumCertificate {
        &self.certificate
    }

    /// The issuer's short key id, for the extension block of an indicium.
    #[must_use]
    pub const fn issuer_key_id(&self) -> [u8; 4] {
        self.issuer_key_id
    }

    /// Specimen or live, by the root.
    #[must_use]
    pub const fn regime(&self) -> Regime {
        self.regime
    }
}

/// Checks that a certificate is one of an authority below a trusted root that may issue indicium
/// certificates, both in DER, and by its name is meant to.
///
/// # Errors
/// A [`ChainRefusal`] naming the link that does not hold.
pub fn check_authority_under(
    authority: &[u8],
    trusted_root: &[u8],
    check_signature: &CheckSignature<'_>,
) -> Result<(), ChainRefusal> {
    let authority = read(authority, Link::Issuer)?;
    let root = read(trusted_root, Link::Root)?;
    check_authority(&authority, Link::Issuer)?;
    check_authority(&root, Link::Root)?;
    check_issued((&authority, Link::Issuer), &root, check_signature)?;
    let name = authority.subject().iter_common_name().next();
    let name = name.and_then(|name| name.as_str().ok()).unwrap_or_default();
    if name.starts_with(AUTHORITY_NAME) {
        Ok(())
    } else {
        Err(ChainRefusal::NotACertificateAuthority { link: Link::Issuer })
    }
}

fn read(der: &[u8], link: Link) -> Result<X509Certificate<'_>, ChainRefusal> {
    let x509 = read_x509(der).map_err(|source| ChainRefusal::Unusable { link, source })?;
    if !is_strict(der, &x509) {
        let source = CertificateError::OtherEncoding;
        return Err(ChainRefusal::Unusable { link, source });
    }
    // RFC 5280, 4.2: a critical extension that is not understood must be refused.
    let known = [
        OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER,
        OID_X509_EXT_BASIC_CONSTRAINTS,
        OID_X509_EXT_EXTENDED_KEY_USAGE,
        OID_X509_EXT_KEY_USAGE,
        OID_X509_EXT_SUBJECT_ALT_NAME,
        OID_X509_EXT_SUBJECT_KEY_IDENTIFIER,
    ];
    let unknown = x509
        .extensions()
        .iter()
        .any(|extension| extension.critical && !known.contains(&extension.oid));
    if unknown {
        return Err(ChainRefusal::UnknownCriticalExtension { link });
    }
    Ok(x509)
}

/// Whether the unsigned parts of a certificate are the one DER encoding of an ECDSA signature, so
/// that nobody can change a byte of it.
fn is_strict(der: &[u8], x509: &X509Certificate<'_>) -> bool {
    let signature = &x509.signature_value.data;
    let mut body = x509.tbs_certificate.as_ref().to_vec();
    body.extend_from_slice(&ECDSA_WITH_SHA256);
    let Ok(length) = u8::try_from(signature.len() + 1) else {
        return false;
    };
    body.extend_from_slice(&[0x03, length, 0x00]);
    body.extend_from_slice(signature);
    let Ok(length) = u16::try_from(body.len()) else {
        return false;
    };
    let [high, low] = length.to_be_bytes();
    der.strip_prefix(&[0x30, 0x82, high, low]) == Some(&body)
}

/// Checks that a certificate may issue what its place in the chain issues.
fn check_authority(x509: &X509Certificate<'_>, link: Link) -> Result<(), ChainRefusal> {
    let refusal = ChainRefusal::NotACertificateAuthority { link };
    let constraints = x509
        .basic_constraints()
        .map_err(|_| refusal)?
        .ok_or(refusal)?;
    let usage = x509.key_usage().map_err(|_| refusal)?.ok_or(refusal)?;
    let length = constraints.value.path_len_constraint;
    let long_enough = match link {
        Link::Root => length != Some(0),
        // The issuing CA must not be able to make further ones.
        Link::Issuer => length == Some(0),
        Link::Indicium => false,
    };
    if constraints.value.ca && long_enough && usage.value.key_cert_sign() {
        Ok(())
    } else {
        Err(refusal)
    }
}

fn check_issued(
    (x509, link): (&X509Certificate<'_>, Link),
    issuer: &X509Certificate<'_>,
    check_signature: &CheckSignature<'_>,
) -> Result<(), ChainRefusal> {
    if x509.issuer().as_raw() != issuer.subject().as_raw() {
        return Err(ChainRefusal::OtherIssuer { link });
    }
    if x509.validity().not_after > issuer.validity().not_after {
        return Err(ChainRefusal::OutlivesIssuer { link });
    }
    let wrong = ChainRefusal::Signature { link };
    if x509.signature_algorithm != x509.tbs_certificate.signature {
        return Err(wrong);
    }
    let key = public_key_of(issuer).map_err(|source| ChainRefusal::Unusable { link, source })?;
    let signature = fixed_signature(&x509.signature_value.data).ok_or(wrong)?;
    if check_signature(&key, x509.tbs_certificate.as_ref(), &signature) {
        Ok(())
    } else {
        Err(wrong)
    }
}

/// Turns `SEQUENCE { r INTEGER, s INTEGER }` in strict DER into r ‖ s.
fn fixed_signature(der: &[u8]) -> Option<[u8; SIGNATURE_BYTES]> {
    let [0x30, length, integers @ ..] = der else {
        return None;
    };
    if usize::from(*length) != integers.len() {
        return None;
    }
    let mut fixed = [0; SIGNATURE_BYTES];
    let (r, s) = fixed.split_at_mut(SIGNATURE_BYTES / 2);
    let rest = take_integer(integers, r)?;
    take_integer(rest, s)?.is_empty().then_some(fixed)
}

/// Takes one positive DER integer into `into`, right-aligned; returns what follows it.
fn take_integer<'a>(der: &'a [u8], into: &mut [u8]) -> Option<&'a [u8]> {
    let [0x02, length, rest @ ..] = der else {
        return None;
    };
    let (integer, rest) = rest.split_at_checked(usize::from(*length))?;
    let magnitude = match integer {
        [] => return None,
        [0, second, ..] if *second < 0x80 => return None,
        [0, magnitude @ ..] => magnitude,
        [first, ..] if *first >= 0x80 => return None,
        magnitude => magnitude,
    };
    let start = into.len().checked_sub(magnitude.len())?;
    into[start..].copy_from_slice(magnitude);
    Some(rest)
}

#[cfg(test)]
mod tests;
