//! Labels that are read from the top to the bottom: slips, receipts, and tickets on a roll.

use super::stock::{Feed, Stock};
use super::text::{self, LayoutRefusal, Passage, Shrinking};
use super::{Area, BANNER, Field, Sheet, Style};
use crate::printing::fonts::Face;
use crate::printing::label::{Align, Item, Label, Matrix, Point};
use crate::printing::symbol::Symbol;
use crate::printing::units::{Dpi, Um};

/// White at the upper and lower end.
pub(super) const END: Um = Um::mm(4);

/// White at the sides.
const SIDE: Um = Um::mm(4);

/// The longest label on a roll.
pub(super) const LONGEST: Um = Um::mm(300);

/// White around a symbol.
const AROUND_SYMBOL: Um = Um::tenths(31);

/// White between what stands left and what stands right in a row.
const BETWEEN: Um = Um::mm(3);

/// The size of small print, in tenths of points.
pub(super) const SMALL: u32 = 75;

/// A label in the making, and how far down it is.
pub(super) struct Flow {
    sheet: Sheet,
    left: Um,
    right: Um,
    down: Um,
    /// What is printed, for the refusal of one that is too long.
    what: Field,
    stock: Stock,
}

impl Flow {
    pub(super) fn new(what: Field, stock: &Stock, dpi: Dpi) -> Self {
        Self {
            sheet: Sheet::new(stock, dpi),
            left: SIDE,
            right: stock.width - SIDE,
            down: END,
            what,
            stock: *stock,
        }
    }

    fn width(&self) -> Um {
        self.right - self.left
    }

    /// White.
    pub(super) fn space(&mut self, height: Um) {
        self.down = self.down + height;
    }

    /// A text in at most so many rows; nothing where it is empty.
    pub(super) fn text(
        &mut self,
        field: Field,
        style: Style,
        text: &str,
        rows: usize,
    ) -> Result<(), LayoutRefusal> {
        let passage = Passage::new(field, style, text, rows);
        if passage.text.is_empty() {
            return Ok(());
        }
        let x = match style.align {
            Align::Left => self.left,
            Align::Center => Um(self.left.0.midpoint(self.right.0)),
            Align::Right => self.right,
        };
        let size = (self.width(), LONGEST);
        let rows = text::block(&[passage], size, Shrinking::Each, self.sheet.paper)?;
        self.down = self.put(rows, style.align, x, self.down);
        Ok(())
    }

    /// Texts of one row each, all as large as the longest allows.
    pub(super) fn alike(
        &mut self,
        field: Field,
        style: Style,
        texts: &[String],
    ) -> Result<(), LayoutRefusal> {
        let passages: Vec<Passage> = texts
            .iter()
            .map(|text| Passage::new(field, style, text, 1))
            .collect();
        let size = (self.width(), LONGEST);
        let rows = text::block(&passages, size, Shrinking::Together, self.sheet.paper)?;
        self.down = self.put(rows, Align::Left, self.left, self.down);
        Ok(())
    }

    /// A name at the left and its value at the right.
    pub(super) fn pair(
        &mut self,
        field: Field,
        face: Face,
        (name, value): (&str, &str),
    ) -> Result<(), LayoutRefusal> {
        let most = (Um(self.width().0 * 7 / 10), LONGEST);
        let values = Passage::new(field, Style::right(face, 85), value, 2);
        let values = text::block(&[values], most, Shrinking::Each, self.sheet.paper)?;
        let widest = values
            .iter()
            .map(|row| crate::printing::fonts::width(row.face, row.size, &row.text));
        let rest = self.width() - widest.max().unwrap_or_default() - BETWEEN;
        let names = Passage::new(field, Style::left(Face::Regular, 85), name, 2);
        let names = text::block(&[names], (rest, LONGEST), Shrinking::Each, self.sheet.paper)?;
        let top = self.down;
        let below = self.put(names, Align::Left, self.left, top);
        self.down = below.max(self.put(values, Align::Right, self.right, top));
        Ok(())
    }

    /// Puts rows under each other and answers where the next would begin.
    fn put(&mut self, rows: Vec<text::Row>, align: Align, x: Um, top: Um) -> Um {
        let mut top = top;
        for row in rows {
            let (size, step) = (row.size, row.leading());
            let at = Point { x, y: top + size };
            self.sheet.row(row, align, at);
            top = top + step;
        }
        top
    }

