//! Rules about single files.

use sha2::{Digest, Sha256};

/// Endings that say nothing about what a thing is.
const EMPTY_ENDINGS: [&str; 6] = ["Manager", "Service", "Helper", "Util", "Utils", "Processor"];
/// Words for which the trade, and the glossary, have another one.
const OTHER_WORDS: [&str; 5] = ["Wallet", "Tariff", "TopUp", "Frank", "Terminal"];
/// Marks of work that was left open. Joined here, so that this file does not find itself.
const OPEN_MARKS: [&str; 4] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("HA", "CK"),
];
/// What switches a test off, or all others.
const SWITCHES: [&str; 7] = [
    concat!("#[ig", "nore"),
    concat!("test.sk", "ip("),
    concat!("it.sk", "ip("),
    concat!("describe.sk", "ip("),
    concat!("test.on", "ly("),
    concat!("it.on", "ly("),
    concat!("describe.on", "ly("),
];
/// Where people's own folders begin on the three systems.
const HOMES: [&str; 4] = [
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/ro", "ot/"),
    concat!(r"C:\Us", r"ers\"),
];
/// A folder that stands for anybody's in examples.
const EXAMPLE_HOME: &str = concat!("/ho", "me/clerk");
/// How many lines at the top of a service say what it is.
const SERVICE_DOC_LINES: usize = 5;

/// A file over its budget.
pub(super) fn too_long(file: &str, lines: usize, budget: usize) -> Option<String> {
    (lines > budget).then(|| format!("{file} has {lines} lines where {budget} are allowed"))
}

/// An exception that is wider than it needs to be, or not needed any more.
pub(super) fn stale_exception(
    file: &str,
    lines: usize,
    exception: usize,
    budget: usize,
) -> Option<String> {
    (lines < exception).then(|| {
        let now = if lines <= budget {
            "take its exception out".to_owned()
        } else {
            format!("lower its exception to {lines}")
        };
        format!("{file} has {lines} lines: {now}")
    })
}

/// Whether a file holds nothing but tests.
pub(super) fn is_test_file(file: &str) -> bool {
    file.ends_with("/tests.rs") || file.contains("/tests/") || file.contains("/test_")
}

/// The lines of a file above its tests.
pub(super) fn lines_before_tests(text: &str) -> usize {
    let tests = |line: &str| line.trim_end() == "#[cfg(test)]";
    text.lines()
        .position(tests)
        .unwrap_or_else(|| text.lines().count())
}

/// Paths that a file asks a data center for and that the table of requests does not know. One that
/// ends with a slash begins longer ones.
pub(super) fn unknown_paths(file: &str, text: &str, known: &[&str]) -> Vec<String> {
    let is_known = |path: &str| {
        known
            .iter()
            .any(|one| *one == path || path.ends_with('/') && one.starts_with(path))
    };
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(text.lines()).take(lines_before_tests(text)) {
        let texts = line.split('"').skip(1).step_by(2);
        let paths = texts.filter(|text| text.starts_with("/v1/") || text.starts_with("/door/"));
        for path in paths.filter(|path| !is_known(path)) {
            findings.push(format!(
                "{file}:{number}: {path} is in no table of requests"
            ));
        }
    }
    findings
}

/// Names we define with a banned word.
pub(super) fn banned_names(file: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let code = line.split("//").next().unwrap_or_default();
        let mut words = code
            .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
            .filter(|word| !word.is_empty());
        while let Some(word) = words.next() {
            if ["struct", "enum", "trait", "mod", "fn", "type", "union"].contains(&word) {
                let name = words.next().unwrap_or_default();
                if is_banned(name) {
                    findings.push(format!(
                        "{file}:{number}: `{name}` says nothing or is not our word (GLOSSARY.md)"
                    ));
                }
            }
        }
    }
    findings
}

/// `Service` alone is a word of our trade; as an ending it is not.
fn is_banned(name: &str) -> bool {
    let segments = segments(name);
    let joined = segments.concat();
    let ends_empty = EMPTY_ENDINGS.iter().any(|ending| {
        segments
            .last()
            .is_some_and(|last| last.eq_ignore_ascii_case(ending))
            && (segments.len() > 1 || *ending != "Service")
    });
    let other_word = OTHER_WORDS.iter().any(|word| {
        segments
            .iter()
            .any(|segment| segment.eq_ignore_ascii_case(word))
            || joined.to_ascii_lowercase().contains("topup") && *word == "TopUp"
    });
    ends_empty || other_word
}

/// The words of `CamelCase` and `snake_case`.
fn segments(name: &str) -> Vec<String> {
    let mut segments: Vec<String> = Vec::new();
    for part in name.split('_') {
        let mut current = String::new();
        for letter in part.chars() {
            if letter.is_uppercase() && !current.is_empty() {
                segments.push(std::mem::take(&mut current));
            }
            current.push(letter);
        }
        if !current.is_empty() {
            segments.push(current);
        }
    }
    segments
}

/// Marks of work left open, as whole words.
pub(super) fn left_open(file: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let words = line.split(|letter: char| !letter.is_alphanumeric());
        for word in words.filter(|word| OPEN_MARKS.contains(word)) {
            findings.push(format!("{file}:{number}: {word}"));
        }
    }
    findings
}

