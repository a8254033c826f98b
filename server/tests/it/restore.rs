use std::path::Path;

use serde_json::json;

use crate::running::Folder;

struct BackedUp {
    folder: Folder,
    backup: String,
}

fn backed_up() -> BackedUp {
    let folder = Folder::initialised();
    folder.json(&["account", "new", "A"]);
    folder.json(&["account", "deposit", "A", "5", "--reference", "X"]);
    folder.json(&["station", "new", "--account", "A"]);
    let backup = folder.path().join("backup").to_str().unwrap().to_owned();
    let serving = folder.serve();
    let view = folder.json(&["backup", &backup]);
    assert_eq!(view["bytes"], std::fs::metadata(&backup).unwrap().len());
    drop(serving);
    BackedUp { folder, backup }
}

#[test]
fn a_restore_is_a_new_epoch_with_locked_refills_and_skipped_numbers() {
    let BackedUp { folder, backup } = backed_up();
    let restored = Folder::empty();
    let view = restored.json(&["restore", &backup]);
    assert_eq!(view["epoch"], 2);
    assert_eq!(view["reconciling"], true);
    assert!(view["set_aside"].is_null(), "there was nothing");
    assert_eq!(restored.json(&["account", "show", "A"])["balance"], 5_000);
    let station = restored.json(&["station", "new", "--account", "A"]);
    assert_eq!(station["psd"], format!("ZZ01{:010}", 2 + (1 << 20)));
    restored.json(&["ledger", "verify"]);
    let last = restored.lines(&["ledger", "export"]);
    assert!(last.iter().filter(|line| line["kind"] == "epoch").count() == 2);
    let serving = restored.serve();
    drop(serving);
    // The folder of the backup is as it was.
    assert_eq!(
        folder.json(&["station", "new", "--account", "A"])["psd"],
        "ZZ010000000002"
    );
}

#[test]
fn a_backup_never_holds_the_offline_root() {
    let BackedUp { folder, backup } = backed_up();
    let restored = Folder::empty();
    restored.json(&["restore", &backup]);
    assert!(!restored.data().join("offline-root.pem").exists());
    let bytes = std::fs::read(&backup).unwrap();
    let bundle = std::fs::read(folder.data().join("offline-root.pem")).unwrap();
    let part = &bundle[bundle.len() - 200..bundle.len() - 100];
    assert!(!bytes.windows(part.len()).any(|window| window == part));
}

#[cfg(unix)]
#[test]
fn a_backup_is_readable_by_its_owner_only() {
    use std::os::unix::fs::MetadataExt as _;
    let BackedUp {
        folder: _folder,
        backup,
    } = backed_up();
    assert_eq!(std::fs::metadata(&backup).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn nothing_is_overwritten_by_a_backup_or_a_restore() {
    let BackedUp { folder, backup } = backed_up();
    let (exit, refusal) = folder.refusal(&["backup", &backup]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("file_exists")));
    let (exit, refusal) = folder.refusal(&["restore", &backup]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("already_initialised")));
    assert_eq!(folder.json(&["account", "show", "A"])["balance"], 5_000);
}

#[test]
fn a_file_that_is_no_backup_or_a_damaged_one_is_refused() {
    let BackedUp { folder, backup } = backed_up();
    let nonsense = folder.path().join("nonsense");
    std::fs::write(&nonsense, vec![0x55; 8_192]).unwrap();
    let database = folder.data().join("pennyblack.db");
    for file in [&nonsense, &database] {
        let restored = Folder::empty();
        let (exit, _) = restored.refusal(&["restore", file.to_str().unwrap()]);
        assert_eq!(exit, 6, "{}", file.display());
        let left = std::fs::read_dir(restored.data()).unwrap();
        let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["lock"], "a restore that failed leaves nothing");
        let (exit, _) = restored.refusal(&["account", "list"]);
        assert_eq!(exit, 3);
    }
    let restored = Folder::empty();
    let absent = folder.path().join("absent");
    let (exit, refusal) = restored.refusal(&["restore", absent.to_str().unwrap()]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("no_such_file")));
    assert!(!restored.data().exists());
    let edited = rusqlite::Connection::open(&backup).unwrap();
    edited
        .execute_batch(
            "DROP TRIGGER ledger_account_only_grows;
                        UPDATE ledger_account SET credits = credits + 1 WHERE credits > 0;",
        )
        .unwrap();
    drop(edited);
    let restored = Folder::empty();
    let (exit, refusal) = restored.refusal(&["restore", &backup]);
    assert_eq!((exit, &refusal["code"]), (6, &json!("damaged_ledger")));
}

