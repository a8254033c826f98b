//! Signing and checking metadata.

use core::num::NonZeroU32;
use std::collections::BTreeMap;

use shared::tuf::{Document, Key, KeyId, Metadata, Role, Scheme, VerifyingKey};

use crate::ca::{Ed25519Key, verify_ed25519};

/// One signature is enough.
pub(super) const ONE: NonZeroU32 = NonZeroU32::MIN;

/// The name of a key in metadata.
pub(super) fn id_of(key: &Ed25519Key) -> KeyId {
    Key::ed25519(&key.public()).id()
}

/// Adds a signature to a document.
pub fn add_signature(document: &mut Document, key: &Ed25519Key) {
    let signature = key.sign(document.signing_input());
    document.sign(id_of(key), &signature);
}

/// The document of some metadata, signed.
pub(super) fn signed<M: Metadata>(metadata: &M, keys: &[&Ed25519Key]) -> Document {
    let mut document = Document::of(metadata);
    for key in keys {
        add_signature(&mut document, key);
    }
    document
}

/// Keys by their names, and a role of all of them.
pub(super) fn role_of(publics: &[[u8; 32]], threshold: NonZeroU32) -> (BTreeMap<KeyId, Key>, Role) {
    let keys: BTreeMap<KeyId, Key> = publics
        .iter()
        .map(|public| {
            let key = Key::ed25519(public);
            (key.id(), key)
        })
        .collect();
    let role = Role::of(keys.keys().cloned(), threshold);
    (keys, role)
}

/// Whether a signature holds. Our own repository knows Ed25519 only.
#[must_use]
pub fn verify(key: &VerifyingKey, input: &[u8], signature: &[u8]) -> bool {
    let (Ok(public), Ok(signature)) = (
        <&[u8; 32]>::try_from(key.public.as_slice()),
        <&[u8; 64]>::try_from(signature),
    ) else {
        return false;
    };
    key.scheme == Scheme::Ed25519 && verify_ed25519(public, input, signature)
}
