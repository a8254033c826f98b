//! The repository by its commands, with keys that are not in the data folder.

use serde_json::{Value, json};

use crate::running::Folder;

/// A file with a passphrase, beside the data folder.
fn passphrase(folder: &Folder, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, format!("{text}\n")).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Adds a signature to a file; how many it has then.
fn sign(folder: &Folder, file: &str, key: &str, passphrase: &str) -> Value {
    let words = ["repository", "sign", file, "--yes", "--key", key];
    let view = folder.json(&[&words[..], &["--passphrase-file", passphrase]].concat());
    view["signatures"].clone()
}

/// The file of one of the root's first keys.
fn first_key(folder: &Folder, number: usize) -> String {
    let name = format!("repository-root-{number}.pem");
    let path = folder.data().join("offline").join(name);
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_root_is_rotated_to_keys_that_were_never_in_the_data_folder() {
    let folder = Folder::initialised();
    let serving = folder.serve();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let old = at("passphrase");
    let next = at("next.json");
    let mut rotate = vec!["repository".to_owned(), "rotate-root".to_owned()];
    rotate.extend(["--out".to_owned(), next.clone()]);
    for name in ["ada", "ben", "cleo"] {
        let secret = passphrase(
            &folder,
            &format!("{name}.txt"),
            &format!("secret of {name}"),
        );
        let words = ["repository", "new-key", "--out", &at(name)];
        let view = folder.json(&[&words[..], &["--passphrase-file", &secret]].concat());
        let public = view["public"].as_str().unwrap().to_owned();
        rotate.extend(["--root-key".to_owned(), public]);
    }
    let rotate: Vec<&str> = rotate.iter().map(String::as_str).collect();
    assert_eq!(folder.json(&rotate)["signatures"], 0);
    // Half of the people first: nothing is in force.
    for number in 1..=2 {
        let key = first_key(&folder, number);
        assert_eq!(sign(&folder, &next, &key, &old), number);
    }
    let (exit, refusal) = folder.refusal(&["repository", "install", &next]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("not_signed")));
    for (name, count) in [("ada", 3), ("cleo", 4)] {
        let secret = at(&format!("{name}.txt"));
        assert_eq!(sign(&folder, &next, &at(name), &secret), count);
    }
    let shown = folder.lines(&["repository", "install", &next]);
    let root = &shown[0];
    assert_eq!(
        (&root["role"], &root["version"]),
        (&json!("root"), &json!(2))
    );
    assert_eq!((&root["threshold"], &root["keys"]), (&json!(2), &json!(3)));
    assert_eq!(shown.last().unwrap()["first_root_keys"], false);
    // The old keys sign nothing any more.
    let again = at("again.json");
    folder.json(&["repository", "rotate-root", "--out", &again]);
    for number in 1..=2 {
        sign(&folder, &again, &first_key(&folder, number), &old);
    }
    let (exit, refusal) = folder.refusal(&["repository", "install", &again]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("not_signed")));
    drop(serving);
}

#[test]
fn rates_are_published_by_whoever_has_the_passphrase_and_the_folder_says_where_it_lies() {
    let folder = Folder::initialised();
    let edition = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/data/editions/us-2026-07-12.json"
    );
    folder.lines(&["rates", "import", edition]);
    let place = |folder: &Folder| folder.lines(&["repository", "show"]).pop().unwrap();
    assert_eq!(place(&folder)["passphrase_here"], true);
    assert_eq!(place(&folder)["offline_keys_here"], true);
    assert_eq!(place(&folder)["first_root_keys"], true);
    assert_eq!(place(&folder)["authorities_published"], true);
    let away = folder.path().join("away");
    std::fs::rename(folder.data().join("offline"), &away).unwrap();
    assert_eq!(place(&folder)["passphrase_here"], false);
    assert_eq!(place(&folder)["offline_keys_here"], false);
    let (exit, refusal) = folder.refusal(&["rates", "publish"]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("passphrase_needed")));
    let file = away.join("publish-passphrase.txt");
    let with = [
        "rates",
        "publish",
        "--passphrase-file",
        file.to_str().unwrap(),
    ];
    assert_eq!(folder.lines(&with).len(), 1);
    let key = away.join("repository-targets.pem");
    let root = passphrase(&folder, "root", "correct horse battery staple");
    let sign = ["repository", "sign-targets", "--key", key.to_str().unwrap()];
    let sign = [&sign[..], &["--passphrase-file", &root]].concat();
    let shown = folder.lines(&sign);
    assert_eq!(
        (&shown[1]["role"], &shown[1]["version"]),
        (&json!("targets"), &json!(2))
    );
    let renewed = folder.lines(&[
        "repository",
        "renew",
        "--passphrase-file",
        file.to_str().unwrap(),
    ]);
    assert_eq!(
        (&renewed[2]["role"], &renewed[2]["version"]),
        (&json!("rates"), &json!(3))
    );
}

