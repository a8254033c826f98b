//! Prices held against the edition that is replaced.

use super::cells::{Cell, runs, table_name};
use super::lost::{is_same_fee, table_of};
use super::{FindingKind, Findings, Origin};
use crate::money::Mills;
use crate::rates::edition::Edition;
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
        let mut jumps = Vec::new();
        let mut limit_before = None;
        for (row, prices) in table.rows.iter().enumerate() {
            for (column, new) in prices.amounts.iter().enumerate() {
                let Some(new) = new else {
                    continue;
                };
                // The kinds that share this table may have had tables of their own, with rows of
                // their own between this one and the one before it.
                let old = table.kinds.iter().flat_map(|kind| {
                    let weights = (limit_before, prices.limit);
                    let old = table_of(before, (table.class, table.shape), table, *kind);
                    old.map_or_else(Vec::new, |old| {
                        amounts_within(old, weights, table.column(column))
                    })
                });
                let changes = old.filter_map(|old| jump((row, column), old, *new));
                jumps.extend(changes.max_by_key(|change| change.percent));
            }
            limit_before = Some(prices.limit);
        }
        add_jumps(edition, index, &jumps, found);
    }
    for fee in fees(edition) {
        let Some(new) = fee.amount else {
            continue;
        };
        let old = fees(before).filter(|old| is_same_fee(old, fee));
        let old = old.filter_map(|old| old.amount);
        let jumps = old.filter_map(|old| jump((0, 0), old, new));
        if let Some(jump) = jumps.max_by_key(|jump| jump.percent) {
            let place = (format!("{} {}", fee.class, fee.name), String::new(), 1);
            let origin = Origin::source(edition, fee.source);
            found.add(FindingKind::Jump, place, jump.words(), origin, jump.percent);
        }
    }
}

/// All fees of an edition.
pub(super) fn fees(edition: &Edition) -> impl Iterator<Item = &Fee> {
    edition.nonmachinable.iter().chain(&edition.extras)
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
    let origin = Origin::row(edition, index, worst.cell.0);
    let place = (table_name(table), cells, jumps.len());
    found.add(FindingKind::Jump, place, words, origin, worst.percent);
}

/// What pieces above one weight and up to another paid, step by step.
fn amounts_within(
    table: &PriceTable,
    (above, to): (Option<Weight>, Weight),
    column: Column,
) -> Vec<Mills> {
    let Some(place) = table.place(column) else {
        return Vec::new();
    };
    let first = table
        .rows
        .partition_point(|row| above.is_some_and(|above| row.limit <= above));
    let last = table.rows.partition_point(|row| row.limit < to);
    let rows = table
        .rows
        .get(first..=last.min(table.rows.len().saturating_sub(1)));
    let amounts = rows.into_iter().flatten().map(|row| row.amounts.get(place));
    amounts
        .filter_map(|amount| amount.copied().flatten())
        .collect()
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
