use super::*;
use crate::printing::units::Dpi;

fn heard(bytes: &[u8]) -> Vec<Word> {
    let mut ear = PrinterEar::default();
    bytes.iter().filter_map(|&byte| ear.hear(byte)).collect()
}

/// A host status with some fields of the first two strings changed.
fn status(changes: &[(usize, usize, &str)]) -> Vec<u8> {
    let mut strings = [
        vec![
            "030", "0", "0", "1218", "000", "0", "0", "0", "000", "0", "0", "0",
        ],
        vec![
            "000", "0", "0", "0", "0", "2", "4", "0", "00000000", "1", "000",
        ],
        vec!["1234", "0"],
    ];
    for &(string, field, value) in changes {
        strings[string][field] = value;
    }
    strings
        .iter()
        .flat_map(|fields| format!("\u{2}{}\u{3}\r\n", fields.join(",")).into_bytes())
        .collect()
}

#[test]
fn the_host_status_means_what_the_manual_says() {
    use Hindrance::{CoverOpen, Error, PaperOut, Paused, RibbonOut, Temperature};
    for (changes, word) in [
        (vec![], Word::Ready),
        (vec![(0, 1, "1")], Word::Hindered(PaperOut)),
        (vec![(0, 2, "1")], Word::Hindered(Paused)),
        (vec![(0, 4, "001")], Word::Busy),
        (vec![(0, 7, "1")], Word::Begun),
        (vec![(0, 7, "1"), (1, 8, "00000001")], Word::Busy),
        (vec![(0, 9, "1")], Word::Hindered(Error)),
        (vec![(0, 11, "1")], Word::Hindered(Temperature)),
        (vec![(1, 2, "1")], Word::Hindered(CoverOpen)),
        (vec![(1, 3, "1"), (0, 4, "001")], Word::Hindered(RibbonOut)),
        (vec![(1, 8, "00000001")], Word::Busy),
    ] {
        assert_eq!(heard(&status(&changes)), [word], "{changes:?}");
    }
}

#[test]
fn a_status_that_is_not_whole_says_nothing() {
    let whole = status(&[]);
    assert_eq!(heard(&whole[..whole.len() - 9]), []);
    let second = whole.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    assert_eq!(heard(&whole[second..]), [], "the first string is missing");
}

#[test]
fn errors_are_told_where_the_status_is_silent() {
    let said = |errors: &str| {
        let text = format!(
            "\u{2}\r\nPRINTER STATUS\r\n ERRORS:         {errors}\r\n WARNINGS:       1 00000000 00000002\r\n\u{3}"
        );
        heard(text.as_bytes())
    };
    assert_eq!(said("0 00000000 00000000"), [Word::Ready]);
    for (errors, hindrance) in [
        ("1 00000000 00000001", Hindrance::PaperOut),
        ("1 00000000 00000005", Hindrance::PaperOut),
        ("1 00000000 00000004", Hindrance::CoverOpen),
        ("1 00000000 00000008", Hindrance::Cutter),
        ("1 00000000 00010000", Hindrance::Paused),
        ("1 00000001 00000000", Hindrance::Error),
    ] {
        assert_eq!(said(errors), [Word::Hindered(hindrance)], "{errors}");
    }
}

#[test]
fn the_odometer_and_alerts_are_heard_and_a_finished_job_is_no_proof() {
    assert_eq!(heard(b"\"4711\""), [Word::Labels(4_711)]);
    assert_eq!(
        heard(b"xx\r\n\"4712\"\"4713\""),
        [Word::Labels(4_712), Word::Labels(4_713)]
    );
    assert_eq!(heard(b"\"?\""), [], "a printer without an odometer");
    assert_eq!(
        heard(b"ERROR CONDITION: HEAD OPEN [2026-11-23 14:37:03] [XXZKJ181100602]\r\n"),
        [Word::Hindered(Hindrance::CoverOpen)]
    );
    assert_eq!(
        heard(b"ALERT: PQ JOB COMPLETED [2026-11-23 14:36:30]\r\n"),
        []
    );
}

#[test]
fn a_label_is_never_printed_again_by_itself_nor_before_its_end() {
    let mut image = BitImage::white(813, 100);
    image.fill(DotRect {
        x: 100,
        y: 20,
        width: 300,
        height: 50,
    });
    let job = job(&image, &Sheet::any(Dpi::D203), Pace::Fast);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    assert!(text(&job.setup).contains("^JZN"));
    let body = text(&job.body);
    assert!(
        body.starts_with("^XA^PW813^LL100") && body.contains("^PQ1,"),
        "{body}"
    );
    assert!(!body.contains("^XZ") && !body.contains("^SN"));
    assert_eq!(text(&job.commit), "^XZ\r\n");
    assert!(job.held);
}

#[test]
fn the_shorter_compression_is_taken() {
    let mut plain = BitImage::white(800, 4);
    plain.fill(DotRect {
        x: 0,
        y: 0,
        width: 800,
        height: 4,
    });
    let field_of = |image: &BitImage| {
        let inked = image.inked().unwrap();
        let zipped = z64(image, inked, Pace::Fast);
        String::from_utf8(field(inked, run_lengths(image, inked), Some(zipped))).unwrap()
    };
    assert_eq!(field_of(&plain), "^FO0,0^GFA,400,400,100,pF:::^FS");
    let mut busy = BitImage::white(800, 400);
    let mut state = 1_u32;
    for y in 0..400 {
        for x in 0..800 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            busy.set(x, y, state >> 31 == 1);
        }
    }
    assert!(field_of(&busy).contains(":Z64:"));
}

#[test]
fn runs_are_written_as_the_manual_writes_them() {
    let row = |row: &[u8]| {
        let mut text = Vec::new();
        push_row(&mut text, row);
        String::from_utf8(text).unwrap()
    };
    assert_eq!(row(&[0x00, 0x00]), ",");
    assert_eq!(row(&[0xFF, 0xFF]), "JF");
    assert_eq!(row(&[0xF0, 0x0F, 0x12]), "FH0F12");
    assert_eq!(row(&[[0xAA; 20].as_slice(), &[0x01]].concat()), "hA01");
    assert_eq!(row(&[[0x00; 300].as_slice(), &[0x01]].concat()), "zpG01");
    assert_eq!(crc16(b"123456789"), 0x31C3);
}
