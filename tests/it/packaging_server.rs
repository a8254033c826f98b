//! The configuration of a foreign access server, read by the program it is for.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian puts it, which is in few people's path.
const PPPD: &str = "/usr/sbin/pppd";

fn packaged(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../packaging/server/mgetty-pppd")
        .join(name)
}

/// Whether pppd understands a file of options; what it said.
fn understands(file: &Path) -> (bool, String) {
    let output = Command::new(PPPD)
        .arg("file")
        .arg(file)
        .args(["dryrun", "nodetach", "notty"])
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    // 2 is its word for options it does not understand; a machine without /dev/ppp says more.
    let understood = output.status.code() != Some(2);
    (understood, String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn pppd_understands_the_options_we_package() {
    if !Path::new(PPPD).is_file() {
        println!("SKIPPED pppd_understands_the_options_we_package: pppd is not installed");
        return;
    }
    for name in ["options.pennyblack", "options.ttyS0"] {
        let (understood, said) = understands(&packaged(name));
        assert!(understood, "{name}: {said}");
    }
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("options");
    let text = std::fs::read_to_string(packaged("options.pennyblack")).unwrap();
    std::fs::write(&wrong, text.replace("require-chap", "require-shibboleth")).unwrap();
    let (understood, said) = understands(&wrong);
    assert!(!understood, "{said}");
}

#[test]
fn what_we_package_lets_nobody_in_without_a_proof_and_nobody_log_in_by_hand() {
    let read = |name| std::fs::read_to_string(packaged(name)).unwrap();
    let options = read("options.pennyblack");
    let lines: Vec<_> = options.lines().collect();
    for needed in [
        "auth",
        "require-chap",
        "refuse-pap",
        "noproxyarp",
        "nodefaultroute",
    ] {
        assert!(lines.contains(&needed), "{needed}");
    }
    let logins = read("login.config");
    let rules: Vec<_> = logins
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    assert_eq!(rules.len(), 2, "{rules:?}");
    assert!(rules[0].starts_with("/AutoPPP/") && rules[0].ends_with("options.pennyblack"));
    assert!(rules[1].starts_with('*') && rules[1].ends_with("/bin/false"));
}
