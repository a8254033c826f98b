//! Civil dates in CBOR, and which of them an edition may hold.

use jiff::civil::Date;

/// The first year of an edition's dates: prices before this product are nobody's.
pub(super) const FIRST_YEAR: i16 = 2_000;
/// The last year of an edition's dates; what is further ahead is a slip of the pen.
pub(super) const LAST_YEAR: i16 = 2_199;

/// Whether an edition may hold a date.
pub(super) fn is_usable(date: Date) -> bool {
    (FIRST_YEAR..=LAST_YEAR).contains(&date.year())
}

/// A civil date in CBOR: the number YYYYMMDD.
pub(super) mod date {
    use jiff::civil::Date;
    use minicbor::decode::Error as DecodeError;
    use minicbor::encode::{Error as EncodeError, Write};
    use minicbor::{Decoder, Encoder};

    pub(in crate::rates) fn encode<C, W: Write>(
        date: &Date,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        let parts = [
            i32::from(date.year()),
            date.month().into(),
            date.day().into(),
        ];
        encoder
            .i32(parts[0] * 10_000 + parts[1] * 100 + parts[2])?
            .ok()
    }

    pub(in crate::rates) fn decode<C>(
        decoder: &mut Decoder<'_>,
        _: &mut C,
    ) -> Result<Date, DecodeError> {
        let number = decoder.u32()?;
        let parts = (
            i16::try_from(number / 10_000),
            i8::try_from(number / 100 % 100),
            i8::try_from(number % 100),
        );
        let date = match parts {
            (Ok(year), Ok(month), Ok(day)) => Date::new(year, month, day).ok(),
            _ => None,
        };
        date.ok_or_else(|| DecodeError::message("not a date YYYYMMDD"))
    }
}

/// A civil date that may be absent; null then.
pub(super) mod date_option {
    use jiff::civil::Date;
    use minicbor::data::Type;
    use minicbor::decode::Error as DecodeError;
    use minicbor::encode::{Error as EncodeError, Write};
    use minicbor::{Decoder, Encoder};

    pub(in crate::rates) fn encode<C, W: Write>(
        date: &Option<Date>,
        encoder: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        match date {
            Some(date) => super::date::encode(date, encoder, context),
            None => encoder.null()?.ok(),
        }
    }

    pub(in crate::rates) fn decode<C>(
        decoder: &mut Decoder<'_>,
        context: &mut C,
    ) -> Result<Option<Date>, DecodeError> {
        if decoder.datatype()? == Type::Null {
            decoder.skip()?;
            return Ok(None);
        }
        super::date::decode(decoder, context).map(Some)
    }
}
