use proptest::prelude::*;

use super::*;
use crate::printing::units::Dpi;

const SHEET: Sheet = Sheet {
    head: 720,
    left: 18,
    dots: 696,
    offset: 12,
    roll_mm: Some(62),
    gap_tenths: 0,
    ..Sheet::any(Dpi::D300)
};

fn packet(changes: &[(usize, u8)]) -> Vec<u8> {
    let mut packet = vec![0; PACKET];
    packet[..5].copy_from_slice(&[0x80, 0x20, 0x42, 0x34, 0x38]);
    packet[WIDTH_MM] = 62;
    packet[11] = 0x0A;
    for &(place, byte) in changes {
        packet[place] = byte;
    }
    packet
}

fn heard(bytes: &[u8]) -> Vec<Word> {
    let mut ear = PrinterEar::new(Some(62));
    bytes.iter().filter_map(|&byte| ear.hear(byte)).collect()
}

#[test]
fn packets_mean_what_the_manual_says() {
    use Hindrance::{CoverOpen, Cutter, Error, Jam, Offline, PaperOut, WrongPaper};
    for (changes, word) in [
        (vec![], Word::Ready),
        (vec![(PHASE, 1)], Word::Busy),
        (vec![(KIND, 6), (PHASE, 1)], Word::Busy),
        (vec![(KIND, 1)], Word::Done),
        (vec![(KIND, 2), (ERRORS_1, 1)], Word::Hindered(PaperOut)),
        (vec![(KIND, 2), (ERRORS_1, 2)], Word::Hindered(PaperOut)),
        (vec![(KIND, 2), (ERRORS_1, 4)], Word::Hindered(Cutter)),
        (vec![(KIND, 2), (ERRORS_2, 0x10)], Word::Hindered(CoverOpen)),
        (vec![(KIND, 2), (ERRORS_2, 0x40)], Word::Hindered(Jam)),
        (vec![(KIND, 2), (ERRORS_2, 0x80)], Word::Hindered(Error)),
        (vec![(KIND, 4)], Word::Hindered(Offline)),
        (vec![(WIDTH_MM, 29)], Word::Hindered(WrongPaper)),
    ] {
        assert_eq!(heard(&packet(&changes)), [word], "{changes:?}");
    }
    assert_eq!(
        heard(&packet(&[(KIND, 5)])),
        [],
        "a notification of the fan"
    );
}

#[test]
fn packets_are_found_behind_noise_and_in_a_row() {
    let noisy = [
        b"\x80\x80\x00\x20".as_slice(),
        &packet(&[]),
        &packet(&[(KIND, 1)]),
    ]
    .concat();
    assert_eq!(heard(&noisy), [Word::Ready, Word::Done]);
    assert_eq!(heard(&packet(&[(KIND, 1)])[..31]), []);
}

#[test]
fn a_label_says_how_long_it_is_and_of_which_roll() {
    let mut image = BitImage::white(696, 3);
    image.set(0, 1, true);
    let job = job(&image, &SHEET);
    assert!(job.setup.ends_with(b"\x1b@\x1bia\x01\x1bi!\x00"));
    let lines = b"\x1biz\xc6\x0a\x3e\x00\x03\x00\x00\x00\x00\x00\x1biM\x40\x1biA\x01\x1biK\x08\x1bid\x23\x00M\x02";
    assert!(job.body.starts_with(lines), "{:02x?}", job.body);
    // Column 0 is dot 707, the twelfth from the head's last: byte 88, bit 3.
    assert_eq!(
        &job.body[lines.len()..],
        b"Zg\x00\x05\xa9\x00\x01\x10\x00Z".as_slice()
    );
    assert_eq!(job.commit, [0x1A]);
    assert!(!job.held);
}

fn unpack(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = packed;
    while let [count, tail @ ..] = rest {
        if *count < 128 {
            let (literal, tail) = tail.split_at(usize::from(*count) + 1);
            bytes.extend(literal);
            rest = tail;
        } else {
            bytes.extend(std::iter::repeat_n(tail[0], 257 - usize::from(*count)));
            rest = &tail[1..];
        }
    }
    bytes
}

proptest! {
    #[test]
    fn packed_lines_unpack_to_themselves_and_are_hardly_ever_longer(
        runs in prop::collection::vec((prop::sample::select(vec![0, 0, 255, 1, 170]), 1usize..40), 1..30)
    ) {
        let line: Vec<u8> = runs.iter().flat_map(|&(byte, count)| vec![byte; count]).collect();
        let mut packed = Vec::new();
        pack_bits(&line, &mut packed);
        prop_assert_eq!(unpack(&packed), line.clone());
        prop_assert!(packed.len() <= line.len() + line.len().div_ceil(128));
    }
}
