//! FGL.

use station::printing::bits::BitImage;

use super::Asked;
use super::{Canvas, Effect, Interpreter, Step, numbers};

/// A BOCA: rows run across the head and columns along the ticket, which is printed at `<p>`.
#[derive(Clone)]
pub(super) struct Fgl {
    /// Columns of a ticket.
    length: usize,
    /// Columns and rows as the printer counts them.
    canvas: Canvas,
    at: (usize, usize),
    /// Whether tickets that wait were purged before this one.
    purged: bool,
}

impl Fgl {
    pub(super) fn new(length: usize) -> Self {
        Self {
            length,
            canvas: Canvas::default(),
            at: (0, 0),
            purged: false,
        }
    }

    /// So many columns of eight dots each.
    fn graphic(&mut self, count: &[u8], data: &[u8]) -> Option<Step> {
        let count = *numbers(count)?.first()?;
        let header = 3 + count.to_string().len();
        let Some(columns) = data.get(..count) else {
            return Some(Step::More);
        };
        let (row, column) = self.at;
        if column + count > self.length {
            return None;
        }
        for down in 0..8 {
            let mut line = vec![0; count.div_ceil(8)];
            for (place, _) in columns
                .iter()
                .enumerate()
                .filter(|(_, byte)| *byte & (0x80 >> down) != 0)
            {
                line[place / 8] |= 0x80 >> (place % 8);
            }
            self.canvas.add(column, row + down, &line);
        }
        Some(Step::Took(header + count, Effect::Nothing))
    }

    /// The ticket as somebody holds it who reads it upright.
    fn upright(&mut self) -> BitImage {
        let lying = self.canvas.picture();
        self.canvas = Canvas::default();
        let mut ticket = BitImage::white(self.length, lying.height());
        for y in 0..lying.height() {
            for x in (0..lying.width()).filter(|&x| lying.black(x, y)) {
                ticket.set(x, y, true);
            }
        }
        ticket.turned().turned().turned()
    }
}

impl Interpreter for Fgl {
    fn step(&mut self, unread: &[u8]) -> Step {
        let end = match (unread[0], unread.iter().position(|byte| *byte == b'>')) {
            (b'<', Some(end)) => end,
            (b'<', None) => return Step::More,
            _ => return Step::Took(1, Effect::Garbage),
        };
        let took = |effect| Step::Took(end + 1, effect);
        match &unread[1..end] {
            b"S1" => took(Effect::Asked(Asked::Status(0))),
            b"PP" => {
                self.purged = true;
                took(Effect::Cleared)
            }
            b"CB" => {
                self.canvas = Canvas::default();
                took(Effect::Cleared)
            }
            b"p" if self.purged => {
                self.purged = false;
                let ticket = self.upright();
                took(Effect::Sheet(ticket))
            }
            [b'R', b'C', at @ ..] => match numbers(at).as_deref() {
                Some([row, column]) => {
                    self.at = (*row, *column);
                    took(Effect::Nothing)
                }
                _ => took(Effect::Garbage),
            },
            [b'G', count @ ..] => {
                let (count, data) = (count.to_vec(), &unread[end + 1..]);
                self.graphic(&count, data)
                    .unwrap_or_else(|| took(Effect::Garbage))
            }
            _ => took(Effect::Garbage),
        }
    }

    fn copy(&self) -> Box<dyn Interpreter> {
        Box::new(self.clone())
    }

    fn forget(&mut self) {
        *self = Self::new(self.length);
    }
}
