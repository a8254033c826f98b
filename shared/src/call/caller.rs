//! The end of a call that dials.

use std::collections::VecDeque;
use std::time::Duration;

use super::text::{CarrierText, bits_per_second};
use super::{Call, CallFault, Event, Signal};
use crate::modem::{CallFailure, Dial, HangUp, Number, Parting, Profile, Progress, Waits};
use crate::ppp::{self, Stack, Terms, mru_for};

/// What a caller is sent out with.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How the modem is brought up.
    pub profile: Profile,
    /// Whom to call.
    pub number: Number,
    /// What is brought to the link; how long packets may be follows from what the modem says of
    /// the line.
    pub terms: Terms,
    /// Whether the port has the lines of a modem.
    pub has_lines: bool,
    /// How long the call may last, from CONNECT.
    pub longest: Duration,
}

/// Where a caller stands.
#[derive(Debug)]
enum Stage {
    Dialing(Dial),
    /// PPP has the line.
    Talking,
    HangingUp(HangUp),
    Over,
}

/// The end of a call that dials: modem, link and hang-up, one after the other. It calls once; who
/// wants to call again begins a new one.
#[derive(Debug)]
pub struct Caller {
    stage: Stage,
    stack: Option<Stack>,
    terms: Terms,
    waits: Waits,
    has_lines: bool,
    longest: Duration,
    /// Whether the number was dialed.
    dialed: bool,
    /// When the call has lasted as long as it may.
    cap: Option<Duration>,
    /// Whether DCD was ever seen up in this call: a cable without that wire shows it down always.
    carrier_seen: bool,
    text: CarrierText,
    wire: Vec<u8>,
    signals: Vec<Signal>,
    events: VecDeque<Event>,
    /// The end that was said, or will be said when the link has ended.
    ended: Option<Result<(), CallFault>>,
}

impl Caller {
    /// Begins to call.
    #[must_use]
    pub fn begin(plan: Plan, now: Duration) -> Self {
        let Plan {
            profile,
            number,
            terms,
            has_lines,
            longest,
        } = plan;
        let waits = profile.waits;
        let mut caller = Self {
            stage: Stage::Dialing(Dial::begin(profile, &number, now)),
            stack: None,
            terms,
            waits,
            has_lines,
            longest,
            dialed: false,
            cap: None,
            carrier_seen: false,
            text: CarrierText::default(),
            wire: Vec::new(),
            signals: vec![Signal::RaiseDtr],
            events: VecDeque::new(),
            ended: None,
        };
        caller.follow(now);
        caller
    }

    /// Hangs up at once, without a good-bye: the program ends.
    pub fn drop_line(&mut self, now: Duration) {
        match &mut self.stage {
            Stage::Dialing(_) => self.hang_up(now),
            Stage::Talking => {
                if let Some(stack) = &mut self.stack {
                    stack.line_lost();
                }
                self.finish(now, Ok(()));
            }
            Stage::HangingUp(_) | Stage::Over => {}
        }
    }

    /// Does what follows from what the parts have to say.
    fn follow(&mut self, now: Duration) {
        match &mut self.stage {
            Stage::Dialing(_) => self.follow_dial(now),
            Stage::Talking => self.follow_link(now),
            Stage::HangingUp(_) => self.follow_hang_up(),
            Stage::Over => {}
        }
    }

    fn follow_dial(&mut self, now: Duration) {
        loop {
            let Stage::Dialing(dial) = &mut self.stage else {
                return;
            };
            self.wire.extend(dial.take_wire());
            match dial.next_progress() {
                None => return,
                Some(Progress::Dialing) => {
                    self.dialed = true;
                    self.events.push_back(Event::Dialing);
                }
                Some(Progress::Failed(failure)) => self.finish(now, Err(failure.into())),
                Some(Progress::Connected { said, data }) => self.connect(now, said, &data),
            }
        }
    }

    fn connect(&mut self, now: Duration, said: String, data: &[u8]) {
        let bits_per_second = bits_per_second(&said);
        let mut terms = self.terms.clone();
        terms.mru = mru_for(bits_per_second);
        self.cap = Some(now.saturating_add(self.longest));
        self.events.push_back(Event::Connected {
            said,
            bits_per_second,
        });
        self.stack = Some(Stack::begin(terms, now));
        self.stage = Stage::Talking;
        self.hear_line(now, data);
    }

    fn follow_link(&mut self, now: Duration) {
        while let Some(event) = self.stack.as_mut().and_then(Stack::next_event) {
            match event {
                ppp::Event::Up(up) => self.events.push_back(Event::Up(up)),
                ppp::Event::Down => self.events.push_back(Event::Down),
                // A caller's terms demand no name.
                ppp::Event::Claim(name) => self.events.push_back(Event::Claim(name)),
                ppp::Event::Ended(how) => {
                    self.finish(now, how.map_err(CallFault::from));
                    return;
                }
            }
        }
    }

    fn follow_hang_up(&mut self) {
        loop {
            let Stage::HangingUp(hang_up) = &mut self.stage else {
                return;
            };
            self.wire.extend(hang_up.take_wire());
            match hang_up.next_parting() {
                None => return,
                Some(Parting::DropDtr) => self.signals.push(Signal::DropDtr),
                Some(Parting::RaiseDtr) => self.signals.push(Signal::RaiseDtr),
                Some(Parting::Done | Parting::Unheard) => self.over(),
            }
        }
    }

