//! Whom a station believes, and how the data center's keys follow one another.
//!
//! A new signing key is announced by a notice that the key before it signs, so early that every
//! station that renews its certificate in time knows it by then. A notice carries its own proof: it
//! may travel over any line. Nobody but the holder of the key before, or of the offline root, can
//! name whom a station believes next.

mod believed;

use minicbor::{Decode, Decoder, Encode, Encoder};

pub use believed::{Believed, BelievedKey, NoticeRefusal, Verify};

use super::Point;
use crate::clock::UnixSeconds;
use crate::security::signed::{self, ContentType, KeyId};

/// A signing key of the data center is used so many days; then its successor signs.
pub const SIGNING_KEY_DAYS: i64 = 365;

/// A successor is known so many days before it signs: longer than a station's certificate lives,
/// so that every station that renews in time has learned it at level L3.
pub const ANNOUNCE_DAYS: i64 = 40;

/// A key or authority is believed so many days after its successor took over: as long as the
/// renewal door is open, so that no stored answer is lost to a station that returns.
pub const OVERLAP_DAYS: i64 = 400;

/// The most notices one bundle holds.
pub const MAX_NOTICES: usize = 24;

/// The most authorities one bundle holds, and a station remembers.
pub const MAX_AUTHORITIES: usize = 8;

const VERSION: u8 = 1;

/// DER of an Ed25519 `SubjectPublicKeyInfo` (RFC 8410) up to the key.
const ED25519_SPKI_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// What a signing key of the data center is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum KeyPurpose {
    /// Replies, grants and receipts.
    #[n(1)]
    Replies,
    // 2 was for lists of rate editions and is not used again.
    /// Heads of the journal.
    #[n(3)]
    Heads,
}

impl KeyPurpose {
    /// Every purpose.
    pub const ALL: [Self; 2] = [Self::Replies, Self::Heads];

    /// The purpose as a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Replies => "replies",
            Self::Heads => "heads",
        }
    }

    /// The content type of a notice that the key before signs.
    #[must_use]
    pub const fn notice(self) -> ContentType {
        match self {
            Self::Replies => ContentType::KeyNotice,
            Self::Heads => ContentType::HeadKeyNotice,
        }
    }
}

/// A public key that verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyingKey {
    /// ES256.
    P256(Point),
    /// EdDSA.
    Ed25519([u8; 32]),
}

impl VerifyingKey {
    /// The key's name.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        match self {
            Self::P256(point) => point.key_id(),
            Self::Ed25519(key) => {
                KeyId::of_spki(&[ED25519_SPKI_PREFIX.as_slice(), key.as_slice()].concat())
            }
        }
    }
}

impl<C> Encode<C> for VerifyingKey {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        let bytes = match self {
            Self::P256(point) => point.0.as_slice(),
            Self::Ed25519(key) => key.as_slice(),
        };
        encoder.bytes(bytes).map(drop)
    }
}

impl<'b, C> Decode<'b, C> for VerifyingKey {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let bytes = decoder.bytes()?;
        if let Ok(point) = bytes.try_into() {
            return Ok(Self::P256(Point(point)));
        }
        bytes
            .try_into()
            .map(Self::Ed25519)
            .map_err(|_| minicbor::decode::Error::message("not a public key"))
    }
}

/// Names the key that follows, and no data center: only that one has the key that signs it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct KeyNotice {
    /// The layout version, 1.
    #[n(1)]
    pub version: u8,
    /// What for.
    #[n(2)]
    pub purpose: KeyPurpose,
    /// Its number; the first key of a purpose is 1 and has no notice.
    #[n(3)]
    pub number: u32,
    /// The key.
    #[n(4)]
    pub key: VerifyingKey,
    /// It signs from this instant on.
    #[n(5)]
    pub from: UnixSeconds,
    /// Keys of a lower number are believed until then.
    #[n(6)]
    pub earlier_until: UnixSeconds,
}

impl KeyNotice {
    /// A notice for the key `number`, which signs from `from` on.
    #[must_use]
    pub const fn new(
        purpose: KeyPurpose,
        number: u32,
        key: VerifyingKey,
        from: UnixSeconds,
    ) -> Self {
        Self {
            version: VERSION,
            purpose,
            number,
            key,
            from,
            earlier_until: from.plus_days(OVERLAP_DAYS),
        }
    }
}

/// Everything a station needs to go on believing its data center: public, and with its own proofs.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct TrustBundle {
    /// The layout version, 1.
    #[n(1)]
    pub version: u8,
    /// Certificates of the authorities that issue indicium certificates, DER, each under the root.
    #[n(2)]
    pub authorities: Vec<minicbor::bytes::ByteVec>,
    /// Signed notices, lowest number first.
    #[n(3)]
    pub notices: Vec<minicbor::bytes::ByteVec>,
}

impl TrustBundle {
    /// A bundle of authorities and notices.
    #[must_use]
    pub fn new(authorities: Vec<Vec<u8>>, notices: Vec<Vec<u8>>) -> Self {
        let [authorities, notices] =
            [authorities, notices].map(|papers| papers.into_iter().map(Into::into).collect());
        Self {
            version: VERSION,
            authorities,
            notices,
        }
    }

    /// Whether this program can read it, and it is no longer than a bundle may be.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.version == VERSION
            && self.authorities.len() <= MAX_AUTHORITIES
            && self.notices.len() <= MAX_NOTICES
    }
}

/// What a signed notice says and who is named as its signer; nothing of it is checked.
#[must_use]
pub fn read_notice(signed: &[u8]) -> Option<(KeyNotice, KeyId)> {
    let kinds = [ContentType::KeyNotice, ContentType::HeadKeyNotice];
    let read = |kind| signed::open::<KeyNotice>(kind, signed, &[], |_, _, _| true).ok();
    let opened = kinds.into_iter().find_map(read)?;
    (opened.message.version == VERSION).then_some((opened.message, opened.key))
}

#[cfg(test)]
mod tests;
