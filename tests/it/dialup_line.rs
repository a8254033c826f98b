//! The telephone line: contacts over it, when it is used instead of the Internet, and how often.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use server::clock::Clock as _;
use shared::clock::UnixSeconds;
use station::api::{Call, ContactCall, ContactView, LineSetupView, SetLineCall, UiError, View};
use station::contact::dialup::ports::Ports;
use station::contact::dialup::telephone::Telephone;
use station::owner::Server;
use system_tests::modem::{Fate, Socket};
use system_tests::relay::{Later, Relay};
use system_tests::town::{Counter, Town};

/// Nobody listens there.
pub(crate) const NOWHERE: &str = "https://127.0.0.1:9";

/// Whoever waits for the Internet waits longer than this, also where it has answered quickly before.
const AT_ONCE: Duration = Duration::from_secs(2);

/// A station at a modem whose calls reach the data center.
pub(crate) async fn at_a_modem(town: &Town, name: &str) -> (Counter, Socket) {
    let counter = town.enrolled(name).await;
    let socket = Socket::to(&town.url);
    let counter = plugged(counter, &socket);
    set(&counter, SetLineCall::default()).await;
    (counter, socket)
}

/// A telephone at these ports that hardly pauses between two calls.
pub(crate) fn at_once(ports: impl Ports + 'static) -> Telephone {
    Telephone::on(Arc::new(ports)).asking_every(Duration::from_millis(200))
}

fn plugged(counter: Counter, socket: &Socket) -> Counter {
    counter.at(at_once(socket.clone()))
}

async fn set(counter: &Counter, call: SetLineCall) -> LineSetupView {
    let call = SetLineCall {
        device: Some("modem".to_owned()),
        number: Some("5550199".to_owned()),
        per_call: Some("0.10".to_owned()),
        per_minute: Some("0.05".to_owned()),
        ..call
    };
    let view = counter.station.call(Call::SetLine(call)).await.unwrap();
    let View::Line(view) = view else {
        panic!("{view:?}");
    };
    *view
}

pub(crate) async fn line(counter: &Counter) -> LineSetupView {
    let view = counter.station.call(Call::Line).await.unwrap();
    let View::Line(view) = view else {
        panic!("{view:?}");
    };
    *view
}

/// How each call of the log ended.
async fn outcomes(counter: &Counter) -> Vec<String> {
    let calls = line(counter).await.calls.into_iter();
    calls.map(|call| call.outcome).collect()
}

pub(crate) async fn contact_on(counter: &Counter, line: &str) -> Result<ContactView, UiError> {
    let call = ContactCall {
        line: Some(line.to_owned()),
    };
    let view = counter.station.call(Call::Contact(call)).await?;
    let View::Contact(view) = view else {
        panic!("{view:?}");
    };
    Ok(view)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_over_the_telephone_serves_everything_and_hangs_up() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    let contact = contact_on(&counter, "dialup").await.unwrap();
    assert_eq!(contact.line, "dialup");
    for service in &contact.services {
        assert!(
            ["served", "nothing"].contains(&service.outcome.as_str()),
            "{service:?}"
        );
    }
    let status = counter.status().await;
    assert_eq!(status.line.kind, "dialup");
    let call = status.line.call.expect("the call is kept for a while");
    assert_eq!(
        (call.stage.as_str(), call.number.as_str()),
        ("up", "5550199")
    );
    counter.station.telephone().hang_up().await;
    assert!(!socket.is_on_line());
    assert_eq!(counter.status().await.line.call, None);
    let kept = line(&counter).await;
    let made = &kept.calls[0];
    assert_eq!(made.outcome, "reached");
    assert_eq!(made.fault, None);
    assert_eq!(made.said.as_deref(), Some("1000000"));
    assert!(made.seconds >= 1, "{made:?}");
    assert_eq!(made.cost_mills, Some(150), "{made:?}");
}

