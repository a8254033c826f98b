//! Keys and repositories for tests: real signatures by the provider the product uses.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, Ed25519KeyPair, KeyPair, RSA_PSS_2048_8192_SHA256,
    UnparsedPublicKey,
};

use crate::tuf::{Document, Key, KeyId, Metadata, Scheme, VerifyingKey};

/// An Ed25519 key that signs.
pub(crate) struct Pen(Ed25519KeyPair);

impl Pen {
    pub(crate) fn new(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    pub(crate) fn key(&self) -> Key {
        Key::ed25519(self.0.public_key().as_ref().try_into().unwrap())
    }

    pub(crate) fn id(&self) -> KeyId {
        self.key().id()
    }

    pub(crate) fn sign(&self, document: &mut Document) {
        let signature = self.0.sign(document.signing_input());
        document.sign(self.id(), signature.as_ref());
    }
}

/// The document with these signatures.
pub(crate) fn signed<M: Metadata>(metadata: &M, pens: &[&Pen]) -> Vec<u8> {
    let mut document = Document::of(metadata);
    for pen in pens {
        pen.sign(&mut document);
    }
    document.to_bytes()
}

/// Checks a signature as the station does.
pub(crate) fn verify(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    let public = &key.public;
    match key.scheme {
        Scheme::Ed25519 => UnparsedPublicKey::new(&ED25519, public).verify(message, signature),
        Scheme::EcdsaP256Sha256 => {
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public).verify(message, signature)
        }
        Scheme::RsaPssSha256 => {
            UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, public).verify(message, signature)
        }
    }
    .is_ok()
}
