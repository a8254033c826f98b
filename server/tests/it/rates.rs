//! Editions from the post's files, as an admin makes, checks and publishes them.

use serde_json::{Value, json};

use crate::running::Folder;

const BASE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../shared/data/editions/us-2026-07-12.json"
);

/// A day so many days ahead of this machine's clock.
fn day_ahead(days: i64) -> String {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let day = today.date().saturating_add(jiff::Span::new().days(days));
    day.to_string()
}

/// An edition that has only metered letters and postcards: a plan with two tables loses nothing of it.
fn small(folder: &Folder) -> String {
    let mut edition: Value = serde_json::from_str(&std::fs::read_to_string(BASE).unwrap()).unwrap();
    let is_kept = |one: &Value| {
        let shape = one["shape"].as_str().unwrap();
        one["class"] == "first-class"
            && (shape == "postcard" || shape == "letter" && one["kinds"] != json!(["retail"]))
    };
    for list in ["shapes", "tables"] {
        edition[list].as_array_mut().unwrap().retain(is_kept);
    }
    for list in ["nonmachinable", "extras", "surcharges", "countries"] {
        edition[list] = json!([]);
    }
    edition["id"] = json!("us-small");
    let path = folder.path().join("small.json");
    std::fs::write(&path, edition.to_string()).unwrap();
    path.display().to_string()
}

/// A plan with two tables, beside its files; the letters' table as given.
fn plan(folder: &Folder, id: &str, letters: &str) -> String {
    let path = folder.path().join(format!("{id}-files"));
    std::fs::create_dir_all(&path).unwrap();
    let plan = json!({
        "format": "pennyblack-import-1",
        "base": "us-small",
        "id": id,
        "title": "Prices of a test",
        "effective": day_ahead(20),
        "source": {"text": "The post's notice", "sample": true},
        "tables": [
            {"file": "letters.csv", "class": "first-class", "shape": "letter", "kinds": ["metered"]},
            {"file": "cards.csv", "class": "first-class", "shape": "postcard", "kinds": ["metered", "retail"]}
        ]
    });
    let write = |name: &str, text: &str| std::fs::write(path.join(name), text).unwrap();
    write("letters.csv", letters);
    write(
        "cards.csv",
        "Cards\r\nWeight Not Over (oz.),Price\r\n1,$0.66\r\nPresorted,$0.45\r\n",
    );
    write("plan.json", &plan.to_string());
    path.join("plan.json").display().to_string()
}

const LETTERS: &str = "Weight Not Over (oz.),Price\n1,$0.80\n2,1.10\n3,1.39\n3.5,1.68\n";

/// The report's findings of a kind, as their places.
fn places(report: &Value, kind: &str) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let of_kind = findings.filter(|one| one["kind"] == kind);
    let place = |one: &Value| format!("{} {}", one["place"], one["cells"]).replace('"', "");
    of_kind.map(place).collect()
}

#[test]
fn the_posts_files_become_an_edition_that_says_what_it_lacks() {
    let folder = Folder::initialised();
    folder.json(&["rates", "import", &small(&folder)]);
    folder.json(&["rates", "publish", "us-small"]);
    let imported = folder.json(&["rates", "import", &plan(&folder, "us-next", LETTERS)]);
    assert_eq!(imported["id"], "us-next");
    assert_eq!(
        imported["not_read"],
        json!(["cards.csv line 4: Presorted, $0.45"])
    );
    let report = &imported["report"];
    assert_eq!(
        (&report["against"], &report["stops"]),
        (&json!("us-small"), &json!(0))
    );
    let rehearsed = folder.json(&["rates", "rehearse"]);
    assert_eq!(
        (&rehearsed["edition"], &rehearsed["pieces"]),
        (&json!("us-next"), &json!(0))
    );
    assert_eq!(folder.lines(&["rates", "publish"]).len(), 1);
}

#[test]
fn prices_that_files_leave_out_stop_the_edition_that_replaces_them() {
    let folder = Folder::initialised();
    folder.json(&["rates", "import", BASE]);
    folder.json(&["rates", "publish", "us-2026-07-12"]);
    let plan = plan(&folder, "us-next", LETTERS);
    let base = ["rates", "import", &plan, "--base", "us-2026-07-12"];
    let report = &folder.json(&base)["report"];
    let lost = places(report, "price-lost");
    assert!(
        lost.contains(&"first-class letter retail 1 oz to 3.5 oz".to_owned()),
        "{lost:?}"
    );
    assert!(
        !lost.iter().any(|place| place.contains("letter metered")),
        "{lost:?}"
    );
    let (exit, refusal) = folder.refusal(&["rates", "publish"]);
    assert_eq!(
        (exit, &refusal["code"]),
        (3, &json!("edition_fails_validation"))
    );
}

