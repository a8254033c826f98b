//! From the rows of a zone chart to the half square that an edition keeps.

use std::collections::BTreeSet;

use super::super::chart::{MAX_ZONE, ZoneChart};
use super::super::reference;
use super::super::zip::{ZIP3_COUNT, Zip3};
use super::super::zones::{Centroid, FixedZone, Gateway};
use super::SourceError;
use super::form::ChartSource;

impl ChartSource {
    /// Fills the half square. Two parts of a chart by ZIP3 areas say nothing about the area:
    /// the rows of the forces abroad, who take their gateway's zones, and other areas' zones to
    /// an area in which single ZIPs have a zone of their own.
    pub(super) fn into_chart(
        self,
        gateways: &[Gateway],
        fixed: &[FixedZone],
        centroids: &[Centroid],
    ) -> Result<ZoneChart, SourceError> {
        let rows = match self {
            Self::Named(name) => {
                reference::chart_rows(&name).ok_or(SourceError::UnknownReference(name))?
            }
            Self::Rows(rows) => rows.into_iter().map(|(area, row)| (area.0, row)).collect(),
        };
        let abroad = |area: Zip3| gateways.iter().any(|g| (g.first..=g.last).contains(&area));
        let split = |area: Zip3| {
            let mut zips = fixed.iter().flat_map(|range| [range.first, range.last]);
            zips.any(|zip| zip.zip3() == area)
        };
        let origins = rows.iter().map(|(area, _)| *area);
        let located = centroids.iter().map(|centroid| centroid.area);
        let areas: BTreeSet<Zip3> = origins.chain(located).collect();
        let mut chart = ZoneChart::default();
        for (from, row) in &rows {
            chart.list(*from);
            for (to, zone) in zones_of(*from, row)? {
                let says_nothing = abroad(*from) || split(to) && to != *from;
                if says_nothing || !(areas.contains(&to) || abroad(to)) {
                    continue;
                }
                if chart.zone(*from, to).is_some_and(|other| other != zone) {
                    return Err(SourceError::ChartConflict(*from, to));
                }
                chart.set(*from, to, zone);
            }
        }
        Ok(chart)
    }
}

/// The known zones of one row of a chart.
fn zones_of(from: Zip3, row: &str) -> Result<Vec<(Zip3, u8)>, SourceError> {
    let bad = || SourceError::BadChartRow(from);
    let mut zones = Vec::new();
    for (number, byte) in (0..).zip(row.bytes()) {
        let to = Zip3::new(number).map_err(|_| bad())?;
        match byte {
            b'.' => {}
            b'1'..=b'9' if byte - b'0' <= MAX_ZONE => zones.push((to, byte - b'0')),
            _ => return Err(bad()),
        }
    }
    if row.len() == usize::from(ZIP3_COUNT) {
        Ok(zones)
    } else {
        Err(bad())
    }
}
