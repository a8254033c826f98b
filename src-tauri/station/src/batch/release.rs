//! Releasing a chunk of paid rows: to one printer, piece by piece, or to files, all at once.

use std::path::{Path, PathBuf};
use std::thread;

use shared::ids::{PieceSerial, PsdId};
use shared::vault::Vault;

use super::chunk::{PaidOutcome, PaidRow, THREADS};
use super::{ALREADY, CHUNK, PRINTED, REFUSED, RowResult, UNKNOWN};
use crate::api::{BatchRowView, PieceState, PieceView, UiError};
use crate::messages::{Code, say};
use crate::printing::files::{FileFault, write_all_durably};
use crate::printing::pdf::pdf;
use crate::station::faults::chain;
use crate::station::release::{Ready, Target, draw_again, make_folder};
use crate::station::sending::{OpenPrinter, open_printer};
use crate::station::{Owner, Station};
use crate::store::pieces::PieceRow;
use crate::vault::draft::PieceInputs;
use crate::vault::piece::Happening;

/// Why a piece is not released whose second drawing is not the first.
const DIFFERS: &str = "its label does not come out as it was committed";

/// Rows that are paid for ahead of a printer.
const LINE_CHUNK: usize = 8;

/// Where the pieces of a batch go.
pub(super) enum Printer {
    Line(Box<Line>),
    Folder(PathBuf),
}

/// A printer's line, and why it no longer prints.
pub(super) struct Line {
    printer: OpenPrinter,
    stopped: Option<String>,
}

/// A paid row on its way to the printer.
struct Going {
    line: u32,
    psd: Option<PsdId>,
    row: PieceRow,
    inputs: PieceInputs,
    spent_mills: u64,
}

/// How a piece fared at the files.
struct Fared {
    counter: u32,
    happenings: &'static [Happening],
    reason: Option<String>,
}

impl Printer {
    /// Opens the printer's line, or makes the folder, before anything is paid.
    pub(super) fn open(target: &Target) -> Result<Self, UiError> {
        match target {
            Target::Printer(setup) => Ok(Self::Line(Box::new(Line {
                printer: open_printer(setup)?,
                stopped: None,
            }))),
            Target::Folder(folder) => {
                make_folder(target)?;
                Ok(Self::Folder(folder.clone()))
            }
            Target::Files { .. } => Err(say(Code::NoOut, &[])),
        }
    }

    /// Rows that are paid for together. A printer is slower than any commit and may stop at each
    /// piece: few rows are paid for ahead of it.
    pub(super) const fn chunk(&self) -> usize {
        match self {
            Self::Line(_) => LINE_CHUNK,
            Self::Folder(_) => CHUNK,
        }
    }

    /// Why nothing more can be printed; rows that come now are not paid for.
    pub(super) fn stopped(&self) -> Option<&str> {
        match self {
            Self::Line(line) => line.stopped.as_deref(),
            Self::Folder(_) => None,
        }
    }

    /// Releases a chunk and answers with the results of its rows, in their order.
    pub(super) fn release(&mut self, station: &Station, paid: Vec<PaidRow>) -> Vec<RowResult> {
        let psd = station
            .apply_blocking(|owner| owner.enrolled().map(Vault::psd))
            .ok();
        let mut results = Vec::with_capacity(paid.len());
        let mut going = Vec::with_capacity(paid.len());
        for PaidRow { line, outcome } in paid {
            let (outcome, row, reason) = match outcome {
                PaidOutcome::Release {
                    row,
                    inputs,
                    spent_mills,
                } => {
                    going.push(Going {
                        line,
                        psd,
                        row: *row,
                        inputs: *inputs,
                        spent_mills,
                    });
                    continue;
                }
                PaidOutcome::Already(row) => (ALREADY, Some(row), None),
                PaidOutcome::Unknown(row) => {
                    let reason = "the piece waits for an answer: printed, spoiled or not-printed";
                    (UNKNOWN, Some(row), Some(reason.to_owned()))
                }
                PaidOutcome::Refused(error) => (REFUSED, None, Some(error.message)),
            };
            let serial = row.as_ref().zip(psd).map(|(row, psd)| {
                let counter = row.counter;
                PieceSerial { psd, counter }.to_string()
            });
            results.push(RowResult {
                view: BatchRowView {
                    line,
                    outcome: outcome.to_owned(),
                    serial,
                    postage_mills: row.map(|row| row.facts.postage.mills()),
                    reason,
                },
                spent_mills: 0,
            });
        }
        results.extend(match self {
            Self::Line(line) => to_printer(station, line, going),
            Self::Folder(folder) => to_folder(station, folder, going),
        });
        results.sort_by_key(|result| result.view.line);
        results
    }
}

