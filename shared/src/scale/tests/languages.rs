//! Scales on serial lines, byte by byte.

use proptest::prelude::*;

use super::super::talk::{Language, Talk};
use super::super::{Heard, Reading, Trouble};
use super::{figure, said, stable};

/// What a talk makes of bytes.
fn heard(language: Language, bytes: &[u8]) -> Vec<Heard> {
    let mut heard = Vec::new();
    Talk::new(language).hear(bytes, &mut heard);
    heard
}

fn trouble(trouble: Trouble) -> Heard {
    said(Reading::Trouble(trouble))
}

#[test]
fn mt_sics_is_read_as_its_manual_says() {
    for (line, says) in [
        ("S S     100.00 g", said(stable("100g"))),
        ("S S      -0.12 g", said(stable("-0.12g"))),
        ("S S    - 0.120 kg", said(stable("-0.12kg"))),
        ("S S       3.50 oz", said(stable("3.5oz"))),
        (
            "S D     100.00 g",
            said(Reading::Moving(Some(figure("100g")))),
        ),
        ("S I", trouble(Trouble::NotNow)),
        ("S +", said(Reading::OverLimit)),
        ("S -", said(Reading::UnderZero)),
        ("S S     100.00 mom", trouble(Trouble::ForeignUnit)),
        ("S S     1.2.3 g", trouble(Trouble::NotUnderstood)),
        ("Z A", Heard::Zeroed),
        ("Z I", Heard::NotZeroed),
        ("Z +", Heard::NotZeroed),
        ("ES", trouble(Trouble::NotUnderstood)),
        ("EL", trouble(Trouble::NotUnderstood)),
        ("I4 A \"0123456789\"", trouble(Trouble::NotUnderstood)),
    ] {
        let bytes = format!("{line}\r\n");
        assert_eq!(heard(Language::MtSics, bytes.as_bytes()), [says], "{line}");
    }
    assert_eq!(heard(Language::MtSics, b"\r\n\r\n"), []);
}

#[test]
fn nci_is_read_as_its_manual_says() {
    let moving = Reading::Moving(Some(figure("1.25lb")));
    for (answer, says) in [
        ("\n0001.25LB\r\n00\r", said(stable("1.25lb"))),
        ("\n01.250lb\r\nS00\r", said(stable("1.25lb"))),
        ("\n01lb 04.0oz\r\n00\r", said(stable("20oz"))),
        ("\n 12.5 g \r\n00\r", said(stable("12.5g"))),
        ("\n-000.50oz\r\n00\r", said(stable("-0.5oz"))),
        ("\n0000.00lb\r\n20\r", said(stable("0lb"))),
        ("\n0001.25lb\r\n10\r", said(moving)),
        ("\n------lb\r\n10\r", said(Reading::Moving(None))),
        ("\n^^^^^^lb\r\n02\r", said(Reading::OverLimit)),
        ("\n______lb\r\n01\r", said(Reading::UnderZero)),
        ("\n0001.25lb\r\n40\r", trouble(Trouble::Broken)),
        ("\n0001.25lb\r\n04\r", trouble(Trouble::Broken)),
        ("\n0001.25lb\r\n08\r", trouble(Trouble::NeedsCalibration)),
        ("\n0001.25lb\r\n0p8\r", trouble(Trouble::NeedsZero)),
        ("\n0001.25lb\r\n0p0\r", said(stable("1.25lb"))),
        ("\n0001.25lb\r\n0p\r", trouble(Trouble::NotUnderstood)),
        ("\nMENU 1lb\r\n00\r", trouble(Trouble::NotNow)),
        ("\n0001.25st\r\n00\r", trouble(Trouble::ForeignUnit)),
        ("\n20\r", Heard::Zeroed),
        ("\n30\r", Heard::NotZeroed),
        ("\n00\r", Heard::NotZeroed),
        ("\n?\r", trouble(Trouble::NotUnderstood)),
    ] {
        let bytes = format!("{answer}\x03");
        assert_eq!(heard(Language::Nci, bytes.as_bytes()), [says], "{answer:?}");
    }
}

