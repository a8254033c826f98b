use std::io::BufReader;

use proptest::prelude::*;

use super::*;

/// All that is answered to these bytes, however they come in.
fn answered(kind: Barcode, input: &[u8], piece: usize, json: bool) -> String {
    let mut out = Vec::new();
    let mut input = BufReader::with_capacity(piece, input);
    answer_all(kind, Show { json }, &mut input, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

const EXAMPLE: &str = "AADTFFDFTDADTAADAATFDTDDAAADDTDTTDAFADADDDTFFFDDTTTADFAAADFTDAADA";

#[test]
fn every_line_has_its_answer_whatever_is_wrong_with_it() {
    let input = b"01234567094987654321,01234567891\r\n\n  \n01234567094987654321\n\
        0123456709498765432,\n05234567094987654321,\n01234567094987654321,1234\n\
        01234567094987654321,1234a\n01234567094987654321,01234,5\n\xff\xfe\n\r\n\
        01234567094987654321,01234567891";
    for piece in [1, 7, 4_096] {
        let said = answered(Barcode::Imb, input, piece, false);
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(
            lines,
            [
                EXAMPLE,
                "error: the line is empty",
                "error: the line is empty",
                "ATTFATTDTTADTAATTDTDTATTDAFDDFADFDFTFFFFFTATFAAAATDFFTDAADFTFDTDT",
                "error: the tracking code has 19 digits instead of 20",
                "error: the second digit of the barcode identifier is 5 instead of 0 to 4",
                "error: the routing code has 4 digits instead of none, 5, 9 or 11",
                "error: 'a' is no digit",
                "error: ',' is no digit",
                "error: the line is not text in UTF-8",
                "error: the line is empty",
                EXAMPLE,
            ]
        );
    }
}

#[test]
fn check_digits_are_answered_and_wrong_ones_refused() {
    let said = answered(
        Barcode::S10,
        b"RB12345678US\nRB123456786US\n47312482\nfrank\n",
        64,
        false,
    );
    assert_eq!(
        said,
        "5\nerror: the check digit is 5 instead of 6\n9\nerror: an item identifier has 8 digits, a check digit, and 2 letters on either side\n"
    );
    let said = answered(
        Barcode::Impb,
        b"940011120620640626078\n9400111206206406260787\n9400111206206406260788\n420\n",
        64,
        false,
    );
    assert_eq!(
        said,
        "7\n7\nerror: the check digit is 7 instead of 8\nerror: a package's number has 20, 22 or 26 digits with its check digit, not 3\n"
    );
}

#[test]
fn programs_get_an_object_for_each_line() {
    let said = answered(Barcode::S10, b"47312482\n\n", 64, true);
    assert_eq!(
        said,
        "{\"check_digit\":9}\n{\"error\":\"the line is empty\"}\n"
    );
    let said = answered(Barcode::Imb, b"01234567094987654321,01234567891", 64, true);
    assert_eq!(said, format!("{{\"bars\":\"{EXAMPLE}\"}}\n"));
}

#[test]
fn no_line_is_too_long_to_be_answered_and_none_is_kept_whole() {
    let mut input = vec![b'1'; 5_000_000];
    input.push(b'\n');
    input.extend([b'1'; MAX_LINE_BYTES]);
    input.extend(b"\r\n");
    input.extend([b'1'; MAX_LINE_BYTES + 1]);
    input.extend(b"\n47312482\n");
    let said = answered(Barcode::S10, &input, 4_096, false);
    let lines: Vec<&str> = said.lines().collect();
    let shape =
        "error: an item identifier has 8 digits, a check digit, and 2 letters on either side";
    let long = "error: a line has at most 256 bytes";
    assert_eq!(lines, [long, shape, long, "9"]);
}

proptest! {
    #[test]
    fn any_bytes_are_answered_line_by_line(
        input in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b','), b'0'..=b'9', any::<u8>()], 0..600),
        kind in prop::sample::select(vec![Barcode::Imb, Barcode::S10, Barcode::Impb]),
        piece in 1_usize..50
    ) {
        let said = answered(kind, &input, piece, false);
        let ended = input.iter().filter(|&&byte| byte == b'\n').count();
        let rest = usize::from(input.last().is_some_and(|&byte| byte != b'\n'));
        prop_assert_eq!(said.lines().count(), ended + rest);
        prop_assert!(said.is_empty() || said.ends_with('\n'));
    }
}
