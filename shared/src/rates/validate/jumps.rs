//! Prices held against the edition that is replaced.

use super::cells::{Cell, runs, table_name};
use super::{FindingKind, Findings};
use crate::money::Mills;
use crate::rates::edition::Edition;
use crate::rates::kinds::PriceKind;
use crate::rates::tables::{Column, Fee, PriceTable};
use crate::rates::weight::Weight;

/// A price that changes by more than so many percent is looked at twice. The largest change of a
/// published price in the editions since 2022 is 16 %.
pub(super) const MAX_JUMP_PERCENT: u32 = 25;

/// A change of a price.
struct Change {
    cell: Cell,
    old: Mills,
    new: Mills,
    percent: u32,
}

/// Compares every price with the one that the same piece paid before.
pub(super) fn look(edition: &Edition, before: &Edition, found: &mut Findings) {
    for (index, table) in edition.tables.iter().enumerate() {
        let (mut jumps, mut lost) = (Vec::new(), Vec::new());
        for (row, prices) in table.rows.iter().enumerate() {
            for (column, new) in prices.amounts.iter().enumerate() {
                let cell = (row, column);
                // The kinds that share this table may have had tables of their own.
                let old = table.kinds.iter().filter_map(|kind| {
                    let old = table_before(before, table, *kind)?;
                    amount_at(old, prices.limit, table.column(column))
                });
                match new {
                    Some(new) => {
                        let changes = old.filter_map(|old| jump(cell, old, *new));
                        jumps.extend(changes.max_by_key(|change| change.percent));
                    }
                    None => lost.extend(old.take(1).map(|_| cell)),
                }
            }
        }
        for run in runs(&lost) {
            let place = (table_name(table), run.words(table), 1);
            let source = edition.row_source(index, run.rows.0);
            let words = format!("{} had a price", before.id);
            found.add(FindingKind::PriceLost, place, words, &source, 0);
        }
        add_jumps(edition, index, &jumps, found);
    }
    lost_tables(edition, before, found);
    let fees = |edition: &'_ Edition| -> Vec<Fee> {
        let all = edition.nonmachinable.iter().chain(&edition.extras);
        all.cloned().collect()
    };
    let old_fees = fees(before);
    for fee in fees(edition) {
        let same = |old: &&Fee| old.class == fee.class && old.name == fee.name;
        let old = old_fees.iter().find(same).and_then(|old| old.amount);
        let place = (format!("{} {}", fee.class, fee.name), String::new(), 1);
        let source = edition.source_text(fee.source);
        match (old, fee.amount) {
            (Some(old), Some(new)) => {
                if let Some(jump) = jump((0, 0), old, new) {
                    found.add(FindingKind::Jump, place, jump.words(), source, jump.percent);
                }
            }
            (Some(_), None) => {
                let words = format!("{} had a price", before.id);
                found.add(FindingKind::PriceLost, place, words, source, 0);
            }
            (None, _) => {}
        }
    }
}

/// One finding a table: how many cells jump, and the one that jumps most.
fn add_jumps(edition: &Edition, index: usize, jumps: &[Change], found: &mut Findings) {
    let Some(worst) = jumps.iter().max_by_key(|jump| jump.percent) else {
        return;
    };
    let table = &edition.tables[index];
    let run = runs(&[worst.cell]);
    let cells = run.first().map_or_else(String::new, |run| run.words(table));
    let mut words = worst.words();
    if jumps.len() > 1 {
        let more = jumps.len() - 1;
        words = format!("{words}; the most of {} cells", more + 1);
    }
    let source = edition.row_source(index, worst.cell.0);
    let place = (table_name(table), cells, jumps.len());
    found.add(FindingKind::Jump, place, words, &source, worst.percent);
}

/// Tables of the edition before that have no counterpart.
fn lost_tables(edition: &Edition, before: &Edition, found: &mut Findings) {
    for old in &before.tables {
        for kind in &old.kinds {
            let has_prices = old
                .rows
                .iter()
                .any(|row| row.amounts.iter().any(Option::is_some));
            if has_prices && table_before(edition, old, *kind).is_none() {
                let place = format!("{} {} {kind}", old.class, old.shape);
                let words = format!("{} had prices, this one has no such table", before.id);
                found.about(FindingKind::PriceLost, place, words);
            }
        }
    }
}

/// The table with a kind of price for the same pieces.
fn table_before<'e>(
    edition: &'e Edition,
    table: &PriceTable,
    kind: PriceKind,
) -> Option<&'e PriceTable> {
    let same = |other: &&PriceTable| {
        other.class == table.class
            && other.shape == table.shape
            && other.zoned == table.zoned
            && other.groups.is_empty() == table.groups.is_empty()
            && other.kinds.contains(&kind)
    };
    edition.tables.iter().find(same)
}

/// What a piece of this weight pays, whatever rows the table has.
fn amount_at(table: &PriceTable, weight: Weight, column: Column) -> Option<Mills> {
    let row = table.rows.partition_point(|row| row.limit < weight);
    let place = table.place(column)?;
    table.rows.get(row)?.amounts.get(place).copied().flatten()
}

/// The change, when it is a jump.
fn jump(cell: Cell, old: Mills, new: Mills) -> Option<Change> {
    let (a, b) = (u128::from(old.mills()), u128::from(new.mills()));
    let percent = (a.abs_diff(b) * 100).div_ceil(a.max(1));
    let percent = u32::try_from(percent).unwrap_or(u32::MAX);
    (percent > MAX_JUMP_PERCENT).then_some(Change {
        cell,
        old,
        new,
        percent,
    })
}

impl Change {
    fn words(&self) -> String {
        let (old, new, percent) = (self.old, self.new, self.percent);
        let sign = if new > old { '+' } else { '-' };
        format!("{old} becomes {new} ({sign}{percent} %)")
    }
}
