//! The raster in the language of receipt and label printers (ESC/POS), as four byte strings that
//! are written one after the other so that each can be journalled.
//!
//! Only raster: a value-bearing code is never left to the printer's own encoder. Bands of rows go
//! out as `GS v 0`, cut off at the right where only white follows; white rows go out as feed. That
//! is a third of the plain raster.
//!
//! The trap of this language: `DLE EOT n`, `DLE ENQ n` and `DLE DC4 n` are executed at once *even
//! inside picture data* (a stray status byte in the channel of the acknowledgement, cleared
//! buffers, a pulse to the drawer). A picture whose bytes contain one is shifted right by 1 to 7
//! dots until none is left.

use escpos::utils::{
    DLE, ESC, ESC_HARDWARE_INIT, GS, GS_PAPER_CUT_FULL, RealTimeStatusRequest,
    RealTimeStatusResponse,
};

use super::bits::BitImage;
use super::language::{Job, Unprintable};
use super::status::{Ear, Hindrance, Word};
use super::units::Dpi;

/// The most rows in one band: small buffers of old printers hold this many at full width.
const MAX_BAND_ROWS: usize = 128;

/// Bytes in front of a band's dots.
const BAND_HEADER: usize = 8;

/// The fewest white rows that go out as feed: below it, white rows inside a band are shorter.
const MIN_FEED_ROWS: usize = 4;

/// The largest feed of one `ESC J`.
const MAX_FEED_UNITS: usize = 255;

/// Shifts that are tried, in dots.
const SHIFTS: usize = 8;

/// Bytes that are searched at once.
const STRETCH: usize = 256;

/// Second bytes of the commands that are executed inside picture data: EOT, ENQ, DC4.
const REAL_TIME: [u8; 3] = [0x04, 0x05, 0x14];

/// The four status questions, in the order they are asked; what is most telling comes first.
pub(crate) const QUESTIONS: [&[u8]; 4] = [
    &[0x10, 0x04, 4],
    &[0x10, 0x04, 2],
    &[0x10, 0x04, 3],
    &[0x10, 0x04, 1],
];

/// What the questions ask, in the same order.
const REQUESTS: [RealTimeStatusRequest; 4] = [
    RealTimeStatusRequest::RollPaperSensor,
    RealTimeStatusRequest::OfflineCause,
    RealTimeStatusRequest::ErrorCause,
    RealTimeStatusRequest::Printer,
];

/// `DLE ENQ 2`: recover and clear the buffers.
pub(crate) const CLEAR: [u8; 3] = [0x10, 0x05, 2];

/// Four printable characters that come back when everything before them is on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AckTag([u8; 4]);

impl AckTag {
    /// The tag of a piece: its counter to the base of the 94 printable characters. It repeats
    /// after 78 million pieces.
    #[must_use]
    pub fn for_counter(counter: u32) -> Self {
        let mut rest = counter;
        let mut tag = [b'!'; 4];
        for place in tag.iter_mut().rev() {
            *place = b'!' + u8::try_from(rest % 94).unwrap_or(0);
            rest /= 94;
        }
        Self(tag)
    }

    /// The four characters.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 4] {
        &self.0
    }
}

/// Encodes a picture; with a tag, the printer is asked to acknowledge it.
///
/// # Errors
/// [`Unprintable::RealTimeCommand`] when no shift makes the picture safe.
pub fn job(image: &BitImage, dpi: Dpi, tag: Option<AckTag>) -> Result<Job, Unprintable> {
    let (shift, body) = (0..SHIFTS)
        .map(|shift| (shift, body(image, dpi, shift)))
        .find(|(_, body)| is_safe(body))
        .ok_or(Unprintable::RealTimeCommand)?;
    Ok(Job {
        setup: setup(dpi),
        body,
        commit: GS_PAPER_CUT_FULL.to_vec(),
        ack: tag.map(ack).unwrap_or_default(),
        shift,
        held: false,
    })
}

/// `ESC @`, then `GS P`: feeds are counted in units of whole dots.
fn setup(dpi: Dpi) -> Vec<u8> {
    let (units_per_inch, _) = feed_unit(dpi);
    let mut bytes = ESC_HARDWARE_INIT.to_vec();
    bytes.extend([GS, b'P', units_per_inch, units_per_inch]);
    bytes
}

/// Feed units per inch, which `GS P` takes as one byte, and the dots of one unit.
const fn feed_unit(dpi: Dpi) -> (u8, usize) {
    match dpi {
        Dpi::D203 => (203, 1),
        Dpi::D300 => (150, 2),
        Dpi::D600 => (150, 4),
    }
}

/// `GS ( H` function 48.
fn ack(tag: AckTag) -> Vec<u8> {
    let mut bytes = vec![GS, b'(', b'H', 6, 0, 48, 48];
    bytes.extend(tag.bytes());
    bytes
}

/// Looks for the first byte of a command in long stretches, which is several times faster than
/// pair by pair, and most of them have none.
fn is_safe(body: &[u8]) -> bool {
    let stretches = (0..body.len()).step_by(STRETCH);
    stretches
        .map(|start| &body[start..body.len().min(start + STRETCH + 1)])
        .filter(|stretch| stretch.contains(&DLE))
        .flat_map(|stretch| stretch.windows(2))
        .all(|pair| pair[0] != DLE || !REAL_TIME.contains(&pair[1]))
}

