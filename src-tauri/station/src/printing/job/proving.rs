//! The proof that a piece is on paper.

use std::time::{Duration, Instant};

use super::asking::{MAX_ACK_BYTES, POLL, Standing};
use super::{Doubt, Wire};
use crate::printing::escpos::AckTag;
use crate::printing::language::Acknowledgement;
use crate::printing::status::{Hindrance, Word};

/// How long to listen before looking why nothing comes: a clerk whose paper has run out wants to know.
const GLANCE: Duration = Duration::from_millis(500);

impl Wire<'_> {
    /// Waits, at most `patience`, for what proves that the piece is on paper.
    pub(super) fn await_proof(
        &mut self,
        tag: Option<AckTag>,
        before: Standing,
        patience: Duration,
    ) -> Result<(), Doubt> {
        let until = Instant::now() + patience;
        match self.manners.proof {
            Acknowledgement::None => Err(Doubt::NeverAcknowledges),
            Acknowledgement::Tag => self.listen(tag, until),
            // A word without a tag may be one too many of an earlier label.
            Acknowledgement::Done => {
                self.listen(None, until)?;
                self.confirm(until)
            }
            Acknowledgement::Odometer => self.watch_odometer(before.labels, until),
            Acknowledgement::Watched => self.watch_state(until),
        }
    }

    /// Listens until the printer says by itself that the piece is done: with this very tag, where
    /// there are tags; those of older pieces and noise are passed over.
    fn listen(&mut self, tag: Option<AckTag>, until: Instant) -> Result<(), Doubt> {
        let mut ear = self.manners.language.ear(None, self.manners.roll_mm);
        let mut buffer = [0; 64];
        let mut heard = 0;
        while heard < MAX_ACK_BYTES {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let count = match self.port.read(&mut buffer, left.min(GLANCE)) {
                Ok(0) => {
                    self.glance();
                    continue;
                }
                Ok(count) => count,
                Err(_) => return Err(Doubt::LineFailed),
            };
            heard += count;
            for word in buffer[..count].iter().filter_map(|&byte| ear.hear(byte)) {
                match (word, tag) {
                    (Word::Tag(back), Some(tag)) if back == *tag.bytes() => return Ok(()),
                    (Word::Done, None) => return Ok(()),
                    (Word::Hindered(hindrance), _) => self.complained(hindrance)?,
                    (
                        Word::Tag(_)
                        | Word::Done
                        | Word::Ready
                        | Word::NearEnd
                        | Word::Busy
                        | Word::Begun
                        | Word::Labels(_),
                        _,
                    ) => {}
                }
            }
        }
        Err(self.hindrance().map_or(Doubt::NoAnswer, Doubt::Hindered))
    }

    /// Asks what may be asked while a label is printed; the answer is heard among the rest. A printer
    /// that takes no question now is none the worse for it.
    fn glance(&mut self) {
        if let Some(question) = self.manners.language.glance() {
            drop(self.port.write(question, self.patience.status));
        }
    }

    /// A complaint while a label is awaited. Where it came by a glance it may be noise, so that the
    /// printer is asked again.
    fn complained(&mut self, hindrance: Hindrance) -> Result<(), Doubt> {
        if self.manners.language.glance().is_none() {
            return Err(Doubt::Hindered(hindrance));
        }
        match self.hindrance() {
            Some(hindrance) => Err(Doubt::Hindered(hindrance)),
            None => Ok(()),
        }
    }

    /// After its word the printer must stand ready, by answers in the order of the stream. What it said
    /// before it was asked is no answer, and what is both answer and more must come often enough.
    fn confirm(&mut self, until: Instant) -> Result<(), Doubt> {
        self.drain().map_err(|_| Doubt::LineFailed)?;
        let language = self.manners.language;
        let mut in_vain = false;
        for index in 0..language.questions().len() {
            let mut ready = 0;
            while ready < language.readies() {
                match self.ask(index) {
                    Some(Word::Ready | Word::NearEnd) => {
                        ready += 1;
                        continue;
                    }
                    Some(Word::Hindered(hindrance)) => return Err(Doubt::Hindered(hindrance)),
                    Some(
                        Word::Busy | Word::Begun | Word::Labels(_) | Word::Tag(_) | Word::Done,
                    ) => {
                        std::thread::sleep(POLL);
                    }
                    None => {
                        in_vain = true;
                        self.still_there()?;
                    }
                }
                ready = 0;
                if Instant::now() >= until {
                    return Err(Doubt::NoAnswer);
                }
            }
        }
        if in_vain {
            // The label is on paper, whatever becomes of the line.
            drop(self.hush());
        }
        Ok(())
    }

    /// A printer that is silent may complain, be gone, or be busy.
    fn still_there(&mut self) -> Result<(), Doubt> {
        if let Some(Word::Hindered(hindrance)) = self.why_silent() {
            return Err(Doubt::Hindered(hindrance));
        }
        self.drain().map_err(|_| Doubt::LineFailed)
    }

    /// Asks again and again until the odometer has moved by one and the printer is idle.
    fn watch_odometer(&mut self, before: Option<u64>, until: Instant) -> Result<(), Doubt> {
        let before = before.ok_or(Doubt::NoAnswer)?;
        while Instant::now() < until {
            let labels = self.labels();
            if labels.is_some_and(|labels| labels > before + 1) {
                return Err(Doubt::Miscounted);
            }
            match self.ask(0) {
                Some(Word::Ready) if labels == Some(before + 1) => return Ok(()),
                Some(Word::Hindered(hindrance)) => return Err(Doubt::Hindered(hindrance)),
                Some(_) => std::thread::sleep(POLL),
                None => self.still_there()?,
            }
        }
        Err(Doubt::NoAnswer)
    }

    /// Asks again and again until the printer was seen printing and then, twice, ready: one byte may
    /// be noise.
    fn watch_state(&mut self, until: Instant) -> Result<(), Doubt> {
        let (mut seen, mut ready) = (false, 0);
        while Instant::now() < until {
            match self.ask(0) {
                Some(Word::Busy) => (seen, ready) = (true, 0),
                Some(Word::Ready) if seen => ready += 1,
                Some(Word::Hindered(hindrance)) => return Err(Doubt::Hindered(hindrance)),
                Some(
                    Word::Ready
                    | Word::NearEnd
                    | Word::Begun
                    | Word::Labels(_)
                    | Word::Tag(_)
                    | Word::Done,
                ) => {}
                None => self.drain().map_err(|_| Doubt::LineFailed)?,
            }
            if ready == 2 {
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
        Err(Doubt::NoAnswer)
    }
}
