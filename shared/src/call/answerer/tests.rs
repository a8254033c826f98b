use std::net::{Ipv4Addr, SocketAddrV4};

use super::*;
use crate::call::Call;
use crate::modem::{CallFailure, Profile};
use crate::ppp::proof::Credentials;
use crate::ppp::{Failure, Reading, StreamId, StreamState, Terms};

const CENTER: Ipv4Addr = Ipv4Addr::new(10, 112, 0, 1);
const STATION: Ipv4Addr = Ipv4Addr::new(10, 112, 0, 2);
/// An address of nobody's, such as the Internet address of the data center.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);
const SECRET: &str = "a secret of the station";
const RING_PERIOD: Duration = Duration::from_secs(6);
const LONG: Duration = Duration::from_secs(4 * 3_600);

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// What is at the other end of the line.
enum Peer {
    Nobody,
    /// Takes part in nothing.
    Silent,
    /// Speaks once it is answered.
    Calling(Box<Terms>),
    Station(Box<Stack>),
}

/// An answerer on a modem that does what it is told, on virtual time.
struct Line {
    answerer: Answerer,
    now: Duration,
    has_lines: bool,
    /// Whether the modem answers commands at all.
    is_dead: bool,
    peer: Peer,
    /// When it rings next.
    rings_at: Option<Duration>,
    in_data: bool,
    command: Vec<u8>,
    told: Vec<String>,
    events: Vec<Event>,
    at: Vec<Duration>,
    /// How many of the events a test has looked at.
    looked: usize,
}

fn post(has_lines: bool) -> Post {
    Post {
        profile: Profile::answering(),
        terms: Terms::answerer(0, "center", CENTER, STATION, Zeroizing::new([2; 32])),
        ports: vec![443, 7443],
        has_lines,
        bounds: Bounds::USUAL,
    }
}

fn station(secret: &str, seed: u8) -> Peer {
    let secret = Zeroizing::new(secret.to_owned());
    let credentials = Credentials::new("station-7", secret).unwrap();
    let terms = Terms::caller(33_600, Some(credentials), Zeroizing::new([seed; 32]));
    Peer::Calling(Box::new(terms))
}

impl Line {
    fn new(has_lines: bool) -> Self {
        Self {
            answerer: Answerer::begin(post(has_lines), Duration::ZERO),
            now: Duration::ZERO,
            has_lines,
            is_dead: false,
            peer: Peer::Nobody,
            rings_at: None,
            in_data: false,
            command: Vec::new(),
            told: Vec::new(),
            events: Vec::new(),
            at: Vec::new(),
            looked: 0,
        }
    }

    /// Somebody calls.
    fn call(&mut self, peer: Peer) {
        self.peer = peer;
        self.rings_at = Some(self.now);
    }

    fn say(&mut self, text: &str) {
        self.answerer
            .input(self.now, format!("\r\n{text}\r\n").as_bytes());
    }

    fn carrier(&mut self) -> Option<bool> {
        self.has_lines.then_some(self.in_data)
    }

    /// The modem gets bytes of the port.
    fn modem(&mut self, bytes: &[u8]) {
        if self.in_data {
            if bytes == b"+++" {
                self.in_data = false;
                self.say("OK");
            } else if let Peer::Station(stack) = &mut self.peer {
                stack.input(self.now, bytes);
            }
            return;
        }
        for byte in bytes {
            if *byte != b'\r' {
                self.command.push(*byte);
                continue;
            }
            let command = String::from_utf8(std::mem::take(&mut self.command)).unwrap();
            self.told.push(command.clone());
            match command.as_str() {
                _ if self.is_dead => {}
                "ATA" if self.rings_at.is_some() => {
                    self.rings_at = None;
                    self.in_data = true;
                    if let Peer::Calling(terms) = &self.peer {
                        let stack = Stack::begin(terms.as_ref().clone(), self.now);
                        self.peer = Peer::Station(Box::new(stack));
                    }
                    self.say("CONNECT 33600/V34");
                }
                "ATA" => self.say("NO CARRIER"),
                "ATH" => {
                    self.peer = Peer::Nobody;
                    self.say("OK");
                }
                _ => self.say("OK"),
            }
        }
    }

    /// The line goes down.
    fn cut(&mut self) {
        self.peer = Peer::Nobody;
        self.in_data = false;
        self.say("NO CARRIER");
    }

