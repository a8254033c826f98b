use std::net::SocketAddrV4;
use std::time::Duration;

use proptest::prelude::*;

use super::modem::{CENTER, Dcd, GOOD, HTTPS, Manner, Scene, plan};
use crate::call::{Call, CallFault, Caller, Event};
use crate::modem::CallFailure;
use crate::ppp::{Failure, Reading, StreamId};

const NO_LINES: Manner = Manner {
    carrier: Dcd::NoLine,
    obeys_dtr: false,
    ..GOOD
};

/// A call that is up, with a stream to the data center.
fn up(manner: Manner) -> (Scene, StreamId) {
    let mut scene = Scene::new(manner);
    assert!(scene.run(20, Scene::is_up), "{:?}", scene.story());
    let to = SocketAddrV4::new(CENTER, HTTPS);
    let stream = scene.caller.stack_mut().unwrap().connect(to).unwrap();
    (scene, stream)
}

/// Sends a word and waits for its echo.
fn echo(scene: &mut Scene, stream: StreamId) {
    let limit = scene.now.as_secs() + 20;
    let mut back: Vec<u8> = Vec::new();
    scene.settle();
    let sent = |scene: &mut Scene| scene.caller.stack_mut().unwrap().write(stream, b"postage");
    while sent(scene) == 0 {
        let opening = scene.now;
        assert!(scene.run(limit, |scene| scene.now > opening));
    }
    while back.len() < 7 {
        let mut buffer = [0; 64];
        if let Reading::Bytes(count) = scene.caller.stack_mut().unwrap().read(stream, &mut buffer) {
            back.extend(&buffer[..count]);
        } else {
            let waiting = scene.now;
            assert!(scene.run(limit, |scene| scene.now > waiting));
        }
    }
    assert_eq!(back, b"postage");
}

const GOOD_CALL: [&str; 5] = ["Dialing", "Connected", "Up", "Ended", "HungUp"];

#[test]
fn a_call_dials_carries_a_stream_says_good_bye_and_hangs_up_by_dtr() {
    let (mut scene, stream) = up(GOOD);
    echo(&mut scene, stream);
    let begun = scene.now;
    scene.caller.hang_up(begun);
    assert!(scene.run(60, Scene::has_ended));
    assert_eq!(scene.story(), GOOD_CALL);
    assert!(
        scene.now - begun < Duration::from_secs(1),
        "{:?}",
        scene.now - begun
    );
    assert!(!scene.modem.is_on_line());
    assert!(scene.caller.is_over());
    assert_eq!(scene.caller.wake_at(), None);
}

#[test]
fn a_modem_without_lines_is_hung_up_by_the_escape() {
    let (mut scene, stream) = up(NO_LINES);
    echo(&mut scene, stream);
    let now = scene.now;
    scene.caller.hang_up(now);
    assert!(scene.run(60, Scene::has_ended));
    assert_eq!(scene.story(), GOOD_CALL);
    assert_eq!(scene.modem.told[3..], ["+++", "ATH"]);
    assert!(!scene.modem.is_on_line());
}

#[test]
fn a_modem_that_ignores_dtr_is_hung_up_by_the_escape_too() {
    let deaf = Manner {
        obeys_dtr: false,
        ..GOOD
    };
    let (mut scene, _) = up(deaf);
    let now = scene.now;
    scene.caller.hang_up(now);
    assert!(scene.run(60, Scene::has_ended));
    assert!(!scene.modem.is_on_line());
}

#[test]
fn a_call_that_does_not_come_about_ends_with_its_reason_and_without_a_hang_up() {
    for (result, failure) in [
        ("BUSY", CallFailure::Busy),
        ("NO DIALTONE", CallFailure::NoDialTone),
        ("NO CARRIER", CallFailure::NoCarrier),
        ("BLACKLISTED", CallFailure::Blacklisted),
    ] {
        let mut scene = Scene::new(Manner { result, ..NO_LINES });
        assert!(scene.run(60, Scene::has_ended));
        let ended = Event::Ended(Err(CallFault::Modem(failure)));
        assert_eq!(scene.events, [Event::Dialing, ended, Event::HungUp]);
        assert_eq!(scene.modem.told.len(), 3, "{:?}", scene.modem.told);
    }
}

#[test]
fn the_words_no_carrier_end_a_call_where_the_port_has_no_such_line() {
    let (mut scene, stream) = up(NO_LINES);
    echo(&mut scene, stream);
    let now = scene.now;
    scene.modem.cut(now);
    assert!(scene.run(60, Scene::has_ended));
    let lost = Event::Ended(Err(CallFault::Link(Failure::LineLost)));
    assert!(scene.events.contains(&lost), "{:?}", scene.story());
    assert!(
        scene.modem.told.contains(&"ATH".to_owned()),
        "a peer could have said the words too"
    );
}

#[test]
fn a_carrier_that_goes_ends_a_call_at_once() {
    let (mut scene, stream) = up(GOOD);
    echo(&mut scene, stream);
    scene.modem.cut(scene.now);
    let now = scene.now;
    assert!(scene.run(60, Scene::has_ended));
    assert!(scene.now - now < Duration::from_millis(1));
    let lost = CallFault::Link(Failure::LineLost).to_string();
    assert_eq!(
        scene.story()[3..],
        [format!("Ended: {lost}"), "HungUp".to_owned()]
    );
}

