//! Signed messages: COSE_Sign1 (RFC 9052) with ES256 (EdDSA for one kind) and a content type that separates domains.
//!
//! A signature over one kind of message can never be passed off as one over another, because the
//! content type `pb/<name>` stands in the protected header. Keys are named by the first 8 bytes of
//! SHA-256 of their `SubjectPublicKeyInfo`.

use coset::{CborSerializable, CoseSign1, CoseSign1Builder, HeaderBuilder, iana};
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use crate::wire::{Unread, read_message, to_cbor};

/// The largest signed message, bytes.
pub const MAX_SIGNED_BYTES: usize = 16 * 1_024;

/// Length of a signature: r ‖ s of ES256, or R ‖ S of EdDSA.
pub const SIGNATURE_BYTES: usize = 64;

/// The name of a key: the first 8 bytes of SHA-256 of its `SubjectPublicKeyInfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct KeyId(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 8]);

impl KeyId {
    /// The name of the key with this DER `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn of_spki(spki: &[u8]) -> Self {
        let digest: [u8; 32] = Sha256::digest(spki).into();
        let [a, b, c, d, e, f, g, h, ..] = digest;
        Self([a, b, c, d, e, f, g, h])
    }
}

/// What a signed message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentType {
    /// A station's register statement, on its own.
    Statement,
    /// That such a statement was kept.
    StatementReply,
    /// A request for a refill or a renewal.
    RefillRequest,
    /// The decision on a refill: grant or refusal, with a receipt.
    RefillReply,
    /// A statement that asks for a receipt.
    SyncRequest,
    /// A receipt.
    SyncReply,
    /// A question about an earlier refill.
    LookupRequest,
    /// The stored decision on an earlier refill.
    LookupReply,
    /// A request for the next station certificate.
    RenewRequest,
    /// The next station certificate.
    RenewReply,
    /// The notice of a new signing key, by the P-256 key before it or by the root.
    KeyNotice,
    /// The notice of a new key for journal heads, by the Ed25519 key before it.
    HeadKeyNotice,
    /// A page of a station's journal.
    JournalPage,
    /// How much of a station's journal is mirrored.
    JournalPageReply,
    /// The final statement of a vault that has ended.
    WithdrawRequest,
    /// What became of its value.
    WithdrawReply,
    /// A claim for a spoiled piece.
    RefundRequest,
    /// Where the claim stands.
    RefundReply,
    /// What two admins approve.
    Approval,
    /// What a station gives back to a data center that has forgotten.
    ReconcileRequest,
    /// What the data center knows again.
    ReconcileReply,
}

impl ContentType {
    /// The content type as it stands in the protected header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Statement => "pb/statement",
            Self::StatementReply => "pb/statement-reply",
            Self::RefillRequest => "pb/refill-request",
            Self::RefillReply => "pb/refill-reply",
            Self::SyncRequest => "pb/sync-request",
            Self::SyncReply => "pb/sync-reply",
            Self::LookupRequest => "pb/lookup-request",
            Self::LookupReply => "pb/lookup-reply",
            Self::RenewRequest => "pb/renew-request",
            Self::RenewReply => "pb/renew-reply",
            Self::KeyNotice => "pb/key-notice",
            Self::HeadKeyNotice => "pb/head-key-notice",
            Self::JournalPage => "pb/journal-page",
            Self::JournalPageReply => "pb/journal-page-reply",
            Self::WithdrawRequest => "pb/withdraw-request",
            Self::WithdrawReply => "pb/withdraw-reply",
            Self::RefundRequest => "pb/refund-request",
            Self::RefundReply => "pb/refund-reply",
            Self::Approval => "pb/approval",
            Self::ReconcileRequest => "pb/reconcile-request",
            Self::ReconcileReply => "pb/reconcile-reply",
        }
    }
}

impl ContentType {
    /// The one algorithm that messages of this kind are signed with: never a matter of what a
    /// message says of itself.
    const fn algorithm(self) -> iana::Algorithm {
        if matches!(self, Self::HeadKeyNotice) {
            iana::Algorithm::EdDSA
        } else {
            iana::Algorithm::ES256
        }
    }
}

