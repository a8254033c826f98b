//! One direction of a call: bytes wait in the modem's buffer, leave one after the other, and arrive
//! later, or spoiled, or not at all.

use std::collections::VecDeque;
use std::time::Duration;

use super::chance::Chance;
use super::fault::{Faults, Way};

/// Bytes that a modem takes before it asks its port to stop: what is usual.
pub(super) const BUFFER_BYTES: usize = 512;
/// Bits that a byte takes on the line: with start and stop, as without error correction.
const BITS_PER_BYTE: u32 = 10;
/// XOFF and XON, which some modems keep for themselves.
const FLOW_CHARACTERS: [u8; 2] = [0x13, 0x11];

/// One direction of a call.
#[derive(Debug)]
pub(super) struct Channel {
    way: Way,
    byte_time: Duration,
    delay: Duration,
    waiting: VecDeque<u8>,
    /// When the byte that is leaving began to leave.
    free_at: Duration,
    flying: VecDeque<(Duration, u8)>,
    /// Bytes that have left.
    left: u64,
    /// Bytes that have arrived.
    arrived: u64,
    dead: bool,
    held: bool,
}

impl Channel {
    /// A direction of a line with so many bits a second and so long a way, silent at `now`.
    pub(super) fn new(way: Way, bits_per_second: u32, delay: Duration, now: Duration) -> Self {
        Self {
            way,
            byte_time: Duration::from_secs(1) * BITS_PER_BYTE / bits_per_second.max(1),
            delay,
            waiting: VecDeque::new(),
            free_at: now,
            flying: VecDeque::new(),
            left: 0,
            arrived: 0,
            dead: false,
            held: false,
        }
    }

    /// Bytes that the modem takes now.
    pub(super) fn room(&self) -> usize {
        BUFFER_BYTES.saturating_sub(self.waiting.len())
    }

    /// Bytes that have arrived.
    pub(super) const fn arrived(&self) -> u64 {
        self.arrived
    }

    /// Takes a byte.
    pub(super) fn push(&mut self, now: Duration, byte: u8) {
        if self.waiting.is_empty() {
            self.free_at = self.free_at.max(now);
        }
        self.waiting.push_back(byte);
    }

    /// Nothing leaves before `until`.
    pub(super) fn stall(&mut self, until: Duration) {
        self.free_at = self.free_at.max(until);
    }

    /// Nothing arrives any more, although bytes are still taken.
    pub(super) fn die(&mut self) {
        self.dead = true;
        self.flying.clear();
    }

    /// The sender is gone: what has left still arrives.
    pub(super) fn abandon(&mut self) {
        self.waiting.clear();
    }

    /// The receiver takes nothing, or does so again: with error correction the sender has to wait.
    pub(super) fn hold(&mut self, now: Duration, held: bool) {
        if self.held && !held {
            self.free_at = self.free_at.max(now);
        }
        self.held = held;
    }

    /// When something leaves or arrives next.
    pub(super) fn due(&self) -> Option<Duration> {
        if self.held {
            return None;
        }
        let leaving = (!self.waiting.is_empty()).then(|| self.free_at + self.byte_time);
        let arriving = self.flying.front().map(|(at, _)| *at);
        match (leaving, arriving) {
            (Some(leaving), Some(arriving)) => Some(leaving.min(arriving)),
            (one, other) => one.or(other),
        }
    }

    /// Lets leave what is due.
    pub(super) fn advance(&mut self, now: Duration, faults: &Faults, chance: &mut Chance) {
        while !self.held && self.free_at + self.byte_time <= now {
            let Some(byte) = self.waiting.pop_front() else {
                return;
            };
            self.free_at += self.byte_time;
            let place = self.left;
            self.left += 1;
            if self.dead || faults.loses(self.way, place) {
                continue;
            }
            if faults.eats_flow_characters && FLOW_CHARACTERS.contains(&byte) {
                continue;
            }
            if chance.one_in(faults.dropped_one_in) {
                continue;
            }
            let at = self.free_at + self.delay + faults.late;
            if chance.one_in(faults.inserted_one_in) {
                self.flying.push_back((at, chance.byte()));
            }
            self.flying.push_back((at, spoiled(byte, faults, chance)));
        }
    }

