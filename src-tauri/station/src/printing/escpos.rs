//! The raster in the language of receipt and label printers (ESC/POS), as four byte strings that
//! are written one after the other so that each can be journalled.
//!
//! Only raster: a value-bearing code is never left to the printer's own encoder. Bands of rows go
//! out as `GS v 0`, each as wide as its ink and where that begins; white rows go out as feed
//! ([`bands`]). That is a sixth of the plain raster.
//!
//! The trap of this language: `DLE EOT n`, `DLE ENQ n` and `DLE DC4 n` are executed at once *even
//! inside picture data* (a stray status byte in the channel of the acknowledgement, cleared
//! buffers, a pulse to the drawer). A band whose bytes contain one begins some dots further left,
//! which prints the same and is other bytes; or it goes out in two. Only where neither helps the
//! whole picture is shifted right by 1 to 7 dots.

use escpos::utils::{
    DLE, ESC, ESC_HARDWARE_INIT, GS, GS_PAPER_CUT_FULL, RealTimeStatusRequest,
    RealTimeStatusResponse,
};

use self::bands::{Band, MAX_FEED_UNITS, Step};
use super::bits::BitImage;
use super::language::{Job, Sheet, Unprintable};
use super::status::{Ear, Hindrance, Word};
use super::units::Dpi;

/// Shifts that are tried, in dots.
const SHIFTS: usize = 8;

/// Bytes that are searched at once.
const STRETCH: usize = 256;

/// Bits by which a band may begin further left than its ink.
const ALIGNMENTS: usize = 8;

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

/// `DLE ENQ 2` and `DLE DC4 8`: recover from an error, and clear the buffers. The first alone does
/// so only in an error, and an end of the paper is none.
pub(crate) const CLEAR: [u8; 13] = [0x10, 0x05, 2, 0x10, 0x14, 8, 1, 3, 0x14, 1, 6, 2, 8];

/// What is asked while a label is printed: why the printer stands still.
pub(crate) const GLANCE: &[u8] = &[0x10, 0x04, 2];

/// As many bytes as any band has: the largest, each row of it one byte longer because it begins
/// further left, and what stands in front of its dots.
const FILLED: usize = bands::MAX_BAND_BYTES + bands::MAX_BAND_ROWS + 16;

/// Ends any band that was cut off: white rows, and nothing at all after it.
pub(crate) static FILLER: [u8; FILLED] = [0; FILLED];

/// Cuts off what a band that ended so has left on the paper, so that it is on no label.
pub(crate) const EJECT: [u8; 6] = [0x1B, b'@', 0x1D, b'V', b'A', 0];

/// Ends a command that was cut off, but no band; in front of a marker.
const SHORT_FILLER: [u8; 16] = [0; 16];

/// Four printable characters that come back when everything before them is on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AckTag([u8; 4]);

