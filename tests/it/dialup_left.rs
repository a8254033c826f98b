//! Calls that somebody wants to end, and what is left of a contact when the line fails.

use std::sync::Arc;
use std::time::Duration;

use server::clock::Clock as _;
use shared::clock::UnixSeconds;
use station::api::{Call, SetLineCall};
use station::contact::dialup::telephone::Telephone;
use system_tests::dialed::Telephones;
use system_tests::exchange::{Apparatus, Card, Premises, Speed};
use system_tests::modem::Fate;
use system_tests::relay::Later;
use system_tests::town::{Counter, Town};

use crate::dialup_line::{NOWHERE, at_a_modem, contact_on, hang_up, line, soon, until_stage};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hangs_up_a_call_that_is_up_is_not_called_again_and_no_number_rests() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    counter.set_server(NOWHERE).await;
    let standing = counter.station.stand();
    // One that failed makes the station call again by itself.
    socket.fates(&[Fate::Says("BUSY"), Fate::Says("BUSY")]);
    counter.contact().await.unwrap_err();
    assert!(line(&counter).await.calls_again_at.is_some());
    for round in 0..4 {
        socket.fates(&[Fate::StallsAfter(700)]);
        let clerk = async {
            until_stage(&counter, "up").await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            hang_up(&counter).await;
        };
        let (contact, ()) = tokio::join!(counter.contact(), clerk);
        assert_eq!(contact.unwrap_err().code, "hung_up", "{round}");
        let view = line(&counter).await;
        assert_eq!(view.calls_again_at, None, "{round}");
        let call = &view.calls[0];
        assert_eq!((call.outcome.as_str(), &call.fault), ("failed", &None));
        assert!(call.seconds > 0, "{call:?}");
    }
    let view = line(&counter).await;
    assert_eq!(view.rests_until, None, "no call of them has failed");
    let dialed = socket.log().dialed.len();
    town.turn_to(UnixSeconds(town.clock.now().0 + 30 * 60));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(socket.log().dialed.len(), dialed, "nobody asked for it");
    standing.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_the_internet_makes_needless_is_no_failed_one() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    let later = Later::reserved();
    counter.set_server(&later.url()).await;
    // The call is up, and nothing was answered over it yet.
    socket.fates(&[Fate::StallsAfter(700)]);
    let center = town.url.clone();
    let returns = async {
        until_stage(&counter, "up").await;
        later.comes(&center)
    };
    let (refill, _relay) = tokio::join!(counter.refill("20.00"), returns);
    assert_eq!(refill.unwrap().registers.control_total, 20_000);
    soon("the call is written down", async || {
        line(&counter).await.calls[0].outcome == "failed"
    })
    .await;
    assert_eq!(line(&counter).await.calls[0].fault, None);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refill_on_its_way_is_said_to_be_kept_whatever_keeps_it_waiting() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    counter.set_server(NOWHERE).await;
    // It is asked for, and the line breaks before it is answered.
    socket.fates(&[Fate::CutAfter(1_500)]);
    counter.refill("20.00").await.unwrap_err();
    counter.station.telephone().hang_up().await;
    let counter = at_a_locked_card(counter).await;
    let refused = counter.refill("20.00").await.unwrap_err();
    assert_eq!(refused.code, "card_locked");
    assert!(refused.message.contains("completed once"), "{refused:?}");
    assert!(!refused.message.contains("No money"), "{refused:?}");
    counter.set_server(&town.url).await;
    contact_on(&counter, "internet").await.unwrap();
    assert_eq!(counter.status().await.registers.control_total, 20_000);
    assert_eq!(town.balance().await, 80_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_stands_although_it_cannot_be_noted_that_the_internet_is_back() {
    let town = Town::with_deposit("100.00").await;
    let (counter, _socket) = at_a_modem(&town, "north").await;
    counter.set_server(NOWHERE).await;
    contact_on(&counter, "internet").await.unwrap_err();
    counter.set_server(&town.url).await;
    let full = counter.station.apply(|owner| {
        let refusing = "CREATE TRIGGER full BEFORE UPDATE ON settings WHEN NEW.name = 'internet' \
            BEGIN SELECT RAISE(ABORT, 'disk full'); END";
        owner.store().sql().execute_batch(refusing).unwrap();
        Ok(())
    });
    full.await.unwrap();
    let met = contact_on(&counter, "internet").await.unwrap();
    assert_eq!(met.line, "internet");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_this_computer_cannot_use_is_not_made_again_before_the_pause_is_over() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    counter.set_server(NOWHERE).await;
    // In the place of the door to the call lies something that cannot be taken away.
    let place = counter.folder.join("private/line");
    std::fs::create_dir_all(&place).unwrap();
    let standing = counter.station.stand();
    let clicked = town.clock.now();
    assert_eq!(counter.contact().await.unwrap_err().code, "line_no_door");
    let again = line(&counter).await.calls_again_at.unwrap();
    assert!((60..=180).contains(&(again - clicked.0)), "{again}");
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(socket.log().dialed.len(), 1, "before the pause is over");
    std::fs::remove_dir_all(counter.folder.join("private")).unwrap();
    town.turn_to(UnixSeconds(again));
    soon("it has met the data center", async || {
        line(&counter).await.calls_again_at.is_none()
    })
    .await;
    assert!(counter.status().await.line.up);
    standing.end().await;
    counter.station.telephone().hang_up().await;
}

/// The same station at a mobile modem whose card wants a PIN.
async fn at_a_locked_card(counter: Counter) -> Counter {
    let telephones = Telephones::new(Speed::USUAL, 1);
    let card = Card {
        pin: Some("1234".to_owned()),
        access_point: "internet.example".to_owned(),
        in_reach: true,
    };
    let premises = Premises {
        apparatus: Apparatus::Mobile(card),
        ..Premises::default()
    };
    let line = telephones.exchange().0.lay("5550199", premises);
    let telephone = Telephone::on(Arc::new(telephones.wall_socket(line)));
    let station = counter.station.with_telephone(telephone);
    let mobile = SetLineCall {
        profile: Some("mobile".to_owned()),
        apn: Some("internet.example".to_owned()),
        ..SetLineCall::default()
    };
    station.call(Call::SetLine(mobile)).await.unwrap();
    Counter {
        station,
        folder: counter.folder,
    }
}
