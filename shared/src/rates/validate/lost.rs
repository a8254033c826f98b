//! Prices of the edition that is replaced which the new one has no more.
//!
//! Whoever loses a price cannot mail such pieces from its first day on, so a loss stops an edition,
//! a sample too. Only where the edition before has ended by then is nothing lost: nobody could mail
//! by its prices any more.

use super::cells::{Cell, Run, runs, table_name};
use super::jumps::fees;
use super::{FindingKind, Findings, Origin};
use crate::rates::edition::Edition;
use crate::rates::kinds::{MailClass, PriceKind, Shape};
use crate::rates::tables::{Fee, PriceTable, Row};

/// Looks for every price of `before` whether the same piece has one in `edition`.
pub(super) fn look(edition: &Edition, before: &Edition, found: &mut Findings) {
    let looked = Lost {
        edition,
        before,
        is_excused: before.until.is_some_and(|until| until < edition.effective),
    };
    looked.holes(found);
    for old in &before.tables {
        looked.table(old, found);
    }
    looked.fees(found);
    looked.countries(found);
}

/// Two editions, held against each other.
struct Lost<'e> {
    edition: &'e Edition,
    before: &'e Edition,
    is_excused: bool,
}

impl Lost<'_> {
    fn add(
        &self,
        place: (String, String, usize),
        words: String,
        text: String,
        found: &mut Findings,
    ) {
        let origin = Origin {
            text,
            excuses: self.is_excused,
        };
        found.add(FindingKind::PriceLost, place, words, origin, 0);
    }

    /// Cells that are there and empty.
    fn holes(&self, found: &mut Findings) {
        for (index, table) in self.edition.tables.iter().enumerate() {
            let piece = (table.class, table.shape);
            let is_lost = |row: &Row, column: usize| {
                table.kinds.iter().any(|kind| {
                    let old = table_of(self.before, piece, table, *kind);
                    old.is_some_and(|old| {
                        let place = old.place(table.column(column));
                        let before = old.rows.iter().find(|before| row.limit <= before.limit);
                        let amounts = before.map(|before| &before.amounts);
                        let amount = amounts.zip(place).and_then(|(all, at)| all.get(at));
                        amount.is_some_and(Option::is_some)
                    })
                })
            };
            let mut cells = Vec::new();
            for (number, row) in table.rows.iter().enumerate() {
                let empty = row.amounts.iter().enumerate();
                let empty = empty.filter(|(_, amount)| amount.is_none());
                let lost = empty.filter(|(column, _)| is_lost(row, *column));
                cells.extend(lost.map(|(column, _)| (number, column)));
            }
            for run in runs(&cells) {
                let place = (table_name(table), run.words(table), run.count());
                let words = format!("{} had a price", self.before.id);
                let text = self.edition.row_source(index, run.rows.0);
                self.add(place, words, text, found);
            }
        }
    }

    /// Prices of a table before that no empty cell of the same weight tells of: see [`Gone`].
    fn table(&self, old: &PriceTable, found: &mut Findings) {
        let before = &self.before.id;
        let has_prices = old.rows.iter().any(has_price);
        let mut seen: Vec<&PriceTable> = Vec::new();
        for kind in old.kinds.iter().filter(|_| has_prices) {
            let Some(new) = table_of(self.edition, (old.class, old.shape), old, *kind) else {
                let place = format!("{} {} {kind}", old.class, old.shape);
                let words = format!("{before} had prices, this one has no such table");
                self.add((place, String::new(), 1), words, String::new(), found);
                continue;
            };
            if seen.iter().any(|other| std::ptr::eq(*other, new)) {
                continue;
            }
            seen.push(new);
            for how in Gone::ALL {
                let mut cells = Vec::new();
                for (number, row) in old.rows.iter().enumerate() {
                    let columns = (0..row.amounts.len()).map(|column| (number, column));
                    cells.extend(columns.filter(|cell| gone(old, *cell, new) == Some(how)));
                }
                for run in runs(&cells) {
                    let place = (table_name(old), Run::words(&run, old), run.count());
                    let words = format!("{before} {}", how.words());
                    self.add(place, words, String::new(), found);
                }
            }
        }
    }

    fn fees(&self, found: &mut Findings) {
        let before = &self.before.id;
        for old in fees(self.before).filter(|old| old.amount.is_some()) {
            let place = (format!("{} {}", old.class, old.name), String::new(), 1);
            let same = || fees(self.edition).filter(|new| is_same_fee(old, new));
            let missing = old.shapes.iter().find(|shape| {
                let mut new = same();
                !new.any(|new| new.shapes.contains(*shape))
            });
            if let Some(empty) = same().find(|new| new.amount.is_none()) {
                let text = self.edition.source_text(empty.source).to_owned();
                self.add(place, format!("{before} had a price"), text, found);
            } else if let Some(shape) = missing {
                let words = format!("{before} had it for a {shape}, this one has it not");
                self.add(place, words, String::new(), found);
            }
        }
    }

    /// Countries that had a price group.
    fn countries(&self, found: &mut Findings) {
        let has_group = |edition: &Edition, code| {
            let entry = edition.country(code);
            entry.is_some_and(|entry| entry.group.is_some())
        };
        let old = self
            .before
            .countries
            .iter()
            .filter(|old| old.group.is_some());
        for old in old.filter(|old| !has_group(self.edition, old.code())) {
            let place = ("countries".to_owned(), old.title().to_owned(), 1);
            let words = format!("{} had a price group for it", self.before.id);
            self.add(place, words, String::new(), found);
        }
    }
}

