//! From a silent modem to the first byte of data.

use std::collections::VecDeque;
use std::time::Duration;

use super::answer::{Answer, Answers};
use super::profile::{Number, Profile};

/// Times a command is said to a modem that does not answer: the first one may meet it asleep, or
/// still busy with the call before.
const TRIES: u32 = 3;

/// Tells a mobile modem to say by number why it refuses something.
const SAY_WHY: &str = "AT+CMEE=1";

/// Why a call did not come about. Each has its own remedy, so each has its own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CallFailure {
    /// The modem answers nothing: not plugged in, another port, in use.
    #[error("the modem does not answer")]
    ModemSilent,
    /// The modem refuses a command: the profile is of another kind of modem.
    #[error("the modem refused a command")]
    CommandRefused,
    /// The mobile modem's card asks for a PIN that is not known, or for its PUK.
    #[error("the card of the mobile modem is locked")]
    CardLocked,
    /// The PIN was entered, and the card refused it or nothing was answered. It must not be entered
    /// again by itself, in no call: the third wrong one locks the card.
    #[error("the card of the mobile modem did not take its PIN")]
    PinNotTaken,
    /// No reception, or the mobile network does not let the card into its data service.
    #[error("the mobile network carries no data")]
    NoNetwork,
    /// No dial tone: the cable, or an exchange whose tone the modem does not know.
    #[error("there is no dial tone")]
    NoDialTone,
    /// Engaged, or the digit for the outside line is missing.
    #[error("the number is busy")]
    Busy,
    /// It rings, and nobody takes the call.
    #[error("nobody answers the call")]
    NoAnswer,
    /// Somebody took the call who is no modem, or the modems did not find together.
    #[error("the call was taken, but no modem answers")]
    NoCarrier,
    /// The modem may not dial this number again so soon.
    #[error("the modem must wait before it dials this number again")]
    Delayed,
    /// The modem may not dial this number any more for a while.
    #[error("the modem refuses to dial this number any more")]
    Blacklisted,
    /// The modem said nothing about the call in time.
    #[error("the call did not come about in time")]
    TimedOut,
}

/// What happened to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The number is being dialed.
    Dialing,
    /// Data passes. Bytes that came with the answer already are data.
    Connected {
        /// What the modem said of the line, for the record.
        said: String,
        /// The first bytes of data.
        data: Vec<u8>,
    },
    /// No call came about. The last that is said.
    Failed(CallFailure),
}

/// What a mobile modem's error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// There is no card, or it is locked.
    Card,
    /// The card is not ready yet.
    CardBusy,
    /// No reception, or no data service.
    Network,
}

/// Reads an error of the mobile equipment, by number or in words (3GPP TS 27.007 §9.2; the numbers
/// from 103 on are about data service). Nothing for an error of another kind, and for a plain one.
fn trouble(why: &str) -> Option<Trouble> {
    match why.parse::<u16>() {
        Ok(14) => return Some(Trouble::CardBusy),
        Ok(10..=18) => return Some(Trouble::Card),
        Ok(30..=32 | 103..=150) => return Some(Trouble::Network),
        Ok(_) => return None,
        Err(_) => {}
    }
    let words = why.to_ascii_lowercase();
    let says = |any: &[&str]| any.iter().any(|one| words.contains(one));
    if says(&["sim busy"]) {
        Some(Trouble::CardBusy)
    } else if says(&["sim ", "incorrect password"]) {
        Some(Trouble::Card)
    } else if says(&["network", "gprs", "service option", "pdp"]) {
        Some(Trouble::Network)
    } else {
        None
    }
}

