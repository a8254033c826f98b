//! The data center's own signing keys and how they lie in files.

use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519,
    EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey,
};
use pkcs8::{LineEnding, SecretDocument};
use shared::security::signed::{KeyId, SIGNATURE_BYTES};
use shared::services::keys::Point;
use zeroize::Zeroizing;

use super::CaError;
use crate::folder;

/// The PEM label of an unencrypted PKCS #8 key.
const PRIVATE_KEY: &str = "PRIVATE KEY";

/// Fills `bytes` from the machine's random source.
///
/// # Errors
/// [`CaError::Crypto`] when it fails.
pub fn random<const N: usize>() -> Result<[u8; N], CaError> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| CaError::Crypto {
        what: "give random bytes",
    })?;
    Ok(bytes)
}

/// A P-256 key that signs messages (ES256).
pub struct SigningKey {
    pair: EcdsaKeyPair,
    point: Point,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SigningKey").field(&self.key_id()).finish()
    }
}

impl SigningKey {
    /// Makes a new key and stores it at `path`.
    pub(super) fn make(path: &Path) -> Result<(), CaError> {
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .map_err(|_| CaError::Crypto {
                    what: "make a P-256 key",
                })?;
        write_key(path, document.as_ref())
    }

    /// Reads the key at `path`.
    pub(super) fn read(path: &Path) -> Result<Self, CaError> {
        let damaged = || CaError::Damaged {
            path: path.to_owned(),
        };
        let der = read_key(path)?;
        Self::from_pkcs8(&der).ok_or_else(damaged)
    }

    /// Takes a key from PKCS #8; nothing when it is no P-256 key.
    pub(super) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).ok()?;
        let point = Point(pair.public_key().as_ref().try_into().ok()?);
        Some(Self { pair, point })
    }

    /// The public half.
    #[must_use]
    pub const fn point(&self) -> Point {
        self.point
    }

    /// The key's name.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.point.key_id()
    }

    /// Signs a message: r ‖ s over its SHA-256, with a hedged nonce; nothing when the library
    /// fails. Made to be handed to [`shared::security::signed::sign`].
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Option<[u8; SIGNATURE_BYTES]> {
        let signature = self.pair.sign(&SystemRandom::new(), message).ok()?;
        signature.as_ref().try_into().ok()
    }
}

/// Whether `signature` (r ‖ s) is `key`'s ES256 over `message`.
#[must_use]
pub fn verify(key: &Point, message: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.0.as_slice())
        .verify(message, signature)
        .is_ok()
}

/// Whether `signature`, as certificates carry it, is `key`'s over `message`.
pub(super) fn verify_asn1(key: &Point, message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.0.as_slice())
        .verify(message, signature)
        .is_ok()
}

/// Whether `signature` is the Ed25519 signature of `key` over `message`.
#[must_use]
pub fn verify_ed25519(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    UnparsedPublicKey::new(&ED25519, key)
        .verify(message, signature)
        .is_ok()
}

/// The Ed25519 key that signs the heads of the journal.
pub struct HeadKey {
    pair: Ed25519KeyPair,
}

impl std::fmt::Debug for HeadKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("HeadKey").finish_non_exhaustive()
    }
}

impl HeadKey {
    pub(super) fn make(path: &Path) -> Result<(), CaError> {
        write_key(path, &new_ed25519()?)
    }

    pub(super) fn read(path: &Path) -> Result<Self, CaError> {
        let pair = Ed25519KeyPair::from_pkcs8(&read_key(path)?).map_err(|_| CaError::Damaged {
            path: path.to_owned(),
        })?;
        Ok(Self { pair })
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        let mut public = [0; 32];
        public.copy_from_slice(self.pair.public_key().as_ref());
        public
    }

    /// Signs a head.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(self.pair.sign(message).as_ref());
        bytes
    }
}

/// A new Ed25519 key as PKCS #8.
pub(super) fn new_ed25519() -> Result<Zeroizing<Vec<u8>>, CaError> {
    let document =
        Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).map_err(|_| CaError::Crypto {
            what: "make an Ed25519 key",
        })?;
    Ok(Zeroizing::new(document.as_ref().to_vec()))
}

/// Signs with an Ed25519 key, PKCS #8.
pub(super) fn sign_ed25519(pkcs8: &[u8], message: &[u8]) -> Result<[u8; 64], CaError> {
    let what = "sign with an Ed25519 key";
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| CaError::Crypto { what })?;
    let signature = pair.sign(message).as_ref().try_into();
    signature.map_err(|_| CaError::Crypto { what })
}

/// The public half of an Ed25519 key.
pub(super) fn ed25519_public(pkcs8: &[u8]) -> Result<[u8; 32], CaError> {
    let what = "read an Ed25519 key";
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| CaError::Crypto { what })?;
    let public = pair.public_key().as_ref().try_into();
    public.map_err(|_| CaError::Crypto { what })
}

/// Stores a PKCS #8 key as PEM, for the owner only.
pub(super) fn write_key(path: &Path, der: &[u8]) -> Result<(), CaError> {
    let what = "write a key as PEM";
    let pem = SecretDocument::try_from(der)
        .and_then(|document| document.to_pem(PRIVATE_KEY, LineEnding::LF))
        .map_err(|_| CaError::Crypto { what })?;
    Ok(folder::write_private(path, pem.as_bytes())?)
}

/// Reads a PKCS #8 key stored by [`write_key`].
pub(super) fn read_key(path: &Path) -> Result<Zeroizing<Vec<u8>>, CaError> {
    let damaged = || CaError::Damaged {
        path: path.to_owned(),
    };
    let pem = Zeroizing::new(folder::read_small(path)?);
    let text = std::str::from_utf8(&pem).map_err(|_| damaged())?;
    let (label, document) = SecretDocument::from_pem(text).map_err(|_| damaged())?;
    if label != PRIVATE_KEY {
        return Err(damaged());
    }
    Ok(document.to_bytes())
}
