//! Editions as content: JSON, bytes, the days they hold, what an admin is told.

use std::error::Error;

use super::super::{EditionError, SourceError};
use super::*;

#[test]
fn every_edition_reads_back_from_its_bytes() {
    for source in ALL_SOURCES {
        let edition = Edition::from_json(source).unwrap();
        let bytes = edition.to_bytes();
        assert_eq!(
            bytes,
            Edition::from_json(source).unwrap().to_bytes(),
            "deterministic"
        );
        assert_eq!(Edition::from_bytes(&bytes).unwrap(), edition);
        println!("{}: {} bytes", edition.id(), bytes.len());
        assert!(
            bytes.len() < 160_000,
            "compact enough for a modem: {}",
            bytes.len()
        );
    }
}

#[test]
fn an_edition_prices_nothing_before_its_day() {
    let got = priced(&on(letter("1oz"), date(2026, 7, 11)));
    assert_eq!(
        got,
        "no_edition_in_force: no rate edition is in force on 2026-07-11"
    );
}

#[test]
fn an_edition_prices_nothing_after_the_last_day_its_publisher_set() {
    let edition = Edition::from_json(SOURCE_2025_OCTOBER).unwrap();
    let last = edition.until().unwrap();
    let code = |day: Date| {
        let quoted = quote(&edition, &on(letter("1oz"), day));
        quoted.err().map(|refusal| refusal.code())
    };
    assert_eq!(code(last), None);
    assert_eq!(code(last.tomorrow().unwrap()), Some("no_edition_in_force"));
}

#[test]
fn the_date_of_mailing_lies_from_today_to_thirty_days_ahead() {
    let check = |day| super::super::check_mailing_date(&EDITION, date(2026, 12, 15), day);
    assert_eq!(check(date(2026, 12, 15)), Ok(()));
    assert_eq!(check(date(2027, 1, 14)), Ok(()));
    for day in [date(2026, 12, 14), date(2027, 1, 15)] {
        let refusal = check(day).unwrap_err();
        assert_eq!(refusal.code(), "date_out_of_range");
        assert!(
            refusal
                .to_string()
                .ends_with("outside 2026-12-15 to 2027-01-14"),
            "{refusal}"
        );
    }
}

#[test]
fn content_that_is_not_its_own_encoding_is_refused() {
    let bytes = EDITION.to_bytes();
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(matches!(
        Edition::from_bytes(&longer),
        Err(EditionError::NotDeterministic)
    ));
    // The version 2 written in two bytes.
    assert_eq!(&bytes[1..3], [1, 2]);
    let mut wide = bytes.clone();
    wide.splice(2..3, [0x18, 2]);
    assert!(matches!(
        Edition::from_bytes(&wide),
        Err(EditionError::NotDeterministic)
    ));
    let mut later = bytes;
    later[2] = 3;
    assert!(matches!(
        Edition::from_bytes(&later),
        Err(EditionError::UnknownVersion(3))
    ));
    assert!(matches!(
        Edition::from_bytes(&vec![0; 1 << 21]),
        Err(EditionError::TooLarge)
    ));
    assert!(matches!(
        Edition::from_bytes(&[]),
        Err(EditionError::Malformed(_))
    ));
}

/// Imports the sample with one change and reads the refusal with its cause.
fn broken(from: &str, to: &str) -> String {
    assert!(SOURCE_2026.contains(from), "{from}");
    let fault = Edition::from_json(&SOURCE_2026.replacen(from, to, 1)).unwrap_err();
    let mut words = fault.to_string();
    let mut cause = fault.source();
    while let Some(inner) = cause {
        words += &format!(": {inner}");
        cause = inner.source();
    }
    words
}

