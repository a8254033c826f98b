//! Questions to a printer before a piece: whether it is ready, and whether it listens at all.

use std::time::{Duration, Instant};

use super::{Step, Unready, Wire};
use crate::printing::escpos::{self, AckTag};
use crate::printing::language::{Acknowledgement, Hearing, Language};
use crate::printing::port::PortFault;
use crate::printing::status::{Ear, Hindrance, Word};

/// Bytes that are dropped or passed over at once.
const MAX_NOISE: usize = 256;

/// Bytes listened to in all while waiting for an answer.
pub(super) const MAX_ACK_BYTES: usize = 4_096;

/// How often a printer is asked that has to be watched; a label takes several times as long.
pub(super) const POLL: Duration = Duration::from_millis(20);

/// What is known of a printer before a piece.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether it answers at all.
    pub answers: bool,
    /// Whether its paper is nearly at its end.
    pub near_end: bool,
    /// How many labels it has printed, if it counts them.
    pub(super) labels: Option<u64>,
}

impl Wire<'_> {
    /// Brings the printer into step and asks all questions of the language.
    pub(super) fn standing(&mut self) -> Result<Standing, Unready> {
        self.drain().map_err(|_| Unready::Silent)?;
        let language = self.manners.language;
        if self.step == Step::Unsure && language.hearing() == Hearing::Untold {
            self.fill_up()?;
        }
        let mut standing = Standing {
            answers: true,
            ..Standing::default()
        };
        for index in 0..language.questions().len() {
            match self.answered(index)? {
                Some(Word::NearEnd) if self.near_end_refuses => {
                    return Err(Unready::Hindered(Hindrance::NearlyOut));
                }
                Some(word) => standing.near_end |= word == Word::NearEnd,
                None => return Ok(Standing::default()),
            }
        }
        match self.manners.proof {
            Acknowledgement::Tag => self.mark()?,
            Acknowledgement::Odometer => {
                standing.labels = Some(self.counted()?);
            }
            Acknowledgement::Done | Acknowledgement::Watched | Acknowledgement::None => {}
        }
        Ok(standing)
    }

    /// The answer of a ready printer; none of one that need not answer and does not. What an earlier
    /// line was cut off in may swallow a question once; it would swallow the beginning of the next
    /// label as well, and print the older one with its end. So it is ended here also where nobody
    /// believes what the printer says.
    fn answered(&mut self, index: usize) -> Result<Option<Word>, Unready> {
        let must_answer = self.manners.must_answer();
        let in_order = self.manners.language.hearing() == Hearing::InOrder;
        let may_be_in_something = in_order && self.step == Step::Unsure;
        for attempt in 0..2 {
            let may_fill = may_be_in_something && attempt == 0;
            match self.settled(index) {
                Some(Word::Hindered(hindrance)) => return Err(Unready::Hindered(hindrance)),
                Some(Word::Begun) if may_fill => self.fill_up()?,
                Some(Word::Busy | Word::Begun) => {
                    return Err(Unready::Hindered(Hindrance::Busy));
                }
                Some(word) => {
                    if attempt > 0 {
                        self.hush().map_err(|_| Unready::Silent)?;
                    }
                    return Ok(Some(word));
                }
                None => match self.why_silent() {
                    Some(Word::Hindered(hindrance)) => return Err(Unready::Hindered(hindrance)),
                    _ if may_fill => self.fill_up()?,
                    _ if !must_answer => return Ok(None),
                    Some(_) => return Err(Unready::OutOfStep),
                    None => return Err(Unready::Silent),
                },
            }
        }
        Err(Unready::Silent)
    }

    /// How many labels a printer has printed that must count them.
    fn counted(&mut self) -> Result<u64, Unready> {
        if let Some(labels) = self.labels() {
            return Ok(labels);
        }
        if self.step == Step::Unsure {
            self.fill_up()?;
        }
        self.labels().ok_or(Unready::Uncounted)
    }

    /// Ends whatever an earlier line was cut off in, and waits as long as a slow printer needs for
    /// the bytes of that.
    fn fill_up(&mut self) -> Result<(), Unready> {
        let filler = self.manners.language.filler();
        let stall = self.patience.busy;
        self.port
            .write(filler, stall)
            .map_err(|_| Unready::Silent)?;
        let patience = self.patience.kilobyte * self.filler_kilobytes();
        let started = Instant::now();
        let mut in_vain = false;
        loop {
            self.drain().map_err(|_| Unready::Silent)?;
            if started.elapsed() >= patience || self.ask(0).is_some() {
                break;
            }
            in_vain = true;
        }
        if in_vain {
            self.hush().map_err(|_| Unready::Silent)?;
        }
        Ok(())
    }

    /// Listens until the printer has been silent for as long as an answer may take: those to
    /// questions that were asked in vain come late, and must not be taken for words about a label.
    pub(super) fn hush(&mut self) -> Result<(), PortFault> {
        let mut buffer = [0; MAX_NOISE];
        for _ in 0..MAX_ACK_BYTES / MAX_NOISE {
            if self.port.read(&mut buffer, self.patience.status)? == 0 {
                break;
            }
        }
        Ok(())
    }

    fn filler_kilobytes(&self) -> u32 {
        u32::try_from(self.manners.language.filler().len() >> 10).unwrap_or(0)
    }

    /// Asks for a tag in the order of the stream. A printer that sends none back in the time that what
    /// somebody else prints may take is in the middle of an earlier band, or cannot do it.
    fn mark(&mut self) -> Result<(), Unready> {
        if self.step == Step::Unsure {
            if self.marked(self.patience.busy)? {
                return Ok(());
            }
            self.fill_up()?;
            self.port
                .write(&escpos::EJECT, self.patience.busy)
                .map_err(|_| Unready::Silent)?;
        }
        let filled = self.patience.kilobyte * self.filler_kilobytes();
        if self.marked(self.patience.busy + filled)? {
            return Ok(());
        }
        Err(Unready::Untagged)
    }

    /// Whether a tag comes back in time; the printer may be at what somebody else prints.
    fn marked(&mut self, patience: Duration) -> Result<bool, Unready> {
        let [a, b, c, d] = crate::crypto::random_bytes();
        let tag = AckTag::numbered(u32::from_be_bytes([a, b, c, d]));
        let started = Instant::now();
        loop {
            let ear = Language::EscPos.ear(None, None);
            let word = self.exchange(&escpos::marker(tag), ear, |word| {
                matches!(word, Word::Hindered(_)) || word == Word::Tag(*tag.bytes())
            });
            match word {
                Some(Word::Tag(_)) => return Ok(true),
                // Half of a tag that comes late may look like it; the printer is asked.
                Some(Word::Hindered(_)) => {
                    self.hush().map_err(|_| Unready::Silent)?;
                    if let Some(Word::Hindered(hindrance)) = self.why_silent() {
                        return Err(Unready::Hindered(hindrance));
                    }
                    if started.elapsed() >= patience {
                        return Ok(false);
                    }
                }
                Some(_) | None if started.elapsed() < patience => {
                    self.drain().map_err(|_| Unready::Silent)?;
                }
                Some(_) | None => return Ok(false),
            }
        }
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
                None => {
                    return match self.why_silent() {
                        Some(Word::Hindered(hindrance)) => Some(hindrance),
                        Some(_) | None => None,
                    };
                }
            }
        }
        None
    }

    /// Drops what an earlier piece may have left in the line.
    pub(super) fn drain(&mut self) -> Result<(), PortFault> {
        let mut buffer = [0; MAX_NOISE];
        for _ in 0..MAX_ACK_BYTES / MAX_NOISE {
            if self.port.read(&mut buffer, Duration::ZERO)? == 0 {
                break;
            }
        }
        Ok(())
    }

    /// The answer to a question, once the printer has done what it was at. That it is ready is heard as
    /// often as its language needs.
    fn settled(&mut self, index: usize) -> Option<Word> {
        let started = Instant::now();
        let mut ready = 1;
        loop {
            match self.ask(index) {
                Some(Word::Busy | Word::Begun) if started.elapsed() < self.patience.busy => {
                    ready = 1;
                    std::thread::sleep(POLL);
                }
                Some(Word::Ready) if ready < self.manners.language.readies() => ready += 1,
                word => return word,
            }
        }
    }

    /// One question; `None` when no answer comes.
    pub(super) fn ask(&mut self, index: usize) -> Option<Word> {
        let language = self.manners.language;
        let ear = language.ear(Some(index), self.manners.roll_mm);
        self.exchange(language.questions().get(index)?, ear, |word| {
            !matches!(word, Word::Labels(_) | Word::Tag(_) | Word::Done)
        })
    }

    /// The answer of a printer that has left another question unanswered.
    fn last_word(&mut self) -> Option<Word> {
        let language = self.manners.language;
        let question = language.last_question()?;
        let ear = language.ear(Some(usize::MAX), self.manners.roll_mm);
        self.exchange(question, ear, |_| true)
    }

    /// What is heard of a printer that has left a question unanswered: its last word, or what the way
    /// to it knows by itself.
    pub(super) fn why_silent(&mut self) -> Option<Word> {
        self.last_word()
            .or_else(|| self.port.hindrance().map(Word::Hindered))
    }

    /// How many labels the printer has printed.
    pub(super) fn labels(&mut self) -> Option<u64> {
        let language = self.manners.language;
        let ear = language.ear(None, self.manners.roll_mm);
        let wanted = |word| matches!(word, Word::Labels(_));
        match self.exchange(language.odometer()?, ear, wanted)? {
            Word::Labels(labels) => Some(labels),
            Word::Ready
            | Word::NearEnd
            | Word::Busy
            | Word::Begun
            | Word::Hindered(_)
            | Word::Tag(_)
            | Word::Done => None,
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
}
