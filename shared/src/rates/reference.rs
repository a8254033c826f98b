//! Reference data for editions: geography and rules, no prices. See `shared/data` and NOTICE.
//!
//! Only an import reads it; it then travels inside the edition.

use super::zip::Zip3;
use super::zones::Centroid;

/// The edition whose rules, shapes and zones a price list takes where no other is published: its
/// name and its JSON. None of its prices is taken.
pub const USUAL_BASE: (&str, &str) = (
    "us-2026-07-12",
    include_str!("../../data/editions/us-2026-07-12.json"),
);
/// A sample of the zone charts of autumn 2018.
const US_2018_SAMPLE: &str = include_str!("../../data/zones/us-2018-sample.txt");
/// Where the ZIP3 areas of the US lie.
const US_CENTROIDS: &str = include_str!("../../data/zones/us-centroids.tsv");

/// The rows of a zone chart by its name: area, and a thousand zones or dots.
#[must_use]
pub fn chart_rows(name: &str) -> Option<Vec<(Zip3, String)>> {
    let text = match name {
        "us-2018-sample" => US_2018_SAMPLE,
        _ => return None,
    };
    let rows = content(text).filter_map(|line| line.split_once(' '));
    rows.map(|(area, row)| Some((area.parse().ok()?, row.to_owned())))
        .collect()
}

/// The middles of areas by the name of their country, ascending by area.
#[must_use]
pub fn centroids(country: &str) -> Option<Vec<Centroid>> {
    let text = match country {
        "us" => US_CENTROIDS,
        _ => return None,
    };
    content(text).map(centroid).collect()
}

/// The lines that are not comments.
fn content(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#'))
}

/// Reads one line of centroids: area, latitude, longitude, x, y, z.
fn centroid(line: &str) -> Option<Centroid> {
    let mut columns = line.split('\t');
    let area = columns.next()?.parse().ok()?;
    let mut columns = columns.skip(2);
    let mut axis = || columns.next()?.parse().ok();
    let point = [axis()?, axis()?, axis()?];
    Some(Centroid { area, point })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_base_is_an_edition_of_that_name() {
        let (name, source) = USUAL_BASE;
        let edition = crate::rates::Edition::from_json(source).unwrap();
        assert_eq!(edition.id(), name);
    }

    #[test]
    fn the_reference_data_reads_whole() {
        assert_eq!(chart_rows("us-2018-sample").unwrap().len(), 930);
        assert_eq!(centroids("us").unwrap().len(), 916);
        assert!(chart_rows("us").is_none() && centroids("de").is_none());
    }
}
