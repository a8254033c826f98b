mod refused;

use std::path::Path;

use super::*;
use crate::api::PieceState;
use crate::station::fixture::{Desk, runtime};

struct Said {
    code: u8,
    out: String,
    err: String,
}

fn pennyblack(folder: &Path, words: &[&str]) -> Said {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut all = vec!["pennyblack".into(), "--data".into(), folder.into()];
    all.extend(words.iter().map(std::ffi::OsString::from));
    let mut streams = Streams {
        out: &mut out,
        err: &mut err,
        watched: false,
        coloured: false,
        answers: None,
    };
    let code = run(all, &mut streams);
    Said {
        code,
        out: String::from_utf8(out).unwrap(),
        err: String::from_utf8(err).unwrap(),
    }
}

/// A desk whose station is served as a window would, so that commands work beside it.
fn served(work: impl FnOnce(&Desk, &Path)) {
    let mut desk = Desk::new();
    let station = desk.station.clone().unwrap();
    let runtime = runtime();
    let server = runtime
        .block_on(async { crate::owner::Server::start(station) })
        .unwrap();
    let data = desk.data();
    work(&desk, &data);
    desk.station = None;
    runtime.block_on(server.close());
}

const LETTER: [&str; 10] = [
    "--class",
    "first-class",
    "--shape",
    "letter",
    "--weight",
    "1oz",
    "--to",
    "02108",
    "--date",
    "2026-11-18",
];

#[test]
fn commands_of_later_versions_answer_with_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let said = pennyblack(folder.path(), &["till", "open"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("not in this build"), "{}", said.err);
}

#[test]
fn wrong_usage_is_exit_code_2_and_json_where_asked() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(pennyblack(folder.path(), &["frank"]).code, 2);
    let said = pennyblack(folder.path(), &["--json", "quote"]);
    assert_eq!(said.code, 2);
    let object: serde_json::Value = serde_json::from_str(&said.err).unwrap();
    assert_eq!(object["code"], "usage");
    let message = object["message"].as_str().unwrap();
    assert!(message.contains("not provided: --weight"), "{message}");
    assert!(message.ends_with("--to <ZIP|COUNTRY>."), "{message}");
    assert_eq!(object["retry"], false);
    assert_eq!(pennyblack(folder.path(), &["--help"]).code, 0);
}

#[test]
fn the_help_is_written_for_people() {
    let folder = tempfile::tempdir().unwrap();
    let said = pennyblack(folder.path(), &["--help"]);
    let plain: String = {
        let mut text = String::new();
        let mut escape = false;
        for letter in said.out.chars() {
            match letter {
                '\u{1b}' => escape = true,
                'm' if escape => escape = false,
                _ if escape => {}
                other => text.push(other),
            }
        }
        text
    };
    for line in ["Print postage", "Refill the vault", "Meet the data center"] {
        assert!(plain.contains(line), "{plain}");
    }
}

#[test]
fn a_station_that_is_not_enrolled_is_told_how() {
    let folder = tempfile::tempdir().unwrap();
    let said = pennyblack(folder.path(), &["status"]);
    assert_eq!(said.code, 0);
    assert!(said.out.contains("not enrolled"));
    let mut words = vec!["quote"];
    words.extend(LETTER);
    let said = pennyblack(folder.path(), &words);
    assert_eq!(said.code, 3);
    assert!(said.err.contains("enrolment code"));
}

#[test]
fn a_letter_is_quoted_printed_listed_and_verified() {
    served(|desk, data| {
        let mut words = vec!["--json", "quote"];
        words.extend(LETTER);
        let said = pennyblack(data, &words);
        let quote: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(quote["price_mills"], 780);

        let png = desk.path("a.png").display().to_string();
        let mut words = vec!["--json", "print", "postage", "--png", &png];
        words.extend(LETTER);
        words.extend([
            "--to-address",
            "Ada Lovelace\\n1 Beacon St\\nBoston MA 02108",
        ]);
        let said = pennyblack(data, &words);
        assert_eq!(said.code, 0, "{}", said.err);
        let piece: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(piece["state"], "printed");

        let said = pennyblack(data, &["--json", "pieces", "--state", "printed"]);
        assert_eq!(said.out.lines().count(), 1);

        let said = pennyblack(data, &["--json", "verify", &png]);
        assert_eq!(said.code, 0, "{}", said.err);
        let finding: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(finding["genuine"], true);
        assert_eq!(finding["control_total"], true);
        assert_eq!(finding["serial"], piece["serial"]);
        assert_eq!(finding["indicium_hex"], piece["indicium_hex"]);

        let mut bytes = hex::decode(piece["indicium_hex"].as_str().unwrap()).unwrap();
        bytes[19] ^= 1;
        let said = pennyblack(data, &["verify", &hex::encode(bytes)]);
        assert_eq!(said.code, 6);
        assert!(said.out.contains("DOES NOT HOLD"), "{}", said.out);
    });
}

