//! The page that shows what a printer makes of bytes: a ruler, densities, the typefaces and a symbol
//! of the size of an indicium's, which is read back as an indicium's would be. It is worth nothing
//! and says so.

use super::stock::{Product, Stock};
use super::{Area, Field, Sheet, Style};
use crate::printing::bits::{BitImage, DotRect};
use crate::printing::fonts::Face;
use crate::printing::label::{Image, Item, Label, Matrix, Point};
use crate::printing::raster::raster;
use crate::printing::self_read::{SelfReadFault, self_read};
use crate::printing::symbol::{self, Symbol, SymbolRefusal};
use crate::printing::units::{Dpi, Um};

/// What nobody may take for postage.
pub const NO_VALUE: &str = "TEST PAGE - NO VALUE";

/// Bytes of its symbol: as many as an indicium of this program has.
const SYMBOL_BYTES: usize = 124;

/// White left at the edges, where heads do not reach.
const MARGIN: Um = Um::mm(4);

/// A module of the symbol, as on an indicium.
const MODULE: Um = super::indicium::MODULE;

/// White below each part, and around the symbol.
const GAP: Um = Um::tenths(31);

/// The side of a patch of one density.
const PATCH: Um = Um::mm(8);

/// A dot of a patch on a page, which has no dots of its own: a hundredth of an inch, which is whole
/// dots of a head of 300 dpi and its multiples.
const PAGE_DOT: Um = Um::inches(1, 100);

/// What a line of the page is called; nobody wrote it, so that nobody is told.
const LINE: Field = Field::of("the test page");

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

/// The test page for a stock; `about` says in one line which printer it is for. It
/// shows a symbol where the stock takes what has one, and that has been read back.
///
/// # Errors
/// [`NoTestPage`].
pub fn test_page(stock: &Stock, dpi: Dpi, about: &str) -> Result<TestPage, NoTestPage> {
    let too_small = NoTestPage::TooSmall {
        width_mm: stock.width.0 / 1_000,
        height_mm: stock.height.0 / 1_000,
    };
    let payload = payload(about);
    let symbol = symbol::encode(&payload).map_err(NoTestPage::Symbol)?;
    let mut page = Page::new(stock, dpi).ok_or(too_small)?;
    let has_symbol = [Product::Piece, Product::Ticket, Product::Lottery]
        .into_iter()
        .any(|product| stock.takes(product));
    let beside = stock.width > stock.height;
    if has_symbol && beside {
        page.symbol_beside(&symbol).ok_or(too_small)?;
    }
    page.ruler();
    if !page.line(Face::ExtraBold, 130, NO_VALUE) {
        return Err(too_small);
    }
    page.line(Face::Regular, 70, about);
    if has_symbol && !beside {
        page.symbol_below(&symbol).ok_or(too_small)?;
    }
    let densities = page.densities();
    for (face, size, text) in SAMPLES {
        page.line(face, size, text);
    }
    let label = page.sheet.label(LINE, stock.width, stock.height);
    let mut label = label.map_err(|_| too_small)?;
    let mut image = raster(&label, dpi);
    let mut patches = Vec::new();
    for (index, (at, patch)) in densities.into_iter().enumerate() {
        fill(&mut image, patch, index);
        patches.push(Item::Image(density(at, index)));
    }
    label.add(patches).map_err(|_| too_small)?;
    if has_symbol {
        self_read(&image, &payload).map_err(NoTestPage::SelfRead)?;
    }
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
    sheet: Sheet,
    dpi: Dpi,
    /// What is left of the paper.
    room: Area,
}

impl Page {
    fn new(stock: &Stock, dpi: Dpi) -> Option<Self> {
        let room = Area {
            left: MARGIN,
            top: MARGIN,
            right: stock.width - MARGIN,
            bottom: stock.height - MARGIN,
        };
        let is_room = room.right > room.left && room.bottom > room.top;
        is_room.then(|| Self {
            sheet: Sheet::new(stock, dpi),
            dpi,
            room,
        })
    }

    /// Takes this height from the top; nothing when there is less.
    fn take(&mut self, height: Um) -> Option<Um> {
        let top = self.room.top;
        if self.room.height() < height {
            return None;
        }
        self.room.top = top + height;
        Some(top)
    }

    /// A line of text, shrunk as any other; left out where it finds no room. Answers whether it did.
    fn line(&mut self, face: Face, tenth_points: u32, text: &str) -> bool {
        let style = Style::left(face, tenth_points);
        let before = self.room;
        let Some(top) = self.take(Um(style.size.0 / 10 * 13)) else {
            return false;
        };
        let at = Point {
            x: self.room.left,
            y: top + style.size,
        };
        let most = self.room.width();
        let fits = self.sheet.line(LINE, style, at, text, most).is_ok();
        if !fits {
            self.room = before;
        }
        fits
    }

    /// The symbol under what stands already.
    fn symbol_below(&mut self, symbol: &Symbol) -> Option<()> {
        let side = side(symbol);
        let top = self.take(GAP + side + GAP)? + GAP;
        if self.room.width() < side {
            return None;
        }
        self.symbol(symbol, self.room.left, top);
        Some(())
    }

