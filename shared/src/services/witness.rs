//! How stations and data center hold each other to their journals in one exchange (`protocol.md`
//! H): carried by the statement of a contact and its receipt, so that it costs no round trip.
//!
//! The station says which head it keeps; the data center proves that the head in the receipt
//! extends it, that the last money reply stands in it, and shows heads that other stations have
//! cosigned. Level L3, as the messages that carry it.

use minicbor::{Decode, Encode};

use super::journal::ProofHashes;
use crate::checkpoint::{Cosignature, NoteSignature, SignedEpoch, SignedHead};
use crate::clock::UnixSeconds;

/// The most cosigned heads of one reply.
pub const MAX_COSIGNED: usize = 3;

/// What a station says of the data center's journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Witness {
    /// The newest head it keeps.
    #[n(1)]
    pub kept: Option<SignedHead>,
    /// The record whose inclusion it wants proved: where the last money reply stands.
    #[n(2)]
    pub leaf: Option<u64>,
    /// Its cosignature of the kept head.
    #[n(3)]
    pub cosigned: Option<OwnCosignature>,
    /// Whether it wants to see what others have cosigned.
    #[n(4)]
    pub wants_others: bool,
}

/// A station's own cosignature; the envelope says whose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OwnCosignature {
    /// Its key for heads.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub key: [u8; 32],
    /// When.
    #[n(2)]
    pub time: UnixSeconds,
    /// The signature.
    #[n(3)]
    pub signature: NoteSignature,
}

/// What the data center answers; the head it speaks of is the one in the receipt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Witnessed {
    /// That the receipt's head extends the kept one, or the place from which a newer epoch goes on.
    #[n(1)]
    pub consistency: ProofHashes,
    /// That the wanted record stands in the receipt's head; nothing where it was lost.
    #[n(2)]
    pub inclusion: Option<ProofHashes>,
    /// How the present epoch began, where the station keeps a head of an older one.
    #[n(3)]
    pub epoch: Option<SignedEpoch>,
    /// Heads that other stations have cosigned, at most [`MAX_COSIGNED`].
    #[n(4)]
    pub others: Vec<CosignedHead>,
}

/// A head that another station has cosigned.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CosignedHead {
    /// The head.
    #[n(1)]
    pub head: SignedHead,
    /// Who has cosigned it.
    #[n(2)]
    pub cosignature: Cosignature,
    /// That the receipt's head extends it.
    #[n(3)]
    pub consistency: ProofHashes,
}