#[test]
fn a_keyholder_reads_what_a_draft_changes_before_it_is_signed() {
    let folder = Folder::initialised();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (first, second, secret) = (at("first.json"), at("second.json"), at("passphrase"));
    let key = first_key(&folder, 1);
    folder.json(&["repository", "rotate-root", "--out", &first]);
    let words = ["repository", "rotate-root", "--new-online-keys"];
    let draft = folder.json(&[&words[..], &["--out", &second]].concat());
    let changes = draft["changes"].as_array().unwrap();
    let changed: Vec<&str> = changes.iter().map(|line| line.as_str().unwrap()).collect();
    assert_eq!(changed.len(), 2, "{changed:?}");
    assert!(
        changed[0].starts_with("role snapshot: 1 of 1 keys "),
        "{changed:?}"
    );
    assert!(changed[1].contains("; before: 1 of 1 keys "), "{changed:?}");
    // Where nobody can be asked nothing is signed.
    let words = ["repository", "sign", &second, "--key", &key];
    let words = [&words[..], &["--passphrase-file", &secret]].concat();
    let before = std::fs::read(&second).unwrap();
    let (exit, _) = folder.refusal(&words);
    assert_eq!(exit, 2);
    assert_eq!(std::fs::read(&second).unwrap(), before);
    let signed = folder.json(&[&words[..], &["--yes", "--against", &first]].concat());
    assert_eq!(signed["signatures"], 1);
    assert_eq!(signed["changes"], draft["changes"]);
    let says = signed["says"].as_array().unwrap();
    assert_eq!(says[0], "version 2");
    assert!(says.iter().any(|line| {
        line.as_str()
            .unwrap()
            .starts_with("role root: 2 of 3 keys ")
    }));
    let alone = folder.run(&[&words[..], &["--yes"]].concat());
    let text = String::from_utf8(alone.stdout).unwrap();
    assert!(
        text.contains("The document in force is not at hand"),
        "{text}"
    );
}

#[test]
fn a_lost_key_is_replaced_by_one_command_and_its_refusal_says_which() {
    let folder = Folder::initialised();
    let keys = folder.data().join("keys");
    let lose = |role: &str| {
        for entry in std::fs::read_dir(&keys).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(&format!("repository-{role}-")) {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
    };
    lose("rates");
    let (exit, refusal) = folder.refusal(&["repository", "renew"]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("no_repository_key")));
    let hint = refusal["hint"].as_str().unwrap();
    assert!(hint.contains("sign-targets --new-key"), "{hint}");
    let secret = folder.path().join("passphrase");
    let words = ["repository", "sign-targets", "--new-key", "rates"];
    let with = ["--passphrase-file", secret.to_str().unwrap()];
    let shown = folder.lines(&[&words[..], &with].concat());
    assert_eq!(
        (&shown[2]["role"], &shown[2]["version"]),
        (&json!("rates"), &json!(2))
    );
    folder.lines(&["repository", "renew"]);
    let words = ["repository", "sign-targets", "--new-key", "root"];
    let (exit, refusal) = folder.refusal(&[&words[..], &with].concat());
    assert_eq!((exit, &refusal["code"]), (3, &json!("not_delegated")));
    let create = ["repository", "create", "--root-passphrase-file"];
    let (exit, refusal) = folder.refusal(&[&create[..], &with[1..]].concat());
    assert_eq!((exit, &refusal["code"]), (3, &json!("repository_exists")));
}
