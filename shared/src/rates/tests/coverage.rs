//! Every class and item of the samples: published prices row by row, what the samples lack, what
//! goes abroad, and what holds of every table.

use proptest::prelude::*;

use super::super::weight::Weight;
use super::super::{Country, GoesTo, Zip5, options, price};
use super::*;

/// Published prices, one a line, each with its source.
const PUBLISHED: &str = include_str!("published.tsv");

/// A ZIP in each zone from New York, by the sample's chart.
static IN_ZONE: LazyLock<Vec<Zip5>> = LazyLock::new(|| {
    let from = "10001".parse().unwrap();
    let zone_of = |zip: Zip5| EDITION.zones().zone(from, zip).map(|zone| zone.number);
    // The west Pacific has a zone of its own, and only by whole ZIPs.
    let zips = (0..1_000).map(|area| area * 100 + 1).chain([96_943]);
    let zips: Vec<Zip5> = zips.map(|number| Zip5::new(number).unwrap()).collect();
    let in_zone = |zone| zips.iter().copied().find(|zip| zone_of(*zip) == Ok(zone));
    (1..=9)
        .map(|zone| in_zone(zone).expect("the chart has all zones"))
        .collect()
});

fn to_zone(zone: usize) -> GoesTo {
    IN_ZONE[zone - 1].into()
}

fn asked(class: &str, shape: &str, weight: &str, to: &str) -> QuoteRequest {
    let class = serde_json::from_value(class.into()).unwrap();
    let to = match to.strip_prefix("zone ") {
        Some(zone) => to_zone(zone.parse().unwrap()),
        None => to.parse().unwrap(),
    };
    QuoteRequest {
        class,
        shape: shape.parse().unwrap(),
        to,
        ..letter(weight)
    }
}

fn of_kind(kind: &str, request: QuoteRequest) -> QuoteRequest {
    QuoteRequest {
        kind: Some(kind.parse().unwrap()),
        ..request
    }
}

#[test]
fn every_published_price_is_quoted() {
    let editions = ALL_SOURCES.map(|source| Edition::from_json(source).unwrap());
    let mut rows = 0;
    for line in PUBLISHED.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [day, class, shape, kind, weight, to, names, expected, source] = fields[..] else {
            panic!("{line}")
        };
        assert!(!source.is_empty(), "{line}");
        let day: Date = day.parse().unwrap();
        let to = if to == "-" { "62701" } else { to };
        let names: Vec<&str> = names.split(',').filter(|name| *name != "-").collect();
        let request = of_kind(kind, asked(class, shape, weight, to));
        let request = on(extras(request, &names), day);
        let edition = editions.iter().rfind(|e| e.effective() <= day).unwrap();
        assert_eq!(outcome(quote(edition, &request)), expected, "{line}");
        rows += 1;
    }
    assert!(rows > 450, "{rows}");
}

/// What is asked, one a line, and the cell that the sample lacks.
const HOLES: &str = "\
retail|media|parcel|1.5lb|zone 5|media parcel retail 2 lb
retail|priority|parcel|2lb|zone 3|priority parcel retail 2 lb zone 3
commercial|priority|parcel|20.5lb|zone 9|priority parcel commercial 21 lb zone 9
commercial|priority|flat-rate:small-box|1lb|zone 2|priority flat-rate:small-box commercial 70 lb
retail|priority|flat-rate:medium-box|1lb|zone 2|priority flat-rate:medium-box retail 70 lb
retail|priority-express|parcel|3oz|zone 2|priority-express parcel retail 8 oz zone 2
metered|international|letter|1oz|DE|international letter metered 1 oz
retail|international|parcel|8oz|DE|international parcel retail 8 oz group 16
retail|international|parcel|6.5lb|GB|international priority-parcel retail 7 lb group 20
";

#[test]
fn what_the_sample_lacks_is_refused_by_the_name_of_its_cell() {
    for line in HOLES.lines() {
        let fields: Vec<&str> = line.split('|').collect();
        let [kind, class, shape, weight, to, cell] = fields[..] else {
            panic!("{line}")
        };
        let got = priced(&of_kind(kind, asked(class, shape, weight, to)));
        let wanted =
            format!("missing_cell: edition us-2026-07-12 has no price in the cell \"{cell}\"");
        assert_eq!(got, wanted);
    }
    assert_eq!(
        priced(&asked("priority", "flat-rate:hat-box", "1lb", "zone 2")),
        "not_in_edition: edition us-2026-07-12 has no priority flat-rate:hat-box"
    );
    for name in [
        "registered",
        "restricted-delivery",
        "certificate-of-mailing",
    ] {
        let names = if name == "restricted-delivery" {
            vec!["certified", name]
        } else {
            vec![name]
        };
        let got = priced(&extras(letter("1oz"), &names));
        assert!(
            got.ends_with(&format!("in the cell \"first-class {name}\"")),
            "{got}"
        );
    }
}

