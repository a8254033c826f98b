//! What was typed after `cargo xtask`.

use std::path::PathBuf;

/// The help text.
pub(crate) const HELP: &str = "\
cargo xtask COMMAND

  run [--reset]              starts a demo data center and opens a station's window on it
  run --headless --out DIR   the same without a window: refills, prints three letters,
                             writes their files and summary.json to DIR, stops everything
  test [--long]              installs what is missing and passes every test of the project
  test --vm                  calls from and to pppd, printers on USB, in a small virtual machine;
                             on Debian 12, with qemu-system-x86
  bench [--quick] [--only GROUP] [--json FILE]
                             every benchmark, release build
  bundle --out DIR [--release]
                             the window as one file, a thin AppImage; PENNYBLACK_VERSION and
                             PENNYBLACK_UPDATE_KEY name its version and whose updates it takes
  check                      formatting, lints and the page's types, without tests
  dev                        the demo with its page in a browser, rebuilt at each change
  package                    installers (not in this build)";

/// One command with its options.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Prints [`HELP`].
    Help,
    /// The demo with a window.
    Run {
        /// Whether the demo's data is thrown away first.
        reset: bool,
    },
    /// The demo's main job without a window.
    RunHeadless {
        /// Where the files go.
        out: PathBuf,
    },
    /// Every test.
    Test {
        /// Whether the tests run their full counts.
        long: bool,
    },
    /// The tests that need a virtual machine.
    TestInMachine,
    /// Every benchmark.
    Bench {
        /// What the benchmark executable gets.
        passed_on: Vec<String>,
    },
    /// The window as one file.
    Bundle {
        /// Where the file goes.
        out: PathBuf,
        /// Whether it is the release build.
        release: bool,
    },
    /// Formatting, lints and types.
    Check,
    /// The page, rebuilt at each change.
    Dev,
    /// Installers.
    Package,
}

/// Reads the words after `cargo xtask`; the error is a sentence for the person who typed them.
pub(crate) fn parse(words: &[String]) -> Result<Command, String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] | ["help" | "--help" | "-h", ..] | [_, "--help" | "-h"] => Ok(Command::Help),
        ["run", rest @ ..] => parse_run(rest),
        ["test"] => Ok(Command::Test { long: false }),
        ["test", "--long"] => Ok(Command::Test { long: true }),
        ["test", "--vm"] => Ok(Command::TestInMachine),
        ["bench", rest @ ..] => parse_bench(rest),
        ["bundle", rest @ ..] => parse_bundle(rest),
        ["check"] => Ok(Command::Check),
        ["dev"] => Ok(Command::Dev),
        ["package", ..] => Ok(Command::Package),
        ["test" | "check" | "dev", other, ..] => Err(format!("`{other}` is not known here.")),
        [other, ..] => Err(format!("There is no command `{other}`.")),
    }
}

fn parse_run(mut words: &[&str]) -> Result<Command, String> {
    let (mut reset, mut headless, mut out) = (false, false, None);
    while let [first, rest @ ..] = words {
        words = match (*first, rest) {
            ("--reset", rest) => {
                reset = true;
                rest
            }
            ("--headless", rest) => {
                headless = true;
                rest
            }
            ("--out", [folder, rest @ ..]) => {
                out = Some(PathBuf::from(folder));
                rest
            }
            ("--out", []) => return Err("`--out` needs a folder.".to_owned()),
            (other, _) => return Err(format!("`run` does not know `{other}`.")),
        };
    }
    match (headless, out, reset) {
        (false, None, reset) => Ok(Command::Run { reset }),
        (true, Some(out), false) => Ok(Command::RunHeadless { out }),
        (true, Some(_), true) => {
            Err("`--headless` always starts afresh; leave `--reset` out.".to_owned())
        }
        (true, None, _) => Err("`--headless` needs `--out DIR`.".to_owned()),
        (false, Some(_), _) => Err("`--out` belongs to `--headless`.".to_owned()),
    }
}

fn parse_bundle(words: &[&str]) -> Result<Command, String> {
    let bundle = |out: &str, release| Command::Bundle {
        out: PathBuf::from(out),
        release,
    };
    match words {
        ["--out", out] => Ok(bundle(out, false)),
        ["--out", out, "--release"] | ["--release", "--out", out] => Ok(bundle(out, true)),
        _ => Err("`bundle` needs `--out DIR`.".to_owned()),
    }
}

fn parse_bench(mut words: &[&str]) -> Result<Command, String> {
    let mut passed_on = Vec::new();
    while let [first, rest @ ..] = words {
        words = match (*first, rest) {
            ("--quick", rest) => {
                passed_on.push("--quick".to_owned());
                rest
            }
            (word @ ("--json" | "--only"), [file, rest @ ..]) => {
                passed_on.push(word.to_owned());
                passed_on.push((*file).to_owned());
                rest
            }
            ("--json", []) => return Err("`--json` needs a file.".to_owned()),
            ("--only", []) => return Err("`--only` needs a group of figures.".to_owned()),
            (other, _) => return Err(format!("`bench` does not know `{other}`.")),
        };
    }
    Ok(Command::Bench { passed_on })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Result<Command, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&words)
    }

    #[test]
    fn the_two_commands_of_the_readme_are_understood() {
        assert_eq!(typed("run"), Ok(Command::Run { reset: false }));
        assert_eq!(typed("run --reset"), Ok(Command::Run { reset: true }));
        assert_eq!(typed("test"), Ok(Command::Test { long: false }));
        assert_eq!(typed("test --long"), Ok(Command::Test { long: true }));
        assert_eq!(typed("test --vm"), Ok(Command::TestInMachine));
    }

    #[test]
    fn a_headless_run_needs_a_folder_in_either_order() {
        let wanted = Ok(Command::RunHeadless {
            out: PathBuf::from("there"),
        });
        assert_eq!(typed("run --headless --out there"), wanted);
        assert_eq!(typed("run --out there --headless"), wanted);
        assert!(typed("run --headless").is_err());
        assert!(typed("run --headless --out").is_err());
        assert!(typed("run --out there").is_err());
    }

    #[test]
    fn benchmark_options_are_passed_on() {
        let passed_on = ["--quick", "--json", "figures.json"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(
            typed("bench --quick --json figures.json"),
            Ok(Command::Bench { passed_on })
        );
        assert!(typed("bench --json").is_err());
        assert!(typed("bench --only").is_err());
        assert!(typed("bench --only contact").is_ok());
        assert!(typed("bench --fast").is_err());
    }

    #[test]
    fn a_bundle_needs_a_folder_and_is_a_debug_build_unless_asked() {
        let wanted = |release| {
            Ok(Command::Bundle {
                out: PathBuf::from("there"),
                release,
            })
        };
        assert_eq!(typed("bundle --out there"), wanted(false));
        assert_eq!(typed("bundle --release --out there"), wanted(true));
        assert!(typed("bundle").is_err());
        assert!(typed("bundle --out").is_err());
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        assert_eq!(typed("rnu"), Err("There is no command `rnu`.".to_owned()));
        assert_eq!(
            typed("test --lnog"),
            Err("`--lnog` is not known here.".to_owned())
        );
    }

    #[test]
    fn nothing_typed_and_help_show_the_help() {
        assert_eq!(typed(""), Ok(Command::Help));
        assert_eq!(typed("run --help"), Ok(Command::Help));
    }
}
