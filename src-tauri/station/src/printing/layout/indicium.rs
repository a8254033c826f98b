//! The label of a piece of postage: the indicium with what people read of it, and the addressee.
//!
//! DMM 604.4: the amount with its currency sign, `U.S. POSTAGE`, the date of mailing, the ZIP the
//! piece is mailed from, the device, the class marking. The half inch left of and below the
//! indicium stays clear by the stock's table, and the symbol keeps three millimetres of white
//! around it by the arithmetic below, which no text can enter: every line is fitted to a width
//! that ends before it.

use jiff::civil::Date;
use shared::ids::PieceSerial;
use shared::money::Mills;

use super::stock::Stock;
use super::{Area, Sheet, Style, fim_d};
use crate::printing::fonts::Face;
use crate::printing::label::{Item, Label, Matrix, Point};
use crate::printing::symbol::Symbol;
use crate::printing::units::Um;

/// What every label without value says, in one line.
pub const SPECIMEN: &str = "SPECIMEN - NOT VALID FOR POSTAGE";

/// The size of a module: six dots at 300 dpi, four at 203.
pub const MODULE: Um = Um::inches(1, 50);

/// White between the symbol and anything else: more than 30 dots at 300 dpi.
const AROUND_SYMBOL: Um = Um::tenths(31);

/// The most lines of an address that are printed.
pub const MAX_ADDRESS_LINES: usize = 7;

/// What people read on a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndiciumFace {
    /// The postage.
    pub postage: Mills,
    /// The date of mailing.
    pub date: Date,
    /// The ZIP the piece is mailed from.
    pub origin_zip: String,
    /// Device and piece counter.
    pub serial: PieceSerial,
    /// The class marking, for example `FIRST-CLASS MAIL`.
    pub class_marking: String,
    /// What the price is for, for example `Metered letter, 0.9 oz`; may be empty.
    pub rate_marking: String,
    /// The zone, for zoned classes.
    pub zone: Option<ZoneMark>,
    /// The addressee, line by line.
    pub to: Vec<String>,
    /// The sender, line by line; printed where the stock has room for it.
    pub from: Vec<String>,
    /// The cost centre or another reference of the sender; may be empty.
    pub reference: String,
    /// Whether the piece has no value.
    pub specimen: bool,
}

/// A zone as the label states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZoneMark {
    /// The zone.
    pub zone: u8,
    /// Whether it was estimated by distance.
    pub estimated: bool,
}

/// Arranges the label of a piece. The symbol is the piece's own or, for a preview, a dummy of the
/// same size; everything else is the same for both.
#[must_use]
pub fn indicium_label(face: &IndiciumFace, symbol: &Symbol, stock: Stock) -> Label {
    let mut sheet = Sheet::default();
    amount(&mut sheet, face, stock);
    let symbol_area = place_symbol(&mut sheet, symbol, stock);
    particulars(&mut sheet, face, stock, symbol_area);
    if face.specimen {
        specimen(&mut sheet, stock, symbol_area);
    }
    if let Some(area) = stock.from {
        address(&mut sheet, &face.from, area, stock, SENDER);
    }
    address(&mut sheet, &face.to, stock.to, stock, ADDRESSEE);
    footer(&mut sheet, face, stock);
    let mut label =
        Label::new(stock.width, stock.height).expect("a test holds every stock to the bounds");
    label
        .add(sheet.items)
        .expect("a label has at most forty items, as the steps above add them");
    label
}

/// The upper row: facing identification mark, `U.S. POSTAGE`, the amount.
fn amount(sheet: &mut Sheet, face: &IndiciumFace, stock: Stock) {
    let Area {
        mut left,
        top,
        right,
        ..
    } = stock.indicium;
    if stock.fim {
        sheet.items.push(Item::Bars(fim_d(stock.width)));
        // The mark's clear zone ends an inch and three quarters from the right edge.
        left = stock.width - Um::inches(7, 4) + Um::mm(1);
    }
    let most = right - left;
    let caption = Style::right(Face::SemiBold, 80);
    sheet.line(caption, right, top + Um::tenths(36), "U.S. POSTAGE", most);
    let text = format!("${}", face.postage);
    let style = Style::right(Face::ExtraBold, 290);
    sheet.line(style, right, top + Um::tenths(140), &text, most);
}

/// The symbol at the right, under the amount.
fn place_symbol(sheet: &mut Sheet, symbol: &Symbol, stock: Stock) -> Area {
    let side = MODULE * u32::try_from(symbol.side()).unwrap_or(u32::MAX);
    let left = stock.indicium.right - side;
    let top = stock.indicium.top + Um::tenths(188);
    sheet.items.push(Item::Matrix(Matrix {
        symbol: symbol.clone(),
        at: Point { x: left, y: top },
        module: MODULE,
    }));
    Area {
        left,
        top,
        right: stock.indicium.right,
        bottom: top + side,
    }
}

