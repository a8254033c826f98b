//! Keys for tests: real signatures by the provider the product uses.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    UnparsedPublicKey,
};

use super::signed::KeyId;
use crate::services::keys::Point;

/// A P-256 key pair.
pub(crate) struct Signer(EcdsaKeyPair);

impl Signer {
    pub(crate) fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub(crate) fn key_id(&self) -> KeyId {
        KeyId::of_spki(self.0.public_key().as_ref())
    }

    pub(crate) fn point(&self) -> Point {
        Point(self.0.public_key().as_ref().try_into().unwrap())
    }

    pub(crate) fn verify_by(key: &Point, message: &[u8], signature: &[u8; 64]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.0.as_slice())
            .verify(message, signature)
            .is_ok()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0
            .sign(&SystemRandom::new(), message)
            .unwrap()
            .as_ref()
            .try_into()
            .unwrap()
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        Self::verify_by(&self.point(), message, signature)
    }
}
