//! The keys a station believes, and what changes them.
//!
//! Each key is named by the one before it. The root may name one at any time: it counts more than
//! whatever a stolen key has named meanwhile, however many keys that were. So that nobody can play
//! an old word of the root again, a station remembers the number of the newest key that it believes
//! by the root's word or by its enrolment.

use minicbor::{Decode, Encode};

use super::{KeyNotice, KeyPurpose, VerifyingKey, read_notice};
use crate::clock::UnixSeconds;
use crate::security::signed::{self, ContentType, KeyId, SIGNATURE_BYTES};
use crate::services::keys::{CenterKeys, KeyNumbers, Point};

/// The most keys a station believes at once for one purpose: a thief of one key cannot keep those of
/// the others from following.
const MAX_BELIEVED: usize = 16;

const VERSION: u8 = 1;

/// A key a station believes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BelievedKey {
    /// What for.
    #[n(1)]
    pub purpose: KeyPurpose,
    /// Its number.
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
    #[n(3)]
    anchors: Option<Vec<Anchor>>,
}

/// The newest key of a purpose that the root has named, or that an enrolment brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Anchor {
    #[n(1)]
    purpose: KeyPurpose,
    #[n(2)]
    number: u32,
}

impl Believed {
    /// The keys of an enrolment: the reply that brought them came over a line verified by the root.
    #[must_use]
    pub fn at_enrolment(keys: &CenterKeys, now: UnixSeconds) -> Self {
        let mut believed = Self {
            version: VERSION,
            keys: Vec::new(),
            anchors: None,
        };
        believed.begin(KeyPurpose::Replies, VerifyingKey::P256(keys.replies), now);
        believed
    }

    /// Takes note which numbers the keys of the enrolment have.
    pub fn number(&mut self, numbers: KeyNumbers) {
        for purpose in KeyPurpose::ALL {
            let number = numbers.of(purpose);
            let first = self.keys.iter_mut().find(|key| key.purpose == purpose);
            if let Some(first) = first.filter(|first| first.number == 0) {
                first.number = number;
                self.anchor(purpose, number);
            }
        }
    }

    /// The number of the newest key that is believed by the root's word or by the enrolment.
    fn anchored(&self, purpose: KeyPurpose) -> u32 {
        let mut anchors = self.anchors.iter().flatten();
        let found = anchors.find(|anchor| anchor.purpose == purpose);
        found.map_or(0, |anchor| anchor.number)
    }

    fn anchor(&mut self, purpose: KeyPurpose, number: u32) {
        let anchors = self.anchors.get_or_insert_default();
        anchors.retain(|anchor| anchor.purpose != purpose);
        anchors.push(Anchor { purpose, number });
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

    /// The newest key of a purpose, which may not sign yet: the one that was learned last.
    #[must_use]
    pub fn newest(&self, purpose: KeyPurpose) -> Option<&BelievedKey> {
        self.of(purpose).last()
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
    /// when it was known before, or is older than what this station began with.
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
        if signer == root.key_id() {
            let root = VerifyingKey::P256(*root);
            check(ContentType::KeyNotice, signed, &root, verify)?;
            return Ok(self.learn_of_root(&notice));
        }
        if self.knows(notice.purpose, notice.key.key_id()) {
            return Ok(false);
        }
        let newest = *self
            .newest(notice.purpose)
            .ok_or(NoticeRefusal::DoesNotFollow)?;
        if signer == newest.key.key_id() {
            check(notice.purpose.notice(), signed, &newest.key, verify)?;
        } else if notice.number <= newest.number {
            // From before the enrolment, or of a key that was never used: it is not needed.
            return Ok(false);
        } else {
            return Err(NoticeRefusal::DoesNotFollow);
        }
        let is_full = self.of(notice.purpose).count() >= MAX_BELIEVED;
        if notice.number <= newest.number || is_full {
            return Err(NoticeRefusal::DoesNotFollow);
        }
        self.follow(&notice);
        Ok(true)
    }

    /// Believes the key that the root has named, unless the root's word is an old one.
    fn learn_of_root(&mut self, notice: &KeyNotice) -> bool {
        if notice.number <= self.anchored(notice.purpose) {
            return false;
        }
        // Whoever stole the key before may have named the same key, to leave its own believed.
        let is_full = self.of(notice.purpose).count() >= MAX_BELIEVED;
        self.keys
            .retain(|key| key.purpose != notice.purpose || (key.key != notice.key && !is_full));
        self.anchor(notice.purpose, notice.number);
        self.follow(notice);
        true
    }

    /// The key of a notice becomes the newest; those before it are believed for a while.
    fn follow(&mut self, notice: &KeyNotice) {
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
    }

    /// Forgets keys whose time is over.
    pub fn forget_ended(&mut self, now: UnixSeconds) {
        self.keys
            .retain(|key| key.until.is_none_or(|until| now < until));
    }
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
