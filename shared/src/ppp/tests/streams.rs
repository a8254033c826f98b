//! TCP over two engines: every byte arrives, in order, over any line that carries some.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use proptest::prelude::*;

use super::line::{CENTER, Direction, Faults, SECRET, answerer_terms, caller_terms};
use crate::ppp::proof::Method;
use crate::ppp::{Event, Failure, NotOpened, Reading, Stack, StreamId, StreamState, mru_for};

const HTTPS: u16 = 443;
/// Bytes a modem takes before it holds the flow up.
const MODEM_BYTES: u64 = 512;
const CLEAN: Faults = Faults {
    flipped: 0,
    lost: 0,
    doubled: 0,
    added: 0,
    stalled: 0,
    piece_doubled: 0,
    piece_lost: 0,
};

/// A station that has dialed, and the data center's line it reached.
struct Call {
    station: Stack,
    center: Stack,
    there: Direction,
    back: Direction,
    at_station: Vec<Event>,
    now: Duration,
}

impl Call {
    fn new(faults: Faults, seed: u64, bits_per_second: u32) -> Self {
        let mru = mru_for(bits_per_second);
        let delay = Duration::from_millis(75);
        let mut call = Self {
            station: Stack::begin(caller_terms(mru), Duration::ZERO),
            center: Stack::begin(answerer_terms(mru, &[Method::ChapMd5]), Duration::ZERO),
            there: Direction::new(faults, seed, bits_per_second, delay),
            back: Direction::new(faults, !seed, bits_per_second, delay),
            at_station: Vec::new(),
            now: Duration::ZERO,
        };
        call.center.listen(HTTPS);
        call
    }

    fn settle(&mut self) {
        let now = self.now;
        let arrived = self.back.arrived(now);
        self.station.input(now, &arrived);
        let arrived = self.there.arrived(now);
        self.center.input(now, &arrived);
        self.station.tick(now);
        self.center.tick(now);
        while let Some(event) = self.station.next_event() {
            self.at_station.push(event);
        }
        while let Some(event) = self.center.next_event() {
            if let Event::Claim(name) = event {
                let secret = (name == "station-7").then_some(SECRET);
                self.center.answer_claim(now, secret);
            }
        }
        let (station, center) = (&mut self.station, &mut self.center);
        for (stack, line) in [(station, &mut self.there), (center, &mut self.back)] {
            let room = MODEM_BYTES.saturating_sub(line.backlog(now));
            let bytes = stack.take_wire(now, usize::try_from(room).unwrap());
            line.send(now, &bytes);
        }
    }

    /// Lets the next thing happen; answers whether there is one before the limit.
    fn advance(&mut self, limit: Duration) -> bool {
        let times = [
            self.there.next_arrival(),
            self.back.next_arrival(),
            self.there
                .room_at(self.now, MODEM_BYTES, self.station.link().wire_waiting()),
            self.back
                .room_at(self.now, MODEM_BYTES, self.center.link().wire_waiting()),
            self.station.wake_at(),
            self.center.wake_at(),
        ];
        let Some(next) = times.into_iter().flatten().min() else {
            return false;
        };
        // Things that are due at once are seen a tenth of a millisecond later: no machine is
        // quicker, and a loop that made no progress would be seen.
        self.now = next.max(self.now + Duration::from_micros(100));
        self.settle();
        self.now <= limit
    }

    fn run(&mut self, limit: Duration, mut done: impl FnMut(&mut Self) -> bool) -> bool {
        self.settle();
        while !done(self) {
            if !self.advance(limit) {
                return false;
            }
        }
        true
    }

    fn is_up(&self) -> bool {
        matches!(self.at_station.last(), Some(Event::Up(_)))
    }

    fn open(&mut self, limit: Duration) -> (StreamId, StreamId) {
        assert!(
            self.run(limit, |call| call.is_up()),
            "{:?}",
            self.at_station
        );
        let to = SocketAddrV4::new(CENTER, HTTPS);
        let here = self.station.connect(to).unwrap();
        let mut there = None;
        assert!(self.run(limit, |call| {
            there = there.or_else(|| call.center.accept());
            there.is_some() && call.station.state(here) == StreamState::Open
        }));
        (here, there.unwrap())
    }

