use proptest::prelude::*;

use super::*;
use crate::printing::bits::DotRect;
use crate::printing::label::{Item, Label, Matrix, Point};
use crate::printing::layout::reference::{reference_bytes, reference_label};
use crate::printing::raster::raster;
use crate::printing::units::{Dpi, Um};
use crate::printing::{pdf, png, symbol};

fn reference(dpi: Dpi) -> BitImage {
    raster(
        &reference_label(&symbol::encode(&reference_bytes()).unwrap()),
        dpi,
    )
}

/// The right upper part of the reference label, which holds the symbol; quicker to read.
fn part() -> BitImage {
    let image = reference(Dpi::D300);
    image.crop(DotRect {
        x: 600,
        y: 150,
        width: 600,
        height: 420,
    })
}

/// The picture in grey, enlarged or reduced to `percent` with linear interpolation.
fn scaled(image: &BitImage, percent: usize, ink: u8, paper: u8) -> Grey {
    let value = |x: usize, y: usize| u32::from(if image.black(x, y) { ink } else { paper });
    let (width, height) = (
        image.width() * percent / 100,
        image.height() * percent / 100,
    );
    let values = (0..width * height).map(|index| {
        // In hundredths of a dot.
        let (x, y) = (
            index % width * 10_000 / percent,
            index / width * 10_000 / percent,
        );
        let (fx, fy) = (
            u32::try_from(x % 100).unwrap(),
            u32::try_from(y % 100).unwrap(),
        );
        let (x, y) = (x / 100, y / 100);
        let upper = value(x, y) * (100 - fx) + value(x + 1, y) * fx;
        let lower = value(x, y + 1) * (100 - fx) + value(x + 1, y + 1) * fx;
        u8::try_from((upper * (100 - fy) + lower * fy) / 10_000).unwrap()
    });
    Grey::new(width, height, values.collect())
}

/// Flips every `every`-th dot or so, reproducibly.
fn specked(image: &BitImage, every: u32) -> BitImage {
    let mut specked = image.clone();
    let mut state = 0x1234_5678_u32;
    for y in 0..image.height() {
        for x in 0..image.width() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if (state >> 8).is_multiple_of(every) {
                specked.set(x, y, !image.black(x, y));
            }
        }
    }
    specked
}

#[test]
fn our_own_files_read_back() {
    let symbol = symbol::encode(&reference_bytes()).unwrap();
    let label = reference_label(&symbol);
    let expected = vec![reference_bytes()];
    for dpi in [Dpi::D203, Dpi::D300] {
        let file = png::png(&raster(&label, dpi), dpi).unwrap();
        assert_eq!(symbols_in_file(&file).unwrap(), expected, "{dpi:?}");
    }
    let file = pdf::pdf(&label, "piece");
    assert_eq!(symbols_in_file(&file).unwrap(), expected);
}

#[test]
fn a_jpeg_of_a_label_reads_back() {
    let grey = scaled(&part(), 100, 30, 225);
    let (width, height) = (600, 420);
    let values: Vec<u8> = {
        let bits = grey.binarised();
        (0..width * height)
            .map(|index| {
                if bits.black(index % width, index / width) {
                    30
                } else {
                    225
                }
            })
            .collect()
    };
    let mut file = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, 60)
        .encode(&values, 600, 420, image::ExtendedColorType::L8)
        .unwrap();
    assert_eq!(symbols_in_file(&file).unwrap(), vec![reference_bytes()]);
}

#[test]
fn every_quarter_turn_reads() {
    let mut image = part();
    for turn in 0..4 {
        assert_eq!(
            symbols_in_bits(&image),
            vec![reference_bytes()],
            "{turn} turns"
        );
        image = image.turned();
    }
}

#[test]
fn scaled_grey_pictures_read() {
    for percent in [60, 67, 83, 100, 131, 170, 250] {
        let grey = scaled(&part(), percent, 70, 190);
        assert_eq!(
            symbols_in_grey(&grey),
            vec![reference_bytes()],
            "{percent} %"
        );
    }
}

#[test]
fn specks_do_not_hide_a_symbol() {
    for every in [1_000, 200, 70] {
        let image = specked(&part(), every);
        let grey = scaled(&image, 100, 0, 255);
        assert_eq!(
            symbols_in_grey(&grey),
            vec![reference_bytes()],
            "1 in {every}"
        );
    }
}

