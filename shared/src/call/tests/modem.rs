//! A modem that knows a few words, with a data center's line behind it.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::call::{Call, Caller, Event, Plan, Signal};
use crate::modem::{Number, Profile};
use crate::ppp::proof::Credentials;
use crate::ppp::{self, Reading, Stack, StreamId, Terms};

pub(super) const CENTER: Ipv4Addr = Ipv4Addr::new(10, 7, 0, 1);
pub(super) const HTTPS: u16 = 443;
const STATION: Ipv4Addr = Ipv4Addr::new(10, 7, 0, 2);
const SECRET: &str = "a secret";
/// From one end to the other.
const DELAY: Duration = Duration::from_millis(75);

pub(super) fn plan(has_lines: bool) -> Plan {
    let secret = Zeroizing::new(SECRET.to_owned());
    let credentials = Credentials::new("station-7", secret).unwrap();
    Plan {
        profile: Profile::analogue(false),
        number: Number::parse("555-0199").unwrap(),
        terms: Terms::caller(0, Some(credentials), Zeroizing::new([1; 32])),
        has_lines,
        longest: Duration::from_secs(600),
    }
}

/// What the modem says to ATD, and how it shows its carrier.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    pub(super) result: &'static str,
    /// What the DCD line shows: nothing, always down, or the truth.
    pub(super) carrier: Dcd,
    pub(super) obeys_dtr: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dcd {
    NoLine,
    NotWired,
    True,
}

pub(super) const GOOD: Manner = Manner {
    result: "CONNECT 33600/V34",
    carrier: Dcd::True,
    obeys_dtr: true,
};

/// The modem, the line and the data center's end of it.
pub(super) struct Modem {
    manner: Manner,
    command: Vec<u8>,
    /// When a character came last: the escape needs silence before it.
    heard: Duration,
    pub(super) escaped: bool,
    pub(super) center: Option<Stack>,
    to_center: VecDeque<(Duration, Vec<u8>)>,
    to_station: VecDeque<(Duration, Vec<u8>)>,
    pub(super) told: Vec<String>,
    /// Bytes of the station that went over the line.
    pub(super) carried: usize,
    /// What the data center's end echoes.
    stream: Option<StreamId>,
}

impl Modem {
    pub(super) fn new(manner: Manner) -> Self {
        Self {
            manner,
            command: Vec::new(),
            heard: Duration::ZERO,
            escaped: false,
            center: None,
            to_center: VecDeque::new(),
            to_station: VecDeque::new(),
            told: Vec::new(),
            carried: 0,
            stream: None,
        }
    }

    pub(super) fn is_on_line(&self) -> bool {
        self.center.is_some()
    }

    pub(super) fn dcd(&self) -> Option<bool> {
        match self.manner.carrier {
            Dcd::NoLine => None,
            Dcd::NotWired => Some(false),
            Dcd::True => Some(self.is_on_line()),
        }
    }

    pub(super) fn say(&mut self, now: Duration, line: &str) {
        let line = format!("\r\n{line}\r\n").into_bytes();
        self.to_station.push_back((now, line));
    }

    /// The line is cut.
    pub(super) fn cut(&mut self, now: Duration) {
        self.center = None;
        self.to_center.clear();
        self.escaped = false;
        self.say(now, "NO CARRIER");
    }

    pub(super) fn dtr(&mut self, now: Duration, signal: Signal) {
        if signal == Signal::DropDtr && self.manner.obeys_dtr && self.is_on_line() {
            self.center = None;
            self.to_center.clear();
            self.say(now, "OK");
        }
    }

    pub(super) fn input(&mut self, now: Duration, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let silence = now.saturating_sub(self.heard) >= Duration::from_secs(1);
        self.heard = now;
        if self.is_on_line() && !self.escaped {
            if bytes == b"+++" && silence {
                self.escaped = true;
                self.told.push("+++".to_owned());
                self.say(now, "OK");
                return;
            }
            self.carried += bytes.len();
            self.to_center.push_back((now + DELAY, bytes.to_vec()));
            return;
        }
        for byte in bytes {
            if *byte != b'\r' {
                self.command.push(*byte);
                continue;
            }
            let command = String::from_utf8(std::mem::take(&mut self.command)).unwrap();
            // An escape that met a modem in command mode already stands before it.
            let command = command.trim_start_matches('+').to_owned();
            self.obey(now, command);
        }
    }

