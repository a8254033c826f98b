//! Printers that nobody has to buy: what a printer makes of the bytes it gets, for every language
//! the station speaks, and devices on a socket or a serial line that print so, answer questions
//! and have faults.
//!
//! The interpreters are written from the languages' manuals and share no code with the encoders.

mod brother;
#[cfg(unix)]
pub mod device;
mod dymo;
mod epl;
mod escpos;
mod fgl;
#[cfg(unix)]
mod line;
#[cfg(unix)]
mod state;
#[cfg(unix)]
pub mod timed;
mod tspl;
mod zpl;

use station::printing::bits::{BitImage, DotRect};
use station::printing::language::{Language, Sheet};

/// What became of the first bytes of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The first command is not all there.
    More,
    /// So many bytes were one command, with this effect.
    Took(usize, Effect),
}

/// What one command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing that anybody sees.
    Nothing,
    /// Ink on the paper that is under the head.
    Ink,
    /// A whole sheet came out.
    Sheet(BitImage),
    /// A question.
    Asked(Asked),
    /// Everything that waited is gone.
    Cleared,
    /// No such command.
    Garbage,
}

/// What a printer is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Its state: in languages with several questions, which one.
    Status(u8),
    /// What is wrong.
    Errors,
    /// How many labels it has printed.
    Labels,
    /// To send this tag back.
    Tag([u8; 4]),
    /// To acknowledge labels from now on.
    Reports,
    /// Something that is answered in the order of the stream.
    Codepage,
}

/// A printer's understanding of its language.
pub trait Interpreter: Send {
    /// Takes the first command of `unread`, which is not empty.
    fn step(&mut self, unread: &[u8]) -> Step;

    /// Tears off the paper under the head: the ink that is on it though no sheet came out; none in
    /// languages that hold a picture back.
    fn tear_off(&mut self) -> Option<BitImage> {
        None
    }

    /// Forgets what is not on paper yet, as when the power goes.
    fn forget(&mut self);

    /// Another printer in the same state, to find out what bytes mean without doing it.
    fn copy(&self) -> Box<dyn Interpreter>;

    /// Whether a label has begun and not ended, where the printer can tell.
    fn is_in_a_label(&self) -> bool {
        false
    }
}

/// A printer that speaks a language on a sheet of so many rows.
#[must_use]
pub fn interpreter(language: Language, sheet: &Sheet, rows: usize) -> Box<dyn Interpreter> {
    match language {
        Language::EscPos => Box::new(escpos::EscPos::new(sheet.dpi)),
        Language::Zpl => Box::new(zpl::Zpl::default()),
        Language::Epl => Box::new(epl::Epl::default()),
        Language::Tspl => Box::new(tspl::Tspl::new(sheet.dpi)),
        Language::BrotherQl => Box::new(brother::Brother::new(sheet)),
        Language::Dymo => Box::new(dymo::Dymo::default()),
        Language::Fgl => Box::new(fgl::Fgl::new(rows)),
    }
}

/// Everything that comes out of a stream: the sheets, and each other effect in its order. A stream
/// that ends within a command ends in garbage.
#[must_use]
pub fn print_all(printer: &mut dyn Interpreter, stream: &[u8]) -> (Vec<BitImage>, Vec<Effect>) {
    let (mut sheets, mut others) = (Vec::new(), Vec::new());
    let mut unread = stream;
    while !unread.is_empty() {
        match printer.step(unread) {
            Step::More => {
                others.push(Effect::Garbage);
                break;
            }
            Step::Took(count, effect) => {
                unread = &unread[count..];
                match effect {
                    Effect::Sheet(sheet) => sheets.push(sheet),
                    Effect::Nothing | Effect::Ink => {}
                    Effect::Asked(_) | Effect::Cleared | Effect::Garbage => others.push(effect),
                }
            }
        }
    }
    (sheets, others)
}

/// Whether paper shows exactly the dots of a picture, and nothing beyond its edges. `shift` is how
/// far to the right the picture was moved.
#[must_use]
pub fn shows(paper: &BitImage, picture: &BitImage, shift: usize) -> bool {
    let place = DotRect {
        x: shift,
        y: 0,
        width: picture.width(),
        height: picture.height(),
    };
    paper.black_dots() == picture.black_dots() && paper.crop(place) == *picture
}

