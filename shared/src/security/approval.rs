//! Dual control (level L4): what two admins sign before something that cannot be taken back.
//!
//! A `COSE_Sign` structure (RFC 9052) whose payload names the action, its parameters, the journal's
//! head and an end 15 minutes ahead. It travels as a file from admin to admin; each adds a
//! signature with a key of their own. The data center spends it once.

use coset::{
    CborSerializable, CoseSign, CoseSignBuilder, CoseSignatureBuilder, Header, HeaderBuilder, iana,
};
use minicbor::{Decode, Encode};

use super::signed::{ContentType, KeyId, SIGNATURE_BYTES};
use crate::clock::UnixSeconds;
use crate::ids::DataCenterId;
use crate::wire::{from_cbor, to_cbor};

/// The largest approval with its signatures, bytes: it fits into one journal record.
pub const MAX_APPROVAL_BYTES: usize = 3 * 1_024;

/// How long an approval can be spent.
pub const APPROVAL_SECONDS: i64 = 15 * 60;

/// How many different admins must have signed.
pub const APPROVERS: usize = 2;

/// The most signatures that are looked at.
const MAX_SIGNATURES: usize = 8;

/// The layout version.
const VERSION: u8 = 1;

/// What is approved.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Approval {
    #[n(1)]
    version: u8,
    /// The data center it is for.
    #[n(2)]
    pub data_center: DataCenterId,
    /// What is to be done, for example `station-recover`.
    #[n(3)]
    pub action: String,
    /// With what.
    #[n(4)]
    pub parameters: Vec<Parameter>,
    /// Records in the journal when it was asked for.
    #[n(5)]
    pub head_size: u64,
    /// The journal's root then.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub head_root: [u8; 32],
    /// Until when it can be spent.
    #[n(7)]
    pub expires: UnixSeconds,
}

/// One parameter of an action.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Parameter {
    /// Its name.
    #[n(0)]
    pub name: String,
    /// Its value as people read it.
    #[n(1)]
    pub value: String,
}

/// Why an approval was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalFault {
    /// Not an approval, or longer than [`MAX_APPROVAL_BYTES`].
    #[error("not an approval that can be read")]
    Unreadable,
    /// The same key has signed before.
    #[error("this admin has signed it before")]
    SignedBefore,
    /// A signature does not hold under a key that is known.
    #[error("a signature of the approval does not hold")]
    BadSignature,
    /// Fewer than [`APPROVERS`] admins have signed.
    #[error("the approval needs the signatures of {APPROVERS} admins")]
    TooFew,
    /// The signer failed.
    #[error("the approval could not be signed")]
    Signer,
}

impl Approval {
    /// An action that is to be approved from `now` on, with the journal as it stands.
    #[must_use]
    pub fn new(
        data_center: DataCenterId,
        action: &str,
        parameters: Vec<Parameter>,
        (head_size, head_root): (u64, [u8; 32]),
        now: UnixSeconds,
    ) -> Self {
        Self {
            version: VERSION,
            data_center,
            action: action.to_owned(),
            parameters,
            head_size,
            head_root,
            expires: now.plus_seconds(APPROVAL_SECONDS),
        }
    }

    /// The approval without any signature: what is handed to the first admin.
    ///
    /// # Errors
    /// [`ApprovalFault::Unreadable`] when it is too long.
    pub fn unsigned(&self) -> Result<Vec<u8>, ApprovalFault> {
        let protected = HeaderBuilder::new()
            .content_type(ContentType::Approval.name().to_owned())
            .build();
        encoded(
            CoseSignBuilder::new()
                .protected(protected)
                .payload(to_cbor(self))
                .build(),
        )
    }
}

/// Adds an admin's signature.
///
/// `sign` gets the COSE `Sig_structure` and answers with r ‖ s over its SHA-256.
///
/// # Errors
/// [`ApprovalFault`]; the approval stays what it was.
pub fn countersign(
    approval: &[u8],
    key: KeyId,
    sign: impl FnOnce(&[u8]) -> Option<[u8; SIGNATURE_BYTES]>,
) -> Result<Vec<u8>, ApprovalFault> {
    let (mut cose, _) = decoded(approval)?;
    if cose.signatures.len() >= MAX_SIGNATURES {
        return Err(ApprovalFault::Unreadable);
    }
    if cose
        .signatures
        .iter()
        .any(|one| signer(&one.protected.header) == Some(key))
    {
        return Err(ApprovalFault::SignedBefore);
    }
    let protected = HeaderBuilder::new()
        .algorithm(iana::Algorithm::ES256)
        .key_id(key.0.to_vec())
        .build();
    let mut signature = CoseSignatureBuilder::new().protected(protected).build();
    let input = cose.tbs_data(&[], &signature);
    signature.signature = sign(&input).ok_or(ApprovalFault::Signer)?.to_vec();
    cose.signatures.push(signature);
    encoded(cose)
}

/// What an approval says and how many have signed it, whoever they are: to be shown before signing.
///
/// # Errors
/// [`ApprovalFault::Unreadable`].
pub fn read(approval: &[u8]) -> Result<(Approval, usize), ApprovalFault> {
    decoded(approval).map(|(cose, approval)| (approval, cose.signatures.len()))
}