/// One piece after the other, each with its own milestones. Once the printer has stopped, what is
/// paid for already is left unprinted, to be sent again.
fn to_printer(station: &Station, line: &mut Line, going: Vec<Going>) -> Vec<RowResult> {
    going
        .into_iter()
        .map(|going| RowResult {
            spent_mills: going.spent_mills,
            view: row_view(going.line, send(station, line, going)),
        })
        .collect()
}

fn send(station: &Station, line: &mut Line, going: Going) -> Result<PieceView, UiError> {
    if let Some(reason) = line.stopped.clone() {
        return not_sent(station, going.row.counter, reason);
    }
    let Some(ready) = ready(going.psd, &going.row, going.inputs) else {
        return not_sent(station, going.row.counter, DIFFERS.to_owned());
    };
    let view = station.send(&ready, &mut line.printer);
    line.stopped = match &view {
        Ok(view) if view.state == PieceState::Printed => None,
        // Of a printer that never acknowledges every piece is unknown: it has not stopped.
        Ok(view) if view.state == PieceState::Unknown && !line.printer.setup.acknowledges => None,
        Ok(view) => view.message.clone(),
        Err(error) => Some(error.message.clone()),
    };
    view
}

/// A piece that was paid for and provably met no ink.
fn not_sent(station: &Station, counter: u32, reason: String) -> Result<PieceView, UiError> {
    station.apply_blocking(move |owner| {
        let row = owner.happened(counter, &[Happening::NoInk], Some(&reason))?;
        owner.piece_view(&row)
    })
}

/// All pieces of the chunk: one commit before the files, one after them.
fn to_folder(station: &Station, folder: &Path, going: Vec<Going>) -> Vec<RowResult> {
    let counters: Vec<u32> = going.iter().map(|going| going.row.counter).collect();
    let lines: Vec<(u32, u64)> = going
        .iter()
        .map(|going| (going.line, going.spent_mills))
        .collect();
    let fared = drawn_and_written(station, folder, going, counters);
    let views = match fared {
        Ok(fared) => station.apply_blocking(move |owner| owner.all_fared(&fared)),
        Err(error) => Err(error),
    };
    match views {
        Ok(views) => lines
            .into_iter()
            .zip(views)
            .map(|((line, spent_mills), view)| RowResult {
                view: row_view(line, Ok(view)),
                spent_mills,
            })
            .collect(),
        Err(error) => lines
            .into_iter()
            .map(|(line, spent_mills)| RowResult {
                view: row_view(line, Err(error.clone())),
                spent_mills,
            })
            .collect(),
    }
}

/// Draws the chunk again, writes down that its bytes are about to leave, and writes its files.
fn drawn_and_written(
    station: &Station,
    folder: &Path,
    going: Vec<Going>,
    counters: Vec<u32>,
) -> Result<Vec<Fared>, UiError> {
    let drawn = on_threads(going, |going| {
        let counter = going.row.counter;
        let drawn = ready(going.psd, &going.row, going.inputs).ok_or_else(|| DIFFERS.to_owned());
        let file = drawn.map(|ready| {
            let title = ready.serial.to_string();
            let path = folder.join(format!("{title}.pdf"));
            (path, pdf(&ready.label, &title))
        });
        (counter, file)
    });
    station.apply_blocking(move |owner| owner.all_sending(&counters))?;
    let mut files = Vec::with_capacity(drawn.len());
    let mut fared = Vec::with_capacity(drawn.len());
    for (counter, file) in drawn {
        let reason = match file {
            Ok(file) => {
                files.push(file);
                None
            }
            Err(reason) => Some(reason),
        };
        fared.push((counter, reason));
    }
    let mut answers = write_all_durably(&files).into_iter();
    Ok(fared
        .into_iter()
        .map(|(counter, reason)| match reason {
            Some(reason) => Fared {
                counter,
                happenings: &[Happening::NoInk],
                reason: Some(reason),
            },
            None => written(counter, answers.next()),
        })
        .collect())
}

