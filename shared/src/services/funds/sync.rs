//! Statement in, receipt out: what every contact exchanges, and the question after an earlier
//! refill.

use minicbor::{Decode, Encode};

use super::pin_reset::PinReset;
use super::refunds::RefundLine;
use super::{AccountLine, RegisterStatement};
use crate::clock::UnixSeconds;
use crate::ids::{RefillId, VaultId};
use crate::security::Level;
use crate::security::signed::ContentType;
use crate::services::journal::ProofHashes;
use crate::services::witness::{Witness, Witnessed};
use crate::services::{Request, ServiceId};

/// What resets the watchdog (F).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Receipt {
    /// The layout version.
    #[n(1)]
    pub version: u8,
    /// The vault.
    #[n(2)]
    pub vault: VaultId,
    /// The statement's nonce.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub nonce: [u8; 16],
    /// The data center's time.
    #[n(4)]
    pub now: UnixSeconds,
    /// Journal records accepted.
    #[n(5)]
    pub accepted_size: u64,
    /// The root of those records.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub accepted_root: [u8; 32],
    /// From when the clerk is warned.
    #[n(7)]
    pub warn_at: UnixSeconds,
    /// From when printing is locked.
    #[n(8)]
    pub lock_at: UnixSeconds,
    /// The data center's newest signed head, a C2SP tlog-checkpoint; empty where it has none yet.
    #[n(9)]
    pub checkpoint: String,
}

/// States the registers and asks for a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SyncRequest {
    /// The layout version.
    #[n(1)]
    pub version: u8,
    /// The vault as it stands.
    #[n(2)]
    pub statement: RegisterStatement,
    /// Consistency of the stated journal with the last accepted one.
    #[n(3)]
    pub consistency: ProofHashes,
    /// What it says of the data center's own journal.
    #[n(4)]
    pub witness: Option<Witness>,
}

impl Request for SyncRequest {
    const SERVICE: ServiceId = ServiceId::Funds;
    const LEVEL: Level = Level::L3;
    const STATES: bool = true;
    type Reply = SyncReply;

    fn witness(&self) -> Option<&Witness> {
        self.witness.as_ref()
    }
}

/// A receipt, and the account.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SyncReply {
    /// The layout version.
    #[n(1)]
    pub version: u8,
    /// The receipt.
    #[n(2)]
    pub receipt: Receipt,
    /// The customer account.
    #[n(3)]
    pub account: AccountLine,
    /// What the data center proves of its own journal, where it was asked.
    #[n(4)]
    pub witnessed: Option<Witnessed>,
    /// Whether an admin has ordered that the vault ends.
    #[n(10)]
    pub withdraw: Option<bool>,
    /// Claims that have changed since the station was told.
    #[n(11)]
    pub refunds: Option<Vec<RefundLine>>,
    /// A user who may choose a new PIN.
    #[n(12)]
    pub pin_reset: Option<PinReset>,
}

/// Asks what became of a refill.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LookupRequest {
    /// The layout version.
    #[n(1)]
    pub version: u8,
    /// The refill.
    #[n(2)]
    pub refill: RefillId,
}

impl Request for LookupRequest {
    const SERVICE: ServiceId = ServiceId::Funds;
    const LEVEL: Level = Level::L3;
    type Reply = LookupReply;
}

/// What became of a refill.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LookupReply {
    /// The layout version.
    #[n(1)]
    pub version: u8,
    /// The stored decision, exactly as it was signed first; nothing when it was never asked.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub decision: Option<Vec<u8>>,
}

/// What a station that is served no more says at the door: evidence only (`protocol.md` L).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DoorRequest {
    /// The layout version.
    #[n(1)]
    pub version: u8,
    /// The vault as it stands.
    #[n(2)]
    pub statement: RegisterStatement,
}

impl DoorRequest {
    /// Its content type.
    pub const CONTENT: ContentType = ContentType::Statement;
}

impl Request for DoorRequest {
    const SERVICE: ServiceId = ServiceId::Funds;
    const LEVEL: Level = Level::L3;
    type Reply = DoorReply;
}

/// The statement was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DoorReply {
    /// The layout version.
    #[n(1)]
    pub version: u8,
}
