#[cfg(unix)]
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use serde_json::json;

use crate::running::Folder;

#[test]
fn an_account_is_opened_and_a_deposit_is_booked_once() {
    let folder = Folder::initialised();
    let account = folder.json(&["account", "new", "Rural Dental"]);
    let number = account["account"].as_str().unwrap();
    assert_eq!(account["balance"], 0);
    let deposit = [
        "account",
        "deposit",
        number,
        "250.00",
        "--reference",
        "INV-1",
    ];
    assert_eq!(folder.json(&deposit)["balance"], 250_000);
    let again = folder.json(&deposit);
    assert_eq!(
        (&again["repeated"], &again["balance"]),
        (&json!(true), &json!(250_000))
    );
    let by_name = folder.json(&["account", "show", "Rural Dental"]);
    assert_eq!(by_name["balance"], 250_000);
    let other = [
        "account",
        "deposit",
        number,
        "251.00",
        "--reference",
        "INV-1",
    ];
    let (exit, refusal) = folder.refusal(&other);
    assert_eq!((exit, &refusal["code"]), (3, &json!("reference_used")));
    let nothing = ["account", "deposit", number, "0", "--reference", "INV-2"];
    let (exit, zero) = folder.refusal(&nothing);
    assert_eq!((exit, &zero["code"]), (3, &json!("not_allowed")));
    // No admin has seen the numbers of transfers and accounts of the book.
    for refusal in [refusal, zero] {
        let message = refusal["message"].as_str().unwrap();
        let is_number = |word: &str| word.len() > 30 && word.matches('-').count() == 4;
        assert!(!message.split(' ').any(is_number), "{message}");
    }
    assert_eq!(folder.json(&["ledger", "verify"])["customers"], 250_000);
}

#[test]
fn a_list_with_nothing_in_it_says_so_to_people_and_is_empty_for_programs() {
    let folder = Folder::initialised();
    let lists: [&[&str]; 12] = [
        &["account", "list"],
        &["account", "unmatched"],
        &["station", "list"],
        &["rates", "list"],
        &["rates", "validate"],
        &["refund", "list"],
        &["software", "list"],
        &["software", "stations"],
        &["admin", "key", "list"],
        &["refusals"],
        &["lines"],
        &["calls"],
    ];
    let said = lists.map(|words| {
        assert!(folder.lines(words).is_empty(), "{words:?}");
        let said = String::from_utf8(folder.run(words).stdout).unwrap();
        format!("{:<20}{said}", words.join(" "))
    });
    assert_snapshot!(said.concat(), @r"
    account list        There is no account yet. Open one with `pennyblack-server account new NAME`.
    account unmatched   Every payment is with an account.
    station list        There is no station yet. Make one known with `pennyblack-server station new --account ACCOUNT`.
    rates list          There is no edition of rates yet. Store one with `pennyblack-server rates import FILE`.
    rates validate      No edition waits to be published.
    refund list         There is no claim for a spoiled piece to show.
    software list       No release of the stations' program is published.
    software stations   No station has said yet what it runs.
    admin key list      No admin has a key yet. Make one with `pennyblack-server admin key new`.
    refusals            Nothing was refused since the data center began to serve.
    lines               No telephone line is served: `serve --modem DEVICE` answers one.
    calls               No telephone line took a call in this time.
    ");
}

#[test]
fn a_deposit_works_beside_the_running_server() {
    let folder = Folder::initialised();
    folder.json(&["account", "new", "Rural Dental"]);
    let serving = folder.serve();
    let address = serving.listening["listening"].as_str().unwrap().to_owned();
    assert_eq!(serving.listening["url"], format!("https://{address}"));
    let written = std::fs::read_to_string(folder.data().join("listening")).unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&written).unwrap(),
        serving.listening
    );
    let deposit = [
        "account",
        "deposit",
        "Rural Dental",
        "5",
        "--reference",
        "A",
    ];
    assert_eq!(folder.json(&deposit)["balance"], 5_000);
    assert_eq!(folder.lines(&["ledger", "export"]).len(), 7);
    let (exit, refusal) = folder.refusal(&["account", "show", "Nobody"]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("unknown_account")));
    let (exit, refusal) = folder.refusal(&["serve"]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("folder_in_use")));
    drop(serving);
    assert_eq!(
        folder.json(&["account", "show", "Rural Dental"])["balance"],
        5_000
    );
}