#[test]
fn a_slightly_skewed_scan_reads() {
    for dots_per_hundred in [1, 2] {
        let straight = part();
        let mut skewed = BitImage::white(straight.width() + 20, straight.height() + 20);
        for y in 0..skewed.height() {
            for x in 0..skewed.width() {
                let from_x = (x + y * dots_per_hundred / 100).checked_sub(14);
                let from_y = (y + 6).checked_sub(x * dots_per_hundred / 100);
                if let (Some(from_x), Some(from_y)) = (from_x, from_y) {
                    skewed.set(x, y, straight.black(from_x, from_y));
                }
            }
        }
        assert_eq!(
            symbols_in_bits(&skewed),
            vec![reference_bytes()],
            "{dots_per_hundred} %"
        );
    }
}

#[test]
fn a_scan_at_any_small_angle_reads() {
    for thousandths in [-120, -87, -40, 15, 52, 130] {
        let leaning = part().leaning(thousandths);
        let grey = scaled(&leaning, 90, 40, 210);
        assert_eq!(
            symbols_in_grey(&grey),
            vec![reference_bytes()],
            "{thousandths}"
        );
    }
}

#[test]
fn a_symbol_crossed_by_a_pen_reads_by_error_correction() {
    let mut image = part();
    for x in 300..450 {
        image.fill(DotRect {
            x,
            y: 100 + x / 3,
            width: 1,
            height: 6,
        });
    }
    assert_eq!(symbols_in_bits(&image), vec![reference_bytes()]);
}

#[test]
fn several_symbols_are_all_read_and_each_saying_once() {
    let mut label = Label::new(Um::mm(100), Um::mm(40)).unwrap();
    let contents: [&[u8]; 3] = [b"first", b"second and longer", b"first"];
    label
        .add((0..3).zip(contents).map(|(place, content)| {
            Item::Matrix(Matrix {
                symbol: symbol::encode(content).unwrap(),
                at: Point {
                    x: Um::mm(10 + place * 30),
                    y: Um::mm(10),
                },
                module: Um(508),
            })
        }))
        .unwrap();
    let mut found = symbols_in_bits(&raster(&label, Dpi::D300));
    found.sort();
    assert_eq!(found, [b"first".to_vec(), b"second and longer".to_vec()]);
}

#[test]
fn every_symbol_size_reads_back() {
    for length in [1, 4, 6, 10, 16, 20, 28, 34, 42, 60, 84, 112, 142, 172, 202] {
        let content: Vec<u8> = (0..length).map(|i: u8| i.wrapping_mul(97)).collect();
        let mut label = Label::new(Um::mm(40), Um::mm(40)).unwrap();
        label
            .add([Item::Matrix(Matrix {
                symbol: symbol::encode(&content).unwrap(),
                at: Point {
                    x: Um::mm(5),
                    y: Um::mm(5),
                },
                module: Um(508),
            })])
            .unwrap();
        let image = raster(&label, Dpi::D203);
        assert_eq!(symbols_in_bits(&image), vec![content], "{length} bytes");
    }
}

#[test]
fn files_that_are_no_pictures_are_refused() {
    assert!(matches!(symbols_in_file(b""), Err(ReadFault::UnknownKind)));
    assert!(matches!(
        symbols_in_file(b"GIF89a"),
        Err(ReadFault::UnknownKind)
    ));
    assert!(matches!(
        symbols_in_file(b"%PDF-1.7 nothing"),
        Err(ReadFault::Pdf)
    ));
    assert!(matches!(
        symbols_in_file(b"\x89PNG\r\n\x1a\nxx"),
        Err(ReadFault::Picture(_))
    ));
    let large = vec![b'x'; MAX_FILE_BYTES + 1];
    assert!(matches!(
        symbols_in_file(&large),
        Err(ReadFault::TooLarge(_))
    ));
}

#[test]
fn a_picture_without_a_symbol_says_nothing() {
    let blank = png::png(&BitImage::white(300, 200), Dpi::D203).unwrap();
    assert!(symbols_in_file(&blank).unwrap().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_picture_makes_the_reader_fail(
        rects in prop::collection::vec((0usize..200, 0usize..200, 1usize..120, 1usize..120), 0..12)
    ) {
        let mut image = BitImage::white(200, 200);
        for (x, y, width, height) in rects {
            image.fill(DotRect { x, y, width, height });
        }
        prop_assert!(symbols_in_bits(&image).is_empty());
    }
}
