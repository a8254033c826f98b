//! The data center's signing keys, one after another (`shared::services::keys::trust`).
//!
//! The first key of a purpose is made at `init`; each later one is announced by a notice that the
//! key before it signs, signs itself from the instant named there, and by then the private half of
//! the one before is destroyed. Keys lie in `keys/PURPOSE-N.pem`, notices in `ca/PURPOSE-N.hex`; the
//! first has no number in its name, and its public half in the place of a notice: what it signed is
//! believed longer than its private half exists.
//!
//! What a crash leaves: a key without its notice is no key yet and is overwritten by the next try.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use data_encoding::HEXLOWER;
use shared::clock::UnixSeconds;
use shared::security::signed::{self, ContentType, KeyId, SIGNATURE_BYTES};
use shared::services::keys::trust::{
    ANNOUNCE_DAYS, KeyNotice, KeyPurpose, OVERLAP_DAYS, SIGNING_KEY_DAYS, VerifyingKey, read_notice,
};
use shared::wire::{from_cbor, to_cbor};

use super::key_folder::KeyFolder;
use super::keys::{Ed25519Key, SigningKey};
use super::{CaError, numbered};
use crate::folder;

/// The most keys one purpose can have had: a few hundred years of them.
const NUMBER_MAX: u32 = 1_000;

/// A private key that a ring holds.
pub(super) trait RingKey: Sized {
    /// Makes a key of that name, over whatever an earlier try left there.
    fn make(folder: &KeyFolder, name: &str) -> Result<(), CaError>;
    /// Finds the key of that name.
    fn read(folder: &KeyFolder, name: &str) -> Result<Self, CaError>;
    /// Its public half.
    fn verifying(&self) -> VerifyingKey;
    /// Signs a notice.
    fn sign_notice(&self, input: &[u8]) -> Option<[u8; SIGNATURE_BYTES]>;
}

impl RingKey for SigningKey {
    fn make(folder: &KeyFolder, name: &str) -> Result<(), CaError> {
        folder.make(name)
    }

    fn read(folder: &KeyFolder, name: &str) -> Result<Self, CaError> {
        Self::read(folder, name)
    }

    fn verifying(&self) -> VerifyingKey {
        VerifyingKey::P256(self.point())
    }

    fn sign_notice(&self, input: &[u8]) -> Option<[u8; SIGNATURE_BYTES]> {
        self.sign(input)
    }
}

impl RingKey for Ed25519Key {
    fn make(folder: &KeyFolder, name: &str) -> Result<(), CaError> {
        Self::make(&folder.path(name))
    }

    fn read(folder: &KeyFolder, name: &str) -> Result<Self, CaError> {
        Self::read(&folder.path(name))
    }

    fn verifying(&self) -> VerifyingKey {
        VerifyingKey::Ed25519(self.public())
    }

    fn sign_notice(&self, input: &[u8]) -> Option<[u8; SIGNATURE_BYTES]> {
        Some(self.sign(input))
    }
}

/// A key with its place in the line.
#[derive(Debug)]
struct Numbered<K> {
    number: u32,
    from: UnixSeconds,
    key: Arc<K>,
}

/// A notice as it is handed out.
#[derive(Clone, Debug)]
struct Announced {
    notice: KeyNotice,
    signed: Vec<u8>,
}

/// What is true at one instant.
#[derive(Debug)]
struct Line<K> {
    in_use: Numbered<K>,
    next: Option<Numbered<K>>,
    /// The first key's public half; not there when it was destroyed before it was kept.
    first: Option<VerifyingKey>,
    notices: Vec<Announced>,
}

/// The keys of one purpose.
#[derive(Debug)]
pub(super) struct KeyRing<K> {
    purpose: KeyPurpose,
    folder: KeyFolder,
    line: RwLock<Line<K>>,
}

/// One key as an admin sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyAge {
    /// What it is for.
    pub purpose: &'static str,
    /// Its number.
    pub number: u32,
    /// Since when it is, or from when on it will be, in use.
    pub since: UnixSeconds,
    /// Until when what it made is believed; `None` while no successor is announced.
    pub until: Option<UnixSeconds>,
    /// When its successor takes over by itself.
    pub next: Option<UnixSeconds>,
    /// Where in its life it is.
    pub state: KeyState,
}

/// Where in its life a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Stations learn it; it does not sign yet.
    Announced,
    /// It signs.
    InUse,
    /// What it signed is believed; its private half is destroyed, or only opens.
    Past,
}

impl KeyState {
    /// The state as a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::InUse => "in-use",
            Self::Past => "past",
        }
    }
}

impl<K: RingKey> KeyRing<K> {
    /// Makes the first key of a purpose.
    pub(super) fn init(folder: &KeyFolder, purpose: KeyPurpose) -> Result<(), CaError> {
        K::make(folder, purpose.name())?;
        keep_first::<K>(folder, purpose).map(drop)
    }

