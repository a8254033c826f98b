//! The data center's signing keys on a PKCS #11 token, here SoftHSM2, with a station that never
//! notices.
//!
//! Each test has a token of its own in its folder. Where SoftHSM2 is not installed the tests say so
//! and are skipped.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use server::config::TokenPlace;
use shared::services::keys::{RENEW_DAYS_LEFT, STATION_CERTIFICATE_DAYS};
use station::api::{Call, ContactCall, RefillCall, View};
use system_tests::town::{Counter, Town};
use tempfile::TempDir;

use crate::commands::{Desk, Setting, Site, Told};

/// Where systems put the library.
const LIBRARIES: [&str; 5] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];

const LABEL: &str = "Pennyblack test";
const PIN: &str = "70151840";
const PASSPHRASE: &str = "correct horse battery staple";

/// Files of a token with the four key pairs of a data center.
const OBJECTS: usize = 9;

/// Tells a test that its process has a token.
const WITHIN: &str = "PENNYBLACK_TEST_WITH_TOKEN";

/// The library, if the program that makes tokens is there too.
fn library(test: &str) -> Option<&'static str> {
    let works = Command::new("softhsm2-util").arg("--version").output();
    let found = LIBRARIES.into_iter().find(|path| Path::new(path).exists());
    if works.is_ok() && found.is_some() {
        return found;
    }
    println!("SKIPPED token::{test}: softhsm2 is not installed");
    None
}

/// Makes a token below a folder, and the setting of a data center whose keys are on it.
fn on_token(folder: &Path, library: &str) -> Setting {
    let tokens = folder.join("token");
    fs::create_dir_all(&tokens).unwrap();
    let settings = folder.join("softhsm2.conf");
    let text = format!(
        "directories.tokendir = {}\nlog.level = ERROR\n",
        tokens.display()
    );
    fs::write(&settings, text).unwrap();
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", LABEL])
        .args(["--so-pin", "18400501", "--pin", PIN])
        .env("SOFTHSM2_CONF", &settings)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let passphrase = folder.join("passphrase");
    fs::write(&passphrase, PASSPHRASE).unwrap();
    let passphrase = passphrase.to_str().unwrap();
    let words = [
        "--pkcs11",
        library,
        "--token",
        LABEL,
        "--root-passphrase-file",
        passphrase,
    ];
    Setting {
        init: words.map(str::to_owned).to_vec(),
        environment: vec![
            ("SOFTHSM2_CONF", settings.into()),
            ("PENNYBLACK_TOKEN_PIN", PIN.into()),
        ],
        ..Setting::default()
    }
}

/// The files below a folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if path.is_file() {
            files.push(path);
        }
    }
    files
}

fn contains(content: &[u8], what: &[u8]) -> bool {
    content.windows(what.len()).any(|window| window == what)
}

impl Site {
    /// How many objects the token holds.
    fn objects(&self) -> usize {
        let files = files_below(&self.path("token")).into_iter();
        files
            .filter(|path| path.extension().is_some_and(|end| end == "object"))
            .count()
    }

    /// Takes the token out, or puts it back.
    fn move_token(&self, is_there: bool) {
        let (there, gone) = (self.path("token"), self.path("token-taken-out"));
        if is_there {
            fs::rename(gone, there).unwrap();
        } else {
            fs::rename(there, gone).unwrap();
        }
    }

    fn set_pin(&mut self, pin: Option<&str>) {
        let environment = &mut self.setting.environment;
        environment.retain(|(name, _)| *name != "PENNYBLACK_TOKEN_PIN");
        if let Some(pin) = pin {
            environment.push(("PENNYBLACK_TOKEN_PIN", OsString::from(pin)));
        }
    }

    /// A private key in the clear is only where no token takes it: heads, TLS, and the sealing keys
    /// with their own form. The PIN is nowhere.
    fn assert_nothing_is_in_the_folder(&self) {
        /// How a P-256 key begins as PKCS #8.
        const P256_KEY: [u8; 18] = [
            0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce,
            0x3d, 0x02, 0x01, 0x06,
        ];
        let mut with_keys = Vec::new();
        for path in files_below(&self.path("center")) {
            let content = fs::read(&path).unwrap();
            assert!(!contains(&content, PIN.as_bytes()), "{}", path.display());
            assert!(!contains(&content, &P256_KEY), "{}", path.display());
            if contains(&content, b"-BEGIN PRIVATE KEY-") {
                with_keys.push(path.file_name().unwrap().to_str().unwrap().to_owned());
            }
        }
        // Ed25519: many tokens cannot do it.
        with_keys.retain(|name| !name.starts_with("heads") && !name.starts_with("repository-"));
        assert_eq!(with_keys, ["tls.pem"]);
    }

    /// What a `serve` that must not begin says.
    fn refused_serve(&self) -> Told {
        self.told(&["serve", "--listen", "127.0.0.1:0"])
    }
}

