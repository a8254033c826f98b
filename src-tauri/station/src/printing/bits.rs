//! One bit per dot: what a print head burns, what a preview shows, what the self-read reads.

use aws_lc_rs::digest;

/// The most dots in either direction: 13 inches at 600 dpi. A larger picture is a mistake.
pub const MAX_SIDE_DOTS: usize = 8_000;

/// A picture of one bit per dot: most significant bit leftmost, 1 = black, rows padded with
/// white to whole bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct BitImage {
    width: usize,
    height: usize,
    stride: usize,
    bits: Vec<u8>,
}

/// A rectangle of dots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DotRect {
    /// The leftmost column.
    pub x: usize,
    /// The topmost row.
    pub y: usize,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl std::fmt::Debug for BitImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BitImage({}x{})", self.width, self.height)
    }
}

impl BitImage {
    /// A white picture. Sides above [`MAX_SIDE_DOTS`] are cut to it.
    #[must_use]
    pub fn white(width: usize, height: usize) -> Self {
        let width = width.min(MAX_SIDE_DOTS);
        let height = height.min(MAX_SIDE_DOTS);
        let stride = width.div_ceil(8);
        Self {
            width,
            height,
            stride,
            bits: vec![0; stride * height],
        }
    }

    /// A picture from its rows, as [`Self::bytes`] gives them; `None` when they are not as many
    /// bytes, or a side is above [`MAX_SIDE_DOTS`].
    #[must_use]
    pub fn from_rows(width: usize, height: usize, rows: Vec<u8>) -> Option<Self> {
        let mut image = Self::white(width, height);
        if (image.width, image.height, image.bits.len()) != (width, height, rows.len()) {
            return None;
        }
        image.bits = rows;
        let unused = image.stride * 8 - width;
        for row in image.bits.chunks_mut(image.stride.max(1)) {
            if let Some(last) = row.last_mut() {
                *last &= 0xFF << unused;
            }
        }
        Some(image)
    }