#[test]
fn a_list_with_nothing_in_it_says_so_to_people_and_is_empty_for_programs() {
    served(|_, folder| {
        let lists: [&[&str]; 6] = [
            &["pieces"],
            &["printers", "list"],
            &["presets", "list"],
            &["waiting", "list"],
            &["users", "list"],
            &["cost-centres"],
        ];
        let said = lists.map(|words| {
            let programs = pennyblack(folder, &[words, &["--json"]].concat());
            assert_eq!((programs.code, programs.out.as_str()), (0, ""), "{words:?}");
            format!("{:<16}{}", words.join(" "), pennyblack(folder, words).out)
        });
        insta::assert_snapshot!(said.concat(), @r"
        pieces          There is no piece to show.
        printers list   No printer is set up. Look for one with: pennyblack printers find
        presets list    There is no preset. Make one with: pennyblack presets put NAME
        waiting list    No batch waits.
        users list      This station has no users: whoever sits at it may do everything.
        cost-centres    The account has no cost centres.
        ");
    });
}

#[test]
fn an_indicium_is_verified_far_from_its_station() {
    served(|desk, data| {
        let png = desk.path("a.png").display().to_string();
        let mut words = vec!["--json", "print", "postage", "--png", &png];
        words.extend(LETTER);
        let said = pennyblack(data, &words);
        let piece: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        let elsewhere = desk.path("elsewhere");
        let said = pennyblack(&elsewhere, &["verify", &png]);
        assert_eq!(said.code, 6, "no certificate is known there");
        let pem = desk.certificates_pem() + piece["certificate_pem"].as_str().unwrap();
        let file = desk.path("certificates.pem");
        std::fs::write(&file, pem).unwrap();
        let file = file.display().to_string();
        let said = pennyblack(&elsewhere, &["verify", &png, "--certificates", &file]);
        assert_eq!(said.code, 0, "{}{}", said.out, said.err);
        assert!(said.out.contains("Genuine      yes"));
    });
}

#[test]
fn what_is_no_indicium_is_exit_code_6() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(pennyblack(folder.path(), &["verify", "00ff"]).code, 6);
    assert_eq!(
        pennyblack(folder.path(), &["verify", "no such file"]).code,
        3
    );
}

#[test]
fn a_journal_is_exported_so_that_every_hash_can_be_recomputed() {
    use base64::Engine;
    use sha2::{Digest, Sha256};
    served(|_, data| {
        let said = pennyblack(data, &["journal", "export"]);
        assert_eq!(said.code, 0);
        let mut seq = 0;
        for line in said.out.lines() {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(row["seq"], seq);
            let record = base64::engine::general_purpose::STANDARD
                .decode(row["record"].as_str().unwrap())
                .unwrap();
            assert_eq!(row["hash"], hex::encode(Sha256::digest(record)));
            seq += 1;
        }
        assert_eq!(seq, 3);
        let said = pennyblack(data, &["--json", "journal", "verify"]);
        assert_eq!(said.code, 0);
        assert!(said.out.contains("\"intact\":true"));
    });
}

#[test]
fn an_edited_journal_is_exit_code_6() {
    let mut desk = Desk::new();
    desk.station = None;
    let db = rusqlite::Connection::open(desk.data().join(crate::store::DATABASE)).unwrap();
    db.execute_batch(
        "DROP TRIGGER journal_is_append_only_1;
         UPDATE journal SET hash = zeroblob(32) WHERE seq = 1;",
    )
    .unwrap();
    drop(db);
    let said = pennyblack(&desk.data(), &["journal", "verify"]);
    assert_eq!(said.code, 6);
    assert!(said.err.contains("record 1"), "{}", said.err);
}

