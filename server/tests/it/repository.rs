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
    let words = ["repository", "sign", file, "--key", key];
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