#[test]
fn faults_of_the_posts_files_are_told_with_line_and_column_and_nothing_is_stored() {
    let folder = Folder::initialised();
    folder.json(&["rates", "import", &small(&folder)]);
    let broken = plan(
        &folder,
        "us-broken",
        "Weight Not Over (oz.),Price\n1,cheap\n2x,1.10\n",
    );
    let (exit, refusal) = folder.refusal(&["rates", "import", &broken]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("not_an_edition")));
    let message = refusal["message"].as_str().unwrap();
    assert!(
        message.starts_with("letters.csv line 2 column B: \"cheap\" is not a price"),
        "{message}"
    );
    assert!(
        message.contains("letters.csv line 3 column A: \"2x\" is not a weight"),
        "{message}"
    );
    assert_eq!(folder.lines(&["rates", "list"]).len(), 1);
}

#[test]
fn an_edition_that_fails_is_shown_whole_and_refused() {
    let folder = Folder::initialised();
    folder.json(&["rates", "import", &small(&folder)]);
    folder.json(&["rates", "publish"]);
    let dear = LETTERS.replace("1.39", "13.90");
    folder.json(&["rates", "import", &plan(&folder, "us-dear", &dear)]);
    let shown = folder.run(&["rates", "validate"]);
    assert_eq!(shown.status.code(), Some(3));
    let text = String::from_utf8(shown.stdout).unwrap();
    let stops: Vec<&str> = text
        .lines()
        .filter(|line| line.contains(" stops "))
        .collect();
    assert_eq!(stops.len(), 2, "{text}");
    assert!(stops[0].contains("falls by weight"), "{text}");
    assert!(
        stops[1].contains("1.36 becomes 13.90 (+923 %) [The post's notice, letters.csv, line 4]"),
        "{text}"
    );
    let (exit, refusal) = folder.refusal(&["rates", "publish"]);
    assert_eq!(
        (exit, &refusal["code"]),
        (3, &json!("edition_fails_validation"))
    );
    let (exit, refusal) = folder.refusal(&["rates", "publish", "us-dear", "--reason", "It is so."]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("level_too_low")));
}

#[test]
fn a_list_in_json_is_imported_with_the_rules_that_come_with_the_program() {
    let folder = Folder::initialised();
    let list = folder.path().join("list.json");
    let text = json!({
        "title": "A list", "unit": "US cents", "effective": day_ahead(30),
        "first_class": {"letter_metered": {"1": 80}},
        "carrier_pigeon": {"1": 5}
    });
    std::fs::write(&list, text.to_string()).unwrap();
    let list = list.display().to_string();
    let wrong = folder.path().join("wrong.json");
    let unread = text.to_string().replace("80", "-80");
    std::fs::write(&wrong, unread).unwrap();
    let wrong = wrong.display().to_string();
    let (exit, refusal) = folder.refusal(&["rates", "import", &wrong]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("not_an_edition")));
    let message = refusal["message"].as_str().unwrap();
    assert!(
        message.starts_with("wrong.json line 1 column "),
        "{message}"
    );
    assert!(
        message.contains("letter_metered.1 is not a number"),
        "{message}"
    );
    let imported = folder.json(&["rates", "import", &list, "--id", "us-listed"]);
    assert_eq!(
        (&imported["id"], &imported["sample"]),
        (&json!("us-listed"), &json!(true))
    );
    assert_eq!(imported["not_read"], json!(["carrier_pigeon: 1 members"]));
}

/// The sample edition with some members changed, as a file.
fn changed(folder: &Folder, changes: &[(&str, Value)]) -> String {
    let mut edition: Value = serde_json::from_str(&std::fs::read_to_string(BASE).unwrap()).unwrap();
    for (member, value) in changes {
        edition[*member] = value.clone();
    }
    let path = folder.path().join("changed.json");
    std::fs::write(&path, edition.to_string()).unwrap();
    path.display().to_string()
}

