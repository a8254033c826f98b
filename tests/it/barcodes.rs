//! `pennyblack barcode` as another program runs it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::commands::executable;

/// What the command says to these bytes, and its exit code.
fn answered(kind: &str, input: &[u8]) -> (String, Option<i32>) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(executable("pennyblack"));
    command.arg("--data").arg(folder.path());
    command.args(["barcode", kind, "--stdin"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let mut lines = running.stdin.take().unwrap();
    let input = input.to_vec();
    let feeding = std::thread::spawn(move || lines.write_all(&input).unwrap());
    let output = running.wait_with_output().unwrap();
    feeding.join().unwrap();
    (
        String::from_utf8(output.stdout).unwrap(),
        output.status.code(),
    )
}

#[test]
fn the_command_answers_every_line_and_ends_well() {
    let line = b"01234567094987654321,01234567891\n\nx\r\n\xff\n".as_slice();
    let (said, code) = answered("imb", &line.repeat(1_000));
    assert_eq!(code, Some(0));
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 4_000);
    let expected = [
        "AADTFFDFTDADTAADAATFDTDDAAADDTDTTDAFADADDDTFFFDDTTTADFAAADFTDAADA",
        "error: the line is empty",
        "error: 'x' is no digit",
        "error: the line is not text in UTF-8",
    ];
    assert!(lines.chunks(4).all(|answers| answers == expected), "{said}");
    assert_eq!(
        answered("s10", b"RB12345678US"),
        ("5\n".to_owned(), Some(0))
    );
    assert_eq!(
        answered("impb", b"940011120620640626078\n"),
        ("7\n".to_owned(), Some(0))
    );
    assert_eq!(answered("imb", b""), (String::new(), Some(0)));
    assert_eq!(answered("qr", b"").1, Some(2));
}
