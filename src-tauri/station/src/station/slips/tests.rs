use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::*;
use crate::api::{Call, PieceView, PrintOut, RefundCall, ResolveCall};
use crate::station::fixture::{Desk, call, letter, runtime};

fn slip(desk: &Desk, slip: Slip, out: Option<PrintOut>) -> Result<SlipView, UiError> {
    let View::Slip(view) = call(desk, Call::Slip(SlipCall { slip, out }))? else {
        panic!("no slip")
    };
    Ok(*view)
}

fn printed(desk: &Desk) -> PieceView {
    let View::Piece(view) = call(desk, Call::Print(letter(desk, "piece"))).unwrap() else {
        panic!("no piece")
    };
    *view
}

fn folder(desk: &Desk) -> PrintOut {
    PrintOut::Folder {
        path: Some(desk.path("slips").display().to_string()),
    }
}

#[test]
fn a_receipt_is_drawn_for_the_screen_and_written_as_a_file() {
    let desk = Desk::new();
    let serial = printed(&desk).serial;
    let receipt = || Slip::Receipt {
        serial: serial.clone(),
    };
    let drawn = slip(&desk, receipt(), None).unwrap();
    assert_eq!((drawn.slip.as_str(), drawn.dpi), ("receipt", 300));
    let written = slip(&desk, receipt(), Some(folder(&desk))).unwrap();
    let path = desk.path("slips").join(format!("receipt-{serial}.pdf"));
    assert_eq!(
        written.message,
        format!("Wrote the receipt to {}.", path.display())
    );
    assert!(std::fs::read(path).unwrap().starts_with(b"%PDF-"));
    let files = PrintOut::Files {
        pdf: None,
        png: Some(desk.path("receipt.png").display().to_string()),
        escpos: Some(desk.path("receipt.escpos").display().to_string()),
    };
    let view = slip(&desk, receipt(), Some(files)).unwrap();
    let shown = BASE64.decode(view.png_base64).unwrap();
    assert_eq!(std::fs::read(desk.path("receipt.png")).unwrap(), shown);
    assert!(
        std::fs::metadata(desk.path("receipt.escpos"))
            .unwrap()
            .len()
            > 1_000
    );
}

#[test]
fn a_refund_slip_needs_a_claim() {
    let desk = Desk::new();
    let serial = printed(&desk).serial;
    let refund = || Slip::Refund {
        serial: serial.clone(),
    };
    assert_eq!(slip(&desk, refund(), None).unwrap_err().code, "no_claim");
    let answer = PieceState::Spoiled;
    let spoiled = Call::Resolve(ResolveCall {
        serial: serial.clone(),
        answer,
    });
    call(&desk, spoiled).unwrap();
    let claim = RefundCall {
        serial: serial.clone(),
    };
    desk.station()
        .apply_blocking(move |owner| crate::services::refunds::ask(owner, &claim))
        .unwrap();
    assert_eq!(slip(&desk, refund(), None).unwrap().slip, "refund slip");
    let receipt = Slip::Receipt { serial };
    assert_eq!(slip(&desk, receipt, None).unwrap_err().code, "piece_state");
}

#[test]
fn a_day_ends_with_what_was_printed_on_it() {
    let desk = Desk::new();
    printed(&desk);
    printed(&desk);
    let counted = runtime().block_on(desk.station().counted_on(None)).unwrap();
    let face = desk
        .station()
        .apply_blocking(move |owner| owner.day_end_face(&counted))
        .unwrap();
    assert_eq!(face.lines.len(), 1);
    assert_eq!(face.lines[0].kind, "First-Class letter");
    assert_eq!((face.total.pieces, face.total.postage.mills()), (2, 1_560));
    assert_eq!(face.control_total.mills(), 50_000);
    assert!(face.holds);
    let empty = Slip::DayEnd {
        day: Some("2026-01-05".to_owned()),
    };
    let view = slip(&desk, empty, Some(folder(&desk))).unwrap();
    assert!(
        view.message.ends_with("day-end-2026-01-05.pdf."),
        "{}",
        view.message
    );
    let wrong = Slip::DayEnd {
        day: Some("yesterday".to_owned()),
    };
    assert_eq!(slip(&desk, wrong, None).unwrap_err().code, "bad_input");
}

#[test]
fn an_address_label_takes_a_barcode_and_refuses_what_is_none() {
    let desk = Desk::new();
    let address = |text: &str, barcode: Option<&str>| Slip::Address {
        text: text.to_owned(),
        barcode: barcode.map(str::to_owned),
    };
    let lines = "Ada Lovelace\n1 Beacon St\nBoston MA 02108";
    let digits = "01 234 567094 987654321 01234567891";
    let code = |one| slip(&desk, one, None).map(|view| view.slip);
    assert_eq!(code(address(lines, Some(digits))).unwrap(), "address label");
    let refused = |one| code(one).unwrap_err().code;
    assert_eq!(refused(address(lines, Some("012345"))), "not_a_barcode");
    assert_eq!(
        refused(address(lines, Some("0123456709498765432x"))),
        "not_a_barcode"
    );
    assert_eq!(refused(address(" \n ", None)), "bad_input");
    assert_eq!(refused(address("東京都", None)), "not_in_font");
    assert_eq!(refused(address(&"W".repeat(80), None)), "text_too_long");
}
