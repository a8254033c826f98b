//! A modem on a port of its own, with the town's data center at the other end of its line.
//!
//! It knows what a caller needs of a modem and says to each number what it is told to. Behind it an
//! answerer speaks PPP and carries every stream to the data center's own address. Nothing of it is
//! slow: what a line does to bytes is the exchange's matter.

use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use shared::call::{ModemPort, PortGone};
use shared::ppp::{Addresses, Event, Proof, Reading, Stack, StreamId, Terms};
use station::contact::dialup::ports::{Port, Ports};

const CENTER: Ipv4Addr = Ipv4Addr::new(10, 7, 0, 1);
const STATION: Ipv4Addr = Ipv4Addr::new(10, 7, 0, 2);
/// Behind another's access server: its name server, and where that says the data center is.
const NAMES: Ipv4Addr = Ipv4Addr::new(10, 7, 9, 53);
const BEHIND: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 5);
/// The port of the services on a line, and that of name servers.
const HTTPS: u16 = 443;
const DNS: u16 = 53;
/// Between two looks of the other end.
const LOOK: Duration = Duration::from_millis(1);

/// What the other end does to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The modem says this, and there is no call.
    Says(&'static str),
    /// It carries everything.
    Good,
    /// It is cut when the station has sent so many bytes.
    CutAfter(usize),
    /// Nothing passes any more when the station has sent so many bytes.
    StallsAfter(usize),
}

/// What happened at a modem.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Each dialed number, with the time.
    pub dialed: Vec<(String, Instant)>,
    /// Calls that were hung up by the station, by the line.
    pub hung_up: usize,
    /// Bytes the station has sent over calls.
    pub sent: usize,
    /// Streams it has opened in calls.
    pub streams: usize,
}

/// The wall socket: one modem on the port `modem`.
#[derive(Clone)]
pub struct Socket(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    news: Condvar,
}

struct State {
    center: SocketAddr,
    another: Option<Another>,
    fates: VecDeque<Fate>,
    log: Log,
    to_station: VecDeque<u8>,
    command: Vec<u8>,
    call: Option<Call>,
    is_open: bool,
}

/// An access server of somebody else, with the data center behind it.
#[derive(Clone, Copy)]
struct Another {
    /// The data center's port.
    port: u16,
    /// Whether its name server knows the data center's name.
    knows: bool,
}

struct Call {
    another: Option<Another>,
    stack: Stack,
    begun: Instant,
    fate: Fate,
    sent: usize,
    streams: Vec<Carried>,
}

/// A stream that is carried to the data center, or a question to a name server.
struct Carried {
    id: StreamId,
    far: Option<TcpStream>,
    asked: Vec<u8>,
    back: Vec<u8>,
}

impl Socket {
    /// A modem whose calls reach the data center at this address.
    #[must_use]
    pub fn to(center: &str) -> Self {
        let center: SocketAddr = center.trim_start_matches("https://").parse().unwrap();
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                center,
                another: None,
                fates: VecDeque::new(),
                log: Log::default(),
                to_station: VecDeque::new(),
                command: Vec::new(),
                call: None,
                is_open: false,
            }),
            news: Condvar::new(),
        });
        let weak = Arc::downgrade(&shared);
        std::thread::spawn(move || {
            while let Some(shared) = weak.upgrade() {
                shared.state.lock().unwrap().serve();
                shared.news.notify_all();
                drop(shared);
                std::thread::sleep(LOOK);
            }
        });
        Self(shared)
    }

    /// From now on another's access server answers. Behind it the data center has this port, and a
    /// name server there knows where, or does not.
    pub fn answered_by_another(&self, port: u16, knows: bool) {
        self.state().another = Some(Another { port, knows });
    }

    /// What becomes of the next calls, one after the other; further ones are good.
    pub fn fates(&self, fates: &[Fate]) {
        self.state().fates = fates.iter().copied().collect();
    }

    /// What happened so far.
    #[must_use]
    pub fn log(&self) -> Log {
        self.state().log.clone()
    }

    /// Whether a call is on.
    #[must_use]
    pub fn is_on_line(&self) -> bool {
        self.state().call.is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    /// Waits until something has arrived for the station, or for so long.
    fn wait(&self, most: Duration) -> MutexGuard<'_, State> {
        let nothing = |state: &mut State| state.to_station.is_empty();
        let waited = self.0.news.wait_timeout_while(self.state(), most, nothing);
        waited.unwrap().0
    }
}

