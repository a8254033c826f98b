//! Dial-up as an office meets it, program by program: `pennyblack` at one device of the exchange,
//! `pennyblack-server serve --modem` at another, and `pennyblack-exchange` between them.
#![cfg(unix)]

use std::fs::File;
use std::io::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use system_tests::relay::Relay;
use tokio::runtime::Runtime;

use crate::commands::{Desk, Setting, Site};
use crate::exchange::Running;

/// The data center's number on the exchange.
const NUMBER: &str = "5550100";

/// An address that the data center's certificate names and where nobody listens.
const NOWHERE: &str = "https://127.0.0.1:1";

/// Nothing here takes longer, on however busy a machine.
const LIMIT: Duration = Duration::from_secs(90);

/// Lines that nobody waits for.
const AT_ONCE: [&str; 4] = ["--bps", "1000000", "--delay", "5"];

/// An exchange on which only the people are fast, and a data center that answers its first line.
fn answered(arguments: &[&str]) -> (Running, Site) {
    answered_on(1, arguments)
}

/// The same with a data center that answers the first so many lines.
fn answered_on(lines: usize, arguments: &[&str]) -> (Running, Site) {
    let hurried = [&["--speed-up", "50"], arguments].concat();
    let exchange = Running::start(&hurried);
    let modems = exchange.devices.iter().take(lines);
    let serve = modems.flat_map(|device| ["--modem".to_owned(), device.clone()]);
    let serve = serve.collect();
    let site = Site::set_in("100.00", |_| Setting {
        serve,
        ..Setting::default()
    });
    (exchange, site)
}

/// Sets the station's line up at the second device.
fn set_line(desk: &Desk, exchange: &Running) {
    set_line_at(desk, &exchange.devices[1]);
}

fn set_line_at(desk: &Desk, device: &str) {
    let words = ["line", "set", "--device", device, "--number", NUMBER];
    let line = desk.tell(&[&words[..], &["--per-minute", "0.05"]].concat());
    assert_eq!(line.object()["ready"], true);
}

/// Waits until the data center's modem has hung up too: until then its number is busy.
fn free(site: &Site) -> Value {
    line(site, 0, |line| line["state"] == "waiting")
}