fn has_price(row: &Row) -> bool {
    row.amounts.iter().any(Option::is_some)
}

/// Whether some piece pays either fee: both are of its class and go by one name.
pub(super) fn is_same_fee(one: &Fee, other: &Fee) -> bool {
    let shares = || one.shapes.iter().any(|shape| other.shapes.contains(shape));
    one.class == other.class && one.name == other.name && shares()
}

/// How a price is lost that [`Lost::holes`] does not see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gone {
    /// There is no row up to its weight, or no column.
    NoCell,
    /// It falls into the row of a heavier piece, which has no price and had none before.
    Empty,
    /// It falls into the row of a heavier piece, which cost something else before.
    Merged,
}

impl Gone {
    const ALL: [Self; 3] = [Self::NoCell, Self::Empty, Self::Merged];

    const fn words(self) -> &'static str {
        match self {
            Self::NoCell => "had a price, this one has no cell for it",
            Self::Empty => "had a row of its own; the next one has no price",
            Self::Merged => "had a row of its own; the next one's price would be paid",
        }
    }
}

/// What became of the price of a cell in the table that has its prices now.
fn gone(old: &PriceTable, (row, column): Cell, new: &PriceTable) -> Option<Gone> {
    let amount = |row: &Row, column: usize| row.amounts.get(column).copied().flatten();
    let own = old.rows.get(row)?;
    let price = amount(own, column)?;
    let at = new.rows.iter().find(|other| own.limit <= other.limit);
    let Some((at, place)) = at.zip(new.place(old.column(column))) else {
        return Some(Gone::NoCell);
    };
    let heavier = old.rows.iter().find(|other| at.limit <= other.limit);
    let before = heavier.and_then(|heavier| amount(heavier, column));
    match amount(at, place) {
        // A weight that had a price is told of as a hole.
        None => before.is_none().then_some(Gone::Empty),
        Some(_) => (own.limit != at.limit && before != Some(price)).then_some(Gone::Merged),
    }
}

/// The table that a piece's kind of price is in, with columns of the same sort as `like`; nothing
/// where the edition does not sell the piece.
pub(super) fn table_of<'e>(
    edition: &'e Edition,
    (class, shape): (MailClass, Shape),
    like: &PriceTable,
    kind: PriceKind,
) -> Option<&'e PriceTable> {
    edition.rule(class, shape)?;
    let same = |other: &&PriceTable| {
        (other.class, other.shape) == (class, shape)
            && other.zoned == like.zoned
            && other.groups.is_empty() == like.groups.is_empty()
            && other.kinds.contains(&kind)
    };
    edition.tables.iter().find(same)
}
