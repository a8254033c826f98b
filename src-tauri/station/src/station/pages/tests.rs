use ::ipp::model::{JobState, Operation};

use super::super::fixture::{Desk, START, call, paid_and_left, runtime};
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
        let pages = PagePrinter::opened(&port, true, START);
        let counter = paid_and_left(&desk, &[]);
        at(&desk, &pages, counter, &[Happening::FirstByte]);
        at(&desk, &pages, counter, happenings);
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

    fn is_forgotten(&self) -> bool {
        let station = self.desk.station();
        let jobs = station.apply_blocking(|owner| Ok(owner.store().page_jobs(9)?.len()));
        jobs.unwrap() == 0
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

/// What happens to a piece at a printer of pages.
fn at(desk: &Desk, pages: &PagePrinter, counter: u32, happenings: &'static [Happening]) {
    let pages = pages.clone();
    desk.station()
        .apply_blocking(move |owner| {
            owner.moves(&Move {
                counter,
                happenings,
                message: None,
                pages: Some(&pages),
            })
        })
        .unwrap();
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
        Ok(owner.inputs(&row)?.is_some())
    });
    assert!(row.unwrap(), "it can be drawn again");
    assert!(killed.is_forgotten());
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
    assert!(!killed.is_forgotten(), "it may still lie in the queue");
    killed.printer.script.lock().unwrap().is_dead = false;
    killed.lies(JobState::Completed, true);
    assert_eq!(killed.ask().state, PieceState::Spoiled);
    assert!(killed.is_forgotten());
}

#[test]
fn a_piece_that_the_clerk_has_answered_does_not_come_out_of_the_old_queue_after_all() {
    let killed = Killed::after(&[]);
    let resolve = Call::Resolve(ResolveCall {
        serial: SERIAL.to_owned(),
        answer: PieceState::NotPrinted,
    });
    call(&killed.desk, resolve).unwrap();
    // It is on its way to another printer; the old job is asked for once that is over.
    at(&killed.desk, &killed.pages, 1, &[Happening::SendAgain]);
    killed.lies(JobState::Pending, false);
    assert_eq!(killed.ask().state, PieceState::Prepared);
    assert!(!killed.is_forgotten());
    let port = &killed.pages.port;
    let other = PagePrinter::opened(port, true, START);
    let sent = &[
        Happening::FirstByte,
        Happening::AllSent,
        Happening::Acknowledged,
    ];
    at(&killed.desk, &other, 1, sent);
    assert_eq!(killed.ask().state, PieceState::Printed);
    assert_eq!(killed.printer.times(Operation::CancelJob), 1);
    assert!(killed.is_forgotten());
}

#[test]
fn a_printer_that_never_comes_back_is_asked_for_a_month() {
    let killed = Killed::after(&[]);
    killed.printer.script.lock().unwrap().is_dead = true;
    killed.desk.pass_days(DAYS_MAX);
    killed.ask();
    assert!(!killed.is_forgotten());
    killed.desk.pass_days(1);
    assert_eq!(killed.ask().state, PieceState::Unknown);
    assert!(killed.is_forgotten());
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
    let port = PrinterPort::Ipp {
        uri: "ipp://127.0.0.1:1/p".into(),
        certificate: None,
    };
    let pages = PagePrinter::opened(&port, true, START);
    let counter = paid_and_left(&desk, &[]);
    let in_doubt = || {
        let pages = desk.station().apply_blocking(Owner::pages_in_doubt);
        pages.unwrap().len()
    };
    for (happening, asked) in [
        (Happening::FirstByte, 0),
        (Happening::AllSent, 0),
        (Happening::Lost, 1),
    ] {
        at(&desk, &pages, counter, Box::leak(Box::new([happening])));
        assert_eq!(in_doubt(), asked, "{happening:?}");
    }
}

#[test]
fn each_opening_of_a_printer_names_its_jobs_anew() {
    let port = PrinterPort::Ipp {
        uri: "ipp://office/ipp/print".into(),
        certificate: None,
    };
    let [one, other] = [0, 1].map(|_| PagePrinter::opened(&port, true, START).job_name(SERIAL));
    assert_ne!(one, other);
    assert!(one.starts_with(SERIAL) && other.starts_with(SERIAL));
}
