//! Releases as an admin publishes them: what is refused is refused before any of it is kept.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use minisign::KeyPair;
use serde_json::json;

use crate::running::Folder;

/// Writes a package's signature beside it.
fn sign(pair: &KeyPair, file: &Path, package: &[u8]) {
    let comment = Some("timestamp:1 version:9.9.9");
    let signature = minisign::sign(None, &pair.sk, Cursor::new(package), comment, None).unwrap();
    let mut beside = file.as_os_str().to_owned();
    beside.push(".sig");
    std::fs::write(beside, BASE64.encode(signature.to_string().as_bytes())).unwrap();
}

fn publish(file: &Path) -> Vec<String> {
    let words = [
        "software",
        "publish",
        "--version",
        "9.9.9",
        "--platform",
        "linux-appimage",
    ];
    let mut words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    words.push(file.display().to_string());
    words
}

fn refused(folder: &Folder, file: &Path) -> (i32, String) {
    let words = publish(file);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (exit, refusal) = folder.refusal(&words);
    (exit, refusal["code"].as_str().unwrap().to_owned())
}

/// Bytes of the database and of what it writes ahead.
fn kept(folder: &Folder) -> u64 {
    let files = ["pennyblack.db", "pennyblack.db-wal"].map(|name| folder.data().join(name));
    let lengths = files.iter().filter_map(|file| file.metadata().ok());
    lengths.map(|file| file.len()).sum()
}

#[test]
fn what_is_no_package_is_refused_before_a_byte_is_kept() {
    let folder = Folder::initialised();
    let pair = KeyPair::generate_unencrypted_keypair().unwrap();
    let before = kept(&folder);
    let file = |name: &str| -> PathBuf {
        let file = folder.path().join(name);
        sign(&pair, &file, b"package");
        file
    };
    let long = file("long.AppImage");
    std::fs::File::create(&long)
        .unwrap()
        .set_len((512 << 20) + 1)
        .unwrap();
    assert_eq!(refused(&folder, &long), (3, "file_too_long".to_owned()));
    let empty = file("empty.AppImage");
    std::fs::write(&empty, "").unwrap();
    assert_eq!(refused(&folder, &empty), (3, "not_a_file".to_owned()));
    let inside = file("folder.AppImage");
    std::fs::create_dir(&inside).unwrap();
    assert_eq!(refused(&folder, &inside), (3, "not_a_file".to_owned()));
    let named = file("with space.AppImage");
    std::fs::write(&named, vec![1; 3 << 20]).unwrap();
    assert_eq!(refused(&folder, &named), (3, "not_published".to_owned()));
    assert!(
        kept(&folder) < before + (1 << 20),
        "a package that is refused is not kept"
    );
    assert!(folder.lines(&["software", "list"]).is_empty());
}

#[cfg(unix)]
#[test]
fn a_pipe_that_never_ends_is_no_package() {
    let folder = Folder::initialised();
    let pair = KeyPair::generate_unencrypted_keypair().unwrap();
    let pipe = folder.path().join("pipe.AppImage");
    sign(&pair, &pipe, b"package");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    assert_eq!(refused(&folder, &pipe), (3, "not_a_file".to_owned()));
}

#[test]
fn with_the_key_of_stations_a_package_is_judged_before_it_is_published() {
    let folder = Folder::initialised();
    let pair = KeyPair::generate_unencrypted_keypair().unwrap();
    let config = folder.data().join("config.toml");
    let key = BASE64.encode(pair.pk.to_box().unwrap().to_string().as_bytes());
    let told = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("update_key = {key:?}\n{told}")).unwrap();
    let package = b"a program".as_slice();
    let file = folder.path().join("station.AppImage");
    std::fs::write(&file, package).unwrap();
    let other = KeyPair::generate_unencrypted_keypair().unwrap();
    sign(&other, &file, package);
    assert_eq!(refused(&folder, &file), (3, "wrong_signature".to_owned()));
    sign(&pair, &file, b"another program");
    assert_eq!(refused(&folder, &file), (3, "wrong_signature".to_owned()));
    assert!(folder.lines(&["software", "list"]).is_empty());
    sign(&pair, &file, package);
    let words = publish(&file);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let published = folder.lines(&words);
    assert_eq!(published[0]["version"], json!("9.9.9"));
}