#[cfg(unix)]
#[test]
fn what_is_asked_of_a_server_that_stops_is_booked_if_and_only_if_it_says_so() {
    let folder = Folder::initialised();
    folder.json(&["account", "new", "Rural Dental"]);
    let serving = folder.serve();
    let references: Vec<String> = (0..12).map(|number| format!("N{number}")).collect();
    let deposits: Vec<_> = references
        .iter()
        .map(|reference| {
            let deposit = ["account", "deposit", "Rural Dental", "1", "--reference"];
            folder.start(&[&deposit[..], &[reference]].concat())
        })
        .collect();
    // Some have been answered by now, some are under way, some find nobody.
    std::thread::sleep(Duration::from_millis(60));
    assert_eq!(serving.stop(), Some(0));
    let mut booked = 0;
    for deposit in deposits {
        let output = deposit.wait_with_output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => booked += 1,
            // On a slow machine one may wait in vain for its turn.
            _ => assert!(error.contains("folder_in_use"), "{error}"),
        }
    }
    assert!(booked > 0);
    let balance = folder.json(&["account", "show", "Rural Dental"])["balance"].clone();
    assert_eq!(balance, 1_000 * booked);
}

/// Another process that owns a data folder and answers as a test wants.
#[cfg(unix)]
struct Owner {
    lock: std::fs::File,
    listener: std::os::unix::net::UnixListener,
}

#[cfg(unix)]
impl Owner {
    fn of(folder: &Folder) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let lock = std::fs::File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.data().join("lock"))
            .unwrap();
        lock.try_lock().unwrap();
        let place = folder.data().join("socket");
        std::fs::create_dir_all(&place).unwrap();
        std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o700)).unwrap();
        let listener = std::os::unix::net::UnixListener::bind(place.join("admin")).unwrap();
        Self { lock, listener }
    }

    /// The next call: it has come in when this returns.
    fn call(&self) -> std::os::unix::net::UnixStream {
        use std::io::BufRead as _;
        let (stream, _) = self.listener.accept().unwrap();
        let mut call = String::new();
        let mut lines = std::io::BufReader::new(&stream);
        lines.read_line(&mut call).unwrap();
        assert!(call.starts_with('{'), "{call}");
        stream
    }
}

#[cfg(unix)]
#[test]
fn a_call_that_waited_long_for_its_turn_goes_to_the_next_owner() {
    let folder = Folder::initialised();
    let owner = Owner::of(&folder);
    let asked = folder.start(&["account", "new", "A"]);
    let call = owner.call();
    // Longer than a command waits for an owner; then that one ends without having taken it.
    std::thread::sleep(Duration::from_millis(3_300));
    let Owner { lock, listener } = owner;
    drop((call, listener));
    std::thread::sleep(Duration::from_millis(300));
    drop(lock);
    let output = asked.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    assert_eq!(folder.lines(&["account", "list"]).len(), 1);
}

#[cfg(unix)]
#[test]
fn whoever_heard_taken_and_no_answer_is_told_to_look() {
    use std::io::Write as _;
    let folder = Folder::initialised();
    let owner = Owner::of(&folder);
    let asked = folder.start(&["account", "new", "A"]);
    owner.call().write_all(b"\"taken\"\n").unwrap();
    let output = asked.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(5));
    let refusal: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(
        (&refusal["code"], &refusal["retry"]),
        (&json!("answer_lost"), &json!(false))
    );
    let hint = refusal["hint"].as_str().unwrap();
    assert!(hint.contains("look before trying again"), "{hint}");
}

#[cfg(unix)]
#[test]
fn the_running_server_stops_cleanly_when_asked() {
    let folder = Folder::initialised();
    let serving = folder.serve();
    assert!(folder.data().join("listening").exists());
    assert_eq!(serving.stop(), Some(0));
    assert!(!folder.data().join("listening").exists());
    assert!(!folder.data().join("pennyblack.db-wal").exists());
}

