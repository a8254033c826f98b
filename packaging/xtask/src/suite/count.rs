//! How many tests ran, read from what the test runners say.

use std::collections::BTreeMap;
use std::fmt;

use crate::json::Value;

/// Tests by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Those that passed.
    pub(crate) passed: usize,
    /// Those that did not.
    pub(crate) failed: usize,
    /// Those that could not run here.
    pub(crate) skipped: usize,
}

impl fmt::Display for Count {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

impl Count {
    /// Adds what another step counted.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// Moves tests that said SKIPPED: their runner took them for passed.
    pub(crate) fn skip(&mut self, tests: usize) {
        let moved = tests.min(self.passed);
        self.passed -= moved;
        self.skipped += moved;
    }
}

/// Reads the summary line of cargo-nextest:
/// `Summary [ 0.2s] 5 tests run: 3 passed (1 slow), 1 failed, 1 timed out, 2 skipped`.
pub(crate) fn nextest(said: &str) -> Option<Count> {
    let line = said
        .lines()
        .rev()
        .find(|line| line.trim_start().starts_with("Summary [") && line.contains(" run:"))?;
    let (_, outcomes) = line.split_once(" run:")?;
    let mut count = Count::default();
    for outcome in without_brackets(outcomes).split(',') {
        let (number, word) = outcome.trim().split_once(' ')?;
        let number: usize = number.parse().ok()?;
        match word.trim() {
            "passed" => count.passed += number,
            "skipped" => count.skipped += number,
            _ => count.failed += number,
        }
    }
    Some(count)
}

/// Adds up the summary lines of `cargo test`:
/// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s`.
pub(crate) fn libtest(said: &str) -> Option<Count> {
    let mut total = None;
    for line in said.lines() {
        let Some((_, outcomes)) = line.split_once("test result: ") else {
            continue;
        };
        let Some((_, outcomes)) = outcomes.split_once(". ") else {
            continue;
        };
        let mut count = Count::default();
        for outcome in outcomes.split(';') {
            let Some((number, word)) = outcome.trim().split_once(' ') else {
                continue;
            };
            let Ok(number) = number.parse::<usize>() else {
                continue;
            };
            match word {
                "passed" => count.passed += number,
                "failed" => count.failed += number,
                "ignored" => count.skipped += number,
                _ => (),
            }
        }
        total.get_or_insert_with(Count::default).add(count);
    }
    total
}

/// Reads the JSON report of vitest.
pub(crate) fn vitest(report: &Value) -> Option<Count> {
    let number = |name: &str| usize::try_from(report.at(name).whole()?).ok();
    let mut count = Count {
        passed: number("numPassedTests")?,
        failed: number("numFailedTests")?,
        skipped: number("numPendingTests")? + number("numTodoTests").unwrap_or_default(),
    };
    // A file that cannot be loaded has no test that could fail.
    count.failed = count.failed.max(number("numFailedTestSuites")?.min(1));
    Some(count)
}

/// Adds up the summaries of Node's own test runner, which our judge in Python writes too: lines
/// `# pass 3` (TAP) or `ℹ pass 3`.
pub(crate) fn node_tests(said: &str) -> Option<Count> {
    let number = |word: &str| -> Option<usize> {
        let lines = said.lines().filter_map(|line| {
            let rest = line
                .trim()
                .strip_prefix(['#', 'ℹ'])?
                .trim_start()
                .strip_prefix(word)?;
            rest.strip_prefix(' ')?.trim().parse::<usize>().ok()
        });
        lines.reduce(|sum, next| sum + next)
    };
    Some(Count {
        passed: number("pass")?,
        failed: number("fail")? + number("cancelled").unwrap_or_default(),
        skipped: number("skipped")? + number("todo").unwrap_or_default(),
    })
}

/// The tests that said `SKIPPED name: reason`, in the file for it or in their output, each once.
pub(crate) fn skips(text: &str) -> BTreeMap<String, String> {
    let lines = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("SKIPPED ")?.split_once(": "));
    lines
        .map(|(name, reason)| (name.trim().to_owned(), reason.trim().to_owned()))
        .collect()
}

/// What tests want to be read by whoever started them, in their order: lines `FIGURE what: numbers`.
pub(crate) fn figures(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim);
    let told = lines.filter_map(|line| line.strip_prefix("FIGURE "));
    told.map(str::to_owned).collect()
}

/// The tests that a runner counted as skipped by itself: `ok 3 - name # SKIP reason`, in TAP or
/// with a sign of its own before the name.
pub(crate) fn skips_of_runner(said: &str) -> BTreeMap<String, String> {
    let lines = said.lines().filter_map(|line| line.split_once("# SKIP"));
    let named = lines.map(|(name, reason)| {
        let name = name.trim().trim_start_matches("ok ");
        let plain = name.trim_start_matches(|letter: char| !letter.is_alphabetic());
        (plain.trim().to_owned(), reason.trim().to_owned())
    });
    named.collect()
}

