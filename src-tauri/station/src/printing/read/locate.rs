//! Finds symbols in a picture of black and white: the lower solid border as an edge of ink over
//! paper, the left one standing on its end, the dotted ones by their alternation; then the frame
//! is moved until its fixed modules fit best, which takes up small skew and uneven scale.

use std::ops::Range;

use datamatrix::DataMatrix;

use crate::printing::bits::BitImage;

/// White dots that may interrupt a solid border: specks.
const GAP: usize = 2;

/// Rows below an edge of ink that must be white: a straight edge needs few, and a skew one needs
/// as many as it falls over its length.
const WHITE_BELOW: [usize; 2] = [2, 6];

/// The shortest solid border: 10 modules of 2 dots.
const MIN_BORDER: usize = 20;

/// The most lower borders that are followed up in one picture.
const MAX_CANDIDATES: usize = 20_000;

/// The most symbols read from one picture.
const MAX_SYMBOLS: usize = 64;

/// The share of fixed modules that must fit before a frame is worth moving: three quarters.
const WORTH_FITTING: (usize, usize) = (3, 4);

/// Sides of square symbols.
const SIDES: [u16; 24] = [
    10, 12, 14, 16, 18, 20, 22, 24, 26, 32, 36, 40, 44, 48, 52, 64, 72, 80, 88, 96, 104, 120, 132,
    144,
];

/// What the upright symbols of a picture say.
pub(super) fn symbols(image: &BitImage) -> Vec<Vec<u8>> {
    let mut read: Vec<(Frame, Vec<u8>)> = Vec::new();
    let mut candidates = 0;
    for y in 0..image.height() {
        for border in WHITE_BELOW.map(|rows| lower_edges(image, y, rows)).concat() {
            if candidates >= MAX_CANDIDATES || read.len() >= MAX_SYMBOLS {
                break;
            }
            candidates += 1;
            let known = read.iter().any(|(frame, _)| frame.covers(border.start, y));
            if !known && let Some(found) = symbol_on(image, &border, y) {
                read.push(found);
            }
        }
    }
    read.into_iter().map(|(_, content)| content).collect()
}

/// Runs of row `y` that are black with white so many rows below, specks forgiven.
fn lower_edges(image: &BitImage, y: usize, white_below: usize) -> Vec<Range<usize>> {
    let below = image.row(y + white_below);
    let mut edges: Vec<Range<usize>> = Vec::new();
    let mut open: Option<Range<usize>> = None;
    for (index, &byte) in image.row(y).iter().enumerate() {
        let mut rest = byte & !below.get(index).copied().unwrap_or_default();
        while rest != 0 {
            let bit = usize::try_from(rest.leading_zeros()).unwrap_or(0);
            rest &= !(0x80 >> bit);
            let x = index * 8 + bit;
            open = Some(match open.take() {
                Some(run) if x - run.end <= GAP => run.start..x + 1,
                Some(run) => {
                    edges.push(run);
                    x..x + 1
                }
                None => x..x + 1,
            });
        }
    }
    edges.extend(open);
    edges.retain(|run| run.len() >= MIN_BORDER);
    edges
}

/// The symbol that stands on this lower border, if there is one.
fn symbol_on(image: &BitImage, border: &Range<usize>, y: usize) -> Option<(Frame, Vec<u8>)> {
    let (top_x, top_y) = left_border(image, border.start, y);
    let height = y + 1 - top_y;
    if height.abs_diff(border.len()) > (border.len() / 20).max(4) {
        return None;
    }
    let corner = |x: usize, y: usize| Some([coordinate(x)?, coordinate(y)?]);
    let top = corner(top_x, top_y)?;
    let lower_left = corner(border.start, end_of_ink(image, border.start + GAP, y))?;
    let right = corner(border.end, end_of_ink(image, border.end - 1 - GAP, y))?;
    let frame = SIDES
        .iter()
        .filter(|&&side| border.len() >= usize::from(side) * 2)
        .map(|&side| Frame {
            top,
            corner: lower_left,
            right,
            side,
        })
        .max_by_key(|frame| frame.fit(image) * 1_000 / frame.points())?;
    if frame.fit(image) * WORTH_FITTING.1 < frame.points() * WORTH_FITTING.0 {
        return None;
    }
    let frame = frame.fitted(image);
    let content = frame.read(image)?;
    Some((frame, content))
}

/// The upper end of the border that goes up from (x, y): followed row by row, because it may lean,
/// specks forgiven.
fn left_border(image: &BitImage, x: usize, y: usize) -> (usize, usize) {
    let mut top = (x, y);
    let mut row = y;
    while row > 0 && top.1 - row <= GAP {
        row -= 1;
        let near = top.0.saturating_sub(1)..top.0 + 1 + GAP;
        if let Some(column) = near.into_iter().find(|&column| image.black(column, row)) {
            top = (column, row);
        }
    }
    top
}

/// The first white row below (x, y), looked for no further than a skew border falls.
fn end_of_ink(image: &BitImage, x: usize, y: usize) -> usize {
    (y..y + WHITE_BELOW[1])
        .find(|&row| !image.black(x, row + 1))
        .map_or(y + 1, |row| row + 1)
}

fn coordinate(dots: usize) -> Option<f32> {
    u16::try_from(dots).ok().map(f32::from)
}

/// Where a symbol lies: three of its corners in dots, x before y.
#[derive(Clone, Copy, Debug)]
struct Frame {
    /// The upper end of the left border.
    top: [f32; 2],
    /// The corner of the two solid borders.
    corner: [f32; 2],
    /// The right end of the lower border.
    right: [f32; 2],
    /// Modules per side.
    side: u16,
}