#[cfg(unix)]
#[test]
fn a_data_folder_too_deep_for_a_socket_works_like_any_other() {
    let folder = Folder::deep();
    folder.json(&["init"]);
    let serving = folder.serve();
    folder.json(&["account", "new", "A"]);
    let sockets = || {
        let begin = "pennyblack-server-";
        std::fs::read_dir(std::env::temp_dir())
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
            .filter(|name| name.starts_with(begin))
            .count()
    };
    let during = sockets();
    assert_eq!(serving.stop(), Some(0));
    assert!(during >= 1 && sockets() < during);
}

#[cfg(unix)]
#[test]
fn the_private_socket_is_for_its_owner_only() {
    use std::os::unix::fs::MetadataExt as _;
    let folder = Folder::initialised();
    let serving = folder.serve();
    let mode = folder.data().join("socket").metadata().unwrap().mode();
    assert_eq!(mode & 0o777, 0o700);
    drop(serving);
}

#[test]
fn commands_at_the_same_time_wait_for_each_other() {
    let folder = Folder::initialised();
    folder.json(&["account", "new", "A"]);
    std::thread::scope(|scope| {
        for number in 0..6 {
            let folder = &folder;
            scope.spawn(move || {
                let reference = number.to_string();
                folder.json(&["account", "deposit", "A", "1", "--reference", &reference]);
            });
        }
    });
    assert_eq!(folder.json(&["account", "show", "A"])["balance"], 6_000);
}

#[test]
fn a_station_gets_a_code_once_and_can_be_locked_and_withdrawn() {
    let folder = Folder::initialised();
    folder.json(&["account", "new", "Rural Dental"]);
    let new = folder.json(&[
        "station",
        "new",
        "--account",
        "Rural Dental",
        "--zip",
        "80202",
    ]);
    assert_eq!(new["psd"], "ZZ010000000001");
    let code = new["code"].as_str().unwrap();
    assert_eq!(code.len(), 62, "seven groups of eight and six hyphens");
    let second = folder.json(&["station", "new", "--account", "Rural Dental"]);
    assert_eq!(second["psd"], "ZZ010000000002");
    let show = folder.json(&["station", "show", "ZZ010000000002"]);
    assert_eq!(show["licence_zip"], "20260", "a station can quote at once");
    assert_eq!(folder.lines(&["station", "list"]).len(), 2);
    let show = folder.json(&["station", "show", "ZZ010000000001"]);
    assert_eq!(
        (&show["state"], &show["licence_zip"]),
        (&json!("new"), &json!("80202"))
    );
    assert!(!show.to_string().contains(code));
    let change = |verb| folder.json(&["station", verb, "ZZ010000000001"])["state"].clone();
    assert_eq!(change("lock"), "locked");
    assert_eq!(change("unlock"), "new");
    assert_eq!(change("withdraw"), "withdrawn");
    let (exit, refusal) = folder.refusal(&["station", "lock", "ZZ010000000001"]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("wrong_state")));
    let journal = folder.lines(&["ledger", "export"]);
    let changes = journal
        .iter()
        .filter(|line| line["kind"] == "station")
        .count();
    assert_eq!(changes, 5);
    folder.json(&["ledger", "verify"]);
}

#[test]
fn rates_are_imported_looked_at_and_published_once() {
    let folder = Folder::initialised();
    let source = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/data/editions/us-2026-07-12.json"
    );
    let imported = folder.json(&["rates", "import", source]);
    assert_eq!(imported["id"], "us-2026-07-12");
    assert!(imported["published"].is_null());
    let published = folder.lines(&["rates", "publish"]);
    assert_eq!(published.len(), 1);
    assert!(published[0]["published"].is_i64());
    assert!(folder.lines(&["rates", "publish"]).is_empty());
    assert_eq!(folder.lines(&["rates", "list"]).len(), 1);
    let (exit, refusal) = folder.refusal(&["rates", "publish", "us-1999-01-01"]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("unknown_edition")));
    let (exit, refusal) = folder.refusal(&["rates", "import", file!()]);
    assert_eq!(exit, 1, "{refusal}");
}

