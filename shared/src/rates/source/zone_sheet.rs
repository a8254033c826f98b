//! The post's zone chart: for each origin the ranges of destinations with their zone, and the ZIPs
//! that are exceptions.
//!
//! One line a range: `origin, destinations, zone`, for example `100, 005---008, 2`. Three digits are
//! areas, five digits are exceptions within one. The matrix form of one line an origin, a zone or a
//! dot for each area from 000 to 999, is read too.

use std::collections::BTreeMap;

use super::super::chart::MAX_ZONE;
use super::super::zip::{ZIP3_COUNT, Zip3, Zip5};
use super::sheet::{MAX_FAULTS, SheetFault};

/// The largest file, bytes: a matrix of all origins has a quarter of it.
pub const MAX_CHART_BYTES: usize = 4 << 20;

/// A chart that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::rates) struct ZoneSheet {
    /// For each origin a zone or a dot for each area.
    pub(in crate::rates) rows: BTreeMap<Zip3, String>,
    /// Ranges of ZIPs that have one zone from everywhere: first, last, zone.
    pub(in crate::rates) fixed: Vec<(Zip5, Zip5, u8)>,
}

/// Reads a chart.
///
/// # Errors
/// Every [`SheetFault`], at most [`MAX_FAULTS`].
pub(in crate::rates) fn read_zones(file: &str, text: &str) -> Result<ZoneSheet, Vec<SheetFault>> {
    let mut reading = Reading {
        file,
        areas: BTreeMap::new(),
        exceptions: BTreeMap::new(),
        faults: Vec::new(),
    };
    if text.len() > MAX_CHART_BYTES {
        reading.fault(0, 0, &format!("larger than {MAX_CHART_BYTES} bytes"));
        return Err(reading.faults);
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.split_once(char::is_whitespace) {
            Some((origin, row)) if row.len() == usize::from(ZIP3_COUNT) && !row.contains(',') => {
                reading.matrix(number, origin, row);
            }
            Some(_) | None => reading.range(number, line),
        }
        if reading.faults.len() >= MAX_FAULTS {
            break;
        }
    }
    reading.end()
}

/// The zones of one origin, by area.
type Areas = BTreeMap<u16, (u8, u32)>;

/// A range of ZIPs with its zone, and the line it was first read in.
type Exceptions = BTreeMap<(Zip5, Zip5), (u8, u32)>;

struct Reading<'a> {
    file: &'a str,
    areas: BTreeMap<Zip3, Areas>,
    exceptions: Exceptions,
    faults: Vec<SheetFault>,
}

impl Reading<'_> {
    fn fault(&mut self, line: u32, column: usize, what: &str) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(SheetFault {
                file: self.file.to_owned(),
                line,
                column,
                what: what.to_owned(),
            });
        }
    }

    /// One line of the matrix.
    fn matrix(&mut self, line: u32, origin: &str, row: &str) {
        let Ok(origin) = origin.parse::<Zip3>() else {
            return self.fault(line, 1, "the origin is not the three digits of an area");
        };
        for (area, byte) in (0..ZIP3_COUNT).zip(row.bytes()) {
            match byte {
                b'.' => {}
                b'1'..=b'9' => self.put(line, origin, area, byte - b'0'),
                _ => {
                    let what = format!("area {area:03} has neither a zone nor a dot");
                    return self.fault(line, 2, &what);
                }
            }
        }
    }

    /// One line `origin, destinations, zone`.
    fn range(&mut self, line: u32, text: &str) {
        let cells: Vec<&str> = text
            .split(',')
            .map(|cell| cell.trim().trim_matches('"').trim())
            .collect();
        let [origin, destinations, zone, ..] = cells[..] else {
            return self.fault(line, 0, "not an origin, destinations and a zone");
        };
        let Ok(origin) = origin.parse::<Zip3>() else {
            // The heading is the only line that begins with words.
            if line > 1 || origin.starts_with(|c: char| c.is_ascii_digit()) {
                self.fault(line, 1, "the origin is not the three digits of an area");
            }
            return;
        };
        // The post marks zones with letters and stars for kinds of service.
        let digits = zone.trim_end_matches(['*', '+', 'a', 'b', 'e']);
        let zone = match digits.parse::<u8>() {
            Ok(zone) if (1..=MAX_ZONE).contains(&zone) => zone,
            Ok(_) | Err(_) => return self.fault(line, 3, "the zone is not 1 to 9"),
        };
        let (first, last) = ends(destinations);
        if let (Ok(first), Ok(last)) = (first.parse::<Zip5>(), last.parse::<Zip5>())
            && first <= last
        {
            return self.exception(line, (first, last), zone);
        }
        match (first.parse::<Zip3>(), last.parse::<Zip3>()) {
            (Ok(first), Ok(last)) if first <= last => {
                for area in first.number()..=last.number() {
                    self.put(line, origin, area, zone);
                }
            }
            (Ok(_) | Err(_), Ok(_) | Err(_)) => self.fault(
                line,
                2,
                "the destinations are not areas of three digits or ZIPs of five, in order",
            ),
        }
    }

    fn put(&mut self, line: u32, origin: Zip3, area: u16, zone: u8) {
        let areas = self.areas.entry(origin).or_default();
        match areas.get(&area) {
            Some((before, at)) if *before != zone => {
                let what = format!("area {area:03} has zone {before} in line {at}");
                self.fault(line, 3, &what);
            }
            Some(_) => {}
            None => drop(areas.insert(area, (zone, line))),
        }
    }

    /// ZIPs that are an exception must be one from every origin: an edition keeps one zone for them.
    fn exception(&mut self, line: u32, range: (Zip5, Zip5), zone: u8) {
        match self.exceptions.get(&range) {
            Some((before, at)) if *before != zone => {
                let what =
                    format!("these ZIPs have zone {before} in line {at}, from another origin");
                self.fault(line, 3, &what);
            }
            Some(_) => {}
            None => drop(self.exceptions.insert(range, (zone, line))),
        }
    }

    fn end(mut self) -> Result<ZoneSheet, Vec<SheetFault>> {
        if self.areas.is_empty() && self.faults.is_empty() {
            self.fault(0, 0, "no line with an origin, destinations and a zone");
        }
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        let rows = self.areas.into_iter().map(|(origin, areas)| {
            let cell = |area: u16| match areas.get(&area) {
                Some((zone, _)) => char::from(b'0' + zone),
                None => '.',
            };
            (origin, (0..ZIP3_COUNT).map(cell).collect())
        });
        let fixed = self.exceptions.into_iter();
        Ok(ZoneSheet {
            rows: rows.collect(),
            fixed: fixed
                .map(|((first, last), (zone, _))| (first, last, zone))
                .collect(),
        })
    }
}

