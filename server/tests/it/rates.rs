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
        message.contains("etters.csv line 2 column B: \"cheap\" is not a price"),
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
fn a_list_in_json_is_imported_with_the_rules_of_the_edition_that_is_there() {
    let folder = Folder::initialised();
    let list = folder.path().join("list.json");
    let text = json!({
        "title": "A list", "unit": "US cents", "effective": day_ahead(30),
        "first_class": {"letter_metered": {"1": 80}},
        "carrier_pigeon": {"1": 5}
    });
    std::fs::write(&list, text.to_string()).unwrap();
    let list = list.display().to_string();
    let (exit, refusal) = folder.refusal(&["rates", "import", &list]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("no_base")));
    folder.json(&["rates", "import", BASE]);
    let wrong = folder.path().join("wrong.json");
    let unread = text.to_string().replace("80", "-80");
    std::fs::write(&wrong, unread).unwrap();
    let wrong = wrong.display().to_string();
    let (exit, refusal) = folder.refusal(&["rates", "import", &wrong]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("not_an_edition")));
    let message = refusal["message"].as_str().unwrap();
    assert!(message.contains("rong.json line 1 column "), "{message}");
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