#[test]
fn wrong_usage_is_exit_code_2_and_says_so() {
    let folder = Folder::initialised();
    for arguments in [
        ["account", "open"].as_slice(),
        &["account", "deposit", "A", "5"],
        &["account", "deposit", "A", "5.0000", "--reference", "X"],
        &["account", "deposit", "A", "-5", "--reference", "X"],
        &["account", "deposit", "A", "5", "--reference", " "],
        &["account", "new", " "],
        &["serve", "--listen", "nowhere"],
    ] {
        let (exit, refusal) = folder.refusal(arguments);
        assert_eq!(
            (exit, &refusal["code"]),
            (2, &json!("usage")),
            "{arguments:?}"
        );
    }
}

#[test]
fn commands_of_later_issues_say_that_they_are_not_in_this_build() {
    let folder = Folder::initialised();
    let (exit, refusal) = folder.refusal(&["serve", "--console", "127.0.0.1:0"]);
    assert_eq!(exit, 2);
    assert_eq!(refusal["code"], "not_in_this_build");
}

#[cfg(unix)]
#[test]
fn a_modem_that_is_not_there_is_shown_and_does_not_keep_others_from_being_served() {
    let folder = Folder::initialised();
    let device = folder.path().join("ttyS0").display().to_string();
    assert_eq!(folder.lines(&["lines"]).len(), 0);
    let serving = folder.serve_with(&["--modem", &device]);
    let unplugged = || {
        let lines = folder.lines(&["lines"]);
        lines
            .first()
            .is_some_and(|line| line["state"] == "unplugged")
    };
    let until = Instant::now() + Duration::from_secs(60);
    while !unplugged() {
        assert!(Instant::now() < until, "{:?}", folder.lines(&["lines"]));
    }
    let line = folder.json(&["lines"]);
    assert_eq!((&line["line"], &line["calls"]), (&json!(device), &json!(0)));
    assert_ne!(line["last_fault"], "");
    folder.json(&["account", "new", "Rural Dental"]);
    let began = Instant::now();
    assert_eq!(serving.stop(), Some(0));
    // It waits for no pause of a line.
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_folder_without_a_data_center_is_refused_and_stays_empty() {
    let folder = Folder::empty();
    for arguments in [
        ["serve"].as_slice(),
        &["account", "list"],
        &["ledger", "verify"],
    ] {
        let (exit, refusal) = folder.refusal(arguments);
        assert_eq!((exit, &refusal["code"]), (3, &json!("not_initialised")));
    }
    assert!(!folder.data().exists());
}

#[test]
fn a_data_center_is_made_once_and_its_passphrase_is_shown_once() {
    let folder = Folder::empty();
    let made = folder.json(&["init", "--name", "post.example"]);
    let passphrase = made["passphrase"].as_str().unwrap();
    assert_eq!(passphrase.len(), 39);
    let (exit, refusal) = folder.refusal(&["init"]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("already_initialised")));
    let bundle = std::fs::read_to_string(folder.data().join("offline-root.pem")).unwrap();
    assert!(server::ca::open_bundle(&bundle, passphrase).is_ok());
}

#[test]
fn an_edited_ledger_is_exit_code_6() {
    let folder = Folder::initialised();
    folder.json(&["account", "new", "A"]);
    folder.json(&["account", "deposit", "A", "5", "--reference", "X"]);
    let database = rusqlite::Connection::open(folder.data().join("pennyblack.db")).unwrap();
    database
        .execute_batch(
            "DROP TRIGGER transfer_is_not_changed; UPDATE transfer SET amount = amount + 1;",
        )
        .unwrap();
    drop(database);
    let (exit, refusal) = folder.refusal(&["ledger", "verify"]);
    assert_eq!((exit, &refusal["code"]), (6, &json!("damaged_ledger")));
}