#[test]
fn what_had_arrived_when_the_carrier_went_can_still_be_read() {
    let (mut scene, stream) = up(GOOD);
    echo(&mut scene, stream);
    let stack = scene.caller.stack_mut().unwrap();
    assert_eq!(stack.write(stream, b"refill"), 6);
    let limit = scene.now + Duration::from_millis(400);
    scene.run(60, |scene| scene.now >= limit);
    scene.modem.cut(scene.now);
    assert!(scene.run(60, Scene::has_ended));
    let mut buffer = [0; 64];
    let reading = scene.caller.stack_mut().unwrap().read(stream, &mut buffer);
    assert_eq!((reading, &buffer[..6]), (Reading::Bytes(6), &b"refill"[..]));
    let reading = scene.caller.stack_mut().unwrap().read(stream, &mut buffer);
    assert_eq!(reading, Reading::Broken);
}

#[test]
fn a_cable_without_a_wire_for_the_carrier_carries_calls() {
    let (mut scene, stream) = up(Manner {
        carrier: Dcd::NotWired,
        ..GOOD
    });
    echo(&mut scene, stream);
    let now = scene.now;
    scene.caller.hang_up(now);
    assert!(scene.run(60, Scene::has_ended));
    assert_eq!(scene.story(), GOOD_CALL);
}

#[test]
fn a_call_is_broken_off_while_it_dials_when_the_clerk_wishes() {
    let mut scene = Scene::new(Manner {
        result: "RINGING",
        ..NO_LINES
    });
    assert!(scene.run(5, |scene| scene.events.contains(&Event::Dialing)));
    let now = scene.now;
    scene.caller.hang_up(now);
    assert!(scene.run(60, Scene::has_ended));
    assert_eq!(scene.story(), ["Dialing", "Ended", "HungUp"]);
    let told = &scene.modem.told;
    assert_eq!(told.last().map(String::as_str), Some("ATH"), "{told:?}");
}

#[test]
fn no_call_lasts_longer_than_it_may() {
    let (mut scene, _) = up(GOOD);
    assert!(scene.run(700, Scene::has_ended));
    assert!(
        scene
            .events
            .contains(&Event::Ended(Err(CallFault::TooLong)))
    );
    assert!(scene.now < Duration::from_secs(610), "{:?}", scene.now);
    assert!(!scene.modem.is_on_line());
}

#[test]
fn a_modem_that_is_pulled_out_ends_the_call() {
    let mut dialing = Caller::begin(plan(true), Duration::ZERO);
    dialing.port_lost(Duration::ZERO);
    let silent = CallFault::Modem(CallFailure::ModemSilent);
    let events: Vec<Event> = std::iter::from_fn(|| dialing.next_event()).collect();
    assert_eq!(events, [Event::Ended(Err(silent)), Event::HungUp]);

    let (mut scene, _) = up(GOOD);
    let now = scene.now;
    scene.caller.port_lost(now);
    scene.settle();
    assert!(scene.has_ended());
}

#[test]
fn a_program_that_ends_hangs_up_without_a_good_bye() {
    let (mut scene, _) = up(GOOD);
    let now = scene.now;
    scene.caller.drop_line(now);
    scene.settle();
    assert!(!scene.modem.is_on_line());
    assert!(scene.run(60, Scene::has_ended));
}

proptest! {
    #[test]
    fn whatever_a_modem_says_a_call_ends_once(
        pieces in prop::collection::vec(
            (0_u64..20_000, prop_oneof![
                prop::collection::vec(any::<u8>(), 0..300),
                prop::sample::select(vec![
                    "\r\nOK\r\n", "\r\nOK\r\n", "\r\nOK\r\n", "\r\nCONNECT 9600\r\n",
                    "\r\nNO CARRIER\r\n", "\r\nERROR\r\n", "\r\nBUSY\r\n", "\r\nRING\r\n",
                ]).prop_map(|line| line.as_bytes().to_vec()),
            ]),
            0..30,
        ),
        carriers in prop::collection::vec(prop::option::of(any::<bool>()), 30),
        has_lines in any::<bool>(),
    ) {
        let mut caller = Caller::begin(plan(has_lines), Duration::ZERO);
        let mut now = Duration::ZERO;
        for ((later, piece), carrier) in pieces.into_iter().zip(carriers) {
            now += Duration::from_millis(later);
            caller.carrier(now, carrier);
            caller.input(now, &piece);
            caller.tick(now);
        }
        let mut steps = 0;
        while let Some(at) = caller.wake_at() {
            now = at.max(now);
            caller.tick(now);
            let _wire = caller.take_wire(now, usize::MAX);
            steps += 1;
            prop_assert!(steps < 10_000);
        }
        let events: Vec<Event> = std::iter::from_fn(|| caller.next_event()).collect();
        let ended = events.iter().filter(|event| matches!(event, Event::Ended(_))).count();
        let hung_up = events.iter().filter(|event| matches!(event, Event::HungUp)).count();
        prop_assert_eq!((ended, hung_up), (1, 1));
        prop_assert_eq!(events.last(), Some(&Event::HungUp));
        let _wire = caller.take_wire(now, usize::MAX);
        let _signals = caller.take_signals();
        prop_assert!(caller.is_over());
    }
}
