//! What an admin is shown about money beside deposits and refills.

use std::fmt;

use serde::{Deserialize, Serialize};
use shared::ids::AccountId;
use shared::money::Mills;

use super::refunds::{RefundView, ScanView, StopView};

/// A payment that the bank took back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedPaymentView {
    /// The account.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// How much was taken back, mills.
    pub amount: Mills,
    /// The reference the payment was booked under.
    pub reference: String,
    /// What the account holds now, mills.
    pub balance: Mills,
    /// What the customer owes now, mills.
    pub owed: Mills,
    /// What is to be paid before the account is refilled from again, mills.
    pub outstanding: Mills,
    /// Whether it had been booked before.
    pub repeated: bool,
}

/// Money paid back to a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayOutView {
    /// The account.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// How much, mills.
    pub amount: Mills,
    /// The bank's reference.
    pub reference: String,
    /// What the account holds now, mills.
    pub balance: Mills,
    /// Whether it had been booked before.
    pub repeated: bool,
}

/// What an account allows its stations to refill by themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutomaticRefillView {
    /// The account.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// The most a day for all its stations, mills; nothing when it allows none.
    pub daily_cap: Option<Mills>,
}

/// Anything that is shown about money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MoneyView {
    /// A payment that the bank took back.
    ReturnedPayment(ReturnedPaymentView),
    /// Money paid back to a customer.
    PayOut(PayOutView),
    /// What an account allows its stations to refill by themselves.
    AutomaticRefill(AutomaticRefillView),
    /// A claim for a spoiled piece.
    Refund(RefundView),
    /// What a file of scans has led to.
    Scan(ScanView),
    /// A piece that must not be accepted.
    Stop(StopView),
}

impl MoneyView {
    /// The object as one line of JSON.
    ///
    /// # Errors
    /// None in practice: views have only texts and numbers.
    pub fn json(&self) -> serde_json::Result<String> {
        match self {
            Self::ReturnedPayment(view) => serde_json::to_string(view),
            Self::PayOut(view) => serde_json::to_string(view),
            Self::AutomaticRefill(view) => serde_json::to_string(view),
            Self::Refund(view) => serde_json::to_string(view),
            Self::Scan(view) => serde_json::to_string(view),
            Self::Stop(view) => serde_json::to_string(view),
        }
    }
}

impl fmt::Display for MoneyView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReturnedPayment(view) => returned_payment(f, view),
            Self::PayOut(view) => write!(
                f,
                "{} paid back to {} ({}) {}. The account holds {}.",
                view.amount,
                view.name,
                view.reference,
                booked(view.repeated),
                view.balance
            ),
            Self::Refund(view) => view.fmt(f),
            Self::Scan(view) => view.fmt(f),
            Self::Stop(view) => f.write_str(&view.identity),
            Self::AutomaticRefill(view) => match view.daily_cap {
                Some(cap) => write!(
                    f,
                    "The stations of {} may refill by themselves up to {cap} a day.",
                    view.name
                ),
                None => write!(
                    f,
                    "The stations of {} are refilled only when somebody asks.",
                    view.name
                ),
            },
        }
    }
}

const fn booked(repeated: bool) -> &'static str {
    if repeated {
        "had been booked before; nothing was changed"
    } else {
        "booked"
    }
}

fn returned_payment(f: &mut fmt::Formatter<'_>, view: &ReturnedPaymentView) -> fmt::Result {
    write!(
        f,
        "{} of {} ({}) taken back by the bank: {}. The account holds {}",
        view.amount,
        view.name,
        view.reference,
        booked(view.repeated),
        view.balance
    )?;
    if !view.owed.is_zero() {
        write!(f, " and owes {}", view.owed)?;
    }
    if view.outstanding.is_zero() {
        write!(f, ".\nIts stations may be refilled.")
    } else {
        write!(
            f,
            ".\nIts stations are not refilled until {} more are paid.",
            view.outstanding
        )
    }
}
