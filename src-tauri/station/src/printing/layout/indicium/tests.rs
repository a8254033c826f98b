use std::ops::Range;

use jiff::civil::date;
use shared::ids::PsdId;

use super::*;
use crate::printing::bits::BitImage;
use crate::printing::label::{Align, Text};
use crate::printing::raster::{module_dots, raster};
use crate::printing::self_read::self_read;
use crate::printing::units::Dpi;
use crate::printing::{fonts, symbol};

fn face() -> IndiciumFace {
    IndiciumFace {
        postage: Mills::new(785).unwrap(),
        date: date(2026, 11, 22),
        origin_zip: "78701".to_owned(),
        serial: PieceSerial {
            psd: PsdId::specimen(42),
            counter: 7,
        },
        class_marking: "FIRST-CLASS MAIL".to_owned(),
        rate_marking: "Metered letter, 0.9 oz".to_owned(),
        zone: None,
        to: [
            "Minnie Ellsworth",
            "12 N Main St Apt 4",
            "Boise ID 83702-5841",
        ]
        .map(str::to_owned)
        .to_vec(),
        from: ["Longhorn Seed Co", "100 Congress Ave", "Austin TX 78701"]
            .map(str::to_owned)
            .to_vec(),
        reference: "Cost centre 4711".to_owned(),
        specimen: true,
    }
}

/// Everything as wide and as much as it can be.
fn widest() -> IndiciumFace {
    IndiciumFace {
        postage: Mills::new(16_777_215).unwrap(),
        class_marking: "USPS GROUND ADVANTAGE - CUBIC".to_owned(),
        rate_marking: "Nonmachinable parcel, 69 lb 15.9 oz, dimensional".to_owned(),
        zone: Some(ZoneMark {
            zone: 8,
            estimated: true,
        }),
        serial: PieceSerial {
            psd: PsdId::specimen(u32::MAX),
            counter: u32::MAX,
        },
        to: vec!["W".repeat(90); 12],
        from: vec!["W".repeat(90); 12],
        reference: "W".repeat(200),
        ..face()
    }
}

fn label(face: &IndiciumFace, stock: Stock) -> Label {
    indicium_label(face, &symbol::encode(&[0xA5; 142]).unwrap(), stock)
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
        ..face()
    };
    let label = label(&zoned, Stock::by_name("label-4x6").unwrap());
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
    Cost centre 4711
    Pennyblack
    ");
}

#[test]
fn a_piece_of_value_does_not_call_itself_a_specimen() {
    let live = IndiciumFace {
        specimen: false,
        ..face()
    };
    for stock in Stock::all() {
        assert!(
            label(&live, *stock)
                .lines()
                .all(|line| !line.contains("SPECIMEN"))
        );
        assert!(label(&face(), *stock).lines().any(|line| line == SPECIMEN));
    }
}

#[test]
fn a_specimen_says_so_in_letters_people_can_read() {
    for stock in Stock::all() {
        let label = label(&face(), *stock);
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
fn the_symbol_of_every_stock_reads_back_however_much_text_there_is() {
    let bytes = [0xA5; 142];
    for stock in Stock::all() {
        for face in [face(), widest()] {
            for dpi in [Dpi::D203, Dpi::D300, Dpi::D600] {
                let image = raster(&label(&face, *stock), dpi);
                assert_eq!(self_read(&image, &bytes), Ok(()), "{} {dpi:?}", stock.name);
            }
        }
    }
}

#[test]
fn thirty_dots_around_the_symbol_stay_white_at_300_dpi() {
    for stock in Stock::all() {
        for face in [face(), widest()] {
            let label = label(&face, *stock);
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
fn the_half_inch_below_and_left_of_the_indicium_stays_clear() {
    let half = Um::inches(1, 2);
    for stock in Stock::all().iter().filter(|stock| stock.fim) {
        let image = raster(&label(&widest(), *stock), Dpi::D300);
        let dots = |length| Dpi::D300.dots(length);
        let left = dots(stock.indicium.left);
        let block = dots(stock.indicium.bottom);
        let beside = blacks(&image, dots(stock.indicium.left - half)..left - 2, 0..block);
        let below = blacks(
            &image,
            left..image.width(),
            block..dots(stock.indicium.bottom + half),
        );
        assert_eq!((beside, below), (0, 0), "{}", stock.name);
    }
}

#[test]
fn the_facing_mark_stands_where_sorting_machines_look() {
    let stock = Stock::by_name("envelope-10").unwrap();
    let image = raster(&label(&face(), stock), Dpi::D300);
    // A row through the bars: nine positions at 1/16 in, the rightmost bar 2 in from the edge.
    let row = Dpi::D300.dots(Um::mm(10));
    let right = image.width() - 600;
    let bars: String = (0..9)
        .map(|position| right - 5 - (8 - position) * 75 / 4)
        .map(|x| if image.black(x, row) { '1' } else { '0' })
        .collect();
    assert_eq!(bars, "111010111");
    assert!(!image.black(right + 2, row));
}

#[test]
fn no_line_of_text_leaves_the_paper() {
    for stock in Stock::all() {
        for item in label(&widest(), *stock).items() {
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
    for stock in Stock::all() {
        let image = raster(&label(&widest(), *stock), Dpi::D300);
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
    let stock = Stock::by_name("label-4x6").unwrap();
    let real = indicium_label(&face(), &symbol::encode(&[0xA5; 142]).unwrap(), stock);
    let preview = indicium_label(&face(), &symbol::dummy(142).unwrap(), stock);
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
