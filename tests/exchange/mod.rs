//! A telephone exchange with modems on its lines, in memory and on virtual time.
//!
//! Whoever stands at a port gives bytes ([`Exchange::input`]) and the DTR line
//! ([`Exchange::set_dtr`]), and takes bytes ([`Exchange::take_output`]) and the carrier line
//! ([`Exchange::carrier`]); a modem dials, another rings and answers, and bytes pass at the speed of
//! the line, each a way later, through whatever [`Faults`] the call has. Time is an argument; the
//! same seed and the same inputs give the same bytes at the same times.
//!
//! Not modelled: the port's own speed (a byte is at the modem at once), compression, and error
//! correction, so that each byte takes ten bits of the line and noise reaches the port.

mod call;
mod card;
mod chance;
mod channel;
mod command;
mod fault;
mod modem;
mod note;
#[cfg(unix)]
pub mod pty;
mod settings;
mod subscriber;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use call::{Call, Stage};
pub use card::Card;
pub use chance::Chance;
use command::Dialing;
pub use fault::{BadFaults, Cut, Fate, Faults, Way};
pub use modem::Word;
use modem::{Ask, Mode};
pub use note::{Ending, Note};
use subscriber::Subscriber;
pub use subscriber::{Apparatus, Premises};

/// Notes kept for whoever reads them; the oldest go first.
const MAX_NOTES: usize = 1_000;
/// Time after which the missing of a dial tone is told.
const NO_TONE_TIME: Duration = Duration::from_secs(5);
/// Time after which an engaged tone is told.
const BUSY_TIME: Duration = Duration::from_millis(1_500);
/// Time after which modems notice that a fax is none.
const FAX_TIME: Duration = Duration::from_secs(15);
/// A mobile network's answer.
const MOBILE_TIME: Duration = Duration::from_millis(1_500);
/// What mobile modems say behind CONNECT: the best their radio could do, never the line.
const MOBILE_RATE: &str = "150000000";

/// One line of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(usize);

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.0 + 1)
    }
}

/// How fast everything is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speed {
    /// Of a line.
    pub bits_per_second: u32,
    /// One way.
    pub delay: Duration,
    /// From the last digit to the first ring.
    pub routing: Duration,
    /// From ring to ring.
    pub ring_period: Duration,
    /// From the answer to CONNECT.
    pub training: Duration,
    /// Dialing, routing, ringing and training go so many times faster; the line does not.
    pub hurry: u32,
}

impl Speed {
    /// A good analogue line: 33,600 bit/s, 150 ms there and back, rings as in America.
    pub const USUAL: Self = Self {
        bits_per_second: 33_600,
        delay: Duration::from_millis(75),
        routing: Duration::from_secs(2),
        ring_period: Duration::from_secs(6),
        training: Duration::from_secs(12),
        hurry: 1,
    };

    /// A line on which bytes pass as fast as in a test they should, and nobody waits for the ring.
    pub const AT_ONCE: Self = Self {
        bits_per_second: 2_000_000,
        delay: Duration::from_millis(2),
        hurry: 200,
        ..Self::USUAL
    };

    fn hurried(&self, time: Duration) -> Duration {
        time / self.hurry.max(1)
    }
}

/// A telephone exchange.
#[derive(Debug)]
pub struct Exchange {
    speed: Speed,
    chance: Chance,
    now: Duration,
    lines: Vec<Subscriber>,
    calls: Vec<Call>,
    usual: Faults,
    planned: VecDeque<Faults>,
    notes: VecDeque<(Duration, Note)>,
}

impl Exchange {
    /// An exchange without lines at time zero.
    #[must_use]
    pub fn new(speed: Speed, seed: u64) -> Self {
        Self {
            speed,
            chance: Chance::new(seed),
            now: Duration::ZERO,
            lines: Vec::new(),
            calls: Vec::new(),
            usual: Faults::default(),
            planned: VecDeque::new(),
            notes: VecDeque::new(),
        }
    }

