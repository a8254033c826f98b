//! The data center's own telephone lines: our caller over the exchange into the real data center.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use server::access::Dialup;
use server::admin::call::AdminCall;
use server::admin::lines::CallsBy;
use shared::call::{Bounds, CallFault, Event};
use shared::ppp::Failure;
use shared::security::dial_in::DialIn;
use shared::security::enrolment_code::EnrolmentCode;
use station::services::keys;
use system_tests::dialed::{Dialed, Telephones};
use system_tests::exchange::{LineId, Speed};
use system_tests::town::{Counter, Town};

/// The number of the data center's first line; the others follow.
const NUMBER: &str = "5550100";
/// An address that leads nowhere near the data center.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);
const LIMIT: Duration = Duration::from_secs(60);

/// A town whose data center answers telephone lines.
struct Dialing {
    town: Town,
    telephones: Telephones,
    /// The data center's end of each line.
    lines: Vec<LineId>,
    dialup: Dialup,
}

impl Dialing {
    async fn with_lines(count: usize) -> Self {
        Self::bounded(count, Bounds::USUAL).await
    }

    async fn bounded(count: usize, bounds: Bounds) -> Self {
        let town = Town::with_deposit("500.00").await;
        let telephones = Telephones::new(Speed::AT_ONCE, 1);
        let number: u32 = NUMBER.parse().unwrap();
        let numbers = (number..).take(count).map(|number| number.to_string());
        let lines: Vec<_> = numbers.map(|number| telephones.lay(&number)).collect();
        let modems = lines.iter().enumerate().map(|(place, line)| {
            let modem = telephones.modem(&format!("line {place}"), *line);
            modem.with_bounds(bounds)
        });
        let (town, dialup) = town.answering(modems.collect()).await;
        let dialing = Self {
            town,
            telephones,
            lines,
            dialup,
        };
        for place in 0..count {
            dialing.state(place, "waiting").await;
        }
        dialing
    }

    /// What the admin sees of a line.
    async fn line(&self, place: usize) -> serde_json::Value {
        self.town.admin(AdminCall::Lines).await.remove(place)
    }

    /// The calls that are over, as the admin sees them.
    async fn calls(&self, by: Option<CallsBy>) -> Vec<serde_json::Value> {
        let (days, station) = (1, None);
        self.town
            .admin(AdminCall::Calls { days, station, by })
            .await
    }

