//! How text is fitted to paper: it is broken where its place has rows for it, shrinks by one rule,
//! and is refused by the name of its field when the smallest size that a head prints legibly is
//! still too large. Nothing is cut off, and no character is replaced.

use std::fmt;

use crate::printing::fonts::{self, Face};
use crate::printing::units::{Dpi, Um};

/// From base line to base line, in hundredths of the size.
const LEADING: u32 = 125;

/// Sizes are tried in steps of so many hundredths of the one that is wanted.
const STEP: u32 = 2;

/// What a text is, as a person calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    what: &'static str,
    line: Option<usize>,
}

impl Field {
    /// A field with a name of its own, for example `the class marking`.
    #[must_use]
    pub const fn of(what: &'static str) -> Self {
        Self { what, line: None }
    }

    /// A line of a field, counted from 1.
    #[must_use]
    pub const fn line(what: &'static str, line: usize) -> Self {
        Self {
            what,
            line: Some(line),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            None => f.write_str(self.what),
            Some(line) => write!(f, "line {line} of {}", self.what),
        }
    }
}

/// Why a label cannot be arranged. Nothing was paid for it yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutRefusal {
    /// A text is too long even at the smallest size.
    #[error("{field} does not fit on the {stock}")]
    TooLong {
        /// The field.
        field: Field,
        /// The stock's title.
        stock: &'static str,
    },
    /// A character that the fonts of labels do not have.
    #[error(
        "{field} has the character {} (U+{:04X}), which is in no font of labels",
        shown(*letter),
        u32::from(*letter)
    )]
    NotInFont {
        /// The field.
        field: Field,
        /// The character.
        letter: char,
    },
    /// The stock has no room for this kind of label.
    #[error("{what} is not printed on the {stock}")]
    NotForStock {
        /// What was to be printed.
        what: &'static str,
        /// The stock's title.
        stock: &'static str,
    },
}

/// A character for a message; one that shows nothing, or does something, by its escape.
fn shown(letter: char) -> String {
    if letter.is_control() || letter.is_whitespace() {
        letter.escape_default().to_string()
    } else {
        letter.to_string()
    }
}

/// The smallest size of letters that a head of this resolution prints legibly: the strokes of a
/// smaller one are less than one dot at 203 dpi, and below five and four points nobody reads them
/// without a glass.
#[must_use]
pub const fn least_size(dpi: Dpi) -> Um {
    match dpi {
        Dpi::D203 => Um::tenth_points(60),
        Dpi::D300 => Um::tenth_points(50),
        Dpi::D600 => Um::tenth_points(40),
    }
}

/// What text is fitted to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paper {
    /// The stock's title.
    pub(super) stock: &'static str,
    /// The smallest size.
    pub(super) least: Um,
}

/// A text that is to be set.
#[derive(Clone, Debug)]
pub(super) struct Passage {
    pub(super) field: Field,
    pub(super) face: Face,
    /// The size that is wanted.
    pub(super) size: Um,
    pub(super) text: String,
    /// The most rows it may be broken into.
    pub(super) rows: usize,
}

/// A row of text with its size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) face: Face,
    pub(super) size: Um,
    pub(super) text: String,
    /// The passage it belongs to.
    pub(super) passage: usize,
}

impl Row {
    /// What the row takes of the height.
    pub(super) const fn leading(&self) -> Um {
        leading(self.size)
    }
}

/// From base line to base line.
pub(super) const fn leading(size: Um) -> Um {
    Um(size.0 * LEADING / 100)
}

/// The height of rows.
pub(super) fn height(rows: &[Row]) -> Um {
    rows.iter()
        .fold(Um::ZERO, |height, row| height + row.leading())
}

/// How passages of one block shrink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shrinking {
    /// A passage that is too wide shrinks alone, and all together when they are too high.
    Each,
    /// All together: the lines of an address.
    Together,
}