#[test]
fn an_unknown_piece_is_exit_code_5_and_its_answer_0() {
    served(|desk, data| {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("tcp:{}", port.local_addr().unwrap());
        let reader = std::thread::spawn(move || {
            let (mut line, _) = port.accept().unwrap();
            std::io::copy(&mut line, &mut std::io::sink()).ok();
        });
        let words = [
            "printers",
            "add",
            "counter",
            "--port",
            &address,
            "--asks-the-clerk",
        ];
        assert_eq!(pennyblack(data, &words).code, 0);
        let mut words = vec!["--json", "print", "postage", "--printer", "counter"];
        words.extend(LETTER);
        let said = pennyblack(data, &words);
        assert_eq!(said.code, 5, "{}", said.err);
        reader.join().unwrap();
        let object: serde_json::Value = serde_json::from_str(&said.err).unwrap();
        assert_eq!(object["code"], "piece_unknown");
        let piece: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        let serial = piece["serial"].as_str().unwrap();
        let file = desk.path("what to look for.png").display().to_string();
        let said = pennyblack(data, &["picture", serial, "--png", &file]);
        assert_eq!((said.code, said.out.as_str()), (0, "101.6 x 152.4 mm\n"));
        let picture = std::fs::read(&file).unwrap();
        assert!(picture.starts_with(b"\x89PNG"), "a picture to look for");
        assert_eq!(pennyblack(data, &["resolve", serial, "perhaps"]).code, 2);
        assert_eq!(pennyblack(data, &["resolve", serial, "spoiled"]).code, 0);
        let said = pennyblack(data, &["refund", serial]);
        assert_eq!(
            said.code, 4,
            "no data center: the claim waits, {}",
            said.err
        );
        let listed = pennyblack(data, &["pieces", "--state", PieceState::Spoiled.word()]);
        assert!(listed.out.contains(serial));
        assert!(desk.path("data").exists());
    });
}

#[test]
fn a_batch_writes_its_results_beside_the_file() {
    served(|desk, data| {
        let file = desk.path("letters.csv");
        std::fs::write(
            &file,
            "name,address,city,state,zip,class,shape,weight,date\n\
             Ada,1 Beacon St,Boston,MA,02108,first-class,letter,1oz,2026-11-18\n\
             Bob,1 Beacon St,Boston,MA,02108,first-class,letter,much,2026-11-18\n",
        )
        .unwrap();
        let (file, out) = (
            file.display().to_string(),
            desk.path("out").display().to_string(),
        );
        let said = pennyblack(data, &["--json", "print", "batch", &file, "--out", &out]);
        assert_eq!(said.code, 3, "{}", said.err);
        let results = std::fs::read_to_string(format!("{file}.result.csv")).unwrap();
        let lines: Vec<&str> = results.lines().collect();
        assert_eq!(lines[0], "line,outcome,serial,postage,reason");
        assert_eq!(lines[1], "2,printed,ZZ010000000042-000001,0.78,");
        assert!(lines[2].starts_with("3,refused,,,"), "{}", lines[2]);
        assert!(said.err.contains("batch_refused"));
    });
}

#[test]
fn secrets_and_ports_are_read_as_contracts_write_them() {
    let folder = tempfile::tempdir().unwrap();
    for secrets in ["plain", "key-file:", "keyring:x"] {
        let words = [
            "enrol",
            "--server",
            "u",
            "--code",
            "c",
            "--secrets",
            secrets,
        ];
        assert_eq!(pennyblack(folder.path(), &words).code, 2, "{secrets}");
    }
    for port in ["usb", "tcp:nowhere", "serial:/dev/x@fast"] {
        let words = ["printers", "add", "a", "--port", port];
        assert_eq!(pennyblack(folder.path(), &words).code, 2, "{port}");
    }
    for port in [
        "serial:/dev/ttyUSB0@9600",
        "device:/dev/usb/lp0",
        "usb:04b8:0e28/J9X",
        "tcp:10.0.0.9:9100",
    ] {
        let words = ["printers", "add", "a", "--port", port];
        assert_eq!(pennyblack(folder.path(), &words).code, 0, "{port}");
    }
    let spooled = [
        "printers",
        "add",
        "spooled",
        "--port",
        "spooler:Zebra ZD421",
    ];
    let said = pennyblack(folder.path(), &spooled);
    assert!(said.err.contains("add it as one that asks the clerk"));
    let spooled = [spooled.as_slice(), &["--asks-the-clerk"]].concat();
    assert_eq!(pennyblack(folder.path(), &spooled).code, 0);
    let pages = [
        "printers",
        "add",
        "pages",
        "--port",
        "ipp://office/ipp/print",
    ];
    assert_eq!(pennyblack(folder.path(), &pages).code, 0);
    let said = pennyblack(folder.path(), &["printers", "list"]);
    assert!(
        said.out
            .contains("ipp, ipp://office/ipp/print, 300 dpi, label-4x6, acknowledges")
    );
    assert!(said.out.contains("tcp:10.0.0.9:9100, 203 dpi, label-4x6"));
}

