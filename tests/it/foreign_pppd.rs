//! Our PPP and TCP against pppd, the PPP of Linux, in a small virtual machine: as the station's access
//! server with every proof of a name, and as a caller of the data center.
//!
//! `tests/foreign/vm.sh` builds the machine in a folder, and the environment variable
//! `PENNYBLACK_VM` names that folder; `cargo xtask test --vm` does both.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use server::access::Modem;
use server::admin::call::AdminCall;
use shared::call::{ModemPort, PortGone};
use shared::ppp::proof::{Credentials, Method};
use shared::ppp::{Event, Failure, Proof, Reading, Stack, Terms};
use station::services::keys;
use system_tests::town::Town;
use tempfile::TempDir;

/// The folder with the machine.
const MACHINE: &str = "PENNYBLACK_VM";
const QEMU: &str = "qemu-system-x86_64";
/// The machine is emulated instruction by instruction, on however busy a machine.
const BOOT_LIMIT: Duration = Duration::from_secs(180);
const CALL_LIMIT: Duration = Duration::from_secs(120);
/// The port on which the machine sends back what it is sent.
const ECHO: u16 = 7;
const SECRET: &str = "a secret of the station";
/// The address of the data center's end, and the one its caller gets.
const CENTER: Ipv4Addr = Ipv4Addr::new(10, 112, 0, 1);
const STATION: Ipv4Addr = Ipv4Addr::new(10, 112, 0, 2);
/// What is sent to the echo and comes back.
const TEXT_BYTES: usize = 20_000;

/// A machine with pppd on its line.
struct Machine {
    process: Child,
    folder: TempDir,
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _status = self.process.wait();
    }
}

/// The folder with the machine, or why this test is skipped.
fn machine(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(MACHINE).map(PathBuf::from);
    let Some(folder) = folder.filter(|folder| folder.join("initrd").is_file()) else {
        println!("SKIPPED {test}: {MACHINE} names no machine (see CONTRIBUTING.md)");
        return None;
    };
    Some(folder)
}