    /// Lays a line with this number, of digits only (or `*99#`, where mobile modems lead).
    pub fn lay(&mut self, number: &str, premises: Premises) -> LineId {
        let line = Subscriber::new(number, premises, self.now);
        self.lines.push(line);
        LineId(self.lines.len() - 1)
    }

    /// Lets chance begin anew from another seed.
    pub const fn reseed(&mut self, seed: u64) {
        self.chance = Chance::new(seed);
    }

    /// What is done to calls that have no plan of their own.
    pub fn set_usual_faults(&mut self, faults: Faults) {
        self.usual = faults;
    }

    /// What is done to the next call that has no plan yet.
    pub fn plan(&mut self, faults: Faults) {
        self.planned.push_back(faults);
    }

    /// Takes bytes of a port, as many as the modem has room for; answers how many. The rest is for
    /// the port to say again, as with flow control.
    pub fn input(&mut self, now: Duration, line: LineId, bytes: &[u8]) -> usize {
        self.tick(now);
        let LineId(line) = line;
        for (count, byte) in bytes.iter().enumerate() {
            let subscriber = &mut self.lines[line];
            if !subscriber.plugged {
                return count;
            }
            if subscriber.modem.mode == Mode::Data {
                let call = self.calls.iter_mut().find(|call| call.has(line));
                if let Some(call) = call {
                    let way = call.way_from(line);
                    let unheard = call.faults.looped && way == Way::ToCaller;
                    let channel = call.channel(way);
                    if channel.room() == 0 {
                        return count;
                    }
                    if !unheard {
                        channel.push(self.now, *byte);
                    }
                }
                subscriber.modem.watch_for_escape(self.now, *byte);
            } else if !subscriber.is_port()
                && let Some(ask) = subscriber.modem.hear(self.now, *byte)
            {
                self.obey(line, ask);
            }
        }
        bytes.len()
    }

    /// Bytes that the modem takes now; commands are always taken.
    #[must_use]
    pub fn room(&mut self, line: LineId) -> usize {
        let LineId(line) = line;
        let call = self.calls.iter_mut().find(|call| call.has(line));
        match call {
            Some(call) if self.lines[line].modem.mode == Mode::Data => {
                call.channel(call.way_from(line)).room()
            }
            Some(_) | None => channel::BUFFER_BYTES,
        }
    }

    /// Takes at most `most` bytes for a port.
    pub fn take_output(&mut self, now: Duration, line: LineId, most: usize) -> Vec<u8> {
        self.tick(now);
        let out = self.lines[line.0].modem.take_out(most);
        self.hold_what_finds_no_room();
        out
    }

    /// Raises or drops the DTR line of a port. It is up at first.
    pub fn set_dtr(&mut self, now: Duration, line: LineId, up: bool) {
        self.tick(now);
        let LineId(line) = line;
        let subscriber = &mut self.lines[line];
        let fell = subscriber.dtr && !up;
        subscriber.dtr = up;
        if !fell || subscriber.premises.ignores_dtr {
            return;
        }
        match (subscriber.modem.settings.dtr_line, subscriber.modem.mode) {
            (0, _) | (_, Mode::Commands) => {}
            (1, Mode::Data) => {
                subscriber.modem.mode = Mode::Escaped;
                subscriber.modem.tell(self.now, Word::Ok);
            }
            (1, Mode::Calling | Mode::Escaped) => {}
            (_, Mode::Data | Mode::Escaped | Mode::Calling) => {
                subscriber.modem.end(self.now, Some(Word::Ok));
                self.hang_up(line);
            }
        }
    }

    /// The carrier line of a port.
    #[must_use]
    pub fn carrier(&self, line: LineId) -> bool {
        let subscriber = &self.lines[line.0];
        let follows = subscriber.modem.settings.carrier_line;
        subscriber.plugged && (subscriber.carries() || !follows)
    }

