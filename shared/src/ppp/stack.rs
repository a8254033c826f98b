//! TCP over a PPP link (smoltcp): what TLS runs on while a station dials.
//!
//! A stack owns its engine, so that the embedding sees one thing with bytes of the line on one side
//! and byte streams on the other. Little is kept waiting between the two: what waits below TCP only
//! looks to it like a slower line (see [`Engine::has_room`](super::Engine::has_room)).

mod accepting;
mod asking;
mod clock;
mod gathering;
mod socket;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use smoltcp::iface::{
    Config, Interface, PollIngressSingleResult, PollResult, SocketHandle, SocketSet,
};
use smoltcp::socket::tcp::{RecvError, Socket, State};
use smoltcp::wire::{HardwareAddress, IpCidr};

use super::device::Wire;
use super::engine::{Engine, Event, Up};
use super::terms::Terms;
pub(super) use asking::Asking;
use clock::Clock;
use gathering::Gathering;
use socket::socket;

/// Streams a call may have, listening ones included: all services share one, and each caller of
/// the data center may do harm to itself only.
const MAX_STREAMS: usize = 12;
/// The first of the ports that callers use for themselves (RFC 6335 §6), and how many there are.
const FIRST_OWN_PORT: u16 = 49_152;
const OWN_PORTS: u16 = 16_384;

/// One stream of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(u64);

/// How far a stream has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamState {
    /// The other end has not answered yet.
    Opening,
    /// Bytes pass.
    Open,
    /// Both ends have finished, or the stream is broken, or there is none of that name.
    Closed,
}

/// What there was to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// That many bytes, at least one.
    Bytes(usize),
    /// Nothing yet.
    Nothing,
    /// Nothing, and nothing will come: the other end has finished.
    Finished,
    /// Nothing, and nothing will come: the stream was refused, reset or fell silent.
    Broken,
}

/// Why a stream was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOpened {
    /// The link is not up.
    #[error("the link is not up")]
    Down,
    /// The call has as many streams as it may.
    #[error("the call has as many streams as it may have")]
    TooMany,
    /// No stream can lead there, as to port 0.
    #[error("no stream can lead to that address")]
    BadAddress,
}

/// TCP over one end of a PPP link. Its events must be taken ([`Stack::next_event`]): with the one
/// that says that the link is up, the stack learns its address.
pub struct Stack {
    engine: Engine,
    interface: Option<Interface>,
    sockets: SocketSet<'static>,
    streams: BTreeMap<StreamId, SocketHandle>,
    listening: Vec<u16>,
    listeners: Vec<(u16, SocketHandle)>,
    /// Streams that were finished and let go, until the other end has heard it.
    parting: Vec<SocketHandle>,
    every_address: bool,
    last_stream: u64,
    last_port: u16,
    gathering: Gathering,
    asking: Asking,
    clock: Clock,
    now: Duration,
}

impl std::fmt::Debug for Stack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stack")
            .field("engine", &self.engine)
            .field("streams", &self.streams.len())
            .finish_non_exhaustive()
    }
}

impl Stack {
    /// Begins a link on a line that has just come up; see [`Engine::begin`].
    #[must_use]
    pub fn begin(terms: Terms, now: Duration) -> Self {
        let mut engine = Engine::begin(terms, now);
        let [high, low, ..] = engine.random().to_be_bytes();
        Self {
            engine,
            interface: None,
            sockets: SocketSet::new(Vec::new()),
            streams: BTreeMap::new(),
            listening: Vec::new(),
            listeners: Vec::new(),
            parting: Vec::new(),
            every_address: false,
            last_stream: 0,
            last_port: u16::from_be_bytes([high, low]) % OWN_PORTS,
            gathering: Gathering::default(),
            asking: Asking::default(),
            clock: Clock::default(),
            now,
        }
    }

    /// The link below, to be looked at.
    #[must_use]
    pub const fn link(&self) -> &Engine {
        &self.engine
    }

    /// Takes bytes of the line, in pieces of any size.
    pub fn input(&mut self, now: Duration, bytes: &[u8]) {
        self.engine.input(now, bytes);
        self.step(now);
    }

    /// Does what is due by now; also to be called after streams were opened, written, read or
    /// finished.
    pub fn tick(&mut self, now: Duration) {
        self.engine.tick(now);
        self.step(now);
    }

