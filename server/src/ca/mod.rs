//! The data center's certificate authorities and keys (`protocol.md` B, D and L).
//!
//! `init` makes a root whose private key exists only in the encrypted offline bundle, and three
//! issuing CAs below it (path length 0): for the TLS server, for stations, for indicia. Separate
//! keys serve TLS, HPKE, journal heads, and replies with grants and receipts.
//! Private keys lie in the data folder, mode 0600; those of P-256 that sign may be on a PKCS #11
//! token instead ([`key_folder`]).

mod admin_keys;
pub mod counter;
pub mod deny;
mod dial_in;
mod error;
mod issue;
mod issuers;
mod key_folder;
mod keys;
mod offline;
mod repository_keys;
mod root;
mod sealing;
mod signing;
mod token;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use data_encoding::HEXLOWER;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, SanType};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use shared::clock::UnixSeconds;
use shared::ids::{DataCenterId, PsdId, StationId};
use shared::indicium::certificate::IndiciumTerms;
use shared::security::dial_in::DialInKey;
use shared::security::enrolment_code::EnrolmentCode;
use shared::services::keys::trust::{KeyPurpose, OVERLAP_DAYS, TrustBundle, VerifyingKey};
use shared::services::keys::{CenterKeys, KeyNumbers, Point};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

pub use admin_keys::{new_admin_key, open_admin_key};
pub use error::CaError;
pub use issue::{CLOCK_SKEW_SECONDS, IssuedCertificate};
use issue::{OwnIssuer, STATION_URI, Validity, authority_params};
use issuers::IssuerLine;
pub use issuers::IssuerName;
pub use keys::{Ed25519Key, SigningKey, random, verify, verify_ed25519};
pub use offline::{
    MIN_PASSPHRASE_CHARACTERS, Origin, new_passphrase, open_bundle, sign_with_recovery_keys,
};
pub use repository_keys::{NewRepositoryKey, open_repository_key, read_repository_key};
pub use root::{Certified, Draft, OfflineRoot};
pub use sealing::{SealingPair, SealingRing};
pub use signing::{KeyAge, KeyState};
pub use token::{PIN_VARIABLE, TokenError};

use key_folder::KeyFolder;
use signing::KeyRing;

use crate::folder::{self, Folder};

/// Days the root is valid.
const ROOT_DAYS: i64 = 25 * 365;

/// Days an issuing CA is valid.
const ISSUER_DAYS: i64 = 10 * 365;

/// Days the TLS certificate is valid; it is renewed when [`TLS_RENEW_DAYS`] are left.
const TLS_DAYS: i64 = 90;

/// The TLS certificate is issued anew when it has so few days left.
const TLS_RENEW_DAYS: i64 = 30;

const ROOT: &str = "root";
const TLS: &str = "tls";

/// The names every TLS certificate carries.
const OWN_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// One CA certificate.
#[derive(Debug, Clone)]
struct CaCertificate {
    der: Vec<u8>,
}

/// The certificate authorities and keys of a running data center.
#[derive(Debug)]
pub struct Authority {
    folder: Folder,
    keys: KeyFolder,
    names: Vec<HostName>,
    root: CaCertificate,
    /// When the first keys were made.
    since: UnixSeconds,
    server: IssuerLine,
    station: IssuerLine,
    indicium: IssuerLine,
    replies: KeyRing<SigningKey>,
    heads: KeyRing<Ed25519Key>,
    sealing: SealingRing,
    dial_in: DialInKey,
    /// Grows with every change of what handshakes rest on.
    generation: AtomicU64,
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
    let keys = KeyFolder::open(folder)?;
    let root_der = keys::new_p256()?;
    let root_key = SigningKey::from_pkcs8(&root_der).ok_or(CaError::Crypto {
        what: "make a P-256 key",
    })?;
    let (recovery_1, recovery_2) = (keys::new_ed25519()?, keys::new_ed25519()?);
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
    let root_issuer = rcgen::Issuer::new(root_params, root_key);
    for issuer in IssuerName::ALL {
        let name = name(&format!("{} CA", issuer.name()));
        let params = authority_params(&name, 0, Validity::days(now, ISSUER_DAYS))?;
        init_issuer(&keys, issuer, &params, &root_issuer)?;
    }
    KeyRing::<SigningKey>::init(&keys, KeyPurpose::Replies)?;
    KeyRing::<Ed25519Key>::init(&keys, KeyPurpose::Heads)?;
    write_recovery(folder, [&recovery_1, &recovery_2])?;
    folder::write_private(&folder.offline_root(), bundle.as_bytes())?;
    Ok(())
}

