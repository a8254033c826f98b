//! The telephone side of the remote access server: modems that answer, and PPP on each line.
//!
//! A caller proves a name by CHAP before it gets an address, and its streams reach one thing: the
//! TLS of [`Contacts`], whatever address it asks for. TLS and the certificate inside are what
//! authenticates a station, as on the Internet; the name on the line only keeps strangers from
//! holding it. Each line has a thread and limits of its own ([`Bounds`]); what it does is seen on
//! the [`LineBoard`](board::LineBoard).

pub mod board;
pub mod calls;
mod claims;
mod line;
mod port;
mod stream;

#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use shared::call::{Answerer, Bounds, LiveCall, ModemPort, PortGone};
use shared::ppp::Terms;
use zeroize::Zeroizing;

use self::line::Line;
use super::AccessError;
use super::contacts::Contacts;
use crate::ca::random;

/// Modems that can be answered: as many as there are addresses for their callers.
pub const MODEMS_MAX: usize = 200;
/// The port of HTTPS.
const HTTPS: u16 = 443;
/// What callers are told about who answers, and the first of the addresses on the lines. The
/// network is one of those that lead nowhere else (RFC 1918), and rarely used.
const OWN_NAME: &str = "pennyblack";
const OWN_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 112, 0, 1);
const FIRST_CALLER: Ipv4Addr = Ipv4Addr::new(10, 112, 0, 2);
/// Calls may take so long to say good-bye and hang up when the data center stops.
const GOOD_BYE_TIME: Duration = Duration::from_secs(20);
/// How long is waited between two looks whether they have.
const LOOK_TIME: Duration = Duration::from_millis(20);

/// How a port is opened, each time anew.
pub type Open = Box<dyn FnMut() -> Result<Box<dyn ModemPort>, PortGone> + Send>;

/// A modem that is to be answered.
pub struct Modem {
    name: Arc<str>,
    open: Open,
    bounds: Bounds,
}

impl std::fmt::Debug for Modem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Modem")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Modem {
    /// A modem on a port that is opened in this way.
    #[must_use]
    pub fn new(name: &str, open: Open) -> Self {
        Self {
            name: Arc::from(name),
            open,
            bounds: Bounds::USUAL,
        }
    }

    /// A modem on a serial device, spoken to at this speed in bits per second.
    #[must_use]
    pub fn on_device(device: &str, bits_per_second: u32) -> Self {
        let path = device.to_owned();
        Self::new(
            device,
            Box::new(move || {
                let port = port::Serial::open(&path, bits_per_second)?;
                Ok(Box::new(port))
            }),
        )
    }

    /// The same modem with other bounds.
    #[must_use]
    pub const fn with_bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }
}

/// What a line and those who stop it share: the call in progress, and whether it is to end.
#[derive(Debug, Default)]
struct Shared {
    call: Option<(LiveCall<Answerer>, std::time::Instant)>,
    stopping: bool,
}

/// The lines that are answered.
#[derive(Debug)]
pub struct Dialup {
    lines: Vec<Answered>,
}

/// A line and its thread.
#[derive(Debug)]
struct Answered {
    shared: Arc<Mutex<Shared>>,
    /// Ends the pauses of the thread by being dropped.
    wake: Sender<()>,
    thread: JoinHandle<()>,
}

impl Dialup {
    /// Begins to answer.
    pub(super) fn answer(
        contacts: &Arc<Contacts>,
        modems: Vec<Modem>,
        port: u16,
    ) -> Result<Self, AccessError> {
        if modems.len() > MODEMS_MAX {
            return Err(AccessError::TooManyModems);
        }
        let mut lines = Vec::new();
        let callers = u32::from(FIRST_CALLER)..;
        for (modem, caller) in modems.into_iter().zip(callers) {
            let caller = Ipv4Addr::from(caller);
            let seed = Zeroizing::new(random().map_err(AccessError::Random)?);
            // The speed is not known before the modems have found each other.
            let terms = Terms::answerer(0, OWN_NAME, OWN_ADDRESS, caller, seed);
            let shared = Arc::<Mutex<Shared>>::default();
            let (wake, woken) = channel();
            let center = contacts.center();
            center.lines().change(&modem.name, center.now(), |_| {});
            let line = Line {
                contacts: Arc::clone(contacts),
                name: modem.name,
                caller,
                terms,
                ports: vec![HTTPS, port],
                bounds: modem.bounds,
                shared: Arc::clone(&shared),
                woken,
            };
            let open = modem.open;
            let thread = std::thread::Builder::new()
                .name("line".to_owned())
                .spawn(move || line.serve(open))
                .map_err(AccessError::Thread)?;
            lines.push(Answered {
                shared,
                wake,
                thread,
            });
        }
        Ok(Self { lines })
    }

    /// Says good-bye to every caller, hangs up, and answers no more. Calls that do not end in time
    /// are left to end with the process.
    pub async fn hang_up(self) {
        let mut threads = Vec::new();
        for line in self.lines {
            let mut shared = line.shared.lock().unwrap_or_else(PoisonError::into_inner);
            shared.stopping = true;
            if let Some((call, began)) = &shared.call {
                let now = began.elapsed();
                call.with(|answerer| shared::call::Call::hang_up(answerer, now));
            }
            drop(shared);
            drop(line.wake);
            threads.push(line.thread);
        }
        let ended = async {
            while !threads.iter().all(JoinHandle::is_finished) {
                tokio::time::sleep(LOOK_TIME).await;
            }
        };
        if tokio::time::timeout(GOOD_BYE_TIME, ended).await.is_err() {
            tracing::warn!("some telephone lines did not hang up in time");
        }
    }
}