    /// The bytes of a call; where nothing else says so, the modem's own words end it.
    fn hear_line(&mut self, now: Duration, bytes: &[u8]) {
        let lost = self.text.find(bytes).filter(|_| !self.carrier_seen);
        let data = lost.and_then(|end| bytes.get(..end)).unwrap_or(bytes);
        if let Some(stack) = &mut self.stack {
            stack.input(now, data);
        }
        self.follow(now);
        if lost.is_some() {
            // The other end may have said it to make us believe that the call costs no more:
            // the modem is told to hang up all the same.
            self.lose_line(now);
        }
    }

    /// Nothing comes from the other end any more.
    fn lose_line(&mut self, now: Duration) {
        // What arrived before counts: a good-bye, or the end of a reply.
        self.follow(now);
        if let (Stage::Talking, Some(stack)) = (&self.stage, &mut self.stack) {
            stack.line_lost();
        }
        self.follow(now);
    }

    /// The modem has hung up by itself, or is gone.
    fn lose_carrier(&mut self, now: Duration) {
        self.dialed = false;
        self.lose_line(now);
    }

    /// Says how the call ended, and hangs up where the modem may not have.
    fn finish(&mut self, now: Duration, how: Result<(), CallFault>) {
        let how = self.ended.unwrap_or(how);
        self.ended = Some(how);
        self.events.push_back(Event::Ended(how));
        self.cap = None;
        let on_hook = match how {
            Err(CallFault::Modem(failure)) => is_on_hook_after(failure),
            Ok(()) | Err(CallFault::Link(_) | CallFault::TooLong) => !self.dialed,
        };
        if on_hook {
            self.over();
            return;
        }
        self.stage = Stage::HangingUp(HangUp::begin(self.waits, self.has_lines, now));
        self.follow_hang_up();
    }

    fn over(&mut self) {
        self.stage = Stage::Over;
        self.events.push_back(Event::HungUp);
    }

    /// Ends the link for this reason, with a good-bye.
    fn end_link(&mut self, now: Duration, how: Result<(), CallFault>) {
        if self.ended.is_some() {
            return;
        }
        self.ended = Some(how);
        self.cap = None;
        if let Some(stack) = &mut self.stack {
            stack.close(now);
        }
        self.follow(now);
    }
}

/// Whether the modem has hung up by itself after this.
const fn is_on_hook_after(failure: CallFailure) -> bool {
    match failure {
        CallFailure::ModemSilent
        | CallFailure::CommandRefused
        | CallFailure::CardLocked
        | CallFailure::PinNotTaken
        | CallFailure::NoNetwork
        | CallFailure::NoDialTone
        | CallFailure::Busy
        | CallFailure::NoAnswer
        | CallFailure::NoCarrier
        | CallFailure::Delayed
        | CallFailure::Blacklisted => true,
        CallFailure::TimedOut => false,
    }
}

impl Call for Caller {
    fn input(&mut self, now: Duration, bytes: &[u8]) {
        match &mut self.stage {
            Stage::Dialing(dial) => {
                dial.input(now, bytes);
                self.follow(now);
            }
            Stage::Talking => self.hear_line(now, bytes),
            Stage::HangingUp(hang_up) => {
                hang_up.input(bytes);
                self.follow(now);
            }
            Stage::Over => {}
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
            (Stage::Dialing(_) | Stage::Talking | Stage::HangingUp(_) | Stage::Over, _) => {}
        }
    }

    fn port_lost(&mut self, now: Duration) {
        match &mut self.stage {
            Stage::Dialing(dial) => {
                let failure = dial.unanswered();
                self.dialed = false;
                self.finish(now, Err(failure.into()));
            }
            Stage::Talking => self.lose_carrier(now),
            Stage::HangingUp(_) => self.over(),
            Stage::Over => {}
        }
    }

    fn take_wire(&mut self, now: Duration, most: usize) -> Vec<u8> {
        let own = most.min(self.wire.len());
        let mut bytes: Vec<u8> = self.wire.drain(..own).collect();
        let room = most.saturating_sub(own);
        if let (Stage::Talking, Some(stack)) = (&self.stage, &mut self.stack) {
            bytes.extend(stack.take_wire(now, room));
        }
        bytes
    }

    fn take_signals(&mut self) -> Vec<Signal> {
        std::mem::take(&mut self.signals)
    }

    fn tick(&mut self, now: Duration) {
        match &mut self.stage {
            Stage::Dialing(dial) => dial.tick(now),
            Stage::Talking => {
                if let Some(stack) = &mut self.stack {
                    stack.tick(now);
                }
            }
            Stage::HangingUp(hang_up) => hang_up.tick(now),
            Stage::Over => {}
        }
        self.follow(now);
        if self.cap.is_some_and(|cap| cap <= now) {
            self.end_link(now, Err(CallFault::TooLong));
        }
    }

    fn wake_at(&mut self) -> Option<Duration> {
        match &mut self.stage {
            Stage::Dialing(dial) => dial.wake_at(),
            Stage::Talking => {
                let link = self.stack.as_mut().and_then(Stack::wake_at);
                [link, self.cap].into_iter().flatten().min()
            }
            Stage::HangingUp(hang_up) => hang_up.wake_at(),
            Stage::Over => None,
        }
    }

    fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn stack(&self) -> Option<&Stack> {
        self.stack.as_ref()
    }

    fn stack_mut(&mut self) -> Option<&mut Stack> {
        self.stack.as_mut()
    }

    fn hang_up(&mut self, now: Duration) {
        match &mut self.stage {
            Stage::Dialing(_) => {
                if self.dialed {
                    // Any character makes a modem that dials give up.
                    self.wire.push(b'\r');
                }
                self.finish(now, Ok(()));
            }
            Stage::Talking => self.end_link(now, Ok(())),
            Stage::HangingUp(_) | Stage::Over => {}
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over) && self.wire.is_empty() && self.signals.is_empty()
    }
}
