//! Limits how often something may be tried: guesses at enrolment secrets, knocks at the doors,
//! strangers' questions that cost, and requests of one station.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use shared::clock::UnixSeconds;
use shared::ids::StationId;
use shared::security::dial_in::DialInName;

/// Whose tries are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trier {
    /// Wrong enrolment secrets, by address.
    Enrolment(IpAddr),
    /// Requests at the doors, by address.
    DoorAddress(IpAddr),
    /// Requests at the doors, by the station they claim to come from.
    DoorStation(StationId),
    /// Calls over a telephone line, by the name that was given.
    DialIn(DialInName),
    /// Questions for the repository's news by whoever shows no good certificate, by address.
    News(IpAddr),
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
            // A station in trouble calls four times an hour, and whenever its clerk insists.
            Self::DialIn(_) => 30,
            // Stations whose certificate has expired ask once for each publication, many behind one
            // address; whoever is refused has the same documents one by one.
            Self::News(_) => 200,
            // A hundred a second: far more than a station that has everything to catch up on.
            Self::Requests(_) => 6_000,
        }
    }

    /// The same trier with its address as far as it is given to one customer: of an IPv6 address the
    /// first 64 bits (RFC 6177), because the rest costs nothing.
    fn of_its_network(self) -> Self {
        let network = |address| match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(six) => {
                let bits = six.to_bits() >> 64 << 64;
                IpAddr::V6(Ipv6Addr::from_bits(bits))
            }
        };
        match self {
            Self::Enrolment(address) => Self::Enrolment(network(address)),
            Self::DoorAddress(address) => Self::DoorAddress(network(address)),
            Self::News(address) => Self::News(network(address)),
            Self::DoorStation(_) | Self::DialIn(_) | Self::Requests(_) => self,
        }
    }

    /// Seconds in which the tries are counted.
    const fn window(&self) -> i64 {
        match self {
            Self::Enrolment(_)
            | Self::DoorAddress(_)
            | Self::DoorStation(_)
            | Self::DialIn(_)
            | Self::News(_) => 3_600,
            Self::Requests(_) => 60,
        }
    }
}

/// The most triers of one kind remembered. When more come, those whose window is over are forgotten;
/// when none is over, newcomers are refused: fail closed, for at most an hour.
const TRIERS_MAX: usize = 65_536;

/// A full table is searched for windows that are over at most this often, seconds.
const SWEEP_SECONDS: i64 = 1;

/// The tries of one window.
#[derive(Clone, Copy, Debug)]
struct Tries {
    since: UnixSeconds,
    count: u32,
}

/// Counts tries. Stations that have shown their certificate have a table of their own: however many
/// strangers come, they take no room from them.
#[derive(Debug, Default)]
pub struct Limiter {
    strangers: Mutex<Table>,
    stations: Mutex<Table>,
}

/// The tries of one kind of triers.
#[derive(Debug, Default)]
struct Table {
    tries: HashMap<Trier, Tries>,
    swept: Option<UnixSeconds>,
}

impl Table {
    /// Whether there is room for one more trier.
    fn has_room(&mut self, now: UnixSeconds) -> bool {
        if self.tries.len() < TRIERS_MAX {
            return true;
        }
        let lately = |at: UnixSeconds| (0..SWEEP_SECONDS).contains(&now.seconds_since(at));
        if self.swept.is_some_and(lately) {
            return false;
        }
        self.swept = Some(now);
        self.tries
            .retain(|trier, tries| !is_over(trier, tries, now));
        self.tries.len() < TRIERS_MAX
    }
}

impl Limiter {
    fn table(&self, trier: &Trier) -> MutexGuard<'_, Table> {
        let table = match trier {
            Trier::Enrolment(_)
            | Trier::DoorAddress(_)
            | Trier::DoorStation(_)
            | Trier::DialIn(_)
            | Trier::News(_) => &self.strangers,
            Trier::Requests(_) => &self.stations,
        };
        table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one try and answers whether it is within the limit.
    #[must_use]
    pub fn admits(&self, trier: Trier, now: UnixSeconds) -> bool {
        let trier = trier.of_its_network();
        let mut table = self.table(&trier);
        if !table.tries.contains_key(&trier) && !table.has_room(now) {
            return false;
        }
        let tries = table.tries.entry(trier).or_insert(Tries {
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
        let trier = trier.of_its_network();
        let table = self.table(&trier);
        let tries = table.tries.get(&trier);
        tries.is_some_and(|tries| !is_over(&trier, tries, now) && tries.count >= trier.limit())
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
    fn strangers_take_no_room_from_stations() {
        let limiter = Limiter::default();
        for number in 0..u128::try_from(TRIERS_MAX).unwrap() + 10 {
            let station = StationId::from_bytes(number.to_be_bytes());
            let admitted = limiter.admits(Trier::DoorStation(station), NOW);
            assert_eq!(admitted, number < u128::try_from(TRIERS_MAX).unwrap());
        }
        let station = StationId::from_bytes([9; 16]);
        assert!(!limiter.admits(Trier::DoorStation(station), NOW));
        assert!(limiter.admits(Trier::Requests(station), NOW));
    }

    #[test]
    fn one_network_of_the_sixth_version_is_one_trier() {
        let limiter = Limiter::default();
        let address = |end: u16| IpAddr::from([0x2001, 0xdb8, 1, 2, 0, 0, 0, end]);
        for end in 0..20 {
            assert!(limiter.admits(Trier::Enrolment(address(end)), NOW));
        }
        assert!(!limiter.admits(Trier::Enrolment(address(20)), NOW));
        let other = IpAddr::from([0x2001, 0xdb8, 1, 3, 0, 0, 0, 1]);
        assert!(limiter.admits(Trier::Enrolment(other), NOW));
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