/// Paper that is drawn on.
#[derive(Clone, Debug, Default)]
struct Canvas {
    rows: Vec<Vec<u8>>,
}

impl Canvas {
    /// Adds packed rows at a dot; a dot that is black once stays black.
    fn add(&mut self, x: usize, y: usize, row: &[u8]) {
        if self.rows.len() <= y {
            self.rows.resize(y + 1, Vec::new());
        }
        let black = (0..row.len() * 8).filter(|dot| row[dot / 8] & (0x80 >> (dot % 8)) != 0);
        let line = &mut self.rows[y];
        for dot in black {
            let place = x + dot;
            if line.len() <= place / 8 {
                line.resize(place / 8 + 1, 0);
            }
            line[place / 8] |= 0x80 >> (place % 8);
        }
    }

    /// Takes a command `NAMEx,y,bytes,rows,...,` of `count` numbers with a packed picture behind it,
    /// in which a clear bit is black.
    fn draw(&mut self, unread: &[u8], name: &[u8], count: usize) -> Step {
        let Ok(found) = field(unread, name, count) else {
            return Step::More;
        };
        let Some((numbers, start)) = found.filter(|(numbers, _)| numbers[2] > 0) else {
            return Step::Took(2, Effect::Garbage);
        };
        let (width, height) = (numbers[2], numbers[3]);
        let Some(dots) = unread.get(start..start + width * height) else {
            return Step::More;
        };
        for (down, row) in dots.chunks(width).enumerate() {
            let black: Vec<u8> = row.iter().map(|byte| byte ^ 0xFF).collect();
            self.add(numbers[0], numbers[1] + down, &black);
        }
        Step::Took(start + width * height, Effect::Nothing)
    }

    fn feed(&mut self, rows: usize) {
        self.rows.resize(self.rows.len() + rows, Vec::new());
    }

    /// What is on the paper.
    fn picture(&self) -> BitImage {
        let width = self.rows.iter().map(Vec::len).max().unwrap_or(0) * 8;
        let mut image = BitImage::white(width, self.rows.len());
        for (y, row) in self.rows.iter().enumerate() {
            for (index, &byte) in row.iter().enumerate().filter(|(_, byte)| **byte != 0) {
                for bit in (0..8).filter(|bit| byte & (0x80 >> bit) != 0) {
                    image.set(index * 8 + bit, y, true);
                }
            }
        }
        image
    }

    /// What is on the paper, which is then a new one.
    fn take(&mut self) -> BitImage {
        std::mem::take(self).picture()
    }

    /// As [`Self::take`]; nothing where there is no ink.
    fn tear_off(&mut self) -> Option<BitImage> {
        let paper = self.take();
        (paper.black_dots() > 0).then_some(paper)
    }
}

/// The numbers of a command, separated by commas.
fn numbers(text: &[u8]) -> Option<Vec<usize>> {
    let text = std::str::from_utf8(text).ok()?;
    text.split(',')
        .map(|number| number.trim().parse().ok())
        .collect()
}

/// A field `NAMEa,b,c,...,` of `count` numbers at the beginning of `unread`: the numbers and where
/// its data begin; nothing where the line ends before them. `Err` while it is not all there.
fn field(unread: &[u8], name: &[u8], count: usize) -> Result<Option<(Vec<usize>, usize)>, ()> {
    let head = unread
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let whole = head.len() < unread.len();
    let mut commas = head
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b',')
        .map(|(place, _)| place);
    let Some(end) = commas.nth(count - 1) else {
        return if whole { Ok(None) } else { Err(()) };
    };
    Ok(numbers(&unread[name.len()..end]).map(|numbers| (numbers, end + 1)))
}

/// Takes a line and does what it says, when all of it is there.
fn step_of_a_line(unread: &[u8], does: impl FnOnce(&[u8]) -> Effect) -> Step {
    match unread.iter().position(|byte| *byte == b'\n') {
        Some(end) => Step::Took(end + 1, does(unread[..end].trim_ascii())),
        None => Step::More,
    }
}
