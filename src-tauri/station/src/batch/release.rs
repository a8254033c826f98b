//! Releasing a chunk of paid rows: to one printer, piece by piece, or to files, all at once.

use std::path::{Path, PathBuf};

use shared::ids::{PieceSerial, PsdId};
use shared::vault::Vault;

use super::chunk::{PaidOutcome, PaidRow};
use super::line::Line;
use super::threads::on_threads;
use super::{ALREADY, CHUNK, Pace, REFUSED, RowResult, UNKNOWN, doubtful_row, printed_row};
use crate::api::{BatchRowView, PieceState, UiError};
use crate::messages::{Code, say};
use crate::printing::files::{FileFault, write_all_durably};
use crate::printing::pdf::pdf;
use crate::station::faults::chain;
use crate::station::pages::PagePrinter;
use crate::station::pieces::{Move, move_on};
use crate::station::release::{Target, draw_again, make_folder};
use crate::station::{Owner, Station, Unnoted};
use crate::store::pieces::PieceRow;
use crate::vault::draft::{Drawing, PieceInputs};
use crate::vault::piece::Happening;

/// Why a piece is not released whose second drawing is not the first.
pub(super) const DIFFERS: &str = "its label does not come out as it was committed";

/// Where the pieces of a batch go.
pub(super) enum Printer {
    Line(Box<Line>),
    Folder { path: PathBuf, drawing: Drawing },
}

/// A paid row on its way to the printer.
pub(super) struct Going {
    pub(super) line: u32,
    pub(super) row: PieceRow,
    pub(super) inputs: PieceInputs,
    pub(super) spent_mills: u64,
}

/// How a piece fared.
#[derive(Clone, Debug)]
pub(super) struct Fared {
    pub(super) row: PieceRow,
    pub(super) happenings: &'static [Happening],
    pub(super) reason: Option<String>,
}

impl Printer {
    /// Opens the printer's line, or makes the folder, before anything is paid.
    pub(super) fn open(
        station: &Station,
        target: &Target,
        drawing: Drawing,
    ) -> Result<Self, UiError> {
        match target {
            Target::Printer(setup) => {
                let line = Line::open(station, setup, drawing)?;
                Ok(Self::Line(Box::new(line)))
            }
            Target::Folder(folder) => {
                make_folder(target)?;
                let path = folder.clone();
                Ok(Self::Folder { path, drawing })
            }
            Target::Files { .. } => Err(say(Code::NoOut, &[])),
        }
    }

    /// How many rows are to be paid for next, and how far ahead. A disk takes all that comes.
    pub(super) fn pace(&self) -> Pace {
        match self {
            Self::Line(line) => line.pace(),
            Self::Folder { .. } => Pace {
                rows: CHUNK,
                ahead: 1,
                stopped: None,
            },
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
            Self::Line(line) => line.release(station, psd, going),
            Self::Folder { path, drawing } => to_folder(station, path, *drawing, psd, going),
        });
        results.sort_by_key(|result| result.view.line);
        results
    }
}

/// All pieces of the chunk: one commit before the files, one after them.
fn to_folder(
    station: &Station,
    folder: &Path,
    drawing: Drawing,
    psd: Option<PsdId>,
    going: Vec<Going>,
) -> Vec<RowResult> {
    let lines: Vec<(u32, u64)> = going
        .iter()
        .map(|going| (going.line, going.spent_mills))
        .collect();
    let rows = drawn_and_written(station, folder, drawing, psd, going).and_then(|fared| {
        let known = fared.clone();
        station
            .apply_blocking(move |owner| owner.all_fared(&fared, &[], None))
            .inspect_err(|error| keep_in_mind(station, known, error))
    });
    match rows {
        Ok(rows) => lines
            .into_iter()
            .zip(rows)
            .map(|((line, spent_mills), row)| RowResult {
                view: printed_row(line, psd, &row),
                spent_mills,
            })
            .collect(),
        Err(error) => lines
            .into_iter()
            .map(|(line, spent_mills)| RowResult {
                view: doubtful_row(line, &error),
                spent_mills,
            })
            .collect(),
    }
}

