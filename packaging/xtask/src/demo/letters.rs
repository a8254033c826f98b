//! The three letters of the headless run: different weights, different destinations.

/// One letter.
#[derive(Debug)]
pub(super) struct Letter {
    /// The stem of its files' names.
    pub(super) name: &'static str,
    /// Its weight as a clerk types it.
    pub(super) weight: &'static str,
    /// Its destination as digits.
    pub(super) zip: &'static str,
    /// The addressee, as it stands on the label.
    pub(super) address: &'static str,
}

/// The files of one letter, in the order of `summary.json`: PDF, PNG, ESC/POS.
#[derive(Clone, Debug)]
pub(super) struct Files {
    /// The vector PDF.
    pub(super) pdf: String,
    /// The picture at 300 dpi.
    pub(super) png: String,
    /// The byte stream for a label printer.
    pub(super) escpos: String,
}

impl Letter {
    /// The names of its files.
    pub(super) fn files(&self) -> Files {
        let named = |ending: &str| format!("{}.{ending}", self.name);
        Files {
            pdf: named("pdf"),
            png: named("png"),
            escpos: named("escpos"),
        }
    }
}

/// Public buildings, so that no private person gets into a demo.
pub(super) const LETTERS: [Letter; 3] = [
    Letter {
        name: "letter-1",
        weight: "0.9oz",
        zip: "10001",
        address: "James A. Farley Building\n421 8th Ave\nNew York NY 10001",
    },
    Letter {
        name: "letter-2",
        weight: "1.8oz",
        zip: "60605",
        address: "Field Museum, Mail Room\n1400 S DuSable Lake Shore Dr\nChicago IL 60605",
    },
    Letter {
        name: "letter-3",
        weight: "3.1oz",
        zip: "94102",
        address: "San Francisco City Hall\n1 Dr Carlton B Goodlett Pl\nSan Francisco CA 94102",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letters_differ_in_weight_destination_and_files() {
        for (place, letter) in LETTERS.iter().enumerate() {
            assert!(letter.address.ends_with(letter.zip), "{}", letter.name);
            for other in &LETTERS[place + 1..] {
                assert_ne!(letter.weight, other.weight);
                assert_ne!(letter.zip, other.zip);
                assert_ne!(letter.name, other.name);
            }
        }
    }
}
