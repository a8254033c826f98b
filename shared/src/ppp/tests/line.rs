//! A telephone line between two engines: bytes take their time, and some do not arrive as sent.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::ppp::proof::{Credentials, Method};
use crate::ppp::{Addresses, Engine, Event, Limits, Proof, Terms};

pub(super) const SECRET: &str = "a secret of the station";
pub(super) const CENTER: Ipv4Addr = Ipv4Addr::new(10, 7, 0, 1);
pub(super) const STATION: Ipv4Addr = Ipv4Addr::new(10, 7, 0, 2);

/// What a line does to bytes, in chances of a million a byte.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Faults {
    /// A bit is turned over.
    pub(super) flipped: u32,
    /// The byte is lost.
    pub(super) lost: u32,
    /// The byte comes twice.
    pub(super) doubled: u32,
    /// A byte of nobody's comes before it.
    pub(super) added: u32,
    /// The line stalls before it, for up to four seconds.
    pub(super) stalled: u32,
    /// Everything taken for the line at once comes twice, per piece.
    pub(super) piece_doubled: u32,
    /// It is lost, per piece.
    pub(super) piece_lost: u32,
}

/// One direction of a line.
pub(super) struct Direction {
    faults: Faults,
    random: u64,
    byte_time: Duration,
    delay: Duration,
    free_at: Duration,
    underway: VecDeque<(Duration, u8)>,
    pub(super) carried: u64,
    spoils_next: bool,
}

impl Direction {
    pub(super) fn new(faults: Faults, seed: u64, bits_per_second: u32, delay: Duration) -> Self {
        Self {
            faults,
            random: seed | 1,
            byte_time: Duration::from_secs(10) / bits_per_second,
            delay,
            free_at: Duration::ZERO,
            underway: VecDeque::new(),
            carried: 0,
            spoils_next: false,
        }
    }

    /// The next random number (xorshift64*): tests repeat by their seed.
    fn draw(&mut self) -> u64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn strikes(&mut self, chance: u32) -> bool {
        chance > 0 && self.draw() % 1_000_000 < u64::from(chance)
    }

    /// Lets a bit of the next byte be turned over, and none after it.
    pub(super) const fn spoil_next(&mut self) {
        self.spoils_next = true;
    }

    pub(super) fn send(&mut self, now: Duration, bytes: &[u8]) {
        if self.strikes(self.faults.piece_lost) {
            return;
        }
        self.carry(now, bytes);
        if self.strikes(self.faults.piece_doubled) {
            self.carry(now, bytes);
        }
    }

    fn carry(&mut self, now: Duration, bytes: &[u8]) {
        for byte in bytes {
            self.carried += 1;
            self.free_at = self.free_at.max(now) + self.byte_time;
            if self.strikes(self.faults.stalled) {
                let stall = Duration::from_millis(self.draw() % 4_000);
                self.free_at += stall;
            }
            let at = self.free_at + self.delay;
            if self.strikes(self.faults.added) {
                let [.., added] = self.draw().to_be_bytes();
                self.underway.push_back((at, added));
            }
            if self.strikes(self.faults.lost) {
                continue;
            }
            let mut byte = *byte;
            if self.strikes(self.faults.flipped) || std::mem::take(&mut self.spoils_next) {
                byte ^= 1 << (self.draw() % 8);
            }
            self.underway.push_back((at, byte));
            if self.strikes(self.faults.doubled) {
                self.underway.push_back((at, byte));
            }
        }
    }

    pub(super) fn arrived(&mut self, now: Duration) -> Vec<u8> {
        let due = self
            .underway
            .iter()
            .take_while(|(at, _)| *at <= now)
            .count();
        self.underway.drain(..due).map(|(_, byte)| byte).collect()
    }

    /// Bytes that were taken and have not left the modem yet.
    pub(super) fn backlog(&self, now: Duration) -> u64 {
        let busy = self.free_at.saturating_sub(now).as_nanos();
        u64::try_from(busy.div_ceil(self.byte_time.as_nanos())).unwrap()
    }

    /// When the modem has room for more, where some waits.
    pub(super) fn room_at(&self, now: Duration, modem: u64, waiting: usize) -> Option<Duration> {
        let half = u32::try_from(modem / 2).unwrap();
        let room = self.free_at.saturating_sub(self.byte_time * half);
        (waiting > 0).then(|| room.max(now))
    }

    pub(super) fn next_arrival(&self) -> Option<Duration> {
        self.underway.front().map(|(at, _)| *at)
    }
}

