//! The post's barcodes are those that zint makes: bars and modules, one by one.

use std::process::Command;

use shared::gs1::{Element, modules};
use shared::imb::{bars, letters};
use system_tests::exchange::Chance;

/// Codes of each kind.
const COUNT: usize = 1_000;

/// Reads lines `imb TRACKING ROUTING` and `gs1 DATA` and prints the bars or modules of each.
const ZINT: &str = "
import sys
from zint import Symbol, Symbology
for line in sys.stdin.read().splitlines():
    kind, *words = line.split(' ')
    symbol = Symbol()
    if kind == 'imb':
        symbol.symbology = Symbology.USPS_IMAIL
        symbol.encode('-'.join(word for word in words if word))
        dots = symbol.encoded_data
        at = lambda row, column: dots[row, column // 8] >> (column % 8) & 1
        print(''.join('TADF'[at(0, bar * 2) + 2 * at(2, bar * 2)] for bar in range(65)))
    else:
        symbol.symbology = Symbology.GS1_128
        symbol.encode(words[0])
        dots = symbol.encoded_data
        print(''.join(str(dots[0, column // 8] >> (column % 8) & 1) for column in range(symbol.width)))
";

fn digits(chance: &mut Chance, count: usize) -> String {
    (0..count).map(|_| chance.below(10).to_string()).collect()
}

/// What zint says to each line; `None`, with a line that says so, when it is not installed.
fn zint(test: &str, lines: &[String]) -> Option<Vec<String>> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), lines.join("\n")).unwrap();
    let output = Command::new("python3")
        .arg("-c")
        .arg(ZINT)
        .stdin(file.reopen().unwrap())
        .output();
    match output {
        Ok(output) if !String::from_utf8_lossy(&output.stderr).contains("ModuleNotFoundError") => {
            let complaint = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{complaint}");
            let text = String::from_utf8(output.stdout).unwrap();
            Some(text.lines().map(str::to_owned).collect())
        }
        _ => {
            println!("SKIPPED {test}: zint (pip: zint-bindings) is not installed");
            None
        }
    }
}

#[test]
fn a_thousand_intelligent_mail_barcodes_are_those_of_zint() {
    let mut dice = Chance::new(7);
    let codes: Vec<(String, String)> = (0..COUNT)
        .map(|place| {
            let first = dice.below(10);
            let second = dice.below(5);
            let tracking = format!("{first}{second}{}", digits(&mut dice, 18));
            (tracking, digits(&mut dice, [0, 5, 9, 11][place % 4]))
        })
        .collect();
    let ours: Vec<String> = codes
        .iter()
        .map(|(tracking, routing)| letters(&bars(tracking, routing).unwrap()))
        .collect();
    let lines: Vec<String> = codes
        .iter()
        .map(|(tracking, routing)| format!("imb {tracking} {routing}"))
        .collect();
    let test = "a_thousand_intelligent_mail_barcodes_are_those_of_zint";
    if let Some(theirs) = zint(test, &lines) {
        assert_eq!(ours, theirs);
    }
}

#[test]
fn a_thousand_package_barcodes_are_those_of_zint() {
    let mut dice = Chance::new(11);
    let codes: Vec<Vec<(String, String)>> = (0..COUNT)
        .map(|place| {
            let zip = digits(&mut dice, [5, 9][place % 2]);
            let package = digits(&mut dice, [20, 24, 20, 28][place % 4]);
            let identifier = ["92", "93", "94", "95"][place / 2 % 4];
            vec![("420".to_owned(), zip), (identifier.to_owned(), package)]
        })
        .collect();
    let as_elements = |code: &[(String, String)]| -> String {
        let elements: Vec<Element<'_>> = code
            .iter()
            .map(|(identifier, value)| Element { identifier, value })
            .collect();
        let black = modules(&elements).unwrap();
        black
            .iter()
            .map(|black| if *black { '1' } else { '0' })
            .collect()
    };
    let ours: Vec<String> = codes.iter().map(|code| as_elements(code)).collect();
    let lines: Vec<String> = codes
        .iter()
        .map(|code| {
            let elements = code
                .iter()
                .map(|(identifier, value)| format!("[{identifier}]{value}"));
            format!("gs1 {}", elements.collect::<String>())
        })
        .collect();
    let test = "a_thousand_package_barcodes_are_those_of_zint";
    if let Some(theirs) = zint(test, &lines) {
        for ((ours, theirs), line) in ours.iter().zip(&theirs).zip(&lines) {
            assert_eq!(ours, theirs, "{line}");
        }
    }
}