impl State {
    fn say(&mut self, line: &str) {
        self.to_station.extend(format!("\r\n{line}\r\n").bytes());
    }

    fn input(&mut self, bytes: &[u8]) {
        if let Some(call) = &mut self.call {
            call.sent += bytes.len();
            self.log.sent += bytes.len();
            match call.fate {
                Fate::CutAfter(most) if call.sent > most => {
                    self.call = None;
                    self.say("NO CARRIER");
                }
                Fate::StallsAfter(most) if call.sent > most => {}
                Fate::CutAfter(_) | Fate::StallsAfter(_) | Fate::Good | Fate::Says(_) => {
                    call.stack.input(call.begun.elapsed(), bytes);
                }
            }
            return;
        }
        for byte in bytes {
            if *byte == b'\r' {
                let command = std::mem::take(&mut self.command);
                self.obey(&String::from_utf8_lossy(&command));
            } else {
                self.command.push(*byte);
            }
        }
    }

    fn obey(&mut self, command: &str) {
        let Some(number) = command.strip_prefix("ATDT") else {
            if command.contains("AT") {
                self.say("OK");
            }
            return;
        };
        self.log.dialed.push((number.to_owned(), Instant::now()));
        let fate = self.fates.pop_front().unwrap_or(Fate::Good);
        if let Fate::Says(result) = fate {
            self.say(result);
            return;
        }
        self.say("CONNECT 1000000");
        let another = self.another;
        let terms = Terms {
            proof: Proof::Offered {
                credentials: None,
                methods: Vec::new(),
            },
            addresses: Addresses::Gives {
                own: CENTER,
                peer: STATION,
                dns: [Some(another.map_or(CENTER, |_| NAMES)), None],
            },
            ..Terms::answerer(1_000_000, "center", CENTER, STATION, [3; 32].into())
        };
        let mut stack = Stack::begin(terms, Duration::ZERO);
        match another {
            None => stack.listen(HTTPS),
            Some(another) => {
                stack.stand_for_every_address();
                stack.listen(DNS);
                stack.listen(another.port);
            }
        }
        self.call = Some(Call {
            another,
            stack,
            begun: Instant::now(),
            fate,
            sent: 0,
            streams: Vec::new(),
        });
    }

    /// Lets the other end do its part.
    fn serve(&mut self) {
        let center = self.center;
        let Some(call) = &mut self.call else {
            return;
        };
        let (over, streams) = call.serve(center);
        self.log.streams += streams;
        let bytes = call.stack.take_wire(call.begun.elapsed(), usize::MAX);
        let silent = matches!(call.fate, Fate::StallsAfter(most) if call.sent > most);
        if !silent {
            self.to_station.extend(bytes);
        }
        if over {
            self.call = None;
            self.say("NO CARRIER");
        }
    }
}

impl Call {
    /// Carries what there is; says whether the station has said good-bye, and how many streams it
    /// has opened.
    fn serve(&mut self, center: SocketAddr) -> (bool, usize) {
        let now = self.begun.elapsed();
        self.stack.tick(now);
        let mut over = false;
        while let Some(event) = self.stack.next_event() {
            over |= matches!(event, Event::Ended(_));
        }
        let mut opened = 0;
        while let Some(id) = self.stack.accept() {
            opened += 1;
            self.streams.push(Carried {
                id,
                far: None,
                asked: Vec::new(),
                back: Vec::new(),
            });
        }
        let (stack, another) = (&mut self.stack, self.another);
        self.streams
            .retain_mut(|stream| stream.carry(stack, center, another));
        self.stack.tick(now);
        (over, opened)
    }
}