#[test]
fn nothing_is_stored_that_would_not_read_back_or_has_a_name_that_nobody_could_publish() {
    let folder = Folder::initialised();
    let refused = |changes: &[(&str, Value)]| {
        let (exit, refusal) = folder.refusal(&["rates", "import", &changed(&folder, changes)]);
        assert_eq!(exit, 3, "{refusal}");
        let text = |member: &str| refusal[member].as_str().unwrap().to_owned();
        (text("code"), text("message"))
    };
    for day in ["-000005-01-01", "0005-01-01", "9999-12-31"] {
        let (code, message) = refused(&[("effective", json!(day))]);
        assert_eq!(code, "not_an_edition");
        assert!(
            message.contains("effective: not a day of the years"),
            "{message}"
        );
    }
    for name in ["", "../../y", ".hidden", "with space", &"x".repeat(5_000)] {
        let (code, _) = refused(&[("id", json!(name))]);
        assert!(
            ["bad_edition_name", "not_an_edition"].contains(&code.as_str()),
            "{name}: {code}"
        );
    }
    for text in ["\u{1b}[2Jgone", "two\nlines", "\u{202e}turned"] {
        let (code, message) = refused(&[("title", json!(text))]);
        assert_eq!(code, "not_an_edition");
        assert!(
            message.contains("title: it has control characters"),
            "{message}"
        );
    }
    let latin = folder.path().join("latin.json");
    std::fs::write(&latin, b"{\n \"title\": \"\xe9\"}").unwrap();
    let latin = latin.display().to_string();
    let (exit, refusal) = folder.refusal(&["rates", "import", &latin]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("not_an_edition")));
    let message = refusal["message"].as_str().unwrap();
    assert!(
        message.ends_with("latin.json line 2 is not text in UTF-8."),
        "{message}"
    );
    assert!(folder.lines(&["rates", "list"]).is_empty());
    folder.lines(&["rates", "validate"]);
}

#[test]
fn an_edition_is_taken_away_until_it_is_published() {
    let folder = Folder::initialised();
    folder.json(&["rates", "import", BASE]);
    let removed = folder.json(&["rates", "remove", "us-2026-07-12"]);
    assert_eq!(removed["id"], "us-2026-07-12");
    assert!(folder.lines(&["rates", "list"]).is_empty());
    let (exit, refusal) = folder.refusal(&["rates", "remove", "us-2026-07-12"]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("unknown_edition")));
    // Its name is free for other prices.
    folder.json(&[
        "rates",
        "import",
        &changed(&folder, &[("title", json!("Corrected"))]),
    ]);
    folder.json(&["rates", "publish"]);
    let (exit, refusal) = folder.refusal(&["rates", "remove", "us-2026-07-12"]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("edition_published")));
    assert_eq!(folder.lines(&["rates", "list"]).len(), 1);
}

#[test]
fn a_damaged_edition_that_nobody_has_hides_no_other_and_is_taken_away() {
    let folder = Folder::initialised();
    folder.json(&["rates", "import", BASE]);
    let other = changed(
        &folder,
        &[
            ("id", json!("us-other")),
            ("effective", json!(day_ahead(9))),
        ],
    );
    folder.json(&["rates", "import", &other]);
    // As a program before stored it: bytes that are no edition.
    let db = rusqlite::Connection::open(folder.data().join("pennyblack.db")).unwrap();
    let spoil = "UPDATE edition SET content = x'a0' WHERE id = 'us-2026-07-12'";
    assert_eq!(db.execute(spoil, []).unwrap(), 1);
    drop(db);
    let shown = folder.run(&["--json", "rates", "validate"]);
    assert_eq!(shown.status.code(), Some(6));
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(
        text.contains("us-other") && text.lines().count() == 1,
        "{text}"
    );
    let published = folder.run(&["--json", "rates", "publish"]);
    assert_eq!(published.status.code(), Some(6));
    let refusal = String::from_utf8(published.stderr).unwrap();
    assert!(refusal.contains("rates remove"), "{refusal}");
    folder.json(&["rates", "remove", "us-2026-07-12"]);
    let listed = folder.json(&["rates", "list"]);
    assert_eq!(
        (&listed["id"], listed["published"].is_i64()),
        (&json!("us-other"), true)
    );
}