    fn settle(&mut self) {
        for _ in 0..20 {
            let now = self.now;
            let carrier = self.carrier();
            self.answerer.carrier(now, carrier);
            self.answerer.tick(now);
            while let Some(event) = self.answerer.next_event() {
                if let (Event::Claim(_), Some(stack)) = (&event, self.answerer.stack_mut()) {
                    stack.answer_claim(now, Some(SECRET));
                }
                self.events.push(event);
                self.at.push(now);
            }
            for signal in self.answerer.take_signals() {
                if signal == Signal::DropDtr && self.has_lines && self.in_data {
                    self.cut();
                }
            }
            if let Peer::Station(stack) = &mut self.peer {
                stack.tick(now);
                while stack.next_event().is_some() {}
                let bytes = stack.take_wire(now, usize::MAX);
                if self.in_data {
                    self.answerer.input(now, &bytes);
                }
            }
            let bytes = self.answerer.take_wire(now, usize::MAX);
            self.modem(&bytes);
            if self.rings_at.is_some_and(|at| at <= now) {
                self.rings_at = Some(now + RING_PERIOD);
                self.say("RING");
            }
        }
    }

    /// Runs until `done`; answers when that was, and fails when it does not come.
    fn run(&mut self, mut done: impl FnMut(&mut Self) -> bool) -> Duration {
        let limit = self.now + LONG;
        loop {
            self.settle();
            if done(self) {
                return self.now;
            }
            let peer = match &mut self.peer {
                Peer::Station(stack) => stack.wake_at(),
                Peer::Nobody | Peer::Silent | Peer::Calling(_) => None,
            };
            let next = [self.answerer.wake_at(), peer, self.rings_at];
            let next = next.into_iter().flatten().min().unwrap_or(limit);
            assert!(next < limit, "{:?} {:?}", self.events, self.answerer);
            self.now = next.max(self.now + Duration::from_millis(1));
        }
    }

    /// Runs until that was said, after what was looked for before; answers when that was.
    fn run_to(&mut self, wanted: &Event) -> Duration {
        let from = self.looked;
        self.run(|line| line.events[from..].contains(wanted));
        let place = self.events[from..].iter().position(|event| event == wanted);
        self.looked = from + place.unwrap() + 1;
        self.at[self.looked - 1]
    }

    fn stack(&mut self) -> &mut Stack {
        let Peer::Station(stack) = &mut self.peer else {
            panic!("nobody called");
        };
        stack
    }

    fn up(&mut self) {
        self.run(|line| matches!(line.events.last(), Some(Event::Up(_))));
        self.looked = self.events.len();
    }

    /// Opens a stream and waits for the answerer to see it.
    fn stream(&mut self, to: SocketAddrV4) -> (StreamId, StreamId) {
        let from = self.events.len();
        let there = self.stack().connect(to).unwrap();
        self.run(|line| line.events.len() > from);
        let Some(Event::Stream(here)) = self.events.last() else {
            panic!("{:?}", self.events);
        };
        (there, *here)
    }
}

fn ended(failure: Failure) -> Event {
    Event::Ended(Err(CallFault::Link(failure)))
}

#[test]
fn a_call_is_taken_carries_a_stream_and_the_line_waits_again() {
    for has_lines in [true, false] {
        let mut line = Line::new(has_lines);
        line.run_to(&Event::Waiting);
        assert_eq!(line.told, ["ATZ", "ATE0V1Q0&C1&D2X4S0=0S7=60"]);
        line.call(station(SECRET, 1));
        line.up();
        let (there, here) = line.stream(SocketAddrV4::new(CENTER, 7443));
        assert_eq!(line.stack().write(there, b"hello"), 5);
        let mut heard = [0; 16];
        line.run(|line| {
            let stack = line.answerer.stack_mut().unwrap();
            stack.read(here, &mut heard) == Reading::Bytes(5)
        });
        assert_eq!(&heard[..5], b"hello");
        let now = line.now;
        line.stack().close(now);
        line.run_to(&ended(Failure::EndedByPeer));
        line.run_to(&Event::Waiting);
        let said: Vec<_> = line
            .events
            .iter()
            .filter(|event| !matches!(event, Event::Up(_) | Event::Stream(_) | Event::Down))
            .cloned()
            .collect();
        let connected = Event::Connected {
            said: "33600/V34".to_owned(),
            bits_per_second: 33_600,
        };
        let claim = Event::Claim("station-7".to_owned());
        assert_eq!(
            said,
            [
                Event::Waiting,
                Event::Ringing,
                Event::Dialing,
                connected,
                claim,
                ended(Failure::EndedByPeer),
                Event::HungUp,
                Event::Waiting,
            ],
            "{has_lines}"
        );
        assert!(!line.in_data);
    }
}

