//! A batch: many pieces from CSV text, resumable.
//!
//! Rows are paid for in chunks, one commit each, and released chunk by chunk. The link from a row
//! to its piece is written with its debit, so that a batch that was stopped, by anything, goes on
//! where it stood: what is printed is not printed again, what met no ink is sent again as the
//! identical piece, what is unknown waits for the clerk.

mod chunk;
mod hand_out;
mod release;
mod rows;

use crate::api::{BatchOut, BatchRowView, BatchView, Event, PrintOut, UiError};
use crate::messages::{Code, say};
use crate::station::Station;
use crate::station::release::Target;

pub use hand_out::printer_bytes;
pub use rows::{MAX_CSV_BYTES, MAX_ROWS, Row, read_rows};

/// Rows of one commit: large enough that the commit's wait hardly counts, small enough that the
/// station answers others in between.
pub const CHUNK: usize = 128;

/// Prints a batch; progress comes as events.
///
/// # Errors
/// `bad_batch` when the text is no batch, and the refusals of the place it goes to; a row's own
/// refusal stands in its result.
pub async fn run(station: &Station, csv: &str, out: BatchOut) -> Result<BatchView, UiError> {
    let rows = read_rows(csv)?;
    let out = match out {
        BatchOut::Printer { name } => PrintOut::Printer { name },
        BatchOut::Folder { path } => PrintOut::Folder { path },
    };
    let (target, stops) = station
        .apply(move |owner| Ok((owner.target(Some(&out))?, owner.batch_stops())))
        .await?;
    let station = station.clone();
    let work = tokio::task::spawn_blocking(move || print(&station, rows, &target, stops));
    work.await
        .unwrap_or_else(|_| Err(say(Code::StationStopped, &[])))
}

/// Prints all rows, chunk by chunk, unless the count of stops moves on from `stops`.
fn print(
    station: &Station,
    rows: Vec<Row>,
    target: &Target,
    stops: u64,
) -> Result<BatchView, UiError> {
    let mut printer = release::Printer::open(target)?;
    let total = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let mut view = BatchView {
        rows: total,
        printed: 0,
        already: 0,
        refused: 0,
        unknown: 0,
        spent_mills: 0,
        stopped: false,
        results: Vec::with_capacity(rows.len()),
    };
    let paper = target.paper();
    let mut rows = rows.into_iter();
    loop {
        let chunk: Vec<Row> = rows.by_ref().take(printer.chunk()).collect();
        if chunk.is_empty() {
            return Ok(view);
        }
        if let Some(reason) = printer.stopped() {
            for row in chunk {
                count(&mut view, not_tried(row.line, reason));
            }
            continue;
        }
        let paper = paper.clone();
        let paid = station.apply_blocking(move |owner| {
            let goes_on = owner.batch_stops() == stops;
            Ok(goes_on.then(|| owner.pay_rows(chunk, &paper)))
        })?;
        let Some(paid) = paid else {
            view.stopped = true;
            return Ok(view);
        };
        for result in printer.release(station, paid) {
            count(&mut view, result);
        }
        let done = u32::try_from(view.results.len()).unwrap_or(u32::MAX);
        station.apply_blocking(move |owner| {
            owner.tell(Event::Batch { done, rows: total });
            Ok(())
        })?;
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
