//! Stations at a mobile modem: a card that asks for its PIN, and what becomes of a wrong one.

use std::sync::Arc;
use std::time::Duration;

use server::access::Dialup;
use station::api::{Call, Hidden, LineSetupView, SetLineCall};
use station::contact::dialup::telephone::Telephone;
use system_tests::dialed::Telephones;
use system_tests::exchange::{Apparatus, Card, LineId, Premises, Speed};
use system_tests::town::{Counter, Town};

use crate::dialup_line::{contact_on, line, reopened};
use crate::dialup_said::free;

/// The card's PIN.
const PIN: &str = "1234";
/// The access point of its network.
const ACCESS_POINT: &str = "internet.example";

/// A network in which everybody's data leads to the data center's own line.
struct Network {
    town: Town,
    telephones: Telephones,
    _dialup: Dialup,
}

impl Network {
    async fn new() -> Self {
        let town = Town::with_deposit("100.00").await;
        let telephones = Telephones::new(Speed::AT_ONCE, 1);
        let center = telephones.lay("*99#");
        let modem = telephones.modem("line", center);
        let (town, dialup) = town.answering(vec![modem]).await;
        free(&town).await;
        Self {
            town,
            telephones,
            _dialup: dialup,
        }
    }

    /// A mobile modem with a card that asks for its PIN.
    fn modem(&self) -> LineId {
        let card = Card {
            pin: Some(PIN.to_owned()),
            access_point: ACCESS_POINT.to_owned(),
            in_reach: true,
        };
        let premises = Premises {
            apparatus: Apparatus::Mobile(card),
            ..Premises::default()
        };
        self.telephones.exchange().0.lay("5550199", premises)
    }

    /// The same station at this modem.
    fn at(&self, modem: LineId, counter: Counter) -> Counter {
        let telephone = Telephone::on(Arc::new(self.telephones.wall_socket(modem)));
        let telephone = telephone.asking_every(Duration::from_millis(200));
        Counter {
            station: counter.station.with_telephone(telephone),
            folder: counter.folder,
        }
    }
}

async fn set(counter: &Counter, call: SetLineCall) -> LineSetupView {
    let call = SetLineCall {
        device: Some("modem".to_owned()),
        profile: Some("mobile".to_owned()),
        apn: Some(ACCESS_POINT.to_owned()),
        ..call
    };
    counter.station.call(Call::SetLine(call)).await.unwrap();
    line(counter).await
}

/// The line with this PIN.
fn with_pin(pin: &str) -> SetLineCall {
    SetLineCall {
        card_pin: Some(Hidden::new(pin.to_owned())),
        ..SetLineCall::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_pin_is_entered_once_however_many_contacts_there_are_and_locks_no_card() {
    let network = Network::new().await;
    let modem = network.modem();
    let counter = network.at(modem, network.town.enrolled("north").await);
    assert!(!set(&counter, with_pin("4321")).await.card_pin_not_taken);
    // A card that was tried so often is locked for good.
    for _ in 0..4 {
        let told = contact_on(&counter, "dialup").await.unwrap_err();
        assert_eq!(told.code, "card_pin_not_taken", "{told:?}");
    }
    assert!(line(&counter).await.card_pin_not_taken);

    // Nor does a program that begins anew enter it.
    let folder = counter.folder.clone();
    drop(counter);
    let name = folder.file_name().unwrap().to_str().unwrap();
    let counter = network.at(modem, reopened(&network.town, name).await);
    for _ in 0..3 {
        let told = contact_on(&counter, "dialup").await.unwrap_err();
        assert_eq!(told.code, "card_pin_not_taken", "{told:?}");
    }
    assert!(!set(&counter, with_pin(PIN)).await.card_pin_not_taken);
    assert_eq!(contact_on(&counter, "dialup").await.unwrap().line, "dialup");
    assert!(!line(&counter).await.card_pin_not_taken);
    counter.station.telephone().hang_up().await;
}
