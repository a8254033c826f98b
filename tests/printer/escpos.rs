//! ESC/POS.

use station::printing::bits::BitImage;
use station::printing::units::Dpi;

use super::{Asked, Canvas, Effect, Interpreter, Step};

/// `DLE DC4 8` with what it must be followed by.
const CLEAR: [u8; 10] = [0x10, 0x14, 8, 1, 3, 0x14, 1, 6, 2, 8];

/// What a printer does as soon as it arrives, also in the middle of a picture; nothing while the
/// command may still become one.
pub(super) fn at_once(begun: &[u8]) -> Option<Effect> {
    match *begun {
        [0x10] | [0x10, 0x04 | 0x05] => None,
        [0x10, 0x04, number @ 1..=4, ..] => Some(Effect::Asked(Asked::Status(number))),
        [0x10, 0x05, 2, ..] => Some(Effect::Cleared),
        [0x10, 0x14, ..] if begun.starts_with(&CLEAR) => Some(Effect::Cleared),
        [0x10, 0x14, ..] if CLEAR.starts_with(begun) => None,
        _ => Some(Effect::Garbage),
    }
}

/// A receipt printer in standard mode: a row that has arrived is on paper.
#[derive(Clone)]
pub(super) struct EscPos {
    dpi: Dpi,
    /// Dots of one unit of movement, once `GS P` has told.
    unit: usize,
    /// The dot at which the next picture begins; the left edge again after each.
    place: usize,
    canvas: Canvas,
}

impl EscPos {
    pub(super) fn new(dpi: Dpi) -> Self {
        Self {
            dpi,
            unit: 0,
            place: 0,
            canvas: Canvas::default(),
        }
    }

    fn band(&mut self, unread: &[u8]) -> Step {
        let [_, _, _, mode, xl, xh, yl, yh, data @ ..] = unread else {
            return Step::More;
        };
        let (across, down) = (1 + usize::from(mode & 1), 1 + usize::from(mode >> 1));
        let width = usize::from(u16::from_le_bytes([*xl, *xh]));
        let rows = usize::from(u16::from_le_bytes([*yl, *yh]));
        let Some(dots) = data.get(..width * rows) else {
            return Step::More;
        };
        if width == 0 {
            return Step::Took(8, Effect::Nothing);
        }
        // Executed at once even inside a picture, so no picture may hold one.
        if dots
            .windows(2)
            .any(|pair| matches!(pair, [0x10, 0x04 | 0x05 | 0x14]))
        {
            return Step::Took(8 + width * rows, Effect::Garbage);
        }
        for row in dots.chunks(width) {
            let row = widened(row, across);
            for _ in 0..down {
                let y = self.canvas.rows.len();
                self.canvas.feed(1);
                self.canvas.add(self.place, y, &row);
            }
        }
        self.place = 0;
        Step::Took(8 + width * rows, Effect::Ink)
    }
}

/// A row with so many dots for each bit.
fn widened(row: &[u8], dots: usize) -> Vec<u8> {
    let mut wide = vec![0; row.len() * dots];
    for dot in 0..wide.len() * 8 {
        let bit = dot / dots;
        if row[bit / 8] & (0x80 >> (bit % 8)) != 0 {
            wide[dot / 8] |= 0x80 >> (dot % 8);
        }
    }
    wide
}

impl Interpreter for EscPos {
    fn step(&mut self, unread: &[u8]) -> Step {
        match *unread {
            // Ends a command that was cut off, and means nothing otherwise.
            [0x00, ..] => Step::Took(1, Effect::Nothing),
            [0x10, ..] => match at_once(unread) {
                None => Step::More,
                Some(Effect::Garbage) => Step::Took(1, Effect::Garbage),
                Some(effect) => {
                    let clears = effect == Effect::Cleared && unread[1] == 0x14;
                    Step::Took(if clears { CLEAR.len() } else { 3 }, effect)
                }
            },
            [0x1B, b'@', ..] => Step::Took(2, Effect::Nothing),
            [0x1D, b'P', x, y, ..] if x == y && y > 0 => {
                self.unit = usize::from(self.dpi.number()) / usize::from(y);
                Step::Took(4, Effect::Nothing)
            }
            [0x1B, b'J', units, ..] if self.unit > 0 => {
                self.canvas.feed(usize::from(units) * self.unit);
                Step::Took(3, Effect::Nothing)
            }
            [0x1B, b'$', low, high, ..] if self.unit > 0 => {
                self.place = usize::from(u16::from_le_bytes([low, high])) * self.unit;
                Step::Took(4, Effect::Nothing)
            }
            [0x1D, b'v', b'0', 0..=3, ..] => self.band(unread),
            [0x1D, b'V', b'A', 0, ..] => Step::Took(4, Effect::Sheet(self.canvas.take())),
            [0x1D, b'(', b'H', 6, 0, 48, 48, a, b, c, d, ..] => {
                Step::Took(11, Effect::Asked(Asked::Tag([a, b, c, d])))
            }
            [0x1B | 0x1D, ..] if unread.len() < 11 => Step::More,
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
        self.unit = 0;
    }
}
