use std::io::{Read, Write};
use std::net::TcpListener;

use shared::vault::{Action, Freeze, FreezeReason};

use super::fixture::{Desk, START, call, letter, letter_quote, paid_and_left, piece, runtime};
use super::*;
use crate::api::{
    AddPrinterCall, Call, ErrorKind, PieceState, PieceView, PiecesCall, PrintCall, PrintOut,
    PrinterPort, PrinterSetup, RegistersView, ResolveCall, SendAgainCall, StatusView, View,
};
use crate::printing::bits::BitImage;
use crate::printing::label::Label;
use crate::printing::read::symbols_in_file;
use crate::printing::symbol::Symbol;
use crate::store::DATABASE;
use crate::vault::draft::{DraftFault, Drawing, INDICIUM_BYTES, LabelInputs, draw};
use crate::vault::piece::Happening;

fn print(desk: &Desk, asked: PrintCall) -> Result<PieceView, UiError> {
    piece(desk, Call::Print(asked))
}

fn status(desk: &Desk) -> StatusView {
    let View::Status(view) = call(desk, Call::Status).unwrap() else {
        panic!("not a status")
    };
    *view
}

fn registers(desk: &Desk) -> RegistersView {
    status(desk).registers
}

fn journal_holds(desk: &Desk) {
    let View::Journal(view) = call(desk, Call::VerifyJournal).unwrap() else {
        panic!("not a journal")
    };
    assert!(view.intact, "{:?}", view.fault);
}

fn resolve(desk: &Desk, serial: &str, answer: PieceState) -> Result<PieceView, UiError> {
    let serial = serial.to_owned();
    piece(desk, Call::Resolve(ResolveCall { serial, answer }))
}

#[test]
fn a_printed_letter_is_paid_for_and_reads_back_from_every_file() {
    let desk = Desk::new();
    let view = print(&desk, letter(&desk, "a")).unwrap();
    assert_eq!(view.state, PieceState::Printed);
    assert_eq!(view.serial, "ZZ010000000042-000001");
    assert_eq!(view.postage_mills, 780);
    let indicium = hex::decode(view.indicium_hex.unwrap()).unwrap();
    assert_eq!(indicium.len(), INDICIUM_BYTES);
    for kind in ["pdf", "png"] {
        let file = std::fs::read(desk.path(&format!("a.{kind}"))).unwrap();
        assert_eq!(
            symbols_in_file(&file).unwrap(),
            std::slice::from_ref(&indicium),
            "{kind}"
        );
    }
    assert!(desk.path("a.escpos").metadata().unwrap().len() > 1_000);
    let after = registers(&desk);
    assert_eq!((after.ascending, after.descending), (780, 49_220));
    assert_eq!((after.control_total, after.piece_count), (50_000, 1));
    journal_holds(&desk);
}

#[test]
fn the_indicium_is_erased_once_the_piece_is_printed() {
    let desk = Desk::new();
    print(&desk, letter(&desk, "a")).unwrap();
    let View::Pieces(view) = call(&desk, Call::Pieces(PiecesCall::default())).unwrap() else {
        panic!("not pieces")
    };
    assert_eq!(view.pieces.len(), 1);
    assert_eq!(view.pieces[0].indicium_hex, None);
    assert!(view.pieces[0].certificate_pem.is_some());
    assert_eq!(view.pieces[0].destination, "02108");
}

#[test]
fn a_preview_looks_like_the_paper_but_carries_no_indicium() {
    let desk = Desk::new();
    let before = registers(&desk);
    let view = {
        let View::Preview(view) = call(&desk, Call::Preview(letter(&desk, "a"))).unwrap() else {
            panic!("not a preview")
        };
        *view
    };
    assert_eq!(view.quote.price_mills, 780);
    use base64::Engine;
    let png = base64::engine::general_purpose::STANDARD
        .decode(view.png_base64)
        .unwrap();
    for payload in symbols_in_file(&png).unwrap() {
        assert!(shared::indicium::ibi_full::SignedIbiFull::read(&payload).is_err());
    }
    assert_eq!(registers(&desk), before);
    // Outside the symbol the preview is the paper: same size, most dots equal.
    print(&desk, letter(&desk, "a")).unwrap();
    let paper = image::load_from_memory(&std::fs::read(desk.path("a.png")).unwrap()).unwrap();
    let preview = image::load_from_memory(&png).unwrap();
    assert_eq!(
        (paper.width(), paper.height()),
        (preview.width(), preview.height())
    );
    let (paper, preview) = (paper.to_luma8(), preview.to_luma8());
    let differing = paper
        .pixels()
        .zip(preview.pixels())
        .filter(|(a, b)| a != b)
        .count();
    let symbol = 44 * 6 * 44 * 6;
    assert!(differing > 0 && differing < symbol, "{differing}");
}