/// Tests that are switched off or switch others off.
pub(super) fn switched_off(file: &str, text: &str) -> Vec<String> {
    let lines = (1..).zip(text.lines());
    let found = lines.filter(|(_, line)| SWITCHES.iter().any(|switch| line.contains(switch)));
    found
        .map(|(number, line): (usize, &str)| format!("{file}:{number}: {}", line.trim()))
        .collect()
}

/// Paths that exist on one machine only: of somebody's own folder, or of this clone.
pub(super) fn machine_paths(file: &str, text: &str, clone: &str) -> Vec<String> {
    let lines = (1..).zip(text.lines());
    let own = |line: &str| {
        let line = line.replace(EXAMPLE_HOME, "");
        HOMES.iter().any(|home| line.contains(home)) || line.contains(clone)
    };
    let found = lines.filter(|(_, line)| own(line));
    found
        .map(|(number, _): (usize, &str)| format!("{file}:{number} names a path of one machine"))
        .collect()
}

/// A file of the page that knows Tauri and is not in the folder that may.
pub(super) fn knows_tauri(file: &str, text: &str) -> Option<String> {
    let may = file.starts_with("ui/src/backend/");
    (!may && text.contains("@tauri-apps"))
        .then(|| format!("{file} knows Tauri; only ui/src/backend/ may"))
}

/// Migrations that were released and are not what they were.
pub(super) fn changed_migrations(
    released: &str,
    bytes: impl Fn(&str) -> Option<Vec<u8>>,
) -> Vec<String> {
    let mut findings = Vec::new();
    for line in released
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
    {
        let Some((wanted, file)) = line.split_once("  ") else {
            findings.push(format!("not `SHA-256  path`: {line}"));
            continue;
        };
        let found = bytes(file).map(|bytes| hex::encode(Sha256::digest(bytes)));
        if found.as_deref() != Some(wanted) {
            findings.push(format!(
                "{file} was released and is not what it was; add a new migration instead"
            ));
        }
    }
    findings
}

/// Columns that a service lacks: what both ends agree on, each end, its screen, its test, its row
/// in ARCHITECTURE.md, and the lines at the top that say what it is. Each column is a file, a
/// module's folder or, for the screen, any file in its folder.
pub(super) fn half_there(services: &[&str], architecture: &str, tree: &dyn Files) -> Vec<String> {
    let mut findings = Vec::new();
    for name in services {
        let columns = [
            (
                "what both ends agree on",
                format!("shared/src/services/{name}"),
            ),
            ("the data center", format!("server/src/services/{name}")),
            (
                "the station",
                format!("src-tauri/station/src/services/{name}"),
            ),
            ("the whole-system test", format!("tests/it/{name}")),
        ];
        for (column, place) in columns {
            let Some(text) = [".rs", "/mod.rs"]
                .iter()
                .find_map(|end| tree.read(&format!("{place}{end}")))
            else {
                findings.push(format!("{name} lacks {column}: {place}"));
                continue;
            };
            let said = text
                .lines()
                .take_while(|line| line.starts_with("//!"))
                .count();
            if ["the data center", "the station"].contains(&column) && said < SERVICE_DOC_LINES {
                findings.push(format!(
                    "{name}: {column} says too little at its top ({said} lines)"
                ));
            }
        }
        if !tree.has_folder(&format!("ui/src/services/{name}/")) {
            findings.push(format!("{name} lacks its screen: ui/src/services/{name}/"));
        }
        if !architecture.contains(&format!("| {name} |")) {
            findings.push(format!("{name} lacks its row in ARCHITECTURE.md"));
        }
    }
    findings
}

/// Where files are looked for.
pub(super) trait Files {
    /// The text of a file, when it is there.
    fn read(&self, file: &str) -> Option<String>;
    /// Whether any file is there whose path begins so.
    fn has_folder(&self, folder: &str) -> bool;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_no_data_center_serves_is_found() {
        let known = ["/v1/due", "/v1/targets/{*path}"];
        let text = "const A: &str = \"/v1/due\"; const B: &str = \"/v1/targets/\";\n\
                    const C: &str = \"/v1/new\";\n#[cfg(test)]\nconst D: &str = \"/v1/test\";";
        let found = unknown_paths("a.rs", text, &known);
        assert_eq!(found, ["a.rs:2: /v1/new is in no table of requests"]);
    }

    #[test]
    fn only_a_file_over_its_budget_is_too_long() {
        assert_eq!(too_long("a.rs", 400, 400), None);
        assert_eq!(
            too_long("a.rs", 401, 400),
            Some("a.rs has 401 lines where 400 are allowed".to_owned())
        );
    }

    #[test]
    fn an_exception_only_ever_shrinks() {
        assert_eq!(stale_exception("a.rs", 500, 500, 400), None);
        assert_eq!(
            stale_exception("a.rs", 450, 500, 400),
            Some("a.rs has 450 lines: lower its exception to 450".to_owned())
        );
        assert_eq!(
            stale_exception("a.rs", 400, 500, 400),
            Some("a.rs has 400 lines: take its exception out".to_owned())
        );
    }

