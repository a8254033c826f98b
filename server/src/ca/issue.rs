//! Issues certificates: explicit validity, unique serials, nothing taken over from a request but
//! its key.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData,
    SanType, SerialNumber, SubjectPublicKeyInfo, date_time_ymd,
};
use rustls::pki_types::CertificateSigningRequestDer;
use shared::clock::UnixSeconds;
use shared::ids::{PsdId, StationId};
use shared::indicium::certificate::{IndiciumTerms, SERIAL_BYTES};
use shared::services::funds::INDICIUM_CERTIFICATE_DAYS;
use shared::services::keys::{MAX_CSR_BYTES, Point, STATION_CERTIFICATE_DAYS};

use super::CaError;
use super::keys::{SigningKey, random};

/// Certificates are valid from a little before they are issued, so that a station whose clock is
/// slow can use them at once.
pub const CLOCK_SKEW_SECONDS: i64 = 300;

/// What the URI in a station's certificate begins with.
pub(super) const STATION_URI: &str = "pennyblack:station/";

/// An issuing CA with its key.
pub(super) type OwnIssuer = Issuer<'static, SigningKey>;

/// A certificate just issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedCertificate {
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// Its serial: 8 random bytes, then the counter, big-endian.
    pub serial: [u8; SERIAL_BYTES],
    /// Valid from this second on.
    pub not_before: UnixSeconds,
    /// Valid to this second.
    pub not_after: UnixSeconds,
    /// The key it is for.
    pub point: Point,
}

/// From when and until when a certificate is valid.
#[derive(Clone, Copy)]
pub(super) struct Validity {
    pub(super) not_before: UnixSeconds,
    pub(super) not_after: UnixSeconds,
}

impl Validity {
    pub(super) const fn days(now: UnixSeconds, days: i64) -> Self {
        Self {
            not_before: now.plus_seconds(-CLOCK_SKEW_SECONDS),
            not_after: now.plus_days(days),
        }
    }

    fn write_into(self, params: &mut CertificateParams) {
        let epoch = date_time_ymd(1970, 1, 1);
        // Times of certificates lie far inside the years that can be written.
        let since = |instant: UnixSeconds| {
            const LATEST: u64 = 8_000_000_000;
            let seconds = u64::try_from(instant.0).unwrap_or(0).min(LATEST);
            std::time::Duration::from_secs(seconds)
        };
        params.not_before = epoch + since(self.not_before);
        params.not_after = epoch + since(self.not_after);
    }
}

/// Eight random bytes, the first from 01 to 7F, and the counter: unique forever.
fn serial(counter: u32) -> Result<[u8; SERIAL_BYTES], CaError> {
    let mut serial = [0; SERIAL_BYTES];
    serial[..8].copy_from_slice(&random::<8>()?);
    serial[0] = (serial[0] & 0x7f).max(1);
    serial[8..].copy_from_slice(&counter.to_be_bytes());
    Ok(serial)
}

/// What every certificate of ours has in common.
fn params(common_name: &str, validity: Validity, serial: &[u8]) -> CertificateParams {
    let mut params = CertificateParams::default();
    validity.write_into(&mut params);
    params.serial_number = Some(SerialNumber::from_slice(serial));
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Pennyblack");
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params
}

fn uri(text: String, subject: &'static str) -> Result<SanType, CaError> {
    let name = text
        .try_into()
        .map_err(|source| CaError::Issue { subject, source })?;
    Ok(SanType::URI(name))
}

/// The parameters of a CA certificate; `path_length` is how many CAs may stand below it.
pub(super) fn authority_params(
    common_name: &str,
    path_length: u8,
    validity: Validity,
) -> Result<CertificateParams, CaError> {
    let mut params = params(common_name, validity, &serial(0)?);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// The TLS certificate of the data center.
pub(super) fn tls(
    key: &impl PublicKeyData,
    names: &[SanType],
    issuer: &OwnIssuer,
    validity: Validity,
) -> Result<Vec<u8>, CaError> {
    let mut params = params("Pennyblack data center", validity, &serial(0)?);
    params.subject_alt_names = names.to_vec();
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let certificate = params
        .signed_by(key, issuer)
        .map_err(|source| CaError::Issue {
            subject: "TLS",
            source,
        })?;
    Ok(certificate.der().to_vec())
}

/// A station's certificate for the key of its request.
pub(super) fn station(
    csr: &[u8],
    station: StationId,
    psd: PsdId,
    counter: u32,
    issuer: &OwnIssuer,
    now: UnixSeconds,
) -> Result<IssuedCertificate, CaError> {
    let point = key_of_request(csr)?;
    let name = format!("{STATION_URI}{station}?psd={psd}");
    Leaf {
        subject: "a station",
        common_name: station.to_string(),
        uri: name,
        point,
        counter,
        validity: Validity::days(now, STATION_CERTIFICATE_DAYS),
        usage: vec![ExtendedKeyUsagePurpose::ClientAuth],
    }
    .issue(issuer)
}

/// A certificate for the key of one grant.
pub(super) fn indicium(
    point: Point,
    terms: &IndiciumTerms,
    counter: u32,
    issuer: &OwnIssuer,
    now: UnixSeconds,
) -> Result<IssuedCertificate, CaError> {
    Leaf {
        subject: "indicia",
        common_name: terms.psd.to_string(),
        uri: terms.to_string(),
        point,
        counter,
        validity: Validity::days(now, INDICIUM_CERTIFICATE_DAYS),
        usage: Vec::new(),
    }
    .issue(issuer)
}

/// What is asked for in a certificate of a station's key.
struct Leaf {
    subject: &'static str,
    common_name: String,
    uri: String,
    point: Point,
    counter: u32,
    validity: Validity,
    usage: Vec<ExtendedKeyUsagePurpose>,
}

impl Leaf {
    fn issue(self, issuer: &OwnIssuer) -> Result<IssuedCertificate, CaError> {
        let subject = self.subject;
        let fault = |source| CaError::Issue { subject, source };
        let serial = serial(self.counter)?;
        let mut params = params(&self.common_name, self.validity, &serial);
        params.subject_alt_names = vec![uri(self.uri, subject)?];
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = self.usage;
        params.use_authority_key_identifier_extension = true;
        let key = SubjectPublicKeyInfo::from_der(&self.point.spki()).map_err(fault)?;
        let certificate = params.signed_by(&key, issuer).map_err(fault)?;
        Ok(IssuedCertificate {
            der: certificate.der().to_vec(),
            serial,
            not_before: self.validity.not_before,
            not_after: self.validity.not_after,
            point: self.point,
        })
    }
}

/// The P-256 key of a PKCS #10 request whose signature proves that the asker holds it.
pub(super) fn key_of_request(csr: &[u8]) -> Result<Point, CaError> {
    if csr.len() > MAX_CSR_BYTES {
        return Err(CaError::BadRequest);
    }
    let der = CertificateSigningRequestDer::from(csr);
    let request =
        CertificateSigningRequestParams::from_der(&der).map_err(|_| CaError::BadRequest)?;
    let key = &request.public_key;
    if *PublicKeyData::algorithm(key) != PKCS_ECDSA_P256_SHA256 {
        return Err(CaError::BadRequest);
    }
    let point = key
        .der_bytes()
        .try_into()
        .map_err(|_| CaError::BadRequest)?;
    Ok(Point(point))
}