impl AckTag {
    /// The tag of a number to the base of the 94 printable characters. A number of its own for each
    /// sending, also of the same piece, so that a tag that comes late proves nothing.
    #[must_use]
    pub fn numbered(number: u32) -> Self {
        let mut rest = number;
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

/// Where bands can begin.
#[derive(Clone, Copy, Debug)]
struct Placing {
    /// Dots of one unit of movement, a power of two.
    unit: usize,
    /// Whether every band begins at the left edge and has a bit for each dot.
    plain: bool,
}

impl Placing {
    /// The last place for a band whose ink begins at a column.
    const fn at_or_before(self, column: usize) -> usize {
        if self.plain {
            0
        } else {
            column & !(self.unit - 1)
        }
    }
}

/// Asks in the order of the stream whether the printer listens and sends tags back at all. Nothing
/// of an earlier line is left when it does.
pub(crate) fn marker(tag: AckTag) -> Vec<u8> {
    [SHORT_FILLER.to_vec(), ack(tag)].concat()
}

/// Encodes a picture; with a tag, the printer is asked to acknowledge it.
///
/// # Errors
/// [`Unprintable::RealTimeCommand`] when no shift makes the picture safe.
pub fn job(image: &BitImage, dpi: Dpi, tag: Option<AckTag>) -> Result<Job, Unprintable> {
    job_on(image, &Sheet::any(dpi), tag)
}

/// As [`job`], for a sheet of which more is known than its resolution.
///
/// # Errors
/// As [`job`].
pub(crate) fn job_on(
    image: &BitImage,
    sheet: &Sheet,
    tag: Option<AckTag>,
) -> Result<Job, Unprintable> {
    let (_, unit) = unit(sheet.dpi);
    let placing = Placing {
        unit,
        plain: sheet.plain,
    };
    let (shift, body) = (0..SHIFTS)
        .find_map(|shift| Some((shift, body(image, placing, shift)?)))
        .ok_or(Unprintable::RealTimeCommand)?;
    Ok(Job {
        setup: setup(sheet.dpi),
        body,
        commit: GS_PAPER_CUT_FULL.to_vec(),
        ack: tag.map(ack).unwrap_or_default(),
        shift,
        held: false,
    })
}

/// `ESC @`, then `GS P`: feeds and places are counted in units of whole dots.
fn setup(dpi: Dpi) -> Vec<u8> {
    let (units_per_inch, _) = unit(dpi);
    let mut bytes = ESC_HARDWARE_INIT.to_vec();
    bytes.extend([GS, b'P', units_per_inch, units_per_inch]);
    bytes
}

/// Units of movement per inch, which `GS P` takes as one byte, and the dots of one unit.
const fn unit(dpi: Dpi) -> (u8, usize) {
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

/// All bands and feeds; `None` when some band holds a command however it is placed.
fn body(image: &BitImage, placing: Placing, shift: usize) -> Option<Vec<u8>> {
    let shifted = (shift > 0).then(|| image.shifted_right(shift));
    let image = shifted.as_ref().unwrap_or(image);
    let mut bytes = Vec::with_capacity(image.bytes().len() / 3);
    for step in bands::steps(image, placing) {
        match step {
            Step::Feed(rows) => feed(&mut bytes, rows / placing.unit),
            Step::Band(band) => push_safely(&mut bytes, image, placing, band)?,
            Step::Leave => {}
        }
    }
    // Each band was looked at as it went out; this looks at what stands between them too.
    is_safe(&bytes).then_some(bytes)
}

fn feed(bytes: &mut Vec<u8>, units: usize) {
    let mut rest = units;
    while rest > 0 {
        let step = rest.min(MAX_FEED_UNITS);
        bytes.extend([ESC, b'J', u8::try_from(step).unwrap_or(u8::MAX)]);
        rest -= step;
    }
}

/// Adds a band: as it is, or beginning a few dots further left, or as two halves.
fn push_safely(bytes: &mut Vec<u8>, image: &BitImage, placing: Placing, band: Band) -> Option<()> {
    let start = bytes.len();
    let dots_of_bit = if band.wide { 2 } else { 1 };
    for bits in 0..ALIGNMENTS {
        let back = bits * dots_of_bit;
        if back > 0 && (placing.plain || back > band.x || !back.is_multiple_of(placing.unit)) {
            continue;
        }
        let x = band.x - back;
        push_band(bytes, image, placing, Band { x, ..band });
        if is_safe(&bytes[start..]) {
            return Some(());
        }
        bytes.truncate(start);
    }
    let half = band.rows / 2;
    let rows = half + if band.tall { half % 2 } else { 0 };
    if rows == 0 || rows == band.rows {
        return None;
    }
    let upper = Band { rows, ..band };
    let lower = Band {
        y: band.y + rows,
        rows: band.rows - rows,
        ..band
    };
    push_safely(bytes, image, placing, upper)?;
    push_safely(bytes, image, placing, lower)
}

/// `ESC $` where the band does not begin at the left edge, then `GS v 0`: mode, bytes per row, rows,
/// dots.
fn push_band(bytes: &mut Vec<u8>, image: &BitImage, placing: Placing, band: Band) {
    let count = |number: usize| u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes();
    if band.x > 0 {
        bytes.extend([ESC, b'$']);
        bytes.extend(count(band.x / placing.unit));
    }
    bytes.extend([
        GS,
        b'v',
        b'0',
        u8::from(band.wide) | u8::from(band.tall) << 1,
    ]);
    bytes.extend(count(band.bytes_across()));
    bytes.extend(count(band.byte_rows()));
    let step = if band.tall { 2 } else { 1 };
    for y in (band.y..band.y + band.rows).step_by(step) {
        push_row(bytes, image.row(y), band);
    }
}

/// The dots of one row from the band's first column on.
fn push_row(bytes: &mut Vec<u8>, row: &[u8], band: Band) {
    let (first, shift) = (band.x / 8, band.x % 8);
    let there = row.get(first..).unwrap_or_default();
    let aligned = |pair: [u8; 2]| (u16::from_be_bytes(pair) << shift).to_be_bytes()[0];
    let across = band.bytes_across();
    if band.wide {
        let byte = |place: usize| there.get(place).copied().unwrap_or_default();
        let dots = |place: usize| aligned([byte(place), byte(place + 1)]);
        bytes.extend((0..across).map(|place| {
            let pair = [dots(2 * place), dots(2 * place + 1)];
            every_other(u16::from_be_bytes(pair))
        }));
        return;
    }
    let pairs = there.windows(2).map(|pair| aligned([pair[0], pair[1]]));
    bytes.extend(pairs.take(across));
    if across == there.len() {
        bytes.extend(there.last().map(|&last| aligned([last, 0])));
    }
}

/// Every second bit of sixteen, from the first on.
fn every_other(pairs: u16) -> u8 {
    let bits = pairs >> 1 & 0x5555;
    let bits = (bits | bits >> 1) & 0x3333;
    let bits = (bits | bits >> 2) & 0x0F0F;
    (bits | bits >> 4).to_be_bytes()[1]
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
        self.last.rotate_left(1);
        self.last[6] = byte;
        // A tag that comes late is no answer to a question, though its characters may look like one.
        match (self.request, self.last) {
            (None, [0x37, 0x22, a, b, c, d, 0x00]) => Some(Word::Tag([a, b, c, d])),
            _ if self.is_in_a_tag() => None,
            (Some(request), _) => read_status(request, byte),
            // What a glance at the state brings back; that all is well is no news.
            (None, _) => read_status(RealTimeStatusRequest::OfflineCause, byte)
                .filter(|word| matches!(word, Word::Hindered(_))),
        }
    }
}

impl PrinterEar {
    /// Whether the newest byte may belong to a tag that comes back.
    fn is_in_a_tag(&self) -> bool {
        (0..self.last.len()).any(|start| match &self.last[start..] {
            [0x37] | [0x37, 0x22] => true,
            [0x37, 0x22, tag @ ..] => {
                tag.len() <= 4 && tag.iter().all(|byte| (0x21..=0x7E).contains(byte))
            }
            _ => false,
        })
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
    let ready = if is(Fact::RollPaperNearEndSensorPaperAdequate, false) {
        Word::NearEnd
    } else {
        Word::Ready
    };
    Some(hindrance.map_or(ready, Word::Hindered))
}

mod bands;
#[cfg(test)]
pub(crate) mod paper;
#[cfg(test)]
mod tests;
