//! Two engines against each other: they agree over any line, or say why not, in bounded time.

use std::time::Duration;

use proptest::prelude::*;

use super::line::{CENTER, Call, Faults, SECRET, STATION, answerer_terms, caller_terms};
use crate::ppp::proof::{Credentials, Method};
use crate::ppp::{Event, FLOW_CONTROL_ACCM, Failure, Proof, Up};
use zeroize::Zeroizing;

/// Longer than any call of two engines may take to come up or end: each may be agreed on anew a
/// few times, each time for at most half a minute, and good-byes take six seconds.
const EVER: Duration = Duration::from_secs(400);
const CLEAN: Faults = Faults {
    flipped: 0,
    lost: 0,
    doubled: 0,
    added: 0,
    stalled: 0,
    piece_doubled: 0,
    piece_lost: 0,
};

fn call(methods: &[Method]) -> Call {
    Call::new(caller_terms(1500), answerer_terms(1500, methods), CLEAN, 1)
}

#[test]
fn a_call_comes_up_with_the_addresses_the_answering_end_gives() {
    let mut call = call(&[Method::ChapMd5]);
    assert!(call.run(EVER, Call::is_up));
    let up = Up {
        own: STATION,
        peer: CENTER,
        dns: vec![CENTER],
        mtu: 1500,
    };
    assert_eq!(call.at_caller.events, [Event::Up(up)]);
    assert_eq!(
        call.at_answerer.events[0],
        Event::Claim("station-7".to_owned())
    );
    assert!(
        call.now < Duration::from_millis(1_500),
        "{:?} at 33,600 bit/s",
        call.now
    );
}

#[test]
fn each_method_comes_up_and_a_wrong_secret_is_named_at_both_ends() {
    for method in Method::ALL {
        let mut right = call(&[method]);
        assert!(right.run(EVER, Call::is_up), "{method:?}");
        let mut wrong = call(&[method]);
        wrong.known_secret = Some("another secret");
        assert!(wrong.run(EVER, Call::is_over), "{method:?}");
        let refused = Some(&Event::Ended(Err(Failure::PasswordRefused)));
        assert_eq!(wrong.at_caller.events.last(), refused, "{method:?}");
        assert_eq!(wrong.at_answerer.events.last(), refused, "{method:?}");
        assert!(wrong.now < Duration::from_secs(8), "{:?}", wrong.now);
    }
}

#[test]
fn the_ends_settle_on_a_method_both_know() {
    let mut terms = caller_terms(1500);
    let credentials = Credentials::new("station-7", Zeroizing::new(SECRET.to_owned())).unwrap();
    terms.proof = Proof::Offered {
        credentials: Some(credentials),
        methods: vec![Method::ChapMd5],
    };
    let demands = [Method::MsChapV2, Method::Pap, Method::ChapMd5];
    let mut call = Call::new(terms.clone(), answerer_terms(1500, &demands), CLEAN, 1);
    assert!(call.run(EVER, Call::is_up));
    let mut call = Call::new(terms, answerer_terms(1500, &[Method::Pap]), CLEAN, 1);
    assert!(call.run(EVER, Call::is_over));
    let ended = Event::Ended(Err(Failure::NoCommonProof));
    assert_eq!(call.at_answerer.events.last(), Some(&ended));
}

#[test]
fn a_caller_without_credentials_does_not_get_past_an_end_that_demands_them() {
    let mut terms = caller_terms(1500);
    terms.proof = Proof::Offered {
        credentials: None,
        methods: Method::ALL.to_vec(),
    };
    let mut call = Call::new(terms, answerer_terms(1500, &[Method::ChapMd5]), CLEAN, 1);
    assert!(call.run(EVER, Call::is_over));
    let ended = Event::Ended(Err(Failure::NoCommonProof));
    assert_eq!(call.at_answerer.events, std::slice::from_ref(&ended));
    assert_eq!(call.at_caller.events, [ended]);
}

#[test]
fn nothing_is_demanded_where_the_list_is_empty() {
    let mut call = call(&[]);
    assert!(call.run(EVER, Call::is_up));
}

