//! The zone chart: which zone lies between two ZIP3 areas, where the post has said so.
//!
//! Zones are symmetric, so only half of the square is kept, at four bits a pair. On the wire the
//! chart is a bit set of the areas, a bit set of the pairs that are known, and runs of equal zones:
//! neighbouring areas lie in the same zone of a third one.

use minicbor::decode::Error;

use super::zip::{ZIP3_COUNT, Zip3};

/// The highest zone: the Freely Associated States.
pub const MAX_ZONE: u8 = 9;
/// Bytes of a bit set of all areas.
const AREA_BYTES: usize = 125;
/// Bytes of the half square, two pairs a byte.
const CELL_BYTES: usize = 250_250;
/// The longest run one byte can hold.
const MAX_RUN: u8 = 16;

/// Zones between pairs of ZIP3 areas; a pair may be unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneChart {
    areas: [u8; AREA_BYTES],
    cells: Box<[u8]>,
}

impl Default for ZoneChart {
    fn default() -> Self {
        Self {
            areas: [0; AREA_BYTES],
            cells: vec![0; CELL_BYTES].into_boxed_slice(),
        }
    }
}

impl ZoneChart {
    /// The zone between two areas, where it is known.
    #[must_use]
    pub fn zone(&self, a: Zip3, b: Zip3) -> Option<u8> {
        let (byte, shift) = place(a, b);
        let zone = (self.cells[byte] >> shift) & 0x0F;
        (zone != 0).then_some(zone)
    }

    /// Whether the chart lists this area.
    #[must_use]
    pub fn lists(&self, area: Zip3) -> bool {
        self.areas[area.index() / 8] >> (area.index() % 8) & 1 == 1
    }

    /// Lists an area, without saying a zone.
    pub(super) fn list(&mut self, area: Zip3) {
        self.areas[area.index() / 8] |= 1 << (area.index() % 8);
    }

    /// Writes the zone between two areas and lists both; `zone` is 1 to [`MAX_ZONE`].
    pub(super) fn set(&mut self, a: Zip3, b: Zip3, zone: u8) {
        self.list(a);
        self.list(b);
        let (byte, shift) = place(a, b);
        self.cells[byte] = self.cells[byte] & !(0x0F << shift) | (zone & 0x0F) << shift;
    }

    /// How many pairs of listed areas there are, and how many of them are known.
    #[must_use]
    pub fn coverage(&self) -> (u32, u32) {
        let mut coverage = (0, 0);
        self.each_pair(|a, b| {
            coverage.0 += 1;
            coverage.1 += u32::from(self.zone(a, b).is_some());
        });
        coverage
    }

    /// Visits every pair of listed areas once, in the order of the wire.
    pub(super) fn each_pair(&self, mut visit: impl FnMut(Zip3, Zip3)) {
        let areas: Vec<Zip3> = (0..ZIP3_COUNT)
            .filter_map(|number| Zip3::new(number).ok())
            .filter(|area| self.lists(*area))
            .collect();
        for (index, a) in areas.iter().enumerate() {
            for b in &areas[index..] {
                visit(*a, *b);
            }
        }
    }

    /// The bit set of known pairs and the runs of their zones.
    fn packed(&self) -> (Vec<u8>, Vec<u8>) {
        let (mut known, mut runs, mut count) = (Vec::new(), Vec::<u8>::new(), 0usize);
        self.each_pair(|a, b| {
            if count.is_multiple_of(8) {
                known.push(0);
            }
            if let Some(zone) = self.zone(a, b) {
                known[count / 8] |= 1 << (count % 8);
                match runs.last_mut() {
                    Some(run) if *run >> 4 == zone && *run & 0x0F < MAX_RUN - 1 => *run += 1,
                    _ => runs.push(zone << 4),
                }
            }
            count += 1;
        });
        (known, runs)
    }