impl Carried {
    /// Carries what there is; whether it goes on.
    fn carry(&mut self, stack: &mut Stack, center: SocketAddr, another: Option<Another>) -> bool {
        let mut buffer = [0; 4_096];
        let mut ended = false;
        loop {
            match stack.read(self.id, &mut buffer) {
                Reading::Bytes(count) => self.take(&buffer[..count], center, another),
                Reading::Nothing => break,
                Reading::Finished | Reading::Broken => {
                    ended = true;
                    break;
                }
            }
        }
        if let Some(far) = &mut self.far
            && self.back.is_empty()
        {
            match far.read(&mut buffer) {
                Ok(0) => ended = true,
                Ok(count) => self.back.extend(&buffer[..count]),
                Err(fault) => ended |= fault.kind() != io::ErrorKind::WouldBlock,
            }
        }
        let taken = stack.write(self.id, &self.back);
        self.back.drain(..taken);
        if ended {
            stack.release(self.id);
        }
        !ended
    }

    /// Bytes of the station. A question to a name server begins with its length, which is short.
    fn take(&mut self, bytes: &[u8], center: SocketAddr, another: Option<Another>) {
        let is_question = another.is_some() && self.far.is_none();
        if is_question && (!self.asked.is_empty() || bytes[0] == 0) {
            self.asked.extend(bytes);
            if self.asked.len() > 2 && self.asked.len() == 2 + usize::from(self.asked[1]) {
                let knows = another.is_some_and(|another| another.knows);
                self.back.extend(named(&self.asked[2..], knows));
            }
            return;
        }
        let far = self.far.get_or_insert_with(|| {
            let far = TcpStream::connect(center).unwrap();
            far.set_nonblocking(true).unwrap();
            far
        });
        // One that has gone is found gone when it is read.
        far.write_all(bytes).ok();
    }
}

/// The answer of a name server to a question, as RFC 1035 has it over TCP.
fn named(question: &[u8], knows: bool) -> Vec<u8> {
    let mut answer = question.to_vec();
    answer[2..4].copy_from_slice(if knows { &[0x81, 0x80] } else { &[0x81, 0x83] });
    if knows {
        answer[7] = 1;
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        answer.extend(BEHIND.octets());
    }
    let length = u16::try_from(answer.len()).unwrap();
    [length.to_be_bytes().to_vec(), answer].concat()
}

impl Ports for Socket {
    fn open(&self, device: &str) -> io::Result<Box<dyn ModemPort>> {
        let mut state = self.state();
        if device != "modem" {
            return Err(io::ErrorKind::NotFound.into());
        }
        if state.is_open {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        state.is_open = true;
        state.to_station.clear();
        Ok(Box::new(Plug(self.clone())))
    }

    fn list(&self) -> Vec<Port> {
        vec![Port {
            device: "modem".to_owned(),
            what: "simulated".to_owned(),
        }]
    }
}

/// The port while it is open.
struct Plug(Socket);

impl Drop for Plug {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.is_open = false;
        // The system drops DTR when a port is closed.
        state.call = None;
    }
}

impl ModemPort for Plug {
    fn read(&mut self, to: &mut [u8], wait: Duration) -> Result<usize, PortGone> {
        let mut state = self.0.wait(wait);
        let count = state.to_station.len().min(to.len());
        for (to, byte) in to.iter_mut().zip(state.to_station.drain(..count)) {
            *to = byte;
        }
        Ok(count)
    }

    fn room(&mut self) -> usize {
        usize::MAX
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortGone> {
        self.0.state().input(bytes);
        Ok(bytes.len())
    }

    fn has_lines(&self) -> bool {
        true
    }

    fn set_dtr(&mut self, up: bool) -> Result<(), PortGone> {
        let mut state = self.0.state();
        if !up && state.call.take().is_some() {
            state.log.hung_up += 1;
            state.say("OK");
        }
        Ok(())
    }

    fn carrier(&mut self) -> Result<Option<bool>, PortGone> {
        Ok(Some(self.0.state().call.is_some()))
    }
}
