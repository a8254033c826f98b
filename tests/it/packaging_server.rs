//! The configuration of a foreign access server, read by the program it is for.

use std::net::SocketAddr;
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

/// What stands between two texts of a file.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("{before} in {text}"));
    rest.split(after).next().unwrap()
}

#[test]
fn callers_of_the_packaged_access_server_are_sent_where_the_data_center_listens() {
    let read = |name| std::fs::read_to_string(packaged(name)).unwrap();
    let (options, rules) = (read("options.ttyS0"), read("pennyblack.nft"));
    let told: SocketAddr = between(&options, "enrolled with https://", ",")
        .parse()
        .unwrap();
    // pppd gives this machine that address, and its certificate names it.
    let lines: Vec<&str> = options
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    let [addresses] = lines[..] else {
        panic!("{lines:?}");
    };
    let (own, _) = addresses.split_once(':').unwrap();
    assert_eq!(told.ip().to_string(), own);
    assert_eq!(between(&options, "init --name ", " "), own);
    // The filter lets that port through and no other.
    let passed: Vec<&str> = rules.matches("dport").collect();
    assert_eq!(passed.len(), 1, "{rules}");
    assert_eq!(
        between(&rules, "tcp dport ", " accept"),
        told.port().to_string()
    );
    // And there the data center listens, when it is started as the files say.
    let readme = packaged("../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    for (text, end) in [(options.as_str(), "\n"), (readme.as_str(), "`")] {
        let listens: SocketAddr = between(text, "serve --listen ", end).parse().unwrap();
        assert!(listens.ip().is_unspecified(), "{listens}");
        assert_eq!(listens.port(), told.port());
    }
}
