//! Dual control by command: keys of admins in files of their own, and a request that two of them sign.

use std::fs;

use serde_json::json;

use crate::running::Folder;

#[test]
fn two_admins_approve_by_files_and_one_does_not() {
    let folder = Folder::initialised();
    let own = tempfile::tempdir().unwrap();
    let path = |name: &str| own.path().join(name).display().to_string();
    let passphrase = path("passphrase");
    fs::write(&passphrase, "long enough to be taken\n").unwrap();
    let new = |name: &str, more: &[&str]| {
        let out = path(&format!("{name}.key"));
        let words = ["admin", "key", "new", name, "--out", out.as_str()];
        let words = [
            &words[..],
            &["--passphrase-file", passphrase.as_str()],
            more,
        ]
        .concat();
        words.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let run = |words: &[String]| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        folder.json(&words)
    };
    let refused = |words: &[String]| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (exit, refusal) = folder.refusal(&words);
        (exit, refusal["code"].clone())
    };
    assert_eq!(run(&new("Ada", &[]))["name"], "Ada");
    assert_eq!(run(&new("Ben", &[]))["name"], "Ben");
    let key = fs::read_to_string(path("Ada.key")).unwrap();
    assert!(key.contains("ENCRYPTED PRIVATE KEY"));

    // The third needs both: the request is a file that goes from one to the other.
    assert_eq!(refused(&new("Cleo", &[])), (3, json!("level_too_low")));
    let request = path("request");
    let asked = run(&new("Cleo", &["--request", request.as_str()]));
    assert_eq!(asked["action"], "admin-key-new");
    let approval = ["--approval", request.as_str()];
    assert_eq!(
        refused(&new("Cleo", &approval)),
        (3, json!("approval_refused"))
    );
    for (signer, signatures) in [("Ada", 1), ("Ben", 2)] {
        let key = path(&format!("{signer}.key"));
        let words = ["admin", "sign", request.as_str(), "--key", key.as_str()];
        let shown =
            folder.json(&[&words[..], &["--passphrase-file", passphrase.as_str()]].concat());
        assert_eq!(shown["signatures"], signatures);
        let again =
            folder.refusal(&[&words[..], &["--passphrase-file", passphrase.as_str()]].concat());
        assert_eq!(again.1["code"], "approval_refused", "nobody signs twice");
    }
    assert_eq!(run(&new("Cleo", &approval))["name"], "Cleo");
    assert_eq!(folder.lines(&["admin", "key", "list"]).len(), 3);
    let journal = folder.lines(&["ledger", "export"]);
    let approvals = journal.iter().filter(|line| line["kind"] == "approval");
    assert_eq!(
        approvals.count(),
        1,
        "what was approved stands in the journal"
    );
    folder.json(&["ledger", "verify"]);
}
