//! The raster in EPL2, the language of older desktop label printers (Eltron, Zebra LP 2844).
//!
//! `GW` fields for the inked parts, in which a clear bit is black; nothing prints before `P1`.
//!
//! With `US` the printer acknowledges `P` with ACK or tells an error with NAK and two digits. The
//! trap: some printers acknowledge `US` itself as well. So it is sent with a question that is
//! answered in the order of the stream (`UI`), and whatever came before that answer is dropped.

use super::bands::{bands, rows};
use super::bits::BitImage;
use super::language::{Job, Sheet, Unprintable};
use super::status::{Ear, Hindrance, Word};
use super::units::Um;

/// Switches error reports on and asks for something that is answered in order.
pub(crate) const REPORT: &[u8] = b"\r\nUS\r\nUI\r\n";

/// Asks at once, whatever the printer does, what is wrong.
pub(crate) const STATUS: &[u8] = b"^ee\r\n";

/// Resets the printer and drops its buffer.
pub(crate) const CLEAR: &[u8] = b"\r\n^@\r\n";

/// The longest label that `Q` can say.
const MAX_ROWS: usize = 65_535;

/// Bytes of a `GW` field in front of its dots.
const FIELD_HEADER: usize = 22;

/// The longest line of an answer that is listened to.
const MAX_LINE: usize = 64;

/// The acknowledgement, and the sign in front of an error.
const ACK: u8 = 0x06;
const NAK: u8 = 0x15;

/// Whether a picture is short enough.
///
/// # Errors
/// [`Unprintable::TooLong`].
pub(crate) fn check(image: &BitImage) -> Result<(), Unprintable> {
    if image.height() > MAX_ROWS {
        return Err(Unprintable::TooLong {
            wanted: image.height(),
            rows: MAX_ROWS,
        });
    }
    Ok(())
}

/// Encodes a picture.
///
/// # Errors
/// [`Unprintable::TooLong`].
pub(crate) fn job(image: &BitImage, sheet: &Sheet) -> Result<Job, Unprintable> {
    check(image)?;
    let gap = sheet.dpi.dots(Um::tenths(u32::from(sheet.gap_tenths)));
    let mut body = format!(
        "\nN\nq{}\nQ{},{gap}\nR0,0\nZT\n",
        image.width().next_multiple_of(8),
        image.height()
    )
    .into_bytes();
    for band in bands(image, FIELD_HEADER) {
        let (x, y, width, height) = (band.x, band.y, band.width / 8, band.height);
        body.extend(format!("GW{x},{y},{width},{height},").into_bytes());
        body.extend(rows(image, band).flatten().map(|byte| !byte));
        body.push(b'\n');
    }
    Ok(Job {
        setup: Vec::new(),
        body,
        commit: b"P1\n".to_vec(),
        ack: Vec::new(),
        shift: 0,
        held: true,
    })
}

/// Listens to answers: lines while a question is asked, ACK and NAK after a label.
#[derive(Debug)]
pub(crate) struct PrinterEar {
    question: Option<usize>,
    line: String,
    /// Digits of an error that are still to come.
    refused: Option<String>,
}

impl PrinterEar {
    pub(crate) const fn new(question: Option<usize>) -> Self {
        Self {
            question,
            line: String::new(),
            refused: None,
        }
    }

    fn read(&self, line: &str) -> Option<Word> {
        match self.question {
            // Whatever it says: it came in the order of the stream.
            Some(0) => line.starts_with("UI").then_some(Word::Ready),
            Some(_) | None => {
                let mut codes = line.split(',').map(str::parse::<u8>).map_while(Result::ok);
                codes.next().map(|first| {
                    let all = std::iter::once(first).chain(codes);
                    all.map(meaning)
                        .find(|word| *word != Word::Ready)
                        .unwrap_or(Word::Ready)
                })
            }
        }
    }
}

