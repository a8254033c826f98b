//! The raster in ZPL II, the language of Zebra's label printers.
//!
//! One compressed graphic field. Two ways to write it are known to every printer of Zebra, and the
//! shorter one is taken: Z64 (zlib in base64, with a checksum) and the older run lengths in
//! letters, which win for pictures that are nearly white. A plain sheet gets run lengths alone.
//!
//! The traps of this language: by its default the printer prints a label *again* after paper ran
//! out or the head was open, so `^JZN` stands in front of every label; a number that counts itself
//! (`^SN`) is never used; and `~HS` is not answered while paper is out or the head is open, so that
//! silence is asked about with `~HQES`.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::bands::rows;
use super::bits::{BitImage, DotRect};
use super::language::{Job, Pace, Sheet};
use super::status::{Ear, Hindrance, Word};

/// Asks for the three strings of the host status, which also say whether a format has begun and not
/// ended. The line's end in front of it ends a question that an earlier line was cut off in.
pub(crate) const STATUS: &[u8] = b"\r\n~HS";

/// Ends whatever was half sent: `~` begins a command in the middle of any other. It also cancels what
/// somebody else prints, so it is sent only to a printer that stands in a format or does not answer.
pub(crate) const FILLER: &[u8] = b"\r\n~JA";

/// Asks for errors and warnings; answered also while paper is out.
pub(crate) const ERRORS: &[u8] = b"~HQES";

/// Asks for the number of labels printed in the printer's life.
pub(crate) const ODOMETER: &[u8] = b"! U1 getvar \"odometer.total_label_count\"\r\n";

/// Cancels every format in the buffer.
pub(crate) const CLEAR: &[u8] = b"~JA";

/// The longest line of an answer that is listened to.
const MAX_LINE: usize = 256;

/// Encodes a picture. Nothing prints before `^XZ`.
pub(crate) fn job(image: &BitImage, sheet: &Sheet, pace: Pace) -> Job {
    let mut body = format!(
        "^XA^PW{}^LL{}^LH0,0^LS0^LT0^PON^PMN^MUD^PQ1,0,0,N{}",
        image.width(),
        image.height(),
        tracking(sheet)
    )
    .into_bytes();
    // A format without a field prints nothing, so a white label has a white dot.
    let inked = image.inked().unwrap_or(DotRect {
        x: 0,
        y: 0,
        width: 8,
        height: 1,
    });
    let zipped = (!sheet.plain).then(|| z64(image, inked, pace));
    body.extend(field(inked, run_lengths(image, inked), zipped));
    Job {
        setup: b"~JA^XA^JZN^XZ".to_vec(),
        body,
        commit: b"^XZ\r\n".to_vec(),
        ack: Vec::new(),
        shift: 0,
        held: true,
    }
}

/// What the printer looks for between labels. One of which nothing is known goes on as it is set.
const fn tracking(sheet: &Sheet) -> &'static str {
    match sheet {
        Sheet { plain: true, .. } => "",
        Sheet { gap_tenths: 0, .. } => "^MNN",
        Sheet { .. } => "^MNY",
    }
}

/// `^GFA` with the shorter of the two compressions.
fn field(inked: DotRect, runs: Vec<u8>, zipped: Option<Vec<u8>>) -> Vec<u8> {
    let width = inked.width / 8;
    let total = width * inked.height;
    let data = match zipped {
        Some(zipped) if zipped.len() <= runs.len() => zipped,
        Some(_) | None => runs,
    };
    let mut field = format!("^FO{},{}^GFA,{total},{total},{width},", inked.x, inked.y).into_bytes();
    field.extend(data);
    field.extend(b"^FS");
    field
}

