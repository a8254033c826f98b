//! A station that dials its data center over the exchange, on virtual time.
//!
//! Station and data center are the real ones, with their own HTTP and TLS, over sockets of the
//! loopback. Between the sockets stand the two ends of a call and the exchange, and time passes as
//! the line demands: a call of a minute takes some milliseconds. What the two compute is waited
//! for. It takes no time while bytes are on the line, and the time it takes while the line is idle.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

use shared::call::{Call as _, CallFault, Caller, Event, Plan, Signal};
use shared::modem::{Number, Profile};
use shared::ppp::proof::{Credentials, Method};
use shared::ppp::{self, Given, Proof, Reading, Stack, StreamId, StreamState, Terms};
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

use crate::exchange::{Apparatus, Chance, Exchange, Faults, LineId, Premises, Speed};

/// The data center's number.
const NUMBER: &str = "5550100";
/// What the station's name is on the line.
const NAME: &str = "station";
/// What proves it.
pub const SECRET: &str = "a secret of the line";
/// The two ends' addresses.
const CENTER_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 112, 0, 1);
const STATION_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 112, 0, 2);
/// Where the data center's services are on the line.
const TLS_PORT: u16 = 443;
/// Bytes passed at once.
const PIECE_BYTES: usize = 4_096;
/// Who was given bytes has so long to answer them before the line goes on.
const SETTLING: Duration = Duration::from_micros(400);
/// What is due so soon is bytes on the line; the rest is somebody's patience.
const SOON: Duration = Duration::from_millis(100);
/// On an idle line somebody has so long to compute before a patience of the same call ends, and a
/// twentieth of that patience more.
const QUIET: Duration = Duration::from_millis(60);
const MOST_QUIET: Duration = Duration::from_secs(1);
/// Sleep between two looks at sockets.
const LOOK: Duration = Duration::from_micros(30);
/// Nothing here takes longer, on however busy a machine.
const LIMIT: Duration = Duration::from_secs(120);
/// A call ends by then, on the line's time.
const LONGEST_CALL: Duration = Duration::from_secs(1_800);

/// How the two ends of a call are set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How fast everything is.
    pub speed: Speed,
    /// How the station's line is equipped.
    pub premises: Premises,
    /// Whether the station's port has the lines of a modem.
    pub has_lines: bool,
    /// What the station says proves its name.
    pub secret: String,
    /// How the data center lets names be proved, the best first.
    pub methods: Vec<Method>,
    /// Control characters that both ends shall escape.
    pub accm: u32,
    /// The seed of all chance.
    pub seed: u64,
    /// Who was given bytes computes for so long at most, of the time on the wall. Until then the line
    /// goes on no faster than that time: what is computed costs what it takes, also beside a line that
    /// is busy. A longer one makes a call slower to simulate.
    pub computing: Duration,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            speed: Speed::USUAL,
            premises: Premises::default(),
            has_lines: true,
            secret: SECRET.to_owned(),
            methods: vec![Method::MsChapV2, Method::ChapMd5],
            accm: 0,
            seed: 1,
            computing: SETTLING,
        }
    }
}

/// One call as it went, on the line's time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// When it began.
    pub began: Duration,
    /// When the first digit was dialed.
    pub dialed: Option<Duration>,
    /// When the modems had found each other.
    pub connected: Option<Duration>,
    /// When Internet packets passed first.
    pub up: Option<Duration>,
    /// How it ended, and when.
    pub ended: Option<(Duration, Result<(), CallFault>)>,
    /// When the modem had hung up.
    pub hung_up: Option<Duration>,
    /// Bytes that the station's port has said and heard from CONNECT on.
    pub bytes: [u64; 2],
}

/// A socket of the loopback and a stream of a call.
#[derive(Debug)]
struct Join {
    socket: TcpStream,
    stream: StreamId,
    to_stream: Vec<u8>,
    to_socket: Vec<u8>,
    socket_ended: bool,
    stream_ended: bool,
}

/// A line between a station's socket and the data center's.
#[derive(Debug)]
pub struct Dialing {
    setup: Setup,
    /// The exchange, to be looked at or made worse.
    pub exchange: Exchange,
    station: LineId,
    center: LineId,
    now: Duration,
    chance: Chance,
    listener: TcpListener,
    to: SocketAddr,
    waiting: Vec<TcpStream>,
    caller: Option<Caller>,
    answering: Option<Stack>,
    near: Vec<Join>,
    far: Vec<Join>,
    wire: [Vec<u8>; 2],
    calls: Vec<Told>,
    /// What the caller was given last.
    given: Option<Given>,
    /// Since when somebody has had bytes to answer, on the wall and on the line.
    fed: Option<(Instant, Duration)>,
    /// Since when the line has been idle.
    idle: Option<Instant>,
}

