//! Telemetering: refills, renewals, statements and receipts (`protocol.md` E, F and G).
//!
//! Called when the clerk refills, and by the monitor in every contact. Level L3: sealed and signed
//! whatever the line. It never decides twice: the first decision on a refill id is stored and
//! final, and an answered grant is never voided, only sent again.

pub mod pin_reset;
pub mod refunds;
mod refusal;
mod sync;
pub mod withdrawal;

use minicbor::{Decode, Encode};

pub use super::journal::{MAX_PROOF_HASHES, ProofHashes};
pub use refusal::RefillRefusal;

use super::keys::Point;
use super::{Request, ServiceId};
use crate::clock::UnixSeconds;
use crate::ids::{PsdId, RefillId, VaultId};
use crate::money::Mills;
use crate::security::Level;
use crate::security::signed::ContentType;
use crate::vault::{GrantTerms, KeyTerms, Registers, Vault, VaultState};

pub use sync::{
    DoorReply, DoorRequest, LookupReply, LookupRequest, Receipt, SyncReply, SyncRequest,
};

/// The layout version of every message here.
pub const VERSION: u8 = 1;

/// The clerk is warned so many days after the last receipt.
pub const WARN_DAYS: i64 = 14;

/// Printing is locked so many days after the last receipt.
pub const LOCK_DAYS: i64 = 28;

/// An indicium certificate lives so many days.
pub const INDICIUM_CERTIFICATE_DAYS: i64 = 58;

/// What the proof of possession signs before refill id and key.
const POSSESSION_CONTEXT: &[u8] = b"pb pop v1";

/// What a station says of its vault (E).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RegisterStatement {
    /// The layout version.
    #[n(1)]
    pub version: u8,
    /// The vault.
    #[n(2)]
    pub vault: VaultId,
    /// Its PSD number.
    #[n(3)]
    pub psd: PsdId,
    /// Ascending register.
    #[n(4)]
    pub ascending: Mills,
    /// Descending register.
    #[n(5)]
    pub descending: Mills,
    /// Control total.
    #[n(6)]
    pub control_total: Mills,
    /// Piece count.
    #[n(7)]
    pub pieces: u64,
    /// The last grant consumed.
    #[n(8)]
    pub last_grant: u64,
    /// Grants burned by a withdrawal.
    #[n(9)]
    pub burned: Vec<u64>,
    /// The vault's state, as [`state_number`] numbers it.
    #[n(10)]
    pub state: u8,
    /// Journal records.
    #[n(11)]
    pub journal_size: u64,
    /// The journal's Merkle root.
    #[cbor(n(12), with = "minicbor::bytes")]
    pub journal_root: [u8; 32],
    /// The station's time.
    #[n(13)]
    pub time: UnixSeconds,
    /// Echoed by the receipt, so that an old receipt cannot be played again.
    #[cbor(n(14), with = "minicbor::bytes")]
    pub nonce: [u8; 16],
    /// Whether the vault has ended.
    #[n(15)]
    pub is_final: bool,
}

impl RegisterStatement {
    /// What `vault` says of itself at `now`.
    #[must_use]
    pub fn of(vault: &Vault, journal_root: [u8; 32], now: UnixSeconds, nonce: [u8; 16]) -> Self {
        let registers = vault.registers();
        let state = vault.state(now);
        Self {
            version: VERSION,
            vault: vault.id(),
            psd: vault.psd(),
            ascending: registers.ascending(),
            descending: registers.descending(),
            control_total: registers.control_total(),
            pieces: registers.pieces(),
            last_grant: vault.last_grant(),
            burned: Vec::new(),
            state: state_number(state),
            journal_size: vault.journal_size(),
            journal_root,
            time: now,
            nonce,
            is_final: state == VaultState::Withdrawn,
        }
    }

    /// The registers, when they add up.
    #[must_use]
    pub fn registers(&self) -> Option<Registers> {
        Registers::checked(
            self.ascending,
            self.descending,
            self.control_total,
            self.pieces,
        )
        .ok()
    }
}

/// The number of a state in a statement.
#[must_use]
pub const fn state_number(state: VaultState) -> u8 {
    match state {
        VaultState::New => 1,
        VaultState::Active => 2,
        VaultState::Warned => 3,
        VaultState::Locked => 4,
        VaultState::Frozen => 5,
        VaultState::Withdrawn => 6,
    }
}

/// What a refill is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum RefillKind {
    /// Value and a new key.
    #[n(1)]
    Refill,
    /// Only a new key; the amount is 0.
    #[n(2)]
    Renewal,
    /// Value and a new key, asked for by the station itself because little was left.
    #[n(3)]
    Automatic,
}