/// `:Z64:`, the zlib stream in base64, and the checksum of that.
fn z64(image: &BitImage, inked: DotRect, pace: Pace) -> Vec<u8> {
    let level = match pace {
        Pace::Slow => Compression::new(6),
        Pace::Fast => Compression::new(1),
    };
    let mut zlib = ZlibEncoder::new(Vec::with_capacity(16 << 10), level);
    for row in rows(image, inked) {
        // A vector takes whatever is written.
        drop(zlib.write_all(row));
    }
    let packed = STANDARD.encode(zlib.finish().unwrap_or_default());
    let checksum = crc16(packed.as_bytes());
    format!(":Z64:{packed}:{checksum:04X}").into_bytes()
}

/// CRC-16 of CCITT with start 0, as ZPL wants it over the base64 text.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, &byte| {
        let mut crc = crc ^ (u16::from(byte) << 8);
        for _ in 0..8 {
            let carry = crc & 0x8000 != 0;
            crc <<= 1;
            if carry {
                crc ^= 0x1021;
            }
        }
        crc
    })
}

/// Run lengths of hexadecimal digits: `G` to `Y` are 1 to 19, `g` to `z` 20 to 400; a comma fills
/// a row with white, a colon repeats the row before.
fn run_lengths(image: &BitImage, inked: DotRect) -> Vec<u8> {
    let mut text = Vec::new();
    let mut before: &[u8] = &[];
    for row in rows(image, inked) {
        if row == before {
            text.push(b':');
        } else {
            push_row(&mut text, row);
        }
        before = row;
    }
    text
}

fn push_row(text: &mut Vec<u8>, row: &[u8]) {
    let digits = row.len() * 2;
    let digit = |place: usize| {
        let byte = row[place / 2];
        if place.is_multiple_of(2) {
            byte >> 4
        } else {
            byte & 0x0F
        }
    };
    let mut place = 0;
    while place < digits {
        let value = digit(place);
        let mut end = place + 1;
        while end < digits && digit(end) == value {
            end += 1;
        }
        // An exclamation mark would fill a row with ones; readers differ in what these are.
        if end == digits && value == 0 {
            text.push(b',');
        } else {
            push_run(text, end - place, value);
        }
        place = end;
    }
}

fn push_run(text: &mut Vec<u8>, count: usize, value: u8) {
    let letter = |first: u8, number: usize| first + u8::try_from(number - 1).unwrap_or(0);
    let mut rest = count;
    while rest > 419 {
        text.push(b'z');
        rest -= 400;
    }
    if rest >= 20 {
        text.push(letter(b'g', rest / 20));
    }
    if !rest.is_multiple_of(20) && rest > 1 {
        text.push(letter(b'G', rest % 20));
    }
    text.push(b"0123456789ABCDEF"[usize::from(value)]);
}

/// Listens to a printer's lines: the host status, errors, the odometer, alerts.
#[derive(Debug, Default)]
pub(crate) struct PrinterEar {
    line: String,
    /// What the strings of the host status that came so far have said.
    status: Option<Word>,
}

impl Ear for PrinterEar {
    fn hear(&mut self, byte: u8) -> Option<Word> {
        match byte {
            // The beginning of a string, whatever stood before it.
            0x02 => {
                self.line.clear();
                None
            }
            b'\n' | 0x03 => {
                let line = std::mem::take(&mut self.line);
                self.read(line.trim())
            }
            // Answers to `getvar` are quoted and end with the quote.
            b'"' if self.line.starts_with('"') => {
                let line = std::mem::take(&mut self.line);
                line[1..].parse().ok().map(Word::Labels)
            }
            b'"' => {
                self.line.clear();
                self.line.push('"');
                None
            }
            _ => {
                if self.line.len() < MAX_LINE && byte.is_ascii() {
                    self.line.push(char::from(byte));
                }
                None
            }
        }
    }
}