    /// Columns.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.height
    }

    /// Bytes in a row.
    #[must_use]
    pub const fn stride(&self) -> usize {
        self.stride
    }

    /// All rows, top first.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bits
    }

    /// One row; empty outside the picture.
    #[must_use]
    pub fn row(&self, y: usize) -> &[u8] {
        if y < self.height {
            &self.bits[y * self.stride..(y + 1) * self.stride]
        } else {
            &[]
        }
    }

    /// Whether a row has no black dot; outside the picture none has.
    #[must_use]
    pub fn is_white_row(&self, y: usize) -> bool {
        let (words, rest) = self.row(y).as_chunks::<8>();
        let is_white = |word: &[u8; 8]| u64::from_ne_bytes(*word) == 0;
        words.iter().all(is_white) && rest.iter().all(|&byte| byte == 0)
    }

    /// Whether a dot is black; outside the picture nothing is.
    #[must_use]
    pub fn black(&self, x: usize, y: usize) -> bool {
        x < self.width
            && y < self.height
            && self.bits[y * self.stride + x / 8] & (0x80 >> (x % 8)) != 0
    }

    /// Blackens or whitens one dot; outside the picture it does nothing.
    pub fn set(&mut self, x: usize, y: usize, black: bool) {
        if x < self.width && y < self.height {
            let mask = 0x80 >> (x % 8);
            let byte = &mut self.bits[y * self.stride + x / 8];
            if black {
                *byte |= mask;
            } else {
                *byte &= !mask;
            }
        }
    }

    /// Blackens a rectangle; what lies outside the picture is cut off.
    pub fn fill(&mut self, rect: DotRect) {
        let right = rect.x.saturating_add(rect.width).min(self.width);
        let bottom = rect.y.saturating_add(rect.height).min(self.height);
        if rect.x >= right || rect.y >= bottom {
            return;
        }
        let (first, last) = (rect.x / 8, (right - 1) / 8);
        let left_mask = 0xFF_u8 >> (rect.x % 8);
        let right_mask = 0xFF_u8 << (7 - (right - 1) % 8);
        for y in rect.y..bottom {
            let row = &mut self.bits[y * self.stride..(y + 1) * self.stride];
            if first == last {
                row[first] |= left_mask & right_mask;
            } else {
                row[first] |= left_mask;
                row[first + 1..last].fill(0xFF);
                row[last] |= right_mask;
            }
        }
    }

    /// Adds the black dots of a packed stencil whose top left dot comes to (x, y); what lies
    /// outside the picture is cut off.
    pub(crate) fn stencil(&mut self, x: isize, y: isize, stencil: &Self) {
        for source_y in 0..stencil.height {
            let Some(target_y) = offset(y, source_y).filter(|&row| row < self.height) else {
                continue;
            };
            if x < 0 || usize::try_from(x).is_ok_and(|x| x + stencil.stride * 8 > self.stride * 8) {
                self.stencil_row_by_dots(x, target_y, stencil, source_y);
            } else {
                let x = x.unsigned_abs();
                let (start, shift) = (target_y * self.stride + x / 8, x % 8);
                let source = stencil.row(source_y);
                let target = &mut self.bits[start..];
                for (index, &byte) in source.iter().enumerate() {
                    target[index] |= byte >> shift;
                    if shift > 0 && index + 1 < target.len() {
                        target[index + 1] |= byte << (8 - shift);
                    }
                }
            }
        }
    }

    /// Adds one row of a stencil that reaches over the left or right edge.
    fn stencil_row_by_dots(&mut self, x: isize, target_y: usize, stencil: &Self, source_y: usize) {
        for source_x in 0..stencil.width {
            if stencil.black(source_x, source_y)
                && let Some(target_x) = offset(x, source_x)
            {
                self.set(target_x, target_y, true);
            }
        }
    }

    /// A copy of a rectangle; what lies outside the picture is white.
    #[must_use]
    pub fn crop(&self, rect: DotRect) -> Self {
        let mut copy = Self::white(rect.width, rect.height);
        let (start, shift) = (rect.x / 8, rect.x % 8);
        let unused = copy.stride * 8 - copy.width;
        for y in 0..copy.height {
            let source = self.row(rect.y.saturating_add(y));
            let byte = |index: usize| source.get(index).copied().unwrap_or_default();
            let target = &mut copy.bits[y * copy.stride..(y + 1) * copy.stride];
            for (index, target) in target.iter_mut().enumerate() {
                let pair = u16::from_be_bytes([byte(start + index), byte(start + index + 1)]);
                *target = (pair << shift).to_be_bytes()[0];
            }
            if let Some(last) = target.last_mut() {
                *last &= 0xFF << unused;
            }
        }
        copy
    }

    /// The picture moved `dots` to the right, and as much wider.
    #[must_use]
    pub fn shifted_right(&self, dots: usize) -> Self {
        let mut moved = Self::white(self.width + dots, self.height);
        let (start, shift) = (dots / 8, dots % 8);
        for y in 0..self.height {
            let target = &mut moved.bits[y * moved.stride..(y + 1) * moved.stride];
            for (index, &byte) in self.row(y).iter().enumerate() {
                let [high, low] = (u16::from_be_bytes([byte, 0]) >> shift).to_be_bytes();
                for (offset, part) in [(0, high), (1, low)] {
                    if let Some(place) = target.get_mut(start + index + offset) {
                        *place |= part;
                    }
                }
            }
        }
        moved
    }

    /// How many dots are black.
    #[must_use]
    pub fn black_dots(&self) -> usize {
        let count: u32 = self.bits.iter().map(|byte| byte.count_ones()).sum();
        usize::try_from(count).unwrap_or(usize::MAX)
    }

    /// The smallest rectangle that holds everything black; its left edge and width are whole
    /// bytes. `None` when the picture is white.
    #[must_use]
    pub fn inked(&self) -> Option<DotRect> {
        let inked = |y: &usize| self.row(*y).iter().any(|&byte| byte != 0);
        let top = (0..self.height).find(inked)?;
        let bottom = (top..self.height).rev().find(inked)?;
        let (mut first, mut last) = (self.stride, 0);
        for y in top..=bottom {
            let row = self.row(y);
            if let Some(place) = row.iter().position(|&byte| byte != 0) {
                first = first.min(place);
            }
            if let Some(place) = row.iter().rposition(|&byte| byte != 0) {
                last = last.max(place);
            }
        }
        Some(DotRect {
            x: first * 8,
            y: top,
            width: (last + 1 - first) * 8,
            height: bottom + 1 - top,
        })
    }

    /// Dots that differ from a picture of the same size; all of them when the sizes differ.
    #[must_use]
    pub fn different_dots(&self, other: &Self) -> usize {
        if (self.width, self.height) != (other.width, other.height) {
            return self.width * self.height;
        }
        let pairs = self.bits.iter().zip(&other.bits);
        let count: u32 = pairs.map(|(a, b)| (a ^ b).count_ones()).sum();
        usize::try_from(count).unwrap_or(usize::MAX)
    }

    /// The picture turned a quarter clockwise.
    #[must_use]
    pub fn turned(&self) -> Self {
        let mut turned = Self::white(self.height, self.width);
        for y in 0..self.height {
            for (index, &byte) in self.row(y).iter().enumerate() {
                let mut rest = byte;
                while rest != 0 {
                    let bit = usize::try_from(rest.leading_zeros()).unwrap_or(0);
                    turned.set(self.height - 1 - y, index * 8 + bit, true);
                    rest &= !(0x80 >> bit);
                }
            }
        }
        turned
    }

    /// The picture turned by a small angle whose tangent is given in thousandths (positive:
    /// counter-clockwise), on a canvas large enough for it, each dot taken from the nearest.
    #[must_use]
    pub fn leaning(&self, thousandths: i64) -> Self {
        let longer = self.width.max(self.height);
        let lean = usize::try_from(thousandths.unsigned_abs()).unwrap_or(usize::MAX);
        let margin = longer.saturating_mul(lean) / 2_000 + 1;
        let mut turned = Self::white(self.width + 2 * margin, self.height + 2 * margin);
        let signed = |dots: usize| i64::try_from(dots).unwrap_or(i64::MAX);
        let margin = signed(margin);
        let (half_width, half_height) = (signed(self.width / 2), signed(self.height / 2));
        for y in 0..turned.height {
            let down = signed(y) - margin - half_height;
            for x in 0..turned.width {
                let across = signed(x) - margin - half_width;
                let source_x = half_width + across - down * thousandths / 1_000;
                let source_y = half_height + down + across * thousandths / 1_000;
                if let (Ok(source_x), Ok(source_y)) =
                    (usize::try_from(source_x), usize::try_from(source_y))
                    && self.black(source_x, source_y)
                {
                    turned.set(x, y, true);
                }
            }
        }
        turned
    }

    /// SHA-256 over width, height (u32, big-endian) and all rows: the identity of a raster.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        let mut context = digest::Context::new(&digest::SHA256);
        for side in [self.width, self.height] {
            context.update(&u32::try_from(side).unwrap_or(u32::MAX).to_be_bytes());
        }
        context.update(&self.bits);
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        hash
    }
}

