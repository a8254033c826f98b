//! Why an indicium cannot be written, signed or read.

use jiff::civil::Date;

#[cfg(doc)]
use super::{MAX_DESCENDING_MILLS, MAX_POSTAGE_MILLS, MAX_READ_BYTES};
use crate::money::Mills;

/// Why fields cannot be written as an indicium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The postage is more than [`MAX_POSTAGE_MILLS`].
    #[error("a postage of {found} does not fit into an indicium")]
    PostageTooLarge {
        /// The postage.
        found: Mills,
    },
    /// The descending register is more than [`MAX_DESCENDING_MILLS`].
    #[error("a descending register of {found} does not fit into an indicium")]
    DescendingTooLarge {
        /// The register.
        found: Mills,
    },
    /// The date of mailing lies before year 1.
    #[error("the date of mailing {found} does not fit into an indicium")]
    DateOutOfRange {
        /// The date.
        found: Date,
    },
}

/// Why an indicium was not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError<E: std::error::Error + 'static> {
    /// The fields do not fit the layout.
    #[error("the indicium cannot be written")]
    Write(#[source] WriteError),
    /// The key could not sign.
    #[error("the indicium key could not sign")]
    Key(#[source] E),
}

/// Why bytes are no `ibi-full` indicium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Too few bytes for the fields and the signature, or more than [`MAX_READ_BYTES`].
    #[error("{found} bytes are not an indicium")]
    WrongLength {
        /// The length in bytes.
        found: usize,
    },
    /// An algorithm number that is not known.
    #[error("indicium algorithm {found} is not known")]
    UnknownAlgorithm {
        /// The number.
        found: u8,
    },
    /// Manufacturer or model are not ASCII letters or digits.
    #[error("the PSD number of the indicium is not one")]
    NotAPsd,
    /// The date of mailing is no day of the calendar.
    #[error("the date of mailing {found} is no day")]
    NotADate {
        /// The decimal number YYYYMMDD.
        found: u32,
    },
    /// The originating ZIP code has more than five digits.
    #[error("the origin {found} is no ZIP code")]
    NotAnOrigin {
        /// The number.
        found: u32,
    },
    /// The destination has more than eleven digits.
    #[error("the destination {found} has too many digits")]
    NotADestination {
        /// The number.
        found: u64,
    },
}
