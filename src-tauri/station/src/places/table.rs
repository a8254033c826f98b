//! The ZIP table: packed in the executable, unpacked at its first use into two flat arrays.
//!
//! A map of strings would take 5 MB for 41,000 ZIPs; packed entries and one text take 0.6 MB.

use std::io::Read;
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use shared::rates::Zip5;

use super::Place;

/// Lines of state, city and ZIPs; made by `shared/data/prepare.py`.
const PACKED: &[u8] = include_bytes!("../../data/us-zips.txt.gz");
/// Entries are `zip * NAMES + name`, so that one `u32` holds both; there are 29,549 names.
const NAMES: u32 = 32_768;

static TABLE: LazyLock<Table> = LazyLock::new(Table::unpack);

/// The unpacked table.
struct Table {
    /// Ascending; see [`NAMES`].
    entries: Box<[u32]>,
    /// Where each name ends in `names`.
    ends: Box<[u32]>,
    /// The names one after the other, each its state's two letters and its city.
    names: Box<str>,
}

/// The places of a ZIP, usually one.
pub(super) fn places(zip: Zip5) -> impl Iterator<Item = Place> {
    let table: &'static Table = &TABLE;
    let first = zip.number() * NAMES;
    let start = table.entries.partition_point(|entry| *entry < first);
    let rest = table.entries[start..].iter();
    rest.take_while(move |entry| **entry / NAMES == zip.number())
        .filter_map(|entry| table.name(entry % NAMES))
}

impl Table {
    /// Unpacks the table that was built into the executable.
    fn unpack() -> Self {
        let mut text = String::new();
        GzDecoder::new(PACKED)
            .read_to_string(&mut text)
            .expect("the table in the executable was packed by gzip from UTF-8");
        let mut table = (Vec::new(), Vec::new(), String::new());
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        for (line, name) in lines.zip(0..NAMES) {
            let mut columns = line.split('\t');
            table.2.extend(columns.by_ref().take(2));
            table
                .1
                .push(u32::try_from(table.2.len()).unwrap_or(u32::MAX));
            let zips = columns.flat_map(|zips| zips.split(' '));
            let zips = zips.filter_map(|zip| zip.parse::<u32>().ok());
            table.0.extend(zips.map(|zip| zip * NAMES + name));
        }
        table.0.sort_unstable();
        Self {
            entries: table.0.into_boxed_slice(),
            ends: table.1.into_boxed_slice(),
            names: table.2.into_boxed_str(),
        }
    }

    /// The place with this number.
    fn name(&'static self, number: u32) -> Option<Place> {
        let index = usize::try_from(number).ok()?;
        let end = usize::try_from(*self.ends.get(index)?).ok()?;
        let before = index
            .checked_sub(1)
            .and_then(|before| self.ends.get(before));
        let start = usize::try_from(before.copied().unwrap_or(0)).ok()?;
        let (state, city) = self.names.get(start..end)?.split_at_checked(2)?;
        let city = Some(city);
        Some(Place { city, state })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_unpacks_whole_and_small() {
        assert_eq!(TABLE.entries.len(), 41_488);
        assert!(TABLE.ends.len() < 32_768, "{} names fit", TABLE.ends.len());
        let bytes = TABLE.entries.len() * 4 + TABLE.ends.len() * 4 + TABLE.names.len();
        println!("{} names, {bytes} bytes", TABLE.ends.len());
        assert!(bytes < 700_000, "{bytes}");
    }
}
