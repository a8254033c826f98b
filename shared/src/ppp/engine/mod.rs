//! One end of a PPP link.

mod control;
mod ending;
mod packets;
mod told;

use std::collections::VecDeque;
use std::time::Duration;

use super::automaton;
use super::entropy::Entropy;
use super::failure::Failure;
use super::frame::{Decoder, Frame, FrameCounts, Framing};
use super::ipcp::{IPCP, Ipcp};
use super::layer::{Layer, Patience};
use super::lcp::{LCP, Lcp, Proving};
use super::proof::{self, Demand, Offer, Progress, Tries};
use super::terms::{Proof, Terms};
use super::vj::{self, Expander, Shortener};

pub use told::{Event, NotSent, Up};

/// The protocol of Internet packets.
pub(super) const IP: u16 = 0x0021;
/// Bytes waiting for the line at which also words of the link are dropped, as if the line had lost
/// them: a peer that asks faster than the line carries answers must not fill our memory.
const WIRE_LIMIT_BYTES: usize = 16_384;
/// Times a link may be agreed on anew in one call.
const MAX_RENEGOTIATIONS: u32 = 8;

/// How far a link has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The link itself is agreed on.
    Link,
    /// A name is proved.
    Proof,
    /// Addresses are agreed on.
    Addresses,
    /// Internet packets pass.
    Up,
    /// Over.
    Ended,
}

/// Who proves a name just now.
#[derive(Debug)]
enum Prover {
    Nobody,
    Us(Offer),
    Them(Demand),
}

/// One end of a PPP link, from the first byte after CONNECT to the last before the hang-up.
///
/// The embedding feeds it bytes ([`Engine::input`]) and time ([`Engine::tick`], due at
/// [`Engine::wake_at`]), and takes bytes for the line ([`Engine::take_wire`]), events
/// ([`Engine::next_event`]) and Internet packets ([`Engine::receive`]) from it after each.
#[derive(Debug)]
pub struct Engine {
    terms: Terms,
    decoder: Decoder,
    framing: Framing,
    lcp: Layer<Lcp>,
    ipcp: Layer<Ipcp>,
    prover: Prover,
    phase: Phase,
    /// How the link ends, once that is decided; the good-bye may still be on its way.
    ending: Option<Result<(), Failure>>,
    started: Duration,
    deadline: Option<Duration>,
    /// Whether a packet of LCP ever arrived.
    answered: bool,
    heard_at: Duration,
    echoes: u32,
    renegotiations: u32,
    /// Whether the line was seen to spoil a frame of a link that was up.
    spoils: bool,
    /// Whether something that the other end sent is missing, and nobody has seen to it.
    misses: bool,
    /// What shortens headers towards the other end, and what makes its own whole, where agreed.
    shortener: Option<Shortener>,
    expander: Option<Expander>,
    wire: VecDeque<u8>,
    received: VecDeque<Vec<u8>>,
    events: VecDeque<Event>,
    words: Option<String>,
}

impl Engine {
    /// Begins a link on a line that has just come up. `now` is the time since any moment of the
    /// caller's choice, the same in all calls, and never falls.
    #[must_use]
    pub fn begin(terms: Terms, now: Duration) -> Self {
        let limits = terms.limits;
        let patience = Patience {
            period: limits.restart_period,
            requests: limits.request_tries,
            goodbyes: limits.goodbye_tries,
        };
        let proving = match &terms.proof {
            Proof::Offered {
                credentials: None, ..
            } => Proving::Offered(Vec::new()),
            Proof::Offered { methods, .. } => Proving::Offered(methods.clone()),
            Proof::Demanded { methods, .. } => Proving::Demanded(methods.clone()),
        };
        let entropy = Entropy::new(terms.seed.clone());
        let lcp = Lcp::new(terms.mru, terms.accm, proving, entropy);
        let mut engine = Self {
            lcp: Layer::new(lcp, patience),
            ipcp: Layer::new(Ipcp::new(terms.addresses), patience),
            decoder: Decoder::new(),
            framing: Framing::PLAIN,
            prover: Prover::Nobody,
            phase: Phase::Link,
            ending: None,
            started: now,
            deadline: Some(now.saturating_add(limits.setup)),
            answered: false,
            heard_at: now,
            echoes: 0,
            renegotiations: 0,
            spoils: false,
            misses: false,
            shortener: None,
            expander: None,
            wire: VecDeque::new(),
            received: VecDeque::new(),
            events: VecDeque::new(),
            words: None,
            terms,
        };
        engine.tell_ipcp(now, automaton::Event::Open);
        engine.tell_lcp(now, automaton::Event::Open);
        engine.tell_lcp(now, automaton::Event::Up);
        engine
    }

    /// Takes bytes of the line, in pieces of any size.
    pub fn input(&mut self, now: Duration, bytes: &[u8]) {
        for byte in bytes {
            let spoiled = self.decoder.counts().spoiled();
            if let Some(frame) = self.decoder.push(*byte) {
                self.frame(now, &frame);
            }
            if self.decoder.counts().spoiled() > spoiled {
                self.spoiled();
            }
        }
    }

