//! What a station gives back to a data center that was restored from a backup, or found out that it
//! has forgotten (`protocol.md` L).
//!
//! Called by a station that is told `reconcile`. Level L3, outside of the stream: everything in it
//! was signed before, by the station or by the data center itself, so asking again changes nothing.

use minicbor::{Decode, Encode};

use super::funds::{Receipt, RegisterStatement};
use super::journal::ProofHashes;
use super::witness::Witness;
use super::{Request, ServiceId};
use crate::money::Mills;
use crate::security::Level;
use crate::security::signed::ContentType;

/// The layout version of every message here.
pub const VERSION: u8 = 1;

/// The most grants of one message.
pub const MAX_GRANTS: usize = 8;

/// The most bytes of all grants of one message: with statement, proof, signature and seal it still
/// fits.
pub const MAX_GRANT_BYTES: usize = 11 * 1_024;

/// A grant as the data center signed it, and the header that its signature covers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HeldGrant {
    /// The signed reply to the refill.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub reply: Vec<u8>,
    /// The header of that reply.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub header: Vec<u8>,
}

/// What a station knows and its data center may have forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReconcileRequest {
    /// The layout version.
    #[n(1)]
    pub version: u8,
    /// The vault as it stands.
    #[n(2)]
    pub statement: RegisterStatement,
    /// The size of the journal that the proof leads from: the last one the data center knows.
    #[n(3)]
    pub from: u64,
    /// Consistency of the stated journal with that one.
    #[n(4)]
    pub consistency: ProofHashes,
    /// Grants that the data center does not know, in their order; more follow where they do not
    /// fit.
    #[n(5)]
    pub grants: Vec<HeldGrant>,
    /// The head of the data center's own journal that it keeps.
    #[n(6)]
    pub witness: Witness,
}

impl ReconcileRequest {
    /// Its content type.
    pub const CONTENT: ContentType = ContentType::ReconcileRequest;
}

impl Request for ReconcileRequest {
    const SERVICE: ServiceId = ServiceId::Funds;
    const LEVEL: Level = Level::L3;
    type Reply = ReconcileReply;
}

/// What the data center knows now.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReconcileReply {
    /// The layout version.
    #[n(1)]
    pub version: u8,
    /// Journal records accepted: from there the next proof leads.
    #[n(2)]
    pub accepted: u64,
    /// The last grant it knows: those after it are wanted.
    #[n(3)]
    pub last_grant: u64,
    /// The receipt, once nothing is missing.
    #[n(4)]
    pub receipt: Option<Receipt>,
    /// What the account lacks for a grant that was made: its deposits are imported first.
    #[n(5)]
    pub lacking: Option<Mills>,
}
