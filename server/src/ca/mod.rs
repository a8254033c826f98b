//! The data center's certificate authorities and keys (`protocol.md` B, D and L).
//!
//! `init` makes a root whose private key exists only in the encrypted offline bundle, and three
//! issuing CAs below it (path length 0): for the TLS server, for stations, for indicia. Separate
//! keys serve TLS, HPKE, journal heads, replies with grants and receipts, and editions of rates.
//! Private keys lie in the data folder, mode 0600.

mod admin_keys;
pub mod counter;
pub mod deny;
mod error;
mod issue;
mod keys;
mod offline;
mod sealing;

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use data_encoding::HEXLOWER;
use rcgen::{CertificateParams, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256, SanType};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use shared::clock::UnixSeconds;
use shared::ids::{DataCenterId, PsdId, StationId};
use shared::indicium::certificate::IndiciumTerms;
use shared::security::enrolment_code::EnrolmentCode;
use shared::services::keys::{CenterKeys, Point};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

pub use admin_keys::{new_admin_key, open_admin_key};
pub use error::CaError;
pub use issue::{CLOCK_SKEW_SECONDS, IssuedCertificate};
use issue::{OwnIssuer, STATION_URI, Validity, authority_params};
pub use keys::{HeadKey, SigningKey, random, verify};
pub use offline::{MIN_PASSPHRASE_CHARACTERS, new_passphrase, open_bundle};
pub use sealing::{SealingPair, SealingRing};

use crate::folder::{self, Folder};

/// Days the root is valid.
const ROOT_DAYS: i64 = 25 * 365;

/// Days an issuing CA is valid.
const ISSUER_DAYS: i64 = 10 * 365;

/// Days the TLS certificate is valid; it is renewed when [`TLS_RENEW_DAYS`] are left.
const TLS_DAYS: i64 = 90;

/// The TLS certificate is issued anew when it has so few days left.
const TLS_RENEW_DAYS: i64 = 30;

/// The three issuing CAs by the name of their files, with what they are for.
const SERVER: &str = "server";
const STATION: &str = "station";
const INDICIUM: &str = "indicium";
const ROOT: &str = "root";
const TLS: &str = "tls";
const REPLIES: &str = "replies";
const EDITIONS: &str = "editions";
const HEADS: &str = "heads";

/// The names every TLS certificate carries.
const OWN_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// One CA certificate.
#[derive(Debug, Clone)]
struct CaCertificate {
    der: Vec<u8>,
}

/// An issuing CA that is at work.
struct IssuingCa {
    certificate: CaCertificate,
    issuer: OwnIssuer,
}

impl std::fmt::Debug for IssuingCa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("IssuingCa").finish_non_exhaustive()
    }
}

/// The certificate authorities and keys of a running data center.
#[derive(Debug)]
pub struct Authority {
    folder: Folder,
    names: Vec<HostName>,
    root: CaCertificate,
    server: IssuingCa,
    station: IssuingCa,
    indicium: IssuingCa,
    replies: SigningKey,
    editions: SigningKey,
    heads: HeadKey,
    sealing: SealingRing,
    recovery: [[u8; 32]; 2],
}

/// What TLS needs: the chain with the leaf first, and its key.
#[derive(Debug)]
pub struct TlsIdentity {
    /// Leaf and issuing CA.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's key, PKCS #8.
    pub key: PrivateKeyDer<'static>,
}

/// Makes root, issuing CAs and keys in an empty folder.
///
/// # Errors
/// [`CaError`]; what was written before an error is left for a look, `init` starts over it.
pub fn init(
    folder: &Folder,
    center: DataCenterId,
    passphrase: &str,
    now: UnixSeconds,
) -> Result<(), CaError> {
    let root_key = new_key()?;
    let (recovery_1, recovery_2) = (keys::new_ed25519()?, keys::new_ed25519()?);
    let root_der = zeroize::Zeroizing::new(root_key.serialize_der());
    let bundle = offline::seal_bundle(
        offline::BUNDLE_HEAD,
        &[
            ("Root key of the data center", &root_der),
            ("First recovery key", &recovery_1),
            ("Second recovery key", &recovery_2),
        ],
        passphrase,
    )?;
    let name = |what: &str| format!("Pennyblack {what} {center}");
    let root_params = authority_params(&name("root"), 1, Validity::days(now, ROOT_DAYS))?;
    let root = root_params
        .self_signed(&root_key)
        .map_err(|source| CaError::Issue {
            subject: "the root",
            source,
        })?;
    write_certificate(folder, ROOT, root.der())?;
    let root_issuer = Issuer::new(root_params, root_key);
    for (file, what) in [
        (SERVER, "server CA"),
        (STATION, "station CA"),
        (INDICIUM, "indicium CA"),
    ] {
        let params = authority_params(&name(what), 0, Validity::days(now, ISSUER_DAYS))?;
        init_issuer(folder, file, &params, &root_issuer)?;
    }
    SigningKey::make(&folder.key(REPLIES))?;
    SigningKey::make(&folder.key(EDITIONS))?;
    HeadKey::make(&folder.key(HEADS))?;
    write_recovery(folder, [&recovery_1, &recovery_2])?;
    folder::write_private(&folder.offline_root(), bundle.as_bytes())?;
    Ok(())
}

