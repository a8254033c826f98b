//! The label of a piece of postage: the indicium with what people read of it, the addressee, and
//! what the office prints beside it.
//!
//! DMM 604.4: the amount with its currency sign, `U.S. POSTAGE`, the date of mailing, the ZIP the
//! piece is mailed from, the device, the class marking. The half inch left of and below the
//! indicium stays clear by the stock's table and, for office art, by the type of the area it is put
//! in; the symbol keeps three millimetres of white around it by the arithmetic below, which no text
//! can enter: every line is fitted to a width that ends before it.

use jiff::civil::Date;
use shared::ids::PieceSerial;
use shared::money::Mills;

use super::address::{ADDRESSEE, SENDER, address};
use super::art::office_art;
use super::clear::{ArtArea, ClearZone};
use super::stock::{Form, PiecePlaces, Stock};
use super::text::{self, LayoutRefusal, Passage, Shrinking};
use super::{Area, BANNER, Field, Sheet, Style, fim_d};
use crate::printing::art::OfficeArt;
use crate::printing::fonts::Face;
use crate::printing::label::{Item, Label, Matrix, Point};
use crate::printing::symbol::Symbol;
use crate::printing::units::{Dpi, Um};

/// What every label without value says, in one line.
pub const SPECIMEN: &str = "SPECIMEN - NOT VALID FOR POSTAGE";

/// The size of a module: six dots at 300 dpi, four at 203.
pub const MODULE: Um = Um::inches(1, 50);

/// White between the symbol and anything else: more than 30 dots at 300 dpi.
const AROUND_SYMBOL: Um = Um::tenths(31);

/// White between an addressee and art under it.
const OVER_ART: Um = Um::mm(1);

/// Letters of an addressee over art are no smaller: who has to read the address comes first.
const LEAST_OVER_ART: Um = Um::tenth_points(90);

/// The height of art of words alone, a row each.
const WORDS_OF_ART: Um = Um::tenths(88);

/// What the maker's name takes of the footer.
const MAKER_WIDTH: Um = Um::mm(16);

/// What the parts are called in a refusal.
const CLASS: Field = Field::of("the class marking");
const RATE: Field = Field::of("the rate marking");
const ZONE: Field = Field::of("the zone");
const DATE: Field = Field::of("the date of mailing");
const ORIGIN: Field = Field::of("the origin");
const SERIAL: Field = Field::of("the serial");
const POSTAGE: Field = Field::of("the postage");
const MARKING: Field = Field::of("the specimen marking");
const REFERENCE: Field = Field::of("the reference");
const MAKER: Field = Field::of("the maker's name");

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

/// Arranges the label of a piece for a resolution. The symbol is the piece's own or, for a preview,
/// a dummy of the same size; everything else is the same for both.
///
/// # Errors
/// [`LayoutRefusal`] when something does not fit, has characters that are in no font, or when
/// nothing of value is printed on the stock.
pub fn indicium_label(
    face: &IndiciumFace,
    art: Option<&OfficeArt>,
    symbol: &Symbol,
    stock: Stock,
    dpi: Dpi,
) -> Result<Label, LayoutRefusal> {
    let places = stock.piece.ok_or(LayoutRefusal::NotForStock {
        what: "postage",
        stock: stock.title,
    })?;
    let mut sheet = Sheet::new(&stock, dpi);
    let symbol_area = place_symbol(&mut sheet, symbol, &places);
    let text = amount(&mut sheet, face, &places, stock.width, symbol_area)?;
    let more = match places.form {
        Form::Stacked => AROUND_SYMBOL - Um::tenths(8),
        Form::Beside => Um::ZERO,
    };
    particulars(&mut sheet, face, text, more)?;
    if face.specimen {
        let top = match places.form {
            Form::Stacked => symbol_area.bottom + AROUND_SYMBOL,
            Form::Beside => places.indicium.bottom - BANNER,
        };
        let banner = Area {
            top,
            bottom: top + BANNER,
            ..places.indicium
        };
        sheet.banner(MARKING, banner, SPECIMEN)?;
    }
    if let Some(area) = places.from {
        address(&mut sheet, &face.from, area, places.captions, &SENDER)?;
    }
    let art = art.and_then(|art| {
        let zone = ClearZone::of(&places, stock.width);
        let area = ArtArea::outside(&zone, places.art?)?;
        Some((art, area))
    });
    addressee(&mut sheet, face, &places, art, dpi)?;
    footer(&mut sheet, face, &places)?;
    sheet.label(Field::of("the piece"), stock.width, stock.height)
}

