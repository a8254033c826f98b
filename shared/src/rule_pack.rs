//! The rules of a country's post that are data and not code: windows and limits of refunds.
//!
//! One JSON file per country under `shared/data/rules`; a provider replaces numbers, not code.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::money::Mills;

/// The rules of the United States (60 days from the printed date for a meter's misprints).
static US: LazyLock<RulePack> = LazyLock::new(|| {
    RulePack::from_json(include_str!("../data/rules/us.json"))
        .expect("a test reads the committed rules")
});

/// The numbers of one country.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulePack {
    /// The country, two letters.
    pub country: String,
    /// A misprint can be claimed so many days after its printed date.
    pub refund_claim_days: i64,
    /// A refund is final so many days after the printed date if the piece was never scanned.
    pub refund_final_days: i64,
    /// The most one piece is credited at once for; above it a second person decides.
    #[serde(rename = "refund_piece_mills")]
    pub refund_piece: Mills,
    /// What an account's refunds may come to at once in a window, however little it posts.
    #[serde(rename = "refund_floor_mills")]
    pub refund_floor: Mills,
    /// What an account's refunds may come to at once, in thousandths of the window's postage.
    pub refund_postage_permille: u64,
    /// The window of the two limits above, days.
    pub refund_window_days: i64,
    /// What withdrawals of one account may be credited at once in a window; the rest is held.
    #[serde(rename = "withdrawal_instant_mills")]
    pub withdrawal_instant: Mills,
    /// The window of the limit above, days.
    pub withdrawal_window_days: i64,
}

impl RulePack {
    /// Reads a country's file.
    ///
    /// # Errors
    /// When a number is missing, unknown or no amount.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// The rules of the United States.
    #[must_use]
    pub fn us() -> &'static Self {
        &US
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_rules_are_those_of_the_trade() {
        let us = RulePack::us();
        assert_eq!((us.country.as_str(), us.refund_claim_days), ("US", 60));
        assert_eq!(us.refund_piece.to_string(), "20.00");
        assert_eq!(us.withdrawal_instant.to_string(), "100.00");
    }

    #[test]
    fn rules_with_a_number_missing_or_too_many_are_refused() {
        let text = include_str!("../data/rules/us.json");
        assert!(RulePack::from_json(&text.replace("refund_floor_mills", "floor")).is_err());
        assert!(RulePack::from_json(&text.replacen('{', "{\"more\":1,", 1)).is_err());
    }
}