fn init_issuer(
    keys: &KeyFolder,
    name: IssuerName,
    params: &CertificateParams,
    root: &OwnIssuer,
) -> Result<(), CaError> {
    let (file, key_name) = (name.name(), issuers::key_name(name, 1));
    keys.make(&key_name)?;
    let key = SigningKey::read(keys, &key_name)?;
    let certificate = params
        .signed_by(&key, root)
        .map_err(|source| CaError::Issue {
            subject: file,
            source,
        })?;
    write_certificate(keys.files(), file, certificate.der())
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

/// The root's certificate in a data folder, DER.
///
/// # Errors
/// [`CaError`] when it cannot be read.
pub fn root_of(folder: &Folder) -> Result<Vec<u8>, CaError> {
    Ok(read_certificate(folder, ROOT)?.der)
}

/// Names a signing key that takes the place of all before it at once, by the offline root's word: the
/// one in use is lost, or was stolen. Keys before it are believed for the usual overlap, those of a
/// thief no longer. Its signed notice, to be written into the journal.
///
/// To be called while no process has the data center open. Nothing is changed by a failure before
/// the notice is written; after it the key is the one in use at the next start.
///
/// # Errors
/// [`CaError`] when a key cannot be made or written.
pub fn replace_signing_key(
    folder: &Folder,
    purpose: KeyPurpose,
    root: &OfflineRoot,
    is_stolen: bool,
    now: UnixSeconds,
) -> Result<Vec<u8>, CaError> {
    let overlap = if is_stolen { 0 } else { OVERLAP_DAYS };
    let times = (now, now.plus_days(overlap));
    let folder = &KeyFolder::open(folder)?;
    match purpose {
        KeyPurpose::Replies => {
            signing::replace::<SigningKey>(folder, purpose, root.signer(), times)
        }
        KeyPurpose::Heads => signing::replace::<Ed25519Key>(folder, purpose, root.signer(), times),
    }
}

fn new_key() -> Result<KeyPair, CaError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|_| CaError::Crypto {
        what: "make a P-256 key",
    })
}

