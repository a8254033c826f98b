//! How the parts of a link work on each other.

use std::time::Duration;

use super::super::automaton;
use super::super::failure::Failure;
use super::super::ipcp::{IPCP, Ipcp};
use super::super::layer::{Effects, Layer, News};
use super::super::lcp::{LCP, Lcp};
use super::super::packet::{Packet, code, packet};
use super::super::proof::{self, Progress};
use super::super::vj;
use super::{Engine, Event, IP, MAX_RENEGOTIATIONS, Phase, Prover, Up};

/// Bytes of a Protocol-Reject before the copy of what was rejected: header and protocol.
const REJECT_HEADER: usize = 6;

impl Engine {
    /// Unpredictable bits of this call, for what runs on top.
    pub(in crate::ppp) fn random(&mut self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.lcp.settlement.entropy.block();
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    pub(super) fn tell_lcp(&mut self, now: Duration, event: automaton::Event) {
        self.drive_lcp(now, |lcp, effects| lcp.tell(now, event, effects));
    }

    pub(super) fn tell_ipcp(&mut self, now: Duration, event: automaton::Event) {
        self.drive_ipcp(now, |ipcp, effects| ipcp.tell(now, event, effects));
    }

    /// Has LCP do something, then does what follows from it.
    pub(super) fn drive_lcp(
        &mut self,
        now: Duration,
        step: impl FnOnce(&mut Layer<Lcp>, &mut Effects),
    ) {
        let mut effects = Effects::default();
        step(&mut self.lcp, &mut effects);
        self.write_all(&effects);
        if let Some(fault) = self.lcp.settlement.fault.take() {
            self.end(now, Err(fault));
        }
        for news in effects.news {
            match news {
                News::Up => self.link_up(now),
                News::Down => self.link_down(now),
                News::Goodbye => self.left(),
                News::Unsettled => self.end(now, Err(Failure::LinkNotAgreed)),
                News::Finished => self.link_finished(),
            }
        }
        if self.ending.is_some() && !self.lcp.is_parting() {
            self.link_finished();
        }
    }

    /// Has IPCP do something, then does what follows from it.
    pub(super) fn drive_ipcp(
        &mut self,
        now: Duration,
        step: impl FnOnce(&mut Layer<Ipcp>, &mut Effects),
    ) {
        let mut effects = Effects::default();
        step(&mut self.ipcp, &mut effects);
        self.write_all(&effects);
        for news in effects.news {
            match news {
                News::Up => self.addresses_agreed(now),
                News::Down => self.addresses_lost(now),
                News::Goodbye => self.end(now, Err(Failure::IpRefused)),
                News::Unsettled | News::Finished => {
                    self.end(now, Err(Failure::AddressesNotAgreed));
                }
            }
        }
    }

    /// Has the proof do something, then does what follows from it.
    pub(super) fn drive_prover(
        &mut self,
        now: Duration,
        step: impl FnOnce(&mut Prover, &mut Progress),
    ) {
        let mut progress = Progress::default();
        step(&mut self.prover, &mut progress);
        self.progress(now, progress);
    }

    pub(super) fn progress(&mut self, now: Duration, progress: Progress) {
        let protocol = match &self.prover {
            Prover::Nobody => None,
            Prover::Us(_) => self.lcp.settlement.granted.proof,
            Prover::Them(_) => self.lcp.settlement.demanded(),
        };
        if let Some(method) = protocol {
            for bytes in &progress.packets {
                self.write(method.protocol(), bytes);
            }
        }
        if let Prover::Us(offer) = &self.prover
            && progress.outcome.is_some()
        {
            self.words = offer.words().map(str::to_owned);
        }
        if let Some(name) = progress.claim {
            self.events.push_back(Event::Claim(name));
        }
        match progress.outcome {
            Some(Ok(())) if self.phase == Phase::Proof => {
                self.phase = Phase::Addresses;
                self.tell_ipcp(now, automaton::Event::Up);
            }
            Some(Err(failure)) => self.end(now, Err(failure)),
            Some(Ok(())) | None => {}
        }
    }

    fn write_all(&mut self, effects: &Effects) {
        for (protocol, bytes) in &effects.packets {
            self.write(*protocol, bytes);
        }
    }

    fn link_up(&mut self, now: Duration) {
        let granted = self.lcp.settlement.granted;
        self.framing = granted.framing;
        self.decoder.expect_accm(self.lcp.settlement.agreed_accm());
        self.lcp.limit_to(usize::from(granted.mru));
        self.ipcp.limit_to(usize::from(granted.mru));
        self.begin_proof(now);
    }

    fn link_down(&mut self, now: Duration) {
        self.forget_link();
        self.fall_back(now, Phase::Link);
        self.tell_ipcp(now, automaton::Event::Down);
    }

    fn addresses_agreed(&mut self, now: Duration) {
        let own = self.ipcp.settlement.own();
        if own.is_unspecified() || own.is_multicast() || own.is_broadcast() || own.is_loopback() {
            self.end(now, Err(Failure::NoAddress));
            return;
        }
        self.phase = Phase::Up;
        self.begin_headers();
        self.deadline = None;
        self.heard_at = now;
        self.events.push_back(Event::Up(Up {
            own,
            peer: self.ipcp.settlement.peer(),
            dns: self.ipcp.settlement.dns(),
            mtu: self.mtu(),
        }));
    }

    fn addresses_lost(&mut self, now: Duration) {
        if self.phase == Phase::Up {
            self.fall_back(now, Phase::Addresses);
        }
    }

    /// An agreement fell: it has to be reached anew, in bounded time and not for ever.
    fn fall_back(&mut self, now: Duration, phase: Phase) {
        if self.phase == Phase::Up {
            self.events.push_back(Event::Down);
        }
        if self.is_over() {
            return;
        }
        self.phase = phase;
        if self.ending.is_some() {
            return;
        }
        self.renegotiations = self.renegotiations.saturating_add(1);
        self.deadline = Some(now.saturating_add(self.terms.limits.setup));
        if self.renegotiations > MAX_RENEGOTIATIONS {
            self.end(now, Err(Failure::Unstable));
        }
    }

    pub(super) fn lcp_packet(&mut self, now: Duration, information: &[u8]) {
        let Some(packet) = Packet::read(information) else {
            return;
        };
        self.answered = true;
        match packet.code {
            code::PROTOCOL_REJECT => self.protocol_rejected(now, packet),
            code::ECHO_REQUEST => self.echo_asked(now, packet),
            // Whatever arrives shows that the other end is there; these say nothing more.
            code::ECHO_REPLY | code::DISCARD_REQUEST => {}
            _ => self.drive_lcp(now, |lcp, effects| lcp.input(now, packet, effects)),
        }
    }

    pub(super) fn ipcp_packet(&mut self, now: Duration, information: &[u8]) {
        if let Some(packet) = Packet::read(information) {
            self.drive_ipcp(now, |ipcp, effects| ipcp.input(now, packet, effects));
        }
    }

    pub(super) fn proof_packet(&mut self, now: Duration, protocol: u16, information: &[u8]) {
        let method = match &self.prover {
            Prover::Nobody => None,
            Prover::Us(_) => self.lcp.settlement.granted.proof,
            Prover::Them(_) => self.lcp.settlement.demanded(),
        };
        if method.is_none_or(|method| method.protocol() != protocol) {
            self.reject_protocol(protocol, information);
            return;
        }
        let mut progress = Progress::default();
        match &mut self.prover {
            Prover::Nobody => {}
            Prover::Us(offer) => {
                let entropy = &mut self.lcp.settlement.entropy;
                offer.input(now, information, entropy, &mut progress);
            }
            Prover::Them(demand) => demand.input(information, &mut progress),
        }
        self.progress(now, progress);
    }

    fn protocol_rejected(&mut self, now: Duration, packet: Packet<'_>) {
        if !self.lcp.is_opened() {
            return;
        }
        let Some((protocol, _)) = packet.data.split_first_chunk::<2>() else {
            return;
        };
        match u16::from_be_bytes(*protocol) {
            LCP => self.drive_lcp(now, |lcp, effects| lcp.reject(now, true, effects)),
            IPCP | IP => self.end(now, Err(Failure::IpRefused)),
            proof::PAP | proof::CHAP if self.phase == Phase::Proof => {
                self.end(now, Err(Failure::NoCommonProof));
            }
            // It agreed to them, and does not know them: they go whole, as to any other.
            vj::SHORT | vj::WHOLE => self.shortener = None,
            _ => {}
        }
    }

    /// Says that a protocol is not known, with as much of the packet as fits.
    pub(super) fn reject_protocol(&mut self, protocol: u16, information: &[u8]) {
        let mru = usize::from(self.lcp.settlement.granted.mru);
        let room = mru.saturating_sub(REJECT_HEADER);
        let mut data = protocol.to_be_bytes().to_vec();
        data.extend_from_slice(information.get(..room).unwrap_or(information));
        let id = self.lcp.next_id();
        self.write(LCP, &packet(code::PROTOCOL_REJECT, id, &data));
    }

    fn echo_asked(&mut self, now: Duration, asked: Packet<'_>) {
        let Some((magic, rest)) = asked.data.split_first_chunk::<4>() else {
            return;
        };
        if !self.lcp.is_opened() {
            return;
        }
        let own = self.lcp.settlement.magic();
        if own != 0 && u32::from_be_bytes(*magic) == own {
            // Our own question: the line has become a loop since the link was agreed on.
            self.drive_lcp(now, |lcp, _| lcp.settlement.looped());
            return;
        }
        let mut data = own.to_be_bytes().to_vec();
        data.extend_from_slice(rest);
        self.write(LCP, &packet(code::ECHO_REPLY, asked.id, &data));
    }
}
