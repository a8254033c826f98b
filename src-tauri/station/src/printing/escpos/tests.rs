use proptest::prelude::*;

use super::paper::print;
use super::*;
use crate::printing::layout::reference::{reference_bytes, reference_label};
use crate::printing::raster::raster;
use crate::printing::symbol;

fn reference(dpi: Dpi) -> BitImage {
    raster(
        &reference_label(&symbol::encode(&reference_bytes()).unwrap()),
        dpi,
    )
}

/// The picture as tall as the last printed row, because the rest is left to the cut.
fn assert_same_dots(image: &BitImage, job: &Job, dpi: Dpi) {
    let paper = print(&job.bytes(), dpi);
    let printed = paper.picture(image.width() + job.shift);
    let moved = image.shifted_right(job.shift);
    for y in 0..image.height().max(printed.height()) {
        for x in 0..moved.width() {
            assert_eq!(printed.black(x, y), moved.black(x, y), "{x},{y}");
        }
    }
    assert!(printed.height() <= image.height());
}

#[test]
fn paper_carries_the_very_dots_of_the_raster() {
    for dpi in [Dpi::D203, Dpi::D300] {
        let image = reference(dpi);
        let job = job(&image, dpi, Some(AckTag::for_counter(7))).unwrap();
        assert_same_dots(&image, &job, dpi);
        let paper = print(&job.bytes(), dpi);
        assert_eq!((paper.cuts, paper.tags), (1, vec![*b"!!!("]));
    }
}

#[test]
fn the_reference_label_is_a_fraction_of_its_raster() {
    for dpi in [Dpi::D203, Dpi::D300] {
        let image = reference(dpi);
        let bytes = job(&image, dpi, None).unwrap().bytes().len();
        println!("{dpi:?}: {bytes} of {} bytes", image.bytes().len());
        assert!(bytes * 2 < image.bytes().len(), "{bytes}");
    }
}

#[test]
fn setup_and_commit_are_what_the_manual_says() {
    let job = job(
        &BitImage::white(8, 1),
        Dpi::D203,
        Some(AckTag::for_counter(0)),
    )
    .unwrap();
    assert_eq!(job.setup, b"\x1b@\x1dP\xcb\xcb");
    assert_eq!(job.commit, b"\x1dVA\x00");
    assert_eq!(job.ack, b"\x1d(H\x06\x00\x30\x30!!!!");
}

#[test]
fn tags_of_neighbouring_pieces_differ_and_stay_printable() {
    let tags: Vec<AckTag> = (0..10_000)
        .chain([u32::MAX])
        .map(AckTag::for_counter)
        .collect();
    for pair in tags.windows(2) {
        assert_ne!(pair[0], pair[1]);
        assert!(
            pair[0]
                .bytes()
                .iter()
                .all(|byte| (0x21..=0x7E).contains(byte))
        );
    }
}

#[test]
fn a_picture_with_a_real_time_command_is_shifted_until_it_has_none() {
    let mut image = BitImage::white(64, 8);
    // 0x10 0x04 in one row: a status request inside the picture.
    image.set(3, 0, true);
    image.set(13, 0, true);
    let job = job(&image, Dpi::D203, None).unwrap();
    assert_eq!(job.shift, 1);
    assert!(is_safe(&job.body));
    assert_same_dots(&image, &job, Dpi::D203);
}

#[test]
fn a_picture_that_no_shift_makes_safe_is_refused() {
    let mut image = BitImage::white(400, 8);
    // For each shift one row whose dots become 0x10 0x04 under it.
    for shift in 0..8 {
        image.set(8 + 3 - shift, shift, true);
        image.set(8 + 13 - shift, shift, true);
    }
    assert_eq!(
        job(&image, Dpi::D203, None),
        Err(Unprintable::RealTimeCommand)
    );
}

/// The word for a byte after the question `DLE EOT number`.
fn read(number: u8, byte: u8) -> Option<Word> {
    let asked = |question: &&[u8]| **question == [0x10, 0x04, number];
    PrinterEar::new(QUESTIONS.iter().position(asked)).hear(byte)
}

#[test]
fn status_bytes_mean_what_the_manual_says() {
    for (number, byte, word) in [
        (1, 0x12, Word::Ready),
        (1, 0x1A, Word::Hindered(Hindrance::Offline)),
        (2, 0x12, Word::Ready),
        (2, 0x16, Word::Hindered(Hindrance::CoverOpen)),
        (2, 0x32, Word::Hindered(Hindrance::PaperOut)),
        (2, 0x52, Word::Hindered(Hindrance::Error)),
        (3, 0x1A, Word::Hindered(Hindrance::Cutter)),
        (3, 0x32, Word::Hindered(Hindrance::Error)),
        (4, 0x12, Word::Ready),
        (4, 0x1E, Word::Ready),
        (4, 0x72, Word::Hindered(Hindrance::PaperOut)),
    ] {
        assert_eq!(read(number, byte), Some(word), "{number}: {byte:02x}");
    }
}

#[test]
fn a_byte_without_the_pattern_is_no_answer() {
    for byte in [0x00, 0x10, 0x37, 0xFF, b'!'] {
        assert_eq!(read(1, byte), None, "{byte:02x}");
    }
}

#[test]
fn a_tag_is_heard_whole_and_behind_noise() {
    let heard = |bytes: &[u8]| {
        let mut ear = PrinterEar::new(None);
        bytes
            .iter()
            .filter_map(|&byte| ear.hear(byte))
            .collect::<Vec<Word>>()
    };
    assert_eq!(heard(b"\x127\"7\"!!!(\0\x12"), [Word::Tag(*b"!!!(")]);
    assert_eq!(heard(b"7\"!!!("), []);
}

proptest! {
    #[test]
    fn any_picture_comes_out_as_it_is_and_never_as_a_command(
        width in 1usize..60, height in 1usize..300, dpi in prop::sample::select(vec![Dpi::D203, Dpi::D300]),
        dots in prop::collection::vec((0usize..60, 0usize..300), 0..200),
        solid in prop::option::of((0usize..40, 0usize..250))
    ) {
        let mut image = BitImage::white(width, height);
        for (x, y) in dots {
            image.set(x, y, true);
        }
        if let Some((x, y)) = solid {
            image.fill(crate::printing::bits::DotRect { x, y, width: 20, height: 140 });
        }
        if let Ok(job) = job(&image, dpi, None) {
            prop_assert!(is_safe(&job.bytes()));
            assert_same_dots(&image, &job, dpi);
        }
    }
}