#[test]
fn what_stays_in_the_country_does_not_go_abroad_and_the_other_way_round() {
    assert_eq!(
        priced(&asked("first-class", "letter", "1oz", "DE")),
        "not_abroad: A First-Class letter does not go abroad, and DE is another country"
    );
    assert_eq!(
        priced(&asked("international", "letter", "1oz", "zone 4")),
        format!(
            "only_abroad: An International letter goes abroad only, and {} is in this country",
            to_zone(4)
        )
    );
    assert_eq!(
        priced(&asked("international", "parcel", "1lb", "ZZ")),
        "unknown_country: edition us-2026-07-12 has no prices to the country ZZ"
    );
    let german = EDITION.country_named("germany").unwrap();
    assert_eq!(german, "de".parse::<Country>().unwrap());
    assert_eq!(EDITION.country(german).unwrap().title(), "Germany");
    assert_eq!(EDITION.country_named("Atlantis"), None);
}

#[test]
fn a_country_without_a_group_and_a_group_without_a_column_are_missing_cells() {
    let without = synthetic(&[(
        r#""title": "Germany", "group": 16"#,
        r#""title": "Germany""#,
    )]);
    let parcel = asked("international", "parcel", "1lb", "DE");
    assert!(
        outcome(quote(&without, &parcel))
            .ends_with("in the cell \"international parcel retail group of DE\"")
    );
    let other = synthetic(&[(
        r#""title": "Germany", "group": 16"#,
        r#""title": "Germany", "group": 7"#,
    )]);
    assert!(
        outcome(quote(&other, &parcel))
            .ends_with("in the cell \"international parcel retail 1 lb group 7\"")
    );
    assert!(matches!(
        super::super::Edition::from_json(&SOURCE_2026.replacen(
            "\"groups\": [1, 12, 15",
            "\"groups\": [12, 1, 15",
            1
        )),
        Err(super::super::SourceError::Member { fault, .. })
            if matches!(*fault, super::super::SourceError::Unsound(_))
    ));
}

#[test]
fn columns_that_do_not_fit_a_destination_are_no_edition_and_have_no_price() {
    // International parcels by zone: every country would pay the first zone's price.
    let mut zoned = EDITION.clone();
    let abroad = |table: &&mut super::super::tables::PriceTable| !table.groups.is_empty();
    for table in zoned.tables.iter_mut().filter(abroad) {
        table.groups.clear();
        table.zoned = true;
        for row in &mut table.rows {
            row.amounts.resize(9, row.amounts[0]);
        }
    }
    // Letters by price group: every ZIP would pay the first group's price.
    let mut grouped = EDITION.clone();
    for table in &mut grouped.tables {
        if table.class == MailClass::FirstClass {
            table.groups = vec![1];
        }
    }
    for (edition, request, expected) in [
        (
            zoned,
            asked("international", "parcel", "1lb", "DE"),
            "tables[23].zoned: no zones abroad",
        ),
        (
            grouped,
            letter("1oz"),
            "tables[0].groups: price groups are for pieces that go abroad",
        ),
    ] {
        assert_eq!(
            edition.check().unwrap_err().to_string(),
            format!("the edition is not sound in {expected}")
        );
        let code = price(&edition, &request).unwrap_err().code();
        assert_eq!(code, "missing_cell");
    }
    let mut leaving = EDITION.clone();
    let flat = leaving
        .shapes
        .iter_mut()
        .find(|rule| rule.shape == Shape::Flat);
    flat.unwrap().abroad = true;
    assert!(
        leaving.check().is_err(),
        "a heavy letter would leave the country"
    );
}

