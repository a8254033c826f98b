//! Dial-up as an office meets it, program by program: `pennyblack` at one device of the exchange,
//! `pennyblack-server serve --modem` at another, and `pennyblack-exchange` between them.
#![cfg(unix)]

use std::time::{Duration, Instant};

use system_tests::relay::Relay;
use tokio::runtime::Runtime;

use crate::commands::{Desk, Setting, Site};
use crate::exchange::Running;

/// The data center's number on the exchange.
const NUMBER: &str = "5550100";

/// An exchange on which only the people are fast, and a data center that answers its first line.
fn answered(arguments: &[&str]) -> (Running, Site) {
    let hurried = [&["--speed-up", "50"], arguments].concat();
    let exchange = Running::start(&hurried);
    let modem = exchange.devices[0].clone();
    let site = Site::set_in("100.00", |_| Setting {
        serve: vec!["--modem".to_owned(), modem],
        ..Setting::default()
    });
    (exchange, site)
}

/// Sets the station's line up at the second device.
fn set_line(desk: &Desk, exchange: &Running) {
    let words = [
        "line",
        "set",
        "--device",
        &exchange.devices[1],
        "--number",
        NUMBER,
    ];
    let line = desk.tell(&[&words[..], &["--per-minute", "0.05"]].concat());
    assert_eq!(line.object()["ready"], true);
}

/// Waits until the data center's modem has hung up too: until then its number is busy.
fn free(site: &Site) {
    for _ in 0..300 {
        if site.admin(&["lines"])[0]["state"] == "waiting" {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{:?}", site.admin(&["lines"]));
}

/// The services of a contact, all of them served.
fn assert_served(told: &[serde_json::Value]) {
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
fn calls(desk: &Desk) -> Vec<serde_json::Value> {
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
        assert_eq!(call["fault"], serde_json::Value::Null, "{call}");
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
    let (exchange, site) = answered(&["--bps", "1000000", "--delay", "5"]);
    let desk = site.desk("station");
    set_line(&desk, &exchange);
    site.enrol(&desk, "https://127.0.0.1:9").object();
    free(&site);
    desk.tell(&["refill", "20.00"]).object();
    // The prices take more bytes than one call may have: each brings some.
    let mut left = 5;
    let is_left = |told: &[serde_json::Value]| {
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
