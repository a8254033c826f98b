//! Programs that nobody here wrote draw what the station sends. One that is not installed is
//! reported as SKIPPED with its name.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use super::*;

/// Prints each picture as its width, its height and its dots in hexadecimal, black set.
const DOTS: &str = "
import sys
from PIL import Image, ImageChops
for file in sys.argv[1:]:
    picture = Image.open(file).convert('RGBA')
    paper = Image.new('RGBA', picture.size, 'white')
    picture = Image.alpha_composite(paper, picture).convert('L').point(lambda grey: 255 * (grey < 128))
    print(*picture.size, picture.convert('1').tobytes().hex())
";

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

/// What a judge says; `None`, with a line that says so, when it is not installed.
fn judged(test: &str, judge: &str, command: &mut Command) -> Option<Output> {
    match command.output() {
        Ok(output) if !String::from_utf8_lossy(&output.stderr).contains("ModuleNotFoundError") => {
            let complaint = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{judge}: {complaint}");
            Some(output)
        }
        _ => {
            println!("SKIPPED {test}: {judge} is not installed");
            None
        }
    }
}

fn python(script: &str) -> Command {
    let mut command = Command::new("python3");
    command.arg("-c").arg(script);
    command
}

/// The pictures in files.
fn dots(test: &str, files: &[PathBuf]) -> Option<Vec<BitImage>> {
    let output = judged(test, "Pillow (pip: pillow)", python(DOTS).args(files))?;
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().map(picture).collect())
}

fn picture(line: &str) -> BitImage {
    let words: Vec<&str> = line.split(' ').collect();
    let (width, height) = (words[0].parse().unwrap(), words[1].parse().unwrap());
    let bytes = hex::decode(words[2]).unwrap();
    let mut image = BitImage::white(width, height);
    for y in 0..height {
        let row = &bytes[y * width.div_ceil(8)..];
        for x in (0..width).filter(|x| row[x / 8] & (0x80 >> (x % 8)) != 0) {
            image.set(x, y, true);
        }
    }
    image
}

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

/// What labelize draws of a label as large as `image`.
fn labelized(test: &str, ending: &str, label: &[u8], image: &BitImage) -> Option<BitImage> {
    let folder = tempfile::tempdir().unwrap();
    let stream = folder.path().join(format!("label.{ending}"));
    let drawn = folder.path().join("label.png");
    fs::write(&stream, label).unwrap();
    // It knows no heads of 300 dots an inch, and dots are drawn one by one whatever they measure.
    let millimetres = |dots: usize| {
        let thousandths = dots * 125;
        format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000)
    };
    let mut labelize = Command::new("labelize");
    labelize.arg("convert").arg(&stream).arg("-o").arg(&drawn);
    labelize.args(["--width", &millimetres(image.width())]);
    labelize.args(["--height", &millimetres(image.height())]);
    let judge = "labelize (cargo install labelize --features cli)";
    judged(test, judge, &mut labelize)?;
    dots(test, &[drawn]).map(|mut pictures| pictures.remove(0))
}

#[test]
fn labelize_draws_the_very_dots_of_zpl_epl_and_tspl() {
    let test = "labelize_draws_the_very_dots_of_zpl_epl_and_tspl";
    for (name, ending) in [
        ("zebra-zd421-203", "zpl"),
        ("zebra-zd421-300", "zpl"),
        ("zebra-lp2844", "epl"),
        ("tsc-te210", "tspl"),
        ("tsc-te310", "tspl"),
    ] {
        let (job, image) = job_of(name);
        let mut label = [job.body.as_slice(), &job.commit].concat();
        if ending == "epl" {
            label = with_set_bits_black(&label);
        }
        let Some(drawn) = labelized(test, ending, &label, &image) else {
            return;
        };
        assert!(shows(&drawn, &image, 0), "{name}: {drawn:?}");
    }
}

/// The same label for a reader of EPL2 that draws set bits. A printer draws clear ones, as CUPS's
/// driver sends them and the manufacturer's example in [`a_box_of_zebra_is_a_box`] shows.
fn with_set_bits_black(label: &[u8]) -> Vec<u8> {
    let mut turned = label.to_vec();
    let mut place = 0;
    while let Some(start) = turned[place..].windows(2).position(|pair| pair == b"GW") {
        let header = place + start + 2;
        let mut commas = (header..).filter(|&at| turned[at] == b',');
        let data = commas.nth(3).unwrap() + 1;
        let text = String::from_utf8(turned[header..data - 1].to_vec()).unwrap();
        let numbers: Vec<usize> = text
            .split(',')
            .map(|number| number.parse().unwrap())
            .collect();
        place = data + numbers[2] * numbers[3];
        for byte in &mut turned[data..place] {
            *byte = !*byte;
        }
    }
    turned
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
fn labelize_draws_a_label_of_run_lengths() {
    let test = "labelize_draws_a_label_of_run_lengths";
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
    if let Some(drawn) = labelized(test, "zpl", &label, &image) {
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
