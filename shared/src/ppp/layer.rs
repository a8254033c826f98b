//! A protocol that negotiates settings (LCP, IPCP): the automaton of [`super::automaton`] with its
//! packets, ids and restart timer.
//!
//! Two things go beyond the table, so that a line which loses, doubles or delays frames does not
//! keep two ends from agreeing. A request sent again unchanged keeps its id, so that the late
//! answer to the first one still counts (a peer slower than the timer would never be understood
//! otherwise). And a second copy of a request already agreed to, or of an answer already taken,
//! does not tear an opened layer down: the agreement is said again, the answer is dropped.

use std::time::Duration;

use super::automaton::{self, Action, Event, State};
use super::packet::{self, Packet, Setting, code};
use super::settlement::{Settlement, Verdict, insist};

/// Answers of "not so" sent before what they are about is rejected altogether (RFC 1661 §4.6,
/// Max-Failure).
const MAX_NAKS_SENT: u32 = 5;
/// Answers of "not so" taken without an agreement before the two ends will never agree.
const MAX_NAKS_TAKEN: u32 = 12;

/// How often and how long a layer asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Time between two tries.
    pub(super) period: Duration,
    /// Tries for a request.
    pub(super) requests: u32,
    /// Tries for a good-bye.
    pub(super) goodbyes: u32,
}

/// What the engine is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// Both ends agree.
    Up,
    /// They no longer do.
    Down,
    /// The layer gave up, or both said good-bye.
    Finished,
    /// The other end answers every request with a wish of its own.
    Unsettled,
    /// The other end said good-bye.
    Goodbye,
}

/// What comes out of a step: packets to send and news, both in order.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// Packets, each with its protocol.
    pub(super) packets: Vec<(u16, Vec<u8>)>,
    /// News.
    pub(super) news: Vec<News>,
}

/// A packet that is being answered.
struct Asked<'a> {
    packet: Packet<'a>,
    verdict: Verdict,
}

/// A negotiation of one protocol.
#[derive(Debug)]
pub(super) struct Layer<S> {
    /// What is negotiated.
    pub(super) settlement: S,
    patience: Patience,
    /// Longest packet the other end takes, in bytes.
    peer_mru: usize,
    state: State,
    restart_at: Option<Duration>,
    tries_left: u32,
    last_id: u8,
    request_id: u8,
    request: Vec<u8>,
    /// Whether the request was answered: a second answer to it is a copy made by the line.
    answered: bool,
    granted: Option<(u8, Vec<u8>)>,
    naks_sent: u32,
    naks_taken: u32,
}

impl<S: Settlement> Layer<S> {
    /// A layer that waits for the one below.
    pub(super) fn new(settlement: S, patience: Patience) -> Self {
        Self {
            settlement,
            patience,
            peer_mru: super::frame::MAX_INFORMATION,
            state: State::Initial,
            restart_at: None,
            tries_left: 0,
            last_id: 0,
            request_id: 0,
            request: Vec::new(),
            answered: true,
            granted: None,
            naks_sent: 0,
            naks_taken: 0,
        }
    }

    /// Whether both ends agree.
    pub(super) fn is_opened(&self) -> bool {
        self.state == State::Opened
    }

    /// Whether a good-bye is on its way, ours or the other end's.
    pub(super) const fn is_parting(&self) -> bool {
        matches!(self.state, State::Closing | State::Stopping)
    }

    /// When [`Layer::expire`] has something to do.
    pub(super) const fn wake_at(&self) -> Option<Duration> {
        self.restart_at
    }

    /// Takes the longest packet that the other end takes.
    pub(super) const fn limit_to(&mut self, peer_mru: usize) {
        self.peer_mru = peer_mru;
    }

    /// The next id for a packet that asks something.
    pub(super) const fn next_id(&mut self) -> u8 {
        self.last_id = self.last_id.wrapping_add(1);
        self.last_id
    }

    /// The layers around said something.
    pub(super) fn tell(&mut self, now: Duration, event: Event, effects: &mut Effects) {
        if matches!(event, Event::Up) {
            self.settlement.begin();
            self.granted = None;
            self.naks_sent = 0;
            self.naks_taken = 0;
        }
        self.step(now, event, None, effects);
    }

