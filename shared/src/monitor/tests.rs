mod calls;

use proptest::prelude::{Strategy, any, prop_oneof, proptest};
use proptest::sample::select;

use super::*;
use crate::services::ServiceId::{Funds, Keys, Rates};

const START: Duration = Duration::ZERO;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn due(service: ServiceId, state: &[u8]) -> Due {
    Due(BTreeMap::from([(
        service,
        Some(Marker::of(service, state)),
    )]))
}

fn internet(opened_by: Option<ServiceId>) -> Contact {
    Contact::open(&ServiceId::ALL, opened_by, Budget::UNLIMITED)
}

fn call(opened_by: Option<ServiceId>) -> Contact {
    Contact::open(&ServiceId::ALL, opened_by, Budget::CALL)
}

/// Lets one service be asked once.
fn turn(contact: &mut Contact, service: ServiceId, now: Duration, turn: Turn, bytes: u64) {
    contact.start(service, now);
    contact.turned(service, turn, bytes);
}

#[test]
fn whoever_opens_a_contact_all_others_are_signalled_and_run_with_it() {
    for opener in ServiceId::ALL {
        let mut contact = internet(Some(opener));
        let mut ready = contact.ready(START);
        ready.sort();
        assert_eq!(ready, ServiceId::ALL);
        for service in ServiceId::ALL {
            contact.start(service, START);
        }
        assert!(contact.stages().all(|(_, stage)| stage == Stage::Running));
        for service in ServiceId::ALL {
            contact.turned(service, Turn::Exchanged, 100);
            turn(&mut contact, service, START, Turn::Nothing, 0);
        }
        assert!(contact.is_over());
        assert_eq!(contact.opened_by(), Some(opener));
        assert!(
            contact
                .outcomes()
                .values()
                .all(|&one| one == Outcome::Served)
        );
    }
}

#[test]
fn on_the_internet_a_slow_or_failing_service_holds_up_no_other() {
    let mut contact = internet(None);
    contact.start(Funds, START);
    turn(&mut contact, Keys, START, Turn::Failed, 0);
    assert!(contact.ready(START).contains(&Rates));
    turn(&mut contact, Rates, START, Turn::Exchanged, 1_000_000);
    turn(&mut contact, Rates, START, Turn::Nothing, 0);
    assert_eq!(contact.stage(Rates), Some(Stage::Rested(Outcome::Served)));
    assert_eq!(contact.stage(Keys), Some(Stage::Rested(Outcome::Failed)));
    assert!(!contact.is_over(), "funds are still on their way");
}

#[test]
fn what_does_not_fit_into_a_call_is_deferred_with_its_reason() {
    let mut contact = call(None);
    turn(&mut contact, Keys, START, Turn::Nothing, 0);
    turn(&mut contact, Funds, START, Turn::Exchanged, 4_096);
    turn(&mut contact, Funds, START, Turn::Nothing, 0);
    assert_eq!(contact.room(Rates, START), Some(60 * 1_024));
    assert_eq!(contact.room(Funds, START), None);
    turn(&mut contact, Rates, START, Turn::TooLarge, 0);
    let deferred = Stage::Rested(Outcome::Deferred(Deferral::Bytes));
    assert_eq!(contact.stage(Rates), Some(deferred));

    let mut contact = call(None);
    turn(&mut contact, Keys, START, Turn::Nothing, 0);
    turn(&mut contact, Funds, START, Turn::Exchanged, 70_000);
    turn(&mut contact, Funds, START, Turn::Nothing, 0);
    assert_eq!(contact.ready(START), []);
    assert_eq!(contact.stage(Rates), Some(deferred));

    let mut contact = call(None);
    contact.start(Funds, START);
    turn(&mut contact, Keys, START, Turn::Nothing, 0);
    assert_eq!(contact.next_look(seconds(59)), Some(seconds(60)));
    assert_eq!(contact.ready(seconds(60)), []);
    let deferred = Stage::Rested(Outcome::Deferred(Deferral::Time));
    assert_eq!(contact.stage(Rates), Some(deferred));
    assert_eq!(contact.stage(Funds), Some(Stage::Running));
}

#[test]
fn the_service_a_call_was_made_for_is_never_deferred_by_its_budget() {
    let mut contact = call(Some(Rates));
    turn(&mut contact, Keys, START, Turn::Nothing, 0);
    turn(&mut contact, Funds, START, Turn::Exchanged, 70_000);
    turn(&mut contact, Funds, START, Turn::Nothing, 0);
    assert!(contact.ready(seconds(61)).contains(&Rates));
    assert_eq!(contact.room(Rates, START), None);
}

