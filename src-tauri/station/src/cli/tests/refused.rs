//! What is refused before anything is made, written or debited.

use super::*;

/// The object on standard error, of a command that ends with this code.
fn refusal(said: &Said, code: u8) -> serde_json::Value {
    assert_eq!(said.code, code, "{} {}", said.out, said.err);
    serde_json::from_str(&said.err).unwrap()
}

/// `print postage` of the letter, with these words as well.
fn print(data: &Path, more: &[&str]) -> Said {
    let mut words = vec!["--json", "print", "postage"];
    words.extend(LETTER);
    words.extend(more);
    pennyblack(data, &words)
}

/// How many pieces are listed.
fn pieces(data: &Path) -> usize {
    pennyblack(data, &["--json", "pieces"]).out.lines().count()
}

#[test]
fn a_store_that_is_lost_is_damaged_and_not_new() {
    let ways: [fn(&Path) -> std::io::Result<()>; 2] = [
        |store| std::fs::write(store, b""),
        |store| std::fs::remove_file(store),
    ];
    for make_lost in ways {
        let mut desk = Desk::new();
        desk.station = None;
        let data = desk.data();
        let store = data.join(crate::store::DATABASE);
        make_lost(&store).unwrap();
        let found = std::fs::read(&store).ok();
        for words in [
            &["status"][..],
            &["journal", "verify"],
            &["journal", "export"],
            &["enrol", "--server", "https://127.0.0.1:1", "--code", "A"],
        ] {
            let said = pennyblack(&data, &[&["--json"], words].concat());
            let error = refusal(&said, 6);
            assert_eq!(error["code"], "damaged_store", "{words:?}");
            let message = error["message"].as_str().unwrap();
            assert!(message.contains("missing or empty"), "{message}");
        }
        assert_eq!(
            std::fs::read(&store).ok(),
            found,
            "nothing is written over it"
        );
    }
}

#[test]
fn an_address_has_no_more_lines_than_the_label() {
    served(|desk, data| {
        let png = desk.path("piece.png").display().to_string();
        let lines = |count: usize| vec!["Ada"; count].join("\\n");
        let said = print(data, &["--png", &png, "--to-address", &lines(8)]);
        let error = refusal(&said, 3);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("at most 7 lines"), "{message}");
        assert_eq!(pieces(data), 0);
        let said = print(data, &["--png", &png, "--to-address", &lines(7)]);
        assert_eq!(said.code, 0, "{}", said.err);
    });
}

#[test]
fn a_zip_that_nobody_has_is_refused() {
    served(|desk, data| {
        let png = desk.path("piece.png").display().to_string();
        for zip in ["99999", "10099", "10099-1234"] {
            let words = ["--shape", "parcel", "--weight", "2lb", "--to", zip];
            let quote = [&["--json", "quote", "--class", "priority"], &words[..]].concat();
            let error = refusal(&pennyblack(data, &quote), 3);
            assert_eq!(error["code"], "unknown_zip", "{zip}");
            let words = [
                "--class",
                "first-class",
                "--shape",
                "letter",
                "--weight",
                "1oz",
            ];
            let place = ["--to", zip, "--png", &png, "--date", "2026-11-18"];
            let words = [&["--json", "print", "postage"], &words[..], &place].concat();
            let error = refusal(&pennyblack(data, &words), 3);
            assert_eq!(error["code"], "unknown_zip", "{zip}");
        }
        let error = refusal(&print(data, &["--png", &png, "--from", "99999"]), 3);
        assert_eq!(error["code"], "unknown_zip");
        assert_eq!(pieces(data), 0);
        // The territories, the forces abroad and the post's own ZIPs are no strangers.
        for zip in ["00901", "96910", "09007", "20260", "12345"] {
            let words = ["--shape", "letter", "--weight", "1oz", "--to", zip];
            let day = ["--date", "2026-11-18"];
            let words = [&["quote", "--class", "first-class"], &words[..], &day].concat();
            let said = pennyblack(data, &words);
            assert_eq!(said.code, 0, "{zip}: {}", said.err);
        }
    });
}

#[test]
fn a_place_that_takes_no_file_is_found_before_the_debit() {
    served(|desk, data| {
        let at = |name: &str| desk.path(name).display().to_string();
        std::fs::create_dir(desk.path("folder")).unwrap();
        let twice = [at("a.png"), at("folder/../a.png")];
        let mut refused = vec![
            (vec!["--pdf".to_owned(), at("no/such/a.pdf")], "no folder"),
            (vec!["--png".to_owned(), at("folder")], "a folder"),
            (
                vec![
                    "--pdf".into(),
                    twice[0].clone(),
                    "--png".into(),
                    twice[1].clone(),
                ],
                "twice",
            ),
        ];
        #[cfg(unix)]
        {
            let pipe = at("lp0");
            let made = std::process::Command::new("mkfifo").arg(&pipe).status();
            assert!(made.unwrap().success());
            refused.push((vec!["--escpos".into(), pipe], "a device or a pipe"));
        }
        for (words, why) in refused {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let error = refusal(&print(data, &words), 3);
            assert_eq!(error["code"], "bad_output", "{words:?}");
            let message = error["message"].as_str().unwrap();
            assert!(message.contains(why), "{message}");
            assert!(message.contains("Nothing was debited"), "{message}");
        }
        assert_eq!(pieces(data), 0);
        let mut left: Vec<_> = std::fs::read_dir(desk.path(""))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.retain(|name| name.ends_with(".tmp"));
        assert!(left.is_empty(), "{left:?}");
    });
}

