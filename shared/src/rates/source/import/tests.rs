use super::super::{import_listing, is_listing};
use super::*;
use crate::rates::{QuoteRequest, quote};

const BASE: &str = include_str!("../../../../data/editions/us-2026-07-12.json");

const PLAN: &str = r#"{
    "format": "pennyblack-import-1",
    "base": "us-2026-07-12",
    "id": "us-2027-01-17",
    "title": "US prices of 2027-01-17",
    "effective": "2027-01-17",
    "source": {"text": "Notice 123 effective 2027-01-17"},
    "tables": [
        {"file": "letters.csv", "class": "first-class", "shape": "letter", "kinds": ["metered"]},
        {"file": "ga.csv", "class": "ground-advantage", "shape": "parcel", "kinds": ["retail"], "unit": "lb"}
    ],
    "zones": "zones.csv"
}"#;

const LETTERS: &str =
    "Metered letters\nWeight Not Over (oz.),Price\n1,$0.81\n2,1.10\n3,1.39\n3.5,1.68\n";
const GROUND: &str = "Retail\n,1,2,3,4,5,6,7,8,9\n1,8.10,8.20,8.30,8.40,8.50,8.60,8.70,8.80,8.90\n\
                      Limited overland,$5.00\n";
const ZONES: &str = "100,100,1\n100,941,8\n941,941,1\n100,96939---96944,9\n";

fn base() -> Edition {
    Edition::from_json(BASE).unwrap()
}

fn files(changes: &[(&str, &str)]) -> Files {
    let usual = [
        ("letters.csv", LETTERS),
        ("ga.csv", GROUND),
        ("zones.csv", ZONES),
    ];
    let all = usual.iter().chain(changes);
    all.map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect()
}

fn imported(files: &Files) -> Result<Imported, ImportError> {
    Plan::read("plan.json", PLAN)?.import(&base(), files)
}

fn piece(class: MailClass, shape: Shape, to: &str) -> QuoteRequest {
    QuoteRequest {
        class,
        shape,
        kind: None,
        weight: "1oz".parse().unwrap(),
        size: None,
        nonmachinable: false,
        from: "10001".parse().unwrap(),
        to: to.parse().unwrap(),
        date: "2027-02-01".parse().unwrap(),
        extras: Vec::new(),
        live: false,
    }
}

#[test]
fn every_price_of_an_imported_edition_names_its_file_and_line() {
    let imported = imported(&files(&[])).unwrap();
    let edition = &imported.edition;
    assert_eq!(edition.id(), "us-2027-01-17");
    let letter = quote(
        edition,
        &piece(MailClass::FirstClass, Shape::Letter, "94103"),
    )
    .unwrap();
    assert_eq!(letter.price.to_string(), "0.81");
    assert_eq!(
        letter.steps[0].source,
        "Notice 123 effective 2027-01-17, letters.csv, line 3"
    );
    let retail = QuoteRequest {
        kind: Some(PriceKind::Retail),
        ..piece(MailClass::GroundAdvantage, Shape::Parcel, "94103")
    };
    let parcel = quote(edition, &retail).unwrap();
    assert_eq!(
        (parcel.price.to_string().as_str(), parcel.zone),
        ("8.80", Some(8))
    );
    assert_eq!(
        parcel.steps[0].cell,
        "ground-advantage parcel retail 1 lb zone 8"
    );
    assert!(parcel.steps[0].source.ends_with("ga.csv, line 3"));
    assert_eq!(
        imported.not_read,
        ["ga.csv line 4: Limited overland, $5.00"]
    );
    let again = Edition::from_bytes(&edition.to_bytes()).unwrap();
    assert_eq!(again, *edition);
    assert!(
        !edition.is_sample(),
        "the sample's sources are gone with its prices"
    );
}

