//! Addresses: the lines on a piece, and labels that carry nothing else but, where wanted, an
//! Intelligent Mail barcode.

use shared::imb::{BARS, Bar};

use super::stock::{Feed, Stock};
use super::text::{LayoutRefusal, Passage, Shrinking};
use super::{Area, Field, Sheet, Style};
use crate::printing::fonts::Face;
use crate::printing::label::{Bars, Grid, Item, Label, Point};
use crate::printing::units::{Dpi, Um};

/// The most lines of an address.
pub const MAX_ADDRESS_LINES: usize = 7;

/// What an address takes of the height for its caption.
const CAPTION: Um = Um::tenths(28);

/// How an address looks.
pub(super) struct AddressStyle {
    /// What it is called in a refusal.
    pub(super) what: &'static str,
    /// What stands over it, where the stock has captions.
    pub(super) caption: &'static str,
    pub(super) tenth_points: u32,
    /// The face of the first line.
    pub(super) first: Face,
}

pub(super) const SENDER: AddressStyle = AddressStyle {
    what: "the sender",
    caption: "FROM",
    tenth_points: 85,
    first: Face::Regular,
};

pub(super) const ADDRESSEE: AddressStyle = AddressStyle {
    what: "the addressee",
    caption: "TO",
    tenth_points: 140,
    first: Face::SemiBold,
};

/// Sets an address: all lines in one size, as large as width and number of lines allow, none of
/// them cut or broken. Answers where its next line would begin.
///
/// # Errors
/// [`LayoutRefusal`] with the line.
pub(super) fn address(
    sheet: &mut Sheet,
    lines: &[String],
    area: Area,
    captions: bool,
    style: &AddressStyle,
) -> Result<Um, LayoutRefusal> {
    let lines = lines.iter().map(|line| line.trim());
    let passages: Vec<Passage> = lines
        .filter(|line| !line.is_empty())
        .enumerate()
        .map(|(index, line)| {
            let face = if index == 0 {
                style.first
            } else {
                Face::Regular
            };
            let field = Field::line(style.what, index + 1);
            Passage::new(field, Style::left(face, style.tenth_points), line, 1)
        })
        .collect();
    if passages.is_empty() {
        return Ok(area.top);
    }
    let mut area = area;
    if captions {
        let small = Style::left(Face::SemiBold, 60);
        let at = Point {
            x: area.left,
            y: area.top + Um::mm(2),
        };
        let field = Field::of(style.what);
        sheet.line(field, small, at, style.caption, area.width())?;
        area.top = area.top + CAPTION;
    }
    sheet.column(&passages, area, Shrinking::Together)
}

/// An address for a label of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressFace {
    /// Its lines.
    pub lines: Vec<String>,
    /// The bars of an Intelligent Mail barcode, printed under them.
    pub barcode: Option<[Bar; BARS]>,
}

/// From bar to bar of an Intelligent Mail barcode: 22 an inch (20 to 24, USPS-B-3200).
pub(crate) const IMB_PITCH: Um = Um::inches(1, 22);
/// The width of a bar (0.015 to 0.025 in).
pub(crate) const IMB_BAR: Um = Um::inches(1, 50);
/// The height of the track in the middle (0.048 ± 0.009 in).
pub(crate) const IMB_TRACK: Um = Um::inches(48, 1_000);
/// What sticks out of it on either side; a full bar is 0.145 in high (0.125 to 0.165).
pub(crate) const IMB_REACH: Um = Um::inches(97, 2_000);
/// White above and below (at least 0.028 in) and at the ends (0.125 in).
pub(crate) const IMB_CLEAR: (Um, Um) = (Um::inches(28, 1_000), Um::inches(1, 8));

/// The longest barcode: the even pitch is largest at 300 dpi, 14 dots.
const IMB_LONGEST: Um = Um::inches(65, 21);

/// White between the lines and what must stay clear over a barcode.
const UNDER_LINES: Um = Um::tenths(5);

/// What a barcode takes of the height: a full bar, white over and under it, and that.
const IMB_ROOM: Um = Um(IMB_REACH.0 * 2 + IMB_TRACK.0 + IMB_CLEAR.0.0 * 2 + UNDER_LINES.0);

/// The parts of all bars over, in and under the track.
pub(crate) fn imb_bars(bars: &[Bar; BARS], at: Point) -> [Bars; 3] {
    let reaching = |states: [Bar; 2]| bars.iter().map(|bar| states.contains(bar)).collect();
    let part = |pattern: Vec<bool>, down: Um, height: Um| Bars {
        pattern,
        at: Point {
            x: at.x,
            y: at.y + down,
        },
        pitch: IMB_PITCH,
        bar: IMB_BAR,
        height,
        grid: Grid::Even,
    };
    [
        part(reaching([Bar::Ascender, Bar::Full]), Um::ZERO, IMB_REACH),
        part(vec![true; BARS], IMB_REACH, IMB_TRACK),
        part(
            reaching([Bar::Descender, Bar::Full]),
            IMB_REACH + IMB_TRACK,
            IMB_REACH,
        ),
    ]
}

/// Arranges an address label.
///
/// # Errors
/// [`LayoutRefusal`] when a line or the barcode does not fit.
pub fn address_label(face: &AddressFace, stock: &Stock, dpi: Dpi) -> Result<Label, LayoutRefusal> {
    let place = stock.address.ok_or(LayoutRefusal::NotForStock {
        what: "an address",
        stock: stock.title,
    })?;
    let mut sheet = Sheet::new(stock, dpi);
    let lines = Area {
        bottom: match &face.barcode {
            None => place.bottom,
            Some(_) => place.bottom - IMB_ROOM,
        },
        ..place
    };
    let down = address(&mut sheet, &face.lines, lines, false, &ADDRESSEE)?;
    if let Some(bars) = &face.barcode {
        let (over, beside) = IMB_CLEAR;
        let at = Point {
            x: place.left.max(beside),
            y: down.min(lines.bottom) + over + UNDER_LINES,
        };
        if at.x + IMB_LONGEST + beside > stock.width || lines.bottom <= place.top {
            return Err(LayoutRefusal::TooLong {
                field: Field::of("the barcode"),
                stock: stock.title,
            });
        }
        sheet.items.extend(imb_bars(bars, at).map(Item::Bars));
    }
    let height = match stock.feed {
        Feed::Roll => place.bottom + Um::mm(4),
        Feed::Cut | Feed::Sideways => stock.height,
    };
    sheet.label(Field::of("the address"), stock.width, height)
}

#[cfg(test)]
mod tests;