#[test]
fn a_data_folder_that_is_not_there_is_named_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let mistyped = folder.path().join("no/such");
    for words in [
        &["status"][..],
        &["contact"],
        &["pieces"],
        &["printers", "list"],
        &["journal", "verify"],
    ] {
        let said = pennyblack(&mistyped, &[&["--json"], words].concat());
        let error = refusal(&said, 3);
        assert_eq!(error["code"], "no_data_folder");
        assert!(error["message"].as_str().unwrap().contains("no/such"));
    }
    assert!(!folder.path().join("no").exists());
    let add = ["printers", "add", "counter", "--port", "tcp:10.0.0.9:9100"];
    assert_eq!(
        pennyblack(&mistyped, &add).code,
        0,
        "set up before enrolling"
    );
}

#[test]
fn what_cannot_be_read_at_all_is_wrong_usage() {
    served(|_, data| {
        for words in [
            &["refill", "much"][..],
            &["refill", ""],
            &["quote", "--weight", "heavy", "--to", "02108"],
            &["quote", "--weight", "0.0000001g", "--to", "02108"],
            &["quote", "--weight", "1oz", "--to", "1234"],
            &["quote", "--weight", "1oz", "--to", "Atlantis"],
            &[
                "quote", "--weight", "1oz", "--to", "02108", "--date", "soon",
            ],
            &["quote", "--weight", "1oz", "--to", "02108", "--date", ""],
            &["quote", "--weight", "1oz", "--to", "02108", "--from", ""],
            &["statistics", "--from", "soon"],
        ] {
            refusal(&pennyblack(data, &[&["--json"], words].concat()), 2);
        }
    });
}

#[test]
fn both_places_of_a_batch_are_named_when_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["--json", "print", "batch", "letters.csv"];
    let error = refusal(&pennyblack(folder.path(), &words), 2);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("--printer <NAME>"), "{message}");
    assert!(message.contains("--out <DIR>"), "{message}");
}

#[test]
fn a_byte_that_is_no_text_refuses_its_row_only() {
    served(|desk, data| {
        let file = desk.path("letters.csv");
        let mut csv = b"name,address,city,state,zip,class,shape,weight,date\n\
            Jos\xe9,1 Beacon St,Boston,MA,02108,first-class,letter,1oz,2026-11-18\n"
            .to_vec();
        csv.extend(
            "Jos\u{e9},1 Beacon St,Boston,MA,02108,first-class,letter,1oz,2026-11-18\n".bytes(),
        );
        std::fs::write(&file, csv).unwrap();
        let (file, out) = (
            file.display().to_string(),
            desk.path("out").display().to_string(),
        );
        let said = pennyblack(data, &["--json", "print", "batch", &file, "--out", &out]);
        assert_eq!(said.code, 3, "{}", said.err);
        let results = std::fs::read_to_string(format!("{file}.result.csv")).unwrap();
        let lines: Vec<&str> = results.lines().collect();
        assert!(lines[1].starts_with("2,refused,"), "{}", lines[1]);
        assert!(
            lines[1].contains("The column name is not text in UTF-8"),
            "{}",
            lines[1]
        );
        assert!(lines[2].starts_with("3,printed,"), "{}", lines[2]);
    });
}

#[test]
fn all_pieces_are_listed() {
    served(|desk, data| {
        desk.refill(100_000);
        let file = desk.path("letters.csv");
        let mut csv = "name,address,city,state,zip,class,shape,weight,date\n".to_owned();
        for row in 0..130 {
            csv.push_str(&format!(
                "Ada {row},1 Beacon St,Boston,MA,02108,first-class,letter,1oz,2026-11-18\n"
            ));
        }
        std::fs::write(&file, csv).unwrap();
        let (file, out) = (
            file.display().to_string(),
            desk.path("out").display().to_string(),
        );
        let said = pennyblack(data, &["print", "batch", &file, "--out", &out]);
        assert_eq!(said.code, 0, "{}", said.err);
        assert_eq!(pieces(data), 130);
        let limited = pennyblack(data, &["--json", "pieces", "--limit", "5"]);
        assert_eq!(limited.out.lines().count(), 5);
        let page = |before: Option<String>| {
            let call = crate::api::PiecesCall {
                limit: Some(70),
                before,
                ..Default::default()
            };
            let station = desk.station();
            let view = runtime().block_on(station.call(crate::api::Call::Pieces(call)));
            let Ok(crate::api::View::Pieces(view)) = view else {
                panic!("not a list")
            };
            view.pieces
        };
        let first = page(None);
        let second = page(first.last().map(|piece| piece.serial.clone()));
        let serials: std::collections::BTreeSet<String> = first
            .iter()
            .chain(&second)
            .map(|piece| piece.serial.clone())
            .collect();
        assert_eq!((first.len(), second.len(), serials.len()), (70, 60, 130));
    });
}
