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
}

/// What matters of one row.
#[derive(Clone, Copy)]
struct Row {
    /// The first column with ink and the one after the last; equal in a white row.
    start: u32,
    end: u32,
    /// Whether the ink stands in pairs from its first column on.
    paired: bool,
    /// Whether the next row is the same.
    twice: bool,
}

impl Row {
    const fn is_white(&self) -> bool {
        self.start == self.end
    }

    /// Whether pairs of both rows stand by each other: from the first column of both on.
    const fn is_in_step(&self, other: &Self) -> bool {
        self.paired && other.paired && self.start.abs_diff(other.start).is_multiple_of(2)
    }
}

/// The steps from top to bottom.
pub(super) fn steps(image: &BitImage, placing: Placing) -> Vec<Step> {
    let rows = rows(image);
    let height = rows.len();
    let mut costs = vec![0; height + 1];
    let mut next = vec![Step::Leave; height];
    let mut bands = Bands::of(&rows, placing);
    let mut white = 0;
    for y in (0..height).rev() {
        white = if rows[y].is_white() { white + 1 } else { 0 };
        bands.begin_with(y, white);
        let fed = white - white % placing.unit;
        let feed = narrow(FEED * (fed / placing.unit).div_ceil(MAX_FEED_UNITS)) + costs[y + fed];
        if fed > 0 {
            next[y] = Step::Feed(fed);
            costs[y] = feed;
        }
        // A few white rows may be less in a band than a feed; fewer than the smallest must be.
        if white < MIN_FED_ROWS.max(placing.unit) && y + white < height {
            let (cost, band) = bands.cheapest(&costs);
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

/// The bands from one row on. All of them are looked at for every row, which is most of what a label
/// costs: what differs from band to band stands in lists of numbers, of which the processor takes
/// several at once.
struct Bands<'a> {
    rows: &'a [Row],
    placing: Placing,
    /// The row that they begin with.
    y: usize,
    /// The first column with ink, by the last row of the band.
    start: Vec<u32>,
    /// The column after the last with ink, by the last row of the band.
    end: Vec<u32>,
    /// The row before which all end: too much white follows.
    until: usize,
    /// The first row with ink.
    inked: Option<usize>,
    /// The row before which those end whose ink stands in pairs.
    paired_until: usize,
    /// By the row that they begin with, the row before which those end whose rows are the same two by
    /// two.
    twice_until: Vec<usize>,
    /// The cost of each band and of everything after it.
    totals: [u32; MAX_BAND_ROWS],
}

/// How many rows each band has.
static COUNTS: [u32; MAX_BAND_ROWS] = {
    let mut counts = [1; MAX_BAND_ROWS];
    let mut index = 1;
    while index < MAX_BAND_ROWS {
        counts[index] = counts[index - 1] + 1;
        index += 1;
    }
    counts
};

impl<'a> Bands<'a> {
    /// Those from below the last row on: none.
    fn of(rows: &'a [Row], placing: Placing) -> Self {
        let height = rows.len();
        Self {
            rows,
            placing,
            y: height,
            start: vec![u32::MAX; height],
            end: vec![0; height],
            until: height,
            inked: None,
            paired_until: height,
            twice_until: (0..height + 2).collect(),
            totals: [0; MAX_BAND_ROWS],
        }
    }

    /// Goes one row up, to one that begins so many white ones.
    fn begin_with(&mut self, y: usize, white: usize) {
        self.y = y;
        let row = self.rows[y];
        if white > MAX_WHITE_ROWS {
            self.until = y + MAX_WHITE_ROWS;
        }
        if row.twice {
            self.twice_until[y] = self.twice_until[y + 2];
        }
        if row.is_white() {
            return;
        }
        self.paired_until = match self.inked {
            _ if !row.paired => y,
            Some(below) if !self.rows[below].is_in_step(&row) => below,
            Some(_) => self.paired_until,
            None => self.rows.len(),
        };
        self.inked = Some(y);
        let until = self.last();
        for start in &mut self.start[y..until] {
            *start = row.start.min(*start);
        }
        for end in &mut self.end[y..until] {
            *end = row.end.max(*end);
        }
    }

    /// The row before which the longest of them ends.
    fn last(&self) -> usize {
        self.until.min(self.y + MAX_BAND_ROWS)
    }

    /// The one after which the rest is cheapest, with the cost of both.
    fn cheapest(&mut self, costs: &[u32]) -> (u32, Band) {
        self.add_up(costs);
        let totals = &self.totals[..self.last() - self.y];
        let least = totals.iter().copied().fold(u32::MAX, u32::min);
        let index = totals.iter().position(|&total| total == least).unwrap_or(0);
        (least, self.with_rows(index + 1))
    }

    fn with_rows(&self, rows: usize) -> Band {
        let last = self.y + rows - 1;
        let columns = |column: u32| usize::try_from(column).unwrap_or(usize::MAX);
        Band {
            y: self.y,
            rows,
            x: self.placing.at_or_before(columns(self.start[last])),
            end: columns(self.end[last]),
            wide: rows <= self.wide(),
            tall: rows <= self.tall() && rows.is_multiple_of(2),
        }
    }

    /// Up to how many rows one bit stands for two dots across: pairs that do not begin where the band
    /// does are none.
    fn wide(&self) -> usize {
        let begins = self.inked.map_or(0, |inked| self.rows[inked].start);
        let is_reached = self.placing.unit == 1 || begins.is_multiple_of(2);
        let until = if is_reached && !self.placing.plain {
            self.paired_until
        } else {
            self.y
        };
        until.saturating_sub(self.y)
    }

    /// Up to how many rows one row of bits stands for two.
    fn tall(&self) -> usize {
        if self.placing.plain {
            return 0;
        }
        self.twice_until[self.y] - self.y
    }

    /// What each of them and everything after it costs.
    fn add_up(&mut self, costs: &[u32]) {
        let bands = self.y..self.last();
        let count = bands.len();
        let (wide, tall) = (self.wide().min(count), self.tall().min(count));
        let kept = match self.placing.plain {
            true => 0,
            false => !(narrow(self.placing.unit) - 1),
        };
        let starts = &self.start[bands.clone()];
        let ends = &self.end[bands.clone()];
        let rests = &costs[bands.start + 1..=bands.end];
        let totals = &mut self.totals;
        for (bands, columns) in [(0..wide, DOUBLE), (wide..count, SINGLE)] {
            let ink = starts[bands.clone()].iter().zip(&ends[bands.clone()]);
            let all = ink.zip(&rests[bands.clone()]).zip(&COUNTS[bands.clone()]);
            for (total, (((&start, &end), &rest), &rows)) in totals[bands].iter_mut().zip(all) {
                *total = sum(columns, start & kept, end, rows, rest);
            }
        }
        for index in (1..tall).step_by(2) {
            let columns = if index < wide { DOUBLE } else { SINGLE };
            let (x, rows) = (starts[index] & kept, COUNTS[index] / 2);
            totals[index] = sum(columns, x, ends[index], rows, rests[index]);
        }
    }
}

/// Columns of one byte, as a power of two: where one bit stands for one dot, and for two.
const SINGLE: u32 = 3;
const DOUBLE: u32 = 4;

/// The cost of a band and of the rest after it; the greatest of all numbers where there is no such
/// band. It has no branches, so that the processor takes several at once.
#[inline]
fn sum(columns: u32, x: u32, end: u32, rows: u32, rest: u32) -> u32 {
    let across = end.wrapping_sub(x).wrapping_add((1 << columns) - 1) >> columns;
    let bytes = across.wrapping_mul(rows);
    let place = u32::from(x > 0).wrapping_mul(narrow(PLACE));
    let sum = bytes.wrapping_add(rest).wrapping_add(place);
    let is_none = u32::from(end == 0) | u32::from(bytes > narrow(MAX_BAND_BYTES));
    sum.wrapping_add(narrow(BAND_HEADER)) | 0_u32.wrapping_sub(is_none)
}

/// A number of rows, columns or bytes of a picture, of which none has more than fit.
fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
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
            let start = narrow(first * 8) + row[first].leading_zeros();
            Row {
                start,
                end: narrow(last * 8 + 8) - row[last].trailing_zeros(),
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
    use proptest::collection::vec;
    use proptest::prelude::*;

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

    const fn cost(band: &Band) -> usize {
        let place = if band.x > 0 { PLACE } else { 0 };
        BAND_HEADER + place + band.bytes_across() * band.byte_rows()
    }

    /// The bytes of the shortest of all ways from a row on, found by trying them.
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
                let end = inked.iter().map(|row| row.end).max().unwrap();
                let band = Band {
                    y,
                    rows: count,
                    x: start.try_into().unwrap(),
                    end: end.try_into().unwrap(),
                    wide: inked
                        .iter()
                        .all(|row| row.paired && row.start % 2 == start % 2),
                    tall: count.is_multiple_of(2) && part.iter().step_by(2).all(|row| row.twice),
                };
                cost(&band)
            };
            best = best.min(cost + fewest(rows, y + count, known));
        }
        known[y] = Some(best);
        best
    }

    /// The bytes of the steps, each of which begins where the one before ends.
    fn bytes(steps: &[Step], height: usize) -> usize {
        let mut y = 0;
        let mut bytes = 0;
        for step in steps {
            match step {
                Step::Feed(rows) => {
                    y += rows;
                    bytes += FEED;
                }
                Step::Band(band) => {
                    assert_eq!(band.y, y);
                    y += band.rows;
                    bytes += cost(band);
                }
                Step::Leave => y = height,
            }
        }
        assert_eq!(y, height);
        bytes
    }

    proptest! {
        #[test]
        fn the_steps_are_of_all_ways_the_shortest(
            rects in vec((0..280_usize, 0..40_usize, 1..150_usize, 1..14_usize), 0..8),
            doubled in any::<bool>(),
        ) {
            // Dots of two by two, as symbols of larger modules have them, or single ones.
            let by = if doubled { 2 } else { 1 };
            let rects: Vec<_> = rects
                .into_iter()
                .map(|(x, y, width, height)| (x * by, y / by * by, width * by, height * by))
                .collect();
            let height = 44;
            let image = picture(600, height, &rects);
            let rows = rows(&image);
            let wanted = fewest(&rows, 0, &mut vec![None; rows.len() + 1]);
            prop_assert_eq!(bytes(&steps(&image, FREE), height), wanted);
        }
    }
}
