//! What a clerk is told of each fault of a telephone line: a real station dials over the exchange
//! into a real data center, and something is wrong.

use std::time::Duration;

use server::access::Dialup;
use server::admin::call::AdminCall;
use station::api::{
    Call, ContactCall, ContactView, Hidden, LineSetupView, SetLineCall, UiError, View,
};
use station::station::names;
use system_tests::dialed::Telephones;
use system_tests::exchange::{Apparatus, Card, Faults, LineId, Premises, Speed};
use system_tests::town::{Counter, Town};

use crate::dialup_line::{NOWHERE, at_once};

/// The data center's number.
const NUMBER: &str = "5550100";

/// A station whose telephone line leads to the data center's.
struct Office {
    town: Town,
    counter: Counter,
    telephones: Telephones,
    line: LineId,
    dialup: Dialup,
}

impl Office {
    async fn new() -> Self {
        let town = Town::with_deposit("100.00").await;
        let telephones = Telephones::new(Speed::AT_ONCE, 1);
        let center = telephones.lay(NUMBER);
        let line = telephones.lay("5550199");
        let modem = telephones.modem("line", center);
        let (town, dialup) = town.answering(vec![modem]).await;
        let counter = town.enrolled("one").await;
        let counter = counter.at(at_once(telephones.wall_socket(line)));
        let office = Self {
            town,
            counter,
            telephones,
            line,
            dialup,
        };
        let number = Some(NUMBER.to_owned());
        office
            .set(SetLineCall {
                device: Some("modem".to_owned()),
                number,
                ..SetLineCall::default()
            })
            .await;
        office.free().await;
        office
    }

    async fn set(&self, call: SetLineCall) -> LineSetupView {
        let view = self.counter.station.call(Call::SetLine(call)).await;
        let View::Line(view) = view.unwrap() else {
            panic!("not the line");
        };
        *view
    }

    async fn free(&self) {
        free(&self.town).await;
    }

    fn faults(&self, faults: &str) {
        let faults: Faults = faults.parse().unwrap();
        self.telephones.exchange().0.set_usual_faults(faults);
    }

    /// A contact over the telephone, on which the clerk insists.
    async fn contact(&self) -> Result<ContactView, UiError> {
        let line = Some("dialup".to_owned());
        let call = Call::Contact(ContactCall { line });
        let View::Contact(view) = self.counter.station.call(call).await? else {
            panic!("no contact");
        };
        Ok(view)
    }

    /// What the clerk is told of a line with these faults.
    async fn told(&self, faults: &str) -> UiError {
        self.faults(faults);
        let told = self.contact().await.unwrap_err();
        self.counter.station.telephone().hang_up().await;
        self.free().await;
        told
    }

    /// The fault in the record of the last call.
    async fn recorded(&self) -> Option<String> {
        let view = self.set(SetLineCall::default()).await;
        view.calls[0].fault.clone()
    }
}