/// Whether the CA certificate `issuer` has signed `certificate` (ECDSA P-256 with SHA-256).
#[must_use]
pub fn issued_by(certificate: &[u8], issuer: &[u8]) -> bool {
    let read = |der| X509Certificate::from_der(der).ok().map(|(_, read)| read);
    let (Some(child), Some(parent)) = (read(certificate), read(issuer)) else {
        return false;
    };
    let Some(key) = Point::of_spki(parent.public_key().raw) else {
        return false;
    };
    let named = child.issuer() == parent.subject() && parent.is_ca();
    let signature = &child.signature_value.data;
    named && keys::verify_asn1(&key, child.tbs_certificate.as_ref(), signature)
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
        let root = read_certificate(folder, ROOT)?;
        let since = beginning_of(&root.der).ok_or_else(|| CaError::Damaged {
            path: folder.certificate(ROOT),
        })?;
        let times = (since, now);
        let keys = &KeyFolder::open(folder)?;
        Ok(Self {
            keys: keys.clone(),
            names: own
                .iter()
                .chain(names)
                .map(|name| HostName::read(name))
                .collect::<Result<_, _>>()?,
            root,
            since,
            server: IssuerLine::open(keys, IssuerName::Server, now)?,
            station: IssuerLine::open(keys, IssuerName::Station, now)?,
            indicium: IssuerLine::open(keys, IssuerName::Indicium, now)?,
            replies: KeyRing::open(keys, KeyPurpose::Replies, times)?,
            heads: KeyRing::open(keys, KeyPurpose::Heads, times)?,
            generation: AtomicU64::new(0),
            recovery: read_recovery(folder)?,
            sealing: SealingRing::open(folder.sealing_keys(), now)?,
            dial_in: dial_in::open(folder)?,
            folder: folder.clone(),
        })
    }

    /// How many private keys are on a PKCS #11 token: no backup holds them.
    ///
    /// # Errors
    /// [`CaError::File`].
    pub fn keys_on_token(&self) -> Result<usize, CaError> {
        self.keys.count_on_token()
    }

    /// Signs with every P-256 key in use, so that a token that is missing or locked is found before
    /// anything is begun that it would have to end.
    ///
    /// # Errors
    /// [`CaError::Token`], with the reason; [`CaError::Crypto`] when a key signs as another one.
    pub fn try_keys(&self) -> Result<(), CaError> {
        const NOTHING: &[u8] = b"Pennyblack looks whether a key signs";
        self.replies.in_use().try_sign(NOTHING)?;
        for line in [&self.server, &self.station, &self.indicium] {
            line.in_use().issuer()?.key().try_sign(NOTHING)?;
        }
        Ok(())
    }

    /// The root certificate, DER.
    #[must_use]
    pub fn root(&self) -> &[u8] {
        &self.root.der
    }

    /// The certificate of the CA that issues station certificates now, DER.
    #[must_use]
    pub fn station_authority(&self) -> Vec<u8> {
        self.station.in_use().der.clone()
    }

    /// The certificates of the CAs whose station certificates open mutual TLS, DER: no other does.
    #[must_use]
    pub fn station_authorities(&self, now: UnixSeconds) -> Vec<Vec<u8>> {
        self.station.trusted(now)
    }

    /// The certificates of every CA that has ever issued station certificates, DER.
    #[must_use]
    pub fn all_station_authorities(&self) -> Vec<Vec<u8>> {
        self.station.all()
    }

    /// The certificate of the CA that issues indicium certificates now, DER.
    #[must_use]
    pub fn indicium_authority(&self) -> Vec<u8> {
        self.indicium.in_use().der.clone()
    }

    /// The certificates of the CAs whose indicium certificates are trusted, DER, oldest first.
    #[must_use]
    pub fn indicium_authorities(&self, now: UnixSeconds) -> Vec<Vec<u8>> {
        self.indicium.trusted(now)
    }

    /// Whom stations are to believe: authorities of indicia and notices of signing keys.
    #[must_use]
    pub fn trust(&self, now: UnixSeconds) -> TrustBundle {
        let mut notices = self.replies.notices(now);
        notices.extend(self.heads.notices(now));
        TrustBundle::new(self.indicium_authorities(now), notices)
    }

    /// Grows with every change of what handshakes rest on.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn changed(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// Lets keys and CAs take over whose time has come, destroys what is past, announces successors
    /// in time. To be called daily; `notices` gets those of what was announced, also before a fault.
    ///
    /// # Errors
    /// [`CaError`] when a key cannot be made, written or destroyed.
    pub fn upkeep(&self, now: UnixSeconds, notices: &mut Vec<Vec<u8>>) -> Result<(), CaError> {
        self.sealing.upkeep(now)?;
        for aside in self.folder.set_aside()? {
            sealing::destroy_past(&Folder::sealing_keys_in(&aside), now)?;
        }
        let before = self.in_use_numbers();
        for line in [&self.server, &self.station, &self.indicium] {
            line.upkeep(now)?;
        }
        if self.in_use_numbers() != before {
            self.changed();
        }
        notices.extend(self.replies.upkeep(now)?);
        notices.extend(self.heads.upkeep(now)?);
        Ok(())
    }

    fn in_use_numbers(&self) -> [u32; 3] {
        [&self.server, &self.station, &self.indicium].map(|line| line.in_use().number)
    }

    /// Announces the next signing key of a purpose; its notice.
    ///
    /// # Errors
    /// [`CaError::RotationUnderWay`] when one is announced already.
    pub fn announce(&self, purpose: KeyPurpose, from: UnixSeconds) -> Result<Vec<u8>, CaError> {
        match purpose {
            KeyPurpose::Replies => self.replies.announce(from),
            KeyPurpose::Heads => self.heads.announce(from),
        }
    }

    /// Makes the key of the next CA, to be certified by the offline root.
    ///
    /// # Errors
    /// [`CaError::RotationUnderWay`] when one is announced already.
    pub fn draft(&self, issuer: IssuerName) -> Result<Draft, CaError> {
        let (number, point) = self.line(issuer).draft()?;
        Ok(Draft {
            issuer,
            number,
            point: HEXLOWER.encode(&point),
        })
    }

    /// Takes the certificate of a drafted CA.
    ///
    /// # Errors
    /// [`CaError::BadRequest`] when it is not for that draft, or not under the root.
    pub fn install(&self, certified: &Certified, now: UnixSeconds) -> Result<(), CaError> {
        let line = self.line(certified.issuer);
        line.install(certified.number, &certified.der()?, &self.root.der, now)?;
        self.changed();
        Ok(())
    }

    const fn line(&self, issuer: IssuerName) -> &IssuerLine {
        match issuer {
            IssuerName::Server => &self.server,
            IssuerName::Station => &self.station,
            IssuerName::Indicium => &self.indicium,
        }
    }

    /// Every key that is of any use, by purpose, oldest first.
    #[must_use]
    pub fn ages(&self, now: UnixSeconds) -> Vec<KeyAge> {
        let mut ages = self.replies.ages(self.since, now);
        ages.extend(self.heads.ages(self.since, now));
        ages.extend(self.sealing.ages());
        for issuer in IssuerName::ALL {
            ages.extend(self.line(issuer).ages(now));
        }
        ages
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
    pub fn bundle(&self, now: UnixSeconds) -> String {
        let mut bundle = pem_of(&self.root.der);
        for line in [&self.server, &self.station, &self.indicium] {
            bundle.extend(line.trusted(now).iter().map(|der| pem_of(der)));
        }
        bundle
    }

    /// The key that signs replies, grants and receipts.
    #[must_use]
    pub fn replies(&self) -> Arc<SigningKey> {
        self.replies.in_use()
    }

    /// The keys whose replies, grants and receipts are believed: of what was signed in the past,
    /// too.
    #[must_use]
    pub fn believed_replies(&self, now: UnixSeconds) -> Vec<Point> {
        let keys = self.replies.believed(now).into_iter();
        keys.filter_map(|key| match key {
            VerifyingKey::P256(point) => Some(point),
            VerifyingKey::Ed25519(_) => None,
        })
        .collect()
    }

    /// The Ed25519 keys whose heads are believed.
    #[must_use]
    pub fn believed_heads(&self, now: UnixSeconds) -> Vec<[u8; 32]> {
        let keys = self.heads.believed(now).into_iter();
        keys.filter_map(|key| match key {
            VerifyingKey::Ed25519(key) => Some(key),
            VerifyingKey::P256(_) => None,
        })
        .collect()
    }

    /// The key that signs heads of the journal.
    #[must_use]
    pub fn heads(&self) -> Arc<Ed25519Key> {
        self.heads.in_use()
    }

    /// The HPKE keys.
    #[must_use]
    pub const fn sealing(&self) -> &SealingRing {
        &self.sealing
    }

    /// The key that the secrets of callers on a telephone line follow from.
    #[must_use]
    pub const fn dial_in(&self) -> &DialInKey {
        &self.dial_in
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
            replies: self.replies().point(),
        }
    }

    /// The numbers of the signing keys in use.
    #[must_use]
    pub fn signing_numbers(&self) -> KeyNumbers {
        KeyNumbers {
            replies: self.replies.number(),
            heads: self.heads.number(),
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
        issue::station(
            csr,
            station,
            psd,
            counter,
            self.station.in_use().issuer()?,
            now,
        )
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
        issue::indicium(key, terms, counter, self.indicium.in_use().issuer()?, now)
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
        let issuer = self.server.in_use().der.clone();
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
        let server = self.server.in_use();
        let (_, issuer) = X509Certificate::from_der(&server.der).ok()?;
        let same = leaf.issuer().as_raw() == issuer.subject().as_raw();
        (lasts && begun && same && self.names_are_in(&leaf)).then_some(stored.der)
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
        let der = issue::tls(&key, &names, self.server.in_use().issuer()?, validity)?;
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
    /// Its PSD number.
    pub psd: PsdId,
    /// Its serial, as it stands in the certificate.
    pub serial: Vec<u8>,
    /// Valid from this second on.
    pub not_before: UnixSeconds,
    /// Valid to this second.
    pub not_after: UnixSeconds,
    /// The station's key.
    pub point: Point,
    /// The certificate itself.
    pub der: Vec<u8>,
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
        let (station, psd) = uri.strip_prefix(STATION_URI)?.split_once("?psd=")?;
        Some(Self {
            station: station.parse().ok()?,
            psd: psd.parse().ok()?,
            serial: certificate.raw_serial().to_vec(),
            not_before: UnixSeconds(certificate.validity().not_before.timestamp()),
            not_after: UnixSeconds(certificate.validity().not_after.timestamp()),
            point: Point::of_spki(certificate.public_key().raw)?,
            der: der.to_vec(),
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

/// The name of the files of the thing with this number; the first has none.
fn numbered(name: &str, number: u32) -> String {
    match number {
        0 | 1 => name.to_owned(),
        later => format!("{name}-{later}"),
    }
}

/// Since when a certificate is valid, without the allowance for slow clocks.
fn beginning_of(der: &[u8]) -> Option<UnixSeconds> {
    let (_, x509) = X509Certificate::from_der(der).ok()?;
    let not_before = UnixSeconds(x509.validity().not_before.timestamp());
    Some(not_before.plus_seconds(CLOCK_SKEW_SECONDS))
}
