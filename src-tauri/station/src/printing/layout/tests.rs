use std::fmt::Write as _;

use super::samples::{self, Sample};
use super::*;
use crate::printing::bits::BitImage;
use crate::printing::fonts;
use crate::printing::label::Label;
use crate::printing::raster::{module_dots, raster};
use crate::printing::self_read::self_read;

pub(super) const RESOLUTIONS: [Dpi; 3] = [Dpi::D203, Dpi::D300, Dpi::D600];

/// Dark dots of a part of a picture.
pub(super) fn blacks(
    image: &BitImage,
    columns: std::ops::Range<usize>,
    rows: std::ops::Range<usize>,
) -> usize {
    rows.map(|y| columns.clone().filter(|&x| image.black(x, y)).count())
        .sum()
}

/// What is where on a label, in tenths of millimetres, as a person checks it.
fn arranged(label: &Label) -> String {
    let mut text = format!(
        "{:.1} x {:.1} mm\n",
        label.width().millimetres(),
        label.height().millimetres()
    );
    let place = |at: Point| format!("{:6.1} {:6.1}", at.x.millimetres(), at.y.millimetres());
    for item in label.items() {
        let line = match item {
            Item::Text(one) => {
                let side = match one.align {
                    Align::Left => '<',
                    Align::Center => '|',
                    Align::Right => '>',
                };
                let size = one.size.points();
                let at = place(one.at);
                format!("{at} {side} {size:4.1} pt {:?} {:?}", one.face, one.text)
            }
            Item::Matrix(one) => format!("{}   symbol of {}", place(one.at), one.symbol.side()),
            Item::Bars(one) => format!("{}   {} bars", place(one.at), one.pattern.len()),
            Item::Rect(one) => format!(
                "{}   line {:.1} x {:.1}",
                place(one.at),
                one.width.millimetres(),
                one.height.millimetres()
            ),
            Item::Image(one) => format!("{}   picture", place(one.at)),
        };
        writeln!(text, "{line}").unwrap();
    }
    text
}

fn every_sample() -> impl Iterator<Item = (Dpi, Sample)> {
    RESOLUTIONS.into_iter().flat_map(|dpi| {
        samples::all(dpi)
            .into_iter()
            .map(move |sample| (dpi, sample))
    })
}

/// Dots as a length, micrometres.
pub(super) fn micrometres(dots: usize, dpi: Dpi) -> i64 {
    i64::try_from(dots).unwrap() * 254_000 / i64::from(dpi.dots_per_254_mm())
}

#[test]
fn every_label_is_arranged_as_it_was_looked_at() {
    for sample in samples::all(Dpi::D300) {
        insta::assert_snapshot!(sample.name, arranged(&sample.label));
    }
}

#[test]
fn every_kind_of_label_has_a_stock() {
    let names: Vec<String> = samples::all(Dpi::D300)
        .into_iter()
        .map(|one| one.name)
        .collect();
    for wanted in [
        "piece-envelope-10",
        "piece-envelope-c56",
        "piece-envelope-dl",
        "piece-label-4x6",
        "piece-roll-62",
        "piece-roll-102",
        "piece-tape-41",
        "receipt-roll-80",
        "refund-slip-label-4x6",
        "day-end-roll-62",
        "address-with-barcode-label-89x28",
        "ticket-ticket-2x5-5",
        "ticket-roll-80",
        "lottery-roll-80",
    ] {
        assert!(names.iter().any(|name| name == wanted), "{wanted}");
    }
}

