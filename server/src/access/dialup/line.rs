//! One telephone line, from its port to the streams it brings.

use std::net::Ipv4Addr;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use shared::call::{Answerer, Bounds, Call as _, Event, LiveCall, ModemPort, PortGone, Post};
use shared::modem::Profile;
use shared::ppp::{StreamId, Terms};

use super::board::{Circumstances, Doing, LineSeen};
use super::calls::{self, CallMade};
use super::claims::{self, Whose};
use super::stream::LineStream;
use super::{Open, Shared};
use crate::access::contacts::{Contacts, Whence};
use crate::ca::random;
use crate::db::DbError;

/// The pause before a port that is gone is opened again, and how far it grows.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What the thread of a line works with.
pub(super) struct Line {
    pub(super) contacts: Arc<Contacts>,
    pub(super) name: Arc<str>,
    /// The address its callers get.
    pub(super) caller: Ipv4Addr,
    pub(super) terms: Terms,
    pub(super) ports: Vec<u16>,
    pub(super) bounds: Bounds,
    pub(super) shared: Arc<Mutex<Shared>>,
    pub(super) woken: Receiver<()>,
}

impl Line {
    /// Serves until it is told to stop. A port that cannot be opened, or is pulled out, is tried
    /// again, with pauses that grow while it stays away.
    pub(super) fn serve(mut self, mut open: Open) {
        let mut pause = FIRST_PAUSE;
        loop {
            let began = Instant::now();
            let Err(gone) = open().and_then(|mut port| self.answer(port.as_mut(), began)) else {
                break;
            };
            tracing::warn!(line = %self.name, %gone, "a telephone line is tried again later");
            self.seen(|line| {
                line.doing = Doing::Unplugged;
                line.caller = None;
                line.last_fault = gone.to_string();
            });
            if began.elapsed() > LONGEST_PAUSE {
                pause = FIRST_PAUSE;
            }
            match self.woken.recv_timeout(pause) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
            }
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
        self.seen(|line| line.doing = Doing::Stopped);
    }

    /// Answers calls on a port until it is gone, or the line is told to stop.
    fn answer(&mut self, port: &mut dyn ModemPort, began: Instant) -> Result<(), PortGone> {
        // New for each opening, because an answerer counts its calls from one.
        self.terms.seed = random()
            .map_err(|error| PortGone(error.to_string()))?
            .into();
        let post = Post {
            profile: Profile::answering(),
            terms: self.terms.clone(),
            ports: self.ports.clone(),
            has_lines: port.has_lines(),
            bounds: self.bounds,
        };
        self.seen(|line| line.doing = Doing::SettingUp);
        let live = LiveCall::new(Answerer::begin(post, began.elapsed()));
        {
            let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
            if shared.stopping {
                return Ok(());
            }
            shared.call = Some((live.clone(), began));
        }
        let clock = || began.elapsed();
        let mut heard = |answerer: &mut Answerer, event: Event| {
            self.hear(&live, answerer, began.elapsed(), &event);
        };
        let pumped = live.pump(port, &clock, &mut heard);
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.call = None;
        pumped
    }

    fn hear(
        &self,
        live: &LiveCall<Answerer>,
        answerer: &mut Answerer,
        now: Duration,
        event: &Event,
    ) {
        let rests = answerer.rests_until(now).is_some();
        let around = Circumstances {
            now: self.contacts.center().now(),
            rests,
            traffic: answerer.traffic(),
        };
        if let Some(made) = self.seen(|line| line.hear(event, around)) {
            self.write_down(made);
        }
        let line = &self.name;
        match event {
            Event::Waiting => {
                if rests {
                    tracing::warn!(%line, "too many calls came to nothing: the line rests");
                } else {
                    tracing::debug!(%line, "waiting for a call");
                }
            }
            Event::Ringing | Event::Dialing | Event::Down | Event::HungUp => {
                tracing::debug!(%line, ?event, "a telephone line");
            }
            Event::Connected { said, .. } => {
                tracing::info!(%line, said = ?printable(said), "a call was taken");
            }
            Event::Claim(name) => self.claim(answerer, now, name),
            Event::Up(up) => tracing::info!(%line, mtu = up.mtu, "a caller is on the line"),
            Event::Stream(id) => self.meet(live, *id),
            Event::Ended(Ok(())) => tracing::info!(%line, "the call has ended"),
            Event::Ended(Err(fault)) => tracing::info!(%line, %fault, "the call has ended"),
        }
    }

    /// Says what the secret of a claimed name is.
    fn claim(&self, answerer: &mut Answerer, now: Duration, name: &str) {
        let line = &self.name;
        let secret = match claims::secret_of(self.contacts.center(), name) {
            Ok((dial_in, whose)) => {
                let caller = printable(name);
                match whose {
                    Whose::Known => tracing::info!(%line, ?caller, "a caller gave its name"),
                    Whose::Nobody => {
                        tracing::warn!(%line, ?caller, "a caller gave a name that nobody has");
                    }
                    Whose::TooOften => {
                        tracing::warn!(%line, ?caller, "a caller has called too often");
                    }
                }
                Some(dial_in)
            }
            Err(error) => {
                tracing::error!(%line, %error, "a caller's name could not be looked up");
                None
            }
        };
        if let Some(stack) = answerer.stack_mut() {
            stack.answer_claim(now, secret.as_ref().map(|dial_in| dial_in.secret.as_str()));
        }
    }

    /// Hands a stream to those who meet contacts; without room for it, it is let go. Not from here:
    /// whoever tells of the stream holds the call, and letting a stream go wants it.
    fn meet(&self, live: &LiveCall<Answerer>, id: StreamId) {
        let whence = Whence::Line(Arc::clone(&self.name), self.caller);
        let (contacts, live) = (Arc::clone(&self.contacts), live.clone());
        self.contacts.soon(async move {
            let stream = LineStream::new(live, id);
            if let Some(permit) = contacts.room_now() {
                contacts.meet(permit, stream, whence);
            } else {
                tracing::warn!(line = %whence, "no room for a contact of a telephone line");
            }
        });
    }

    /// Keeps a call that is over. One that cannot be kept is only logged: the line goes on.
    fn write_down(&self, made: CallMade) {
        let center = self.contacts.center();
        let written = random::<16>().map_err(|error| error.to_string());
        let written = written.and_then(|id| {
            center
                .db()
                .write_blocking("telephone-call", move |tx| calls::put(tx, &id, &made))
                .map_err(|error: DbError| error.to_string())
        });
        if let Err(error) = written {
            tracing::error!(line = %self.name, error, "a call was not written down");
        }
    }

    fn seen<R>(&self, how: impl FnOnce(&mut LineSeen) -> R) -> R {
        let center = self.contacts.center();
        center.lines().change(&self.name, center.now(), how)
    }
}

/// What a stranger has said, for the record.
fn printable(said: &str) -> String {
    const MOST: usize = 64;
    said.chars()
        .filter(|character| !character.is_control())
        .take(MOST)
        .collect()
}
