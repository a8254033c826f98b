//! A call that runs on a port, with streams that other threads read and write.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::port::{ModemPort, PortGone};
use super::{Call, Event, Signal};
use crate::ppp::{NotOpened, Reading, StreamId, StreamState};

/// How long a port is waited for while bytes of streams may have to be sent: a third of a modem's
/// packet time at 33,600 bit/s, so that nobody waits for it on the line.
const LIVE_WAIT: Duration = Duration::from_millis(5);
/// How long it is waited for while no stream can be: so soon a wish to hang up is heard.
const IDLE_WAIT: Duration = Duration::from_millis(100);
/// The shortest wait, where something is due at once that needs the port to be read first.
const LEAST_WAIT: Duration = Duration::from_millis(1);
/// Bytes given to a port ahead of the line: an eighth of a second at 33,600 bit/s, so that the line
/// never runs dry between two looks.
const AHEAD_BYTES: usize = 512;
/// Bytes read from a port at once.
const READ_BYTES: usize = 1_024;

/// What goes to a port, and how fast.
///
/// A port may take far more than the line behind it carries: a pseudo terminal has no flow control,
/// and drivers queue kilobytes. TCP would take that for a long line and send things twice. So no
/// more is given than the line can have carried since, by what the modem said of it.
#[derive(Debug, Default)]
struct Queue {
    /// What the port did not take last time.
    bytes: Vec<u8>,
    /// Bytes a second, where the modem said; a synchronous line has eight bits to a byte.
    rate: Option<u32>,
    /// When the line will have carried all that was given.
    free_at: Duration,
}

impl Queue {
    fn hear(&mut self, event: &Event, now: Duration) {
        match event {
            Event::Connected {
                bits_per_second, ..
            } => {
                self.rate = Some(bits_per_second / 8).filter(|rate| *rate > 0);
                self.free_at = now;
            }
            Event::Ended(_) => self.rate = None,
            Event::Waiting
            | Event::Ringing
            | Event::Dialing
            | Event::Claim(_)
            | Event::Up(_)
            | Event::Stream(_)
            | Event::Down
            | Event::HungUp => {}
        }
    }

    /// How many bytes may be taken now, of those the port has room for.
    fn room(&self, port: usize, now: Duration) -> usize {
        let room = port.saturating_sub(self.bytes.len());
        let Some(rate) = self.rate else {
            return room;
        };
        let behind = self.free_at.saturating_sub(now).as_micros();
        let behind = behind.saturating_mul(u128::from(rate)) / 1_000_000;
        let behind = usize::try_from(behind).unwrap_or(usize::MAX);
        room.min(AHEAD_BYTES.saturating_sub(behind))
    }

    fn sent(&mut self, count: usize, now: Duration) {
        let Some(rate) = self.rate else {
            return;
        };
        let micros = u64::try_from(count)
            .unwrap_or(u64::MAX)
            .saturating_mul(1_000_000);
        let time = Duration::from_micros(micros / u64::from(rate));
        self.free_at = self.free_at.max(now).saturating_add(time);
    }
}

/// A stream of a call that leads nowhere any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the call's stream is broken")]
pub struct StreamBroken;

/// A call that one thread drives ([`LiveCall::pump`]) while others use its streams. All of them
/// hold a copy of this.
#[derive(Debug)]
pub struct LiveCall<C>(Arc<Mutex<Inner<C>>>);