    /// Whether the modem is there; a port without one is gone.
    #[must_use]
    pub fn is_plugged(&self, line: LineId) -> bool {
        self.lines[line.0].plugged
    }

    /// Pulls the modem off its port: its call ends, it hears and says nothing any more.
    pub fn unplug(&mut self, now: Duration, line: LineId) {
        self.tick(now);
        let LineId(line) = line;
        self.hang_up(line);
        let subscriber = &mut self.lines[line];
        subscriber.modem.end(now, None);
        let _lost = subscriber.modem.take_out(usize::MAX);
        subscriber.plugged = false;
    }

    /// Puts the modem back, as it is when it is switched on.
    pub fn plug(&mut self, now: Duration, line: LineId) {
        self.tick(now);
        let subscriber = &mut self.lines[line.0];
        *subscriber = Subscriber::new(&subscriber.number, subscriber.premises.clone(), now);
    }

    /// What has happened, the oldest first, with its time.
    pub fn next_note(&mut self) -> Option<(Duration, Note)> {
        self.notes.pop_front()
    }

    /// When something happens by itself; `None` when nothing does before somebody speaks.
    #[must_use]
    pub fn wake_at(&self) -> Option<Duration> {
        let lines = self.lines.iter().filter_map(Subscriber::due);
        lines.chain(self.calls.iter().filter_map(Call::due)).min()
    }

    /// Lets happen what is due by now, in its order.
    pub fn tick(&mut self, now: Duration) {
        while let Some(due) = self.wake_at().filter(|due| *due <= now) {
            self.now = self.now.max(due);
            for line in &mut self.lines {
                line.tick(self.now);
            }
            for place in 0..self.calls.len() {
                let mut call = self.calls.remove(place);
                self.step(&mut call);
                self.calls.insert(place, call);
            }
            self.calls.retain(|call| call.stage != Stage::Over);
            self.hold_what_finds_no_room();
        }
        self.now = self.now.max(now);
    }

    fn note(&mut self, note: Note) {
        if self.notes.len() >= MAX_NOTES {
            self.notes.pop_front();
        }
        self.notes.push_back((self.now, note));
    }

    fn obey(&mut self, line: usize, ask: Ask) {
        match ask {
            Ask::Dial(dialing) => self.dial(line, dialing),
            Ask::Answer => self.answer(line),
            Ask::HangUp => self.hang_up(line),
        }
    }

    /// What the line of a call is like.
    const fn way(&self) -> (u32, Duration) {
        (self.speed.bits_per_second, self.speed.delay)
    }

    /// The modem of `line` begins to dial.
    fn dial(&mut self, line: usize, dialing: Dialing) {
        let faults = self.planned.pop_front();
        let faults = faults.unwrap_or_else(|| self.usual.clone());
        let now = self.now;
        let subscriber = &mut self.lines[line];
        let number = subscriber.outside(&dialing.digits).unwrap_or_default();
        let forbidden = subscriber.is_forbidden(&number, now);
        let settings = &subscriber.modem.settings;
        let hears_nothing = faults.fate == Fate::NoDialTone || subscriber.premises.foreign_tone;
        let leading = |after, word| Stage::Leading {
            until: now + self.speed.hurried(after),
            word,
        };
        let stage = match faults.fate {
            _ if forbidden => leading(Duration::ZERO, Word::Blacklisted),
            Fate::Blacklisted => leading(Duration::ZERO, Word::Blacklisted),
            Fate::Delayed => leading(Duration::ZERO, Word::Delayed),
            _ if hears_nothing && settings.knows_dial_tone() => {
                leading(NO_TONE_TIME, Word::NoDialTone)
            }
            Fate::NoDialTone => leading(settings.carrier_wait(), Word::NoCarrier),
            Fate::Through | Fate::Busy | Fate::NoAnswer | Fate::Voice | Fate::Fax => {
                Stage::Dialing(now + self.speed.hurried(subscriber.dialing_time(&dialing)))
            }
        };
        self.note(Note::Dials {
            caller: LineId(line),
            digits: dialing.digits.clone(),
        });
        let mut call = Call::new(line, dialing, faults, stage, self.way());
        call.number = number;
        self.calls.push(call);
    }