#[test]
fn packets_pass_whole_both_ways_and_no_longer_than_both_ends_take() {
    let mut call = Call::new(
        caller_terms(576),
        answerer_terms(1500, &[Method::ChapMd5]),
        CLEAN,
        1,
    );
    assert!(call.run(EVER, Call::is_up));
    assert_eq!((call.caller.mtu(), call.answerer.mtu()), (576, 576));
    let packet: Vec<u8> = (0..=255).cycle().take(576).collect();
    call.caller.send(&packet).unwrap();
    call.answerer.send(&packet).unwrap();
    assert!(call.answerer.send(&[0; 577]).is_err());
    let limit = call.now + Duration::from_secs(5);
    assert!(call.run(limit, |call| {
        call.at_caller.packets.len() + call.at_answerer.packets.len() == 2
    }));
    assert_eq!(call.at_caller.packets, std::slice::from_ref(&packet));
    assert_eq!(call.at_answerer.packets, [packet]);
}

#[test]
fn a_good_bye_ends_both_ends() {
    let mut call = call(&[Method::ChapMd5]);
    assert!(call.run(EVER, Call::is_up));
    let from = call.now;
    call.caller.close(call.now);
    assert!(call.run(EVER, |call| call.caller.is_over()));
    assert!(call.now - from < Duration::from_millis(300));
    assert_eq!(
        call.at_caller.events[1..],
        [Event::Down, Event::Ended(Ok(()))]
    );
    assert!(call.run(EVER, Call::is_over));
    let ended = Event::Ended(Err(Failure::EndedByPeer));
    assert_eq!(call.at_answerer.events.last(), Some(&ended));
    assert!(call.now - from < Duration::from_secs(4));
}

#[test]
fn a_good_bye_into_a_dead_line_ends_after_two_tries() {
    let mut call = call(&[Method::ChapMd5]);
    assert!(call.run(EVER, Call::is_up));
    let from = call.now;
    call.caller.close(call.now);
    call.caller.tick(from + Duration::from_secs(3));
    assert!(!call.caller.is_over());
    call.caller.tick(from + Duration::from_secs(6));
    assert!(call.caller.is_over());
}

#[test]
fn a_line_that_falls_silent_is_found_out_within_forty_seconds() {
    let mut call = call(&[Method::ChapMd5]);
    assert!(call.run(EVER, Call::is_up));
    let from = call.now;
    while !call.caller.is_over() {
        call.now = call.caller.wake_at().unwrap();
        call.caller.tick(call.now);
    }
    assert!(call.now - from <= Duration::from_secs(40));
    let mut last = None;
    while let Some(event) = call.caller.next_event() {
        last = Some(event);
    }
    assert_eq!(last, Some(Event::Ended(Err(Failure::HalfOpen))));
}

#[test]
fn an_idle_line_stays_up_because_each_end_answers_the_other() {
    let mut call = call(&[Method::ChapMd5]);
    assert!(call.run(EVER, Call::is_up));
    assert!(!call.run(Duration::from_secs(600), |call| !call.is_up()));
}

#[test]
fn a_line_whose_modem_eats_xon_and_xoff_carries_every_byte() {
    let (mut caller, mut answerer) = (caller_terms(1500), answerer_terms(1500, &[]));
    caller.accm = FLOW_CONTROL_ACCM;
    answerer.accm = FLOW_CONTROL_ACCM;
    let mut call = Call::new(caller, answerer, CLEAN, 1);
    assert!(call.run(EVER, Call::is_up));
    let packet: Vec<u8> = (0..=255).collect();
    call.caller.send(&packet).unwrap();
    let wire = call.caller.take_wire(usize::MAX);
    assert!(!wire.contains(&0x11) && !wire.contains(&0x13) && wire.contains(&0x12));
    call.there.send(call.now, &wire);
    let limit = call.now + Duration::from_secs(5);
    assert!(call.run(limit, |call| !call.at_answerer.packets.is_empty()));
    assert_eq!(call.at_answerer.packets, [packet]);
}

#[test]
fn each_answer_five_seconds_late_still_comes_up() {
    let delay = Duration::from_millis(2_500);
    let mut call = call(&[]);
    call.there = super::line::Direction::new(CLEAN, 1, 33_600, delay);
    call.back = super::line::Direction::new(CLEAN, 2, 33_600, delay);
    assert!(call.run(EVER, Call::is_up), "{:?}", call.at_caller.events);
    assert!(call.now <= Duration::from_secs(30), "{:?}", call.now);
}