#[test]
fn whoever_does_not_know_the_secret_is_hung_up_on() {
    let mut line = Line::new(true);
    line.call(station("another secret", 1));
    line.run_to(&ended(Failure::PasswordRefused));
    line.run_to(&Event::Waiting);
    assert!(
        !line
            .events
            .iter()
            .any(|event| matches!(event, Event::Up(_)))
    );
}

#[test]
fn a_caller_who_says_nothing_is_hung_up_on_after_ten_seconds() {
    let mut line = Line::new(true);
    line.run_to(&Event::Waiting);
    line.call(Peer::Silent);
    let taken = line.run_to(&Event::Dialing);
    assert_eq!(line.run_to(&ended(Failure::NoAnswer)), taken + seconds(10));
    line.run_to(&Event::Waiting);
}

#[test]
fn a_caller_who_leaves_after_the_ring_is_missed_and_no_more() {
    let mut line = Line::new(true);
    line.run_to(&Event::Waiting);
    line.say("RING");
    line.run_to(&Event::HungUp);
    let missed = Event::Ended(Err(CallFailure::NoCarrier.into()));
    assert!(line.events.contains(&missed));
    // It waits, and was not set up again.
    assert_eq!(line.told.last().map(String::as_str), Some("ATA"));
    line.call(station(SECRET, 1));
    line.up();
}

#[test]
fn streams_reach_the_ports_that_are_served_at_any_address_and_nothing_else() {
    let mut line = Line::new(true);
    line.call(station(SECRET, 1));
    line.up();
    for to in [
        SocketAddrV4::new(CENTER, 443),
        SocketAddrV4::new(ELSEWHERE, 443),
        SocketAddrV4::new(ELSEWHERE, 7443),
    ] {
        let (there, _) = line.stream(to);
        line.run(|line| line.stack().state(there) == StreamState::Open);
    }
    for to in [
        SocketAddrV4::new(CENTER, 22),
        SocketAddrV4::new(CENTER, 442),
        SocketAddrV4::new(Ipv4Addr::LOCALHOST, 7444),
        SocketAddrV4::new(ELSEWHERE, 80),
    ] {
        let there = line.stack().connect(to).unwrap();
        line.run(|line| line.stack().state(there) == StreamState::Closed);
        line.stack().release(there);
    }
}

#[test]
fn a_call_without_a_stream_ends_after_a_minute_and_one_with_a_stream_does_not() {
    let mut line = Line::new(true);
    line.call(station(SECRET, 1));
    line.up();
    let since = line.now;
    assert_eq!(line.run_to(&Event::Ended(Ok(()))), since + seconds(60));
    line.run_to(&Event::Waiting);
    line.call(station(SECRET, 1));
    let taken = line.run_to(&Event::Dialing);
    line.up();
    line.stream(SocketAddrV4::new(CENTER, 443));
    let too_long = Event::Ended(Err(CallFault::TooLong));
    let over = line.run_to(&too_long);
    assert!(over >= taken + Bounds::USUAL.longest, "{over:?}");
    assert!(
        over < taken + Bounds::USUAL.longest + seconds(10),
        "{over:?}"
    );
}

#[test]
fn a_carrier_that_goes_ends_the_call_whoever_says_so() {
    for has_lines in [true, false] {
        let mut line = Line::new(has_lines);
        line.call(station(SECRET, 1));
        line.up();
        let told = line.told.len();
        line.cut();
        line.run_to(&Event::Waiting);
        assert!(line.events.contains(&ended(Failure::LineLost)));
        // Nobody hangs up a modem that is on hook.
        assert_eq!(line.told[told], "ATZ", "{has_lines}");
    }
}

