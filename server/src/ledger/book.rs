//! The accounts of the book and the ways money may move between them.

use std::fmt;

use sha2::{Digest, Sha256};
use shared::clock::UnixSeconds;
use shared::ids::{AccountId, VaultId};
use shared::money::Mills;

/// Bytes of a ledger account's key: kind and owner.
pub const KEY_BYTES: usize = 17;

/// One account of the double-entry book. Its balance is credits less debits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LedgerAccount {
    /// What came in from customers less what was paid out: the only account that runs below zero
    /// by its nature, together with [`Self::Refunded`] and [`Self::Owed`].
    Cash,
    /// What a customer has paid and not yet moved into a vault.
    Customer(AccountId),
    /// Granted to a vault, not yet known to have arrived.
    InTransit(VaultId),
    /// The descending register, as last stated by the vault.
    Vault(VaultId),
    /// Value of a withdrawn or lost vault that may still turn up on paper.
    Held(VaultId),
    /// The ascending register, as last stated by the vault.
    Printed(VaultId),
    /// What was given back for pieces that were paid and not used.
    Refunded(VaultId),
    /// What a customer owes, as a balance below zero: a returned payment or a reversed refund that
    /// its account did not cover. The next money that comes in settles it.
    Owed(AccountId),
}

impl LedgerAccount {
    /// The key under which the account is stored: its kind, then its owner.
    #[must_use]
    pub fn key(&self) -> [u8; KEY_BYTES] {
        let (kind, owner) = match self {
            Self::Cash => (1, [0; 16]),
            Self::Customer(account) => (2, *account.bytes()),
            Self::InTransit(vault) => (3, *vault.bytes()),
            Self::Vault(vault) => (4, *vault.bytes()),
            Self::Held(vault) => (5, *vault.bytes()),
            Self::Printed(vault) => (6, *vault.bytes()),
            Self::Refunded(vault) => (7, *vault.bytes()),
            Self::Owed(account) => (8, *account.bytes()),
        };
        let mut key = [kind; KEY_BYTES];
        key[1..].copy_from_slice(&owner);
        key
    }

    /// Reads a stored key; nothing when no account has it.
    #[must_use]
    pub fn from_key(key: &[u8; KEY_BYTES]) -> Option<Self> {
        let [kind, owner @ ..] = *key;
        let vault = VaultId::from_bytes(owner);
        Some(match kind {
            1 if owner == [0; 16] => Self::Cash,
            2 => Self::Customer(AccountId::from_bytes(owner)),
            3 => Self::InTransit(vault),
            4 => Self::Vault(vault),
            5 => Self::Held(vault),
            6 => Self::Printed(vault),
            7 => Self::Refunded(vault),
            8 => Self::Owed(AccountId::from_bytes(owner)),
            _ => return None,
        })
    }

    /// Whether its debits may never exceed its credits.
    #[must_use]
    pub const fn is_credit_only(&self) -> bool {
        !matches!(self, Self::Cash | Self::Refunded(_) | Self::Owed(_))
    }

    /// The kind as a word, for reports.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::Customer(_) => "customer",
            Self::InTransit(_) => "in-transit",
            Self::Vault(_) => "vault",
            Self::Held(_) => "held",
            Self::Printed(_) => "printed",
            Self::Refunded(_) => "refunded",
            Self::Owed(_) => "owed",
        }
    }
}

impl fmt::Display for LedgerAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cash => f.write_str("cash"),
            Self::Customer(account) | Self::Owed(account) => {
                write!(f, "{} {account}", self.word())
            }
            Self::InTransit(vault)
            | Self::Vault(vault)
            | Self::Held(vault)
            | Self::Printed(vault)
            | Self::Refunded(vault) => write!(f, "{} {vault}", self.word()),
        }
    }
}

/// Why money moves. Each kind ties down between which accounts it may move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransferKind {
    /// A customer pays in: cash → customer.
    Deposit,
    /// A customer is paid out: customer → cash.
    PayOut,
    /// A refill is granted: customer → in transit.
    Grant,
    /// A vault states that a granted refill has arrived: in transit → vault.
    Arrival,
    /// A vault states what it has printed: vault → printed.
    Printing,
    /// A vault is withdrawn or lost: vault or in transit → held, or at once → customer.
    Withdrawal,
    /// What was held has not turned up on paper: held → customer.
    Release,
    /// What was held has turned up on paper, or its lost station has said so: held → printed.
    Scan,
    /// A paid piece was not used: refunded → customer.
    Refund,
    /// A refunded piece has turned up: customer → refunded, and what it does not hold is owed.
    RefundReversal,
    /// The bank took a payment back: customer → cash, and what it does not hold is owed. With
    /// [`Self::RefundReversal`] the only way a customer comes to owe.
    ReturnedPayment,
    /// Money that came in pays what is owed: customer → owed.
    Settlement,
}

