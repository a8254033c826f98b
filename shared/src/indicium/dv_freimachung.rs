//! `dv-freimachung`: Deutsche Post's franking from the customer's own data processing.
//!
//! 28 or 42 big-endian bytes without any signature: the post checks a posting against its list.
//! People read the "Frankier-ID", 20 hexadecimal digits with a CRC-4. Another country, currency,
//! byte order, date and integrity than `ibi-full`; the shared seam has to bear both.

use std::fmt;

use crc::{Algorithm, Crc};
use jiff::ToSpan;
use jiff::civil::Date;

use crate::money::Mills;

/// What every Deutsche Post code begins with: country and operator.
pub const MAGIC: [u8; 3] = *b"DEA";

/// The type of franking this profile is.
pub const FRANKING_TYPE: u8 = 18;

/// The length with 5 bytes of customer data.
pub const SHORT_BYTES: usize = 28;

/// The length with 19 bytes of customer data.
pub const LONG_BYTES: usize = 42;

const HEAD_BYTES: usize = 23;
/// The largest customer number (EKP): ten digits.
const MAX_CUSTOMER: u64 = 9_999_999_999;
const MAX_ITEM: u32 = (1 << 24) - 1;
const MILLS_PER_CENT: u64 = 10;
/// x⁴ + x + 1 over the ASCII digits, as the Frankier-ID of Deutsche Post takes it.
const CRC_4_FRANKIER_ID: Algorithm<u8> = Algorithm {
    width: 4,
    poly: 0x3,
    init: 0,
    refin: false,
    refout: false,
    xorout: 0,
    check: 0x6,
    residue: 0,
};
const FRANKIER_ID_CHECK: Crc<u8> = Crc::<u8>::new(&CRC_4_FRANKIER_ID);

/// Why fields do not fit or bytes are no DV-Freimachung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DvFreimachungError {
    /// Neither 28 nor 42 bytes that begin with `DEA`.
    #[error("{found} bytes are not a DV-Freimachung")]
    NotDvFreimachung {
        /// The length in bytes.
        found: usize,
    },
    /// Another type of franking, such as a meter or a stamp.
    #[error("franking type {found} is not DV-Freimachung")]
    OtherFranking {
        /// The type.
        found: u8,
    },
    /// The customer number has more than ten digits.
    #[error("the customer number {found} has more than ten digits")]
    CustomerOutOfRange {
        /// The number.
        found: u64,
    },
    /// The value is no whole number of cents or more than 655.35.
    #[error("a value of {found} does not fit into a DV-Freimachung")]
    ValueOutOfRange {
        /// The value.
        found: Mills,
    },
    /// The posting date is before 2000 or after 2099.
    #[error("the posting date {found} does not fit into a DV-Freimachung")]
    DateOutOfRange {
        /// The date.
        found: Date,
    },
    /// The posting date's number is no day.
    #[error("the posting date {found} (day of year, year) is no day")]
    NotADate {
        /// The decimal number DDDYY.
        found: u16,
    },
    /// The item's running number is more than 24 bits.
    #[error("the item number {found} does not fit into a DV-Freimachung")]
    ItemOutOfRange {
        /// The number.
        found: u32,
    },
}

/// What the customer adds, zero-padded; its length is that of the layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomerBytes {
    /// The 28-byte layout.
    Short([u8; SHORT_BYTES - HEAD_BYTES]),
    /// The 42-byte layout.
    Long([u8; LONG_BYTES - HEAD_BYTES]),
}

impl CustomerBytes {
    /// The bytes.
    #[must_use]
    pub const fn as_slice(&self) -> &[u8] {
        match self {
            Self::Short(bytes) => bytes,
            Self::Long(bytes) => bytes,
        }
    }
}

/// The fields of a DV-Freimachung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DvFreimachung {
    /// The price list.
    pub price_version: u8,
    /// The customer number (EKP), at most ten digits.
    pub customer: u64,
    /// The postage: whole cents, at most 655.35.
    pub value: Mills,
    /// The posting date, 2000 to 2099.
    pub date: Date,
    /// The product key.
    pub product: u16,
    /// The item's running number in its posting, at most 24 bits.
    pub item: u32,
    /// The customer's participation number.
    pub participation: u8,
    /// The number of the posting list the post checks against.
    pub posting_list: u16,
    /// Which data element is announced.
    pub announced: u8,
    /// The customer's own bytes.
    pub customer_bytes: CustomerBytes,
}