#[test]
fn a_written_out_journal_is_checked_without_a_data_center() {
    let folder = Folder::initialised();
    folder.json(&["account", "new", "A"]);
    folder.json(&["account", "deposit", "A", "5", "--reference", "X"]);
    let audit = folder.json(&["ledger", "verify"]);
    let written = folder.run(&["ledger", "export"]).stdout;
    let elsewhere = Folder::empty();
    let file = elsewhere.path().join("journal.jsonl");
    let verify = ["ledger", "verify", "--export", file.to_str().unwrap()];
    std::fs::write(&file, &written).unwrap();
    let report = elsewhere.json(&verify);
    assert_eq!(report["root"], audit["root"]);
    assert_eq!(report["transfers"], 1);
    let edited = String::from_utf8(written)
        .unwrap()
        .replace(":5000,", ":500,");
    std::fs::write(&file, edited).unwrap();
    let (exit, refusal) = elsewhere.refusal(&verify);
    assert_eq!((exit, &refusal["code"]), (6, &json!("damaged_export")));
    std::fs::write(&file, "{\"form\":\"pennyblack-evidence-1\"}\n").unwrap();
    let (exit, refusal) = elsewhere.refusal(&verify);
    assert_eq!((exit, &refusal["code"]), (6, &json!("bad_evidence")));
    // Of a station that contradicts nothing there is nothing to write.
    let station = folder.json(&["station", "new", "--account", "A"]);
    let psd = station["psd"].as_str().unwrap();
    let out = elsewhere.path().join("evidence.jsonl");
    let evidence = ["station", "evidence", psd, "--out", out.to_str().unwrap()];
    let (exit, refusal) = folder.refusal(&evidence);
    assert_eq!((exit, &refusal["code"]), (3, &json!("no_evidence")));
    assert!(!out.exists());
}

#[test]
fn a_database_that_is_none_is_exit_code_6() {
    let folder = Folder::initialised();
    // What the write-ahead log still holds would heal it.
    for log in ["pennyblack.db-wal", "pennyblack.db-shm"] {
        std::fs::remove_file(folder.data().join(log)).ok();
    }
    std::fs::write(folder.data().join("pennyblack.db"), vec![0x55; 8_192]).unwrap();
    let (exit, refusal) = folder.refusal(&["account", "list"]);
    assert_eq!((exit, &refusal["code"]), (6, &json!("damaged_database")));
}

#[test]
fn the_help_is_written_for_people() {
    let folder = Folder::empty();
    let output = folder.run(&["--help"]);
    assert!(output.status.success());
    assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}

#[test]
fn an_admin_reads_sentences() {
    let folder = Folder::initialised();
    let text = |arguments: &[&str]| {
        let output = folder.run(arguments);
        let text = [output.stdout, output.stderr].concat();
        without_numbers(&String::from_utf8(text).unwrap())
    };
    let all = [
        text(&["account", "new", "Rural Dental"]),
        text(&[
            "account",
            "deposit",
            "Rural Dental",
            "250",
            "--reference",
            "INV-1",
        ]),
        text(&[
            "account",
            "deposit",
            "Rural Dental",
            "250",
            "--reference",
            "INV-1",
        ]),
        text(&[
            "account",
            "deposit",
            "Rural Dental",
            "251",
            "--reference",
            "INV-1",
        ]),
        text(&["account", "show", "Nobody"]),
        text(&["station", "list"]),
        text(&["station", "lock", "ZZ010000000009"]),
        text(&["ledger", "verify"]),
        text(&["software", "publish"]),
    ];
    assert_snapshot!(all.join("\n"));
}

/// Replaces identities and hashes, which differ from run to run.
fn without_numbers(text: &str) -> String {
    let is_number = |word: &str| {
        word.len() >= 32
            && word
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
    };
    text.split_inclusive([' ', '\n', ',', ':', '.'])
        .map(|part| {
            let word = part.trim_end_matches([' ', '\n', ',', ':', '.']);
            if is_number(word) {
                part.replace(word, "<number>")
            } else {
                part.to_owned()
            }
        })
        .collect()
}