#[test]
fn a_line_lost_is_said_at_once() {
    let mut call = call(&[Method::ChapMd5]);
    assert!(call.run(EVER, Call::is_up));
    call.caller.line_lost();
    call.settle();
    assert_eq!(
        call.at_caller.events[1..],
        [Event::Down, Event::Ended(Err(Failure::LineLost))]
    );
    assert_eq!(call.caller.wake_at(), None);
}

fn faults() -> impl Strategy<Value = Faults> {
    let rate = || prop_oneof![Just(0_u32), 1_u32..20_000];
    let piece = || prop_oneof![Just(0_u32), 1_u32..400_000];
    (
        rate(),
        rate(),
        rate(),
        rate(),
        0_u32..1_000,
        piece(),
        piece(),
    )
        .prop_map(
            |(flipped, lost, doubled, added, stalled, piece_doubled, piece_lost)| Faults {
                flipped,
                lost,
                doubled,
                added,
                stalled,
                piece_doubled,
                piece_lost,
            },
        )
}

fn methods() -> impl Strategy<Value = Vec<Method>> {
    prop_oneof![
        Just(vec![]),
        Just(vec![Method::Pap]),
        Just(vec![Method::ChapMd5]),
        Just(vec![Method::MsChapV2]),
        Just(Method::ALL.to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn over_any_line_two_ends_come_up_or_name_why_not_in_bounded_time(
        faults in faults(),
        methods in methods(),
        mru in prop::sample::select(vec![128_u16, 296, 576, 1500]),
        their_mru in prop::sample::select(vec![128_u16, 576, 1500]),
        bits_per_second in prop::sample::select(vec![2_400_u32, 9_600, 33_600]),
        seed in any::<u64>(),
    ) {
        let mut call = Call::at_speed(
            caller_terms(mru),
            answerer_terms(their_mru, &methods),
            faults,
            seed,
            bits_per_second,
        );
        let settled = call.run(EVER, |call| call.is_up() || call.is_over());
        prop_assert!(settled, "{:?} {:?}", call.at_caller.events, call.at_answerer.events);
        if call.is_up() {
            prop_assert_eq!(call.caller.mtu(), mru.min(their_mru));
        }
        // Whoever hangs up, both ends come to an end, and only one end is ever said.
        call.caller.close(call.now);
        let limit = call.now + EVER;
        prop_assert!(call.run(limit, Call::is_over));
        for seen in [&call.at_caller, &call.at_answerer] {
            let ends = seen.events.iter().filter(|event| matches!(event, Event::Ended(_))).count();
            prop_assert_eq!(ends, 1);
            prop_assert!(matches!(seen.events.last(), Some(Event::Ended(_))));
        }
    }

    #[test]
    fn over_a_usual_bad_line_every_call_comes_up(
        methods in methods(),
        seed in any::<u64>(),
    ) {
        // A bit error rate of 1e-4, ten times as bad as a modem without correction may be.
        let faults = Faults { flipped: 800, ..CLEAN };
        let mut call =
            Call::new(caller_terms(1500), answerer_terms(1500, &methods), faults, seed);
        prop_assert!(call.run(EVER, Call::is_up), "{:?}", call.at_caller.events);
    }

    #[test]
    fn no_bytes_make_an_engine_panic_hang_or_let_a_stranger_in(
        pieces in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..200), 0_u64..5_000),
            1..30,
        ),
    ) {
        let mut engine = crate::ppp::Engine::begin(
            answerer_terms(1500, &[Method::ChapMd5]),
            Duration::ZERO,
        );
        let mut now = Duration::ZERO;
        for (bytes, millis) in pieces {
            now += Duration::from_millis(millis);
            engine.input(now, &bytes);
            engine.tick(now);
            let _sent = engine.take_wire(usize::MAX);
        }
        let limit = now + EVER;
        while let Some(at) = engine.wake_at() {
            prop_assert!(at <= limit);
            now = at.max(now);
            engine.tick(now);
        }
        prop_assert!(engine.is_over());
        while let Some(event) = engine.next_event() {
            prop_assert!(!matches!(event, Event::Up(_)));
        }
    }
}
