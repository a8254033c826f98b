use std::ops::Range;

use super::*;
use crate::printing::bits::BitImage;
use crate::printing::label::{Align, Text};
use crate::printing::layout::samples::{PIECE_BYTES, art, piece_face, piece_symbol};
use crate::printing::raster::{module_dots, raster};
use crate::printing::self_read::self_read;
use crate::printing::{fonts, symbol};

const RESOLUTIONS: [Dpi; 3] = [Dpi::D203, Dpi::D300, Dpi::D600];

/// Everything as wide and as much as the station makes it.
fn widest() -> IndiciumFace {
    IndiciumFace {
        postage: Mills::new(16_777_215).unwrap(),
        class_marking: "USPS GROUND ADVANTAGE - CUBIC".to_owned(),
        rate_marking: "Metered nonmachinable parcel to Bosnia, 69 lb 15.9 oz".to_owned(),
        zone: Some(ZoneMark {
            zone: 8,
            estimated: true,
        }),
        serial: PieceSerial {
            counter: u32::MAX,
            ..piece_face().serial
        },
        to: vec!["Minnie Ellsworth Wellington-Smythe".to_owned(); 6],
        from: vec!["The return department of a company".to_owned(); 4],
        reference: "Cost centre 4711 of the northern region".to_owned(),
        ..piece_face()
    }
}

fn try_label(face: &IndiciumFace, stock: Stock, dpi: Dpi) -> Result<Label, LayoutRefusal> {
    indicium_label(face, Some(&art()), &piece_symbol(), stock, dpi)
}

fn label(face: &IndiciumFace, stock: Stock, dpi: Dpi) -> Label {
    try_label(face, stock, dpi).unwrap_or_else(|refusal| panic!("{dpi:?}: {refusal}"))
}

/// The stocks that pieces are printed on.
fn stocks() -> impl Iterator<Item = (Stock, PiecePlaces)> {
    Stock::all()
        .iter()
        .filter_map(|stock| Some((*stock, stock.piece?)))
}

fn stock(name: &str) -> Stock {
    Stock::by_name(name).unwrap()
}

fn matrix(label: &Label) -> &Matrix {
    label
        .items()
        .iter()
        .find_map(|item| match item {
            Item::Matrix(matrix) => Some(matrix),
            Item::Text(_) | Item::Bars(_) | Item::Rect(_) | Item::Image(_) => None,
        })
        .unwrap()
}

#[test]
fn every_stock_has_a_name_of_its_own_and_legal_sides() {
    for stock in Stock::all() {
        assert_eq!(Stock::by_name(stock.name), Some(*stock));
        assert!(
            Label::new(stock.width, stock.height).is_ok(),
            "{}",
            stock.name
        );
        assert!(stock.products().count() > 0, "{}", stock.name);
    }
    assert_eq!(Stock::by_name("label-9x9"), None);
}

#[test]
fn the_label_says_what_the_postal_rules_ask_for() {
    let zoned = IndiciumFace {
        zone: Some(ZoneMark {
            zone: 5,
            estimated: true,
        }),
        ..piece_face()
    };
    let label = label(&zoned, stock("label-4x6"), Dpi::D300);
    let lines: Vec<&str> = label.lines().collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    U.S. POSTAGE
    $0.785
    FIRST-CLASS MAIL
    Metered letter, 0.9 oz
    Zone 5 (estimated)
    Nov 22, 2026
    Mailed from ZIP 78701
    ZZ010000000042-000007
    SPECIMEN - NOT VALID FOR POSTAGE
    FROM
    Longhorn Seed Co
    100 Congress Ave
    Austin TX 78701
    TO
    Minnie Ellsworth
    12 N Main St Apt 4
    Boise ID 83702-5841
    Seeds that
    grow since
    1911
    Personal - by
    hand only
    Pennyblack
    Cost centre 4711
    ");
}

