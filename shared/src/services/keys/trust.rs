//! Whom a station believes, and how the data center's keys follow one another.
//!
//! A new signing key is announced by a notice that the key before it signs, so early that every
//! station that renews its certificate in time knows it by then. A notice carries its own proof: it
//! may travel over any line. Nobody but the holder of the key before, or of the offline root, can
//! name whom a station believes next.

use minicbor::{Decode, Decoder, Encode, Encoder};

use super::{CenterKeys, Point};
use crate::clock::UnixSeconds;
use crate::security::signed::{self, ContentType, KeyId, SIGNATURE_BYTES};

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

/// The most keys a station believes at once, of all purposes.
const MAX_BELIEVED: usize = 48;

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
    /// Manifests of rate editions.
    #[n(2)]
    Editions,
    /// Heads of the journal.
    #[n(3)]
    Heads,
}

impl KeyPurpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::Replies, Self::Editions, Self::Heads];

    /// The purpose as a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Replies => "replies",
            Self::Editions => "editions",
            Self::Heads => "heads",
        }
    }

    /// The content type of a notice that the key before signs.
    #[must_use]
    pub const fn notice(self) -> ContentType {
        match self {
            Self::Replies | Self::Editions => ContentType::KeyNotice,
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

/// A key a station believes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BelievedKey {
    /// What for.
    #[n(1)]
    pub purpose: KeyPurpose,
    /// Its number; 0 for the one of the enrolment, whatever its number was.
    #[n(2)]
    pub number: u32,
    /// The key.
    #[n(3)]
    pub key: VerifyingKey,
    /// Since when it signs.
    #[n(4)]
    pub from: UnixSeconds,
    /// Until when what it signed is believed; `None` while it has no successor.
    #[n(5)]
    pub until: Option<UnixSeconds>,
}

/// Why a notice was not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeRefusal {
    /// It is not a notice, or not one this program can read.
    #[error("the notice of a key cannot be read")]
    Unreadable,
    /// Neither the key before nor the root has signed it.
    #[error("the notice of a key is not signed by the key before it")]
    NotSigned,
    /// It does not follow the newest key that is believed.
    #[error("the notice of a key does not follow the key that is believed")]
    DoesNotFollow,
}

/// Checks a signature: key, signed bytes, signature.
pub type Verify<'a> = dyn Fn(&VerifyingKey, &[u8], &[u8; SIGNATURE_BYTES]) -> bool + 'a;

/// The keys a station believes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Believed {
    #[n(1)]
    version: u8,
    #[n(2)]
    keys: Vec<BelievedKey>,
}

impl Believed {
    /// The keys of an enrolment: the reply that brought them came over a line verified by the root.
    #[must_use]
    pub fn at_enrolment(keys: &CenterKeys, now: UnixSeconds) -> Self {
        let mut believed = Self {
            version: VERSION,
            keys: Vec::new(),
        };
        believed.begin(KeyPurpose::Replies, VerifyingKey::P256(keys.replies), now);
        believed.begin(KeyPurpose::Editions, VerifyingKey::P256(keys.editions), now);
        believed
    }

    /// Takes the first key of a purpose; one that is there stays.
    pub fn begin(&mut self, purpose: KeyPurpose, key: VerifyingKey, now: UnixSeconds) {
        if self.newest(purpose).is_none() {
            self.keys.push(BelievedKey {
                purpose,
                number: 0,
                key,
                from: now,
                until: None,
            });
        }
    }

    /// The newest key of a purpose, which may not sign yet.
    #[must_use]
    pub fn newest(&self, purpose: KeyPurpose) -> Option<&BelievedKey> {
        self.of(purpose).max_by_key(|key| key.number)
    }

    /// The keys of one purpose, in the order they were learned.
    pub fn of(&self, purpose: KeyPurpose) -> impl Iterator<Item = &BelievedKey> {
        self.keys.iter().filter(move |key| key.purpose == purpose)
    }

    /// Whether a key of this name is, or was lately, believed for this purpose.
    #[must_use]
    pub fn knows(&self, purpose: KeyPurpose, name: KeyId) -> bool {
        self.of(purpose).any(|key| key.key.key_id() == name)
    }

    /// Whether the key of this name is believed now and has signed `input`.
    #[must_use]
    pub fn verifies(
        &self,
        purpose: KeyPurpose,
        name: KeyId,
        now: UnixSeconds,
        (input, signature): (&[u8], &[u8; SIGNATURE_BYTES]),
        verify: &Verify<'_>,
    ) -> bool {
        self.of(purpose)
            .filter(|key| key.until.is_none_or(|until| now < until))
            .any(|key| key.key.key_id() == name && verify(&key.key, input, signature))
    }

    /// Believes the key of a notice that the newest key before it, or the root, has signed. `false`
    /// when it was known before, or follows a key this station never needed to know.
    ///
    /// # Errors
    /// [`NoticeRefusal`]; nothing has changed then.
    pub fn learn(
        &mut self,
        root: &Point,
        signed: &[u8],
        verify: &Verify<'_>,
    ) -> Result<bool, NoticeRefusal> {
        let (notice, signer) = read_notice(signed).ok_or(NoticeRefusal::Unreadable)?;
        if self.knows(notice.purpose, notice.key.key_id()) {
            return Ok(false);
        }
        let newest = *self
            .newest(notice.purpose)
            .ok_or(NoticeRefusal::DoesNotFollow)?;
        if signer == root.key_id() {
            check(
                ContentType::KeyNotice,
                signed,
                &VerifyingKey::P256(*root),
                verify,
            )?;
        } else if signer == newest.key.key_id() {
            check(notice.purpose.notice(), signed, &newest.key, verify)?;
        } else if self.knows(notice.purpose, signer) || newest.number > 0 {
            return Err(NoticeRefusal::DoesNotFollow);
        } else {
            // From before the enrolment: it cannot be checked and is not needed.
            return Ok(false);
        }
        if notice.number <= newest.number || self.keys.len() >= MAX_BELIEVED {
            return Err(NoticeRefusal::DoesNotFollow);
        }
        for key in &mut self.keys {
            if key.purpose == notice.purpose {
                let until = key.until.unwrap_or(notice.earlier_until);
                key.until = Some(until.min(notice.earlier_until));
            }
        }
        self.keys.push(BelievedKey {
            purpose: notice.purpose,
            number: notice.number,
            key: notice.key,
            from: notice.from,
            until: None,
        });
        Ok(true)
    }

    /// Forgets keys whose time is over.
    pub fn forget_ended(&mut self, now: UnixSeconds) {
        self.keys
            .retain(|key| key.until.is_none_or(|until| now < until));
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

fn check(
    kind: ContentType,
    signed: &[u8],
    key: &VerifyingKey,
    verify: &Verify<'_>,
) -> Result<(), NoticeRefusal> {
    signed::open::<KeyNotice>(kind, signed, &[], |_, input, signature| {
        verify(key, input, signature)
    })
    .map(drop)
    .map_err(|_| NoticeRefusal::NotSigned)
}

#[cfg(test)]
mod tests;
