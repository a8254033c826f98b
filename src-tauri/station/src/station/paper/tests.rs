use std::io::Read as _;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::fixture::{Desk, call, letter, paid_and_left, piece, runtime};
use crate::api::{
    AddPrinterCall, Call, PictureCall, PieceState, PrintCall, PrintOut, PrinterPort, PrinterSetup,
    RemovePrinterCall, ResolveCall, SendAgainCall, TestPrinterCall, View,
};
use crate::printing::bits::BitImage;
use crate::printing::label::Label;
use crate::printing::read::symbols_in_file;
use crate::printing::symbol::Symbol;
use crate::vault::draft::{DraftFault, LabelInputs, draw};
use crate::vault::piece::Happening;

const SERIAL: &str = "ZZ010000000042-000001";

fn on_printer(desk: &Desk, name: &str, key: Option<&str>) -> PrintCall {
    PrintCall {
        out: Some(PrintOut::Printer { name: name.into() }),
        job_key: key.map(str::to_owned),
        ..letter(desk, "a")
    }
}

fn pieces_paid(desk: &Desk) -> u64 {
    let View::Status(status) = call(desk, Call::Status).unwrap() else {
        panic!("not a status")
    };
    status.registers.piece_count
}

/// A printer that proves nothing, behind this port.
fn add(desk: &Desk, name: &str, model: &str, stock: &str, port: PrinterPort) {
    let printer = PrinterSetup {
        name: name.into(),
        model: model.into(),
        port,
        dpi: if model.starts_with("dymo") { 300 } else { 203 },
        stock: stock.into(),
        acknowledges: false,
    };
    call(desk, Call::AddPrinter(AddPrinterCall { printer })).unwrap();
}

/// Takes everything and says nothing; answers with the number of lines it took, one after the other.
fn mute() -> (PrinterPort, std::sync::Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let lines = std::sync::Arc::new(AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&lines);
    std::thread::spawn(move || {
        for mut line in listener.incoming().map_while(Result::ok) {
            counted.fetch_add(1, Ordering::SeqCst);
            std::io::copy(&mut line, &mut std::io::sink()).ok();
        }
    });
    (PrinterPort::Tcp { address }, lines)
}

#[test]
fn an_unknown_piece_is_shown_with_a_dummy_symbol_also_after_a_restart() {
    let mut desk = Desk::new();
    paid_and_left(&desk, &[Happening::FirstByte]);
    desk.restart();
    let serial = SERIAL.to_owned();
    let shown = Call::Picture(PictureCall { serial });
    let View::Picture(view) = call(&desk, shown.clone()).unwrap() else {
        panic!("not a picture")
    };
    assert_eq!(view.pictured, SERIAL);
    assert!((view.width_mm - 101.6).abs() < 0.01, "{}", view.width_mm);
    let picture = {
        use base64::Engine as _;
        let standard = base64::engine::general_purpose::STANDARD;
        standard.decode(view.png_base64).unwrap()
    };
    let row = desk.station().apply_blocking(|owner| {
        let row = owner.piece(SERIAL)?;
        Ok(owner.inputs(&row)?.unwrap().indicium.clone())
    });
    let shown_symbols = symbols_in_file(&picture).unwrap_or_default();
    assert!(!shown_symbols.contains(&row.unwrap()), "free postage");
    // Once it is settled there is nothing left to draw.
    let (serial, answer) = (SERIAL.to_owned(), PieceState::Printed);
    piece(&desk, Call::Resolve(ResolveCall { serial, answer })).unwrap();
    assert_eq!(call(&desk, shown).unwrap_err().code, "piece_state");
}

#[test]
fn a_piece_that_is_called_spoiled_is_claimed_back_by_that_word() {
    let desk = Desk::new();
    paid_and_left(&desk, &[Happening::FirstByte, Happening::Lost]);
    let (serial, answer) = (SERIAL.to_owned(), PieceState::Spoiled);
    let view = piece(&desk, Call::Resolve(ResolveCall { serial, answer })).unwrap();
    assert_eq!(view.state, PieceState::Spoiled);
    assert_eq!(view.refund.unwrap().state, "asked");
    let size = desk.station().apply_blocking(|owner| {
        let claim = owner.store().refund(1)?.unwrap();
        Ok((claim.journal_size, owner.store().mark().journal_size))
    });
    let (claimed, all) = size.unwrap();
    assert_eq!(claimed, all, "the claim waits until the answer is mirrored");
}