    /// When [`Stack::tick`] has something to do; `None` once the link is over.
    #[must_use]
    pub fn wake_at(&mut self) -> Option<Duration> {
        let link = self.engine.wake_at()?;
        // Without room nothing can be sent: taking bytes off the wire goes on with it.
        let has_room = self.engine.has_room();
        let tcp = if self.gathering.waits(&self.engine, self.now) {
            self.gathering.until(self.now).filter(|_| has_room)
        } else {
            let interface = self.interface.as_mut().filter(|_| has_room);
            interface.and_then(|interface| {
                let due = interface.poll_at(self.clock.told(self.now), &self.sockets)?;
                Some(self.clock.meant(due).max(self.now))
            })
        };
        let asks = self.asking.due().filter(|_| has_room);
        [tcp, asks].into_iter().flatten().chain([link]).min()
    }

    /// Takes at most `most` bytes for the line, and lets the streams fill the room.
    pub fn take_wire(&mut self, now: Duration, most: usize) -> Vec<u8> {
        let bytes = self.engine.take_wire(most);
        if !bytes.is_empty() {
            self.step(now);
        }
        bytes
    }

    /// The next event of the link, the oldest first.
    pub fn next_event(&mut self) -> Option<Event> {
        let event = self.engine.next_event()?;
        match &event {
            Event::Up(up) => self.raise(up),
            Event::Down | Event::Claim(_) | Event::Ended(_) => {}
        }
        Some(event)
    }

    /// See [`Engine::answer_claim`].
    pub fn answer_claim(&mut self, now: Duration, secret: Option<&str>) {
        self.engine.answer_claim(now, secret);
    }

    /// Ends the link; streams that are still open break. See [`Engine::close`].
    pub fn close(&mut self, now: Duration) {
        self.engine.close(now);
    }

    /// The line below is gone.
    pub fn line_lost(&mut self) {
        self.engine.line_lost();
    }

    /// Opens a stream to an address of the other side.
    ///
    /// # Errors
    /// [`NotOpened`]; nothing was sent then.
    pub fn connect(&mut self, to: SocketAddrV4) -> Result<StreamId, NotOpened> {
        if self.sockets.iter().count() >= MAX_STREAMS {
            return Err(NotOpened::TooMany);
        }
        let interface = self.interface.as_mut().ok_or(NotOpened::Down)?;
        self.last_port = self.last_port.wrapping_add(1) % OWN_PORTS;
        let port = FIRST_OWN_PORT.saturating_add(self.last_port);
        let mut socket = socket();
        socket
            .connect(interface.context(), (*to.ip(), to.port()), port)
            .map_err(|_| NotOpened::BadAddress)?;
        let handle = self.sockets.add(socket);
        Ok(self.name(handle))
    }

    /// Lets no stream have the name of one of an earlier stack.
    pub fn name_after(&mut self, earlier: &Self) {
        self.last_stream = self.last_stream.max(earlier.last_stream);
    }

