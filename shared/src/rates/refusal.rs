//! Why a piece has no price: each refusal with a stable code, a sentence and a hint.

use jiff::civil::Date;

use super::goes_to::Country;
use super::kinds::{MailClass, PriceKind, Shape};
use super::weight::Weight;
use super::zip::{Zip3, Zip5};
use crate::money::MoneyError;

/// A correct no of the rates. Nothing was debited: a price is asked before any value moves.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RateRefusal {
    /// The ZIP's area is not in the reference data.
    #[error("ZIP {zip} is not in the reference data")]
    UnknownZip {
        /// The ZIP.
        zip: Zip5,
    },
    /// The country is not in the edition.
    #[error("edition {edition} has no prices to the country {country}")]
    UnknownCountry {
        /// The edition.
        edition: String,
        /// The country.
        country: Country,
    },
    /// A piece of this shape stays in the country.
    #[error("{what} does not go abroad, and {country} is another country")]
    NotAbroad {
        /// What the clerk asked for, for example `A First-Class letter`.
        what: String,
        /// The country.
        country: Country,
    },
    /// A piece of this shape goes to other countries only.
    #[error("{what} goes abroad only, and {zip} is in this country")]
    OnlyAbroad {
        /// What the clerk asked for.
        what: String,
        /// The destination.
        zip: Zip5,
    },
    /// Heavier than the class or shape may be.
    #[error("{what} may weigh at most {limit}; this piece weighs {weight}")]
    Overweight {
        /// What the clerk asked for, for example `A First-Class flat`.
        what: String,
        /// What it may weigh.
        limit: Weight,
        /// What it weighs.
        weight: Weight,
    },
    /// Larger or smaller than the shape may be.
    #[error("{what} {rule}; this piece is {size}")]
    WrongSize {
        /// What the clerk asked for.
        what: String,
        /// The rule it breaks, for example `may be at most 6 x 4.25 x 0.016 in`.
        rule: String,
        /// What it measures.
        size: String,
    },
    /// The edition does not hold this price. Never guessed from a neighbour.
    #[error("edition {edition} has no price in the cell \"{cell}\"")]
    MissingCell {
        /// The edition.
        edition: String,
        /// The cell's name.
        cell: String,
    },
    /// No edition holds for the date of mailing.
    #[error("no rate edition is in force on {date}")]
    NoEditionInForce {
        /// The date of mailing.
        date: Date,
    },
    /// The date of mailing is before today or too far ahead.
    #[error("the date of mailing {date} is outside {first} to {last}")]
    DateOutOfRange {
        /// The date of mailing.
        date: Date,
        /// The earliest date that may be used.
        first: Date,
        /// The latest date that may be used.
        last: Date,
    },
    /// The edition does not sell this shape in this class.
    #[error("edition {edition} has no {class} {shape}")]
    NotInEdition {
        /// The edition.
        edition: String,
        /// The class.
        class: MailClass,
        /// The shape.
        shape: Shape,
    },
    /// Another shape was chosen.
    #[error("{class} {shape} is not what was asked for")]
    NotWanted {
        /// The class that is excluded.
        class: MailClass,
        /// The shape that is excluded.
        shape: Shape,
    },
    /// The shape has no price of this kind.
    #[error("edition {edition} has no {kind} price for {class} {shape}")]
    NoSuchPrice {
        /// The edition.
        edition: String,
        /// The class.
        class: MailClass,
        /// The shape.
        shape: Shape,
        /// The kind.
        kind: PriceKind,
    },
    /// A piece that cannot go through machines does not get this shape's price.
    #[error("a nonmachinable piece does not get the {shape} price")]
    Nonmachinable {
        /// The shape.
        shape: Shape,
    },
    /// The extra service is not in the edition, or not with this class.
    #[error("{class} has no extra service \"{name}\"")]
    UnknownExtra {
        /// The class.
        class: MailClass,
        /// The extra as asked for.
        name: String,
    },
    /// Extra services that need or exclude each other.
    #[error("\"{name}\" {rule}")]
    ExtraConflict {
        /// The extra as asked for.
        name: String,
        /// What it needs or excludes.
        rule: String,
    },
    /// Neither chart nor distance tells the zone.
    #[error("the zone between {from} and {to} is not known")]
    NoZone {
        /// The area of origin.
        from: Zip3,
        /// The area of destination.
        to: Zip3,
    },
    /// The zone is only estimated, which live postage does not allow.
    #[error("the zone between {from} and {to} is only estimated")]
    ZoneEstimated {
        /// The area of origin.
        from: Zip3,
        /// The area of destination.
        to: Zip3,
    },
    /// The price is more than the registers can hold.
    #[error("the price is larger than the registers can hold")]
    TooLarge(#[from] MoneyError),
}

impl RateRefusal {
    /// The stable code, for scripts and screens.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownZip { .. } => "unknown_zip",
            Self::UnknownCountry { .. } => "unknown_country",
            Self::NotAbroad { .. } => "not_abroad",
            Self::OnlyAbroad { .. } => "only_abroad",
            Self::Overweight { .. } => "overweight",
            Self::WrongSize { .. } => "wrong_size",
            Self::MissingCell { .. } => "missing_cell",
            Self::NoEditionInForce { .. } => "no_edition_in_force",
            Self::DateOutOfRange { .. } => "date_out_of_range",
            Self::NotInEdition { .. } => "not_in_edition",
            Self::NotWanted { .. } => "not_wanted",
            Self::NoSuchPrice { .. } => "no_such_price",
            Self::Nonmachinable { .. } => "nonmachinable",
            Self::UnknownExtra { .. } => "unknown_extra",
            Self::ExtraConflict { .. } => "extra_conflict",
            Self::NoZone { .. } => "no_zone",
            Self::ZoneEstimated { .. } => "zone_estimated",
            Self::TooLarge(_) => "price_too_large",
        }
    }

    /// What to do, one sentence.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::UnknownZip { .. } => "Check the ZIP with the sender.",
            Self::UnknownCountry { .. } => {
                "Check the two letters of the country, or ask the data center for its prices."
            }
            Self::NotAbroad { .. } => "Choose an international way of sending it.",
            Self::OnlyAbroad { .. } => "Choose a class that stays in this country.",
            Self::Overweight { .. } => "Choose a class that carries this weight.",
            Self::WrongSize { .. } => "Measure again, or choose a shape that allows this size.",
            Self::MissingCell { .. } => "Ask the data center for an edition that has this price.",
            Self::NoEditionInForce { .. } => {
                "Make a contact: the data center sends the editions it has published."
            }
            Self::DateOutOfRange { .. } => "Choose a date of mailing within these days.",
            Self::NotInEdition { .. } => "Choose another class or shape.",
            Self::NotWanted { .. } => "Leave the shape out to compare all of them.",
            Self::NoSuchPrice { .. } => "Leave the kind of price out to get the usual one.",
            Self::Nonmachinable { .. } => "Price it as a letter or as a parcel.",
            Self::UnknownExtra { .. } => "Leave the extra service out or choose another class.",
            Self::ExtraConflict { .. } => "Change the extra services.",
            Self::NoZone { .. } | Self::ZoneEstimated { .. } => {
                "Ask the data center for an edition whose zone chart has this pair."
            }
            Self::TooLarge(_) => "Split the mailing.",
        }
    }
}
