//! What the station sends a printer is on paper what it drew, in every language: by interpreters
//! of our own that are written from the manuals, and by programs that nobody here wrote.

use proptest::prelude::*;
use station::printing::bits::{BitImage, DotRect};
use station::printing::job::Manners;
use station::printing::language::{Job, Language, Pace, Sheet};
use station::printing::layout::reference::{reference_bytes, reference_label};
use station::printing::layout::stock::Stock;
use station::printing::profile::Profile;
use station::printing::raster::raster;
use station::printing::symbol;
use station::printing::units::Dpi;
use system_tests::printer::{Asked, Effect, interpreter, print_all, shows};

mod judges;

/// A model of each language with a stock that it takes.
const MODELS: [(&str, &str); 9] = [
    ("esc-pos", "label-4x6"),
    ("zebra-zd421-203", "label-4x6"),
    ("zebra-zd421-300", "label-4x6"),
    ("zebra-lp2844", "label-4x6"),
    ("tsc-te310", "label-4x6"),
    ("brother-ql-820nwb", "roll-62"),
    ("brother-ql-1060n", "label-4x6"),
    ("dymo-lw-4xl", "label-4x6"),
    ("boca-lemur-300", "label-4x6"),
];

/// How a model prints on a stock.
fn model(name: &str, stock: &str) -> (Manners, Sheet) {
    let profile = Profile::by_name(name).unwrap();
    let dpi = Dpi::from_number(profile.dpi[0]).unwrap();
    let sheet = profile.sheet(&Stock::by_name(stock).unwrap(), dpi).unwrap();
    (profile.manners(&sheet, true), sheet)
}

/// The reference label at a resolution.
fn reference(dpi: Dpi) -> BitImage {
    raster(
        &reference_label(&symbol::encode(&reference_bytes()).unwrap()),
        dpi,
    )
}

/// A picture without what lies beside the head.
fn under_the_head(image: &BitImage, sheet: &Sheet) -> BitImage {
    let mut narrow = image.clone();
    for y in 0..image.height() {
        for x in (0..sheet.left).chain(sheet.left + sheet.dots..image.width()) {
            narrow.set(x, y, false);
        }
    }
    narrow
}

/// What part of a picture a sheet holds.
fn on_the_sheet(image: &BitImage, sheet: &Sheet) -> BitImage {
    image.crop(DotRect {
        x: sheet.left,
        y: 0,
        width: sheet.dots.min(image.width().saturating_sub(sheet.left)),
        height: image.height(),
    })
}

/// Prints a job and expects exactly this picture on one sheet.
fn assert_on_paper(job: &Job, language: Language, sheet: &Sheet, image: &BitImage) {
    let wanted = on_the_sheet(image, sheet);
    let mut printer = interpreter(language, sheet, wanted.height());
    let (sheets, effects) = print_all(printer.as_mut(), &job.bytes());
    assert!(!effects.contains(&Effect::Garbage), "{language:?}");
    assert_eq!(sheets.len(), 1, "{language:?}");
    assert!(
        shows(&sheets[0], &wanted, job.shift),
        "{language:?}: {} of {} dots",
        sheets[0].black_dots(),
        wanted.black_dots()
    );
}

#[test]
fn the_paper_of_every_model_shows_the_very_dots_of_the_reference_label() {
    for (name, stock) in MODELS {
        let (manners, sheet) = model(name, stock);
        let image = under_the_head(&reference(sheet.dpi), &sheet);
        for pace in [Pace::Slow, Pace::Fast] {
            let job = manners
                .language
                .job(&image, &sheet, pace, manners.tag(7))
                .unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
            println!(
                "{name} {pace:?}: {} of {} bytes",
                job.bytes().len(),
                image.bytes().len()
            );
            assert_on_paper(&job, manners.language, &sheet, &image);
        }
    }
}

