//! Many commands at once on one data folder: each says truly what became of its piece.

use std::process::Stdio;

use crate::commands::{Desk, Site, Told};

/// The words of a letter into a file.
const LETTER: [&str; 10] = [
    "print",
    "postage",
    "--class",
    "first-class",
    "--shape",
    "letter",
    "--weight",
    "1oz",
    "--to",
    "02108",
];

/// Runs commands of the clerk at once.
fn at_once(desk: &Desk, commands: &[Vec<String>]) -> Vec<Told> {
    let started: Vec<_> = commands
        .iter()
        .map(|words| {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let mut command = desk.command(&words);
            command.stdin(Stdio::null());
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    started
        .into_iter()
        .map(|command| {
            let output = command.wait_with_output().unwrap();
            Told {
                code: output.status.code(),
                out: text(output.stdout),
                err: text(output.stderr),
            }
        })
        .collect()
}

#[test]
fn many_commands_at_once_each_say_what_became_of_their_piece() {
    let site = Site::with_deposit("100.00");
    let desk = site.enrolled("desk");
    desk.tell(&["refill", "50.00"]).object();
    let csv = site.path("letters.csv");
    let mut rows = "name,address,city,state,zip,class,shape,weight\n".to_owned();
    for row in 0..12 {
        rows.push_str(&format!(
            "Ada {row},1 Beacon St,Boston,MA,02108,first-class,letter,1oz\n"
        ));
    }
    std::fs::write(&csv, rows).unwrap();
    let word = |path: &std::path::Path| path.display().to_string();
    let mut commands: Vec<Vec<String>> = Vec::new();
    for piece in 0..8 {
        let file = site.path(&format!("{piece}.png"));
        let letter = LETTER.map(str::to_owned).to_vec();
        commands.push([letter, vec!["--png".into(), word(&file)]].concat());
        // Commands that own the folder for an instant.
        commands.push(vec!["status".into()]);
    }
    let batch = ["print".into(), "batch".into(), word(&csv)];
    let out = ["--out".into(), word(&site.path("batch"))];
    commands.push([batch.to_vec(), out.to_vec()].concat());
    let told = at_once(&desk, &commands);
    let mut serials = std::collections::BTreeSet::new();
    for (words, told) in commands.iter().zip(&told) {
        assert_eq!(told.code, Some(0), "{words:?}: {told:?}");
        if words[0] == "print" && words[1] == "postage" {
            let serial = told.object()["serial"].as_str().unwrap().to_owned();
            assert!(serials.insert(serial), "{told:?}");
        }
    }
    assert_eq!(told.last().unwrap().object()["printed"], 12);
    assert!(site.path("letters.csv.result.csv").exists());
    let listed = desk.tell(&["pieces", "--limit", "100"]).objects();
    assert_eq!(listed.len(), 20, "what was debited was told");
    assert!(listed.iter().all(|piece| piece["state"] == "printed"));
    for serial in &serials {
        assert!(listed.iter().any(|piece| piece["serial"] == **serial));
    }
}
