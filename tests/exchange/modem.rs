//! One Hayes modem: what its port says and hears.

use std::collections::VecDeque;
use std::time::Duration;

use super::card::{Card, Inserted, Said};
use super::command::{self, Aside, Command, Dialing};
use super::settings::Settings;

/// Longest line of commands, in bytes; a longer one is an error.
const MAX_LINE_BYTES: usize = 128;
/// Bytes that wait for a port that does not read; the call's further bytes wait in the line.
const OUT_BYTES: usize = 4_096;
/// A line feed that follows the command to dial at once does not break the call off (V.250 §5.6.1).
const SETTLING: Duration = Duration::from_millis(125);
/// After so long without a ring the count of rings starts anew.
const RINGS_FORGOTTEN: Duration = Duration::from_secs(8);
/// Escapes are three.
const ESCAPES: u32 = 3;

/// What a modem says by itself or as the result of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// `OK`.
    Ok,
    /// `CONNECT`, with the rate or whatever else stands behind it.
    Connect(String),
    /// The same in words of its own.
    Connected(String),
    /// `RING`.
    Ring,
    /// `NO CARRIER`.
    NoCarrier,
    /// `ERROR`.
    Error,
    /// `NO DIALTONE`.
    NoDialTone,
    /// `BUSY`.
    Busy,
    /// `NO ANSWER`.
    NoAnswer,
    /// `DELAYED`.
    Delayed,
    /// `BLACKLISTED`.
    Blacklisted,
    /// `+CME ERROR`, with its number.
    MobileError(u16),
}

impl Word {
    /// As a modem with this `X` says it: what it does not listen for it takes for no carrier.
    fn heard_with(self, results: u8) -> Self {
        match (&self, results) {
            (Self::Connect(_), 0) => Self::Connect(String::new()),
            (Self::NoDialTone, 0 | 1 | 3) | (Self::Busy, 0..=2) => Self::NoCarrier,
            _ => self,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Ok => "OK".to_owned(),
            Self::Connect(text) if text.is_empty() => "CONNECT".to_owned(),
            Self::Connect(text) => format!("CONNECT {text}"),
            Self::Connected(line) => line.clone(),
            Self::Ring => "RING".to_owned(),
            Self::NoCarrier => "NO CARRIER".to_owned(),
            Self::Error => "ERROR".to_owned(),
            Self::NoDialTone => "NO DIALTONE".to_owned(),
            Self::Busy => "BUSY".to_owned(),
            Self::NoAnswer => "NO ANSWER".to_owned(),
            Self::Delayed => "DELAYED".to_owned(),
            Self::Blacklisted => "BLACKLISTED".to_owned(),
            Self::MobileError(number) => format!("+CME ERROR: {number}"),
        }
    }

    /// The digits of `V0`; rates are told as a plain 1, as their numbers differ by maker.
    const fn digits(&self) -> &'static str {
        match self {
            Self::Ok => "0",
            Self::Connect(_) | Self::Connected(_) => "1",
            Self::Ring => "2",
            Self::NoCarrier => "3",
            Self::Error | Self::MobileError(_) => "4",
            Self::NoDialTone => "6",
            Self::Busy => "7",
            Self::NoAnswer => "8",
            Self::Delayed => "24",
            Self::Blacklisted => "32",
        }
    }
}

/// What a modem asks of the exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// Dial.
    Dial(Dialing),
    /// Take the call that rings, or try.
    Answer,
    /// End whatever there is.
    HangUp,
}

/// What a modem does with what its port says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is told commands, and there is no call.
    Commands,
    /// It dials, rings or trains; any character breaks that off.
    Calling,
    /// Bytes pass.
    Data,
    /// It is told commands while a call stands.
    Escaped,
}

/// One modem.
#[derive(Debug)]
pub(super) struct Modem {
    pub(super) settings: Settings,
    stored: Settings,
    pub(super) mode: Mode,
    /// What it is told is answered so much later.
    pub(super) slowness: Duration,
    line: Vec<u8>,
    too_long: bool,
    last_line: Vec<u8>,
    calling_since: Duration,
    heard_at: Duration,
    escapes: u32,
    last_ring: Option<Duration>,
    card: Option<Inserted>,
    later: VecDeque<(Duration, Vec<u8>)>,
    out: VecDeque<u8>,
}

impl Modem {
    /// A modem as it leaves the factory; a mobile one with its card.
    pub(super) fn new(card: Option<Card>) -> Self {
        Self {
            settings: Settings::factory(),
            stored: Settings::factory(),
            mode: Mode::Commands,
            slowness: Duration::ZERO,
            line: Vec::new(),
            too_long: false,
            last_line: Vec::new(),
            calling_since: Duration::ZERO,
            heard_at: Duration::ZERO,
            escapes: 0,
            last_ring: None,
            card: card.map(Inserted::new),
            later: VecDeque::new(),
            out: VecDeque::new(),
        }
    }

    /// The card of a mobile modem.
    pub(super) const fn card(&self) -> Option<&Inserted> {
        self.card.as_ref()
    }