#[test]
fn a_data_center_whose_database_is_lost_is_damaged_and_takes_its_backup() {
    let ways: [fn(&Path) -> std::io::Result<()>; 2] = [
        |database| std::fs::write(database, b""),
        |database| std::fs::remove_file(database),
    ];
    for make_lost in ways {
        let BackedUp { folder, backup } = backed_up();
        let data = folder.data();
        let kept = ["ca/root.pem", "offline-root.pem", "keys/dial-in.hex"];
        let read = || kept.map(|name| std::fs::read(data.join(name)).unwrap());
        let before = read();
        make_lost(&data.join("pennyblack.db")).unwrap();
        for words in [
            &["account", "list"][..],
            &["init"],
            &["serve"],
            &["account", "list"],
        ] {
            let (exit, refusal) = folder.refusal(words);
            assert_eq!((exit, &refusal["code"]), (6, &json!("database_lost")));
            let hint = refusal["hint"].as_str().unwrap();
            assert!(hint.contains("restore"), "{hint}");
        }
        assert_eq!(read(), before);
        let view = folder.json(&["restore", &backup]);
        assert_eq!(view["epoch"], 2);
        assert_eq!(read(), before);
        assert_eq!(folder.json(&["account", "show", "A"])["balance"], 5_000);
        // What was there before is evidence.
        let aside = data.join("before-restore-1");
        assert_eq!(view["set_aside"], json!(aside));
        assert_eq!(std::fs::read(aside.join("ca/root.pem")).unwrap(), before[0]);
        assert!(!aside.join("offline-root.pem").exists());
        drop(folder.serve());
    }
}

#[test]
fn a_backup_of_another_data_center_does_not_replace_keys() {
    let BackedUp {
        folder: _folder,
        backup,
    } = backed_up();
    let folder = Folder::initialised();
    let root = folder.data().join("ca/root.pem");
    let before = std::fs::read(&root).unwrap();
    std::fs::remove_file(folder.data().join("pennyblack.db")).unwrap();
    let (exit, refusal) = folder.refusal(&["restore", &backup]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("another_data_center")));
    assert_eq!(std::fs::read(root).unwrap(), before);
}

#[test]
fn an_interrupted_init_is_simply_begun_again() {
    let folder = Folder::initialised();
    // As a crash leaves it that came before the data center's row was written.
    std::fs::remove_file(folder.data().join("pennyblack.db")).unwrap();
    std::fs::write(folder.data().join("beginning"), b"").unwrap();
    let (exit, refusal) = folder.refusal(&["account", "list"]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("not_initialised")));
    folder.json(&["init"]);
    assert!(!folder.data().join("beginning").exists());
    assert!(folder.lines(&["account", "list"]).is_empty());
}

#[test]
fn a_restore_over_an_interrupted_init_keeps_nothing_of_it_beside_its_keys() {
    let BackedUp {
        folder: _folder,
        backup,
    } = backed_up();
    let folder = Folder::initialised();
    let data = folder.data();
    std::fs::remove_file(data.join("pennyblack.db")).unwrap();
    std::fs::write(data.join("beginning"), b"").unwrap();
    let abandoned = [
        "offline-root.pem",
        "offline/repository-targets.pem",
        "ca/root.pem",
    ];
    let before = abandoned.map(|name| std::fs::read(data.join(name)).unwrap());
    let view = folder.json(&["restore", &backup]);
    let aside = data.join("before-restore-1");
    assert_eq!(view["set_aside"], json!(aside));
    let after = abandoned.map(|name| std::fs::read(aside.join(name)).unwrap());
    assert_eq!(after, before);
    for name in [
        "beginning",
        "offline-root.pem",
        "offline/repository-targets.pem",
    ] {
        assert!(!data.join(name).exists(), "{name}");
    }
    assert_ne!(std::fs::read(data.join("ca/root.pem")).unwrap(), before[2]);
    // Should the database be lost now, the keys that came from the backup are not written over.
    std::fs::remove_file(data.join("pennyblack.db")).unwrap();
    let (exit, refusal) = folder.refusal(&["init"]);
    assert_eq!((exit, &refusal["code"]), (6, &json!("database_lost")));
    folder.json(&["restore", &backup]);
}