fn init_issuer(
    folder: &Folder,
    file: &'static str,
    params: &CertificateParams,
    root: &OwnIssuer,
) -> Result<(), CaError> {
    let key = new_key()?;
    let certificate = params
        .signed_by(&key, root)
        .map_err(|source| CaError::Issue {
            subject: file,
            source,
        })?;
    keys::write_key(&folder.key(&format!("{file}-ca")), key.serialized_der())?;
    write_certificate(folder, file, certificate.der())
}

/// Stores the public halves of the recovery keys, one line of hex each.
fn write_recovery(folder: &Folder, keys: [&[u8]; 2]) -> Result<(), CaError> {
    let mut lines = String::new();
    for key in keys {
        lines.push_str(&HEXLOWER.encode(&keys::ed25519_public(key)?));
        lines.push('\n');
    }
    Ok(folder::write_private(
        &folder.recovery_keys(),
        lines.as_bytes(),
    )?)
}

fn read_recovery(folder: &Folder) -> Result<[[u8; 32]; 2], CaError> {
    let path = folder.recovery_keys();
    let text = folder::read_small(&path)?;
    let keys: Option<Vec<[u8; 32]>> = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| HEXLOWER.decode(line).ok()?.try_into().ok())
        .collect();
    keys.and_then(|keys| keys.try_into().ok())
        .ok_or(CaError::Damaged { path })
}

fn new_key() -> Result<KeyPair, CaError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|_| CaError::Crypto {
        what: "make a P-256 key",
    })
}

impl Authority {
    /// Reads certificates and keys; makes what has to be new: the month's HPKE key.
    ///
    /// `names` are the host names and addresses, beside the machine's own, under which stations
    /// reach the data center.
    ///
    /// # Errors
    /// [`CaError`].
    pub fn open(folder: &Folder, names: &[String], now: UnixSeconds) -> Result<Self, CaError> {
        let own = OWN_NAMES.map(str::to_owned);
        Ok(Self {
            names: own
                .iter()
                .chain(names)
                .map(|name| HostName::read(name))
                .collect::<Result<_, _>>()?,
            root: read_certificate(folder, ROOT)?,
            server: read_issuer(folder, SERVER)?,
            station: read_issuer(folder, STATION)?,
            indicium: read_issuer(folder, INDICIUM)?,
            replies: SigningKey::read(&folder.key(REPLIES))?,
            editions: SigningKey::read(&folder.key(EDITIONS))?,
            heads: HeadKey::read(&folder.key(HEADS))?,
            recovery: read_recovery(folder)?,
            sealing: SealingRing::open(folder.sealing_keys(), now)?,
            folder: folder.clone(),
        })
    }

    /// The root certificate, DER.
    #[must_use]
    pub fn root(&self) -> &[u8] {
        &self.root.der
    }

    /// The certificate of the CA that issues station certificates, DER: the only one whose
    /// certificates open mutual TLS.
    #[must_use]
    pub fn station_authority(&self) -> &[u8] {
        &self.station.certificate.der
    }

    /// The certificate of the CA that issues indicium certificates, DER.
    #[must_use]
    pub fn indicium_authority(&self) -> &[u8] {
        &self.indicium.certificate.der
    }

    /// The fingerprint of the root that stands in enrolment codes.
    ///
    /// # Errors
    /// [`CaError::Damaged`] when the root certificate cannot be read.
    pub fn root_fingerprint(&self) -> Result<[u8; 16], CaError> {
        let (_, root) =
            X509Certificate::from_der(&self.root.der).map_err(|_| CaError::Damaged {
                path: self.folder.certificate(ROOT),
            })?;
        Ok(EnrolmentCode::fingerprint_of(root.public_key().raw))
    }

