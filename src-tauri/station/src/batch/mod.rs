//! A batch: many pieces from CSV text, resumable.
//!
//! Rows are paid for in chunks, one commit each, and released chunk by chunk, the next one being
//! paid for meanwhile. The link from a row
//! to its piece is written with its debit, so that a batch that was stopped, by anything, goes on
//! where it stood: what is printed is not printed again, what met no ink is sent again as the
//! identical piece, what is unknown waits for the clerk.

mod chunk;
mod line;
mod paying;
mod release;
mod rows;
mod threads;

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use shared::ids::{PieceSerial, PsdId};

use crate::api::{BatchOut, BatchRowView, BatchView, Event, PieceState, PrintOut, UiError};
use crate::messages::{Code, say};
use crate::station::release::Target;
use crate::station::{Asker, Station};
use crate::store::pieces::PieceRow;
use chunk::PaidRow;
use release::Printer;

pub use rows::{MAX_CSV_BYTES, MAX_ROWS, Row, read_rows};

/// Rows of one commit: large enough that the commit's wait hardly counts, small enough that the
/// station answers others in between.
pub const CHUNK: usize = 128;

/// Prints a batch; progress comes as events.
///
/// # Errors
/// `bad_batch` when the text is no batch, and the refusals of the place it goes to; a row's own
/// refusal stands in its result.
pub async fn run(
    station: &Station,
    csv: &str,
    out: BatchOut,
    asker: &Asker,
) -> Result<BatchView, UiError> {
    let rows = in_name(read_rows(csv)?, asker);
    let out = match out {
        BatchOut::Printer { name } => PrintOut::Printer { name },
        BatchOut::Folder { path } => PrintOut::Folder { path },
    };
    let (target, stops) = station
        .apply(move |owner| Ok((owner.target(Some(&out))?, owner.batch_stops())))
        .await?;
    let station = station.clone();
    let work = tokio::task::spawn_blocking(move || print(&station, rows, &target, stops));
    work.await.unwrap_or_else(|_| Err(stopped()))
}

/// Rows that somebody asks for.
fn in_name(mut rows: Vec<Row>, asker: &Asker) -> Vec<Row> {
    for call in rows.iter_mut().filter_map(|row| row.call.as_mut().ok()) {
        call.asker = asker.clone();
    }
    rows
}

/// How many rows a printer wants paid for, and how soon.
struct Pace {
    /// Rows of the next chunk.
    rows: usize,
    /// Chunks that may still be under way when the next one is paid for.
    ahead: usize,
    /// Why nothing more can be printed; rows that come now are not paid for.
    stopped: Option<String>,
}

/// Prints all rows, chunk by chunk, unless the count of stops moves on from `stops`. A chunk is
/// paid for while the one before it is drawn and sent.
fn print(
    station: &Station,
    rows: Vec<Row>,
    target: &Target,
    stops: u64,
) -> Result<BatchView, UiError> {
    let drawing = station.apply_blocking(|owner| Ok(owner.drawing()))?;
    let mut printer = Printer::open(station, target, drawing)?;
    let mut run = Run::new(station, rows.len(), printer.pace());
    let paper = target.paper();
    thread::scope(|scope| {
        let (to_printer, paid_chunks) = sync_channel::<Vec<PaidRow>>(1);
        let (to_run, released) = sync_channel(1);
        scope.spawn(move || {
            for paid in paid_chunks {
                let results = printer.release(station, paid);
                if to_run.send((results, printer.pace())).is_err() {
                    return;
                }
            }
        });
        let mut rows = rows.into_iter();
        loop {
            run.wait(&released, run.pace.ahead)?;
            let chunk: Vec<Row> = rows.by_ref().take(run.pace.rows).collect();
            if chunk.is_empty() {
                break;
            }
            if let Some(reason) = &run.pace.stopped {
                let results = chunk.iter().map(|row| not_tried(row.line, reason));
                run.take(results.collect())?;
                continue;
            }
            let paper = paper.clone();
            let paid = station.apply_blocking(move |owner| {
                let goes_on = owner.batch_stops() == stops;
                Ok(goes_on.then(|| owner.pay_rows(chunk, &paper)))
            })?;
            let Some(paid) = paid else {
                run.view.stopped = true;
                break;
            };
            run.under_way = run.under_way.saturating_add(1);
            to_printer.send(paid).map_err(|_| stopped())?;
        }
        run.wait(&released, 0)
    })?;
    Ok(run.view)
}

