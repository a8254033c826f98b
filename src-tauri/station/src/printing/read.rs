//! Reads symbols back from pictures of paper: scans, photographs from straight above, PDF files.
//!
//! The self-read judges our own raster and forgives nothing; this reader meets what has been
//! through a printer, a scanner and a mail slot: any scale, grey, specks, small skew, quarter
//! turns. Error correction is used to the full.

use std::panic::{AssertUnwindSafe, catch_unwind};

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::page::Page;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings};
use image::{DynamicImage, ImageReader, Limits};

use super::bits::{BitImage, MAX_SIDE_DOTS};

mod grey;
mod locate;

pub use grey::Grey;

/// The largest file that is read.
pub const MAX_FILE_BYTES: usize = 64 << 20;

/// The most memory one picture may take while it is decoded: 8,000 × 8,000 in colour.
const MAX_DECODED_BYTES: u64 = 256 << 20;

/// The most pages of a PDF that are looked at.
const MAX_PAGES: usize = 20;

/// The most symbols that are read from one file.
const MAX_SYMBOLS: usize = 256;

/// Tangents, in thousandths, by which a scan that says nothing is turned: up to 8 degrees either
/// way, in steps that the search takes up.
const LEANS: [i64; 8] = [35, -35, 70, -70, 105, -105, 140, -140];

/// The most pixels of a picture that is turned: a letter page at 400 dpi.
const MAX_LEANING_PIXELS: usize = 16_000_000;

/// PDF pages are drawn at this many pixels per point, and again at the second if nothing is
/// found: 300 and 600 dpi.
const PDF_SCALES: [f32; 2] = [300.0 / 72.0, 600.0 / 72.0];

