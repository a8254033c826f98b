//! The issuing CAs, one after another, all under the offline root.
//!
//! A new CA needs the root: its key is made here ([`Draft`]), its certificate is signed where the
//! offline bundle is opened, and comes back as a [`CaCertificate`]. It issues from its certificate's
//! not-before on. Certificates lie in `ca/NAME-N.pem`, keys in `keys/NAME-ca-N.pem`; the first of
//! each has no number in its name. A key whose certificate never came is overwritten by the next
//! try.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use rcgen::Issuer;
use shared::clock::UnixSeconds;
use shared::services::keys::trust::{ANNOUNCE_DAYS, OVERLAP_DAYS};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::key_folder::KeyFolder;
use super::keys::SigningKey;
use super::signing::{KeyAge, KeyState};
use super::{CaError, OwnIssuer, numbered, read_certificate, write_certificate};

/// The most CAs one purpose can have had.
const NUMBER_MAX: u32 = 1_000;

/// A new CA is due when the one in use has so many days left: certificates it issues, and their
/// overlap, end before it does.
pub(super) const RENEW_LEFT_DAYS: i64 = 2 * OVERLAP_DAYS;

/// What an issuing CA is for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum IssuerName {
    /// The TLS server.
    Server,
    /// Stations.
    Station,
    /// Indicia.
    Indicium,
}

impl IssuerName {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Server, Self::Station, Self::Indicium];

    /// The name of its files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Station => "station",
            Self::Indicium => "indicium",
        }
    }

    /// How long others must know a new one before it issues: only stations hold indicium
    /// authorities; the others show their chain in each handshake.
    #[must_use]
    pub const fn announce_days(self) -> i64 {
        match self {
            Self::Server | Self::Station => 0,
            Self::Indicium => ANNOUNCE_DAYS,
        }
    }
}

/// A CA at work or on its way.
pub(super) struct IssuingCa {
    pub(super) number: u32,
    pub(super) der: Vec<u8>,
    from: UnixSeconds,
    not_after: UnixSeconds,
    /// Not there once the successor issues.
    issuer: Option<OwnIssuer>,
}

impl std::fmt::Debug for IssuingCa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("IssuingCa").field(&self.number).finish()
    }
}

impl IssuingCa {
    /// What signs certificates.
    pub(super) fn issuer(&self) -> Result<&OwnIssuer, CaError> {
        self.issuer.as_ref().ok_or(CaError::Crypto {
            what: "find the key of an issuing CA",
        })
    }
}

/// The CAs of one purpose, oldest first.
#[derive(Debug)]
pub(super) struct IssuerLine {
    name: IssuerName,
    folder: KeyFolder,
    cas: RwLock<Vec<Arc<IssuingCa>>>,
    in_use: RwLock<Arc<IssuingCa>>,
}

impl IssuerLine {
    /// Reads the line.
    pub(super) fn open(
        folder: &KeyFolder,
        name: IssuerName,
        now: UnixSeconds,
    ) -> Result<Self, CaError> {
        let mut cas = Vec::new();
        for number in 1..NUMBER_MAX {
            let place = numbered(name.name(), number);
            if !folder.files().certificate(&place).exists() {
                break;
            }
            cas.push(Arc::new(read(folder, name, number)?));
        }
        let in_use = serving(&cas, now).ok_or_else(|| CaError::Damaged {
            path: folder.files().certificate(name.name()),
        })?;
        in_use.issuer().map_err(|_| CaError::Damaged {
            path: folder.path(&key_name(name, 1)),
        })?;
        Ok(Self {
            name,
            folder: folder.clone(),
            cas: RwLock::new(cas),
            in_use: RwLock::new(in_use),
        })
    }

