//! Stations at a mobile modem: a card that asks for its PIN, and what becomes of a wrong one.

use server::access::Dialup;
use station::api::{Call, Hidden, LineSetupView, SetLineCall};
use system_tests::dialed::Telephones;
use system_tests::exchange::{Apparatus, Card, LineId, Premises, Speed};
use system_tests::town::{Counter, Town};

use crate::dialup_line::{NOWHERE, at_once, contact_on, line, reopened};
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
        counter.at(at_once(self.telephones.wall_socket(modem)))
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

#[tokio::test(flavor = "multi_thread")]
async fn a_station_whose_only_way_is_a_card_with_a_pin_is_enrolled_over_it() {
    let network = Network::new().await;
    let modem = network.modem();
    let counter = network.at(modem, network.town.open_station("north").unwrap());
    set(&counter, SetLineCall::default()).await;
    // There is nothing yet under which a secret could be sealed.
    let early = Call::SetLine(with_pin(PIN));
    let told = counter.station.call(early).await.unwrap_err();
    assert_eq!(told.code, "bad_setting");
    let code = network.town.code().await;
    let enrol = async |pin| counter.enrol_with(NOWHERE, &code, pin).await;
    assert_eq!(enrol(None).await.unwrap_err().code, "card_locked");
    // A wrong one is entered once, also by those who only try again.
    let told = enrol(Some("4321")).await.unwrap_err();
    assert_eq!(told.code, "card_pin_not_taken");
    for _ in 0..3 {
        let told = enrol(None).await.unwrap_err();
        assert_eq!(told.code, "card_pin_not_taken");
    }
    let status = enrol(Some(PIN)).await.unwrap();
    assert!(status.station.is_some(), "{status:?}");
    // It is kept for the calls to come.
    let setup = line(&counter).await;
    assert!(setup.has_card_pin && !setup.card_pin_not_taken);
    counter.station.telephone().hang_up().await;
    free(&network.town).await;
    let refill = counter.refill("20.00").await.unwrap();
    assert_eq!(refill.registers.control_total, 20_000);
    counter.station.telephone().hang_up().await;
    network.town.assert_books_hold().await;
}
