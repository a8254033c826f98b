//! A call from the click to the hang-up, driven by a thread of its own.

use std::io;
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak};
use std::time::{Duration, Instant};

use shared::call::{Call as _, CallFault, Caller, Event, LiveCall, Plan, PortGone};
use shared::ppp::Up;
use tokio::sync::watch;

use super::door::Door;
use super::lookup::{NoAddress, Target};
use super::ports::Ports;

/// How long hanging up may take: the good-bye's two tries, DTR, and the escape twice.
pub(super) const HANG_UP_TIME: Duration = Duration::from_secs(30);

/// Between two looks whether calls have hung up.
const LOOK: Duration = Duration::from_millis(20);

/// How long a program that panics waits for its modems to hear that DTR fell.
const PANIC_WAIT: Duration = Duration::from_millis(300);

/// The name of the threads that drive calls.
const PUMP: &str = "modem";

/// What to call.
pub struct Order {
    /// The port the modem hangs on.
    pub device: String,
    /// What the caller is sent out with, once it is known whether the port has lines.
    pub plan: Box<dyn FnOnce(bool) -> Plan + Send>,
    /// The data folder: the door to the call lies beside its socket.
    pub folder: PathBuf,
    /// The data center's address.
    pub server: String,
    /// Where it was found over the Internet last, for access servers that know no names.
    pub kept: Option<SocketAddrV4>,
}

/// Why there is no call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialFault {
    /// The modem's port does not open.
    #[error("the modem's port {device} does not open: {reason}")]
    Port {
        /// The port.
        device: String,
        /// Why.
        reason: String,
    },
    /// The modem, the line or the other end said no.
    #[error(transparent)]
    Call(#[from] CallFault),
    /// The call stands, and nobody says where the data center is.
    #[error(transparent)]
    NoAddress(#[from] NoAddress),
    /// This machine cannot make the door to the call.
    #[error("the door to the call cannot be made: {0}")]
    Door(String),
}

/// How far a call is.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// When the number was dialed.
    pub(super) dialed: Option<Instant>,
    /// When the modems had found each other.
    pub(super) connected: Option<Instant>,
    /// What the modem said of the line.
    pub(super) said: Option<String>,
    pub(super) up: Option<Up>,
    pub(super) ended: Option<Result<(), CallFault>>,
    pub(super) hung_up: Option<Instant>,
}

/// A call that is up. Dropping it hangs up.
#[derive(Debug)]
pub struct Dialed {
    door: Door,
    guard: Guard,
    state: watch::Receiver<State>,
    /// Whether the data center has answered anything over it.
    answered: watch::Sender<bool>,
    /// Whether somebody wants it to end, whatever was answered over it.
    left: Arc<AtomicBool>,
}

/// Hangs up when it is dropped, wherever the call stands.
#[derive(Debug)]
struct Guard {
    live: LiveCall<Caller>,
    begun: Instant,
    ends: Arc<AtomicBool>,
}

impl Guard {
    fn hang_up(&self) {
        self.ends.store(true, Ordering::SeqCst);
        let now = self.begun.elapsed();
        self.live.with(|call| call.hang_up(now));
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.hang_up();
    }
}

