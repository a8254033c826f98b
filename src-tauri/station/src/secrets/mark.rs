//! The high-water mark: how far the journal had got when somebody last looked.
//!
//! A store whose journal is shorter than the mark, or differs at the marked size, was copied back
//! from an old backup and does not start. The mark is written after the commit and off the print
//! path, so it may lag behind the journal; it never runs ahead of it.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{SecretFault, SecretStore, StoreId, private_file};

/// Pieces after which the mark is written although nobody asked.
const PIECES_BETWEEN_MARKS: u64 = 100;

/// The shortest time between two writes nobody asked for.
const TIME_BETWEEN_MARKS: Duration = Duration::from_secs(1);

/// Bytes of a mark in the keyring: size, then root.
const MARK_LENGTH: usize = 8 + 32;

/// Journal size and Merkle root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HighWaterMark {
    /// Records in the journal.
    pub journal_size: u64,
    /// The journal's Merkle root at that size.
    pub root: [u8; 32],
}

impl HighWaterMark {
    /// Size (big-endian), then root.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; MARK_LENGTH] {
        let mut bytes = [0; MARK_LENGTH];
        bytes[..8].copy_from_slice(&self.journal_size.to_be_bytes());
        bytes[8..].copy_from_slice(&self.root);
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote; `None` for anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (size, root) = bytes.split_first_chunk::<8>()?;
        Some(Self {
            journal_size: u64::from_be_bytes(*size),
            root: root.try_into().ok()?,
        })
    }
}

/// Reads the mark file of a file keeper: `pennyblack mark 1`, `store HEX`, `size N`, `root HEX`.
pub(super) fn load_mark_file(
    path: &Path,
    store: StoreId,
) -> Result<Option<HighWaterMark>, SecretFault> {
    let Some(bytes) = private_file::read(path)? else {
        return Ok(None);
    };
    let (owner, mark) = parse_mark(&bytes).ok_or_else(|| SecretFault::NotKeys {
        path: path.to_owned(),
    })?;
    if owner == store {
        Ok(Some(mark))
    } else {
        Err(SecretFault::Foreign {
            path: path.to_owned(),
        })
    }
}

fn parse_mark(bytes: &[u8]) -> Option<(StoreId, HighWaterMark)> {
    let mut lines = std::str::from_utf8(bytes).ok()?.lines();
    if lines.next()? != "pennyblack mark 1" {
        return None;
    }
    let store = hex::decode(lines.next()?.strip_prefix("store ")?).ok()?;
    let journal_size = lines.next()?.strip_prefix("size ")?.parse().ok()?;
    let root = hex::decode(lines.next()?.strip_prefix("root ")?).ok()?;
    let mark = HighWaterMark {
        journal_size,
        root: root.try_into().ok()?,
    };
    Some((store.try_into().ok()?, mark))
}

/// Replaces the mark file of a file keeper.
pub(super) fn store_mark_file(
    path: &Path,
    store: StoreId,
    mark: &HighWaterMark,
) -> Result<(), SecretFault> {
    let text = format!(
        "pennyblack mark 1\nstore {}\nsize {}\nroot {}\n",
        hex::encode(store),
        mark.journal_size,
        hex::encode(mark.root)
    );
    private_file::replace(path, text.as_bytes())
}

/// What the writer's thread is told.
enum Wake {
    /// A new mark is in the slot; write it when it is due.
    Noted,
    /// Write the slot now and answer when it is durable.
    Flush(SyncSender<Result<(), SecretFault>>),
}

/// Writes the mark on its own thread.
pub struct MarkWriter {
    slot: Arc<Mutex<Option<HighWaterMark>>>,
    wake: Option<SyncSender<Wake>>,
    thread: Option<JoinHandle<()>>,
}

impl MarkWriter {
    /// Starts the thread; `written` is the mark the keeper holds already.
    ///
    /// # Errors
    /// [`SecretFault::Write`] when the system gives no thread.
    pub fn start(
        keeper: Arc<dyn SecretStore>,
        written: HighWaterMark,
    ) -> Result<Self, SecretFault> {
        let slot = Arc::new(Mutex::new(None));
        // A few slots: marks overwrite each other in the slot, so a full queue loses nothing.
        let (wake, queue) = sync_channel(4);
        let theirs = Arc::clone(&slot);
        let thread = thread::Builder::new()
            .name("high-water mark".to_owned())
            .spawn(move || serve(&*keeper, &theirs, &queue, written))
            .map_err(|source| SecretFault::Write {
                path: "high-water mark".into(),
                source,
            })?;
        Ok(Self {
            slot,
            wake: Some(wake),
            thread: Some(thread),
        })
    }

    /// Notes a mark after a commit. Never waits.
    pub fn note(&self, mark: HighWaterMark) {
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(mark);
        if let Some(wake) = &self.wake {
            match wake.try_send(Wake::Noted) {
                // Full: the thread is awake and will look into the slot anyway.
                Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
            }
        }
    }

    /// Writes the last noted mark now: at each contact and at exit.
    ///
    /// # Errors
    /// What the keeper says.
    pub fn flush(&self) -> Result<(), SecretFault> {
        let (answer, outcome) = sync_channel(1);
        match &self.wake {
            Some(wake) if wake.send(Wake::Flush(answer)).is_ok() => {
                outcome.recv().unwrap_or(Ok(()))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl Drop for MarkWriter {
    fn drop(&mut self) {
        if let Err(fault) = self.flush() {
            tracing::warn!("writing the high-water mark at exit: {fault:#}");
        }
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            // A panic there was reported by the thread itself.
            drop(thread.join());
        }
    }
}

fn serve(
    keeper: &dyn SecretStore,
    slot: &Mutex<Option<HighWaterMark>>,
    queue: &Receiver<Wake>,
    mut written: HighWaterMark,
) {
    let mut last_write = Instant::now();
    loop {
        let wake = match queue.recv_timeout(TIME_BETWEEN_MARKS) {
            Ok(wake) => Some(wake),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let noted = *slot.lock().unwrap_or_else(PoisonError::into_inner);
        let pending = noted.filter(|mark| *mark != written);
        let due = pending.filter(|mark| {
            mark.journal_size.saturating_sub(written.journal_size) >= PIECES_BETWEEN_MARKS
                && last_write.elapsed() >= TIME_BETWEEN_MARKS
        });
        let asked = matches!(wake, Some(Wake::Flush(_)));
        let outcome = match if asked { pending } else { due } {
            None => Ok(()),
            Some(mark) => {
                last_write = Instant::now();
                keeper.store_mark(&mark).map(|()| written = mark)
            }
        };
        match (wake, outcome) {
            (Some(Wake::Flush(answer)), outcome) => drop(answer.send(outcome)),
            (Some(Wake::Noted) | None, Err(fault)) => {
                tracing::warn!("writing the high-water mark: {fault:#}");
            }
            (Some(Wake::Noted) | None, Ok(())) => {}
        }
    }
}