    fn cas(&self) -> RwLockReadGuard<'_, Vec<Arc<IssuingCa>>> {
        self.cas.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The CA that issues.
    pub(super) fn in_use(&self) -> Arc<IssuingCa> {
        Arc::clone(&self.in_use.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The certificates that are trusted now: those announced, the one in use, and those before it
    /// for the overlap. Oldest first.
    pub(super) fn trusted(&self, now: UnixSeconds) -> Vec<Vec<u8>> {
        let cas = self.cas();
        let over = |place: usize| {
            let successor = cas.get(place.saturating_add(1));
            successor.is_some_and(|next| next.from.plus_days(OVERLAP_DAYS) <= now)
        };
        let trusted = cas.iter().enumerate().filter(|(place, _)| !over(*place));
        trusted.map(|(_, ca)| ca.der.clone()).collect()
    }

    /// The certificates of every CA of this line, also of those whose time is over: what they have
    /// issued stays evidence.
    pub(super) fn all(&self) -> Vec<Vec<u8>> {
        self.cas().iter().map(|ca| ca.der.clone()).collect()
    }

    /// Makes the key of the next CA, over that of a try that did not end.
    ///
    /// # Errors
    /// [`CaError::RotationUnderWay`] when a new CA is announced already.
    pub(super) fn draft(&self) -> Result<(u32, Vec<u8>), CaError> {
        // Held to the end: an installation that comes meanwhile would find its key overwritten.
        let cas = self.cas.write().unwrap_or_else(PoisonError::into_inner);
        let last = cas.last().map_or(0, |ca| ca.number);
        if last != self.in_use().number {
            return Err(CaError::RotationUnderWay {
                what: self.name.name(),
            });
        }
        let number = last.saturating_add(1);
        let name = key_name(self.name, number);
        self.folder.make(&name)?;
        let key = SigningKey::read(&self.folder, &name)?;
        drop(cas);
        Ok((number, key.point().0.to_vec()))
    }

    /// Takes the certificate of a drafted CA.
    ///
    /// # Errors
    /// [`CaError::BadRequest`] when it is not for the drafted key, or not under the root.
    pub(super) fn install(
        &self,
        number: u32,
        der: &[u8],
        root: &[u8],
        now: UnixSeconds,
    ) -> Result<(), CaError> {
        let mut cas = self.cas.write().unwrap_or_else(PoisonError::into_inner);
        let follows = cas
            .last()
            .is_some_and(|ca| ca.number.saturating_add(1) == number);
        if !follows || !is_under(der, root) {
            return Err(CaError::BadRequest);
        }
        let key = SigningKey::read(&self.folder, &key_name(self.name, number))?;
        let issuer = issuer_of(der, key).ok_or(CaError::BadRequest)?;
        if !is_of(der, &issuer) {
            return Err(CaError::BadRequest);
        }
        write_certificate(
            self.folder.files(),
            &numbered(self.name.name(), number),
            der,
        )?;
        cas.push(Arc::new(read(&self.folder, self.name, number)?));
        drop(cas);
        self.upkeep(now)
    }

    /// Lets the next CA take over when its time has come, and destroys the keys before it.
    pub(super) fn upkeep(&self, now: UnixSeconds) -> Result<(), CaError> {
        let serving = serving(&self.cas(), now);
        if let Some(serving) = serving {
            let number = serving.number;
            *self.in_use.write().unwrap_or_else(PoisonError::into_inner) = serving;
            for past in 1..number {
                self.folder.destroy_past(&key_name(self.name, past))?;
            }
        }
        Ok(())
    }

    /// The CAs that are of any use, oldest first.
    pub(super) fn ages(&self, now: UnixSeconds) -> Vec<KeyAge> {
        let (cas, in_use) = (self.cas(), self.in_use().number);
        let ages = cas.iter().enumerate().map(|(place, ca)| {
            let successor = cas.get(place.saturating_add(1));
            let state = match ca.number.cmp(&in_use) {
                std::cmp::Ordering::Less => KeyState::Past,
                std::cmp::Ordering::Equal => KeyState::InUse,
                std::cmp::Ordering::Greater => KeyState::Announced,
            };
            let due = ca.not_after.plus_days(-RENEW_LEFT_DAYS);
            KeyAge {
                purpose: match self.name {
                    IssuerName::Server => "server-ca",
                    IssuerName::Station => "station-ca",
                    IssuerName::Indicium => "indicium-ca",
                },
                number: ca.number,
                since: ca.from,
                until: Some(
                    successor.map_or(ca.not_after, |next| next.from.plus_days(OVERLAP_DAYS)),
                ),
                next: (state != KeyState::Past).then(|| successor.map_or(due, |next| next.from)),
                state,
            }
        });
        ages.filter(|age| age.until.is_none_or(|until| now < until))
            .collect()
    }
}

/// The newest CA whose time has begun.
fn serving(cas: &[Arc<IssuingCa>], now: UnixSeconds) -> Option<Arc<IssuingCa>> {
    let begun = cas.iter().rfind(|ca| ca.from <= now);
    // A clock that was turned back finds the first.
    begun.or(cas.first()).map(Arc::clone)
}

/// The name of a CA's key.
pub(super) fn key_name(name: IssuerName, number: u32) -> String {
    numbered(&format!("{}-ca", name.name()), number)
}

fn read(folder: &KeyFolder, name: IssuerName, number: u32) -> Result<IssuingCa, CaError> {
    let place = numbered(name.name(), number);
    let certificate = read_certificate(folder.files(), &place)?;
    let path = folder.files().certificate(&place);
    let (_, x509) = X509Certificate::from_der(&certificate.der)
        .map_err(|_| CaError::Damaged { path: path.clone() })?;
    let from = UnixSeconds(x509.validity().not_before.timestamp());
    let not_after = UnixSeconds(x509.validity().not_after.timestamp());
    let key_name = key_name(name, number);
    let key_file = folder.path(&key_name);
    let issuer = if key_file.exists() {
        let key = SigningKey::read(folder, &key_name)?;
        let issuer = issuer_of(&certificate.der, key);
        Some(issuer.ok_or(CaError::Damaged { path: key_file })?)
    } else {
        None
    };
    Ok(IssuingCa {
        number,
        from,
        not_after,
        issuer,
        der: certificate.der,
    })
}

fn issuer_of(certificate: &[u8], key: SigningKey) -> Option<OwnIssuer> {
    Issuer::from_ca_cert_der(&certificate.into(), key).ok()
}

/// Whether a certificate is for the key of this issuer.
fn is_of(der: &[u8], issuer: &OwnIssuer) -> bool {
    let read = X509Certificate::from_der(der);
    read.is_ok_and(|(_, x509)| {
        x509.public_key().subject_public_key.data.as_ref() == issuer.key().point().0
    })
}

/// Whether a certificate is a CA's without CAs below it, signed by the root, and ends before it.
fn is_under(der: &[u8], root: &[u8]) -> bool {
    let read = |der| X509Certificate::from_der(der).map(|(_, x509)| x509);
    let (Ok(x509), Ok(root)) = (read(der), read(root)) else {
        return false;
    };
    let constraints = x509.basic_constraints().ok().flatten();
    let path_length = constraints.and_then(|found| found.value.path_len_constraint);
    let key = UnparsedPublicKey::new(
        &ECDSA_P256_SHA256_ASN1,
        root.public_key().subject_public_key.data.as_ref(),
    );
    let (signed, signature) = (x509.tbs_certificate.as_ref(), &x509.signature_value.data);
    x509.is_ca()
        && path_length == Some(0)
        && x509.issuer().as_raw() == root.subject().as_raw()
        && x509.validity().not_after <= root.validity().not_after
        && key.verify(signed, signature).is_ok()
}
