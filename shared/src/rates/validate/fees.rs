//! Holes and overlaps beside the tables: extras, surcharges, prices that the edition says it lacks.

use super::{FindingKind, Findings, Origin};
use crate::rates::additions::surcharge_cell;
use crate::rates::edition::Edition;
use crate::rates::tables::{Fee, PriceTable, Surcharge, ZONES, ZoneGroup};
use crate::rates::weight::Weight;

/// Looks through fees, surcharges and unpriced measures.
pub(super) fn look(edition: &Edition, found: &mut Findings) {
    for list in [&edition.nonmachinable, &edition.extras] {
        for (index, fee) in list.iter().enumerate() {
            fee_hole(edition, fee, found);
            let shares = |other: &&Fee| {
                other.class == fee.class
                    && other.name == fee.name
                    && other.shapes.iter().any(|shape| fee.shapes.contains(shape))
            };
            if list[..index].iter().any(|other| shares(&other)) {
                let place = format!("{} {}", fee.class, fee.name);
                found.about(
                    FindingKind::Overlap,
                    place,
                    "two fees for the same shape; only the first would be used",
                );
            }
        }
    }
    for (index, surcharge) in edition.surcharges.iter().enumerate() {
        surcharge_holes(edition, surcharge, found);
        surcharge_reach(edition, surcharge, found);
        overlapping_groups(surcharge, found);
        let same = |other: &&Surcharge| {
            let days = other.from <= surcharge.to && surcharge.from <= other.to;
            let shapes = other.shapes.is_empty()
                || surcharge.shapes.is_empty()
                || other
                    .shapes
                    .iter()
                    .any(|one| surcharge.shapes.contains(one));
            other.class == surcharge.class && other.kind == surcharge.kind && days && shapes
        };
        let named = |other: &&Surcharge| other.name == surcharge.name;
        let before = &edition.surcharges[..index];
        if before.iter().any(|other| same(&other) && named(&other)) {
            found.about(
                FindingKind::Overlap,
                surcharge_cell(surcharge),
                "its days overlap with another of the same name; both would be added",
            );
        }
    }
    for rule in &edition.shapes {
        for unpriced in &rule.unpriced {
            let origin = Origin::shape(edition, rule);
            let place = (unpriced.cell.clone(), String::new(), 1);
            found.add(FindingKind::Hole, place, "no price".to_owned(), origin, 0);
        }
    }
}

fn fee_hole(edition: &Edition, fee: &Fee, found: &mut Findings) {
    if fee.amount.is_none() {
        let place = (format!("{} {}", fee.class, fee.name), String::new(), 1);
        let origin = Origin::source(edition, fee.source);
        found.add(FindingKind::Hole, place, "no price".to_owned(), origin, 0);
    }
}

fn surcharge_holes(edition: &Edition, surcharge: &Surcharge, found: &mut Findings) {
    for group in &surcharge.groups {
        let mut most = None;
        for band in &group.bands {
            let kind = match band.amount {
                None => Some((FindingKind::Hole, "no price")),
                Some(_) if band.amount < most => Some((
                    FindingKind::CheaperWhenHeavier,
                    "less than for a lighter piece",
                )),
                Some(_) => None,
            };
            most = most.max(band.amount);
            if let Some((kind, words)) = kind {
                let (first, last) = (group.first, group.last);
                let cells = format!("{}, zones {first}-{last}", band.limit);
                let place = (surcharge_cell(surcharge), cells, 1);
                let origin = Origin::source(edition, surcharge.source);
                found.add(kind, place, words.to_owned(), origin, 0);
            }
        }
    }
}

/// Zones and weights that pay a surcharge and have no cell in it: such pieces are refused.
fn surcharge_reach(edition: &Edition, surcharge: &Surcharge, found: &mut Findings) {
    let paying = |table: &&PriceTable| {
        table.class == surcharge.class
            && table.kinds.contains(&surcharge.kind)
            && (surcharge.shapes.is_empty() || surcharge.shapes.contains(&table.shape))
    };
    let tables: Vec<&PriceTable> = edition.tables.iter().filter(paying).collect();
    let heaviest = |table: &&PriceTable| {
        let rule = edition.rule(table.class, table.shape);
        rule.map(|rule| rule.max_weight)
    };
    let heaviest = tables.iter().filter_map(heaviest).max();
    let last = u8::try_from(ZONES).unwrap_or(u8::MAX);
    // What goes by no zone pays what all zones pay together.
    let mut needed: Vec<(u8, u8)> = Vec::new();
    if tables.iter().any(|table| table.zoned) {
        needed.extend((1..=last).map(|zone| (zone, zone)));
    }
    if tables.iter().any(|table| !table.zoned) {
        needed.push((1, last));
    }
    let mut missing = |cells: String, words: &str| {
        let place = (surcharge_cell(surcharge), cells, 1);
        let origin = Origin::source(edition, surcharge.source);
        found.add(FindingKind::Hole, place, words.to_owned(), origin, 0);
    };
    let mut ends: Vec<(Weight, usize)> = Vec::new();
    for (first, last) in needed {
        let mut groups = surcharge.groups.iter().enumerate();
        let group = groups.find(|(_, group)| group.first <= first && last <= group.last);
        match group {
            None if first == last => missing(format!("zone {first}"), "in no group of it"),
            None => missing(
                format!("zones {first}-{last}"),
                "no group holds for all of them, and some prices go by no zone",
            ),
            Some((index, group)) => {
                let end = group.bands.last().map(|band| band.limit);
                ends.extend(end.map(|end| (end, index)));
            }
        }
    }
    ends.dedup();
    ends.sort_by_key(|(_, index)| *index);
    ends.dedup();
    for (end, index) in ends {
        if let (Some(heaviest), Some(group)) = (heaviest, surcharge.groups.get(index))
            && end < heaviest
        {
            let (first, last) = (group.first, group.last);
            missing(
                format!("over {end} to {heaviest}, zones {first}-{last}"),
                "no band, though pieces may weigh so much",
            );
        }
    }
}

fn overlapping_groups(surcharge: &Surcharge, found: &mut Findings) {
    for (index, group) in surcharge.groups.iter().enumerate() {
        let meets = |other: &&ZoneGroup| other.first <= group.last && group.first <= other.last;
        if surcharge.groups[..index].iter().any(|other| meets(&other)) {
            found.about(
                FindingKind::Overlap,
                surcharge_cell(surcharge),
                format!(
                    "zones {}-{} are in two groups; only the first would be used",
                    group.first, group.last
                ),
            );
        }
    }
}