    /// Does what is due by now.
    pub fn tick(&mut self, now: Duration) {
        if self.is_over() {
            return;
        }
        self.drive_lcp(now, |lcp, effects| lcp.expire(now, effects));
        self.drive_ipcp(now, |ipcp, effects| ipcp.expire(now, effects));
        self.drive_prover(now, |prover, progress| match prover {
            Prover::Nobody => {}
            Prover::Us(offer) => offer.expire(now, progress),
            Prover::Them(demand) => demand.expire(now, progress),
        });
        self.watch_the_clock(now);
    }

    /// When [`Engine::tick`] has something to do; `None` once the link is over.
    #[must_use]
    pub fn wake_at(&self) -> Option<Duration> {
        if self.is_over() {
            return None;
        }
        let prover = match &self.prover {
            Prover::Nobody => None,
            Prover::Us(offer) => offer.wake_at(),
            Prover::Them(demand) => demand.wake_at(),
        };
        let times = [
            self.lcp.wake_at(),
            self.ipcp.wake_at(),
            prover,
            self.deadline,
            self.first_answer_due(),
            self.echo_due(),
        ];
        times.into_iter().flatten().min()
    }

    /// Takes at most `most` bytes for the line.
    pub fn take_wire(&mut self, most: usize) -> Vec<u8> {
        let most = most.min(self.wire.len());
        self.wire.drain(..most).collect()
    }

    /// Bytes that wait for the line.
    #[must_use]
    pub fn wire_waiting(&self) -> usize {
        self.wire.len()
    }

    /// The next event, the oldest first.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Says what the secret of a claimed name is ([`Event::Claim`]); `None` when nobody has that
    /// name. Without a claim nothing happens.
    pub fn answer_claim(&mut self, now: Duration, secret: Option<&str>) {
        self.drive_prover(now, |prover, progress| {
            if let Prover::Them(demand) = prover {
                demand.answer(secret, progress);
            }
        });
    }

    /// Ends the link: good-bye is said and answered, or given up on, within two tries; then
    /// [`Event::Ended`] comes.
    pub fn close(&mut self, now: Duration) {
        self.end(now, Ok(()));
    }

    /// The line below is gone.
    pub fn line_lost(&mut self) {
        self.wire.clear();
        let ending = self.ending.unwrap_or(Err(Failure::LineLost));
        self.over(ending);
    }

    /// Whether [`Event::Ended`] was said.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Ended
    }

    /// What the decoder has met.
    #[must_use]
    pub const fn frame_counts(&self) -> FrameCounts {
        self.decoder.counts()
    }

    /// What the other end said to the proof of our name, for the record: printable characters.
    #[must_use]
    pub fn words(&self) -> Option<&str> {
        self.words.as_deref()
    }

    fn frame(&mut self, now: Duration, frame: &Frame) {
        if self.is_over() {
            return;
        }
        self.heard_at = now;
        self.echoes = 0;
        let information = frame.information.as_slice();
        match (frame.protocol, self.phase) {
            (LCP, _) => self.lcp_packet(now, information),
            // Nothing but LCP and the proof counts before the proof is over (RFC 1661 §3.5).
            (_, Phase::Link | Phase::Ended) => {}
            (proof::PAP | proof::CHAP, _) => self.proof_packet(now, frame.protocol, information),
            (_, Phase::Proof) => {}
            (IPCP, Phase::Addresses | Phase::Up) => self.ipcp_packet(now, information),
            (IP | vj::SHORT | vj::WHOLE, Phase::Addresses) => {}
            (IP, Phase::Up) => self.plain(frame.information.clone()),
            (vj::SHORT | vj::WHOLE, Phase::Up) if self.expander.is_some() => {
                self.expand(frame.protocol, information);
            }
            (unknown, Phase::Addresses | Phase::Up) => self.reject_protocol(unknown, information),
        }
    }

    /// Writes a frame for the line, or drops it when far too much waits already.
    fn write(&mut self, protocol: u16, information: &[u8]) {
        if self.wire.len() >= WIRE_LIMIT_BYTES {
            return;
        }
        // RFC 1662 §7: words of LCP are sent as before any agreement.
        let framing = if protocol == LCP {
            Framing::PLAIN
        } else {
            self.framing
        };
        framing.write(protocol, information, &mut self.wire);
    }

    const fn tries(&self) -> Tries {
        Tries {
            period: self.terms.limits.restart_period,
            count: self.terms.limits.request_tries,
        }
    }

    /// Begins the proof that was agreed on, or goes on to the addresses.
    fn begin_proof(&mut self, now: Duration) {
        self.phase = Phase::Proof;
        let tries = self.tries();
        let mut progress = Progress::default();
        let offered = self.lcp.settlement.granted.proof;
        let demanded = self.lcp.settlement.demanded();
        self.prover = match (&self.terms.proof, offered, demanded) {
            (
                Proof::Offered {
                    credentials: Some(credentials),
                    ..
                },
                Some(method),
                _,
            ) => Prover::Us(Offer::begin(
                method,
                credentials.clone(),
                now,
                tries,
                &mut progress,
            )),
            (Proof::Demanded { own_name, .. }, _, Some(method)) => {
                let entropy = &mut self.lcp.settlement.entropy;
                let demand = Demand::begin(method, own_name, now, tries, entropy, &mut progress);
                Prover::Them(demand)
            }
            (Proof::Offered { .. } | Proof::Demanded { .. }, _, _) => {
                progress.outcome = Some(Ok(()));
                Prover::Nobody
            }
        };
        self.progress(now, progress);
    }
}