    /// The modem of `line` takes the call that rings, or listens for one that is not there.
    fn answer(&mut self, line: usize) {
        let until = self.now + self.speed.hurried(self.speed.training);
        let rings = |call: &&mut Call| {
            call.answerer == Some(line) && matches!(call.stage, Stage::Ringing { .. })
        };
        if let Some(call) = self.calls.iter_mut().find(rings) {
            call.stage = Stage::Training(until);
            return;
        }
        let wait = self.lines[line].modem.settings.carrier_wait();
        let stage = Stage::Leading {
            until: self.now + self.speed.hurried(wait),
            word: Word::NoCarrier,
        };
        let nobody = Call::new(
            line,
            Dialing::default(),
            Faults::default(),
            stage,
            self.way(),
        );
        self.calls.push(nobody);
    }

    /// `line` leaves its call, if it is in one; its own modem knows already.
    fn hang_up(&mut self, line: usize) {
        let Some(place) = self.calls.iter().position(|call| call.has(line)) else {
            return;
        };
        let mut call = self.calls.swap_remove(place);
        let left = self.left_behind(&call, line);
        match (&call.stage, left) {
            (Stage::Fading(lost), _) => {
                let mut lost = *lost;
                lost[usize::from(call.caller != line)] = None;
                call.stage = Stage::Fading(lost);
            }
            (Stage::Training(_) | Stage::Up(_), Some(left)) => {
                if matches!(call.stage, Stage::Up(_)) {
                    self.note_end(&call, Ending::HungUp(LineId(line)));
                }
                let way = call.way_from(line);
                call.channel(way).abandon();
                call.channel(call.way_from(left)).die();
                let noticed = self.now + self.speed.delay + self.carrier_loss(left);
                let mut lost = [None, None];
                lost[usize::from(call.caller != left)] = Some(noticed);
                call.stage = Stage::Fading(lost);
            }
            _ => call.stage = Stage::Over,
        }
        if matches!(call.stage, Stage::Fading([None, None])) {
            call.stage = Stage::Over;
        }
        if call.stage != Stage::Over {
            self.calls.push(call);
        }
    }

    /// Who is alone when `line` leaves.
    fn left_behind(&self, call: &Call, line: usize) -> Option<usize> {
        if call.caller == line {
            call.answerer
        } else {
            Some(call.caller)
        }
    }

    fn carrier_loss(&self, line: usize) -> Duration {
        let subscriber = &self.lines[line];
        if subscriber.is_port() {
            return Duration::ZERO;
        }
        subscriber.modem.settings.carrier_loss()
    }

    fn note_end(&mut self, call: &Call, how: Ending) {
        if let Some(answerer) = call.answerer {
            self.note(Note::Ended {
                caller: LineId(call.caller),
                answerer: LineId(answerer),
                how,
                carried: call.carried(),
            });
        }
    }

