//! The shape of a piece; the names of flat-rate items are an edition's data.

use std::fmt;
use std::str::FromStr;

use minicbor::data::Type;
use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::kinds::UnknownWord;

/// The most letters of a flat-rate item's name.
pub(super) const MAX_ITEM_NAME: usize = 24;

/// What stands before the name of a flat-rate item.
const FLAT_RATE: &str = "flat-rate:";

/// The shape of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A postcard.
    Postcard,
    /// A letter.
    Letter,
    /// A flat, also called a large envelope.
    Flat,
    /// A parcel.
    Parcel,
    /// A parcel by the faster of two services of one class.
    PriorityParcel,
    /// An envelope or box of the post's own with one price for all that fits in.
    FlatRate(ItemName),
}

/// The name of a flat-rate item, for example `medium-box`: 1 to 24 small letters,
/// digits and hyphens. It stands in place, so that a shape is copied and compared like a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemName {
    letters: [u8; MAX_ITEM_NAME],
    length: u8,
}

/// Why a text names no shape.
const UNKNOWN: UnknownWord = UnknownWord {
    what: "shape",
    known: "postcard letter flat parcel priority-parcel flat-rate:NAME",
};

impl Shape {
    /// The numbers of the shapes that have no name of their own, as they stand in an edition.
    const NUMBERED: [(u8, Self, &'static str); 5] = [
        (1, Self::Postcard, "postcard"),
        (2, Self::Letter, "letter"),
        (3, Self::Flat, "flat"),
        (4, Self::Parcel, "parcel"),
        (5, Self::PriorityParcel, "priority-parcel"),
    ];

    /// Number and word; a flat-rate item has neither, only its name.
    const fn numbered(self) -> Result<(u8, &'static str), ItemName> {
        let at = match self {
            Self::Postcard => 0,
            Self::Letter => 1,
            Self::Flat => 2,
            Self::Parcel => 3,
            Self::PriorityParcel => 4,
            Self::FlatRate(name) => return Err(name),
        };
        let (number, _, word) = Self::NUMBERED[at];
        Ok((number, word))
    }

    /// Whether editions of the first layout know this shape.
    pub(super) const fn is_of_the_first_layout(self) -> bool {
        match self {
            Self::Postcard | Self::Letter | Self::Flat | Self::Parcel => true,
            Self::PriorityParcel | Self::FlatRate(_) => false,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.numbered() {
            Ok((_, word)) => f.write_str(word),
            Err(name) => write!(f, "{FLAT_RATE}{name}"),
        }
    }
}

impl FromStr for Shape {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        if let Some(name) = text.strip_prefix(FLAT_RATE) {
            return name.parse().map(Self::FlatRate);
        }
        let found = Self::NUMBERED.iter().find(|(_, _, word)| *word == text);
        found.map(|(_, shape, _)| *shape).ok_or(UNKNOWN)
    }
}

impl Serialize for Shape {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|e| de::Error::custom(format_args!("\"{text}\": {e}")))
    }
}

impl<C> Encode<C> for Shape {
    /// The number, or the name of a flat-rate item as text.
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        match self.numbered() {
            Ok((number, _)) => encoder.u8(number)?.ok(),
            Err(name) => encoder.str(name.as_str())?.ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for Shape {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let unknown = |_| DecodeError::message("not the name of a flat-rate item");
        if decoder.datatype()? == Type::String {
            return decoder.str()?.parse().map(Self::FlatRate).map_err(unknown);
        }
        let number = decoder.u8()?;
        let found = Self::NUMBERED.iter().find(|(own, _, _)| *own == number);
        found
            .map(|(_, shape, _)| *shape)
            .ok_or_else(|| DecodeError::message("no shape has this number"))
    }
}

impl ItemName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let letters = self.letters.get(..usize::from(self.length));
        let text = letters.and_then(|letters| std::str::from_utf8(letters).ok());
        text.unwrap_or_default()
    }
}

impl fmt::Display for ItemName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ItemName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl FromStr for ItemName {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let mut letters = [0; MAX_ITEM_NAME];
        let length = u8::try_from(text.len()).map_err(|_| UNKNOWN)?;
        let place = letters.get_mut(..text.len()).ok_or(UNKNOWN)?;
        if text.is_empty() || !text.bytes().all(fits) {
            return Err(UNKNOWN);
        }
        place.copy_from_slice(text.as_bytes());
        Ok(Self { letters, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_reads_back_from_its_word_and_from_its_bytes() {
        let words = Shape::NUMBERED.map(|(_, _, word)| word.to_owned());
        let items = ["flat-rate:a", "flat-rate:padded-envelope"].map(str::to_owned);
        for word in words.into_iter().chain(items) {
            let shape: Shape = word.parse().unwrap();
            assert_eq!(shape.to_string(), word);
            let bytes = minicbor::to_vec(shape).unwrap();
            assert_eq!(minicbor::decode::<Shape>(&bytes).unwrap(), shape);
            let json = serde_json::to_string(&shape).unwrap();
            assert_eq!(serde_json::from_str::<Shape>(&json).unwrap(), shape);
        }
        assert_eq!(minicbor::to_vec(Shape::Letter).unwrap(), [2]);
        assert_eq!(minicbor::to_vec("box").unwrap(), [0x63, b'b', b'o', b'x']);
    }

    #[test]
    fn other_words_are_no_shapes() {
        let long = format!("flat-rate:{}", "a".repeat(MAX_ITEM_NAME + 1));
        for word in [
            "",
            "flat-rate",
            "flat-rate:",
            "flat-rate:Box",
            "flat-rate:a b",
            &long,
        ] {
            let refusal = word.parse::<Shape>().unwrap_err();
            assert!(refusal.to_string().contains("flat-rate:NAME"), "{refusal}");
        }
        assert!(minicbor::decode::<Shape>(&[6]).is_err());
        assert!(minicbor::decode::<Shape>(&[0x61, b'A']).is_err());
    }
}
