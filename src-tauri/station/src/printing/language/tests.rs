use super::*;
use crate::printing::status::Word;

#[test]
fn what_lies_outside_the_head_is_cut_off_when_it_is_white_and_refused_otherwise() {
    let sheet = Sheet {
        left: 18,
        dots: 696,
        ..Sheet::any(Dpi::D300)
    };
    let mut image = BitImage::white(732, 20);
    image.set(18, 3, true);
    image.set(713, 4, true);
    let cut = sheet.fit(&image).unwrap();
    assert_eq!((cut.width(), cut.height()), (696, 20));
    assert!(cut.black(0, 3) && cut.black(695, 4));
    for x in [17, 714] {
        let mut wide = image.clone();
        wide.set(x, 0, true);
        assert_eq!(
            sheet.fit(&wide),
            Err(Unprintable::TooWide {
                wanted: 732,
                dots: 696
            }),
            "{x}"
        );
    }
}

#[test]
fn a_white_label_prints_in_every_language() {
    let white = BitImage::white(100, 50);
    for language in Language::ALL {
        let job = language
            .job(
                &white,
                &Sheet {
                    head: 720,
                    dots: 696,
                    ..Sheet::any(Dpi::D203)
                },
                Pace::Fast,
                None,
            )
            .unwrap();
        assert!(!job.commit.is_empty(), "{language:?}");
    }
}

#[test]
fn a_language_that_is_asked_for_its_labels_has_an_odometer() {
    let asked: Vec<Language> = Language::ALL
        .into_iter()
        .filter(|language| language.odometer().is_some())
        .collect();
    assert_eq!(asked, [Language::Zpl]);
}

proptest::proptest! {
    #[test]
    fn whatever_a_printer_says_no_ear_stumbles_and_none_hears_a_tag_that_was_not_said(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..600)
    ) {
        for language in Language::ALL {
            for question in std::iter::once(None).chain((0..language.questions().len()).map(Some)) {
                let mut ear = language.ear(question, Some(62));
                let words: Vec<Word> = bytes.iter().filter_map(|&byte| ear.hear(byte)).collect();
                for word in words {
                    if let Word::Tag(tag) = word {
                        proptest::prop_assert!(bytes.windows(4).any(|window| window == tag));
                    }
                }
            }
        }
    }
}
