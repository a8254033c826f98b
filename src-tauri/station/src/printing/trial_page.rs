//! The page that shows what a printer makes of bytes: a ruler, densities, the typefaces and a symbol
//! of the size of an indicium's, which is read back as an indicium's would be. It is worth nothing
//! and says so.

use super::bits::{BitImage, DotRect};
use super::fonts::{self, Face};
use super::label::{Align, Image, Item, Label, Matrix, Point, Rect, Text};
use super::raster::raster;
use super::self_read::{SelfReadFault, self_read};
use super::symbol::{self, SymbolRefusal};
use super::units::{Dpi, Um};

/// What nobody may take for postage.
pub const NO_VALUE: &str = "TEST PAGE - NO VALUE";

/// Bytes of its symbol: as many as an indicium of this program has.
const SYMBOL_BYTES: usize = 124;

/// White left at the edges, where heads do not reach.
const MARGIN: Um = Um::mm(4);

/// A module of the symbol, as on an indicium.
const MODULE: Um = Um::inches(1, 50);

/// White below each part.
const GAP: Um = Um::mm(3);

/// The side of a patch of one density.
const PATCH: Um = Um::mm(8);

/// Lines that show the typefaces: sizes in tenths of points.
const SAMPLES: [(Face, u32, &str); 5] = [
    (Face::ExtraBold, 200, "$0.00"),
    (Face::SemiBold, 100, "FIRST-CLASS MAIL"),
    (Face::Regular, 90, "Grumpy wizards make toxic brew"),
    (Face::Regular, 60, "for the evil Queen and Jack. 0123456789"),
    (Face::Mono, 80, "ZZ010000000000-000000"),
];