#[test]
fn after_too_many_failed_calls_the_line_rings_unanswered_for_a_while() {
    let mut line = Line::new(true);
    for _ in 0..=Bounds::USUAL.failures {
        line.call(station("another secret", 1));
        line.run_to(&ended(Failure::PasswordRefused));
    }
    let from = line.now;
    assert_eq!(
        line.answerer.rests_until(from),
        Some(from + Bounds::USUAL.rest)
    );
    line.run_to(&Event::Waiting);
    line.call(station(SECRET, 1));
    let taken = line.run_to(&Event::Dialing);
    assert!(taken >= from + Bounds::USUAL.rest);
    assert!(taken < from + Bounds::USUAL.rest + RING_PERIOD * 2);
    line.up();
    assert_eq!(line.answerer.rests_until(line.now), None);
}

#[test]
fn a_modem_that_answers_nothing_is_tried_again_with_growing_pauses() {
    let mut line = Line::new(true);
    line.is_dead = true;
    let silent = Event::Ended(Err(CallFailure::ModemSilent.into()));
    let times: Vec<_> = (0..9).map(|_| line.run_to(&silent)).collect();
    let pauses: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses.is_sorted(), "{pauses:?}");
    assert!(pauses[0] < seconds(60), "{pauses:?}");
    assert!(pauses[7] >= LONGEST_PAUSE, "{pauses:?}");
    line.is_dead = false;
    line.run_to(&Event::Waiting);
    line.call(station(SECRET, 1));
    line.up();
}

#[test]
fn a_modem_that_dies_while_it_waits_is_noticed() {
    let mut line = Line::new(true);
    line.run_to(&Event::Waiting);
    line.is_dead = true;
    let noticed = line.run_to(&Event::Ended(Err(CallFailure::ModemSilent.into())));
    assert!(noticed < seconds(700), "{noticed:?}");
}

#[test]
fn stopping_ends_the_call_with_a_good_bye_and_takes_no_other() {
    let mut line = Line::new(true);
    line.call(station(SECRET, 1));
    line.up();
    let now = line.now;
    line.answerer.hang_up(now);
    line.run(|line| line.answerer.is_over());
    assert!(line.events.contains(&Event::Ended(Ok(()))));
    assert_eq!(line.events.last(), Some(&Event::HungUp));
    assert!(!line.in_data);

    let mut line = Line::new(true);
    line.run_to(&Event::Waiting);
    let now = line.now;
    line.answerer.hang_up(now);
    assert!(line.answerer.is_over());
}

#[test]
fn a_port_that_is_pulled_out_ends_it_at_once() {
    let mut line = Line::new(true);
    line.call(station(SECRET, 1));
    line.up();
    let now = line.now;
    line.answerer.port_lost(now);
    line.settle();
    assert!(line.answerer.is_over());
    assert!(line.events.contains(&ended(Failure::LineLost)));
}

#[test]
fn no_stream_of_a_later_call_has_the_name_of_an_earlier_one() {
    let mut line = Line::new(true);
    let mut names = Vec::new();
    for _ in 0..2 {
        line.call(station(SECRET, 1));
        line.up();
        names.push(line.stream(SocketAddrV4::new(CENTER, 443)).1);
        line.cut();
        line.run_to(&Event::Waiting);
        assert!(line.answerer.stack().is_none());
    }
    assert_ne!(names[0], names[1]);
    assert_ne!(seed_of(&[2; 32], 1), seed_of(&[2; 32], 2));
}

#[test]
fn what_has_passed_is_counted_from_call_to_call() {
    let mut line = Line::new(true);
    assert_eq!(line.answerer.traffic(), Traffic::default());
    line.call(station(SECRET, 1));
    line.up();
    let before = line.answerer.traffic();
    let (there, here) = line.stream(SocketAddrV4::new(CENTER, 443));
    assert_eq!(line.stack().write(there, &[7; 300]), 300);
    let mut heard = [0; 512];
    line.run(|line| {
        let stack = line.answerer.stack_mut().unwrap();
        stack.read(here, &mut heard) == Reading::Bytes(300)
    });
    let after = line.answerer.traffic();
    assert!(
        (300..600).contains(&(after.received - before.received)),
        "{after:?}"
    );
    assert!(after.sent > before.sent, "{after:?}");
    line.cut();
    line.run_to(&Event::Waiting);
    assert!(line.answerer.traffic().received >= after.received);
    line.call(Peer::Silent);
    line.run_to(&Event::Dialing);
    line.run_to(&ended(Failure::NoAnswer));
    assert_eq!(line.answerer.traffic().received, 0);
    assert!(line.answerer.traffic().sent > 0);
}