/// Waits until the data center's line is free.
pub(crate) async fn free(town: &Town) {
    for _ in 0..2_000 {
        let lines = town.admin(AdminCall::Lines).await;
        if lines[0]["state"] == "waiting" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the data center's line is not free");
}

/// Whoever reads it knows what became of the money and what to do.
fn assert_is_sentence(told: &UiError) {
    let of_money = ["No money moved", "no money moved", "completed once"];
    assert!(
        of_money.iter().any(|words| told.message.contains(words)),
        "{}",
        told.message
    );
    assert!(!told.hint.is_empty(), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_does_not_come_about_is_said_by_its_cause() {
    let office = Office::new().await;
    for (faults, code) in [
        ("busy", "number_busy"),
        ("no-dialtone", "no_dial_tone"),
        ("no-answer", "nobody_answers"),
        ("voice", "no_modem_answers"),
        ("fax", "no_modem_answers"),
        ("delayed", "call_delayed"),
        ("blacklisted", "number_barred"),
        ("loop", "ppp_looped"),
        // Before Internet packets pass.
        ("cut=200B", "ppp_line_lost"),
    ] {
        let told = office.told(faults).await;
        assert_eq!(told.code, code, "{faults}");
        assert_is_sentence(&told);
        assert_eq!(office.recorded().await.as_deref(), Some(code), "{faults}");
    }
    office.faults("");
    assert_eq!(office.contact().await.unwrap().line, "dialup");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_locked_and_a_network_that_carries_no_data_are_said_to_be_that() {
    let town = Town::with_deposit("100.00").await;
    let mut station = town.enrolled("one").await.station;
    for (pin, in_reach, code) in [
        (Some("1234"), true, "card_locked"),
        (None, false, "no_network"),
    ] {
        let telephones = Telephones::new(Speed::AT_ONCE, 1);
        let card = Card {
            pin: pin.map(str::to_owned),
            access_point: "internet.example".to_owned(),
            in_reach,
        };
        let premises = Premises {
            apparatus: Apparatus::Mobile(card),
            ..Premises::default()
        };
        let line = telephones.exchange().0.lay("5550199", premises);
        station = station.with_telephone(at_once(telephones.wall_socket(line)));
        let mobile = SetLineCall {
            device: Some("modem".to_owned()),
            profile: Some("mobile".to_owned()),
            apn: Some("internet.example".to_owned()),
            ..SetLineCall::default()
        };
        station.call(Call::SetLine(mobile)).await.unwrap();
        let line = Some("dialup".to_owned());
        let told = station.call(Call::Contact(ContactCall { line })).await;
        let told = told.unwrap_err();
        assert_eq!(told.code, code);
        assert_is_sentence(&told);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_comes_about_whatever_the_modem_says_after_connect() {
    let office = Office::new().await;
    for line in ["CONNECT-33600/ARQ", "CONNECT\t33600", "CONNECT:33600"] {
        office.faults(&format!("connect={line}"));
        assert_eq!(office.contact().await.unwrap().line, "dialup", "{line:?}");
        office.counter.station.telephone().hang_up().await;
        let view = office.set(SetLineCall::default()).await;
        let said = view.calls[0].said.as_deref().unwrap();
        assert!(said.starts_with("33600"), "{said}");
        office.free().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_without_a_modem_that_speaks_ppp_is_said_to_be_that() {
    let office = Office::new().await;
    let told = office.told("half-open=0ms").await;
    assert_eq!(told.code, "ppp_no_answer");
    assert_is_sentence(&told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_needs_a_name_says_so_and_whether_the_one_there_is_wrong() {
    let office = Office::new().await;
    let stranger = SetLineCall {
        dial_name: Some("somebody".to_owned()),
        password: Some(Hidden::new("guessed".to_owned())),
        ..SetLineCall::default()
    };
    office.set(stranger).await;
    let told = office.told("").await;
    assert_eq!(told.code, "ppp_password_refused");
    assert_is_sentence(&told);
    // It is not tried twice: a password that is refused stays so, and may lock an account.
    assert_eq!(office.set(SetLineCall::default()).await.calls.len(), 1);

    let own = SetLineCall {
        dial_name: Some(String::new()),
        ..SetLineCall::default()
    };
    office.set(own).await;
    let forgotten = office
        .counter
        .station
        .apply(|owner| owner.write("no secret", |tx| Ok(tx.delete_secret(names::DIAL_IN)?)));
    forgotten.await.unwrap();
    let told = office.told("").await;
    assert_eq!(told.code, "ppp_no_common_proof");
    assert_is_sentence(&told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_modem_that_is_pulled_out_and_a_call_that_breaks_are_said_and_what_was_asked_is_kept() {
    let office = Office::new().await;
    office.counter.set_server(NOWHERE).await;
    // Some time after the handshake, and in the middle of it.
    for (round, bytes) in (0_u64..).zip(["cut=6000B", "cut=2500B"]) {
        office.faults(bytes);
        let told = office.counter.refill("5.00").await.unwrap_err();
        assert_is_sentence(&told);
        office.counter.station.telephone().hang_up().await;
        assert_eq!(office.recorded().await.as_deref(), Some("ppp_line_lost"));
        office.free().await;
        office.faults("");
        let refill = office.counter.refill("5.00").await;
        refill.unwrap_or_else(|told| panic!("{bytes}: {told:?}"));
        let total = office.counter.status().await.registers.control_total;
        assert_eq!(total, (round + 1) * 5_000);
        office.counter.station.telephone().hang_up().await;
        office.free().await;
    }
    {
        let (mut exchange, now) = office.telephones.exchange();
        exchange.unplug(now, office.line);
    }
    let told = office.contact().await.unwrap_err();
    assert_eq!(told.code, "modem_port");
    assert_is_sentence(&told);
    office.town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_center_that_stops_says_good_bye_and_the_clerk_hears_it() {
    let office = Office::new().await;
    assert_eq!(office.contact().await.unwrap().line, "dialup");
    let Office {
        dialup, counter, ..
    } = office;
    dialup.hang_up().await;
    for _ in 0..1_000 {
        if counter.status().await.line.call.is_none() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let View::Line(view) = counter.station.call(Call::Line).await.unwrap() else {
        panic!("not the line");
    };
    assert_eq!(view.calls[0].fault.as_deref(), Some("ppp_ended_by_peer"));
}
