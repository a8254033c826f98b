//! Limits how often something may be tried: guesses at enrolment secrets, knocks at the doors, and
//! requests of one station.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use shared::clock::UnixSeconds;
use shared::ids::StationId;

/// Whose tries are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trier {
    /// Wrong enrolment secrets, by address.
    Enrolment(IpAddr),
    /// Requests at the doors, by address.
    DoorAddress(IpAddr),
    /// Requests at the doors, by the station they claim to come from.
    DoorStation(StationId),
    /// Requests of a station that has shown its certificate.
    Requests(StationId),
}

impl Trier {
    /// How many tries one window may have.
    const fn limit(&self) -> u32 {
        match self {
            // A person mistypes a code a few times; 128 bits are not guessed at this rate.
            Self::Enrolment(_) => 20,
            // Many stations may stand behind one address.
            Self::DoorAddress(_) => 200,
            Self::DoorStation(_) => 10,
            // A hundred a second: far more than a station that has everything to catch up on.
            Self::Requests(_) => 6_000,
        }
    }

    /// Seconds in which the tries are counted.
    const fn window(&self) -> i64 {
        match self {
            Self::Enrolment(_) | Self::DoorAddress(_) | Self::DoorStation(_) => 3_600,
            Self::Requests(_) => 60,
        }
    }
}

/// The most triers remembered. When more come, those whose window is over are forgotten; when none
/// is over, newcomers are refused: fail closed, for at most an hour.
const TRIERS_MAX: usize = 65_536;

/// The tries of one window.
#[derive(Clone, Copy, Debug)]
struct Tries {
    since: UnixSeconds,
    count: u32,
}

/// Counts tries.
#[derive(Debug, Default)]
pub struct Limiter(Mutex<HashMap<Trier, Tries>>);

impl Limiter {
    /// Counts one try and answers whether it is within the limit.
    #[must_use]
    pub fn admits(&self, trier: Trier, now: UnixSeconds) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= TRIERS_MAX && !all.contains_key(&trier) {
            all.retain(|trier, tries| !is_over(trier, tries, now));
            if all.len() >= TRIERS_MAX {
                return false;
            }
        }
        let tries = all.entry(trier).or_insert(Tries {
            since: now,
            count: 0,
        });
        if is_over(&trier, tries, now) {
            *tries = Tries {
                since: now,
                count: 0,
            };
        }
        tries.count = tries.count.saturating_add(1);
        tries.count <= trier.limit()
    }

    /// Whether the trier has used up its tries, without counting one: for limits that count only
    /// what went wrong.
    #[must_use]
    pub fn is_exhausted(&self, trier: Trier, now: UnixSeconds) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&trier)
            .is_some_and(|tries| !is_over(&trier, tries, now) && tries.count >= trier.limit())
    }
}

/// Whether the window is over; a clock set back ends it too, or it might never end.
fn is_over(trier: &Trier, tries: &Tries, now: UnixSeconds) -> bool {
    !(0..trier.window()).contains(&now.seconds_since(tries.since))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

    #[test]
    fn a_station_may_knock_ten_times_an_hour() {
        let limiter = Limiter::default();
        let trier = Trier::DoorStation(StationId::from_bytes([1; 16]));
        let other = Trier::DoorStation(StationId::from_bytes([2; 16]));
        for _ in 0..10 {
            assert!(limiter.admits(trier, NOW));
        }
        assert!(!limiter.admits(trier, NOW.plus_seconds(3_599)));
        assert!(limiter.admits(other, NOW));
        assert!(limiter.admits(trier, NOW.plus_seconds(3_600)));
    }

    #[test]
    fn looking_does_not_count() {
        let limiter = Limiter::default();
        let trier = Trier::Enrolment(IpAddr::from([192, 0, 2, 1]));
        for _ in 0..20 {
            assert!(!limiter.is_exhausted(trier, NOW));
            assert!(limiter.admits(trier, NOW));
        }
        assert!(limiter.is_exhausted(trier, NOW));
        assert!(!limiter.is_exhausted(trier, NOW.plus_seconds(3_600)));
    }

    #[test]
    fn the_memory_for_triers_is_bounded() {
        let limiter = Limiter::default();
        let trier = |number: u32| Trier::Enrolment(IpAddr::from(number.to_be_bytes()));
        for number in 0..u32::try_from(TRIERS_MAX).unwrap() {
            assert!(limiter.admits(trier(number), NOW));
        }
        assert!(!limiter.admits(trier(u32::MAX), NOW));
        assert!(limiter.admits(trier(7), NOW));
        assert!(limiter.admits(trier(u32::MAX), NOW.plus_seconds(3_600)));
    }
}
