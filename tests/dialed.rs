//! Telephones on the exchange in real time: modems that a data center answers, and calls whose
//! streams are reached on the loopback.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use server::access::Modem;
use shared::call::{Call as _, Caller, Event, LiveCall, ModemPort, Plan, PortGone, StreamBroken};
use shared::modem::{Number, Profile};
use shared::ppp::proof::Credentials;
use shared::ppp::{StreamId, Terms};
use station::contact::dialup::ports::{self, Ports};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};
use tokio::net::TcpListener;

use crate::exchange::{Exchange, LineId, Premises, Speed};

/// Bytes that a port takes before the modem has taken them.
const PORT_BYTES: usize = 512;
/// How often a port looks whether something has come.
const LOOK: Duration = Duration::from_millis(1);
/// Nothing here takes longer, on however busy a machine.
const LIMIT: Duration = Duration::from_secs(90);
/// A call of a test ends by then.
const LONGEST_CALL: Duration = Duration::from_secs(600);

/// An exchange whose lines have ports of this process.
#[derive(Clone, Debug)]
pub struct Telephones {
    exchange: Arc<Mutex<Exchange>>,
    began: Instant,
}

impl Telephones {
    /// An exchange without lines.
    #[must_use]
    pub fn new(speed: Speed, seed: u64) -> Self {
        Self {
            exchange: Arc::new(Mutex::new(Exchange::new(speed, seed))),
            began: Instant::now(),
        }
    }

    /// The exchange, and what time it is there.
    pub fn exchange(&self) -> (MutexGuard<'_, Exchange>, Duration) {
        let exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        (exchange, self.began.elapsed())
    }

    /// Lays a line with an analogue modem.
    #[must_use]
    pub fn lay(&self, number: &str) -> LineId {
        self.exchange().0.lay(number, Premises::default())
    }

    /// The port of a line.
    #[must_use]
    pub fn port(&self, line: LineId) -> Port {
        Port {
            telephones: self.clone(),
            line,
        }
    }

    /// The modem of a line, for a data center to answer.
    #[must_use]
    pub fn modem(&self, name: &str, line: LineId) -> Modem {
        let telephones = self.clone();
        Modem::new(
            name,
            Box::new(move || {
                let mut port = telephones.port(line);
                port.carrier()?;
                Ok(Box::new(port))
            }),
        )
    }

    /// Where a station's modem is plugged in: its one port is called `modem`.
    #[must_use]
    pub fn wall_socket(&self, line: LineId) -> WallSocket {
        WallSocket(self.port(line))
    }

    /// Calls a number.
    #[must_use]
    pub fn dial(&self, line: LineId, number: &str, credentials: Option<Credentials>) -> Dialed {
        let terms = Terms::caller(0, credentials, [7; 32].into());
        let plan = Plan {
            profile: Profile::analogue(false),
            number: Number::parse(number).unwrap(),
            terms,
            has_lines: true,
            longest: LONGEST_CALL,
        };
        let began = self.began;
        let call = LiveCall::new(Caller::begin(plan, began.elapsed()));
        let events = Arc::<Mutex<Vec<Event>>>::default();
        let mut port = self.port(line);
        let (pumped, told) = (call.clone(), Arc::clone(&events));
        let thread = std::thread::spawn(move || {
            let mut heard = |_: &mut Caller, event| told.lock().unwrap().push(event);
            // A port that is gone is an end like others, and was told as one.
            let pumped = pumped.pump(&mut port, &|| began.elapsed(), &mut heard);
            pumped.ok();
        });
        Dialed {
            call,
            began,
            events,
            thread: Some(thread),
        }
    }
}

/// A line's port among those of a station's computer.
#[derive(Debug)]
pub struct WallSocket(Port);

impl Ports for WallSocket {
    fn open(&self, device: &str) -> io::Result<Box<dyn ModemPort>> {
        let Port { telephones, line } = &self.0;
        let mut port = telephones.port(*line);
        if device != "modem" || port.carrier().is_err() {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Box::new(port))
    }

    fn list(&self) -> Vec<ports::Port> {
        vec![ports::Port {
            device: "modem".to_owned(),
            what: "on the exchange".to_owned(),
        }]
    }
}

/// The port of a line.
#[derive(Debug)]
pub struct Port {
    telephones: Telephones,
    line: LineId,
}

