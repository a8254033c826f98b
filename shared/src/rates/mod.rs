//! The rates: what a piece costs, by an edition of the post's prices.
//!
//! An [`Edition`](edition::Edition) is content, fetched and signed; the code here holds no price,
//! no weight limit and no zone. A price is a choice of cells ([`quote::price`]) that can be put
//! into words ([`explain::quote`]); a cell that the edition lacks refuses by its name.

mod additions;
pub mod chart;
mod dates;
mod decimal;
pub mod edition;
pub mod explain;
pub mod goes_to;
pub mod kinds;
mod measures;
pub mod options;
pub mod quote;
pub mod reference;
pub mod refusal;
pub mod rehearsal;
mod season;
mod shape;
pub mod shapes;
pub mod size;
pub mod soundness;
pub mod source;
pub mod tables;
pub mod validate;
pub mod weight;
pub mod zip;
pub mod zones;

#[cfg(test)]
mod tests;

pub use edition::{EDITION_VERSION, Edition, EditionError};
pub use explain::{Quote, QuoteStep, quote};
pub use goes_to::{Country, CountryEntry, GoesTo};
pub use kinds::{ItemName, MailClass, PriceKind, Shape};
pub use options::{ExtraOffer, WayToSend, options};
pub use quote::{Price, QuoteRequest, check_mailing_date, price};
pub use refusal::RateRefusal;
pub use size::Size;
pub use source::SourceError;
pub use validate::{Finding, FindingKind, Report, Severity, Surroundings, validate};
pub use weight::Weight;
pub use zip::Zip5;
