//! The zone chart: pairs that are not known, zones that fall where they should not, and ranges
//! that overlap.

use super::{FindingKind, Findings, Origin};
use crate::rates::edition::Edition;
use crate::rates::zip::Zip3;

/// A zone further than so many steps from what the distance says is looked at: the post's own
/// charts count from the middle of an area, so one or two steps are usual.
pub(super) const MAX_STEPS_FROM_DISTANCE: u8 = 2;
/// A zone that moved by more than so many steps against the edition before is looked at.
pub(super) const MAX_STEPS_MOVED: u8 = 1;

/// The worst pair of a kind, and how many there are.
#[derive(Default)]
struct Worst {
    count: usize,
    pair: Option<(Zip3, Zip3, u8, u8)>,
}

impl Worst {
    /// Counts a pair whose zone is not the expected one by more than `most` steps.
    fn look(&mut self, (a, b): (Zip3, Zip3), expected: u8, zone: u8, most: u8) {
        let steps = zone.abs_diff(expected);
        if steps <= most {
            return;
        }
        self.count += 1;
        let worst = self.pair.map_or(0, |(_, _, e, z)| z.abs_diff(e));
        if steps > worst {
            self.pair = Some((a, b, expected, zone));
        }
    }

    fn add(&self, kind: FindingKind, words: &str, origin: &Origin, found: &mut Findings) {
        if let Some((a, b, expected, zone)) = self.pair {
            let place = ("zone chart".to_owned(), format!("{a} to {b}"), self.count);
            let words = format!("zone {zone}, {words} {expected}");
            let degree = u32::from(zone.abs_diff(expected));
            found.add(kind, place, words, origin.clone(), degree);
        }
    }
}

/// Looks through chart and exceptions.
pub(super) fn look(edition: &Edition, before: Option<&Edition>, found: &mut Findings) {
    let zones = &edition.zones;
    let origin = Origin::source(edition, zones.source);
    let (mut far, mut moved) = (Worst::default(), Worst::default());
    let (mut pairs, mut known) = (0u32, 0u32);
    zones.chart.each_pair(|a, b| {
        pairs += 1;
        let Some(zone) = zones.chart.zone(a, b) else {
            return;
        };
        known += 1;
        if let Some(estimate) = zones.estimate(a, b) {
            far.look((a, b), estimate, zone, MAX_STEPS_FROM_DISTANCE);
        }
        if let Some(old) = before.and_then(|before| before.zones.chart.zone(a, b)) {
            moved.look((a, b), old, zone, MAX_STEPS_MOVED);
        }
    });
    far.add(
        FindingKind::ZoneFarFromDistance,
        "by distance",
        &origin,
        found,
    );
    moved.add(FindingKind::ZoneMoved, "before", &origin, found);
    if known < pairs {
        let percent = u64::from(known) * 100 / u64::from(pairs.max(1));
        found.about(
            FindingKind::ChartCoverage,
            "zone chart",
            format!("knows {percent} % of the pairs, the rest is estimated"),
        );
    }
    overlaps(edition, found);
}

fn overlaps(edition: &Edition, found: &mut Findings) {
    let zones = &edition.zones;
    for (index, range) in zones.fixed.iter().enumerate() {
        let mut before = zones.fixed[..index].iter();
        if before.any(|other| other.first <= range.last && range.first <= other.last) {
            let place = format!("ZIPs {} to {}", range.first, range.last);
            found.about(FindingKind::Overlap, place, "two ranges with one zone each");
        }
    }
    for (index, range) in zones.gateways.iter().enumerate() {
        let mut before = zones.gateways[..index].iter();
        if before.any(|other| other.first <= range.last && range.first <= other.last) {
            let place = format!("areas {} to {}", range.first, range.last);
            found.about(FindingKind::Overlap, place, "two gateways");
        }
    }
}