/// The rows of a block, which is nowhere wider than `width` and no higher than `height`.
///
/// # Errors
/// [`LayoutRefusal::NotInFont`], and [`LayoutRefusal::TooLong`] with the field that is too wide, or
/// the first that has no more height.
pub(super) fn block(
    passages: &[Passage],
    (width, height): (Um, Um),
    shrinking: Shrinking,
    paper: Paper,
) -> Result<Vec<Row>, LayoutRefusal> {
    for passage in passages {
        if let Some(letter) = fonts::missing(passage.face, &passage.text) {
            let field = passage.field;
            return Err(LayoutRefusal::NotInFont { field, letter });
        }
    }
    let mut hundredths = 100;
    loop {
        let attempt = rows_at(passages, width, shrinking, hundredths, paper.least);
        let field = match attempt.and_then(|rows| within(rows, passages, height)) {
            Ok(rows) => return Ok(rows),
            Err(field) => field,
        };
        let is_least =
            |passage: &Passage| scaled(passage.size, hundredths, paper.least) == paper.least;
        if passages.iter().all(is_least) {
            let stock = paper.stock;
            return Err(LayoutRefusal::TooLong { field, stock });
        }
        hundredths = hundredths.saturating_sub(STEP);
    }
}

/// Rows that stand beside each other, each as wide as `width` at most, all shrunk together.
///
/// # Errors
/// As [`block`].
pub(super) fn alike(
    passages: &[Passage],
    (width, height): (Um, Um),
    paper: Paper,
) -> Result<Vec<Row>, LayoutRefusal> {
    let rows = u32::try_from(passages.len()).unwrap_or(u32::MAX);
    block(passages, (width, height * rows), Shrinking::Together, paper)
}

/// The rows at a share of the wanted sizes, or the field that is too wide.
fn rows_at(
    passages: &[Passage],
    width: Um,
    shrinking: Shrinking,
    hundredths: u32,
    least: Um,
) -> Result<Vec<Row>, Field> {
    let mut rows = Vec::new();
    for (index, passage) in passages.iter().enumerate() {
        let mut size = scaled(passage.size, hundredths, least);
        let mut share = hundredths;
        let broken = loop {
            if let Some(broken) = broken(passage, size, width) {
                break broken;
            }
            if shrinking == Shrinking::Together || size == least {
                return Err(passage.field);
            }
            share = share.saturating_sub(STEP);
            size = scaled(passage.size, share, least);
        };
        rows.extend(broken.into_iter().map(|text| Row {
            face: passage.face,
            size,
            text,
            passage: index,
        }));
    }
    Ok(rows)
}

/// The rows, unless they are higher than `height`; then the field at which they are.
fn within(rows: Vec<Row>, passages: &[Passage], height: Um) -> Result<Vec<Row>, Field> {
    let mut used = Um::ZERO;
    for row in &rows {
        used = used + row.leading();
        if used > height
            && let Some(passage) = passages.get(row.passage)
        {
            return Err(passage.field);
        }
    }
    Ok(rows)
}

fn scaled(size: Um, hundredths: u32, least: Um) -> Um {
    Um(size.0 * hundredths / 100).max(least)
}

/// A text broken into rows no wider than `width`, at spaces and behind hyphens; `None` when it
/// takes more rows than it may.
fn broken(passage: &Passage, size: Um, width: Um) -> Option<Vec<String>> {
    let fits = |text: &str| fonts::width(passage.face, size, text) <= width;
    let text = passage.text.trim();
    if fits(text) {
        return Some(vec![text.to_owned()]);
    }
    let mut rows = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if rows.len() == passage.rows {
            return None;
        }
        let end = if fits(rest) {
            rest.len()
        } else {
            breaks(rest)
                .take_while(|&end| fits(rest[..end].trim_end()))
                .last()?
        };
        rows.push(rest[..end].trim_end().to_owned());
        rest = rest[end..].trim_start();
    }
    Some(rows)
}

/// Where a row may end.
fn breaks(text: &str) -> impl Iterator<Item = usize> {
    text.char_indices()
        .filter(|&(at, letter)| at > 0 && (letter == ' ' || letter == '-'))
        .map(|(at, letter)| at + letter.len_utf8())
}

#[cfg(test)]
mod tests;
