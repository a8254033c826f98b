//! What must hold whatever a telephone line says. Run by the fuzzer and, over the committed
//! corpora, by the tests.
//!
//! The first byte says which end is meant and how it is set up. After it come pieces: one byte of
//! length, one of the time before the piece in tenths of a second, and the piece.
#![allow(dead_code, reason = "each target of the fuzzer runs one of the bodies")]

use std::net::Ipv4Addr;
use std::time::Duration;

use shared::call::{Call, Caller, Plan, Signal};
use shared::modem::{Dial, HangUp, Number, Profile, Progress, Waits};
use shared::ppp::proof::{Credentials, Method};
use shared::ppp::{Engine, Event, Stack, Terms};
use zeroize::Zeroizing;

/// Things that may happen by themselves once the line is silent; more would be an endless loop.
const MAX_TICKS: usize = 100_000;
/// A link on a line that has fallen silent is over by then: set-up, echoes and good-byes together.
const LONGEST_SILENCE: Duration = Duration::from_secs(200);
/// Bytes that an end may have waiting for the line.
const MAX_WIRE_BYTES: usize = 64 * 1_024;
const OWN: Ipv4Addr = Ipv4Addr::new(10, 7, 0, 1);
const PEER: Ipv4Addr = Ipv4Addr::new(10, 7, 0, 2);

/// The pieces of an input, each with the time at which it comes.
fn pieces(said: &[u8]) -> (u8, Vec<(Duration, &[u8])>) {
    let Some((kind, mut rest)) = said.split_first() else {
        return (0, Vec::new());
    };
    let (mut pieces, mut now) = (Vec::new(), Duration::ZERO);
    while let [length, wait, after @ ..] = rest {
        let end = usize::from(*length).min(after.len());
        let (piece, later) = after.split_at(end);
        now += Duration::from_millis(100) * u32::from(*wait);
        pieces.push((now, piece));
        rest = later;
    }
    (*kind, pieces)
}

fn terms(kind: u8) -> Terms {
    let seed = || Zeroizing::new([kind; 32]);
    let bits_per_second = if kind & 2 == 0 { 33_600 } else { 9_600 };
    if kind & 1 == 0 {
        let secret = Zeroizing::new("a secret".to_owned());
        let credentials = Credentials::new("station", secret).ok();
        let credentials = credentials.filter(|_| kind & 4 == 0);
        return Terms::caller(bits_per_second, credentials, seed());
    }
    let mut terms = Terms::answerer(bits_per_second, "data center", OWN, PEER, seed());
    if kind & 4 != 0 {
        terms.proof = shared::ppp::Proof::Demanded {
            own_name: "data center".to_owned(),
            methods: Method::ALL.to_vec(),
        };
    }
    terms
}

/// One end of a PPP link: it neither panics nor waits for ever, keeps what it says within bounds,
/// and says once how it ended.
pub(crate) fn ppp(said: &[u8]) {
    let (kind, pieces) = pieces(said);
    if kind & 8 != 0 {
        return streams(kind, &pieces);
    }
    let mut engine = Engine::begin(terms(kind), Duration::ZERO);
    let mut ends = 0;
    let mut now = Duration::ZERO;
    for (at, piece) in pieces {
        while let Some(due) = engine.wake_at().filter(|due| *due <= at) {
            now = now.max(due);
            engine.tick(now);
            ends += hear(&mut engine, now);
        }
        now = now.max(at);
        engine.input(now, piece);
        ends += hear(&mut engine, now);
    }
    let silent_since = now;
    for _ in 0..MAX_TICKS {
        let Some(due) = engine.wake_at() else {
            assert_eq!(ends, 1, "a link ends once");
            assert!(engine.is_over());
            return;
        };
        now = now.max(due);
        assert!(now <= silent_since + LONGEST_SILENCE, "a link never ends");
        engine.tick(now);
        ends += hear(&mut engine, now);
    }
    panic!("a link has always something to do");
}

/// Takes what an engine has to say; how many ends it told.
fn hear(engine: &mut Engine, now: Duration) -> usize {
    let mut ends = 0;
    for _ in 0..MAX_TICKS {
        let Some(event) = engine.next_event() else {
            break;
        };
        match event {
            Event::Claim(name) => {
                engine.answer_claim(now, (name == "station").then_some("a secret"));
            }
            Event::Ended(_) => ends += 1,
            Event::Up(up) => assert!(!up.own.is_unspecified(), "an end without an address"),
            Event::Down => {}
        }
    }
    while engine.receive().is_some() {}
    assert!(engine.take_wire(usize::MAX).len() <= MAX_WIRE_BYTES);
    ends
}