impl Dialing {
    /// A line to the data center at this address, such as `https://127.0.0.1:4433`.
    #[must_use]
    pub fn to(url: &str, setup: Setup) -> Self {
        let mut exchange = Exchange::new(setup.speed, setup.seed);
        let station = exchange.lay("5550199", setup.premises.clone());
        let premises = Premises {
            apparatus: Apparatus::Port,
            ..Premises::default()
        };
        let center = exchange.lay(NUMBER, premises);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self {
            chance: Chance::new(setup.seed),
            setup,
            exchange,
            station,
            center,
            now: Duration::ZERO,
            listener,
            to: url.trim_start_matches("https://").parse().unwrap(),
            waiting: Vec::new(),
            caller: None,
            answering: None,
            near: Vec::new(),
            far: Vec::new(),
            wire: [Vec::new(), Vec::new()],
            calls: Vec::new(),
            given: None,
            fed: None,
            idle: None,
        }
    }

    /// Where the station finds the data center: a socket that dials when it is asked.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.listener.local_addr().unwrap())
    }

    /// The line's time.
    #[must_use]
    pub const fn now(&self) -> Duration {
        self.now
    }

    /// The calls that were made.
    #[must_use]
    pub fn calls(&self) -> &[Told] {
        &self.calls
    }

    /// What is done to the next call.
    pub fn plan(&mut self, faults: Faults) {
        self.exchange.plan(faults);
    }

    /// Pulls the station's modem out.
    pub fn unplug(&mut self) {
        self.exchange.unplug(self.now, self.station);
    }

    /// Puts it back.
    pub fn plug(&mut self) {
        self.exchange.plug(self.now, self.station);
    }

    /// Lets the line work until that is done; what came of it.
    pub fn run<T: Send + 'static>(
        &mut self,
        runtime: &Runtime,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let task = runtime.spawn(work);
        self.until(|_| task.is_finished());
        runtime.block_on(task).unwrap()
    }

    /// Lets the line work until then.
    pub fn until(&mut self, mut done: impl FnMut(&Self) -> bool) {
        let began = Instant::now();
        while !done(self) {
            assert!(began.elapsed() < LIMIT, "{:?}", self.calls);
            self.turn();
        }
        self.end_idleness();
    }

    /// Ends the call, if there is one, and waits until the modem has hung up.
    pub fn hang_up(&mut self) {
        let now = self.now;
        if let Some(caller) = &mut self.caller {
            caller.hang_up(now);
        }
        self.until(|dialing| dialing.caller.is_none() && dialing.answering.is_none());
    }

    /// Does what can be done now, or lets time pass.
    fn turn(&mut self) {
        if self.step() {
            self.end_idleness();
            return;
        }
        let next = self.next_wake();
        if self.near.is_empty() && self.far.is_empty() {
            // Nobody computes anything that the line could be asked for.
            match next {
                Some(next) if self.caller.is_some() || self.answering.is_some() => self.now = next,
                _ => sleep(LOOK),
            }
            return;
        }
        let gap = next.map_or(MOST_QUIET, |next| next.saturating_sub(self.now));
        if let Some(next) = next.filter(|_| gap <= SOON) {
            match self.fed {
                Some((since, at)) if since.elapsed() < self.setup.computing => {
                    if next <= at + since.elapsed() {
                        self.now = next;
                    } else {
                        sleep(LOOK);
                    }
                }
                Some(_) | None => {
                    self.fed = None;
                    self.now = next;
                }
            }
            return;
        }
        let since = *self.idle.get_or_insert_with(Instant::now);
        let quiet = (QUIET + gap / 20).min(MOST_QUIET);
        match next {
            Some(next) if since.elapsed() > quiet => {
                self.idle = None;
                self.now = next;
            }
            Some(_) | None => sleep(LOOK),
        }
    }

    /// The line is not idle any more: the time that somebody took has passed.
    fn end_idleness(&mut self) {
        if let Some(since) = self.idle.take() {
            self.now += since.elapsed();
        }
    }

    fn next_wake(&mut self) -> Option<Duration> {
        let exchange = self.exchange.wake_at();
        let caller = self.caller.as_mut().and_then(Caller::wake_at);
        let answering = self.answering.as_mut().and_then(Stack::wake_at);
        let all = [exchange, caller, answering];
        let next = all.into_iter().flatten().min()?;
        Some(next.max(self.now + Duration::from_nanos(1)))
    }

    /// Does what can be done now; whether bytes passed between a socket and a stream.
    fn step(&mut self) -> bool {
        while let Ok((socket, _)) = self.listener.accept() {
            socket.set_nonblocking(true).unwrap();
            socket.set_nodelay(true).unwrap();
            self.waiting.push(socket);
        }
        if self.caller.is_none() && !self.waiting.is_empty() {
            self.dial();
        }
        self.step_caller();
        self.step_answering();
        let stack = self.caller.as_mut().and_then(Caller::stack_mut);
        let near = pass(stack, &mut self.near);
        let far = pass(self.answering.as_mut(), &mut self.far);
        if near || far {
            self.fed = Some((Instant::now(), self.now));
            self.step_caller();
            self.step_answering();
        }
        near || far
    }

    fn dial(&mut self) {
        let secret = Zeroizing::new(self.setup.secret.clone());
        let credentials = Credentials::new(NAME, secret).unwrap();
        let mut terms = Terms::caller(0, Some(credentials), self.chance.seed().into());
        terms = terms.again(self.given);
        terms.accm = self.setup.accm;
        let plan = Plan {
            profile: Profile::analogue(false),
            number: Number::parse(NUMBER).unwrap(),
            terms,
            has_lines: self.setup.has_lines,
            longest: LONGEST_CALL,
        };
        self.caller = Some(Caller::begin(plan, self.now));
        self.calls.push(Told {
            began: self.now,
            ..Told::default()
        });
    }

    fn step_caller(&mut self) {
        let (now, line) = (self.now, self.station);
        let Some(caller) = &mut self.caller else {
            return;
        };
        let plugged = self.exchange.is_plugged(line);
        let heard = self.exchange.take_output(now, line, PIECE_BYTES);
        if !plugged {
            caller.port_lost(now);
        }
        if !heard.is_empty() {
            caller.input(now, &heard);
        }
        let has_lines = self.setup.has_lines;
        caller.carrier(now, has_lines.then(|| self.exchange.carrier(line)));
        caller.tick(now);
        for signal in caller.take_signals() {
            if plugged && has_lines {
                let up = signal == Signal::RaiseDtr;
                self.exchange.set_dtr(now, line, up);
            }
        }
        let [wire, _] = &mut self.wire;
        let said = say(&mut self.exchange, now, line, wire, |room| {
            caller.take_wire(now, room)
        });
        let Some(told) = self.calls.last_mut() else {
            return;
        };
        if told.connected.is_some() {
            told.bytes[0] += said;
            told.bytes[1] += u64::try_from(heard.len()).unwrap();
        }
        while let Some(event) = caller.next_event() {
            told.hear(now, &event);
            if let Event::Up(up) = &event {
                self.given = Some(up.given());
            }
        }
        if told.up.is_some() && told.ended.is_none() {
            for socket in std::mem::take(&mut self.waiting) {
                let to = SocketAddrV4::new(CENTER_ADDRESS, TLS_PORT);
                if let Some(Ok(stream)) = caller.stack_mut().map(|stack| stack.connect(to)) {
                    self.near.push(Join::new(socket, stream));
                }
            }
            caller.tick(now);
        }
        if caller.is_over() {
            self.caller = None;
            self.near.clear();
            // Who asked while the call failed is told so.
            self.waiting.clear();
            self.wire[0].clear();
        }
    }

    fn step_answering(&mut self) {
        let (now, line) = (self.now, self.center);
        let heard = self.exchange.take_output(now, line, PIECE_BYTES);
        let carrier = self.exchange.carrier(line);
        if carrier && self.answering.is_none() {
            let seed = self.chance.seed().into();
            let bits_per_second = self.setup.speed.bits_per_second;
            let (own, peer) = (CENTER_ADDRESS, STATION_ADDRESS);
            let mut terms = Terms::answerer(bits_per_second, "data center", own, peer, seed);
            terms.accm = self.setup.accm;
            terms.proof = Proof::Demanded {
                own_name: "data center".to_owned(),
                methods: self.setup.methods.clone(),
            };
            let mut stack = Stack::begin(terms, now);
            stack.listen(TLS_PORT);
            self.answering = Some(stack);
        }
        let Some(stack) = &mut self.answering else {
            return;
        };
        stack.input(now, &heard);
        if !carrier {
            stack.line_lost();
        }
        stack.tick(now);
        while let Some(event) = stack.next_event() {
            if let ppp::Event::Claim(name) = event {
                stack.answer_claim(now, (name == NAME).then_some(SECRET));
            }
        }
        while let Some(stream) = stack.accept() {
            let socket = TcpStream::connect(self.to).unwrap();
            socket.set_nonblocking(true).unwrap();
            socket.set_nodelay(true).unwrap();
            self.far.push(Join::new(socket, stream));
        }
        let [_, wire] = &mut self.wire;
        say(&mut self.exchange, now, line, wire, |room| {
            stack.take_wire(now, room)
        });
        if !carrier {
            self.answering = None;
            self.far.clear();
            self.wire[1].clear();
        }
    }
}