#[test]
fn the_word_of_the_data_center_signals_a_service_again_once_for_each_marker() {
    let mut contact = internet(Some(Funds));
    for service in ServiceId::ALL {
        turn(&mut contact, service, START, Turn::Nothing, 0);
    }
    assert!(contact.is_over());
    contact.hear(&due(Rates, b"one"));
    assert_eq!(contact.ready(START), [Rates]);
    turn(&mut contact, Rates, START, Turn::Exchanged, 100);
    turn(&mut contact, Rates, START, Turn::Nothing, 0);
    contact.hear(&due(Rates, b"one"));
    assert!(contact.is_over(), "the same word changes nothing");
    contact.hear(&due(Rates, b"two"));
    assert_eq!(contact.ready(START), [Rates]);
    assert_eq!(contact.marker(Rates), Some(Marker::of(Rates, b"two")));
}

#[test]
fn a_word_that_comes_while_a_service_says_it_has_nothing_is_not_lost() {
    let mut contact = internet(Some(Funds));
    contact.start(Rates, START);
    contact.hear(&due(Rates, b"one"));
    contact.turned(Rates, Turn::Nothing, 0);
    assert!(contact.ready(START).contains(&Rates));
    assert!(contact.start(Rates, START), "it is told that it is due");
    contact.turned(Rates, Turn::Exchanged, 100);
    assert!(!contact.start(Rates, START), "and told once");
}

#[test]
fn a_monitor_that_hears_nothing_asks() {
    let mut contact = internet(None);
    assert!(!contact.wants_word(seconds(1)));
    assert_eq!(contact.next_look(START), Some(WORD_PATIENCE));
    assert!(contact.wants_word(WORD_PATIENCE));
    contact.hear(&Due::default());
    assert!(!contact.wants_word(seconds(5)));
    assert_eq!(contact.next_look(seconds(5)), None);
}

#[test]
fn a_service_without_end_is_deferred() {
    let mut contact = internet(None);
    for _ in 0..REQUESTS_MAX {
        assert!(contact.ready(START).contains(&Rates));
        turn(&mut contact, Rates, START, Turn::Exchanged, 1);
    }
    let deferred = Stage::Rested(Outcome::Deferred(Deferral::Requests));
    assert_eq!(contact.stage(Rates), Some(deferred));
}

#[test]
fn the_answering_side_sees_who_opened_who_is_due_and_who_came() {
    let mut contact = internet(Some(Funds));
    contact.accessed(Funds, START);
    let word = due(Rates, b"one");
    contact.asked_all(&word);
    contact.hear(&word);
    contact.answered(Funds, Turn::Exchanged);
    assert_eq!(contact.stage(Funds), Some(Stage::Rested(Outcome::Served)));
    assert_eq!(contact.stage(Keys), Some(Stage::Rested(Outcome::Nothing)));
    assert_eq!(contact.stage(Rates), Some(Stage::Signalled));
    contact.accessed(Rates, START);
    contact.answered(Rates, Turn::Exchanged);
    assert!(contact.is_over());
}

/// Something that happens in a contact.
#[derive(Clone, Debug)]
enum Happening {
    StartReady,
    Turned(ServiceId, Turn, u64),
    Heard(ServiceId, u8),
    Later(u64),
}

fn happening() -> impl Strategy<Value = Happening> {
    let service = || select(ServiceId::ALL.to_vec());
    let outcome = select(vec![
        Turn::Nothing,
        Turn::Exchanged,
        Turn::TooLarge,
        Turn::Refused,
        Turn::Failed,
    ]);
    prop_oneof![
        3 => proptest::strategy::Just(Happening::StartReady),
        4 => (service(), outcome, 0_u64..40_000)
            .prop_map(|(service, turn, bytes)| Happening::Turned(service, turn, bytes)),
        1 => (service(), any::<u8>()).prop_map(|(service, state)| Happening::Heard(service, state)),
        1 => (0_u64..20).prop_map(Happening::Later),
    ]
}

proptest! {
    #[test]
    fn any_contact_keeps_its_order_and_comes_to_an_end(
        happenings in proptest::collection::vec(happening(), 0..120),
        limited in any::<bool>(),
        opener in proptest::option::of(select(ServiceId::ALL.to_vec())),
    ) {
        let budget = if limited { Budget::CALL } else { Budget::UNLIMITED };
        let mut contact = Contact::open(&ServiceId::ALL, opener, budget);
        let mut now = START;
        for one in happenings {
            match one {
                Happening::Later(count) => now += seconds(count),
                Happening::Heard(service, state) => contact.hear(&due(service, &[state])),
                Happening::Turned(service, turn, bytes) => {
                    if contact.stage(service) == Some(Stage::Running) {
                        contact.turned(service, turn, bytes);
                    }
                }
                Happening::StartReady => start_ready(&mut contact, now, limited),
            }
            kept(&contact, limited, opener);
        }
        // Left alone with services that have nothing more, every contact ends.
        for _ in 0..=ServiceId::ALL.len() * 2 {
            start_ready(&mut contact, now, limited);
            for service in ServiceId::ALL {
                if contact.stage(service) == Some(Stage::Running) {
                    contact.turned(service, Turn::Nothing, 0);
                }
            }
        }
        assert!(contact.is_over(), "{contact:?}");
    }
}

