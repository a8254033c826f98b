//! Slips: a receipt for the customer, what accompanies a spoiled piece, what a day came to. They
//! have no value, so they may be printed as often as somebody likes.

use jiff::civil::{Date, DateTime};
use shared::ids::PieceSerial;
use shared::money::Mills;

use super::flow::{Flow, SMALL};
use super::stock::{Product, Stock};
use super::text::LayoutRefusal;
use super::{Field, Style};
use crate::printing::fonts::Face;
use crate::printing::label::Label;
use crate::printing::units::{Dpi, Um};

/// What a slip of a station without value says.
pub const PRACTICE: &str = "SPECIMEN - NO VALUE";

/// What is the same on every slip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlipHead {
    /// The office: the name of its account.
    pub office: String,
    /// The station.
    pub station: String,
    /// When it was printed.
    pub printed: DateTime,
    /// Whether the station's pieces have no value.
    pub specimen: bool,
}

/// What a slip says of a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PieceLines {
    /// Device and piece counter.
    pub serial: PieceSerial,
    /// What it is, for example `First-Class letter`.
    pub kind: String,
    /// Its weight, as people read it; empty where nothing was weighed.
    pub weight: String,
    /// Where it goes, as far as that is known.
    pub to: String,
    /// The date of mailing.
    pub date: Date,
    /// The postage.
    pub postage: Mills,
}

/// A piece that was claimed back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundFace {
    /// The piece.
    pub piece: PieceLines,
    /// How its claim stands, in a sentence.
    pub standing: String,
    /// When the credit becomes final.
    pub final_on: Option<Date>,
}

/// Pieces of one kind on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayLine {
    /// What they are.
    pub kind: String,
    /// How many.
    pub pieces: u64,
    /// Their postage.
    pub postage: Mills,
}

/// What a day came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayEndFace {
    /// The day pieces were booked on.
    pub day: Date,
    /// Pieces by kind.
    pub lines: Vec<DayLine>,
    /// All of them.
    pub total: DayLine,
    /// Those of them that are spoiled.
    pub spoiled: DayLine,
    /// The ascending register when the slip was printed.
    pub ascending: Mills,
    /// The descending register.
    pub descending: Mills,
    /// The control total.
    pub control_total: Mills,
    /// Pieces in the vault's life.
    pub piece_count: u64,
    /// Whether all pieces of the vault add up to the ascending register.
    pub holds: bool,
}

/// A slip in the making, with its head.
fn begun(
    what: &'static str,
    title: &str,
    head: &SlipHead,
    stock: &Stock,
    dpi: Dpi,
) -> Result<Flow, LayoutRefusal> {
    if !stock.takes(Product::Slip) {
        let stock = stock.title;
        return Err(LayoutRefusal::NotForStock { what, stock });
    }
    let mut flow = Flow::new(Field::of(what), stock, dpi);
    let office = Style::left(Face::SemiBold, 100);
    flow.text(Field::of("the office"), office, &head.office, 2)?;
    flow.text(
        Field::of("the title"),
        Style::left(Face::ExtraBold, 150),
        title,
        1,
    )?;
    if head.specimen {
        flow.banner(Field::of("the specimen marking"), PRACTICE)?;
    }
    let printed = head
        .printed
        .strftime("%b %-d, %Y %-I:%M\u{a0}%p")
        .to_string();
    let pair = ("Printed", printed.as_str());
    flow.pair(Field::of("the time"), Face::Regular, pair)?;
    let pair = ("Station", head.station.as_str());
    flow.pair(Field::of("the station"), Face::Mono, pair)?;
    flow.rule();
    Ok(flow)
}

fn piece(flow: &mut Flow, piece: &PieceLines) -> Result<(), LayoutRefusal> {
    let date = day(piece.date);
    let serial = piece.serial.to_string();
    for (field, face, name, value) in [
        (
            "the kind of piece",
            Face::SemiBold,
            "Piece",
            piece.kind.as_str(),
        ),
        ("the weight", Face::Regular, "Weight", &piece.weight),
        ("the destination", Face::Regular, "To", &piece.to),
        ("the date of mailing", Face::Regular, "Mailed", &date),
        ("the serial", Face::Mono, "Serial", &serial),
    ] {
        if !value.is_empty() {
            flow.pair(Field::of(field), face, (name, value))?;
        }
    }
    flow.rule();
    let postage = format!("${}", piece.postage);
    flow.pair(
        Field::of("the postage"),
        Face::ExtraBold,
        ("Postage", &postage),
    )
}