    /// Lets happen in a call what is due.
    fn step(&mut self, call: &mut Call) {
        let now = self.now;
        match call.stage.clone() {
            Stage::Dialing(until) if until <= now => {
                if call.dialing.stays_in_commands {
                    self.lines[call.caller].modem.end(now, Some(Word::Ok));
                    call.stage = Stage::Held;
                } else {
                    self.route(call);
                }
            }
            Stage::Leading { until, word } if until <= now => self.fail(call, word),
            Stage::Ringing { until, .. } if until <= now => {
                let settings = &self.lines[call.caller].modem.settings;
                let hears = call.dialing.awaits_silence || settings.knows_busy_tone();
                let word = if hears {
                    Word::NoAnswer
                } else {
                    Word::NoCarrier
                };
                self.fail(call, word);
            }
            Stage::Ringing { next, until } if next <= now => self.ring(call, until),
            Stage::Training(until) if until <= now => self.connect(call),
            Stage::Up(since) => {
                call.advance(now, &mut self.chance);
                self.deliver(call);
                if call.suffer(now, since) {
                    self.cut(call);
                }
            }
            Stage::Fading(lost) => {
                call.advance(now, &mut self.chance);
                self.deliver(call);
                self.notice(call, lost);
            }
            Stage::Dialing(_)
            | Stage::Leading { .. }
            | Stage::Ringing { .. }
            | Stage::Training(_)
            | Stage::Held
            | Stage::Over => {}
        }
    }

    /// No call came about.
    fn fail(&mut self, call: &mut Call, word: Word) {
        call.stage = Stage::Over;
        let subscriber = &mut self.lines[call.caller];
        let refused = matches!(word, Word::Blacklisted | Word::Delayed);
        if !refused && !call.number.is_empty() {
            subscriber.failed(&call.number, self.now);
        }
        subscriber.modem.end(self.now, Some(word.clone()));
        self.note(Note::Failed {
            caller: LineId(call.caller),
            word,
        });
    }

    /// The last digit was dialed: where does it lead?
    fn route(&mut self, call: &mut Call) {
        let caller = &self.lines[call.caller];
        let settings = &caller.modem.settings;
        let wait = settings.carrier_wait();
        let engaged = if settings.knows_busy_tone() {
            (BUSY_TIME, Word::Busy)
        } else {
            (wait, Word::NoCarrier)
        };
        let mobile = caller.modem.card();
        let to = self
            .lines
            .iter()
            .position(|line| line.number == call.number);
        let free = |to: &usize| {
            let taken = self.calls.iter().any(|other| other.has(*to));
            *to != call.caller && !taken && self.lines[*to].modem.mode == Mode::Commands
        };
        let (after, word) = match (call.faults.fate, to) {
            (Fate::Busy, _) => engaged,
            (Fate::NoAnswer, _) => (wait, Word::NoAnswer),
            (Fate::Fax, _) => (wait.min(FAX_TIME), Word::NoCarrier),
            (Fate::Voice, _) => (wait, Word::NoCarrier),
            _ if mobile.is_some_and(|card| !card.leads_somewhere()) => {
                (MOBILE_TIME, Word::NoCarrier)
            }
            // Behind a branch exchange without the digit for the outside.
            _ if call.number.is_empty() => engaged,
            (_, Some(to)) if free(&to) => {
                call.answerer = Some(to);
                let routing = if mobile.is_some() {
                    Duration::ZERO
                } else {
                    self.speed.hurried(self.speed.routing)
                };
                call.stage = Stage::Ringing {
                    next: self.now + routing,
                    until: self.now + self.speed.hurried(wait),
                };
                return;
            }
            (_, Some(_)) => engaged,
            // A voice says that there is no such number.
            (_, None) => (wait, Word::NoCarrier),
        };
        call.stage = Stage::Leading {
            until: self.now + self.speed.hurried(after),
            word,
        };
    }

    fn ring(&mut self, call: &mut Call, until: Duration) {
        let period = self.speed.hurried(self.speed.ring_period);
        call.stage = Stage::Ringing {
            next: self.now + period,
            until,
        };
        let Some(answerer) = call.answerer else {
            return;
        };
        self.note(Note::Rings {
            answerer: LineId(answerer),
        });
        let mobile = self.lines[call.caller].modem.card().is_some();
        let subscriber = &mut self.lines[answerer];
        if !subscriber.plugged {
            return;
        }
        if subscriber.is_port() {
            if subscriber.dtr {
                let time = if mobile {
                    MOBILE_TIME
                } else {
                    self.speed.training
                };
                call.stage = Stage::Training(self.now + self.speed.hurried(time));
            }
            return;
        }
        let by_itself = subscriber.modem.ring(self.now);
        let ready = subscriber.dtr || subscriber.premises.ignores_dtr;
        if by_itself && ready {
            subscriber.modem.begin_calling(self.now);
            let training = self.speed.hurried(self.speed.training);
            call.stage = Stage::Training(self.now + training);
        }
    }

