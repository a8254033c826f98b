//! The order of a contact on a line with a budget.

use super::*;

/// The order in which services are asked that have something to say and no reply yet.
fn order(contact: &mut Contact) -> Vec<ServiceId> {
    let mut order = Vec::new();
    while let Some(next) = contact.ready(START).first().copied() {
        contact.start(next, START);
        order.push(next);
    }
    order
}

#[test]
fn on_a_call_nobody_waits_for_the_reply_of_another() {
    let mut contact = call(Some(Keys));
    let asked = order(&mut contact);
    assert_eq!(
        asked[..2],
        [Keys, Funds],
        "the one it was made for is first"
    );
    assert_eq!(asked.len(), ServiceId::ALL.len());
    assert!(contact.stages().all(|(_, stage)| stage == Stage::Running));
    let mut ranks: Vec<u8> = asked.iter().map(|service| service.rank()).collect();
    ranks.dedup();
    assert!(ranks.is_sorted(), "{asked:?}");
}

#[test]
fn on_a_call_that_nobody_waits_for_only_the_question_for_news_goes_before_funds() {
    let asked = order(&mut call(None));
    assert_eq!(asked[..3], [Rates, Funds, Keys]);
    assert_eq!(asked.len(), ServiceId::ALL.len());
}

#[test]
fn while_somebody_waits_for_money_on_a_call_nothing_else_goes_beside_it() {
    let mut contact = call(Some(Funds));
    assert_eq!(contact.ready(START), [Funds]);
    contact.start(Funds, START);
    contact.hear(&due(Rates, b"one"));
    assert_eq!(contact.ready(START), []);
    contact.turned(Funds, Turn::Exchanged, 2_000);
    assert_eq!(contact.ready(START), [Funds], "it is not decided yet");
    contact.start(Funds, START);
    contact.decided();
    let mut others = contact.ready(START);
    others.sort();
    assert_eq!(others.len(), ServiceId::ALL.len() - 1);
    assert!(!others.contains(&Funds), "its next request is on its way");
}

#[test]
fn money_that_stalls_or_is_done_lets_the_others_on_the_line() {
    let mut contact = call(Some(Funds));
    contact.start(Funds, START);
    contact.hear(&Due::default());
    assert!(contact.ready(seconds(9)).is_empty());
    assert_eq!(contact.next_look(seconds(9)), Some(STALLED_AFTER));
    assert!(contact.ready(STALLED_AFTER).contains(&Rates));

    let mut contact = call(Some(Funds));
    turn(&mut contact, Funds, START, Turn::Refused, 0);
    assert!(contact.ready(START).contains(&Rates));
}

#[test]
fn what_does_not_fit_beside_others_is_asked_again_after_them() {
    let mut contact = call(Some(Keys));
    contact.start(Funds, START);
    contact.expect(Funds, 60 * 1_024);
    assert_eq!(contact.room(Rates, START), Some(4 * 1_024));
    turn(&mut contact, Rates, START, Turn::TooLarge, 0);
    assert_eq!(contact.stage(Rates), Some(Stage::Signalled));
    assert!(
        !contact.ready(START).contains(&Rates),
        "nothing has changed"
    );
    // What stalls brings nothing just now …
    contact.hear(&Due::default());
    assert_eq!(contact.next_look(START), Some(STALLED_AFTER));
    assert_eq!(contact.room(Rates, STALLED_AFTER), Some(64 * 1_024));
    assert!(contact.ready(STALLED_AFTER).contains(&Rates));
    // … and what was answered took what it took.
    contact.turned(Funds, Turn::Exchanged, 2_048);
    assert!(contact.ready(START).contains(&Rates));
    assert_eq!(contact.room(Rates, START), Some(62 * 1_024));
    turn(&mut contact, Rates, START, Turn::TooLarge, 0);
    let deferred = Stage::Rested(Outcome::Deferred(Deferral::Bytes));
    assert_eq!(
        contact.stage(Rates),
        Some(deferred),
        "alone it does not fit"
    );
}

#[test]
fn words_of_replies_that_overtake_each_other_signal_once_each() {
    let mut contact = call(None);
    contact.hear(&due(Rates, b"one"));
    contact.hear(&due(Rates, b"two"));
    turn(&mut contact, Rates, START, Turn::Exchanged, 100);
    turn(&mut contact, Rates, START, Turn::Nothing, 0);
    contact.hear(&due(Rates, b"one"));
    contact.hear(&due(Rates, b"two"));
    assert_eq!(contact.stage(Rates), Some(Stage::Rested(Outcome::Served)));
    assert_eq!(contact.marker(Rates), Some(Marker::of(Rates, b"two")));
}