impl Machine {
    /// Starts it, and waits until it is ready.
    fn boot(built: &Path, role: &str, options: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let console = folder.path().join("console");
        let line = folder.path().join("line");
        let process = Command::new(QEMU)
            .args(["-M", "pc", "-accel", "tcg", "-m", "128"])
            .args(["-display", "none", "-no-reboot", "-net", "none"])
            .arg("-kernel")
            .arg(built.join("vmlinuz"))
            .arg("-initrd")
            .arg(built.join("initrd"))
            .arg("-append")
            .arg(format!("console=ttyS0 quiet role={role} options={options}"))
            .arg("-serial")
            .arg(format!("file:{}", console.display()))
            .arg("-chardev")
            .arg(format!(
                "socket,id=line,path={},server=on,wait=off",
                line.display()
            ))
            .args(["-serial", "chardev:line"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let machine = Self { process, folder };
        let began = Instant::now();
        while !machine.console().contains("READY") {
            assert!(began.elapsed() < BOOT_LIMIT, "{}", machine.console());
            std::thread::sleep(Duration::from_millis(100));
        }
        machine
    }

    /// What it has said so far: pppd logs every packet of the negotiation.
    fn console(&self) -> String {
        let bytes = std::fs::read(self.folder.path().join("console")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until so many calls have ended for it too.
    fn has_ended(&self, calls: usize) {
        let began = Instant::now();
        while self.console().matches("ENDED").count() < calls {
            assert!(began.elapsed() < CALL_LIMIT, "{}", self.console());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The other end of its line.
    fn line(&self) -> PathBuf {
        self.folder.path().join("line")
    }

    /// Begins a link over its line.
    fn call(&self, terms: Terms, secret: Option<&'static str>) -> Call {
        let (line, received) = connect(&self.line());
        Call {
            stack: Stack::begin(terms, Duration::ZERO),
            began: Instant::now(),
            line,
            received,
            secret,
            events: Vec::new(),
        }
    }
}

/// Connects to a machine's line; what it says arrives in pieces, until it is gone.
fn connect(line: &Path) -> (UnixStream, Receiver<Vec<u8>>) {
    let line = UnixStream::connect(line).unwrap();
    let mut from = line.try_clone().unwrap();
    let (send, received) = channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4_096];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if send.send(buffer[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    (line, received)
}

/// Our end of a call.
struct Call {
    stack: Stack,
    began: Instant,
    line: UnixStream,
    received: Receiver<Vec<u8>>,
    /// The secret of whoever gives a name.
    secret: Option<&'static str>,
    events: Vec<Event>,
}

impl Drop for Call {
    fn drop(&mut self) {
        // The machine takes the next caller only then.
        let _gone = self.line.shutdown(std::net::Shutdown::Both);
    }
}

impl Call {
    /// Lets the call go on until `done`; fails after [`CALL_LIMIT`].
    fn run(&mut self, machine: &Machine, mut done: impl FnMut(&mut Self) -> bool) {
        loop {
            let now = self.began.elapsed();
            self.stack.tick(now);
            while let Some(event) = self.stack.next_event() {
                if let Event::Claim(_) = &event {
                    self.stack.answer_claim(now, self.secret);
                }
                self.events.push(event);
            }
            let bytes = self.stack.take_wire(now, 4_096);
            self.line.write_all(&bytes).unwrap();
            if done(self) {
                return;
            }
            assert!(now < CALL_LIMIT, "{:?}\n{}", self.events, machine.console());
            match self.received.recv_timeout(Duration::from_millis(10)) {
                Ok(bytes) => self.stack.input(self.began.elapsed(), &bytes),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.stack.line_lost(),
            }
        }
    }

    /// Waits until the link is up; the other end's address, and the longest packet.
    fn up(&mut self, machine: &Machine) -> (Ipv4Addr, u16) {
        self.run(machine, |call| !call.ups().is_empty());
        self.ups().remove(0)
    }

    fn ups(&self) -> Vec<(Ipv4Addr, u16)> {
        let ups = self.events.iter().filter_map(|event| match event {
            Event::Up(up) => Some((up.peer, up.mtu)),
            Event::Down | Event::Claim(_) | Event::Ended(_) => None,
        });
        ups.collect()
    }

    /// Waits until it is over, and answers how.
    fn ended(&mut self, machine: &Machine) -> Result<(), Failure> {
        self.run(machine, |call| call.stack.link().is_over());
        let Some(Event::Ended(how)) = self.events.last() else {
            panic!("{:?}", self.events);
        };
        *how
    }

    /// Sends a text to the other end's echo, and has it back whole.
    fn echo(&mut self, machine: &Machine, peer: Ipv4Addr) {
        let text: Vec<u8> = (0..TEXT_BYTES)
            .map(|at| (at * 7 + at / 251).to_le_bytes()[0])
            .collect();
        let stream = self.stack.connect(SocketAddrV4::new(peer, ECHO)).unwrap();
        let (mut sent, mut back) = (0, Vec::<u8>::new());
        self.run(machine, |call| {
            sent += call.stack.write(stream, &text[sent..]);
            let mut buffer = [0; 4_096];
            while let Reading::Bytes(count) = call.stack.read(stream, &mut buffer) {
                back.extend(&buffer[..count]);
            }
            back.len() >= text.len()
        });
        assert!(back == text, "what came back is not what was sent");
    }

    /// Both ends agreed to shorten headers, so that what was echoed came through with short ones.
    fn was_short(machine: &Machine) {
        let console = machine.console();
        for heard in ["sent [IPCP ConfAck", "rcvd [IPCP ConfAck"] {
            let mut lines = console.lines().filter(|line| line.contains(heard));
            assert!(lines.any(|line| line.contains("compress VJ")), "{console}");
        }
    }

    fn good_bye(mut self, machine: &Machine) {
        self.stack.close(self.began.elapsed());
        assert_eq!(self.ended(machine), Ok(()));
    }
}

fn station(secret: Option<&str>) -> Terms {
    let credentials =
        secret.map(|secret| Credentials::new("station", secret.to_owned().into()).unwrap());
    Terms::caller(33_600, credentials, [9; 32].into())
}

/// A call of the station into pppd that demands a proof: with the right secret, then with a wrong one.
fn proves(test: &str, demand: &str, logged: &str) {
    let Some(built) = machine(test) else {
        return;
    };
    let machine = Machine::boot(&built, "answer", demand);
    let mut call = machine.call(station(Some(SECRET)), None);
    let (peer, _) = call.up(&machine);
    call.echo(&machine, peer);
    call.good_bye(&machine);
    let console = machine.console();
    assert!(console.contains(logged), "{console}");
    let mut call = machine.call(station(Some("another secret")), None);
    assert_eq!(call.ended(&machine), Err(Failure::PasswordRefused));
}

#[test]
fn pppd_is_called_without_a_proof_and_with_short_packets() {
    let Some(built) = machine("pppd_is_called_without_a_proof_and_with_short_packets") else {
        return;
    };
    let machine = Machine::boot(&built, "answer", "noauth,mru,576,mtu,576");
    let mut call = machine.call(station(None), None);
    let (peer, mtu) = call.up(&machine);
    assert_eq!((peer, mtu), (Ipv4Addr::new(192, 168, 7, 1), 576));
    call.echo(&machine, peer);
    Call::was_short(&machine);
    call.good_bye(&machine);
    assert!(machine.console().contains("<mru 576>"));
}

#[test]
fn pppd_takes_the_proof_by_pap() {
    proves("pppd_takes_the_proof_by_pap", "require-pap", "PAP AuthAck");
}

#[test]
fn pppd_takes_the_proof_by_chap() {
    proves(
        "pppd_takes_the_proof_by_chap",
        "require-chap",
        "CHAP Success",
    );
}

#[test]
fn pppd_takes_the_proof_by_ms_chap_v2() {
    proves(
        "pppd_takes_the_proof_by_ms_chap_v2",
        "require-mschap-v2",
        "chap MS-v2",
    );
}

#[test]
fn pppd_with_the_options_we_package_wants_chap_and_takes_short_packets() {
    let test = "pppd_with_the_options_we_package_wants_chap_and_takes_short_packets";
    let Some(built) = machine(test) else {
        return;
    };
    let options = "file,/etc/ppp/options.pennyblack";
    let machine = Machine::boot(&built, "answer", options);
    let mut call = machine.call(station(Some(SECRET)), None);
    let (peer, mtu) = call.up(&machine);
    assert_eq!((peer, mtu), (Ipv4Addr::new(192, 168, 7, 1), 576));
    call.echo(&machine, peer);
    Call::was_short(&machine);
    call.good_bye(&machine);
    machine.has_ended(1);
    let mut call = machine.call(station(Some("another secret")), None);
    assert_eq!(call.ended(&machine), Err(Failure::PasswordRefused));
    drop(call);
    machine.has_ended(2);
    let mut call = machine.call(station(None), None);
    let ended = call.ended(&machine);
    let console = machine.console();
    assert_eq!(ended, Err(Failure::EndedByPeer), "{console}");
    assert_eq!(call.ups(), []);
    assert!(
        console.contains("peer refused to authenticate"),
        "{console}"
    );
    assert!(console.contains("CHAP Success"), "{console}");
    assert!(!console.contains("auth pap"), "{console}");
}

#[test]
fn pppd_calls_the_data_centers_end_and_proves_its_name() {
    let Some(built) = machine("pppd_calls_the_data_centers_end_and_proves_its_name") else {
        return;
    };
    let machine = Machine::boot(&built, "call", "noauth");
    let answerer = || Terms::answerer(33_600, "center", CENTER, STATION, [8; 32].into());
    let mut call = machine.call(answerer(), Some(SECRET));
    assert_eq!(call.up(&machine).0, STATION);
    let claim = Event::Claim("station".to_owned());
    assert!(call.events.contains(&claim), "{:?}", call.events);
    call.echo(&machine, STATION);
    call.good_bye(&machine);
    let console = machine.console();
    assert!(
        console.contains("local  IP address 10.112.0.2"),
        "{console}"
    );

    // The other way of CHAP, for callers that know no other.
    let mut terms = answerer();
    terms.proof = Proof::Demanded {
        own_name: "center".to_owned(),
        methods: vec![Method::ChapMd5],
    };
    let mut call = machine.call(terms, Some(SECRET));
    assert_eq!(call.up(&machine).0, STATION);
    call.good_bye(&machine);

    let mut call = machine.call(answerer(), Some("another secret"));
    assert_eq!(call.ended(&machine), Err(Failure::PasswordRefused));
    assert!(call.ups().is_empty());
}

/// A modem of the data center, which the machine calls once.
struct Called {
    line: PathBuf,
    /// What it says to its port.
    said: VecDeque<u8>,
    command: Vec<u8>,
    call: Option<(UnixStream, Receiver<Vec<u8>>)>,
    has_rung: bool,
}

impl Called {
    fn on(line: PathBuf) -> Self {
        Self {
            line,
            said: VecDeque::new(),
            command: Vec::new(),
            call: None,
            has_rung: false,
        }
    }

    fn say(&mut self, text: &str) {
        self.said.extend(format!("\r\n{text}\r\n").bytes());
    }

    /// Does what a command says: it is brought up, rings, and is answered.
    fn obey(&mut self, command: &str) {
        if command == "ATA" {
            self.call = Some(connect(&self.line));
            self.say("CONNECT 33600");
            return;
        }
        self.say("OK");
        if command.contains("S0=0") && !self.has_rung {
            self.has_rung = true;
            self.say("RING");
        }
    }

    fn hang_up(&mut self) {
        if let Some((line, _)) = self.call.take() {
            // It may be gone already.
            line.shutdown(std::net::Shutdown::Both).ok();
            self.say("NO CARRIER");
        }
    }
}

impl ModemPort for Called {
    fn read(&mut self, to: &mut [u8], wait: Duration) -> Result<usize, PortGone> {
        if self.said.is_empty() {
            match &self.call {
                None => std::thread::sleep(wait),
                Some((_, received)) => match received.recv_timeout(wait) {
                    Ok(bytes) => self.said.extend(bytes),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => self.hang_up(),
                },
            }
        }
        let count = to.len().min(self.said.len());
        for (place, byte) in to.iter_mut().zip(self.said.drain(..count)) {
            *place = byte;
        }
        Ok(count)
    }

    fn room(&mut self) -> usize {
        512
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortGone> {
        if let Some((line, _)) = &mut self.call {
            if line.write_all(bytes).is_err() {
                self.hang_up();
            }
            return Ok(bytes.len());
        }
        for byte in bytes {
            if *byte == b'\r' {
                let command = std::mem::take(&mut self.command);
                self.obey(&String::from_utf8_lossy(&command));
            } else {
                self.command.push(*byte);
            }
        }
        Ok(bytes.len())
    }

    fn has_lines(&self) -> bool {
        true
    }

    fn set_dtr(&mut self, up: bool) -> Result<(), PortGone> {
        if !up {
            self.hang_up();
        }
        Ok(())
    }

    fn carrier(&mut self) -> Result<Option<bool>, PortGone> {
        Ok(Some(self.call.is_some()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pppd_calls_a_data_center_and_reaches_its_tls_and_nothing_else() {
    let test = "pppd_calls_a_data_center_and_reaches_its_tls_and_nothing_else";
    let Some(built) = machine(test) else {
        return;
    };
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    let kept = counter.station.apply(|owner| keys::dial_in(owner)).await;
    let dial_in = kept.unwrap().unwrap();
    let options = format!(
        "noauth,defaultroute,ipparam,probe,user,{},password,{}",
        dial_in.name, dial_in.secret
    );
    let machine = Machine::boot(&built, "call", &options);
    let line = machine.line();
    let open = Box::new(move || Ok::<Box<dyn ModemPort>, _>(Box::new(Called::on(line.clone()))));
    let (town, dialup) = town.answering(vec![Modem::new("vm", open)]).await;
    let began = Instant::now();
    while !machine.console().contains("PROBED") {
        let seen = town.admin(AdminCall::Lines).await;
        let console = machine.console();
        assert!(began.elapsed() < CALL_LIMIT, "{seen:?}\n{console}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let console = machine.console();
    for address in ["10.112.0.1", "203.0.113.9"] {
        assert!(
            console.contains(&format!("OPEN {address} 443")),
            "{console}"
        );
        for port in [22, 80, 7443] {
            assert!(
                console.contains(&format!("SHUT {address} {port}")),
                "{console}"
            );
        }
    }
    assert_eq!(
        console.matches("Protocol version: TLSv1.3").count(),
        2,
        "{console}"
    );
    assert!(console.contains("CHAP Success"), "{console}");
    assert!(
        console.contains("local  IP address 10.112.0.2"),
        "{console}"
    );
    let seen = town.admin(AdminCall::Lines).await.remove(0);
    assert_eq!(seen["caller"], dial_in.name, "{seen}");
    assert_eq!(seen["streams"], 4, "{seen}");
    dialup.hang_up().await;
    let made = AdminCall::Calls {
        days: 1,
        station: None,
        by: None,
    };
    let made = town.admin(made).await.remove(0);
    assert_eq!(
        (&made["ended"], &made["caller"]),
        (&"served".into(), &seen["caller"])
    );
}