#[test]
fn a_test_page_costs_nothing_and_names_what_to_look_for() {
    let desk = Desk::new();
    let (port, lines) = mute();
    add(&desk, "mute", "esc-pos", "label-4x6", port);
    let name = "mute".to_owned();
    let tested = call(&desk, Call::TestPrinter(TestPrinterCall { name })).unwrap();
    let View::TestPage(view) = tested else {
        panic!("not a test page")
    };
    assert!(!view.proved && view.look.contains("ruler"));
    assert_eq!((lines.load(Ordering::SeqCst), pieces_paid(&desk)), (1, 0));
    let name = "gone".to_owned();
    let error = call(&desk, Call::TestPrinter(TestPrinterCall { name })).unwrap_err();
    assert_eq!(error.code, "unknown_printer");
}

#[test]
fn a_job_for_a_removed_printer_is_refused_before_the_debit() {
    let desk = Desk::new();
    let (port, lines) = mute();
    add(&desk, "mute", "esc-pos", "label-4x6", port);
    let name = "mute".to_owned();
    call(&desk, Call::RemovePrinter(RemovePrinterCall { name })).unwrap();
    let asked = Call::Print(on_printer(&desk, "mute", None));
    assert_eq!(piece(&desk, asked).unwrap_err().code, "unknown_printer");
    assert_eq!((lines.load(Ordering::SeqCst), pieces_paid(&desk)), (0, 0));
}

#[test]
fn a_piece_is_not_sent_again_to_a_printer_with_another_paper_or_head() {
    let desk = Desk::new();
    paid_and_left(&desk, &[Happening::NoInk]);
    let (port, _) = mute();
    add(&desk, "mute", "esc-pos", "label-4x6", port);
    let again = |out| {
        let serial = SERIAL.to_owned();
        piece(&desk, Call::SendAgain(SendAgainCall { serial, out }))
    };
    let name = "mute".to_owned();
    let error = again(PrintOut::Printer { name }).unwrap_err();
    assert_eq!(error.code, "other_paper");
    assert!(
        error.message.contains("label-4x6 at 300 dpi")
            && error.message.contains("label-4x6 at 203 dpi"),
        "{}",
        error.message
    );
    // It is as it was, and goes into a file.
    let view = again(letter(&desk, "again").out.unwrap()).unwrap();
    assert_eq!(view.state, PieceState::Printed);
}

/// A label with a dot at its left edge, where the head of a LabelWriter does not reach.
fn beside_the_head(
    inputs: &LabelInputs,
    serial: shared::ids::PieceSerial,
    symbol: &Symbol,
) -> Result<(Label, BitImage), DraftFault> {
    let (label, mut image) = draw(inputs, serial, symbol)?;
    image.set(0, 0, true);
    Ok((label, image))
}

#[test]
fn a_label_that_its_printer_cannot_print_is_refused_before_the_debit() {
    let desk = Desk::new();
    let (port, _) = mute();
    add(&desk, "narrow", "dymo-lw-450", "roll-62", port);
    let draw_by = |drawing| {
        let drawn = desk.station().apply_blocking(move |owner| {
            owner.draw_by(drawing);
            Ok(())
        });
        drawn.unwrap();
    };
    draw_by(beside_the_head);
    let asked = Call::Print(on_printer(&desk, "narrow", None));
    let error = piece(&desk, asked.clone()).unwrap_err();
    assert_eq!(error.code, "not_drawn");
    assert!(
        error.message.contains("wider than the 672 dots"),
        "{}",
        error.message
    );
    assert_eq!(pieces_paid(&desk), 0);
    draw_by(draw);
    assert_eq!(piece(&desk, asked).unwrap().state, PieceState::Unknown);
}

