//! The self-read: before value is committed, the symbol is found in the finished raster the way a
//! stranger's reader finds it, decoded, and compared with the bytes that were meant.
//!
//! The rule is stricter than a reader's: the raster is our own and has met no paper, so every
//! module must be whole. A single wrong dot in the symbol or its quiet zone is an overprint or a
//! defect of drawing, and is refused even where error correction would save the bytes: that
//! reserve belongs to the paper.

use datamatrix::DataMatrix;

use super::bits::{BitImage, DotRect};
use super::raster::least_module_dots;
use super::symbol;
use super::units::Dpi;

/// Modules that must be white on every side (the standard asks for one).
pub const QUIET_MODULES: usize = 2;

/// The fewest dots a solid border can have: 10 modules of 2 dots.
const MIN_BORDER_DOTS: usize = 20;

/// Sides of square symbols.
const SIDES: [usize; 24] = [
    10, 12, 14, 16, 18, 20, 22, 24, 26, 32, 36, 40, 44, 48, 52, 64, 72, 80, 88, 96, 104, 120, 132,
    144,
];

/// Why a raster must not be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelfReadFault {
    /// No finder pattern: an L of two solid borders with two dotted ones.
    #[error("no symbol is found in the picture of the label")]
    NoSymbol,
    /// More than one finder pattern.
    #[error("{0} symbols are found in the picture of the label")]
    SeveralSymbols(usize),
    /// The modules do not decode, not even with error correction.
    #[error("the symbol in the picture of the label cannot be decoded")]
    Unreadable,
    /// It decodes to other bytes.
    #[error("the symbol in the picture of the label says something else")]
    OtherContent,
    /// It decodes to the right bytes, but its modules are too small for the head that prints it.
    #[error(
        "the modules of the symbol have {dots} dots, and are not read on paper with fewer than {least}"
    )]
    Module {
        /// Dots of a module.
        dots: usize,
        /// The fewest that are read.
        least: usize,
    },
    /// It decodes to the right bytes, but has another size than the symbol of these bytes.
    #[error(
        "the symbol in the picture of the label has {found} modules a side instead of {wanted}"
    )]
    Size {
        /// Modules per side.
        found: usize,
        /// Those that the bytes need.
        wanted: usize,
    },
    /// It decodes to the right bytes, but the label ends too near to it.
    #[error("the label ends nearer to the symbol than {QUIET_MODULES} of its modules")]
    QuietZone,
    /// It decodes to the right bytes, but so many dots of it or of its quiet zone are wrong.
    #[error("{0} dots of the symbol in the picture of the label are wrong")]
    Damaged(usize),
}

/// Finds and reads the one symbol of a raster and holds it against `expected`.
///
/// # Errors
/// [`SelfReadFault`]; the piece must then be burned, not printed.
pub fn self_read(image: &BitImage, expected: &[u8]) -> Result<(), SelfReadFault> {
    read(image, expected).map(drop)
}

/// As [`self_read`], for a label that is printed at a resolution: its modules must also be large
/// enough for that.
///
/// # Errors
/// [`SelfReadFault`]; the piece must then be burned, not printed.
pub fn self_read_at(image: &BitImage, dpi: Dpi, expected: &[u8]) -> Result<(), SelfReadFault> {
    let found = read(image, expected)?;
    let least = least_module_dots(dpi);
    if found.module < least {
        let dots = found.module;
        return Err(SelfReadFault::Module { dots, least });
    }
    Ok(())
}

fn read(image: &BitImage, expected: &[u8]) -> Result<Found, SelfReadFault> {
    let found = match outermost(find(image)).as_slice() {
        [] => return Err(SelfReadFault::NoSymbol),
        [found] => *found,
        several => return Err(SelfReadFault::SeveralSymbols(several.len())),
    };
    let modules = found.sample(image);
    let content =
        DataMatrix::decode(&modules, found.side).map_err(|_| SelfReadFault::Unreadable)?;
    if content != expected {
        return Err(SelfReadFault::OtherContent);
    }
    match wrong_dots(image, found, expected)? {
        0 => Ok(found),
        dots => Err(SelfReadFault::Damaged(dots)),
    }
}

/// A symbol found in a raster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    /// The leftmost column.
    x: usize,
    /// The topmost row.
    y: usize,
    /// Dots per module.
    module: usize,
    /// Modules per side.
    side: usize,
}

impl Found {
    /// The colour at the middle of a module, `true` = dark.
    fn dark(&self, image: &BitImage, column: usize, row: usize) -> bool {
        image.black(
            self.x + column * self.module + self.module / 2,
            self.y + row * self.module + self.module / 2,
        )
    }

    fn sample(&self, image: &BitImage) -> Vec<bool> {
        (0..self.side * self.side)
            .map(|index| self.dark(image, index % self.side, index / self.side))
            .collect()
    }

    /// Dots per side.
    const fn length(&self) -> usize {
        self.side * self.module
    }

    /// Whether another, smaller one lies wholly inside.
    const fn holds(&self, other: &Self) -> bool {
        self.length() > other.length()
            && self.x <= other.x
            && self.y <= other.y
            && other.x + other.length() <= self.x + self.length()
            && other.y + other.length() <= self.y + self.length()
    }