/// What the modem is told next.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Command(String),
    /// A command that not every modem knows, and that it can do without.
    Wish(&'static str),
    AskCard,
    EnterPin(String),
    Dial(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Telling,
    Dialing,
    /// The call took too long; a character was sent, which makes every modem give up.
    Aborting,
    Over,
}

/// A modem on its way into a call.
#[derive(Debug)]
pub struct Dial {
    profile: Profile,
    steps: VecDeque<Step>,
    stage: Stage,
    tries: u32,
    due: Duration,
    card_asks: bool,
    answers: Answers,
    wire: Vec<u8>,
    progress: VecDeque<Progress>,
}

impl Dial {
    /// Begins to bring a modem up and dial. `now` is the time since any moment of the caller's
    /// choice, the same in all calls, and never falls.
    #[must_use]
    pub fn begin(profile: Profile, number: &Number, now: Duration) -> Self {
        let mut steps: VecDeque<Step> = profile
            .commands
            .iter()
            .cloned()
            .map(Step::Command)
            .collect();
        if profile.has_card {
            // The card comes after the reset and before the access point, which needs it.
            let last = steps.pop_back();
            steps.extend([Step::Wish(SAY_WHY), Step::AskCard]);
            steps.extend(profile.pin.clone().map(Step::EnterPin));
            steps.extend(last);
        }
        let prefix = profile.prefix.as_ref().map_or("", Number::as_str);
        let how = if profile.pulse { 'P' } else { 'T' };
        let how = if number.as_str().starts_with('*') {
            // Mobile modems do not know tones.
            String::new()
        } else {
            how.to_string()
        };
        steps.push_back(Step::Dial(format!("ATD{how}{prefix}{}", number.as_str())));
        let mut dial = Self {
            profile,
            steps,
            stage: Stage::Telling,
            tries: 0,
            due: now,
            card_asks: false,
            answers: Answers::default(),
            wire: Vec::new(),
            progress: VecDeque::new(),
        };
        dial.say(now);
        dial
    }

    /// Bytes for the modem.
    pub fn take_wire(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.wire)
    }

    /// What happened, the oldest first.
    pub fn next_progress(&mut self) -> Option<Progress> {
        self.progress.pop_front()
    }

    /// When [`Dial::tick`] has something to do; `None` once it is over.
    #[must_use]
    pub fn wake_at(&self) -> Option<Duration> {
        (self.stage != Stage::Over).then_some(self.due)
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
            if let (Answer::Connect(said), Stage::Dialing) = (&answer, self.stage) {
                let rest = bytes.as_slice();
                // The end of the line may be two bytes.
                let data = rest.strip_prefix(b"\n").unwrap_or(rest).to_vec();
                let said = said.clone();
                self.stage = Stage::Over;
                self.progress.push_back(Progress::Connected { said, data });
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
            Stage::Telling if self.tries < TRIES => self.say(now),
            Stage::Telling => self.fail(self.unanswered()),
            Stage::Dialing => {
                self.wire.push(b'\r');
                self.stage = Stage::Aborting;
                self.due = now.saturating_add(self.profile.waits.command);
            }
            Stage::Aborting => self.fail(CallFailure::TimedOut),
            Stage::Over => {}
        }
    }

    /// What it is that no more is heard of the modem.
    #[must_use]
    pub fn unanswered(&self) -> CallFailure {
        match self.steps.front() {
            Some(Step::EnterPin(_)) => CallFailure::PinNotTaken,
            Some(Step::Command(_) | Step::Wish(_) | Step::AskCard | Step::Dial(_)) | None => {
                CallFailure::ModemSilent
            }
        }
    }

    fn hear(&mut self, now: Duration, answer: &Answer) {
        match (self.stage, answer) {
            (Stage::Aborting, Answer::Ok | Answer::NoCarrier) => self.fail(CallFailure::TimedOut),
            (Stage::Telling, Answer::Other(line)) => self.hear_report(line),
            (Stage::Telling, Answer::Ok) => self.go_on(now),
            (Stage::Telling, Answer::Error(why)) => self.hear_error(now, why),
            (Stage::Dialing, Answer::Error(why)) => self.fail(match trouble(why) {
                Some(Trouble::Card | Trouble::CardBusy) => CallFailure::CardLocked,
                Some(Trouble::Network) => CallFailure::NoNetwork,
                None => CallFailure::CommandRefused,
            }),
            // There is nobody who could take a call for data: the network turned it down.
            (Stage::Dialing, Answer::NoCarrier) if self.profile.has_card => {
                self.fail(CallFailure::NoNetwork);
            }
            (Stage::Dialing, Answer::NoDialTone) => self.fail(CallFailure::NoDialTone),
            (Stage::Dialing, Answer::Busy) => self.fail(CallFailure::Busy),
            (Stage::Dialing, Answer::NoAnswer) => self.fail(CallFailure::NoAnswer),
            (Stage::Dialing, Answer::NoCarrier) => self.fail(CallFailure::NoCarrier),
            (Stage::Dialing, Answer::Delayed) => self.fail(CallFailure::Delayed),
            (Stage::Dialing, Answer::Blacklisted) => self.fail(CallFailure::Blacklisted),
            // Echoes, reports nobody asked for, a caller who rings meanwhile, and what is left
            // over from the call before.
            (Stage::Telling | Stage::Dialing | Stage::Aborting | Stage::Over, _) => {}
        }
    }

    /// Goes on with the next step.
    fn go_on(&mut self, now: Duration) {
        let done = self.steps.pop_front();
        let enters = matches!(self.steps.front(), Some(Step::EnterPin(_)));
        if done == Some(Step::AskCard) {
            match (self.card_asks, enters) {
                (true, false) => return self.fail(CallFailure::CardLocked),
                (false, true) => drop(self.steps.pop_front()),
                (true, true) | (false, false) => {}
            }
        }
        self.tries = 0;
        self.say(now);
    }

    /// A step that the modem refuses.
    fn hear_error(&mut self, now: Duration, why: &str) {
        let known = trouble(why);
        let failure = match (self.steps.front(), known) {
            (Some(Step::Wish(_)), _) => return self.go_on(now),
            // It was switched on just now: it is asked again.
            (Some(Step::AskCard), Some(Trouble::CardBusy)) if self.tries < TRIES => return,
            // A modem of a network without cards; where there is one, dialing says so.
            (Some(Step::AskCard), None) if self.profile.pin.is_none() => return self.go_on(now),
            // The card has looked at none.
            (Some(Step::EnterPin(_)), Some(Trouble::CardBusy)) => CallFailure::CardLocked,
            (Some(Step::EnterPin(_)), _) => CallFailure::PinNotTaken,
            (Some(Step::AskCard), _) | (_, Some(Trouble::Card | Trouble::CardBusy)) => {
                CallFailure::CardLocked
            }
            (_, Some(Trouble::Network)) => CallFailure::NoNetwork,
            (Some(Step::Command(_) | Step::Dial(_)) | None, None) => CallFailure::CommandRefused,
        };
        self.fail(failure);
    }

    /// A line between command and answer: only the card's state says something.
    fn hear_report(&mut self, line: &str) {
        if self.steps.front() != Some(&Step::AskCard) {
            return;
        }
        match line.strip_prefix("+CPIN:").map(str::trim) {
            Some("SIM PIN") => self.card_asks = true,
            Some(state) if state != "READY" => self.fail(CallFailure::CardLocked),
            Some(_) | None => {}
        }
    }

    /// Says the next step, or says it again.
    fn say(&mut self, now: Duration) {
        let Some(step) = self.steps.front() else {
            return;
        };
        let (text, wait) = match step {
            Step::Command(text) => (text.clone(), self.profile.waits.command),
            Step::Wish(text) => ((*text).to_owned(), self.profile.waits.command),
            Step::AskCard => ("AT+CPIN?".to_owned(), self.profile.waits.command),
            Step::EnterPin(pin) => (format!("AT+CPIN=\"{pin}\""), self.profile.waits.command),
            Step::Dial(text) => (text.clone(), self.profile.waits.carrier),
        };
        match step {
            Step::Dial(_) => {
                self.stage = Stage::Dialing;
                self.progress.push_back(Progress::Dialing);
            }
            // Never said twice: a second wrong PIN is one of three.
            Step::EnterPin(_) => self.tries = TRIES,
            Step::Command(_) | Step::Wish(_) | Step::AskCard => {
                self.tries = self.tries.saturating_add(1);
            }
        }
        self.wire.extend_from_slice(text.as_bytes());
        self.wire.push(b'\r');
        self.due = now.saturating_add(wait);
    }

    fn fail(&mut self, failure: CallFailure) {
        self.stage = Stage::Over;
        self.progress.push_back(Progress::Failed(failure));
    }
}
