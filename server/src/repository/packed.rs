//! The news of the repository as they leave: packed once for all stations that hold the same versions.
//!
//! Anybody may ask for them, and with any versions, so what one question costs is bounded: the frames
//! of the newest repository are kept, one question at a time is packed as small as can be, and whoever
//! asks meanwhile gets a frame that is made quickly and some hundred bytes longer. Nothing here outlives
//! the process, and what is kept says the same as what would be packed anew.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, PoisonError};

use shared::services::repository::news::HeldVersions;

use super::{RepositoryError, RepositoryRole, store};
use crate::db::Tx;

/// The level of what is kept: some milliseconds of work for some hundred bytes less.
const THOROUGH: i32 = 19;

/// The level of what is packed while another question is: its bytes cost little more than copying.
const QUICK: i32 = 1;

/// Frames that are kept: stations hold the versions of their last contacts, which are few. None is
/// longer than `NEWS_REPLY_MAX_BYTES`.
const FRAMES_MAX: usize = 32;

/// What the news lead to: every document but the root is bound by the timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newest {
    /// The version of the timestamp.
    pub timestamp: u64,
    /// The version of the root.
    pub root: u64,
}

impl Newest {
    /// Reads it.
    ///
    /// # Errors
    /// [`RepositoryError`].
    pub fn read(tx: &Tx<'_>) -> Result<Self, RepositoryError> {
        let version = |role| Ok::<_, RepositoryError>(store::needed(tx, role)?.version.number());
        Ok(Self {
            timestamp: version(RepositoryRole::Timestamp)?,
            root: version(RepositoryRole::Root)?,
        })
    }
}

/// A frame, and what it was packed for.
#[derive(Clone, Debug)]
struct Kept {
    held: HeldVersions,
    newest: Newest,
    frame: Vec<u8>,
}

/// The frames that were packed.
#[derive(Debug, Default)]
pub struct PackedNews {
    kept: Mutex<VecDeque<Kept>>,
    /// Held by whoever packs as small as can be.
    turn: Mutex<()>,
}

impl PackedNews {
    /// The news for whoever holds these versions, when they were packed before.
    #[must_use]
    pub fn find(&self, held: &HeldVersions, newest: Newest) -> Option<Vec<u8>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = kept.iter();
        let found = kept.find(|one| one.held == *held && one.newest == newest);
        found.map(|one| one.frame.clone())
    }

    /// Packs the news for whoever holds these versions. It takes up a core meanwhile.
    ///
    /// # Errors
    /// What the packer says.
    pub fn pack(&self, held: HeldVersions, newest: Newest, news: &[u8]) -> io::Result<Vec<u8>> {
        let Ok(_turn) = self.turn.try_lock() else {
            return zstd::bulk::compress(news, QUICK);
        };
        let frame = zstd::bulk::compress(news, THOROUGH)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| one.newest == newest);
        if kept.len() >= FRAMES_MAX {
            kept.pop_front();
        }
        let copy = frame.clone();
        kept.push_back(Kept {
            held,
            newest,
            frame: copy,
        });
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEWEST: Newest = Newest {
        timestamp: 7,
        root: 1,
    };

    fn held(rates: u64) -> HeldVersions {
        HeldVersions([1, 6, 5, 4, rates, 2, 1])
    }

    #[test]
    fn a_frame_serves_all_who_hold_the_same_until_something_newer_is_published() {
        let packed = PackedNews::default();
        let frame = packed.pack(held(3), NEWEST, b"the news").unwrap();
        assert_eq!(packed.find(&held(3), NEWEST).as_ref(), Some(&frame));
        assert_eq!(packed.find(&held(2), NEWEST), None);
        for newer in [
            Newest {
                timestamp: 8,
                ..NEWEST
            },
            Newest { root: 2, ..NEWEST },
        ] {
            assert_eq!(packed.find(&held(3), newer), None);
        }
        let newer = Newest {
            timestamp: 8,
            ..NEWEST
        };
        packed.pack(held(3), newer, b"other news").unwrap();
        assert_eq!(
            packed.find(&held(3), NEWEST),
            None,
            "nobody asks for it any more"
        );
    }

    #[test]
    fn strangers_fill_no_memory_and_never_wait_for_each_other() {
        let packed = PackedNews::default();
        let news: Vec<u8> = (0..=255).cycle().take(20_000).collect();
        for rates in 0..100 {
            packed.pack(held(rates), NEWEST, &news).unwrap();
        }
        assert_eq!(packed.kept.lock().unwrap().len(), FRAMES_MAX);
        assert!(packed.find(&held(99), NEWEST).is_some());
        let busy = packed.turn.lock().unwrap();
        let quick = packed.pack(held(200), NEWEST, &news).unwrap();
        drop(busy);
        assert_eq!(zstd::bulk::decompress(&quick, news.len()).unwrap(), news);
        assert_eq!(
            packed.find(&held(200), NEWEST),
            None,
            "a longer frame is not kept"
        );
    }
}