#[test]
fn a_piece_of_value_does_not_call_itself_a_specimen() {
    let live = IndiciumFace {
        specimen: false,
        ..piece_face()
    };
    for (stock, _) in stocks() {
        let said = |face: &IndiciumFace| {
            label(face, stock, Dpi::D300)
                .lines()
                .any(|line| line.contains("SPECIMEN"))
        };
        assert!(!said(&live) && said(&piece_face()), "{}", stock.name);
    }
}

#[test]
fn a_specimen_says_so_in_letters_people_can_read() {
    for (stock, _) in stocks() {
        let label = label(&piece_face(), stock, Dpi::D300);
        let size = label.items().iter().find_map(|item| match item {
            Item::Text(Text { size, text, .. }) if text == SPECIMEN => Some(*size),
            Item::Text(_) | Item::Matrix(_) | Item::Bars(_) | Item::Rect(_) | Item::Image(_) => {
                None
            }
        });
        assert!(size.unwrap() >= Um::tenth_points(60), "{}", stock.name);
    }
}

#[test]
fn the_fullest_piece_reads_back_on_every_stock_at_every_resolution() {
    for (stock, _) in stocks() {
        for dpi in RESOLUTIONS {
            let image = raster(&label(&widest(), stock, dpi), dpi);
            assert_eq!(
                self_read(&image, &PIECE_BYTES),
                Ok(()),
                "{} {dpi:?}",
                stock.name
            );
        }
    }
}

#[test]
fn thirty_dots_around_the_symbol_stay_white_at_300_dpi() {
    for (stock, _) in stocks() {
        for face in [piece_face(), widest()] {
            let label = label(&face, stock, Dpi::D300);
            let (image, matrix) = (raster(&label, Dpi::D300), matrix(&label));
            let side = matrix.symbol.side() * module_dots(matrix.module, Dpi::D300);
            let (x, y) = (Dpi::D300.dots(matrix.at.x), Dpi::D300.dots(matrix.at.y));
            assert!(x + side + 30 <= image.width(), "{}", stock.name);
            let symbol = blacks(&image, x..x + side, y..y + side);
            let around = blacks(&image, x - 30..x + side + 30, y - 30..y + side + 30);
            assert_eq!(symbol, around, "{}", stock.name);
        }
    }
}

fn blacks(image: &BitImage, columns: Range<usize>, rows: Range<usize>) -> usize {
    rows.map(|y| columns.clone().filter(|&x| image.black(x, y)).count())
        .sum()
}

#[test]
fn the_half_inch_below_and_left_of_the_indicium_stays_clear_of_everything() {
    for (stock, places) in stocks() {
        let image = raster(&label(&widest(), stock, Dpi::D300), Dpi::D300);
        let dots = |length| Dpi::D300.dots(length);
        let left = dots(places.indicium.left);
        let zone = ClearZone::of(&places, stock.width);
        let block = dots(places.indicium.bottom);
        let end = image.height().min(dots(zone.bottom()));
        let beside = blacks(&image, dots(zone.left())..left - 2, 0..block);
        let below = blacks(&image, left..image.width(), block..end);
        assert_eq!((beside, below), (0, 0), "{}", stock.name);
    }
}

#[test]
fn no_line_of_text_leaves_the_paper() {
    for (stock, _) in stocks() {
        for item in label(&widest(), stock, Dpi::D300).items() {
            if let Item::Text(text) = item {
                let width = fonts::width(text.face, text.size, &text.text);
                let (left, right) = match text.align {
                    Align::Left => (text.at.x, text.at.x + width),
                    Align::Center => (text.at.x - Um(width.0 / 2), text.at.x + Um(width.0 / 2)),
                    Align::Right => (text.at.x - width, text.at.x),
                };
                let inside = left >= Um::mm(2) && right <= stock.width - Um::mm(2);
                assert!(inside, "{}: {}", stock.name, text.text);
                assert!(text.at.y < stock.height - Um::mm(2), "{}", text.text);
            }
        }
    }
}