#[test]
fn the_same_job_again_is_the_same_piece_and_costs_nothing() {
    let desk = Desk::new();
    let asked = PrintCall {
        job_key: Some("job-1".into()),
        ..letter(&desk, "a")
    };
    let first = print(&desk, asked.clone()).unwrap();
    let again = print(&desk, asked).unwrap();
    assert_eq!(again.serial, first.serial);
    assert_eq!(registers(&desk).piece_count, 1);
}

#[test]
fn refusals_debit_nothing_and_say_so() {
    let desk = Desk::new();
    let base = letter(&desk, "a");
    let with = |change: &dyn Fn(&mut PrintCall)| {
        let mut asked = base.clone();
        change(&mut asked);
        print(&desk, asked).unwrap_err()
    };
    let cases: Vec<(&str, UiError)> = vec![
        ("unknown_zip", with(&|c| c.quote.to = "00000".into())),
        ("overweight", with(&|c| c.quote.weight = "5lb".into())),
        (
            "date_out_of_range",
            with(&|c| c.quote.date = Some("2026-11-17".into())),
        ),
        (
            "date_out_of_range",
            with(&|c| c.quote.date = Some("2026-12-19".into())),
        ),
        (
            "date_out_of_range",
            with(&|c| c.quote.date = Some("2020-01-01".into())),
        ),
        ("bad_input", with(&|c| c.quote.weight = "heavy".into())),
        (
            "bad_input",
            with(&|c| c.quote.class = "second-class".into()),
        ),
        ("bad_input", with(&|c| c.quote.to = "2108".into())),
        ("bad_input", with(&|c| c.to_address = Some("x".repeat(81)))),
        ("no_output", with(&|c| c.out = None)),
        (
            "unknown_printer",
            with(&|c| {
                c.out = Some(PrintOut::Printer {
                    name: "none".into(),
                });
            }),
        ),
    ];
    for (code, error) in cases {
        assert_eq!(error.code, code, "{error:?}");
        assert!(!error.message.is_empty() && !error.hint.is_empty());
    }
    let after = registers(&desk);
    assert_eq!((after.descending, after.piece_count), (50_000, 0));
    assert!(!desk.path("a.pdf").exists());
    journal_holds(&desk);
}

#[test]
fn a_missing_price_cell_is_refused_by_its_name() {
    let desk = Desk::new();
    let mut asked = letter(&desk, "a");
    asked.quote.shape = "flat".into();
    asked.quote.weight = "3oz".into();
    let error = print(&desk, asked).unwrap_err();
    assert_eq!(error.code, "missing_cell");
    assert_eq!(registers(&desk).piece_count, 0);
}

#[test]
fn a_piece_dearer_than_the_value_left_is_refused() {
    let desk = Desk::new();
    for number in 0..64 {
        print(&desk, letter(&desk, &format!("a{number}"))).unwrap();
    }
    let error = print(&desk, letter(&desk, "last")).unwrap_err();
    assert_eq!(error.code, "insufficient_funds");
    assert!(error.message.contains("0.08") && error.message.contains("0.78"));
    assert_eq!(registers(&desk).piece_count, 64);
}

#[test]
fn a_locked_vault_prints_nothing_until_it_meets_the_data_center() {
    let desk = Desk::new();
    desk.pass_days(29);
    let error = print(&desk, letter(&desk, "a")).unwrap_err();
    assert_eq!(error.code, "vault_locked");
    let view = status(&desk);
    assert_eq!(view.state, "locked");
    assert!(view.state_reason.unwrap().contains("contact"));
}

#[test]
fn a_frozen_vault_names_whom_to_ring() {
    let desk = Desk::new();
    let freeze = Action::Freeze(Freeze {
        reason: FreezeReason::Ordered,
    });
    desk.station()
        .apply_blocking(move |owner| owner.act(&freeze, STATION_USER, |_, _| Ok(())))
        .unwrap();
    let error = print(&desk, letter(&desk, "a")).unwrap_err();
    assert_eq!(error.code, "vault_frozen");
    assert!(error.hint.contains("the post room, 555-0100"));
}