    /// Modules of the two dotted borders that have the right colour.
    fn dotted_right(&self, image: &BitImage) -> usize {
        let top = (0..self.side).filter(|&column| self.dark(image, column, 0) == (column % 2 == 0));
        let right =
            (0..self.side).filter(|&row| self.dark(image, self.side - 1, row) == (row % 2 == 1));
        top.count() + right.count()
    }
}

/// The symbols that lie in no larger one. Of a thousand symbols about one has ten modules in its
/// corner that look like a small symbol; they are its own data, and each dot of them is held
/// against what it must be when the whole is.
fn outermost(found: Vec<Found>) -> Vec<Found> {
    let lies_in_another = |one: &Found| found.iter().any(|other| other.holds(one));
    found
        .iter()
        .filter(|one| !lies_in_another(one))
        .copied()
        .collect()
}

/// All finder patterns: wherever a row ends a long black run with white below it, there may be the
/// lower solid border of a symbol.
fn find(image: &BitImage) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let white = vec![0; image.stride()];
    for y in 0..image.height() {
        let row = image.row(y);
        let below = if y + 1 < image.height() {
            image.row(y + 1)
        } else {
            &white
        };
        let mut next = 0;
        for start in (0..row.len()).step_by(8) {
            let end = (start + 8).min(row.len());
            if ends_nowhere(&row[start..end], &below[start..end]) {
                continue;
            }
            for byte in start..end {
                if row[byte] & !below[byte] == 0xFF && byte * 8 >= next {
                    let (left, right) = run_around(image, byte * 8, y);
                    next = right;
                    if right - left >= MIN_BORDER_DOTS {
                        found.extend(symbol_over(image, left, right, y));
                    }
                }
            }
        }
    }
    found
}

/// Whether no dot of these bytes is black with white below: true for nearly all of a label.
fn ends_nowhere(row: &[u8], below: &[u8]) -> bool {
    match (<[u8; 8]>::try_from(row), <[u8; 8]>::try_from(below)) {
        (Ok(row), Ok(below)) => u64::from_ne_bytes(row) & !u64::from_ne_bytes(below) == 0,
        _ => row.iter().zip(below).all(|(row, below)| row & !below == 0),
    }
}

/// The black run of row `y` around column `x`: first column and the one after the last.
fn run_around(image: &BitImage, x: usize, y: usize) -> (usize, usize) {
    let mut left = x;
    while left > 0 && image.black(left - 1, y) {
        left -= 1;
    }
    let mut right = x;
    while image.black(right, y) {
        right += 1;
    }
    (left, right)
}

/// The symbol whose lower solid border ends in row `bottom`, if the left border is as long and the
/// other two are dotted; a quarter of the dots may be wrong here, so that damage is reported as
/// such.
fn symbol_over(image: &BitImage, left: usize, right: usize, bottom: usize) -> Option<Found> {
    let length = right - left;
    if bottom + 1 < length {
        return None;
    }
    let top = bottom + 1 - length;
    let solid = (top..=bottom).rev().all(|y| image.black(left, y));
    let longer = top > 0 && image.black(left, top - 1);
    if !solid || longer {
        return None;
    }
    SIDES
        .iter()
        .filter(|&side| length.is_multiple_of(*side))
        .map(|&side| Found {
            x: left,
            y: top,
            module: length / side,
            side,
        })
        .filter(|found| found.dotted_right(image) * 4 >= found.side * 2 * 3)
        .max_by_key(|found| found.dotted_right(image) * 1_000 / found.side)
}

/// Dots of the symbol and its quiet zone that differ from what `expected` must look like.
fn wrong_dots(image: &BitImage, found: Found, expected: &[u8]) -> Result<usize, SelfReadFault> {
    // What cannot be encoded cannot have been decoded either.
    let symbol = symbol::encode(expected).map_err(|_| SelfReadFault::OtherContent)?;
    if symbol.side() != found.side {
        return Err(SelfReadFault::Size {
            found: found.side,
            wanted: symbol.side(),
        });
    }
    let quiet = QUIET_MODULES * found.module;
    let dots = symbol.side() * found.module;
    let inside = found.x >= quiet
        && found.y >= quiet
        && found.x + dots + quiet <= image.width()
        && found.y + dots + quiet <= image.height();
    if !inside {
        return Err(SelfReadFault::QuietZone);
    }
    let mut meant = BitImage::white(dots + 2 * quiet, dots + 2 * quiet);
    for (index, _) in symbol
        .modules()
        .iter()
        .enumerate()
        .filter(|(_, dark)| **dark)
    {
        meant.fill(DotRect {
            x: quiet + index % found.side * found.module,
            y: quiet + index / found.side * found.module,
            width: found.module,
            height: found.module,
        });
    }
    let there = image.crop(DotRect {
        x: found.x - quiet,
        y: found.y - quiet,
        width: meant.width(),
        height: meant.height(),
    });
    Ok(there.different_dots(&meant))
}

#[cfg(test)]
mod tests;