    /// Takes a byte of its port while no data passes; what it asks of the exchange.
    pub(super) fn hear(&mut self, now: Duration, byte: u8) -> Option<Ask> {
        if self.mode == Mode::Calling {
            if now < self.calling_since + SETTLING {
                return None;
            }
            self.mode = Mode::Commands;
            self.tell(now, Word::NoCarrier);
            return Some(Ask::HangUp);
        }
        // Parity is not looked at.
        let byte = byte & 0x7f;
        if self.settings.echo {
            self.say(now, &[byte]);
        }
        if byte == self.settings.line_end() {
            return self.line_is_whole(now);
        }
        if byte == self.settings.backspace() {
            self.line.pop();
        } else if byte == b'/' && self.line.eq_ignore_ascii_case(b"a") {
            self.line.clear();
            let line = self.last_line.clone();
            return self.obey(now, &line);
        } else if byte < b' ' {
            // Line feeds and the like mean nothing.
        } else if self.line.len() < MAX_LINE_BYTES {
            self.line.push(byte);
        } else {
            self.too_long = true;
        }
        None
    }

    /// Looks at a byte of data for the escape.
    pub(super) fn watch_for_escape(&mut self, now: Duration, byte: u8) {
        let gap = now.saturating_sub(self.heard_at);
        let guard = self.settings.guard();
        let is_escape = self.settings.escape() == Some(byte);
        self.escapes = match self.escapes {
            0 if is_escape && gap >= guard => 1,
            count @ 1..ESCAPES if is_escape && gap < guard => count + 1,
            _ => 0,
        };
        self.heard_at = now;
    }

    /// Escapes to commands, or says what is late, when that is due.
    pub(super) fn tick(&mut self, now: Duration) {
        if self.escape_due().is_some_and(|due| due <= now) {
            self.escapes = 0;
            self.mode = Mode::Escaped;
            self.tell(now, Word::Ok);
        }
        while let Some((at, _)) = self.later.front() {
            if *at > now {
                break;
            }
            let said = self.later.pop_front().map(|(_, said)| said);
            self.out.extend(said.unwrap_or_default());
        }
        if self.last_ring.is_some_and(|at| at + RINGS_FORGOTTEN <= now) {
            self.last_ring = None;
            self.settings.set(1, 0);
        }
    }

    fn escape_due(&self) -> Option<Duration> {
        let complete = self.mode == Mode::Data && self.escapes == ESCAPES;
        complete.then(|| self.heard_at + self.settings.guard())
    }

    /// When [`Self::tick`] has something to do.
    pub(super) fn due(&self) -> Option<Duration> {
        let later = self.later.front().map(|(at, _)| *at);
        let rings = self.last_ring.map(|at| at + RINGS_FORGOTTEN);
        [self.escape_due(), later, rings]
            .into_iter()
            .flatten()
            .min()
    }

    /// The telephone rings; whether the modem takes the call by itself.
    pub(super) fn ring(&mut self, now: Duration) -> bool {
        let rings = self.settings.register(1).unwrap_or(0).saturating_add(1);
        self.settings.set(1, rings);
        self.last_ring = Some(now);
        self.tell(now, Word::Ring);
        let enough = self.settings.rings_to_answer();
        enough.is_some_and(|enough| rings >= enough)
    }

    /// Begins to call or to answer.
    pub(super) fn begin_calling(&mut self, now: Duration) {
        self.mode = Mode::Calling;
        self.calling_since = now;
    }

    /// The modems have found together.
    pub(super) fn connect(&mut self, now: Duration, word: Word) {
        self.tell(now, word);
        self.mode = Mode::Data;
        self.heard_at = now;
        self.escapes = 0;
    }

    /// There is no call any more, or none came about.
    pub(super) fn end(&mut self, now: Duration, word: Option<Word>) {
        self.mode = Mode::Commands;
        self.line.clear();
        if let Some(word) = word {
            self.tell(now, word);
        }
    }

    /// Says a result.
    pub(super) fn tell(&mut self, now: Duration, word: Word) {
        if self.settings.quiet {
            return;
        }
        let word = word.heard_with(self.settings.results);
        let (end, feed) = (self.settings.line_end(), self.settings.line_feed());
        let mut said = Vec::new();
        if self.settings.verbose {
            said.extend([end, feed]);
            said.extend(word.text().bytes());
            said.extend([end, feed]);
        } else {
            said.extend(word.digits().bytes());
            said.push(end);
        }
        self.say(now, &said);
    }

    /// Says a line that is no result.
    pub(super) fn report(&mut self, now: Duration, text: &str) {
        let (end, feed) = (self.settings.line_end(), self.settings.line_feed());
        let mut said = Vec::new();
        if self.settings.verbose {
            said.extend([end, feed]);
        }
        said.extend(text.bytes());
        said.extend([end, feed]);
        self.say(now, &said);
    }

    fn say(&mut self, now: Duration, bytes: &[u8]) {
        if self.slowness.is_zero() && self.later.is_empty() {
            self.out.extend(bytes);
        } else {
            let last = self.later.back().map_or(Duration::ZERO, |(at, _)| *at);
            let at = last.max(now + self.slowness);
            self.later.push_back((at, bytes.to_vec()));
        }
    }

