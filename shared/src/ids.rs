//! Identities, each its own type, so that one can never stand in for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// Why an identity could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not a UUID.
    #[error("not a UUID")]
    NotUuid,
    /// Not a PSD number: two letters or digits, two more, ten digits.
    #[error("not a PSD number such as ZZ010000000042")]
    NotPsd,
    /// Not a piece's serial: a PSD number, a hyphen, a counter.
    #[error("not a serial such as ZZ010000000042-000007")]
    NotSerial,
}

/// Declares a UUID identity: text in JSON, 16 bytes in CBOR.
macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Takes the UUID's 16 bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// A new UUIDv7 from the time and ten random bytes.
            #[must_use]
            pub fn new_v7(now: crate::clock::UnixSeconds, random: &[u8; 10]) -> Self {
                let millis = u64::try_from(now.0).unwrap_or(0).saturating_mul(1_000);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid())
            }

            /// The UUID's 16 bytes.
            #[must_use]
            pub const fn bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::parse_str(text).map(Self).map_err(|_| IdError::NotUuid)
            }
        }

        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                encoder: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                encoder.bytes(self.0.as_bytes())?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(
                decoder: &mut minicbor::Decoder<'b>,
                _: &mut C,
            ) -> Result<Self, minicbor::decode::Error> {
                let bytes = <[u8; 16]>::try_from(decoder.bytes()?)
                    .map_err(|_| minicbor::decode::Error::message("not 16 bytes"))?;
                Ok(Self::from_bytes(bytes))
            }
        }
    };
}

uuid_id! {
    /// One data center.
    DataCenterId
}
uuid_id! {
    /// One station, as the data center knows it.
    StationId
}
uuid_id! {
    /// One vault: the prepaid value of one enrolment of a station.
    VaultId
}
uuid_id! {
    /// One refill asked for by a station; chosen by the station, so that asking again is safe.
    RefillId
}
uuid_id! {
    /// One customer account at the data center.
    AccountId
}

uuid_id! {
    /// One node of an account's tree: an office, a department, a station or a cost centre.
    NodeId
}

/// The number of a PSD: bytes 6 to 13 of an `ibi-full` indicium. Never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PsdId {
    /// The manufacturer, two ASCII letters or digits; `ZZ` for specimens.
    pub manufacturer: [u8; 2],
    /// The model, two ASCII letters or digits.
    pub model: [u8; 2],
    /// The serial number within manufacturer and model.
    pub serial: u32,
}

impl PsdId {
    /// The specimen PSD with this serial number (manufacturer `ZZ`, model `01`).
    #[must_use]
    pub const fn specimen(serial: u32) -> Self {
        Self {
            manufacturer: *b"ZZ",
            model: *b"01",
            serial,
        }
    }

    /// The eight bytes as they stand in an indicium: ASCII, ASCII, little-endian.
    #[must_use]
    pub fn bytes(&self) -> [u8; 8] {
        let mut bytes = [0; 8];
        bytes[..2].copy_from_slice(&self.manufacturer);
        bytes[2..4].copy_from_slice(&self.model);
        bytes[4..].copy_from_slice(&self.serial.to_le_bytes());
        bytes
    }

    /// Reads the eight bytes of an indicium.
    ///
    /// # Errors
    /// [`IdError::NotPsd`] when manufacturer or model are not ASCII letters or digits.
    pub fn from_bytes(bytes: [u8; 8]) -> Result<Self, IdError> {
        let [m0, m1, o0, o1, serial @ ..] = bytes;
        if ![m0, m1, o0, o1].iter().all(u8::is_ascii_alphanumeric) {
            return Err(IdError::NotPsd);
        }
        Ok(Self {
            manufacturer: [m0, m1],
            model: [o0, o1],
            serial: u32::from_le_bytes(serial),
        })
    }
}

impl fmt::Display for PsdId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.manufacturer.iter().chain(&self.model) {
            write!(f, "{}", char::from(*byte))?;
        }
        write!(f, "{:010}", self.serial)
    }
}

impl fmt::Debug for PsdId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PsdId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let bytes = text.as_bytes();
        if bytes.len() != 14
            || !bytes[..4].iter().all(u8::is_ascii_alphanumeric)
            || !bytes[4..].iter().all(u8::is_ascii_digit)
        {
            return Err(IdError::NotPsd);
        }
        let serial = text[4..].parse().map_err(|_| IdError::NotPsd)?;
        Ok(Self {
            manufacturer: [bytes[0], bytes[1]],
            model: [bytes[2], bytes[3]],
            serial,
        })
    }
}

impl<C> minicbor::Encode<C> for PsdId {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.bytes(&self.bytes())?.ok()
    }
}

impl<'b, C> minicbor::Decode<'b, C> for PsdId {
    fn decode(
        decoder: &mut minicbor::Decoder<'b>,
        _: &mut C,
    ) -> Result<Self, minicbor::decode::Error> {
        let bytes = <[u8; 8]>::try_from(decoder.bytes()?)
            .map_err(|_| minicbor::decode::Error::message("not 8 bytes"))?;
        Self::from_bytes(bytes).map_err(minicbor::decode::Error::custom)
    }
}

/// The serial of one piece: PSD number and piece counter, its identity for life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PieceSerial {
    /// The PSD that printed the piece.
    pub psd: PsdId,
    /// The piece counter, from 1; a burned number is skipped, never used again.
    pub counter: u32,
}

impl fmt::Display for PieceSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:06}", self.psd, self.counter)
    }
}

impl FromStr for PieceSerial {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (psd, counter) = text.rsplit_once('-').ok_or(IdError::NotSerial)?;
        if counter.is_empty() || !counter.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(IdError::NotSerial);
        }
        let counter = counter.parse().map_err(|_| IdError::NotSerial)?;
        Ok(Self {
            psd: psd.parse().map_err(|_| IdError::NotSerial)?,
            counter,
        })
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

serde_as_text!(PsdId, PieceSerial);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_psd_number_reads_back_from_its_text_and_its_bytes() {
        let psd = PsdId::specimen(42);
        assert_eq!(psd.to_string(), "ZZ010000000042");
        assert_eq!("ZZ010000000042".parse(), Ok(psd));
        assert_eq!(PsdId::from_bytes(psd.bytes()), Ok(psd));
        assert_eq!(psd.bytes(), *b"ZZ01\x2a\0\0\0");
    }

    #[test]
    fn a_serial_reads_back_from_its_text() {
        let serial = PieceSerial {
            psd: PsdId::specimen(42),
            counter: 7,
        };
        assert_eq!(serial.to_string(), "ZZ010000000042-000007");
        assert_eq!("ZZ010000000042-000007".parse(), Ok(serial));
        assert_eq!("ZZ010000000042-7".parse(), Ok(serial));
        assert_eq!(
            "ZZ010000000042".parse::<PieceSerial>(),
            Err(IdError::NotSerial)
        );
        assert_eq!("ZZ019999999999".parse::<PsdId>(), Err(IdError::NotPsd));
    }
}
