//! Counts of pieces, as a table.

use std::io::{self, Write};

use super::money;
use crate::api::{StatisticsView, TallyView};

/// A column's width: a PSD number fits.
const COLUMN: usize = 16;

/// Shows the groups under the words they are counted by, then the sum and how it stands.
pub(super) fn statistics(view: &StatisticsView, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Pieces booked from {} to {}", view.from, view.to)?;
    row(
        &view.by,
        ["pieces", "postage", "spoiled", ""].map(str::to_owned),
        out,
    )?;
    for group in &view.groups {
        row(&group.key, cells(group.tally), out)?;
    }
    let mut sum: Vec<String> = view.by.iter().map(|_| String::new()).collect();
    if let Some(first) = sum.first_mut() {
        "all".clone_into(first);
    }
    row(&sum, cells(view.total), out)?;
    let (all, ascending) = (money(view.all_mills), money(view.ascending_mills));
    if view.holds {
        writeln!(
            out,
            "All pieces ever add up to {all}, and so does the register."
        )?;
    } else {
        writeln!(
            out,
            "ALARM: all pieces ever add up to {all}, the register says {ascending}."
        )?;
    }
    writeln!(
        out,
        "The data center has heard of {} of {} records.",
        view.told, view.records
    )
}

fn cells(tally: TallyView) -> [String; 4] {
    [
        tally.pieces.to_string(),
        money(tally.postage_mills),
        tally.spoiled.to_string(),
        money(tally.spoiled_mills),
    ]
}

fn row(key: &[String], cells: [String; 4], out: &mut dyn Write) -> io::Result<()> {
    for value in key {
        write!(out, "{value:<COLUMN$} ")?;
    }
    let [pieces, postage, spoiled, spoiled_postage] = cells;
    writeln!(
        out,
        "{pieces:>8} {postage:>12} {spoiled:>8} {spoiled_postage:>10}"
    )
}
