//! Keys of a repository, and which of them speak for a role.

use core::fmt;
use core::num::NonZeroU32;
use std::collections::BTreeSet;

use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::canonical::canonical;

/// The longest public key, characters: PEM of RSA with 8,192 bits.
const PUBLIC_MAX_CHARS: usize = 4_096;

/// The name of a key: SHA-256 of its canonical form, in hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(String);

impl KeyId {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for KeyId {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A public key as it stands in root and in delegations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// What kind of key it is: `ed25519`, `ecdsa`, `rsa`.
    pub keytype: String,
    /// How it signs.
    pub scheme: String,
    /// The key.
    pub keyval: KeyValue,
    /// What else stands there; its name covers it.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// The public half of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyValue {
    /// Hexadecimal digits for Ed25519, PEM for the others.
    pub public: String,
    /// What else stands there.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    /// Ed25519 (RFC 8032): what our own repository uses.
    Ed25519,
    /// ECDSA on P-256 with SHA-256, signature in DER.
    EcdsaP256Sha256,
    /// RSASSA-PSS with SHA-256 and a salt as long as the hash.
    RsaPssSha256,
}

/// A key ready to check signatures with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VerifyingKey {
    /// How it signs.
    pub scheme: Scheme,
    /// The 32 bytes of an Ed25519 key, or the DER `SubjectPublicKeyInfo` of another.
    pub public: Vec<u8>,
}

/// Checks a signature (third) of a key (first) over a message (second).
pub type Verifier<'a> = &'a dyn Fn(&VerifyingKey, &[u8], &[u8]) -> bool;

impl Key {
    /// An Ed25519 key.
    #[must_use]
    pub fn ed25519(public: &[u8; 32]) -> Self {
        Self {
            keytype: "ed25519".to_owned(),
            scheme: "ed25519".to_owned(),
            keyval: KeyValue {
                public: HEXLOWER.encode(public),
                other: Map::new(),
            },
            other: Map::new(),
        }
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let value = json!(self);
        // A key with a fraction in it has no name that any document could say.
        let form = canonical(&value).unwrap_or_default();
        KeyId(HEXLOWER.encode(&Sha256::digest(form)))
    }

    /// The key itself; nothing when we do not know how it signs or it cannot be read. Such a key
    /// may stand in a document, but nothing it signs counts.
    #[must_use]
    pub fn verifying(&self) -> Option<VerifyingKey> {
        let text = &self.keyval.public;
        if text.len() > PUBLIC_MAX_CHARS {
            return None;
        }
        let (scheme, public) = match (self.keytype.as_str(), self.scheme.as_str()) {
            ("ed25519", "ed25519") => {
                let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
                (Scheme::Ed25519, Some(bytes).filter(|one| one.len() == 32)?)
            }
            ("ecdsa" | "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256") => {
                (Scheme::EcdsaP256Sha256, der(text)?)
            }
            ("rsa", "rsassa-pss-sha256") => (Scheme::RsaPssSha256, der(text)?),
            (_, _) => return None,
        };
        Some(VerifyingKey { scheme, public })
    }
}

/// The DER inside a PEM block of a public key.
fn der(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN PUBLIC KEY-----")?;
    let (body, _) = rest.split_once("-----END PUBLIC KEY-----")?;
    let digits: String = body.split_ascii_whitespace().collect();
    BASE64.decode(digits.as_bytes()).ok()
}

/// Which keys speak for a role, and how many of them have to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// The names of its keys. One that is named twice counts once.
    pub keyids: BTreeSet<KeyId>,
    /// How many of them have to sign.
    pub threshold: NonZeroU32,
}

impl Role {
    /// A role of these keys.
    #[must_use]
    pub fn of(keys: impl IntoIterator<Item = KeyId>, threshold: NonZeroU32) -> Self {
        Self {
            keyids: keys.into_iter().collect(),
            threshold,
        }
    }
}
