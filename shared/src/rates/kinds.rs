//! The words for what is priced: class, shape, kind of price.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// A class of mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "kebab-case")]
#[cbor(index_only)]
pub enum MailClass {
    /// First-Class Mail.
    #[n(1)]
    FirstClass,
    /// USPS Ground Advantage.
    #[n(2)]
    GroundAdvantage,
}

/// The shape of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "kebab-case")]
#[cbor(index_only)]
pub enum Shape {
    /// A postcard.
    #[n(1)]
    Postcard,
    /// A letter.
    #[n(2)]
    Letter,
    /// A flat, also called a large envelope.
    #[n(3)]
    Flat,
    /// A parcel.
    #[n(4)]
    Parcel,
}

/// Which of the post's price lists applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "kebab-case")]
#[cbor(index_only)]
pub enum PriceKind {
    /// Paid with a meter's indicium.
    #[n(1)]
    Metered,
    /// Paid at the counter.
    #[n(2)]
    Retail,
    /// Paid by a business customer.
    #[n(3)]
    Commercial,
}

/// Declares the words of an enum, for reading, writing and refusing.
macro_rules! words {
    ($name:ident, $what:literal, { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $word),+ })
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord {
                        what: $what,
                        known: concat!($($word, " "),+),
                    }),
                }
            }
        }
    };
}

words!(MailClass, "class", {
    FirstClass = "first-class",
    GroundAdvantage = "ground-advantage",
});
words!(Shape, "shape", {
    Postcard = "postcard",
    Letter = "letter",
    Flat = "flat",
    Parcel = "parcel",
});
words!(PriceKind, "kind of price", {
    Metered = "metered",
    Retail = "retail",
    Commercial = "commercial",
});

/// A class, shape or kind of price that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such {what}; there are: {}", .known.trim_end())]
pub struct UnknownWord {
    what: &'static str,
    known: &'static str,
}

impl UnknownWord {
    /// The stable code of the refusal.
    #[must_use]
    pub const fn code(self) -> &'static str {
        "unknown_word"
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "kebab-case")]
#[cbor(index_only)]
pub enum Measure {
    /// The longest side, nanometres.
    #[n(1)]
    Longest,
    /// Length plus girth, nanometres.
    #[n(2)]
    LengthAndGirth,
    /// Cubic inches with the sides rounded up.
    #[n(3)]
    Volume,
}
