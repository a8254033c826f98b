//! TSPL.

use station::printing::units::Dpi;

use super::{Asked, Canvas, Effect, Interpreter, Step, step_of_a_line};

/// A TSC: the image buffer is printed at `PRINT`.
#[derive(Clone)]
pub(super) struct Tspl {
    dpi: Dpi,
    canvas: Canvas,
    rows: usize,
}

impl Tspl {
    pub(super) fn new(dpi: Dpi) -> Self {
        Self {
            dpi,
            canvas: Canvas::default(),
            rows: 0,
        }
    }

    /// Rows of `width mm,height mm`.
    fn size(&self, text: &str) -> Option<usize> {
        let (_, height) = text.split_once(',')?;
        let (whole, tenths) = height.strip_suffix(" mm")?.split_once('.')?;
        let tenths: usize = format!("{whole}{tenths}").parse().ok()?;
        let dots_per_metre = usize::try_from(self.dpi.dots_per_metre()).ok()?;
        Some(tenths * dots_per_metre / 10_000)
    }

    fn line(&mut self, line: &[u8]) -> Effect {
        let Ok(text) = std::str::from_utf8(line) else {
            return Effect::Garbage;
        };
        let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
        match (name, rest) {
            ("SIZE", size) => match self.size(size) {
                Some(rows) => {
                    self.rows = rows;
                    Effect::Nothing
                }
                None => Effect::Garbage,
            },
            ("CLS", "") => {
                self.canvas = Canvas::default();
                Effect::Nothing
            }
            ("PRINT", "1,1") => {
                let rows = self.rows.max(self.canvas.rows.len());
                self.canvas.rows.resize(rows, Vec::new());
                Effect::Sheet(self.canvas.take())
            }
            ("GAP" | "OFFSET", _)
            | ("DIRECTION", "1,0")
            | ("REFERENCE", "0,0")
            | ("SET", "TEAR ON")
            | ("", "") => Effect::Nothing,
            _ => Effect::Garbage,
        }
    }
}

impl Interpreter for Tspl {
    fn step(&mut self, unread: &[u8]) -> Step {
        match unread {
            [0x1B, b'!', b'?', ..] => return Step::Took(3, Effect::Asked(Asked::Status(0))),
            [0x1B, b'!', b'.', ..] => {
                self.canvas = Canvas::default();
                return Step::Took(3, Effect::Cleared);
            }
            [0x1B] | [0x1B, b'!'] => return Step::More,
            [0x1B, ..] => return Step::Took(1, Effect::Garbage),
            _ => {}
        }
        if unread.starts_with(b"BITMAP ") {
            return self.canvas.draw(unread, b"BITMAP ", 5);
        }
        step_of_a_line(unread, |line| self.line(line))
    }

    fn copy(&self) -> Box<dyn Interpreter> {
        Box::new(self.clone())
    }

    fn forget(&mut self) {
        *self = Self::new(self.dpi);
    }
}
