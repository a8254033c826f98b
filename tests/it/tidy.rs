//! Keeps the house in order: what ARCHITECTURE.md, CONTRIBUTING.md and CLAIMS.md promise about the
//! shape of the code is checked here, against the files as they stand. Each rule is a pure
//! function that is shown a bad sample beside it, so that it is known to be able to fail.

mod claims;
mod packages;
mod sources;
mod tree;

use std::collections::BTreeSet;

use packages::Manifest;
use shared::services::ServiceId;
use shared::services::requests::REQUESTS;
use tree::Tree;

/// A source file with more lines is two files.
const FILE_LINES: usize = 800;
/// What both ends rely on is kept smaller; tests beside the code do not count.
const SHARED_FILE_LINES: usize = 400;
/// Files of `shared` that were longer when the rule came, with their length then. A line goes when
/// its file fits; none is added.
const SHARED_RATCHET: [(&str, usize); 0] = [];
/// Documents that are meant to be read in one sitting, with their longest length.
const DOCUMENT_LINES: [(&str, usize); 2] = [("ARCHITECTURE.md", 300), ("GLOSSARY.md", 120)];
/// The README of a folder is a signpost.
const FOLDER_README_LINES: usize = 40;

fn none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn our_packages_depend_on_each_other_only_as_the_architecture_says() {
    let manifests = Manifest::all(&Tree::here());
    let found: BTreeSet<(String, String)> = manifests.iter().flat_map(Manifest::edges).collect();
    let said = [
        ("server", "shared"),
        ("station", "shared"),
        ("station-app", "station"),
        ("system-tests", "server"),
        ("system-tests", "shared"),
        ("system-tests", "station"),
    ];
    let said: BTreeSet<(String, String)> = said
        .iter()
        .map(|(from, to)| ((*from).to_owned(), (*to).to_owned()))
        .collect();
    assert_eq!(found, said);
}

#[test]
fn each_package_uses_only_what_the_architecture_allows() {
    let tree = Tree::here();
    let allowed = packages::allowed(&tree.text("ARCHITECTURE.md"));
    none(&packages::not_allowed(&Manifest::all(&tree), &allowed));
}

#[test]
fn only_the_window_knows_tauri_and_shared_does_no_input_or_output() {
    none(&packages::out_of_place(&Manifest::all(&Tree::here())));
}

#[test]
fn versions_stand_once_in_the_workspace() {
    let manifests = Manifest::all(&Tree::here());
    none(
        &manifests
            .iter()
            .flat_map(Manifest::own_versions)
            .collect::<Vec<_>>(),
    );
}

#[test]
fn every_package_obeys_the_workspace_lints() {
    let manifests = Manifest::all(&Tree::here());
    none(
        &manifests
            .iter()
            .filter_map(Manifest::own_lints)
            .collect::<Vec<_>>(),
    );
}

#[test]
fn no_file_is_longer_than_its_budget() {
    let tree = Tree::here();
    let mut findings = Vec::new();
    for file in tree.code() {
        let text = tree.text(file);
        findings.extend(sources::too_long(file, text.lines().count(), FILE_LINES));
        if file.starts_with("shared/src/") && !sources::is_test_file(file) {
            let ratchet = SHARED_RATCHET.iter().find(|(name, _)| *name == file);
            let budget = ratchet.map_or(SHARED_FILE_LINES, |(_, lines)| *lines);
            findings.extend(sources::too_long(
                file,
                sources::lines_before_tests(&text),
                budget,
            ));
        }
    }
    for (file, exception) in SHARED_RATCHET {
        let lines = sources::lines_before_tests(&tree.text(file));
        findings.extend(sources::stale_exception(
            file,
            lines,
            exception,
            SHARED_FILE_LINES,
        ));
    }
    none(&findings);
}

#[test]
fn whatever_a_station_asks_for_stands_in_the_table_of_requests() {
    let tree = Tree::here();
    let known: Vec<&str> = REQUESTS.iter().map(|kind| kind.path).collect();
    let asking = tree.code().filter(|file| {
        ["src-tauri/station/src/", "shared/src/"]
            .iter()
            .any(|place| file.starts_with(place))
            && !sources::is_test_file(file)
    });
    none(
        &asking
            .flat_map(|file| sources::unknown_paths(file, &tree.text(file), &known))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn we_name_nothing_with_a_word_that_tells_nothing() {
    let tree = Tree::here();
    let rust = tree.code().filter(|file| file.ends_with(".rs"));
    none(
        &rust
            .flat_map(|file| sources::banned_names(file, &tree.text(file)))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn no_work_is_left_open_in_the_code() {
    let tree = Tree::here();
    none(
        &tree
            .code()
            .flat_map(|file| sources::left_open(file, &tree.text(file)))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn no_test_is_switched_off() {
    let tree = Tree::here();
    none(
        &tree
            .code()
            .flat_map(|file| sources::switched_off(file, &tree.text(file)))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn no_path_of_one_machine_is_committed() {
    let tree = Tree::here();
    let own = format!("{}/", tree.root().display());
    let texts = tree.all().filter(|file| tree::is_text(file));
    none(
        &texts
            .flat_map(|file| sources::machine_paths(file, &tree.text(file), &own))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn only_the_backend_folder_of_the_page_knows_tauri() {
    let tree = Tree::here();
    let page = tree.code().filter(|file| file.starts_with("ui/src/"));
    none(
        &page
            .filter_map(|file| sources::knows_tauri(file, &tree.text(file)))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn released_migrations_are_unchanged() {
    let tree = Tree::here();
    let released = tree.text("tests/it/tidy/released_migrations.txt");
    none(&sources::changed_migrations(&released, |file| {
        tree.bytes(file)
    }));
}

#[test]
fn the_readme_names_both_commands() {
    none(&claims::missing_commands(&Tree::here().text("README.md")));
}

#[test]
fn every_test_that_claims_names_exists() {
    let tree = Tree::here();
    let text = tree.text("CLAIMS.md");
    assert!(
        claims::named_tests(&text).len() >= 6,
        "CLAIMS.md names too few tests to be true"
    );
    none(&claims::unknown_tests(&text, |file| tree.maybe_text(file)));
}

#[test]
fn each_requirement_is_claimed_once() {
    none(&claims::doubled(&Tree::here().text("CLAIMS.md")));
}

#[test]
fn documents_keep_to_their_length() {
    let tree = Tree::here();
    let mut findings = Vec::new();
    for (file, budget) in DOCUMENT_LINES {
        findings.extend(sources::too_long(
            file,
            tree.text(file).lines().count(),
            budget,
        ));
    }
    for file in tree
        .all()
        .filter(|file| file.matches('/').count() == 1 && file.ends_with("/README.md"))
    {
        findings.extend(sources::too_long(
            file,
            tree.text(file).lines().count(),
            FOLDER_README_LINES,
        ));
    }
    none(&findings);
}

#[test]
fn every_folder_at_the_top_says_what_it_holds() {
    let tree = Tree::here();
    for folder in ["packaging", "server", "shared", "src-tauri", "tests", "ui"] {
        assert!(
            tree.maybe_text(&format!("{folder}/README.md")).is_some(),
            "{folder}/README.md is missing"
        );
    }
}

#[test]
fn no_service_is_half_there() {
    let tree = Tree::here();
    let names = ServiceId::ALL.map(ServiceId::name);
    none(&sources::half_there(
        &names,
        &tree.text("ARCHITECTURE.md"),
        &tree,
    ));
}