#[test]
fn nothing_is_on_paper_before_the_end_where_a_printer_holds_the_picture_back() {
    for (name, stock) in MODELS {
        let (manners, sheet) = model(name, stock);
        let mut image = BitImage::white(sheet.left + 400, 200);
        image.fill(DotRect {
            x: sheet.left + 10,
            y: 20,
            width: 300,
            height: 90,
        });
        let job = manners
            .language
            .job(&image, &sheet, Pace::Fast, None)
            .unwrap();
        let mut printer = interpreter(manners.language, &sheet, 200);
        let (sheets, _) = print_all(printer.as_mut(), &[job.setup, job.body].concat());
        assert_eq!(sheets, [], "{name}");
        assert_eq!(printer.tear_off().is_none(), job.held, "{name}");
        let (sheets, _) = print_all(printer.as_mut(), &job.commit);
        assert_eq!(sheets.len(), 1, "{name}");
    }
}

#[test]
fn every_question_of_every_language_is_understood_by_its_printer() {
    for (name, stock) in MODELS {
        let (manners, sheet) = model(name, stock);
        let language = manners.language;
        let asked = |question: &[u8]| {
            let (_, effects) = print_all(interpreter(language, &sheet, 10).as_mut(), question);
            effects
        };
        let last = language.last_question();
        for question in language.questions().iter().copied().chain(last) {
            let effects = asked(question);
            assert!(!effects.is_empty(), "{name}: {question:?}");
            assert!(
                effects
                    .iter()
                    .all(|effect| matches!(effect, Effect::Asked(_))),
                "{name}: {effects:?}"
            );
        }
        if let Some(question) = language.odometer() {
            assert_eq!(asked(question), [Effect::Asked(Asked::Labels)]);
        }
        // What ends a command that was cut off means nothing between commands.
        let filler = asked(language.filler());
        // For a ticket printer they are bytes without a command, and the ticket is dropped.
        let is_harmless = |one: &Effect| match one {
            Effect::Cleared => true,
            Effect::Garbage => language == Language::Fgl,
            Effect::Nothing | Effect::Ink | Effect::Sheet(_) | Effect::Asked(_) => false,
        };
        assert!(filler.iter().all(is_harmless), "{name}: {filler:?}");
        let clearing = asked(language.clearing());
        assert!(
            !clearing.is_empty() && clearing.iter().all(|effect| *effect == Effect::Cleared),
            "{name}: {clearing:?}"
        );
    }
}

#[test]
fn a_picture_that_was_shifted_for_its_bytes_is_on_paper_as_far_to_the_right() {
    let mut image = BitImage::white(64, 8);
    // 0x10 0x04 in one row: a status request inside the picture.
    image.set(3, 0, true);
    image.set(13, 0, true);
    let (_, sheet) = model("esc-pos", "label-4x6");
    let job = Language::EscPos
        .job(&image, &sheet, Pace::Fast, None)
        .unwrap();
    assert_eq!(job.shift, 1);
    assert_on_paper(&job, Language::EscPos, &sheet, &image);
}

/// Any picture: dots, and rectangles that run-lengths like.
fn pictures() -> impl Strategy<Value = BitImage> {
    (
        1_usize..150,
        1_usize..200,
        prop::collection::vec((0_usize..150, 0_usize..200), 0..150),
        prop::collection::vec((0_usize..150, 0_usize..200, 1_usize..90, 1_usize..90), 0..4),
    )
        .prop_map(|(width, height, dots, solids)| {
            let mut image = BitImage::white(width, height);
            for (x, y) in dots {
                image.set(x, y, true);
            }
            for (x, y, width, height) in solids {
                image.fill(DotRect {
                    x,
                    y,
                    width,
                    height,
                });
            }
            image
        })
}

proptest! {
    #[test]
    fn whatever_is_drawn_comes_out_of_a_printer_of_any_language(
        picture in pictures(),
        language in prop::sample::select(Language::ALL.to_vec()),
        dpi in prop::sample::select(vec![Dpi::D203, Dpi::D300]),
        pace in prop::sample::select(vec![Pace::Slow, Pace::Fast]),
        left in 0_usize..20,
        plain in any::<bool>()
    ) {
        let sheet = Sheet {
            plain,
            head: 720,
            left,
            dots: 696,
            offset: 12,
            roll_mm: Some(62),
            ..Sheet::any(dpi)
        };
        // Whatever lies left of the head is white.
        let mut image = picture;
        for y in 0..image.height() {
            for x in 0..left {
                image.set(x, y, false);
            }
        }
        if image.width() > left && let Ok(job) = language.job(&image, &sheet, pace, None) {
            assert_on_paper(&job, language, &sheet, &image);
        }
    }
}