#[test]
fn a_full_disk_debits_nothing() {
    let desk = Desk::new();
    let before = registers(&desk);
    desk.station()
        .apply_blocking(|owner| {
            let pages: i64 = owner
                .store()
                .sql()
                .query_row("PRAGMA page_count", [], |row| row.get(0))
                .unwrap();
            owner
                .store()
                .sql()
                .pragma_update(None, "max_page_count", pages)
                .unwrap();
            Ok(())
        })
        .unwrap();
    let mut printed = 0;
    let error = loop {
        match print(&desk, letter(&desk, "a")) {
            Ok(_) => printed += 1,
            Err(error) => break error,
        }
    };
    let after = registers(&desk);
    assert_eq!(after.control_total, before.control_total);
    assert_eq!(after.ascending, after.piece_count * 780);
    match error.code.as_str() {
        "disk_full" => assert_eq!(after.piece_count, printed),
        "paid_not_noted" => assert_eq!(after.piece_count, printed + 1),
        other => panic!("{other}"),
    }
}

/// Draws a label that loses three rows of dots in every forty.
fn scratched(
    label: &LabelInputs,
    serial: shared::ids::PieceSerial,
    symbol: &Symbol,
) -> Result<(Label, BitImage), DraftFault> {
    let (label, mut image) = draw(label, serial, symbol)?;
    for y in (0..image.height()).filter(|y| y % 40 < 3) {
        for x in 0..image.width() {
            image.set(x, y, false);
        }
    }
    Ok((label, image))
}

#[test]
fn a_print_that_is_damaged_before_it_reads_back_burns_its_number_and_debits_nothing() {
    let desk = Desk::new();
    let before = registers(&desk);
    let draw_by = |drawing: Drawing| {
        desk.station()
            .apply_blocking(move |owner| {
                owner.draw_by(drawing);
                Ok(owner.enrolled()?.next_counter().unwrap())
            })
            .unwrap()
    };
    let counter = draw_by(scratched);
    let error = print(&desk, letter(&desk, "damaged")).unwrap_err();
    assert_eq!(error.code, "self_read_failed");
    assert_eq!(registers(&desk), before, "nothing was debited");
    let pdf = desk.path("damaged.pdf");
    assert!(!pdf.exists(), "nothing was released");
    assert_eq!(draw_by(draw), counter + 1, "the number is burned");
    let printed = print(&desk, letter(&desk, "whole")).unwrap();
    assert!(printed.serial.ends_with(&format!("-{:06}", counter + 1)));
    assert_eq!(registers(&desk).piece_count, before.piece_count + 1);
    journal_holds(&desk);
}

#[test]
fn a_symbol_that_does_not_read_back_burns_its_number() {
    let desk = Desk::new();
    let error = desk
        .station()
        .apply_blocking(|owner| {
            let counter = owner.enrolled()?.next_counter().unwrap();
            let fault = DraftFault::SelfRead(crate::printing::self_read::SelfReadFault::NoSymbol);
            Ok(owner.burn(counter, &fault))
        })
        .unwrap();
    assert_eq!(error.code, "self_read_failed");
    let view = print(&desk, letter(&desk, "a")).unwrap();
    assert_eq!(view.serial, "ZZ010000000042-000002");
    assert_eq!(registers(&desk).piece_count, 1);
    journal_holds(&desk);
}

#[test]
fn a_crash_before_the_first_byte_leaves_a_piece_that_can_be_sent_again() {
    let mut desk = Desk::new();
    paid_and_left(&desk, &[]);
    desk.restart();
    let serial = "ZZ010000000042-000001".to_owned();
    let out = letter(&desk, "again").out.unwrap();
    let view = piece(&desk, Call::SendAgain(SendAgainCall { serial, out })).unwrap();
    assert_eq!(view.state, PieceState::Printed);
    let png = std::fs::read(desk.path("again.png")).unwrap();
    let indicium = hex::decode(view.indicium_hex.unwrap()).unwrap();
    assert_eq!(symbols_in_file(&png).unwrap(), [indicium]);
    assert_eq!(registers(&desk).piece_count, 1, "the identical piece");
}

#[test]
fn a_crash_after_the_first_byte_leaves_a_piece_nobody_sends_again_by_itself() {
    for happenings in [
        &[Happening::FirstByte][..],
        &[Happening::FirstByte, Happening::AllSent],
    ] {
        let mut desk = Desk::new();
        paid_and_left(&desk, Box::leak(happenings.to_vec().into_boxed_slice()));
        desk.restart();
        assert_eq!(status(&desk).unknown_pieces, 1);
        let serial = "ZZ010000000042-000001";
        let out = letter(&desk, "again").out.unwrap();
        let again = SendAgainCall {
            serial: serial.into(),
            out,
        };
        let error = piece(&desk, Call::SendAgain(again.clone())).unwrap_err();
        assert_eq!(error.code, "piece_state");
        // The clerk looks at the paper and says that there is none.
        resolve(&desk, serial, PieceState::NotPrinted).unwrap();
        let view = piece(&desk, Call::SendAgain(again)).unwrap();
        assert_eq!(view.state, PieceState::Printed);
        journal_holds(&desk);
    }
}