impl DvFreimachung {
    /// The 28 or 42 bytes of the symbol.
    ///
    /// # Errors
    /// A [`DvFreimachungError`] for a field that does not fit.
    pub fn bytes(&self) -> Result<Vec<u8>, DvFreimachungError> {
        self.check()?;
        let mut bytes = Vec::with_capacity(LONG_BYTES);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&[FRANKING_TYPE, self.price_version]);
        bytes.extend_from_slice(&self.customer.to_be_bytes()[3..]);
        bytes.extend_from_slice(&self.cents()?.to_be_bytes());
        bytes.extend_from_slice(&date_number(self.date)?.to_be_bytes());
        bytes.extend_from_slice(&self.product.to_be_bytes());
        bytes.extend_from_slice(&self.item.to_be_bytes()[1..]);
        bytes.push(self.participation);
        bytes.extend_from_slice(&self.posting_list.to_be_bytes());
        bytes.push(self.announced);
        bytes.extend_from_slice(self.customer_bytes.as_slice());
        Ok(bytes)
    }

    /// Reads the bytes of a symbol.
    ///
    /// # Errors
    /// A [`DvFreimachungError`] when they are no DV-Freimachung.
    pub fn read(bytes: &[u8]) -> Result<Self, DvFreimachungError> {
        let no = DvFreimachungError::NotDvFreimachung { found: bytes.len() };
        let (head, rest) = bytes.split_first_chunk::<HEAD_BYTES>().ok_or(no)?;
        let customer_bytes = if let Ok(short) = rest.try_into() {
            CustomerBytes::Short(short)
        } else {
            CustomerBytes::Long(rest.try_into().map_err(|_| no)?)
        };
        if head[..3] != MAGIC {
            return Err(no);
        }
        if head[3] != FRANKING_TYPE {
            return Err(DvFreimachungError::OtherFranking { found: head[3] });
        }
        let customer = number(&head[5..10]);
        let cents = u64::from(u16::from_be_bytes([head[10], head[11]]));
        let indicium = Self {
            price_version: head[4],
            customer,
            value: Mills::from_cents(cents).map_err(|_| no)?,
            date: date_of(u16::from_be_bytes([head[12], head[13]]))?,
            product: u16::from_be_bytes([head[14], head[15]]),
            item: u32::from_be_bytes([0, head[16], head[17], head[18]]),
            participation: head[19],
            posting_list: u16::from_be_bytes([head[20], head[21]]),
            announced: head[22],
            customer_bytes,
        };
        indicium.check()?;
        Ok(indicium)
    }

    /// The identity that people read and type.
    #[must_use]
    pub fn frankier_id(&self) -> FrankierId {
        // The last two digits of the customer number are not part of it.
        let customer = self.customer / 100;
        let digits = format!(
            "{:02X}{customer:07X}{:04X}{:06X}",
            self.participation, self.posting_list, self.item
        );
        let check = FRANKIER_ID_CHECK.checksum(digits.as_bytes());
        FrankierId(format!("{digits}{check:X}"))
    }

    fn cents(&self) -> Result<u16, DvFreimachungError> {
        let refusal = DvFreimachungError::ValueOutOfRange { found: self.value };
        let mills = self.value.mills();
        if !mills.is_multiple_of(MILLS_PER_CENT) {
            return Err(refusal);
        }
        u16::try_from(mills / MILLS_PER_CENT).map_err(|_| refusal)
    }

    const fn check(&self) -> Result<(), DvFreimachungError> {
        if self.customer > MAX_CUSTOMER {
            return Err(DvFreimachungError::CustomerOutOfRange {
                found: self.customer,
            });
        }
        if self.item > MAX_ITEM {
            return Err(DvFreimachungError::ItemOutOfRange { found: self.item });
        }
        Ok(())
    }
}

/// A Frankier-ID: 20 hexadecimal digits, the last one a check digit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FrankierId(String);

