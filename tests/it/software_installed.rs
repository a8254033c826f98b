//! Real packages: debug builds of the window as AppImages, installed in a folder, started on a
//! display of their own, updated through a contact, failed on purpose and put back.
//!
//! `cargo xtask test` makes the packages and names their folder; `packaging/linux/` holds the key that
//! signs them, which no build but these rehearsals believes.

use std::fs;
use std::io::{BufRead as _, BufReader, Cursor};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use minisign::SecretKeyBox;
use rusqlite::{Connection, OpenFlags};
use rustix::process::{Pid, Signal, kill_process_group};
use server::admin::call::AdminCall;
use server::admin::software::{SoftwareCall, WhichRelease};
use shared::software::{Channel, Platform};
use station::api::{Call, RegistersView, SetSoftwareCall, View};
use station::owner::FolderLock;
use system_tests::town::Town;

use crate::commands::Desk;

/// Names the folder with the packages.
const PACKAGES: &str = "PENNYBLACK_APPIMAGES";

/// Longer than any step takes on a slow machine: a start, a download, a trial with three starts.
const PATIENCE: Duration = Duration::from_secs(150);

/// Between two looks at something that takes its time.
const LOOK: Duration = Duration::from_millis(200);

/// A display that nobody sees.
struct Display {
    server: Child,
    name: String,
}

impl Display {
    fn open() -> Option<Self> {
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1280x800x24",
                "-nolisten",
                "tcp",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut number = String::new();
        let said = server.stdout.as_mut()?;
        BufReader::new(said).read_line(&mut number).ok()?;
        let name = format!(":{}", number.trim());
        Some(Self { server, name })
    }
}

