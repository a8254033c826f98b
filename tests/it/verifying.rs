//! `pennyblack verify` on what was printed, and on what somebody altered. Programs that are not ours
//! judge the same files in `tests/foreign`.

use serde_json::{Value, json};

use crate::commands::{Desk, Site};

/// Weight and destination of the letters.
const LETTERS: [[&str; 2]; 3] = [["0.9oz", "10001"], ["1.8oz", "60605"], ["3.1oz", "94102"]];
/// The exit code of a failed verification.
const DAMAGED: i32 = 6;

#[test]
fn verify_accepts_pdf_png_and_digits_and_rejects_altered_ones() {
    let site = Site::with_deposit("1000.00");
    let desk = site.enrolled("station");
    desk.tell(&["refill", "50.00"]).object();
    for letter in LETTERS {
        let piece = &printed(&site, &desk, letter);
        for form in ["pdf", "png", "indicium_hex"] {
            let finding = desk.tell(&["verify", text(piece, form)]).object();
            assert_eq!(finding["genuine"], true, "{form}: {finding}");
            assert_eq!(finding["indicium_hex"], piece["indicium_hex"], "{form}");
            assert_eq!(finding["postage_mills"], piece["postage_mills"], "{form}");
        }
        let genuine = text(piece, "indicium_hex");
        // Certificate, PSD, ascending, postage, date, destination, descending, signature.
        for place in [2, 10, 14, 19, 22, 30, 41, 49, 112] {
            let altered = altered_byte(genuine, place);
            let told = desk.tell(&["verify", &altered]);
            assert_eq!(told.code, Some(DAMAGED), "byte {place}: {told:?}");
        }
    }
}

/// A printed letter with the places of its files.
fn printed(site: &Site, desk: &Desk, [weight, zip]: [&str; 2]) -> Value {
    let [pdf, png] = ["pdf", "png"].map(|ending| {
        let file = site.path(&format!("letter-{zip}.{ending}"));
        file.display().to_string()
    });
    let words = [
        "print",
        "postage",
        "--class",
        "first-class",
        "--shape",
        "letter",
        "--weight",
        weight,
        "--to",
        zip,
        "--pdf",
        &pdf,
        "--png",
        &png,
    ];
    let mut piece = desk.tell(&words).object();
    assert_eq!(piece["state"], "printed", "{piece}");
    piece["pdf"] = json!(pdf);
    piece["png"] = json!(png);
    piece
}

/// The same digits with one bit of one byte turned round.
fn altered_byte(digits: &str, place: usize) -> String {
    let mut bytes = hex::decode(digits).unwrap();
    bytes[place] ^= 1;
    hex::encode(bytes)
}

fn text<'a>(piece: &'a Value, name: &str) -> &'a str {
    piece[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name}: {piece}"))
}
