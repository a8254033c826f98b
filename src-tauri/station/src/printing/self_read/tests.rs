use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::super::fonts::Face;
use super::super::label::{Align, Item, Label, Matrix, Point, Text};
use super::super::raster::raster;
use super::super::units::{Dpi, Um};
use super::*;

const DPIS: [Dpi; 3] = [Dpi::D203, Dpi::D300, Dpi::D600];

fn indicium(counter: u32) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..142u32)
        .map(|i| u8::try_from(i * 89 % 256).unwrap())
        .collect();
    bytes[37..41].copy_from_slice(&counter.to_le_bytes());
    bytes
}

fn matrix(bytes: &[u8], x: Um, y: Um) -> Item {
    Item::Matrix(Matrix {
        symbol: symbol::encode(bytes).unwrap(),
        at: Point { x, y },
        module: Um(508),
    })
}

fn text(x: Um, y: Um) -> Item {
    Item::Text(Text {
        face: Face::Regular,
        size: Um::tenth_points(90),
        at: Point { x, y },
        align: Align::Left,
        text: "Mailed from ZIP 78701".to_owned(),
    })
}

fn label(items: impl IntoIterator<Item = Item>) -> Label {
    let mut label = Label::new(Um::mm(100), Um::mm(60)).unwrap();
    label.add(items).unwrap();
    label
}

fn good(dpi: Dpi) -> BitImage {
    let items = [
        matrix(&indicium(7), Um::mm(60), Um::mm(20)),
        text(Um::mm(20), Um::mm(30)),
    ];
    raster(&label(items), dpi)
}

/// The symbol's place on the good label.
fn place(dpi: Dpi) -> Found {
    let found = find(&good(dpi));
    assert_eq!(found.len(), 1);
    found[0]
}

#[test]
fn a_good_label_is_read() {
    for dpi in DPIS {
        assert_eq!(self_read(&good(dpi), &indicium(7)), Ok(()), "{dpi:?}");
    }
}

#[test]
fn a_wrong_counter_is_refused() {
    for dpi in DPIS {
        assert_eq!(
            self_read(&good(dpi), &indicium(8)),
            Err(SelfReadFault::OtherContent)
        );
    }
}

#[test]
fn a_text_line_over_the_symbol_is_refused_though_it_still_decodes() {
    for dpi in DPIS {
        let items = [
            matrix(&indicium(7), Um::mm(60), Um::mm(20)),
            text(Um::mm(70), Um::mm(30)),
        ];
        let fault = self_read(&raster(&label(items), dpi), &indicium(7));
        assert!(
            matches!(
                fault,
                Err(SelfReadFault::Damaged(1..) | SelfReadFault::Unreadable)
            ),
            "{dpi:?}: {fault:?}"
        );
    }
    let mut image = good(Dpi::D300);
    let found = place(Dpi::D300);
    image.fill(DotRect {
        x: found.x + 60,
        y: found.y + 60,
        width: 40,
        height: 2,
    });
    assert!(
        matches!(
            self_read(&image, &indicium(7)),
            Err(SelfReadFault::Damaged(1..=80))
        ),
        "a thin stroke that error correction would save"
    );
}

#[test]
fn a_text_line_in_the_quiet_zone_is_refused() {
    for dpi in DPIS {
        let found = place(dpi);
        let mut image = good(dpi);
        let column = found.x + found.side * found.module + found.module;
        image.set(column, found.y + 5, true);
        assert_eq!(
            self_read(&image, &indicium(7)),
            Err(SelfReadFault::Damaged(1))
        );
    }
}

#[test]
fn a_lost_module_row_is_refused_whichever_it_is() {
    for dpi in DPIS {
        let found = place(dpi);
        let whole = good(dpi);
        for lost in 0..found.side {
            let mut image = BitImage::white(whole.width(), whole.height());
            for y in 0..whole.height() {
                let from_lost_row = (y.wrapping_sub(found.y)) / found.module == lost;
                for x in (0..whole.width()).filter(|&x| whole.black(x, y)) {
                    image.set(x, y, !from_lost_row);
                }
            }
            assert!(
                self_read(&image, &indicium(7)).is_err(),
                "row {lost} at {dpi:?}"
            );
        }
    }
}

#[test]
fn a_label_without_a_symbol_is_refused() {
    let image = raster(&label([text(Um::mm(20), Um::mm(30))]), Dpi::D300);
    assert_eq!(
        self_read(&image, &indicium(7)),
        Err(SelfReadFault::NoSymbol)
    );
    assert_eq!(
        self_read(&BitImage::white(0, 0), &indicium(7)),
        Err(SelfReadFault::NoSymbol)
    );
}

/// As many bytes as an indicium has, by chance.
fn random_bytes(seed: u32) -> Vec<u8> {
    let blocks = (0..4_u32).flat_map(|block| {
        let numbers = [seed.to_be_bytes(), block.to_be_bytes()];
        Sha256::digest(numbers.concat())
    });
    blocks.take(124).collect()
}

