//! The four registers of a vault and their one invariant.

use minicbor::{Decode, Encode};

use crate::money::{Mills, MoneyError};

/// Ascending, descending and control total, and the count of pieces.
///
/// Invariant, held by every constructor and every transition: ascending + descending = control
/// total. The fields are private, so that nothing outside this file can break it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Registers {
    #[n(1)]
    ascending: Mills,
    #[n(2)]
    descending: Mills,
    #[n(3)]
    control_total: Mills,
    #[n(4)]
    pieces: u64,
}

impl Registers {
    /// Takes registers read from a row, a record or a message.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] when ascending + descending is not the control total.
    pub fn checked(
        ascending: Mills,
        descending: Mills,
        control_total: Mills,
        pieces: u64,
    ) -> Result<Self, MoneyError> {
        if ascending.plus(descending)? != control_total {
            return Err(MoneyError::TooLarge);
        }
        Ok(Self {
            ascending,
            descending,
            control_total,
            pieces,
        })
    }

    /// Value printed in the vault's life; never falls.
    #[must_use]
    pub const fn ascending(&self) -> Mills {
        self.ascending
    }

    /// Value left.
    #[must_use]
    pub const fn descending(&self) -> Mills {
        self.descending
    }

    /// The sum of all refills.
    #[must_use]
    pub const fn control_total(&self) -> Mills {
        self.control_total
    }

    /// Pieces debited in the vault's life; never falls.
    #[must_use]
    pub const fn pieces(&self) -> u64 {
        self.pieces
    }

    /// Whether the equation of the registers holds; false only for decoded rows.
    #[must_use]
    pub fn hold(&self) -> bool {
        self.ascending.plus(self.descending) == Ok(self.control_total)
    }

    /// The registers after a debit.
    ///
    /// # Errors
    /// [`MoneyError::BelowZero`] when descending is less than the postage.
    pub(super) fn debit(&self, postage: Mills) -> Result<Self, MoneyError> {
        let after = Self {
            ascending: self.ascending.plus(postage)?,
            descending: self.descending.minus(postage)?,
            control_total: self.control_total,
            pieces: self.pieces.checked_add(1).ok_or(MoneyError::TooLarge)?,
        };
        assert!(
            after.hold(),
            "a debit moves value from descending to ascending"
        );
        Ok(after)
    }

    /// The registers after a refill.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] when the registers cannot hold the value.
    pub(super) fn refill(&self, amount: Mills) -> Result<Self, MoneyError> {
        let after = Self {
            ascending: self.ascending,
            descending: self.descending.plus(amount)?,
            control_total: self.control_total.plus(amount)?,
            pieces: self.pieces,
        };
        assert!(
            after.hold(),
            "a refill raises descending and control total alike"
        );
        Ok(after)
    }

    /// The registers after a withdrawal: what was left is paid back.
    pub(super) fn withdraw(&self) -> Self {
        let after = Self {
            ascending: self.ascending,
            descending: Mills::ZERO,
            control_total: self.ascending,
            pieces: self.pieces,
        };
        assert!(after.hold(), "a withdrawal leaves nothing to descend");
        after
    }
}
