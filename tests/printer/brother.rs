//! Brother QL raster.

use station::printing::bits::BitImage;
use station::printing::language::Sheet;

use super::{Asked, Canvas, Effect, Interpreter, Step};

/// A QL: the last column of a label is burned by the lowest dots of the head.
#[derive(Clone)]
pub(super) struct Brother {
    head: usize,
    /// The dot of the head that burns column 0.
    first_column: usize,
    roll_mm: u8,
    canvas: Canvas,
    packed: bool,
}

impl Brother {
    pub(super) fn new(sheet: &Sheet) -> Self {
        Self {
            head: sheet.head,
            first_column: sheet.offset + sheet.dots - 1,
            roll_mm: sheet.roll_mm.unwrap_or(0),
            canvas: Canvas::default(),
            packed: false,
        }
    }

    /// One line of the whole head; `None` when it is not of its length or burns beside the roll.
    fn line(&mut self, data: &[u8]) -> Option<()> {
        let line = if self.packed {
            unpack(data)?
        } else {
            data.to_vec()
        };
        if line.len() * 8 != self.head {
            return None;
        }
        let mut row = vec![0; self.first_column / 8 + 1];
        for dot in (0..self.head).filter(|dot| line[dot / 8] & (0x80 >> (dot % 8)) != 0) {
            let column = self.first_column.checked_sub(dot)?;
            row[column / 8] |= 0x80 >> (column % 8);
        }
        let y = self.canvas.rows.len();
        self.canvas.feed(1);
        self.canvas.add(0, y, &row);
        Some(())
    }
}

fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    let mut rest = packed;
    while let [count, tail @ ..] = rest {
        let used = match *count {
            0..=127 => {
                let literal = usize::from(*count) + 1;
                line.extend(tail.get(..literal)?);
                literal
            }
            128 => 0,
            129..=255 => {
                line.extend(std::iter::repeat_n(
                    *tail.first()?,
                    257 - usize::from(*count),
                ));
                1
            }
        };
        rest = &tail[used..];
    }
    Some(line)
}

impl Interpreter for Brother {
    fn step(&mut self, unread: &[u8]) -> Step {
        let took = |count| Step::Took(count, Effect::Nothing);
        match *unread {
            [0x00, ..] => took(1),
            [0x1B, b'@', ..] => {
                // Nothing is on paper before the end.
                self.canvas = Canvas::default();
                self.packed = false;
                Step::Took(2, Effect::Cleared)
            }
            [0x1B, b'i', b'S', ..] => Step::Took(3, Effect::Asked(Asked::Status(0))),
            [0x1B, b'i', b'a', 1, ..] | [0x1B, b'i', b'!', 0, ..] => took(4),
            [0x1B, b'i', b'M' | b'A' | b'K', _, ..] => took(4),
            [0x1B, b'i', b'd', _, _, ..] => took(5),
            [
                0x1B,
                b'i',
                b'z',
                flags,
                kind,
                width,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                ..,
            ] => {
                let fits = flags & 0x06 == 0x06 && kind == 0x0A && width == self.roll_mm;
                Step::Took(
                    13,
                    if fits {
                        Effect::Nothing
                    } else {
                        Effect::Garbage
                    },
                )
            }
            [b'M', mode, ..] => {
                self.packed = mode == 2;
                took(2)
            }
            [b'Z', ..] => {
                self.canvas.feed(1);
                Step::Took(1, Effect::Ink)
            }
            [b'g', 0, count, ..] => {
                let end = 3 + usize::from(count);
                match unread.get(3..end) {
                    None => Step::More,
                    Some(data) => {
                        let data = data.to_vec();
                        let line = self.line(&data);
                        Step::Took(end, line.map_or(Effect::Garbage, |()| Effect::Ink))
                    }
                }
            }
            [0x1A, ..] => Step::Took(1, Effect::Sheet(self.canvas.take())),
            [0x1B | b'g' | b'M', ..] if unread.len() < 13 => Step::More,
            _ => Step::Took(1, Effect::Garbage),
        }
    }

    fn tear_off(&mut self) -> Option<BitImage> {
        self.canvas.tear_off()
    }

    fn copy(&self) -> Box<dyn Interpreter> {
        Box::new(self.clone())
    }

    fn forget(&mut self) {
        self.packed = false;
    }
}
