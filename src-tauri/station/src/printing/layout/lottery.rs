//! Lottery tickets: what the rules of electronic lottery systems ask a ticket to show (cost, game,
//! numbers, draw, time and place of the sale, a number to validate it by, when it expires), with
//! that number in a symbol too.

use jiff::civil::{Date, DateTime};
use shared::money::Mills;

use super::flow::{Flow, SMALL};
use super::stock::{Product, Stock};
use super::text::LayoutRefusal;
use super::{Field, Style};
use crate::printing::fonts::Face;
use crate::printing::label::Label;
use crate::printing::symbol::Symbol;
use crate::printing::units::{Dpi, Um};

/// What a ticket of a game without prizes says.
pub const DEMO: &str = "DEMO GAME - NO PRIZE VALUE";

/// The size of a module: as large as that of an indicium.
pub const MODULE: Um = super::indicium::MODULE;

/// The most panels of a ticket.
pub const MAX_PANELS: usize = 10;

/// Characters of the validation number that stand together.
const GROUP: usize = 4;

/// What a player reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LotteryFace {
    /// The game.
    pub game: String,
    /// Its number.
    pub game_id: String,
    /// The numbers chosen, panel by panel; at most [`MAX_PANELS`].
    pub panels: Vec<Panel>,
    /// When it is drawn, by the clock of the place.
    pub draw: DateTime,
    /// When it was sold.
    pub sold: DateTime,
    /// The terminal that sold it.
    pub terminal: String,
    /// What it cost.
    pub cost: Mills,
    /// The number it is validated by.
    pub validation: String,
    /// The last day a prize is paid.
    pub expires: Date,
    /// Whether no prize is paid.
    pub demo: bool,
}

/// One play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panel {
    /// The numbers.
    pub numbers: Vec<u8>,
    /// Those of the second drum, if the game has one.
    pub extra: Vec<u8>,
    /// Whether the machine chose them.
    pub quick: bool,
}

/// Arranges a ticket with its symbol.
///
/// # Errors
/// [`LayoutRefusal`] when something does not fit or has characters that are in no font, and for a
/// stock that is no roll of a terminal.
pub fn lottery_label(
    face: &LotteryFace,
    symbol: &Symbol,
    stock: &Stock,
    dpi: Dpi,
) -> Result<Label, LayoutRefusal> {
    if !stock.takes(Product::Lottery) {
        return Err(LayoutRefusal::NotForStock {
            what: "a lottery ticket",
            stock: stock.title,
        });
    }
    let panels = Field::of("the play");
    if face.panels.len() > MAX_PANELS {
        let stock = stock.title;
        return Err(LayoutRefusal::TooLong {
            field: panels,
            stock,
        });
    }
    let mut flow = Flow::new(Field::of("the lottery ticket"), stock, dpi);
    let large = Style::center(Face::ExtraBold, 190);
    flow.text(Field::of("the game"), large, &face.game, 2)?;
    if face.demo {
        flow.space(Um::mm(1));
        flow.banner(Field::of("the demo marking"), DEMO)?;
    }
    let draw = face
        .draw
        .strftime("%a, %b %-d, %Y %-I:%M\u{a0}%p")
        .to_string();
    flow.pair(Field::of("the draw"), Face::SemiBold, ("Draw", &draw))?;
    flow.rule();
    let plays: Vec<String> = ('A'..)
        .zip(&face.panels)
        .map(|(letter, panel)| format!("{letter}  {}", played(panel)))
        .collect();
    flow.alike(panels, Style::left(Face::Mono, 120), &plays)?;
    flow.rule();
    let sold = face
        .sold
        .strftime("%b %-d, %Y %-I:%M:%S\u{a0}%p")
        .to_string();
    let expires = face.expires.strftime("%b %-d, %Y").to_string();
    let cost = format!("${}", face.cost);
    for (field, name, value) in [
        ("the cost", "Cost", &cost),
        ("the game's number", "Game", &face.game_id),
        ("the time of sale", "Sold", &sold),
        ("the terminal", "Terminal", &face.terminal),
        ("the expiry", "Prizes until", &expires),
    ] {
        flow.pair(Field::of(field), Face::SemiBold, (name, value))?;
    }
    flow.symbol(symbol, MODULE);
    let number = Field::of("the validation number");
    flow.text(
        number,
        Style::center(Face::Mono, 90),
        &grouped(&face.validation),
        2,
    )?;
    flow.space(Um::mm(1));
    let note = "Sign the back. Whoever holds this ticket owns it.";
    flow.text(
        Field::of("the note"),
        Style::center(Face::Regular, SMALL),
        note,
        2,
    )?;
    flow.label()
}

/// A panel as one line.
fn played(panel: &Panel) -> String {
    let list = |numbers: &[u8]| {
        let two: Vec<String> = numbers
            .iter()
            .map(|number| format!("{number:02}"))
            .collect();
        two.join(" ")
    };
    let mut line = list(&panel.numbers);
    if !panel.extra.is_empty() {
        line = format!("{line} + {}", list(&panel.extra));
    }
    if panel.quick {
        line.push_str(" QP");
    }
    line
}

/// A number in groups that a person can read aloud.
fn grouped(number: &str) -> String {
    let letters: Vec<char> = number
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    let groups: Vec<String> = letters
        .chunks(GROUP)
        .map(|group| group.iter().collect())
        .collect();
    groups.join(" ")
}

#[cfg(test)]
mod tests;