/// A label that no receipt printer of which nothing is known can print: under each shift one of its
/// last rows holds a status request. One that takes bands wherever they begin can.
fn commanding(
    inputs: &LabelInputs,
    serial: shared::ids::PieceSerial,
    symbol: &Symbol,
) -> Result<(Label, BitImage), DraftFault> {
    let (label, mut image) = draw(inputs, serial, symbol)?;
    let bottom = image.height() - 16;
    for row in 0..8 {
        for place in [3, 13] {
            image.set(40 + row + place, bottom + row, true);
        }
    }
    Ok((label, image))
}

#[test]
fn a_label_whose_bytes_would_be_commands_is_refused_before_the_debit_also_in_a_file() {
    let desk = Desk::new();
    let (port, _) = mute();
    add(&desk, "any", "esc-pos", "label-4x6", port);
    let drawn = desk.station().apply_blocking(|owner| {
        owner.draw_by(commanding);
        Ok(())
    });
    drawn.unwrap();
    let path = |name: &str| Some(desk.path(name).display().to_string());
    let printer = PrintOut::Printer { name: "any".into() };
    let files = PrintOut::Files {
        pdf: None,
        png: None,
        escpos: path("label.escpos"),
    };
    for out in [printer, files] {
        let asked = PrintCall {
            out: Some(out),
            ..letter(&desk, "commanding")
        };
        let error = piece(&desk, Call::Print(asked)).unwrap_err();
        assert_eq!(error.code, "not_drawn");
        assert!(error.message.contains("commands"), "{}", error.message);
        assert_eq!(pieces_paid(&desk), 0);
    }
    // A picture is no bytes for a printer.
    let png = PrintOut::Files {
        pdf: None,
        png: path("label.png"),
        escpos: None,
    };
    let asked = PrintCall {
        out: Some(png),
        ..letter(&desk, "commanding")
    };
    let view = piece(&desk, Call::Print(asked)).unwrap();
    assert_eq!(view.state, PieceState::Printed);
}

#[test]
fn a_printer_that_is_unplugged_is_named_before_the_debit() {
    let desk = Desk::new();
    // Nobody listens there.
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    for (model, stock) in [
        ("esc-pos", "label-4x6"),
        ("zpl", "label-4x6"),
        ("zebra-lp2844", "label-4x6"),
        ("tsc-te210", "label-4x6"),
        ("dymo-lw-450", "roll-62"),
    ] {
        let port = PrinterPort::Tcp {
            address: address.clone(),
        };
        add(&desk, "gone", model, stock, port);
        let asked = Call::Print(on_printer(&desk, "gone", None));
        let error = piece(&desk, asked).unwrap_err();
        assert_eq!(error.code, "printer_not_ready");
        assert!(error.message.contains(&address), "{}", error.message);
        assert_eq!(pieces_paid(&desk), 0, "{model}");
    }
}

/// Takes everything and answers as a printer whose paper is nearly at its end; it sends no tags.
fn nearly_out() -> PrinterPort {
    use std::io::Write as _;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut line in listener.incoming().map_while(Result::ok) {
            let mut last = [0; 3];
            let mut byte = [0];
            while let Ok(1) = line.read(&mut byte) {
                last.rotate_left(1);
                last[2] = byte[0];
                let answer = match last {
                    [0x10, 0x04, 4] => 0x1E,
                    [0x10, 0x04, _] => 0x12,
                    _ => continue,
                };
                line.write_all(&[answer]).ok();
            }
        }
    });
    PrinterPort::Tcp { address }
}

#[test]
fn of_a_roll_that_is_nearly_at_its_end_no_more_is_used_than_its_reserve_whoever_prints() {
    let mut desk = Desk::new();
    add(&desk, "roll", "esc-pos", "label-4x6", nearly_out());
    // A metre holds six labels of six inches; each is printed by another program.
    for label in 0..6 {
        let asked = Call::Print(on_printer(&desk, "roll", None));
        let view = piece(&desk, asked).unwrap();
        assert_eq!(view.state, PieceState::Unknown, "label {label}");
        desk.restart();
    }
    let asked = Call::Print(on_printer(&desk, "roll", None));
    let error = piece(&desk, asked).unwrap_err();
    assert_eq!(error.code, "printer_not_ready");
    assert!(error.message.contains("too near for this label"));
    assert_eq!(pieces_paid(&desk), 6);
}

