//! The words for what is priced: class, shape, kind of price.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

pub use super::shape::{ItemName, Shape};

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
    /// Priority Mail.
    #[n(3)]
    Priority,
    /// Media Mail: books, films, printed music.
    #[n(4)]
    Media,
    /// Mail to other countries.
    #[n(5)]
    International,
    /// Priority Mail Express.
    #[n(6)]
    PriorityExpress,
}

impl MailClass {
    /// Whether editions of the first layout know this class.
    pub(super) const fn is_of_the_first_layout(self) -> bool {
        match self {
            Self::FirstClass | Self::GroundAdvantage => true,
            Self::Priority | Self::Media | Self::International | Self::PriorityExpress => false,
        }
    }

    /// How a piece of the class is marked where its edition says nothing else.
    #[must_use]
    pub const fn usual_marking(self) -> &'static str {
        match self {
            Self::FirstClass => "FIRST-CLASS MAIL",
            Self::GroundAdvantage => "USPS GROUND ADVANTAGE",
            Self::Priority => "PRIORITY MAIL",
            Self::Media => "MEDIA MAIL",
            Self::International => "INTERNATIONAL MAIL",
            Self::PriorityExpress => "PRIORITY MAIL EXPRESS",
        }
    }
}

/// Which of the post's price lists applies.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode,
)]
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
    Priority = "priority",
    Media = "media",
    International = "international",
    PriorityExpress = "priority-express",
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
    pub(super) what: &'static str,
    pub(super) known: &'static str,
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
    /// Nothing: every piece is meant, whatever it measures.
    #[n(4)]
    Any,
}