    /// Sends one text each way at once; the time it took, when every byte arrived.
    fn exchange(&mut self, up: &[u8], down: &[u8], limit: Duration) -> Option<Duration> {
        let (here, there) = self.open(limit);
        let from = self.now;
        let (mut sent_up, mut sent_down) = (0, 0);
        let (mut got_up, mut got_down) = (Vec::new(), Vec::new());
        let done = self.run(limit, |call| {
            sent_up += call.station.write(here, &up[sent_up..]);
            sent_down += call.center.write(there, &down[sent_down..]);
            let ended = drained(&mut call.station, here, &mut got_down)
                || drained(&mut call.center, there, &mut got_up);
            assert!(!ended, "nobody has finished");
            got_up.len() >= up.len() && got_down.len() >= down.len()
        });
        (done && got_up == up && got_down == down).then(|| self.now - from)
    }
}

/// Reads all there is; answers whether the other end has finished.
fn drained(stack: &mut Stack, id: StreamId, to: &mut Vec<u8>) -> bool {
    let mut buffer = [0; 1_024];
    loop {
        match stack.read(id, &mut buffer) {
            Reading::Bytes(count) => to.extend(&buffer[..count]),
            Reading::Nothing => return false,
            Reading::Finished => return true,
            Reading::Broken => panic!("the stream broke"),
        }
    }
}

fn text(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at * 7 + at / 251).to_le_bytes()[0])
        .collect()
}

#[test]
fn a_request_and_its_answer_pass_within_the_time_the_line_needs() {
    for (bits_per_second, at_most) in [(33_600, 2_500), (9_600, 6_000)] {
        let mut call = Call::new(CLEAN, 1, bits_per_second);
        let took = call.exchange(&text(1_500), &text(2_000), Duration::from_secs(60));
        assert!(took.is_some());
        // From CONNECT: PPP with CHAP, TCP, and then what a TLS handshake and a refill weigh.
        println!("{bits_per_second} bit/s: {:?} from CONNECT", call.now);
        assert!(call.now < Duration::from_millis(at_most), "{:?}", call.now);
    }
}

#[test]
fn bulk_fills_a_clean_line_without_sending_anything_twice() {
    for bits_per_second in [33_600_u32, 9_600] {
        let mut call = Call::new(CLEAN, 1, bits_per_second);
        let down = text(30_000);
        let took = call.exchange(&[], &down, Duration::from_secs(120)).unwrap();
        let floor = Duration::from_secs(10) / bits_per_second * 30_000;
        assert!(took < floor * 13 / 10, "{took:?} for {floor:?}");
        assert!(call.back.carried < 33_600, "{} bytes", call.back.carried);
    }
}

#[test]
fn a_bit_error_rate_of_two_in_a_hundred_thousand_costs_less_than_half_the_time_again() {
    let mut clean = Duration::ZERO;
    let mut noisy = Duration::ZERO;
    for seed in 1..=40_u64 {
        // Eight bits a byte at 2e-5: 160 of a million bytes.
        let faults = Faults {
            flipped: 160,
            ..CLEAN
        };
        for (faults, sum) in [(CLEAN, &mut clean), (faults, &mut noisy)] {
            let mut call = Call::new(faults, seed * 7_919, 33_600);
            let (up, down) = (text(3_860), text(3_044));
            let took = call.exchange(&up, &down, Duration::from_secs(300));
            assert!(took.is_some(), "seed {seed}");
            *sum += call.now;
        }
    }
    println!("noise-free {:?}, noisy {:?}", clean / 40, noisy / 40);
    assert!(noisy * 2 < clean * 3, "{noisy:?} for {clean:?}");
}

#[test]
fn a_bit_error_rate_of_one_in_ten_thousand_is_slow_and_loses_nothing() {
    for seed in 1..=20_u64 {
        let faults = Faults {
            flipped: 800,
            ..CLEAN
        };
        let mut call = Call::new(faults, seed * 7_919, 9_600);
        let took = call.exchange(&text(2_000), &text(2_000), Duration::from_secs(600));
        assert!(took.is_some(), "seed {seed} {:?}", call.at_station);
    }
}

