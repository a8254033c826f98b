//! A picture in 256 greys, and the way from there to black and white.

use crate::printing::bits::{BitImage, MAX_SIDE_DOTS};

/// A picture in 256 greys, 255 = white.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grey {
    width: usize,
    height: usize,
    values: Vec<u8>,
}

impl Grey {
    /// A picture from its values, row by row. Sides above [`MAX_SIDE_DOTS`] or too few values
    /// make an empty picture.
    #[must_use]
    pub fn new(width: usize, height: usize, values: Vec<u8>) -> Self {
        if width > MAX_SIDE_DOTS || height > MAX_SIDE_DOTS || values.len() != width * height {
            return Self {
                width: 0,
                height: 0,
                values: Vec::new(),
            };
        }
        Self {
            width,
            height,
            values,
        }
    }

    /// The mean of a 3×3 neighbourhood for each pixel: specks of one or two pixels fade.
    pub(super) fn smoothed(&self) -> Self {
        let mut values = Vec::with_capacity(self.values.len());
        for y in 0..self.height {
            let rows = y.saturating_sub(1)..(y + 2).min(self.height);
            for x in 0..self.width {
                let columns = x.saturating_sub(1)..(x + 2).min(self.width);
                values.push(self.mean(columns, rows.clone()));
            }
        }
        Self { values, ..*self }
    }

    /// The picture at half the size, each pixel the mean of four.
    pub(super) fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let values = (0..width * height)
            .map(|index| {
                let (x, y) = (index % width * 2, index / width * 2);
                self.mean(x..x + 2, y..y + 2)
            })
            .collect();
        Self {
            width,
            height,
            values,
        }
    }

    fn mean(&self, columns: std::ops::Range<usize>, rows: std::ops::Range<usize>) -> u8 {
        let count = u32::try_from(columns.len() * rows.len())
            .unwrap_or(1)
            .max(1);
        let sum: u32 = rows
            .flat_map(|y| &self.values[y * self.width..][columns.clone()])
            .map(|&value| u32::from(value))
            .sum();
        u8::try_from(sum / count).unwrap_or(u8::MAX)
    }

    /// Black and white by Otsu's threshold: the one that parts the values into two groups of
    /// least spread.
    pub(super) fn binarised(&self) -> BitImage {
        let threshold = self.threshold();
        let mut image = BitImage::white(self.width, self.height);
        for (index, _) in self
            .values
            .iter()
            .enumerate()
            .filter(|(_, value)| **value <= threshold)
        {
            image.set(index % self.width, index / self.width, true);
        }
        image
    }

    /// The darkest value group's upper bound; 127 for a picture of one value.
    fn threshold(&self) -> u8 {
        let mut counts = [0_u64; 256];
        for &value in &self.values {
            counts[usize::from(value)] += 1;
        }
        let all: u64 = counts.iter().sum();
        let weighted_all: u64 = (0..).zip(&counts).map(|(value, count)| value * count).sum();
        let (mut dark, mut weighted_dark) = (0, 0);
        let mut best = (0, 127);
        for (value, count) in (0_u8..=255).zip(counts) {
            dark += count;
            weighted_dark += u64::from(value) * count;
            let light = all - dark;
            if dark > 0 && light > 0 {
                // Means in 1/256: the spread between the groups is dark × light × (difference)².
                let dark_mean = weighted_dark * 256 / dark;
                let light_mean = (weighted_all - weighted_dark) * 256 / light;
                let difference = u128::from(light_mean - dark_mean);
                let spread = u128::from(dark) * u128::from(light) * difference * difference;
                if spread > best.0 {
                    best = (spread, value);
                }
            }
        }
        best.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_parts_ink_from_paper_whatever_their_greys() {
        for (ink, paper) in [(0, 255), (60, 120), (180, 240), (0, 30)] {
            let values: Vec<u8> = (0..100)
                .map(|i| if i % 7 == 0 { ink } else { paper })
                .collect();
            let image = Grey::new(10, 10, values.clone()).binarised();
            for (index, value) in values.iter().enumerate() {
                assert_eq!(
                    image.black(index % 10, index / 10),
                    *value == ink,
                    "{ink} on {paper}"
                );
            }
        }
    }

    #[test]
    fn pictures_without_ink_or_without_pixels_are_white() {
        let white = Grey::new(9, 9, vec![255; 81]);
        assert!(white.binarised().bytes().iter().all(|&byte| byte == 0));
        assert_eq!(Grey::new(3, 3, vec![0; 4]).binarised().width(), 0);
        assert_eq!(Grey::new(1, 1, vec![0]).halved().binarised().width(), 0);
    }
}