/// Lets a port say what its modem takes; how many bytes were taken.
fn say(
    exchange: &mut Exchange,
    now: Duration,
    line: LineId,
    wire: &mut Vec<u8>,
    mut more: impl FnMut(usize) -> Vec<u8>,
) -> u64 {
    let mut said = 0;
    loop {
        if wire.is_empty() {
            *wire = more(exchange.room(line));
        }
        let taken = exchange.input(now, line, wire);
        wire.drain(..taken);
        said += u64::try_from(taken).unwrap();
        if taken == 0 || !wire.is_empty() {
            return said;
        }
    }
}

impl Told {
    fn hear(&mut self, now: Duration, event: &Event) {
        if let Event::Dialing = event {
            self.dialed = Some(now);
        } else if let Event::Connected { .. } = event {
            self.connected = Some(now);
        } else if let Event::Up(_) = event {
            self.up = self.up.or(Some(now));
        } else if let Event::Ended(how) = event {
            self.ended = Some((now, *how));
        } else if let Event::HungUp = event {
            self.hung_up = Some(now);
        }
    }
}

impl Join {
    const fn new(socket: TcpStream, stream: StreamId) -> Self {
        Self {
            socket,
            stream,
            to_stream: Vec::new(),
            to_socket: Vec::new(),
            socket_ended: false,
            stream_ended: false,
        }
    }