impl Dialed {
    /// Dials, and comes back when Internet packets pass and the door stands. Whoever stops waiting
    /// for it ends the call. `told` shows every step, also after that.
    ///
    /// # Errors
    /// [`DialFault`]; the modem has hung up then, or is hanging up.
    pub(super) async fn dial(
        ports: Arc<dyn Ports>,
        calls: &Arc<Calls>,
        order: Order,
        told: watch::Sender<State>,
    ) -> Result<Self, DialFault> {
        let Order {
            device,
            plan,
            folder,
            server,
            kept,
        } = order;
        let no_port = |reason: String| DialFault::Port {
            device: device.clone(),
            reason,
        };
        calls.hung_up(&device).await;
        let name = device.clone();
        let opening = tokio::task::spawn_blocking(move || ports.open(&name));
        let opened = opening.await.map_err(|fault| no_port(fault.to_string()))?;
        let mut port = opened.map_err(|fault| no_port(fault.to_string()))?;

        let begun = Instant::now();
        let caller = Caller::begin(plan(port.has_lines()), Duration::ZERO);
        let live = LiveCall::new(caller);
        let guard = Guard {
            live: live.clone(),
            begun,
            ends: Arc::default(),
        };
        let mut state = told.subscribe();
        let entry = Entry::of(calls, &guard, device.clone());
        let ends = Arc::clone(&guard.ends);
        let pump = move || {
            let pumped: Result<(), PortGone> =
                live.pump(port.as_mut(), &|| begun.elapsed(), &mut |_, event| {
                    let ended = matches!(event, Event::Ended(_));
                    ends.fetch_or(ended, Ordering::SeqCst);
                    told.send_modify(|state| note(state, event));
                });
            if let Err(gone) = pumped {
                tracing::warn!("{gone}");
            }
            drop(port);
            drop(entry);
        };
        std::thread::Builder::new()
            .name(PUMP.to_owned())
            .spawn(pump)
            .map_err(|fault| no_port(fault.to_string()))?;

        let up = wait_up(&mut state).await?;
        let target = Target::of(&guard.live, &up, &server, kept).await?;
        let door = Door::open(&folder, target)
            .map_err(|fault: io::Error| DialFault::Door(fault.to_string()))?;
        Ok(Self {
            door,
            guard,
            state,
            answered: watch::Sender::new(false),
            left: Arc::default(),
        })
    }

    /// Where the call's streams begin.
    #[must_use]
    pub fn door(&self) -> &Path {
        self.door.path()
    }

    /// Notes that the data center has answered over it.
    pub(super) fn answer(&self) {
        self.answered
            .send_if_modified(|answered| !std::mem::replace(answered, true));
    }

    /// Tells whether the data center has answered anything over it, and when it does.
    pub(super) fn answered(&self) -> watch::Receiver<bool> {
        self.answered.subscribe()
    }

    /// Notes that it ends by wish: the clerk hangs up, or the contact goes on over the Internet.
    pub(super) fn leave(&self) {
        self.left.store(true, Ordering::SeqCst);
    }

    /// Whether it ends, or has ended, by wish; also for when it is gone.
    pub(super) fn left(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.left)
    }

    /// Whether it ends, or has ended, by wish.
    #[must_use]
    pub fn was_left(&self) -> bool {
        self.left.load(Ordering::SeqCst)
    }

    /// Why the call ended, where it was not by wish.
    #[must_use]
    pub fn ended(&self) -> Option<CallFault> {
        self.state.borrow().ended.and_then(Result::err)
    }

    /// Whether it can still be used.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.state.borrow().ended.is_none()
    }

    /// Says good-bye, hangs up, and waits until the modem has; a bounded time.
    pub async fn hang_up(&self) {
        self.guard.hang_up();
        let mut state = self.state.clone();
        let over = state.wait_for(|state| state.hung_up.is_some());
        if tokio::time::timeout(HANG_UP_TIME, over).await.is_err() {
            tracing::warn!("the modem did not hang up in time");
        }
    }
}

fn note(state: &mut State, event: Event) {
    let now = Instant::now();
    match event {
        Event::Dialing => state.dialed = Some(now),
        Event::Connected { said, .. } => {
            state.connected = Some(now);
            state.said = Some(said);
        }
        Event::Up(up) => state.up = Some(up),
        Event::Ended(how) => state.ended = Some(how),
        Event::HungUp => state.hung_up = Some(now),
        // What only an answerer says, and a link that is agreed on anew: its streams go on.
        Event::Waiting | Event::Ringing | Event::Claim(_) | Event::Stream(_) | Event::Down => {}
    }
}

