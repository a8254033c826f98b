//! How labels are arranged: one pure builder per kind of label, on stocks kept as a table.
//!
//! A builder gets what the label says, the stock and the resolution, and gives a display list or a
//! [`LayoutRefusal`]: text shrinks by one rule and is never cut ([`text`]).

pub mod address;
mod art;
pub mod clear;
mod flow;
pub mod indicium;
pub mod lottery;
pub mod reference;
pub mod slip;
pub mod stock;
mod text;
pub mod ticket;
pub mod trial_page;

use super::fonts::Face;
use super::label::{Align, Bars, Grid, Item, Label, Point, Rect, Text};
use super::units::{Dpi, Um};
pub use art::check_art;
use stock::Stock;
pub use text::{Field, LayoutRefusal, least_size};
use text::{Paper, Passage, Row, Shrinking, block};

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
        grid: Grid::Nearest,
    }
}

/// The height of a framed line.
const BANNER: Um = Um::tenths(57);

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

    /// From the top to the bottom edge.
    #[must_use]
    pub fn height(&self) -> Um {
        self.bottom - self.top
    }

    /// Whether the inner parts of two areas have something in common.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    /// Halfway from the left to the right edge.
    fn middle(&self) -> Um {
        Um(self.left.0.midpoint(self.right.0))
    }
}

/// The items of a label in the making.
struct Sheet {
    items: Vec<Item>,
    paper: Paper,
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

impl Passage {
    /// A text in a style, which may be broken into `rows`.
    fn new(field: Field, style: Style, text: &str, rows: usize) -> Self {
        Self {
            field,
            face: style.face,
            size: style.size,
            text: text.trim().to_owned(),
            rows,
        }
    }
}

impl Sheet {
    fn new(stock: &Stock, dpi: Dpi) -> Self {
        Self {
            items: Vec::new(),
            paper: Paper {
                stock: stock.title,
                least: least_size(dpi),
            },
        }
    }

    /// The finished label of these sides.
    ///
    /// # Errors
    /// [`LayoutRefusal::TooLong`] with the whole label when its sides or items are beyond the bounds
    /// of labels.
    fn label(self, whole: Field, width: Um, height: Um) -> Result<Label, LayoutRefusal> {
        let stock = self.paper.stock;
        let too_long = LayoutRefusal::TooLong {
            field: whole,
            stock,
        };
        let mut label = Label::new(width, height).map_err(|_| too_long)?;
        label.add(self.items).map_err(|_| too_long)?;
        Ok(label)
    }

    /// Sets one line no wider than `most` on a base line; nothing where the text is empty.
    ///
    /// # Errors
    /// [`LayoutRefusal`] with the field.
    fn line(
        &mut self,
        field: Field,
        style: Style,
        at: Point,
        text: &str,
        most: Um,
    ) -> Result<(), LayoutRefusal> {
        let passage = Passage::new(field, style, text, 1);
        let area = (most, Um(u32::MAX));
        for row in block(&[passage], area, Shrinking::Each, self.paper)? {
            self.row(row, style.align, at);
        }
        Ok(())
    }

    /// Sets passages from the top of an area downwards; answers where the next row would begin.
    ///
    /// # Errors
    /// [`LayoutRefusal`] with the field.
    fn column(
        &mut self,
        passages: &[Passage],
        area: Area,
        shrinking: Shrinking,
    ) -> Result<Um, LayoutRefusal> {
        let rows = block(
            passages,
            (area.width(), area.height()),
            shrinking,
            self.paper,
        )?;
        Ok(self.rows(rows, area.left, area.top))
    }

    /// Puts rows under each other, the first with its top at `top`; answers where the next begins.
    fn rows(&mut self, rows: Vec<Row>, left: Um, top: Um) -> Um {
        let mut top = top;
        for row in rows {
            let (size, step) = (row.size, row.leading());
            let at = Point {
                x: left,
                y: top + size,
            };
            self.row(row, Align::Left, at);
            top = top + step;
        }
        top
    }

    fn row(&mut self, row: Row, align: Align, at: Point) {
        if !row.text.is_empty() {
            self.items.push(Item::Text(Text {
                face: row.face,
                size: row.size,
                at,
                align,
                text: row.text,
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
        self.rule(area.left, area.top, area.width(), thickness);
        self.rule(area.left, area.bottom - thickness, area.width(), thickness);
        for left in [area.left, area.right - thickness] {
            self.items.push(Item::Rect(Rect {
                at: Point {
                    x: left,
                    y: area.top,
                },
                width: thickness,
                height: area.height(),
            }));
        }
    }

    /// A framed line over the whole width of an area.
    ///
    /// # Errors
    /// [`LayoutRefusal`] with the field.
    fn banner(&mut self, field: Field, area: Area, text: &str) -> Result<(), LayoutRefusal> {
        self.frame(area, Um::tenths(4));
        let at = Point {
            x: area.middle(),
            y: area.top + Um::tenths(39),
        };
        let style = Style::center(Face::SemiBold, 80);
        self.line(field, style, at, text, area.width() - Um::mm(3))
    }
}

#[cfg(test)]
mod judges;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