/// What became of one end.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) events: Vec<Event>,
    pub(super) packets: Vec<Vec<u8>>,
}

impl Seen {
    /// Whether the link is up, by the last that was said about it.
    pub(super) fn is_up(&self) -> bool {
        matches!(self.events.last(), Some(Event::Up(_)))
    }
}

/// A caller and an answerer with the line between them.
pub(super) struct Call {
    pub(super) caller: Engine,
    pub(super) answerer: Engine,
    pub(super) there: Direction,
    pub(super) back: Direction,
    pub(super) at_caller: Seen,
    pub(super) at_answerer: Seen,
    pub(super) now: Duration,
    /// The secret the answerer finds for the caller's name.
    pub(super) known_secret: Option<&'static str>,
}

pub(super) fn caller_terms(mru: u16) -> Terms {
    let secret = Zeroizing::new(SECRET.to_owned());
    let credentials = Credentials::new("station-7", secret).unwrap();
    Terms {
        mru,
        ..Terms::caller(33_600, Some(credentials), Zeroizing::new([1; 32]))
    }
}

pub(super) fn answerer_terms(mru: u16, methods: &[Method]) -> Terms {
    Terms {
        mru,
        proof: Proof::Demanded {
            own_name: "center".to_owned(),
            methods: methods.to_vec(),
        },
        addresses: Addresses::Gives {
            own: CENTER,
            peer: STATION,
            dns: [Some(CENTER), None],
        },
        limits: Limits::USUAL,
        ..Terms::answerer(33_600, "center", CENTER, STATION, Zeroizing::new([2; 32]))
    }
}

impl Call {
    pub(super) fn new(caller: Terms, answerer: Terms, faults: Faults, seed: u64) -> Self {
        Self::at_speed(caller, answerer, faults, seed, 33_600)
    }

    pub(super) fn at_speed(
        caller: Terms,
        answerer: Terms,
        faults: Faults,
        seed: u64,
        bits_per_second: u32,
    ) -> Self {
        let delay = Duration::from_millis(75);
        Self {
            caller: Engine::begin(caller, Duration::ZERO),
            answerer: Engine::begin(answerer, Duration::ZERO),
            there: Direction::new(faults, seed, bits_per_second, delay),
            back: Direction::new(faults, seed ^ 0x5555_5555, bits_per_second, delay),
            at_caller: Seen::default(),
            at_answerer: Seen::default(),
            now: Duration::ZERO,
            known_secret: Some(SECRET),
        }
    }

    /// Lets both ends do what they have to at this instant.
    pub(super) fn settle(&mut self) {
        let now = self.now;
        self.caller.input(now, &self.back.arrived(now));
        self.answerer.input(now, &self.there.arrived(now));
        self.caller.tick(now);
        self.answerer.tick(now);
        while let Some(event) = self.caller.next_event() {
            self.at_caller.events.push(event);
        }
        while let Some(event) = self.answerer.next_event() {
            if let Event::Claim(name) = &event {
                let secret = self.known_secret.filter(|_| name == "station-7");
                self.answerer.answer_claim(now, secret);
            }
            self.at_answerer.events.push(event);
        }
        while let Some(packet) = self.caller.receive() {
            self.at_caller.packets.push(packet);
        }
        while let Some(packet) = self.answerer.receive() {
            self.at_answerer.packets.push(packet);
        }
        let bytes = self.caller.take_wire(usize::MAX);
        self.there.send(now, &bytes);
        let bytes = self.answerer.take_wire(usize::MAX);
        self.back.send(now, &bytes);
    }

    /// The next instant at which something happens.
    pub(super) fn next_instant(&self) -> Option<Duration> {
        [
            self.there.next_arrival(),
            self.back.next_arrival(),
            self.caller.wake_at(),
            self.answerer.wake_at(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Runs until `done`, or until `limit`; answers whether it was `done` in time.
    pub(super) fn run(&mut self, limit: Duration, done: impl Fn(&Self) -> bool) -> bool {
        self.settle();
        while !done(self) {
            match self.next_instant() {
                Some(at) if at <= limit => self.now = at.max(self.now),
                Some(_) | None => return false,
            }
            self.settle();
        }
        true
    }

    /// Whether Internet packets pass both ways.
    pub(super) fn is_up(&self) -> bool {
        self.at_caller.is_up() && self.at_answerer.is_up()
    }

    /// Whether both ends are over.
    pub(super) fn is_over(&self) -> bool {
        self.caller.is_over() && self.answerer.is_over()
    }
}
