//! What a printer makes of the bytes: an interpreter of our own stream, for tests only.

use crate::printing::bits::BitImage;
use crate::printing::units::Dpi;

/// What came out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Paper {
    /// Printed rows, each as long as it was sent.
    pub(crate) rows: Vec<Vec<u8>>,
    /// How often the blade fell.
    pub(crate) cuts: usize,
    /// The tags asked for, in order.
    pub(crate) tags: Vec<[u8; 4]>,
}

/// Interprets a whole stream.
pub(crate) fn print(stream: &[u8], dpi: Dpi) -> Paper {
    let mut paper = Paper::default();
    let mut rest = stream;
    let (mut unit, mut place) = (0, 0);
    while !rest.is_empty() {
        rest = match rest {
            [0x1B, b'@', rest @ ..] => rest,
            [0x1D, b'P', x, y, rest @ ..] => {
                assert_eq!(x, y);
                unit = usize::from(dpi.number()) / usize::from(*y);
                rest
            }
            [0x1B, b'J', units, rest @ ..] => {
                assert!(unit > 0, "feeds need GS P first");
                let feed = usize::from(*units) * unit;
                paper.rows.extend((0..feed).map(|_| Vec::new()));
                rest
            }
            [0x1B, b'$', low, high, rest @ ..] => {
                assert!(unit > 0, "places need GS P first");
                place = usize::from(u16::from_le_bytes([*low, *high])) * unit;
                rest
            }
            [0x1D, b'v', b'0', mode @ 0..=3, xl, xh, yl, yh, rest @ ..] => {
                let width = usize::from(u16::from_le_bytes([*xl, *xh]));
                let rows = usize::from(u16::from_le_bytes([*yl, *yh]));
                let (dots, rest) = rest.split_at(width * rows);
                for row in dots.chunks(width) {
                    let row = placed(row, place, 1 + usize::from(mode & 1));
                    paper.rows.extend(vec![row; 1 + usize::from(mode >> 1)]);
                }
                place = 0;
                rest
            }
            [0x1D, b'V', b'A', 0, rest @ ..] => {
                paper.cuts += 1;
                rest
            }
            [0x1D, b'(', b'H', 6, 0, 48, 48, a, b, c, d, rest @ ..] => {
                paper.tags.push([*a, *b, *c, *d]);
                rest
            }
            other => panic!("no such command: {:02x?}", &other[..other.len().min(8)]),
        };
    }
    paper
}

/// A row of so many dots for each bit, behind so many white ones.
fn placed(row: &[u8], place: usize, dots: usize) -> Vec<u8> {
    let mut line = vec![0; (place + row.len() * 8 * dots).div_ceil(8)];
    for bit in (0..row.len() * 8).filter(|bit| row[bit / 8] & (0x80 >> (bit % 8)) != 0) {
        for dot in place + bit * dots..place + (bit + 1) * dots {
            line[dot / 8] |= 0x80 >> (dot % 8);
        }
    }
    line
}

impl Paper {
    /// The printed dots as a picture of this width.
    pub(crate) fn picture(&self, width: usize) -> BitImage {
        let mut image = BitImage::white(width, self.rows.len());
        for (y, row) in self.rows.iter().enumerate() {
            for x in 0..row.len() * 8 {
                if row[x / 8] & (0x80 >> (x % 8)) != 0 {
                    assert!(x < width, "a dot right of the picture");
                    image.set(x, y, true);
                }
            }
        }
        image
    }
}
