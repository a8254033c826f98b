//! The end of a vault (`protocol.md` J): what is left goes back to the account.

use minicbor::{Decode, Encode};

use super::{AccountLine, ProofHashes, RegisterStatement};
use crate::clock::UnixSeconds;
use crate::ids::VaultId;
use crate::money::Mills;
use crate::security::Level;
use crate::services::{Request, ServiceId};

/// The final statement: the vault has ended and its key is destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct WithdrawRequest {
    /// The layout version.
    #[n(1)]
    pub version: u8,
    /// The vault as it ended: final, nothing left, control total = ascending.
    #[n(2)]
    pub statement: RegisterStatement,
    /// Consistency of the stated journal with the last accepted one.
    #[n(3)]
    pub consistency: ProofHashes,
}

impl Request for WithdrawRequest {
    const SERVICE: ServiceId = ServiceId::Funds;
    const LEVEL: Level = Level::L3;
    type Reply = WithdrawReply;
}

/// What became of the value. It carries no receipt: a vault that has ended takes none.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct WithdrawReply {
    /// The layout version.
    #[n(1)]
    pub version: u8,
    /// The vault.
    #[n(2)]
    pub vault: VaultId,
    /// The statement's nonce.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub nonce: [u8; 16],
    /// What the vault gave back.
    #[n(4)]
    pub returned: Mills,
    /// What of it the account has at once, for refills only.
    #[n(5)]
    pub credited: Mills,
    /// What is held, with grants that never arrived.
    #[n(6)]
    pub held: Mills,
    /// Until when; nothing when nothing is held.
    #[n(7)]
    pub hold_until: Option<UnixSeconds>,
    /// The customer account.
    #[n(8)]
    pub account: AccountLine,
}
