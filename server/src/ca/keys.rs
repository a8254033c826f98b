//! The data center's own signing keys and how they lie in files.

use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519,
    EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey,
};
use pkcs8::{LineEnding, SecretDocument};
use sha2::{Digest as _, Sha256};
use shared::security::signed::{KeyId, SIGNATURE_BYTES};
use shared::services::keys::Point;
use zeroize::Zeroizing;

use super::CaError;
use super::key_folder::{Found, KeyFolder, TokenKey};
use crate::access::problem::chain_of;
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

/// A P-256 key that signs messages (ES256) and, for an issuing CA, certificates.
pub struct SigningKey {
    signer: Signer,
    point: Point,
}

/// What signs.
enum Signer {
    Software(EcdsaKeyPair),
    Token(TokenKey),
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SigningKey").field(&self.key_id()).finish()
    }
}

impl SigningKey {
    /// Finds the key of that name.
    pub(super) fn read(folder: &KeyFolder, name: &str) -> Result<Self, CaError> {
        match folder.find(name)? {
            Found::File(der) => Self::from_pkcs8(&der).ok_or_else(|| CaError::Damaged {
                path: folder.path(name),
            }),
            Found::Token(key, point) => Ok(Self {
                signer: Signer::Token(key),
                point,
            }),
        }
    }

    /// Takes a key from PKCS #8; nothing when it is no P-256 key.
    pub(super) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).ok()?;
        let point = Point(pair.public_key().as_ref().try_into().ok()?);
        Some(Self {
            signer: Signer::Software(pair),
            point,
        })
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

    /// Signs a message: r ‖ s over its SHA-256, with a hedged nonce; nothing when the library or
    /// the token fails, which the log says. Made to be handed to
    /// [`shared::security::signed::sign`].
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Option<[u8; SIGNATURE_BYTES]> {
        match self.try_sign(message) {
            Ok(signature) => Some(signature),
            Err(error) => {
                tracing::error!(fault = chain_of(&error), "nothing was signed");
                None
            }
        }
    }

    /// [`Self::sign`] for those who tell why not. What a token signs is verified before it is used:
    /// nobody would believe the signature of another key.
    pub(super) fn try_sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], CaError> {
        let what = "sign with a P-256 key";
        match &self.signer {
            Signer::Software(pair) => pair
                .sign(&SystemRandom::new(), message)
                .ok()
                .and_then(|signature| signature.as_ref().try_into().ok())
                .ok_or(CaError::Crypto { what }),
            Signer::Token(key) => {
                let hash = Sha256::digest(message).into();
                let signature = key.sign(&hash)?;
                let is_right = verify(&self.point, message, &signature);
                is_right.then_some(signature).ok_or(CaError::Crypto {
                    what: "verify what the token has signed",
                })
            }
        }
    }
}

impl rcgen::PublicKeyData for SigningKey {
    fn der_bytes(&self) -> &[u8] {
        &self.point.0
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for SigningKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature = Self::sign(self, message).ok_or(rcgen::Error::RemoteKeyError)?;
        Ok(asn1_of(&signature))
    }
}

/// The DER form of a signature, as certificates carry it: a sequence of two integers.
fn asn1_of(signature: &[u8; SIGNATURE_BYTES]) -> Vec<u8> {
    let (r, s) = signature.split_at(SIGNATURE_BYTES / 2);
    let body = [integer(r), integer(s)].concat();
    tagged(0x30, body)
}

/// A DER integer from big-endian bytes: without leading zeros, and not negative.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut body = bytes.get(zeros..).unwrap_or_default().to_vec();
    if body.first().is_none_or(|first| *first >= 0x80) {
        body.insert(0, 0);
    }
    tagged(0x02, body)
}

/// Both integers together have at most 70 bytes, so each length is one byte below 128.
fn tagged(tag: u8, body: Vec<u8>) -> Vec<u8> {
    let length = u8::try_from(body.len()).unwrap_or(u8::MAX);
    [vec![tag, length], body].concat()
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

/// An Ed25519 key: it signs the heads of the journal, or metadata of the repository.
pub struct Ed25519Key {
    pair: Ed25519KeyPair,
}

impl std::fmt::Debug for Ed25519Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Ed25519Key").finish_non_exhaustive()
    }
}

impl Ed25519Key {
    pub(super) fn make(path: &Path) -> Result<(), CaError> {
        write_key(path, &new_ed25519()?)
    }

    pub(super) fn read(path: &Path) -> Result<Self, CaError> {
        Self::from_pkcs8(&read_key(path)?).ok_or_else(|| CaError::Damaged {
            path: path.to_owned(),
        })
    }

    /// A key from its PKCS #8.
    pub(super) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(der).ok()?;
        Some(Self { pair })
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        let mut public = [0; 32];
        public.copy_from_slice(self.pair.public_key().as_ref());
        public
    }

    /// Signs.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(self.pair.sign(message).as_ref());
        bytes
    }
}

/// A new P-256 key as PKCS #8.
pub(super) fn new_p256() -> Result<Zeroizing<Vec<u8>>, CaError> {
    let document =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|_| CaError::Crypto {
                what: "make a P-256 key",
            })?;
    Ok(Zeroizing::new(document.as_ref().to_vec()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_in_der_is_the_same_signature() {
        let key = SigningKey::from_pkcs8(&new_p256().unwrap()).unwrap();
        // Enough for numbers that begin with a zero byte and with a set bit.
        for round in 0..600_u32 {
            let message = round.to_be_bytes();
            let signature = key.sign(&message).unwrap();
            assert!(verify_asn1(&key.point(), &message, &asn1_of(&signature)));
        }
    }

    #[test]
    fn integers_are_written_as_short_as_they_may_be() {
        assert_eq!(integer(&[0, 0, 1]), [2, 1, 1]);
        assert_eq!(integer(&[0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(integer(&[0, 0]), [2, 1, 0]);
    }
}