impl Ear for PrinterEar {
    fn hear(&mut self, byte: u8) -> Option<Word> {
        if self.question.is_none() {
            if let Some(digits) = &mut self.refused {
                digits.push(char::from(byte));
                if digits.len() < 2 {
                    return None;
                }
                let code = digits.parse().unwrap_or(u8::MAX);
                self.refused = None;
                // What is refused is never done, whatever the code.
                return Some(match meaning(code) {
                    Word::Hindered(hindrance) => Word::Hindered(hindrance),
                    Word::Ready
                    | Word::NearEnd
                    | Word::Busy
                    | Word::Begun
                    | Word::Done
                    | Word::Labels(_)
                    | Word::Tag(_) => Word::Hindered(Hindrance::Error),
                });
            }
            match byte {
                ACK => return Some(Word::Done),
                NAK => {
                    self.refused = Some(String::new());
                    return None;
                }
                // What a glance at the state brings back.
                _ => {}
            }
        }
        if byte == b'\n' {
            let line = std::mem::take(&mut self.line);
            return self.read(line.trim());
        }
        if self.line.len() < MAX_LINE && (byte.is_ascii_graphic() || byte == b' ') {
            self.line.push(char::from(byte));
        }
        None
    }
}

/// What an error code says.
const fn meaning(code: u8) -> Word {
    match code {
        0 => Word::Ready,
        7 => Word::Hindered(Hindrance::PaperOut),
        11 => Word::Hindered(Hindrance::CoverOpen),
        12 => Word::Hindered(Hindrance::Paused),
        _ => Word::Hindered(Hindrance::Error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printing::bits::DotRect;
    use crate::printing::units::Dpi;

    fn heard(question: Option<usize>, bytes: &[u8]) -> Vec<Word> {
        let mut ear = PrinterEar::new(question);
        bytes.iter().filter_map(|&byte| ear.hear(byte)).collect()
    }

    #[test]
    fn black_is_a_clear_bit_and_nothing_prints_before_the_end() {
        let mut image = BitImage::white(16, 3);
        image.fill(DotRect {
            x: 8,
            y: 1,
            width: 3,
            height: 1,
        });
        let job = job(&image, &Sheet::any(Dpi::D203)).unwrap();
        assert_eq!(job.body, b"\nN\nq16\nQ3,24\nR0,0\nZT\nGW8,1,1,1,\x1f\n");
        assert_eq!(
            (job.commit.as_slice(), job.held),
            (b"P1\n".as_slice(), true)
        );
    }

    #[test]
    fn acknowledgements_and_errors_mean_what_the_manual_says() {
        assert_eq!(heard(None, b"\x06"), [Word::Done]);
        assert_eq!(
            heard(None, b"07\r\n"),
            [Word::Hindered(Hindrance::PaperOut)]
        );
        for (code, hindrance) in [
            ("07", Hindrance::PaperOut),
            ("11", Hindrance::CoverOpen),
            ("12", Hindrance::Paused),
            ("01", Hindrance::Error),
            ("00", Hindrance::Error),
            ("x?", Hindrance::Error),
        ] {
            let said = [b"\x15", code.as_bytes(), b"\x13"].concat();
            assert_eq!(heard(None, &said), [Word::Hindered(hindrance)], "{code}");
        }
    }

    #[test]
    fn an_acknowledgement_of_the_reports_themselves_is_none_of_a_label() {
        assert_eq!(heard(Some(0), b"\x06UI8,A,001\r\n"), [Word::Ready]);
        assert_eq!(heard(Some(0), b"\x06\x06"), []);
    }

    #[test]
    fn the_status_names_what_hinders() {
        assert_eq!(heard(Some(1), b"00\r\n"), [Word::Ready]);
        assert_eq!(
            heard(Some(1), b"\x11\x0600,07\r\n"),
            [Word::Hindered(Hindrance::PaperOut)]
        );
        assert_eq!(heard(Some(1), b"noise\r\n"), []);
    }
}