#[derive(Debug)]
struct Inner<C> {
    call: C,
    /// Who waits for a stream: to read it, to write it or to see it open.
    waiting: BTreeMap<(StreamId, Direction), Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Direction {
    Read,
    Write,
}

impl<C> Clone for LiveCall<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C> Inner<C> {
    fn wake_all(&mut self) {
        for waker in std::mem::take(&mut self.waiting).into_values() {
            waker.wake();
        }
    }
}

impl<C: Call> LiveCall<C> {
    /// Takes a call that has begun.
    #[must_use]
    pub fn new(call: C) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            call,
            waiting: BTreeMap::new(),
        })))
    }

    /// Does something with the call itself. What it has to say is heard by the pump.
    pub fn with<R>(&self, act: impl FnOnce(&mut C) -> R) -> R {
        act(&mut self.lock().call)
    }

    /// As [`LiveCall::with`], where waiting for another thread could be waiting for oneself: nothing
    /// when one is at it.
    pub fn try_with<R>(&self, act: impl FnOnce(&mut C) -> R) -> Option<R> {
        let mut inner = self.0.try_lock().ok()?;
        Some(act(&mut inner.call))
    }

    /// Whether this is the same call.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Drives the call on this port until it is over. `clock` tells the time as [`Call`] wants it;
    /// `heard` is told every event, and may act on the call then.
    ///
    /// # Errors
    /// [`PortGone`] when the port failed; the call was told, and its events were too.
    pub fn pump(
        &self,
        port: &mut dyn ModemPort,
        clock: &dyn Fn() -> Duration,
        heard: &mut dyn FnMut(&mut C, Event),
    ) -> Result<(), PortGone> {
        let mut queue = Queue::default();
        loop {
            let turn = self.turn(port, &mut queue, clock(), heard);
            let read = turn.and_then(|wait| match wait {
                Some(wait) => {
                    let mut buffer = [0; READ_BYTES];
                    let count = port.read(&mut buffer, wait)?;
                    Ok(buffer.get(..count).map(<[u8]>::to_vec))
                }
                None => Ok(None),
            });
            match read {
                Ok(Some(bytes)) if bytes.is_empty() => {}
                Ok(Some(bytes)) => {
                    let now = clock();
                    let mut inner = self.lock();
                    inner.call.input(now, &bytes);
                    inner.wake_all();
                }
                Ok(None) => return Ok(()),
                Err(gone) => {
                    let now = clock();
                    let mut inner = self.lock();
                    inner.call.port_lost(now);
                    tell(&mut inner.call, heard);
                    inner.wake_all();
                    return Err(gone);
                }
            }
        }
    }

    /// Does what is due, and gives the port what there is for it. Answers how long to wait for the
    /// port now; nothing when the call is over.
    fn turn(
        &self,
        port: &mut dyn ModemPort,
        queue: &mut Queue,
        now: Duration,
        heard: &mut dyn FnMut(&mut C, Event),
    ) -> Result<Option<Duration>, PortGone> {
        let carrier = port.carrier()?;
        let room = queue.room(port.room(), now);
        let (signals, wait) = {
            let mut inner = self.lock();
            let was_due = inner.call.wake_at().is_some_and(|at| at <= now);
            inner.call.carrier(now, carrier);
            inner.call.tick(now);
            let had_news = tell(&mut inner.call, &mut |call, event| {
                queue.hear(&event, now);
                heard(call, event);
            });
            queue.bytes.extend(inner.call.take_wire(now, room));
            let signals = inner.call.take_signals();
            if was_due || had_news {
                inner.wake_all();
            }
            let most = inner.call.stack().map_or(IDLE_WAIT, |_| LIVE_WAIT);
            let due = inner.call.wake_at().map(|at| at.saturating_sub(now));
            let wait = due.map_or(most, |due| due.clamp(LEAST_WAIT, most));
            let over = inner.call.is_over() && queue.bytes.is_empty();
            (signals, (!over).then_some(wait))
        };
        for signal in signals {
            port.set_dtr(signal == Signal::RaiseDtr)?;
        }
        if !queue.bytes.is_empty() {
            let taken = port.write(&queue.bytes)?.min(queue.bytes.len());
            queue.bytes.drain(..taken);
            queue.sent(taken, now);
        }
        Ok(wait)
    }

    /// Opens a stream to an address of the other side.
    ///
    /// # Errors
    /// [`NotOpened`].
    pub fn open(&self, to: SocketAddrV4) -> Result<StreamId, NotOpened> {
        let mut inner = self.lock();
        let stack = inner.call.stack_mut().ok_or(NotOpened::Down)?;
        stack.connect(to)
    }

    /// Whether a stream is open; ready once it is, or never will be.
    pub fn poll_open(&self, cx: &mut Context<'_>, id: StreamId) -> Poll<Result<(), StreamBroken>> {
        let mut inner = self.lock();
        let state = inner.call.stack().map(|stack| stack.state(id));
        match state {
            Some(StreamState::Open) => Poll::Ready(Ok(())),
            Some(StreamState::Closed) | None => Poll::Ready(Err(StreamBroken)),
            Some(StreamState::Opening) => {
                let waker = cx.waker().clone();
                inner.waiting.insert((id, Direction::Write), waker);
                Poll::Pending
            }
        }
    }

    /// Reads from a stream; 0 bytes when the other end has finished.
    pub fn poll_read(
        &self,
        cx: &mut Context<'_>,
        id: StreamId,
        to: &mut [u8],
    ) -> Poll<Result<usize, StreamBroken>> {
        let mut inner = self.lock();
        let Some(stack) = inner.call.stack_mut() else {
            return Poll::Ready(Err(StreamBroken));
        };
        match stack.read(id, to) {
            Reading::Bytes(count) => Poll::Ready(Ok(count)),
            Reading::Finished => Poll::Ready(Ok(0)),
            Reading::Broken => Poll::Ready(Err(StreamBroken)),
            Reading::Nothing => {
                let waker = cx.waker().clone();
                inner.waiting.insert((id, Direction::Read), waker);
                Poll::Pending
            }
        }
    }

    /// Writes to a stream; answers how many bytes there was room for, at least one of those given.
    pub fn poll_write(
        &self,
        cx: &mut Context<'_>,
        id: StreamId,
        bytes: &[u8],
    ) -> Poll<Result<usize, StreamBroken>> {
        let mut inner = self.lock();
        let Some(stack) = inner.call.stack_mut() else {
            return Poll::Ready(Err(StreamBroken));
        };
        match (stack.write(id, bytes), stack.state(id)) {
            (0, _) if bytes.is_empty() => Poll::Ready(Ok(0)),
            (0, StreamState::Closed) => Poll::Ready(Err(StreamBroken)),
            (0, StreamState::Opening | StreamState::Open) => {
                let waker = cx.waker().clone();
                inner.waiting.insert((id, Direction::Write), waker);
                Poll::Pending
            }
            (count, _) => Poll::Ready(Ok(count)),
        }
    }

    /// Says that nothing more will be written to a stream.
    pub fn finish(&self, id: StreamId) {
        if let Some(stack) = self.lock().call.stack_mut() {
            stack.finish(id);
        }
    }

    /// Forgets a stream.
    pub fn release(&self, id: StreamId) {
        let mut inner = self.lock();
        if let Some(stack) = inner.call.stack_mut() {
            stack.release(id);
        }
        inner.waiting.remove(&(id, Direction::Read));
        inner.waiting.remove(&(id, Direction::Write));
    }

    fn lock(&self) -> MutexGuard<'_, Inner<C>> {
        // Nothing here leaves a call half changed where it panics; hanging up must go on.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells all events; says whether there were any.
fn tell<C: Call>(call: &mut C, heard: &mut dyn FnMut(&mut C, Event)) -> bool {
    let mut any = false;
    while let Some(event) = call.next_event() {
        any = true;
        heard(call, event);
    }
    any
}