#[test]
fn a_broken_import_says_where() {
    let list = [
        broken("pennyblack-edition-1", "pennyblack-edition-9"),
        broken(r#""price": "0.78""#, r#""price": "0.7800""#),
        broken(r#""to": "15.999oz""#, r#""to": "15.999""#),
        broken(
            r#""to": "15.999oz""#,
            r#""to": "15.999oz", "colour": "red""#,
        ),
        broken(r#""source": "zones""#, r#""source": "nowhere""#),
        broken(r#""us-2018-sample""#, r#""us-1999""#),
        broken(r#""prices": ["6.93", "#, r#""prices": ["#),
        broken(
            r#"{"to": "2oz", "price": "1.07"}"#,
            r#"{"to": "0.5oz", "price": "1.07"}"#,
        ),
        broken(r#""us-2018-sample""#, r#"{"100": "12"}"#),
        broken(r#""divisor": 139"#, r#""divisor": 0"#),
        broken(
            r#""effective": "2026-07-12""#,
            r#""effective": "-000005-01-01""#,
        ),
        broken(
            r#""effective": "2026-07-12""#,
            r#""effective": "2626-07-12""#,
        ),
        broken(r#""from": "2026-10-04""#, r#""from": "1026-10-04""#),
        broken(r#""title": "Certified"#, r#""title": "\u001b[2JCertified"#),
        broken(r#""title": "Australia"#, r#""title": "\u202eAustralia"#),
        broken(r#""groups": [1, 12,"#, r#""groups": [12, 1,"#),
        broken(r#""first": 1,"#, r#""first": 6,"#),
    ];
    insta::assert_snapshot!(list.join("\n"), @r#"
    line 2 column 12, format: the format is "pennyblack-edition-9", expected "pennyblack-edition-1"
    line 257 column 28, tables[0].rows[0].price: "0.7800": not an amount of money such as 50.00
    line 313 column 12, tables[4].rows[0].to: "15.999": not a weight such as 28g, 1oz or 2lb3oz
    line 313 column 34, tables[4].rows[0].colour: unknown field `colour`, expected one of `to`, `price`, `prices`, `source`
    line 1581 column 13, zones.source: source "nowhere" is not described under sources
    line 1579 column 12, zones.chart: no reference data named "us-1999"
    line 313 column 5, tables[4].rows[0]: the row to 15.999 oz has the wrong number of prices
    line 258 column 12: the edition cannot be used: the edition is not sound in tables[0].rows[1].to: not heavier than the row before
    line 1579 column 20, zones.chart[100]: row 100 of the zone chart is not 1000 zones or dots
    line 57 column 31: the edition cannot be used: the edition is not sound in shapes[3].dimensional.divisor: nothing divides by 0
    line 5 column 15: the edition cannot be used: the edition is not sound in effective: not a day of the years 2000 to 2199
    line 5 column 15: the edition cannot be used: the edition is not sound in effective: not a day of the years 2000 to 2199
    line 108 column 16: the edition cannot be used: the edition is not sound in shapes[5].unpriced[0].season: not a day of the years 2000 to 2199
    line 1251 column 13: the edition cannot be used: the edition is not sound in extras[0].title: it has control characters
    line 1603 column 15: the edition cannot be used: the edition is not sound in countries: it has control characters
    line 1147 column 14: the edition cannot be used: the edition is not sound in tables[23].groups: not at most 64 groups in ascending order
    line 1486 column 14: the edition cannot be used: the edition is not sound in surcharges[0].groups[0].last: it ends before it begins
    "#);
    let long = " ".repeat(5 << 20);
    assert!(matches!(
        Edition::from_json(&long),
        Err(SourceError::TooLarge)
    ));
}

#[test]
fn a_chart_of_its_own_may_not_contradict_itself() {
    let row = |at: usize, zone: &str| {
        let mut row = ".".repeat(1000);
        row.replace_range(at..=at, zone);
        row
    };
    let chart = |back: &str| {
        let (a, b) = (row(941, "8"), row(100, back));
        let rows = format!(r#"{{"100": "{a}", "941": "{b}"}}"#);
        Edition::from_json(&SOURCE_2026.replacen(r#""us-2018-sample""#, &rows, 1))
    };
    assert!(chart("8").is_ok());
    let fault = chart("7").unwrap_err();
    assert!(fault.to_string().ends_with("zones.chart[941]"), "{fault}");
    assert_eq!(
        fault.source().unwrap().to_string(),
        "the zone chart gives 941 and 100 different zones in the two directions"
    );
}