/// The two ends of a range: `005---008`, `005-008`, `005`.
fn ends(text: &str) -> (&str, &str) {
    let dashes = ['-', '\u{2013}', '\u{2014}'];
    match (text.find(dashes), text.rfind(dashes)) {
        (Some(first), Some(last)) => {
            let after = text[last..].trim_start_matches(dashes);
            (text[..first].trim(), after.trim())
        }
        (None, _) | (_, None) => (text, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_exceptions_are_read() {
        let text = "\u{feff}Origin,Destinations,Zone\r\n\
                    100,005---008,2\r\n\"100\",\"010\",3*\r\n100,969,8\r\n\
                    100,96939---96944,9\r\n941,96939-96944,9\r\n941,100,8\r\n";
        let sheet = read_zones("zones.csv", text).unwrap();
        let row = |origin: &str| sheet.rows[&origin.parse::<Zip3>().unwrap()].clone();
        assert_eq!(&row("100")[4..12], ".2222.3.");
        assert_eq!(&row("941")[99..102], ".8.");
        let zip = |text: &str| text.parse::<Zip5>().unwrap();
        assert_eq!(sheet.fixed, [(zip("96939"), zip("96944"), 9)]);
    }

    #[test]
    fn the_matrix_of_the_reference_data_is_read_as_it_is() {
        let text = include_str!("../../../data/zones/us-2018-sample.txt");
        let sheet = read_zones("us-2018-sample.txt", text).unwrap();
        let known = super::super::reference::chart_rows("us-2018-sample").unwrap();
        assert_eq!(sheet.rows.into_iter().collect::<Vec<_>>(), known);
    }

    #[test]
    fn every_fault_says_its_line_and_column() {
        let text = "100,005,2\n100,005,3\n1000,005,2\n100,008---005,2\n100,005,12\nalone\n\
                    100,96939,9\n200,96939,8\n";
        let faults = read_zones("zones.csv", text).unwrap_err();
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        zones.csv line 2 column C: area 005 has zone 2 in line 1
        zones.csv line 3 column A: the origin is not the three digits of an area
        zones.csv line 4 column B: the destinations are not areas of three digits or ZIPs of five, in order
        zones.csv line 5 column C: the zone is not 1 to 9
        zones.csv line 6: not an origin, destinations and a zone
        zones.csv line 8 column C: these ZIPs have zone 9 in line 7, from another origin
        ");
        let faults = read_zones("zones.csv", "").unwrap_err();
        assert_eq!(
            faults[0].to_string(),
            "zones.csv: no line with an origin, destinations and a zone"
        );
    }
}