#[test]
fn a_piece_that_goes_abroad_explains_itself() {
    let got = quote(&EDITION, &asked("international", "parcel", "5lb", "de")).unwrap();
    insta::assert_snapshot!(written(&got), @r#"
    99.85 by us-2026-07-12
       99.85  Priority Mail International, retail, 5 lb, not over 5 lb, price group 16 (Germany) [international priority-parcel retail 5 lb group 16]
      - Heavier than 4 lb, so it pays the price of a priority-parcel.
      - Sample prices: nobody has confirmed this edition.
    "#);
    assert_eq!((got.group, got.zone), (Some(16), None));
    assert_eq!(got.country.as_deref(), Some("Germany"));
    assert_eq!(got.marking, "PRIORITY MAIL INTERNATIONAL");
    assert_eq!(got.priced_as, Shape::PriorityParcel);
}

#[test]
fn a_flat_rate_item_costs_the_same_everywhere_and_says_what_may_be_added() {
    let item = |weight, zone: &str| asked("priority", "flat-rate:large-box", weight, zone);
    assert_eq!(priced(&item("1oz", "zone 1")), "31.00");
    assert_eq!(priced(&item("70lb", "zone 9")), "31.00");
    assert!(
        priced(&item("71lb", "zone 1"))
            .starts_with("overweight: A Priority Mail Flat Rate large box")
    );
    let in_advent = on(item("2lb", "zone 4"), ADVENT);
    insta::assert_snapshot!(written(&quote(&EDITION, &in_advent).unwrap()), @r#"
    31.00 by us-2026-07-12
       31.00  Priority Mail Flat Rate large box, commercial, 2 lb, not over 70 lb [priority flat-rate:large-box commercial 70 lb]
      - The post may add "priority flat-rate:large-box holiday-2026"; this edition has no price for it.
      - Sample prices: nobody has confirmed this edition.
    "#);
    let live = QuoteRequest {
        live: true,
        ..in_advent
    };
    assert_eq!(
        priced(&live),
        "missing_cell: edition us-2026-07-12 has no price in the cell \
         \"priority flat-rate:large-box holiday-2026\""
    );
}

#[test]
fn priority_mail_pays_for_its_size_like_for_its_weight() {
    let at = |size| priced(&sized(asked("priority", "parcel", "1lb", "zone 8"), size));
    assert_eq!(at("12x12x12in"), "15.22");
    // 13 x 12 x 12 = 1872 cubic inches / 139 = 13.5: 14 lb.
    assert_eq!(at("12.1x12x12in"), "51.00");
    assert!(
        at("40x20x15in").starts_with("wrong_size: "),
        "{}",
        at("40x20x15in")
    );
}

#[test]
fn all_ways_of_a_parcel_are_compared_by_price() {
    let ways = options(
        &EDITION,
        &asked("priority", "parcel", "2lb", "zone 4"),
        None,
    );
    let lines = ways.iter().map(|way| match &way.outcome {
        Ok(quote) => format!(
            "{} {} {}: {}",
            way.class, way.shape, quote.kind, quote.price
        ),
        Err(refusal) => format!("{} {}: {}: {refusal}", way.class, way.shape, refusal.code()),
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
    ground-advantage parcel commercial: 8.51
    priority parcel commercial: 10.79
    priority flat-rate:padded-envelope commercial: 11.99
    priority flat-rate:medium-box commercial: 21.17
    priority flat-rate:large-box commercial: 31.00
    first-class postcard: overweight: A First-Class postcard may weigh at most 1 oz; this piece weighs 2 lb
    first-class letter: overweight: A First-Class flat may weigh at most 13 oz; this piece weighs 2 lb
    first-class flat: overweight: A First-Class flat may weigh at most 13 oz; this piece weighs 2 lb
    priority flat-rate:envelope: missing_cell: edition us-2026-07-12 has no price in the cell "priority flat-rate:envelope commercial 70 lb"
    priority flat-rate:legal-envelope: missing_cell: edition us-2026-07-12 has no price in the cell "priority flat-rate:legal-envelope commercial 70 lb"
    priority flat-rate:small-box: missing_cell: edition us-2026-07-12 has no price in the cell "priority flat-rate:small-box commercial 70 lb"
    priority-express parcel: missing_cell: edition us-2026-07-12 has no price in the cell "priority-express parcel retail 2 lb zone 4"
    media parcel: missing_cell: edition us-2026-07-12 has no price in the cell "media parcel retail 2 lb"
    international letter: only_abroad: An International letter goes abroad only, and 04201 is in this country
    international parcel: only_abroad: A First-Class Package International goes abroad only, and 04201 is in this country
    international priority-parcel: only_abroad: A Priority Mail International goes abroad only, and 04201 is in this country
    "#);
    let letter = ways.iter().find(|way| way.shape == Shape::Letter).unwrap();
    let offered = letter
        .extras
        .iter()
        .map(|extra| format!("{} {}", extra.name, extra.amount));
    assert_eq!(
        offered.collect::<Vec<_>>(),
        [
            "certified 5.55",
            "return-receipt 4.65",
            "return-receipt-electronic 2.91"
        ]
    );
    let only = options(
        &EDITION,
        &asked("priority", "parcel", "2lb", "zone 4"),
        Some(Shape::Parcel),
    );
    let priced = only.iter().filter(|way| way.outcome.is_ok());
    assert!(priced.clone().count() >= 2 && priced.clone().all(|way| way.shape == Shape::Parcel));
    let letter = only.iter().find(|way| way.shape == Shape::Letter).unwrap();
    assert_eq!(letter.outcome.as_ref().unwrap_err().code(), "not_wanted");
}

#[test]
fn an_edition_that_says_nothing_new_keeps_the_first_layout() {
    let mut old: serde_json::Value = serde_json::from_str(SOURCE_2024).unwrap();
    old["countries"] = serde_json::json!([]);
    for (list, members) in [("shapes", 4), ("tables", 3)] {
        let kept = old[list].as_array_mut().unwrap();
        kept.retain(|entry| entry["class"] != "international");
        assert!(kept.len() >= members);
    }
    let first = Edition::from_json(&old.to_string()).unwrap().to_bytes();
    assert_eq!(first[1..3], [1, 1], "the version under key 1");
    let second = Edition::from_json(SOURCE_2024).unwrap().to_bytes();
    assert_eq!(second[1..3], [1, 2]);
    for bytes in [first, second] {
        let edition = Edition::from_bytes(&bytes).unwrap();
        assert_eq!(edition.to_bytes(), bytes);
        let mut other = bytes;
        other[2] = 3 - other[2];
        assert!(
            Edition::from_bytes(&other).is_err(),
            "one content has one name"
        );
    }
}

/// Every class and shape of an edition, each with a destination it goes to.
fn any_piece() -> impl Strategy<Value = (usize, MailClass, Shape, GoesTo)> {
    let ways: Vec<(usize, MailClass, Shape)> = ALL_EDITIONS
        .iter()
        .enumerate()
        .flat_map(|(at, edition)| {
            edition
                .shapes
                .iter()
                .map(move |rule| (at, rule.class, rule.shape))
        })
        .collect();
    let abroad = prop::sample::select(vec!["AU", "CA", "DE", "FR", "GB", "JP"]);
    (prop::sample::select(ways), 1_usize..=9, abroad).prop_map(
        |((at, class, shape), zone, abroad)| {
            let to = match class {
                MailClass::International => abroad.parse().unwrap(),
                MailClass::FirstClass
                | MailClass::GroundAdvantage
                | MailClass::Priority
                | MailClass::Media
                | MailClass::PriorityExpress => to_zone(zone),
            };
            (at, class, shape, to)
        },
    )
}

static ALL_EDITIONS: LazyLock<Vec<Edition>> = LazyLock::new(|| {
    ALL_SOURCES
        .iter()
        .map(|source| Edition::from_json(source).unwrap())
        .collect()
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_heavier_piece_of_any_class_and_zone_never_costs_less(
        (at, class, shape, to) in any_piece(), a in 1_u64..1_200, b in 1_u64..1_200,
        kind in prop::sample::select(vec![PriceKind::Metered, PriceKind::Retail, PriceKind::Commercial]),
        days in 0_i32..60
    ) {
        // Sixteenths of a pound and a bit: steps are met from both sides.
        let weight = |n: u64| Weight::from_nanograms(n * 28_349_523_125 + n % 3).unwrap();
        let edition = &ALL_EDITIONS[at];
        let date = edition.effective().saturating_add(jiff::ToSpan::days(days));
        let of = |n| price(edition, &QuoteRequest {
            class, shape, to, date, kind: Some(kind), weight: weight(n), ..letter("1oz")
        });
        if let (Ok(light), Ok(heavy)) = (of(a.min(b)), of(a.max(b))) {
            prop_assert!(light.total <= heavy.total);
        }
    }

    #[test]
    fn there_is_no_price_without_an_edition_in_force(
        (at, class, shape, to) in any_piece(), days in 1_i32..4_000, after in any::<bool>()
    ) {
        let edition = &ALL_EDITIONS[at];
        let days = jiff::ToSpan::days(if after { days } else { -days });
        let end = if after { edition.until() } else { Some(edition.effective()) };
        if let Some(end) = end {
            let request = QuoteRequest { class, shape, to, date: end.saturating_add(days), ..letter("1oz") };
            prop_assert_eq!(price(edition, &request).unwrap_err().code(), "no_edition_in_force");
        }
    }
}