/// The symbol at the right: under the amount, or beside it.
fn place_symbol(sheet: &mut Sheet, symbol: &Symbol, places: &PiecePlaces) -> Area {
    let side = MODULE * u32::try_from(symbol.side()).unwrap_or(u32::MAX);
    let left = places.indicium.right - side;
    let top = places.indicium.top
        + match places.form {
            Form::Stacked => Um::tenths(188),
            Form::Beside => AROUND_SYMBOL,
        };
    sheet.items.push(Item::Matrix(Matrix {
        symbol: symbol.clone(),
        at: Point { x: left, y: top },
        module: MODULE,
    }));
    Area {
        left,
        top,
        right: places.indicium.right,
        bottom: top + side,
    }
}

/// Facing identification mark, `U.S. POSTAGE` and the amount; answers where there is room for the
/// particulars.
fn amount(
    sheet: &mut Sheet,
    face: &IndiciumFace,
    places: &PiecePlaces,
    width: Um,
    symbol: Area,
) -> Result<Area, LayoutRefusal> {
    let Area {
        mut left,
        top,
        mut right,
        ..
    } = places.indicium;
    if places.fim {
        sheet.items.push(Item::Bars(fim_d(width)));
        // The mark's clear zone ends an inch and three quarters from the right edge.
        left = width - Um::inches(7, 4) + Um::mm(1);
    }
    let (size, caption, base) = match places.form {
        Form::Stacked => (290, Um::tenths(36), Um::tenths(140)),
        Form::Beside => {
            right = symbol.left - AROUND_SYMBOL;
            (210, Um::tenths(24), Um::tenths(94))
        }
    };
    let at = |down| Point {
        x: right,
        y: top + down,
    };
    let small = Style::right(Face::SemiBold, 80);
    sheet.line(POSTAGE, small, at(caption), "U.S. POSTAGE", right - left)?;
    let text = format!("${}", face.postage);
    let large = Style::right(Face::ExtraBold, size);
    sheet.line(POSTAGE, large, at(base), &text, right - left)?;
    Ok(match places.form {
        Form::Stacked => Area {
            left: places.indicium.left,
            right: symbol.left - AROUND_SYMBOL,
            ..symbol
        },
        Form::Beside => Area {
            left,
            top: top + base + Um::tenths(20),
            right,
            bottom: places.indicium.bottom - BANNER - Um::tenths(15),
        },
    })
}

/// The lines left of the symbol: what was paid for from the top, when, where and by which device
/// from the bottom. Where that is too much, there is `more` height.
fn particulars(
    sheet: &mut Sheet,
    face: &IndiciumFace,
    area: Area,
    more: Um,
) -> Result<(), LayoutRefusal> {
    let date = face.date.strftime("%b %-d, %Y").to_string();
    let mailed = format!("Mailed from ZIP {}", face.origin_zip);
    let zone = face.zone.map(zone_text).unwrap_or_default();
    let serial = face.serial.to_string();
    let (bold, plain) = (
        Style::left(Face::SemiBold, 95),
        Style::left(Face::Regular, 75),
    );
    let upper = [
        Passage::new(CLASS, bold, &face.class_marking, 2),
        Passage::new(RATE, plain, &face.rate_marking, 2),
        Passage::new(ZONE, plain, &zone, 1),
    ];
    let lower = [
        Passage::new(DATE, Style::left(Face::SemiBold, 90), &date, 1),
        Passage::new(ORIGIN, plain, &mailed, 1),
        Passage::new(SERIAL, Style::left(Face::Mono, 66), &serial, 2),
    ];
    let passages: Vec<Passage> = upper
        .into_iter()
        .chain(lower)
        .filter(|passage| !passage.text.is_empty())
        .collect();
    let from_bottom = passages
        .iter()
        .position(|passage| passage.field == DATE)
        .unwrap_or_default();
    let mut area = area;
    let rows = |area: Area| {
        let size = (area.width(), area.height());
        text::block(&passages, size, Shrinking::Each, sheet.paper)
    };
    let rows = match rows(area) {
        Ok(rows) => rows,
        // Very much text may go on beside the white under the symbol.
        Err(_) => {
            area.bottom = area.bottom + more;
            rows(area)?
        }
    };
    let (upper, lower): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|row| row.passage < from_bottom);
    // Capitals are as high as three quarters of their size: the first line's stand at the upper
    // edge, and the last line stands on the lower one.
    let over = upper.first().map_or(Um::ZERO, |row| Um(row.size.0 / 4));
    let under = lower.last().map_or(Um::ZERO, |row| Um(row.size.0 / 4));
    let bottom = area.bottom + under;
    let top_of_lower = bottom - text::height(&lower);
    sheet.rows(upper, area.left, area.top - over);
    sheet.rows(lower, area.left, top_of_lower);
    Ok(())
}

