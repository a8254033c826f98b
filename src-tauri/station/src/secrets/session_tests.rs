//! The operating system's keyring, proved in a session of its own: this test program runs itself
//! again under a private D-Bus with a fresh GNOME Keyring.

use std::path::Path;
use std::process::Command;

use super::*;

/// Set for the run inside the session.
const INSIDE: &str = "PENNYBLACK_TEST_KEYRING";

/// What the session needs; both are Debian packages of the same names.
const PROGRAMS: [&str; 2] = ["dbus-run-session", "gnome-keyring-daemon"];

const STORE: StoreId = [0x42; 16];

#[test]
fn the_keyring_keeps_keys_and_mark_from_one_program_to_the_next() {
    match std::env::var(INSIDE).as_deref() {
        Ok("store") => return store(),
        Ok("load") => return load(),
        Ok(_) | Err(_) => {}
    }
    if let Some(missing) = PROGRAMS.into_iter().find(|program| !installed(program)) {
        skipped(missing);
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let name =
        "secrets::session_tests::the_keyring_keeps_keys_and_mark_from_one_program_to_the_next";
    let script = format!(
        "printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null \
         && {INSIDE}=store \"$0\" --exact {name} && {INSIDE}=load \"$0\" --exact {name}"
    );
    let said = Command::new("dbus-run-session")
        .args(["--", "sh", "-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", home.path())
        .env("XDG_RUNTIME_DIR", runtime_folder(home.path()))
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let faults = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.status.success(), "{text}\n{faults}");
    assert_eq!(text.matches("1 passed").count(), 2, "{text}\n{faults}");
}

/// The first program inside the session.
fn store() {
    let keeper = keyring::Keyring::open(STORE, Patience::UserTold).unwrap();
    assert_eq!(keeper.load_key(1, Patience::Background).unwrap(), None);
    assert_eq!(keeper.load_mark().unwrap(), None);
    for number in [1, 2] {
        let key = Kek::from_bytes([u8::try_from(number).unwrap(); KEY_LENGTH]);
        keeper
            .store_key(number, &key, Patience::Background)
            .unwrap();
    }
    keeper.delete_key(1).unwrap();
    keeper.delete_key(1).unwrap();
    keeper.store_mark(&mark(1)).unwrap();
    keeper.store_mark(&mark(2)).unwrap();
}

/// The second program inside the session.
fn load() {
    let keeper = keyring::Keyring::open(STORE, Patience::Background).unwrap();
    assert_eq!(keeper.load_key(1, Patience::Background).unwrap(), None);
    let key = keeper.load_key(2, Patience::Background).unwrap();
    assert_eq!(key, Some(Kek::from_bytes([2; KEY_LENGTH])));
    assert_eq!(keeper.load_mark().unwrap(), Some(mark(2)));
    let other = keyring::Keyring::open([0x43; 16], Patience::Background).unwrap();
    assert_eq!(other.load_key(2, Patience::Background).unwrap(), None);
}

fn mark(journal_size: u64) -> HighWaterMark {
    HighWaterMark {
        journal_size,
        root: [9; 32],
    }
}

/// A folder that only its owner may enter, as the keyring demands.
fn runtime_folder(home: &Path) -> std::path::PathBuf {
    use std::os::unix::fs::DirBuilderExt;
    let folder = home.join("run");
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(&folder)
        .unwrap();
    folder
}

fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).exists())
}

/// Says that the test did not run, on the output and to the suite that counts.
fn skipped(missing: &str) {
    use std::io::Write;
    let line = format!("SKIPPED the_keyring_keeps_keys_and_mark: {missing} is not installed");
    println!("{line}");
    if let Some(file) = std::env::var_os("PENNYBLACK_SKIPS") {
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(file)
            .unwrap();
        writeln!(file, "{line}").unwrap();
    }
}