    fn obey(&mut self, now: Duration, command: String) {
        if command.starts_with("ATD") {
            self.say(now, self.manner.result);
            if self.manner.result.starts_with("CONNECT") {
                let terms =
                    Terms::answerer(33_600, "center", CENTER, STATION, Zeroizing::new([2; 32]));
                let mut stack = Stack::begin(terms, now);
                stack.listen(HTTPS);
                self.center = Some(stack);
            }
        } else if command == "ATH" {
            self.center = None;
            self.escaped = false;
            self.say(now, "OK");
        } else if command.starts_with("AT") {
            self.say(now, "OK");
        }
        self.told.push(command);
    }

    /// What has arrived for the station by now.
    pub(super) fn arrived(&mut self, now: Duration) -> Vec<u8> {
        self.serve(now);
        let due = self.to_station.iter().take_while(|(at, _)| *at <= now);
        let due = due.count();
        self.to_station
            .drain(..due)
            .flat_map(|(_, bytes)| bytes)
            .collect()
    }

    /// The data center's end: sends back what it reads.
    fn serve(&mut self, now: Duration) {
        let Some(stack) = &mut self.center else {
            return;
        };
        while let Some((at, bytes)) = self.to_center.pop_front() {
            if at > now {
                self.to_center.push_front((at, bytes));
                break;
            }
            stack.input(now, &bytes);
        }
        stack.tick(now);
        while let Some(event) = stack.next_event() {
            if let ppp::Event::Claim(name) = event {
                let secret = (name == "station-7").then_some(SECRET);
                stack.answer_claim(now, secret);
            }
        }
        self.stream = self.stream.or_else(|| stack.accept());
        if let Some(id) = self.stream {
            let mut buffer = [0; 512];
            if let Reading::Bytes(count) = stack.read(id, &mut buffer) {
                stack.write(id, &buffer[..count]);
                stack.tick(now);
            }
        }
        let bytes = stack.take_wire(now, usize::MAX);
        if !bytes.is_empty() {
            self.to_station.push_back((now + DELAY, bytes));
        }
    }

    pub(super) fn next_instant(&mut self) -> Option<Duration> {
        let own = self.center.as_mut().and_then(Stack::wake_at);
        let there = self.to_center.front().map(|(at, _)| *at);
        let back = self.to_station.front().map(|(at, _)| *at);
        [own, there, back].into_iter().flatten().min()
    }
}

/// A caller at a modem, and the clock.
pub(super) struct Scene {
    pub(super) caller: Caller,
    pub(super) modem: Modem,
    pub(super) events: Vec<Event>,
    pub(super) now: Duration,
}

impl Scene {
    pub(super) fn new(manner: Manner) -> Self {
        let has_lines = manner.carrier != Dcd::NoLine;
        Self {
            caller: Caller::begin(plan(has_lines), Duration::ZERO),
            modem: Modem::new(manner),
            events: Vec::new(),
            now: Duration::ZERO,
        }
    }

    pub(super) fn settle(&mut self) {
        let now = self.now;
        let arrived = self.modem.arrived(now);
        self.caller.carrier(now, self.modem.dcd());
        self.caller.input(now, &arrived);
        self.caller.tick(now);
        self.events
            .extend(std::iter::from_fn(|| self.caller.next_event()));
        for signal in self.caller.take_signals() {
            self.modem.dtr(now, signal);
        }
        let bytes = self.caller.take_wire(now, usize::MAX);
        self.modem.input(now, &bytes);
    }

    /// Runs until `done`; answers whether it came to it within this many seconds from the start.
    pub(super) fn run(&mut self, limit: u64, done: impl Fn(&Self) -> bool) -> bool {
        self.settle();
        while !done(self) {
            let times = [self.caller.wake_at(), self.modem.next_instant()];
            let Some(next) = times.into_iter().flatten().min() else {
                return false;
            };
            self.now = next.max(self.now + Duration::from_micros(100));
            if self.now > Duration::from_secs(limit) {
                return false;
            }
            self.settle();
        }
        true
    }

    pub(super) fn is_up(&self) -> bool {
        matches!(self.events.last(), Some(Event::Up(_)))
    }

    pub(super) fn has_ended(&self) -> bool {
        self.events.contains(&Event::HungUp)
    }

    /// The events by kind, without what they say; that packets stop before the end goes without
    /// saying.
    pub(super) fn story(&self) -> Vec<String> {
        let word = |event: &Event| {
            if let Event::Ended(Err(fault)) = event {
                return format!("Ended: {fault}");
            }
            let text = format!("{event:?}");
            let end = text.find(['(', ' ']).unwrap_or(text.len());
            text[..end].to_owned()
        };
        let told = self.events.iter().filter(|event| **event != Event::Down);
        told.map(word).collect()
    }
}