fn start_ready(contact: &mut Contact, now: Duration, limited: bool) {
    let ready = contact.ready(now);
    let signalled: Vec<ServiceId> = contact
        .stages()
        .filter_map(|(service, stage)| (stage == Stage::Signalled).then_some(service))
        .collect();
    let alone = limited && contact.opened_by() == Some(Funds);
    if contact.places.iter().any(|place| place.waits_for_room) {
        // What found no room waits for what is asked.
    } else if alone && ready != signalled {
        assert!(ready.is_empty() || ready == [Funds], "{ready:?}");
    } else {
        assert_eq!(ready, signalled, "nobody waits for another");
    }
    for service in &ready {
        assert_eq!(contact.stage(*service), Some(Stage::Signalled));
        contact.start(*service, now);
        contact.expect(*service, 4_096);
    }
}

fn kept(contact: &Contact, limited: bool, opener: Option<ServiceId>) {
    for (service, outcome) in contact.outcomes() {
        assert!(contact.requests(service) <= REQUESTS_MAX);
        match outcome {
            Outcome::Nothing => assert_eq!(contact.requests(service), 0),
            Outcome::Served => assert!(contact.requests(service) > 0),
            Outcome::Deferred(Deferral::Time) => assert!(limited && !is_exempt(service, opener)),
            Outcome::Deferred(Deferral::Requests) => {
                assert_eq!(contact.requests(service), REQUESTS_MAX);
            }
            Outcome::Deferred(Deferral::Bytes | Deferral::Others)
            | Outcome::Refused
            | Outcome::Failed => {}
        }
    }
}

#[test]
fn what_gives_way_to_money_is_asked_again_when_money_is_done_or_has_stalled() {
    let services = [ServiceId::Funds, ServiceId::Software];
    let mut contact = Contact::open(&services, None, Budget::UNLIMITED);
    assert_eq!(contact.ready(Duration::ZERO), services);
    for service in services {
        contact.start(service, Duration::ZERO);
    }
    assert!(contact.is_money_open(Duration::ZERO));
    contact.turned(ServiceId::Software, Turn::GivesWay, 0);
    assert!(contact.ready(Duration::from_secs(1)).is_empty());
    // It does not wait for ever for money that stalls …
    let mut stalled = contact.clone();
    stalled.hear(&Due::default());
    assert_eq!(
        stalled.next_look(Duration::from_secs(1)),
        Some(STALLED_AFTER)
    );
    assert_eq!(stalled.ready(STALLED_AFTER), [ServiceId::Software]);
    // … and goes on at once when money is done.
    contact.turned(ServiceId::Funds, Turn::Nothing, 0);
    assert_eq!(contact.ready(Duration::from_secs(1)), [ServiceId::Software]);
    contact.start(ServiceId::Software, Duration::from_secs(1));
    contact.turned(ServiceId::Software, Turn::Yielded, 0);
    assert!(contact.is_over());
    let outcome = contact.outcomes()[&ServiceId::Software];
    assert_eq!(outcome, Outcome::Deferred(Deferral::Others));
}

#[test]
fn no_package_goes_over_a_line_with_a_budget_whoever_opened_it() {
    let services = [ServiceId::Funds, ServiceId::Software];
    for opened_by in services {
        let contact = Contact::open(&services, Some(opened_by), Budget::CALL);
        assert_eq!(contact.room(ServiceId::Software, START), Budget::CALL.bytes);
    }
}

#[test]
fn a_service_is_signalled_again_by_what_another_one_has_brought() {
    let services = [Rates, ServiceId::Software];
    let mut contact = Contact::open(&services, None, Budget::UNLIMITED);
    turn(&mut contact, ServiceId::Software, START, Turn::Nothing, 0);
    contact.start(Rates, START);
    contact.turned(Rates, Turn::Exchanged, 10);
    contact.wake(ServiceId::Software);
    assert_eq!(contact.ready(START), services);
    turn(&mut contact, ServiceId::Software, START, Turn::Failed, 0);
    contact.wake(ServiceId::Software);
    assert_eq!(contact.ready(START), [Rates], "who failed has had its turn");
}