#[test]
fn the_parity_of_seven_bits_is_taken_off() {
    let even = |byte: &u8| byte | (u8::from(byte.count_ones() % 2 == 1) << 7);
    let plain = b"\n0001.25lb\r\n00\r";
    let with_parity: Vec<u8> = plain.iter().map(even).collect();
    assert_ne!(with_parity, plain);
    let bytes = [with_parity.as_slice(), &[3]].concat();
    assert_eq!(heard(Language::Nci, &bytes), [said(stable("1.25lb"))]);
}

#[test]
fn one_question_waits_for_its_answer_and_is_asked_again_without_one() {
    let mut talk = Talk::new(Language::MtSics);
    let mut heard = Vec::new();
    assert_eq!(talk.due(0), Some(&b"SI\r\n"[..]));
    assert_eq!(talk.due(1), None);
    assert_eq!(talk.due(699), None);
    assert_eq!(talk.due(700), Some(&b"SI\r\n"[..]), "no answer came");
    talk.hear(b"S S 1.0 g\r\n", &mut heard);
    assert_eq!(talk.due(799), None);
    talk.zero();
    assert_eq!(talk.due(800), Some(&b"Z\r\n"[..]));
    assert_eq!(
        talk.due(3_799),
        None,
        "zero waits until the scale is at rest"
    );
    talk.hear(b"Z A\r\n", &mut heard);
    assert_eq!(talk.due(3_800), Some(&b"SI\r\n"[..]));
    assert_eq!(heard, [said(stable("1g")), Heard::Zeroed]);
    assert_eq!(Talk::new(Language::Nci).due(5), Some(&b"W\r"[..]));
}

#[test]
fn a_flood_without_an_end_is_told_once_and_kept_nowhere() {
    for language in Language::ALL {
        let mut talk = Talk::new(language);
        let mut heard = Vec::new();
        talk.hear(&[b'x'; 100_000], &mut heard);
        assert_eq!(heard, [trouble(Trouble::NotUnderstood)]);
        heard.clear();
        let (end, answer) = match language {
            Language::MtSics => (&b"\n"[..], &b"S S 1.0 g\r\n"[..]),
            Language::Nci => (&b"\x03"[..], &b"\n1.0 g\r\n00\r\x03"[..]),
        };
        talk.hear(end, &mut heard);
        talk.hear(answer, &mut heard);
        assert_eq!(heard, [said(stable("1g"))], "after the end of the flood");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_talk_panic(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20)
    ) {
        for language in Language::ALL {
            let mut talk = Talk::new(language);
            let mut heard = Vec::new();
            for (now, piece) in (0..).step_by(50).zip(&pieces) {
                let _ = talk.due(now);
                talk.hear(piece, &mut heard);
            }
            let bytes: usize = pieces.iter().map(Vec::len).sum();
            prop_assert!(heard.len() <= bytes + 1);
        }
    }

    #[test]
    fn bytes_say_the_same_however_they_are_cut(
        language in prop::sample::select(Language::ALL.to_vec()),
        cuts in prop::collection::vec(1usize..7, 1..40),
    ) {
        let bytes: &[u8] = match language {
            Language::MtSics => b"S S 12.5 g\r\nS D 13.0 g\r\nnoise\r\nS +\r\nZ A\r\n",
            Language::Nci => b"\n12.5 g\r\n00\r\x03\n13.0 g\r\n10\r\x03noise\x03\n1 g\r\n02\r\x03\n20\r\x03",
        };
        let mut talk = Talk::new(language);
        let (mut rest, mut pieces) = (bytes, Vec::new());
        for cut in cuts {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            talk.hear(piece, &mut pieces);
            rest = after;
        }
        talk.hear(rest, &mut pieces);
        prop_assert_eq!(pieces, heard(language, bytes));
    }
}