/// How often a label was drawn.
static DRAWN: AtomicUsize = AtomicUsize::new(0);

/// Draws another label from the second time on.
fn otherwise_later(
    inputs: &LabelInputs,
    serial: shared::ids::PieceSerial,
    symbol: &Symbol,
) -> Result<(Label, BitImage), DraftFault> {
    let (label, mut image) = draw(inputs, serial, symbol)?;
    if DRAWN.fetch_add(1, Ordering::SeqCst) > 0 {
        image.set(0, 0, true);
    }
    Ok((label, image))
}

#[test]
fn a_label_that_comes_out_otherwise_than_it_was_committed_is_not_sent_and_not_under_way() {
    let desk = Desk::new();
    let (port, _) = mute();
    add(&desk, "mute", "esc-pos", "label-4x6", port);
    let drawn = desk.station().apply_blocking(|owner| {
        owner.draw_by(otherwise_later);
        Ok(())
    });
    drawn.unwrap();
    let asked = Call::Print(on_printer(&desk, "mute", None));
    assert_eq!(piece(&desk, asked).unwrap_err().code, "raster_differs");
    let row = desk.station().apply_blocking(|owner| owner.piece(SERIAL));
    let row = row.unwrap();
    assert_eq!(row.state, PieceState::NotPrinted);
    assert!(row.message.unwrap().contains("does not come out"));
}

#[test]
fn a_second_click_answers_with_the_piece_and_opens_no_line() {
    let desk = Desk::new();
    let (port, lines) = mute();
    add(&desk, "mute", "esc-pos", "label-4x6", port);
    let asked = Call::Print(on_printer(&desk, "mute", Some("one-click")));
    let first = piece(&desk, asked.clone()).unwrap();
    let second = piece(&desk, asked).unwrap();
    assert_eq!(first.serial, second.serial);
    assert_eq!((lines.load(Ordering::SeqCst), pieces_paid(&desk)), (1, 1));
}

#[test]
fn of_two_pieces_for_one_device_the_second_waits_for_the_first() {
    let desk = Desk::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    // Two names for one device.
    for name in ["one", "other"] {
        let address = address.clone();
        add(
            &desk,
            name,
            "esc-pos",
            "label-4x6",
            PrinterPort::Tcp { address },
        );
    }
    let printer = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut line, _) = listener.accept().unwrap();
            let mut first = [0];
            line.read_exact(&mut first).unwrap();
            // While this line is open another one would be waiting by now.
            std::thread::sleep(std::time::Duration::from_millis(100));
            listener.set_nonblocking(true).unwrap();
            assert!(
                listener.accept().is_err(),
                "two lines to one device at once"
            );
            listener.set_nonblocking(false).unwrap();
            std::io::copy(&mut line, &mut std::io::sink()).unwrap();
        }
    });
    let station = desk.station();
    let calls =
        ["one", "other"].map(|name| station.call(Call::Print(on_printer(&desk, name, None))));
    let [one, other] = calls;
    let ended = runtime().block_on(async { tokio::join!(one, other) });
    assert!(ended.0.is_ok() && ended.1.is_ok());
    printer.join().unwrap();
    assert_eq!(pieces_paid(&desk), 2);
}

#[test]
fn what_cannot_be_set_on_its_label_is_refused_before_the_debit() {
    let desk = Desk::new();
    let wide = "W".repeat(80);
    for (to, code, said) in [
        (
            "Minnie Ellsworth\n東京都",
            "not_in_font",
            "Line 2 of the addressee has the character 東 (U+6771), which is in no font of labels.",
        ),
        (
            &wide,
            "text_too_long",
            "Line 1 of the addressee does not fit on the label 4×6 in.",
        ),
    ] {
        let asked = || PrintCall {
            to_address: Some(to.to_owned()),
            ..letter(&desk, "a")
        };
        for asked in [Call::Print(asked()), Call::Preview(asked())] {
            let error = call(&desk, asked).unwrap_err();
            assert_eq!(error.code, code);
            assert!(error.message.starts_with(said), "{}", error.message);
        }
    }
    assert_eq!(pieces_paid(&desk), 0);
}