#[test]
fn one_bad_import_spoils_no_other() {
    let folder = Folder::initialised();
    // The newest edition that is stored sells nothing.
    let bare = [
        ("id", json!("us-bare")),
        ("effective", json!(day_ahead(50))),
        ("shapes", json!([])),
        ("tables", json!([])),
        ("surcharges", json!([])),
    ];
    folder.json(&["rates", "import", &changed(&folder, &bare)]);
    let list = folder.path().join("list.json");
    let text = json!({
        "title": "A list", "unit": "US cents", "effective": day_ahead(30),
        "first_class": {"letter_metered": {"1": 80}}
    });
    std::fs::write(&list, text.to_string()).unwrap();
    let list = list.display().to_string();
    folder.json(&["rates", "import", &list, "--id", "us-listed"]);
    let shown = folder.run(&["--json", "rates", "publish"]);
    assert_eq!(shown.status.code(), Some(3));
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(
        text.lines().count() == 1 && text.contains("us-listed"),
        "{text}"
    );
    let refusal = String::from_utf8(shown.stderr).unwrap();
    assert!(
        refusal.contains("edition_fails_validation") && refusal.contains("us-bare"),
        "{refusal}"
    );
    // From now on what is published is the base.
    let named = folder.path().join("named.json");
    let plan = json!({
        "format": "pennyblack-import-1", "base": "us-2026-07-12", "id": "us-planned",
        "title": "By the program's rules", "effective": day_ahead(40),
        "source": {"text": "A notice", "sample": true}
    });
    std::fs::write(&named, plan.to_string()).unwrap();
    let named = named.display().to_string();
    let imported = folder.json(&["rates", "import", &named]);
    assert_eq!(imported["report"]["against"], "us-listed");
}

/// The forms in which prices and zones are quoted beside public code: a list with its prices under
/// `tables` and its day in the title, a list with everything else too, and a matrix of zones, which a
/// plan takes. The arguments that import each.
fn quoted(folder: &Folder) -> [String; 3] {
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let zones = |first: u32| (0..9).map(|zone| first + 10 * zone).collect::<Vec<u32>>();
    let tables = json!({
        "title": "Retail prices as quoted in api/quote.py, Notice 123 effective 2025-10-05 (with the season)",
        "unit": "US cents, zones 1..9",
        "tables": {
            "USPS_GROUND_ADVANTAGE_RETAIL": {"4_oz": zones(720), "15_999_oz": zones(910), "1": zones(910), "2": zones(985)},
            "USPS_PRIORITY_MAIL_RETAIL": {"4_oz": zones(1_045), "1": zones(1_090)},
            "USPS_PRIORITY_MAIL_EXPRESS": {"8_oz": zones(3_250), "70": zones(9_000)}
        }
    });
    let list = json!({
        "title": "Prices, Notice 123 effective 2026-07-12 (quoted in public code; not the official file)",
        "unit": "US cents; zone arrays are zones 1..9; keys are 'weight not over' in lb",
        "sources": ["public source code"], "licence": "facts", "cross_checks": "two files agree",
        "effective": "2026-07-12",
        "first_class": {
            "letter_stamped": {"1": 82, "2": 111, "3": 140, "3.5": 169},
            "letter_metered": {"1": 78, "2": 107, "3": 136, "3.5": 165},
            "additional_ounce": 29, "nonmachinable": 49, "large_envelope_1oz": 169,
            "letter_max_oz": 3.5, "note": "large envelopes are flats"
        },
        "extra_services": {"certified_mail": 555, "return_receipt_mail": 465, "return_receipt_electronic": 291},
        "ground_advantage_commercial": {"15.999oz": zones(693), "1": zones(761), "2": zones(799)},
        "ground_advantage_retail": {"0.5": zones(790), "0.9999": zones(955), "1": zones(955)},
        "priority_mail_commercial": {"1": zones(904), "20": zones(2_904)},
        "priority_flat_rate_commercial": {"padded_envelope": 1_199, "medium_box": 2_117, "large_box": 3_100},
        "temporary_holiday_surcharge": {
            "from": "2026-10-04", "to": "2027-01-17", "rows_up_to_lb": [3, 10, 25],
            "ga_commercial": {"z1_4": [40, 65, 105], "z5_9": [55, 105, 175]}
        },
        "international_retail": {
            "columns": ["FCPIS 16oz", "32oz", "48oz", "64oz", "PMI 5lb", "PMI 10lb"],
            "GB_group20": [3_195, 3_570, 4_925, 6_425, 9_445, 11_840]
        },
        "dimensional": {"divisor": 139, "threshold_cubic_inches": 1_728, "note": "166 before"},
        "history": {"2025-07-13": {"letter_stamped_1oz": 78, "postcard": 61}}
    });
    let row = |zone: &str| (0..1_000).map(|_| zone).collect::<String>();
    let matrix = format!("# origin <zones>\n100 {}\n941 {}\n", row("4"), row("."));
    write("zones.txt", matrix);
    let plan = json!({
        "format": "pennyblack-import-1", "base": "us-2026-07-12", "id": "us-zones",
        "title": "Zones of a test", "effective": day_ahead(60), "zones": "zones.txt",
        "source": {"text": "A sample of zone charts", "sample": true}
    });
    [
        write("tables.json", tables.to_string()),
        write("list.json", list.to_string()),
        write("zones.json", plan.to_string()),
    ]
}

