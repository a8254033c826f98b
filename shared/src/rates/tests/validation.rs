//! What an admin is told of an edition before it is published.

use jiff::ToSpan;

use super::super::tables::{Fee, PriceTable};
use super::super::validate::MAX_FINDINGS;
use super::super::{FindingKind, Report, Severity, Surroundings, validate};
use super::*;
use crate::money::Mills;

/// A report on an edition that begins in ten days, beside nothing else.
fn alone(edition: &Edition) -> Report {
    let today = edition.effective().saturating_sub(10.days());
    validate(
        edition,
        &Surroundings {
            today,
            published: &[],
            before: None,
        },
    )
}

/// A report on an edition that replaces another one.
fn after(edition: &Edition, before: &Edition) -> Report {
    let published = [(before.id().to_owned(), before.effective())];
    validate(
        edition,
        &Surroundings {
            today: edition.effective().saturating_sub(10.days()),
            published: &published,
            before: Some(before),
        },
    )
}

/// The findings of a kind, a line each.
fn lines(report: &Report, kind: FindingKind) -> String {
    let found = report.findings.iter().filter(|one| one.kind == kind);
    let lines = found.map(|one| {
        let severity = match one.severity {
            Severity::Stops => "stops",
            Severity::LookAt => "look at",
        };
        let (place, cells, words) = (&one.place, &one.cells, &one.words);
        format!("{severity}: {place}, {cells}: {words} ({})", one.count)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The sample as the post's own edition: nothing in it says that it is a sample.
fn official(changes: &[(&str, &str)]) -> Edition {
    let mut source = SOURCE_2026.replace("\"sample\": true", "\"sample\": false");
    for (from, to) in changes {
        assert!(source.contains(from), "{from}");
        source = source.replacen(from, to, 1);
    }
    Edition::from_json(&source).unwrap()
}

#[test]
fn the_samples_pass_and_say_what_they_lack() {
    for source in ALL_SOURCES {
        let edition = Edition::from_json(source).unwrap();
        let report = alone(&edition);
        assert!(report.passes(), "{report}");
        assert!(
            report.look_at > 0,
            "a sample that lacks nothing is no sample"
        );
    }
}

#[test]
fn every_sample_passes_after_the_one_before_it() {
    for pair in ALL_SOURCES.windows(2) {
        let [before, edition] = [pair[0], pair[1]].map(|s| Edition::from_json(s).unwrap());
        let report = after(&edition, &before);
        assert!(report.passes(), "{report}");
        assert_eq!(report.against.as_deref(), Some(before.id()));
    }
}

#[test]
fn a_hole_stops_an_edition_that_does_not_call_itself_a_sample() {
    let edition = official(&[(
        r#"{"to": "2oz", "price": "1.07"}"#,
        r#"{"to": "2oz", "price": null}"#,
    )]);
    let report = alone(&edition);
    assert!(!report.passes());
    let holes = lines(&report, FindingKind::Hole);
    assert!(
        holes.contains("stops: first-class letter metered, 2 oz: no price (1)"),
        "{holes}"
    );
}

#[test]
fn a_hole_is_excused_by_its_own_source_and_not_by_another_one() {
    // The prices are the post's own; only the zones come from a sample.
    let source = SOURCE_2026.replacen("\"sample\": true", "\"sample\": false", 1);
    let edition = Edition::from_json(&source).unwrap();
    assert!(edition.is_sample());
    let report = alone(&edition);
    let holes = lines(&report, FindingKind::Hole);
    assert!(
        holes.contains("stops: media parcel retail, commercial, 1 lb to 70 lb: no price (70)"),
        "{holes}"
    );
    assert!(!report.passes());
}

#[test]
fn an_edition_without_a_price_stops_even_as_a_sample() {
    let mut empty = EDITION.clone();
    for row in empty.tables.iter_mut().flat_map(|table| &mut table.rows) {
        row.amounts.fill(None);
    }
    let mut none = EDITION.clone();
    none.tables.clear();
    for edition in [empty, none] {
        let report = alone(&edition);
        assert!(!report.passes(), "{report}");
        let holes = lines(&report, FindingKind::Hole);
        assert!(
            holes.contains("stops: all tables, : there is no price at all (1)"),
            "{holes}"
        );
        assert!(!after(&edition, &EDITION).passes());
    }
}

/// A change that loses prices, and what is said of it.
type Loss = (fn(&mut Edition), &'static str);

/// The first table of a class and shape.
fn table(edition: &mut Edition, class: MailClass, shape: Shape) -> &mut PriceTable {
    let mut tables = edition.tables.iter_mut();
    let is_it = |table: &&mut PriceTable| (table.class, table.shape) == (class, shape);
    tables.find(is_it).unwrap()
}

fn ground(edition: &mut Edition) -> &mut PriceTable {
    table(edition, MailClass::GroundAdvantage, Shape::Parcel)
}

const LOST_CELLS: [Loss; 4] = [
    (
        |edition| ground(edition).rows[5].amounts[2] = None,
        "ground-advantage parcel commercial, 5 lb, zone 3: us-2026-07-12 had a price (1)",
    ),
    (
        |edition| drop(ground(edition).rows.pop()),
        "ground-advantage parcel commercial, 70 lb, zones 1-9: us-2026-07-12 had a price, this one \
         has no cell for it (9)",
    ),
    (
        |edition| drop(ground(edition).rows.remove(5)),
        "ground-advantage parcel commercial, 5 lb, zones 1-9: us-2026-07-12 had a row of its own; \
         the next one's price would be paid (9)",
    ),
    (
        |edition| {
            let table = table(edition, MailClass::International, Shape::Parcel);
            table.groups.pop();
            for row in &mut table.rows {
                row.amounts.pop();
            }
        },
        "international parcel retail, 1 lb to 4 lb, group 20: us-2026-07-12 had a price, this one \
         has no cell for it",
    ),
];

const LOST_PARTS: [Loss; 5] = [
    (
        |edition| {
            let is_other = |table: &PriceTable| table.class != MailClass::GroundAdvantage;
            edition.tables.retain(is_other);
        },
        "ground-advantage parcel commercial, : us-2026-07-12 had prices, this one has no such table (1)",
    ),
    (
        |edition| {
            let table = table(edition, MailClass::FirstClass, Shape::Postcard);
            table.kinds.truncate(1);
        },
        "first-class postcard retail, : us-2026-07-12 had prices, this one has no such table (1)",
    ),
    (
        |edition| {
            let shapes = &mut edition.shapes;
            shapes.retain(|rule| rule.class != MailClass::GroundAdvantage);
        },
        "ground-advantage parcel commercial, : us-2026-07-12 had prices, this one has no such table (1)",
    ),
    (
        |edition| edition.extras.retain(|fee| fee.name != "certified"),
        "first-class certified, : us-2026-07-12 had it for a",
    ),
    (
        |edition| {
            let countries = &mut edition.countries;
            countries.retain(|country| country.title() != "Australia");
        },
        "countries, Australia: us-2026-07-12 had a price group for it (1)",
    ),
];

#[test]
fn whatever_had_a_price_and_has_none_stops_even_a_sample() {
    let same = Edition {
        id: "us-next".to_owned(),
        ..EDITION.clone()
    };
    let report = after(&same, &EDITION);
    assert!(report.passes(), "nothing is lost by itself: {report}");
    for (change, expected) in LOST_CELLS.into_iter().chain(LOST_PARTS) {
        let mut edition = same.clone();
        change(&mut edition);
        let report = after(&edition, &EDITION);
        let lost = lines(&report, FindingKind::PriceLost);
        let stops = format!("stops: {expected}");
        assert!(lost.contains(&stops), "{expected} in {lost}");
        assert!(!report.passes());
        // Nobody could mail by the prices of an edition that has ended.
        let ended = Edition {
            until: Some(EDITION.effective()),
            ..EDITION.clone()
        };
        let later = Edition {
            effective: date(2027, 5, 1),
            ..edition
        };
        let report = after(&later, &ended);
        let lost = lines(&report, FindingKind::PriceLost);
        let seen = format!("look at: {expected}");
        assert!(lost.contains(&seen), "{expected} in {lost}");
    }
}

#[test]
fn a_price_that_falls_into_a_row_that_was_a_hole_before_is_lost() {
    let letters = |edition: &mut Edition| -> usize {
        let is_it = |table: &PriceTable| {
            table.shape == Shape::Letter && table.kinds.contains(&PriceKind::Metered)
        };
        edition.tables.iter().position(is_it).unwrap()
    };
    let mut before = EDITION.clone();
    let table = letters(&mut before);
    // One ounce has a price, two have none.
    before.tables[table].rows[1].amounts[0] = None;
    let mut edition = Edition {
        id: "us-next".to_owned(),
        ..before.clone()
    };
    assert_eq!(lines(&after(&edition, &before), FindingKind::PriceLost), "");
    edition.tables[table].rows.remove(0);
    let report = after(&edition, &before);
    assert_eq!(
        lines(&report, FindingKind::PriceLost),
        "stops: first-class letter metered, 1 oz: us-2026-07-12 had a row of its own; the next one \
         has no price (1)"
    );
    assert!(!report.passes());
    // With a price in that row, whoever mails one ounce would pay it.
    edition.tables[table].rows[0].amounts[0] = Some(Mills::parse("1.07").unwrap());
    let lost = lines(&after(&edition, &before), FindingKind::PriceLost);
    assert!(
        lost.contains("1 oz: us-2026-07-12 had a row of its own; the next one's"),
        "{lost}"
    );
}

#[test]
fn fees_of_one_name_for_different_shapes_are_held_against_their_own() {
    let mut before = EDITION.clone();
    let is_it = |fee: &Fee| fee.class == MailClass::FirstClass && fee.name == "certified";
    let place = before.extras.iter().position(is_it).unwrap();
    let price = |text: &str| Some(Mills::parse(text).unwrap());
    before.extras[place].shapes = vec![Shape::Letter];
    before.extras[place].amount = price("5.55");
    let hole = Fee {
        shapes: vec![Shape::Flat],
        amount: None,
        ..before.extras[place].clone()
    };
    before.extras.insert(place, hole);
    let same = Edition {
        id: "us-next".to_owned(),
        ..before.clone()
    };
    let report = after(&same, &before);
    assert!(report.passes(), "a hole for flats was one before: {report}");
    let mut lost = same.clone();
    lost.extras[place + 1].amount = None;
    assert_eq!(
        lines(&after(&lost, &before), FindingKind::PriceLost),
        "stops: first-class certified, : us-2026-07-12 had a price (1)"
    );
    // The letters' price jumps, whatever comes first of that name.
    let mut dear = same;
    dear.extras[place + 1].amount = price("9.99");
    dear.extras[place].amount = price("1.00");
    let jumps = lines(&after(&dear, &before), FindingKind::Jump);
    assert_eq!(
        jumps,
        "stops: first-class certified, : 5.55 becomes 9.99 (+80 %) (1)"
    );
}

#[test]
fn prices_that_fall_by_weight_or_zone_stop_even_a_sample() {
    let edition = synthetic(&[
        (
            r#"{"to": "2oz", "price": "1.07"}"#,
            r#"{"to": "2oz", "price": "0.70"}"#,
        ),
        (
            r#""prices": ["6.93", "6.94""#,
            r#""prices": ["6.93", "6.92""#,
        ),
    ]);
    let report = alone(&edition);
    assert!(!report.passes());
    assert_eq!(
        lines(&report, FindingKind::CheaperWhenHeavier),
        "stops: first-class letter metered, 2 oz: less than for a lighter piece (1)"
    );
    assert_eq!(
        lines(&report, FindingKind::CheaperWhenFarther),
        "stops: ground-advantage parcel commercial, 15.999 oz, zone 2: less than for a nearer zone (1)"
    );
}

#[test]
fn a_price_that_jumps_against_the_edition_before_stops_it() {
    let before = Edition::from_json(SOURCE_2025_OCTOBER).unwrap();
    // 0.74 before: 0.92 is 24.3 % more, 0.93 is 25.7 % more.
    let priced = |price: &str| {
        let changed = format!(r#"{{"to": "1oz", "price": "{price}"}}"#);
        let edition = synthetic(&[(r#"{"to": "1oz", "price": "0.78"}"#, &changed)]);
        after(&edition, &before)
    };
    assert!(priced("0.92").passes());
    let report = priced("0.93");
    assert_eq!(
        lines(&report, FindingKind::Jump),
        "stops: first-class letter metered, 1 oz: 0.74 becomes 0.93 (+26 %) (1)"
    );
    let fallen = priced("0.55");
    assert_eq!(
        lines(&fallen, FindingKind::Jump),
        "stops: first-class letter metered, 1 oz: 0.74 becomes 0.55 (-26 %) (1)"
    );
}

#[test]
fn every_kind_of_a_table_is_held_against_its_own_prices_before() {
    let letters = |edition: &Edition, kind: PriceKind| {
        let is_letter =
            |table: &&PriceTable| table.shape == Shape::Letter && table.kinds.contains(&kind);
        edition
            .tables
            .iter()
            .position(|table| is_letter(&table))
            .unwrap()
    };
    let before = EDITION.clone();
    // Retail letters and metered ones cost the same from now on; retail ones did cost far more.
    let mut dear = before.clone();
    let retail = letters(&dear, PriceKind::Retail);
    for amount in dear.tables[retail]
        .rows
        .iter_mut()
        .flat_map(|row| &mut row.amounts)
    {
        *amount = amount.map(|_| Mills::parse("2.00").unwrap());
    }
    let mut edition = before;
    edition.tables.remove(retail);
    let metered = letters(&edition, PriceKind::Metered);
    edition.tables[metered].kinds.push(PriceKind::Retail);
    let report = after(&edition, &dear);
    let jumps = lines(&report, FindingKind::Jump);
    assert!(
        jumps.contains("first-class letter metered, retail, 1 oz: 2.00 becomes 0.78"),
        "{report}"
    );
}

#[test]
fn whole_classes_of_pieces_that_would_be_refused_stop_an_edition() {
    let holes = |edition: &Edition| {
        let report = alone(edition);
        assert!(!report.passes());
        lines(&report, FindingKind::Hole)
    };
    let mut edition = official(&[]);
    let known = holes(&edition);
    // The season's surcharge ends at 25 lb, parcels at 70.
    assert!(
        known.contains("over 25 lb to 70 lb, zones 1-4: no band, though pieces may weigh so much"),
        "{known}"
    );
    edition.surcharges[0].groups.pop();
    edition
        .tables
        .retain(|table| table.shape != Shape::Postcard);
    edition.countries[0].group = Some(99);
    let found = holes(&edition);
    for line in [
        "zone 9: in no group of it",
        "stops: first-class postcard, : no table has prices for it (1)",
        ", group 99: no column for Australia (1)",
    ] {
        assert!(
            found.contains(line) && !known.contains(line),
            "{line}: {found}"
        );
    }
}

#[test]
fn parts_that_claim_the_same_pieces_stop_the_edition() {
    let edition = synthetic(&[
        (
            r#""kinds": ["retail"],"#,
            r#""kinds": ["retail", "metered"],"#,
        ),
        (
            r#"{"first": "96960", "last": "96960", "zone": 9}"#,
            r#"{"first": "96940", "last": "96960", "zone": 9}"#,
        ),
    ]);
    let report = alone(&edition);
    let overlaps = lines(&report, FindingKind::Overlap);
    assert!(
        overlaps.contains("stops: first-class letter metered, : two tables"),
        "{overlaps}"
    );
    assert!(
        overlaps.contains("ZIPs 96940 to 96960, : two ranges"),
        "{overlaps}"
    );
}

#[test]
fn a_first_day_is_held_against_today_and_the_other_editions() {
    // The edition begins on 2026-07-12.
    let look = |today: Date, published: &[(&str, Date)]| {
        let published: Vec<(String, Date)> = published
            .iter()
            .map(|(id, day)| ((*id).to_owned(), *day))
            .collect();
        let around = Surroundings {
            today,
            published: &published,
            before: None,
        };
        let report = validate(&EDITION, &around);
        let dates = report.findings.iter().filter(|one| {
            matches!(
                one.kind,
                FindingKind::Superseded
                    | FindingKind::InThePast
                    | FindingKind::SameDay
                    | FindingKind::BeforeAnnounced
            )
        });
        let words =
            dates.map(|one| format!("{:?} {}: {}", one.severity, one.kind.word(), one.words));
        words.collect::<Vec<_>>().join("; ")
    };
    let first = date(2026, 7, 12);
    let (june, july, august) = (date(2026, 6, 1), date(2026, 7, 13), date(2026, 8, 1));
    assert_eq!(look(june, &[("old", date(2026, 1, 1))]), "");
    assert_eq!(
        look(first, &[("old", date(2026, 1, 1))]),
        "",
        "today is in time"
    );
    assert_eq!(look(july, &[]), "", "the first edition of a data center");
    insta::assert_snapshot!(
        [
            look(july, &[("old", date(2026, 1, 1))]),
            look(august, &[("new", date(2026, 7, 20))]),
            look(august, &[("twin", first)]),
            look(june, &[("a-twin", first)]),
            look(june, &[("us-2026-07-12-corrected", first)]),
            look(june, &[("later", date(2026, 9, 1))]),
        ]
        .join("\n"),
        @r"
    Stops in the past: pieces were mailed by old since then; today is 2026-07-13
    Stops superseded: new has been in force since 2026-07-20; stations never go back
    Stops superseded: twin has been in force since 2026-07-12; stations never go back
    LookAt same day: it replaces a-twin, which begins on the same day
    Stops superseded: us-2026-07-12-corrected begins on the same day and its name comes later: it stays
    LookAt out of order: later, which begins on 2026-09-01, was published before
    "
    );
}

#[test]
fn a_zone_far_from_distance_or_from_the_chart_before_is_shown() {
    let row = |zones: &[(usize, &str)]| {
        let mut row = ".".repeat(1000);
        for (at, zone) in zones {
            row.replace_range(*at..=*at, zone);
        }
        row
    };
    let chart = |zone: &str| {
        let rows = format!(r#"{{"100": "{}"}}"#, row(&[(112, zone), (941, "8")]));
        Edition::from_json(&SOURCE_2026.replacen(r#""us-2018-sample""#, &rows, 1)).unwrap()
    };
    let report = after(&chart("7"), &chart("2"));
    assert!(report.passes(), "a person decides: {report}");
    let far = lines(&report, FindingKind::ZoneFarFromDistance);
    assert_eq!(
        far,
        "look at: zone chart, 100 to 112: zone 7, by distance 1 (1)"
    );
    let moved = lines(&report, FindingKind::ZoneMoved);
    assert_eq!(
        moved,
        "look at: zone chart, 100 to 112: zone 7, before 2 (1)"
    );
}

#[test]
fn a_report_reads_as_a_table_with_the_worst_first() {
    let letters = |edition: Edition| {
        let mut edition = edition;
        let is_letter = |class, shape| class == MailClass::FirstClass && shape == Shape::Letter;
        edition
            .tables
            .retain(|table| is_letter(table.class, table.shape));
        edition
            .shapes
            .retain(|rule| is_letter(rule.class, rule.shape));
        edition.extras.clear();
        edition.surcharges.clear();
        edition
    };
    let before = letters(Edition::from_json(SOURCE_2025).unwrap());
    let edition = letters(synthetic(&[
        (
            r#"{"to": "3oz", "price": "1.36"}"#,
            r#"{"to": "3oz", "price": "13.60"}"#,
        ),
        (r#""price": "0.82""#, r#""price": null"#),
    ]));
    let report = after(&edition, &before);
    insta::assert_snapshot!(report.to_string(), @r"
    us-2026-07-12, held against us-2025-07-13: 3 stop it, 3 to look at.
      stops    falls by weight  first-class letter metered, 3.5 oz  less than for a lighter piece [USPS Notice 123 effective 2026-07-12, as quoted in public source code]
      stops    jump             first-class letter metered, 3 oz    1.32 becomes 13.60 (+931 %) [USPS Notice 123 effective 2026-07-12, as quoted in public source code]
      stops    price lost       first-class letter retail, 1 oz     us-2025-07-13 had a price [USPS Notice 123 effective 2026-07-12, as quoted in public source code]
      look at  hole             first-class letter retail, 1 oz     no price
      look at  odd zone         zone chart, 967 to 969              zone 1, by distance 8 (6 cells)
      look at  chart            zone chart                          knows 45 % of the pairs, the rest is estimated
    ");
}

#[test]
fn a_broken_file_is_no_flood_of_findings() {
    let mut edition = Edition::from_json(SOURCE_2025_OCTOBER).unwrap();
    for table in &mut edition.tables {
        for (index, row) in table.rows.iter_mut().enumerate() {
            if index % 2 == 0 {
                row.amounts.fill(None);
            }
            let columns = row.amounts.len();
            row.amounts.rotate_left(index % columns);
        }
    }
    edition.tables.extend_from_within(..);
    edition.tables.extend_from_within(..);
    edition.tables.extend_from_within(..);
    let report = alone(&edition);
    assert!(report.stops + report.look_at > MAX_FINDINGS);
    assert_eq!(report.findings.len(), MAX_FINDINGS);
    assert!(
        report
            .to_string()
            .lines()
            .last()
            .unwrap()
            .starts_with("  and ")
    );
}
