//! ZPL II.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::ZlibDecoder;

use super::{Asked, Canvas, Effect, Interpreter, Step, numbers};

/// A Zebra: what stands between `^XA` and `^XZ` is printed at `^XZ`.
#[derive(Clone, Default)]
pub(super) struct Zpl {
    /// The format that has begun.
    format: Option<Canvas>,
    /// Where the next field goes.
    at: (usize, usize),
    /// Rows of the label.
    rows: usize,
    /// Whether the format has a field; one without prints nothing.
    has_field: bool,
    /// Whether labels are not printed again after an error, as they are by default.
    once: bool,
}

/// Commands that are whole as they stand.
const WHOLE: [&[u8]; 9] = [
    b"~HS", b"~JA", b"~HQES", b"^XA", b"^XZ", b"^FS", b"^JZN", b"^PON", b"^PMN",
];

impl Zpl {
    fn whole(&mut self, command: &[u8]) -> Effect {
        match command {
            b"~HS" => Effect::Asked(Asked::Status(0)),
            b"~HQES" => Effect::Asked(Asked::Errors),
            b"~JA" => {
                self.format = None;
                Effect::Cleared
            }
            b"^XA" => {
                self.format = Some(Canvas::default());
                self.has_field = false;
                Effect::Nothing
            }
            b"^JZN" => {
                self.once = true;
                Effect::Nothing
            }
            b"^XZ" => match self.format.take() {
                // A label that would come out twice after an error must not be sent at all.
                Some(_) if self.has_field && !self.once => Effect::Garbage,
                Some(mut canvas) if self.has_field => {
                    let rows = self.rows.max(canvas.rows.len());
                    canvas.rows.resize(rows, Vec::new());
                    Effect::Sheet(canvas.take())
                }
                _ => Effect::Nothing,
            },
            _ => Effect::Nothing,
        }
    }

    /// A command with parameters.
    fn with_parameters(&mut self, command: &[u8]) -> Effect {
        let (name, text) = command.split_at(3);
        match name {
            b"^LL" => {
                let rows = numbers(text).and_then(|numbers| numbers.first().copied());
                self.rows = rows.unwrap_or(0);
                Effect::Nothing
            }
            b"^FO" => match numbers(text).as_deref() {
                Some([x, y, ..]) => {
                    self.at = (*x, *y);
                    Effect::Nothing
                }
                _ => Effect::Garbage,
            },
            b"^GF" => self
                .graphic(text)
                .map_or(Effect::Garbage, |()| Effect::Nothing),
            b"^PW" | b"^LH" | b"^LS" | b"^LT" | b"^MU" | b"^MN" => Effect::Nothing,
            b"^PQ" if text.starts_with(b"1,0,0,N") => Effect::Nothing,
            _ => Effect::Garbage,
        }
    }

    /// `A,bytes,total,bytes per row,data`.
    fn graphic(&mut self, text: &[u8]) -> Option<()> {
        let mut parts = text.splitn(5, |byte| *byte == b',');
        let kind = parts.next()?;
        let mut number =
            || -> Option<usize> { std::str::from_utf8(parts.next()?).ok()?.parse().ok() };
        let (_, total, width) = (number()?, number()?, number()?);
        let data = parts.next()?;
        if kind != b"A" || width == 0 {
            return None;
        }
        let bytes = match data.strip_prefix(b":Z64:") {
            Some(packed) => unzip(packed)?,
            None => unroll(data, width)?,
        };
        if bytes.len() != total {
            return None;
        }
        let (x, y) = self.at;
        let canvas = self.format.as_mut()?;
        self.has_field = true;
        for (down, row) in bytes.chunks(width).enumerate() {
            canvas.add(x, y + down, row);
        }
        Some(())
    }
}

/// The zlib stream in base64, when its checksum is right.
fn unzip(packed: &[u8]) -> Option<Vec<u8>> {
    let (text, checksum) = packed.split_at_checked(packed.len().checked_sub(5)?)?;
    let wanted = u16::from_str_radix(std::str::from_utf8(&checksum[1..]).ok()?, 16).ok()?;
    if checksum[0] != b':' || remainder(text) != wanted {
        return None;
    }
    let mut bytes = Vec::new();
    let zlib = STANDARD.decode(text).ok()?;
    ZlibDecoder::new(zlib.as_slice())
        .read_to_end(&mut bytes)
        .ok()?;
    Some(bytes)
}

/// The remainder of the message, followed by sixteen zeros, divided by x^16 + x^12 + x^5 + 1.
fn remainder(message: &[u8]) -> u16 {
    let bits = message
        .iter()
        .chain(&[0, 0])
        .flat_map(|byte| (0..8).rev().map(move |bit| u32::from(byte >> bit & 1)));
    let rest = bits.fold(0_u32, |rest, bit| {
        let rest = rest << 1 | bit;
        if rest & 0x1_0000 != 0 {
            rest ^ 0x1_1021
        } else {
            rest
        }
    });
    u16::try_from(rest).unwrap()
}

/// Run lengths in letters.
fn unroll(text: &[u8], width: usize) -> Option<Vec<u8>> {
    let mut digits: Vec<u8> = Vec::new();
    let mut count = 0;
    for &letter in text {
        let done = digits.len() % (width * 2);
        match letter {
            b'G'..=b'Y' => count += usize::from(letter - b'G') + 1,
            b'g'..=b'z' => count += (usize::from(letter - b'g') + 1) * 20,
            b',' => digits.extend(std::iter::repeat_n(0, width * 2 - done)),
            b'!' => digits.extend(std::iter::repeat_n(15, width * 2 - done)),
            b':' if done == 0 && digits.len() >= width * 2 => {
                digits.extend_from_within(digits.len() - width * 2..);
            }
            _ => {
                let value = char::from(letter).to_digit(16)?;
                let value = u8::try_from(value).ok()?;
                digits.extend(std::iter::repeat_n(value, count.max(1)));
                count = 0;
            }
        }
    }
    let pairs = digits.chunks_exact(2);
    Some(pairs.map(|pair| pair[0] << 4 | pair[1]).collect())
}

impl Interpreter for Zpl {
    fn step(&mut self, unread: &[u8]) -> Step {
        if matches!(unread[0], b'\r' | b'\n') {
            return Step::Took(1, Effect::Nothing);
        }
        if let Some(command) = WHOLE.iter().find(|command| unread.starts_with(command)) {
            return Step::Took(command.len(), self.whole(command));
        }
        if unread[0] == b'!' {
            let Some(end) = unread.iter().position(|byte| *byte == b'\n') else {
                return Step::More;
            };
            let known = unread.starts_with(b"! U1 getvar \"odometer.total_label_count\"");
            // Within a format it is taken for a part of that.
            let effect = if known && self.format.is_none() {
                Effect::Asked(Asked::Labels)
            } else {
                Effect::Garbage
            };
            return Step::Took(end + 1, effect);
        }
        if unread[0] != b'^' && unread[0] != b'~' {
            return Step::Took(1, Effect::Garbage);
        }
        let next = |byte: &u8| matches!(*byte, b'^' | b'~');
        match unread[1..].iter().position(next) {
            Some(end) if end >= 2 => Step::Took(end + 1, self.with_parameters(&unread[..=end])),
            Some(end) => Step::Took(end + 1, Effect::Garbage),
            None => Step::More,
        }
    }

    fn is_in_a_label(&self) -> bool {
        self.format.is_some()
    }

    fn copy(&self) -> Box<dyn Interpreter> {
        Box::new(self.clone())
    }

    fn forget(&mut self) {
        *self = Self::default();
    }
}
