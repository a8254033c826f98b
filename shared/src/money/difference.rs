//! How much more or less one amount is than another.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Mills, MillsSum, MoneyError};

/// What something costs more or, below zero, less, in mills. Nothing is booked by it: registers and
/// ledger only know amounts.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Difference(i64);

impl Difference {
    /// From one amount to another.
    #[must_use]
    pub fn between(before: Mills, after: Mills) -> Self {
        Self::between_sums(before.into(), after.into())
    }

    /// From one sum to another; a difference that no number holds is the largest there is.
    #[must_use]
    pub fn between_sums(before: MillsSum, after: MillsSum) -> Self {
        let difference = i128::from(after.mills()) - i128::from(before.mills());
        let end = if difference < 0 { i64::MIN } else { i64::MAX };
        Self(i64::try_from(difference).unwrap_or(end))
    }

    /// Mills, below zero for less.
    #[must_use]
    pub const fn mills(self) -> i64 {
        self.0
    }

    /// The same for so many pieces.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] when no number holds it.
    pub fn times(self, count: u64) -> Result<Self, MoneyError> {
        let product = i128::from(self.0) * i128::from(count);
        let product = i64::try_from(product).map_err(|_| MoneyError::TooLarge)?;
        Ok(Self(product))
    }

    /// How much it is, whether more or less.
    #[must_use]
    pub const fn size(self) -> MillsSum {
        MillsSum::new(self.0.unsigned_abs())
    }
}

impl fmt::Display for Difference {
    /// Writes the sign always: `+0.04`, `-1.20`, and `0.00` for none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.0 {
            0 => "",
            1.. => "+",
            i64::MIN..0 => "-",
        };
        // As one text, so that a width pads it whole.
        f.pad(&format!("{sign}{}", self.size()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_says_its_sign() {
        let mills = |mills| Mills::new(mills).unwrap();
        let written = |before, after| Difference::between(mills(before), mills(after)).to_string();
        assert_eq!(written(780, 820), "+0.04");
        assert_eq!(written(820, 780), "-0.04");
        assert_eq!(written(820, 820), "0.00");
        assert_eq!(written(0, 5), "+0.005");
        let each = Difference::between(mills(820), mills(780));
        assert_eq!(each.times(3).unwrap().mills(), -120);
        assert_eq!(each.times(u64::MAX), Err(MoneyError::TooLarge));
        let most = Difference::between_sums(MillsSum::ZERO, MillsSum::MOST);
        assert_eq!(most.mills(), i64::MAX);
    }
}