    /// A line across.
    pub(super) fn rule(&mut self) {
        self.down = self.down + Um::tenths(12);
        self.sheet
            .rule(self.left, self.down, self.width(), Um::tenths(2));
        self.down = self.down + Um::tenths(8);
    }

    /// Room for a signature, over a line with a word under it.
    pub(super) fn signature(&mut self, word: &str) -> Result<(), LayoutRefusal> {
        self.space(Um::mm(11));
        self.sheet
            .rule(self.left, self.down, self.width(), Um::tenths(2));
        let field = Field::of("the word under a signature");
        self.text(field, Style::left(Face::Regular, SMALL), word, 1)
    }

    /// A framed line.
    pub(super) fn banner(&mut self, field: Field, text: &str) -> Result<(), LayoutRefusal> {
        let area = Area {
            left: self.left,
            top: self.down,
            right: self.right,
            bottom: self.down + BANNER,
        };
        self.down = area.bottom + Um::mm(1);
        self.sheet.banner(field, area, text)
    }

    /// A symbol in the middle.
    pub(super) fn symbol(&mut self, symbol: &Symbol, module: Um) {
        let side = module * u32::try_from(symbol.side()).unwrap_or(u32::MAX);
        let at = Point {
            x: Um(self.left.0.midpoint(self.right.0)) - Um(side.0 / 2),
            y: self.down + AROUND_SYMBOL,
        };
        self.sheet.items.push(Item::Matrix(Matrix {
            symbol: symbol.clone(),
            at,
            module,
        }));
        self.down = at.y + side + AROUND_SYMBOL;
    }

    /// Small texts over large ones, side by side: section, row, seat.
    pub(super) fn columns(&mut self, columns: &[(String, String)]) -> Result<(), LayoutRefusal> {
        let area = Area {
            left: self.left,
            top: self.down,
            right: self.right,
            bottom: self.down + COLUMNS,
        };
        self.down = area.bottom;
        columns_in(&mut self.sheet, columns, area)
    }

    /// The label: as long as it is on a roll, as long as the stock otherwise.
    ///
    /// # Errors
    /// [`LayoutRefusal::TooLong`] when it is longer than that.
    pub(super) fn label(self) -> Result<Label, LayoutRefusal> {
        let wanted = self.down + END;
        let (height, most) = match self.stock.feed {
            Feed::Roll => (wanted, LONGEST),
            Feed::Cut | Feed::Sideways => (self.stock.height, self.stock.height),
        };
        if wanted > most {
            return Err(LayoutRefusal::TooLong {
                field: self.what,
                stock: self.stock.title,
            });
        }
        self.sheet.label(self.what, self.stock.width, height)
    }
}

/// The height of [`columns_in`].
pub(super) const COLUMNS: Um = Um::tenths(95);

/// Small texts over large ones, side by side in equal shares of an area, all the large ones in one
/// size and so the small ones.
///
/// # Errors
/// [`LayoutRefusal`] with the small text's field.
pub(super) fn columns_in(
    sheet: &mut Sheet,
    columns: &[(String, String)],
    area: Area,
) -> Result<(), LayoutRefusal> {
    let field = Field::of("the place");
    let count = u32::try_from(columns.len()).unwrap_or(1).max(1);
    let share = Um(area.width().0 / count);
    let most = (share - Um::mm(1), area.height());
    let names = columns.iter().map(|(name, _)| name);
    let values = columns.iter().map(|(_, value)| value);
    for (style, base, texts) in [
        (
            Style::left(Face::Regular, 60),
            Um::tenths(22),
            names.collect::<Vec<_>>(),
        ),
        (
            Style::left(Face::ExtraBold, 170),
            Um::tenths(82),
            values.collect(),
        ),
    ] {
        // Each stands alone in its share: the height is that of one.
        let passages = texts
            .into_iter()
            .map(|text| Passage::new(field, style, text, 1));
        let passages: Vec<Passage> = passages.collect();
        let rows = text::alike(&passages, most, sheet.paper)?;
        for (row, at) in rows.into_iter().zip(0..count) {
            let at = Point {
                x: area.left + share * at,
                y: area.top + base,
            };
            sheet.row(row, Align::Left, at);
        }
    }
    Ok(())
}