#[test]
fn a_clerks_answer_ends_the_unknown_once() {
    let desk = Desk::new();
    paid_and_left(&desk, &[Happening::FirstByte, Happening::Lost]);
    let serial = "ZZ010000000042-000001";
    assert_eq!(
        resolve(&desk, serial, PieceState::Sent).unwrap_err().code,
        "bad_input"
    );
    let view = resolve(&desk, serial, PieceState::Printed).unwrap();
    assert_eq!(view.state, PieceState::Printed);
    assert_eq!(view.indicium_hex, None, "erased");
    let error = resolve(&desk, serial, PieceState::NotPrinted).unwrap_err();
    assert_eq!(error.code, "piece_state");
    let view = resolve(&desk, serial, PieceState::Spoiled).unwrap();
    assert_eq!(view.state, PieceState::Spoiled);
    let error = resolve(&desk, "ZZ010000000042-000009", PieceState::Printed).unwrap_err();
    assert_eq!(error.code, "unknown_piece");
    journal_holds(&desk);
}

/// Draws a label while the folder that it shall go to is taken away.
fn while_the_folder_goes(
    label: &LabelInputs,
    serial: shared::ids::PieceSerial,
    symbol: &Symbol,
) -> Result<(Label, BitImage), DraftFault> {
    if let Ok(mut goes) = GOES.lock()
        && let Some(folder) = goes.take()
    {
        drop(std::fs::remove_dir(folder));
    }
    draw(label, serial, symbol)
}

static GOES: std::sync::Mutex<Option<PathBuf>> = std::sync::Mutex::new(None);

#[test]
fn a_file_that_cannot_be_written_leaves_a_piece_that_can_be_sent_again() {
    let desk = Desk::new();
    let folder = desk.path("missing");
    std::fs::create_dir(&folder).unwrap();
    *GOES.lock().unwrap() = Some(folder);
    desk.station()
        .apply_blocking(|owner| {
            owner.draw_by(while_the_folder_goes);
            Ok(())
        })
        .unwrap();
    let mut asked = letter(&desk, "a");
    asked.out = Some(PrintOut::Files {
        pdf: Some(desk.path("missing/a.pdf").display().to_string()),
        png: None,
        escpos: None,
    });
    let view = print(&desk, asked.clone()).unwrap();
    assert_eq!(view.state, PieceState::NotPrinted);
    assert!(view.message.unwrap().contains("missing"));
    assert_eq!(view.indicium_hex, None, "it could be printed elsewhere");
    // A folder that is gone before the debit is refused, and nothing is debited.
    let pieces = registers(&desk).piece_count;
    assert_eq!(print(&desk, asked).unwrap_err().code, "bad_output");
    assert_eq!(registers(&desk).piece_count, pieces);
}

#[test]
fn a_piece_in_a_folder_says_where_it_is() {
    let desk = Desk::new();
    let mut asked = letter(&desk, "a");
    asked.out = Some(PrintOut::Folder { path: None });
    let view = print(&desk, asked).unwrap();
    let place = view.message.unwrap();
    assert!(
        place.ends_with("prints/ZZ010000000042-000001.pdf"),
        "{place}"
    );
    assert!(std::path::Path::new(&place).exists());
}

fn add_printer(desk: &Desk, address: &str, acknowledges: bool) {
    let printer = PrinterSetup {
        name: "counter".into(),
        model: "esc-pos".into(),
        port: PrinterPort::Tcp {
            address: address.into(),
        },
        dpi: 203,
        stock: "label-4x6".into(),
        acknowledges,
    };
    call(desk, Call::AddPrinter(AddPrinterCall { printer })).unwrap();
}

#[test]
fn a_printer_that_cannot_be_reached_is_refused_before_the_debit() {
    let desk = Desk::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap().to_string();
    drop(port);
    add_printer(&desk, &address, true);
    let mut asked = letter(&desk, "a");
    asked.out = Some(PrintOut::Printer {
        name: "counter".into(),
    });
    let error = print(&desk, asked).unwrap_err();
    assert_eq!(error.code, "printer_not_ready");
    assert_eq!(registers(&desk).piece_count, 0);
}

