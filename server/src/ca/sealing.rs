//! The HPKE keys that requests are sealed to (`protocol.md` D): a new one each month, old ones
//! open-only for 60 days, then destroyed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use shared::clock::UnixSeconds;
use shared::security::envelope;
use shared::security::signed::KeyId;
use shared::services::keys::{Point, SealingKey};
use zeroize::{Zeroize, Zeroizing};

use super::CaError;
use super::keys::random;
use super::signing::{KeyAge, KeyState};
use crate::folder;

/// A new key is made when the newest is so old.
const RENEW_DAYS: i64 = 30;

/// Stations seal to a key until it is so old: one day more, so that there is never none.
const SEAL_DAYS: i64 = RENEW_DAYS + 1;

/// A key opens until it is so old, then it is destroyed.
const OPEN_DAYS: i64 = SEAL_DAYS + 60;

/// One HPKE key pair.
pub struct SealingPair {
    private: Zeroizing<Vec<u8>>,
    point: Point,
    made: UnixSeconds,
}

impl std::fmt::Debug for SealingPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealingPair")
            .field("id", &self.point.key_id())
            .field("made", &self.made)
            .finish_non_exhaustive()
    }
}

impl SealingPair {
    /// The private scalar, for [`envelope::Envelope::open`].
    #[must_use]
    pub fn private(&self) -> &[u8] {
        &self.private
    }

    /// The public half as stations learn it.
    #[must_use]
    pub fn public(&self) -> SealingKey {
        SealingKey {
            id: self.point.key_id(),
            point: self.point,
            until: self.made.plus_days(SEAL_DAYS),
        }
    }
}

/// How a key lies in its file.
#[derive(Serialize, Deserialize, Zeroize)]
#[zeroize(drop)]
struct StoredPair {
    made: i64,
    private: String,
    public: String,
}

/// All HPKE keys that still open.
#[derive(Debug)]
pub struct SealingRing {
    folder: PathBuf,
    /// Newest last, never empty.
    pairs: RwLock<Vec<Arc<SealingPair>>>,
}

impl SealingRing {
    /// Reads the keys, makes a first or next one when it is due, destroys those past their time.
    pub(super) fn open(folder: PathBuf, now: UnixSeconds) -> Result<Self, CaError> {
        let mut pairs = Vec::new();
        let unreadable = |source| folder::FileFault::Read {
            path: folder.clone(),
            source,
        };
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                pairs.push(Arc::new(read(&path)?));
            }
        }
        pairs.sort_by_key(|pair| pair.made);
        let ring = Self {
            folder,
            pairs: RwLock::new(pairs),
        };
        ring.upkeep(now)?;
        Ok(ring)
    }

    /// The key that stations should seal to now.
    #[must_use]
    pub fn current(&self) -> Arc<SealingPair> {
        let pairs = self.pairs.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(
            pairs
                .last()
                .expect("upkeep makes a key before the ring is used"),
        )
    }

    /// The key with this name, while it still opens.
    #[must_use]
    pub fn find(&self, id: KeyId) -> Option<Arc<SealingPair>> {
        let pairs = self.pairs.read().unwrap_or_else(PoisonError::into_inner);
        pairs
            .iter()
            .rfind(|pair| pair.point.key_id() == id)
            .map(Arc::clone)
    }

    /// Makes the next key now, before its time.
    ///
    /// # Errors
    /// [`CaError`] when a key cannot be made or written.
    pub fn rotate(&self, now: UnixSeconds) -> Result<(), CaError> {
        let mut pairs = self.pairs.write().unwrap_or_else(PoisonError::into_inner);
        pairs.push(Arc::new(make(&self.folder, now)?));
        Ok(())
    }

    /// The keys that still open, oldest first.
    #[must_use]
    pub fn ages(&self) -> Vec<KeyAge> {
        let pairs = self.pairs.read().unwrap_or_else(PoisonError::into_inner);
        let ages = pairs.iter().enumerate().map(|(place, pair)| {
            let is_newest = place.saturating_add(1) == pairs.len();
            KeyAge {
                purpose: "sealing",
                number: u32::try_from(place.saturating_add(1)).unwrap_or(u32::MAX),
                since: pair.made,
                until: Some(pair.made.plus_days(OPEN_DAYS)),
                next: is_newest.then(|| pair.made.plus_days(RENEW_DAYS)),
                state: if is_newest {
                    KeyState::InUse
                } else {
                    KeyState::Past
                },
            }
        });
        ages.collect()
    }

    /// Makes the next key when it is due and destroys those past their time. To be called daily.
    ///
    /// # Errors
    /// [`CaError`] when a key cannot be made, written or removed.
    pub fn upkeep(&self, now: UnixSeconds) -> Result<(), CaError> {
        let mut pairs = self.pairs.write().unwrap_or_else(PoisonError::into_inner);
        if pairs
            .last()
            .is_none_or(|newest| newest.made.plus_days(RENEW_DAYS) <= now)
        {
            pairs.push(Arc::new(make(&self.folder, now)?));
        }
        let (open, past): (Vec<_>, Vec<_>) = pairs
            .drain(..)
            .partition(|pair| now < pair.made.plus_days(OPEN_DAYS));
        *pairs = open;
        drop(pairs);
        for pair in past {
            let path = self.folder.join(file_name(&pair.point));
            folder::destroy(&path)?;
        }
        Ok(())
    }
}

