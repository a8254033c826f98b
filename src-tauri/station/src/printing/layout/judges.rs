//! Programs that nobody here wrote read every kind of label of value on every stock, at every
//! resolution of print heads, from the raster and from the PDF.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::samples::{self, Sample};
use crate::printing::judges::{ZXING, judged};
use crate::printing::pdf::pdf;
use crate::printing::png::png;
use crate::printing::raster::raster;
use crate::printing::units::Dpi;

/// A picture and what the symbol on it says.
type Expected = (PathBuf, String);

fn of_value(dpi: Dpi) -> impl Iterator<Item = (Sample, String)> {
    samples::all(dpi).into_iter().filter_map(|sample| {
        let said = hex::encode(sample.symbol.as_ref()?);
        Some((sample, said))
    })
}

fn assert_zxing_reads(test: &str, pictures: &[Expected]) {
    let mut zxing = Command::new("python3");
    zxing.arg("-c").arg(ZXING);
    zxing.args(pictures.iter().map(|(path, _)| path));
    if let Some(output) = judged(test, "zxing-cpp (pip: zxing-cpp pillow)", &mut zxing) {
        let read = String::from_utf8_lossy(&output.stdout).into_owned();
        let read: Vec<&str> = read.lines().collect();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(read.len(), pictures.len(), "{complaint}");
        for ((path, said), read) in pictures.iter().zip(read) {
            assert_eq!(said, read, "{}", path.display());
        }
    }
}

/// Writes the PDF of a sample.
fn document(folder: &Path, sample: &Sample) -> PathBuf {
    let path = folder.join(format!("{}.pdf", sample.name));
    fs::write(&path, pdf(&sample.label, &sample.name)).unwrap();
    path
}

#[test]
fn zxing_reads_every_label_of_value_at_every_resolution() {
    let folder = tempfile::tempdir().unwrap();
    let mut pictures = Vec::new();
    for dpi in [Dpi::D203, Dpi::D300, Dpi::D600] {
        for (sample, said) in of_value(dpi) {
            let path = folder.path().join(format!("{}-{dpi:?}.png", sample.name));
            fs::write(&path, png(&raster(&sample.label, dpi), dpi).unwrap()).unwrap();
            pictures.push((path, said));
        }
    }
    assert!(pictures.len() >= 75, "{}", pictures.len());
    assert_zxing_reads(
        "zxing_reads_every_label_of_value_at_every_resolution",
        &pictures,
    );
}

#[test]
fn zxing_reads_every_label_of_value_from_its_pdf() {
    let test = "zxing_reads_every_label_of_value_from_its_pdf";
    let folder = tempfile::tempdir().unwrap();
    let mut pictures = Vec::new();
    for (sample, said) in of_value(Dpi::D300) {
        let file = document(folder.path(), &sample);
        let stem = file.with_extension("");
        let mut pdftoppm = Command::new("pdftoppm");
        pdftoppm.args(["-r", "300", "-gray", "-png", "-singlefile"]);
        pdftoppm.arg(&file).arg(&stem);
        let Some(output) = judged(test, "pdftoppm (apt: poppler-utils)", &mut pdftoppm) else {
            return;
        };
        assert!(output.status.success(), "{}", file.display());
        pictures.push((file.with_extension("png"), said));
    }
    assert_zxing_reads(test, &pictures);
}

#[test]
fn poppler_finds_every_font_of_every_pdf_embedded() {
    let test = "poppler_finds_every_font_of_every_pdf_embedded";
    let folder = tempfile::tempdir().unwrap();
    for sample in samples::all(Dpi::D300) {
        let file = document(folder.path(), &sample);
        let mut pdffonts = Command::new("pdffonts");
        pdffonts.arg(&file);
        let Some(output) = judged(test, "pdffonts (apt: poppler-utils)", &mut pdffonts) else {
            return;
        };
        let table = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut rows = table.lines();
        let head = rows.next().unwrap();
        let column = head.find("emb").unwrap();
        // Under the head stands a line.
        let fonts: Vec<&str> = rows.skip(1).collect();
        assert!(!fonts.is_empty(), "{}", sample.name);
        for font in fonts {
            let (name, embedded) = (&font[..column], &font[column..column + 3]);
            assert_eq!(embedded, "yes", "{}: {font}", sample.name);
            assert!(name.contains("Inter") || name.contains("B612"), "{font}");
        }
    }
}
