//! Releasing paid rows to a printer's line, piece after piece, while the later ones are drawn.
//!
//! Each piece is written down as leaving before its first byte leaves, and what became of it with
//! the same commit that lets the next one leave: one commit a piece. To a printer that takes many
//! pieces in the twinkling of an eye and acknowledges none, so many leave with one commit. A crash
//! in between leaves pieces that the printer may have finished, or not begun, as `sending`, which
//! becomes `unknown` at the next start: less is known then than was true, never more.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use shared::ids::{PieceSerial, PsdId};

use super::release::{DIFFERS, Fared, Going, keep_in_mind};
use super::threads::in_turn;
use super::{CHUNK, Pace, RowResult, printed_row};
use crate::api::{PrinterSetup, UiError};
use crate::printing::job::{Doubt, Milestones, NotJournalled, Outcome};
use crate::station::Station;
use crate::station::faults::chain;
use crate::station::pages::PagePrinter;
use crate::station::press::{Form, Packed};
use crate::station::release::draw_again;
use crate::station::sending::{OpenPrinter, in_doubt, open_printer};
use crate::store::pieces::PieceRow;
use crate::vault::draft::Drawing;
use crate::vault::piece::Happening;

/// Rows that are paid for together at first, and ahead of a printer that is slow: it may stop at
/// each piece, and what is paid for then waits to be sent again.
const FEW: usize = 8;

/// As many rows are paid for together as the printer has taken in this time.
const AHEAD: Duration = Duration::from_millis(500);

/// As many pieces leave with one commit as a printer that never acknowledges has taken in this
/// time: what a crash makes unknown has then left within it.
const TWINKLING: Duration = Duration::from_millis(50);

/// The most pieces that leave with one commit.
const TOGETHER: usize = 32;

const ON_PAPER: &[Happening] = &[Happening::Acknowledged];
const NO_INK: &[Happening] = &[Happening::NoInk];

/// A printer's line, and why it no longer prints.
pub(super) struct Line {
    printer: OpenPrinter,
    drawing: Drawing,
    rows: usize,
    together: usize,
    stopped: Option<String>,
}

/// A piece that was drawn again: its bytes, or why it is not sent.
struct Drawn {
    line: u32,
    spent_mills: u64,
    row: PieceRow,
    job: Result<Packed, String>,
}

/// A piece that is done, before that is durable.
struct Done {
    line: u32,
    spent_mills: u64,
    fared: Fared,
}

impl Line {
    /// Opens the line and asks whether the printer is ready.
    pub(super) fn open(
        station: &Station,
        setup: &PrinterSetup,
        drawing: Drawing,
    ) -> Result<Self, UiError> {
        Ok(Self {
            printer: open_printer(setup, station)?,
            drawing,
            rows: FEW,
            together: 1,
            stopped: None,
        })
    }

    /// How many rows are to be paid for next.
    pub(super) fn pace(&self) -> Pace {
        Pace {
            rows: self.rows,
            ahead: usize::from(self.rows > FEW && self.stopped.is_none()),
            stopped: self.stopped.clone(),
        }
    }

    /// Sends the pieces of a chunk and answers with what became of each.
    pub(super) fn release(
        &mut self,
        station: &Station,
        psd: Option<PsdId>,
        going: Vec<Going>,
    ) -> Vec<RowResult> {
        let (started, count) = (Instant::now(), going.len());
        let form = self.printer.form;
        let tagged = form.must_answer();
        let drawing = self.drawing;
        let mut log = Log {
            station,
            psd,
            pages: self.printer.pages.clone(),
            tagged,
            together: self.together,
            leaving: 0,
            coming: going.iter().map(|going| going.row.counter).collect(),
            noted: 0,
            waiting: Vec::new(),
            results: Vec::new(),
            fault: None,
        };
        in_turn(
            going,
            |going| draw(psd, going, drawing, form),
            |drawn| self.send(&mut log, drawn),
        );
        let results = log.close();
        let elapsed = started.elapsed();
        self.rows = taken_in(AHEAD, count, elapsed).clamp(FEW, CHUNK);
        if !tagged {
            self.together = taken_in(TWINKLING, count, elapsed).clamp(1, TOGETHER);
        }
        results
    }

    fn send(&mut self, log: &mut Log<'_>, drawn: Drawn) {
        let counter = drawn.row.counter;
        let reason = match (&self.stopped, &drawn.job) {
            (Some(reason), _) | (None, Err(reason)) => Some(reason.clone()),
            (None, Ok(_)) => None,
        };
        let (happenings, reason) = match (reason, drawn.job) {
            (None, Ok(packed)) => self.send_packed(log, counter, packed),
            (reason, _) => (NO_INK, reason),
        };
        log.coming.pop_front();
        log.noted = log.noted.saturating_sub(1);
        log.waiting.push(Done {
            line: drawn.line,
            spent_mills: drawn.spent_mills,
            fared: Fared {
                row: drawn.row,
                happenings,
                reason,
            },
        });
        if self.stopped.is_none() {
            self.stopped.clone_from(&log.fault);
        }
    }