    /// Whether the port takes data; what a modem says itself always finds room.
    pub(super) fn has_room(&self) -> bool {
        self.out.len() < OUT_BYTES && self.later.is_empty()
    }

    /// Passes on a byte of the call.
    pub(super) fn pass_on(&mut self, byte: u8) {
        self.out.push_back(byte);
    }

    /// Bytes for the port.
    pub(super) fn take_out(&mut self, most: usize) -> Vec<u8> {
        let count = self.out.len().min(most);
        self.out.drain(..count).collect()
    }

    fn line_is_whole(&mut self, now: Duration) -> Option<Ask> {
        let line = std::mem::take(&mut self.line);
        let too_long = std::mem::take(&mut self.too_long);
        // Whatever stands before the prefix is noise.
        let begins = |pair: &[u8]| pair == b"AT" || pair == b"at";
        let place = line.windows(2).position(begins)?;
        if too_long {
            self.tell(now, Word::Error);
            return None;
        }
        let line = line[place + 2..].to_vec();
        self.last_line.clone_from(&line);
        self.obey(now, &line)
    }

    /// Obeys a line of commands in order, until one fails or leads into a call.
    fn obey(&mut self, now: Duration, line: &[u8]) -> Option<Ask> {
        let (commands, all) = command::read(line);
        let mut ask = None;
        for command in commands {
            match command {
                Command::Dial(dialing) if self.mode == Mode::Commands => {
                    return self.dial(now, dialing);
                }
                Command::Answer if self.mode == Mode::Commands => {
                    self.begin_calling(now);
                    return Some(Ask::Answer);
                }
                Command::Online if self.mode == Mode::Escaped => {
                    self.connect(now, Word::Connect(String::new()));
                    return None;
                }
                Command::Online => {
                    self.tell(now, Word::NoCarrier);
                    return None;
                }
                Command::Dial(_) | Command::Answer => {
                    self.tell(now, Word::Error);
                    return None;
                }
                Command::HangUp => {
                    self.mode = Mode::Commands;
                    ask = Some(Ask::HangUp);
                }
                Command::Reset => {
                    self.mode = Mode::Commands;
                    ask = Some(Ask::HangUp);
                    self.settings = self.stored.clone();
                }
                Command::Aside(aside) => {
                    if let Err(word) = self.set(now, aside) {
                        self.tell(now, word);
                        return ask;
                    }
                }
            }
        }
        self.tell(now, if all { Word::Ok } else { Word::Error });
        ask
    }

    fn dial(&mut self, now: Duration, dialing: Dialing) -> Option<Ask> {
        let hindered = self.card.as_ref().and_then(|card| {
            let number = card.hinders()?;
            Some(card.error(number))
        });
        if let Some(error) = hindered {
            self.tell(now, error);
            return None;
        }
        self.begin_calling(now);
        Some(Ask::Dial(dialing))
    }

    /// Obeys a command that leaves the call alone.
    fn set(&mut self, now: Duration, aside: Aside) -> Result<(), Word> {
        match aside {
            Aside::Echo(echo) => self.settings.echo = echo,
            Aside::Quiet(quiet) => self.settings.quiet = quiet,
            Aside::Verbose(verbose) => self.settings.verbose = verbose,
            Aside::Results(results) => self.settings.results = results,
            Aside::CarrierLine(follows) => self.settings.carrier_line = follows,
            Aside::DtrLine(does) => self.settings.dtr_line = does,
            Aside::Factory => self.settings = Settings::factory(),
            Aside::Store => self.stored = self.settings.clone(),
            Aside::Set(register, value) => {
                if !self.settings.set(register, value) {
                    return Err(Word::Error);
                }
            }
            Aside::Ask(register) => {
                let value = self.settings.register(register).ok_or(Word::Error)?;
                self.report(now, &format!("{value:03}"));
            }
            Aside::Inform(what) => self.inform(now, what),
            Aside::Extended(text) => return self.extended(now, &text),
            Aside::Accepted => {}
        }
        Ok(())
    }

    fn inform(&mut self, now: Duration, what: u8) {
        let kind = if self.card.is_some() {
            "mobile modem"
        } else {
            "modem V.34"
        };
        let text = match what {
            0 => "33600".to_owned(),
            3 => format!("Pennyblack emulated {kind}"),
            _ => "OK".to_owned(),
        };
        self.report(now, &text);
    }

    fn extended(&mut self, now: Duration, text: &str) -> Result<(), Word> {
        let said = match &mut self.card {
            Some(card) => card.hear(text),
            None if text.eq_ignore_ascii_case("+GMI") => Said::Lines(vec!["Pennyblack".to_owned()]),
            None => Said::Unknown,
        };
        match said {
            Said::Lines(lines) => {
                for line in lines {
                    self.report(now, &line);
                }
                Ok(())
            }
            Said::Error(number) => {
                let card = self.card.as_ref();
                Err(card.map_or(Word::Error, |card| card.error(number)))
            }
            Said::Unknown => Err(Word::Error),
        }
    }
}
