//! Holes in tables, and prices that fall with weight or zone.

use super::{FindingKind, Findings, Origin};
use crate::money::Mills;
use crate::rates::edition::Edition;
use crate::rates::tables::PriceTable;

/// A cell by its row and column.
pub(super) type Cell = (usize, usize);

/// Looks for whole classes of pieces that would be refused: shapes without a table, and countries
/// whose price group no table has or that have none.
pub(super) fn look_for_missing(edition: &Edition, found: &mut Findings) {
    for rule in &edition.shapes {
        let same = |table: &PriceTable| table.class == rule.class && table.shape == rule.shape;
        if !edition.tables.iter().any(same) {
            let place = (format!("{} {}", rule.class, rule.shape), String::new(), 1);
            let words = "no table has prices for it".to_owned();
            found.add(
                FindingKind::Hole,
                place,
                words,
                Origin::shape(edition, rule),
                0,
            );
        }
    }
    let countries = |group: Option<u16>| -> Vec<&str> {
        let same = edition.countries.iter().filter(|one| one.group == group);
        same.map(|one| one.title()).collect()
    };
    let mut groups: Vec<Option<u16>> = edition.countries.iter().map(|one| one.group).collect();
    groups.sort_unstable();
    groups.dedup();
    let amounts = |table: &PriceTable| -> bool {
        let mut amounts = table.rows.iter().flat_map(|row| &row.amounts);
        amounts.any(Option::is_some)
    };
    if !edition.tables.iter().any(amounts) {
        found.about(FindingKind::Hole, "all tables", "there is no price at all");
    }
    for table in edition.tables.iter().filter(|one| !one.groups.is_empty()) {
        for group in &groups {
            let (cells, words) = match group {
                Some(group) if table.groups.contains(group) => continue,
                Some(group) => (format!("group {group}"), "no column for"),
                None => ("countries without a group".to_owned(), "no price to"),
            };
            let names = countries(*group);
            let words = match names.split_first() {
                Some((first, [])) => format!("{words} {first}"),
                Some((first, more)) => format!("{words} {first} and {} more", more.len()),
                None => continue,
            };
            let place = (table_name(table), cells, 1);
            let origin = Origin::tables(edition, [table].into_iter());
            found.add(FindingKind::Hole, place, words, origin, 0);
        }
    }
}

/// Looks through every table.
pub(super) fn look(edition: &Edition, found: &mut Findings) {
    for (index, table) in edition.tables.iter().enumerate() {
        // Those that their source excuses, and others: no finding holds both.
        let (mut known, mut holes) = (Vec::new(), Vec::new());
        let mut lighter = Vec::new();
        let mut nearer = Vec::new();
        let mut most: Vec<Option<Mills>> = vec![None; table.columns()];
        for (row, prices) in table.rows.iter().enumerate() {
            let is_known = Origin::row(edition, index, row).excuses;
            let mut most_near = None;
            for (column, amount) in prices.amounts.iter().enumerate() {
                let cell = (row, column);
                match amount {
                    None if is_known => known.push(cell),
                    None => holes.push(cell),
                    Some(amount) if Some(*amount) < most[column] => lighter.push(cell),
                    Some(amount) if table.zoned && Some(*amount) < most_near => nearer.push(cell),
                    Some(_) => {}
                }
                most_near = most_near.max(*amount);
            }
            for (most, amount) in most.iter_mut().zip(&prices.amounts) {
                *most = (*most).max(*amount);
            }
        }
        let kinds = [
            (FindingKind::Hole, holes, "no price"),
            (FindingKind::Hole, known, "no price"),
            (
                FindingKind::CheaperWhenHeavier,
                lighter,
                "less than for a lighter piece",
            ),
            (
                FindingKind::CheaperWhenFarther,
                nearer,
                "less than for a nearer zone",
            ),
        ];
        for (kind, cells, words) in kinds {
            for run in runs(&cells) {
                let origin = Origin::row(edition, index, run.rows.0);
                let place = (table_name(table), run.words(table), run.count());
                found.add(kind, place, words.to_owned(), origin, 0);
            }
        }
        claimed_twice(edition, index, found);
        ends_early(edition, index, found);
    }
}