    /// The symbol at the right, all the rest left of it.
    fn symbol_beside(&mut self, symbol: &Symbol) -> Option<()> {
        let side = side(symbol);
        let right = self.room.right - side - GAP;
        if self.room.height() < side || right <= self.room.left {
            return None;
        }
        self.symbol(symbol, right + GAP, self.room.top);
        self.room.right = right;
        Some(())
    }

    fn symbol(&mut self, symbol: &Symbol, x: Um, y: Um) {
        self.sheet.items.push(Item::Matrix(Matrix {
            symbol: symbol.clone(),
            at: Point { x, y },
            module: MODULE,
        }));
    }

    /// A ruler of millimetres: a longer mark each five, a number each ten.
    fn ruler(&mut self) {
        let Some(top) = self.take(Um::mm(8)) else {
            return;
        };
        let left = self.room.left;
        let millimetres = self.room.width().0 / 1_000;
        for mm in 0..=millimetres {
            let x = left + Um::mm(mm);
            let height = match (mm % 10, mm % 5) {
                (0, _) => Um::mm(4),
                (_, 0) => Um::mm(3),
                (_, _) => Um::mm(2),
            };
            self.sheet.rule(x, top, Um(130), height);
            if mm % 10 == 0 && mm + 5 < millimetres {
                let at = Point {
                    x,
                    y: top + Um::mm(7),
                };
                let style = Style::left(Face::Regular, 60);
                let fits = self.sheet.line(LINE, style, at, &mm.to_string(), Um::mm(9));
                debug_assert!(fits.is_ok(), "three digits are narrower");
            }
        }
    }

    /// Patches side by side, as far as there is room.
    fn densities(&mut self) -> Vec<(Point, DotRect)> {
        let mut patches = Vec::new();
        let Some(top) = self.take(PATCH) else {
            return patches;
        };
        let mut left = self.room.left;
        while patches.len() < DENSITIES && self.room.right - left >= PATCH {
            let dots = DotRect {
                x: self.dpi.dots(left),
                y: self.dpi.dots(top),
                width: self.dpi.dots(PATCH),
                height: self.dpi.dots(PATCH),
            };
            patches.push((Point { x: left, y: top }, dots));
            left = left + PATCH + Um::mm(1);
        }
        self.room.top = self.room.top + GAP;
        patches
    }
}

/// The side of a symbol on paper.
fn side(symbol: &Symbol) -> Um {
    MODULE * u32::try_from(symbol.side()).unwrap_or(u32::MAX)
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
fn density(at: Point, density: usize) -> Image {
    let side = usize::try_from(PATCH.0 / PAGE_DOT.0).unwrap_or(0);
    let mut bits = BitImage::white(side, side);
    let whole = DotRect {
        x: 0,
        y: 0,
        width: side,
        height: side,
    };
    fill(&mut bits, whole, density);
    Image {
        bits,
        at,
        dot: PAGE_DOT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printing::language::Pace;
    use crate::printing::layout::stock::Feed;
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
                    let page = test_page(stock, dpi, &about)
                        .unwrap_or_else(|refusal| panic!("{about}: {refusal}"));
                    let image = match stock.feed {
                        Feed::Cut | Feed::Roll => page.image,
                        Feed::Sideways => page.image.turned(),
                    };
                    let tag = profile.manners(&sheet, true).tag(7);
                    let job = profile.language.job(&image, &sheet, Pace::Fast, tag);
                    assert!(job.is_ok(), "{about}: {job:?}");
                }
            }
        }
    }

    #[test]
    fn the_page_is_filled_and_its_symbol_says_that_it_is_worth_nothing() {
        let stock = Stock::by_name("label-4x6").unwrap();
        let page = test_page(&stock, Dpi::D203, "x").unwrap();
        let ink = page.image.inked().unwrap();
        assert!(ink.x >= Dpi::D203.dots(Um::mm(3)) && ink.width > Dpi::D203.dots(Um::mm(90)));
        assert_eq!(self_read(&page.image, &payload("x")), Ok(()));
        let pictures = |item: &&Item| matches!(item, Item::Image(_));
        assert_eq!(
            page.label.items().iter().filter(pictures).count(),
            DENSITIES
        );
        assert!(payload("x").starts_with(b"TEST PAGE - NO VALUE"));
        assert_eq!(payload("x").len(), crate::vault::draft::INDICIUM_BYTES);
        let long = test_page(&stock, Dpi::D203, &"W".repeat(300));
        assert!(long.is_ok(), "what says too much is left out");
    }

    #[test]
    fn a_paper_without_room_for_the_symbol_is_refused() {
        let paper = |width, height| Stock {
            width: Um::mm(width),
            height: Um::mm(height),
            ..Stock::by_name("label-4x6").unwrap()
        };
        let refusal = test_page(&paper(60, 20), Dpi::D300, "x").unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "the paper of 60 by 20 mm has no room for a test page"
        );
        let narrow = test_page(&paper(7, 100), Dpi::D300, "x");
        assert!(matches!(narrow, Err(NoTestPage::TooSmall { .. })));
    }
}
