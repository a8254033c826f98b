//! What is written in pieces leaves together.

use std::time::Duration;

use super::super::engine::Engine;

/// What is written within so long leaves together: a segment of its own has 45 bytes around it, 13 ms
/// of a line at 33,600 bit/s and 47 ms at 9,600, and TLS and HTTP write in pieces.
const GATHERING: Duration = Duration::from_millis(3);

/// What was written since something was sent last: how much, and until when more may join it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gathering(Option<(usize, Duration)>);

impl Gathering {
    /// Notes that so many bytes were written.
    pub(super) fn wrote(&mut self, now: Duration, bytes: usize) {
        if bytes > 0 {
            let until = now.saturating_add(GATHERING);
            let (before, until) = self.0.unwrap_or((0, until));
            self.0 = Some((before.saturating_add(bytes), until));
        }
    }

    /// Whether it waits for more to leave with: a moment on an idle line, and on one that is busy until
    /// it is its turn. A full segment waits for nothing.
    pub(super) fn waits(&self, engine: &Engine, now: Duration) -> bool {
        self.0.is_some_and(|(bytes, until)| {
            bytes < usize::from(engine.mtu()) && (now < until || engine.wire_waiting() > 0)
        })
    }

    /// Until when, where only time is waited for.
    pub(super) fn until(&self, now: Duration) -> Option<Duration> {
        let until = self.0.map(|(_, until)| until);
        until.filter(|until| *until > now)
    }

    /// Lets everything leave.
    pub(super) const fn leave(&mut self) {
        self.0 = None;
    }
}
