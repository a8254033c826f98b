//! Which rows of a picture go out together: the way of the fewest bytes, worked out from the end.
//!
//! What `GS v 0` can do is all used: a band is as wide as its ink and begins where that begins
//! (`ESC $` moves there, as the manufacturer's reference says for raster pictures), and where dots
//! stand in pairs, across or down, one bit stands for two dots. White rows are fed.

use super::Placing;
use crate::printing::bits::BitImage;

/// The most rows in one band: small buffers of old printers hold this many at full width.
pub(super) const MAX_BAND_ROWS: usize = 128;

/// The most bytes of dots in one band: what a printer takes for the rest of one that was cut off.
/// More than one row of the widest picture, and as much as all rows of a head of 1,024 dots.
pub(super) const MAX_BAND_BYTES: usize = 16 << 10;

/// More white rows in a band than this are always longer than its end, a feed and another header,
/// also where one byte stands for two rows.
const MAX_WHITE_ROWS: usize = 32;

/// White rows that are always fed: in the narrowest band, where one byte stands for two of them, they
/// are as long as a feed.
const MIN_FED_ROWS: usize = 2 * FEED;

/// Bytes of `GS v 0` in front of the dots, of `ESC $` and of `ESC J`.
const BAND_HEADER: usize = 8;
const PLACE: usize = 4;
const FEED: usize = 3;

/// The largest feed of one `ESC J`.
pub(super) const MAX_FEED_UNITS: usize = 255;

/// What is done with the next rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// So many white rows are fed.
    Feed(usize),
    /// Rows are printed.
    Band(Band),
    /// White rows at the end, fewer than the smallest feed: left to the cut.
    Leave,
}

/// Rows that go out together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Band {
    /// The first row.
    pub(super) y: usize,
    /// Rows of dots.
    pub(super) rows: usize,
    /// The leftmost column.
    pub(super) x: usize,
    /// The column after the last that has ink.
    pub(super) end: usize,
    /// Whether one bit stands for two dots across.
    pub(super) wide: bool,
    /// Whether one row of bits stands for two rows of dots.
    pub(super) tall: bool,
}

impl Band {
    /// Bytes of one row.
    pub(super) const fn bytes_across(&self) -> usize {
        let columns = self.end - self.x;
        let bits = if self.wide {
            columns.div_ceil(2)
        } else {
            columns
        };
        bits.div_ceil(8)
    }

    /// Rows of bytes.
    pub(super) const fn byte_rows(&self) -> usize {
        if self.tall { self.rows / 2 } else { self.rows }
    }

    const fn cost(&self) -> usize {
        let place = if self.x > 0 { PLACE } else { 0 };
        BAND_HEADER + place + self.bytes_across() * self.byte_rows()
    }
}

/// What matters of one row.
#[derive(Clone, Copy)]
struct Row {
    /// The first column with ink and the one after the last; equal in a white row.
    start: usize,
    end: usize,
    /// Whether the ink stands in pairs from its first column on.
    paired: bool,
    /// Whether the next row is the same.
    twice: bool,
}

impl Row {
    const fn is_white(&self) -> bool {
        self.start == self.end
    }
}

/// The steps from top to bottom.
pub(super) fn steps(image: &BitImage, placing: Placing) -> Vec<Step> {
    let rows = rows(image);
    let height = rows.len();
    let mut costs = vec![0_usize; height + 1];
    let mut next = vec![Step::Leave; height];
    let mut white = 0;
    for y in (0..height).rev() {
        white = if rows[y].is_white() { white + 1 } else { 0 };
        let fed = white - white % placing.unit;
        let feed = FEED * (fed / placing.unit).div_ceil(MAX_FEED_UNITS) + costs[y + fed];
        if fed > 0 {
            next[y] = Step::Feed(fed);
            costs[y] = feed;
        }
        // A few white rows may be less in a band than a feed; fewer than the smallest must be.
        if white < MIN_FED_ROWS.max(placing.unit) && y + white < height {
            let (cost, band) = cheapest(&rows, y, placing, &costs);
            if fed == 0 || cost < feed {
                next[y] = Step::Band(band);
                costs[y] = cost;
            }
        }
    }
    let mut steps = Vec::new();
    let mut y = 0;
    while let Some(&step) = next.get(y) {
        steps.push(step);
        y += match step {
            Step::Feed(rows) => rows,
            Step::Band(band) => band.rows,
            Step::Leave => height,
        };
    }
    steps
}