    /// Does what is due by now.
    pub(super) fn expire(&mut self, now: Duration, effects: &mut Effects) {
        if self.restart_at.is_some_and(|due| due <= now) {
            self.restart_at = None;
            let event = if self.tries_left > 0 {
                Event::TimeoutAgain
            } else {
                Event::TimeoutFinal
            };
            self.step(now, event, None, effects);
        }
    }

    /// Takes a packet of this protocol. Malformed ones and answers to nothing are dropped.
    pub(super) fn input(&mut self, now: Duration, packet: Packet<'_>, effects: &mut Effects) {
        if matches!(self.state, State::Initial | State::Starting) {
            return;
        }
        match packet.code {
            code::CONFIGURE_REQUEST => self.requested(now, packet, effects),
            code::CONFIGURE_ACK => self.acked(now, packet, effects),
            code::CONFIGURE_NAK | code::CONFIGURE_REJECT => self.refused(now, packet, effects),
            code::TERMINATE_REQUEST => {
                effects.news.push(News::Goodbye);
                self.answer(now, Event::TerminateRequest, packet, effects);
            }
            code::TERMINATE_ACK => self.step(now, Event::TerminateAck, None, effects),
            code::CODE_REJECT => {
                let needed = packet.data.first().is_some_and(|rejected| {
                    (code::CONFIGURE_REQUEST..S::FIRST_OPTIONAL_CODE).contains(rejected)
                });
                self.reject(now, needed, effects);
            }
            _ => self.answer(now, Event::UnknownCode, packet, effects),
        }
    }

    /// The other end rejected a code or the whole protocol.
    pub(super) fn reject(&mut self, now: Duration, needed: bool, effects: &mut Effects) {
        let event = if needed {
            Event::RejectOfTheNeeded
        } else {
            Event::RejectOfTheOptional
        };
        self.step(now, event, None, effects);
    }

    fn requested(&mut self, now: Duration, packet: Packet<'_>, effects: &mut Effects) {
        let Some(theirs) = Setting::read_all(packet.data) else {
            return;
        };
        let said_again = self
            .granted
            .as_ref()
            .is_some_and(|(id, data)| *id == packet.id && data == packet.data);
        if self.is_opened() && said_again {
            self.send(code::CONFIGURE_ACK, packet.id, packet.data, effects);
            return;
        }
        let mut verdict = self.settlement.judge(&theirs);
        if self.naks_sent >= MAX_NAKS_SENT
            && let Verdict::Nak(wishes) = &verdict
        {
            verdict = insist(&theirs, wishes);
        }
        let event = match verdict {
            Verdict::Ack => {
                self.settlement.grant(&theirs);
                self.granted = Some((packet.id, packet.data.to_vec()));
                self.naks_sent = 0;
                Event::GoodRequest
            }
            Verdict::Nak(_) => {
                self.naks_sent = self.naks_sent.saturating_add(1);
                Event::BadRequest
            }
            Verdict::Reject(_) => Event::BadRequest,
        };
        self.step(now, event, Some(Asked { packet, verdict }), effects);
    }

    fn acked(&mut self, now: Duration, packet: Packet<'_>, effects: &mut Effects) {
        if self.is_answer(packet) && packet.data == self.request {
            self.answered = true;
            self.naks_taken = 0;
            self.step(now, Event::Acked, None, effects);
        }
    }

    fn refused(&mut self, now: Duration, packet: Packet<'_>, effects: &mut Effects) {
        let settings = Setting::read_all(packet.data).filter(|settings| !settings.is_empty());
        let Some(settings) = settings.filter(|_| self.is_answer(packet)) else {
            return;
        };
        if packet.code == code::CONFIGURE_REJECT {
            let asked = Setting::read_all(&self.request).unwrap_or_default();
            if !settings.iter().all(|setting| asked.contains(setting)) {
                return;
            }
            self.settlement.rejected(&settings);
        } else {
            self.settlement.naked(&settings);
        }
        self.answered = true;
        self.naks_taken = self.naks_taken.saturating_add(1);
        if self.naks_taken > MAX_NAKS_TAKEN {
            effects.news.push(News::Unsettled);
        }
        self.step(now, Event::Naked, None, effects);
    }