/// Rows that go out together, at one width.
#[derive(Clone, Copy)]
struct Band {
    start: usize,
    rows: usize,
    width: usize,
}

fn body(image: &BitImage, dpi: Dpi, shift: usize) -> Vec<u8> {
    let shifted = (shift > 0).then(|| image.shifted_right(shift));
    let image = shifted.as_ref().unwrap_or(image);
    let (_, unit) = feed_unit(dpi);
    let mut bytes = Vec::with_capacity(image.bytes().len() / 3);
    let mut y = 0;
    while y < image.height() {
        let white = (y..image.height())
            .take_while(|&row| used(image.row(row)) == 0)
            .count();
        if white >= MIN_FEED_ROWS {
            let units = white / unit;
            feed(&mut bytes, units);
            y += units * unit;
        }
        if y < image.height() {
            let band = next_band(image, y);
            push_band(&mut bytes, image, band);
            y += band.rows;
        }
    }
    bytes
}

/// Bytes of a row up to its last black dot.
fn used(row: &[u8]) -> usize {
    row.iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |last| last + 1)
}

fn feed(bytes: &mut Vec<u8>, units: usize) {
    let mut rest = units;
    while rest > 0 {
        let step = rest.min(MAX_FEED_UNITS);
        bytes.extend([ESC, b'J', u8::try_from(step).unwrap_or(u8::MAX)]);
        rest -= step;
    }
}

/// The rows from `start` that are worth one band: it ends where white rows can be fed, and where
/// going on would cost more white bytes than a new header.
fn next_band(image: &BitImage, start: usize) -> Band {
    let mut band = Band {
        start,
        rows: 0,
        width: 1,
    };
    // The narrower rows at the end of the band, should it be cut before them.
    let mut tail = band;
    let mut white = 0;
    for y in start..image.height().min(start + MAX_BAND_ROWS) {
        let width = used(image.row(y));
        white = if width == 0 { white + 1 } else { 0 };
        if white >= MIN_FEED_ROWS {
            band.rows = (band.rows + 1 - white).max(1);
            return band;
        }
        if width > band.width && (width - band.width) * band.rows > BAND_HEADER {
            return band;
        }
        band.width = band.width.max(width);
        band.rows += 1;
        if width == band.width {
            tail = Band { rows: 0, ..band };
        } else {
            if tail.rows == 0 {
                tail = Band {
                    start: y,
                    rows: 0,
                    width,
                };
            }
            tail.rows += 1;
            tail.width = tail.width.max(width);
            if (band.width - tail.width) * tail.rows > BAND_HEADER && tail.start > start {
                band.rows = tail.start - start;
                return band;
            }
        }
    }
    band
}

/// `GS v 0`: mode, bytes per row, rows, dots.
fn push_band(bytes: &mut Vec<u8>, image: &BitImage, band: Band) {
    let count = |number: usize| u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes();
    bytes.extend([GS, b'v', b'0', 0]);
    bytes.extend(count(band.width));
    bytes.extend(count(band.rows));
    for y in band.start..band.start + band.rows {
        bytes.extend(&image.row(y)[..band.width]);
    }
}

/// Listens to the answer to a status question, or for tags that come back (`37 22 tag 00`).
#[derive(Debug)]
pub(crate) struct PrinterEar {
    request: Option<RealTimeStatusRequest>,
    last: [u8; 7],
}

impl PrinterEar {
    pub(crate) fn new(question: Option<usize>) -> Self {
        Self {
            request: question.and_then(|index| REQUESTS.get(index).copied()),
            last: [0xFF; 7],
        }
    }
}

impl Ear for PrinterEar {
    fn hear(&mut self, byte: u8) -> Option<Word> {
        if let Some(request) = self.request {
            return read_status(request, byte);
        }
        self.last.rotate_left(1);
        self.last[6] = byte;
        match self.last {
            [0x37, 0x22, a, b, c, d, 0x00] => Some(Word::Tag([a, b, c, d])),
            _ => None,
        }
    }
}

/// What an answer means; `None` when the byte is no answer (pattern `0xx1xx10`).
fn read_status(request: RealTimeStatusRequest, byte: u8) -> Option<Word> {
    use RealTimeStatusResponse as Fact;
    let facts = Fact::parse(request, byte).ok()?;
    let is = |fact, value| facts.get(&fact) == Some(&value);
    let hindrance = [
        (
            is(Fact::RollPaperEndSensorPaperPresent, false)
                || is(Fact::PrintingStopsDueToPaperEnd, true),
            Hindrance::PaperOut,
        ),
        (is(Fact::CoverClosed, false), Hindrance::CoverOpen),
        (is(Fact::AutocutterErrorOccurred, true), Hindrance::Cutter),
        (
            is(Fact::ErrorOccurred, true)
                || is(Fact::RecoverableErrorOccurred, true)
                || is(Fact::UnrecoverableErrorOccurred, true)
                || is(Fact::AutoRecoverableErrorOccurred, true),
            Hindrance::Error,
        ),
        (is(Fact::Online, false), Hindrance::Offline),
    ]
    .into_iter()
    .find_map(|(holds, hindrance)| holds.then_some(hindrance));
    Some(hindrance.map_or(Word::Ready, Word::Hindered))
}

#[cfg(test)]
pub(crate) mod paper;
#[cfg(test)]
mod tests;