/// Why a signed message was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SignedFault {
    /// Longer than [`MAX_SIGNED_BYTES`].
    #[error("the signed message is longer than {MAX_SIGNED_BYTES} bytes")]
    TooLong,
    /// Not a COSE_Sign1 structure with a payload.
    #[error("not a signed message")]
    NotSigned,
    /// Algorithm, content type or headers are not the ones that belong here.
    #[error("the signed message is not of the kind {0}")]
    WrongKind(&'static str),
    /// The signature does not hold under the key it names.
    #[error("the signature of the message does not hold")]
    BadSignature,
    /// The payload is not the message it should be.
    #[error("the content of the signed message cannot be read")]
    Content(#[source] Unread),
    /// The signer failed.
    #[error("the message could not be signed")]
    Signer,
}

/// A message whose signature was checked.
#[derive(Clone, Debug)]
pub struct Opened<T> {
    /// The message.
    pub message: T,
    /// The key that signed it.
    pub key: KeyId,
}

/// The key that a signed message names; nothing of it is checked.
#[must_use]
pub fn signer_of(bytes: &[u8]) -> Option<KeyId> {
    if bytes.len() > MAX_SIGNED_BYTES {
        return None;
    }
    let signed = CoseSign1::from_slice(bytes).ok()?;
    let name = signed.protected.header.key_id.as_slice().try_into().ok()?;
    Some(KeyId(name))
}

/// Signs a message.
///
/// `sign` gets the bytes to be signed (COSE `Sig_structure`) and answers with r ‖ s over their
/// SHA-256. `aad` is covered by the signature without being sent.
///
/// # Errors
/// [`SignedFault::Signer`] when `sign` fails, [`SignedFault::TooLong`] past the limit.
pub fn sign<T: Encode<()>>(
    kind: ContentType,
    key: KeyId,
    message: &T,
    aad: &[u8],
    sign: impl FnOnce(&[u8]) -> Option<[u8; SIGNATURE_BYTES]>,
) -> Result<Vec<u8>, SignedFault> {
    let payload = to_cbor(message);
    let protected = HeaderBuilder::new()
        .algorithm(kind.algorithm())
        .content_type(kind.name().to_owned())
        .key_id(key.0.to_vec())
        .build();
    let signed = CoseSign1Builder::new()
        .protected(protected)
        .payload(payload)
        .try_create_signature(aad, |input| {
            sign(input)
                .map(|signature| signature.to_vec())
                .ok_or(SignedFault::Signer)
        })?
        .build();
    let bytes = signed.to_vec().map_err(|_| SignedFault::NotSigned)?;
    if bytes.len() > MAX_SIGNED_BYTES {
        Err(SignedFault::TooLong)
    } else {
        Ok(bytes)
    }
}

/// Checks a signed message and reads it.
///
/// `verify` gets the key's name, the signed bytes and r ‖ s; it answers whether such a key is
/// trusted for this kind of message and the signature holds.
///
/// # Errors
/// See [`SignedFault`].
pub fn open<T: for<'b> Decode<'b, ()>>(
    kind: ContentType,
    bytes: &[u8],
    aad: &[u8],
    verify: impl FnOnce(KeyId, &[u8], &[u8; SIGNATURE_BYTES]) -> bool,
) -> Result<Opened<T>, SignedFault> {
    if bytes.len() > MAX_SIGNED_BYTES {
        return Err(SignedFault::TooLong);
    }
    let signed = CoseSign1::from_slice(bytes).map_err(|_| SignedFault::NotSigned)?;
    let wrong = SignedFault::WrongKind(kind.name());
    let header = &signed.protected.header;
    let content_type = coset::RegisteredLabel::Text(kind.name().to_owned());
    let algorithm = coset::RegisteredLabelWithPrivate::Assigned(kind.algorithm());
    if header.alg != Some(algorithm) || header.content_type != Some(content_type) {
        return Err(wrong);
    }
    if !signed.unprotected.is_empty() || !header.crit.is_empty() {
        return Err(wrong);
    }
    let Ok(key) = <[u8; 8]>::try_from(header.key_id.as_slice()) else {
        return Err(wrong);
    };
    let key = KeyId(key);
    signed.verify_signature(aad, |signature, input| {
        let signature = signature
            .try_into()
            .map_err(|_| SignedFault::BadSignature)?;
        if verify(key, input, signature) {
            Ok(())
        } else {
            Err(SignedFault::BadSignature)
        }
    })?;
    let payload = signed.payload.as_deref().ok_or(SignedFault::NotSigned)?;
    let message = read_message(payload).map_err(SignedFault::Content)?;
    Ok(Opened { message, key })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::test_keys::Signer;

    fn signed() -> (Signer, Vec<u8>) {
        let signer = Signer::new();
        let bytes = sign(
            ContentType::RefillReply,
            signer.key_id(),
            &42_u64,
            b"aad",
            |m| Some(signer.sign(m)),
        )
        .unwrap();
        (signer, bytes)
    }

    #[test]
    fn a_signed_message_opens_under_its_kind_and_its_key() {
        let (signer, bytes) = signed();
        let opened: Opened<u64> = open(ContentType::RefillReply, &bytes, b"aad", |key, m, s| {
            key == signer.key_id() && signer.verify(m, s)
        })
        .unwrap();
        assert_eq!(opened.message, 42);
    }

    #[test]
    fn a_signature_over_one_kind_is_none_over_another() {
        let (signer, bytes) = signed();
        let result = open::<u64>(ContentType::SyncReply, &bytes, b"aad", |_, m, s| {
            signer.verify(m, s)
        });
        assert!(matches!(
            result,
            Err(SignedFault::WrongKind("pb/sync-reply"))
        ));
    }

    #[test]
    fn other_surroundings_break_the_signature() {
        let (signer, bytes) = signed();
        let result = open::<u64>(ContentType::RefillReply, &bytes, b"else", |_, m, s| {
            signer.verify(m, s)
        });
        assert!(matches!(result, Err(SignedFault::BadSignature)));
    }

    #[test]
    fn no_flipped_bit_is_accepted() {
        let (signer, bytes) = signed();
        for index in 0..bytes.len() {
            for bit in 0..8 {
                let mut wrong = bytes.clone();
                wrong[index] ^= 1 << bit;
                let result = open::<u64>(ContentType::RefillReply, &wrong, b"aad", |key, m, s| {
                    key == signer.key_id() && signer.verify(m, s)
                });
                assert!(result.is_err(), "byte {index}, bit {bit}");
            }
        }
    }
}
