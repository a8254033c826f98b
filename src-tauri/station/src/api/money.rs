//! What may be asked and is shown about money.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A refill.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct RefillCall {
    /// The amount as typed, for example `50.00`.
    pub amount: String,
}

/// A claim for a spoiled piece.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct RefundCall {
    /// The piece's serial.
    pub serial: String,
}

/// Whether the station refills by itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
pub struct AutomaticRefillCall {
    /// When and how much; nothing means never.
    pub plan: Option<AutomaticRefillPlan>,
}

/// Refills the station asks for by itself; amounts as typed.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct AutomaticRefillPlan {
    /// When less than this is left.
    pub below: String,
    /// So much is asked for.
    pub amount: String,
    /// At most so much a day.
    pub daily_cap: String,
}

/// The end of a station.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct WithdrawCall {
    /// The station's PSD number, as a proof that this station is meant.
    pub station: String,
}

/// Refills the station asks for by itself.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct AutomaticRefillView {
    /// When less than this is left, mills.
    #[ts(type = "number")]
    pub below_mills: u64,
    /// So much is asked for, mills.
    #[ts(type = "number")]
    pub amount_mills: u64,
    /// At most so much a day, mills.
    #[ts(type = "number")]
    pub daily_cap_mills: u64,
    /// What was refilled so today, mills.
    #[ts(type = "number")]
    pub today_mills: u64,
    /// Why it was refused today; it is asked again tomorrow.
    pub refused: Option<String>,
}

/// The end of the vault.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct WithdrawalView {
    /// Whether the data center has answered the final statement.
    pub stated: bool,
    /// What the vault gave back, mills; nothing while it lives.
    #[ts(type = "number | null")]
    pub returned_mills: Option<u64>,
    /// What of it the account has at once, for refills only, mills.
    #[ts(type = "number | null")]
    pub credited_mills: Option<u64>,
    /// What is held, mills.
    #[ts(type = "number | null")]
    pub held_mills: Option<u64>,
    /// Until when, Unix seconds.
    #[ts(type = "number | null")]
    pub hold_until: Option<i64>,
}

/// The claim of a spoiled piece.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct RefundView {
    /// `asked`, `claimed`, `provisional`, `final`, `reversed` or `refused`.
    pub state: String,
    /// What that means, in a sentence.
    pub message: String,
    /// When a credit becomes final, Unix seconds.
    #[ts(type = "number | null")]
    pub final_at: Option<i64>,
}