impl FrankierId {
    /// The 20 digits without spaces.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FrankierId {
    /// Writes the digits in groups of 2, 4, 4, 2, 4 and 4, as they stand on the piece.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let d = &self.0;
        let groups = [
            &d[..2],
            &d[2..6],
            &d[6..10],
            &d[10..12],
            &d[12..16],
            &d[16..],
        ];
        f.write_str(&groups.join(" "))
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// The date as the decimal number DDDYY: day of the year, then the year's last two digits.
fn date_number(date: Date) -> Result<u16, DvFreimachungError> {
    let refusal = DvFreimachungError::DateOutOfRange { found: date };
    let year = u16::try_from(date.year()).map_err(|_| refusal)?;
    let day = u16::try_from(date.day_of_year()).map_err(|_| refusal)?;
    match year {
        2000..=2099 => Ok(day * 100 + year % 100),
        _ => Err(refusal),
    }
}

fn date_of(number: u16) -> Result<Date, DvFreimachungError> {
    let refusal = DvFreimachungError::NotADate { found: number };
    let day = i64::from(number / 100);
    let year = i16::try_from(2000 + number % 100).map_err(|_| refusal)?;
    let first = Date::new(year, 1, 1).map_err(|_| refusal)?;
    if day == 0 || day > i64::from(first.days_in_year()) {
        return Err(refusal);
    }
    first.checked_add((day - 1).days()).map_err(|_| refusal)
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    const SHORT: &str = "444541121c012bb7456d00be578d00b600000e011556000000000000";
    const LONG: &str = "444541122101317b93ac00b93c9c00940262a201024c00aa48616c6c6f2057656c7421\
                        00000000000000";

    fn read(hex: &str) -> DvFreimachung {
        DvFreimachung::read(&HEXLOWER.decode(hex.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn the_short_sample_reads_as_the_posts_own_checker_shows_it() {
        let indicium = read(SHORT);
        assert_eq!(
            indicium,
            DvFreimachung {
                price_version: 28,
                customer: 5_028_398_445,
                value: Mills::from_cents(190).unwrap(),
                date: date(2013, 8, 12),
                product: 182,
                item: 14,
                participation: 1,
                posting_list: 5_462,
                announced: 0,
                customer_bytes: CustomerBytes::Short([0; 5]),
            }
        );
        assert_eq!(indicium.frankier_id().digits(), "012FF45D0155600000E6");
        assert_eq!(
            indicium.frankier_id().to_string(),
            "01 2FF4 5D01 55 6000 00E6"
        );
        assert_eq!(HEXLOWER.encode(&indicium.bytes().unwrap()), SHORT);
    }

    #[test]
    fn the_long_sample_reads_with_the_customers_greeting() {
        let indicium = read(LONG);
        assert_eq!(indicium.customer, 5_125_149_612);
        assert_eq!(indicium.value, Mills::from_cents(185).unwrap());
        assert_eq!(indicium.date, date(2016, 6, 3));
        assert_eq!(indicium.item, 156_322);
        assert_eq!(&indicium.customer_bytes.as_slice()[1..12], b"Hallo Welt!");
        assert_eq!(HEXLOWER.encode(&indicium.bytes().unwrap()), LONG);
    }

    #[test]
    fn another_franking_or_country_is_refused() {
        let mut bytes = HEXLOWER.decode(SHORT.as_bytes()).unwrap();
        bytes[3] = 3;
        assert_eq!(
            DvFreimachung::read(&bytes),
            Err(DvFreimachungError::OtherFranking { found: 3 })
        );
        bytes[0] = b'X';
        assert_eq!(
            DvFreimachung::read(&bytes),
            Err(DvFreimachungError::NotDvFreimachung { found: 28 })
        );
    }

    #[test]
    fn fields_that_do_not_fit_are_refused() {
        let mills = |mills| Mills::new(mills).unwrap();
        let sound = read(SHORT);
        for value in [mills(1_905), mills(655_360)] {
            let indicium = DvFreimachung { value, ..sound };
            assert_eq!(
                indicium.bytes(),
                Err(DvFreimachungError::ValueOutOfRange { found: value })
            );
        }
        let late = DvFreimachung {
            date: date(2100, 1, 1),
            ..sound
        };
        assert_eq!(
            late.bytes(),
            Err(DvFreimachungError::DateOutOfRange { found: late.date })
        );
        assert_eq!(
            date_of(36_601 + 2),
            Err(DvFreimachungError::NotADate { found: 36_603 })
        );
        assert_eq!(date_of(36_604), Ok(date(2004, 12, 31)));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic_and_what_reads_is_written_back(
            bytes in prop::collection::vec(any::<u8>(), 0..50), head in any::<bool>(),
            long in any::<bool>(),
        ) {
            let mut bytes = bytes;
            if head {
                bytes.resize(if long { LONG_BYTES } else { SHORT_BYTES }, 7);
                bytes[..4].copy_from_slice(b"DEA\x12");
            }
            if let Ok(indicium) = DvFreimachung::read(&bytes) {
                prop_assert_eq!(indicium.bytes().unwrap(), bytes);
            }
        }
    }
}
