use super::*;

const START: Duration = Duration::ZERO;
const OK: &str = "\r\nOK\r\n";
const RING: &str = "\r\nRING\r\n";

fn begun() -> PickUp {
    PickUp::begin(Profile::answering(), START, START)
}

/// A modem that is set up.
fn waiting() -> PickUp {
    let mut pick_up = begun();
    for _ in 0..2 {
        pick_up.input(START, OK.as_bytes());
    }
    assert_eq!(told(&mut pick_up), "ATZ\rATE0V1Q0&C1&D2X4S0=0S7=60\r");
    assert_eq!(happened(&mut pick_up), [Incoming::Waiting]);
    pick_up
}

fn told(pick_up: &mut PickUp) -> String {
    String::from_utf8(pick_up.take_wire()).unwrap()
}

fn happened(pick_up: &mut PickUp) -> Vec<Incoming> {
    std::iter::from_fn(|| pick_up.next_incoming()).collect()
}

/// Lets time pass until something is due, and answers when that was.
fn due(pick_up: &mut PickUp) -> Duration {
    let at = pick_up.wake_at().unwrap();
    pick_up.tick(at);
    at
}

#[test]
fn the_first_ring_is_answered_and_data_begins_after_connect() {
    let mut pick_up = waiting();
    pick_up.input(START, RING.as_bytes());
    assert_eq!(told(&mut pick_up), "ATA\r");
    assert!(pick_up.is_off_hook());
    pick_up.input(START, b"ATA\r\r\nRING\r\n\r\nCONNECT 9600/ARQ\r\n~\x7f");
    assert_eq!(
        happened(&mut pick_up),
        [
            Incoming::Ringing,
            Incoming::Taking,
            Incoming::Connected {
                said: "9600/ARQ".to_owned(),
                data: b"~\x7f".to_vec(),
            }
        ]
    );
    assert_eq!(pick_up.wake_at(), None);
}

#[test]
fn rings_while_it_rests_are_told_and_not_answered() {
    let until = Duration::from_secs(60);
    let mut pick_up = PickUp::begin(Profile::answering(), until, START);
    for _ in 0..2 {
        pick_up.input(START, OK.as_bytes());
    }
    let _set_up = told(&mut pick_up);
    pick_up.input(START, RING.as_bytes());
    assert_eq!(told(&mut pick_up), "");
    pick_up.input(until, RING.as_bytes());
    assert_eq!(told(&mut pick_up), "ATA\r");
    let rings = happened(&mut pick_up);
    assert_eq!(
        rings[1..],
        [Incoming::Ringing, Incoming::Ringing, Incoming::Taking]
    );
}

#[test]
fn every_call_that_does_not_come_about_leaves_it_waiting() {
    for (said, failure) in [
        ("NO CARRIER", CallFailure::NoCarrier),
        ("BUSY", CallFailure::NoCarrier),
        ("OK", CallFailure::NoAnswer),
        ("ERROR", CallFailure::NoAnswer),
    ] {
        let mut pick_up = waiting();
        pick_up.input(START, RING.as_bytes());
        pick_up.input(START, format!("\r\n{said}\r\n").as_bytes());
        assert_eq!(
            happened(&mut pick_up)[2..],
            [Incoming::Missed(failure)],
            "{said}"
        );
        let _taken = told(&mut pick_up);
        pick_up.input(START, RING.as_bytes());
        assert_eq!(told(&mut pick_up), "ATA\r", "{said}");
    }
}

#[test]
fn a_call_that_is_not_taken_in_time_is_given_up() {
    let mut pick_up = waiting();
    pick_up.input(START, RING.as_bytes());
    assert_eq!(due(&mut pick_up), Duration::from_secs(75));
    assert_eq!(told(&mut pick_up), "ATA\r\r");
    let now = Duration::from_secs(76);
    pick_up.input(now, b"\r\nNO CARRIER\r\n");
    let missed = Incoming::Missed(CallFailure::TimedOut);
    assert_eq!(happened(&mut pick_up)[2..], [missed]);

    let mut pick_up = waiting();
    pick_up.input(START, RING.as_bytes());
    due(&mut pick_up);
    due(&mut pick_up);
    let failed = Incoming::Failed(CallFailure::TimedOut);
    assert_eq!(happened(&mut pick_up)[2..], [failed]);
}

#[test]
fn a_modem_that_connects_by_itself_is_in_a_call() {
    let mut pick_up = waiting();
    pick_up.input(START, b"\r\nCONNECT\r\n");
    assert!(matches!(
        happened(&mut pick_up)[..],
        [Incoming::Connected { .. }]
    ));
}

#[test]
fn commands_are_said_three_times_and_a_refused_one_once() {
    let mut silent = begun();
    for _ in 0..3 {
        due(&mut silent);
    }
    assert_eq!(told(&mut silent), "ATZ\rATZ\rATZ\r");
    let failed = |failure| [Incoming::Failed(failure)];
    assert_eq!(happened(&mut silent), failed(CallFailure::ModemSilent));

    let mut refusing = begun();
    refusing.input(START, b"ATZ\r\r\nERROR\r\n");
    assert_eq!(happened(&mut refusing), failed(CallFailure::CommandRefused));
    assert_eq!(refusing.wake_at(), None);
}

#[test]
fn a_modem_that_waits_long_is_asked_whether_it_is_still_there() {
    let mut pick_up = waiting();
    let at = due(&mut pick_up);
    assert_eq!(at, CHECK_PERIOD);
    assert_eq!(told(&mut pick_up), "AT\r");
    pick_up.input(at, OK.as_bytes());
    assert_eq!(happened(&mut pick_up), []);
    assert_eq!(due(&mut pick_up), at + CHECK_PERIOD);
    pick_up.input(at, RING.as_bytes());
    assert_eq!(told(&mut pick_up), "AT\rATA\r");

    let mut pick_up = waiting();
    for _ in 0..4 {
        due(&mut pick_up);
    }
    let failed = Incoming::Failed(CallFailure::ModemSilent);
    assert_eq!(happened(&mut pick_up), [failed]);
}
