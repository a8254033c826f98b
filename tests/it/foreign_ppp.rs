//! Our PPP and TCP against a program that nobody here wrote: Debian's slirp, an access server in
//! user space that relays the caller's streams to this machine's loopback.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use shared::ppp::{Addresses, Event, Reading, Stack, StreamId, StreamState, Terms};

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
    process: Child,
    to: ChildStdin,
    from: Receiver<Vec<u8>>,
    events: Vec<Event>,
}

impl Drop for Call {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _status = self.process.wait();
    }
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

impl Call {
    fn dial(terms: Terms) -> Self {
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
        Self {
            stack: Stack::begin(terms, Duration::ZERO),
            started: Instant::now(),
            process,
            to,
            from,
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
            if self
                .to
                .write_all(&bytes)
                .and_then(|()| self.to.flush())
                .is_err()
            {
                self.stack.line_lost();
            }
            if done(self) {
                return;
            }
            assert!(now < LIMIT, "{:?} {:?}", self.events, self.stack);
            let wake = self.stack.wake_at().unwrap_or(now);
            let wait = wake.saturating_sub(now).min(Duration::from_millis(20));
            match self.from.recv_timeout(wait.max(Duration::from_millis(1))) {
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
    let mut terms = Terms::caller(115_200, None, [9; 32].into());
    // slirp names no address of its own, and leaves unless it is told this one.
    terms.addresses = Addresses::Asks {
        peer_without_one: MACHINE,
    };
    let mut call = Call::dial(terms);
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
