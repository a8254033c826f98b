//! The inked parts of a picture, for languages that place a picture where they like: what is white
//! need not be sent.

use super::bits::{BitImage, DotRect};

/// The most bytes of one rectangle. A printer whose line was cut off in one takes at most so many
/// more bytes for its rest, and only then listens again.
pub(crate) const MAX_BYTES: usize = 4 << 10;

/// As many empty lines: they end any rectangle, and after it they mean nothing.
pub(crate) static FILLER: [u8; MAX_BYTES + 64] = [b'\n'; MAX_BYTES + 64];

/// Rectangles of whole bytes from top to bottom that hold everything black. Two neighbours are one
/// when their common rectangle costs less than the `header` bytes that a rectangle more would.
pub(crate) fn bands(image: &BitImage, header: usize) -> Vec<DotRect> {
    let mut bands: Vec<DotRect> = Vec::new();
    let mut y = 0;
    while y < image.height() {
        let Some(mut band) = row_band(image, y) else {
            y += 1;
            continue;
        };
        y += 1;
        while let Some(row) = (y < image.height()).then(|| row_band(image, y)).flatten() {
            let joined = union(band, row);
            if area(joined) > area(band) + area(row) + header {
                break;
            }
            band = joined;
            y += 1;
        }
        match bands.last_mut() {
            Some(last) if area(union(*last, band)) <= area(*last) + area(band) + header => {
                *last = union(*last, band);
            }
            _ => bands.push(band),
        }
    }
    bands.into_iter().flat_map(parts).collect()
}

/// The same rectangle in parts of at most [`MAX_BYTES`].
fn parts(band: DotRect) -> impl Iterator<Item = DotRect> {
    let rows = (MAX_BYTES / (band.width / 8).max(1)).max(1);
    let end = band.y + band.height;
    (band.y..end).step_by(rows).map(move |y| DotRect {
        y,
        height: rows.min(end - y),
        ..band
    })
}

/// The inked bytes of one row.
fn row_band(image: &BitImage, y: usize) -> Option<DotRect> {
    let row = image.row(y);
    let first = row.iter().position(|&byte| byte != 0)?;
    let last = row.iter().rposition(|&byte| byte != 0)?;
    Some(DotRect {
        x: first * 8,
        y,
        width: (last + 1 - first) * 8,
        height: 1,
    })
}

/// The smallest rectangle around two.
fn union(one: DotRect, other: DotRect) -> DotRect {
    let (x, y) = (one.x.min(other.x), one.y.min(other.y));
    let right = (one.x + one.width).max(other.x + other.width);
    let bottom = (one.y + one.height).max(other.y + other.height);
    DotRect {
        x,
        y,
        width: right - x,
        height: bottom - y,
    }
}

/// Bytes of a rectangle.
const fn area(rect: DotRect) -> usize {
    rect.width / 8 * rect.height
}

/// The bytes of a rectangle of whole bytes, row after row.
pub(crate) fn rows(image: &BitImage, band: DotRect) -> impl Iterator<Item = &[u8]> {
    (band.y..band.y + band.height)
        .map(move |y| &image.row(y)[band.x / 8..(band.x + band.width) / 8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_rows_and_margins_are_left_out() {
        let mut image = BitImage::white(200, 100);
        image.fill(DotRect {
            x: 17,
            y: 10,
            width: 10,
            height: 5,
        });
        image.fill(DotRect {
            x: 100,
            y: 60,
            width: 50,
            height: 5,
        });
        let at = |x, y, width, height| DotRect {
            x,
            y,
            width,
            height,
        };
        assert_eq!(bands(&image, 20), [at(16, 10, 16, 5), at(96, 60, 56, 5)]);
        assert_eq!(bands(&image, 10_000), [at(16, 10, 136, 55)]);
        assert_eq!(bands(&BitImage::white(9, 9), 20), []);
    }

    #[test]
    fn no_rectangle_is_larger_than_what_ends_one_that_was_cut_off() {
        let mut image = BitImage::white(832, 1_218);
        image.fill(DotRect {
            x: 0,
            y: 3,
            width: 832,
            height: 1_200,
        });
        let bands = bands(&image, 20);
        assert!(bands.len() > 1 && bands.iter().all(|band| area(*band) < FILLER.len()));
        assert_eq!(bands.iter().map(|band| band.height).sum::<usize>(), 1_200);
    }

    #[test]
    fn a_narrow_row_under_a_wide_one_is_a_rectangle_of_its_own_when_that_is_shorter() {
        let mut image = BitImage::white(800, 100);
        image.fill(DotRect {
            x: 0,
            y: 0,
            width: 800,
            height: 2,
        });
        image.fill(DotRect {
            x: 0,
            y: 2,
            width: 8,
            height: 98,
        });
        assert_eq!(bands(&image, 20).len(), 2);
        for band in bands(&image, 20) {
            assert_eq!(
                rows(&image, band).map(<[u8]>::len).sum::<usize>(),
                area(band)
            );
        }
    }
}