#[test]
fn a_price_that_no_file_has_is_a_hole_and_not_the_one_before() {
    let edition = imported(&files(&[])).unwrap().edition;
    let stamped = QuoteRequest {
        kind: Some(PriceKind::Retail),
        ..piece(MailClass::FirstClass, Shape::Letter, "94103")
    };
    let refusal = quote(&edition, &stamped).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "edition us-2027-01-17 has no price in the cell \"first-class letter retail 1 oz\""
    );
    let certified = QuoteRequest {
        extras: vec!["certified".to_owned()],
        ..piece(MailClass::FirstClass, Shape::Letter, "94103")
    };
    assert_eq!(
        quote(&edition, &certified).unwrap_err().code(),
        "missing_cell"
    );
}

#[test]
fn prices_abroad_are_read_by_the_price_group_of_the_country() {
    let plan = PLAN.replace(
        r#"{"file": "ga.csv", "class": "ground-advantage", "shape": "parcel", "kinds": ["retail"], "unit": "lb"}"#,
        r#"{"file": "abroad.csv", "class": "international", "shape": "parcel", "kinds": ["retail"]}"#,
    );
    // As many groups as there are zones: no count of columns tells them apart.
    let table = "Weight Not Over (oz.),1,2,3,4,5,6,7,8,16\n8,1.00,2.00,3.00,4.00,5.00,6.00,7.00,8.00,16.00\n";
    let imported = Plan::read("plan.json", &plan)
        .unwrap()
        .import(&base(), &files(&[("abroad.csv", table)]))
        .unwrap();
    let parcel = |country: &str| QuoteRequest {
        kind: Some(PriceKind::Retail),
        ..piece(MailClass::International, Shape::Parcel, country)
    };
    let german = quote(&imported.edition, &parcel("DE")).unwrap();
    assert_eq!(
        (german.price.to_string().as_str(), german.group),
        ("16.00", Some(16))
    );
    let british = quote(&imported.edition, &parcel("GB")).unwrap_err();
    assert_eq!(british.code(), "missing_cell");
}

#[test]
fn the_zone_chart_of_a_sample_plan_is_a_sample_too() {
    let plan = PLAN.replace(
        r#""source": {"text": "Notice 123 effective 2027-01-17"}"#,
        r#""source": {"text": "A draft", "sample": true}"#,
    );
    let imported = Plan::read("plan.json", &plan)
        .unwrap()
        .import(&base(), &files(&[]))
        .unwrap();
    let sources = &imported.edition.sources;
    assert!(!sources.is_empty() && sources.iter().all(|source| source.sample));
}

#[test]
fn what_is_wrong_in_any_file_is_told_at_once() {
    let broken = files(&[
        ("letters.csv", "Weight (oz.),Price\n1,cheap\n"),
        ("zones.csv", "100,941,12\n"),
    ]);
    let fault = imported(&broken).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "letters.csv line 2 column B: \"cheap\" is not a price such as $7.61; zones.csv line 1 \
         column C: the zone is not 1 to 9"
    );
    let mut missing = files(&[]);
    missing.remove("ga.csv");
    assert_eq!(
        imported(&missing).unwrap_err().to_string(),
        "plan.json line 10 column 18: tables[1].file: there is no file \"ga.csv\""
    );
    let strange = PLAN.replace("\"unit\": \"lb\"", "\"unit\": \"lb\", \"colour\": 1");
    let unread = Plan::read("plan.json", &strange).unwrap_err().to_string();
    assert!(
        unread.starts_with("plan.json line 10 column 121: tables[1].colour: unknown field"),
        "{unread}"
    );
    let other = PLAN.replace("pennyblack-import-1", "pennyblack-import-9");
    assert_eq!(
        Plan::read("plan.json", &other).unwrap_err().to_string(),
        "plan.json line 2 column 15: format: the format is \"pennyblack-import-9\", expected \"pennyblack-import-1\""
    );
    let named = Plan::read("plan.json", PLAN).unwrap();
    let named = Vec::from_iter(named.files());
    assert_eq!(named, ["ga.csv", "letters.csv", "zones.csv"]);
}

