//! The raster in TSPL, the language of TSC's and many inexpensive label printers.
//!
//! `BITMAP` fields for the inked parts, in which a clear bit is black; nothing prints before
//! `PRINT`. The printer tells its state in one byte at any time, and that is all it tells: a label
//! counts as done when the printer was seen printing and then ready.

use super::bands::{bands, rows};
use super::bits::BitImage;
use super::language::{Job, Sheet};
use super::status::{Ear, Hindrance, Word};
use super::units::Dpi;

/// Asks for the state; answered at once, also in an error.
pub(crate) const STATUS: &[u8] = b"\x1b!?";

/// Cancels everything that waits to be printed.
pub(crate) const CLEAR: &[u8] = b"\x1b!.";

/// Bytes of a field in front of its dots.
const FIELD_HEADER: usize = 26;

/// Encodes a picture.
pub(crate) fn job(image: &BitImage, sheet: &Sheet) -> Job {
    let [width, height] = [image.width(), image.height()].map(|dots| tenths(dots, sheet.dpi));
    let gap = millimetres(u64::from(sheet.gap_tenths));
    let mut body = format!(
        "SIZE {width} mm,{height} mm\r\nGAP {gap} mm,0 mm\r\nDIRECTION 1,0\r\n\
         REFERENCE 0,0\r\nOFFSET 0 mm\r\nSET TEAR ON\r\nCLS\r\n",
        width = millimetres(width),
        height = millimetres(height),
    )
    .into_bytes();
    for band in bands(image, FIELD_HEADER) {
        let (x, y, width, height) = (band.x, band.y, band.width / 8, band.height);
        body.extend(format!("BITMAP {x},{y},{width},{height},0,").into_bytes());
        body.extend(rows(image, band).flatten().map(|byte| !byte));
        body.extend(b"\r\n");
    }
    Job {
        setup: CLEAR.to_vec(),
        body,
        commit: b"PRINT 1,1\r\n".to_vec(),
        ack: Vec::new(),
        shift: 0,
        held: true,
    }
}

/// Tenths of millimetres that hold so many dots.
fn tenths(dots: usize, dpi: Dpi) -> u64 {
    let dots = u64::try_from(dots).unwrap_or(u64::MAX);
    match dpi {
        Dpi::D203 => (dots * 10).div_ceil(8),
        Dpi::D300 | Dpi::D600 => (dots * 254).div_ceil(u64::from(dpi.number())),
    }
}

/// Tenths of millimetres as the language writes them.
fn millimetres(tenths: u64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// Listens to the state's byte.
#[derive(Debug)]
pub(crate) struct PrinterEar;

impl Ear for PrinterEar {
    fn hear(&mut self, byte: u8) -> Option<Word> {
        let hindrance = [
            (0x01, Hindrance::CoverOpen),
            (0x02, Hindrance::Jam),
            (0x04, Hindrance::PaperOut),
            (0x08, Hindrance::RibbonOut),
            (0x10, Hindrance::Paused),
            (0x40, Hindrance::CoverOpen),
            (0x80, Hindrance::Error),
        ]
        .into_iter()
        .find_map(|(bit, hindrance)| (byte & bit != 0).then_some(hindrance));
        Some(match hindrance {
            // Without paper there is a jam as well, and the cover may stand open for it.
            Some(_) if byte & 0x04 != 0 => Word::Hindered(Hindrance::PaperOut),
            Some(hindrance) => Word::Hindered(hindrance),
            None if byte & 0x20 != 0 => Word::Busy,
            None => Word::Ready,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printing::bits::DotRect;

    #[test]
    fn black_is_a_clear_bit_and_nothing_prints_before_the_end() {
        let mut image = BitImage::white(16, 3);
        image.fill(DotRect {
            x: 8,
            y: 1,
            width: 3,
            height: 1,
        });
        let job = job(&image, &Sheet::any(Dpi::D203));
        assert!(
            job.body
                .starts_with(b"SIZE 2.0 mm,0.4 mm\r\nGAP 3.0 mm,0 mm\r\n")
        );
        assert!(job.body.ends_with(b"CLS\r\nBITMAP 8,1,1,1,0,\x1f\r\n"));
        assert_eq!(job.commit, b"PRINT 1,1\r\n");
        assert!(job.held);
    }

    #[test]
    fn state_bytes_mean_what_the_manual_says() {
        for (byte, word) in [
            (0x00, Word::Ready),
            (0x20, Word::Busy),
            (0x01, Word::Hindered(Hindrance::CoverOpen)),
            (0x02, Word::Hindered(Hindrance::Jam)),
            (0x04, Word::Hindered(Hindrance::PaperOut)),
            (0x05, Word::Hindered(Hindrance::PaperOut)),
            (0x08, Word::Hindered(Hindrance::RibbonOut)),
            (0x10, Word::Hindered(Hindrance::Paused)),
            (0x30, Word::Hindered(Hindrance::Paused)),
            (0x80, Word::Hindered(Hindrance::Error)),
        ] {
            assert_eq!(PrinterEar.hear(byte), Some(word), "{byte:02x}");
        }
    }
}