/// The band from a row on after which the rest is cheapest, with the cost of both.
fn cheapest(rows: &[Row], y: usize, placing: Placing, costs: &[usize]) -> (usize, Band) {
    let nothing = Band {
        y,
        rows: 1,
        x: 0,
        end: 1,
        wide: false,
        tall: false,
    };
    let mut best = (usize::MAX, nothing);
    let (mut start, mut end) = (usize::MAX, 0);
    let (mut paired, mut twice) = (true, true);
    let mut white = 0;
    for (index, row) in rows[y..].iter().take(MAX_BAND_ROWS).enumerate() {
        if row.is_white() {
            white += 1;
            if white > MAX_WHITE_ROWS {
                break;
            }
        } else {
            white = 0;
            // Pairs that stand by another are not paired from the first column of all.
            let in_step = start == usize::MAX || row.start.abs_diff(start).is_multiple_of(2);
            paired &= row.paired && in_step;
            start = start.min(row.start);
            end = end.max(row.end);
        }
        let count = index + 1;
        if count.is_multiple_of(2) {
            twice &= rows[y + index - 1].twice;
        }
        if end == 0 {
            continue;
        }
        let x = placing.at_or_before(start);
        let band = Band {
            y,
            rows: count,
            x,
            end,
            wide: paired && !placing.plain && (start - x).is_multiple_of(2),
            tall: twice && !placing.plain && count.is_multiple_of(2),
        };
        if band.bytes_across() * band.byte_rows() > MAX_BAND_BYTES {
            continue;
        }
        let cost = band.cost() + costs[y + count];
        if cost < best.0 {
            best = (cost, band);
        }
    }
    best
}

fn rows(image: &BitImage) -> Vec<Row> {
    (0..image.height())
        .map(|y| {
            let row = image.row(y);
            let Some((first, last)) = inked(row) else {
                return Row {
                    start: 0,
                    end: 0,
                    paired: true,
                    twice: image.row(y + 1).iter().all(|&byte| byte == 0),
                };
            };
            let zeros = |count: u32| usize::try_from(count).unwrap_or(0);
            let start = first * 8 + zeros(row[first].leading_zeros());
            Row {
                start,
                end: last * 8 + 8 - zeros(row[last].trailing_zeros()),
                paired: is_paired(&row[first..=last], !start.is_multiple_of(2)),
                twice: row == image.row(y + 1),
            }
        })
        .collect()
}

/// The first and the last byte with ink, looked for in words, because most of a label is white.
fn inked(row: &[u8]) -> Option<(usize, usize)> {
    let (words, rest) = row.as_chunks::<8>();
    let is_inked = |word: &[u8; 8]| u64::from_ne_bytes(*word) != 0;
    let inked = |bytes: &[u8]| bytes.iter().position(|&byte| byte != 0);
    let first = match words.iter().position(is_inked) {
        Some(word) => word * 8 + inked(&words[word])?,
        None => words.len() * 8 + inked(rest)?,
    };
    let last = match rest.iter().rposition(|&byte| byte != 0) {
        Some(byte) => words.len() * 8 + byte,
        None => {
            let word = words.iter().rposition(is_inked)?;
            word * 8 + words[word].iter().rposition(|&byte| byte != 0)?
        }
    };
    Some((first, last))
}