#[test]
fn lists_and_zones_as_they_are_quoted_go_into_a_fresh_data_center_and_into_a_used_one() {
    let fresh = Folder::initialised();
    let used = Folder::initialised();
    used.json(&["rates", "import", BASE]);
    used.json(&["rates", "publish"]);
    used.json(&["rates", "import", &small(&used)]);
    // What is published here knows letters and postcards only, the lists know parcels too.
    let narrow = Folder::initialised();
    narrow.json(&["rates", "import", &small(&narrow)]);
    narrow.json(&["rates", "publish"]);
    let usual = "us-2026-07-12";
    // The list's day is that of an edition with other prices: it is numbered.
    for (folder, listed) in [
        (&fresh, usual),
        (&used, "us-2026-07-12-2"),
        (&narrow, usual),
    ] {
        let before = folder.lines(&["rates", "list"]).len();
        let expected = [
            ("us-2025-10-05", json!(null)),
            (listed, json!(["history: 1 members"])),
            ("us-zones", json!(null)),
        ];
        for (file, (id, not_read)) in quoted(folder).iter().zip(expected) {
            let imported = folder.json(&["rates", "import", file]);
            assert_eq!(
                (&imported["id"], &imported["not_read"]),
                (&json!(id), &not_read)
            );
            assert!(imported["sample"] == true && imported["published"].is_null());
            // The same again is the same edition.
            let again = folder.json(&["rates", "import", file]);
            assert_eq!(
                (&again["id"], &again["sha256"]),
                (&json!(id), &imported["sha256"])
            );
        }
        assert_eq!(folder.lines(&["rates", "list"]).len(), before + 3);
    }
}

#[test]
fn a_fault_of_json_names_its_member_and_its_place() {
    let folder = Folder::initialised();
    let [tables, list, zones] = quoted(&folder);
    let said = |file: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.contains(from), "{from}");
        // A member a line: places are told in lines and letters.
        let text = text.replacen(from, to, 1).replace(",\"", ",\n\"");
        let wrong = folder.path().join("wrong.json");
        std::fs::write(&wrong, text).unwrap();
        let (exit, refusal) = folder.refusal(&["rates", "import", &wrong.display().to_string()]);
        assert_eq!((exit, &refusal["code"]), (3, &json!("not_an_edition")));
        refusal["message"].as_str().unwrap().to_owned()
    };
    let edition = changed(&folder, &[("title", json!("An edition"))]);
    insta::assert_snapshot!(
        [
            said(&tables, "[720,", "[\"720\","),
            said(&tables, "\"15_999_oz\"", "\"much\""),
            said(&list, "\"medium_box\":2117", "\"medium_box\":0"),
            said(&list, "\"certified_mail\":555", "\"certified_mail\":555,\"certified_mail\":556"),
            said(&list, "\"to\":\"2027-01-17\"", "\"to\":\"17 January\""),
            said(&zones, "\"sample\":true", "\"sample\":\"yes\""),
            said(&zones, "zones.txt", "zones.csv"),
            said(&edition, "\"max_advance_days\":", "\"max_advance_days\":-"),
            said(&edition, "\"price\":\"0.78\"", "\"price\":0.78"),
            said(&edition, "\"price\":\"0.78\"", "\"price\":\"0.78"),
        ]
        .join("\n"),
        @r#"
        wrong.json line 4 column 9: tables.USPS_GROUND_ADVANTAGE_RETAIL.4_oz.0 is not a number of cents.
        wrong.json line 2 column 8: tables.USPS_GROUND_ADVANTAGE_RETAIL.much is no weight.
        wrong.json line 39 column 14: priority_flat_rate_commercial.medium_box is not a number of cents.
        wrong.json line 7 column 18: extra_services.certified_mail: it is there twice.
        wrong.json line 48 column 6: temporary_holiday_surcharge.to is no date such as 2026-07-12.
        wrong.json line 5 column 20: source.sample: invalid type: string "yes", expected a boolean.
        wrong.json line 8 column 9: zones: there is no file "zones.csv".
        The file is not an edition of rates: line 206 column 20, max_advance_days: invalid value: integer `-30`, expected u16.
        The file is not an edition of rates: line 434 column 18, tables[0].rows[0].price: invalid type: floating point `0.78`, expected a string.
        The file is not an edition of rates: line 434 column 24, tables[0].rows[0].price: control character (\u0000-\u001F) found while parsing a string.
        "#
    );
    assert!(folder.lines(&["rates", "list"]).is_empty());
}
