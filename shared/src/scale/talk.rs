//! Talking with a scale on a serial line: one question at a time, asked again when it stays
//! without an answer.

use super::{Heard, Millis, Reading, Trouble, nci, sics};

/// How often a scale is asked. Their displays change five to ten times a second.
const PERIOD: Millis = 100;
/// How long an answer may take before the question is asked again.
const PATIENCE: Millis = 700;
/// How long setting to zero may take: the scale waits until it is at rest.
const ZERO_PATIENCE: Millis = 3_000;
/// The longest answer of a language; more without an end is not of it.
const MAX_ANSWER: usize = 128;

/// What a scale on a serial line speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// MT-SICS.
    MtSics,
    /// The NCI protocol.
    Nci,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::MtSics, Self::Nci];

    /// Its name in settings and commands.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::MtSics => "mt-sics",
            Self::Nci => "nci",
        }
    }

    /// The language of a word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    const fn ask(self) -> &'static [u8] {
        match self {
            Self::MtSics => sics::ASK,
            Self::Nci => nci::ASK,
        }
    }

    const fn zero(self) -> &'static [u8] {
        match self {
            Self::MtSics => sics::ZERO,
            Self::Nci => nci::ZERO,
        }
    }

    const fn end(self) -> u8 {
        match self {
            Self::MtSics => sics::END,
            Self::Nci => nci::END,
        }
    }

    fn heard(self, answer: &[u8]) -> Option<Heard> {
        match self {
            Self::MtSics => sics::heard(answer),
            Self::Nci => nci::heard(answer),
        }
    }
}

/// A talk with a scale.
#[derive(Clone, Debug)]
pub struct Talk {
    language: Language,
    unread: Vec<u8>,
    /// Bytes up to the next end belong to an answer whose beginning was thrown away.
    skips: bool,
    asked: Option<Millis>,
    is_answered: bool,
    wants_zero: bool,
    zeroing: bool,
}

impl Talk {
    /// A talk that has not begun.
    #[must_use]
    pub const fn new(language: Language) -> Self {
        Self {
            language,
            unread: Vec::new(),
            skips: false,
            asked: None,
            is_answered: false,
            wants_zero: false,
            zeroing: false,
        }
    }

    /// Sets the scale to zero with the next question.
    pub const fn zero(&mut self) {
        self.wants_zero = true;
    }

    /// What is to be sent now, if anything.
    pub fn due(&mut self, now: Millis) -> Option<&'static [u8]> {
        let patience = match (self.is_answered, self.zeroing) {
            (true, _) => PERIOD,
            (false, false) => PATIENCE,
            (false, true) => ZERO_PATIENCE,
        };
        if self
            .asked
            .is_some_and(|asked| now.saturating_sub(asked) < patience)
        {
            return None;
        }
        self.asked = Some(now);
        self.is_answered = false;
        self.zeroing = std::mem::take(&mut self.wants_zero);
        Some(if self.zeroing {
            self.language.zero()
        } else {
            self.language.ask()
        })
    }

    /// Takes what came in.
    pub fn hear(&mut self, bytes: &[u8], heard: &mut Vec<Heard>) {
        for &byte in bytes {
            if byte != self.language.end() {
                self.take(byte, heard);
                continue;
            }
            let answer = std::mem::take(&mut self.unread);
            if std::mem::take(&mut self.skips) {
                continue;
            }
            if let Some(one) = self.language.heard(&answer) {
                self.is_answered = true;
                heard.push(one);
            }
        }
    }

    fn take(&mut self, byte: u8, heard: &mut Vec<Heard>) {
        if self.skips {
            return;
        }
        self.unread.push(byte);
        if self.unread.len() > MAX_ANSWER {
            self.unread.clear();
            self.skips = true;
            let trouble = Reading::Trouble(Trouble::NotUnderstood);
            heard.push(Heard::Reading(trouble));
        }
    }
}
