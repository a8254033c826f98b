//! How a link ends, and what the clock has to do with it.

use std::time::Duration;

use super::super::automaton;
use super::super::failure::Failure;
use super::super::frame::{ACCM_ALL, Framing};
use super::super::lcp::LCP;
use super::super::packet::{code, packet};
use super::{Engine, Event, Phase, Prover};

impl Engine {
    /// Decides how the link ends, unless that is decided, and says good-bye.
    pub(super) fn end(&mut self, now: Duration, how: Result<(), Failure>) {
        if self.is_over() || self.ending.is_some() {
            return;
        }
        self.ending = Some(how);
        self.deadline = None;
        self.prover = Prover::Nobody;
        match how {
            // Nobody is there to say good-bye to.
            Err(Failure::NoAnswer | Failure::Looped | Failure::HalfOpen | Failure::LineLost) => {
                self.over(how);
            }
            Ok(())
            | Err(
                Failure::LinkNotAgreed
                | Failure::NoCommonProof
                | Failure::ProofUnanswered
                | Failure::PasswordRefused
                | Failure::PeerNotProven
                | Failure::AddressesNotAgreed
                | Failure::NoAddress
                | Failure::IpRefused
                | Failure::EndedByPeer
                | Failure::Unstable,
            ) => self.tell_lcp(now, automaton::Event::Close),
        }
    }

    /// The other end said good-bye; LCP has answered it already. One that leaves while the link
    /// is still agreed on will not come back in this call, although the automaton would wait. One
    /// that leaves then because it got no proof has a reason that can be named.
    pub(super) fn left(&mut self) {
        if self.ending.is_none() {
            let in_vain = self.phase == Phase::Link && self.lcp.settlement.was_asked_in_vain();
            let why = if in_vain {
                Failure::NoCommonProof
            } else {
                Failure::EndedByPeer
            };
            self.ending = Some(Err(why));
            self.deadline = None;
        }
    }

    /// LCP is at rest.
    pub(super) fn link_finished(&mut self) {
        let gave_up = if self.answered {
            Failure::LinkNotAgreed
        } else {
            Failure::NoAnswer
        };
        self.over(self.ending.unwrap_or(Err(gave_up)));
    }

    /// Ends the link here and now.
    pub(super) fn over(&mut self, how: Result<(), Failure>) {
        if self.is_over() {
            return;
        }
        if self.phase == Phase::Up {
            self.events.push_back(Event::Down);
        }
        self.phase = Phase::Ended;
        self.ending = Some(how);
        self.deadline = None;
        self.forget_link();
        self.events.push_back(Event::Ended(how));
    }

    /// Forgets what was agreed on about the link.
    pub(super) fn forget_link(&mut self) {
        self.framing = Framing::PLAIN;
        self.decoder.expect_accm(ACCM_ALL);
        self.prover = Prover::Nobody;
        self.received.clear();
    }

    /// When the first packet of the other end has to be here.
    pub(super) fn first_answer_due(&self) -> Option<Duration> {
        let waits = !self.answered && self.ending.is_none();
        waits.then(|| self.started.saturating_add(self.terms.limits.first_answer))
    }

    /// When the other end has to be asked whether it is there, or given up.
    pub(super) fn echo_due(&self) -> Option<Duration> {
        let periods = self.echoes.saturating_add(1);
        let silence = self.terms.limits.echo_period.saturating_mul(periods);
        (self.phase == Phase::Up).then(|| self.heard_at.saturating_add(silence))
    }

    /// Does what is due by the clock of the whole link.
    pub(super) fn watch_the_clock(&mut self, now: Duration) {
        let passed = |due: Option<Duration>| due.is_some_and(|due| due <= now);
        if passed(self.first_answer_due()) {
            self.end(now, Err(Failure::NoAnswer));
        }
        if passed(self.deadline) {
            let failure = match self.phase {
                Phase::Link if !self.answered => Failure::NoAnswer,
                Phase::Link => Failure::LinkNotAgreed,
                Phase::Proof => Failure::ProofUnanswered,
                Phase::Addresses | Phase::Up | Phase::Ended => Failure::AddressesNotAgreed,
            };
            self.end(now, Err(failure));
        }
        if passed(self.echo_due()) {
            self.ask_whether_it_is_there(now);
        }
    }

    fn ask_whether_it_is_there(&mut self, now: Duration) {
        if self.echoes >= self.terms.limits.echo_tries {
            self.end(now, Err(Failure::HalfOpen));
            return;
        }
        self.echoes = self.echoes.saturating_add(1);
        let id = self.lcp.next_id();
        let magic = self.lcp.settlement.magic().to_be_bytes();
        self.write(LCP, &packet(code::ECHO_REQUEST, id, &magic));
    }
}
