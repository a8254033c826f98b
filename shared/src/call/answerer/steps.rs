//! An answerer as a call: what is told to it, and what it has to say.

use std::time::Duration;

use super::{Answerer, Stage, count};
use crate::call::{Call, CallFault, Event, Signal};
use crate::modem::CallFailure;
use crate::ppp::Stack;

impl Call for Answerer {
    fn input(&mut self, now: Duration, bytes: &[u8]) {
        match &mut self.stage {
            Stage::Waiting(pick_up) => {
                pick_up.input(now, bytes);
                self.follow(now);
            }
            Stage::Talking => self.hear_line(now, bytes),
            Stage::HangingUp(hang_up) => {
                hang_up.input(bytes);
                self.follow(now);
            }
            Stage::Paused(_) | Stage::Over => {}
        }
    }

    fn carrier(&mut self, now: Duration, carrier: Option<bool>) {
        match (&mut self.stage, carrier) {
            (Stage::Talking, Some(true)) => self.carrier_seen = true,
            (Stage::Talking, Some(false)) if self.carrier_seen => self.lose_carrier(now),
            (Stage::HangingUp(hang_up), Some(false)) if self.carrier_seen => {
                hang_up.carrier_lost();
                self.follow(now);
            }
            (
                Stage::Waiting(_)
                | Stage::Talking
                | Stage::HangingUp(_)
                | Stage::Paused(_)
                | Stage::Over,
                _,
            ) => {}
        }
    }

    fn port_lost(&mut self, now: Duration) {
        self.stopping = true;
        self.on_hook = true;
        match &mut self.stage {
            Stage::Waiting(_) => self.finish(now, Err(CallFailure::ModemSilent.into())),
            Stage::Talking => self.lose_carrier(now),
            Stage::HangingUp(_) | Stage::Paused(_) => self.hung_up(now),
            Stage::Over => {}
        }
        self.wire.clear();
        self.signals.clear();
    }

    fn take_wire(&mut self, now: Duration, most: usize) -> Vec<u8> {
        let own = most.min(self.wire.len());
        let mut bytes: Vec<u8> = self.wire.drain(..own).collect();
        let room = most.saturating_sub(own);
        if let (Stage::Talking, Some(stack)) = (&self.stage, &mut self.stack) {
            let data = stack.take_wire(now, room);
            self.traffic.sent = self.traffic.sent.saturating_add(count(&data));
            bytes.extend(data);
        }
        bytes
    }

    fn take_signals(&mut self) -> Vec<Signal> {
        std::mem::take(&mut self.signals)
    }

    fn tick(&mut self, now: Duration) {
        match &mut self.stage {
            Stage::Waiting(pick_up) => pick_up.tick(now),
            Stage::Talking => {
                if let Some(stack) = &mut self.stack {
                    stack.tick(now);
                }
            }
            Stage::HangingUp(hang_up) => hang_up.tick(now),
            Stage::Paused(until) => {
                if *until <= now {
                    self.wait(now);
                }
            }
            Stage::Over => {}
        }
        self.follow(now);
        if self.cap.is_some_and(|cap| cap <= now) {
            self.end_link(now, Err(CallFault::TooLong));
        }
        if self.idle_due().is_some_and(|due| due <= now) {
            self.end_link(now, Ok(()));
        }
    }

    fn wake_at(&mut self) -> Option<Duration> {
        match &mut self.stage {
            Stage::Waiting(pick_up) => pick_up.wake_at(),
            Stage::Talking => {
                let link = self.stack.as_mut().and_then(Stack::wake_at);
                [link, self.cap, self.idle_due()]
                    .into_iter()
                    .flatten()
                    .min()
            }
            Stage::HangingUp(hang_up) => hang_up.wake_at(),
            Stage::Paused(until) => Some(*until),
            Stage::Over => None,
        }
    }

    fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn stack(&self) -> Option<&Stack> {
        self.stack.as_ref().filter(|_| self.is_in_call())
    }

    fn stack_mut(&mut self) -> Option<&mut Stack> {
        let in_call = self.is_in_call();
        self.stack.as_mut().filter(|_| in_call)
    }

    /// Ends the call, if there is one, and waits for no other.
    fn hang_up(&mut self, now: Duration) {
        self.stopping = true;
        match &mut self.stage {
            Stage::Waiting(pick_up) if pick_up.is_off_hook() => {
                // Any character makes a modem that takes a call give up.
                self.wire.push(b'\r');
                self.on_hook = false;
                self.finish(now, Ok(()));
            }
            Stage::Waiting(_) | Stage::Paused(_) => self.stage = Stage::Over,
            Stage::Talking => self.end_link(now, Ok(())),
            Stage::HangingUp(_) | Stage::Over => {}
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over) && self.wire.is_empty() && self.signals.is_empty()
    }
}