#[test]
fn a_printer_that_cannot_acknowledge_leaves_the_question_to_the_clerk() {
    let desk = Desk::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    add_printer(&desk, &port.local_addr().unwrap().to_string(), false);
    let printer = std::thread::spawn(move || {
        let (mut line, _) = port.accept().unwrap();
        let mut bytes = Vec::new();
        line.read_to_end(&mut bytes).unwrap_or_default();
        line.flush().ok();
        bytes.len()
    });
    let mut asked = letter(&desk, "a");
    asked.out = Some(PrintOut::Printer {
        name: "counter".into(),
    });
    let view = print(&desk, asked).unwrap();
    assert_eq!(view.state, PieceState::Unknown);
    assert!(printer.join().unwrap() > 1_000);
    assert_eq!(registers(&desk).piece_count, 1);
}

#[test]
fn a_printer_with_an_unknown_stock_or_name_is_refused() {
    let desk = Desk::new();
    for (name, stock, dpi) in [
        ("", "label-4x6", 203),
        ("a", "papyrus", 203),
        ("a", "label-4x6", 7),
    ] {
        let printer = PrinterSetup {
            name: name.into(),
            model: "esc-pos".into(),
            port: PrinterPort::Device { path: "x".into() },
            dpi,
            stock: stock.into(),
            acknowledges: false,
        };
        let error = call(&desk, Call::AddPrinter(AddPrinterCall { printer })).unwrap_err();
        assert_eq!(error.code, "bad_input");
    }
}

#[test]
fn a_store_copied_back_from_a_backup_does_not_start() {
    let mut desk = Desk::new();
    desk.station = None;
    let backup = desk.path("backup");
    std::fs::create_dir(&backup).unwrap();
    let files = [DATABASE.to_owned(), format!("{DATABASE}-wal")];
    for file in &files {
        std::fs::copy(desk.data().join(file), backup.join(file)).ok();
    }
    desk.start();
    print(&desk, letter(&desk, "a")).unwrap();
    desk.station = None;
    for file in files.iter().chain([&format!("{DATABASE}-shm")]) {
        std::fs::remove_file(desk.data().join(file)).ok();
        std::fs::copy(backup.join(file), desk.data().join(file)).ok();
    }
    let error = desk.try_start().map(drop).unwrap_err();
    assert_eq!(error.code, "store_rolled_back");
    assert_eq!(error.kind, ErrorKind::Damaged);
}

#[test]
fn a_store_without_its_key_keeps_its_journal_readable() {
    let mut desk = Desk::new();
    print(&desk, letter(&desk, "a")).unwrap();
    desk.station = None;
    std::fs::remove_file(desk.path("keys")).unwrap();
    let error = desk.try_start().map(drop).unwrap_err();
    assert_eq!(error.code, "secrets_missing");
    let db = crate::store::open_read_only(&desk.data()).unwrap();
    let report = crate::store::journal::verify(&db).unwrap();
    assert_eq!(report.records, 4);
    assert!(report.fault.is_none());
}

#[test]
fn a_station_that_is_not_enrolled_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let lock = crate::owner::FolderLock::take(folder.path())
        .unwrap()
        .unwrap();
    let station = Station::open(lock, Clock::told_by(|| START)).unwrap();
    let ask = |asked| runtime().block_on(station.call(asked));
    let View::Status(view) = ask(Call::Status).unwrap() else {
        panic!("not a status")
    };
    assert!(!view.enrolled && view.secrets.is_none());
    let print = PrintCall {
        quote: letter_quote(),
        out: Some(PrintOut::Folder { path: None }),
        ..PrintCall::default()
    };
    for asked in [
        Call::Quote(letter_quote()),
        Call::Preview(print.clone()),
        Call::Print(print),
    ] {
        assert_eq!(ask(asked).unwrap_err().code, "not_enrolled");
    }
}

#[test]
fn options_price_every_way_and_say_why_others_are_excluded() {
    let desk = Desk::new();
    let View::Options(view) = call(&desk, Call::Options(letter_quote())).unwrap() else {
        panic!("not options")
    };
    let priced = view.options.iter().filter(|way| way.quote.is_some());
    assert!(priced.count() >= 2);
    assert!(
        view.options
            .iter()
            .all(|way| way.quote.is_some() != way.excluded.is_some())
    );
}

#[test]
fn a_new_grant_signs_with_its_new_key() {
    let desk = Desk::new();
    let first = print(&desk, letter(&desk, "a")).unwrap();
    desk.refill(10_000);
    let second = print(&desk, letter(&desk, "b")).unwrap();
    assert_ne!(first.certificate_pem, second.certificate_pem);
    let after = registers(&desk);
    assert_eq!((after.control_total, after.ascending), (60_000, 1_560));
    journal_holds(&desk);
}