    /// Root and issuing CAs as PEM: what a station fetches first, root first.
    #[must_use]
    pub fn bundle(&self) -> String {
        [
            &self.root,
            &self.server.certificate,
            &self.station.certificate,
            &self.indicium.certificate,
        ]
        .map(|certificate| pem_of(&certificate.der))
        .concat()
    }

    /// The key that signs replies, grants and receipts.
    #[must_use]
    pub const fn replies(&self) -> &SigningKey {
        &self.replies
    }

    /// The key that signs the manifests of editions.
    #[must_use]
    pub const fn editions(&self) -> &SigningKey {
        &self.editions
    }

    /// The key that signs heads of the journal.
    #[must_use]
    pub const fn heads(&self) -> &HeadKey {
        &self.heads
    }

    /// The HPKE keys.
    #[must_use]
    pub const fn sealing(&self) -> &SealingRing {
        &self.sealing
    }

    /// The Ed25519 keys whose owners, together, vouch for a new epoch after a restore. Their
    /// private halves exist only in the offline bundle.
    #[must_use]
    pub const fn recovery_keys(&self) -> &[[u8; 32]; 2] {
        &self.recovery
    }

    /// The public keys that stations need today.
    #[must_use]
    pub fn center_keys(&self) -> CenterKeys {
        CenterKeys {
            sealing: self.sealing.current().public(),
            replies: self.replies.point(),
            editions: self.editions.point(),
        }
    }

    /// Issues a station's certificate, valid 30 days, for the key of its request.
    ///
    /// `counter` comes from [`counter::Counter::Certificate`] in the caller's transaction.
    ///
    /// # Errors
    /// [`CaError::BadRequest`] for anything but a P-256 request signed by its own key.
    pub fn issue_station_certificate(
        &self,
        csr: &[u8],
        station: StationId,
        psd: PsdId,
        counter: u32,
        now: UnixSeconds,
    ) -> Result<IssuedCertificate, CaError> {
        issue::station(csr, station, psd, counter, &self.station.issuer, now)
    }

    /// Issues an indicium certificate, valid 58 days (`protocol.md` B).
    ///
    /// `counter` comes from [`counter::Counter::Certificate`] in the caller's transaction; it is
    /// the certificate serial field of the indicia.
    ///
    /// # Errors
    /// [`CaError`] when the key is no P-256 point or signing fails.
    pub fn issue_indicium_certificate(
        &self,
        key: Point,
        terms: &IndiciumTerms,
        counter: u32,
        now: UnixSeconds,
    ) -> Result<IssuedCertificate, CaError> {
        issue::indicium(key, terms, counter, &self.indicium.issuer, now)
    }

    /// The TLS certificate with its key, issued anew when it is near its end or was made for
    /// other names.
    ///
    /// # Errors
    /// [`CaError`].
    pub fn tls_identity(&self, now: UnixSeconds) -> Result<TlsIdentity, CaError> {
        let leaf = match self.stored_tls(now) {
            Some(leaf) => leaf,
            None => self.issue_tls(now)?,
        };
        let der = keys::read_key(&self.folder.key(TLS))?;
        let key = PrivateKeyDer::Pkcs8(der.to_vec().into());
        let issuer = self.server.certificate.der.clone();
        Ok(TlsIdentity {
            chain: vec![leaf.into(), issuer.into()],
            key,
        })
    }

    /// The TLS certificate of the folder, if it may still be used.
    fn stored_tls(&self, now: UnixSeconds) -> Option<Vec<u8>> {
        let stored = read_certificate(&self.folder, TLS).ok()?;
        let (_, leaf) = X509Certificate::from_der(&stored.der).ok()?;
        let lasts = leaf.validity().not_after.timestamp() > now.plus_days(TLS_RENEW_DAYS).0;
        let begun = leaf.validity().not_before.timestamp() <= now.0;
        (lasts && begun && self.names_are_in(&leaf)).then_some(stored.der)
    }

    fn names_are_in(&self, leaf: &X509Certificate<'_>) -> bool {
        let Some(found) = leaf.subject_alternative_name().ok().flatten() else {
            return false;
        };
        let found = &found.value.general_names;
        found.len() == self.names.len() && self.names.iter().all(|name| name.is_in(found))
    }

    fn issue_tls(&self, now: UnixSeconds) -> Result<Vec<u8>, CaError> {
        let key = new_key()?;
        let validity = Validity::days(now, TLS_DAYS);
        let names = self.names.iter().map(HostName::alternative_name);
        let names = names.collect::<Result<Vec<_>, _>>()?;
        let der = issue::tls(&key, &names, &self.server.issuer, validity)?;
        keys::write_key(&self.folder.key(TLS), key.serialized_der())?;
        write_certificate(&self.folder, TLS, &der)?;
        Ok(der)
    }
}

