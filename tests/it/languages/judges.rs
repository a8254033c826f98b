//! Programs that nobody here wrote draw what the station sends. One that is not installed is
//! reported as SKIPPED with its name.

use std::fs;

use super::*;
use crate::foreign::{
    Painter, Stream, dots, judged, labelized, painted, python, with_set_bits_black,
};

/// Draws each file of Brother's raster, mirrored back, beside it.
const BROTHER: &str = "
import sys
from PIL import Image
from brother_ql.reader import BrotherQLReader
for file in sys.argv[1:]:
    reader = BrotherQLReader(file)
    reader.filename_fmt = file + '.png'
    reader.analyse()
";

/// Makes a Brother raster of a picture as the foreign encoder does.
const BROTHER_ENCODER: &str = "
import sys
from PIL import Image
Image.ANTIALIAS = Image.LANCZOS
from brother_ql.conversion import convert
from brother_ql.raster import BrotherQLRaster
picture = Image.frombytes('1', (int(sys.argv[2]), int(sys.argv[3])), bytes.fromhex(open(sys.argv[1]).read())).convert('L').point(lambda ink: 255 - ink)
raster = BrotherQLRaster('QL-820NWB')
convert(raster, [picture], '62', cut=True, dither=False, compress=True, rotate='0')
sys.stdout.buffer.write(raster.data)
";

/// The job of the reference label for a model.
fn job_of(name: &str) -> (Job, BitImage) {
    let (manners, sheet) = model(name, "label-4x6");
    let image = reference(sheet.dpi);
    let job = manners
        .language
        .job(&image, &sheet, Pace::Fast, None)
        .unwrap();
    (job, image)
}

/// What zpl-renderer-js draws of a label as large as `image`.
fn zebrashed(test: &str, label: &[u8], image: &BitImage) -> Option<BitImage> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("label.zpl");
    fs::write(&file, label).unwrap();
    let stream = Stream {
        file,
        width: image.width(),
        height: image.height(),
    };
    let drawn = painted(test, &[(Painter::Zebrash, stream)])?;
    dots(test, &drawn).map(|mut pictures| pictures.remove(0))
}

#[test]
fn foreign_programs_draw_the_very_dots_of_zpl_and_in_the_full_run_of_epl_and_tspl() {
    let test = "foreign_programs_draw_the_very_dots_of_zpl_and_in_the_full_run_of_epl_and_tspl";
    for (name, ending) in [
        ("zebra-zd421-203", "zpl"),
        ("zebra-zd421-300", "zpl"),
        ("zebra-lp2844", "epl"),
        ("tsc-te210", "tspl"),
        ("tsc-te310", "tspl"),
    ] {
        let (job, image) = job_of(name);
        let mut label = [job.body.as_slice(), &job.commit].concat();
        let zebrashed = (ending == "zpl").then(|| zebrashed(test, &label, &image));
        if ending == "epl" {
            label = with_set_bits_black(&label);
        }
        let labelized = labelized(test, ending, &label, &image);
        for drawn in zebrashed.flatten().into_iter().chain(labelized) {
            assert!(shows(&drawn, &image, 0), "{name}: {drawn:?}");
        }
    }
}

/// The test file of Zebra's support page on `GW`: a box of 16 by 16 dots, one dot thick.
#[test]
fn a_box_of_zebra_is_a_box() {
    let sides = [0x7F, 0xFE].repeat(14);
    let label = [b"N\r\nGW100,100,2,16,\0\0", sides.as_slice(), b"\0\0P1\r\n"].concat();
    let (_, sheet) = model("zebra-lp2844", "label-4x6");
    let (sheets, _) = print_all(interpreter(Language::Epl, &sheet, 0).as_mut(), &label);
    let mut drawn = BitImage::white(116, 116);
    for (x, y, width, height) in [(0, 0, 16, 1), (0, 15, 16, 1), (0, 0, 1, 16), (15, 0, 1, 16)] {
        drawn.fill(DotRect {
            x: 100 + x,
            y: 100 + y,
            width,
            height,
        });
    }
    assert!(sheets.len() == 1 && shows(&sheets[0], &drawn, 0));
}

