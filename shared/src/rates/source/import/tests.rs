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
    Plan::read(PLAN)?.import(&base(), files)
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
    let imported = Plan::read(&plan)
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
    let imported = Plan::read(&plan)
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
        "there is no file \"ga.csv\""
    );
    let strange = PLAN.replace("\"unit\": \"lb\"", "\"unit\": \"lb\", \"colour\": 1");
    assert!(matches!(Plan::read(&strange), Err(ImportError::Plan(_))));
    let other = PLAN.replace("pennyblack-import-1", "pennyblack-import-9");
    assert!(matches!(Plan::read(&other), Err(ImportError::Source(_))));
    let named: Vec<String> = Plan::read(PLAN)
        .unwrap()
        .files()
        .map(str::to_owned)
        .collect();
    assert_eq!(named, ["letters.csv", "ga.csv", "zones.csv"]);
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
    "history": {"2025-07-13": {"postcard": 61}, "2024-07-14": {}}
}"#;

#[test]
fn a_list_in_json_is_read_and_what_is_not_read_is_named() {
    assert!(is_listing(LISTING) && !is_listing(BASE) && !is_listing(PLAN));
    let imported = import_listing(LISTING, &base(), None).unwrap();
    let edition = &imported.edition;
    assert_eq!(edition.id(), "us-2027-07-11");
    assert!(edition.is_sample(), "nobody has confirmed a list");
    assert_eq!(
        imported.not_read,
        ["extra_services.carrier_pigeon: 1000", "history: 2 members"]
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
fn a_list_with_a_member_of_another_kind_is_refused_by_its_name() {
    let refused = |from: &str, to: &str| {
        assert!(LISTING.contains(from), "{from}");
        import_listing(&LISTING.replacen(from, to, 1), &base(), None)
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
        ]
        .join("\n"),
        @r"
    the list of prices cannot be read: postcard is not a number of cents
    the list of prices cannot be read: ground_advantage_retail.2 is not a number of cents
    the list of prices cannot be read: ground_advantage_retail is not one price for one weight
    the list of prices cannot be read: ground_advantage_retail.two is no weight
    the list of prices cannot be read: from is no date such as 2026-07-12
    the list of prices cannot be read: ga_retail.z1_4 is not a price for each band
    the edition cannot be used
    "
    );
}
