//! Rules about what the documents promise.

use std::collections::BTreeSet;

/// The commands that a stranger needs.
const COMMANDS: [&str; 2] = ["cargo xtask run", "cargo xtask test"];

/// The commands that the README does not name.
pub(super) fn missing_commands(readme: &str) -> Vec<String> {
    let missing = COMMANDS
        .iter()
        .filter(|command| !readme.contains(**command));
    missing
        .map(|command| format!("README.md does not name `{command}`"))
        .collect()
}

/// The tests that CLAIMS.md names: `` `file::test` ``, where the test of a page is its title.
pub(super) fn named_tests(claims: &str) -> Vec<(String, String)> {
    let quoted = claims.split('`').skip(1).step_by(2);
    let named = quoted.filter_map(|word| word.split_once("::"));
    let files = named.filter(|(file, _)| file.contains('/') && file.contains('.'));
    files
        .map(|(file, test)| (file.to_owned(), test.to_owned()))
        .collect()
}

/// The named tests that do not exist.
pub(super) fn unknown_tests(claims: &str, text: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut findings = Vec::new();
    for (file, test) in named_tests(claims) {
        let wanted = if file.ends_with(".rs") {
            format!("fn {test}(")
        } else {
            test.clone()
        };
        match text(&file) {
            None => findings.push(format!("CLAIMS.md names {file}, which does not exist")),
            Some(text) if !text.contains(&wanted) => {
                findings.push(format!("CLAIMS.md names `{test}`, which is not in {file}"));
            }
            Some(_) => (),
        }
    }
    findings
}

/// Requirements that stand in the table more than once: one of the rows is then older than the other.
pub(super) fn doubled(claims: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for line in claims.lines() {
        let mut cells = line.split(" | ");
        let (Some(number), Some(requirement)) = (cells.next(), cells.next()) else {
            continue;
        };
        let name = requirement.split([':', ',']).next().unwrap_or_default();
        if !seen.insert((number, name)) {
            findings.push(format!(
                "CLAIMS.md has more than one row of {number} | {name}"
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_readme_without_a_command_is_found() {
        assert!(missing_commands("cargo xtask run, cargo xtask test").is_empty());
        assert_eq!(
            missing_commands("cargo xtask run"),
            ["README.md does not name `cargo xtask test`"]
        );
    }

    #[test]
    fn a_requirement_that_is_claimed_twice_is_found() {
        let claims = "| # | requirement |\n| 8 | paper: many | a |\n| 8 | paper: more | b |\n| 9 | paper | c |";
        assert_eq!(
            doubled(claims),
            ["CLAIMS.md has more than one row of | 8 | paper"]
        );
    }

    #[test]
    fn a_claim_whose_test_does_not_exist_is_found() {
        let claims = "| 8 | `tests/it/funds.rs::a_refill` `tests/it/funds.rs::gone` `ui/e2e/a.test.mjs::prints a letter` `no/file.rs::x` `ServiceId::ALL` |";
        let text = |file: &str| match file {
            "tests/it/funds.rs" => Some("fn a_refill() {}\nfn gone_away() {}".to_owned()),
            "ui/e2e/a.test.mjs" => Some("test('prints a letter', …)".to_owned()),
            _ => None,
        };
        assert_eq!(named_tests(claims).len(), 4);
        assert_eq!(
            unknown_tests(claims, text),
            [
                "CLAIMS.md names `gone`, which is not in tests/it/funds.rs",
                "CLAIMS.md names no/file.rs, which does not exist"
            ]
        );
    }
}