    /// Whether a stream is open, or on its way to be open or closed.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        !self.streams.is_empty() || !self.parting.is_empty()
    }

    /// How far a stream has come.
    #[must_use]
    pub fn state(&self, id: StreamId) -> StreamState {
        let Some(handle) = self.streams.get(&id).filter(|_| !self.engine.is_over()) else {
            return StreamState::Closed;
        };
        match self.sockets.get::<Socket<'_>>(*handle).state() {
            State::SynSent | State::SynReceived | State::Listen => StreamState::Opening,
            State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck => StreamState::Open,
            State::Closed | State::TimeWait => StreamState::Closed,
        }
    }

    /// Takes bytes to be sent; answers how many there was room for.
    pub fn write(&mut self, id: StreamId, bytes: &[u8]) -> usize {
        let Some(handle) = self.streams.get(&id) else {
            return 0;
        };
        let socket = self.sockets.get_mut::<Socket<'_>>(*handle);
        let taken = socket.send_slice(bytes).unwrap_or(0);
        self.gathering.wrote(self.now, taken);
        taken
    }

    /// Reads what has arrived, in order.
    pub fn read(&mut self, id: StreamId, to: &mut [u8]) -> Reading {
        let Some(handle) = self.streams.get(&id) else {
            return Reading::Broken;
        };
        let socket = self.sockets.get_mut::<Socket<'_>>(*handle);
        let opening = matches!(socket.state(), State::SynSent | State::SynReceived);
        if opening && !self.engine.is_over() {
            return Reading::Nothing;
        }
        match socket.recv_slice(to) {
            Ok(0) if self.engine.is_over() => Reading::Broken,
            Ok(0) => Reading::Nothing,
            Ok(count) => Reading::Bytes(count),
            Err(RecvError::Finished) => Reading::Finished,
            Err(RecvError::InvalidState) => Reading::Broken,
        }
    }

    /// Bytes taken by [`Stack::write`] that the other end has not confirmed.
    #[must_use]
    pub fn unconfirmed(&self, id: StreamId) -> usize {
        self.streams.get(&id).map_or(0, |handle| {
            self.sockets.get::<Socket<'_>>(*handle).send_queue()
        })
    }

    /// Says that nothing more will be written; what was written is still sent. The other end may
    /// hear it late or never where the line spoils just this (smoltcp does not always repeat it),
    /// so nobody should wait for [`Reading::Finished`] without a limit.
    pub fn finish(&mut self, id: StreamId) {
        if let Some(handle) = self.streams.get(&id) {
            self.sockets.get_mut::<Socket<'_>>(*handle).close();
        }
    }

    /// Forgets a stream. What was written to one that was finished is still sent; one that was not
    /// is reset, which the other end hears if the line has room just now, and by the answer to its
    /// next packet otherwise.
    pub fn release(&mut self, id: StreamId) {
        let Some(handle) = self.streams.remove(&id) else {
            return;
        };
        let socket = self.sockets.get_mut::<Socket<'_>>(handle);
        match socket.state() {
            State::Closed | State::TimeWait => {}
            State::FinWait1 | State::Closing | State::LastAck => {
                self.parting.push(handle);
                return;
            }
            State::Listen
            | State::SynSent
            | State::SynReceived
            | State::Established
            | State::FinWait2
            | State::CloseWait => {
                socket.abort();
                self.step(self.now);
            }
        }
        self.sockets.remove(handle);
    }

    /// Lets the stack work with what the link has brought and with the room it has.
    fn step(&mut self, now: Duration) {
        self.now = now.max(self.now);
        if self.clock.is_slow() && !self.engine.needs_patience() {
            self.clock.set(self.now, false);
        }
        let Some(interface) = &mut self.interface else {
            return;
        };
        let at = self.clock.told(self.now);
        let mut wire = Wire(&mut self.engine, &mut self.asking);
        interface.poll_maintenance(at);
        while interface.poll_ingress_single(at, &mut wire, &mut self.sockets)
            != PollIngressSingleResult::None
        {}
        // Room is asked for here and not by the device: a device that refuses a packet makes
        // smoltcp 0.14 forget a fast retransmission and its timer, and the stream stands still.
        if !self.gathering.waits(wire.0, self.now) && wire.0.has_room() {
            self.gathering.leave();
            while wire.0.has_room()
                && interface.poll_egress(at, &mut wire, &mut self.sockets) != PollResult::None
            {
            }
        }
        self.ask_again();
        self.let_go();
        self.renew_listeners();
    }

    /// Takes the addresses of a link that is up. Streams of an earlier agreement go on when the
    /// address is the same; otherwise their other ends will no longer know them.
    fn raise(&mut self, up: &Up) {
        self.clock.set(self.now, self.engine.needs_patience());
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = self.engine.random();
        let at = self.clock.told(self.now);
        let mut interface =
            Interface::new(config, &mut Wire(&mut self.engine, &mut self.asking), at);
        interface.update_ip_addrs(|addresses| {
            // A fresh interface has room for its one address, and for its one way out below.
            let _full = addresses.push(IpCidr::new(up.own.into(), 32));
        });
        interface.set_any_ip(self.every_address);
        let gateway = if up.peer.is_unspecified() {
            Ipv4Addr::LOCALHOST
        } else {
            up.peer
        };
        if interface
            .routes_mut()
            .add_default_ipv4_route(gateway)
            .is_ok()
        {
            self.interface = Some(interface);
        }
        self.keep_listening();
        // The other end may have been up before us, and its first packets wait already.
        self.step(self.now);
    }

    fn name(&mut self, handle: SocketHandle) -> StreamId {
        self.last_stream = self.last_stream.saturating_add(1);
        let id = StreamId(self.last_stream);
        self.streams.insert(id, handle);
        id
    }
}