/// The bytes that a station sends in a call with nothing due.
async fn quiet_call(counter: &Counter, socket: &Socket) -> usize {
    let before = socket.log().sent;
    contact_on(counter, "dialup").await.unwrap();
    counter.station.telephone().hang_up().await;
    socket.log().sent - before
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_of_one_call_share_a_stream_and_the_next_call_takes_the_session_up_again() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    counter.set_server(NOWHERE).await;
    counter.refill("5.00").await.unwrap();
    contact_on(&counter, "dialup").await.unwrap();
    assert_eq!(socket.log().streams, 1);
    counter.station.telephone().hang_up().await;
    let resumed = quiet_call(&counter, &socket).await;
    let folder = counter.folder.clone();
    drop(counter);
    let name = folder.file_name().unwrap().to_str().unwrap();
    let counter = plugged(reopened(&town, name).await, &socket);
    let full = quiet_call(&counter, &socket).await;
    assert!(resumed + 300 < full, "{resumed} and {full} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refill_goes_over_the_telephone_when_the_internet_is_down() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    counter.set_server(NOWHERE).await;
    let clicked = Instant::now();
    let refill = counter.refill("20.00").await.unwrap();
    assert_eq!(refill.registers.descending, 20_000);
    let log = socket.log();
    assert_eq!(log.dialed.len(), 1);
    assert!(log.dialed[0].1 - clicked < Duration::from_secs(10));
    // A second refill goes over the same call.
    counter.refill("5.00").await.unwrap();
    assert_eq!(socket.log().dialed.len(), 1);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_internet_is_waited_for_once_and_the_number_is_dialed_within_ten_seconds() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    // Takes connections and says nothing, as a captive portal that drops.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}", silent.local_addr().unwrap());
    counter.set_server(&address).await;
    let clicked = Instant::now();
    assert_eq!(counter.contact().await.unwrap().line, "dialup");
    let first = socket.log().dialed[0].1 - clicked;
    assert!(first < Duration::from_secs(10), "{first:?}");
    counter.station.telephone().hang_up().await;

    let clicked = Instant::now();
    assert_eq!(counter.contact().await.unwrap().line, "dialup");
    let second = socket.log().dialed[1].1 - clicked;
    assert!(second < AT_ONCE, "{second:?}");
}

/// What a line carries of a contact: the handshake and the question whether anybody is there, and
/// nothing of a refill.
const CARRIES_A_QUESTION: u64 = 1_960;

#[tokio::test(flavor = "multi_thread")]
async fn an_internet_that_answers_and_then_carries_nothing_leads_to_a_call_in_the_same_click() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    let relay = Relay::to(&town.url, Duration::ZERO).await;
    counter.set_server(&relay.url).await;
    relay.swallow_beyond(CARRIES_A_QUESTION);
    let clicked = Instant::now();
    let refill = counter.refill("5.00").await.unwrap();
    assert_eq!(refill.registers.control_total, 5_000);
    let first = socket.log().dialed[0].1 - clicked;
    // It had answered, and was believed for a while.
    let waited = Duration::from_secs(3)..Duration::from_secs(10);
    assert!(waited.contains(&first), "{first:?}");
    assert_eq!(counter.status().await.line.kind, "dialup");
    counter.station.telephone().hang_up().await;

    // What it answers is not believed again so soon.
    let lines = relay.lines();
    let clicked = Instant::now();
    let refill = counter.refill("5.00").await.unwrap();
    assert_eq!(refill.registers.control_total, 10_000);
    let second = socket.log().dialed[1].1 - clicked;
    assert!(second < AT_ONCE, "{second:?}");
    assert_eq!(relay.lines(), lines);
    counter.station.telephone().hang_up().await;

    // It is mended, and believed after a while.
    relay.carry_all();
    town.turn_to(UnixSeconds(town.clock.now().0 + 6 * 60));
    assert_eq!(counter.contact().await.unwrap().line, "internet");
    assert_eq!(socket.log().dialed.len(), 2);
    assert_eq!(town.balance().await, 90_000);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_that_moved_to_an_internet_which_carries_nothing_goes_back_to_the_telephone() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    let later = Later::reserved();
    counter.set_server(&later.url()).await;
    socket.fates(&[Fate::StallsAfter(2_600), Fate::Good]);
    let center = town.url.clone();
    let returns = async move {
        tokio::time::sleep(Duration::from_secs(3)).await;
        let relay = later.comes(&center);
        relay.swallow_beyond(CARRIES_A_QUESTION);
        relay
    };
    let (refill, _relay) = tokio::join!(counter.refill("20.00"), returns);
    assert_eq!(refill.unwrap().registers.control_total, 20_000);
    assert_eq!(counter.status().await.line.kind, "dialup");
    assert_eq!(socket.log().dialed.len(), 2);
    assert_eq!(town.balance().await, 80_000);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_internet_that_breaks_in_the_middle_of_a_refill_leads_to_a_call_in_the_same_click() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    let relay = Relay::to(&town.url, Duration::ZERO).await;
    counter.set_server(&relay.url).await;
    relay.swallow_beyond(CARRIES_A_QUESTION);
    let breaks = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        relay.drop_all();
    };
    let clicked = Instant::now();
    let (refill, ()) = tokio::join!(counter.refill("5.00"), breaks);
    assert_eq!(refill.unwrap().registers.control_total, 5_000);
    let first = socket.log().dialed[0].1 - clicked;
    // One that is only silent is waited for until five seconds after the click.
    assert!(first < Duration::from_secs(5), "{first:?}");
    assert_eq!(town.balance().await, 95_000);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_internet_is_there_nothing_is_dialed() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    assert_eq!(counter.contact().await.unwrap().line, "internet");
    counter.refill("5.00").await.unwrap();
    assert!(socket.log().dialed.is_empty());
    counter.set_server(NOWHERE).await;
    let refused = contact_on(&counter, "internet").await.unwrap_err();
    assert_eq!(refused.code, "unreachable");
    assert!(socket.log().dialed.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_fails_is_dialed_twice_a_click_and_four_times_an_hour_also_after_a_restart() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    counter.set_server(NOWHERE).await;
    socket.fates(&[Fate::Says("BUSY"); 6]);
    for dials in [2, 4] {
        let refused = counter.contact().await.unwrap_err();
        assert_eq!(refused.code, "number_busy");
        assert_eq!(socket.log().dialed.len(), dials);
    }
    let refused = counter.contact().await.unwrap_err();
    assert_eq!(refused.code, "dial_rests");
    let folder = counter.folder.clone();
    drop(counter);
    let name = folder.file_name().unwrap().to_str().unwrap();
    let counter = plugged(reopened(&town, name).await, &socket);
    let refused = counter.contact().await.unwrap_err();
    assert_eq!(refused.code, "dial_rests");
    assert_eq!(socket.log().dialed.len(), 4);
    assert!(line(&counter).await.rests_until.is_some());
    // The clerk insists.
    let refused = contact_on(&counter, "dialup").await.unwrap_err();
    assert_eq!(refused.code, "number_busy");
    assert_eq!(socket.log().dialed.len(), 5);
    socket.fates(&[]);
    assert_eq!(contact_on(&counter, "dialup").await.unwrap().line, "dialup");
}

