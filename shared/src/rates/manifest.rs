//! What is signed about an edition: small enough for any line, while the content is fetched by
//! its hash when the line can carry it.

use jiff::civil::Date;
use minicbor::{Decode, Encode};

use super::dates::{date, date_option};
use super::edition::{Edition, EditionError};
use super::refusal::RateRefusal;

/// The version of the manifest's layout.
pub const MANIFEST_VERSION: u8 = 1;
/// The content type under which a manifest is signed.
pub const MANIFEST_CONTENT_TYPE: &str = "pb/edition";

/// The announcement of one edition.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EditionManifest {
    /// [`MANIFEST_VERSION`].
    #[n(1)]
    pub version: u8,
    /// The edition's identity.
    #[n(2)]
    pub id: String,
    /// The edition's title.
    #[n(3)]
    pub title: String,
    /// From which date of mailing on it holds, in the station's local time.
    #[cbor(n(4), with = "date")]
    pub effective: Date,
    /// The last date of mailing for which it holds, where there is one.
    #[cbor(n(5), with = "date_option")]
    pub until: Option<Date>,
    /// SHA-256 of the content bytes.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub sha256: [u8; 32],
    /// Length of the content in bytes.
    #[n(7)]
    pub length: u32,
    /// Whether it is a sample that nobody has confirmed.
    #[n(8)]
    pub sample: bool,
}

impl EditionManifest {
    /// Describes an edition.
    #[must_use]
    pub fn of(edition: &Edition) -> Self {
        let bytes = edition.to_bytes();
        Self {
            version: MANIFEST_VERSION,
            id: edition.id.clone(),
            title: edition.title.clone(),
            effective: edition.effective,
            until: edition.until,
            sha256: Edition::sha256(&bytes),
            length: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            sample: edition.is_sample(),
        }
    }

    /// Reads content that claims to be the announced one.
    ///
    /// # Errors
    /// [`EditionError::WrongContent`] when hash, length or description differ, else as
    /// [`Edition::from_bytes`].
    pub fn open(&self, bytes: &[u8]) -> Result<Edition, EditionError> {
        if Edition::sha256(bytes) != self.sha256 {
            return Err(EditionError::WrongContent);
        }
        let edition = Edition::from_bytes(bytes)?;
        if Self::of(&edition) == *self {
            Ok(edition)
        } else {
            Err(EditionError::WrongContent)
        }
    }

    /// The announcement that is in force on a date: the latest one effective by then. Of two
    /// with the same effective date the later in the slice counts, so keep them as published.
    ///
    /// # Errors
    /// [`RateRefusal::NoEditionInForce`] when there is none, or its last date has passed.
    pub fn in_force(manifests: &[Self], date: Date) -> Result<&Self, RateRefusal> {
        let effective = manifests.iter().filter(|m| m.effective <= date);
        effective
            .max_by_key(|m| m.effective)
            .filter(|m| m.until.is_none_or(|until| date <= until))
            .ok_or(RateRefusal::NoEditionInForce { date })
    }
}
