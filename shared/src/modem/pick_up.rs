//! From a modem on hook to the first byte of data of somebody who calls.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use super::answer::{Answer, Answers};
use super::dial::CallFailure;
use super::profile::Profile;

/// Times a command is said to a modem that does not answer.
const TRIES: u32 = 3;
/// A modem that nobody calls is asked so often whether it is still there.
const CHECK_PERIOD: Duration = Duration::from_secs(600);

/// What happened to a modem that waits for calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// It is set up, and waits.
    Waiting,
    /// Somebody calls; said with every ring, also with those that are not answered.
    Ringing,
    /// The call is being taken.
    Taking,
    /// Data passes. Bytes that came with the answer already are data. The last that is said.
    Connected {
        /// What the modem said of the line, for the record.
        said: String,
        /// The first bytes of data.
        data: Vec<u8>,
    },
    /// The caller is gone, or is no modem; it waits for the next.
    Missed(CallFailure),
    /// The modem does not do what it is told. The last that is said.
    Failed(CallFailure),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It is told the command of this place in the profile.
    Telling(usize),
    Waiting,
    /// It waits, and was asked whether it is there.
    Checking,
    Taking,
    /// Taking the call took too long; a character was sent, which makes every modem give up.
    Aborting,
    Over,
}

/// A modem that waits for calls and takes the first one.
#[derive(Debug)]
pub struct PickUp {
    profile: Profile,
    stage: Stage,
    tries: u32,
    due: Duration,
    /// Until then it may ring.
    rests_until: Duration,
    answers: Answers,
    wire: Vec<u8>,
    incoming: VecDeque<Incoming>,
}

impl PickUp {
    /// Begins to set the modem up. Rings before `rests_until` are not answered. `now` is the time
    /// since any moment of the caller's choice, the same in all calls, and never falls.
    #[must_use]
    pub fn begin(profile: Profile, rests_until: Duration, now: Duration) -> Self {
        let mut pick_up = Self {
            profile,
            stage: Stage::Telling(0),
            tries: 0,
            due: now,
            rests_until,
            answers: Answers::default(),
            wire: Vec::new(),
            incoming: VecDeque::new(),
        };
        pick_up.tell(now, 0);
        pick_up
    }

    /// Bytes for the modem.
    pub fn take_wire(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.wire)
    }

    /// What happened, the oldest first.
    pub fn next_incoming(&mut self) -> Option<Incoming> {
        self.incoming.pop_front()
    }

    /// When [`PickUp::tick`] has something to do; `None` once it is over.
    #[must_use]
    pub fn wake_at(&self) -> Option<Duration> {
        (self.stage != Stage::Over).then_some(self.due)
    }

    /// Whether the modem may be off hook.
    #[must_use]
    pub fn is_off_hook(&self) -> bool {
        matches!(self.stage, Stage::Taking | Stage::Aborting)
    }

    /// Takes bytes of the modem, in pieces of any size.
    pub fn input(&mut self, now: Duration, bytes: &[u8]) {
        let mut bytes = bytes.iter();
        while let Some(byte) = bytes.next() {
            if self.stage == Stage::Over {
                return;
            }
            let Some(answer) = self.answers.push(*byte) else {
                continue;
            };
            // A modem may also answer by itself.
            let may_connect = matches!(
                self.stage,
                Stage::Taking | Stage::Waiting | Stage::Checking | Stage::Aborting
            );
            if let (Answer::Connect(said), true) = (&answer, may_connect) {
                let rest = bytes.as_slice();
                // The end of the line may be two bytes.
                let data = rest.strip_prefix(b"\n").unwrap_or(rest).to_vec();
                let said = said.clone();
                self.stage = Stage::Over;
                self.incoming.push_back(Incoming::Connected { said, data });
                return;
            }
            self.hear(now, &answer);
        }
    }

    /// Gives up waiting for what is overdue by now.
    pub fn tick(&mut self, now: Duration) {
        if self.due > now {
            return;
        }
        match self.stage {
            Stage::Telling(place) if self.tries < TRIES => self.tell(now, place),
            Stage::Telling(_) => self.fail(CallFailure::ModemSilent),
            Stage::Waiting => {
                self.tries = 0;
                self.check(now);
            }
            Stage::Checking if self.tries < TRIES => self.check(now),
            Stage::Checking => self.fail(CallFailure::ModemSilent),
            Stage::Taking => {
                self.wire.push(b'\r');
                self.stage = Stage::Aborting;
                self.due = now.saturating_add(self.profile.waits.command);
            }
            // It said nothing to that either: whatever it does, it is to be set up anew.
            Stage::Aborting => self.fail(CallFailure::TimedOut),
            Stage::Over => {}
        }
    }

    fn hear(&mut self, now: Duration, answer: &Answer) {
        match (self.stage, answer) {
            (Stage::Telling(place), Answer::Ok) => {
                self.tries = 0;
                self.tell(now, place.saturating_add(1));
            }
            (Stage::Telling(_), Answer::Error(_)) => self.fail(CallFailure::CommandRefused),
            (Stage::Checking, Answer::Ok | Answer::Error(_)) => self.wait(now),
            (Stage::Waiting | Stage::Checking, Answer::Ring) => {
                self.incoming.push_back(Incoming::Ringing);
                if self.rests_until <= now {
                    self.say(now, "ATA", self.profile.waits.carrier);
                    self.stage = Stage::Taking;
                    self.incoming.push_back(Incoming::Taking);
                }
            }
            (Stage::Taking, Answer::NoCarrier | Answer::Busy | Answer::NoAnswer) => {
                self.miss(now, CallFailure::NoCarrier);
            }
            // The ring was over before the command came.
            (Stage::Taking, Answer::Ok | Answer::Error(_)) => {
                self.miss(now, CallFailure::NoAnswer);
            }
            (Stage::Aborting, Answer::Ok | Answer::NoCarrier) => {
                self.miss(now, CallFailure::TimedOut);
            }
            // Echoes, reports nobody asked for, rings while the modem is set up or takes the call,
            // and what is left over from the call before.
            _ => {}
        }
    }

    /// Says the command of this place, or waits when there is none.
    fn tell(&mut self, now: Duration, place: usize) {
        let Some(command) = self.profile.commands.get(place).cloned() else {
            self.incoming.push_back(Incoming::Waiting);
            self.wait(now);
            return;
        };
        self.tries = self.tries.saturating_add(1);
        self.say(now, &command, self.profile.waits.command);
        self.stage = Stage::Telling(place);
    }

    fn check(&mut self, now: Duration) {
        self.tries = self.tries.saturating_add(1);
        self.say(now, "AT", self.profile.waits.command);
        self.stage = Stage::Checking;
    }

    fn wait(&mut self, now: Duration) {
        self.stage = Stage::Waiting;
        self.due = now.saturating_add(CHECK_PERIOD);
    }

    fn miss(&mut self, now: Duration, failure: CallFailure) {
        self.incoming.push_back(Incoming::Missed(failure));
        self.wait(now);
    }

    fn say(&mut self, now: Duration, command: &str, wait: Duration) {
        self.wire.extend_from_slice(command.as_bytes());
        self.wire.push(b'\r');
        self.due = now.saturating_add(wait);
    }

    fn fail(&mut self, failure: CallFailure) {
        self.stage = Stage::Over;
        self.incoming.push_back(Incoming::Failed(failure));
    }
}
