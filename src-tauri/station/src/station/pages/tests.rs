use ipp::model::{JobState, Operation};

use super::super::fixture::{Desk, call, letter, runtime};
use super::super::orders;
use super::*;
use crate::api::{AddPrinterCall, Call, PieceView, PiecesCall, PrinterSetup, ResolveCall, View};
use crate::printing::ipp::tests::printer::{Does, Left, Printer, Script};

const SERIAL: &str = "ZZ010000000042-000001";

/// A station that was killed while a page of its lay at a printer.
struct Killed {
    desk: Desk,
    printer: Printer,
    pages: PagePrinter,
}

impl Killed {
    fn after(happenings: &'static [Happening]) -> Self {
        let mut desk = Desk::new();
        let printer = Printer::playing(Script::of(Does::Counts(1)));
        let port = PrinterPort::Ipp {
            uri: printer.uri.clone(),
            certificate: None,
        };
        let pages = PagePrinter::opened(&port, true);
        let (asked, leaving) = (letter(&desk, "left"), pages.clone());
        desk.station()
            .apply_blocking(move |owner| {
                let (order, _) = owner.order(&asked, &orders::Paper::of_files())?;
                let (row, _) = owner.pay(&order, None)?;
                owner.leaves(row.counter, Some(&leaving))?;
                owner.happened(row.counter, happenings, None).map(drop)
            })
            .unwrap();
        desk.restart();
        Self {
            desk,
            printer,
            pages,
        }
    }

    /// What the printer knows of the job now.
    fn lies(&self, state: JobState, begun: bool) {
        let left = Left {
            begun,
            ..Left::of(9, &self.pages.job_name(SERIAL), state)
        };
        self.printer.script.lock().unwrap().left = vec![left];
    }

    fn ask(&self) -> PieceView {
        runtime()
            .block_on(self.desk.station().ask_about_pages())
            .unwrap();
        self.piece()
    }

    fn piece(&self) -> PieceView {
        let all = Call::Pieces(PiecesCall::default());
        let View::Pieces(mut view) = call(&self.desk, all).unwrap() else {
            panic!("not pieces")
        };
        view.pieces.remove(0)
    }

    fn times_asked(&self) -> usize {
        self.printer.times(Operation::GetJobs)
    }
}

#[test]
fn a_page_that_came_out_after_the_station_was_killed_is_printed_by_job_state() {
    for happenings in [[].as_slice(), &[Happening::AllSent]] {
        let killed = Killed::after(happenings);
        assert_eq!(killed.piece().state, PieceState::Unknown);
        killed.lies(JobState::Processing, true);
        assert_eq!(killed.ask().state, PieceState::Unknown, "it is still at it");
        killed.lies(JobState::Completed, true);
        let piece = killed.ask();
        assert_eq!(piece.state, PieceState::Printed);
        assert_eq!(piece.message.as_deref(), Some(PROVED));
        let asked = killed.times_asked();
        killed.ask();
        assert_eq!(killed.times_asked(), asked, "there is nothing more to ask");
    }
}

#[test]
fn a_page_that_the_printer_never_began_may_be_sent_again() {
    let killed = Killed::after(&[]);
    killed.lies(JobState::PendingHeld, false);
    let piece = killed.ask();
    assert_eq!(piece.state, PieceState::NotPrinted);
    let why = "the printer ended the job before it began to print it";
    assert_eq!(piece.message.as_deref(), Some(why));
    let row = killed.desk.station().apply_blocking(|owner| {
        let row = owner.piece(SERIAL)?;
        Ok(owner.inputs(&row)?.is_some() && owner.store().page_jobs(9)?.is_empty())
    });
    assert!(
        row.unwrap(),
        "it can be drawn again, and is asked for no more"
    );
}

#[test]
fn what_proves_nothing_stays_with_the_clerk_who_is_told_why() {
    let killed = Killed::after(&[]);
    killed.lies(JobState::Aborted, true);
    let piece = killed.ask();
    assert_eq!(piece.state, PieceState::Unknown);
    assert_eq!(
        piece.message.as_deref(),
        Some("the printer gave the job up")
    );
    let asked = killed.times_asked();
    killed.ask();
    assert_eq!(killed.times_asked(), asked, "it has said its last word");
}

#[test]
fn a_printer_that_is_away_is_asked_again_and_the_clerk_may_be_faster() {
    let killed = Killed::after(&[]);
    killed.printer.script.lock().unwrap().is_dead = true;
    assert_eq!(killed.ask().state, PieceState::Unknown);
    let resolve = Call::Resolve(ResolveCall {
        serial: SERIAL.to_owned(),
        answer: PieceState::Spoiled,
    });
    call(&killed.desk, resolve).unwrap();
    killed.printer.script.lock().unwrap().is_dead = false;
    killed.lies(JobState::Completed, true);
    let asked = killed.times_asked();
    assert_eq!(killed.ask().state, PieceState::Spoiled);
    assert_eq!(killed.times_asked(), asked);
    // An answer that was on its way while the clerk spoke changes nothing.
    let late = |owner: &mut Owner| owner.pages_told(&[(1, Outcome::Printed)]);
    killed.desk.station().apply_blocking(late).unwrap();
    assert_eq!(killed.piece().state, PieceState::Spoiled);
}

#[test]
fn whoever_prints_on_a_printer_is_not_disturbed_and_asks_for_himself() {
    let killed = Killed::after(&[]);
    killed.lies(JobState::Completed, true);
    let station = killed.desk.station();
    let port = killed.pages.port.clone();
    let held = station
        .printers_in_use()
        .devices
        .hold(&port, Duration::ZERO);
    assert_eq!(killed.ask().state, PieceState::Unknown);
    assert_eq!(killed.times_asked(), 0);
    drop(held);
    let setup = PrinterSetup {
        name: "office".into(),
        model: "ipp".into(),
        port,
        dpi: 300,
        stock: "label-4x6".into(),
        acknowledges: true,
    };
    let printer = setup.clone();
    let add = Call::AddPrinter(AddPrinterCall { printer });
    call(&killed.desk, add).unwrap();
    super::super::sending::open_printer(&setup, station).unwrap();
    assert_eq!(killed.piece().state, PieceState::Printed);
}

#[test]
fn a_live_piece_is_never_asked_for() {
    let desk = Desk::new();
    let pages = PagePrinter::opened(
        &PrinterPort::Ipp {
            uri: "ipp://127.0.0.1:1/p".into(),
            certificate: None,
        },
        true,
    );
    let asked = letter(&desk, "live");
    let in_doubt = desk.station().apply_blocking(move |owner| {
        let (order, _) = owner.order(&asked, &orders::Paper::of_files())?;
        let (row, _) = owner.pay(&order, None)?;
        owner.leaves(row.counter, Some(&pages))?;
        let while_it_lives = owner.pages_in_doubt()?.len();
        owner.happened(row.counter, &[Happening::Lost], None)?;
        Ok((while_it_lives, owner.pages_in_doubt()?.len()))
    });
    assert_eq!(in_doubt.unwrap(), (0, 1));
}

#[test]
fn each_opening_of_a_printer_names_its_jobs_anew() {
    let port = PrinterPort::Ipp {
        uri: "ipp://office/ipp/print".into(),
        certificate: None,
    };
    let [one, other] = [0, 1].map(|_| PagePrinter::opened(&port, true).job_name(SERIAL));
    assert_ne!(one, other);
    assert!(one.starts_with(SERIAL) && other.starts_with(SERIAL));
}
