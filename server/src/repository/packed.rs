//! The news of the repository as they leave: packed once for all stations that hold the same versions.
//!
//! Anybody may ask for them, and with any versions, so what one question costs is bounded: the frames
//! of the newest repository are kept, one question at a time is packed as small as can be, and whoever
//! asks meanwhile gets a frame that is made quickly and some hundred bytes longer. Nothing here outlives
//! the process, and what is kept says the same as what would be packed anew.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, PoisonError};

use shared::services::repository::news::{HeldVersions, WINDOW_LOG_MAX};

use super::{RepositoryError, RepositoryRole, delta, store};
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

/// Which news are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asking {
    /// What the station holds.
    pub held: HeldVersions,
    /// Whether the frame may lean on the documents of these versions.
    pub leans: bool,
    /// What the news lead to.
    pub newest: Newest,
}

/// A frame, and what it was packed for.
#[derive(Clone, Debug)]
struct Kept {
    asked: Asking,
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
    /// The news, when they were packed before.
    #[must_use]
    pub fn find(&self, asked: &Asking) -> Option<Vec<u8>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|one| one.asked == *asked);
        found.map(|one| one.frame.clone())
    }

    /// Packs the news; they lean on `base`, which whoever asked holds, unless it is empty or too long.
    /// It takes up a core meanwhile.
    ///
    /// # Errors
    /// What the packer says.
    pub fn pack(&self, asked: Asking, base: &[u8], news: &[u8]) -> io::Result<Vec<u8>> {
        let Ok(_turn) = self.turn.try_lock() else {
            return zstd::bulk::compress(news, QUICK);
        };
        let fits = base.len().saturating_add(news.len()) < 1 << WINDOW_LOG_MAX;
        let frame = if base.is_empty() || !fits {
            zstd::bulk::compress(news, THOROUGH)?
        } else {
            delta(base, news)?
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| one.asked.newest == asked.newest);
        if kept.len() >= FRAMES_MAX {
            kept.pop_front();
        }
        let copy = frame.clone();
        kept.push_back(Kept { asked, frame: copy });
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

    fn asked(rates: u64) -> Asking {
        Asking {
            held: HeldVersions([1, 6, 5, 4, rates, 2, 1]),
            leans: false,
            newest: NEWEST,
        }
    }

    #[test]
    fn a_frame_serves_all_who_hold_the_same_until_something_newer_is_published() {
        let packed = PackedNews::default();
        let frame = packed.pack(asked(3), b"", b"the news").unwrap();
        assert_eq!(packed.find(&asked(3)).as_ref(), Some(&frame));
        assert_eq!(packed.find(&asked(2)), None);
        let newer = |newest| Asking { newest, ..asked(3) };
        let later = newer(Newest {
            timestamp: 8,
            ..NEWEST
        });
        let other_root = newer(Newest { root: 2, ..NEWEST });
        let leaning = Asking {
            leans: true,
            ..asked(3)
        };
        for other in [later, other_root, leaning] {
            assert_eq!(packed.find(&other), None);
        }
        packed.pack(later, b"", b"other news").unwrap();
        assert_eq!(packed.find(&asked(3)), None, "nobody asks for it any more");
    }

    #[test]
    fn news_that_lean_on_what_is_held_are_shorter_and_read_with_it() {
        let packed = PackedNews::default();
        let base: Vec<u8> = (0_u64..400)
            .flat_map(|n| (n * n * 2_654_435_761).to_le_bytes())
            .collect();
        let news = [base.as_slice(), b"and one thing more"].concat();
        let leaning = Asking {
            leans: true,
            ..asked(3)
        };
        let frame = packed.pack(leaning, &base, &news).unwrap();
        let whole = packed.pack(asked(3), b"", &news).unwrap();
        assert!(
            frame.len() * 4 < whole.len(),
            "{} {}",
            frame.len(),
            whole.len()
        );
        assert_eq!(packed.find(&leaning), Some(frame));
        assert_eq!(packed.find(&asked(3)), Some(whole));
    }

    #[test]
    fn strangers_fill_no_memory_and_never_wait_for_each_other() {
        let packed = PackedNews::default();
        let news: Vec<u8> = (0..=255).cycle().take(20_000).collect();
        for rates in 0..100 {
            packed.pack(asked(rates), b"", &news).unwrap();
        }
        assert_eq!(packed.kept.lock().unwrap().len(), FRAMES_MAX);
        assert!(packed.find(&asked(99)).is_some());
        let busy = packed.turn.lock().unwrap();
        let quick = packed.pack(asked(200), b"", &news).unwrap();
        drop(busy);
        assert_eq!(zstd::bulk::decompress(&quick, news.len()).unwrap(), news);
        assert_eq!(packed.find(&asked(200)), None, "a longer frame is not kept");
    }
}