/// Checks every signature; answers with what is approved and by whom.
///
/// `verify` answers whether such an admin's key is known and the signature holds.
///
/// # Errors
/// [`ApprovalFault`].
pub fn open(
    approval: &[u8],
    verify: impl Fn(KeyId, &[u8], &[u8; SIGNATURE_BYTES]) -> bool,
) -> Result<(Approval, Vec<KeyId>), ApprovalFault> {
    let (cose, content) = decoded(approval)?;
    let mut signers = Vec::new();
    for (which, one) in cose.signatures.iter().enumerate() {
        let key = signer(&one.protected.header).ok_or(ApprovalFault::BadSignature)?;
        cose.verify_signature(which, &[], |signature, input| {
            let signature = signature
                .try_into()
                .map_err(|_| ApprovalFault::BadSignature)?;
            if verify(key, input, signature) {
                Ok(())
            } else {
                Err(ApprovalFault::BadSignature)
            }
        })?;
        if signers.contains(&key) {
            return Err(ApprovalFault::SignedBefore);
        }
        signers.push(key);
    }
    if signers.len() < APPROVERS {
        return Err(ApprovalFault::TooFew);
    }
    Ok((content, signers))
}

fn encoded(cose: CoseSign) -> Result<Vec<u8>, ApprovalFault> {
    let bytes = cose.to_vec().map_err(|_| ApprovalFault::Unreadable)?;
    if bytes.len() > MAX_APPROVAL_BYTES {
        return Err(ApprovalFault::Unreadable);
    }
    Ok(bytes)
}

fn decoded(bytes: &[u8]) -> Result<(CoseSign, Approval), ApprovalFault> {
    let unreadable = ApprovalFault::Unreadable;
    if bytes.len() > MAX_APPROVAL_BYTES {
        return Err(unreadable);
    }
    let cose = CoseSign::from_slice(bytes).map_err(|_| unreadable)?;
    let kind = coset::RegisteredLabel::Text(ContentType::Approval.name().to_owned());
    let header = &cose.protected.header;
    let bare = |one: &coset::CoseSignature| one.unprotected.is_empty();
    let plain =
        cose.unprotected.is_empty() && header.crit.is_empty() && cose.signatures.iter().all(bare);
    if header.content_type != Some(kind) || !plain || cose.signatures.len() > MAX_SIGNATURES {
        return Err(unreadable);
    }
    let payload = cose.payload.as_deref().ok_or(unreadable)?;
    let approval: Approval = from_cbor(payload).map_err(|_| unreadable)?;
    if approval.version != VERSION {
        return Err(unreadable);
    }
    Ok((cose, approval))
}

/// Whose signature it is; nothing when it is not of the kind that belongs here.
fn signer(header: &Header) -> Option<KeyId> {
    let es256 = coset::RegisteredLabelWithPrivate::Assigned(iana::Algorithm::ES256);
    if header.alg != Some(es256) || !header.crit.is_empty() {
        return None;
    }
    <[u8; 8]>::try_from(header.key_id.as_slice())
        .ok()
        .map(KeyId)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::test_keys::Signer;

    fn approval() -> Approval {
        let parameters = vec![Parameter {
            name: "station".to_owned(),
            value: "ZZ010000000001".to_owned(),
        }];
        let center = DataCenterId::from_bytes([9; 16]);
        let head = (7, [3; 32]);
        Approval::new(
            center,
            "station-recover",
            parameters,
            head,
            UnixSeconds(1_000),
        )
    }

    fn signed(signers: &[&Signer]) -> Vec<u8> {
        signers
            .iter()
            .fold(approval().unsigned().unwrap(), |bytes, one| {
                countersign(&bytes, one.key_id(), |input| Some(one.sign(input))).unwrap()
            })
    }

    fn opened(bytes: &[u8], known: &[&Signer]) -> Result<(Approval, Vec<KeyId>), ApprovalFault> {
        open(bytes, |key, input, signature| {
            known
                .iter()
                .any(|one| one.key_id() == key && one.verify(input, signature))
        })
    }

    #[test]
    fn two_different_admins_approve_and_one_does_not() {
        let (a, b) = (Signer::new(), Signer::new());
        let (content, keys) = opened(&signed(&[&a, &b]), &[&a, &b]).unwrap();
        assert_eq!(content, approval());
        assert_eq!(keys, [a.key_id(), b.key_id()]);
        let one = signed(&[&a]);
        assert_eq!(opened(&one, &[&a, &b]), Err(ApprovalFault::TooFew));
        let again = countersign(&one, a.key_id(), |input| Some(a.sign(input)));
        assert_eq!(again, Err(ApprovalFault::SignedBefore));
    }

    #[test]
    fn a_stranger_beside_an_admin_approves_nothing() {
        let (a, stranger) = (Signer::new(), Signer::new());
        let both = signed(&[&a, &stranger]);
        assert_eq!(opened(&both, &[&a]), Err(ApprovalFault::BadSignature));
    }

    #[test]
    fn no_flipped_bit_of_an_approval_is_accepted() {
        let (a, b) = (Signer::new(), Signer::new());
        let good = signed(&[&a, &b]);
        for index in 0..good.len() {
            for bit in 0..8 {
                let mut wrong = good.clone();
                wrong[index] ^= 1 << bit;
                assert!(
                    opened(&wrong, &[&a, &b]).is_err(),
                    "byte {index}, bit {bit}"
                );
            }
        }
    }
}
