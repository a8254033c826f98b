//! The exit codes of `pennyblack`, each provoked by a command, with its reason as JSON.

use std::io::Read;
use std::net::TcpListener;
use std::thread;

use crate::commands::{Desk, Site, Told};

/// A command ends with this code and says why in an object on standard error.
fn assert_ends(told: &Told, code: i32, reason: &str) {
    assert_eq!(told.code, Some(code), "{told:?}");
    let error = told.error();
    assert_eq!(error["code"], reason, "{error}");
    for sentence in ["message", "hint"] {
        let text = error[sentence].as_str().unwrap();
        let whole = text.len() > 5 && text.ends_with('.') && !text.ends_with("..");
        assert!(whole, "{sentence}: {error}");
    }
    assert!(error["retry"].is_boolean(), "{error}");
}

fn letter(out: [&str; 2]) -> [&str; 12] {
    let [kind, place] = out;
    [
        "print",
        "postage",
        "--class",
        "first-class",
        "--shape",
        "letter",
        "--weight",
        "1oz",
        "--to",
        "10001",
        kind,
        place,
    ]
}

#[test]
fn every_exit_code_is_reached_by_a_command() {
    let mut site = Site::with_deposit("50.00");
    let desk = site.enrolled("station");
    let refilled = desk.tell(&["refill", "20.00"]);
    assert_eq!((refilled.code, refilled.err.as_str()), (Some(0), ""));
    assert_ends(&desk.tell(&["refill"]), 2, "usage");
    assert_ends(&desk.tell(&["pieces", "--state", "lost"]), 2, "usage");
    let short = desk.tell(&["refill", "100.00"]);
    assert_ends(&short, 3, "account_insufficient_funds");
    site.kill();
    assert_ends(&desk.tell(&["refill", "10.00"]), 4, "unreachable");
    assert_ends(&desk.tell(&["contact"]), 4, "unreachable");
    in_doubt(&desk);
    let pdf = site.path("letter.pdf");
    let piece = desk
        .tell(&letter(["--pdf", pdf.to_str().unwrap()]))
        .object();
    let indicium = piece["indicium_hex"].as_str().unwrap();
    assert_eq!(desk.tell(&["verify", indicium]).code, Some(0));
    let altered = format!("{}0000", &indicium[..indicium.len() - 4]);
    let shifted = format!("7071{}", &indicium[4..]);
    assert_eq!(
        desk.tell(&["verify", &altered]).code,
        Some(0),
        "nothing signed changed"
    );
    let told = desk.tell(&["verify", &shifted]);
    assert_eq!(told.code, Some(6), "{told:?}");
    damage(&desk);
    assert_eq!(desk.tell(&["journal", "verify"]).code, Some(6));
}

/// A printer that hangs up in the middle of the picture leaves the piece in doubt.
fn in_doubt(desk: &Desk) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = format!("tcp:{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut line in listener.incoming().map_while(Result::ok) {
            let mut bytes = [0; 3];
            while line.read_exact(&mut bytes).is_ok() {
                let mut rest = [0; 24];
                let answer = match bytes {
                    [0x10, 0x04, _] => vec![0x12],
                    // Zeros and a tag that is to come back.
                    [0, 0, 0] => {
                        line.read_exact(&mut rest).unwrap();
                        [b"7\"".as_slice(), &rest[20..], b"\0"].concat()
                    }
                    // What is not a question is the beginning of the picture.
                    _ => break,
                };
                std::io::Write::write_all(&mut line, &answer).unwrap();
            }
            line.read_exact(&mut [0; 1_000]).unwrap();
        }
    });
    let add = [
        "printers",
        "add",
        "faulty",
        "--port",
        &port,
        "--stock",
        "label-4x6",
    ];
    desk.tell(&add).objects();
    let told = desk.tell(&letter(["--printer", "faulty"]));
    assert_ends(&told, 5, "piece_unknown");
}

/// Alters one record of the journal, past the rule that nobody may.
fn damage(desk: &Desk) {
    let database = rusqlite::Connection::open(desk.folder.join("station.db")).unwrap();
    database
        .execute_batch(
            "DROP TRIGGER journal_is_append_only_1;
             UPDATE journal SET hash = zeroblob(32) WHERE seq = 1;",
        )
        .unwrap();
}
