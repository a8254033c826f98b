//! What hangs on one line of the exchange.

use std::time::Duration;

use super::card::Card;
use super::command::{DialStep, Dialing};
use super::modem::{Mode, Modem};

/// A dial tone is recognised after so long.
const DIAL_TONE_TIME: Duration = Duration::from_secs(1);
/// A short interruption of the line.
const FLASH_TIME: Duration = Duration::from_millis(500);
/// One pulse, and the pause behind a digit of pulses.
const PULSE_TIME: Duration = Duration::from_millis(100);
const PULSES_GAP: Duration = Duration::from_millis(700);
/// Calls to one number that may fail within [`LAW_TIME`] where the law limits them.
const LAW_FAILURES: usize = 2;
const LAW_TIME: Duration = Duration::from_secs(180);

/// What stands between the line and the port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Apparatus {
    /// An analogue modem.
    #[default]
    Modem,
    /// A mobile modem with its card: data calls only, to `*99#`.
    Mobile(Card),
    /// No modem: the port hears the call's bytes and nothing else, takes every call while DTR is
    /// up, and makes none. For machines that bring an end of their own.
    Port,
}

/// How a line is equipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Premises {
    /// What stands between the line and the port.
    pub apparatus: Apparatus,
    /// What has to be dialed first behind a branch exchange.
    pub outside_digit: Option<char>,
    /// The dial tone is one that modems do not know.
    pub foreign_tone: bool,
    /// After two failed calls to a number in three minutes the modem refuses to dial it.
    pub law: bool,
    /// The modem does not look at DTR.
    pub ignores_dtr: bool,
    /// The modem says so much later what it says.
    pub slowness: Duration,
    /// A line that the modem says by itself while it is told commands, so often.
    pub unsolicited: Option<(Duration, String)>,
}

/// One line of the exchange.
#[derive(Debug)]
pub(super) struct Subscriber {
    pub(super) number: String,
    pub(super) premises: Premises,
    pub(super) modem: Modem,
    pub(super) dtr: bool,
    pub(super) plugged: bool,
    next_report: Option<Duration>,
    failures: Vec<(String, Duration)>,
}

impl Subscriber {
    pub(super) fn new(number: &str, premises: Premises, now: Duration) -> Self {
        let card = match &premises.apparatus {
            Apparatus::Mobile(card) => Some(card.clone()),
            Apparatus::Modem | Apparatus::Port => None,
        };
        let mut modem = Modem::new(card);
        modem.slowness = premises.slowness;
        if premises.apparatus == Apparatus::Port {
            modem.settings.quiet = true;
        }
        Self {
            number: number.to_owned(),
            next_report: premises.unsolicited.as_ref().map(|(often, _)| now + *often),
            premises,
            modem,
            dtr: true,
            plugged: true,
            failures: Vec::new(),
        }
    }

    pub(super) fn is_port(&self) -> bool {
        self.premises.apparatus == Apparatus::Port
    }

    /// Whether bytes of a call reach the port, or would.
    pub(super) const fn carries(&self) -> bool {
        matches!(self.modem.mode, Mode::Data | Mode::Escaped)
    }

    /// How long the modem takes to dial.
    pub(super) fn dialing_time(&self, dialing: &Dialing) -> Duration {
        if self.modem.card().is_some() {
            return Duration::ZERO;
        }
        let settings = &self.modem.settings;
        let before = if settings.knows_dial_tone() {
            DIAL_TONE_TIME
        } else {
            settings.blind_wait()
        };
        let step = |step: &DialStep| match step {
            DialStep::Tone => settings.tone() * 2,
            DialStep::Pulses(count) => PULSE_TIME * u32::from(*count) + PULSES_GAP,
            DialStep::Pause => settings.pause(),
            DialStep::DialTone => DIAL_TONE_TIME,
            DialStep::Flash => FLASH_TIME,
        };
        before + dialing.steps.iter().map(step).sum::<Duration>()
    }

    /// The number that leaves the premises; `None` where the digit for the outside line is missing.
    pub(super) fn outside(&self, digits: &str) -> Option<String> {
        let digits = match self.premises.outside_digit {
            Some(digit) => digits.strip_prefix(digit)?,
            None => digits,
        };
        let number = digits.trim_start_matches('+');
        // The context of a mobile modem's call stands between the stars.
        let mobile = number.starts_with("*99") && number.ends_with('#');
        Some(if mobile { "*99#" } else { number }.to_owned())
    }

    /// Whether the law forbids this number now.
    pub(super) fn is_forbidden(&mut self, number: &str, now: Duration) -> bool {
        self.failures.retain(|(_, at)| *at + LAW_TIME > now);
        let failed = self.failures.iter().filter(|(failed, _)| failed == number);
        self.premises.law && failed.count() >= LAW_FAILURES
    }

    /// Remembers a call that did not come about.
    pub(super) fn failed(&mut self, number: &str, now: Duration) {
        self.failures.push((number.to_owned(), now));
    }

    /// Lets the modem do what is due.
    pub(super) fn tick(&mut self, now: Duration) {
        self.modem.tick(now);
        let Some((often, text)) = &self.premises.unsolicited else {
            return;
        };
        if self.next_report.is_some_and(|at| at <= now) {
            self.next_report = Some(now + *often);
            if self.modem.mode != Mode::Data {
                let text = text.clone();
                self.modem.report(now, &text);
            }
        }
    }

    /// When [`Self::tick`] has something to do.
    pub(super) fn due(&self) -> Option<Duration> {
        let modem = self.modem.due();
        match (modem, self.next_report) {
            (Some(modem), Some(report)) => Some(modem.min(report)),
            (one, other) => one.or(other),
        }
    }
}