impl Frame {
    /// Whether a dot lies in the box around the frame, with a little room.
    fn covers(&self, x: usize, y: usize) -> bool {
        let (Some(x), Some(y)) = (coordinate(x), coordinate(y)) else {
            return false;
        };
        x + 3.0 >= self.corner[0].min(self.top[0])
            && x <= self.right[0] + 3.0
            && y + 3.0 >= self.top[1]
            && y <= self.corner[1].max(self.right[1]) + 3.0
    }

    /// Whether the picture is black at a place given in modules from the top left corner.
    fn black(&self, image: &BitImage, column: f32, row: f32) -> bool {
        let side = f32::from(self.side);
        let (across, up) = (column / side, (side - row) / side);
        let place = |axis: usize| {
            self.corner[axis]
                + (self.right[axis] - self.corner[axis]) * across
                + (self.top[axis] - self.corner[axis]) * up
        };
        match (dot(place(0)), dot(place(1))) {
            (Some(x), Some(y)) => image.black(x, y),
            _ => false,
        }
    }

    /// Points that [`Frame::fit`] looks at.
    fn points(&self) -> usize {
        usize::from(self.side) * 8 * OFFSETS.len()
    }

    /// How many points of the four borders, and of the white around them, have the right colour.
    fn fit(&self, image: &BitImage) -> usize {
        let side = f32::from(self.side);
        let mut right = 0;
        for step in 0..self.side {
            for [dx, dy] in OFFSETS {
                let along = f32::from(step) + 0.5;
                let (first, last) = (0.5 + dy, side - 0.5 + dy);
                let odd = step % 2 == 1;
                let checks = [
                    (along + dx, last, true),
                    (0.5 + dx, along + dy, true),
                    (along + dx, first, !odd),
                    (side - 0.5 + dx, along + dy, odd || step == self.side - 1),
                    (along + dx, last + 1.0, false),
                    (dx - 0.5, along + dy, false),
                    (along + dx, first - 1.0, false),
                    (side + 0.5 + dx, along + dy, false),
                ];
                right += checks
                    .into_iter()
                    .filter(|&(column, row, dark)| self.black(image, column, row) == dark)
                    .count();
            }
        }
        right
    }

    /// The frame moved, corner by corner, until no small step makes it fit better.
    fn fitted(mut self, image: &BitImage) -> Self {
        let mut best = self.fit(image);
        for step in [2.0, 1.0, 0.5] {
            for _round in 0..8 {
                let before = best;
                for (corner, axis, sign) in
                    (0..12).map(|move_| (move_ / 4, move_ / 2 % 2, move_ % 2))
                {
                    let mut moved = self;
                    let point = match corner {
                        0 => &mut moved.top,
                        1 => &mut moved.corner,
                        _ => &mut moved.right,
                    };
                    point[axis] += if sign == 0 { step } else { -step };
                    let fit = moved.fit(image);
                    if fit > best {
                        (self, best) = (moved, fit);
                    }
                }
                if best == before {
                    break;
                }
            }
        }
        self
    }

    /// The content, by majority within each module; fixed modules are taken as they must be.
    fn read(&self, image: &BitImage) -> Option<Vec<u8>> {
        let mut modules = Vec::with_capacity(usize::from(self.side).pow(2));
        for row in 0..self.side {
            for column in 0..self.side {
                let dark = OFFSETS.iter().filter(|[dx, dy]| {
                    let (x, y) = (f32::from(column) + 0.5 + dx, f32::from(row) + 0.5 + dy);
                    self.black(image, x, y)
                });
                let dark = dark.count() * 2 > OFFSETS.len();
                modules.push(fixed(self.side, column, row).unwrap_or(dark));
            }
        }
        DataMatrix::decode(&modules, usize::from(self.side)).ok()
    }
}

/// Places within a module, from its middle, that are looked at.
const OFFSETS: [[f32; 2]; 5] = [
    [0.0, 0.0],
    [-0.25, -0.25],
    [0.25, -0.25],
    [-0.25, 0.25],
    [0.25, 0.25],
];

/// The colour of a module that belongs to the finder and alignment patterns.
fn fixed(side: u16, column: u16, row: u16) -> Option<bool> {
    let regions = match side {
        ..=26 => 1,
        27..=52 => 2,
        53..=104 => 4,
        105.. => 6,
    };
    let region = side / regions;
    let (column, row) = (column % region, row % region);
    if column == 0 || row == region - 1 {
        Some(true)
    } else if row == 0 {
        Some(column % 2 == 0)
    } else if column == region - 1 {
        Some(row % 2 == 1)
    } else {
        None
    }
}

/// The dot a place lies in, if it lies in any picture.
#[allow(
    clippy::as_conversions,
    reason = "there is no checked float conversion; the range is checked before"
)]
fn dot(place: f32) -> Option<usize> {
    (0.0..65_536.0).contains(&place).then_some(place as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printing::symbol;

    #[test]
    fn the_fixed_modules_are_those_of_real_symbols() {
        for length in [1, 8, 30, 44, 60, 113, 142, 202] {
            let symbol = symbol::dummy(length).unwrap();
            let side = u16::try_from(symbol.side()).unwrap();
            for row in 0..side {
                for column in 0..side {
                    let dark = symbol.row(usize::from(row))[usize::from(column)];
                    let fixed = fixed(side, column, row);
                    assert!(
                        fixed.is_none_or(|fixed| fixed == dark),
                        "{side}: {column},{row}"
                    );
                }
            }
        }
    }
}
