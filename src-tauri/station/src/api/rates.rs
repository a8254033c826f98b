//! Prices as a person reads them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A price and how it came about.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct QuoteView {
    /// The price, mills.
    #[ts(type = "number")]
    pub price_mills: u64,
    /// The rate edition.
    pub edition: String,
    /// The zone, for zoned classes.
    pub zone: Option<u8>,
    /// The price group of the country, for prices that go by it.
    #[serde(default)]
    pub group: Option<u16>,
    /// Whether the zone was estimated by distance.
    pub estimated: bool,
    /// The steps, which add up to the price.
    pub steps: Vec<QuoteStepView>,
    /// What the clerk should know: assumptions and sample tables.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// One step of a price.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct QuoteStepView {
    /// What the step is, in words.
    pub rule: String,
    /// What it adds, mills.
    #[ts(type = "number")]
    pub amount_mills: u64,
    /// The price cell.
    pub cell: String,
    /// Where the cell comes from.
    pub source: String,
}

/// Several ways of sending the same piece.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct OptionsView {
    /// Each way, cheapest first; those that are excluded stand last.
    pub options: Vec<OptionView>,
}

/// One way of sending a piece.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct OptionView {
    /// Its class, as a quote takes it.
    pub class: String,
    /// Its shape, as a quote takes it.
    pub shape: String,
    /// What the clerk calls it.
    pub title: String,
    /// Its price, when it is allowed.
    pub quote: Option<QuoteView>,
    /// Why it is not allowed, when it is not.
    pub excluded: Option<String>,
    /// The stable code of the rule that excludes it.
    #[serde(default)]
    pub code: Option<String>,
    /// The extra services that it can have, as far as their prices are known.
    #[serde(default)]
    pub extras: Vec<ExtraView>,
}

/// An extra service that a way of sending can have.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ExtraView {
    /// Its name, as a quote takes it.
    pub name: String,
    /// What the clerk calls it.
    pub title: String,
    /// What it adds, mills.
    #[ts(type = "number")]
    pub amount_mills: u64,
    /// Others of which one must be there too.
    pub needs: Vec<String>,
    /// Others that must not be there.
    pub excludes: Vec<String>,
}