/// How a piece fared whose file was written; without an answer nobody knows.
fn written(counter: u32, answer: Option<Result<(), FileFault>>) -> Fared {
    let happenings: &[Happening] = match answer {
        Some(Ok(())) => &[Happening::AllSent, Happening::Acknowledged],
        Some(Err(FileFault::NotWritten { .. })) => &[Happening::NoInk],
        Some(Err(FileFault::NotDurable { .. })) | None => &[Happening::Lost],
    };
    Fared {
        counter,
        happenings,
        reason: answer.and_then(Result::err).map(|fault| chain(&fault)),
    }
}

/// Works a list off on [`THREADS`] threads; the answers stand in its order.
pub(super) fn on_threads<T: Send, R: Send>(list: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let share = list.len().div_ceil(THREADS).max(1);
    let work = &work;
    let mut shares = Vec::with_capacity(THREADS);
    let mut list = list.into_iter();
    loop {
        let part: Vec<T> = list.by_ref().take(share).collect();
        if part.is_empty() {
            break;
        }
        shares.push(part);
    }
    thread::scope(|scope| {
        let threads: Vec<_> = shares
            .into_iter()
            .map(|part| scope.spawn(move || part.into_iter().map(work).collect::<Vec<R>>()))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("drawing and writing do not panic"))
            .collect()
    })
}

impl Owner {
    /// The bytes of these pieces are about to leave: one commit.
    pub(super) fn all_sending(&mut self, counters: &[u32]) -> Result<(), UiError> {
        self.write("sending a chunk", |tx| {
            for counter in counters {
                if let Some(row) = tx.piece(*counter)? {
                    tx.move_piece(&row, PieceState::Sending, None)?;
                }
            }
            Ok(())
        })
    }

    /// What became of these pieces: one commit.
    fn all_fared(&mut self, fared: &[Fared]) -> Result<Vec<PieceView>, UiError> {
        let rows = self.write("finishing a chunk", |tx| {
            let mut rows = Vec::with_capacity(fared.len());
            for one in fared {
                let row = tx.piece(one.counter)?;
                let row = row.ok_or_else(|| say(Code::UnknownPiece, &[]))?;
                rows.push(Self::fare(tx, &row, one)?);
            }
            Ok(rows)
        })?;
        rows.iter().map(|row| self.piece_view(row)).collect()
    }

    fn fare(
        tx: &mut crate::store::Tx<'_>,
        row: &PieceRow,
        fared: &Fared,
    ) -> Result<PieceRow, UiError> {
        let mut state = row.state;
        for happening in fared.happenings {
            state = crate::vault::piece::next(state, *happening).map_err(|refusal| {
                say(
                    Code::PieceState,
                    &[("serial", "?"), ("state", refusal.state.word())],
                )
            })?;
        }
        Ok(tx.move_piece(row, state, fared.reason.as_deref())?)
    }
}

/// Draws a piece again; `None` when it does not come out as committed.
pub(super) fn ready(psd: Option<PsdId>, row: &PieceRow, inputs: PieceInputs) -> Option<Ready> {
    let counter = row.counter;
    draw_again(PieceSerial { psd: psd?, counter }, row, inputs)
}

/// The result of a row from its piece.
fn row_view(line: u32, view: Result<PieceView, UiError>) -> BatchRowView {
    match view {
        Ok(view) => BatchRowView {
            line,
            outcome: match view.state {
                PieceState::Printed => PRINTED,
                PieceState::NotPrinted | PieceState::Spoiled => REFUSED,
                PieceState::Prepared
                | PieceState::Sending
                | PieceState::Sent
                | PieceState::Unknown => UNKNOWN,
            }
            .to_owned(),
            serial: Some(view.serial),
            postage_mills: Some(view.postage_mills),
            reason: view.message,
        },
        Err(error) => BatchRowView {
            line,
            outcome: UNKNOWN.to_owned(),
            serial: None,
            postage_mills: None,
            reason: Some(error.message),
        },
    }
}