    /// Reads the line; `since` is when the first key was made.
    pub(super) fn open(
        folder: &KeyFolder,
        purpose: KeyPurpose,
        (since, now): (UnixSeconds, UnixSeconds),
    ) -> Result<Self, CaError> {
        let mut notices = Vec::new();
        for number in 2..NUMBER_MAX {
            let path = notice_path(folder, purpose, number);
            if !path.exists() {
                break;
            }
            notices.push(read_announced(&path, purpose, number)?);
        }
        let read = |number: u32, from: UnixSeconds| -> Result<Numbered<K>, CaError> {
            let key = Arc::new(K::read(folder, &numbered(purpose.name(), number))?);
            Ok(Numbered { number, from, key })
        };
        let begun = notices.iter().rfind(|one| one.notice.from <= now);
        let in_use = match begun {
            Some(one) => read(one.notice.number, one.notice.from)?,
            None => read(1, since)?,
        };
        // One announced by a key that was lost since is never used.
        let ahead = notices
            .iter()
            .find(|one| one.notice.from > now && one.notice.number > in_use.number);
        let next = ahead.map(|one| read(one.notice.number, one.notice.from));
        let line = Line {
            in_use,
            next: next.transpose()?,
            first: read_first::<K>(folder, purpose)?,
            notices,
        };
        Ok(Self {
            purpose,
            folder: folder.clone(),
            line: RwLock::new(line),
        })
    }

    fn line(&self) -> RwLockReadGuard<'_, Line<K>> {
        self.line.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key that signs.
    pub(super) fn in_use(&self) -> Arc<K> {
        Arc::clone(&self.line().in_use.key)
    }

    /// The number of the key that signs.
    pub(super) fn number(&self) -> u32 {
        self.line().in_use.number
    }

    /// The signed notices that some station may still need, also where a key before them is believed
    /// no more.
    pub(super) fn notices(&self, now: UnixSeconds) -> Vec<Vec<u8>> {
        let line = self.line();
        let needed = line
            .notices
            .iter()
            .filter(|one| now < one.notice.from.plus_days(OVERLAP_DAYS));
        needed.map(|one| one.signed.clone()).collect()
    }

    /// The keys by which something may be signed that is believed yet, oldest first.
    pub(super) fn believed(&self, now: UnixSeconds) -> Vec<VerifyingKey> {
        let line = self.line();
        // A key that the root has named ends all before it, also those that had a successor.
        let until = |number: u32| {
            let later = line.notices.iter().map(|one| &one.notice);
            let later = later.filter(|notice| notice.number > number);
            later.map(|notice| notice.earlier_until).min()
        };
        let first = line.first.map(|key| (1, key));
        let later = line
            .notices
            .iter()
            .map(|one| (one.notice.number, one.notice.key));
        first
            .into_iter()
            .chain(later)
            .filter(|(number, _)| until(*number).is_none_or(|until| now < until))
            .map(|(_, key)| key)
            .collect()
    }

    /// Announces the next key; the present one signs its notice. It signs from `from` on.
    ///
    /// # Errors
    /// [`CaError::RotationUnderWay`] when one is announced already.
    pub(super) fn announce(&self, from: UnixSeconds) -> Result<Vec<u8>, CaError> {
        let mut line = self.line.write().unwrap_or_else(PoisonError::into_inner);
        if line.next.is_some() {
            return Err(CaError::RotationUnderWay {
                what: self.purpose.name(),
            });
        }
        let number = line.in_use.number.saturating_add(1);
        let key = make_key::<K>(&self.folder, self.purpose, number)?;
        let notice = KeyNotice::new(self.purpose, number, key.verifying(), from);
        let signer = &line.in_use.key;
        let name = (self.purpose.notice(), signer.verifying().key_id());
        let sign = |input: &[u8]| signer.sign_notice(input);
        let signed = write_notice(&self.folder, &notice, name, sign)?;
        line.notices.push(Announced {
            notice,
            signed: signed.clone(),
        });
        line.next = Some(Numbered {
            number,
            from,
            key: Arc::new(key),
        });
        Ok(signed)
    }

    /// Lets the next key take over when its time has come, destroys the private halves before it,
    /// and announces a successor in time. What was announced.
    pub(super) fn upkeep(&self, now: UnixSeconds) -> Result<Option<Vec<u8>>, CaError> {
        let age_ends = {
            let mut line = self.line.write().unwrap_or_else(PoisonError::into_inner);
            if line.next.as_ref().is_some_and(|next| next.from <= now)
                && let Some(next) = line.next.take()
            {
                line.in_use = next;
            }
            self.destroy_before(line.in_use.number)?;
            line.next
                .is_none()
                .then(|| line.in_use.from.plus_days(SIGNING_KEY_DAYS))
        };
        match age_ends {
            Some(end) if end.plus_days(-ANNOUNCE_DAYS) <= now => {
                let from = end.max(now.plus_days(ANNOUNCE_DAYS));
                self.announce(from).map(Some)
            }
            Some(_) | None => Ok(None),
        }
    }

    fn destroy_before(&self, number: u32) -> Result<(), CaError> {
        for past in 1..number {
            let name = numbered(self.purpose.name(), past);
            self.folder.destroy_past(&name)?;
        }
        Ok(())
    }

