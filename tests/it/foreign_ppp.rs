//! Our PPP and TCP against a program that nobody here wrote: Debian's slirp, an access server in
//! user space that relays the caller's streams to this machine's loopback.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use shared::call::{ModemPort, PortGone};
use shared::ppp::{Event, Reading, Stack, StreamId, StreamState, Terms};
use station::api::{Call as StationCall, ContactCall, SetLineCall, View};
use station::contact::dialup::ports::{Port, Ports};
use station::contact::dialup::telephone::Telephone;
use system_tests::town::Town;

/// slirp's name for the machine it runs on.
const MACHINE: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);
/// The address slirp gives its caller.
const CALLER: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 15);
/// Long enough for a busy machine; a call here takes about two seconds.
const LIMIT: Duration = Duration::from_secs(60);
/// What is sent to the loopback and comes back.
const TEXT_BYTES: usize = 60_000;

/// A call into slirp, with socat holding the line between them.
struct Call {
    stack: Stack,
    started: Instant,
    slirp: Slirp,
    events: Vec<Event>,
}

/// The programs that are not installed here.
fn missing() -> Option<&'static str> {
    let is_there = |name: &str| {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&paths).any(|folder| folder.join(name).is_file())
    };
    ["slirp-fullbolt", "socat"]
        .into_iter()
        .find(|name| !is_there(name))
}

/// slirp in a process of its own, ended with this.
struct Slirp {
    process: Child,
    to: ChildStdin,
    from: Receiver<Vec<u8>>,
}

impl Drop for Slirp {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _status = self.process.wait();
    }
}

impl Slirp {
    fn start() -> Self {
        let slirp =
            "EXEC:slirp-fullbolt ppp \"host address 127.0.0.1\",pty,rawer,echo=0".to_owned();
        let mut process = Command::new("socat")
            .args(["STDIO", &slirp])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let to = process.stdin.take().unwrap();
        let mut out = process.stdout.take().unwrap();
        let (send, from) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(count @ 1..) = out.read(&mut buffer) {
                if send.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { process, to, from }
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.to.write_all(bytes)?;
        self.to.flush()
    }
}

impl Call {
    fn dial(terms: Terms) -> Self {
        Self {
            stack: Stack::begin(terms, Duration::ZERO),
            started: Instant::now(),
            slirp: Slirp::start(),
            events: Vec::new(),
        }
    }

    /// Lets the call go on until `done`; fails after [`LIMIT`].
    fn run(&mut self, mut done: impl FnMut(&mut Self) -> bool) {
        loop {
            let now = self.started.elapsed();
            self.stack.tick(now);
            while let Some(event) = self.stack.next_event() {
                self.events.push(event);
            }
            let bytes = self.stack.take_wire(now, 4_096);
            if self.slirp.write(&bytes).is_err() {
                self.stack.line_lost();
            }
            if done(self) {
                return;
            }
            assert!(now < LIMIT, "{:?} {:?}", self.events, self.stack);
            let wake = self.stack.wake_at().unwrap_or(now);
            let wait = wake.saturating_sub(now).min(Duration::from_millis(20));
            let wait = wait.max(Duration::from_millis(1));
            match self.slirp.from.recv_timeout(wait) {
                Ok(bytes) => self.stack.input(self.started.elapsed(), &bytes),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.stack.line_lost(),
            }
        }
    }

    fn is_up(&self) -> bool {
        matches!(self.events.last(), Some(Event::Up(_)))
    }
}

/// A server on the loopback that sends back what it is sent, for one caller.
fn echo() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        if let Ok((mut stream, _)) = listener.accept() {
            let mut buffer = [0; 4_096];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                if stream.write_all(&buffer[..count]).is_err() {
                    return;
                }
            }
        }
    });
    port
}

fn read(stack: &mut Stack, id: StreamId, to: &mut Vec<u8>) {
    let mut buffer = [0; 4_096];
    while let Reading::Bytes(count) = stack.read(id, &mut buffer) {
        to.extend(&buffer[..count]);
    }
}

