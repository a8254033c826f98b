//! Why a refill was refused.

use minicbor::{Decode, Encode};

/// Why a refill was refused. Stored and final, but for `Busy` and `Reconcile`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum RefillRefusal {
    /// The customer account does not cover it.
    #[n(1)]
    InsufficientFunds,
    /// A payment of the customer was returned and is not paid yet.
    #[n(2)]
    AccountLocked,
    /// The station is locked or withdrawn.
    #[n(3)]
    StationLocked,
    /// More than the vault may hold.
    #[n(4)]
    TooMuchValue,
    /// Not the next grant, or registers that do not fit the data center's.
    #[n(5)]
    WrongStatement,
    /// The amount is 0, or not 0 for a renewal.
    #[n(6)]
    WrongAmount,
    /// Undecided: the data center was restored and compares its books first.
    #[n(7)]
    Reconcile,
    /// Undecided: too much to do.
    #[n(8)]
    Busy,
    /// The customer has not allowed automatic refills.
    #[n(9)]
    NotAutomatic,
    /// The automatic refills of the customer have reached what it allows in a day.
    #[n(10)]
    DailyCap,
}

impl RefillRefusal {
    /// The refusal's stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::InsufficientFunds => "account_insufficient_funds",
            Self::AccountLocked => "account_locked",
            Self::StationLocked => "station_locked",
            Self::TooMuchValue => "too_much_value",
            Self::WrongStatement => "wrong_statement",
            Self::WrongAmount => "wrong_amount",
            Self::Reconcile => "reconcile",
            Self::Busy => "busy",
            Self::NotAutomatic => "not_automatic",
            Self::DailyCap => "daily_cap",
        }
    }

    /// Whether the data center has decided for good.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Reconcile | Self::Busy => false,
            Self::InsufficientFunds
            | Self::AccountLocked
            | Self::StationLocked
            | Self::TooMuchValue
            | Self::WrongStatement
            | Self::WrongAmount
            | Self::NotAutomatic
            | Self::DailyCap => true,
        }
    }
}