#[test]
fn every_symbol_reads_back_and_each_of_its_modules_is_the_same_whole_number_of_dots() {
    for (dpi, sample) in every_sample() {
        let image = raster(&sample.label, dpi);
        let symbols = sample.label.items().iter().filter_map(|item| match item {
            Item::Matrix(matrix) => Some(matrix),
            Item::Text(_) | Item::Bars(_) | Item::Rect(_) | Item::Image(_) => None,
        });
        let symbols: Vec<_> = symbols.collect();
        assert_eq!(
            symbols.len(),
            usize::from(sample.symbol.is_some()),
            "{}",
            sample.name
        );
        for matrix in symbols {
            let dots = module_dots(matrix.module, dpi);
            let (left, top) = (dpi.dots(matrix.at.x), dpi.dots(matrix.at.y));
            let side = matrix.symbol.side() * dots;
            for y in 0..side {
                for x in 0..side {
                    let dark = matrix.symbol.row(y / dots)[x / dots];
                    assert_eq!(
                        image.black(left + x, top + y),
                        dark,
                        "{} {x},{y}",
                        sample.name
                    );
                }
            }
            let expected = sample.symbol.as_deref().unwrap();
            assert_eq!(
                self_read(&image, expected),
                Ok(()),
                "{} {dpi:?}",
                sample.name
            );
        }
    }
}

#[test]
fn nothing_stands_within_a_millimetre_and_a_half_of_the_edges() {
    for (dpi, sample) in every_sample() {
        let image = raster(&sample.label, dpi);
        let edge = dpi.dots(Um::tenths(15));
        let (width, height) = (image.width(), image.height());
        let inner = blacks(&image, edge..width - edge, edge..height - edge);
        assert_eq!(image.black_dots(), inner, "{} {dpi:?}", sample.name);
    }
}

#[test]
fn no_letter_is_smaller_than_its_resolution_prints_legibly() {
    for (dpi, sample) in every_sample() {
        for item in sample.label.items() {
            if let Item::Text(text) = item {
                assert!(
                    text.size >= least_size(dpi),
                    "{}: {}",
                    sample.name,
                    text.text
                );
                assert_eq!(fonts::missing(text.face, &text.text), None);
            }
        }
    }
}

#[test]
fn the_facing_mark_is_within_its_tolerances_at_every_resolution() {
    // DMM 202.8 in micrometres: bars 1/32 ± 0.008 in wide, on a pitch of 1/16 in, 5/8 ± 1/8 in
    // high, at most 1/8 in below the edge, the rightmost 2 ± 1/8 in from the right edge.
    for (dpi, sample) in every_sample() {
        let is_marked = sample.stock.piece.is_some_and(|places| places.fim);
        if !is_marked || !sample.name.starts_with("piece") {
            continue;
        }
        let image = raster(&sample.label, dpi);
        let um = |dots: usize| micrometres(dots, dpi);
        let row = dpi.dots(Um::mm(9));
        let from = image.width() - dpi.dots(Um::inches(3, 1));
        let to = image.width() - dpi.dots(Um::inches(7, 4));
        let mut bars: Vec<(usize, usize)> = Vec::new();
        let mut x = from;
        while x < to {
            let start = x;
            while image.black(x, row) {
                x += 1;
            }
            if x > start {
                bars.push((start, x - start));
            }
            x += 1;
        }
        let last = *bars.last().unwrap();
        let mut pattern = ['0'; 9];
        for (start, width) in &bars {
            // Twice the distance, because half an odd pitch is none.
            let twice = um(last.0 - start) * 2;
            let place = (twice + 1_587) / 3_175;
            assert!(
                (twice - place * 3_175).abs() < 260,
                "{} {dpi:?}",
                sample.name
            );
            assert!((um(*width) - 794).abs() <= 203, "{} {dpi:?}", sample.name);
            pattern[8 - usize::try_from(place).unwrap()] = '1';
        }
        assert_eq!(
            pattern.iter().collect::<String>(),
            FIM_D,
            "{} {dpi:?}",
            sample.name
        );
        let right = um(image.width() - last.0 - last.1);
        assert!((right - 50_800).abs() <= 3_175, "{right}");
        let dark: Vec<usize> = (0..dpi.dots(Um::inches(1, 1)))
            .filter(|&y| image.black(last.0, y))
            .collect();
        assert!(um(dark[0]) <= 3_175);
        assert!((um(dark.len()) - 15_875).abs() <= 3_175);
    }
}