/// Asks for value or a new key (G).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RefillRequest {
    /// The layout version.
    #[n(1)]
    pub version: u8,
    /// Chosen by the station; asking again with the same id is safe.
    #[n(2)]
    pub refill: RefillId,
    /// The grant asked for: last consumed + 1.
    #[n(3)]
    pub number: u64,
    /// Refill or renewal.
    #[n(4)]
    pub kind: RefillKind,
    /// The amount; 0 for a renewal.
    #[n(5)]
    pub amount: Mills,
    /// The vault as it stands.
    #[n(6)]
    pub statement: RegisterStatement,
    /// The key of the next grant.
    #[n(7)]
    pub next_key: Point,
    /// Proof of possession: ES256 by the next key over [`possession_input`].
    #[cbor(n(8), with = "minicbor::bytes")]
    pub possession: [u8; 64],
    /// Consistency of the stated journal with the last accepted one.
    #[n(9)]
    pub consistency: ProofHashes,
}

/// What the proof of possession signs.
#[must_use]
pub fn possession_input(refill: RefillId, next_key: &Point) -> Vec<u8> {
    [POSSESSION_CONTEXT, refill.bytes(), &next_key.0].concat()
}

impl RefillRequest {
    /// Sealed and signed.
    pub const LEVEL: Level = Level::L3;
    /// Its content type.
    pub const CONTENT: ContentType = ContentType::RefillRequest;
}

impl Request for RefillRequest {
    const SERVICE: ServiceId = ServiceId::Funds;
    const LEVEL: Level = Self::LEVEL;
    const STATES: bool = true;
    type Reply = RefillReply;
}

/// The data center's decision on a refill, with a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RefillReply {
    /// The layout version.
    #[n(1)]
    pub version: u8,
    /// The refill decided on.
    #[n(2)]
    pub refill: RefillId,
    /// The grant, when it was granted.
    #[n(3)]
    pub grant: Option<Grant>,
    /// Why not, when it was not.
    #[n(4)]
    pub refusal: Option<RefillRefusal>,
    /// The receipt that every authenticated contact carries.
    #[n(5)]
    pub receipt: Receipt,
    /// Where the decision stands in the data center's journal.
    #[n(6)]
    pub leaf: Leaf,
    /// The customer account afterwards.
    #[n(7)]
    pub account: AccountLine,
}

/// A place in the data center's journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Leaf {
    /// The record's number, from 0.
    #[n(1)]
    pub index: u64,
    /// Its leaf hash.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub hash: [u8; 32],
}

/// What the clerk is told about the customer account.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AccountLine {
    /// The account's name.
    #[n(1)]
    pub name: String,
    /// What is available for refills.
    #[n(2)]
    pub available: Mills,
}

/// Value, absolute: the control total after it (G).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Grant {
    /// The layout version.
    #[n(1)]
    pub version: u8,
    /// The vault.
    #[n(2)]
    pub vault: VaultId,
    /// The grant's number.
    #[n(3)]
    pub number: u64,
    /// The refill it answers.
    #[n(4)]
    pub refill: RefillId,
    /// The control total before.
    #[n(5)]
    pub control_total_old: Mills,
    /// What it adds.
    #[n(6)]
    pub amount: Mills,
    /// The control total after.
    #[n(7)]
    pub control_total_new: Mills,
    /// The ascending register the data center knew.
    #[n(8)]
    pub ascending_base: Mills,
    /// The journal size it rests on.
    #[n(9)]
    pub base_size: u64,
    /// The journal root it rests on.
    #[cbor(n(10), with = "minicbor::bytes")]
    pub base_root: [u8; 32],
    /// When it was decided.
    #[n(11)]
    pub issued: UnixSeconds,
    /// The most one piece may cost.
    #[n(12)]
    pub max_piece: Mills,
    /// The most the descending register may hold.
    #[n(13)]
    pub max_descending: Mills,
    /// The indicium certificate of the next key, DER.
    #[cbor(n(14), with = "minicbor::bytes")]
    pub certificate: Vec<u8>,
}

impl Grant {
    /// What the grant changes in the vault, with the key its certificate names.
    #[must_use]
    pub const fn terms(&self, key: KeyTerms) -> GrantTerms {
        GrantTerms {
            number: self.number,
            refill: self.refill,
            control_total_old: self.control_total_old,
            amount: self.amount,
            control_total_new: self.control_total_new,
            ascending_base: self.ascending_base,
            max_piece: self.max_piece,
            max_descending: self.max_descending,
            key,
        }
    }
}