/// A batch on its way.
struct Run<'a> {
    station: &'a Station,
    view: BatchView,
    pace: Pace,
    /// Chunks that are paid for and not released yet.
    under_way: usize,
}

impl<'a> Run<'a> {
    fn new(station: &'a Station, rows: usize, pace: Pace) -> Self {
        Self {
            station,
            view: BatchView {
                rows: u32::try_from(rows).unwrap_or(u32::MAX),
                printed: 0,
                already: 0,
                refused: 0,
                unknown: 0,
                spent_mills: 0,
                stopped: false,
                results: Vec::with_capacity(rows),
            },
            pace,
            under_way: 0,
        }
    }

    /// Takes results until at most `ahead` chunks are under way.
    fn wait(
        &mut self,
        released: &Receiver<(Vec<RowResult>, Pace)>,
        ahead: usize,
    ) -> Result<(), UiError> {
        let mut ahead = ahead;
        while self.under_way > ahead {
            let (results, pace) = released.recv().map_err(|_| stopped())?;
            self.under_way = self.under_way.saturating_sub(1);
            // A printer that has stopped or slowed down wants less.
            ahead = ahead.min(pace.ahead);
            self.pace = pace;
            self.take(results)?;
        }
        Ok(())
    }

    /// Adds results and tells how far it is.
    fn take(&mut self, results: Vec<RowResult>) -> Result<(), UiError> {
        for result in results {
            count(&mut self.view, result);
        }
        let (done, rows) = (self.view.results.len(), self.view.rows);
        let done = u32::try_from(done).unwrap_or(u32::MAX);
        self.station.apply_blocking(move |owner| {
            owner.tell(Event::Batch { done, rows });
            Ok(())
        })
    }
}

fn stopped() -> UiError {
    say(Code::StationStopped, &[])
}

/// The result of a row from its piece.
fn printed_row(line: u32, psd: Option<PsdId>, row: &PieceRow) -> BatchRowView {
    let counter = row.counter;
    BatchRowView {
        line,
        outcome: match row.state {
            PieceState::Printed => PRINTED,
            PieceState::NotPrinted | PieceState::Spoiled => REFUSED,
            PieceState::Prepared | PieceState::Sending | PieceState::Sent | PieceState::Unknown => {
                UNKNOWN
            }
        }
        .to_owned(),
        serial: psd.map(|psd| PieceSerial { psd, counter }.to_string()),
        postage_mills: Some(row.facts.postage.mills()),
        reason: row.message.clone(),
    }
}

/// The result of a row of which it was not written down what became of it.
fn doubtful_row(line: u32, error: &UiError) -> BatchRowView {
    BatchRowView {
        line,
        outcome: UNKNOWN.to_owned(),
        serial: None,
        postage_mills: None,
        reason: Some(error.message.clone()),
    }
}

/// The result of a row that came after the printer had stopped.
fn not_tried(line: u32, reason: &str) -> RowResult {
    RowResult {
        view: BatchRowView {
            line,
            outcome: REFUSED.to_owned(),
            serial: None,
            postage_mills: None,
            reason: Some(format!("not tried, the printer stopped before: {reason}")),
        },
        spent_mills: 0,
    }
}

/// One row's result with what it cost now.
struct RowResult {
    view: BatchRowView,
    spent_mills: u64,
}

/// Adds a row to the sums.
fn count(view: &mut BatchView, result: RowResult) {
    let sum = match result.view.outcome.as_str() {
        PRINTED => &mut view.printed,
        ALREADY => &mut view.already,
        UNKNOWN => &mut view.unknown,
        _ => &mut view.refused,
    };
    *sum = sum.saturating_add(1);
    view.spent_mills = view.spent_mills.saturating_add(result.spent_mills);
    view.results.push(result.view);
}

/// Outcome of a row whose piece was printed now.
const PRINTED: &str = "printed";
/// Outcome of a row whose piece an earlier run had printed.
const ALREADY: &str = "already";
/// Outcome of a row that was not printed, for the reason given.
const REFUSED: &str = "refused";
/// Outcome of a row whose piece waits for the clerk.
const UNKNOWN: &str = "unknown";

#[cfg(test)]
mod tests;