    /// Waits until a line is in that state.
    async fn state(&self, place: usize, wanted: &str) {
        let until = Instant::now() + LIMIT;
        loop {
            let line = self.line(place).await;
            if line["state"] == wanted {
                return;
            }
            assert!(Instant::now() < until, "{line}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Calls the first line, or the one so many after it.
    fn dial(&self, from: LineId, place: u32, dial_in: Option<&DialIn>) -> Arc<Dialed> {
        let number: u32 = NUMBER.parse().unwrap();
        let credentials = dial_in.map(|dial_in| dial_in.credentials().unwrap());
        let number = (number + place).to_string();
        Arc::new(self.telephones.dial(from, &number, credentials))
    }

    /// The port the data center's listener has.
    fn port(&self) -> u16 {
        self.town.url.rsplit(':').next().unwrap().parse().unwrap()
    }
}

async fn dial_in(counter: &Counter) -> DialIn {
    let kept = counter.station.apply(|owner| keys::dial_in(owner)).await;
    kept.unwrap().unwrap()
}

fn was_refused(ended: &Event) -> bool {
    *ended == Event::Ended(Err(CallFault::Link(Failure::PasswordRefused)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_refills_and_is_served_in_everything_over_a_telephone_line() {
    let dialing = Dialing::with_lines(1).await;
    let counter = dialing.town.enrolled("one").await;
    let from = dialing.telephones.lay("5550199");
    let call = dialing.dial(from, 0, Some(&dial_in(&counter).await));
    let center = call.up().await.unwrap();
    dialing.state(0, "in-call").await;
    // Whatever address it has for the data center, it reaches it, and nothing else.
    for (address, port) in [(center, 443), (ELSEWHERE, dialing.port())] {
        let url = call.relay(SocketAddrV4::new(address, port)).await;
        let internet = counter.set_server(&url).await;
        counter.refill("20.00").await.unwrap();
        let contact = counter.contact().await.unwrap();
        let served = contact.services.iter();
        for service in served {
            assert!(
                ["served", "nothing"].contains(&service.outcome.as_str()),
                "{service:?}"
            );
        }
        counter.set_server(&internet).await;
    }
    assert_eq!(counter.status().await.registers.descending, 40_000);
    let line = dialing.line(0).await;
    assert_eq!(line["caller"], dial_in(&counter).await.name);
    assert!(line["streams"].as_u64().unwrap() >= 2, "{line}");
    call.hang_up();
    assert_eq!(call.ended().await, Event::Ended(Ok(())));
    dialing.state(0, "waiting").await;
    let line = dialing.line(0).await;
    assert_eq!((&line["calls"], &line["proved"]), (&json!(1), &json!(1)));
    let made = dialing.calls(None).await;
    assert_eq!(made.len(), 1);
    assert_eq!(
        (&made[0]["ended"], &made[0]["line"]),
        (&json!("served"), &line["line"])
    );
    assert_eq!(made[0]["caller"], dial_in(&counter).await.name);
    assert_eq!(made[0]["streams"], line["streams"]);
    assert!(made[0]["received"].as_u64() > Some(4_000), "{made:?}");
    dialing.town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_enrols_over_a_telephone_line_with_nothing_but_its_code() {
    let dialing = Dialing::with_lines(1).await;
    let code = dialing.town.code().await;
    let read: EnrolmentCode = code.parse().unwrap();
    let from = dialing.telephones.lay("5550199");
    let call = dialing.dial(from, 0, Some(&DialIn::of_code(&read.secret_hash())));
    let center = call.up().await.unwrap();
    let url = call.relay(SocketAddrV4::new(center, 443)).await;
    let counter = dialing.town.open_station("one").unwrap();
    counter.enrol(&url, &code).await.unwrap();
    counter.refill("10.00").await.unwrap();
    call.hang_up();
    call.ended().await;
    dialing.state(0, "waiting").await;
    // From now on it has a name of its own.
    let call = dialing.dial(from, 0, Some(&dial_in(&counter).await));
    call.up().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_secret_or_a_wrong_one_gets_no_address() {
    let dialing = Dialing::with_lines(1).await;
    let counter = dialing.town.enrolled("one").await;
    let right = dial_in(&counter).await;
    let from = dialing.telephones.lay("5550199");
    let wrong = |name: &str| DialIn {
        name: name.to_owned(),
        secret: "guessed".to_owned(),
    };
    for stranger in [
        wrong(&right.name),
        wrong("admin"),
        wrong("code-0011223344556677"),
    ] {
        let call = dialing.dial(from, 0, Some(&stranger));
        let ended = call.ended().await;
        assert!(was_refused(&ended), "{ended:?}");
        dialing.state(0, "waiting").await;
    }
    let call = dialing.dial(from, 0, None);
    let ended = call.ended().await;
    assert!(matches!(ended, Event::Ended(Err(_))), "{ended:?}");
    drop(call);
    dialing.state(0, "waiting").await;
    let line = dialing.line(0).await;
    assert_eq!(
        (&line["calls"], &line["proved"], &line["refused"]),
        (&json!(4), &json!(0), &json!(3)),
        "{line}"
    );
    // Calls of one second come in no order.
    let mut ends: Vec<_> = dialing
        .calls(None)
        .await
        .into_iter()
        .map(|made| {
            assert_eq!(made["caller"], serde_json::Value::Null);
            made["ended"].as_str().unwrap().to_owned()
        })
        .collect();
    ends.sort();
    assert_eq!(ends, ["failed", "refused", "refused", "refused"]);
    let counted = dialing.calls(Some(CallsBy::Caller)).await;
    assert_eq!(
        (
            counted.len(),
            &counted[0]["of"],
            &counted[0]["calls"],
            &counted[0]["refused"]
        ),
        (1, &json!(null), &json!(4), &json!(3))
    );
    let call = dialing.dial(from, 0, Some(&right));
    call.up().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_strangers_makes_the_line_rest_and_no_other() {
    let bounds = Bounds {
        failures: 3,
        rest: Duration::from_secs(5),
        ..Bounds::USUAL
    };
    let dialing = Dialing::bounded(2, bounds).await;
    let counter = dialing.town.enrolled("one").await;
    let from = dialing.telephones.lay("5550199");
    let stranger = DialIn {
        name: "admin".to_owned(),
        secret: "guessed".to_owned(),
    };
    for _ in 0..4 {
        let call = dialing.dial(from, 0, Some(&stranger));
        assert!(was_refused(&call.ended().await));
        drop(call);
        dialing
            .telephones
            .exchange()
            .0
            .set_usual_faults(Default::default());
        let until = Instant::now() + LIMIT;
        loop {
            let state = dialing.line(0).await["state"].clone();
            if state == "waiting" || state == "resting" {
                break;
            }
            assert!(Instant::now() < until, "{state}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    assert_eq!(dialing.line(0).await["state"], "resting");
    let right = dial_in(&counter).await;
    let call = dialing.dial(from, 1, Some(&right));
    call.up().await.unwrap();
    drop(call);
    // When it has rested it answers again.
    let until = Instant::now() + LIMIT;
    loop {
        let call = dialing.dial(from, 0, Some(&right));
        let happened = call
            .until(|event| matches!(event, Event::Up(_) | Event::Ended(_)))
            .await;
        if matches!(happened, Event::Up(_)) {
            return;
        }
        assert!(Instant::now() < until);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_reaches_the_port_of_the_services_and_no_other() {
    let dialing = Dialing::with_lines(1).await;
    let counter = dialing.town.enrolled("one").await;
    let from = dialing.telephones.lay("5550199");
    let call = dialing.dial(from, 0, Some(&dial_in(&counter).await));
    let center = call.up().await.unwrap();
    let reached = async |address, port| {
        call.stream(SocketAddrV4::new(address, port))
            .await
            .is_some()
    };
    let machine = Ipv4Addr::LOCALHOST;
    for port in (1..=1_024).step_by(31).chain([22, 25, 53, 80, 5432, 8443]) {
        for address in [center, machine, ELSEWHERE] {
            assert!(!reached(address, port).await, "{address}:{port}");
        }
    }
    for address in [center, machine, ELSEWHERE] {
        assert!(reached(address, 443).await);
        assert!(reached(address, dialing.port()).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stations_are_served_on_two_lines_at_once() {
    let dialing = Dialing::with_lines(2).await;
    let mut calls = Vec::new();
    for place in 0..2_u32 {
        let counter = dialing.town.enrolled(&format!("station {place}")).await;
        let from = dialing.telephones.lay(&format!("555019{place}"));
        let call = dialing.dial(from, place, Some(&dial_in(&counter).await));
        calls.push((counter, call));
    }
    let mut refills = Vec::new();
    for (counter, call) in calls {
        let center = call.up().await.unwrap();
        let url = call.relay(SocketAddrV4::new(center, 443)).await;
        counter.set_server(&url).await;
        refills.push(async move {
            counter.refill("30.00").await.unwrap();
            // The call lasts as long as somebody holds it.
            drop(call);
        });
    }
    let (first, second) = (refills.remove(0), refills.remove(0));
    tokio::join!(first, second);
    assert_eq!(dialing.line(0).await["proved"], 1);
    assert_eq!(dialing.line(1).await["proved"], 1);
    assert_eq!(dialing.town.balance().await, 440_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_modem_that_is_pulled_out_is_answered_again_when_it_is_back() {
    let dialing = Dialing::with_lines(1).await;
    let counter = dialing.town.enrolled("one").await;
    let right = dial_in(&counter).await;
    let from = dialing.telephones.lay("5550199");
    let call = dialing.dial(from, 0, Some(&right));
    call.up().await.unwrap();
    let line = dialing.lines[0];
    {
        let (mut exchange, now) = dialing.telephones.exchange();
        exchange.unplug(now, line);
    }
    call.ended().await;
    drop(call);
    dialing.state(0, "unplugged").await;
    {
        let (mut exchange, now) = dialing.telephones.exchange();
        exchange.plug(now, line);
    }
    dialing.state(0, "waiting").await;
    let call = dialing.dial(from, 0, Some(&right));
    call.up().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_center_that_stops_says_good_bye_to_its_callers() {
    let dialing = Dialing::with_lines(1).await;
    let counter = dialing.town.enrolled("one").await;
    let from = dialing.telephones.lay("5550199");
    let call = dialing.dial(from, 0, Some(&dial_in(&counter).await));
    call.up().await.unwrap();
    let Dialing { dialup, town, .. } = dialing;
    dialup.hang_up().await;
    let good_bye = Event::Ended(Err(CallFault::Link(Failure::EndedByPeer)));
    assert_eq!(call.ended().await, good_bye);
    let shown = town.admin(AdminCall::Lines).await;
    assert_eq!(shown[0]["state"], "stopped");
}
