//! What a data center serves and under which keys: asked for at level L1 at the beginning of a
//! contact.

use minicbor::{Decode, Encode};

use super::ServiceId;
use super::keys::CenterKeys;
use crate::clock::UnixSeconds;
use crate::ids::DataCenterId;
use crate::security::Level;

/// What every station may know of its data center.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Directory {
    /// The layout version, 1.
    #[n(1)]
    pub version: u8,
    /// The data center.
    #[n(2)]
    pub data_center: DataCenterId,
    /// Its epoch; it rises with every restore from a backup.
    #[n(3)]
    pub epoch: u32,
    /// Its time.
    #[n(4)]
    pub now: UnixSeconds,
    /// Its keys of today.
    #[n(5)]
    pub keys: CenterKeys,
    /// Whom to ring.
    #[n(6)]
    pub support_contact: String,
    /// What it serves, and at which level.
    #[n(7)]
    pub services: Vec<ServiceEntry>,
    /// The Ed25519 key that signs the heads of its journal.
    #[cbor(n(8), with = "minicbor::bytes")]
    pub heads: [u8; 32],
    /// The Ed25519 keys that must both sign the first record of a new epoch.
    #[n(9)]
    pub recovery: [PublicKey; 2],
}

/// An Ed25519 public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct PublicKey(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

/// One service and its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ServiceEntry {
    /// The service.
    #[n(0)]
    pub service: ServiceId,
    /// The level of its requests.
    #[n(1)]
    pub level: Level,
}
