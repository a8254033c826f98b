//! The raster in FGL, the language of BOCA's ticket printers.
//!
//! Strips of eight rows, one byte a column, each placed by itself (`<RC>`, `<G>`). Rows are counted
//! across the head and columns along the paper, so a label lies on its side. Nothing prints before
//! `<p>`, and the printer says ACK when the ticket is cut.
//!
//! The traps of this language: by its default a printer keeps what it has not printed when tickets
//! run out and goes on with new stock, long after the piece was given up, so each job purges first.
//! And the byte that says "ready" is X-ON as well, which nobody has to ask for.

use super::bits::BitImage;
use super::language::Job;
use super::status::{Ear, Hindrance, Word};

/// Asks whether the printer is ready; it stays silent while it is not.
pub(crate) const STATUS: &[u8] = b"<S1>";

/// The most columns of a strip: what a printer whose line was cut off in one still takes for its
/// rest.
const MAX_STRIP: usize = 2_048;

/// Drops the ticket in the buffer; in a command that was half sent it is the end of that.
const DROP: &[u8; 4] = b"<CB>";

/// Ends a strip or a command that was half sent; what is left over means nothing.
pub(crate) static FILLER: [u8; MAX_STRIP + 64] = {
    let mut bytes = [0; MAX_STRIP + 64];
    let (_, end) = bytes.split_at_mut(MAX_STRIP + 64 - DROP.len());
    end.copy_from_slice(DROP);
    bytes
};

/// Drops tickets that wait, and the one in the buffer.
pub(crate) const CLEAR: &[u8] = b"<PP><CB>";

/// Bytes of a strip in front of its dots.
const STRIP_HEADER: usize = 16;

/// Encodes a picture.
pub(crate) fn job(image: &BitImage) -> Job {
    let image = &image.turned();
    let mut body = Vec::new();
    for y in (0..image.height()).step_by(8) {
        push_strip(&mut body, image, y);
    }
    Job {
        setup: CLEAR.to_vec(),
        body,
        commit: b"<p>".to_vec(),
        ack: Vec::new(),
        shift: 0,
        held: true,
    }
}

/// The inked pieces of eight rows: a gap that is longer than a new header is not sent.
fn push_strip(body: &mut Vec<u8>, image: &BitImage, y: usize) {
    let columns: Vec<u8> = columns(image, y);
    let mut start = 0;
    while let Some(first) = columns[start..].iter().position(|&byte| byte != 0) {
        let first = start + first;
        let mut end = first + 1;
        let mut white = 0;
        for (place, &byte) in columns.iter().enumerate().skip(end) {
            white = if byte == 0 { white + 1 } else { 0 };
            if white > STRIP_HEADER || place - first >= MAX_STRIP {
                break;
            }
            if byte != 0 {
                end = place + 1;
            }
        }
        body.extend(format!("<RC{y},{first}><G{}>", end - first).into_bytes());
        body.extend(&columns[first..end]);
        start = end;
    }
}

/// Eight rows turned into one byte a column, the topmost dot in the highest bit.
fn columns(image: &BitImage, y: usize) -> Vec<u8> {
    let mut columns = vec![0; image.stride() * 8];
    for down in 0..8 {
        for (index, &byte) in image.row(y + down).iter().enumerate() {
            let mut rest = byte;
            while rest != 0 {
                let bit = usize::try_from(rest.leading_zeros()).unwrap_or(0);
                rest &= !(0x80 >> bit);
                columns[index * 8 + bit] |= 0x80 >> down;
            }
        }
    }
    columns
}

/// Listens to the printer's single bytes.
#[derive(Debug)]
pub(crate) struct PrinterEar;

impl Ear for PrinterEar {
    fn hear(&mut self, byte: u8) -> Option<Word> {
        match byte {
            0x06 => Some(Word::Done),
            0x11 => Some(Word::Ready),
            0x13 => Some(Word::Busy),
            0x0A | 0x10 => Some(Word::Hindered(Hindrance::PaperOut)),
            0x03 | 0x18 | 0x1E => Some(Word::Hindered(Hindrance::Jam)),
            0x1D => Some(Word::Hindered(Hindrance::Cutter)),
            0x15 => Some(Word::Hindered(Hindrance::Error)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printing::bits::DotRect;

    #[test]
    fn state_bytes_mean_what_the_manual_says() {
        for (byte, word) in [
            (0x06, Some(Word::Done)),
            (0x11, Some(Word::Ready)),
            (0x13, Some(Word::Busy)),
            (0x10, Some(Word::Hindered(Hindrance::PaperOut))),
            (0x15, Some(Word::Hindered(Hindrance::Error))),
            (0x18, Some(Word::Hindered(Hindrance::Jam))),
            (0x1D, Some(Word::Hindered(Hindrance::Cutter))),
            (0x12, None),
        ] {
            assert_eq!(PrinterEar.hear(byte), word, "{byte:02x}");
        }
    }

    #[test]
    fn strips_are_columns_of_eight_dots_and_white_is_left_out() {
        let mut lying = BitImage::white(100, 20);
        lying.fill(DotRect {
            x: 3,
            y: 8,
            width: 2,
            height: 4,
        });
        lying.set(60, 15, true);
        let job = job(&lying.turned().turned().turned());
        assert_eq!(job.body, b"<RC8,3><G2>\xf0\xf0<RC8,60><G1>\x01");
        assert_eq!(job.setup, b"<PP><CB>", "nothing old comes out before it");
        assert_eq!((job.commit.as_slice(), job.held), (b"<p>".as_slice(), true));
    }
}
