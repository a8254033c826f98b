//! The journal record of `protocol.md` H: one per transition, chained by SHA-256.

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use super::action::Action;
use super::registers::Registers;
use crate::clock::UnixSeconds;
use crate::ids::VaultId;
use crate::money::Mills;
use crate::wire::{from_cbor, to_cbor};

/// The longest user name in a record, bytes.
pub const MAX_USER_BYTES: usize = 64;

/// The largest encoded record, bytes: every body is far smaller.
pub const MAX_RECORD_BYTES: usize = 1_024;

/// The layout version of a record.
const VERSION: u8 = 1;

/// Where the chain of a new journal begins.
pub const GENESIS: [u8; 32] = [0; 32];

/// One record of a vault's journal.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct JournalRecord {
    #[n(1)]
    version: u8,
    /// Which journal: the vault's own id.
    #[n(2)]
    pub log: VaultId,
    /// The record's number, from 0; also its leaf index in the Merkle tree.
    #[n(3)]
    pub sequence: u64,
    /// SHA-256 of the record before; [`GENESIS`] for the first.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub previous: [u8; 32],
    /// When, by the vault's own never falling time.
    #[n(5)]
    pub time: UnixSeconds,
    /// Who: a user of the station, or `station` for what it does by itself.
    #[n(6)]
    pub user: String,
    #[n(7)]
    kind: u8,
    #[cbor(n(8), with = "minicbor::bytes")]
    body: Vec<u8>,
    #[n(9)]
    ascending: Mills,
    #[n(10)]
    descending: Mills,
    #[n(11)]
    control_total: Mills,
    #[n(12)]
    pieces: u64,
}

/// Why bytes are not a journal record.
#[derive(Debug, thiserror::Error)]
pub enum RecordFault {
    /// Longer than [`MAX_RECORD_BYTES`].
    #[error("the journal record is longer than {MAX_RECORD_BYTES} bytes")]
    TooLong,
    /// Not the CBOR of a record.
    #[error("the journal record cannot be read")]
    NotARecord(#[source] minicbor::decode::Error),
    /// A layout this program does not know.
    #[error("the journal record has layout {0}, this program knows {VERSION}")]
    UnknownVersion(u8),
    /// The registers in the record break their own equation.
    #[error("the registers of the journal record do not add up")]
    BrokenRegisters,
}

impl JournalRecord {
    /// Writes down a transition and the registers after it.
    pub(super) fn new(
        (log, sequence, previous): (VaultId, u64, [u8; 32]),
        time: UnixSeconds,
        user: &str,
        action: &Action,
        after: &Registers,
    ) -> Self {
        Self {
            version: VERSION,
            log,
            sequence,
            previous,
            time,
            user: user.to_owned(),
            kind: action.kind(),
            body: action.body(),
            ascending: after.ascending(),
            descending: after.descending(),
            control_total: after.control_total(),
            pieces: after.pieces(),
        }
    }

    /// The record's bytes: what is hashed, stored and sent.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        to_cbor(self)
    }

    /// Reads a record's bytes.
    ///
    /// # Errors
    /// See [`RecordFault`].
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordFault> {
        if bytes.len() > MAX_RECORD_BYTES {
            return Err(RecordFault::TooLong);
        }
        let record: Self = from_cbor(bytes).map_err(RecordFault::NotARecord)?;
        if record.version != VERSION {
            return Err(RecordFault::UnknownVersion(record.version));
        }
        record.registers()?;
        Ok(record)
    }

    /// What happened.
    ///
    /// # Errors
    /// [`RecordFault::NotARecord`] when kind and body do not fit.
    pub fn action(&self) -> Result<Action, RecordFault> {
        Action::from_body(self.kind, &self.body).map_err(RecordFault::NotARecord)
    }

    /// The registers after it.
    ///
    /// # Errors
    /// [`RecordFault::BrokenRegisters`] when they do not add up.
    pub fn registers(&self) -> Result<Registers, RecordFault> {
        Registers::checked(
            self.ascending,
            self.descending,
            self.control_total,
            self.pieces,
        )
        .map_err(|_| RecordFault::BrokenRegisters)
    }
}

/// SHA-256 of a record's bytes: the `previous` of the next one.
#[must_use]
pub fn record_hash(record: &[u8]) -> [u8; 32] {
    Sha256::digest(record).into()
}
