//! Where a piece goes and where it was licensed, as an indicium writes it: numbers whose leading
//! zeros matter.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text is no destination or origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// Not 5, 9 or 11 digits, and not empty.
    #[error("a destination has 5, 9 or 11 digits")]
    NotADestination,
    /// Not a five-digit ZIP code.
    #[error("a ZIP code has 5 digits")]
    NotAZip,
}

/// A destination: nothing, a ZIP code, ZIP+4, or the delivery point of eleven digits.
///
/// The number of digits is kept, because `02134` and `000002134` are different places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Destination {
    digits: u8,
    number: u64,
}

impl Destination {
    /// No destination, as on international mail.
    pub const NONE: Self = Self {
        digits: 0,
        number: 0,
    };

    /// A destination of `digits` digits with the value `number`.
    ///
    /// # Errors
    /// [`DestinationError::NotADestination`] unless `digits` is 0, 5, 9 or 11 and the number fits.
    pub const fn new(digits: u8, number: u64) -> Result<Self, DestinationError> {
        let fits = match digits {
            0 => number == 0,
            5 => number < 100_000,
            9 => number < 1_000_000_000,
            11 => number < 100_000_000_000,
            _ => false,
        };
        if fits {
            Ok(Self { digits, number })
        } else {
            Err(DestinationError::NotADestination)
        }
    }

    /// The shortest destination with this number: what is assumed where the digits are not told.
    ///
    /// # Errors
    /// [`DestinationError::NotADestination`] above eleven digits.
    pub const fn shortest(number: u64) -> Result<Self, DestinationError> {
        let digits = match number {
            0 => 0,
            1..100_000 => 5,
            100_000..1_000_000_000 => 9,
            _ => 11,
        };
        Self::new(digits, number)
    }

    /// How many digits: 0, 5, 9 or 11.
    #[must_use]
    pub const fn digits(self) -> u8 {
        self.digits
    }

    /// The digits as one number, leading zeros lost.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.number
    }
}

impl fmt::Display for Destination {
    /// Writes the digits with their leading zeros; nothing for no destination.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.digits == 0 {
            return Ok(());
        }
        write!(
            f,
            "{:0width$}",
            self.number,
            width = usize::from(self.digits)
        )
    }
}

impl FromStr for Destination {
    type Err = DestinationError;

    /// Reads 5, 9 or 11 digits, with or without hyphens (`02134`, `02134-1000`); empty is none.
    fn from_str(text: &str) -> Result<Self, DestinationError> {
        let mut digits: u8 = 0;
        let mut number: u64 = 0;
        for byte in text.bytes().filter(|byte| *byte != b'-') {
            if !byte.is_ascii_digit() || digits == 11 {
                return Err(DestinationError::NotADestination);
            }
            digits += 1;
            number = number * 10 + u64::from(byte - b'0');
        }
        Self::new(digits, number)
    }
}

/// A five-digit ZIP code: where the licence of the station stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OriginZip(u32);

impl OriginZip {
    /// The ZIP code with this number.
    ///
    /// # Errors
    /// [`DestinationError::NotAZip`] above 99999.
    pub const fn new(number: u32) -> Result<Self, DestinationError> {
        if number < 100_000 {
            Ok(Self(number))
        } else {
            Err(DestinationError::NotAZip)
        }
    }

    /// The ZIP code as a number, leading zeros lost.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for OriginZip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:05}", self.0)
    }
}

impl FromStr for OriginZip {
    type Err = DestinationError;

    fn from_str(text: &str) -> Result<Self, DestinationError> {
        if text.len() != 5 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(DestinationError::NotAZip);
        }
        text.parse()
            .map_err(|_| DestinationError::NotAZip)
            .and_then(Self::new)
    }
}

/// Declares serde as text by `Display` and `FromStr`.
macro_rules! serde_as_text {
    ($($name:ty),+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

serde_as_text!(Destination, OriginZip);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_keep_destinations_apart() {
        let zip: Destination = "02134".parse().unwrap();
        let plus_four: Destination = "00000-2134".parse().unwrap();
        assert_eq!(zip.number(), plus_four.number());
        assert_ne!(zip, plus_four);
        assert_eq!(zip.to_string(), "02134");
        assert_eq!(plus_four.to_string(), "000002134");
        assert_eq!("".parse(), Ok(Destination::NONE));
    }

    #[test]
    fn only_five_nine_or_eleven_digits_are_a_destination() {
        for text in [
            "1",
            "123456",
            "1234567890",
            "123456789012",
            "1234a",
            "٣٣٣٣٣",
        ] {
            assert_eq!(
                text.parse::<Destination>(),
                Err(DestinationError::NotADestination),
                "{text}"
            );
        }
        assert_eq!(
            Destination::shortest(100_000_000_000),
            Err(DestinationError::NotADestination)
        );
        assert_eq!("78681".parse::<OriginZip>().unwrap().number(), 78_681);
        assert_eq!("786".parse::<OriginZip>(), Err(DestinationError::NotAZip));
    }
}