/// Whether the dots of these bytes are equal two by two, from the first on or from the second.
fn is_paired(bytes: &[u8], from_second: bool) -> bool {
    let following = bytes.iter().skip(1).copied().chain([0]);
    bytes.iter().zip(following).all(|(&byte, following)| {
        let pairs = if from_second {
            byte << 1 | following >> 7
        } else {
            byte
        };
        (pairs ^ pairs >> 1) & 0x55 == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printing::bits::DotRect;

    const FREE: Placing = Placing {
        unit: 1,
        plain: false,
    };

    fn picture(width: usize, height: usize, rects: &[(usize, usize, usize, usize)]) -> BitImage {
        let mut image = BitImage::white(width, height);
        for &(x, y, width, height) in rects {
            image.fill(DotRect {
                x,
                y,
                width,
                height,
            });
        }
        image
    }

    #[test]
    fn a_band_begins_and_ends_with_its_ink_and_white_rows_are_fed() {
        let image = picture(400, 60, &[(101, 20, 33, 1), (101, 21, 30, 1)]);
        let band = Band {
            y: 20,
            rows: 2,
            x: 101,
            end: 134,
            wide: false,
            tall: false,
        };
        let expected = [Step::Feed(20), Step::Band(band), Step::Feed(38)];
        assert_eq!(steps(&image, FREE), expected);
        let left = Placing {
            plain: true,
            ..FREE
        };
        let at_the_edge = Step::Band(Band { x: 0, ..band });
        assert_eq!(
            steps(&image, left),
            [Step::Feed(20), at_the_edge, Step::Feed(38)]
        );
        // Where only every fourth column and row can be reached, the rest is white in the band.
        let coarse = Placing {
            unit: 4,
            plain: false,
        };
        let before = Step::Band(Band { x: 100, ..band });
        let expected = [Step::Feed(20), before, Step::Feed(36), Step::Leave];
        assert_eq!(steps(&image, coarse), expected);
    }

    #[test]
    fn dots_in_pairs_are_one_bit() {
        let image = picture(400, 40, &[(17, 0, 32, 40), (57, 0, 64, 20)]);
        for step in steps(&image, FREE) {
            let Step::Band(band) = step else {
                panic!("nothing is white");
            };
            assert!(band.wide && band.tall && band.x == 17, "{band:?}");
        }
        // A pair by another is none.
        let image = picture(400, 2, &[(17, 0, 320, 2), (340, 0, 1, 2)]);
        assert!(matches!(
            steps(&image, FREE)[..],
            [Step::Band(Band {
                wide: false,
                tall: true,
                ..
            })]
        ));
    }

    #[test]
    fn a_wide_line_over_a_narrow_one_is_another_band() {
        let image = picture(800, 82, &[(0, 0, 800, 2), (700, 2, 7, 80)]);
        let widths: Vec<(usize, usize)> = steps(&image, FREE)
            .iter()
            .map(|step| match step {
                Step::Band(band) => (band.x, band.end),
                Step::Feed(_) | Step::Leave => panic!("nothing is white"),
            })
            .collect();
        assert_eq!(widths, [(0, 800), (700, 707)]);
    }

    #[test]
    fn the_steps_are_of_all_ways_the_shortest() {
        // All ways of a small picture, by trying them.
        fn fewest(rows: &[Row], y: usize, known: &mut [Option<usize>]) -> usize {
            if let Some(cost) = known[y] {
                return cost;
            }
            let mut best = if y == rows.len() { 0 } else { usize::MAX };
            for count in 1..=rows.len() - y {
                let part = &rows[y..y + count];
                let inked: Vec<&Row> = part.iter().filter(|row| !row.is_white()).collect();
                let cost = if inked.is_empty() {
                    FEED
                } else {
                    let start = inked.iter().map(|row| row.start).min().unwrap();
                    let band = Band {
                        y,
                        rows: count,
                        x: start,
                        end: inked.iter().map(|row| row.end).max().unwrap(),
                        wide: inked
                            .iter()
                            .all(|row| row.paired && row.start % 2 == start % 2),
                        tall: count.is_multiple_of(2)
                            && part.iter().step_by(2).all(|row| row.twice),
                    };
                    band.cost()
                };
                best = best.min(cost + fewest(rows, y + count, known));
            }
            known[y] = Some(best);
            best
        }
        let rects = [
            (3, 1, 40, 3),
            (90, 2, 9, 1),
            (8, 9, 120, 2),
            (9, 11, 4, 12),
            (201, 30, 60, 9),
            (64, 41, 1, 1),
        ];
        for count in 1..=rects.len() {
            let image = picture(300, 44, &rects[..count]);
            let rows = rows(&image);
            let cost: usize = steps(&image, FREE)
                .iter()
                .map(|step| match step {
                    Step::Feed(_) => FEED,
                    Step::Band(band) => band.cost(),
                    Step::Leave => 0,
                })
                .sum();
            let wanted = fewest(&rows, 0, &mut vec![None; rows.len() + 1]);
            assert_eq!(cost, wanted, "{count} rectangles");
        }
    }
}