    /// The modems have found together.
    fn connect(&mut self, call: &mut Call) {
        let Some(answerer) = call.answerer else {
            return;
        };
        let rate = self.speed.bits_per_second.to_string();
        let mobile = self.lines[call.caller].modem.card().is_some();
        let usual = if mobile { MOBILE_RATE } else { &rate };
        let usual = Word::Connect(usual.to_owned());
        let said = call.faults.connect.clone().map_or(usual, Word::Connected);
        self.lines[call.caller].modem.connect(self.now, said);
        self.lines[answerer]
            .modem
            .connect(self.now, Word::Connect(rate));
        call.raise(self.now);
        self.note(Note::Connected {
            caller: LineId(call.caller),
            answerer: LineId(answerer),
        });
    }

    /// Hands over the bytes that have arrived, until a cut.
    fn deliver(&mut self, call: &mut Call) {
        let Some(answerer) = call.answerer else {
            return;
        };
        for (way, to) in [(Way::ToAnswerer, answerer), (Way::ToCaller, call.caller)] {
            while self.takes(to) && !call.is_cut_by_bytes() {
                let Some(byte) = call.channel(way).take(self.now) else {
                    break;
                };
                if !call.faults.looped {
                    self.lines[to].modem.pass_on(byte);
                } else if way == Way::ToAnswerer {
                    call.to_caller.push(self.now, byte);
                } else {
                    self.lines[call.caller].modem.pass_on(byte);
                }
            }
        }
    }

    /// Whether the port of a line takes bytes of the call now.
    fn takes(&self, line: usize) -> bool {
        let modem = &self.lines[line].modem;
        modem.mode == Mode::Data && modem.has_room()
    }

    /// The line between the ends is no more; each notices by itself.
    fn cut(&mut self, call: &mut Call) {
        let Some(answerer) = call.answerer else {
            return;
        };
        self.note_end(call, Ending::Cut);
        call.to_answerer.die();
        call.to_caller.die();
        call.stage = Stage::Fading([
            Some(self.now + self.carrier_loss(call.caller)),
            Some(self.now + self.carrier_loss(answerer)),
        ]);
    }

    /// Tells each end that its carrier is gone, once it has been away long enough.
    fn notice(&mut self, call: &mut Call, mut lost: [Option<Duration>; 2]) {
        let ends = [Some(call.caller), call.answerer];
        for (at, end) in lost.iter_mut().zip(ends) {
            if at.is_some_and(|at| at <= self.now) {
                *at = None;
                if let Some(end) = end {
                    self.lines[end].modem.end(self.now, Some(Word::NoCarrier));
                }
            }
        }
        call.stage = match lost {
            [None, None] => Stage::Over,
            lost => Stage::Fading(lost),
        };
    }

    /// Lets the sender wait where the receiver's port does not read, or is told commands.
    fn hold_what_finds_no_room(&mut self) {
        let calls = self.calls.iter_mut();
        for call in calls.filter(|call| matches!(call.stage, Stage::Up(_) | Stage::Fading(_))) {
            let Some(answerer) = call.answerer else {
                continue;
            };
            for (way, to) in [(Way::ToAnswerer, answerer), (Way::ToCaller, call.caller)] {
                let modem = &self.lines[to].modem;
                let takes = modem.mode == Mode::Data && modem.has_room();
                call.channel(way).hold(self.now, !takes);
            }
        }
    }
}