#[test]
fn who_finishes_is_heard_and_can_still_be_answered() {
    let mut call = Call::new(CLEAN, 1, 33_600);
    let limit = Duration::from_secs(60);
    let (here, there) = call.open(limit);
    assert_eq!(call.station.write(here, b"the last word"), 13);
    call.station.finish(here);
    let mut heard = Vec::new();
    assert!(call.run(limit, |call| drained(&mut call.center, there, &mut heard)));
    assert_eq!(heard, b"the last word");
    assert_eq!(call.center.write(there, b"good-bye"), 8);
    call.center.finish(there);
    let mut heard = Vec::new();
    assert!(call.run(limit, |call| drained(&mut call.station, here, &mut heard)));
    assert_eq!(heard, b"good-bye");
    assert!(call.run(limit, |call| call.center.state(there)
        == StreamState::Closed));
}

#[test]
fn a_port_nobody_listens_on_is_refused_and_the_link_stays() {
    let mut call = Call::new(CLEAN, 1, 33_600);
    let limit = Duration::from_secs(60);
    assert!(call.run(limit, |call| call.is_up()));
    let stray = call.station.connect(SocketAddrV4::new(CENTER, 80)).unwrap();
    assert!(call.run(limit, |call| {
        call.station.read(stray, &mut [0; 8]) == Reading::Broken
    }));
    let elsewhere = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), HTTPS);
    let lost = call.station.connect(elsewhere).unwrap();
    let from = call.now;
    assert!(!call.run(from + Duration::from_secs(5), |call| {
        call.station.state(lost) == StreamState::Open
    }));
    assert_eq!(call.center.accept(), None);
    assert!(call.is_up());
}

#[test]
fn streams_are_bounded_and_a_released_one_makes_room() {
    let mut call = Call::new(CLEAN, 1, 33_600);
    let to = SocketAddrV4::new(CENTER, HTTPS);
    assert_eq!(call.station.connect(to), Err(NotOpened::Down));
    assert!(call.run(Duration::from_secs(60), |call| call.is_up()));
    let nowhere = SocketAddrV4::new(CENTER, 0);
    assert_eq!(call.station.connect(nowhere), Err(NotOpened::BadAddress));
    let first = call.station.connect(to).unwrap();
    while call.station.connect(to).is_ok() {}
    assert_eq!(call.station.connect(to), Err(NotOpened::TooMany));
    call.station.release(first);
    assert_eq!(call.station.state(first), StreamState::Closed);
    assert_eq!(call.station.write(first, b"x"), 0);
    assert!(call.station.connect(to).is_ok());
}

#[test]
fn a_lost_carrier_breaks_the_streams_at_once() {
    let mut call = Call::new(CLEAN, 1, 33_600);
    let (here, _there) = call.open(Duration::from_secs(60));
    call.station.line_lost();
    call.settle();
    assert_eq!(
        call.at_station.last(),
        Some(&Event::Ended(Err(Failure::LineLost)))
    );
    assert_eq!(call.station.state(here), StreamState::Closed);
    assert_eq!(call.station.read(here, &mut [0; 8]), Reading::Broken);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_byte_arrives_over_a_line_that_spoils_some(
        flipped in 0_u32..300,
        lost in 0_u32..100,
        doubled in 0_u32..100,
        added in 0_u32..100,
        seed in any::<u64>(),
        bits_per_second in prop::sample::select(vec![9_600_u32, 33_600]),
        up in 0_usize..6_000,
        down in 0_usize..6_000,
    ) {
        let faults = Faults { flipped, lost, doubled, added, ..CLEAN };
        let mut call = Call::new(faults, seed, bits_per_second);
        let took = call.exchange(&text(up), &text(down), Duration::from_secs(900));
        prop_assert!(took.is_some(), "at {:?}: {:?}", call.now, call.at_station);
    }
}

