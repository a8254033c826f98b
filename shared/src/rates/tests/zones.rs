//! Zones: exceptions, chart, estimate.

use super::super::zip::{Zip3, Zip5};
use super::super::zones::Zone;
use super::*;

fn zone(from: &str, to: &str) -> Result<Zone, RateRefusal> {
    let zip = |text: &str| text.parse::<Zip5>().unwrap();
    EDITION.zones().zone(zip(from), zip(to))
}

fn number(from: &str, to: &str) -> u8 {
    zone(from, to).unwrap().number
}

#[test]
fn charted_zones_are_the_posts_in_both_directions() {
    for (from, to, expected) in [
        ("00501", "01201", 2),
        ("01001", "00601", 7),
        ("01001", "60101", 5),
        ("10001", "94103", 8),
    ] {
        for (a, b) in [(from, to), (to, from)] {
            let zone = zone(a, b).unwrap();
            assert_eq!((zone.number, zone.estimated), (expected, false), "{a} {b}");
        }
    }
}

#[test]
fn mail_for_the_forces_takes_the_zone_of_its_gateway() {
    let areas = |range: std::ops::RangeInclusive<u32>| range.map(|area| format!("{area:03}05"));
    for (range, gateway) in [
        (90..=98, "11099"),
        (340..=340, "33112"),
        (962..=966, "94128"),
    ] {
        for zip in areas(range) {
            for from in ["60601", "30301", "73301"] {
                let forces = zone(from, &zip).unwrap();
                assert_eq!(forces.number, number(from, gateway), "{from} {zip}");
                assert_eq!(zone(&zip, from), Ok(forces));
            }
        }
    }
}

#[test]
fn only_the_freely_associated_states_are_zone_9() {
    for zip in ["96940", "96941", "96944", "96960", "96970"] {
        let zone = zone("10001", zip).unwrap();
        assert_eq!((zone.number, zone.estimated), (9, false), "{zip}");
    }
    for zip in ["96910", "96950"] {
        assert_eq!(number("10001", zip), 8, "{zip}");
    }
    assert_eq!(number("96910", "96913"), 1);
}

#[test]
fn a_pair_outside_the_chart_is_estimated_and_marked() {
    let chart = &EDITION.zones().chart;
    let area = |number| Zip3::new(number).unwrap();
    let missing = (110..1000)
        .map(area)
        .find(|to| chart.lists(*to) && chart.zone(area(100), *to).is_none());
    let to = format!("{}01", missing.unwrap());
    assert!(zone("10001", &to).unwrap().estimated, "{to}");
    let request = parcel("1lb", &to);
    let got = quote(&EDITION, &request).unwrap();
    assert!(got.estimated && got.notes.iter().any(|note| note.contains("estimated")));
    let live = QuoteRequest {
        live: true,
        ..request
    };
    assert!(priced(&live).starts_with("zone_estimated: "));
    assert_eq!(
        priced(&QuoteRequest {
            live: true,
            ..letter("1oz")
        }),
        "0.78"
    );
}

#[test]
fn estimates_come_close_to_the_chart() {
    let rules = EDITION.zones();
    let areas: Vec<Zip3> = (0..1000).map(|area| Zip3::new(area).unwrap()).collect();
    let (mut pairs, mut exact, mut near) = (0u32, 0u32, 0u32);
    for (index, a) in areas.iter().enumerate() {
        for b in &areas[index..] {
            let (Some(known), Some(guess)) = (rules.chart.zone(*a, *b), rules.estimate(*a, *b))
            else {
                continue;
            };
            pairs += 1;
            exact += u32::from(known == guess);
            near += u32::from(known.abs_diff(guess) <= 1);
        }
    }
    println!("{exact} exact, {near} within one of {pairs}");
    assert!(pairs > 180_000);
    assert!(exact * 100 > pairs * 80, "{exact} of {pairs}");
    assert!(near * 100 > pairs * 97, "{near} of {pairs}");
}

#[test]
fn the_limits_are_the_chords_of_their_miles() {
    let miles = [50.0, 150.0, 300.0, 600.0, 1000.0, 1400.0, 1800.0];
    let limits = &EDITION.zones().limits;
    assert_eq!(limits.len(), miles.len());
    for (limit, miles) in limits.iter().zip(miles) {
        // The mean radius of the earth is 3958.7613 miles.
        let chord = 2.0e7 * (miles / 3_958.761_3_f64 / 2.0).sin();
        assert!((chord - f64::from(limit.chord)).abs() < 1.0, "{miles}");
    }
}

#[test]
fn an_unknown_zip_is_refused_for_every_class() {
    for zip in ["00001", "21305", "51701"] {
        let expected = format!("unknown_zip: ZIP {zip} is not in the reference data");
        let unknown: crate::rates::Zip5 = zip.parse().unwrap();
        for request in [letter("1oz"), parcel("1lb", "94103")] {
            let to = QuoteRequest {
                to: unknown.into(),
                ..request.clone()
            };
            let from = QuoteRequest {
                from: unknown,
                ..request
            };
            assert_eq!(
                [priced(&to), priced(&from)],
                [expected.clone(), expected.clone()]
            );
        }
    }
}

#[test]
fn puerto_rico_and_the_virgin_islands_are_known() {
    for zip in ["00601", "00725", "00802", "00901"] {
        assert!(number("10001", zip) >= 6, "{zip}");
    }
}
