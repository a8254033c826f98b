use super::*;
use crate::api::{Call, PieceView, PrintOut, SendAgainCall, View};
use crate::printing::read::symbols_in_file;
use crate::station::fixture::{Desk, call, letter};
use crate::store::pieces::PieceRow;

fn chosen(desk: &Desk, art: SetOfficeArtCall) -> Result<OfficeArtView, UiError> {
    let View::OfficeArt(view) = call(desk, Call::SetOfficeArt(art))? else {
        panic!("no office art")
    };
    Ok(view)
}

fn slogan(text: &str) -> SetOfficeArtCall {
    SetOfficeArtCall {
        slogan: Some(text.to_owned()),
        ..SetOfficeArtCall::default()
    }
}

/// A PNG of a grey square.
fn picture() -> String {
    let grey = image::GrayImage::from_pixel(80, 60, image::Luma([90]));
    let mut file = std::io::Cursor::new(Vec::new());
    grey.write_to(&mut file, image::ImageFormat::Png).unwrap();
    BASE64.encode(file.get_ref())
}

fn kept_names(desk: &Desk) -> i64 {
    desk.station()
        .apply_blocking(|owner| {
            let count = owner.store().sql().query_row(
                "SELECT count(*) FROM settings WHERE name LIKE 'office-art-%'",
                [],
                |row| row.get(0),
            );
            Ok(count.unwrap())
        })
        .unwrap()
}

#[test]
fn art_is_chosen_part_by_part_and_survives_a_restart() {
    let mut desk = Desk::new();
    let logo = SetOfficeArtCall {
        logo_png_base64: Some(picture()),
        ..slogan("Seeds since 1911")
    };
    let view = chosen(&desk, logo).unwrap();
    assert!(view.logo_png_base64.is_some() && view.slogan == "Seeds since 1911");
    let message = SetOfficeArtCall {
        message: Some("  Personal ".to_owned()),
        ..SetOfficeArtCall::default()
    };
    assert_eq!(chosen(&desk, message).unwrap().message, "Personal");
    desk.restart();
    let Ok(View::OfficeArt(view)) = call(&desk, Call::OfficeArt) else {
        panic!("there is art");
    };
    assert!(view.logo_png_base64.is_some());
    assert_eq!(
        (view.slogan.as_str(), view.message.as_str()),
        ("Seeds since 1911", "Personal")
    );
    assert_eq!(kept_names(&desk), 1, "earlier art is not kept for nobody");
    let nothing = SetOfficeArtCall {
        remove_logo: true,
        message: Some(String::new()),
        ..slogan("")
    };
    assert_eq!(chosen(&desk, nothing).unwrap().logo_png_base64, None);
    assert_eq!(kept_names(&desk), 0);
}

#[test]
fn what_cannot_be_art_changes_nothing() {
    let desk = Desk::new();
    chosen(&desk, slogan("Seeds since 1911")).unwrap();
    let bad_logo = |text: &str| SetOfficeArtCall {
        logo_png_base64: Some(text.to_owned()),
        ..slogan("Other")
    };
    let long = "m".repeat(MAX_SLOGAN_CHARS + 1);
    for bad in [
        bad_logo("no base64"),
        bad_logo(&BASE64.encode("no PNG")),
        slogan(&long),
        slogan("種子"),
        slogan(&"W".repeat(MAX_SLOGAN_CHARS)),
    ] {
        assert_eq!(chosen(&desk, bad).unwrap_err().code, "no_art");
    }
    let Ok(View::OfficeArt(view)) = call(&desk, Call::OfficeArt) else {
        panic!("there is art");
    };
    assert_eq!(view.slogan, "Seeds since 1911");
}

/// Pays for a piece that does not leave.
fn paid(desk: &Desk) -> PieceRow {
    let letter = letter(desk, "art");
    desk.station()
        .apply_blocking(move |owner| {
            let paper = crate::station::orders::Paper::of_files();
            let (order, _) = owner.order(&letter, &paper)?;
            owner.pay(&order, None).map(|(row, _)| row)
        })
        .unwrap()
}

fn sent_again(desk: &Desk, name: &str, row: &PieceRow) -> Result<PieceView, UiError> {
    let serial = format!("ZZ010000000042-{:06}", row.counter);
    let out = PrintOut::Files {
        pdf: None,
        png: Some(desk.path(name).display().to_string()),
        escpos: None,
    };
    let View::Piece(view) = call(desk, Call::SendAgain(SendAgainCall { serial, out }))? else {
        panic!("no piece")
    };
    Ok(*view)
}

#[test]
fn a_piece_is_drawn_again_with_the_art_it_was_paid_with() {
    let mut desk = Desk::new();
    chosen(&desk, slogan("Seeds since 1911")).unwrap();
    let row = paid(&desk);
    chosen(&desk, slogan("Bulbs since 1912")).unwrap();
    assert_eq!(
        kept_names(&desk),
        2,
        "the piece still needs the earlier art"
    );
    desk.restart();
    let view = sent_again(&desk, "again.png", &row).unwrap();
    assert_eq!(view.state, PieceState::Printed);
    let png = std::fs::read(desk.path("again.png")).unwrap();
    let indicium = hex::decode(view.indicium_hex.unwrap()).unwrap();
    assert_eq!(symbols_in_file(&png).unwrap(), [indicium]);
    chosen(&desk, slogan("Trees since 1913")).unwrap();
    assert_eq!(kept_names(&desk), 1, "nobody needs the others any more");
}
