//! The end of a call that answers.

mod post;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::text::{CarrierText, bits_per_second};
use super::{CallFault, Event, Signal};
use crate::modem::{HangUp, Incoming, Parting, PickUp, Waits};
use crate::ppp::{self, Stack, mru_for};
pub use post::{Bounds, Post, Traffic};

/// Separates the seeds of calls from any other use of an answerer's seed.
const SEED_DOMAIN: &[u8] = b"pb answerer seed v1";
/// The time in which failed calls are counted.
const FAILURES_WINDOW: Duration = Duration::from_secs(3_600);
/// The pause before a modem that does not do what it is told is tried again, and how far it grows.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Where an answerer stands.
#[derive(Debug)]
enum Stage {
    Waiting(PickUp),
    /// PPP has the line.
    Talking,
    HangingUp(HangUp),
    /// The modem did not do what it was told; it is tried again then.
    Paused(Duration),
    Over,
}

/// The end of calls that answers: it sets the modem up, takes a call, speaks PPP as a data center,
/// hangs up, and waits for the next call, until it is told to stop ([`Call::hang_up`]).
#[derive(Debug)]
pub struct Answerer {
    post: Post,
    waits: Waits,
    stage: Stage,
    /// Of this call; of the last one where nobody calls, so that no stream has a name twice.
    stack: Option<Stack>,
    calls: u64,
    /// When the call has lasted as long as it may, and since when it has had no stream.
    cap: Option<Duration>,
    idle_since: Option<Duration>,
    is_up: bool,
    was_up: bool,
    /// Whether DCD was ever seen up in this call: a cable without that wire shows it down always.
    carrier_seen: bool,
    /// Whether the modem is on hook already.
    on_hook: bool,
    text: CarrierText,
    /// Of this call, or of the last one.
    traffic: Traffic,
    /// When calls failed, the oldest first.
    failures: VecDeque<Duration>,
    rests_until: Duration,
    pause: Duration,
    wire: Vec<u8>,
    signals: Vec<Signal>,
    events: VecDeque<Event>,
    /// How this call ends, once that is decided; the good-bye may still be on its way.
    ended: Option<Result<(), CallFault>>,
    stopping: bool,
}

impl Answerer {
    /// Begins to set the modem up.
    #[must_use]
    pub fn begin(post: Post, now: Duration) -> Self {
        let waits = post.profile.waits;
        let mut answerer = Self {
            waits,
            stage: Stage::Paused(now),
            stack: None,
            calls: 0,
            cap: None,
            idle_since: None,
            is_up: false,
            was_up: false,
            carrier_seen: false,
            on_hook: true,
            text: CarrierText::default(),
            traffic: Traffic::default(),
            failures: VecDeque::new(),
            rests_until: now,
            pause: FIRST_PAUSE,
            wire: Vec::new(),
            signals: vec![Signal::RaiseDtr],
            events: VecDeque::new(),
            ended: None,
            stopping: false,
            post,
        };
        answerer.wait(now);
        answerer
    }

    /// Until when the line rings unanswered, because too many calls have failed.
    #[must_use]
    pub fn rests_until(&self, now: Duration) -> Option<Duration> {
        (self.rests_until > now).then_some(self.rests_until)
    }

    /// What has passed in this call, or in the last one.
    #[must_use]
    pub const fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// Sets the modem up for the next call.
    fn wait(&mut self, now: Duration) {
        if self.stopping {
            self.stage = Stage::Over;
            return;
        }
        let profile = self.post.profile.clone();
        self.stage = Stage::Waiting(PickUp::begin(profile, self.rests_until, now));
        self.ended = None;
        self.follow(now);
    }

    /// Does what follows from what the parts have to say.
    fn follow(&mut self, now: Duration) {
        match &mut self.stage {
            Stage::Waiting(_) => self.follow_modem(now),
            Stage::Talking => self.follow_link(now),
            Stage::HangingUp(_) => self.follow_hang_up(now),
            Stage::Paused(_) | Stage::Over => {}
        }
    }

    fn follow_modem(&mut self, now: Duration) {
        loop {
            let Stage::Waiting(pick_up) = &mut self.stage else {
                return;
            };
            self.wire.extend(pick_up.take_wire());
            match pick_up.next_incoming() {
                None => return,
                Some(Incoming::Waiting) => {
                    self.pause = FIRST_PAUSE;
                    self.events.push_back(Event::Waiting);
                }
                Some(Incoming::Ringing) => self.events.push_back(Event::Ringing),
                Some(Incoming::Taking) => self.events.push_back(Event::Dialing),
                Some(Incoming::Missed(failure)) => {
                    self.events.push_back(Event::Ended(Err(failure.into())));
                    self.events.push_back(Event::HungUp);
                }
                Some(Incoming::Failed(failure)) => {
                    // It may be off hook, or in a call that nobody knows of any more.
                    self.on_hook = false;
                    self.finish(now, Err(failure.into()));
                }
                Some(Incoming::Connected { said, data }) => self.connect(now, said, &data),
            }
        }
    }

    fn connect(&mut self, now: Duration, said: String, data: &[u8]) {
        self.calls = self.calls.saturating_add(1);
        let bits_per_second = bits_per_second(&said);
        let mut terms = self.post.terms.clone();
        terms.mru = mru_for(bits_per_second);
        terms.seed = seed_of(&terms.seed, self.calls);
        self.cap = Some(now.saturating_add(self.post.bounds.longest));
        self.idle_since = None;
        self.is_up = false;
        self.was_up = false;
        self.carrier_seen = false;
        self.on_hook = false;
        self.text = CarrierText::default();
        self.traffic = Traffic::default();
        self.events.push_back(Event::Connected {
            said,
            bits_per_second,
        });
        let mut stack = Stack::begin(terms, now);
        if let Some(before) = &self.stack {
            stack.name_after(before);
        }
        stack.stand_for_every_address();
        for port in &self.post.ports {
            stack.listen(*port);
        }
        self.stack = Some(stack);
        self.stage = Stage::Talking;
        self.hear_line(now, data);
    }