#[test]
fn keys_are_listed_and_rotated_beside_the_running_server() {
    let folder = Folder::initialised();
    let serving = folder.serve();
    let listed = folder.lines(&["keys", "list"]);
    for name in [
        "replies",
        "heads",
        "sealing",
        "server-ca",
        "station-ca",
        "indicium-ca",
    ] {
        let key = listed.iter().find(|key| key["key"] == name).unwrap();
        assert_eq!(
            (&key["state"], &key["number"]),
            (&json!("in-use"), &json!(1))
        );
        assert!(key["next"].is_i64(), "{key}");
    }
    let rotated = folder.lines(&["keys", "rotate", "--what", "replies"]);
    let announced = rotated
        .iter()
        .find(|key| key["state"] == "announced")
        .unwrap();
    assert_eq!(
        (&announced["key"], &announced["number"]),
        (&json!("replies"), &json!(2))
    );
    let (exit, refusal) = folder.refusal(&["keys", "rotate", "--what", "replies"]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("rotation_under_way")));
    // CAs need the root and its passphrase.
    let (exit, _) = folder.refusal(&["keys", "rotate", "--what", "ca"]);
    assert_eq!(exit, 2);
    let wrong = folder.data().join("wrong");
    std::fs::write(&wrong, "wrong horse battery\n").unwrap();
    let wrong = wrong.to_str().unwrap();
    let with = ["keys", "rotate", "--what", "ca", "--root-passphrase-file"];
    let (exit, refusal) = folder.refusal(&[&with[..], &[wrong]].concat());
    assert_eq!((exit, &refusal["code"]), (3, &json!("wrong_passphrase")));
    let right = folder.path().join("passphrase");
    let rotated = folder.lines(&[&with[..], &[right.to_str().unwrap()]].concat());
    let number = |key: &str, state: &str| {
        let found = rotated
            .iter()
            .find(|one| one["key"] == key && one["state"] == state);
        found.unwrap()["number"].clone()
    };
    assert_eq!(number("server-ca", "in-use"), 2);
    assert_eq!(number("station-ca", "in-use"), 2);
    assert_eq!(number("indicium-ca", "in-use"), 1);
    assert_eq!(number("indicium-ca", "announced"), 2);
    drop(serving);
}

#[test]
fn a_lost_signing_key_is_replaced_by_the_root_while_the_data_center_is_stopped() {
    let folder = Folder::initialised();
    let passphrase = folder.path().join("passphrase");
    let passphrase = passphrase.to_str().unwrap();
    let words = ["keys", "replace", "--what", "replies", "--what", "heads"];
    let with = [&words[..], &["--root-passphrase-file", passphrase]].concat();
    let serving = folder.serve();
    let (exit, refusal) = folder.refusal(&with);
    assert_eq!((exit, &refusal["code"]), (3, &json!("folder_in_use")));
    drop(serving);
    for name in ["replies", "heads"] {
        std::fs::remove_file(folder.data().join("keys").join(format!("{name}.pem"))).unwrap();
    }
    let (exit, _) = folder.refusal(&["ledger", "verify"]);
    assert_ne!(exit, 0, "without its keys it does not open");
    let wrong = folder.data().join("wrong");
    std::fs::write(&wrong, "wrong horse battery\n").unwrap();
    let wrong = [
        &words[..],
        &["--root-passphrase-file", wrong.to_str().unwrap()],
    ]
    .concat();
    let (exit, refusal) = folder.refusal(&wrong);
    assert_eq!((exit, &refusal["code"]), (3, &json!("wrong_passphrase")));
    let shown = folder.lines(&with);
    let number = |name: &str| {
        let found = shown
            .iter()
            .find(|key| key["key"] == name && key["state"] == "in-use");
        found.unwrap()["number"].clone()
    };
    assert_eq!((number("replies"), number("heads")), (json!(2), json!(2)));
    folder.json(&["ledger", "verify"]);
    let journal = folder.lines(&["ledger", "export"]);
    let named = journal.iter().filter(|line| line["kind"] == "key");
    assert_eq!(named.count(), 2, "the journal names each");
    drop(folder.serve());
}

