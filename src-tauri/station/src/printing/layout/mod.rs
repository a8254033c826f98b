//! How labels are arranged: one builder per kind of label, on stocks kept as a table.

pub mod indicium;
pub mod reference;
pub mod stock;

use super::fonts::{self, Face};
use super::label::{Align, Bars, Item, Point, Rect, Text};
use super::units::Um;

/// FIM D, the facing identification mark of information-based indicia (DMM 202.8).
pub(crate) const FIM_D: &str = "111010111";

/// From bar to bar of a facing identification mark.
pub(crate) const FIM_PITCH: Um = Um::inches(1, 16);
/// The width of a bar (±0.008 in, which holds at 203 dpi: 6 dots are 0.0295 in).
pub(crate) const FIM_BAR: Um = Um::inches(1, 32);
/// The height of the bars (±1/8 in).
pub(crate) const FIM_HEIGHT: Um = Um::inches(5, 8);
/// From the right edge of the piece to the right edge of the rightmost bar (±1/8 in).
pub(crate) const FIM_FROM_RIGHT: Um = Um::inches(2, 1);
/// From the top edge of the piece to the top of the bars (at most 1/8 in).
pub(crate) const FIM_FROM_TOP: Um = Um::mm(2);

/// FIM D for a piece of this width.
pub(crate) fn fim_d(piece_width: Um) -> Bars {
    let pattern: Vec<bool> = FIM_D.bytes().map(|bit| bit == b'1').collect();
    let x = piece_width - FIM_FROM_RIGHT - FIM_BAR - FIM_PITCH * 8;
    Bars {
        pattern,
        at: Point { x, y: FIM_FROM_TOP },
        pitch: FIM_PITCH,
        bar: FIM_BAR,
        height: FIM_HEIGHT,
    }
}

/// A rectangle on a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// The left edge.
    pub left: Um,
    /// The top edge.
    pub top: Um,
    /// The right edge.
    pub right: Um,
    /// The bottom edge.
    pub bottom: Um,
}

impl Area {
    /// From the left to the right edge.
    #[must_use]
    pub fn width(&self) -> Um {
        self.right - self.left
    }
}

/// The items of a label in the making.
#[derive(Default)]
struct Sheet {
    items: Vec<Item>,
}

/// How a line of text looks.
#[derive(Clone, Copy)]
struct Style {
    face: Face,
    size: Um,
    align: Align,
}

impl Style {
    const fn left(face: Face, tenth_points: u32) -> Self {
        Self {
            face,
            size: Um::tenth_points(tenth_points),
            align: Align::Left,
        }
    }

    const fn right(face: Face, tenth_points: u32) -> Self {
        Self {
            face,
            size: Um::tenth_points(tenth_points),
            align: Align::Right,
        }
    }

    const fn center(face: Face, tenth_points: u32) -> Self {
        Self {
            face,
            size: Um::tenth_points(tenth_points),
            align: Align::Center,
        }
    }
}

impl Sheet {
    /// Sets a line no wider than `most`: first smaller (see [`shrunk`]), then cut.
    fn line(&mut self, style: Style, x: Um, y: Um, text: &str, most: Um) {
        let size = shrunk(style.face, style.size, text, most);
        self.line_cut(Style { size, ..style }, x, y, text, most);
    }

    /// Sets a line at its size, cut with an ellipsis where it is wider than `most`.
    fn line_cut(&mut self, style: Style, x: Um, y: Um, text: &str, most: Um) {
        let text = fonts::fitted(style.face, style.size, text, most);
        if !text.is_empty() {
            self.items.push(Item::Text(Text {
                face: style.face,
                size: style.size,
                at: Point { x, y },
                align: style.align,
                text,
            }));
        }
    }

    fn rule(&mut self, left: Um, top: Um, width: Um, thickness: Um) {
        self.items.push(Item::Rect(Rect {
            at: Point { x: left, y: top },
            width,
            height: thickness,
        }));
    }

    /// An empty rectangle with lines of this thickness inside its edges.
    fn frame(&mut self, area: Area, thickness: Um) {
        let height = area.bottom - area.top;
        self.rule(area.left, area.top, area.width(), thickness);
        self.rule(area.left, area.bottom - thickness, area.width(), thickness);
        for left in [area.left, area.right - thickness] {
            self.items.push(Item::Rect(Rect {
                at: Point {
                    x: left,
                    y: area.top,
                },
                width: thickness,
                height,
            }));
        }
    }
}

/// The size at which a text fits `most`, but not below six tenths of `size`.
fn shrunk(face: Face, size: Um, text: &str, most: Um) -> Um {
    let natural = fonts::width(face, size, text);
    if natural <= most {
        return size;
    }
    let scaled = u64::from(size.0) * u64::from(most.0) / u64::from(natural.0.max(1));
    Um(u32::try_from(scaled).unwrap_or(size.0)).max(Um(size.0 / 10 * 6))
}