    /// Passes what there is both ways; whether there was any, and whether the join is over.
    fn pass(&mut self, stack: &mut Stack) -> (bool, bool) {
        if stack.state(self.stream) == StreamState::Opening {
            return (false, false);
        }
        let read = self.read_socket();
        let written = stack.write(self.stream, &self.to_stream);
        self.to_stream.drain(..written);
        if self.socket_ended && self.to_stream.is_empty() {
            stack.finish(self.stream);
        }
        let mut heard = false;
        let mut buffer = [0; PIECE_BYTES];
        if self.to_socket.is_empty() && !self.stream_ended {
            match stack.read(self.stream, &mut buffer) {
                Reading::Bytes(count) => {
                    self.to_socket.extend(&buffer[..count]);
                    heard = true;
                }
                Reading::Nothing => {}
                Reading::Finished => {
                    self.stream_ended = true;
                    self.socket.shutdown(Shutdown::Write).ok();
                }
                Reading::Broken => return (true, true),
            }
        }
        match self.socket.write(&self.to_socket) {
            Ok(count) => drop(self.to_socket.drain(..count)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return (true, true),
        }
        let over = self.socket_ended && self.stream_ended && self.to_socket.is_empty();
        (read || heard, over)
    }

    fn read_socket(&mut self) -> bool {
        if !self.to_stream.is_empty() || self.socket_ended {
            return false;
        }
        let mut buffer = [0; PIECE_BYTES];
        match self.socket.read(&mut buffer) {
            Ok(0) => self.socket_ended = true,
            Ok(count) => self.to_stream.extend(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(_) => self.socket_ended = true,
        }
        true
    }
}

/// Passes what there is in every join; those that are over are let go.
fn pass(stack: Option<&mut Stack>, joins: &mut Vec<Join>) -> bool {
    let Some(stack) = stack else {
        let any = !joins.is_empty();
        joins.clear();
        return any;
    };
    let mut any = false;
    joins.retain_mut(|join| {
        let (passed, over) = join.pass(stack);
        any |= passed;
        if over {
            stack.release(join.stream);
        }
        !over
    });
    any
}
