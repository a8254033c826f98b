//! The journal records of the data center (`protocol.md` H, without a vault's registers).

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};
use shared::clock::UnixSeconds;
use shared::ids::DataCenterId;
use shared::money::Mills;

use super::book::{KEY_BYTES, LedgerAccount, Transfer, TransferId, TransferKind};

/// The largest encoded record, bytes: a grant with its certificate fits.
pub const MAX_RECORD_BYTES: usize = 4_096;

/// The longest user name in a record, bytes.
pub const MAX_USER_BYTES: usize = 64;

/// Where the chain begins.
pub const GENESIS: [u8; 32] = [0; 32];

const VERSION: u8 = 1;

/// What a record tells. The numbers are never used again for another meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// The data center, or its life after a restore, begins.
    Epoch,
    /// Money moved; the body is the transfer.
    Transfer,
    /// A station was enrolled, locked, withdrawn; the body names it.
    Station,
    /// A refill or renewal was decided; the body is the decision.
    Refill,
    /// A role of the repository was published; the body names role, version and SHA-256.
    Published,
    /// A signed statement or evidence of a station was taken in.
    Statement,
    /// An account's tree was changed; the body is the change and the node as it is since.
    Account,
    /// Two admins approved something; the body is what they signed.
    Approval,
    /// A signing key was announced, or a CA installed; the body is its signed notice or its
    /// certificate.
    Key,
}

impl RecordKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Epoch,
        Self::Transfer,
        Self::Station,
        Self::Refill,
        Self::Published,
        Self::Statement,
        Self::Account,
        Self::Approval,
        Self::Key,
    ];

    /// The number under which the kind is stored.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Epoch => 1,
            Self::Transfer => 2,
            Self::Station => 3,
            Self::Refill => 4,
            Self::Published => 5,
            Self::Statement => 6,
            Self::Account => 16,
            Self::Approval => 7,
            Self::Key => 20,
        }
    }

    /// The kind as a word, for exports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Epoch => "epoch",
            Self::Transfer => "transfer",
            Self::Station => "station",
            Self::Refill => "refill",
            Self::Published => "published",
            Self::Statement => "statement",
            Self::Account => "account",
            Self::Approval => "approval",
            Self::Key => "key",
        }
    }

    /// Reads a stored number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

/// One record of the data center's journal, as deterministic CBOR.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LedgerRecord {
    #[n(1)]
    version: u8,
    /// Which journal: the data center's id.
    #[n(2)]
    pub log: DataCenterId,
    /// The record's number, from 0; also its leaf index in the Merkle tree.
    #[n(3)]
    pub sequence: u64,
    /// SHA-256 of the record before; [`GENESIS`] for the first.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub previous: [u8; 32],
    /// When, by the data center's clock.
    #[n(5)]
    pub time: UnixSeconds,
    /// Who: a station, `admin`, or `data center` for what it does by itself.
    #[n(6)]
    pub user: String,
    #[n(7)]
    kind: u8,
    /// What, by kind.
    #[cbor(n(8), with = "minicbor::bytes")]
    pub body: Vec<u8>,
}

/// Why stored bytes are no record of this journal.
#[derive(Debug, thiserror::Error)]
pub enum RecordFault {
    /// Longer than [`MAX_RECORD_BYTES`].
    #[error("the journal record is longer than {MAX_RECORD_BYTES} bytes")]
    TooLong,
    /// Not the CBOR of a record or of its body.
    #[error("the journal record cannot be read")]
    NotARecord(#[source] minicbor::decode::Error),
    /// A layout or kind this program does not know.
    #[error("the journal record has an unknown layout or kind")]
    Unknown,
}

impl LedgerRecord {
    /// Writes down what happened.
    pub(super) fn new(
        (log, sequence, previous): (DataCenterId, u64, [u8; 32]),
        time: UnixSeconds,
        user: &str,
        kind: RecordKind,
        body: Vec<u8>,
    ) -> Self {
        Self {
            version: VERSION,
            log,
            sequence,
            previous,
            time,
            user: user.to_owned(),
            kind: kind.number(),
            body,
        }
    }

    /// The record's bytes: what is hashed and stored.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("writing to memory does not fail")
    }

    /// Reads a record's bytes.
    ///
    /// # Errors
    /// See [`RecordFault`].
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordFault> {
        if bytes.len() > MAX_RECORD_BYTES {
            return Err(RecordFault::TooLong);
        }
        let record: Self = minicbor::decode(bytes).map_err(RecordFault::NotARecord)?;
        if record.version != VERSION || RecordKind::from_number(record.kind).is_none() {
            return Err(RecordFault::Unknown);
        }
        Ok(record)
    }

    /// What kind of thing happened.
    ///
    /// # Errors
    /// [`RecordFault::Unknown`] when this program does not know the kind.
    pub fn kind(&self) -> Result<RecordKind, RecordFault> {
        RecordKind::from_number(self.kind).ok_or(RecordFault::Unknown)
    }
}

/// SHA-256 of a record's bytes: the `previous` of the next one.
#[must_use]
pub fn record_hash(record: &[u8]) -> [u8; 32] {
    Sha256::digest(record).into()
}

/// The body of a transfer's record.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(super) struct TransferBody {
    #[cbor(n(0), with = "minicbor::bytes")]
    id: [u8; 16],
    #[cbor(n(1), with = "minicbor::bytes")]
    debit: [u8; KEY_BYTES],
    #[cbor(n(2), with = "minicbor::bytes")]
    credit: [u8; KEY_BYTES],
    #[n(3)]
    amount: Mills,
    #[n(4)]
    kind: u8,
    #[n(5)]
    reference: String,
    #[cbor(n(6), with = "minicbor::bytes")]
    request_hash: [u8; 32],
}

impl TransferBody {
    pub(super) fn encode(transfer: &Transfer) -> Vec<u8> {
        let body = Self {
            id: *transfer.id.bytes(),
            debit: transfer.debit.key(),
            credit: transfer.credit.key(),
            amount: transfer.amount,
            kind: transfer.kind.number(),
            reference: transfer.reference.clone(),
            request_hash: transfer.request_hash,
        };
        minicbor::to_vec(body).expect("writing to memory does not fail")
    }
}

impl LedgerRecord {
    /// The transfer that a record of kind [`RecordKind::Transfer`] tells of.
    ///
    /// # Errors
    /// [`RecordFault`] when the body is not a transfer.
    pub fn transfer(&self) -> Result<Transfer, RecordFault> {
        let body: TransferBody = minicbor::decode(&self.body).map_err(RecordFault::NotARecord)?;
        let account = |key| LedgerAccount::from_key(&key).ok_or(RecordFault::Unknown);
        Ok(Transfer {
            id: TransferId::from_bytes(body.id),
            debit: account(body.debit)?,
            credit: account(body.credit)?,
            amount: body.amount,
            kind: TransferKind::from_number(body.kind).ok_or(RecordFault::Unknown)?,
            reference: body.reference,
            request_hash: body.request_hash,
            user: self.user.clone(),
            now: self.time,
        })
    }
}
