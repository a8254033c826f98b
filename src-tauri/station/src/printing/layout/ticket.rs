//! Admission tickets: on stock with a stub that is torn off, and on rolls and labels without one.
//!
//! Nothing crosses the perforation: body and stub are areas of the stock's table three millimetres
//! away from it, and every text and symbol is fitted to one of them.

use jiff::civil::DateTime;

use super::flow::{COLUMNS, Flow, SMALL, columns_in};
use super::stock::{Stock, TicketPlaces};
use super::text::{self, LayoutRefusal, Passage, Shrinking};
use super::{Area, BANNER, Field, Sheet, Style};
use crate::printing::fonts::Face;
use crate::printing::label::{Item, Label, Matrix, Point};
use crate::printing::symbol::Symbol;
use crate::printing::units::{Dpi, Um};

/// What a ticket says that opens no door.
pub const NOT_VALID: &str = "SPECIMEN - NOT VALID FOR ADMISSION";

/// The size of a module of a ticket's symbol: as large as that of an indicium.
pub const MODULE: Um = super::indicium::MODULE;

/// White around the symbol.
const AROUND_SYMBOL: Um = Um::tenths(31);

/// The most columns of a place: more would be too narrow to read.
pub const MAX_PLACES: usize = 4;

/// What a visitor reads on a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketFace {
    /// The event.
    pub event: String,
    /// Where it is.
    pub venue: String,
    /// When it begins, by the clock of the place.
    pub begins: DateTime,
    /// Where the visitor sits or stands: for example `SECTION`, `B`; at most [`MAX_PLACES`].
    pub places: Vec<(String, String)>,
    /// Whom it admits, or for what price group; may be empty.
    pub admits: String,
    /// What was paid, as people read it; may be empty.
    pub price: String,
    /// The ticket's own number.
    pub serial: String,
    /// The terms; may be empty.
    pub terms: String,
    /// Whether it opens no door.
    pub specimen: bool,
}

const WHOLE: Field = Field::of("the ticket");
const EVENT: Field = Field::of("the event");
const VENUE: Field = Field::of("the venue");
const BEGINS: Field = Field::of("the beginning");
const ADMITS: Field = Field::of("whom it admits");
const PRICE: Field = Field::of("the price");
const SERIAL: Field = Field::of("the serial");
const TERMS: Field = Field::of("the terms");
const MARKING: Field = Field::of("the specimen marking");

/// Arranges a ticket with its symbol.
///
/// # Errors
/// [`LayoutRefusal`] when something does not fit or has characters that are in no font, and for a
/// stock that is no ticket stock.
pub fn ticket_label(
    face: &TicketFace,
    symbol: &Symbol,
    stock: &Stock,
    dpi: Dpi,
) -> Result<Label, LayoutRefusal> {
    let places = stock.ticket.ok_or(LayoutRefusal::NotForStock {
        what: "a ticket",
        stock: stock.title,
    })?;
    if face.places.len() > MAX_PLACES {
        return Err(LayoutRefusal::TooLong {
            field: Field::of("the place"),
            stock: stock.title,
        });
    }
    let Some(stub) = places.stub else {
        return upright(face, symbol, stock, &places, dpi);
    };
    let mut sheet = Sheet::new(stock, dpi);
    body(&mut sheet, face, symbol, &places)?;
    torn_off(&mut sheet, face, stub)?;
    sheet.label(WHOLE, stock.width, stock.height)
}

/// The day and the time as people read them.
fn beginning(face: &TicketFace) -> (String, String) {
    let said = |format: &str| face.begins.strftime(format).to_string();
    (said("%a, %b %-d, %Y"), said("%-I:%M\u{a0}%p"))
}

impl TicketPlaces {
    /// How large letters are beside an event in 17 points.
    const fn letters(&self, tenth_points: u32) -> u32 {
        tenth_points * self.title / 170
    }
}

/// The part that is kept: what it is for, from the top; where to sit and what was paid, from the
/// bottom; the symbol at the right.
fn body(
    sheet: &mut Sheet,
    face: &TicketFace,
    symbol: &Symbol,
    places: &TicketPlaces,
) -> Result<(), LayoutRefusal> {
    let area = places.body;
    let side = MODULE * u32::try_from(symbol.side()).unwrap_or(u32::MAX);
    let at = Point {
        x: area.right - side,
        y: area.top,
    };
    let text_right = at.x - AROUND_SYMBOL;
    sheet.items.push(Item::Matrix(Matrix {
        symbol: symbol.clone(),
        at,
        module: MODULE,
    }));
    let mut bottom = area.bottom;
    if face.specimen {
        let banner = Area {
            top: bottom - BANNER,
            ..area
        };
        sheet.banner(MARKING, banner, NOT_VALID)?;
        bottom = banner.top - Um::mm(1);
    }
    let under_symbol = Area {
        left: at.x,
        top: at.y + side + AROUND_SYMBOL - Um::mm(1),
        right: area.right,
        bottom,
    };
    let serial = Passage::new(SERIAL, Style::left(Face::Mono, 66), &face.serial, 2);
    let price = Passage::new(PRICE, Style::left(Face::ExtraBold, 90), &face.price, 1);
    column(sheet, [price, serial], under_symbol)?;
    let mut left = Area {
        right: text_right,
        bottom,
        ..area
    };
    if !face.places.is_empty() {
        let row = Area {
            top: left.bottom - COLUMNS,
            ..left
        };
        columns_in(sheet, &face.places, row)?;
        left.bottom = row.top - Um::tenths(5);
    }
    column(sheet, said(face, places), left)
}