/// Draws the chunk again, writes down that its bytes are about to leave, and writes its files.
fn drawn_and_written(
    station: &Station,
    folder: &Path,
    drawing: Drawing,
    psd: Option<PsdId>,
    going: Vec<Going>,
) -> Result<Vec<Fared>, UiError> {
    let counters: Vec<u32> = going.iter().map(|going| going.row.counter).collect();
    let drawn = on_threads(going, |going| {
        let counter = going.row.counter;
        let serial = psd.map(|psd| PieceSerial { psd, counter });
        let ready = serial.and_then(|serial| draw_again(serial, &going.row, going.inputs, drawing));
        let file = ready.ok_or_else(|| DIFFERS.to_owned()).map(|ready| {
            let title = ready.serial.to_string();
            let path = folder.join(format!("{title}.pdf"));
            (path, pdf(&ready.label, &title))
        });
        (going.row, file)
    });
    if let Err(error) = station.apply_blocking(move |owner| owner.all_sending(&counters)) {
        let unsent = drawn.into_iter().map(|(row, _)| Fared {
            row,
            happenings: &[Happening::NoInk],
            reason: Some(error.message.clone()),
        });
        keep_in_mind(station, unsent.collect(), &error);
        return Err(error);
    }
    let mut files = Vec::with_capacity(drawn.len());
    let mut fared = Vec::with_capacity(drawn.len());
    for (row, file) in drawn {
        let reason = match file {
            Ok(file) => {
                files.push(file);
                None
            }
            Err(reason) => Some(reason),
        };
        fared.push((row, reason));
    }
    let mut answers = write_all_durably(&files).into_iter();
    Ok(fared
        .into_iter()
        .map(|(row, reason)| match reason {
            Some(reason) => Fared {
                row,
                happenings: &[Happening::NoInk],
                reason: Some(reason),
            },
            None => written(row, answers.next()),
        })
        .collect())
}

/// What could not be written down because the disk is full is kept in mind until it can be.
pub(super) fn keep_in_mind(station: &Station, fared: Vec<Fared>, error: &UiError) {
    if error.code != Code::DiskFull.name() {
        return;
    }
    // A station that has stopped settles its pieces at the next start.
    drop(station.apply_blocking(move |owner| {
        for one in fared {
            owner.keep_in_mind(Unnoted {
                counter: one.row.counter,
                happenings: one.happenings,
                message: one.reason,
            });
        }
        Ok(())
    }));
}

/// How a piece fared whose file was written; without an answer nobody knows.
fn written(row: PieceRow, answer: Option<Result<(), FileFault>>) -> Fared {
    let happenings: &[Happening] = match answer {
        Some(Ok(())) => &[Happening::AllSent, Happening::Acknowledged],
        Some(Err(FileFault::NotWritten { .. })) => &[Happening::NoInk],
        Some(Err(FileFault::NotDurable { .. })) | None => &[Happening::Lost],
    };
    Fared {
        row,
        happenings,
        reason: answer.and_then(Result::err).map(|fault| chain(&fault)),
    }
}

impl Owner {
    /// The bytes of these pieces are about to leave: one commit.
    fn all_sending(&mut self, counters: &[u32]) -> Result<(), UiError> {
        self.write("sending a chunk", |tx| {
            for counter in counters {
                if let Some(row) = tx.piece(*counter)? {
                    tx.move_piece(&row, PieceState::Sending, None)?;
                }
            }
            Ok(())
        })
    }

    /// What became of these pieces, and what happens to others, at a printer of pages where one is
    /// named: one commit.
    pub(super) fn all_fared(
        &mut self,
        fared: &[Fared],
        also: &[(u32, Happening)],
        pages: Option<&PagePrinter>,
    ) -> Result<Vec<PieceRow>, UiError> {
        let psd = self.vault().map(Vault::psd);
        let (rows, more) = self.write("finishing pieces of a batch", |tx| {
            let mut rows = Vec::with_capacity(fared.len());
            for one in fared {
                let moving = Move {
                    counter: one.row.counter,
                    happenings: one.happenings,
                    message: one.reason.as_deref(),
                    pages,
                };
                rows.push(move_on(tx, psd, &moving)?);
            }
            let mut more = Vec::with_capacity(also.len());
            for (counter, happening) in also {
                let moving = Move {
                    counter: *counter,
                    happenings: &[*happening],
                    message: None,
                    pages,
                };
                more.push(move_on(tx, psd, &moving)?);
            }
            Ok::<_, UiError>((rows, more))
        })?;
        for row in rows.iter().chain(&more) {
            self.tell_piece(row);
        }
        Ok(rows)
    }
}
