use std::process::{Command, Output, Stdio};

const COMMAND_LINE: &str = env!("CARGO_BIN_EXE_pennyblack");
const JUDGED: &str = env!("CARGO_BIN_EXE_pennyblack-tuf");
const BRIDGE: &str = env!("CARGO_BIN_EXE_pennyblack-bridge");

fn said(executable: &str, words: &[&str]) -> Output {
    let mut command = Command::new(executable);
    command.args(words).stdin(Stdio::null());
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_executable_says_what_it_is_and_what_it_can_do() {
    for (executable, name) in [
        (COMMAND_LINE, "pennyblack"),
        (JUDGED, "pennyblack-tuf"),
        (BRIDGE, "pennyblack-bridge"),
    ] {
        let version = said(executable, &["--version"]);
        let line = format!("{name} {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(text(&version.stdout), line);
        let help = said(executable, &["--help"]);
        assert!(help.status.success());
        assert!(text(&help.stdout).contains(&format!("Usage: {name} ")));
    }
}

#[test]
fn words_that_no_executable_knows_are_refused_on_standard_error() {
    // Whoever judges the client of the repository wants 1 for whatever does not succeed.
    for (executable, code) in [(COMMAND_LINE, 2), (JUDGED, 1), (BRIDGE, 2)] {
        let refused = said(executable, &["--franking-machine"]);
        assert_eq!(refused.status.code(), Some(code), "{executable}");
        assert!(refused.stdout.is_empty(), "{executable}");
        let sentence = text(&refused.stderr);
        assert!(sentence.contains("--franking-machine"), "{sentence}");
    }
}