/// Why a file cannot be read at all. A readable picture without a symbol is no fault.
#[derive(Debug, thiserror::Error)]
pub enum ReadFault {
    /// More than [`MAX_FILE_BYTES`].
    #[error("a file of {0} bytes is larger than {MAX_FILE_BYTES}")]
    TooLarge(usize),
    /// Neither PNG, JPEG nor PDF.
    #[error("the file is neither PNG, JPEG nor PDF")]
    UnknownKind,
    /// The picture is damaged or larger than 8,000 pixels on a side.
    #[error("decode the picture")]
    Picture(#[source] image::ImageError),
    /// The PDF is damaged or encrypted.
    #[error("decode the PDF")]
    Pdf,
    /// The PDF makes its interpreter fail.
    #[error("draw page {0} of the PDF")]
    Page(usize),
}

/// Everything that the Data Matrix symbols of a PNG, JPEG or PDF file say, each saying once.
///
/// # Errors
/// [`ReadFault`] when the file cannot be decoded; no symbol is an empty list.
pub fn symbols_in_file(file: &[u8]) -> Result<Vec<Vec<u8>>, ReadFault> {
    if file.len() > MAX_FILE_BYTES {
        return Err(ReadFault::TooLarge(file.len()));
    }
    // Some writers put a few bytes in front of the PDF header; the format allows 1024.
    let start = &file[..file.len().min(1_024)];
    if start.windows(5).any(|window| window == b"%PDF-") {
        symbols_in_pdf(file)
    } else if file.starts_with(b"\x89PNG") || file.starts_with(&[0xFF, 0xD8, 0xFF]) {
        Ok(symbols_in_grey(&decode_picture(file)?))
    } else {
        Err(ReadFault::UnknownKind)
    }
}

/// Everything that the symbols of a grey picture say: as it is, and if that says nothing, with
/// specks smoothed away, at half the size, and straightened.
#[must_use]
pub fn symbols_in_grey(picture: &Grey) -> Vec<Vec<u8>> {
    let attempts: [fn(&Grey) -> Grey; 3] = [Grey::clone, Grey::smoothed, Grey::halved];
    attempts
        .iter()
        .map(|attempt| symbols_in_bits(&attempt(picture).binarised()))
        .find(|found| !found.is_empty())
        .unwrap_or_else(|| symbols_in_leaning(&picture.binarised()))
}

/// Tries the small angles at which paper lies on a scanner.
fn symbols_in_leaning(picture: &BitImage) -> Vec<Vec<u8>> {
    if picture.width() * picture.height() > MAX_LEANING_PIXELS {
        return Vec::new();
    }
    LEANS
        .iter()
        .map(|&lean| symbols_in_bits(&picture.leaning(lean)))
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

/// Everything that the symbols of a picture of black and white say, in any quarter turn.
#[must_use]
pub fn symbols_in_bits(picture: &BitImage) -> Vec<Vec<u8>> {
    let mut found = locate::symbols(picture);
    let mut turned = picture.turned();
    for _ in 0..3 {
        found.extend(locate::symbols(&turned));
        turned = turned.turned();
    }
    distinct(found)
}

fn distinct(mut found: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    found.truncate(MAX_SYMBOLS);
    for content in found {
        if !kept.contains(&content) {
            kept.push(content);
        }
    }
    kept
}

fn decode_picture(file: &[u8]) -> Result<Grey, ReadFault> {
    let side = u32::try_from(MAX_SIDE_DOTS).unwrap_or(u32::MAX);
    let mut limits = Limits::default();
    limits.max_image_width = Some(side);
    limits.max_image_height = Some(side);
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    let mut reader = ImageReader::new(std::io::Cursor::new(file))
        .with_guessed_format()
        .map_err(|fault| ReadFault::Picture(fault.into()))?;
    reader.limits(limits);
    let picture = reader.decode().map_err(ReadFault::Picture)?;
    Ok(on_white(&picture))
}

/// The picture in grey, what is transparent laid on white.
fn on_white(picture: &DynamicImage) -> Grey {
    let pixels = picture.to_luma_alpha8();
    let size = |side| usize::try_from(side).unwrap_or(0);
    let (width, height) = (size(pixels.width()), size(pixels.height()));
    let values = pixels.pixels().map(|pixel| {
        let [luma, alpha] = pixel.0.map(u32::from);
        u8::try_from((luma * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
    });
    Grey::new(width, height, values.collect())
}

/// Draws the pages and reads them. The interpreter is the only code here that runs on structures
/// as rich as a PDF's; should it panic on a hostile one, that is a fault of this file only.
fn symbols_in_pdf(file: &[u8]) -> Result<Vec<Vec<u8>>, ReadFault> {
    let pdf = catch_unwind(|| Pdf::new(file.to_vec()))
        .map_err(|_| ReadFault::Pdf)?
        .map_err(|_| ReadFault::Pdf)?;
    let mut found = Vec::new();
    let cache = RenderCache::new();
    for (index, page) in pdf.pages().iter().enumerate().take(MAX_PAGES) {
        for scale in PDF_SCALES {
            let drawn = catch_unwind(AssertUnwindSafe(|| draw(page, &cache, scale)))
                .map_err(|_| ReadFault::Page(index + 1))?;
            let read = drawn.map(|grey| symbols_in_grey(&grey)).unwrap_or_default();
            if !read.is_empty() {
                found.extend(read);
                break;
            }
        }
    }
    Ok(distinct(found))
}

/// A page in grey; `None` when it would be wider or higher than a raster can be.
fn draw<'a>(page: &'a Page<'a>, cache: &RenderCache<'a>, scale: f32) -> Option<Grey> {
    let (width, height) = page.render_dimensions();
    let largest = f32::from(u16::try_from(MAX_SIDE_DOTS).unwrap_or(u16::MAX));
    if width * scale > largest || height * scale > largest {
        return None;
    }
    let settings = PixmapSettings {
        x_scale: scale,
        y_scale: scale,
        bg_color: WHITE,
    };
    let drawn = hayro::render(
        page,
        cache,
        &InterpreterSettings::default(),
        &RenderSettings::default(),
        &settings,
    );
    let values = drawn.data_as_u8_slice().chunks_exact(4).map(|pixel| {
        let sum: u16 = pixel[..3].iter().map(|&part| u16::from(part)).sum();
        u8::try_from(sum / 3).unwrap_or(u8::MAX)
    });
    let values = values.collect();
    Some(Grey::new(
        usize::from(drawn.width()),
        usize::from(drawn.height()),
        values,
    ))
}

#[cfg(test)]
mod tests;