    #[test]
    fn tests_beside_the_code_do_not_count_as_code() {
        assert_eq!(lines_before_tests("a\nb\n#[cfg(test)]\nmod tests {}\n"), 2);
        assert_eq!(lines_before_tests("a\nb\n"), 2);
        assert!(is_test_file("shared/src/vault/tests.rs"));
        assert!(!is_test_file("shared/src/vault/rules.rs"));
    }

    #[test]
    fn banned_words_are_found_in_what_we_define_and_nowhere_else() {
        let types = [
            "StationManager",
            "RefillService",
            "Wallet",
            "TopUpRequest",
            "PieceUtils",
        ];
        let functions = ["top_up", "frank_piece", "string_utils", "helper"];
        let bad = types.map(|name| format!("pub struct {name};")).join("\n");
        assert_eq!(banned_names("a.rs", &bad).len(), types.len());
        let bad = functions.map(|name| format!("fn {name}() {{}}")).join("\n");
        assert_eq!(banned_names("a.rs", &bad).len(), functions.len());
        let good = "trait Service {}\nenum ServiceId {}\nmod services;\n// fn wallet is in a comment\nlet terminal = stdout.is_terminal();\nfn frankly() {}\nstruct Franking;\nfn utilise() {}";
        assert_eq!(banned_names("a.rs", good), [""; 0]);
    }

    #[test]
    fn marks_of_open_work_are_found_as_whole_words() {
        let marks = OPEN_MARKS.join(": later\n");
        assert_eq!(left_open("a.rs", &marks).len(), 4);
        assert_eq!(
            left_open("a.rs", "fn hackney() {} // todos of the clerk"),
            [""; 0]
        );
    }

    #[test]
    fn tests_that_are_switched_off_are_found() {
        let off = SWITCHES.join("]\n");
        assert_eq!(switched_off("a.rs", &off).len(), SWITCHES.len());
        assert_eq!(switched_off("a.rs", "lines.skip(1); #[test]"), [""; 0]);
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        let text = format!(
            "{}ann/x\nfine\n/srv/clone/target\n{}bob",
            HOMES[0], HOMES[3]
        );
        assert_eq!(machine_paths("a.md", &text, "/srv/clone/").len(), 3);
        assert_eq!(
            machine_paths(
                "a.md",
                &format!("/usr/bin/chromium and /tmp/x and {EXAMPLE_HOME}"),
                "/srv/clone/"
            ),
            [""; 0]
        );
    }

    #[test]
    fn a_page_that_knows_tauri_outside_its_folder_is_found() {
        let text = "import { invoke } from '@tauri-apps/api/core';";
        assert!(knows_tauri("ui/src/App.svelte", text).is_some());
        assert_eq!(knows_tauri("ui/src/backend/tauri.ts", text), None);
        assert_eq!(
            knows_tauri("ui/src/App.svelte", "import x from './backend';"),
            None
        );
    }

    #[test]
    fn a_released_migration_that_changed_or_went_is_found() {
        let hash = hex::encode(Sha256::digest(b"CREATE TABLE a"));
        let released = format!(
            "# comment\n{hash}  m/001.sql\n{hash}  m/002.sql\n{hash}  m/003.sql\nnonsense\n"
        );
        let bytes = |file: &str| match file {
            "m/001.sql" => Some(b"CREATE TABLE a".to_vec()),
            "m/002.sql" => Some(b"CREATE TABLE b".to_vec()),
            _ => None,
        };
        let found = changed_migrations(&released, bytes);
        assert_eq!(found.len(), 3, "{found:#?}");
        assert!(found[0].starts_with("m/002.sql") && found[1].starts_with("m/003.sql"));
    }

    /// Files by path and text.
    struct Sample(Vec<(&'static str, &'static str)>);

    impl Files for Sample {
        fn read(&self, file: &str) -> Option<String> {
            self.0
                .iter()
                .find(|(path, _)| *path == file)
                .map(|(_, text)| (*text).to_owned())
        }

        fn has_folder(&self, folder: &str) -> bool {
            self.0.iter().any(|(path, _)| path.starts_with(folder))
        }
    }

    #[test]
    fn a_service_that_is_half_there_is_found() {
        let five = "//! one\n//! two\n//! three\n//! four\n//! five\n";
        let sample = Sample(vec![
            ("shared/src/services/funds.rs", ""),
            ("tests/it/funds.rs", ""),
            ("server/src/services/funds/mod.rs", five),
            ("src-tauri/station/src/services/funds.rs", "//! Refills.\n"),
            ("ui/src/services/funds/Refill.svelte", ""),
        ]);
        let found = half_there(&["funds"], "| keys |", &sample);
        assert_eq!(
            found,
            [
                "funds: the station says too little at its top (1 lines)",
                "funds lacks its row in ARCHITECTURE.md"
            ]
        );
        let found = half_there(&["keys"], "| keys |", &sample);
        assert_eq!(found.len(), 5, "{found:#?}");
    }
}
