//! The proof loop: symbols of every size that we print, at both resolutions, through every language
//! and the PDF, come out of programs that we did not write as the bytes that went in.
//!
//! | way | drawn by | read by |
//! |---|---|---|
//! | the picture itself | | zxing-cpp, dmtxread |
//! | ESC/POS, for models we know and for any | npos (each command and the dots of each band) | both |
//! | ZPL: run lengths, Z64 fast and small | zpl-renderer-js; labelize in the full run | both |
//! | EPL2, TSPL | labelize in the full run; our interpreter always | both |
//! | Brother QL, DYMO, FGL | our interpreter | both |
//! | PDF | poppler, Ghostscript | both |

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use station::printing::bits::BitImage;
use station::printing::fonts::Face;
use station::printing::label::{Align, Item, Label, Matrix, Point, Rect, Text};
use station::printing::language::{Job, Language, Pace, Sheet};
use station::printing::raster::raster;
use station::printing::units::{Dpi, Um};
use station::printing::{pdf, png, qr, symbol};
use system_tests::printer::{interpreter, print_all, shows};
use tempfile::TempDir;

use crate::foreign::{
    Painter, Stream, assert_read, assert_zxing_reads, judged, labelized, painted,
    with_set_bits_black,
};

/// Bytes of the payloads.
const SIZES: [usize; 6] = [40, 60, 90, 114, 142, 200];

const DPIS: [Dpi; 2] = [Dpi::D203, Dpi::D300];

/// One payload at one resolution.
struct Case {
    name: String,
    payload: Vec<u8>,
    label: Label,
    dpi: Dpi,
    image: BitImage,
}

/// Bytes without any order, the same in every run, and the awkward ones first.
fn payload(size: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let noise = std::iter::from_fn(move || {
        // Marsaglia's xorshift.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes().last().copied()
    });
    let awkward = [0, 0xFF, 0x1D, 0x10, 0x04, b'^', b'~', b'\n', 0x80];
    awkward.into_iter().chain(noise).take(size).collect()
}

/// A label with a symbol of half a millimetre a module among text and rules.
fn label(payload: &[u8]) -> Label {
    let at = |x, y| Point {
        x: Um::mm(x),
        y: Um::mm(y),
    };
    let text = |x, y, text: &str| {
        Item::Text(Text {
            face: Face::SemiBold,
            size: Um::tenth_points(90),
            at: at(x, y),
            align: Align::Left,
            text: text.to_owned(),
        })
    };
    let mut label = Label::new(Um::mm(55), Um::mm(44)).unwrap();
    let items = [
        text(3, 5, "SPECIMEN - NOT VALID FOR POSTAGE"),
        text(3, 15, "$0.785"),
        text(3, 40, "Mailed from ZIP 78701"),
        Item::Rect(Rect {
            at: at(3, 41),
            width: Um::mm(45),
            height: Um(250),
        }),
        Item::Matrix(Matrix {
            symbol: symbol::encode(payload).unwrap(),
            at: at(22, 9),
            module: Um(500),
        }),
    ];
    label.add(items).unwrap();
    label
}

fn cases() -> Vec<Case> {
    let pairs = SIZES
        .into_iter()
        .flat_map(|size| DPIS.map(|dpi| (size, dpi)));
    pairs
        .map(|(size, dpi)| {
            let payload = payload(size);
            let label = label(&payload);
            Case {
                name: format!("{size}-{}", dpi.number()),
                image: raster(&label, dpi),
                payload,
                label,
                dpi,
            }
        })
        .collect()
}

/// A sheet of 62 mm, under the heads of all our printers.
fn sheet(dpi: Dpi, plain: bool) -> Sheet {
    Sheet {
        head: 720,
        dots: 696,
        offset: 12,
        roll_mm: Some(62),
        plain,
        ..Sheet::any(dpi)
    }
}

fn job(case: &Case, language: Language, pace: Pace, plain: bool) -> Job {
    let sheet = sheet(case.dpi, plain);
    let job = language.job(&case.image, &sheet, pace, None).unwrap();
    assert_eq!(job.shift, 0, "{}", case.name);
    job
}

