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
        let job = job(&image, dpi, Some(AckTag::numbered(7))).unwrap();
        assert_same_dots(&image, &job, dpi);
        let paper = print(&job.bytes(), dpi);
        assert_eq!((paper.cuts, paper.tags), (1, vec![*b"!!!("]));
    }
}

/// The most bytes of the reference label at 203 dpi.
const MAX_REFERENCE_BYTES: usize = 29_000;

#[test]
fn the_reference_label_is_a_fraction_of_its_raster() {
    for dpi in [Dpi::D203, Dpi::D300] {
        let image = reference(dpi);
        for plain in [false, true] {
            let sheet = Sheet {
                plain,
                ..Sheet::any(dpi)
            };
            let bytes = job_on(&image, &sheet, None).unwrap().bytes().len();
            println!(
                "{dpi:?}, plain {plain}: {bytes} of {} bytes",
                image.bytes().len()
            );
            assert!(bytes * 2 < image.bytes().len(), "{bytes}");
            assert!(
                plain || dpi != Dpi::D203 || bytes <= MAX_REFERENCE_BYTES,
                "{bytes}"
            );
        }
    }
}

#[test]
fn a_plain_sheet_gets_bands_from_the_left_edge_with_a_bit_for_each_dot() {
    let sheet = Sheet {
        plain: true,
        ..Sheet::any(Dpi::D203)
    };
    let image = reference(Dpi::D203);
    let job = job_on(&image, &sheet, None).unwrap();
    assert_same_dots(&image, &job, Dpi::D203);
    let mut rest = job.body.as_slice();
    while !rest.is_empty() {
        rest = match rest {
            [ESC, b'J', _, rest @ ..] => rest,
            [GS, b'v', b'0', 0, xl, xh, yl, yh, rest @ ..] => {
                let across = usize::from(u16::from_le_bytes([*xl, *xh]));
                let down = usize::from(u16::from_le_bytes([*yl, *yh]));
                &rest[across * down..]
            }
            other => panic!("{:02x?}", &other[..4]),
        };
    }
}

#[test]
fn setup_and_commit_are_what_the_manual_says() {
    let job = job(&BitImage::white(8, 1), Dpi::D203, Some(AckTag::numbered(0))).unwrap();
    assert_eq!(job.setup, b"\x1b@\x1dP\xcb\xcb");
    assert_eq!(job.commit, b"\x1dVA\x00");
    assert_eq!(job.ack, b"\x1d(H\x06\x00\x30\x30!!!!");
}

#[test]
fn clearing_and_markers_are_what_the_manual_says() {
    assert_eq!(
        CLEAR,
        *b"\x10\x05\x02\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
    );
    let marker = marker(AckTag::numbered(0));
    assert!(marker.ends_with(b"\0\x1d(H\x06\x00\x30\x30!!!!"));
    // The longest band of a four-inch head, in which no dot stands twice, ends within the filler.
    let mut chequered = BitImage::white(832, 128);
    for y in 0..128 {
        for x in (y % 2..832).step_by(2) {
            chequered.set(x, y, true);
        }
    }
    let job = job(&chequered, Dpi::D203, None).unwrap();
    let &[0x1D, b'v', b'0', 0, xl, xh, yl, yh, ..] = job.body.as_slice() else {
        panic!("no band")
    };
    let [width, rows] = [[xl, xh], [yl, yh]].map(|pair| usize::from(u16::from_le_bytes(pair)));
    assert_eq!((width, rows), (104, 128));
    assert!(width * rows < FILLER.len());
}

#[test]
fn every_band_ends_within_the_filler_at_every_resolution() {
    // Four inches in which no dot stands twice, so that no bit stands for two.
    for (dpi, width) in [(Dpi::D203, 832), (Dpi::D300, 1_200), (Dpi::D600, 2_400)] {
        let mut chequered = BitImage::white(width, 300);
        for y in 0..300 {
            for x in (y % 2..width).step_by(2) {
                chequered.set(x, y, true);
            }
        }
        for plain in [false, true] {
            let sheet = Sheet {
                plain,
                ..Sheet::any(dpi)
            };
            let placing = Placing {
                unit: unit(dpi).1,
                plain,
            };
            let largest = bands::steps(&chequered, placing)
                .into_iter()
                .map(|step| match step {
                    Step::Band(band) => band.bytes_across() * band.byte_rows(),
                    Step::Feed(_) | Step::Leave => 0,
                })
                .max();
            // A band that begins further left has a byte more in each row.
            let most = largest.unwrap() + bands::MAX_BAND_ROWS + 12;
            assert!(most < FILLER.len(), "{dpi:?}, plain {plain}: {most}");
            assert_same_dots(&chequered, &job_on(&chequered, &sheet, None).unwrap(), dpi);
        }
    }
}