    /// Sends one piece; whatever is no ordinary end stops the line.
    fn send_packed(
        &mut self,
        log: &mut Log<'_>,
        counter: u32,
        packed: Packed,
    ) -> (&'static [Happening], Option<String>) {
        log.leaving = counter;
        let packed = self.printer.named(packed);
        let (happenings, reason, goes_on) = match self.printer.send(&packed, log) {
            Outcome::Printed => (ON_PAPER, None, true),
            Outcome::NotPrinted(proof) => (NO_INK, Some(proof.to_string()), false),
            Outcome::Refused(unready) => (NO_INK, Some(unready.to_string()), false),
            Outcome::Unknown(doubt) => {
                // Of a printer that never acknowledges every piece is unknown: it has not stopped.
                let goes_on = doubt == Doubt::NeverAcknowledges;
                (in_doubt(doubt), Some(doubt.to_string()), goes_on)
            }
        };
        if !goes_on {
            self.stopped.clone_from(&reason);
        }
        (happenings, reason)
    }
}

/// Pieces that the printer takes in `time`, when it took `count` in `elapsed`.
fn taken_in(time: Duration, count: usize, elapsed: Duration) -> usize {
    let elapsed = elapsed.max(Duration::from_millis(1)).as_millis();
    let taken = u128::try_from(count).unwrap_or(0) * time.as_millis() / elapsed;
    usize::try_from(taken).unwrap_or(usize::MAX)
}

fn draw(psd: Option<PsdId>, going: Going, drawing: Drawing, form: Form) -> Drawn {
    let Going {
        line,
        row,
        inputs,
        spent_mills,
    } = going;
    let counter = row.counter;
    let ready = psd.and_then(|psd| {
        let serial = PieceSerial { psd, counter };
        draw_again(serial, &row, inputs, drawing)
    });
    let job = ready
        .ok_or_else(|| DIFFERS.to_owned())
        .and_then(|ready| ready.packed(form).map_err(|refusal| chain(&refusal)));
    Drawn {
        line,
        spent_mills,
        row,
        job,
    }
}

/// Writes down what leaves and what became of it.
struct Log<'a> {
    station: &'a Station,
    psd: Option<PsdId>,
    /// Where the pieces go as pages.
    pages: Option<PagePrinter>,
    tagged: bool,
    /// How many pieces leave with one commit.
    together: usize,
    /// The piece that is about to leave.
    leaving: u32,
    /// The pieces of the chunk that are not done, in the order in which they leave.
    coming: VecDeque<u32>,
    /// How many of those, from the front, are written down as leaving.
    noted: usize,
    /// Pieces that are done and wait for the next commit.
    waiting: Vec<Done>,
    results: Vec<RowResult>,
    /// Why the store takes nothing more.
    fault: Option<String>,
}

impl Log<'_> {
    /// Commits what became of the pieces that are done, together with `also`. After an error
    /// nothing of it is durable, and what is done waits for another commit.
    fn commit(&mut self, also: Vec<(u32, Happening)>) -> Result<(), UiError> {
        let fared: Vec<Fared> = self.waiting.iter().map(|done| done.fared.clone()).collect();
        if fared.is_empty() && also.is_empty() {
            return Ok(());
        }
        let pages = self.pages.clone();
        let moved = self
            .station
            .apply_blocking(move |owner| owner.all_fared(&fared, &also, pages.as_ref()));
        match moved {
            Ok(rows) => {
                for (done, row) in self.waiting.drain(..).zip(rows) {
                    self.results.push(RowResult {
                        view: printed_row(done.line, self.psd, &row),
                        spent_mills: done.spent_mills,
                    });
                }
                Ok(())
            }
            Err(error) => {
                self.fault = Some(error.message.clone());
                Err(error)
            }
        }
    }

    /// The last commit, and the results in the order in which the pieces left.
    fn close(mut self) -> Vec<RowResult> {
        if let Err(error) = self.commit(Vec::new()) {
            let fared = self.waiting.iter().map(|done| done.fared.clone());
            keep_in_mind(self.station, fared.collect(), &error);
            for done in self.waiting {
                self.results.push(RowResult {
                    view: super::doubtful_row(done.line, &error),
                    spent_mills: done.spent_mills,
                });
            }
        }
        self.results
    }
}

impl Milestones for Log<'_> {
    fn sending(&mut self) -> Result<(), NotJournalled> {
        if self.noted > 0 {
            return Ok(());
        }
        let leaving: Vec<(u32, Happening)> = self
            .coming
            .iter()
            .take(self.together)
            .map(|counter| (*counter, Happening::FirstByte))
            .collect();
        let count = leaving.len();
        self.commit(leaving).map_err(|_| NotJournalled)?;
        self.noted = count;
        Ok(())
    }

    /// Nothing to write: until the answer the piece is sending.
    fn terminating(&mut self) -> Result<(), NotJournalled> {
        Ok(())
    }

    /// A printer that acknowledges takes its time until then, and the clerk sees what it does. Of
    /// another one nothing more is ever heard: its piece is done.
    fn sent(&mut self) -> Result<(), NotJournalled> {
        if !self.tagged {
            return Ok(());
        }
        let sent = vec![(self.leaving, Happening::AllSent)];
        self.commit(sent).map_err(|_| NotJournalled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_rows_are_paid_ahead_of_a_slow_printer_and_a_chunk_of_a_fast_one() {
        let taken =
            |time, count, milliseconds| taken_in(time, count, Duration::from_millis(milliseconds));
        assert_eq!(taken(AHEAD, 8, 8_000), 0, "a label a second");
        assert_eq!(taken(AHEAD, 8, 100), 40);
        assert_eq!(taken(AHEAD, 0, 0), 0);
        assert!(taken(AHEAD, 8, 0) > CHUNK);
        assert_eq!(taken(TWINKLING, 8, 1_600), 0, "five labels a second");
        assert_eq!(taken(TWINKLING, 100, 500), 10);
    }
}
