//! The raster of Brother's QL label printers.
//!
//! Lines of the whole head, packed by PackBits, the right edge of the label first; white lines are
//! one byte. The printer speaks by itself in packets of 32 bytes: what it measures of its roll, what
//! is wrong, and when a label is done. A roll of another width than the label's is refused before
//! anything is spent.

use super::bits::BitImage;
use super::language::{Job, Sheet};
use super::status::{Ear, Hindrance, Word};

/// Asks for the status packet.
pub(crate) const STATUS: &[u8] = b"\x1biS";

/// Bytes that end any half-sent command, and the reset after them.
const INVALID: usize = 400;

/// Ends whatever was half sent and resets.
pub(crate) const CLEAR: [u8; INVALID + 2] = {
    let mut bytes = [0; INVALID + 2];
    bytes[INVALID] = 0x1B;
    bytes[INVALID + 1] = b'@';
    bytes
};

/// Rows that are fed in front of a label of an endless roll.
const MARGIN_ROWS: u16 = 35;

/// Bytes of a status packet, and how each begins.
const PACKET: usize = 32;
const HEAD: [u8; 2] = [0x80, 0x20];

/// Where a packet says what.
const ERRORS_1: usize = 8;
const ERRORS_2: usize = 9;
const WIDTH_MM: usize = 10;
const KIND: usize = 18;
const PHASE: usize = 19;

/// Encodes a picture. What the printer does with lines before the end is its own affair.
pub(crate) fn job(image: &BitImage, sheet: &Sheet) -> Job {
    let mut setup = CLEAR.to_vec();
    // Raster mode; tell by yourself what happens.
    setup.extend(b"\x1bia\x01\x1bi!\x00");
    let rows = u32::try_from(image.height()).unwrap_or(u32::MAX);
    // The kind and the width of the roll count, quality before speed, recovery is on.
    let mut body = vec![0x1B, b'i', b'z', 0xC6, 0x0A, sheet.roll_mm.unwrap_or(0), 0];
    body.extend(rows.to_le_bytes());
    body.extend([0, 0]);
    // Cut after every label and at the end.
    body.extend(b"\x1biM\x40\x1biA\x01\x1biK\x08\x1bid");
    body.extend(MARGIN_ROWS.to_le_bytes());
    body.extend(b"M\x02");
    let mut line = vec![0; sheet.head.div_ceil(8)];
    for y in 0..image.height() {
        if image.is_white_row(y) {
            body.push(b'Z');
        } else {
            mirror(image, y, sheet, &mut line);
            body.extend([b'g', 0, 0]);
            let start = body.len();
            pack_bits(&line, &mut body);
            body[start - 1] = u8::try_from(body.len() - start).unwrap_or(u8::MAX);
        }
    }
    Job {
        setup,
        body,
        commit: vec![0x1A],
        ack: Vec::new(),
        shift: 0,
        held: false,
    }
}

/// A row as the head burns it: its last column first, `offset` dots from the head's first.
fn mirror(image: &BitImage, y: usize, sheet: &Sheet, line: &mut [u8]) {
    line.fill(0);
    for (index, &byte) in image.row(y).iter().enumerate() {
        if byte == 0 {
            continue;
        }
        let mirrored = byte.reverse_bits();
        // The dot after that of the byte's first column.
        let end = sheet.offset + sheet.dots - index * 8;
        let Some(start) = end.checked_sub(8) else {
            line[0] |= mirrored << (8 - end);
            continue;
        };
        let [high, low] = (u16::from_be_bytes([mirrored, 0]) >> (start % 8)).to_be_bytes();
        line[start / 8] |= high;
        if low != 0 {
            line[start / 8 + 1] |= low;
        }
    }
}

/// Adds a line by PackBits: a count below 128 and one byte more than it as they are, or a repeated
/// byte.
fn pack_bits(line: &[u8], packed: &mut Vec<u8>) {
    let mut start = 0;
    let mut place = 0;
    while place < line.len() {
        let byte = line[place];
        let alike = line[place..].iter().take(128);
        let same = alike.take_while(|&&other| other == byte).count();
        // Two alike amid others are not worth a run of their own.
        if same >= 3 || same == line.len() - place && same > 1 {
            push_literal(packed, &line[start..place]);
            packed.extend([u8::try_from(257 - same).unwrap_or(0), byte]);
            place += same;
            start = place;
        } else {
            place += same;
        }
    }
    push_literal(packed, &line[start..]);
}

fn push_literal(packed: &mut Vec<u8>, bytes: &[u8]) {
    for part in bytes.chunks(128) {
        packed.push(u8::try_from(part.len() - 1).unwrap_or(0));
        packed.extend(part);
    }
}

/// Listens for packets.
#[derive(Debug)]
pub(crate) struct PrinterEar {
    roll_mm: Option<u8>,
    packet: Vec<u8>,
}

impl PrinterEar {
    pub(crate) const fn new(roll_mm: Option<u8>) -> Self {
        Self {
            roll_mm,
            packet: Vec::new(),
        }
    }

    fn read(&self, packet: &[u8]) -> Option<Word> {
        let hindrance = [
            (packet[ERRORS_1] & 0x03 != 0, Hindrance::PaperOut),
            (packet[ERRORS_2] & 0x10 != 0, Hindrance::CoverOpen),
            (packet[ERRORS_1] & 0x04 != 0, Hindrance::Cutter),
            (packet[ERRORS_2] & 0x40 != 0, Hindrance::Jam),
            (packet[ERRORS_2] & 0x01 != 0, Hindrance::WrongPaper),
            (
                packet[ERRORS_1] != 0 || packet[ERRORS_2] != 0,
                Hindrance::Error,
            ),
            (
                packet[KIND] == 0x00
                    && self
                        .roll_mm
                        .is_some_and(|wanted| packet[WIDTH_MM] != wanted),
                Hindrance::WrongPaper,
            ),
        ]
        .into_iter()
        .find_map(|(holds, hindrance)| holds.then_some(hindrance));
        match (hindrance, packet[KIND]) {
            (Some(hindrance), _) => Some(Word::Hindered(hindrance)),
            (None, 0x00) if packet[PHASE] == 0 => Some(Word::Ready),
            (None, 0x01) => Some(Word::Done),
            (None, 0x02) => Some(Word::Hindered(Hindrance::Error)),
            (None, 0x04) => Some(Word::Hindered(Hindrance::Offline)),
            (None, 0x00 | 0x06) => Some(Word::Busy),
            (None, _) => None,
        }
    }
}

impl Ear for PrinterEar {
    fn hear(&mut self, byte: u8) -> Option<Word> {
        self.packet.push(byte);
        // Noise in front of a packet goes until one may begin.
        while !HEAD.starts_with(&self.packet[..self.packet.len().min(HEAD.len())]) {
            self.packet.remove(0);
        }
        if self.packet.len() < PACKET {
            return None;
        }
        let packet = std::mem::take(&mut self.packet);
        self.read(&packet)
    }
}

#[cfg(test)]
mod tests;