    /// Whether a packet answers the request that is out; in a state that has no request out every
    /// answer goes to the table, which then says good-bye to a peer that is out of step.
    const fn is_answer(&self, packet: Packet<'_>) -> bool {
        match self.state {
            State::Closed | State::Stopped => true,
            State::Initial
            | State::Starting
            | State::Closing
            | State::Stopping
            | State::ReqSent
            | State::AckReceived
            | State::AckSent
            | State::Opened => !self.answered && packet.id == self.request_id,
        }
    }

    fn answer(&mut self, now: Duration, event: Event, packet: Packet<'_>, effects: &mut Effects) {
        let asked = Asked {
            packet,
            verdict: Verdict::Ack,
        };
        self.step(now, event, Some(asked), effects);
    }

    fn step(
        &mut self,
        now: Duration,
        event: Event,
        asked: Option<Asked<'_>>,
        effects: &mut Effects,
    ) {
        let (next, actions) = automaton::next(self.state, event);
        self.state = next;
        for action in actions {
            self.act(now, *action, event, asked.as_ref(), effects);
        }
        if !next.has_timer() {
            self.restart_at = None;
        }
    }

    fn act(
        &mut self,
        now: Duration,
        action: Action,
        event: Event,
        asked: Option<&Asked<'_>>,
        effects: &mut Effects,
    ) {
        match action {
            Action::LayerUp => effects.news.push(News::Up),
            Action::LayerDown => effects.news.push(News::Down),
            Action::LayerStarted => {}
            Action::LayerFinished => effects.news.push(News::Finished),
            Action::ArmConfigure => self.arm(now, self.patience.requests),
            Action::ArmTerminate => self.arm(now, self.patience.goodbyes),
            Action::ArmLast => self.arm(now, 0),
            Action::SendRequest => self.request(now, event, effects),
            Action::SendTerminate => {
                self.spend_try(now);
                let id = self.next_id();
                self.send(code::TERMINATE_REQUEST, id, &[], effects);
            }
            Action::SendTerminateAck => {
                let id = asked.map_or_else(|| self.next_id(), |asked| asked.packet.id);
                self.send(code::TERMINATE_ACK, id, &[], effects);
            }
            Action::SendAck | Action::SendNak => {
                if let Some(asked) = asked {
                    let (code, data) = match &asked.verdict {
                        Verdict::Ack => (code::CONFIGURE_ACK, asked.packet.data),
                        Verdict::Nak(wishes) => (code::CONFIGURE_NAK, wishes.as_slice()),
                        Verdict::Reject(unknown) => (code::CONFIGURE_REJECT, unknown.as_slice()),
                    };
                    self.send(code, asked.packet.id, data, effects);
                }
            }
            Action::SendCodeReject => {
                if let Some(Asked { packet, .. }) = asked {
                    let copy = packet::packet(packet.code, packet.id, packet.data);
                    let id = self.next_id();
                    self.send(code::CODE_REJECT, id, &copy, effects);
                }
            }
        }
    }

    /// Sends our request; sent again unchanged because nobody answered, it keeps its id.
    fn request(&mut self, now: Duration, event: Event, effects: &mut Effects) {
        let wishes = self.settlement.wishes();
        let again = matches!(event, Event::TimeoutAgain) && !self.answered;
        if !again || wishes != self.request {
            self.request_id = self.next_id();
        }
        self.request = wishes;
        self.answered = false;
        self.spend_try(now);
        let request = packet::packet(code::CONFIGURE_REQUEST, self.request_id, &self.request);
        effects.packets.push((S::PROTOCOL, request));
    }

    fn arm(&mut self, now: Duration, tries: u32) {
        self.tries_left = tries;
        self.restart_at = Some(now.saturating_add(self.patience.period));
    }

    fn spend_try(&mut self, now: Duration) {
        self.tries_left = self.tries_left.saturating_sub(1);
        self.restart_at = Some(now.saturating_add(self.patience.period));
    }

    fn send(&self, code: u8, id: u8, data: &[u8], effects: &mut Effects) {
        let mut bytes = packet::packet(code, id, data);
        if bytes.len() > self.peer_mru {
            // Only a copy of something rejected is so long, and that may be cut.
            let cut = self.peer_mru.saturating_sub(4);
            bytes = packet::packet(code, id, data.get(..cut).unwrap_or(data));
        }
        effects.packets.push((S::PROTOCOL, bytes));
    }
}