/// The lines left of the symbol.
fn particulars(sheet: &mut Sheet, face: &IndiciumFace, stock: Stock, symbol: Area) {
    let left = stock.indicium.left;
    let most = symbol.left - AROUND_SYMBOL - left;
    let date = face.date.strftime("%b %-d, %Y").to_string();
    let mailed = format!("Mailed from ZIP {}", face.origin_zip);
    let zone = face.zone.map(zone_text).unwrap_or_default();
    let top = symbol.top;
    let mut y = top + Um::tenths(25);
    sheet.line(
        Style::left(Face::SemiBold, 95),
        left,
        y,
        &face.class_marking,
        most,
    );
    for text in [&face.rate_marking, &zone] {
        if !text.is_empty() {
            y = y + Um::tenths(36);
            sheet.line(Style::left(Face::Regular, 75), left, y, text, most);
        }
    }
    let bottom = symbol.bottom;
    let serial = face.serial.to_string();
    sheet.line(
        Style::left(Face::SemiBold, 90),
        left,
        bottom - Um::tenths(77),
        &date,
        most,
    );
    sheet.line(
        Style::left(Face::Regular, 75),
        left,
        bottom - Um::tenths(40),
        &mailed,
        most,
    );
    sheet.line(
        Style::left(Face::Mono, 66),
        left,
        bottom - Um::tenths(4),
        &serial,
        most,
    );
}

fn zone_text(mark: ZoneMark) -> String {
    if mark.estimated {
        format!("Zone {} (estimated)", mark.zone)
    } else {
        format!("Zone {}", mark.zone)
    }
}

/// The framed line across the indicium, under the symbol.
fn specimen(sheet: &mut Sheet, stock: Stock, symbol: Area) {
    let top = symbol.bottom + AROUND_SYMBOL;
    let frame = Area {
        left: stock.indicium.left,
        top,
        right: stock.indicium.right,
        bottom: top + Um::tenths(57),
    };
    sheet.frame(frame, Um::tenths(4));
    let middle = Um(frame.left.0.midpoint(frame.right.0));
    let style = Style::center(Face::SemiBold, 80);
    let most = frame.width() - Um::mm(3);
    sheet.line(style, middle, top + Um::tenths(39), SPECIMEN, most);
}

/// How an address looks.
struct AddressStyle {
    caption: &'static str,
    tenth_points: u32,
    first: Face,
}

const SENDER: AddressStyle = AddressStyle {
    caption: "FROM",
    tenth_points: 85,
    first: Face::Regular,
};

const ADDRESSEE: AddressStyle = AddressStyle {
    caption: "TO",
    tenth_points: 140,
    first: Face::SemiBold,
};

/// An address, its caption above it; the size is as large as width and number of lines allow.
fn address(sheet: &mut Sheet, lines: &[String], area: Area, stock: Stock, style: AddressStyle) {
    let lines: Vec<&str> = lines
        .iter()
        .map(|line| line.trim())
        .filter(|line| !line.is_empty())
        .take(MAX_ADDRESS_LINES)
        .collect();
    if lines.is_empty() {
        return;
    }
    let mut top = area.top;
    if stock.captions {
        let small = Style::left(Face::SemiBold, 60);
        sheet.line(
            small,
            area.left,
            top + Um::mm(2),
            style.caption,
            area.width(),
        );
        top = top + Um::tenths(28);
    }
    let size = address_size(&lines, area, top, &style);
    let leading = Um(size.0 / 100 * 125);
    let mut y = top + size;
    for (index, line) in lines.iter().enumerate() {
        let face = if index == 0 {
            style.first
        } else {
            Face::Regular
        };
        let line_style = Style {
            face,
            size,
            ..Style::left(face, style.tenth_points)
        };
        // A line that is still too long becomes smaller than the others: an address is not cut.
        sheet.line(line_style, area.left, y, line, area.width());
        y = y + leading;
    }
}

fn address_size(lines: &[&str], area: Area, top: Um, style: &AddressStyle) -> Um {
    let wanted = Um::tenth_points(style.tenth_points);
    let count = u32::try_from(lines.len()).unwrap_or(1).max(1);
    let by_height = Um((area.bottom - top).0 / count / 125 * 100);
    let by_width = lines
        .iter()
        .map(|line| super::shrunk(style.first, wanted, line, area.width()))
        .min()
        .unwrap_or(wanted);
    wanted.min(by_height).min(by_width)
}

/// The sender's reference and the maker, under a rule.
fn footer(sheet: &mut Sheet, face: &IndiciumFace, stock: Stock) {
    let Some(base) = stock.footer else {
        return;
    };
    let Area { left, right, .. } = stock.to;
    let half = Um((right - left).0 / 2);
    sheet.rule(left, base - Um::tenths(40), right - left, Um::tenths(2));
    let (small, maker) = (
        Style::left(Face::Regular, 65),
        Style::right(Face::SemiBold, 65),
    );
    sheet.line(small, left, base, &face.reference, half);
    sheet.line(maker, right, base, "Pennyblack", half);
}

#[cfg(test)]
mod tests;