fn written(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn png_of(folder: &TempDir, name: &str, image: &BitImage, dpi: Dpi) -> PathBuf {
    written(
        folder,
        &format!("{name}.png"),
        &png::png(image, dpi).unwrap(),
    )
}

#[test]
fn every_payload_is_read_from_its_picture() {
    let folder = TempDir::new().unwrap();
    let cases = cases();
    let pictures: Vec<(PathBuf, &[u8])> = cases
        .iter()
        .map(|case| {
            let picture = png_of(&folder, &case.name, &case.image, case.dpi);
            (picture, case.payload.as_slice())
        })
        .collect();
    assert_read("every_payload_is_read_from_its_picture", &pictures);
}

#[test]
fn qr_codes_are_read_from_their_pictures() {
    let folder = TempDir::new().unwrap();
    let payloads = [1, 14, 62, 150, qr::MAX_BYTES].map(payload);
    let mut pictures = Vec::new();
    for payload in &payloads {
        for dpi in DPIS {
            let mut label = Label::new(Um::mm(60), Um::mm(60)).unwrap();
            let code = Item::Matrix(Matrix {
                symbol: qr::encode(payload).unwrap(),
                at: Point {
                    x: Um::mm(10),
                    y: Um::mm(10),
                },
                module: Um(500),
            });
            label.add([code]).unwrap();
            let name = format!("qr-{}-{}", payload.len(), dpi.number());
            let picture = png_of(&folder, &name, &raster(&label, dpi), dpi);
            pictures.push((picture, payload.as_slice()));
        }
    }
    assert_zxing_reads("qr_codes_are_read_from_their_pictures", &pictures);
}

/// Streams of each case in each of some ways, drawn and read.
fn assert_painted(test: &str, streams_of: impl Fn(&Case) -> Vec<(Painter, &'static str, Vec<u8>)>) {
    let folder = TempDir::new().unwrap();
    let cases = cases();
    let mut streams = Vec::new();
    let mut payloads = Vec::new();
    for case in &cases {
        for (painter, name, bytes) in streams_of(case) {
            let stream = Stream {
                file: written(&folder, &format!("{}.{name}", case.name), &bytes),
                width: case.image.width(),
                height: case.image.height(),
            };
            streams.push((painter, stream));
            payloads.push(case.payload.as_slice());
        }
    }
    if let Some(pictures) = painted(test, &streams) {
        let pictures: Vec<(PathBuf, &[u8])> = pictures.into_iter().zip(payloads).collect();
        assert_read(test, &pictures);
    }
}

#[test]
fn every_payload_is_read_from_what_npos_makes_of_esc_pos() {
    let test = "every_payload_is_read_from_what_npos_makes_of_esc_pos";
    assert_painted(test, |case| {
        let stream = |plain| job(case, Language::EscPos, Pace::Fast, plain).bytes();
        let painter = Painter::Npos(case.dpi);
        vec![
            (painter, "known", stream(false)),
            (painter, "plain", stream(true)),
        ]
    });
}

#[test]
fn every_payload_is_read_from_what_zpl_renderer_makes_of_zpl() {
    let test = "every_payload_is_read_from_what_zpl_renderer_makes_of_zpl";
    assert_painted(test, |case| {
        let stream = |pace, plain| {
            let job = job(case, Language::Zpl, pace, plain);
            let zipped = job.body.windows(5).any(|window| window == b":Z64:");
            assert_eq!(zipped, !plain, "{}", case.name);
            [job.body, job.commit].concat()
        };
        vec![
            (Painter::Zebrash, "runs", stream(Pace::Slow, true)),
            (Painter::Zebrash, "small", stream(Pace::Slow, false)),
            (Painter::Zebrash, "fast", stream(Pace::Fast, false)),
        ]
    });
}

#[test]
fn every_payload_is_read_from_what_labelize_makes_of_zpl_epl_and_tspl() {
    let test = "every_payload_is_read_from_what_labelize_makes_of_zpl_epl_and_tspl";
    let folder = TempDir::new().unwrap();
    let cases = cases();
    let mut pictures = Vec::new();
    for case in &cases {
        for (language, ending, plain) in [
            (Language::Zpl, "zpl", true),
            (Language::Zpl, "zpl", false),
            (Language::Epl, "epl", false),
            (Language::Tspl, "tspl", false),
        ] {
            let job = job(case, language, Pace::Fast, plain);
            let label = [job.body.as_slice(), &job.commit].concat();
            let turned = match language {
                Language::Epl => with_set_bits_black(&label),
                Language::EscPos
                | Language::Zpl
                | Language::Tspl
                | Language::BrotherQl
                | Language::Dymo
                | Language::Fgl => label,
            };
            // In a short run what a printer of ours makes of it stands in.
            let drawn = labelized(test, ending, &turned, &case.image)
                .unwrap_or_else(|| paper(case, language, plain));
            assert!(shows(&drawn, &case.image, 0), "{} {ending}", case.name);
            let name = format!("{}-{ending}-{plain}", case.name);
            let picture = png_of(&folder, &name, &on_white(&drawn, &case.image), case.dpi);
            pictures.push((picture, case.payload.as_slice()));
        }
    }
    assert_read(test, &pictures);
}

/// The paper that our own interpreter of a language makes of a case.
fn paper(case: &Case, language: Language, plain: bool) -> BitImage {
    let sheet = sheet(case.dpi, plain);
    let job = job(case, language, Pace::Fast, plain);
    let mut printer = interpreter(language, &sheet, case.image.height());
    let (mut sheets, _) = print_all(printer.as_mut(), &job.bytes());
    assert_eq!(sheets.len(), 1, "{}", case.name);
    sheets.remove(0)
}

/// Paper as large as the label: what lies beyond the last ink is white.
fn on_white(paper: &BitImage, image: &BitImage) -> BitImage {
    paper.crop(station::printing::bits::DotRect {
        x: 0,
        y: 0,
        width: image.width(),
        height: image.height(),
    })
}

#[test]
fn every_payload_is_read_from_what_our_printers_make_of_the_languages_that_nobody_else_draws() {
    let test =
        "every_payload_is_read_from_what_our_printers_make_of_the_languages_that_nobody_else_draws";
    let folder = TempDir::new().unwrap();
    let cases = cases();
    let mut pictures = Vec::new();
    for case in &cases {
        for language in [Language::BrotherQl, Language::Dymo, Language::Fgl] {
            let paper = paper(case, language, false);
            let name = format!("{}-{language:?}", case.name);
            let picture = png_of(&folder, &name, &on_white(&paper, &case.image), case.dpi);
            pictures.push((picture, case.payload.as_slice()));
        }
    }
    assert_read(test, &pictures);
}

#[test]
fn every_payload_is_read_from_what_poppler_and_ghostscript_make_of_the_pdf() {
    let test = "every_payload_is_read_from_what_poppler_and_ghostscript_make_of_the_pdf";
    let folder = TempDir::new().unwrap();
    let cases = cases();
    let mut pictures = Vec::new();
    for case in &cases {
        let file = written(
            &folder,
            &format!("{}.pdf", case.name),
            &pdf::pdf(&case.label, &case.name),
        );
        let drawn = [poppler(test, case, &file), ghostscript(test, case, &file)];
        let read = drawn.into_iter().flatten();
        pictures.extend(read.map(|picture| (picture, case.payload.as_slice())));
    }
    assert_read(test, &pictures);
}

fn poppler(test: &str, case: &Case, file: &Path) -> Option<PathBuf> {
    let stem = file.with_extension("poppler");
    let mut pdftoppm = Command::new("pdftoppm");
    pdftoppm.args(["-r", &case.dpi.number().to_string()]);
    pdftoppm.args(["-gray", "-png", "-singlefile"]);
    pdftoppm.arg(file).arg(&stem);
    judged(test, "pdftoppm (apt: poppler-utils)", &mut pdftoppm)?;
    Some(file.with_extension("poppler.png"))
}

fn ghostscript(test: &str, case: &Case, file: &Path) -> Option<PathBuf> {
    let picture = file.with_extension("ghostscript.png");
    let mut gs = Command::new("gs");
    gs.args(["-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=pngmono"]);
    gs.arg(format!("-r{}", case.dpi.number()));
    gs.arg(format!("-sOutputFile={}", picture.display()))
        .arg(file);
    judged(test, "gs (apt: ghostscript)", &mut gs)?;
    Some(picture)
}
