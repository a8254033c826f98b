//! Ending a call.

use std::time::Duration;

use super::answer::{Answer, Answers};
use super::profile::Waits;

/// Times the escape is tried on a modem that obeys no line.
const TRIES: u32 = 2;

/// What the port is to do, or what became of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// Drop DTR.
    DropDtr,
    /// Raise DTR again.
    RaiseDtr,
    /// The modem has hung up.
    Done,
    /// It was told everything and said nothing: closing the port is all that is left.
    Unheard,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    DtrLow,
    DtrHigh,
    GuardBefore,
    GuardAfter,
    Telling,
    Over,
}

/// A modem on its way out of a call: by the DTR line, and where that is not there or not obeyed by
/// `+++` and `ATH`.
#[derive(Debug)]
pub struct HangUp {
    waits: Waits,
    stage: Stage,
    due: Duration,
    tries: u32,
    answers: Answers,
    wire: Vec<u8>,
    parting: Vec<Parting>,
}

impl HangUp {
    /// Begins to hang up. `has_lines` tells whether the port has a DTR line; ptys have none.
    #[must_use]
    pub fn begin(waits: Waits, has_lines: bool, now: Duration) -> Self {
        let (stage, wait, parting) = if has_lines {
            (Stage::DtrLow, waits.dtr, vec![Parting::DropDtr])
        } else {
            (Stage::GuardBefore, waits.guard, Vec::new())
        };
        Self {
            waits,
            stage,
            due: now.saturating_add(wait),
            tries: 0,
            answers: Answers::default(),
            wire: Vec::new(),
            parting,
        }
    }

    /// Bytes for the modem. Nothing else may be sent until it is over.
    pub fn take_wire(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.wire)
    }

    /// What the port is to do, or what became of the call, the oldest first.
    pub fn next_parting(&mut self) -> Option<Parting> {
        (!self.parting.is_empty()).then(|| self.parting.remove(0))
    }

    /// When [`HangUp::tick`] has something to do; `None` once it is over.
    #[must_use]
    pub fn wake_at(&self) -> Option<Duration> {
        (self.stage != Stage::Over).then_some(self.due)
    }

    /// The port saw the carrier go.
    pub fn carrier_lost(&mut self) {
        match self.stage {
            Stage::DtrLow => {
                self.parting.push(Parting::RaiseDtr);
                self.over(Parting::Done);
            }
            Stage::DtrHigh | Stage::GuardBefore | Stage::GuardAfter | Stage::Telling => {
                self.over(Parting::Done);
            }
            Stage::Over => {}
        }
    }

    /// Takes bytes of the modem: what is left of the call's data, and its answers, of which only
    /// those to ATH are believed.
    pub fn input(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let Some(answer) = self.answers.push(*byte) else {
                continue;
            };
            // Until the modem has left the call for commands, whatever it says may be data: who wants
            // the call to go on at the caller's cost only has to send NO CARRIER until the caller
            // believes it. And before ATH, OK says only that the escape or a command was heard.
            if self.stage == Stage::Telling && matches!(answer, Answer::Ok | Answer::NoCarrier) {
                self.carrier_lost();
            }
        }
    }

    /// Does what is due by now.
    pub fn tick(&mut self, now: Duration) {
        if self.due > now {
            return;
        }
        let (next, wait) = match self.stage {
            Stage::DtrLow => {
                self.parting.push(Parting::RaiseDtr);
                (Stage::DtrHigh, self.waits.dtr)
            }
            Stage::DtrHigh => (Stage::GuardBefore, self.waits.guard),
            Stage::GuardBefore => {
                self.wire.extend_from_slice(b"+++");
                (Stage::GuardAfter, self.waits.guard)
            }
            Stage::GuardAfter => {
                self.wire.extend_from_slice(b"ATH\r");
                (Stage::Telling, self.waits.command)
            }
            Stage::Telling => {
                self.tries = self.tries.saturating_add(1);
                if self.tries >= TRIES {
                    self.over(Parting::Unheard);
                    return;
                }
                (Stage::GuardBefore, self.waits.guard)
            }
            Stage::Over => return,
        };
        self.stage = next;
        self.due = now.saturating_add(wait);
    }

    fn over(&mut self, how: Parting) {
        self.stage = Stage::Over;
        self.parting.push(how);
    }
}
