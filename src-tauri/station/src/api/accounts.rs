//! Calls and views of postal account management: cost centres and their budgets.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The open cost centres of the account, by name; none where the account has none.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct CentresView {
    /// The cost centres.
    pub centres: Vec<CentreView>,
}

/// One cost centre.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct CentreView {
    /// Its number.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What may be spent on it, and what is.
    pub budgets: Vec<BudgetView>,
}

/// One budget and how far it is spent.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct BudgetView {
    /// `month`, `quarter` or `year`.
    pub period: String,
    /// What may be spent, mills.
    #[ts(type = "number")]
    pub budget_mills: u64,
    /// What is spent, here and, as of the last contact, elsewhere, mills.
    #[ts(type = "number")]
    pub spent_mills: u64,
}