    /// Fills the cells from the bit set of known pairs and the runs of their zones.
    fn unpack(&mut self, known: &[u8], runs: &[u8]) -> Result<(), Error> {
        let mut zones = runs
            .iter()
            .flat_map(|run| std::iter::repeat_n(run >> 4, usize::from(run & 0x0F) + 1));
        let (mut pairs, mut count, mut sound) = (Vec::new(), 0usize, true);
        self.each_pair(|a, b| {
            let bit = known
                .get(count / 8)
                .map_or(0, |byte| byte >> (count % 8) & 1);
            if bit == 1 {
                let zone = zones.next().unwrap_or(0);
                sound &= (1..=MAX_ZONE).contains(&zone);
                pairs.push((a, b, zone));
            }
            count += 1;
        });
        let bits: u32 = known.iter().map(|byte| byte.count_ones()).sum();
        let no_bit_is_left = usize::try_from(bits).is_ok_and(|bits| bits == pairs.len());
        let all_used = no_bit_is_left && zones.next().is_none();
        if !sound || !all_used || known.len() != count.div_ceil(8) {
            return Err(Error::message("zone chart: bit sets and runs disagree"));
        }
        for (a, b, zone) in pairs {
            self.set(a, b, zone);
        }
        Ok(())
    }
}

/// The byte and the shift of a pair in the half square.
fn place(a: Zip3, b: Zip3) -> (usize, usize) {
    let (low, high) = (a.min(b).index(), a.max(b).index());
    let cell = high * (high + 1) / 2 + low;
    (cell / 2, cell % 2 * 4)
}

impl<C> minicbor::Encode<C> for ZoneChart {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        let (known, runs) = self.packed();
        encoder.array(3)?.bytes(&self.areas)?;
        encoder.bytes(&known)?.bytes(&runs)?.ok()
    }
}

impl<'b, C> minicbor::Decode<'b, C> for ZoneChart {
    fn decode(decoder: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        if decoder.array()? != Some(3) {
            return Err(Error::message("zone chart: not three strings"));
        }
        let areas = <[u8; AREA_BYTES]>::try_from(decoder.bytes()?)
            .map_err(|_| Error::message("zone chart: not a bit set of a thousand areas"))?;
        let mut chart = Self {
            areas,
            ..Self::default()
        };
        let known = decoder.bytes()?;
        chart.unpack(known, decoder.bytes()?)?;
        Ok(chart)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn area(number: u16) -> Zip3 {
        Zip3::new(number).unwrap()
    }

    #[test]
    fn a_zone_reads_the_same_in_both_directions() {
        let mut chart = ZoneChart::default();
        chart.set(area(100), area(941), 8);
        assert_eq!(chart.zone(area(941), area(100)), Some(8));
        assert_eq!(chart.zone(area(100), area(942)), None);
        assert_eq!(chart.coverage(), (3, 1));
    }

    #[test]
    fn a_corrupt_chart_is_refused() {
        let mut chart = ZoneChart::default();
        chart.set(area(0), area(999), 5);
        let bytes = minicbor::to_vec(&chart).unwrap();
        assert_eq!(minicbor::decode::<ZoneChart>(&bytes).unwrap(), chart);
        let mut refused = 0;
        for bit in 0..bytes.len() * 8 {
            let mut broken = bytes.clone();
            broken[bit / 8] ^= 1 << (bit % 8);
            refused +=
                u32::from(minicbor::decode::<ZoneChart>(&broken).ok() != Some(chart.clone()));
        }
        assert_eq!(usize::try_from(refused).unwrap(), bytes.len() * 8);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn what_is_packed_is_unpacked(
            pairs in prop::collection::vec((0u16..1000, 0u16..1000, 1u8..=9), 0..300)
        ) {
            let mut chart = ZoneChart::default();
            for (a, b, zone) in pairs {
                chart.set(area(a), area(b), zone);
            }
            let bytes = minicbor::to_vec(&chart).unwrap();
            prop_assert_eq!(minicbor::decode::<ZoneChart>(&bytes).unwrap(), chart);
        }
    }
}
