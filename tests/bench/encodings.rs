//! What a label costs in the languages of printers: time of the processor from the display list to
//! the bytes, and the bytes.

use std::hint::black_box;

use anyhow::Context as _;
use station::printing::bits::BitImage;
use station::printing::language::{Language, Pace, Sheet};
use station::printing::layout::reference::{reference_bytes, reference_label};
use station::printing::raster::raster;
use station::printing::symbol;
use station::printing::units::Dpi;

use crate::Effort;
use crate::clock::cpu_ms_per_call;
use crate::figure::{Figure, Target};

/// Milliseconds from the label to its bytes at 300 dpi.
const MAX_MS: f64 = 4.0;

/// Bytes of the reference label at 203 dpi over a slow line.
const MAX_Z64_BYTES: f64 = 12_000.0;

pub(crate) fn measure(effort: Effort) -> anyhow::Result<Vec<Figure>> {
    let symbol = symbol::encode(&reference_bytes())?;
    let label = reference_label(&symbol);
    let sheet = Sheet::any(Dpi::D300);
    let mut outcome = Ok(0);
    let spent = cpu_ms_per_call(effort.rounds, effort.calls / 20, || {
        let image = raster(black_box(&label), Dpi::D300);
        let job = Language::Zpl.job(&image, &sheet, Pace::Fast, None);
        outcome = job.map(|job| black_box(job).body.len());
    });
    anyhow::ensure!(outcome? > 1_000, "the label is hardly any bytes");
    let image = raster(&label, Dpi::D203);
    Ok(vec![
        Figure::new("label.z64_300dpi_ms", spent, "ms", Target::AtMost(MAX_MS)),
        bytes(
            "label.z64_203dpi_bytes",
            Language::Zpl,
            &image,
            Target::AtMost(MAX_Z64_BYTES),
        )?,
        bytes(
            "label.escpos_203dpi_bytes",
            Language::EscPos,
            &image,
            Target::Told,
        )?,
        bytes(
            "label.epl_203dpi_bytes",
            Language::Epl,
            &image,
            Target::Told,
        )?,
        bytes(
            "label.tspl_203dpi_bytes",
            Language::Tspl,
            &image,
            Target::Told,
        )?,
    ])
}

/// All bytes of a label over a slow line.
fn bytes(
    name: &'static str,
    language: Language,
    image: &BitImage,
    target: Target,
) -> anyhow::Result<Figure> {
    let sheet = Sheet::any(Dpi::D203);
    let job = language.job(image, &sheet, Pace::Slow, None)?;
    let count = u32::try_from(job.bytes().len()).context("a label of gigabytes")?;
    Ok(Figure::new(name, f64::from(count), "B", target))
}