    /// The keys that are of any use, oldest first.
    pub(super) fn ages(&self, since: UnixSeconds, now: UnixSeconds) -> Vec<KeyAge> {
        let line = self.line();
        let begins = |number: u32| {
            let found = line.notices.iter().find(|one| one.notice.number == number);
            found.map_or(since, |one| one.notice.from)
        };
        let successor = |number: u32| line.notices.iter().find(|one| one.notice.number > number);
        let last = line.next.as_ref().unwrap_or(&line.in_use).number;
        let ages = (1..=last).map(|number| {
            let until = successor(number).map(|one| one.notice.earlier_until);
            let taken_over = successor(number).map(|one| one.notice.from);
            let state = match number.cmp(&line.in_use.number) {
                std::cmp::Ordering::Less => KeyState::Past,
                std::cmp::Ordering::Equal => KeyState::InUse,
                std::cmp::Ordering::Greater => KeyState::Announced,
            };
            let by_itself = begins(number).plus_days(SIGNING_KEY_DAYS);
            KeyAge {
                purpose: self.purpose.name(),
                number,
                since: begins(number),
                until,
                next: (state != KeyState::Past).then(|| taken_over.unwrap_or(by_itself)),
                state,
            }
        });
        ages.filter(|age| age.until.is_none_or(|until| now < until))
            .collect()
    }
}

/// Names a key that signs from now on, in place of all before it: the root signs its notice, because
/// the key before is lost, or somebody else has it too. Earlier keys are believed until then.
///
/// Only files are written, so the data center must not be open. A crash before the notice leaves a
/// key without one, which the next try overwrites.
pub(super) fn replace<K: RingKey>(
    folder: &KeyFolder,
    purpose: KeyPurpose,
    root: &SigningKey,
    (now, earlier_until): (UnixSeconds, UnixSeconds),
) -> Result<Vec<u8>, CaError> {
    let is_free = |number: &u32| !notice_path(folder, purpose, *number).exists();
    let number = (2..NUMBER_MAX).find(is_free).ok_or(CaError::Crypto {
        what: "number one more signing key",
    })?;
    let key = make_key::<K>(folder, purpose, number)?;
    let notice = KeyNotice {
        earlier_until,
        ..KeyNotice::new(purpose, number, key.verifying(), now)
    };
    let name = (ContentType::KeyNotice, root.key_id());
    write_notice(folder, &notice, name, |input| root.sign(input))
}

fn make_key<K: RingKey>(
    folder: &KeyFolder,
    purpose: KeyPurpose,
    number: u32,
) -> Result<K, CaError> {
    let name = numbered(purpose.name(), number);
    K::make(folder, &name)?;
    K::read(folder, &name)
}

/// Signs a notice and writes it down; from then on its key is one.
fn write_notice(
    folder: &KeyFolder,
    notice: &KeyNotice,
    (kind, signer): (ContentType, KeyId),
    sign: impl FnOnce(&[u8]) -> Option<[u8; SIGNATURE_BYTES]>,
) -> Result<Vec<u8>, CaError> {
    let signed = signed::sign(kind, signer, notice, &[], sign).map_err(|_| CaError::Crypto {
        what: "sign the notice of a key",
    })?;
    let place = notice_path(folder, notice.purpose, notice.number);
    folder::write_private(&place, HEXLOWER.encode(&signed).as_bytes())?;
    Ok(signed)
}

fn notice_path(folder: &KeyFolder, purpose: KeyPurpose, number: u32) -> PathBuf {
    folder.files().notice(&numbered(purpose.name(), number))
}

/// Writes down the first key's public half, while its private half is there.
fn keep_first<K: RingKey>(
    folder: &KeyFolder,
    purpose: KeyPurpose,
) -> Result<VerifyingKey, CaError> {
    let key = K::read(folder, purpose.name())?.verifying();
    let place = notice_path(folder, purpose, 1);
    folder::write_private(&place, HEXLOWER.encode(&to_cbor(&key)).as_bytes())?;
    Ok(key)
}

/// The first key's public half.
fn read_first<K: RingKey>(
    folder: &KeyFolder,
    purpose: KeyPurpose,
) -> Result<Option<VerifyingKey>, CaError> {
    let path = notice_path(folder, purpose, 1);
    if !path.exists() {
        let is_there = folder.path(purpose.name()).exists();
        return is_there
            .then(|| keep_first::<K>(folder, purpose))
            .transpose();
    }
    let bytes = HEXLOWER
        .decode(folder::read_small(&path)?.trim_ascii())
        .ok();
    let key = bytes.and_then(|bytes| from_cbor(&bytes).ok());
    key.map(Some).ok_or(CaError::Damaged { path })
}

fn read_announced(
    path: &std::path::Path,
    purpose: KeyPurpose,
    number: u32,
) -> Result<Announced, CaError> {
    let damaged = || CaError::Damaged {
        path: path.to_owned(),
    };
    let signed = HEXLOWER
        .decode(folder::read_small(path)?.trim_ascii())
        .map_err(|_| damaged())?;
    let (notice, _) = read_notice(&signed).ok_or_else(damaged)?;
    if notice.purpose == purpose && notice.number == number {
        Ok(Announced { notice, signed })
    } else {
        Err(damaged())
    }
}