/// A name under which stations reach the data center.
#[derive(Clone, Debug)]
enum HostName {
    Dns(String),
    Address(IpAddr),
}

impl HostName {
    fn read(text: &str) -> Result<Self, CaError> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        match rustls::pki_types::DnsName::try_from(text) {
            Ok(name) => Ok(Self::Dns(name.as_ref().to_owned())),
            Err(_) => Err(CaError::BadName {
                name: text.to_owned(),
            }),
        }
    }

    fn alternative_name(&self) -> Result<SanType, CaError> {
        match self {
            Self::Address(address) => Ok(SanType::IpAddress(*address)),
            Self::Dns(name) => match name.as_str().try_into() {
                Ok(dns) => Ok(SanType::DnsName(dns)),
                Err(_) => Err(CaError::BadName { name: name.clone() }),
            },
        }
    }

    fn is_in(&self, found: &[GeneralName<'_>]) -> bool {
        found.iter().any(|found| match self {
            Self::Dns(name) => matches!(found, GeneralName::DNSName(text) if text == name),
            Self::Address(IpAddr::V4(address)) => {
                matches!(found, GeneralName::IPAddress(bytes) if **bytes == address.octets())
            }
            Self::Address(IpAddr::V6(address)) => {
                matches!(found, GeneralName::IPAddress(bytes) if **bytes == address.octets())
            }
        })
    }
}

/// Checks host names before they are written into the configuration.
///
/// # Errors
/// [`CaError::BadName`] for the first that is none.
pub fn check_names(names: &[String]) -> Result<(), CaError> {
    names
        .iter()
        .try_for_each(|name| HostName::read(name).map(drop))
}

/// The certificate a station showed in the handshake, whose chain to the station CA was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StationCertificate {
    /// Whose it is.
    pub station: StationId,
    /// Its serial, as it stands in the certificate.
    pub serial: Vec<u8>,
    /// Valid to this second.
    pub not_after: UnixSeconds,
    /// The station's key.
    pub point: Point,
}

impl StationCertificate {
    /// Reads what a station's certificate says; nothing when it is not one of ours.
    #[must_use]
    pub fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let names = certificate.subject_alternative_name().ok()??;
        let [GeneralName::URI(uri)] = names.value.general_names.as_slice() else {
            return None;
        };
        let (station, _) = uri.strip_prefix(STATION_URI)?.split_once('?')?;
        Some(Self {
            station: station.parse().ok()?,
            serial: certificate.raw_serial().to_vec(),
            not_after: UnixSeconds(certificate.validity().not_after.timestamp()),
            point: Point::of_spki(certificate.public_key().raw)?,
        })
    }
}

fn pem_of(der: &[u8]) -> String {
    let body = data_encoding::BASE64.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in body.as_bytes().chunks(64) {
        pem.extend(line.iter().copied().map(char::from));
        pem.push('\n');
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

fn write_certificate(folder: &Folder, name: &str, der: &[u8]) -> Result<(), CaError> {
    Ok(folder::write_private(
        &folder.certificate(name),
        pem_of(der).as_bytes(),
    )?)
}

fn read_certificate(folder: &Folder, name: &str) -> Result<CaCertificate, CaError> {
    let path = folder.certificate(name);
    let pem = folder::read_small(&path)?;
    let der = CertificateDer::from_pem_slice(&pem).map_err(|_| CaError::Damaged { path })?;
    Ok(CaCertificate { der: der.to_vec() })
}

fn read_issuer(folder: &Folder, name: &'static str) -> Result<IssuingCa, CaError> {
    let certificate = read_certificate(folder, name)?;
    let path = folder.key(&format!("{name}-ca"));
    let key = keys::read_key(&path)?;
    let issuer = issuer_of(&certificate.der, &key).ok_or(CaError::Damaged { path })?;
    Ok(IssuingCa {
        certificate,
        issuer,
    })
}

fn issuer_of(certificate: &[u8], key: &[u8]) -> Option<OwnIssuer> {
    let key = PrivateKeyDer::Pkcs8(key.to_vec().into());
    let pair = KeyPair::from_der_and_sign_algo(&key, &PKCS_ECDSA_P256_SHA256).ok()?;
    Issuer::from_ca_cert_der(&certificate.into(), pair).ok()
}