#[test]
fn foreign_programs_draw_a_label_of_run_lengths() {
    let test = "foreign_programs_draw_a_label_of_run_lengths";
    let mut image = BitImage::white(800, 1_200);
    for (x, y, width, height) in [(3, 5, 700, 2), (0, 9, 800, 1), (333, 12, 41, 3)] {
        image.fill(DotRect {
            x,
            y,
            width,
            height,
        });
    }
    let (manners, sheet) = model("zebra-zd421-203", "label-4x6");
    let job = manners
        .language
        .job(&image, &sheet, Pace::Slow, None)
        .unwrap();
    assert!(!job.body.windows(5).any(|window| window == b":Z64:"));
    let label = [job.body.as_slice(), &job.commit].concat();
    let drawn = [
        zebrashed(test, &label, &image),
        labelized(test, "zpl", &label, &image),
    ];
    for drawn in drawn.into_iter().flatten() {
        assert!(shows(&drawn, &image, 0));
    }
}

/// The reference label as far as a roll of 62 mm holds it.
fn narrow() -> BitImage {
    let whole = reference(Dpi::D300);
    let mut image = BitImage::white(732, 1_181);
    for y in 0..image.height() {
        for x in (18..714).filter(|&x| whole.black(x + 100, y)) {
            image.set(x, y, true);
        }
    }
    image
}

#[test]
fn brother_ql_reads_the_very_dots_of_our_raster() {
    let test = "brother_ql_reads_the_very_dots_of_our_raster";
    let (manners, sheet) = model("brother-ql-820nwb", "roll-62");
    let image = narrow();
    let mut job = manners
        .language
        .job(&image, &sheet, Pace::Fast, None)
        .unwrap();
    // The reader knows no bytes of white lines, so these are sent as lines for it.
    job.body = with_white_lines(&job.body, sheet.head / 8);
    let folder = tempfile::tempdir().unwrap();
    let stream = folder.path().join("label.bin");
    fs::write(&stream, job.bytes()).unwrap();
    if judged(
        test,
        "brother_ql (pip: brother_ql)",
        python(BROTHER).arg(&stream),
    )
    .is_none()
    {
        return;
    }
    let drawn = dots(test, &[folder.path().join("label.bin.png")]).unwrap();
    // The reader draws the whole head, mirrored back: column 0 comes to dot 720 - 12 - 696.
    assert!(shows(&drawn[0], &on_the_sheet(&image, &sheet), 12));
}

/// The same raster with each `Z` as a packed line of zeros.
fn with_white_lines(body: &[u8], width: usize) -> Vec<u8> {
    let start = body.windows(2).position(|pair| pair == b"M\x02").unwrap() + 2;
    let mut lines = body[..start].to_vec();
    let mut rest = &body[start..];
    while let Some(first) = rest.first() {
        let used = if *first == b'Z' {
            lines.extend([b'g', 0, 2, u8::try_from(257 - width).unwrap(), 0]);
            1
        } else {
            let used = 3 + usize::from(rest[2]);
            lines.extend(&rest[..used]);
            used
        };
        rest = &rest[used..];
    }
    lines
}

#[test]
fn our_interpreter_reads_the_very_dots_of_the_raster_that_brother_ql_makes() {
    let test = "our_interpreter_reads_the_very_dots_of_the_raster_that_brother_ql_makes";
    let (manners, sheet) = model("brother-ql-820nwb", "roll-62");
    let image = on_the_sheet(&narrow(), &sheet);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dots");
    fs::write(&file, hex::encode(image.bytes())).unwrap();
    let mut encoder = python(BROTHER_ENCODER);
    encoder.arg(&file);
    encoder.args([image.width().to_string(), image.height().to_string()]);
    let Some(output) = judged(test, "brother_ql (pip: brother_ql)", &mut encoder) else {
        return;
    };
    let mut printer = interpreter(manners.language, &sheet, image.height());
    let (sheets, effects) = print_all(printer.as_mut(), &output.stdout);
    assert!(!effects.contains(&Effect::Garbage), "{effects:?}");
    assert!(sheets.len() == 1 && shows(&sheets[0], &image, 0));
}