#[test]
fn without_a_keyring_a_person_is_asked_and_nothing_is_chosen_for_them() {
    let call = |secrets| {
        crate::api::Call::Enrol(crate::api::EnrolCall {
            server: "https://127.0.0.1:1".into(),
            code: "code".into(),
            secrets,
            card_pin: None,
            password: None,
        })
    };
    let chosen = |typed: &str| {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut answers = typed.as_bytes();
        let mut streams = Streams {
            out: &mut out,
            err: &mut err,
            watched: true,
            coloured: false,
            answers: Some(&mut answers),
        };
        let error = say(Code::NoKeyring, &[]);
        let answer = calls::with_another_keeper(call(None), error, &mut streams);
        let asked = String::from_utf8(err).unwrap();
        assert!(
            asked.contains("whoever reads it can open the vault"),
            "{asked}"
        );
        answer
    };
    let path = "/tmp/keys".to_owned();
    let crate::api::Call::Enrol(enrol) = chosen("key-file:/tmp/keys\n").unwrap() else {
        panic!("not an enrolment")
    };
    assert_eq!(
        enrol.secrets,
        Some(crate::api::SecretsChoice::KeyFile { path })
    );
    assert_eq!(chosen("\n").unwrap_err().code, "no_keyring");
    assert_eq!(chosen("here\n").unwrap_err().code, "usage");
}

#[test]
fn an_edited_vault_is_exit_code_6_and_its_journal_stays_readable() {
    let mut desk = Desk::new();
    desk.station = None;
    let db = rusqlite::Connection::open(desk.data().join(crate::store::DATABASE)).unwrap();
    let edited = db.execute("UPDATE vault SET journal_size = journal_size - 1", []);
    assert_eq!(edited.unwrap(), 1);
    drop(db);
    let said = pennyblack(&desk.data(), &["--json", "status"]);
    assert_eq!(said.code, 6);
    let object: serde_json::Value = serde_json::from_str(&said.err).unwrap();
    assert_eq!(object["code"], "damaged_store");
    assert_eq!(pennyblack(&desk.data(), &["journal", "verify"]).code, 0);
    let exported = pennyblack(&desk.data(), &["journal", "export"]);
    assert_eq!(exported.out.lines().count(), 3);
}

#[test]
fn a_reader_that_leaves_early_is_no_fault() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
    }
    let mut pipe = Pipe(Gone);
    assert!(writeln!(pipe, "a line").is_ok() && pipe.flush().is_ok());
}

#[test]
fn help_is_plain_text_where_nobody_watches() {
    let folder = tempfile::tempdir().unwrap();
    for words in [&["--help"][..], &["print", "--help"], &["--no-such-option"]] {
        let said = pennyblack(folder.path(), words);
        let text = said.out + &said.err;
        assert!(text.contains("Usage:"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn a_user_is_named_with_a_pin_file_that_nobody_else_can_read() {
    use std::os::unix::fs::PermissionsExt as _;

    served(|desk, data| {
        let pin = |name: &str, digits: &str, mode: u32| {
            let path = desk.path(name);
            std::fs::write(&path, format!("{digits}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            path.display().to_string()
        };
        let (ada, open) = (pin("ada", "274951", 0o600), pin("open", "274951", 0o644));
        let add = |name: &'static str, role: &'static str, file: &str| {
            let words = ["users", "add", name, "--role", role, "--new-pin-file"];
            let mut words: Vec<String> = words.map(str::to_owned).to_vec();
            words.push(file.to_owned());
            words
        };
        let run = |words: &[String]| {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            pennyblack(data, &words)
        };
        let said = run(&add("Ada", "admin", &ada));
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(said.out.contains("Ada"), "{}", said.out);
        let mut words: Vec<String> = ["print", "postage"].map(str::to_owned).to_vec();
        words.extend(LETTER.map(str::to_owned));
        let png = desk.path("piece.png").display().to_string();
        words.extend(["--png".to_owned(), png]);
        let said = run(&words);
        assert_eq!(said.code, 3, "{}", said.out);
        assert!(said.err.contains("nobody is signed in"), "{}", said.err);
        let named = |file: &str| {
            let mut named = words.clone();
            named.extend(["--user", "ada", "--pin-file", file].map(str::to_owned));
            named
        };
        let said = run(&named(&open));
        assert!(said.err.contains("can be read by others"), "{}", said.err);
        let said = run(&named(&ada));
        assert_eq!(said.code, 0, "{}", said.err);
        let said = pennyblack(data, &["status", "--user", "Ada"]);
        assert_eq!(said.code, 2, "{}", said.err);
    });
}