/// Why there is no test page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTestPage {
    /// Not even the symbol finds room.
    #[error("the paper of {width_mm} by {height_mm} mm has no room for a test page")]
    TooSmall {
        /// The width of the paper, whole millimetres.
        width_mm: u32,
        /// The height of the paper, whole millimetres.
        height_mm: u32,
    },
    /// The symbol cannot be made.
    #[error("the symbol of the test page cannot be made")]
    Symbol(#[source] SymbolRefusal),
    /// The symbol does not read back from the picture.
    #[error("the symbol of the test page does not read back")]
    SelfRead(#[source] SelfReadFault),
}

/// A test page.
#[derive(Clone, Debug)]
pub struct TestPage {
    /// Its display list, for printers of pages.
    pub label: Label,
    /// Its picture, dot by dot.
    pub image: BitImage,
}

/// The test page for a paper; `about` says in one line which printer it is for. Its
/// symbol has been read back.
///
/// # Errors
/// [`NoTestPage`].
pub fn test_page(width: Um, height: Um, dpi: Dpi, about: &str) -> Result<TestPage, NoTestPage> {
    let too_small = NoTestPage::TooSmall {
        width_mm: width.0 / 1_000,
        height_mm: height.0 / 1_000,
    };
    let payload = payload(about);
    let symbol = symbol::encode(&payload).map_err(NoTestPage::Symbol)?;
    let side = MODULE * u32::try_from(symbol.side()).unwrap_or(u32::MAX);
    let mut page = Page::new(width, height).ok_or(too_small)?;
    page.ruler();
    page.line(Face::ExtraBold, 130, NO_VALUE);
    page.line(Face::Regular, 70, about);
    page.top = page.top + GAP;
    let at = Point {
        x: page.left,
        y: page.room(side).ok_or(too_small)?,
    };
    page.items.push(Item::Matrix(Matrix {
        symbol,
        at,
        module: MODULE,
    }));
    page.top = page.top + GAP;
    let densities = page.densities(dpi);
    for (face, size, text) in SAMPLES {
        page.line(face, size, text);
    }
    let mut label = Label::new(width, height).map_err(|_| too_small)?;
    label.add(page.items).map_err(|_| too_small)?;
    let mut image = raster(&label, dpi);
    let mut patches = Vec::new();
    for (index, (at, patch)) in densities.into_iter().enumerate() {
        fill(&mut image, patch, index);
        patches.push(Item::Image(density(at, patch, index, dpi)));
    }
    label.add(patches).map_err(|_| too_small)?;
    self_read(&image, &payload).map_err(NoTestPage::SelfRead)?;
    Ok(TestPage { label, image })
}

/// What the symbol says: that it is worth nothing, and for which printer.
fn payload(about: &str) -> Vec<u8> {
    let mut bytes = format!("{NO_VALUE} | {about} |").into_bytes();
    bytes.resize(SYMBOL_BYTES, b' ');
    bytes
}

/// A page that is filled from its top.
struct Page {
    left: Um,
    right: Um,
    bottom: Um,
    /// Where the next part begins.
    top: Um,
    items: Vec<Item>,
}

impl Page {
    fn new(width: Um, height: Um) -> Option<Self> {
        let page = Self {
            left: MARGIN,
            right: width - MARGIN,
            bottom: height - MARGIN,
            top: MARGIN,
            items: Vec::new(),
        };
        (page.right > page.left && page.bottom > page.top).then_some(page)
    }

    /// Room of this height; nothing when there is none.
    fn room(&mut self, height: Um) -> Option<Um> {
        let top = self.top;
        if self.bottom - top < height {
            return None;
        }
        self.top = top + height;
        Some(top)
    }

    /// A line of text, where it finds room in height and width.
    fn line(&mut self, face: Face, tenth_points: u32, text: &str) {
        let size = Um::tenth_points(tenth_points);
        let text = fonts::fitted(face, size, text, self.right - self.left);
        if let Some(top) = self.room(Um(size.0 / 10 * 13)) {
            self.items.push(Item::Text(Text {
                face,
                size,
                at: Point {
                    x: self.left,
                    y: top + size,
                },
                align: Align::Left,
                text,
            }));
        }
    }

    /// A ruler of millimetres: a longer mark each five, a number each ten.
    fn ruler(&mut self) {
        let Some(top) = self.room(Um::mm(8)) else {
            return;
        };
        let millimetres = (self.right - self.left).0 / 1_000;
        for mm in 0..=millimetres {
            let x = self.left + Um::mm(mm);
            let height = match (mm % 10, mm % 5) {
                (0, _) => Um::mm(4),
                (_, 0) => Um::mm(3),
                (_, _) => Um::mm(2),
            };
            self.items.push(Item::Rect(Rect {
                at: Point { x, y: top },
                width: Um(130),
                height,
            }));
            if mm % 10 == 0 && mm < millimetres {
                self.items.push(Item::Text(Text {
                    face: Face::Regular,
                    size: Um::tenth_points(60),
                    at: Point {
                        x,
                        y: top + Um::mm(7),
                    },
                    align: Align::Left,
                    text: mm.to_string(),
                }));
            }
        }
    }

    /// Patches side by side, as far as there is room.
    fn densities(&mut self, dpi: Dpi) -> Vec<(Point, DotRect)> {
        let mut patches = Vec::new();
        let Some(top) = self.room(PATCH) else {
            return patches;
        };
        let mut left = self.left;
        while patches.len() < DENSITIES && self.right - left >= PATCH {
            let dots = DotRect {
                x: dpi.dots(left),
                y: dpi.dots(top),
                width: dpi.dots(PATCH),
                height: dpi.dots(PATCH),
            };
            patches.push((Point { x: left, y: top }, dots));
            left = left + PATCH + Um::mm(1);
        }
        self.top = self.top + GAP;
        patches
    }
}

/// How many densities there are.
const DENSITIES: usize = 6;

/// One density, dot by dot: solid, lines along and across the head, a chessboard, and every fourth
/// and ninth dot.
fn fill(image: &mut BitImage, patch: DotRect, density: usize) {
    for y in patch.y..patch.y + patch.height {
        for x in patch.x..patch.x + patch.width {
            let black = match density {
                0 => true,
                1 => y.is_multiple_of(2),
                2 => x.is_multiple_of(2),
                3 => (x + y).is_multiple_of(2),
                4 => x.is_multiple_of(2) && y.is_multiple_of(2),
                _ => x.is_multiple_of(3) && y.is_multiple_of(3),
            };
            image.set(x, y, black);
        }
    }
}

/// The patch of one density as a part of a label.
fn density(at: Point, patch: DotRect, density: usize, dpi: Dpi) -> Image {
    let whole = DotRect {
        x: 0,
        y: 0,
        ..patch
    };
    let mut bits = BitImage::white(patch.width, patch.height);
    fill(&mut bits, whole, density);
    let dot = Um(Um::inches(1, 1).0 / u32::from(dpi.number()));
    Image { bits, at, dot }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printing::language::Pace;
    use crate::printing::profile::Profile;

    #[test]
    fn every_model_can_print_the_page_of_each_stock_it_takes() {
        for profile in Profile::all() {
            for stock in profile.stocks() {
                for dpi in profile
                    .dpi
                    .iter()
                    .map(|&number| Dpi::from_number(number).unwrap())
                {
                    let about = format!("{}, {}, {} dpi", profile.title, stock.title, dpi.number());
                    let sheet = profile.sheet(stock, dpi).unwrap();
                    match test_page(stock.width, stock.height, dpi, &about) {
                        Ok(page) => {
                            let tag = profile.manners(&sheet, true).tag(7);
                            let job = profile.language.job(&page.image, &sheet, Pace::Fast, tag);
                            assert!(job.is_ok(), "{about}: {job:?}");
                        }
                        Err(NoTestPage::TooSmall { .. }) => {
                            let (width, height) = (stock.width, stock.height);
                            assert!(width < Um::mm(40) || height < Um::mm(60), "{about}");
                        }
                        Err(refusal) => panic!("{about}: {refusal}"),
                    }
                }
            }
        }
    }

    #[test]
    fn the_page_is_filled_and_its_symbol_says_that_it_is_worth_nothing() {
        let page = test_page(Um::inches(4, 1), Um::inches(6, 1), Dpi::D203, "x").unwrap();
        let ink = page.image.inked().unwrap();
        assert!(ink.x >= Dpi::D203.dots(Um::mm(3)) && ink.width > Dpi::D203.dots(Um::mm(90)));
        assert_eq!(self_read(&page.image, &payload("x")), Ok(()));
        assert!(payload("x").starts_with(b"TEST PAGE - NO VALUE"));
        assert_eq!(payload("x").len(), crate::vault::draft::INDICIUM_BYTES);
        let long = test_page(
            Um::inches(4, 1),
            Um::inches(6, 1),
            Dpi::D203,
            &"W".repeat(300),
        );
        assert!(long.is_ok(), "what says too much is cut");
    }

    #[test]
    fn a_paper_without_room_for_the_symbol_is_refused() {
        let refusal = test_page(Um::mm(60), Um::mm(20), Dpi::D300, "x").unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "the paper of 60 by 20 mm has no room for a test page"
        );
        let narrow = test_page(Um::mm(7), Um::mm(100), Dpi::D300, "x");
        assert!(matches!(narrow, Err(NoTestPage::TooSmall { .. })));
    }
}
