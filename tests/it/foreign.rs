//! Programs that nobody here wrote, as the tests ask them. One that is not installed is reported as
//! SKIPPED with its name; `cargo xtask test` installs them all.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use station::printing::bits::BitImage;
use station::printing::units::Dpi;

/// The folder with the judges that run on Node.js.
const JUDGES: &str = "PENNYBLACK_JUDGES";

/// What draws labels with them.
const PAPER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/foreign/paper.cjs");

/// Prints each picture as its width, its height and its dots in hexadecimal, black set.
const DOTS: &str = "
import sys
from PIL import Image
for file in sys.argv[1:]:
    picture = Image.open(file).convert('RGBA')
    paper = Image.new('RGBA', picture.size, 'white')
    picture = Image.alpha_composite(paper, picture).convert('L').point(lambda grey: 255 * (grey < 128))
    print(*picture.size, picture.convert('1').tobytes().hex())
";

/// Prints what zxing-cpp reads of each picture: its symbols in hexadecimal, on one line.
const ZXING: &str = "
import sys, zxingcpp
from PIL import Image
for file in sys.argv[1:]:
    found = zxingcpp.read_barcodes(Image.open(file).convert('L'))
    print(*(one.bytes.hex() for one in found))
";

/// How long dmtxread may look for a symbol, milliseconds.
const PATIENCE_MS: &str = "-m20000";

/// Pictures that dmtxread looks at at once.
const READERS: usize = 2;

/// What a judge says; `None`, with a line that says so, when it is not installed.
pub(crate) fn judged(test: &str, judge: &str, command: &mut Command) -> Option<Output> {
    let complaint = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    match command.output() {
        Ok(output) if !complaint(&output).contains("ModuleNotFoundError") => {
            assert!(output.status.success(), "{judge}: {}", complaint(&output));
            Some(output)
        }
        _ => {
            skipped(test, judge);
            None
        }
    }
}

fn skipped(test: &str, judge: &str) {
    println!("SKIPPED {test}: {judge} is not installed");
}

/// A script in Python.
pub(crate) fn python(script: &str) -> Command {
    let mut command = Command::new("python3");
    command.arg("-c").arg(script);
    command
}

/// The dots of pictures in files.
pub(crate) fn dots(test: &str, files: &[PathBuf]) -> Option<Vec<BitImage>> {
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

/// Streams for a printer, in files, and how many dots their paper has.
pub(crate) struct Stream {
    pub(crate) file: PathBuf,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// What draws a stream.
#[derive(Clone, Copy)]
pub(crate) enum Painter {
    /// zpl-renderer-js.
    Zebrash,
    /// npos, at a resolution.
    Npos(Dpi),
}

/// Draws streams; each picture stands beside its stream, as `FILE.png`.
pub(crate) fn painted(test: &str, streams: &[(Painter, Stream)]) -> Option<Vec<PathBuf>> {
    let judge = "npos and zpl-renderer-js (npm, in the folder that PENNYBLACK_JUDGES names)";
    if std::env::var_os(JUDGES).is_none_or(|folder| !Path::new(&folder).is_dir()) {
        skipped(test, judge);
        return None;
    }
    let lines: String = streams
        .iter()
        .map(|(painter, stream)| {
            let about = format!(
                "{} {} {}",
                stream.file.display(),
                stream.width,
                stream.height
            );
            match painter {
                Painter::Zebrash => format!("zpl {about}\n"),
                Painter::Npos(dpi) => format!("escpos {about} {}\n", dpi.number()),
            }
        })
        .collect();
    let list = tempfile::NamedTempFile::new().unwrap();
    fs::write(list.path(), lines).unwrap();
    let mut node = Command::new("node");
    node.arg(PAPER).stdin(Stdio::from(list.reopen().unwrap()));
    judged(test, judge, &mut node)?;
    let beside = |file: &Path| PathBuf::from(format!("{}.png", file.display()));
    Some(
        streams
            .iter()
            .map(|(_, stream)| beside(&stream.file))
            .collect(),
    )
}

/// Expects that zxing-cpp reads exactly these bytes from each picture.
pub(crate) fn assert_zxing_reads(test: &str, pictures: &[(PathBuf, &[u8])]) {
    let files = pictures.iter().map(|(file, _)| file);
    let zxing = "zxing-cpp (pip: zxing-cpp pillow)";
    if let Some(output) = judged(test, zxing, python(ZXING).args(files)) {
        let read = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<&str> = read.lines().collect();
        assert_eq!(lines.len(), pictures.len());
        for (line, (file, payload)) in lines.iter().zip(pictures) {
            assert_eq!(*line, hex::encode(payload), "zxing: {}", file.display());
        }
    }
}

/// Expects that zxing-cpp and dmtxread read exactly these bytes from each picture.
pub(crate) fn assert_read(test: &str, pictures: &[(PathBuf, &[u8])]) {
    assert_zxing_reads(test, pictures);
    let share = pictures.len().div_ceil(READERS).max(1);
    thread::scope(|scope| {
        for pictures in pictures.chunks(share) {
            scope.spawn(move || {
                for (file, payload) in pictures {
                    let mut dmtxread = Command::new("dmtxread");
                    dmtxread.args(["-N1", PATIENCE_MS]).arg(file);
                    let judge = "dmtxread (apt: dmtx-utils)";
                    let Some(output) = judged(test, judge, &mut dmtxread) else {
                        return;
                    };
                    assert!(output.stdout == *payload, "dmtxread: {}", file.display());
                }
            });
        }
    });
}

/// What labelize draws of a stream for a label as large as `image`: only in the full run, because
/// its build takes minutes.
pub(crate) fn labelized(
    test: &str,
    ending: &str,
    label: &[u8],
    image: &BitImage,
) -> Option<BitImage> {
    if !crate::commands::is_long_run() {
        return None;
    }
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

/// The same EPL2 label for a reader that draws set bits, as labelize does. A printer draws clear
/// ones, as CUPS's driver sends them and the manufacturer's own example shows.
pub(crate) fn with_set_bits_black(label: &[u8]) -> Vec<u8> {
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
