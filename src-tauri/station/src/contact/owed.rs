//! What a line has been asked and has not answered, and for how long it has carried nothing.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

/// A line that takes longer for what is on its way up is no better than the telephone: bytes a
/// second.
const BYTES_PER_SECOND: u64 = 8_000;

/// How often a line that owes nothing is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// What a line owes.
#[derive(Debug, Default)]
pub(super) struct Owed(Mutex<Owing>);

#[derive(Debug, Default)]
struct Owing {
    /// Requests without the end of their replies.
    asked: u32,
    /// Their bytes.
    bytes: u64,
    /// When it was asked first, or anything came last.
    since: Option<Instant>,
    /// Whether anything ever came.
    heard: bool,
}

impl Owing {
    /// Since when the line is silent if nothing comes until then; nothing while it owes nothing.
    fn silent_at(&self, patience: Duration) -> Option<Instant> {
        let since = self.since.filter(|_| self.asked > 0)?;
        let millis = self.bytes.saturating_mul(1_000) / BYTES_PER_SECOND;
        Some(since + patience + Duration::from_millis(millis))
    }
}

/// A request that was made, until its reply has ended or nobody waits for it any more.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    owed: &'a Owed,
    bytes: u64,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        let mut owing = self.owed.owing();
        owing.asked = owing.asked.saturating_sub(1);
        owing.bytes = owing.bytes.saturating_sub(self.bytes);
    }
}

impl Owed {
    /// A request of so many bytes goes out.
    pub(super) fn ask(&self, bytes: usize) -> Asked<'_> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let mut owing = self.owing();
        if owing.asked == 0 {
            owing.since = Some(Instant::now());
        }
        owing.asked = owing.asked.saturating_add(1);
        owing.bytes = owing.bytes.saturating_add(bytes);
        Asked { owed: self, bytes }
    }

    /// Something of a reply came.
    pub(super) fn hear(&self) {
        let mut owing = self.owing();
        owing.since = Some(Instant::now());
        owing.heard = true;
    }

    /// Whether anything of any reply ever came.
    pub(super) fn was_heard(&self) -> bool {
        self.owing().heard
    }

    /// Comes back when the line owes a reply and has carried nothing for `patience`, and the time
    /// that what is on its way may take.
    pub(super) async fn silence(&self, patience: Duration) {
        loop {
            let at = self.owing().silent_at(patience);
            match at {
                Some(at) if at <= Instant::now() => return,
                Some(at) => sleep_until(at).await,
                None => sleep(LOOK).await,
            }
        }
    }

    fn owing(&self) -> MutexGuard<'_, Owing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    /// How long after the last word of it a line is silent, seconds.
    fn silent_after(owed: &Owed) -> Option<u64> {
        let owing = owed.owing();
        let at = owing.silent_at(PATIENCE)?;
        Some(at.duration_since(owing.since?).as_secs())
    }

    #[test]
    fn a_line_that_owes_a_reply_is_silent_after_its_patience_and_the_time_of_its_bytes() {
        let owed = Owed::default();
        let first = owed.ask(16_000);
        assert_eq!(silent_after(&owed), Some(7));
        let second = owed.ask(8_000);
        assert_eq!(silent_after(&owed), Some(8));
        drop(first);
        assert_eq!(silent_after(&owed), Some(6));
        drop(second);
        assert_eq!(silent_after(&owed), None, "it owes nothing");
    }

    #[test]
    fn every_piece_of_a_reply_begins_the_wait_anew() {
        let owed = Owed::default();
        let _asked = owed.ask(0);
        assert!(!owed.was_heard());
        let first = owed.owing().silent_at(PATIENCE);
        std::thread::sleep(Duration::from_millis(5));
        let _other = owed.ask(0);
        assert_eq!(owed.owing().silent_at(PATIENCE), first, "a request is none");
        owed.hear();
        assert!(owed.was_heard());
        assert!(owed.owing().silent_at(PATIENCE) > first);
    }

    #[tokio::test]
    async fn silence_is_found_when_it_is_there() {
        let owed = Owed::default();
        let short = Duration::from_millis(20);
        let waited = tokio::time::timeout(3 * LOOK, owed.silence(short)).await;
        assert!(waited.is_err(), "it owes nothing");
        let _asked = owed.ask(0);
        owed.silence(short).await;
    }
}
