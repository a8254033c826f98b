//! What an admin should look at before publishing an edition. Nothing here keeps it from working.

use std::fmt;

use super::additions::surcharge_cell;
use super::edition::Edition;
use super::quote::base_cell;
use super::tables::{Fee, PriceTable, Row, Surcharge};

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The cell, or the part of the edition.
    pub cell: String,
    /// What is odd about it.
    pub kind: FindingKind,
}

/// What is odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingKind {
    /// The cell has no price; pieces that need it are refused.
    Hole,
    /// A heavier piece would cost less.
    CheaperWhenHeavier,
    /// A farther piece would cost less.
    CheaperWhenFarther,
    /// So many hundredths of the pairs of the zone chart are known; the rest is estimated.
    ChartCoverage(u32),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cell = &self.cell;
        match self.kind {
            FindingKind::Hole => write!(f, "{cell}: no price"),
            FindingKind::CheaperWhenHeavier => write!(f, "{cell}: less than for a lighter piece"),
            FindingKind::CheaperWhenFarther => write!(f, "{cell}: less than for a nearer zone"),
            FindingKind::ChartCoverage(percent) => {
                write!(
                    f,
                    "{cell}: knows {percent} % of the pairs, the rest is estimated"
                )
            }
        }
    }
}

/// Looks through an edition.
#[must_use]
pub fn validate(edition: &Edition) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in &edition.tables {
        table_findings(table, &mut findings);
    }
    let fees = edition.nonmachinable.iter().chain(&edition.extras);
    let holes = fees.filter(|fee| fee.amount.is_none());
    findings.extend(holes.map(fee_hole));
    for surcharge in &edition.surcharges {
        surcharge_findings(surcharge, &mut findings);
    }
    for unpriced in edition.shapes.iter().flat_map(|rule| &rule.unpriced) {
        findings.push(Finding {
            cell: unpriced.cell.clone(),
            kind: FindingKind::Hole,
        });
    }
    let (pairs, known) = edition.zones.chart.coverage();
    if known < pairs {
        findings.push(Finding {
            cell: "zone chart".to_owned(),
            kind: FindingKind::ChartCoverage(known * 100 / pairs),
        });
    }
    findings
}

fn fee_hole(fee: &Fee) -> Finding {
    Finding {
        cell: format!("{} {}", fee.class, fee.name),
        kind: FindingKind::Hole,
    }
}

/// Holes, and prices that fall with weight or zone.
fn table_findings(table: &PriceTable, findings: &mut Vec<Finding>) {
    let mut most = vec![None; table.columns()];
    for row in &table.rows {
        for (column, amount) in row.amounts.iter().enumerate() {
            let nearer = row.amounts[..column].iter().flatten().max();
            let kind = match amount {
                None => FindingKind::Hole,
                Some(amount) if most[column].is_some_and(|most| *amount < most) => {
                    FindingKind::CheaperWhenHeavier
                }
                Some(amount) if table.zoned && nearer.is_some_and(|nearer| amount < nearer) => {
                    FindingKind::CheaperWhenFarther
                }
                Some(_) => continue,
            };
            findings.push(cell_finding(table, row, column, kind));
        }
        for (most, amount) in most.iter_mut().zip(&row.amounts) {
            *most = (*most).max(*amount);
        }
    }
}

fn cell_finding(table: &PriceTable, row: &Row, column: usize, kind: FindingKind) -> Finding {
    Finding {
        cell: base_cell(table, table.kinds[0], row.limit, table.column(column)),
        kind,
    }
}

/// Holes, and amounts that fall with weight.
fn surcharge_findings(surcharge: &Surcharge, findings: &mut Vec<Finding>) {
    for group in &surcharge.groups {
        let mut most = None;
        for band in &group.bands {
            let kind = match band.amount {
                None => Some(FindingKind::Hole),
                Some(_) if band.amount < most => Some(FindingKind::CheaperWhenHeavier),
                Some(_) => None,
            };
            most = most.max(band.amount);
            let name = surcharge_cell(surcharge);
            let (first, last) = (group.first, group.last);
            findings.extend(kind.map(|kind| Finding {
                cell: format!("{name} {} zones {first}-{last}", band.limit),
                kind,
            }));
        }
    }
}
