//! ZIP codes as the rates see them: five digits, of which the first three decide the zone.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};

/// How many ZIP3 areas the numbering has room for.
pub(super) const ZIP3_COUNT: u16 = 1_000;
/// The largest ZIP.
const MAX_ZIP: u32 = 99_999;

/// A five-digit ZIP; the default is 00000, which no post has given away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode)]
#[cbor(transparent)]
pub struct Zip5(#[n(0)] u32);

/// The first three digits of a ZIP: the area a sectional centre serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode)]
#[cbor(transparent)]
pub struct Zip3(#[n(0)] u16);

/// Why a text is no ZIP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a ZIP of 5 digits, a ZIP+4 of 9 or a delivery point of 11")]
pub struct NotAZip;

impl NotAZip {
    /// The stable code of the refusal.
    #[must_use]
    pub const fn code(self) -> &'static str {
        "not_a_zip"
    }
}

impl Zip5 {
    /// Takes the number the five digits make.
    ///
    /// # Errors
    /// [`NotAZip`] above 99999.
    pub const fn new(number: u32) -> Result<Self, NotAZip> {
        if number > MAX_ZIP {
            Err(NotAZip)
        } else {
            Ok(Self(number))
        }
    }

    /// The number the five digits make.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The area.
    #[must_use]
    pub fn zip3(self) -> Zip3 {
        Zip3(u16::try_from(self.0 / 100).expect("five digits make at most 999 areas"))
    }
}

impl Zip3 {
    /// Takes the number the three digits make.
    ///
    /// # Errors
    /// [`NotAZip`] above 999.
    pub const fn new(number: u16) -> Result<Self, NotAZip> {
        if number < ZIP3_COUNT {
            Ok(Self(number))
        } else {
            Err(NotAZip)
        }
    }

    /// The number the three digits make.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The number as an index below [`ZIP3_COUNT`].
    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Display for Zip5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:05}", self.0)
    }
}

impl fmt::Display for Zip3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}

impl FromStr for Zip5 {
    type Err = NotAZip;

    /// Reads the ZIP of `62701`, `62701-1234`, `627011234` or `62701123456`.
    fn from_str(text: &str) -> Result<Self, NotAZip> {
        let bytes = text.trim().as_bytes();
        let (zip, rest) = bytes.split_at_checked(5).ok_or(NotAZip)?;
        let rest = match rest {
            [b'-', add_on @ ..] if add_on.len() == 4 || add_on.len() == 6 => add_on,
            other => other,
        };
        if !matches!(rest.len(), 0 | 4 | 6) || !rest.iter().all(u8::is_ascii_digit) {
            return Err(NotAZip);
        }
        digits(zip).map(Self).ok_or(NotAZip)
    }
}

impl FromStr for Zip3 {
    type Err = NotAZip;

    fn from_str(text: &str) -> Result<Self, NotAZip> {
        let number = digits(text.as_bytes()).filter(|_| text.len() == 3);
        number
            .and_then(|number| u16::try_from(number).ok())
            .map(Self)
            .ok_or(NotAZip)
    }
}

/// The number that at most nine ASCII digits make.
fn digits(bytes: &[u8]) -> Option<u32> {
    if bytes.len() > 9 || !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(
        bytes
            .iter()
            .fold(0, |number, byte| number * 10 + u32::from(byte - b'0')),
    )
}

impl<'b, C> Decode<'b, C> for Zip5 {
    fn decode(
        decoder: &mut minicbor::Decoder<'b>,
        _: &mut C,
    ) -> Result<Self, minicbor::decode::Error> {
        Self::new(decoder.u32()?).map_err(minicbor::decode::Error::custom)
    }
}

impl<'b, C> Decode<'b, C> for Zip3 {
    fn decode(
        decoder: &mut minicbor::Decoder<'b>,
        _: &mut C,
    ) -> Result<Self, minicbor::decode::Error> {
        Self::new(decoder.u16()?).map_err(minicbor::decode::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn five_nine_and_eleven_digits_are_read() {
        for text in [
            "02139",
            "02139-4307",
            "021394307",
            "02139430712",
            "02139-430712",
            " 02139 ",
        ] {
            let zip: Zip5 = text.parse().unwrap();
            assert_eq!(
                (zip.to_string(), zip.zip3().to_string()),
                ("02139".into(), "021".into())
            );
        }
    }

    #[test]
    fn other_lengths_and_signs_are_refused() {
        for text in [
            "",
            "2139",
            "021390",
            "02139-",
            "02139-43",
            "0213x",
            "02139 4307",
            "+2139",
        ] {
            assert_eq!(text.parse::<Zip5>(), Err(NotAZip), "{text}");
        }
        assert_eq!("12".parse::<Zip3>(), Err(NotAZip));
        assert_eq!("1234".parse::<Zip3>(), Err(NotAZip));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,16}") {
            let _ = text.parse::<Zip5>().is_ok();
            let _ = text.parse::<Zip3>().is_ok();
        }
    }
}