fn day(date: Date) -> String {
    date.strftime("%b %-d, %Y").to_string()
}

/// A customer's receipt for a piece.
///
/// # Errors
/// [`LayoutRefusal`].
pub fn receipt(
    head: &SlipHead,
    face: &PieceLines,
    stock: &Stock,
    dpi: Dpi,
) -> Result<Label, LayoutRefusal> {
    let mut flow = begun("a receipt", "RECEIPT", head, stock, dpi)?;
    piece(&mut flow, face)?;
    flow.rule();
    let note = "Paid by postage meter. This receipt is no postage.";
    let small = Style::left(Face::Regular, SMALL);
    flow.text(Field::of("the note"), small, note, 3)?;
    flow.label()
}

/// What is kept with a spoiled piece that was claimed back.
///
/// # Errors
/// [`LayoutRefusal`].
pub fn refund_slip(
    head: &SlipHead,
    face: &RefundFace,
    stock: &Stock,
    dpi: Dpi,
) -> Result<Label, LayoutRefusal> {
    let mut flow = begun("a refund slip", "REFUND SLIP", head, stock, dpi)?;
    piece(&mut flow, &face.piece)?;
    flow.rule();
    let standing = Style::left(Face::SemiBold, 85);
    flow.text(Field::of("the claim"), standing, &face.standing, 4)?;
    if let Some(date) = face.final_on {
        let date = day(date);
        flow.pair(Field::of("the claim"), Face::Regular, ("Final on", &date))?;
    }
    flow.space(Um::mm(2));
    let note = "Keep the spoiled piece with this slip, whole and with its symbol.";
    let small = Style::left(Face::Regular, SMALL);
    flow.text(Field::of("the note"), small, note, 3)?;
    flow.signature("Clerk")?;
    flow.signature("Supervisor")?;
    flow.label()
}

/// What a day came to, with the registers.
///
/// # Errors
/// [`LayoutRefusal`].
pub fn day_end_slip(
    head: &SlipHead,
    face: &DayEndFace,
    stock: &Stock,
    dpi: Dpi,
) -> Result<Label, LayoutRefusal> {
    let mut flow = begun("a day-end slip", "DAY END", head, stock, dpi)?;
    let booked = day(face.day);
    flow.pair(Field::of("the day"), Face::SemiBold, ("Day", &booked))?;
    flow.rule();
    let plain = face.lines.iter().map(|line| (line, Face::Regular));
    let sums = [
        (&face.total, Face::ExtraBold),
        (&face.spoiled, Face::Regular),
    ];
    for (index, (line, weight)) in plain.chain(sums).enumerate() {
        if index == face.lines.len() && index > 0 {
            flow.rule();
        }
        let name = format!("{} × {}", line.pieces, line.kind);
        let value = format!("${}", line.postage);
        flow.pair(Field::of("a line of the day"), weight, (&name, &value))?;
    }
    flow.rule();
    let count = face.piece_count.to_string();
    for (name, value) in [
        ("Ascending", format!("${}", face.ascending)),
        ("Descending", format!("${}", face.descending)),
        ("Control total", format!("${}", face.control_total)),
        ("Pieces of the vault", count),
    ] {
        flow.pair(Field::of("a register"), Face::Regular, (name, &value))?;
    }
    flow.space(Um::mm(1));
    let held = if face.holds {
        "All pieces add up to the ascending register."
    } else {
        "The pieces do not add up to the ascending register. Ring your admin."
    };
    let bold = Style::left(Face::SemiBold, SMALL);
    flow.text(Field::of("the note"), bold, held, 3)?;
    flow.signature("Clerk")?;
    flow.label()
}

#[cfg(test)]
mod tests;
