//! What an admin is shown of payments.

use std::fmt;

use serde::{Deserialize, Serialize};
use shared::ids::AccountId;
use shared::money::Mills;

use crate::services::accounts::bank::matching::Rule;
use crate::services::accounts::bank::store::StoredPayment;

/// What an import came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportView {
    /// Payments in the file.
    pub payments: usize,
    /// Booked now.
    pub booked: u32,
    /// Their sum, mills.
    pub booked_mills: Mills,
    /// Known from an earlier file.
    pub known: u32,
    /// Waiting for an account.
    pub unmatched: u32,
    /// Their sum, mills.
    pub unmatched_mills: Mills,
    /// Entries that are no payments that came in.
    pub passed_over: u32,
}

/// One payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentView {
    /// Its number.
    pub payment: String,
    /// The day the bank booked it, ISO; empty when the file did not say.
    pub booked: String,
    /// How much, mills.
    pub amount: Mills,
    /// Its currency; empty when the file did not say.
    pub currency: String,
    /// Who paid.
    pub payer: String,
    /// From which bank account.
    pub payer_iban: String,
    /// What they wrote.
    pub text: String,
    /// What the book calls it.
    pub reference: String,
    /// Whose it is.
    pub account: Option<AccountId>,
    /// Which rule found the account.
    pub rule: Option<Rule>,
    /// Why it waits, in words.
    pub note: String,
}

/// Anything about payments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BankView {
    /// A file was taken in.
    Imported(ImportView),
    /// One payment.
    Payment(PaymentView),
    /// A bank account was noted.
    Iban {
        /// The customer account's name.
        name: String,
        /// The bank account.
        iban: String,
    },
}

impl BankView {
    /// Shows a payment.
    #[must_use]
    pub fn payment(stored: StoredPayment) -> Self {
        Self::Payment(PaymentView {
            payment: super::number(&stored.id),
            booked: stored.booked,
            amount: stored.amount,
            currency: stored.currency,
            payer: stored.payer,
            payer_iban: stored.payer_iban,
            text: stored.text,
            reference: stored.reference,
            account: stored.account,
            rule: stored.rule,
            note: stored.note,
        })
    }

    /// The object as one line of JSON.
    pub(in crate::admin) fn json(&self) -> serde_json::Result<String> {
        match self {
            Self::Imported(view) => serde_json::to_string(view),
            Self::Payment(view) => serde_json::to_string(view),
            Self::Iban { name, iban } => {
                serde_json::to_string(&serde_json::json!({ "name": name, "iban": iban }))
            }
        }
    }
}

impl fmt::Display for BankView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Imported(view) => write!(
                f,
                "{} payments: {} booked now ({}), {} before, {} wait for an account ({}).\n\
                 {} other entries were passed over.",
                view.payments,
                view.booked,
                view.booked_mills,
                view.known,
                view.unmatched,
                view.unmatched_mills,
                view.passed_over
            ),
            Self::Payment(view) => payment(f, view),
            Self::Iban { name, iban } => write!(f, "{name} pays from {iban}."),
        }
    }
}

fn payment(f: &mut fmt::Formatter<'_>, view: &PaymentView) -> fmt::Result {
    write!(
        f,
        "{}  {}  {} {}  {} {}\n    {}",
        view.payment,
        view.booked,
        view.amount,
        view.currency,
        view.payer,
        view.payer_iban,
        view.text
    )?;
    match (&view.account, view.rule) {
        (Some(account), Some(rule)) => {
            write!(f, "\n    booked for {account} by {}", rule.word())
        }
        (Some(_) | None, _) if view.note.is_empty() => Ok(()),
        (Some(_) | None, _) => write!(f, "\n    waits: {}", view.note),
    }
}