impl PrinterEar {
    fn read(&mut self, line: &str) -> Option<Word> {
        if let Some(errors) = line.strip_prefix("ERRORS:") {
            return read_errors(errors);
        }
        if let Some(condition) = line.split_once("ERROR CONDITION:") {
            return Some(Word::Hindered(named(condition.1)));
        }
        let fields: Vec<&str> = line.split(',').collect();
        match fields.len() {
            12 => {
                self.status = Some(read_first(&fields));
                None
            }
            11 => {
                let second = read_second(&fields);
                self.status = self.status.take().map(|first| worse(first, second));
                None
            }
            // The third string ends the status.
            2 => self.status.take(),
            _ => None,
        }
    }
}

/// The more telling of two words of one status.
const fn worse(first: Word, second: Word) -> Word {
    match (first, second) {
        (Word::Hindered(_), _) => first,
        (_, Word::Hindered(_)) => second,
        (Word::Ready, _) | (Word::Begun, Word::Busy) => second,
        (_, _) => first,
    }
}

/// `aaa,b,c,dddd,eee,f,g,h,iii,j,k,l`: paper out, pause, formats waiting, buffer full, a format in
/// part, memory lost, too cold, too hot.
fn read_first(fields: &[&str]) -> Word {
    let set = |place: usize| fields.get(place).is_some_and(|text| text.trim() == "1");
    let waits = fields[4].trim().parse() != Ok(0_u32);
    match () {
        () if set(1) => Word::Hindered(Hindrance::PaperOut),
        () if set(2) => Word::Hindered(Hindrance::Paused),
        () if set(9) => Word::Hindered(Hindrance::Error),
        () if set(10) || set(11) => Word::Hindered(Hindrance::Temperature),
        () if waits || set(5) => Word::Busy,
        () if set(7) => Word::Begun,
        () => Word::Ready,
    }
}

/// `mmm,n,o,p,q,r,s,t,uuuuuuuu,v,www`: head open, ribbon out, label waiting to be taken, labels
/// that remain.
fn read_second(fields: &[&str]) -> Word {
    let set = |place: usize| fields.get(place).is_some_and(|text| text.trim() == "1");
    let remain = fields[8].trim().parse() != Ok(0_u32);
    match () {
        () if set(2) => Word::Hindered(Hindrance::CoverOpen),
        () if set(3) => Word::Hindered(Hindrance::RibbonOut),
        () if remain => Word::Busy,
        () => Word::Ready,
    }
}

/// ` 1 00000000 00000005`: whether there are errors, and which.
fn read_errors(text: &str) -> Option<Word> {
    let mut words = text.split_whitespace();
    let any = words.next()?;
    let _upper = words.next()?;
    let lower = u32::from_str_radix(words.next()?, 16).ok()?;
    if any == "0" {
        return Some(Word::Ready);
    }
    let hindrance = [
        (0x0000_0001, Hindrance::PaperOut),
        (0x0000_0002, Hindrance::RibbonOut),
        (0x0000_0004, Hindrance::CoverOpen),
        (0x0000_0008, Hindrance::Cutter),
        (0x0000_0030, Hindrance::Temperature),
        (0x0001_0000, Hindrance::Paused),
    ]
    .into_iter()
    .find_map(|(bits, hindrance)| (lower & bits != 0).then_some(hindrance));
    Some(Word::Hindered(hindrance.unwrap_or(Hindrance::Error)))
}

/// An alert's words.
fn named(condition: &str) -> Hindrance {
    let plain = condition.to_ascii_uppercase();
    [
        ("PAPER OUT", Hindrance::PaperOut),
        ("MEDIA OUT", Hindrance::PaperOut),
        ("RIBBON OUT", Hindrance::RibbonOut),
        ("HEAD OPEN", Hindrance::CoverOpen),
        ("CUTTER", Hindrance::Cutter),
        ("PAUSE", Hindrance::Paused),
        ("HEAD TOO HOT", Hindrance::Temperature),
    ]
    .into_iter()
    .find_map(|(words, hindrance)| plain.contains(words).then_some(hindrance))
    .unwrap_or(Hindrance::Error)
}

#[cfg(test)]
mod tests;