    fn follow_link(&mut self, now: Duration) {
        while let Some(event) = self.stack.as_mut().and_then(Stack::next_event) {
            match event {
                ppp::Event::Up(up) => {
                    self.is_up = true;
                    self.was_up = true;
                    self.events.push_back(Event::Up(up));
                }
                ppp::Event::Down => {
                    self.is_up = false;
                    self.events.push_back(Event::Down);
                }
                ppp::Event::Claim(name) => self.events.push_back(Event::Claim(name)),
                ppp::Event::Ended(how) => {
                    if !self.was_up && how.is_err() {
                        self.count_failure(now);
                    }
                    self.finish(now, how.map_err(CallFault::from));
                    return;
                }
            }
        }
        while let Some(stream) = self.stack.as_mut().and_then(Stack::accept) {
            self.events.push_back(Event::Stream(stream));
        }
        let in_use = self.stack.as_ref().is_some_and(Stack::is_in_use);
        if !self.is_up || in_use {
            self.idle_since = None;
        } else if self.idle_since.is_none() {
            self.idle_since = Some(now);
        }
    }

    fn follow_hang_up(&mut self, now: Duration) {
        loop {
            let Stage::HangingUp(hang_up) = &mut self.stage else {
                return;
            };
            self.wire.extend(hang_up.take_wire());
            match hang_up.next_parting() {
                None => return,
                Some(Parting::DropDtr) => self.signals.push(Signal::DropDtr),
                Some(Parting::RaiseDtr) => self.signals.push(Signal::RaiseDtr),
                Some(Parting::Done | Parting::Unheard) => {
                    self.hung_up(now);
                    return;
                }
            }
        }
    }

    /// The bytes of a call; where nothing else says so, the modem's own words end it.
    fn hear_line(&mut self, now: Duration, bytes: &[u8]) {
        let lost = self.text.find(bytes).filter(|_| !self.carrier_seen);
        let data = lost.and_then(|end| bytes.get(..end)).unwrap_or(bytes);
        self.traffic.received = self.traffic.received.saturating_add(count(data));
        if let Some(stack) = &mut self.stack {
            stack.input(now, data);
        }
        if lost.is_some() {
            self.lose_carrier(now);
        }
        self.follow(now);
    }

    /// The other end of the line is gone, and the modem is on hook already.
    fn lose_carrier(&mut self, now: Duration) {
        // What arrived before counts: a good-bye.
        self.follow(now);
        if !matches!(self.stage, Stage::Talking) {
            return;
        }
        self.on_hook = true;
        if let Some(stack) = &mut self.stack {
            stack.line_lost();
        }
        self.follow(now);
    }

    /// Counts a call that came to nothing; after too many the line rests.
    fn count_failure(&mut self, now: Duration) {
        let begins = now.saturating_sub(FAILURES_WINDOW);
        while self.failures.front().is_some_and(|at| *at < begins) {
            self.failures.pop_front();
        }
        self.failures.push_back(now);
        if self.failures.len() > self.post.bounds.failures {
            self.failures.pop_front();
            self.rests_until = now.saturating_add(self.post.bounds.rest);
        }
    }

    /// Says how the call ended, and hangs up where the modem may not have.
    fn finish(&mut self, now: Duration, how: Result<(), CallFault>) {
        let how = self.ended.unwrap_or(how);
        self.ended = Some(how);
        self.events.push_back(Event::Ended(how));
        self.cap = None;
        self.idle_since = None;
        if self.on_hook {
            self.hung_up(now);
            return;
        }
        self.stage = Stage::HangingUp(HangUp::begin(self.waits, self.post.has_lines, now));
        self.follow_hang_up(now);
    }

    /// The modem is on hook, as far as one can tell.
    fn hung_up(&mut self, now: Duration) {
        self.on_hook = true;
        self.events.push_back(Event::HungUp);
        let modem_failed = matches!(self.ended, Some(Err(CallFault::Modem(_))));
        if modem_failed && !self.stopping {
            self.stage = Stage::Paused(now.saturating_add(self.pause));
            self.pause = self.pause.saturating_mul(2).min(LONGEST_PAUSE);
        } else {
            self.wait(now);
        }
    }

    /// Ends the link for this reason, with a good-bye.
    fn end_link(&mut self, now: Duration, how: Result<(), CallFault>) {
        if self.ended.is_some() {
            return;
        }
        self.ended = Some(how);
        self.cap = None;
        self.idle_since = None;
        if let Some(stack) = &mut self.stack {
            stack.close(now);
        }
        self.follow(now);
    }

    const fn is_in_call(&self) -> bool {
        matches!(self.stage, Stage::Talking | Stage::HangingUp(_))
    }

    fn idle_due(&self) -> Option<Duration> {
        let since = self.idle_since?;
        Some(since.saturating_add(self.post.bounds.idle))
    }
}

/// How many bytes these are.
fn count(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// The seed of one call.
fn seed_of(seed: &[u8; 32], call: u64) -> Zeroizing<[u8; 32]> {
    let mut hash = Sha256::new();
    hash.update(SEED_DOMAIN);
    hash.update(seed);
    hash.update(call.to_be_bytes());
    Zeroizing::new(hash.finalize().into())
}