/// A stack with streams on it: the same, whatever the Internet packets hold.
fn streams(kind: u8, pieces: &[(Duration, &[u8])]) {
    let mut stack = Stack::begin(terms(kind), Duration::ZERO);
    stack.listen(443);
    let mut now = Duration::ZERO;
    let step = |stack: &mut Stack, now: Duration| {
        while let Some(event) = stack.next_event() {
            match event {
                Event::Claim(_) => stack.answer_claim(now, Some("a secret")),
                Event::Up(up) if kind & 1 == 0 => {
                    let to = std::net::SocketAddrV4::new(up.peer, 443);
                    if let Ok(stream) = stack.connect(to) {
                        stack.write(stream, b"postage");
                    }
                }
                Event::Up(_) | Event::Down | Event::Ended(_) => {}
            }
        }
        while let Some(stream) = stack.accept() {
            let mut buffer = [0; 64];
            let _read = stack.read(stream, &mut buffer);
            stack.release(stream);
        }
        assert!(stack.take_wire(now, usize::MAX).len() <= MAX_WIRE_BYTES);
    };
    for (at, piece) in pieces {
        for _ in 0..MAX_TICKS {
            let Some(due) = stack.wake_at().filter(|due| due <= at) else {
                break;
            };
            now = now.max(due) + Duration::from_nanos(1);
            stack.tick(now);
            step(&mut stack, now);
        }
        now = now.max(*at);
        stack.input(now, piece);
        step(&mut stack, now);
    }
    stack.line_lost();
    step(&mut stack, now);
    assert!(stack.link().is_over());
    assert_eq!(stack.wake_at(), None);
}

/// A modem's dialogue: whatever the modem says, it ends, says so once, and says its PIN once.
pub(crate) fn modem(said: &[u8]) {
    let (kind, pieces) = pieces(said);
    match kind & 3 {
        0 => dial(kind, &pieces),
        1 => hang_up(kind, &pieces),
        _ => call(kind, &pieces),
    }
}

fn profile(kind: u8) -> (Profile, Number) {
    if kind & 4 == 0 {
        let number = Number::parse("555-0199").expect("it is a number");
        return (Profile::analogue(kind & 8 != 0), number);
    }
    let profile = Profile::mobile("internet.example", Some("1234"));
    (
        profile.expect("the name and the PIN are plain"),
        Profile::mobile_number(),
    )
}

fn dial(kind: u8, pieces: &[(Duration, &[u8])]) {
    let (profile, number) = profile(kind);
    let mut dial = Dial::begin(profile, &number, Duration::ZERO);
    let (mut ends, mut told) = (0, Vec::new());
    let mut hear = |dial: &mut Dial| {
        told.extend(dial.take_wire());
        let ended = |progress: &Progress| *progress != Progress::Dialing;
        ends += std::iter::from_fn(|| dial.next_progress())
            .filter(ended)
            .count();
    };
    let mut now = Duration::ZERO;
    for (at, piece) in pieces {
        while let Some(due) = dial.wake_at().filter(|due| due <= at) {
            now = now.max(due);
            dial.tick(now);
            hear(&mut dial);
        }
        now = now.max(*at);
        dial.input(now, piece);
        hear(&mut dial);
    }
    let mut ticks = 0;
    while let Some(due) = dial.wake_at() {
        now = now.max(due);
        dial.tick(now);
        hear(&mut dial);
        ticks += 1;
        assert!(ticks < 100, "a dialogue never ends");
    }
    assert_eq!(ends, 1, "a dialogue ends once");
    let pins = told.windows(6).filter(|word| word == b"+CPIN=").count();
    assert!(pins <= 1, "the PIN was said {pins} times");
}

fn hang_up(kind: u8, pieces: &[(Duration, &[u8])]) {
    let mut hang_up = HangUp::begin(Waits::USUAL, kind & 4 == 0, Duration::ZERO);
    let mut now = Duration::ZERO;
    for (at, piece) in pieces {
        while let Some(due) = hang_up.wake_at().filter(|due| due <= at) {
            now = now.max(due);
            hang_up.tick(now);
        }
        now = now.max(*at);
        hang_up.input(piece);
    }
    let mut ticks = 0;
    while let Some(due) = hang_up.wake_at() {
        now = now.max(due);
        hang_up.tick(now);
        ticks += 1;
        assert!(ticks < 100, "a call is never hung up");
    }
}

/// A whole call: it always ends with the modem on hook, or told to be.
fn call(kind: u8, pieces: &[(Duration, &[u8])]) {
    let (profile, number) = profile(kind);
    let plan = Plan {
        profile,
        number,
        terms: terms(kind & 2),
        has_lines: kind & 16 == 0,
        longest: Duration::from_secs(600),
    };
    let mut caller = Caller::begin(plan, Duration::ZERO);
    let mut now = Duration::ZERO;
    let mut dtr = Signal::RaiseDtr;
    for (at, piece) in pieces {
        for _ in 0..MAX_TICKS {
            let Some(due) = caller.wake_at().filter(|due| due <= at) else {
                break;
            };
            now = now.max(due) + Duration::from_nanos(1);
            hear_call(&mut caller, now, &mut dtr);
        }
        now = now.max(*at);
        caller.input(now, piece);
        let carrier = piece.len() % 2 == 0;
        caller.carrier(now, (kind & 16 == 0).then_some(carrier));
        hear_call(&mut caller, now, &mut dtr);
    }
    caller.drop_line(now);
    for _ in 0..MAX_TICKS {
        hear_call(&mut caller, now, &mut dtr);
        if caller.is_over() {
            return;
        }
        match caller.wake_at() {
            Some(due) => now = now.max(due) + Duration::from_nanos(1),
            None => panic!("a call that is not over waits for nothing"),
        }
    }
    panic!("a call never ends");
}

fn hear_call(caller: &mut Caller, now: Duration, dtr: &mut Signal) {
    caller.tick(now);
    while caller.next_event().is_some() {}
    for signal in caller.take_signals() {
        *dtr = signal;
    }
    assert!(caller.take_wire(now, usize::MAX).len() <= MAX_WIRE_BYTES);
}