/// `start + step`, unless it is negative.
fn offset(start: isize, step: usize) -> Option<usize> {
    start
        .checked_add(isize::try_from(step).ok()?)
        .and_then(|sum| usize::try_from(sum).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn picture(rows: &[&str]) -> BitImage {
        let mut image = BitImage::white(rows[0].len(), rows.len());
        for (y, row) in rows.iter().enumerate() {
            for (x, letter) in row.chars().enumerate() {
                image.set(x, y, letter == '#');
            }
        }
        image
    }

    proptest! {
        #[test]
        fn a_filled_rectangle_blackens_exactly_its_dots(
            x in 0usize..40, y in 0usize..6, width in 0usize..50, height in 0usize..6
        ) {
            let mut image = BitImage::white(37, 5);
            image.fill(DotRect { x, y, width, height });
            for row in 0..5 {
                for column in 0..37 {
                    let inside = (x..x + width).contains(&column) && (y..y + height).contains(&row);
                    prop_assert_eq!(image.black(column, row), inside);
                }
            }
        }

        #[test]
        fn a_stencil_lands_dot_by_dot_and_is_cut_at_the_edges(
            x in -12isize..40, y in -4isize..8, dots in prop::collection::vec(any::<bool>(), 33)
        ) {
            let mut stencil = BitImage::white(11, 3);
            for (index, &black) in dots.iter().enumerate() {
                stencil.set(index % 11, index / 11, black);
            }
            let mut image = BitImage::white(37, 6);
            image.stencil(x, y, &stencil);
            for row in 0..6usize {
                for column in 0..37usize {
                    let source_x = isize::try_from(column).unwrap() - x;
                    let source_y = isize::try_from(row).unwrap() - y;
                    let expected = source_x >= 0 && source_y >= 0
                        && stencil.black(source_x.unsigned_abs(), source_y.unsigned_abs());
                    prop_assert_eq!(image.black(column, row), expected);
                }
            }
            prop_assert!((0..6).all(|row| image.row(row)[4] & 0x07 == 0), "padding stays white");
        }
    }

    proptest! {
        #[test]
        fn a_crop_holds_the_dots_of_its_place(
            x in 0usize..45, y in 0usize..7, width in 1usize..30, height in 1usize..5,
            dots in prop::collection::vec(any::<bool>(), 37 * 6)
        ) {
            let mut image = BitImage::white(37, 6);
            for (index, &black) in dots.iter().enumerate() {
                image.set(index % 37, index / 37, black);
            }
            let crop = image.crop(DotRect { x, y, width, height });
            let mut expected = BitImage::white(width, height);
            for row in 0..height {
                for column in 0..width {
                    expected.set(column, row, image.black(x + column, y + row));
                }
            }
            prop_assert_eq!(crop.different_dots(&expected), 0);
            prop_assert!(crop == expected);
        }
    }

    #[test]
    fn a_row_is_white_without_any_dot() {
        let mut image = BitImage::white(150, 3);
        assert!((0..5).all(|y| image.is_white_row(y)));
        for x in [0, 63, 64, 127, 128, 149] {
            image.set(x, 1, true);
            assert!(!image.is_white_row(1), "{x}");
            assert!(image.is_white_row(0) && image.is_white_row(2));
            image.set(x, 1, false);
        }
    }

    #[test]
    fn four_quarter_turns_give_the_same_picture() {
        let image = picture(&["#.#......#", "..#.......", "#........."]);
        assert_eq!(image.turned().turned().turned().turned(), image);
        assert_eq!(
            picture(&["##", ".#"]).turned(),
            picture(&[".#", "##"]),
            "the top left dot goes to the top right"
        );
    }

    #[test]
    fn a_leaning_picture_falls_by_its_tangent() {
        let mut image = BitImage::white(1_000, 100);
        image.fill(DotRect {
            x: 0,
            y: 50,
            width: 1_000,
            height: 1,
        });
        let leaning = image.leaning(20);
        let row_of = |x: usize| {
            (0..leaning.height())
                .find(|&y| leaning.black(x, y))
                .unwrap()
        };
        let rise = row_of(100) - row_of(900);
        assert!((15..=17).contains(&rise), "{rise} dots over 800");
        assert_eq!(
            image.leaning(0).crop(DotRect {
                x: 1,
                y: 1,
                width: 1_000,
                height: 100
            }),
            image
        );
    }

    #[test]
    fn the_hash_tells_pictures_of_equal_bytes_but_other_sides_apart() {
        assert_ne!(
            BitImage::white(8, 2).sha256(),
            BitImage::white(16, 1).sha256()
        );
    }

    #[test]
    fn a_picture_is_made_of_its_rows_and_of_nothing_else() {
        let image = picture(&["#.#......#", "..#.......", "#........."]);
        let rows = image.bytes().to_vec();
        assert_eq!(BitImage::from_rows(10, 3, rows.clone()), Some(image));
        assert_eq!(BitImage::from_rows(10, 4, rows.clone()), None);
        assert_eq!(BitImage::from_rows(MAX_SIDE_DOTS + 1, 1, rows), None);
        let untidy = BitImage::from_rows(3, 1, vec![0xFF]).unwrap();
        assert_eq!(untidy.bytes(), [0xE0], "padding stays white");
    }
}