    /// The next byte that is there.
    pub(super) fn take(&mut self, now: Duration) -> Option<u8> {
        if self.held {
            return None;
        }
        let (at, byte) = *self.flying.front()?;
        if at > now {
            return None;
        }
        self.flying.pop_front();
        self.arrived += 1;
        Some(byte)
    }
}

/// The byte with the bit errors that chance brings.
fn spoiled(byte: u8, faults: &Faults, chance: &mut Chance) -> u8 {
    if faults.bit_error_one_in == 0 {
        return byte;
    }
    (0..8).fold(byte, |byte, bit| {
        if chance.one_in(faults.bit_error_one_in) {
            byte ^ 1 << bit
        } else {
            byte
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn channel(bits_per_second: u32) -> Channel {
        Channel::new(Way::ToAnswerer, bits_per_second, 75 * MS, Duration::ZERO)
    }

    /// When each byte arrives.
    fn arrivals(channel: &mut Channel, faults: &Faults) -> Vec<(Duration, u8)> {
        let mut chance = Chance::new(1);
        let mut all = Vec::new();
        while let Some(at) = channel.due() {
            channel.advance(at, faults, &mut chance);
            while let Some(byte) = channel.take(at) {
                all.push((at, byte));
            }
        }
        all
    }

    #[test]
    fn bytes_leave_one_after_the_other_and_arrive_a_way_later() {
        let mut line = channel(10_000);
        for byte in 1..=3 {
            line.push(Duration::ZERO, byte);
        }
        assert_eq!(
            arrivals(&mut line, &Faults::default()),
            [(76 * MS, 1), (77 * MS, 2), (78 * MS, 3)]
        );
        line.push(500 * MS, 4);
        assert_eq!(arrivals(&mut line, &Faults::default()), [(576 * MS, 4)]);
    }

    #[test]
    fn a_second_of_33_600_bits_carries_3_360_bytes() {
        let mut line = channel(33_600);
        for _ in 0..3_360 {
            line.push(Duration::ZERO, 0);
        }
        let last = arrivals(&mut line, &Faults::default()).pop().unwrap().0;
        let error = last.abs_diff(Duration::from_secs(1) + 75 * MS);
        assert!(error < MS, "{last:?}");
    }

    #[test]
    fn a_modem_takes_512_bytes_and_then_what_has_left() {
        let mut line = channel(10_000);
        while line.room() > 0 {
            line.push(Duration::ZERO, 0);
        }
        line.advance(10 * MS, &Faults::default(), &mut Chance::new(1));
        assert_eq!(line.room(), 10);
    }

    #[test]
    fn nothing_leaves_while_the_line_is_stalled_or_the_receiver_holds() {
        let mut line = channel(10_000);
        line.push(Duration::ZERO, 1);
        line.stall(Duration::from_secs(3));
        assert_eq!(line.due(), Some(3_001 * MS));
        line.hold(Duration::ZERO, true);
        assert_eq!(line.due(), None);
        line.hold(4_000 * MS, false);
        assert_eq!(arrivals(&mut line, &Faults::default()), [(4_076 * MS, 1)]);
    }

    #[test]
    fn bit_errors_come_as_often_as_they_were_asked_for() {
        let faults = Faults {
            bit_error_one_in: 1_000,
            ..Faults::default()
        };
        let mut line = channel(1_000_000);
        for _ in 0..100_000 {
            line.push(Duration::ZERO, 0);
        }
        let wrong: u32 = arrivals(&mut line, &faults)
            .iter()
            .map(|(_, byte)| byte.count_ones())
            .sum();
        assert!((700..900).contains(&wrong), "{wrong}");
    }

    #[test]
    fn bytes_can_be_lost_by_place_and_flow_characters_eaten() {
        let faults = Faults {
            lost: vec![(Way::ToAnswerer, 1..3), (Way::ToCaller, 0..9)],
            eats_flow_characters: true,
            ..Faults::default()
        };
        let mut line = channel(10_000);
        for byte in [1, 2, 3, 0x11, 4, 0x13] {
            line.push(Duration::ZERO, byte);
        }
        let bytes: Vec<u8> = arrivals(&mut line, &faults)
            .into_iter()
            .map(|(_, byte)| byte)
            .collect();
        assert_eq!(bytes, [1, 4]);
    }
}
