//! Questions to a printer, and the proof that a piece is on paper.

use std::time::{Duration, Instant};

use super::{Doubt, Unready, Wire};
use crate::printing::escpos::AckTag;
use crate::printing::language::Acknowledgement;
use crate::printing::port::PortFault;
use crate::printing::status::{Ear, Hindrance, Word};

/// Bytes that are dropped or passed over at once.
const MAX_NOISE: usize = 256;

/// Bytes listened to in all while waiting for an acknowledgement.
const MAX_ACK_BYTES: usize = 4_096;

/// How often a printer is asked that has to be watched; a label takes several times as long.
const POLL: Duration = Duration::from_millis(20);

/// What is known of a printer before a piece.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// Whether it answers at all.
    pub(super) answers: bool,
    /// How many labels it has printed, if it counts them.
    labels: Option<u64>,
}

impl Wire<'_> {
    /// Asks all questions of the language.
    pub(super) fn standing(&mut self) -> Result<Standing, Unready> {
        self.drain().map_err(|_| Unready::Silent)?;
        let must_answer = self.manners.must_answer();
        for index in 0..self.manners.language.questions().len() {
            match self.settled(index) {
                Some(Word::Hindered(hindrance)) => return Err(Unready::Hindered(hindrance)),
                Some(Word::Busy) => return Err(Unready::Hindered(Hindrance::Busy)),
                Some(Word::Ready | Word::Labels(_) | Word::Tag(_) | Word::Done) => {}
                None => match self.last_word() {
                    Some(hindrance) => return Err(Unready::Hindered(hindrance)),
                    None if must_answer => return Err(Unready::Silent),
                    None => return Ok(Standing::default()),
                },
            }
        }
        let mut standing = Standing {
            answers: true,
            labels: None,
        };
        if self.manners.proof == Acknowledgement::Odometer {
            standing.labels = Some(self.labels().ok_or(Unready::Uncounted)?);
        }
        Ok(standing)
    }

    /// Whatever is left in the printer must not come out when somebody loads paper. That the
    /// printer may be gone for this, too, changes nothing about the outcome.
    pub(super) fn clear_buffers(&mut self) {
        let clearing = self.manners.language.clearing();
        drop(self.port.write(clearing, self.patience.status));
    }

    /// The first thing the printer complains about.
    pub(super) fn hindrance(&mut self) -> Option<Hindrance> {
        let questions = 0..self.manners.language.questions().len();
        for index in questions {
            match self.ask(index) {
                Some(Word::Hindered(hindrance)) => return Some(hindrance),
                Some(_) => {}
                None => return self.last_word(),
            }
        }
        None
    }

    /// Waits for what proves that the piece is on paper.
    pub(super) fn await_proof(
        &mut self,
        tag: Option<AckTag>,
        before: Standing,
    ) -> Result<(), Doubt> {
        match self.manners.proof {
            Acknowledgement::None => Err(Doubt::NeverAcknowledges),
            Acknowledgement::Tag | Acknowledgement::Done => self.listen(tag),
            Acknowledgement::Odometer => self.watch_odometer(before.labels),
            Acknowledgement::Watched => self.watch_state(),
        }
    }

    /// Drops what an earlier piece may have left in the line.
    fn drain(&mut self) -> Result<(), PortFault> {
        let mut buffer = [0; MAX_NOISE];
        for _ in 0..MAX_ACK_BYTES / MAX_NOISE {
            if self.port.read(&mut buffer, Duration::ZERO)? == 0 {
                break;
            }
        }
        Ok(())
    }

    /// The answer to a question, once the printer has done what it was at.
    fn settled(&mut self, index: usize) -> Option<Word> {
        let started = Instant::now();
        loop {
            let word = self.ask(index);
            if word != Some(Word::Busy) || started.elapsed() >= self.patience.busy {
                return word;
            }
            std::thread::sleep(POLL);
        }
    }

    /// One question; `None` when no answer comes.
    fn ask(&mut self, index: usize) -> Option<Word> {
        let language = self.manners.language;
        let ear = language.ear(Some(index), self.manners.roll_mm);
        self.exchange(language.questions().get(index)?, ear, |word| {
            !matches!(word, Word::Labels(_) | Word::Tag(_) | Word::Done)
        })
    }

    /// What hinders a printer that has left another question unanswered.
    fn last_word(&mut self) -> Option<Hindrance> {
        let language = self.manners.language;
        let question = language.last_question()?;
        let ear = language.ear(Some(usize::MAX), self.manners.roll_mm);
        match self.exchange(question, ear, |_| true)? {
            Word::Hindered(hindrance) => Some(hindrance),
            Word::Ready | Word::Busy | Word::Labels(_) | Word::Tag(_) | Word::Done => None,
        }
    }

    /// How many labels the printer has printed.
    fn labels(&mut self) -> Option<u64> {
        let language = self.manners.language;
        let ear = language.ear(None, self.manners.roll_mm);
        let wanted = |word| matches!(word, Word::Labels(_));
        match self.exchange(language.odometer()?, ear, wanted)? {
            Word::Labels(labels) => Some(labels),
            Word::Ready | Word::Busy | Word::Hindered(_) | Word::Tag(_) | Word::Done => None,
        }
    }

    /// Asks and listens for a word that is wanted.
    fn exchange(
        &mut self,
        question: &[u8],
        mut ear: Box<dyn Ear>,
        wanted: impl Fn(Word) -> bool,
    ) -> Option<Word> {
        let patience = self.patience.status;
        self.port.write(question, patience).ok()?;
        let started = Instant::now();
        let mut byte = [0];
        for _ in 0..MAX_ACK_BYTES {
            let wait = patience.checked_sub(started.elapsed())?;
            if self.port.read(&mut byte, wait).ok()? == 0 {
                return None;
            }
            if let Some(word) = ear.hear(byte[0]).filter(|word| wanted(*word)) {
                return Some(word);
            }
        }
        None
    }

    /// Listens until the printer says by itself that the piece is done: with this very tag, where
    /// there are tags; those of older pieces and noise are passed over.
    fn listen(&mut self, tag: Option<AckTag>) -> Result<(), Doubt> {
        let mut ear = self.manners.language.ear(None, self.manners.roll_mm);
        let started = Instant::now();
        let mut buffer = [0; 64];
        let mut heard = 0;
        while heard < MAX_ACK_BYTES {
            let Some(wait) = self.patience.ack.checked_sub(started.elapsed()) else {
                break;
            };
            let count = match self.port.read(&mut buffer, wait) {
                Ok(0) => break,
                Ok(count) => count,
                Err(_) => return Err(Doubt::LineFailed),
            };
            heard += count;
            for word in buffer[..count].iter().filter_map(|&byte| ear.hear(byte)) {
                match (word, tag) {
                    (Word::Tag(back), Some(tag)) if back == *tag.bytes() => return Ok(()),
                    (Word::Done, None) => return Ok(()),
                    (Word::Hindered(hindrance), _) => return Err(Doubt::Hindered(hindrance)),
                    (Word::Tag(_) | Word::Done | Word::Ready | Word::Busy | Word::Labels(_), _) => {
                    }
                }
            }
        }
        Err(self.hindrance().map_or(Doubt::NoAnswer, Doubt::Hindered))
    }

    /// Asks again and again until the odometer has moved by one and the printer is idle.
    fn watch_odometer(&mut self, before: Option<u64>) -> Result<(), Doubt> {
        let before = before.ok_or(Doubt::NoAnswer)?;
        let started = Instant::now();
        while started.elapsed() < self.patience.ack {
            let labels = self.labels();
            if labels.is_some_and(|labels| labels > before + 1) {
                return Err(Doubt::Miscounted);
            }
            match self.ask(0) {
                Some(Word::Ready) if labels == Some(before + 1) => return Ok(()),
                Some(Word::Hindered(hindrance)) => return Err(Doubt::Hindered(hindrance)),
                Some(_) => std::thread::sleep(POLL),
                None => {
                    if let Some(hindrance) = self.last_word() {
                        return Err(Doubt::Hindered(hindrance));
                    }
                    if labels.is_none() {
                        self.drain().map_err(|_| Doubt::LineFailed)?;
                    }
                }
            }
        }
        Err(Doubt::NoAnswer)
    }

    /// Asks again and again until the printer was seen printing and then ready.
    fn watch_state(&mut self) -> Result<(), Doubt> {
        let started = Instant::now();
        let mut seen = false;
        while started.elapsed() < self.patience.ack {
            match self.ask(0) {
                Some(Word::Busy) => seen = true,
                Some(Word::Ready) if seen => return Ok(()),
                Some(Word::Hindered(hindrance)) => return Err(Doubt::Hindered(hindrance)),
                Some(Word::Ready | Word::Labels(_) | Word::Tag(_) | Word::Done) => {}
                None => self.drain().map_err(|_| Doubt::LineFailed)?,
            }
            std::thread::sleep(POLL);
        }
        Err(Doubt::NoAnswer)
    }
}
