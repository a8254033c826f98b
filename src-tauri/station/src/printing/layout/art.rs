//! Office art on a piece: logo, slogan and private message, one under the other.

use super::clear::{ArtArea, ClearZone};
use super::stock::Stock;
use super::text::{LayoutRefusal, Passage, Shrinking};
use super::{Field, Sheet, Style};
use crate::printing::art::OfficeArt;
use crate::printing::fonts::Face;
use crate::printing::label::{Image, Item, Point};
use crate::printing::units::{Dpi, Um};

/// White inside the edges of the area, so that no letter that hangs over reaches them.
const INSET: Um = Um::tenths(8);

/// White between the logo and the text.
const UNDER_LOGO: Um = Um::mm(1);

/// The most rows of the slogan and of the message.
const ROWS: usize = 4;

/// What the slogan is called.
const SLOGAN: Field = Field::of("the slogan");

/// What the message is called.
const MESSAGE: Field = Field::of("the private message");

/// The size of a dot of a head.
const fn dot(dpi: Dpi) -> Um {
    match dpi {
        Dpi::D203 => Um(125),
        Dpi::D300 => Um(85),
        Dpi::D600 => Um(42),
    }
}

/// Puts art into its area: beside each other where that is wide and low, else under each other.
///
/// # Errors
/// [`LayoutRefusal`] when slogan or message do not fit.
pub(super) fn office_art(
    sheet: &mut Sheet,
    art: &OfficeArt,
    area: ArtArea,
    dpi: Dpi,
) -> Result<(), LayoutRefusal> {
    let mut area = area.area();
    area.left = area.left + INSET;
    area.top = area.top + INSET;
    area.right = area.right - INSET;
    area.bottom = area.bottom - INSET;
    if let Some(logo) = &art.logo {
        let bits = logo.picture(dpi).clone();
        let side = |dots: usize| dot(dpi) * u32::try_from(dots).unwrap_or(u32::MAX);
        let (width, height) = (side(bits.width()), side(bits.height()));
        if width > area.width() || height > area.height() {
            return Err(LayoutRefusal::TooLong {
                field: Field::of("the logo"),
                stock: sheet.paper.stock,
            });
        }
        let at = Point {
            x: area.left,
            y: area.top,
        };
        sheet.items.push(Item::Image(Image {
            bits,
            at,
            dot: dot(dpi),
        }));
        if area.width() > area.height() * 2 {
            area.left = area.left + width + UNDER_LOGO * 2;
        } else {
            area.top = area.top + height + UNDER_LOGO;
        }
    }
    let bold = Style::left(Face::SemiBold, 85);
    let light = Style::left(Face::Regular, 75);
    let passages: Vec<Passage> = [
        Passage::new(SLOGAN, bold, &art.slogan, ROWS),
        Passage::new(MESSAGE, light, &art.message, ROWS),
    ]
    .into_iter()
    .filter(|passage| !passage.text.is_empty())
    .collect();
    sheet.column(&passages, area, Shrinking::Each).map(drop)
}

/// Whether art fits on every stock that has room for it, at every resolution.
///
/// # Errors
/// [`LayoutRefusal`] with the first that it does not fit on.
pub fn check_art(art: &OfficeArt) -> Result<(), LayoutRefusal> {
    for stock in Stock::all() {
        let area = stock.piece.and_then(|places| {
            let zone = ClearZone::of(&places, stock.width);
            ArtArea::outside(&zone, places.art?)
        });
        let Some(area) = area else { continue };
        for dpi in [Dpi::D203, Dpi::D300, Dpi::D600] {
            office_art(&mut Sheet::new(stock, dpi), art, area, dpi)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
