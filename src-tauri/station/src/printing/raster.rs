//! From a label to dots: no anti-aliasing, every module a whole number of dots.
//!
//! The module grid of a symbol is laid out once from a whole origin; rounding each module by
//! itself would make some of them wider than others, which is what verifiers mark down.

use super::bits::{BitImage, DotRect};
use super::fonts;
use super::label::{Align, Bars, Grid, Image, Item, Label, Matrix, Rect, Text};
use super::units::{Dpi, Um};

/// Draws a label.
#[must_use]
pub fn raster(label: &Label, dpi: Dpi) -> BitImage {
    let mut image = BitImage::white(dpi.dots(label.width()), dpi.dots(label.height()));
    for item in label.items() {
        match item {
            Item::Text(text) => draw_text(&mut image, text, dpi),
            Item::Matrix(matrix) => draw_matrix(&mut image, matrix, dpi),
            Item::Bars(bars) => draw_bars(&mut image, bars, dpi),
            Item::Rect(rect) => draw_rect(&mut image, *rect, dpi),
            Item::Image(picture) => draw_image(&mut image, picture, dpi),
        }
    }
    image
}

/// Dots of one module: the nearest whole number, but never fewer than [`least_module_dots`].
#[must_use]
pub fn module_dots(module: Um, dpi: Dpi) -> usize {
    dpi.dots(module).max(least_module_dots(dpi))
}

/// The fewest dots of a module from which a printed symbol is still read (measured with dot gain,
/// blur and a slant): 3 at 203 dpi, 4 at 300; at 600 as large on paper as at 300.
#[must_use]
pub const fn least_module_dots(dpi: Dpi) -> usize {
    match dpi {
        Dpi::D203 => 3,
        Dpi::D300 => 4,
        Dpi::D600 => 8,
    }
}

fn draw_text(image: &mut BitImage, text: &Text, dpi: Dpi) {
    let eighths = u16::try_from(dpi.dots(text.size * 8)).unwrap_or(u16::MAX);
    let strike = fonts::strike(text.face, eighths);
    let left = match text.align {
        Align::Left => text.at.x,
        Align::Center => Um(text.at.x.0.saturating_sub(line_width(text).0 / 2)),
        Align::Right => text.at.x - line_width(text),
    };
    let base = dpi.dots(text.at.y);
    let mut units = 0_u64;
    for letter in text.text.chars() {
        let advanced = units * u64::from(text.size.0) / u64::from(strike.units_per_em());
        let pen = left + Um(u32::try_from(advanced).unwrap_or(u32::MAX));
        let glyph = strike.glyph(letter);
        if let (Ok(x), Ok(y)) = (isize::try_from(dpi.dots(pen)), isize::try_from(base)) {
            image.stencil(
                x.saturating_add(glyph.left),
                y.saturating_add(glyph.top),
                &glyph.bits,
            );
        }
        units += u64::from(strike.advance(letter));
    }
}

fn line_width(text: &Text) -> Um {
    fonts::width(text.face, text.size, &text.text)
}

fn draw_matrix(image: &mut BitImage, matrix: &Matrix, dpi: Dpi) {
    let module = module_dots(matrix.module, dpi);
    let (left, top) = (dpi.dots(matrix.at.x), dpi.dots(matrix.at.y));
    for row in 0..matrix.symbol.side() {
        let y = top + row * module;
        let mut column = 0;
        for run in matrix.symbol.row(row).chunk_by(|a, b| a == b) {
            if run[0] {
                image.fill(DotRect {
                    x: left + column * module,
                    y,
                    width: run.len() * module,
                    height: module,
                });
            }
            column += run.len();
        }
    }
}

fn draw_bars(image: &mut BitImage, bars: &Bars, dpi: Dpi) {
    let width = dpi.dots(bars.bar).max(1);
    let (left, top) = (dpi.dots(bars.at.x), dpi.dots(bars.at.y));
    let (pitch, height) = match bars.grid {
        Grid::Nearest => (None, dpi.dots(bars.height)),
        // What stands on each other on the label does so in dots.
        Grid::Even => (
            Some(dpi.dots(bars.pitch)),
            dpi.dots(bars.at.y + bars.height).saturating_sub(top),
        ),
    };
    let mut exact = bars.at.x;
    for (position, &bar) in bars.pattern.iter().enumerate() {
        if bar {
            let x = pitch.map_or_else(|| dpi.dots(exact), |pitch| left + position * pitch);
            image.fill(DotRect {
                x,
                y: top,
                width,
                height,
            });
        }
        exact = exact + bars.pitch;
    }
}

/// Edges are rounded rather than sizes, so that rectangles that meet on the label meet in dots.
fn draw_rect(image: &mut BitImage, rect: Rect, dpi: Dpi) {
    let (x, y) = (dpi.dots(rect.at.x), dpi.dots(rect.at.y));
    image.fill(DotRect {
        x,
        y,
        width: (dpi.dots(rect.at.x + rect.width) - x).max(1),
        height: (dpi.dots(rect.at.y + rect.height) - y).max(1),
    });
}