#[test]
fn a_picture_shifted_by_a_printer_language_stays_on_the_paper() {
    for (stock, _) in stocks() {
        let image = raster(&label(&widest(), stock, Dpi::D300), Dpi::D300);
        let last = image.width() - 8;
        assert_eq!(
            blacks(&image, last..image.width(), 0..image.height()),
            0,
            "{}",
            stock.name
        );
    }
}

#[test]
fn a_preview_differs_from_the_paper_in_the_symbol_only() {
    let stock = stock("label-4x6");
    let symbols = [
        symbol::encode(&[0xA5; 142]).unwrap(),
        symbol::dummy(142).unwrap(),
    ];
    let [real, preview] = symbols
        .map(|symbol| indicium_label(&piece_face(), None, &symbol, stock, Dpi::D300).unwrap());
    let differing: Vec<_> = real
        .items()
        .iter()
        .zip(preview.items())
        .filter(|(real, preview)| real != preview)
        .collect();
    assert_eq!(real.items().len(), preview.items().len());
    assert!(matches!(
        differing.as_slice(),
        [(Item::Matrix(_), Item::Matrix(_))]
    ));
}

#[test]
fn each_text_that_does_not_fit_is_refused_by_its_own_name() {
    let long = "W".repeat(80);
    let refused = |face: IndiciumFace| {
        let refusal = try_label(&face, stock("roll-62"), Dpi::D203).unwrap_err();
        refusal.to_string()
    };
    let mut to = piece_face().to;
    to[1].clone_from(&long);
    let cases = [
        (
            IndiciumFace { to, ..piece_face() },
            "line 2 of the addressee does not fit on the roll 62 mm",
        ),
        (
            IndiciumFace {
                class_marking: long.clone(),
                ..piece_face()
            },
            "the class marking does not fit on the roll 62 mm",
        ),
        (
            IndiciumFace {
                rate_marking: long.clone(),
                ..piece_face()
            },
            "the rate marking does not fit on the roll 62 mm",
        ),
        (
            IndiciumFace {
                reference: long,
                ..piece_face()
            },
            "the reference does not fit on the roll 62 mm",
        ),
        (
            IndiciumFace {
                to: vec!["a line".to_owned(); 11],
                ..piece_face()
            },
            "line 10 of the addressee does not fit on the roll 62 mm",
        ),
        (
            IndiciumFace {
                reference: "Straße 東".to_owned(),
                ..piece_face()
            },
            "the reference has the character 東 (U+6771), which is in no font of labels",
        ),
    ];
    for (face, sentence) in cases {
        assert_eq!(refused(face), sentence);
    }
}

#[test]
fn what_is_refused_at_203_dpi_may_fit_a_finer_head() {
    let face = IndiciumFace {
        to: vec!["Minnie Ellsworth Wellington-Smythe of the Upper Office".to_owned()],
        ..piece_face()
    };
    assert!(try_label(&face, stock("roll-62"), Dpi::D203).is_err());
    assert!(try_label(&face, stock("roll-62"), Dpi::D600).is_ok());
}

#[test]
fn nothing_of_value_is_printed_on_ticket_stock() {
    let refusal = try_label(&piece_face(), stock("ticket-2x5-5"), Dpi::D300).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "postage is not printed on the ticket 2×5 1/2 in"
    );
}

#[test]
fn a_piece_is_printed_without_its_art_where_the_addressee_needs_the_room() {
    let full = IndiciumFace {
        to: vec!["Minnie Ellsworth".to_owned(); 7],
        ..piece_face()
    };
    let has_art = |face: &IndiciumFace| {
        let label = label(face, stock("roll-62"), Dpi::D203);
        let mut items = label.items().iter();
        items.any(|item| matches!(item, Item::Image(_)))
    };
    assert!(has_art(&piece_face()));
    assert!(!has_art(&full));
}
