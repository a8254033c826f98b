//! Handing the printer bytes of a batch to a caller that brings a line of its own.

use std::thread::{self, ScopedJoinHandle};

use shared::vault::Vault;

use super::chunk::{PaidOutcome, PaidRow};
use super::release::{on_threads, ready};
use super::{CHUNK, Row, read_rows};
use crate::api::{PrintOut, UiError};
use crate::messages::{Code, say};
use crate::station::Station;
use crate::station::release::Target;

/// Does with a batch all that comes before a printer's line: pays for its rows, draws them, writes
/// down that their bytes are about to leave, and hands the bytes out, row by row. For callers that
/// bring a line of their own; what they make of a piece is told by `resolve`.
///
/// # Errors
/// `bad_batch`, `unknown_printer`, and the first refusal of a row.
pub async fn printer_bytes(
    station: &Station,
    csv: &str,
    printer: &str,
    take: impl FnMut(Vec<u8>) + Send + 'static,
) -> Result<(), UiError> {
    let rows = read_rows(csv)?;
    let name = printer.to_owned();
    let out = PrintOut::Printer { name };
    let target = station.apply(move |owner| owner.target(Some(&out))).await?;
    let station = station.clone();
    let work = tokio::task::spawn_blocking(move || hand_out(&station, rows, &target, take));
    work.await
        .unwrap_or_else(|_| Err(say(Code::StationStopped, &[])))
}

/// Pays for one chunk while the one before it is drawn.
fn hand_out(
    station: &Station,
    rows: Vec<Row>,
    target: &Target,
    mut take: impl FnMut(Vec<u8>),
) -> Result<(), UiError> {
    let paper = target.paper();
    let mut rows = rows.into_iter();
    thread::scope(|scope| {
        let mut drawing: Option<ScopedJoinHandle<'_, Result<Vec<Vec<u8>>, UiError>>> = None;
        loop {
            let chunk: Vec<Row> = rows.by_ref().take(CHUNK).collect();
            let is_last = chunk.is_empty();
            let paper = paper.clone();
            let paid = station.apply_blocking(move |owner| Ok(owner.pay_rows(chunk, &paper)));
            if let Some(drawing) = drawing.take() {
                let drawn = drawing.join().expect("drawing does not panic")?;
                drawn.into_iter().for_each(&mut take);
            }
            if is_last {
                return Ok(());
            }
            let paid = paid?;
            drawing = Some(scope.spawn(move || chunk_bytes(station, paid)));
        }
    })
}

/// The printer bytes of a chunk; that they are about to leave is written down before they are
/// handed out.
fn chunk_bytes(station: &Station, paid: Vec<PaidRow>) -> Result<Vec<Vec<u8>>, UiError> {
    let psd = station.apply_blocking(|owner| owner.enrolled().map(Vault::psd))?;
    let mut going = Vec::with_capacity(paid.len());
    for row in paid {
        match row.outcome {
            PaidOutcome::Release { row, inputs, .. } => going.push((row, inputs)),
            PaidOutcome::Already(_) | PaidOutcome::Unknown(_) => {}
            PaidOutcome::Refused(error) => return Err(*error),
        }
    }
    let counters: Vec<u32> = going.iter().map(|(row, _)| row.counter).collect();
    let drawn = on_threads(going, |(row, inputs)| {
        ready(Some(psd), &row, *inputs)
            .ok_or_else(|| say(Code::RasterDiffers, &[("serial", &row.counter.to_string())]))?
            .printer_bytes()
    });
    let drawn: Result<Vec<Vec<u8>>, UiError> = drawn.into_iter().collect();
    let drawn = drawn?;
    station.apply_blocking(move |owner| owner.all_sending(&counters))?;
    Ok(drawn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{AddPrinterCall, Call, PieceState, PiecesCall, View};
    use crate::api::{PrinterPort, PrinterSetup};
    use crate::station::fixture::{Desk, runtime};

    const CSV: &str = "name,address,city,state,zip,class,shape,weight\n\
        Ada,1 Beacon St,Boston,MA,02108,first-class,letter,1oz\n\
        Bob,2 Beacon St,Boston,MA,02108,first-class,letter,1oz\n";

    #[test]
    fn bytes_that_were_handed_out_are_written_down_as_leaving() {
        let desk = Desk::new();
        let station = desk.station();
        let printer = PrinterSetup {
            name: "own line".to_owned(),
            port: PrinterPort::Tcp {
                address: "127.0.0.1:9100".to_owned(),
            },
            dpi: 203,
            stock: "label-4x6".to_owned(),
            acknowledges: false,
        };
        let add = Call::AddPrinter(AddPrinterCall { printer });
        runtime().block_on(station.call(add)).unwrap();

        let (sent, received) = std::sync::mpsc::channel();
        let handing = printer_bytes(station, CSV, "own line", move |bytes| {
            sent.send(bytes).unwrap();
        });
        runtime().block_on(handing).unwrap();
        let handed: Vec<Vec<u8>> = received.iter().collect();
        assert_eq!(handed.len(), 2);
        assert!(handed.iter().all(|bytes| bytes.starts_with(b"\x1b@")));
        let list = Call::Pieces(PiecesCall::default());
        let View::Pieces(list) = runtime().block_on(station.call(list)).unwrap() else {
            panic!("not a list")
        };
        let states: Vec<PieceState> = list.pieces.iter().map(|piece| piece.state).collect();
        assert_eq!(states, [PieceState::Sending; 2]);
        let again = printer_bytes(station, CSV, "own line", |_| panic!("paid twice"));
        runtime().block_on(again).unwrap();
        let pieces = station.apply_blocking(|owner| Ok(owner.registers_view().piece_count));
        assert_eq!(pieces.unwrap(), 2);
    }
}