/// Waits until a line of the data center is as it should be.
fn line(site: &Site, place: usize, is_so: impl Fn(&Value) -> bool) -> Value {
    let until = Instant::now() + LIMIT;
    loop {
        let mut lines = site.admin(&["lines"]);
        if lines.get(place).is_some_and(&is_so) {
            return lines.remove(place);
        }
        assert!(Instant::now() < until, "{lines:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The services of a contact, all of them served.
fn assert_served(told: &[Value]) {
    assert!(told.len() > 3, "{told:?}");
    for service in told {
        let outcome = service["outcome"].as_str().unwrap();
        assert!(
            ["served", "nothing", "deferred"].contains(&outcome),
            "{service}"
        );
    }
}

/// The calls in the record, the newest first.
fn calls(desk: &Desk) -> Vec<Value> {
    let line = desk.tell(&["line", "show"]).object();
    line["calls"].as_array().unwrap().clone()
}

#[test]
fn a_station_meets_the_data_center_by_telephone_and_refills_when_the_internet_is_down() {
    let (exchange, site) = answered(&[]);
    let runtime = Runtime::new().unwrap();
    let relay = runtime.block_on(Relay::to(&site.url(), Duration::ZERO));
    let desk = site.desk("station");
    site.enrol(&desk, &relay.url).object();
    set_line(&desk, &exchange);
    // The clerk asks for it while the Internet is there.
    assert_served(&desk.tell(&["contact", "--line", "dialup"]).objects());
    assert_eq!(desk.tell(&["status"]).object()["line"]["kind"], "dialup");
    // The Internet is gone: nothing is asked of the clerk.
    drop(runtime);
    free(&site);
    let clicked = Instant::now();
    let refill = desk.tell(&["refill", "20.00"]).object();
    let took = clicked.elapsed();
    assert_eq!(refill["registers"]["descending"], 20_000);
    assert!(took < Duration::from_secs(60), "{took:?}");
    let made = calls(&desk);
    assert_eq!(made.len(), 2, "{made:?}");
    for call in &made {
        assert_eq!(call["outcome"], "reached", "{call}");
        assert_eq!(call["fault"], Value::Null, "{call}");
        assert!(call["seconds"].as_u64().unwrap() > 0, "{call}");
        assert_eq!(call["said"], "33600", "{call}");
    }
    let line = &site.admin(&["lines"])[0];
    assert_eq!(
        (&line["proved"], &line["refused"]),
        (&2.into(), &0.into()),
        "{line}"
    );
    site.assert_books_hold();
}

#[test]
fn a_station_that_has_no_internet_at_all_is_enrolled_and_prints_by_telephone_alone() {
    let (exchange, site) = answered(&AT_ONCE);
    let desk = site.desk("station");
    set_line(&desk, &exchange);
    let enrolled = site.enrol(&desk, NOWHERE).object();
    free(&site);
    desk.tell(&["refill", "20.00"]).object();
    // The prices take more bytes than one call may have: each brings some.
    let mut left = 5;
    let is_left = |told: &[Value]| {
        let mut services = told.iter();
        services.any(|service| service["outcome"] == "deferred")
    };
    loop {
        free(&site);
        let told = desk.tell(&["contact", "--line", "dialup"]).objects();
        assert_served(&told);
        if !is_left(&told) {
            break;
        }
        left -= 1;
        assert!(left > 0, "{told:?}");
    }
    let letter = site.path("letter.pdf").display().to_string();
    let print = "print postage --class first-class --shape letter --weight 1oz --to 10001 --pdf";
    let mut print: Vec<&str> = print.split(' ').collect();
    print.push(&letter);
    desk.tell(&print).object();
    site.assert_books_hold();
    assert_calls_are_counted(&site, enrolled["station"].as_str().unwrap());
}

/// What the admin reads of the calls of one station that has no other line.
fn assert_calls_are_counted(site: &Site, psd: &str) {
    let seen = free(site);
    let calls = site.admin(&["calls"]);
    let made = json!(calls.len());
    assert_eq!((&seen["calls"], &seen["proved"]), (&made, &made), "{seen}");
    let none = json!(0);
    assert_eq!(
        (&seen["refused"], &seen["failed"]),
        (&none, &none),
        "{seen}"
    );
    for call in &calls {
        assert_eq!(call["ended"], "served", "{call}");
        assert!(call["received"].as_u64() > Some(1_000), "{call}");
    }
    // The first call was opened with the code, the others with what the certificate came with.
    let (first, others) = calls.split_last().unwrap();
    let code = first["caller"].as_str().unwrap();
    assert!(code.starts_with("code-"), "{code}");
    let shown = site.admin(&["station", "show", psd]).remove(0);
    for call in others {
        assert_eq!(call["caller"], shown["station"], "{call}");
    }
    let of_station = site.admin(&["calls", "--station", psd]);
    assert_eq!(of_station.len(), others.len());
    let counted = site.admin(&["calls", "--by", "line"]);
    assert_eq!(counted.len(), 1);
    assert_eq!(
        (&counted[0]["of"], &counted[0]["served"]),
        (&first["line"], &made)
    );
}

#[test]
fn a_command_that_is_killed_in_a_call_leaves_no_line_taken_and_its_refill_is_completed_once() {
    let (mut exchange, site) = answered(&["--bps", "9600"]);
    let runtime = Runtime::new().unwrap();
    let relay = runtime.block_on(Relay::to(&site.url(), Duration::ZERO));
    let desk = site.desk("station");
    site.enrol(&desk, &relay.url).object();
    set_line(&desk, &exchange);
    drop(runtime);
    let mut command = desk.command(&["refill", "20.00"]);
    let mut refill = command.spawn().unwrap();
    while !exchange.next().contains("is connected") {}
    std::thread::sleep(Duration::from_secs(3));
    refill.kill().unwrap();
    refill.wait().unwrap();
    // The device is closed: that hangs up.
    while !exchange.next().contains("hung up") {}
    free(&site);
    assert_served(&desk.tell(&["contact", "--line", "dialup"]).objects());
    let held = &desk.tell(&["status"]).object()["registers"]["descending"];
    let held = held.as_u64().unwrap();
    assert!([0, 20_000].contains(&held), "{held}");
    assert_eq!(site.balance(), 100_000 - held);
    site.assert_books_hold();
}

#[test]
fn a_code_that_the_data_center_does_not_know_opens_no_line_and_a_busy_line_leads_to_the_next() {
    let (exchange, site) = answered_on(2, &[&["--lines", "5"][..], &AT_ONCE].concat());
    line(&site, 1, |line| line["state"] == "waiting");
    let (north, south) = (site.desk("north"), site.desk("south"));
    set_line_at(&north, &exchange.devices[2]);
    set_line_at(&south, &exchange.devices[3]);
    let other = Site::with_deposit("1.00");
    let strange = other.admin(&["station", "new", "--account", "Demo", "--zip", "83702"]);
    let strange = strange[0]["code"].as_str().unwrap();
    let refused = site.enrol_with(&north, NOWHERE, strange);
    assert_eq!(
        refused.error()["code"],
        "ppp_password_refused",
        "{refused:?}"
    );
    let seen = free(&site);
    assert_eq!(
        (&seen["proved"], &seen["refused"]),
        (&json!(0), &seen["calls"]),
        "{seen}"
    );

    site.enrol(&north, NOWHERE).object();
    free(&site);
    site.enrol(&south, NOWHERE).object();
    free(&site);
    south
        .tell(&["line", "set", "--alternate", "5550101"])
        .object();
    // Somebody holds the first line, and says nothing.
    let mut holder = File::options()
        .read(true)
        .write(true)
        .open(&exchange.devices[4])
        .unwrap();
    holder.write_all(b"ATD5550100\r").unwrap();
    line(&site, 0, |line| line["state"] == "connected");
    let refill = south.tell(&["refill", "20.00"]).object();
    assert_eq!(refill["registers"]["descending"], 20_000);
    assert_eq!(line(&site, 1, |_| true)["proved"], 1);
    let seen = free(&site);
    assert_eq!(seen["failed"], 1, "{seen}");
    site.assert_books_hold();
}