/// Destroys the keys past their time in a folder of HPKE keys that nobody opens with any more. What is
/// no key there stays as it is.
///
/// # Errors
/// [`CaError`] when the folder cannot be read or a key not removed.
pub(super) fn destroy_past(folder: &Path, now: UnixSeconds) -> Result<(), CaError> {
    let unreadable = |source| folder::FileFault::Read {
        path: folder.to_owned(),
        source,
    };
    let entries = match std::fs::read_dir(folder) {
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(unreadable)?,
    };
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        let is_past = |pair: &SealingPair| pair.made.plus_days(OPEN_DAYS) <= now;
        if read(&path).as_ref().is_ok_and(is_past) {
            folder::destroy(&path)?;
        }
    }
    Ok(())
}

fn file_name(point: &Point) -> String {
    format!("{}.json", HEXLOWER.encode(&point.key_id().0))
}

fn make(folder: &Path, now: UnixSeconds) -> Result<SealingPair, CaError> {
    let seed = Zeroizing::new(random::<32>()?);
    let (private, public) = envelope::key_pair(&seed);
    let private = Zeroizing::new(private);
    let point = Point(public.try_into().map_err(|_| CaError::Crypto {
        what: "make an HPKE key",
    })?);
    let stored = StoredPair {
        made: now.0,
        private: HEXLOWER.encode(&private),
        public: HEXLOWER.encode(&point.0),
    };
    let text = Zeroizing::new(serde_json::to_vec(&stored).map_err(|_| CaError::Crypto {
        what: "write an HPKE key",
    })?);
    folder::write_private(&folder.join(file_name(&point)), &text)?;
    Ok(SealingPair {
        private,
        point,
        made: now,
    })
}

fn read(path: &Path) -> Result<SealingPair, CaError> {
    let damaged = || CaError::Damaged {
        path: path.to_owned(),
    };
    let text = Zeroizing::new(folder::read_small(path)?);
    let stored: StoredPair = serde_json::from_slice(&text).map_err(|_| damaged())?;
    let hex = |text: &str| HEXLOWER.decode(text.as_bytes()).map_err(|_| damaged());
    Ok(SealingPair {
        private: Zeroizing::new(hex(&stored.private)?),
        point: Point(hex(&stored.public)?.try_into().map_err(|_| damaged())?),
        made: UnixSeconds(stored.made),
    })
}