#[test]
fn tags_of_neighbouring_numbers_differ_and_stay_printable() {
    let tags: Vec<AckTag> = (0..10_000)
        .chain([u32::MAX])
        .map(AckTag::numbered)
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

/// A row in which 0x10 0x04, a status request, stands at so many dots.
fn commanding(places: &[usize]) -> BitImage {
    let mut image = BitImage::white(800, 1);
    for place in places {
        image.set(place + 3, 0, true);
        image.set(place + 13, 0, true);
    }
    image
}

#[test]
fn a_band_with_a_real_time_command_begins_further_left_and_prints_the_same() {
    // Seen from the first dot of ink the command stands at byte 5.
    let mut image = commanding(&[57]);
    image.set(17, 0, true);
    let job = job(&image, Dpi::D203, None).unwrap();
    assert_eq!(job.shift, 0);
    assert_eq!(job.body[..4], [ESC, b'$', 16, 0]);
    assert!(is_safe(&job.body));
    assert_same_dots(&image, &job, Dpi::D203);
}

#[test]
fn a_command_between_two_rows_parts_them() {
    let mut image = BitImage::white(16, 2);
    // 0x80 0x10, then 0x04 0x80.
    for (x, y) in [(0, 0), (11, 0), (5, 1), (8, 1)] {
        image.set(x, y, true);
    }
    let job = job(&image, Dpi::D203, None).unwrap();
    assert_eq!(job.shift, 0);
    assert!(is_safe(&job.body));
    assert_same_dots(&image, &job, Dpi::D203);
}

#[test]
fn a_picture_that_no_band_makes_safe_is_shifted_and_refused_when_that_does_not_help() {
    let plain = Sheet {
        plain: true,
        ..Sheet::any(Dpi::D203)
    };
    let image = commanding(&[0]);
    let job = job_on(&image, &plain, None).unwrap();
    assert_eq!(job.shift, 1);
    assert!(is_safe(&job.body));
    assert_same_dots(&image, &job, Dpi::D203);
    // The command under each of the eight shifts.
    let places: Vec<usize> = (0..8).map(|place| 40 * place + place).collect();
    let image = commanding(&places);
    let refused = Err(Unprintable::RealTimeCommand);
    assert_eq!(job_on(&image, &plain, None), refused);
    // Wherever the band begins, one of them stands at a byte of it.
    assert_eq!(super::job(&image, Dpi::D203, None), refused);
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
        (4, 0x1E, Word::NearEnd),
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
fn a_tag_that_comes_late_is_no_answer_to_a_question() {
    // Each of these characters alone would be an answer: no paper, an open cover, an error.
    for tag in ["2222", "RRRR", "6v2r"] {
        let mut ear = PrinterEar::new(Some(1));
        let late = [b"7\"", tag.as_bytes(), b"\0\x12"].concat();
        let heard: Vec<Word> = late.iter().filter_map(|&byte| ear.hear(byte)).collect();
        assert_eq!(heard, [Word::Ready], "{tag}");
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
        for plain in [false, true] {
            let sheet = Sheet { plain, ..Sheet::any(dpi) };
            if let Ok(job) = job_on(&image, &sheet, None) {
                prop_assert!(is_safe(&job.bytes()));
                assert_same_dots(&image, &job, dpi);
            }
        }
    }

    #[test]
    fn pictures_of_pairs_come_out_dot_by_dot(
        dpi in prop::sample::select(vec![Dpi::D203, Dpi::D300, Dpi::D600]),
        left in 0usize..70, top in 0usize..20, modules in 2usize..30,
        dark in prop::collection::vec(any::<bool>(), 900), dots in 1usize..5
    ) {
        let mut image = BitImage::white(left + modules * dots + 9, top + modules * dots + 9);
        for (index, _) in dark.iter().enumerate().take(modules * modules).filter(|(_, dark)| **dark) {
            image.fill(crate::printing::bits::DotRect {
                x: left + index % modules * dots,
                y: top + index / modules * dots,
                width: dots,
                height: dots,
            });
        }
        let job = job(&image, dpi, None).unwrap();
        prop_assert!(is_safe(&job.bytes()));
        assert_same_dots(&image, &job, dpi);
    }
}
