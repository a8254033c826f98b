//! The time as TCP is told it.
//!
//! TCP repeats what was not confirmed within a second (RFC 6298 §2.4). On a slow line that is busy both
//! ways that is too soon: a packet of 576 bytes takes 0.6 s at 9,600 bit/s, as much lies in the modem
//! before it, and so it is with the packet that confirms it. What is repeated then fills the line with
//! what has long arrived. So on such a line time passes more slowly for TCP, until the line is seen to
//! spoil something: then there is something to be repeated, and soon.

use std::time::Duration;

use smoltcp::time::Instant;

/// So many times slower.
const SLOWNESS: u32 = 3;

/// Tells the time to TCP.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    /// Since when the line is as it is, and what TCP was told then.
    since: Duration,
    told: Duration,
    is_slow: bool,
}

impl Clock {
    /// From now on the line is slow, or is not.
    pub(super) fn set(&mut self, now: Duration, is_slow: bool) {
        *self = Self {
            since: now,
            told: self.passed(now),
            is_slow,
        };
    }

    /// Whether it is slow.
    pub(super) const fn is_slow(&self) -> bool {
        self.is_slow
    }

    /// The time that TCP is told.
    pub(super) fn told(&self, now: Duration) -> Instant {
        Instant::from_micros(i64::try_from(self.passed(now).as_micros()).unwrap_or(i64::MAX))
    }

    /// The time that TCP means; one that has passed may be any of the past.
    pub(super) fn meant(&self, at: Instant) -> Duration {
        let at = Duration::from_micros(u64::try_from(at.total_micros()).unwrap_or(0));
        let ahead = at.saturating_sub(self.told);
        // What is told is cut to whole microseconds: the instant meant has come when it is told.
        let rest = Duration::from_micros(u64::from(self.slowness()));
        let ahead = ahead.saturating_mul(self.slowness()).saturating_add(rest);
        self.since.saturating_add(ahead)
    }

    fn passed(&self, now: Duration) -> Duration {
        let passed = now.saturating_sub(self.since) / self.slowness();
        self.told.saturating_add(passed)
    }

    const fn slowness(&self) -> u32 {
        if self.is_slow { SLOWNESS } else { 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_slow_line_a_second_is_three_and_no_time_is_told_twice() {
        let mut clock = Clock::default();
        let second = Duration::from_secs(1);
        clock.set(10 * second, true);
        let told = clock.told(16 * second);
        assert_eq!(told, Instant::from_secs(12));
        clock.set(16 * second, false);
        assert_eq!(clock.told(16 * second), told);
        assert_eq!(clock.told(17 * second), Instant::from_secs(13));
    }

    #[test]
    fn what_tcp_means_has_come_when_it_is_told() {
        for is_slow in [false, true] {
            let mut clock = Clock::default();
            clock.set(Duration::from_micros(7), is_slow);
            for micros in 0..50 {
                let at = Instant::from_micros(1_000 + micros);
                let meant = clock.meant(at);
                assert!(clock.told(meant) >= at);
                assert!(clock.told(meant) <= at + smoltcp::time::Duration::from_micros(1));
            }
        }
    }
}
