//! Programs that nobody here wrote read our labels. A judge that is not installed is reported as
//! SKIPPED with its name.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use jiff::civil::date;
use shared::ids::PsdId;
use shared::money::Mills;

use super::layout::indicium::{IndiciumFace, SPECIMEN, indicium_label};
use super::layout::reference::{reference_bytes, reference_label};
use super::layout::stock::Stock;
use super::raster::raster;
use super::units::Dpi;
use super::{pdf, png, symbol};

/// Prints what zxing-cpp reads, one hexadecimal line for each symbol.
pub(super) const ZXING: &str = "
import sys, zxingcpp
from PIL import Image
for file in sys.argv[1:]:
    for found in zxingcpp.read_barcodes(Image.open(file).convert('L')):
        print(found.bytes.hex())
";

/// What a judge says; `None`, with a line that says so, when it is not installed.
pub(super) fn judged(test: &str, judge: &str, command: &mut Command) -> Option<Output> {
    match command.output() {
        Ok(output) if !String::from_utf8_lossy(&output.stderr).contains("ModuleNotFoundError") => {
            Some(output)
        }
        _ => {
            println!("SKIPPED {test}: {judge} is not installed");
            None
        }
    }
}

fn labels() -> Vec<(&'static str, super::label::Label)> {
    let symbol = symbol::encode(&reference_bytes()).unwrap();
    let face = IndiciumFace {
        postage: Mills::new(785).unwrap(),
        date: date(2026, 11, 22),
        origin_zip: "78701".to_owned(),
        serial: shared::ids::PieceSerial {
            psd: PsdId::specimen(42),
            counter: 7,
        },
        class_marking: "FIRST-CLASS MAIL".to_owned(),
        rate_marking: "Metered letter, 0.9 oz".to_owned(),
        zone: None,
        to: vec!["Minnie Ellsworth".to_owned(), "Boise ID 83702".to_owned()],
        from: vec![],
        reference: String::new(),
        specimen: true,
    };
    let stocks = Stock::all().iter().filter(|stock| stock.piece.is_some());
    let mut labels: Vec<_> = stocks
        .map(|stock| {
            let label = indicium_label(&face, None, &symbol, *stock, Dpi::D203);
            (stock.name, label.unwrap())
        })
        .collect();
    labels.push(("reference", reference_label(&symbol)));
    labels
}

/// PNG files of every label at both resolutions of print heads.
fn pictures(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for (name, label) in labels() {
        for dpi in [Dpi::D203, Dpi::D300] {
            let path = folder.join(format!("{name}-{}.png", dpi.number()));
            fs::write(&path, png::png(&raster(&label, dpi), dpi).unwrap()).unwrap();
            files.push(path);
        }
    }
    files
}

fn documents(folder: &Path) -> Vec<PathBuf> {
    labels()
        .into_iter()
        .map(|(name, label)| {
            let path = folder.join(format!("{name}.pdf"));
            fs::write(&path, pdf::pdf(&label, name)).unwrap();
            path
        })
        .collect()
}

/// Expects that zxing-cpp reads the reference bytes from each picture.
fn assert_zxing_reads(test: &str, files: &[PathBuf]) {
    let mut zxing = Command::new("python3");
    zxing.arg("-c").arg(ZXING).args(files);
    if let Some(output) = judged(test, "zxing-cpp (pip: zxing-cpp pillow)", &mut zxing) {
        let read = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines: Vec<&str> = read.lines().collect();
        let expected = hex::encode(reference_bytes());
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(lines, vec![expected.as_str(); files.len()], "{complaint}");
    }
}

#[test]
fn zxing_reads_every_label_from_its_png() {
    let folder = tempfile::tempdir().unwrap();
    let files = pictures(folder.path());
    assert_zxing_reads("zxing_reads_every_label_from_its_png", &files);
}

#[test]
fn libdmtx_reads_every_label_from_its_png() {
    let folder = tempfile::tempdir().unwrap();
    for file in pictures(folder.path()) {
        let mut dmtxread = Command::new("dmtxread");
        dmtxread.arg("-N1").arg(&file);
        let test = "libdmtx_reads_every_label_from_its_png";
        let Some(output) = judged(test, "dmtxread (apt: dmtx-utils)", &mut dmtxread) else {
            return;
        };
        assert_eq!(output.stdout, reference_bytes(), "{}", file.display());
    }
}

#[test]
fn poppler_draws_pdf_files_that_zxing_reads() {
    let test = "poppler_draws_pdf_files_that_zxing_reads";
    let folder = tempfile::tempdir().unwrap();
    let mut drawn = Vec::new();
    for file in documents(folder.path()) {
        for dpi in ["203", "300", "600"] {
            let stem = file.with_extension(dpi);
            let mut pdftoppm = Command::new("pdftoppm");
            pdftoppm.args(["-r", dpi, "-gray", "-png", "-singlefile"]);
            pdftoppm.arg(&file).arg(&stem);
            let Some(output) = judged(test, "pdftoppm (apt: poppler-utils)", &mut pdftoppm) else {
                return;
            };
            assert!(output.status.success(), "{}", file.display());
            drawn.push(PathBuf::from(format!("{}.png", stem.display())));
        }
    }
    assert_zxing_reads(test, &drawn);
}

#[test]
fn poppler_extracts_the_specimen_line_from_every_pdf() {
    let folder = tempfile::tempdir().unwrap();
    for file in documents(folder.path()) {
        let mut pdftotext = Command::new("pdftotext");
        pdftotext.arg(&file).arg("-");
        let test = "poppler_extracts_the_specimen_line_from_every_pdf";
        let Some(output) = judged(test, "pdftotext (apt: poppler-utils)", &mut pdftotext) else {
            return;
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            text.lines().any(|line| line == SPECIMEN),
            "{}: {text}",
            file.display()
        );
        assert!(text.contains("$0.785"), "{}: {text}", file.display());
    }
}