impl Drop for Display {
    /// Every window on it ends with it.
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

/// A program that was started, with every program that it or its successors have started.
struct Running(Child);

impl Running {
    /// Waits until the first of them has left; the others go on.
    async fn has_left(&mut self) {
        let begun = Instant::now();
        while self.0.try_wait().unwrap().is_none() {
            let waited = begun.elapsed();
            assert!(waited < PATIENCE, "the program that was replaced stays");
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Drop for Running {
    /// Also after a test that did not pass, none of them stays behind.
    fn drop(&mut self) {
        // That none of them is left is no fault.
        let _gone = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
        drop(self.0.wait());
    }
}

/// An office with an installed program.
struct Office {
    town: Town,
    display: Display,
    folder: tempfile::TempDir,
    data: PathBuf,
}

impl Office {
    /// Enrolled and refilled, the office never open.
    async fn new(display: Display) -> Self {
        let town = Town::with_deposit("100.00").await;
        let counter = town.enrolled("one").await;
        counter.refill("20.00").await.unwrap();
        counter.print_letter("1oz", "10001").await.unwrap();
        let never = SetSoftwareCall {
            hours: Some("never".to_owned()),
            channel: None,
        };
        counter
            .station
            .call(Call::SetSoftware(never))
            .await
            .unwrap();
        let data = counter.folder.clone();
        drop(counter);
        Self {
            town,
            display,
            folder: tempfile::tempdir().unwrap(),
            data,
        }
    }

    fn installed(&self) -> PathBuf {
        self.folder.path().join("Pennyblack.AppImage")
    }

    fn install(&self, package: &Path) {
        fs::copy(package, self.installed()).unwrap();
        fs::set_permissions(self.installed(), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Starts the installed program; it ends with the display.
    fn start(&self) -> Running {
        let home = self.folder.path().join("home");
        fs::create_dir_all(&home).unwrap();
        let mut program = Command::new(self.installed());
        program
            .arg("--data")
            .arg(&self.data)
            .env("DISPLAY", &self.display.name)
            .env("HOME", &home)
            .env("XDG_RUNTIME_DIR", &home)
            .env("TMPDIR", self.folder.path())
            .env("APPIMAGE_EXTRACT_AND_RUN", "1")
            .env("WEBKIT_DISABLE_COMPOSITING_MODE", "1")
            .env("RUST_LOG", "info,station=debug")
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.folder.path().join("log")).unwrap())
            .process_group(0);
        Running(program.spawn().unwrap())
    }

    async fn publish(&self, version: &str, package: &Path) {
        let what = SoftwareCall::Publish {
            file: package.to_owned(),
            signature: signature(version, package),
            which: WhichRelease {
                version: version.parse().unwrap(),
                platform: Platform::LinuxAppimage,
                channel: Channel::Stable,
                passphrase: None,
            },
            percent: 100,
            groups: Vec::new(),
            minimum: None,
            during_hours: false,
        };
        self.town.admin(AdminCall::Software { what }).await;
    }

    /// Waits until the data center was told that the station runs a version and what became of
    /// another one.
    async fn until_told(&self, runs: &str, last: (&str, &str)) -> String {
        let begun = Instant::now();
        loop {
            let what = SoftwareCall::Stations;
            let shown = self.town.admin(AdminCall::Software { what }).await;
            let told = &shown[0];
            let became = &told["last"];
            if told["runs"] == runs && became["version"] == last.0 && became["outcome"] == last.1 {
                return became["reason"].as_str().unwrap_or_default().to_owned();
            }
            if begun.elapsed() > PATIENCE {
                let log = fs::read_to_string(self.folder.path().join("log"));
                let desk = Desk {
                    folder: self.data.clone(),
                };
                let said = [desk.tell(&["software"]), desk.tell(&["status"])];
                panic!("{told} is not {runs} with {last:?}; {said:?} {log:?}");
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The layout of the store, read beside its owner.
    fn layout(&self) -> u32 {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let db = Connection::open_with_flags(self.data.join("station.db"), flags).unwrap();
        db.query_row("PRAGMA user_version", [], |row| row.get(0))
            .unwrap()
    }

    /// Ends the windows and reads the registers with the program of these tests.
    async fn registers(self) -> RegistersView {
        let Self { town, display, .. } = self;
        drop(display);
        let begun = Instant::now();
        // A process that has lost its window lets go of the folder when it ends.
        while FolderLock::take(&self.data).unwrap().is_none() {
            assert!(begun.elapsed() < PATIENCE, "the last program does not end");
            tokio::time::sleep(LOOK).await;
        }
        let counter = town.open_station("one").unwrap();
        let verified = counter.station.call(Call::VerifyJournal).await;
        let Ok(View::Journal(journal)) = verified else {
            panic!("the journal cannot be verified: {verified:?}");
        };
        assert!(journal.intact, "{:?}", journal.fault);
        town.assert_books_hold().await;
        counter.status().await.registers
    }
}

/// The signature that the platform's updater wants: it names the version.
fn signature(version: &str, package: &Path) -> String {
    let key = include_str!("../../packaging/linux/rehearsal.key");
    let key = SecretKeyBox::from_string(key.trim_end()).unwrap();
    let key = key.into_unencrypted_secret_key().unwrap();
    let comment = format!("timestamp:1\tfile:Pennyblack.AppImage\tversion:{version}");
    let bytes = Cursor::new(fs::read(package).unwrap());
    let signed = minisign::sign(None, &key, bytes, Some(&comment), Some("rehearsal")).unwrap();
    base64::engine::general_purpose::STANDARD.encode(signed.into_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_fails_is_put_back_with_its_migrated_store_and_a_good_one_is_installed() {
    let test =
        "a_release_that_fails_is_put_back_with_its_migrated_store_and_a_good_one_is_installed";
    let Some(packages) = std::env::var_os(PACKAGES).map(PathBuf::from) else {
        println!(
            "SKIPPED {test}: no packages were made, which `cargo xtask test` does where it can"
        );
        return;
    };
    let Some(display) = Display::open() else {
        println!("SKIPPED {test}: xvfb is not installed");
        return;
    };
    let package = |version: &str| packages.join(format!("Pennyblack-{version}.AppImage"));
    let office = Office::new(display).await;
    let layout = office.layout();
    office.install(&package("0.1.0"));
    let mut first = office.start();

    // It brings the store to its own layout, and its page does not stand.
    office.publish("0.2.0", &package("0.2.0")).await;
    let reason = office.until_told("0.1.0", ("0.2.0", "put-back")).await;
    assert_eq!(reason, "the rehearsal of a failure");
    assert_eq!(office.layout(), layout + 1, "the store stays migrated");
    assert_eq!(
        fs::read(office.installed()).unwrap(),
        fs::read(package("0.1.0")).unwrap(),
        "the program before stands in its place"
    );
    // The process that was replaced leaves; the one that was put back goes on.
    first.has_left().await;

    office.publish("0.3.0", &package("0.3.0")).await;
    let reason = office.until_told("0.3.0", ("0.3.0", "installed")).await;
    assert_eq!(reason, "");
    assert_eq!(office.layout(), layout + 1);
    assert_eq!(
        fs::read(office.installed()).unwrap(),
        fs::read(package("0.3.0")).unwrap()
    );
    let registers = office.registers().await;
    assert_eq!(registers.control_total, 20_000);
    assert_eq!(registers.ascending + registers.descending, 20_000);
    assert_eq!(registers.piece_count, 1);
}