#[test]
fn what_is_written_in_the_plan_itself_is_judged_at_its_place_before_any_file() {
    let said = |from: &str, to: &str| {
        assert!(PLAN.contains(from), "{from}");
        let read = Plan::read("plan.json", &PLAN.replacen(from, to, 1));
        read.unwrap_err().to_string()
    };
    let zoned = |zones: &str| {
        let files = files(&[("zones.csv", zones)]);
        imported(&files).unwrap_err().to_string()
    };
    let until = r#""effective": "2027-01-17", "until":"#;
    insta::assert_snapshot!(
        [
            said(r#"["metered"]"#, "[]"),
            said(r#"["metered"]"#, r#"["metred"]"#),
            said(r#""effective": "2027-01-17""#, r#""effective": "2300-01-17""#),
            said(r#""effective": "2027-01-17""#, &format!(r#"{until} "2027-01-16""#)),
            said(r#""effective": "2027-01-17""#, &format!(r#"{until} "soon""#)),
            said("US prices of", r"\u001b[2JUS prices of"),
            said("us-2027-01-17", r"us\n2027-01-17"),
            said("Notice 123", r"\u202eNotice 123"),
            said("ga.csv", r"ga\u0007.csv"),
            said("\"zones\": ", "\"zones\" "),
            zoned("100,941,8\n941,100,7\n"),
        ]
        .join("\n"),
        @r"
        plan.json line 9 column 85: tables[0].kinds: no kind of price
        plan.json line 9 column 86: tables[0].kinds[0]: unknown variant `metred`, expected one of `metered`, `retail`, `commercial`
        plan.json line 6 column 18: effective: not a day of the years 2000 to 2199
        plan.json line 6 column 41: until: a day before the first
        plan.json line 6 column 41: until: failed to parse four digit integer as year: invalid digit, expected 0-9 but got s
        plan.json line 5 column 14: title: it has control characters
        plan.json line 4 column 11: id: it has control characters
        plan.json line 7 column 24: source.text: it has control characters
        plan.json line 10 column 18: tables[1].file: it has control characters
        plan.json line 12 column 13: zones: expected `:`
        plan.json line 12 column 14: zones: zones.csv: the zone chart gives 941 and 100 different zones in the two directions
        "
    );
}

#[test]
fn many_lines_stand_in_one_file_and_only_files_are_counted() {
    let lines = |count: usize, file: &dyn Fn(usize) -> String| {
        let line = |number: usize| {
            let file = file(number);
            format!(
                r#"{{"file": "{file}", "label": "L{number}", "is": {{"fee": {{"name": "x"}}}}}}"#
            )
        };
        let lines: Vec<String> = (0..count).map(line).collect();
        let end = format!("\"lines\": [{}], \"zones\"", lines.join(","));
        Plan::read("plan.json", &PLAN.replace("\"zones\"", &end))
    };
    let one = lines(500, &|_| "fees.csv".to_owned()).unwrap();
    let named = Vec::from_iter(one.files());
    assert_eq!(named, ["fees.csv", "ga.csv", "letters.csv", "zones.csv"]);
    let own = |number| format!("f{number}.csv");
    assert_eq!(lines(197, &own).unwrap().files().len(), MAX_FILES);
    let fault = lines(198, &own).unwrap_err().to_string();
    assert_eq!(fault, "a plan names at most 200 files");
    let fault = lines(1_001, &|_| "fees.csv".to_owned()).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "plan.json line 12 column 14: lines: more than 1000 entries"
    );
}

const LISTING: &str = r#"{
    "title": "A list effective 2027-07-11", "unit": "US cents",
    "effective": "2027-07-11", "licence": "facts",
    "first_class": {
        "letter_metered": {"1": 81, "2": 110, "3.5": 168}, "letter_stamped": {"1": 85},
        "additional_ounce": 29, "nonmachinable": 50, "postcard": 67, "large_envelope_1oz": 175
    },
    "extra_services": {"certified_mail": 560, "carrier_pigeon": 1000},
    "ground_advantage_retail": {
        "0.9999": [955, 995, 1020, 1060, 1095, 1135, 1195, 1290, 1290],
        "15.999oz": [955, 995, 1020, 1060, 1095, 1135, 1195, 1290, 1290],
        "2": [1080, 1150, 1220, 1300, 1410, 1510, 1645, 1905, 1905]
    },
    "priority_flat_rate_commercial": {"medium_box": 2200},
    "temporary_holiday_surcharge": {
        "from": "2027-10-03", "to": "2028-01-16", "rows_up_to_lb": [3, 10],
        "ga_retail": {"z1_4": [50, 80], "z5_9": [75, 140]}
    },
    "dimensional": {"divisor": 140, "threshold_cubic_inches": 1728},
    "international_retail": {
        "columns": ["FCPIS 16oz", "32oz", "PMI 5lb"],
        "DE_group16": [3000, 3300, 10000], "CA_group2": [2650, null, 6000], "XY_group16": [3000, 3300, 10000]
    },
    "history": {"2025-07-13": {"postcard": 61}, "2024-07-14": {}}
}"#;

#[test]
fn a_list_in_json_is_read_and_what_is_not_read_is_named() {
    assert!(is_listing(LISTING) && !is_listing(BASE) && !is_listing(PLAN));
    let imported = import_listing(("list.json", LISTING), &base(), None).unwrap();
    let edition = &imported.edition;
    assert_eq!(edition.id(), "us-2027-07-11");
    assert!(edition.is_sample(), "nobody has confirmed a list");
    assert_eq!(
        imported.not_read,
        [
            "extra_services.carrier_pigeon: 1000",
            "history: 2 members",
            "international_retail.XY_group16: its base has no country XY"
        ]
    );
    let price = |request: QuoteRequest| {
        let date = "2027-08-01".parse().unwrap();
        let quoted = quote(edition, &QuoteRequest { date, ..request });
        quoted.map_or_else(
            |refusal| refusal.code().to_owned(),
            |quote| quote.price.to_string(),
        )
    };
    let letter = || piece(MailClass::FirstClass, Shape::Letter, "94103");
    assert_eq!(price(letter()), "0.81");
    let with = |extra: &str| QuoteRequest {
        extras: vec![extra.to_owned()],
        ..letter()
    };
    assert_eq!(price(with("certified")), "6.41");
    let heavier = QuoteRequest {
        weight: "3oz".parse().unwrap(),
        ..letter()
    };
    assert_eq!(price(heavier), "1.68");
    let parcel = piece(MailClass::GroundAdvantage, Shape::Parcel, "94103");
    let retail = QuoteRequest {
        kind: Some(PriceKind::Retail),
        ..parcel.clone()
    };
    assert_eq!(price(retail), "12.90");
    assert_eq!(
        price(parcel),
        "missing_cell",
        "the list has no commercial prices"
    );
    let box_ = QuoteRequest {
        kind: Some(PriceKind::Commercial),
        ..piece(
            MailClass::Priority,
            "flat-rate:medium-box".parse().unwrap(),
            "94103",
        )
    };
    assert_eq!(price(box_), "22.00");
}

#[test]
fn a_list_has_prices_abroad_by_the_group_of_each_country() {
    let imported = import_listing(("list.json", LISTING), &base(), None).unwrap();
    let price = |request: QuoteRequest| {
        let date = "2027-08-01".parse().unwrap();
        let quoted = quote(&imported.edition, &QuoteRequest { date, ..request });
        quoted.map_or_else(
            |refusal| refusal.code().to_owned(),
            |quote| quote.price.to_string(),
        )
    };
    let abroad = |country: &str, weight: &str| QuoteRequest {
        weight: weight.parse().unwrap(),
        ..piece(MailClass::International, Shape::Parcel, country)
    };
    for (country, weight, expected) in [
        ("DE", "9oz", "30.00"),
        ("DE", "2lb", "33.00"),
        // Heavier than the first product takes: by the second.
        ("DE", "4lb1oz", "100.00"),
        ("CA", "1lb", "26.50"),
        ("CA", "5lb", "60.00"),
        // The lightest step, a price that the list leaves open, and a country it has not: holes.
        ("DE", "8oz", "missing_cell"),
        ("CA", "2lb", "missing_cell"),
        ("FR", "1lb", "missing_cell"),
    ] {
        assert_eq!(
            price(abroad(country, weight)),
            expected,
            "{country} {weight}"
        );
    }
}

const LINES: &str = r#"{
    "format": "pennyblack-import-1", "base": "us-2026-07-12", "id": "us-2027-01-17",
    "title": "US prices of 2027-01-17", "effective": "2027-01-17",
    "source": {"text": "Notice 123 effective 2027-01-17"},
    "tables": [
        {"file": "ga.csv", "class": "ground-advantage", "shape": "parcel", "kinds": ["retail"], "unit": "lb"}
    ],
    "lines": [
        {"file": "ga.csv", "label": "Limited overland", "is": {"item":
            {"class": "priority", "shape": "flat-rate:large-box", "kinds": ["retail"]}}},
        {"file": "fees.csv", "label": "Medium Flat Rate Box", "column": "B", "is": {"item":
            {"class": "priority", "shape": "flat-rate:medium-box", "kinds": ["retail"]}}},
        {"file": "fees.csv", "label": "Medium Flat Rate Box", "column": "C", "is": {"item":
            {"class": "priority", "shape": "flat-rate:medium-box", "kinds": ["commercial"]}}},
        {"file": "fees.csv", "label": "Certified Mail", "is": {"fee": {"name": "certified"}}},
        {"file": "fees.csv", "label": "Nonmachinable", "is": {"fee": {"name": "nonmachinable", "class": "first-class"}}}
    ]
}"#;

const FEES: &str = "Item,Retail,Commercial\nMedium Flat Rate Box,$22.95,$19.15\nCertified Mail\u{ae},$5.60\n\
                    Nonmachinable,0.50\nParcel Locker,$3.00\n";

fn with_lines(plan: &str, fees: &str) -> Result<Imported, ImportError> {
    Plan::read("plan.json", plan)?.import(&base(), &files(&[("fees.csv", fees)]))
}

#[test]
fn flat_rates_and_fees_are_read_from_lines_by_what_they_are_called() {
    let imported = with_lines(LINES, FEES).unwrap();
    assert_eq!(imported.not_read, ["fees.csv line 5: Parcel Locker, $3.00"]);
    let edition = &imported.edition;
    let boxed = |name: &str, kind| {
        let shape = format!("flat-rate:{name}-box").parse().unwrap();
        let request = QuoteRequest {
            kind: Some(kind),
            weight: "30lb".parse().unwrap(),
            ..piece(MailClass::Priority, shape, "94103")
        };
        let quote = quote(edition, &request).unwrap();
        format!("{} {}", quote.price, quote.steps[0].source)
    };
    let source = "Notice 123 effective 2027-01-17";
    assert_eq!(
        [
            boxed("large", PriceKind::Retail),
            boxed("medium", PriceKind::Retail),
            boxed("medium", PriceKind::Commercial),
        ],
        [
            format!("5.00 {source}, ga.csv, line 4"),
            format!("22.95 {source}, fees.csv, line 2"),
            format!("19.15 {source}, fees.csv, line 2"),
        ]
    );
    // Every class that has the service, with the line of its price.
    for class in [MailClass::FirstClass, MailClass::Priority] {
        let fee = edition.extras.iter();
        let fee = fee
            .clone()
            .find(|fee| fee.name == "certified" && fee.class == class);
        let fee = fee.unwrap();
        assert_eq!(fee.amount.unwrap().to_string(), "5.60");
        let text = &edition.sources[usize::from(fee.source)].text;
        assert_eq!(*text, format!("{source}, fees.csv, line 3"));
    }
    let amount = edition.nonmachinable[0].amount;
    assert_eq!(amount.unwrap().to_string(), "0.50");
    assert_eq!(Edition::from_bytes(&edition.to_bytes()).unwrap(), *edition);
}

#[test]
fn what_is_wrong_with_a_line_is_said_with_its_place_in_the_file_or_the_plan() {
    let said = |imported: Result<Imported, ImportError>| match imported {
        Ok(imported) => format!("imported, and not read: {:?}", imported.not_read),
        Err(fault) => fault.to_string(),
    };
    let plan = |from: &str, to: &str| {
        assert!(LINES.contains(from), "{from}");
        said(with_lines(&LINES.replacen(from, to, 1), FEES))
    };
    let fees = |from: &str, to: &str| {
        assert!(FEES.contains(from), "{from}");
        said(with_lines(LINES, &FEES.replacen(from, to, 1)))
    };
    insta::assert_snapshot!(
        [
            plan("\"Certified Mail\"", "\"Registered Mail\""),
            plan("\"certified\"", "\"pigeon\""),
            plan("\"class\": \"first-class\"", "\"class\": \"media\""),
            plan("\"column\": \"B\"", "\"column\": \"2\""),
            plan("\"flat-rate:medium-box\"", "\"flat-rate:huge-box\""),
            plan("\"file\": \"fees.csv\"", "\"file\": \"fee.csv\""),
            plan("\"parcel\"", "\"flat\""),
            plan("\"flat-rate:large-box\", \"kinds\": [\"retail\"]", "\"flat-rate:large-box\", \"kinds\": []"),
            fees("$19.15", "cheap"),
            fees(",$19.15", ""),
            fees("$5.60", "$5.60,$5.00"),
            fees("Parcel Locker,$3.00", "Certified Mail,$3.00"),
            fees("0.50", "0.00"),
            fees("$22.95", "?"),
        ]
        .join("\n"),
        @r#"
        plan.json line 15 column 39: lines[3].label: fees.csv has no line "Registered Mail"
        plan.json line 15 column 63: lines[3].is: the edition it is based on has no fee "pigeon"
        plan.json line 16 column 62: lines[4].is: the edition it is based on has no fee "nonmachinable" for media
        plan.json line 11 column 73: lines[1].column: not a column such as B
        plan.json line 11 column 84: lines[1].is: the edition it is based on has no priority flat-rate:huge-box
        plan.json line 11 column 18: lines[1].file: there is no file "fee.csv"
        plan.json line 6 column 9: tables[0]: the edition it is based on has no ground-advantage flat
        plan.json line 10 column 76: lines[0].is.item.kinds: no kind of price
        fees.csv line 2 column C: "cheap" is not a price such as $7.61
        fees.csv line 2 column C: the line ends before this column
        fees.csv line 3 column C: a second price, and the plan names no column
        fees.csv line 5 column B: another price than in line 3 for "Certified Mail"
        fees.csv line 4 column B: "0.00" is a price of nothing
        fees.csv line 2 column B: "?" is not a price such as $7.61
        "#
    );
}

#[test]
fn the_same_fee_twice_is_refused_and_a_line_that_says_it_again_is_read() {
    let lines = |lines: &[&str]| {
        let a = LINES.find("\"lines\": [").unwrap();
        let plan = format!("{}\"lines\": [\n{}]}}", &LINES[..a], lines.join(",\n"));
        with_lines(&plan, &format!("{FEES}Nonmachinable*,0.50\n"))
    };
    let fee = |label: &str, fee: &str| {
        format!(r#"{{"file": "fees.csv", "label": "{label}", "is": {{"fee": {{{fee}}}}}}}"#)
    };
    let all = fee("Certified Mail", r#""name": "certified""#);
    let one = fee(
        "Nonmachinable",
        r#""name": "certified", "class": "first-class""#,
    );
    let other = fee(
        "Certified Mail",
        r#""name": "certified", "class": "priority""#,
    );
    let ground = fee(
        "Certified Mail",
        r#""name": "certified", "class": "priority-express""#,
    );
    for twice in [[&all, &all], [&all, &one], [&one, &all], [&one, &one]] {
        let fault = lines(&twice.map(String::as_str)).unwrap_err().to_string();
        assert!(
            fault.contains(
                "lines[1].is: there is a price of the fee \"certified\" for first-class already"
            ),
            "{fault}"
        );
    }
    let fault = lines(&[&ground]).unwrap_err().to_string();
    assert!(fault.contains("has no fee"), "{fault}");
    let imported = lines(&[&one, &other]).unwrap();
    let price = |class: MailClass| {
        let mut fees = imported.edition.extras.iter();
        let fee = fees.find(|fee| fee.name == "certified" && fee.class == class);
        fee.unwrap().amount.unwrap().to_string()
    };
    assert_eq!(price(MailClass::FirstClass), "0.50");
    assert_eq!(price(MailClass::Priority), "5.60");
    assert_eq!(
        imported.not_read,
        [
            "fees.csv line 2: Medium Flat Rate Box, $22.95, $19.15",
            "fees.csv line 5: Parcel Locker, $3.00",
            "ga.csv line 4: Limited overland, $5.00",
        ]
    );
}

#[test]
fn a_list_with_a_member_of_another_kind_is_refused_by_its_name() {
    let refused = |from: &str, to: &str| {
        assert!(LISTING.contains(from), "{from}");
        let text = LISTING.replacen(from, to, 1);
        import_listing(("list.json", &text), &base(), None)
            .unwrap_err()
            .to_string()
    };
    insta::assert_snapshot!(
        [
            refused("\"postcard\": 67", "\"postcard\": \"67\""),
            refused("[1080, ", "[-1080, "),
            refused("\"0.9999\": [955", "\"0.9999\": [956"),
            refused("\"2\": [1080", "\"two\": [1080"),
            refused("\"from\": \"2027-10-03\"", "\"from\": \"soon\""),
            refused("\"z1_4\": [50, 80]", "\"z1_4\": [50]"),
            refused("\"divisor\": 140", "\"divisor\": 0"),
            refused("FCPIS 16oz", "16oz"),
            refused("[3000, 3300, 10000], \"CA", "[3000, 3300], \"CA"),
            refused("\"XY_group16\": [3000", "\"XY_group16\": [3001"),
            refused("\"postcard\": 67", "\"postcard\": 67, \"postcard\": 68"),
            refused("\"letter_stamped\": {\"1\": 85}", "\"letter_stamped\": {}"),
            refused("\"letter_stamped\": {\"1\": 85}", "\"letter_stamped\": {\"1\": 85, \"1.0\": 86}"),
            refused("\"effective\": \"2027", "\"effective\": \"2327"),
            refused("\"to\": \"2028-01-16\"", "\"to\": \"2027-01-16\""),
            refused("[3, 10]", "[10, 3]"),
            refused("z5_9", "z9_5"),
            refused("A list effective", "A \\u001blist effective"),
            refused("\"medium_box\": 2200", "\"medium_box\" 2200"),
        ]
        .join("\n"),
        @r"
        list.json line 6 column 66: first_class.postcard is not a number of cents
        list.json line 12 column 15: ground_advantage_retail.2.0 is not a number of cents
        list.json line 9 column 32: ground_advantage_retail is not one price for one weight
        list.json line 12 column 16: ground_advantage_retail.two is no weight
        list.json line 16 column 17: temporary_holiday_surcharge.from is no date such as 2026-07-12
        list.json line 17 column 31: temporary_holiday_surcharge.ga_retail.z1_4 is not a price for each band
        list.json line 19 column 32: dimensional.divisor is no number above 0
        list.json line 21 column 21: international_retail.columns.0 is no column such as FCPIS 16oz
        list.json line 22 column 23: international_retail.DE_group16 is not a price for each column
        list.json line 22 column 92: international_retail.XY_group16.0: another price than international_retail.DE_group16.0 of the same price group
        list.json line 6 column 82: first_class.postcard: it is there twice
        list.json line 5 column 78: first_class.letter_stamped is without a price
        list.json line 5 column 78: first_class.letter_stamped is not one price for one weight
        list.json line 3 column 18: effective is not a day of the years 2000 to 2199
        list.json line 16 column 37: temporary_holiday_surcharge.to is a day before the first
        list.json line 16 column 68: temporary_holiday_surcharge.rows_up_to_lb is no rising pounds
        list.json line 17 column 49: temporary_holiday_surcharge.ga_retail.z9_5 is no zones
        list.json line 2 column 14: title: it has control characters
        list.json line 14 column 52: priority_flat_rate_commercial.medium_box: expected `:`
        "
    );
}

/// The kinds of each table of some pieces, in order.
fn kinds_of(edition: &Edition, class: MailClass, shape: Shape) -> Vec<String> {
    let tables = edition.tables.iter();
    let tables = tables.filter(|table| (table.class, table.shape) == (class, shape));
    let kinds = |table: &PriceTable| -> Vec<String> {
        table.kinds.iter().map(ToString::to_string).collect()
    };
    tables.map(|table| kinds(table).join("+")).collect()
}

#[test]
fn each_kind_of_price_is_in_one_table_whatever_tables_the_base_had() {
    // The base has one table for both kinds of flats, and one for each kind of letters.
    let put = |tables: &str| {
        let a = PLAN.find("\"tables\"").unwrap();
        let b = PLAN.find("\"zones\"").unwrap();
        let plan = format!("{}\"tables\": [{tables}],{}", &PLAN[..a], &PLAN[b..]);
        let flats = (
            "flats.csv",
            "Weight Not Over (oz.),Price\n1,1.70\n13,5.10\n",
        );
        let read = Plan::read("plan.json", &plan)?;
        read.import(&base(), &files(&[flats]))
    };
    let table = |file: &str, shape: &str, kinds: &str| {
        format!(
            r#"{{"file": "{file}", "class": "first-class", "shape": "{shape}", "kinds": {kinds}}}"#
        )
    };
    for (kinds, expected) in [
        (r#"["retail"]"#, ["metered", "retail"].as_slice()),
        (r#"["metered"]"#, &["metered", "retail"]),
        (r#"["retail", "metered"]"#, &["retail+metered"]),
        (r#"["commercial"]"#, &["metered+retail", "commercial"]),
    ] {
        let edition = put(&table("flats.csv", "flat", kinds)).unwrap().edition;
        let found = kinds_of(&edition, MailClass::FirstClass, Shape::Flat);
        assert_eq!(found, expected, "{kinds}");
    }
    let both = put(&table("letters.csv", "letter", r#"["metered", "retail"]"#)).unwrap();
    let found = kinds_of(&both.edition, MailClass::FirstClass, Shape::Letter);
    assert_eq!(found, ["metered+retail"]);
    let twice = [
        table("letters.csv", "letter", r#"["metered"]"#),
        table("letters.csv", "letter", r#"["retail", "metered"]"#),
    ];
    let fault = put(&twice.join(",")).unwrap_err().to_string();
    assert!(
        fault.ends_with("there are metered prices of the first-class letter already"),
        "{fault}"
    );
}

#[test]
fn the_kinds_of_a_list_leave_no_second_table_of_the_base() {
    // The base has one table of Express for retail and commercial prices together.
    let list = r#"{
        "title": "Retail prices effective 2027-07-11", "unit": "US cents",
        "tables": {"USPS_PRIORITY_MAIL_EXPRESS":
            {"8_oz": [3250, 3275, 3285, 3520, 4080, 4370, 4650, 4980, 6555]}}
    }"#;
    let edition = import_listing(("list.json", list), &base(), None)
        .unwrap()
        .edition;
    let found = kinds_of(&edition, MailClass::PriorityExpress, Shape::Parcel);
    assert_eq!(found, ["retail", "commercial"]);
    let express = QuoteRequest {
        date: "2027-08-01".parse().unwrap(),
        ..piece(MailClass::PriorityExpress, Shape::Parcel, "94103")
    };
    assert_eq!(
        quote(&edition, &express).unwrap().price.to_string(),
        "49.80"
    );
}