fn draw_image(image: &mut BitImage, picture: &Image, dpi: Dpi) {
    let dot = dpi.dots(picture.dot).max(1);
    let (left, top) = (dpi.dots(picture.at.x), dpi.dots(picture.at.y));
    if let (1, Ok(x), Ok(y)) = (dot, isize::try_from(left), isize::try_from(top)) {
        image.stencil(x, y, &picture.bits);
        return;
    }
    for y in 0..picture.bits.height() {
        for x in 0..picture.bits.width() {
            if picture.bits.black(x, y) {
                image.fill(DotRect {
                    x: left + x * dot,
                    y: top + y * dot,
                    width: dot,
                    height: dot,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fonts::Face;
    use super::super::label::Point;
    use super::super::symbol;
    use super::*;

    fn label_with(item: Item) -> Label {
        let mut label = Label::new(Um::mm(40), Um::mm(40)).unwrap();
        label.add([item]).unwrap();
        label
    }

    #[test]
    fn every_module_is_the_same_whole_number_of_dots() {
        let symbol = symbol::encode(b"The grid is laid out once.").unwrap();
        let label = label_with(Item::Matrix(Matrix {
            symbol: symbol.clone(),
            at: Point {
                x: Um(5_037),
                y: Um(4_911),
            },
            module: Um(500),
        }));
        for (dpi, dots) in [(Dpi::D203, 4), (Dpi::D300, 6), (Dpi::D600, 12)] {
            let image = raster(&label, dpi);
            let (left, top) = (dpi.dots(Um(5_037)), dpi.dots(Um(4_911)));
            for y in 0..image.height() {
                for x in 0..image.width() {
                    let dark = x >= left
                        && y >= top
                        && (y - top) / dots < symbol.side()
                        && symbol.row((y - top) / dots).get((x - left) / dots) == Some(&true);
                    assert_eq!(image.black(x, y), dark, "{x},{y} at {dpi:?}");
                }
            }
        }
    }

    #[test]
    fn modules_never_fall_below_what_was_measured_as_readable() {
        assert_eq!(module_dots(Um(100), Dpi::D203), 3);
        assert_eq!(module_dots(Um(100), Dpi::D300), 4);
        assert_eq!(module_dots(Um(100), Dpi::D600), 8);
        assert_eq!(module_dots(Um(508), Dpi::D300), 6);
    }

    #[test]
    fn text_ends_where_its_alignment_says() {
        let columns = |align| {
            let image = raster(
                &label_with(Item::Text(Text {
                    face: Face::SemiBold,
                    size: Um::tenth_points(120),
                    at: Point {
                        x: Um::mm(20),
                        y: Um::mm(20),
                    },
                    align,
                    text: "HHH".to_owned(),
                })),
                Dpi::D300,
            );
            let black: Vec<usize> = (0..image.width())
                .filter(|&x| (0..image.height()).any(|y| image.black(x, y)))
                .collect();
            (black[0], black[black.len() - 1])
        };
        let middle = Dpi::D300.dots(Um::mm(20));
        let (left, _) = columns(Align::Left);
        assert!((middle..middle + 8).contains(&left), "{left}");
        let (_, right) = columns(Align::Right);
        assert!((middle - 8..middle).contains(&right), "{right}");
        let (left, right) = columns(Align::Center);
        assert!(
            (middle - left).abs_diff(right - middle) <= 3,
            "{left}..{right}"
        );
    }

    #[test]
    fn rectangles_that_end_together_on_the_label_end_together_in_dots() {
        for bottom in 10_000..10_300 {
            let ends = [9_600, 4_321].map(|top| {
                let label = label_with(Item::Rect(Rect {
                    at: Point {
                        x: Um::mm(1),
                        y: Um(top),
                    },
                    width: Um::mm(1),
                    height: Um(bottom - top),
                }));
                let image = raster(&label, Dpi::D203);
                (0..image.height()).rev().find(|&y| image.black(10, y))
            });
            assert_eq!(ends[0], ends[1], "{bottom}");
        }
    }

    #[test]
    fn a_picture_has_the_same_dots_one_for_one_and_enlarged() {
        let mut bits = BitImage::white(13, 3);
        for x in (0..13).step_by(3) {
            bits.set(x, x % 3, true);
        }
        for (dot, dots) in [(Um(85), 1), (Um(170), 2)] {
            let label = label_with(Item::Image(Image {
                bits: bits.clone(),
                at: Point {
                    x: Um::mm(3),
                    y: Um::mm(2),
                },
                dot,
            }));
            let image = raster(&label, Dpi::D300);
            let (left, top) = (Dpi::D300.dots(Um::mm(3)), Dpi::D300.dots(Um::mm(2)));
            assert_eq!(image.black_dots(), bits.black_dots() * dots * dots);
            for y in 0..3 * dots {
                for x in 0..13 * dots {
                    let wanted = bits.black(x / dots, y / dots);
                    assert_eq!(image.black(left + x, top + y), wanted);
                }
            }
        }
    }

    #[test]
    fn what_reaches_over_the_edge_is_cut_off_without_harm() {
        let far = Point {
            x: Um::mm(39),
            y: Um::mm(39),
        };
        let label = label_with(Item::Rect(Rect {
            at: far,
            width: Um::mm(500),
            height: Um::mm(500),
        }));
        let image = raster(&label, Dpi::D203);
        assert!(image.black(image.width() - 1, image.height() - 1));
        assert!(!image.black(0, image.height() - 1));
    }
}