fn assert_refused(told: &Told, code: &str) {
    assert_eq!(told.code, Some(3), "{told:?}");
    let error = told.error();
    assert_eq!(error["code"], code, "{error}");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.ends_with('.'), "{error}");
}

/// What the station's vault holds, mills.
fn descending(desk: &Desk) -> u64 {
    let status = desk.tell(&["status"]).object();
    status["registers"]["descending"].as_u64().unwrap()
}

/// A contact; how the service of keys ended.
async fn keys_in_contact(counter: &Counter) -> String {
    let call = Call::Contact(ContactCall::default());
    let View::Contact(contact) = counter.station.call(call).await.unwrap() else {
        panic!("not a contact")
    };
    let keys = contact
        .services
        .into_iter()
        .find(|one| one.service == "keys");
    keys.unwrap().outcome
}

fn serving(site: &Site) -> Vec<(String, u64)> {
    let keys = site.admin(&["keys", "list"]);
    let in_use = keys.iter().filter(|key| key["state"] == "in-use");
    let named = |key: &Value| {
        let name = key["key"].as_str().unwrap().to_owned();
        (name, key["number"].as_u64().unwrap())
    };
    in_use.map(named).collect()
}

#[test]
fn a_station_enrols_and_refills_on_keys_that_only_the_token_has() {
    let Some(library) = library("a_station_enrols_and_refills") else {
        return;
    };
    let site = Site::set_in("100.00", |folder| on_token(folder, library));
    assert_eq!(site.objects(), OBJECTS);
    site.assert_nothing_is_in_the_folder();
    let desk = site.enrolled("station");
    desk.tell(&["refill", "10.00"]).object();
    assert_eq!((descending(&desk), site.balance()), (10_000, 90_000));
    site.assert_books_hold();
    let file = site.path("backup").display().to_string();
    let backup = site.admin(&["backup", &file]).remove(0);
    assert_eq!(backup["keys_on_token"], 4);
    site.assert_nothing_is_in_the_folder();
}

/// The clock of a data center in this process can be turned, but its environment cannot be set: so
/// the test starts itself again in the setting of a token.
#[test]
fn a_certificate_is_renewed_by_an_authority_on_the_token() {
    const TEST: &str = "token::a_certificate_is_renewed_by_an_authority_on_the_token";
    let Some(library) = library("a_certificate_is_renewed") else {
        return;
    };
    if std::env::var_os(WITHIN).is_some() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(renewal(library));
    }
    let folder = TempDir::new().unwrap();
    let within = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture"])
        .envs(on_token(folder.path(), library).environment)
        .env(WITHIN, "1")
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&within.stdout);
    assert!(within.status.success(), "{within:?}");
    assert!(out.contains("1 passed"), "{out}");
}

async fn renewal(library: &str) {
    let place = TokenPlace {
        library: library.into(),
        label: LABEL.to_owned(),
    };
    let town = Town::on_token("100.00", place).await;
    assert_eq!(town.center.authority().keys_on_token().unwrap(), 4);
    let counter = town.enrolled("one").await;
    town.turn_days(STATION_CERTIFICATE_DAYS - RENEW_DAYS_LEFT - 1);
    assert_eq!(keys_in_contact(&counter).await, "nothing");
    town.turn_days(1);
    assert_eq!(keys_in_contact(&counter).await, "served");
    assert_eq!(keys_in_contact(&counter).await, "nothing");
    let call = Call::Refill(RefillCall {
        amount: "10.00".to_owned(),
    });
    let View::Refill(refill) = counter.station.call(call).await.unwrap() else {
        panic!("not a refill")
    };
    assert_eq!(
        (refill.registers.descending, town.balance().await),
        (10_000, 90_000)
    );
}

#[test]
fn successors_are_made_on_the_token_and_their_predecessors_destroyed_there() {
    let Some(library) = library("successors_are_made_on_the_token") else {
        return;
    };
    let site = Site::set_in("100.00", |folder| on_token(folder, library));
    let desk = site.enrolled("station");
    desk.tell(&["refill", "10.00"]).object();
    let passphrase = site.path("passphrase").display().to_string();
    let rotate = ["keys", "rotate", "--what", "replies", "--what", "ca"];
    let root = ["--at-once", "--root-passphrase-file", &passphrase];
    site.admin(&[rotate.as_slice(), &root].concat());
    let in_use = serving(&site);
    for key in ["replies", "server-ca", "station-ca", "indicium-ca"] {
        assert!(in_use.contains(&(key.to_owned(), 2)), "{in_use:?}");
    }
    assert_eq!(
        site.objects(),
        OBJECTS,
        "one pair for each key, none of its predecessor"
    );
    site.assert_nothing_is_in_the_folder();
    let repository = site.admin(&["repository", "show"]);
    assert!(
        repository
            .iter()
            .any(|one| one["authorities_published"] == true),
        "the new ones are published: {repository:?}"
    );
    desk.tell(&["refill", "10.00"]).object();
    let second = site.enrolled("second");
    second.tell(&["refill", "1.00"]).object();
    assert_eq!((descending(&desk), descending(&second)), (20_000, 1_000));
    site.assert_books_hold();
}

