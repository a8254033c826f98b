//! ESC/POS.

use station::printing::bits::BitImage;
use station::printing::units::Dpi;

use super::{Asked, Canvas, Effect, Interpreter, Step};

/// A receipt printer in standard mode: a row that has arrived is on paper.
pub(super) struct EscPos {
    dpi: Dpi,
    /// Dots of one feed unit, once `GS P` has told.
    unit: usize,
    canvas: Canvas,
}

impl EscPos {
    pub(super) fn new(dpi: Dpi) -> Self {
        Self {
            dpi,
            unit: 0,
            canvas: Canvas::default(),
        }
    }

    fn band(&mut self, unread: &[u8]) -> Step {
        let [_, _, _, _, xl, xh, yl, yh, data @ ..] = unread else {
            return Step::More;
        };
        let width = usize::from(u16::from_le_bytes([*xl, *xh]));
        let rows = usize::from(u16::from_le_bytes([*yl, *yh]));
        let Some(dots) = data.get(..width * rows) else {
            return Step::More;
        };
        // Executed at once even inside a picture, so no picture may hold one.
        if dots
            .windows(2)
            .any(|pair| matches!(pair, [0x10, 0x04 | 0x05 | 0x14]))
        {
            return Step::Took(8 + width * rows, Effect::Garbage);
        }
        for row in dots.chunks(width) {
            let y = self.canvas.rows.len();
            self.canvas.feed(1);
            self.canvas.add(0, y, row);
        }
        Step::Took(8 + width * rows, Effect::Ink)
    }
}

impl Interpreter for EscPos {
    fn step(&mut self, unread: &[u8]) -> Step {
        match *unread {
            [0x10, 0x04, number @ 1..=4, ..] => Step::Took(3, Effect::Asked(Asked::Status(number))),
            [0x10, 0x05, 2, ..] => Step::Took(3, Effect::Cleared),
            [0x1B, b'@', ..] => Step::Took(2, Effect::Nothing),
            [0x1D, b'P', x, y, ..] if x == y && y > 0 => {
                self.unit = usize::from(self.dpi.number()) / usize::from(y);
                Step::Took(4, Effect::Nothing)
            }
            [0x1B, b'J', units, ..] if self.unit > 0 => {
                self.canvas.feed(usize::from(units) * self.unit);
                Step::Took(3, Effect::Nothing)
            }
            [0x1D, b'v', b'0', 0, ..] => self.band(unread),
            [0x1D, b'V', b'A', 0, ..] => Step::Took(4, Effect::Sheet(self.canvas.take())),
            [0x1D, b'(', b'H', 6, 0, 48, 48, a, b, c, d, ..] => {
                Step::Took(11, Effect::Asked(Asked::Tag([a, b, c, d])))
            }
            [0x10 | 0x1B | 0x1D, ..] if unread.len() < 11 => Step::More,
            _ => Step::Took(1, Effect::Garbage),
        }
    }

    fn under_the_head(&self) -> Option<BitImage> {
        (!self.canvas.is_white()).then(|| self.canvas.picture())
    }
}
