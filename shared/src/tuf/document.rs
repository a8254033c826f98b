//! A signed document: made and signed key by key, or read and held against the keys of its role.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::canonical::canonical;
use super::fault::TufFault;
use super::key::{Key, KeyId, Role, Verifier, VerifyingKey};
use super::metadata::Metadata;
use super::path::RoleName;
use super::{DOCUMENT_MAX_BYTES, SIGNATURES_MAX, SPECIFICATION};

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The key that made it.
    pub keyid: KeyId,
    /// Hexadecimal digits. What is none simply does not hold.
    pub sig: String,
}

/// A document with its signatures. What it says is not to be believed before [`Document::verified`].
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    signed: Value,
    /// The canonical form of what is signed.
    input: Vec<u8>,
    signatures: Vec<Signature>,
}

/// How a document is written down.
#[derive(Serialize, Deserialize)]
struct Envelope<S> {
    signatures: Vec<Signature>,
    signed: S,
}

impl Document {
    /// A document that nobody has signed yet.
    #[must_use]
    pub fn of<M: Metadata>(metadata: &M) -> Self {
        let mut signed = serde_json::to_value(metadata).expect("maps have text as their keys");
        if let Value::Object(fields) = &mut signed {
            fields.insert("_type".to_owned(), M::TYPE.into());
            fields.insert("spec_version".to_owned(), SPECIFICATION.into());
        }
        // What a target says of itself may be anything; then it is not signed, and nobody believes
        // it.
        let input = canonical(&signed).unwrap_or_default();
        Self {
            signed,
            input,
            signatures: Vec::new(),
        }
    }

    /// Reads the document of a role. Nothing of it is checked but its form.
    ///
    /// # Errors
    /// [`TufFault::Unreadable`], [`TufFault::TooLong`] and [`TufFault::TwoSignaturesOfOneKey`].
    pub fn read(role: &RoleName, bytes: &[u8]) -> Result<Self, TufFault> {
        if u64::try_from(bytes.len()).map_or(true, |length| length > DOCUMENT_MAX_BYTES) {
            return Err(TufFault::TooLong {
                what: role.to_string(),
                limit: DOCUMENT_MAX_BYTES,
            });
        }
        let unreadable = || TufFault::Unreadable(role.clone());
        let Envelope { signatures, signed }: Envelope<Value> =
            serde_json::from_slice(bytes).map_err(|_| unreadable())?;
        if signatures.len() > SIGNATURES_MAX {
            return Err(unreadable());
        }
        let mut seen = BTreeSet::new();
        for signature in &signatures {
            if !seen.insert(&signature.keyid) {
                return Err(TufFault::TwoSignaturesOfOneKey {
                    role: role.clone(),
                    key: signature.keyid.clone(),
                });
            }
        }
        Ok(Self {
            input: canonical(&signed).map_err(|_| unreadable())?,
            signed,
            signatures,
        })
    }

    /// What has to be signed: the canonical form. Empty when it has none.
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        &self.input
    }

    /// Its signatures.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds a signature over [`Document::signing_input`], in the place of an earlier one of the
    /// same key.
    pub fn sign(&mut self, key: KeyId, signature: &[u8]) {
        self.signatures.retain(|one| one.keyid != key);
        self.signatures.push(Signature {
            keyid: key,
            sig: HEXLOWER.encode(signature),
        });
    }

    /// The document as it is stored and sent. Its bytes are what hashes are made of, so a reader
    /// keeps those it was given.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let envelope = Envelope {
            signatures: self.signatures.clone(),
            signed: &self.signed,
        };
        serde_json::to_vec(&envelope).expect("maps have text as their keys")
    }

    /// What it says, whoever signed it: for those who are about to sign it themselves, and for the
    /// first root, which is trusted because of where it came from.
    ///
    /// # Errors
    /// [`TufFault::Unreadable`] when it is not a sound document of this type.
    pub fn unverified<M: Metadata>(&self, role: &RoleName) -> Result<M, TufFault> {
        let unreadable = || TufFault::Unreadable(role.clone());
        let says = |field: &str| self.signed.get(field).and_then(Value::as_str);
        let specification = says("spec_version").ok_or_else(unreadable)?;
        let is_known = specification == "1" || specification.starts_with("1.");
        if says("_type") != Some(M::TYPE) || !is_known {
            return Err(unreadable());
        }
        let metadata = M::deserialize(&self.signed).map_err(|_| unreadable())?;
        if metadata.is_sound() {
            Ok(metadata)
        } else {
            Err(unreadable())
        }
    }

    /// Checks that enough keys of its role have signed it.
    ///
    /// Keys count by what they are and not by their names, so that one key under two names is one.
    /// Signatures that do not hold, of unknown keys or of unknown kinds are passed over.
    ///
    /// # Errors
    /// [`TufFault::NotSigned`].
    pub fn check(
        &self,
        name: &RoleName,
        role: &Role,
        keys: &BTreeMap<KeyId, Key>,
        verify: Verifier<'_>,
    ) -> Result<(), TufFault> {
        let mut counted: BTreeSet<VerifyingKey> = BTreeSet::new();
        for signature in &self.signatures {
            let key = Some(&signature.keyid).filter(|id| role.keyids.contains(id));
            let key = key.and_then(|id| keys.get(id)).and_then(Key::verifying);
            let bytes = HEXLOWER_PERMISSIVE.decode(signature.sig.as_bytes());
            if let (Some(key), Ok(bytes)) = (key, bytes)
                && !bytes.is_empty()
                && !counted.contains(&key)
                && verify(&key, &self.input, &bytes)
            {
                counted.insert(key);
            }
        }
        let valid = u32::try_from(counted.len()).unwrap_or(u32::MAX);
        if valid >= role.threshold.get() {
            return Ok(());
        }
        Err(TufFault::NotSigned {
            role: name.clone(),
            valid,
            threshold: role.threshold.get(),
        })
    }

    /// What it says, once enough keys of its role have signed it.
    ///
    /// # Errors
    /// As [`Document::check`] and [`Document::unverified`].
    pub fn verified<M: Metadata>(
        &self,
        name: &RoleName,
        role: &Role,
        keys: &BTreeMap<KeyId, Key>,
        verify: Verifier<'_>,
    ) -> Result<M, TufFault> {
        self.check(name, role, keys, verify)?;
        self.unverified(name)
    }
}