#[test]
fn a_symbol_whose_own_modules_look_like_a_smaller_symbol_is_read() {
    for seed in [3_862, 5_138, 9_544, 10_611, 13_556] {
        let bytes = random_bytes(seed);
        let draw = |dpi| raster(&label([matrix(&bytes, Um::mm(60), Um::mm(20))]), dpi);
        let images = DPIS.map(draw);
        for image in &images {
            assert_eq!(self_read(image, &bytes), Ok(()), "{seed}");
        }
        let several = images.iter().any(|image| find(image).len() > 1);
        assert!(several, "{seed} looks like nothing else");
    }
}

#[test]
fn a_small_symbol_over_the_data_of_a_large_one_is_refused() {
    for dpi in DPIS {
        let items = [
            matrix(&indicium(7), Um::mm(60), Um::mm(20)),
            matrix(b"small", Um::mm(65), Um::mm(25)),
        ];
        let read = self_read(&raster(&label(items), dpi), &indicium(7));
        assert!(
            matches!(
                read,
                Err(SelfReadFault::Damaged(1..) | SelfReadFault::Unreadable)
            ),
            "{dpi:?}: {read:?}"
        );
    }
}

#[test]
fn two_symbols_are_refused_even_if_both_are_right() {
    let items = [
        matrix(&indicium(7), Um::mm(10), Um::mm(20)),
        matrix(&indicium(7), Um::mm(60), Um::mm(20)),
    ];
    assert_eq!(
        self_read(&raster(&label(items), Dpi::D300), &indicium(7)),
        Err(SelfReadFault::SeveralSymbols(2))
    );
}

#[test]
fn a_symbol_without_room_around_it_is_refused() {
    let image = raster(
        &label([matrix(&indicium(7), Um(508), Um::mm(20))]),
        Dpi::D300,
    );
    assert_eq!(
        self_read(&image, &indicium(7)),
        Err(SelfReadFault::QuietZone)
    );
}

/// The symbol alone, with so many dots for a module.
fn of_modules(bytes: &[u8], dots: usize) -> BitImage {
    let symbol = symbol::encode(bytes).unwrap();
    let side = (symbol.side() + 2 * QUIET_MODULES) * dots;
    let mut image = BitImage::white(side, side);
    for (index, _) in symbol
        .modules()
        .iter()
        .enumerate()
        .filter(|(_, dark)| **dark)
    {
        image.fill(DotRect {
            x: (index % symbol.side() + QUIET_MODULES) * dots,
            y: (index / symbol.side() + QUIET_MODULES) * dots,
            width: dots,
            height: dots,
        });
    }
    image
}

#[test]
fn modules_that_are_too_small_for_the_head_are_refused() {
    let bytes = indicium(7);
    for (dpi, least) in [(Dpi::D203, 3), (Dpi::D300, 4), (Dpi::D600, 8)] {
        for dots in 1..=12 {
            let image = of_modules(&bytes, dots);
            let wanted = if dots < least {
                Err(SelfReadFault::Module { dots, least })
            } else {
                Ok(())
            };
            assert_eq!(self_read_at(&image, dpi, &bytes), wanted, "{dpi:?}");
        }
    }
}

#[test]
fn a_symbol_of_another_size_is_refused_though_it_says_the_same() {
    // What zint or a printer's own encoder makes of digits is smaller than our Base256.
    let digits = [b'7'; 40];
    let other =
        DataMatrix::encode(&digits, datamatrix::SymbolList::default().enforce_square()).unwrap();
    let bitmap = other.bitmap();
    let dots = 4;
    let side = (bitmap.width() + 2 * QUIET_MODULES) * dots;
    let mut image = BitImage::white(side, side);
    for (x, y) in bitmap.pixels() {
        image.fill(DotRect {
            x: (x + QUIET_MODULES) * dots,
            y: (y + QUIET_MODULES) * dots,
            width: dots,
            height: dots,
        });
    }
    assert_eq!(
        self_read(&image, &digits),
        Err(SelfReadFault::Size {
            found: bitmap.width(),
            wanted: symbol::encode(&digits).unwrap().side(),
        })
    );
}

#[test]
fn each_refusal_is_one_sentence_without_its_end() {
    for fault in [
        SelfReadFault::NoSymbol,
        SelfReadFault::SeveralSymbols(2),
        SelfReadFault::Unreadable,
        SelfReadFault::OtherContent,
        SelfReadFault::Module { dots: 2, least: 3 },
        SelfReadFault::Size {
            found: 20,
            wanted: 26,
        },
        SelfReadFault::QuietZone,
        SelfReadFault::Damaged(7),
    ] {
        let said = fault.to_string();
        assert!(!said.contains('.') && said.len() < 120, "{said}");
    }
}

proptest! {
    #[test]
    fn any_single_wrong_dot_of_symbol_or_quiet_zone_is_refused(
        x in 0usize..288, y in 0usize..288
    ) {
        let found = place(Dpi::D300);
        let mut image = good(Dpi::D300);
        let (x, y) = (found.x - 12 + x, found.y - 12 + y);
        image.set(x, y, !image.black(x, y));
        prop_assert!(self_read(&image, &indicium(7)).is_err());
    }
}