fn zone_text(mark: ZoneMark) -> String {
    if mark.estimated {
        format!("Zone {} (estimated)", mark.zone)
    } else {
        format!("Zone {}", mark.zone)
    }
}

/// The addressee, and art where it has room. Art that would have the place of the addressee only
/// gets what remains of it, without its logo where that helps, or nothing: no piece fails for its
/// art, and no addressee becomes hard to read.
fn addressee(
    sheet: &mut Sheet,
    face: &IndiciumFace,
    places: &PiecePlaces,
    art: Option<(&OfficeArt, ArtArea)>,
    dpi: Dpi,
) -> Result<(), LayoutRefusal> {
    let before = sheet.items.len();
    let Some((art, area)) = art else {
        return set_to(sheet, face, places, places.to);
    };
    let shares = places.to.is_some_and(|to| to.overlaps(&area.area()));
    let words = OfficeArt {
        logo: None,
        ..art.clone()
    };
    let low = area.lower(WORDS_OF_ART);
    let attempts: &[(&OfficeArt, ArtArea)] = match (shares, &art.logo) {
        (false, _) => &[(art, area)],
        (true, Some(_)) if words.is_empty() => &[(art, area)],
        (true, Some(_)) => &[(art, area), (&words, low)],
        (true, None) => &[(&words, low), (&words, area)],
    };
    for (art, area) in attempts {
        let least = sheet.paper.least;
        let to = places.to.map(|to| {
            if !shares {
                return to;
            }
            sheet.paper.least = least.max(LEAST_OVER_ART);
            Area {
                bottom: area.area().top - OVER_ART,
                ..to
            }
        });
        let set = set_to(sheet, face, places, to);
        sheet.paper.least = least;
        if set
            .and_then(|()| office_art(sheet, art, *area, dpi))
            .is_ok()
        {
            return Ok(());
        }
        sheet.items.truncate(before);
    }
    set_to(sheet, face, places, places.to)
}

fn set_to(
    sheet: &mut Sheet,
    face: &IndiciumFace,
    places: &PiecePlaces,
    area: Option<Area>,
) -> Result<(), LayoutRefusal> {
    match area {
        None => Ok(()),
        Some(area) => address(sheet, &face.to, area, places.captions, &ADDRESSEE).map(drop),
    }
}

/// The sender's reference and the maker, under a rule.
fn footer(
    sheet: &mut Sheet,
    face: &IndiciumFace,
    places: &PiecePlaces,
) -> Result<(), LayoutRefusal> {
    let (Some(base), Some(Area { left, right, .. })) = (places.footer, places.to) else {
        return Ok(());
    };
    sheet.rule(left, base - Um::tenths(40), right - left, Um::tenths(2));
    let maker = Style::right(Face::SemiBold, 65);
    let corner = Point { x: right, y: base };
    sheet.line(MAKER, maker, corner, "Pennyblack", MAKER_WIDTH)?;
    let most = right - left - MAKER_WIDTH - Um::mm(2);
    let small = Style::left(Face::Regular, 65);
    let passage = Passage::new(REFERENCE, small, &face.reference, 2);
    let size = (most, Um::tenths(53));
    let rows = text::block(&[passage], size, Shrinking::Each, sheet.paper)?;
    let top = match rows.as_slice() {
        [one] => base - one.size,
        _ => base - Um::tenths(34),
    };
    sheet.rows(rows, left, top);
    Ok(())
}

#[cfg(test)]
mod tests;