#[test]
fn nothing_begins_without_the_token_or_its_pin_and_the_refusal_says_which() {
    let Some(library) = library("nothing_begins_without_the_token") else {
        return;
    };
    let mut site = Site::bare(|folder| on_token(folder, library));
    let init = |library: &str, label: &str| {
        ["init", "--pkcs11", library, "--token", label].map(str::to_owned)
    };
    let told = |site: &Site, words: &[String]| {
        site.told(&words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let right = init(library, LABEL);
    assert_refused(
        &told(&site, &init("/nowhere/library.so", LABEL)),
        "token_absent",
    );
    assert_refused(&told(&site, &init(library, "another")), "token_absent");
    site.set_pin(None);
    assert_refused(&told(&site, &right), "token_pin");
    site.set_pin(Some("70151841"));
    assert_refused(&told(&site, &right), "token_pin");
    assert_eq!(site.objects(), 1, "the token itself and no key");
    site.set_pin(None);
    let pin_file = site.path("pin");
    fs::write(&pin_file, format!("{PIN}\n")).unwrap();
    let with_pin = ["--pin-file".to_owned(), pin_file.display().to_string()];
    told(&site, &[right.to_vec(), with_pin.to_vec()].concat()).object();
    assert_eq!(site.objects(), OBJECTS, "nothing of the tries is left");
    assert_refused(&site.refused_serve(), "token_pin");
    assert_refused(&site.told(&["keys", "rotate", "--at-once"]), "token_pin");
    // What signs nothing needs neither.
    site.admin(&["account", "new", "Demo"]);
    site.move_token(false);
    site.set_pin(Some(PIN));
    assert_refused(&site.refused_serve(), "token_absent");
    assert_refused(&site.told(&["keys", "rotate", "--at-once"]), "token_absent");
    site.admin(&["account", "list"]);
    site.move_token(true);
    site.start();
    site.admin(&["keys", "rotate", "--what", "replies"]);
    site.assert_nothing_is_in_the_folder();
}

#[test]
fn a_refill_while_the_token_is_gone_moves_nothing_and_one_after_it_is_back_moves_once() {
    let Some(library) = library("a_refill_while_the_token_is_gone") else {
        return;
    };
    let site = Site::set_in("100.00", |folder| on_token(folder, library));
    let desk = site.enrolled("station");
    desk.tell(&["refill", "10.00"]).object();
    site.move_token(false);
    let refused = desk.tell(&["refill", "20.00"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    let error = refused.error();
    assert_eq!(
        (&error["code"], &error["retry"]),
        (&"fault".into(), &true.into())
    );
    assert_eq!(
        error["message"],
        "The refill of 20.00 was not decided yet: Something broke at the data center. \
         It is kept and is completed once, at the next contact."
    );
    assert_eq!((descending(&desk), site.balance()), (10_000, 90_000));
    site.assert_books_hold();
    site.move_token(true);
    // The refill that is on its way is asked for again, not made twice.
    desk.tell(&["contact"]).objects();
    assert_eq!((descending(&desk), site.balance()), (30_000, 70_000));
    desk.tell(&["refill", "5.00"]).object();
    assert_eq!((descending(&desk), site.balance()), (35_000, 65_000));
    site.assert_books_hold();
}

#[test]
fn a_lost_token_is_followed_by_keys_that_the_root_names_and_stations_go_on() {
    let Some(library) = library("a_lost_token_is_followed") else {
        return;
    };
    let mut site = Site::set_in("100.00", |folder| on_token(folder, library));
    let desk = site.enrolled("station");
    desk.tell(&["refill", "10.00"]).object();
    site.kill();
    fs::remove_dir_all(site.path("token")).unwrap();
    let config = site.path("center/config.toml");
    let text = fs::read_to_string(&config).unwrap();
    let (before, _) = text.split_once("[token]").unwrap();
    fs::write(&config, before).unwrap();
    assert_refused(&site.refused_serve(), "token_absent");
    let passphrase = site.path("passphrase").display().to_string();
    let root = ["--root-passphrase-file", &passphrase];
    let replace = ["keys", "replace", "--what", "replies"];
    site.admin(&[replace.as_slice(), &root].concat());
    let rotate = ["keys", "rotate", "--what", "ca", "--at-once"];
    site.admin(&[rotate.as_slice(), &root].concat());
    site.start();
    desk.tell(&["refill", "10.00"]).object();
    assert_eq!((descending(&desk), site.balance()), (20_000, 80_000));
    site.assert_books_hold();
}