/// Opens a station again whose owner has just gone.
pub(crate) async fn reopened(town: &Town, name: &str) -> Counter {
    for _ in 0..200 {
        let folder = town.station_folder(name);
        if station::owner::FolderLock::take(&folder).unwrap().is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    town.open_station(name).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_server_behind_which_nobody_answers_is_called_four_times_an_hour() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("north").await;
    // Takes what comes and closes it, as a data center that is down behind its access server.
    let dead = TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = Socket::to(&format!("https://{}", dead.local_addr().unwrap()));
    std::thread::spawn(move || dead.incoming().for_each(drop));
    let counter = plugged(counter, &socket);
    set(&counter, SetLineCall::default()).await;
    counter.set_server(NOWHERE).await;
    for dials in 1..=4 {
        let refused = counter.contact().await.unwrap_err();
        assert_ne!(refused.code, "dial_rests", "{dials}");
        assert_eq!(socket.log().dialed.len(), dials);
        counter.station.telephone().hang_up().await;
    }
    let made = line(&counter).await.calls.remove(0);
    assert_eq!(made.outcome, "unanswered");
    assert_eq!(made.fault.as_deref(), Some("call_unanswered"));
    let refused = counter.contact().await.unwrap_err();
    assert_eq!(refused.code, "dial_rests");
    assert_eq!(socket.log().dialed.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_alternate_number_is_dialed_when_the_first_does_not_answer_and_a_barred_one_rests() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    set(
        &counter,
        SetLineCall {
            alternate: Some("5550200".to_owned()),
            prefix: Some("9,".to_owned()),
            ..SetLineCall::default()
        },
    )
    .await;
    counter.set_server(NOWHERE).await;
    socket.fates(&[Fate::Says("BLACKLISTED"), Fate::Good]);
    assert_eq!(counter.contact().await.unwrap().line, "dialup");
    let numbers: Vec<String> = socket
        .log()
        .dialed
        .into_iter()
        .map(|(one, _)| one)
        .collect();
    assert_eq!(numbers, ["9,5550199", "9,5550200"]);
    assert_eq!(outcomes(&counter).await, ["reached", "barred"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_cut_in_the_middle_of_a_refill_is_completed_once_over_the_next() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    counter.set_server(NOWHERE).await;
    // From before the TLS handshake to after the request has gone.
    for (round, after) in [150, 700, 1_500, 2_500, 3_500].into_iter().enumerate() {
        socket.fates(&[Fate::CutAfter(after)]);
        let cut = counter.refill("5.00").await;
        counter.station.telephone().hang_up().await;
        let before = counter.status().await.registers.control_total;
        let round = u64::try_from(round).unwrap();
        if cut.is_err() {
            let refill = counter.refill("5.00").await;
            refill.unwrap_or_else(|fault| panic!("after {after} bytes: {fault:?}"));
        }
        counter.station.telephone().hang_up().await;
        let total = counter.status().await.registers.control_total;
        assert_eq!(
            total,
            (round + 1) * 5_000,
            "after {after} bytes, {before} before"
        );
    }
    assert_eq!(town.balance().await, 75_000);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_moves_over_when_the_internet_is_back_and_value_moves_once() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    let later = Later::reserved();
    counter.set_server(&later.url()).await;
    // The request has gone, its answer never comes.
    socket.fates(&[Fate::StallsAfter(2_600)]);
    let center = town.url.clone();
    let returns = async move {
        tokio::time::sleep(Duration::from_secs(3)).await;
        later.comes(&center)
    };
    let (refill, _relay) = tokio::join!(counter.refill("20.00"), returns);
    let refill = refill.unwrap();
    assert_eq!(refill.registers.control_total, 20_000);
    assert_eq!(counter.status().await.line.kind, "internet");
    assert_eq!(town.balance().await, 80_000);
    town.assert_books_hold().await;
    assert_eq!(socket.log().dialed.len(), 1);
    // The good-bye is tried twice on a line that carries nothing, and nobody waits for it.
    soon("the modem has hung up", async || !socket.is_on_line()).await;
}

/// Waits until it is so, which does not take long.
pub(crate) async fn soon(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..1_000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not so: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_calls_again_by_itself_after_a_pause_and_at_night_when_it_met_nobody() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    counter.set_server(NOWHERE).await;
    let standing = counter.station.stand();
    socket.fates(&[Fate::Says("BUSY"), Fate::Says("NO ANSWER")]);
    counter.contact().await.unwrap_err();
    let failed = town.clock.now();
    let again = line(&counter).await.calls_again_at.unwrap();
    assert!((60..=180).contains(&(again - failed.0)), "{again}");
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(socket.log().dialed.len(), 2, "before the pause is over");
    town.turn_to(UnixSeconds(again));
    soon("it has met the data center", async || {
        let line = counter.status().await.line;
        line.kind == "dialup" && line.up
    })
    .await;
    assert_eq!(socket.log().dialed.len(), 3);
    counter.station.telephone().hang_up().await;
    assert_eq!(line(&counter).await.calls_again_at, None);

    town.turn_days(1);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(socket.log().dialed.len(), 3, "no night call is set");
    let time = jiff::Timestamp::from_second(town.clock.now().0).unwrap();
    let time = time.to_zoned(jiff::tz::TimeZone::UTC);
    let night = SetLineCall {
        night: Some(time.strftime("%H:%M").to_string()),
        ..SetLineCall::default()
    };
    set(&counter, night).await;
    soon("it calls", async || socket.log().dialed.len() == 4).await;
    standing.end().await;
    counter.station.telephone().hang_up().await;
    assert_eq!(socket.log().dialed.len(), 4, "once in a night");
}

/// The test that a process of its own is for.
const ALONE: &str = "PENNYBLACK_TEST_ALONE";

/// Runs a test of this program in a process of its own, unless this is the one: what it does reaches
/// everything that happens beside it.
fn is_left_to_its_own_process(test: &str) -> bool {
    if std::env::var_os(ALONE).is_some_and(|alone| alone == test) {
        return false;
    }
    let program = std::env::current_exe().unwrap();
    let ended = std::process::Command::new(program)
        .args(["--exact", test, "--nocapture"])
        .env(ALONE, test)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(
        ended.status.success() && said.contains("1 passed"),
        "{ended:?}"
    );
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_anywhere_in_the_program_hangs_up() {
    if is_left_to_its_own_process("dialup_line::a_panic_anywhere_in_the_program_hangs_up") {
        return;
    }
    station::contact::dialup::hang_up_on_panic();
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    contact_on(&counter, "dialup").await.unwrap();
    assert!(socket.is_on_line());
    let panicked = std::thread::spawn(|| panic!("on purpose")).join();
    assert!(panicked.is_err());
    assert!(!socket.is_on_line());
    assert_eq!(socket.log().hung_up, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_ends_or_panics_leaves_the_calls_of_others_alone() {
    let town = Town::with_deposit("100.00").await;
    let (north, socket) = at_a_modem(&town, "north").await;
    let (south, other) = at_a_modem(&town, "south").await;
    contact_on(&north, "dialup").await.unwrap();
    contact_on(&south, "dialup").await.unwrap();
    Server::start(south.station).unwrap().close().await;
    assert!(!other.is_on_line());
    // No program has begun here that wants its lines dropped.
    let panicked = std::thread::spawn(|| panic!("on purpose")).join();
    assert!(panicked.is_err());
    assert!(socket.is_on_line());
    assert_eq!(contact_on(&north, "dialup").await.unwrap().line, "dialup");
    assert_eq!(socket.log().dialed.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_ends_hangs_up_and_writes_the_call_down() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    contact_on(&counter, "dialup").await.unwrap();
    assert!(socket.is_on_line());
    let folder = counter.folder.clone();
    Server::start(counter.station).unwrap().close().await;
    assert!(!socket.is_on_line());
    let name = folder.file_name().unwrap().to_str().unwrap();
    let counter = plugged(reopened(&town, name).await, &socket);
    let made = line(&counter).await.calls.remove(0);
    assert_eq!((made.outcome.as_str(), made.fault), ("reached", None));
    assert!(made.seconds > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_nobody_uses_is_hung_up_after_a_while() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    let telephone = Telephone::on(Arc::new(socket.clone()));
    let telephone = telephone.keeping_for(Duration::from_secs(1));
    let counter = counter.at(telephone);
    contact_on(&counter, "dialup").await.unwrap();
    let used = Instant::now();
    soon("it has hung up", async || !socket.is_on_line()).await;
    assert!(used.elapsed() >= Duration::from_millis(900), "{used:?}");
    assert_eq!(socket.log().hung_up, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_anothers_access_server_the_data_center_is_found_by_name_or_where_it_was_last() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    let port: u16 = town.url.rsplit(':').next().unwrap().parse().unwrap();
    counter
        .set_server(&format!("https://localhost:{port}"))
        .await;
    socket.answered_by_another(port, false);
    let refused = contact_on(&counter, "dialup").await.unwrap_err();
    assert_eq!(refused.code, "line_no_name");
    socket.answered_by_another(port, true);
    assert_eq!(contact_on(&counter, "dialup").await.unwrap().line, "dialup");
    counter.station.telephone().hang_up().await;
    // Over the Internet it was seen where the data center is.
    socket.answered_by_another(port, false);
    assert_eq!(counter.contact().await.unwrap().line, "internet");
    assert_eq!(contact_on(&counter, "dialup").await.unwrap().line, "dialup");
    counter.station.telephone().hang_up().await;
    // An address needs no name server.
    counter
        .set_server(&format!("https://127.0.0.1:{port}"))
        .await;
    assert_eq!(contact_on(&counter, "dialup").await.unwrap().line, "dialup");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_modem_is_said_and_holds_no_number_back() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    counter.set_server(NOWHERE).await;
    for (result, code) in [
        ("NO DIALTONE", "no_dial_tone"),
        ("ERROR", "modem_refused"),
        ("NO DIALTONE", "no_dial_tone"),
        ("NO DIALTONE", "no_dial_tone"),
        ("NO DIALTONE", "no_dial_tone"),
    ] {
        socket.fates(&[Fate::Says(result)]);
        assert_eq!(counter.contact().await.unwrap_err().code, code);
    }
    assert_eq!(line(&counter).await.rests_until, None);
    counter
        .station
        .call(Call::SetLine(SetLineCall {
            device: Some("elsewhere".to_owned()),
            ..SetLineCall::default()
        }))
        .await
        .unwrap();
    assert_eq!(counter.contact().await.unwrap_err().code, "modem_port");
    let status = counter.status().await.line;
    assert_eq!((status.kind.as_str(), status.up), ("dialup", false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_without_a_telephone_line_says_how_to_set_one() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("north").await;
    let refused = contact_on(&counter, "dialup").await.unwrap_err();
    assert_eq!(refused.code, "no_line");
    let view = line(&counter).await;
    assert!(!view.ready && view.profiles.len() > 3);
    let bad = Call::SetLine(SetLineCall {
        number: Some("1;+CPIN?".to_owned()),
        ..SetLineCall::default()
    });
    assert_eq!(
        counter.station.call(bad).await.unwrap_err().code,
        "bad_setting"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_cannot_be_set_so_is_refused_in_whole_sentences_that_speak_of_no_money() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("north").await;
    let set = |call| counter.station.call(Call::SetLine(call));
    let text = |text: &str| Some(text.to_owned());
    for wrong in ["7:5", "7:05", "07:5", "24:00", "07:60", "0705", "noon"] {
        let night = SetLineCall {
            night: text(wrong),
            ..SetLineCall::default()
        };
        let refused = set(night).await.unwrap_err();
        assert_eq!(refused.code, "bad_setting", "{wrong}");
    }
    let none = SetLineCall::default;
    for wrong in [
        SetLineCall {
            number: text("12a"),
            ..none()
        },
        SetLineCall {
            prefix: text("9;"),
            ..none()
        },
        SetLineCall {
            night: text("7:5"),
            ..none()
        },
        SetLineCall {
            profile: text("acoustic coupler"),
            ..none()
        },
        SetLineCall {
            profile: text("mobile"),
            ..none()
        },
        SetLineCall {
            cap_minutes: Some(0),
            ..none()
        },
        SetLineCall {
            per_call: text("ten"),
            ..none()
        },
        SetLineCall {
            device: text("a\nb"),
            ..none()
        },
    ] {
        let refused = set(wrong).await.unwrap_err();
        assert_eq!(refused.code, "bad_setting");
        let said = refused.message;
        assert!(said.starts_with(|c: char| c.is_uppercase()), "{said}");
        assert!(said.ends_with(". Nothing was changed."), "{said}");
    }
    let night = SetLineCall {
        night: text("07:05"),
        ..none()
    };
    set(night).await.unwrap();
    assert_eq!(line(&counter).await.night, text("07:05"));
}

/// Waits until the call that is going on has come so far.
pub(crate) async fn until_stage(counter: &Counter, stage: &str) {
    for _ in 0..200 {
        let call = counter.status().await.line.call;
        if call.is_some_and(|call| call.stage == stage) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no call is {stage}");
}

pub(crate) async fn hang_up(counter: &Counter) {
    let view = counter.station.call(Call::HangUp).await.unwrap();
    assert!(matches!(view, View::Status(_)), "{view:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hangs_up_ends_the_dialing_and_no_other_number_is_dialed() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    // The modems meet, and then nothing passes.
    socket.fates(&[Fate::StallsAfter(0)]);
    let clerk = async {
        until_stage(&counter, "connecting").await;
        hang_up(&counter).await;
    };
    let (contact, ()) = tokio::join!(contact_on(&counter, "dialup"), clerk);
    assert_eq!(contact.unwrap_err().code, "hung_up");
    assert_eq!(counter.status().await.line.call, None);
    assert_eq!(socket.log().dialed.len(), 1);
    // It holds no later contact up.
    assert_eq!(contact_on(&counter, "dialup").await.unwrap().line, "dialup");
    hang_up(&counter).await;
    assert!(!socket.is_on_line());
    assert_eq!(counter.status().await.line.call, None);
    assert_eq!(outcomes(&counter).await, ["reached", "failed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_up_in_the_middle_of_a_refill_moves_its_value_once() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "north").await;
    counter.set_server(NOWHERE).await;
    // Before the request has gone, and after it.
    for (round, after) in [1_500, 2_600].into_iter().enumerate() {
        socket.fates(&[Fate::StallsAfter(after)]);
        let dialed = socket.log().dialed.len();
        let clerk = async {
            until_stage(&counter, "up").await;
            tokio::time::sleep(Duration::from_secs(2)).await;
            hang_up(&counter).await;
        };
        let (refill, ()) = tokio::join!(counter.refill("20.00"), clerk);
        assert_eq!(
            socket.log().dialed.len(),
            dialed + 1,
            "nobody dials on by themselves"
        );
        if refill.is_err() {
            counter.refill("20.00").await.unwrap();
        }
        hang_up(&counter).await;
        let total = counter.status().await.registers.control_total;
        let rounds = u64::try_from(round).unwrap() + 1;
        assert_eq!(total, rounds * 20_000, "after {after} bytes");
    }
    assert_eq!(town.balance().await, 60_000);
    town.assert_books_hold().await;
}