/// What a runner said without the lines about tests that passed.
pub(crate) fn without_passed(said: &str) -> String {
    let boring = |line: &&str| {
        let line = line.trim();
        line.starts_with("PASS [") || (line.starts_with("test ") && line.ends_with("... ok"))
    };
    let lines: Vec<&str> = said.lines().filter(|line| !boring(line)).collect();
    lines.join("\n")
}

fn without_brackets(text: &str) -> String {
    let mut depth = 0_u32;
    let kept = text.chars().filter(|letter| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn count(passed: usize, failed: usize, skipped: usize) -> Option<Count> {
        Some(Count {
            passed,
            failed,
            skipped,
        })
    }

    #[test]
    fn the_summary_of_nextest_is_read() {
        let said = "PASS [ 0.1s] a b\n     Summary [   0.009s] 3 tests run: 3 passed, 0 skipped";
        assert_eq!(nextest(said), count(3, 0, 0));
        let said = "  Summary [ 61.2s] 9/10 tests run: 5 passed (1 slow, 1 flaky), 2 failed, 1 timed out, 1 exec failed, 4 skipped";
        assert_eq!(nextest(said), count(5, 4, 4));
        assert_eq!(
            nextest("Summary [ 0.0s] 1 test run: 1 passed, 0 skipped"),
            count(1, 0, 0)
        );
        assert_eq!(nextest("error: no tests to run"), None);
    }

    #[test]
    fn the_summaries_of_cargo_test_are_added_up() {
        let said = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
                    test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s";
        assert_eq!(libtest(said), count(5, 1, 1));
        assert_eq!(libtest("error[E0425]"), None);
    }

    #[test]
    fn the_report_of_vitest_is_read_and_a_broken_file_counts_as_failed() {
        let report = |failed_files: u32| {
            json::parse(&format!(
                r#"{{"numFailedTestSuites":{failed_files},"numPassedTests":7,"numFailedTests":0,"numPendingTests":1,"numTodoTests":0}}"#
            ))
            .unwrap()
        };
        assert_eq!(vitest(&report(0)), count(7, 0, 1));
        assert_eq!(vitest(&report(2)), count(7, 1, 1));
        assert_eq!(vitest(&Value::Null), None);
    }

    #[test]
    fn both_forms_of_nodes_test_runner_are_read() {
        assert_eq!(
            node_tests("# tests 3\n# pass 2\n# fail 1\n# cancelled 0\n# skipped 0\n# todo 0"),
            count(2, 1, 0)
        );
        assert_eq!(
            node_tests("ℹ tests 3\nℹ pass 2\nℹ fail 0\nℹ cancelled 0\nℹ skipped 1\nℹ todo 0"),
            count(2, 0, 1)
        );
        let two = "# pass 2\n# fail 0\n# skipped 1\n# pass 3\n# fail 0\n# skipped 0";
        assert_eq!(node_tests(two), count(5, 0, 1));
        assert_eq!(node_tests("npm error Missing script: \"e2e\""), None);
    }

    #[test]
    fn a_test_that_said_skipped_is_counted_once_and_not_as_passed() {
        let skipped = skips(
            "    SKIPPED keyring_round_trip: no keyring here\nnoise\nSKIPPED keyring_round_trip: again\nSKIPPED b: c: d\nSKIPPED a::b: no e\nSKIPPED a::c: no e\n",
        );
        assert_eq!(skipped.len(), 4);
        assert_eq!(skipped["b"], "c: d");
        assert_eq!(skipped["a::c"], "no e");
        let mut total = Count {
            passed: 10,
            failed: 0,
            skipped: 1,
        };
        total.skip(skipped.len());
        assert_eq!(total.to_string(), "6 passed, 0 failed, 5 skipped");
    }

    #[test]
    fn what_a_test_wants_to_be_read_is_told_in_its_order() {
        let said = "    FIGURE Kills: 30 %\nnoise\nFIGURE Other: 2\n";
        assert_eq!(figures(said), ["Kills: 30 %", "Other: 2"]);
    }

    #[test]
    fn tests_that_a_runner_skipped_are_told_with_their_reasons() {
        let said =
            "ok 7 - zxing reads # SKIP no zxing here\nok 8 - fine\n﹣ in the window (0.1ms) # SKIP";
        let skipped = skips_of_runner(said);
        assert_eq!(skipped.len(), 2);
        assert_eq!(skipped["zxing reads"], "no zxing here");
        assert_eq!(skipped["in the window (0.1ms)"], "");
    }

    #[test]
    fn after_a_failure_the_passed_tests_are_not_listed() {
        let said = "        PASS [   0.1s] one\nFAIL two\ntest three ... ok\ntest four ... FAILED";
        assert_eq!(without_passed(said), "FAIL two\ntest four ... FAILED");
    }
}