#[test]
fn a_stream_passes_through_slirp_and_back() {
    if let Some(missing) = missing() {
        println!("SKIPPED a_stream_passes_through_slirp_and_back: {missing} is not installed");
        return;
    }
    let mut call = Call::dial(Terms::caller(115_200, None, [9; 32].into()));
    call.run(|call| call.is_up());
    let Some(Event::Up(up)) = call.events.last() else {
        panic!("{:?}", call.events);
    };
    assert_eq!((up.own, up.peer), (CALLER, MACHINE));

    let text: Vec<u8> = (0..TEXT_BYTES)
        .map(|at| (at * 7 + at / 251).to_le_bytes()[0])
        .collect();
    let stream = call
        .stack
        .connect(SocketAddrV4::new(MACHINE, echo()))
        .unwrap();
    let (mut sent, mut back) = (0, Vec::new());
    call.run(|call| {
        sent += call.stack.write(stream, &text[sent..]);
        read(&mut call.stack, stream, &mut back);
        back.len() >= text.len()
    });
    assert!(back == text, "what came back is not what was sent");
    assert_eq!(call.stack.state(stream), StreamState::Open);
    assert!(call.stack.link().frame_counts().good > 100);

    call.stack.close(call.started.elapsed());
    call.run(|call| call.stack.link().is_over());
    assert_eq!(call.events.last(), Some(&Event::Ended(Ok(()))));
}

/// A computer whose only modem reaches slirp, whatever it dials.
struct AnotherServer;

impl Ports for AnotherServer {
    fn open(&self, _: &str) -> std::io::Result<Box<dyn ModemPort>> {
        Ok(Box::new(Modem::default()))
    }

    fn list(&self) -> Vec<Port> {
        Vec::new()
    }
}

/// A modem that says what a caller needs to hear, and then passes everything.
#[derive(Default)]
struct Modem {
    said: Vec<u8>,
    command: Vec<u8>,
    call: Option<Slirp>,
}

impl Modem {
    fn obey(&mut self, byte: u8) {
        if byte != b'\r' {
            self.command.push(byte);
            return;
        }
        let command = std::mem::take(&mut self.command);
        if command.starts_with(b"ATDT") {
            self.call = Some(Slirp::start());
            self.said.extend(b"\r\nCONNECT 115200\r\n");
        } else {
            self.said.extend(b"\r\nOK\r\n");
        }
    }
}

impl ModemPort for Modem {
    fn read(&mut self, to: &mut [u8], wait: Duration) -> Result<usize, PortGone> {
        if self.said.is_empty() {
            match self
                .call
                .as_ref()
                .map(|slirp| slirp.from.recv_timeout(wait))
            {
                Some(Ok(bytes)) => self.said = bytes,
                Some(Err(RecvTimeoutError::Timeout)) => {}
                Some(Err(RecvTimeoutError::Disconnected)) => self.call = None,
                None => std::thread::sleep(wait.min(Duration::from_millis(10))),
            }
        }
        let count = self.said.len().min(to.len());
        for (to, byte) in to.iter_mut().zip(self.said.drain(..count)) {
            *to = byte;
        }
        Ok(count)
    }

    fn room(&mut self) -> usize {
        usize::MAX
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortGone> {
        match &mut self.call {
            Some(slirp) => drop(slirp.write(bytes)),
            None => bytes.iter().for_each(|byte| self.obey(*byte)),
        }
        Ok(bytes.len())
    }

    fn has_lines(&self) -> bool {
        true
    }

    fn set_dtr(&mut self, up: bool) -> Result<(), PortGone> {
        if !up {
            self.call = None;
        }
        Ok(())
    }

    fn carrier(&mut self) -> Result<Option<bool>, PortGone> {
        Ok(Some(self.call.is_some()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_refills_over_an_access_server_of_others() {
    if let Some(missing) = missing() {
        println!(
            "SKIPPED a_station_refills_over_an_access_server_of_others: {missing} is not installed"
        );
        return;
    }
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("slirped").await;
    let counter = counter.at(Telephone::on(Arc::new(AnotherServer)));
    let line = SetLineCall {
        device: Some("modem".to_owned()),
        number: Some("5550199".to_owned()),
        ..SetLineCall::default()
    };
    counter
        .station
        .call(StationCall::SetLine(line))
        .await
        .unwrap();
    let dialup = ContactCall {
        line: Some("dialup".to_owned()),
    };
    let contact = counter.station.call(StationCall::Contact(dialup)).await;
    let View::Contact(contact) = contact.unwrap() else {
        panic!("a contact answers with what was served");
    };
    assert_eq!(contact.line, "dialup");
    // The call is kept for a while, and what needs a line goes over it.
    let refill = counter.refill("20.00").await.unwrap();
    assert_eq!(refill.registers.descending, 20_000);
    let status = counter.status().await;
    assert_eq!(status.line.kind, "dialup");
    counter.station.telephone().hang_up().await;
    town.assert_books_hold().await;
}
