//! From two ZIPs to a zone: the post's exceptions, its chart, and distance as a marked estimate.

use minicbor::{Decode, Encode};

use super::chart::ZoneChart;
use super::refusal::RateRefusal;
use super::zip::{ZIP3_COUNT, Zip3, Zip5};

/// One earth radius in the unit of [`Centroid`].
pub const EARTH_RADIUS: u32 = 10_000_000;

/// Everything the zone between two ZIPs depends on; part of an edition.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ZoneRules {
    /// The chart of the post.
    #[n(1)]
    pub(super) chart: ZoneChart,
    /// ZIP3 areas that take the zone of a gateway: mail for the forces abroad.
    #[n(2)]
    pub(super) gateways: Vec<Gateway>,
    /// ZIPs that have one zone from everywhere, whatever their ZIP3 area has.
    #[n(3)]
    pub(super) fixed: Vec<FixedZone>,
    /// The zones by distance, nearest first; farther than the last is `beyond`.
    #[n(4)]
    pub(super) limits: Vec<ZoneLimit>,
    /// The zone of all greater distances.
    #[n(5)]
    pub(super) beyond: u8,
    /// Where the ZIP3 areas lie, ascending by area.
    #[n(6)]
    pub(super) centroids: Vec<Centroid>,
    /// Index into the edition's sources.
    #[n(7)]
    pub(super) source: u16,
}

/// A range of ZIP3 areas and the area through which their mail goes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Gateway {
    #[n(1)]
    pub(super) first: Zip3,
    #[n(2)]
    pub(super) last: Zip3,
    #[n(3)]
    pub(super) gateway: Zip3,
}

/// A range of ZIPs with one zone.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FixedZone {
    #[n(1)]
    pub(super) first: Zip5,
    #[n(2)]
    pub(super) last: Zip5,
    #[n(3)]
    pub(super) zone: u8,
}

/// A zone and the greatest distance in it, as the straight line through the earth.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ZoneLimit {
    #[n(1)]
    pub(super) zone: u8,
    /// Ten-millionths of the earth's radius.
    #[n(2)]
    pub(super) chord: u32,
}

/// The middle of a ZIP3 area as a point on the unit sphere, in ten-millionths.
///
/// Whole numbers, so that every machine estimates the same zone: sines and cosines differ in the
/// last bit from one mathematical library to the next.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Centroid {
    #[n(1)]
    pub(super) area: Zip3,
    #[n(2)]
    pub(super) point: [i32; 3],
}

/// A zone and how it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    /// 1 to 9.
    pub number: u8,
    /// Estimated by distance, because the chart lacks the pair.
    pub estimated: bool,
}

impl Zone {
    /// A zone of the post's own.
    pub(super) const fn known(number: u8) -> Self {
        Self {
            number,
            estimated: false,
        }
    }
}

impl ZoneRules {
    /// Whether this ZIP's area is in the reference data.
    #[must_use]
    pub fn knows(&self, zip: Zip5) -> bool {
        let area = zip.zip3();
        self.chart.lists(area)
            || self.gateway(area) != area
            || self.fixed_zone(zip).is_some()
            || self.centroid(area).is_some()
    }

    /// The zone between two ZIPs: exceptions first, then the chart, then distance.
    ///
    /// # Errors
    /// [`RateRefusal::UnknownZip`] for a ZIP outside the reference data,
    /// [`RateRefusal::NoZone`] when neither chart nor distance can tell.
    pub fn zone(&self, from: Zip5, to: Zip5) -> Result<Zone, RateRefusal> {
        for zip in [from, to] {
            if !self.knows(zip) {
                return Err(RateRefusal::UnknownZip { zip });
            }
        }
        let fixed = [from, to].into_iter().find_map(|zip| self.fixed_zone(zip));
        if let Some(zone) = fixed {
            return Ok(Zone::known(zone));
        }
        let (from, to) = (from.zip3(), to.zip3());
        let via = (self.gateway(from), self.gateway(to));
        let charted = [(from, to), via]
            .into_iter()
            .find_map(|(a, b)| self.chart.zone(a, b));
        if let Some(zone) = charted {
            return Ok(Zone::known(zone));
        }
        let number = self.estimate(via.0, via.1);
        let number = number.ok_or(RateRefusal::NoZone { from, to })?;
        Ok(Zone {
            number,
            estimated: true,
        })
    }

    /// The zone by distance alone.
    #[must_use]
    pub fn estimate(&self, from: Zip3, to: Zip3) -> Option<u8> {
        let (a, b) = (self.centroid(from)?, self.centroid(to)?);
        let squared: u64 = (0..3)
            .map(|axis| u64::from(a.point[axis].abs_diff(b.point[axis])))
            .map(|side| side * side)
            .sum();
        let within =
            |limit: &&ZoneLimit| squared <= u64::from(limit.chord) * u64::from(limit.chord);
        let limit = self.limits.iter().find(within);
        Some(limit.map_or(self.beyond, |limit| limit.zone))
    }

    /// The area whose zones this one takes: a gateway's, or its own.
    fn gateway(&self, area: Zip3) -> Zip3 {
        let range = self
            .gateways
            .iter()
            .find(|g| (g.first..=g.last).contains(&area));
        range.map_or(area, |range| range.gateway)
    }

    /// The one zone of a ZIP that has such an exception.
    fn fixed_zone(&self, zip: Zip5) -> Option<u8> {
        let range = self
            .fixed
            .iter()
            .find(|f| (f.first..=f.last).contains(&zip));
        range.map(|range| range.zone)
    }

    /// Where an area lies.
    fn centroid(&self, area: Zip3) -> Option<&Centroid> {
        let found = self.centroids.binary_search_by_key(&area, |c| c.area);
        found.ok().and_then(|index| self.centroids.get(index))
    }

    /// Whether all numbers are within their ranges and lists in their order.
    pub(super) fn is_sound(&self) -> bool {
        let zone_is_sound = |zone: u8| (1..=super::chart::MAX_ZONE).contains(&zone);
        let radius = EARTH_RADIUS.cast_signed();
        let point_is_sound = |c: &Centroid| c.point.iter().all(|p| (-radius..=radius).contains(p));
        zone_is_sound(self.beyond)
            && self.limits.iter().all(|limit| zone_is_sound(limit.zone))
            && self
                .limits
                .iter()
                .all(|limit| limit.chord <= 2 * EARTH_RADIUS)
            && self.limits.is_sorted_by(|a, b| a.chord < b.chord)
            && self.fixed.iter().all(|fixed| zone_is_sound(fixed.zone))
            && self.centroids.is_sorted_by(|a, b| a.area < b.area)
            && self.centroids.iter().all(point_is_sound)
            && self.gateways.len() + self.fixed.len() <= usize::from(ZIP3_COUNT)
    }
}
