//! EPL2.

use super::{Asked, Canvas, Effect, Interpreter, Step, numbers, step_of_a_line};

/// An Eltron: the image buffer is printed at `P`.
#[derive(Clone, Default)]
pub(super) struct Epl {
    canvas: Canvas,
    rows: usize,
}

impl Epl {
    fn line(&mut self, line: &[u8]) -> Effect {
        match line {
            b"" | b"ZT" | b"R0,0" => Effect::Nothing,
            b"N" => {
                self.canvas = Canvas::default();
                Effect::Nothing
            }
            b"US" => Effect::Asked(Asked::Reports),
            b"UI" => Effect::Asked(Asked::Codepage),
            b"^ee" => Effect::Asked(Asked::Errors),
            b"^@" => {
                self.canvas = Canvas::default();
                Effect::Cleared
            }
            b"P1" => {
                let rows = self.rows.max(self.canvas.rows.len());
                self.canvas.rows.resize(rows, Vec::new());
                Effect::Sheet(self.canvas.take())
            }
            [b'q', width @ ..] if numbers(width).is_some() => Effect::Nothing,
            [b'Q', rows @ ..] => match numbers(rows).as_deref() {
                Some([rows, _gap]) => {
                    self.rows = *rows;
                    Effect::Nothing
                }
                _ => Effect::Garbage,
            },
            _ => Effect::Garbage,
        }
    }
}

impl Interpreter for Epl {
    fn step(&mut self, unread: &[u8]) -> Step {
        if unread.starts_with(b"GW") {
            return self.canvas.draw(unread, b"GW", 4);
        }
        step_of_a_line(unread, |line| self.line(line))
    }

    fn copy(&self) -> Box<dyn Interpreter> {
        Box::new(self.clone())
    }

    fn forget(&mut self) {
        *self = Self::default();
    }
}