impl Port {
    fn plugged(&self) -> Result<(MutexGuard<'_, Exchange>, Duration), PortGone> {
        let (exchange, now) = self.telephones.exchange();
        if exchange.is_plugged(self.line) {
            Ok((exchange, now))
        } else {
            Err(PortGone("the modem is unplugged".to_owned()))
        }
    }
}

impl ModemPort for Port {
    fn read(&mut self, to: &mut [u8], wait: Duration) -> Result<usize, PortGone> {
        let until = Instant::now() + wait;
        loop {
            {
                let (mut exchange, now) = self.plugged()?;
                let bytes = exchange.take_output(now, self.line, to.len());
                if !bytes.is_empty() {
                    to[..bytes.len()].copy_from_slice(&bytes);
                    return Ok(bytes.len());
                }
            }
            if Instant::now() >= until {
                return Ok(0);
            }
            std::thread::sleep(LOOK);
        }
    }

    fn room(&mut self) -> usize {
        PORT_BYTES
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortGone> {
        let (mut exchange, now) = self.plugged()?;
        Ok(exchange.input(now, self.line, bytes))
    }

    fn has_lines(&self) -> bool {
        true
    }

    fn set_dtr(&mut self, up: bool) -> Result<(), PortGone> {
        let (mut exchange, now) = self.plugged()?;
        exchange.set_dtr(now, self.line, up);
        Ok(())
    }

    fn carrier(&mut self) -> Result<Option<bool>, PortGone> {
        let (exchange, _) = self.plugged()?;
        Ok(Some(exchange.carrier(self.line)))
    }
}

/// A call that was made.
#[derive(Debug)]
pub struct Dialed {
    call: LiveCall<Caller>,
    began: Instant,
    events: Arc<Mutex<Vec<Event>>>,
    thread: Option<JoinHandle<()>>,
}

impl Dialed {
    /// What has happened to it so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// Waits until that has happened.
    pub async fn until(&self, wanted: impl Fn(&Event) -> bool) -> Event {
        let until = Instant::now() + LIMIT;
        loop {
            if let Some(event) = self.events().into_iter().find(&wanted) {
                return event;
            }
            assert!(Instant::now() < until, "{:?}", self.events());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until Internet packets pass, and answers the other end's address.
    ///
    /// # Errors
    /// How the call ended before.
    pub async fn up(&self) -> Result<Ipv4Addr, Event> {
        let up = self
            .until(|event| matches!(event, Event::Up(_) | Event::Ended(_)))
            .await;
        let Event::Up(up) = &up else {
            return Err(up);
        };
        Ok(up.peer)
    }

    /// Waits until it has ended, and answers how.
    pub async fn ended(&self) -> Event {
        self.until(|event| matches!(event, Event::Ended(_))).await
    }

    /// Says good-bye and hangs up.
    pub fn hang_up(&self) {
        let now = self.began.elapsed();
        self.call.with(|caller| caller.hang_up(now));
    }

    /// Opens a stream of the call; nothing when it is refused.
    pub async fn stream(&self, to: SocketAddrV4) -> Option<Stream> {
        let id = self.call.open(to).unwrap();
        let stream = Stream {
            call: self.call.clone(),
            id,
        };
        let opened = std::future::poll_fn(|cx| self.call.poll_open(cx, id));
        let opened = tokio::time::timeout(LIMIT, opened).await.unwrap();
        opened.ok().map(|()| stream)
    }

    /// An address on the loopback that leads over the call to that address of the other side.
    pub async fn relay(self: &Arc<Self>, to: SocketAddrV4) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let dialed = Arc::clone(self);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let dialed = Arc::clone(&dialed);
                tokio::spawn(async move {
                    if let Some(mut far) = dialed.stream(to).await {
                        // However a stream ends, its two ends see it.
                        copy_bidirectional(&mut near, &mut far).await.ok();
                    }
                });
            }
        });
        url
    }
}

impl Drop for Dialed {
    fn drop(&mut self) {
        let now = self.began.elapsed();
        self.call.with(|caller| caller.drop_line(now));
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// A stream of a call.
#[derive(Debug)]
pub struct Stream {
    call: LiveCall<Caller>,
    id: StreamId,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.call.release(self.id);
    }
}

fn broken(broken: StreamBroken) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, broken)
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = self.call.poll_read(cx, self.id, to.initialize_unfilled());
        read.map(|read| {
            to.advance(read.map_err(broken)?);
            Ok(())
        })
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = self.call.poll_write(cx, self.id, bytes);
        written.map(|written| written.map_err(broken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.call.finish(self.id);
        Poll::Ready(Ok(()))
    }
}