/// What the part that is kept says, from its top.
fn said(face: &TicketFace, places: &TicketPlaces) -> [Passage; 5] {
    let (day, time) = beginning(face);
    [
        Passage::new(
            EVENT,
            Style::left(Face::ExtraBold, places.title),
            &face.event,
            2,
        ),
        Passage::new(
            BEGINS,
            Style::left(Face::SemiBold, places.letters(105)),
            &format!("{day}  {time}"),
            1,
        ),
        Passage::new(
            VENUE,
            Style::left(Face::Regular, places.letters(90)),
            &face.venue,
            2,
        ),
        Passage::new(
            ADMITS,
            Style::left(Face::SemiBold, places.letters(85)),
            &face.admits,
            1,
        ),
        Passage::new(
            TERMS,
            Style::left(Face::Regular, places.letters(60)),
            &face.terms,
            3,
        ),
    ]
}

/// What the door keeps: enough to count by.
fn torn_off(sheet: &mut Sheet, face: &TicketFace, area: Area) -> Result<(), LayoutRefusal> {
    let mut area = area;
    if face.specimen {
        let banner = Area {
            top: area.bottom - BANNER,
            ..area
        };
        sheet.banner(MARKING, banner, "SPECIMEN")?;
        area.bottom = banner.top - Um::mm(1);
    }
    if !face.places.is_empty() {
        let row = Area {
            top: area.bottom - COLUMNS,
            ..area
        };
        columns_in(sheet, &face.places, row)?;
        area.bottom = row.top - Um::tenths(5);
    }
    let (day, time) = beginning(face);
    let passages = [
        Passage::new(EVENT, Style::left(Face::SemiBold, 90), &face.event, 3),
        Passage::new(BEGINS, Style::left(Face::Regular, 75), &day, 1),
        Passage::new(BEGINS, Style::left(Face::Regular, 75), &time, 1),
        Passage::new(ADMITS, Style::left(Face::Regular, 75), &face.admits, 2),
        Passage::new(PRICE, Style::left(Face::SemiBold, 80), &face.price, 1),
        Passage::new(SERIAL, Style::left(Face::Mono, 60), &face.serial, 2),
    ];
    column(sheet, passages, area)
}

/// Passages that say something, from the top of an area.
fn column<const N: usize>(
    sheet: &mut Sheet,
    passages: [Passage; N],
    area: Area,
) -> Result<(), LayoutRefusal> {
    let passages: Vec<Passage> = passages
        .into_iter()
        .filter(|passage| !passage.text.is_empty())
        .collect();
    let size = (area.width(), area.height());
    let rows = text::block(&passages, size, Shrinking::Each, sheet.paper)?;
    sheet.rows(rows, area.left, area.top);
    Ok(())
}

/// A ticket without a stub: one thing under the other.
fn upright(
    face: &TicketFace,
    symbol: &Symbol,
    stock: &Stock,
    places: &TicketPlaces,
    dpi: Dpi,
) -> Result<Label, LayoutRefusal> {
    let mut flow = Flow::new(WHOLE, stock, dpi);
    flow.text(
        EVENT,
        Style::left(Face::ExtraBold, places.title),
        &face.event,
        3,
    )?;
    flow.space(Um::mm(1));
    let (day, time) = beginning(face);
    flow.text(
        BEGINS,
        Style::left(Face::SemiBold, 110),
        &format!("{day}  {time}"),
        2,
    )?;
    flow.text(VENUE, Style::left(Face::Regular, 95), &face.venue, 3)?;
    flow.rule();
    if !face.places.is_empty() {
        flow.columns(&face.places)?;
        flow.rule();
    }
    for (field, name, value) in [
        (ADMITS, "Admits", &face.admits),
        (PRICE, "Price", &face.price),
    ] {
        if !value.is_empty() {
            flow.pair(field, Face::SemiBold, (name, value))?;
        }
    }
    flow.symbol(symbol, MODULE);
    flow.text(SERIAL, Style::center(Face::Mono, 80), &face.serial, 2)?;
    flow.space(Um::mm(1));
    if face.specimen {
        flow.banner(MARKING, NOT_VALID)?;
    }
    flow.text(TERMS, Style::left(Face::Regular, SMALL), &face.terms, 8)?;
    flow.label()
}

#[cfg(test)]
mod tests;