async fn wait_up(state: &mut watch::Receiver<State>) -> Result<Up, DialFault> {
    let lost = || DialFault::Call(CallFault::Link(shared::ppp::Failure::LineLost));
    let seen = state
        .wait_for(|state| state.up.is_some() || state.ended.is_some())
        .await
        .map_err(|_| lost())?;
    match (&seen.up, seen.ended) {
        (_, Some(Err(fault))) => Err(fault.into()),
        (Some(up), None) => Ok(up.clone()),
        (_, Some(Ok(())) | None) => Err(lost()),
    }
}

/// Keeps the telephone line from staying open behind a program that panics.
static TELEPHONES: Mutex<Vec<Weak<Calls>>> = Mutex::new(Vec::new());

/// The calls of one telephone whose ports are open, for its end, for a panic and for the next call.
#[derive(Debug, Default)]
pub(super) struct Calls(Mutex<Vec<Going>>);

/// One of them.
#[derive(Debug)]
struct Going {
    live: LiveCall<Caller>,
    begun: Instant,
    device: String,
    /// Whether it has ended, and at most the modem still has to hang up.
    ends: Arc<AtomicBool>,
}

impl Calls {
    /// Those of a new telephone.
    pub(super) fn of_a_telephone() -> Arc<Self> {
        let calls = Arc::<Self>::default();
        let mut all = TELEPHONES.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|one| one.strong_count() > 0);
        all.push(Arc::downgrade(&calls));
        calls
    }

    /// Waits until a call on this port that has ended has hung up and closed it; a bounded time.
    async fn hung_up(&self, device: &str) {
        let end = Instant::now() + HANG_UP_TIME;
        let hangs_up = || {
            let calls = self.going();
            let mut others = calls.iter().filter(|going| going.device == device);
            others.any(|going| going.ends.load(Ordering::SeqCst))
        };
        while hangs_up() && Instant::now() < end {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Hangs every call up, and waits until the modems have; a bounded time. For the end of the
    /// program.
    pub(super) async fn hang_up_all(&self) {
        let end = Instant::now() + HANG_UP_TIME;
        loop {
            {
                let calls = self.going();
                if calls.is_empty() || Instant::now() >= end {
                    return;
                }
                for going in calls.iter() {
                    let now = going.begun.elapsed();
                    going.live.with(|call| call.hang_up(now));
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn going(&self) -> MutexGuard<'_, Vec<Going>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call's place among them.
struct Entry(Arc<Calls>, LiveCall<Caller>);

impl Entry {
    fn of(calls: &Arc<Calls>, guard: &Guard, device: String) -> Self {
        calls.going().push(Going {
            live: guard.live.clone(),
            begun: guard.begun,
            device,
            ends: Arc::clone(&guard.ends),
        });
        Self(Arc::clone(calls), guard.live.clone())
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let Self(calls, live) = self;
        calls.going().retain(|going| !going.live.is_same(live));
    }
}

/// From now on a panic anywhere in the program drops every line: nobody may be left who would hang
/// up. For the beginning of a program; where other programs' work is in the same process, as in
/// tests, it would end theirs too.
pub fn hang_up_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if drop_lines() && std::thread::current().name() != Some(PUMP) {
                std::thread::sleep(PANIC_WAIT);
            }
            before(panic);
        }));
    });
}

/// Drops the line of every call that can be had; whether there was one. The panicking thread may
/// hold any of the locks: then the port closes, which drops DTR.
fn drop_lines() -> bool {
    let Ok(telephones) = TELEPHONES.try_lock() else {
        return false;
    };
    let mut any = false;
    for calls in telephones.iter().filter_map(Weak::upgrade) {
        let Ok(calls) = calls.0.try_lock() else {
            continue;
        };
        for going in calls.iter() {
            let now = going.begun.elapsed();
            any |= going.live.try_with(|call| call.drop_line(now)).is_some();
        }
    }
    any
}
