//! DYMO LabelWriter raster.

use station::printing::bits::BitImage;

use super::{Asked, Canvas, Effect, Interpreter, Step};

/// A LabelWriter: a line that has arrived is on paper.
#[derive(Clone, Default)]
pub(super) struct Dymo {
    canvas: Canvas,
    tab: usize,
    width: usize,
    rows: usize,
}

impl Dymo {
    fn line(&mut self, line: &[u8]) {
        let y = self.canvas.rows.len();
        self.canvas.feed(1);
        self.canvas.add(self.tab * 8, y, line);
    }

    /// Runs of one colour until the line is full.
    fn runs(&mut self, data: &[u8]) -> Step {
        let mut line = vec![0; self.width];
        let (mut dot, mut used) = (0, 0);
        while dot < self.width * 8 {
            let Some(&run) = data.get(used) else {
                return Step::More;
            };
            let end = dot + usize::from(run & 0x7F) + 1;
            if end > self.width * 8 {
                return Step::Took(1 + used, Effect::Garbage);
            }
            if run & 0x80 != 0 {
                for place in dot..end {
                    line[place / 8] |= 0x80 >> (place % 8);
                }
            }
            (dot, used) = (end, used + 1);
        }
        self.line(&line);
        Step::Took(1 + used, Effect::Ink)
    }
}

impl Interpreter for Dymo {
    fn step(&mut self, unread: &[u8]) -> Step {
        let took = |count| Step::Took(count, Effect::Nothing);
        match *unread {
            [0x1B, 0x1B, ..] => took(1),
            [0x1B, b'A', ..] => Step::Took(2, Effect::Asked(Asked::Status(0))),
            [0x1B, b'@', ..] => {
                // What is on paper stays there.
                self.forget();
                Step::Took(2, Effect::Cleared)
            }
            [0x1B, b'L', high, low, ..] => {
                self.rows = usize::from(u16::from_be_bytes([high, low]));
                took(4)
            }
            [0x1B, b'h', ..] => took(2),
            [0x1B, b'B', tab, ..] => {
                self.tab = usize::from(tab);
                took(3)
            }
            [0x1B, b'D', width, ..] => {
                self.width = usize::from(width);
                took(3)
            }
            [0x1B, b'f', 1, rows, ..] => {
                self.canvas.feed(usize::from(rows));
                took(4)
            }
            [0x1B, b'E', ..] => {
                let rows = self.rows.max(self.canvas.rows.len());
                self.canvas.rows.resize(rows, Vec::new());
                Step::Took(2, Effect::Sheet(self.canvas.take()))
            }
            [0x16, ref data @ ..] => match data.get(..self.width) {
                None => Step::More,
                Some(line) => {
                    let line = line.to_vec();
                    self.line(&line);
                    Step::Took(1 + self.width, Effect::Ink)
                }
            },
            [0x17, ref data @ ..] => self.runs(data),
            [0x1B, ..] if unread.len() < 4 => Step::More,
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
        let canvas = std::mem::take(&mut self.canvas);
        *self = Self {
            canvas,
            ..Self::default()
        };
    }
}
