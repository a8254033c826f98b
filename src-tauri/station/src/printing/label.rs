//! A label as a display list in micrometres, with no device notions.
//!
//! One label becomes dots ([`super::raster`]), a PDF ([`super::pdf`]) and a preview; all of them
//! draw the same items, so none of them can show what another does not.

use super::bits::BitImage;
use super::fonts::Face;
use super::symbol::Symbol;
use super::units::Um;

/// The longest side of a label: 13 inches, as far as 600 dpi fits a raster.
pub const MAX_SIDE: Um = Um::inches(13, 1);

/// The most items on a label; a real one has a few dozen.
pub const MAX_ITEMS: usize = 512;

/// Why a label cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelRefusal {
    /// A side is nothing or longer than [`MAX_SIDE`].
    #[error("a label of {width} by {height} micrometres is outside 1 to 330200")]
    Size {
        /// The width in micrometres.
        width: u32,
        /// The height in micrometres.
        height: u32,
    },
    /// More items than [`MAX_ITEMS`].
    #[error("a label of {0} items is more than {MAX_ITEMS}")]
    TooManyItems(usize),
}

/// A page to be printed.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    width: Um,
    height: Um,
    items: Vec<Item>,
}

/// A point; y grows downwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// From the left edge.
    pub x: Um,
    /// From the top edge.
    pub y: Um,
}

/// Where a text lies relative to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// The point is the left end of the base line.
    Left,
    /// The point is the middle of the base line.
    Center,
    /// The point is the right end of the base line.
    Right,
}

/// Something black on a label.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// One line of text.
    Text(Text),
    /// A Data Matrix symbol.
    Matrix(Matrix),
    /// Vertical bars on a fixed pitch, such as a facing identification mark.
    Bars(Bars),
    /// A filled rectangle; a rule is a thin one.
    Rect(Rect),
    /// A picture of one bit per dot.
    Image(Image),
}

/// One line of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The typeface.
    pub face: Face,
    /// The em size.
    pub size: Um,
    /// On the base line.
    pub at: Point,
    /// Which end of the line `at` is.
    pub align: Align,
    /// What it says.
    pub text: String,
}

/// A Data Matrix symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// The modules.
    pub symbol: Symbol,
    /// The top left corner of the finder pattern.
    pub at: Point,
    /// The target size of one module; a raster takes the nearest whole number of dots.
    pub module: Um,
}

/// Vertical bars on a fixed pitch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bars {
    /// For each position from the left, whether it carries a bar.
    pub pattern: Vec<bool>,
    /// The top left corner of the first position.
    pub at: Point,
    /// From the left edge of one position to that of the next.
    pub pitch: Um,
    /// The width of one bar.
    pub bar: Um,
    /// The height of all bars.
    pub height: Um,
    /// How they fall on dots.
    pub grid: Grid,
}

/// How bars fall on the dots of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid {
    /// Each on the nearest dot: together they are as long as they should be.
    Nearest,
    /// The pitch is a whole number of dots: all are alike.
    Even,
}

/// A filled rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// The top left corner.
    pub at: Point,
    /// The width.
    pub width: Um,
    /// The height.
    pub height: Um,
}

/// A picture of one bit per dot, drawn at a size of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The dots.
    pub bits: BitImage,
    /// The top left corner.
    pub at: Point,
    /// The size of one of its dots.
    pub dot: Um,
}

impl Label {
    /// An empty label.
    ///
    /// # Errors
    /// [`LabelRefusal::Size`] when a side is nothing or longer than [`MAX_SIDE`].
    pub const fn new(width: Um, height: Um) -> Result<Self, LabelRefusal> {
        if width.0 == 0 || height.0 == 0 || width.0 > MAX_SIDE.0 || height.0 > MAX_SIDE.0 {
            return Err(LabelRefusal::Size {
                width: width.0,
                height: height.0,
            });
        }
        Ok(Self {
            width,
            height,
            items: Vec::new(),
        })
    }

    /// Adds items, which are drawn in this order.
    ///
    /// # Errors
    /// [`LabelRefusal::TooManyItems`] past [`MAX_ITEMS`]; the label stays as it was.
    pub fn add(&mut self, items: impl IntoIterator<Item = Item>) -> Result<(), LabelRefusal> {
        let mut items: Vec<Item> = items.into_iter().take(MAX_ITEMS + 1).collect();
        let count = self.items.len() + items.len();
        if count > MAX_ITEMS {
            return Err(LabelRefusal::TooManyItems(count));
        }
        self.items.append(&mut items);
        Ok(())
    }

    /// The width.
    #[must_use]
    pub const fn width(&self) -> Um {
        self.width
    }

    /// The height.
    #[must_use]
    pub const fn height(&self) -> Um {
        self.height
    }

    /// What is on it, in the order it is drawn.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Every line of text in the order it is drawn.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.items.iter().filter_map(|item| match item {
            Item::Text(text) => Some(text.text.as_str()),
            Item::Matrix(_) | Item::Bars(_) | Item::Rect(_) | Item::Image(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_without_extent_or_with_too_much_is_refused() {
        for (width, height) in [(Um(0), Um(1)), (Um(1), Um(0)), (MAX_SIDE + Um(1), Um(1))] {
            assert_eq!(
                Label::new(width, height),
                Err(LabelRefusal::Size {
                    width: width.0,
                    height: height.0
                })
            );
        }
    }

    #[test]
    fn a_label_holds_a_bounded_number_of_items() {
        let mut label = Label::new(Um::mm(10), Um::mm(10)).unwrap();
        let rule = Item::Rect(Rect {
            at: Point::default(),
            width: Um::mm(1),
            height: Um::mm(1),
        });
        label.add([rule.clone()]).unwrap();
        assert_eq!(
            label.add(vec![rule; MAX_ITEMS]),
            Err(LabelRefusal::TooManyItems(MAX_ITEMS + 1))
        );
        assert_eq!(label.items().len(), 1);
    }
}
