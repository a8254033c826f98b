//! Where a piece goes: to a ZIP of the post's own country, or to another country.

use std::fmt;
use std::str::FromStr;

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

use super::zip::Zip5;

/// A country by its two letters of ISO 3166.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

/// Where a piece goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GoesTo {
    /// A ZIP of the post's own country.
    Zip(Zip5),
    /// Another country.
    Abroad(Country),
}

/// A country as an edition knows it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CountryEntry {
    #[n(1)]
    pub(super) code: Country,
    /// What the country is called on an address.
    #[n(2)]
    pub(super) title: String,
    /// The price group of parcels to it; without one the edition has no such prices.
    #[n(3)]
    pub(super) group: Option<u16>,
}

/// A text that is neither ZIP nor country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a ZIP of five digits and not the two letters of a country")]
pub struct NoDestination;

impl CountryEntry {
    /// The country.
    #[must_use]
    pub const fn code(&self) -> Country {
        self.code
    }

    /// What it is called on an address.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }
}

impl Country {
    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Country {
    type Err = NoDestination;

    /// Reads two letters in either case.
    fn from_str(text: &str) -> Result<Self, NoDestination> {
        let letters: [u8; 2] = text.as_bytes().try_into().map_err(|_| NoDestination)?;
        if letters.iter().all(u8::is_ascii_alphabetic) {
            Ok(Self(letters.map(|letter| letter.to_ascii_uppercase())))
        } else {
            Err(NoDestination)
        }
    }
}

impl<C> Encode<C> for Country {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        encoder.str(self.as_str())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Country {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let text = decoder.str()?;
        let country = text.parse::<Self>();
        // Small letters would be a second encoding of the same country.
        country
            .ok()
            .filter(|country| country.as_str() == text)
            .ok_or_else(|| DecodeError::message("not the two capital letters of a country"))
    }
}

impl From<Zip5> for GoesTo {
    fn from(zip: Zip5) -> Self {
        Self::Zip(zip)
    }
}

impl From<Country> for GoesTo {
    fn from(country: Country) -> Self {
        Self::Abroad(country)
    }
}

impl fmt::Display for GoesTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zip(zip) => zip.fmt(f),
            Self::Abroad(country) => country.fmt(f),
        }
    }
}

impl FromStr for GoesTo {
    type Err = NoDestination;

    fn from_str(text: &str) -> Result<Self, NoDestination> {
        let zip = text.parse::<Zip5>().map(Self::Zip);
        zip.or_else(|_| text.parse().map(Self::Abroad))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_five_digits_or_two_letters() {
        let read = |text: &str| text.parse::<GoesTo>().map(|to| to.to_string());
        assert_eq!(read("02134").as_deref(), Ok("02134"));
        assert_eq!(read("de").as_deref(), Ok("DE"));
        for text in ["", "D", "DEU", "D3", "ÄÖ", "é", "1234", "123456"] {
            assert_eq!(read(text), Err(NoDestination), "{text}");
        }
    }

    #[test]
    fn a_country_has_one_encoding() {
        let bytes = minicbor::to_vec("DE".parse::<Country>().unwrap()).unwrap();
        assert_eq!(minicbor::decode::<Country>(&bytes).unwrap().as_str(), "DE");
        let small = minicbor::to_vec("de").unwrap();
        assert!(minicbor::decode::<Country>(&small).is_err());
    }
}