impl TransferKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 12] = [
        Self::Deposit,
        Self::PayOut,
        Self::Grant,
        Self::Arrival,
        Self::Printing,
        Self::Withdrawal,
        Self::Release,
        Self::Scan,
        Self::Refund,
        Self::RefundReversal,
        Self::ReturnedPayment,
        Self::Settlement,
    ];

    /// The number under which the kind is stored. Never used again for another meaning.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Deposit => 1,
            Self::PayOut => 2,
            Self::Grant => 3,
            Self::Arrival => 4,
            Self::Printing => 5,
            Self::Withdrawal => 6,
            Self::Release => 7,
            Self::Scan => 8,
            Self::Refund => 9,
            Self::RefundReversal => 10,
            Self::ReturnedPayment => 11,
            Self::Settlement => 12,
        }
    }

    /// The kind as a word, for exports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::PayOut => "pay-out",
            Self::Grant => "grant",
            Self::Arrival => "arrival",
            Self::Printing => "printing",
            Self::Withdrawal => "withdrawal",
            Self::Release => "release",
            Self::Scan => "scan",
            Self::Refund => "refund",
            Self::RefundReversal => "refund-reversal",
            Self::ReturnedPayment => "returned-payment",
            Self::Settlement => "settlement",
        }
    }

    /// Reads a stored number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// Whether money of this kind may move from `debit` to `credit`. Between two accounts of
    /// vaults it must be the same vault.
    #[must_use]
    pub fn allows(self, debit: &LedgerAccount, credit: &LedgerAccount) -> bool {
        use LedgerAccount::{Cash, Customer, Held, InTransit, Owed, Printed, Refunded, Vault};
        match self {
            Self::Deposit => matches!((debit, credit), (Cash, Customer(_))),
            Self::PayOut => matches!((debit, credit), (Customer(_), Cash)),
            Self::Grant => matches!((debit, credit), (Customer(_), InTransit(_))),
            Self::Arrival => matches!((debit, credit), (InTransit(a), Vault(b)) if a == b),
            Self::Printing => matches!((debit, credit), (Vault(a), Printed(b)) if a == b),
            Self::Withdrawal => match (debit, credit) {
                (Vault(a) | InTransit(a), Held(b)) => a == b,
                (Vault(_) | InTransit(_), Customer(_)) => true,
                (
                    Cash | Customer(_) | InTransit(_) | Vault(_) | Held(_) | Printed(_)
                    | Refunded(_) | Owed(_),
                    _,
                ) => false,
            },
            Self::Release => matches!((debit, credit), (Held(_), Customer(_))),
            Self::Scan => matches!((debit, credit), (Held(a), Printed(b)) if a == b),
            Self::Refund => matches!((debit, credit), (Refunded(_), Customer(_))),
            Self::RefundReversal => {
                matches!((debit, credit), (Customer(_) | Owed(_), Refunded(_)))
            }
            Self::ReturnedPayment => matches!((debit, credit), (Customer(_) | Owed(_), Cash)),
            Self::Settlement => matches!((debit, credit), (Customer(a), Owed(b)) if a == b),
        }
    }
}

/// The identity of one transfer, chosen by the asker so that asking again is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TransferId([u8; 16]);

impl TransferId {
    /// Takes a UUID's 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The UUID's 16 bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The one transfer of this kind that belongs to `cause`, for example a refill id: a UUIDv8
    /// from SHA-256, so that several transfers of one cause have different identities that
    /// everybody can compute again.
    #[must_use]
    pub fn derived(kind: TransferKind, cause: &[u8]) -> Self {
        let hash = Sha256::new()
            .chain_update(b"pb transfer v1")
            .chain_update([kind.number()])
            .chain_update(cause)
            .finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        Self(
            uuid::Builder::from_custom_bytes(bytes)
                .into_uuid()
                .into_bytes(),
        )
    }
}

impl fmt::Display for TransferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid::Uuid::from_bytes(self.0).hyphenated().fmt(f)
    }
}

/// One movement of money from `debit` to `credit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Chosen by the asker; posting the same twice has one effect.
    pub id: TransferId,
    /// Where the money comes from.
    pub debit: LedgerAccount,
    /// Where it goes.
    pub credit: LedgerAccount,
    /// How much; never nothing.
    pub amount: Mills,
    /// Why.
    pub kind: TransferKind,
    /// What the bank, the station or the admin calls it; at most 140 bytes.
    pub reference: String,
    /// SHA-256 of the request that asked for it: the same id with another hash is a conflict.
    pub request_hash: [u8; 32],
    /// Who asked: a station, or `admin`; at most 64 bytes.
    pub user: String,
    /// When.
    pub now: UnixSeconds,
}
