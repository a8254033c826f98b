//! Dial-up with nothing but our own programs, as an admin and a clerk would start them: an exchange
//! whose lines are devices, a data center that answers one, stations that dial at others.
#![cfg(unix)]

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::commands::{Desk, Setting, Site};

/// An address that the data center's certificate names and where nobody listens.
const NOWHERE: &str = "https://127.0.0.1:1";
/// The number of the exchange's first line.
const NUMBER: &str = "5550100";
/// Nothing here takes longer, on however busy a machine.
const LIMIT: Duration = Duration::from_secs(90);

/// An exchange that runs.
struct Exchange {
    process: Child,
    devices: Vec<String>,
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // It may have ended by itself, which a test has noticed then.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Exchange {
    fn with_lines(lines: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_pennyblack-exchange"))
            .args(["--json", "--lines", lines, "--bps", "115200"])
            .args(["--delay", "5", "--speed-up", "50"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let lines: Value = serde_json::from_str(&line).unwrap();
        let lines = lines["lines"].as_array().unwrap();
        let device = |line: &Value| line["device"].as_str().unwrap().to_owned();
        let devices = lines.iter().map(device).collect();
        // What happens on it is read, or it would wait to tell.
        std::thread::spawn(move || said.lines().map_while(Result::ok).for_each(drop));
        Self { process, devices }
    }

    /// A data center that answers the first so many lines.
    fn site(&self, lines: usize) -> Site {
        let modems = self.devices.iter().take(lines);
        Site::set_in("500.00", |_| Setting {
            serve: modems
                .flat_map(|device| ["--modem".to_owned(), device.clone()])
                .collect(),
            ..Setting::default()
        })
    }
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
    }
}

/// Waits until a line can be called: after a call its modem is set up anew.
fn waiting(site: &Site, place: usize) -> Value {
    line(site, place, |line| line["state"] == "waiting")
}

fn dial_at(desk: &Desk, device: &str, number: &str) {
    let set = ["line", "set", "--device", device, "--number", number];
    desk.tell(&set).object();
}

#[test]
fn a_station_is_enrolled_and_refilled_by_modem_alone() {
    let exchange = Exchange::with_lines("3");
    let site = exchange.site(2);
    waiting(&site, 0);
    waiting(&site, 1);
    let desk = site.desk("station");
    dial_at(&desk, &exchange.devices[2], NUMBER);
    let enrolled = site.enrol(&desk, NOWHERE).object();
    let station = enrolled["station"].clone();

    waiting(&site, 0);
    let refill = desk.tell(&["refill", "20.00"]).object();
    assert_eq!(refill["registers"]["descending"], 20_000);
    waiting(&site, 0);
    let services = desk.tell(&["contact", "--line", "dialup"]).objects();
    let names: Vec<_> = services.iter().map(|one| &one["service"]).collect();
    assert_eq!(
        names,
        [
            "keys",
            "funds",
            "rates",
            "accounts",
            "statistics",
            "software"
        ],
        "{services:?}"
    );
    for service in &services {
        let outcome = service["outcome"].as_str();
        assert!(
            outcome == Some("served") || outcome == Some("nothing"),
            "{service}"
        );
    }
    site.assert_books_hold();
    assert_eq!(site.balance(), 480_000);

    let seen = waiting(&site, 0);
    assert_eq!(
        (&seen["calls"], &seen["proved"]),
        (&json!(3), &json!(3)),
        "{seen}"
    );
    assert_eq!(
        (&seen["refused"], &seen["failed"]),
        (&json!(0), &json!(0)),
        "{seen}"
    );
    assert_eq!(line(&site, 1, |_| true)["calls"], 0);
    let calls = site.admin(&["calls"]);
    assert_eq!(calls.len(), 3, "{calls:?}");
    for call in &calls {
        assert_eq!(call["ended"], "served", "{call}");
        assert!(call["received"].as_u64() > Some(1_000), "{call}");
    }
    // The first call was opened with the code, the others with what the certificate came with.
    let callers: Vec<_> = calls
        .iter()
        .map(|call| call["caller"].as_str().unwrap())
        .collect();
    assert!(callers[2].starts_with("code-"), "{callers:?}");
    let psd = station.as_str().unwrap();
    let shown = site.admin(&["station", "show", psd]).remove(0);
    assert_eq!([callers[0], callers[1]], [&shown["station"]; 2]);
    assert_eq!(site.admin(&["calls", "--station", psd]).len(), 2);
    let counted = site.admin(&["calls", "--by", "line"]);
    assert_eq!(counted.len(), 1);
    assert_eq!(
        (&counted[0]["of"], &counted[0]["served"]),
        (&calls[0]["line"], &json!(3))
    );
}

#[test]
fn a_code_that_the_data_center_does_not_know_opens_no_line_and_a_busy_line_leads_to_the_next() {
    let exchange = Exchange::with_lines("5");
    let site = exchange.site(2);
    waiting(&site, 1);
    let (north, south) = (site.desk("north"), site.desk("south"));
    dial_at(&north, &exchange.devices[2], NUMBER);
    dial_at(&south, &exchange.devices[3], NUMBER);
    let other = Site::with_deposit("1.00");
    let strange = other.admin(&["station", "new", "--account", "Demo", "--zip", "83702"]);
    let strange = strange[0]["code"].as_str().unwrap();
    let refused = site.enrol_with(&north, NOWHERE, strange);
    assert_eq!(
        refused.error()["code"],
        "ppp_password_refused",
        "{refused:?}"
    );
    let seen = waiting(&site, 0);
    assert_eq!(
        (&seen["proved"], &seen["refused"]),
        (&json!(0), &seen["calls"]),
        "{seen}"
    );

    site.enrol(&north, NOWHERE).object();
    waiting(&site, 0);
    site.enrol(&south, NOWHERE).object();
    waiting(&site, 0);
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
    let seen = waiting(&site, 0);
    assert_eq!(seen["failed"], 1, "{seen}");
    site.assert_books_hold();
}