#[test]
fn on_a_slow_line_that_is_busy_both_ways_nothing_is_sent_twice() {
    for bits_per_second in [9_600, 14_400] {
        let mut call = Call::new(CLEAN, 3, bits_per_second);
        call.open(Duration::from_secs(10));
        let before = [call.there.carried, call.back.carried];
        let text = vec![7; 6_000];
        let took = call.exchange(&text, &text, Duration::from_secs(60));
        assert!(took.is_some());
        let after = [call.there.carried, call.back.carried];
        for (before, after) in before.into_iter().zip(after) {
            // Twelve segments with 45 bytes around each, and some confirmations.
            assert!(
                after - before < 7_200,
                "{} at {bits_per_second}",
                after - before
            );
        }
    }
}

#[test]
fn what_is_written_in_pieces_leaves_in_one_segment() {
    let carried = |pieces: &[usize]| {
        let mut call = Call::new(CLEAN, 3, 33_600);
        let (here, there) = call.open(Duration::from_secs(10));
        let before = call.there.carried;
        for length in pieces {
            assert_eq!(call.station.write(here, &vec![7; *length]), *length);
            call.settle();
        }
        let total: usize = pieces.iter().sum();
        let mut got = Vec::new();
        let limit = call.now + Duration::from_secs(5);
        let came = call.run(limit, |call| {
            drained(&mut call.center, there, &mut got);
            got.len() == total
        });
        assert!(came);
        call.there.carried - before
    };
    assert_eq!(carried(&[10, 20, 30, 40]), carried(&[100]));
}

/// How long that takes to arrive, and what both directions carry meanwhile, when the first byte on the
/// line is spoiled.
fn spoiled_once(length: usize) -> (Duration, u64) {
    let mut call = Call::new(CLEAN, 3, 33_600);
    let limit = Duration::from_secs(20);
    let (here, there) = call.open(limit);
    let quiet = call.now + Duration::from_secs(1);
    assert!(!call.run(quiet, |_| false));
    let (from, before) = (call.now, call.there.carried + call.back.carried);
    call.there.spoil_next();
    let text = text(length);
    let (mut sent, mut got) = (0, Vec::new());
    assert!(call.run(limit, |call| {
        sent += call.station.write(here, &text[sent..]);
        drained(&mut call.center, there, &mut got);
        got.len() >= text.len()
    }));
    assert_eq!(got, text);
    let took = call.now - from;
    assert!(!call.run(call.now + Duration::from_secs(1), |_| false));
    (took, call.there.carried + call.back.carried - before)
}

#[test]
fn what_is_spoiled_is_asked_for_again_at_once() {
    // There, the question, and there again, where TCP by itself waits for a second.
    let (took, carried) = spoiled_once(300);
    assert!(took < Duration::from_millis(600), "{took:?}");
    // Twice the segment, four times the question, and the confirmations, whole from now on.
    assert!(carried < 2 * 345 + 6 * 46, "{carried}");
    // Of three segments the first is spoiled, and the others lean on it.
    let (took, _) = spoiled_once(3_500);
    assert!(took < Duration::from_millis(3_500), "{took:?}");
}

#[test]
fn of_a_segment_s_headers_little_is_left() {
    let mut call = Call::new(CLEAN, 3, 33_600);
    let limit = Duration::from_secs(20);
    let (here, there) = call.open(limit);
    let before = [call.there.carried, call.back.carried];
    for _ in 0..20 {
        let (mut asked, mut answered) = (Vec::new(), Vec::new());
        assert_eq!(call.station.write(here, &[7; 30]), 30);
        assert!(call.run(limit, |call| {
            drained(&mut call.center, there, &mut asked);
            asked.len() == 30
        }));
        assert_eq!(call.center.write(there, &[9; 70]), 70);
        assert!(call.run(limit, |call| {
            drained(&mut call.station, here, &mut answered);
            answered.len() == 70
        }));
    }
    for (data, before, after) in [
        (20 * 30, before[0], call.there.carried),
        (20 * 70, before[1], call.back.carried),
    ] {
        let around = (after - before - data) / 20;
        assert!(around < 14, "{around} bytes around each segment");
    }
}
