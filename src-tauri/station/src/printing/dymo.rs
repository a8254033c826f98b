//! The raster of DYMO's LabelWriter printers up to the 450 series (the 4XL has a wider head).
//!
//! Lines as they are (`SYN`) or as runs of one colour (`ETB`), whichever is shorter; white lines are
//! skipped. The printer tells its state in one byte and never that a label is done.

use super::bits::{BitImage, DotRect};
use super::language::{Job, Sheet, Unprintable};
use super::status::{Ear, Hindrance, Word};

const ESC: u8 = 0x1B;
const SYN: u8 = 0x16;
const ETB: u8 = 0x17;

/// Asks for the state's byte.
pub(crate) const STATUS: &[u8] = &[ESC, b'A'];

/// Bytes that end any half-sent line: one more than the longest line, each of which is the
/// beginning of a command.
const SYNC: usize = 157;

/// Ends whatever was half sent and resets.
pub(crate) const CLEAR: [u8; SYNC + 1] = {
    let mut bytes = [ESC; SYNC + 1];
    bytes[SYNC] = b'@';
    bytes
};

/// The longest label that `ESC L` can say.
const MAX_ROWS: usize = 32_767;

/// The most lines of one skip.
const MAX_SKIP: usize = 255;

/// The most dots of one run.
const MAX_RUN: usize = 128;

/// The length of a picture as `ESC L` says it.
///
/// # Errors
/// [`Unprintable::TooLong`].
pub(crate) fn check(image: &BitImage) -> Result<u16, Unprintable> {
    u16::try_from(image.height())
        .ok()
        .filter(|_| image.height() <= MAX_ROWS)
        .ok_or(Unprintable::TooLong {
            wanted: image.height(),
            rows: MAX_ROWS,
        })
}

/// Encodes a picture.
///
/// # Errors
/// [`Unprintable::TooLong`].
pub(crate) fn job(image: &BitImage, sheet: &Sheet) -> Result<Job, Unprintable> {
    let length = check(image)?;
    let mut setup = CLEAR.to_vec();
    setup.extend([ESC, b'L']);
    setup.extend(length.to_be_bytes());
    // Quality before speed: 300 by 300 dots an inch.
    setup.extend([ESC, b'h']);
    let mut body = Vec::new();
    if let Some(inked) = image.inked() {
        push_lines(&mut body, image, inked, sheet);
    }
    Ok(Job {
        setup,
        body,
        commit: vec![ESC, b'E'],
        ack: Vec::new(),
        shift: 0,
        held: false,
    })
}

fn push_lines(body: &mut Vec<u8>, image: &BitImage, inked: DotRect, sheet: &Sheet) {
    let first = inked.x / 8;
    let width = (inked.width / 8).min(sheet.head.div_ceil(8) - first);
    let byte = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
    body.extend([ESC, b'B', byte(first), ESC, b'D', byte(width)]);
    let mut white = 0;
    for y in 0..inked.y + inked.height {
        let row = image.row(y);
        if row.iter().all(|&byte| byte == 0) {
            white += 1;
            continue;
        }
        while white > 0 {
            let step = white.min(MAX_SKIP);
            body.extend([ESC, b'f', 1, byte(step)]);
            white -= step;
        }
        let line = &row[first..first + width.min(row.len() - first)];
        let runs = runs(line);
        if runs.len() < line.len() {
            body.push(ETB);
            body.extend(runs);
        } else {
            body.push(SYN);
            body.extend(line);
            body.extend(std::iter::repeat_n(0, width - line.len()));
        }
    }
}

/// Runs of one colour: bit 7 is black, the rest one less than the dots.
fn runs(line: &[u8]) -> Vec<u8> {
    let black = |dot: usize| line[dot / 8] & (0x80 >> (dot % 8)) != 0;
    let mut runs = Vec::new();
    let mut dot = 0;
    let dots = line.len() * 8;
    while dot < dots && runs.len() < line.len() {
        let colour = black(dot);
        let mut end = dot + 1;
        while end < dots && end - dot < MAX_RUN && black(end) == colour {
            end += 1;
        }
        let count = u8::try_from(end - dot - 1).unwrap_or(0);
        runs.push(if colour { 0x80 | count } else { count });
        dot = end;
    }
    runs
}

/// Listens to the state's byte.
#[derive(Debug)]
pub(crate) struct PrinterEar;

impl Ear for PrinterEar {
    fn hear(&mut self, byte: u8) -> Option<Word> {
        // Bits 2 to 4 are never used; a byte with one of them is noise.
        if byte & 0x1C != 0 {
            return None;
        }
        Some(match byte {
            _ if byte & 0x20 != 0 => Word::Hindered(Hindrance::PaperOut),
            _ if byte & 0x40 != 0 => Word::Hindered(Hindrance::Jam),
            _ if byte & 0x80 != 0 => Word::Hindered(Hindrance::Error),
            _ if byte & 0x01 != 0 => Word::Ready,
            _ => Word::Busy,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printing::units::Dpi;

    #[test]
    fn state_bytes_mean_what_the_manual_says() {
        for (byte, word) in [
            (0x03, Some(Word::Ready)),
            (0x01, Some(Word::Ready)),
            (0x02, Some(Word::Busy)),
            (0x22, Some(Word::Hindered(Hindrance::PaperOut))),
            (0xC0, Some(Word::Hindered(Hindrance::Jam))),
            (0x80, Some(Word::Hindered(Hindrance::Error))),
            (0x13, None),
        ] {
            assert_eq!(PrinterEar.hear(byte), word, "{byte:02x}");
        }
    }

    #[test]
    fn white_lines_are_skipped_and_the_shorter_line_is_sent() {
        let mut image = BitImage::white(32, 300);
        image.fill(DotRect {
            x: 8,
            y: 260,
            width: 16,
            height: 1,
        });
        for x in (8..24).step_by(2) {
            image.set(x, 262, true);
        }
        let job = job(&image, &Sheet::any(Dpi::D300)).unwrap();
        assert!(job.setup.ends_with(b"\x1b@\x1bL\x01\x2c\x1bh"));
        assert_eq!(
            job.body,
            b"\x1bB\x01\x1bD\x02\x1bf\x01\xff\x1bf\x01\x05\x17\x8f\x1bf\x01\x01\x16\xaa\xaa"
        );
        assert_eq!(
            (job.commit.as_slice(), job.held),
            (b"\x1bE".as_slice(), false)
        );
    }
}
