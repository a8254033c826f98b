//! The one place where the station chooses its cryptographic provider: aws-lc-rs.
//!
//! AWS-LC hedges ECDSA nonces (random bytes mixed with the private key and the digest), so that a
//! cloned machine with repeated random numbers does not give its keys away.

pub(crate) mod peer;

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519,
    EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey,
};
use rustls::crypto::CryptoProvider;
use shared::security::signed::SIGNATURE_BYTES;
use shared::services::keys::Point;
use shared::tuf::{Scheme, VerifyingKey};
use zeroize::Zeroizing;

/// Why a key could not be made or used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CryptoFault {
    /// The bytes are not a PKCS #8 P-256 key.
    #[error("not a P-256 private key")]
    NotAKey,
    /// The provider failed; it gives no reason.
    #[error("the cryptographic provider failed")]
    Provider,
}

/// The provider of every TLS session of the station.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// The provider of TLS sessions over slow lines: X25519 alone. A post-quantum key share is 2.3 kB, a
/// third of a whole contact over a telephone; what must stay secret for long is sealed inside.
#[must_use]
pub fn short_keys() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        kx_groups: vec![rustls::crypto::aws_lc_rs::kx_group::X25519],
        ..rustls::crypto::aws_lc_rs::default_provider()
    })
}

/// Fills `bytes` from the operating system's generator.
///
/// # Panics
/// When the operating system has no randomness to give: nothing can be sealed or signed then.
pub fn random(bytes: &mut [u8]) {
    aws_lc_rs::rand::fill(bytes).expect("the operating system gives random bytes");
}

/// `N` random bytes.
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    random(&mut bytes);
    bytes
}

/// A P-256 private key that signs.
#[derive(Debug)]
pub struct SigningKey {
    pair: EcdsaKeyPair,
    point: Point,
}

impl SigningKey {
    /// Makes a key; the second value is its PKCS #8 form, to be sealed.
    ///
    /// # Errors
    /// [`CryptoFault::Provider`].
    pub fn generate() -> Result<(Self, Zeroizing<Vec<u8>>), CryptoFault> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(|_| CryptoFault::Provider)?;
        let document = pair.to_pkcs8v1().map_err(|_| CryptoFault::Provider)?;
        let pkcs8 = Zeroizing::new(document.as_ref().to_vec());
        Ok((Self::from_pkcs8(&pkcs8)?, pkcs8))
    }

    /// Reads a key's PKCS #8 form.
    ///
    /// # Errors
    /// [`CryptoFault::NotAKey`].
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, CryptoFault> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
            .map_err(|_| CryptoFault::NotAKey)?;
        let point = pair
            .public_key()
            .as_ref()
            .try_into()
            .map(Point)
            .map_err(|_| CryptoFault::NotAKey)?;
        Ok(Self { pair, point })
    }

    /// The public half.
    #[must_use]
    pub const fn point(&self) -> Point {
        self.point
    }

    /// ES256 over `message`: r ‖ s.
    ///
    /// # Errors
    /// [`CryptoFault::Provider`].
    pub fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], CryptoFault> {
        let signature = self
            .pair
            .sign(&SystemRandom::new(), message)
            .map_err(|_| CryptoFault::Provider)?;
        signature
            .as_ref()
            .try_into()
            .map_err(|_| CryptoFault::Provider)
    }
}

/// An Ed25519 private key that cosigns heads of the data center's journal.
#[derive(Debug)]
pub struct WitnessKey {
    pair: Ed25519KeyPair,
}

impl WitnessKey {
    /// Makes a key; the second value is its PKCS #8 form, to be sealed.
    ///
    /// # Errors
    /// [`CryptoFault::Provider`].
    pub fn generate() -> Result<(Self, Zeroizing<Vec<u8>>), CryptoFault> {
        let document = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new())
            .map_err(|_| CryptoFault::Provider)?;
        let pkcs8 = Zeroizing::new(document.as_ref().to_vec());
        Ok((Self::from_pkcs8(&pkcs8)?, pkcs8))
    }

    /// Reads a key's PKCS #8 form.
    ///
    /// # Errors
    /// [`CryptoFault::NotAKey`].
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, CryptoFault> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| CryptoFault::NotAKey)?;
        Ok(Self { pair })
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        let mut public = [0; 32];
        public.copy_from_slice(self.pair.public_key().as_ref());
        public
    }

    /// The signature over `message`.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.pair.sign(message).as_ref());
        signature
    }
}

/// Whether `signature` is the Ed25519 signature of `key` over `message`.
#[must_use]
pub fn verify_ed25519(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    UnparsedPublicKey::new(&ED25519, key)
        .verify(message, signature)
        .is_ok()
}

/// Whether `signature` (r ‖ s) is `key`'s ES256 over `message`.
#[must_use]
pub fn verify(key: &Point, message: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.0.as_slice())
        .verify(message, signature)
        .is_ok()
}

/// Whether `signature` is the one of a key of a signed repository over `message`.
#[must_use]
pub fn verify_tuf(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    let public = key.public.as_slice();
    let checked = match key.scheme {
        Scheme::Ed25519 => UnparsedPublicKey::new(&ED25519, public).verify(message, signature),
        Scheme::EcdsaP256Sha256 => {
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public).verify(message, signature)
        }
        Scheme::RsaPssSha256 => {
            UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, public).verify(message, signature)
        }
    };
    checked.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_key_signs_what_its_public_half_verifies() {
        let (key, pkcs8) = SigningKey::generate().unwrap();
        let stored = SigningKey::from_pkcs8(&pkcs8).unwrap();
        let signature = stored.sign(b"message").unwrap();
        assert_eq!(stored.point(), key.point());
        assert!(verify(&key.point(), b"message", &signature));
        assert!(!verify(&key.point(), b"another", &signature));
    }

    #[test]
    fn what_is_not_a_key_is_refused() {
        assert_eq!(
            SigningKey::from_pkcs8(b"no").map(drop),
            Err(CryptoFault::NotAKey)
        );
    }
}