#[test]
fn a_bank_file_is_imported_once_and_the_statement_is_written_as_pdf_and_csv() {
    let folder = Folder::initialised();
    let account = folder.json(&["account", "new", "Rural Dental"]);
    let reference = account["payment_reference"].as_str().unwrap();
    let month = jiff::Timestamp::now().strftime("%Y-%m").to_string();
    let file = folder.data().join("bank.csv");
    let csv = format!(
        "date,amount,name,id,reference\n{month}-01,250.00,Somebody,B1,{reference}\n\
         {month}-01,40.00,Nobody,B2,\n"
    );
    std::fs::write(&file, csv).unwrap();
    let file = file.to_str().unwrap();
    let imported = folder.json(&["account", "import", file]);
    assert_eq!(
        (&imported["booked"], &imported["unmatched"]),
        (&json!(1), &json!(1))
    );
    let again = folder.json(&["account", "import", file]);
    assert_eq!((&again["booked"], &again["known"]), (&json!(0), &json!(2)));
    let waiting = folder.lines(&["account", "unmatched"]);
    assert_eq!(waiting.len(), 1);
    let number = waiting[0]["payment"].as_str().unwrap();
    let matched = folder.json(&["account", "match", number, "Rural Dental"]);
    assert_eq!(matched["rule"], "admin");
    let (pdf, table) = (folder.data().join("s.pdf"), folder.data().join("s.csv"));
    let command = [
        "account",
        "statement",
        "Rural Dental",
        "--month",
        &month,
        "--pdf",
        pdf.to_str().unwrap(),
        "--csv",
        table.to_str().unwrap(),
    ];
    let statement = folder.json(&command);
    assert_eq!(
        (&statement["deposits"], &statement["closing"]),
        (&json!(290_000), &json!(290_000))
    );
    assert!(std::fs::read(&pdf).unwrap().starts_with(b"%PDF"));
    let table = std::fs::read_to_string(&table).unwrap();
    assert!(table.contains("deposit,B1,,250.00,"), "{table}");
    let (exit, refusal) = folder.refusal(&command);
    assert_eq!((exit, &refusal["code"]), (3, &json!("cannot_write")));
    let (exit, refusal) = folder.refusal(&["account", "import", pdf.to_str().unwrap()]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("not_a_bank_file")));
    let (exit, _) = folder.refusal(&["account", "statement", "Rural Dental", "--month", "soon"]);
    assert_eq!(exit, 2);
    assert_eq!(folder.json(&["ledger", "verify"])["customers"], 290_000);
}

#[test]
fn the_tree_of_an_account_is_kept_by_commands() {
    let folder = Folder::initialised();
    folder.json(&["account", "new", "Rural Dental"]);
    folder.json(&[
        "tree",
        "new",
        "office",
        "Boise",
        "--account",
        "Rural Dental",
    ]);
    folder.json(&["tree", "new", "cost-centre", "Sales", "--under", "Boise"]);
    let budget = [
        "tree", "budget", "Sales", "--month", "100.00", "--year", "900",
    ];
    let sales = folder.json(&budget);
    assert_eq!(sales["path"], json!(["Boise", "Sales"]));
    assert_eq!(sales["budgets"]["month"], 100_000);
    let sales = folder.json(&["tree", "budget", "Sales", "--month", "none"]);
    assert_eq!(
        (&sales["budgets"]["month"], &sales["budgets"]["year"]),
        (&json!(null), &json!(900_000))
    );
    let sales = folder.json(&[
        "tree",
        "surcharge",
        "Sales",
        "--percent",
        "2.5",
        "--fixed",
        "0.05",
    ]);
    assert_eq!(sales["surcharge_basis_points"], 250);
    let station = folder.json(&["station", "new", "--account", "Rural Dental"]);
    let psd = station["psd"].as_str().unwrap();
    let moved = folder.json(&["tree", "move", psd, "--under", "Boise"]);
    assert_eq!(moved["path"], json!(["Boise", psd]));
    let (exit, refusal) = folder.refusal(&["tree", "close", "Boise"]);
    assert_eq!((exit, &refusal["code"]), (3, &json!("node_not_empty")));
    assert_eq!(folder.json(&["tree", "close", "Sales"])["closed"], true);
    assert_eq!(folder.lines(&["tree", "list", "Rural Dental"]).len(), 3);
    folder.json(&["ledger", "verify"]);
}
