//! The exchange as programs meet it: devices, opened, spoken to and closed.
#![cfg(unix)]

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Nothing here takes longer, on however busy a machine.
const LIMIT: Duration = Duration::from_secs(60);

/// A little more than the silence that the escape needs on each side.
const GUARD: Duration = Duration::from_millis(1_200);

/// An exchange that runs, and what it has said.
pub(crate) struct Running {
    process: Child,
    said: BufReader<ChildStdout>,
    pub(crate) devices: Vec<String>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _status = self.process.wait();
    }
}

impl Running {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_pennyblack-exchange"))
            .arg("--json")
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let lines: serde_json::Value = serde_json::from_str(&line).unwrap();
        let lines = lines["lines"].as_array().unwrap().iter();
        let devices = lines.map(|line| line["device"].as_str().unwrap().to_owned());
        Self {
            devices: devices.collect(),
            process,
            said,
        }
    }

    /// The next thing that it says has happened.
    pub(crate) fn next(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        let what: serde_json::Value = serde_json::from_str(&line).unwrap();
        what["what"].as_str().unwrap().to_owned()
    }
}

/// A program at a device.
struct Port {
    file: File,
    from: Receiver<Vec<u8>>,
    heard: String,
}

impl Port {
    fn open(device: &str) -> Self {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(device)
            .unwrap();
        let mut reading = file.try_clone().unwrap();
        let (send, from) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 256];
            while let Ok(count @ 1..) = reading.read(&mut buffer) {
                if send.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            file,
            from,
            heard: String::new(),
        }
    }

    fn say(&mut self, text: &str) {
        self.file.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until that was heard, and forgets what came before it.
    fn hears(&mut self, text: &str) {
        let until = Instant::now() + LIMIT;
        while !self.heard.contains(text) {
            assert!(Instant::now() < until, "{text:?} in {:?}", self.heard);
            if let Ok(bytes) = self.from.recv_timeout(Duration::from_millis(50)) {
                self.heard.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
        let place = self.heard.find(text).unwrap() + text.len();
        self.heard.drain(..place);
    }
}

#[test]
fn a_program_at_one_device_calls_a_program_at_another() {
    let mut exchange = Running::start(&["--speed-up", "100", "--bps", "115200", "--delay", "1"]);
    let [center, station] = &exchange.devices[..] else {
        panic!("{:?}", exchange.devices);
    };
    let (mut center, mut station) = (Port::open(center), Port::open(station));
    center.say("ATE0S0=1\r");
    center.hears("OK\r\n");
    station.say("ATE0\r");
    station.hears("OK\r\n");
    station.say("ATDT5550100\r");
    center.hears("RING\r\n");
    station.hears("CONNECT 115200\r\n");
    center.hears("CONNECT 115200\r\n");
    station.say("postage");
    center.hears("postage");
    center.say("paid");
    station.hears("paid");
    assert_eq!(exchange.next(), "line 2 dials 5550100");
    assert_eq!(exchange.next(), "line 1 rings");
    assert_eq!(exchange.next(), "line 2 is connected with line 1");
    // The escape stands between two silences.
    std::thread::sleep(GUARD);
    station.say("+++");
    std::thread::sleep(GUARD);
    station.hears("OK\r\n");
    station.say("ATH\r");
    station.hears("OK\r\n");
    center.hears("NO CARRIER\r\n");
    assert!(
        exchange
            .next()
            .contains("line 2 has hung up: 10 bytes there, 4 back")
    );
}

#[test]
fn closing_a_device_hangs_up() {
    let mut exchange = Running::start(&["--speed-up", "100"]);
    let mut center = Port::open(&exchange.devices[0]);
    center.say("ATE0S0=1\r");
    center.hears("OK\r\n");
    let mut station = OpenOptions::new();
    let mut station = station
        .read(true)
        .write(true)
        .open(&exchange.devices[1])
        .unwrap();
    station.write_all(b"ATD5550100\r").unwrap();
    center.hears("CONNECT 33600\r\n");
    for _ in 0..3 {
        exchange.next();
    }
    drop(station);
    center.hears("NO CARRIER\r\n");
    assert!(exchange.next().contains("line 2 has hung up"));
}

#[test]
fn an_exchange_that_is_asked_to_end_ends_well() {
    let mut exchange = Running::start(&[]);
    let process = exchange.process.id().to_string();
    let told = Command::new("kill").arg(process).status().unwrap();
    assert!(told.success());
    assert!(exchange.process.wait().unwrap().success());
}

#[test]
fn help_is_for_people_and_nonsense_is_refused() {
    let said = |argument: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pennyblack-exchange"));
        command.arg(argument).output().unwrap()
    };
    let help = String::from_utf8(said("--help").stdout).unwrap();
    for word in ["--lines N", "--faults LIST", "ber=2e-5", "no-dialtone"] {
        assert!(help.contains(word), "{help}");
    }
    assert_eq!(said("--lines=two").status.code(), Some(2));
}