/// Another table before this one with the same prices hides it.
fn claimed_twice(edition: &Edition, index: usize, found: &mut Findings) {
    let table = &edition.tables[index];
    let same = |other: &&PriceTable| other.class == table.class && other.shape == table.shape;
    for kind in &table.kinds {
        let mut before = edition.tables[..index].iter().filter(same);
        if before.any(|other| other.kinds.contains(kind)) {
            found.about(
                FindingKind::Overlap,
                format!("{} {} {kind}", table.class, table.shape),
                "two tables; only the first would be used",
            );
        }
    }
}

/// A table that ends below the weight its shape may have is a hole without a row.
fn ends_early(edition: &Edition, index: usize, found: &mut Findings) {
    let table = &edition.tables[index];
    let rule = edition.rule(table.class, table.shape);
    let last = table.rows.last().map(|row| row.limit);
    if let (Some(rule), Some(last)) = (rule, last)
        && last < rule.max_weight
    {
        let cells = format!("over {last} to {}", rule.max_weight);
        let place = (table_name(table), cells, 1);
        let origin = Origin::row(edition, index, table.rows.len() - 1);
        found.add(
            FindingKind::Hole,
            place,
            "no row, though pieces may weigh so much".to_owned(),
            origin,
            0,
        );
    }
}

/// What a person calls a table.
pub(super) fn table_name(table: &PriceTable) -> String {
    let kinds: Vec<String> = table.kinds.iter().map(ToString::to_string).collect();
    format!("{} {} {}", table.class, table.shape, kinds.join(", "))
}

/// Neighbouring rows with the same columns.
pub(super) struct Run {
    /// The first and the last row.
    pub(super) rows: (usize, usize),
    columns: Vec<usize>,
}

impl Run {
    /// How many cells.
    pub(super) fn count(&self) -> usize {
        (self.rows.1 - self.rows.0 + 1) * self.columns.len()
    }

    /// The run in words: `21 lb to 70 lb, zones 1-9`.
    pub(super) fn words(&self, table: &PriceTable) -> String {
        let limit = |row: usize| table.rows[row].limit;
        let (first, last) = self.rows;
        let rows = if first == last {
            limit(first).to_string()
        } else {
            format!("{} to {}", limit(first), limit(last))
        };
        let many = if self.columns.len() == 1 { "" } else { "s" };
        if table.zoned {
            let zones: Vec<usize> = self.columns.iter().map(|column| column + 1).collect();
            return format!("{rows}, zone{many} {}", ranges(&zones));
        }
        let groups = self
            .columns
            .iter()
            .filter_map(|column| table.groups.get(*column));
        let groups: Vec<usize> = groups.map(|group| usize::from(*group)).collect();
        if groups.is_empty() {
            return rows;
        }
        format!("{rows}, group{many} {}", ranges(&groups))
    }
}

/// Ascending numbers as ranges: `1-4, 9`.
fn ranges(numbers: &[usize]) -> String {
    let mut list: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match list.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            Some(_) | None => list.push((*number, *number)),
        }
    }
    let words = list.iter().map(|(first, last)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first}-{last}")
        }
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Puts cells, in order, into as few runs as possible.
pub(super) fn runs(cells: &[Cell]) -> Vec<Run> {
    let mut rows: Vec<Run> = Vec::new();
    for (row, column) in cells {
        match rows.last_mut() {
            Some(run) if run.rows.0 == *row => run.columns.push(*column),
            Some(_) | None => rows.push(Run {
                rows: (*row, *row),
                columns: vec![*column],
            }),
        }
    }
    let mut runs: Vec<Run> = Vec::new();
    for row in rows {
        match runs.last_mut() {
            Some(run) if run.rows.1 + 1 == row.rows.0 && run.columns == row.columns => {
                run.rows.1 = row.rows.1;
            }
            Some(_) | None => runs.push(row),
        }
    }
    runs
}
