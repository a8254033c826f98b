//! Printer models as data: one file for each in `assets/printers/`, which says what it speaks, how
//! its head is made, which stocks it takes and how it proves that a piece is on paper.

use std::sync::LazyLock;

use serde::Deserialize;

use super::job::Manners;
use super::language::{Acknowledgement, Language, Sheet};
use super::layout::stock::Stock;
use super::port::SerialLine;
use super::units::Dpi;

/// The model of a set-up that names none: it spoke ESC/POS before there were models.
pub const USUAL: &str = "esc-pos";

/// The model of printers that take pages: nothing is known of them but what they say themselves.
pub const PAGES: &str = "ipp";

/// What people call it.
pub const PAGES_TITLE: &str = "Printer of pages (IPP)";

/// Dots per inch of printers of pages: what a label is drawn with to be read again before it is
/// paid; the page itself has lines and no dots.
pub const PAGE_DPI: u16 = 300;

/// Gap between labels in tenths of millimetres, where a file says nothing.
const USUAL_GAP: u16 = 30;

/// A model.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What set-ups and command lines call it: the name of its file.
    #[serde(skip)]
    pub name: &'static str,
    /// What people call it.
    pub title: String,
    /// Words by which it is known where it says what it is.
    #[serde(default)]
    known_by: Vec<String>,
    /// What it speaks.
    pub language: Language,
    /// The resolutions of its head; more than one where the file stands for many models.
    pub dpi: Vec<u16>,
    /// How it proves that a piece is on paper.
    pub acknowledgement: Acknowledgement,
    /// How its serial line is set, if it has one.
    #[serde(default)]
    pub serial: SerialLine,
    /// Millimetres of paper that are taken to be left when it says that the paper is nearly at its end.
    #[serde(default)]
    pub reserve_mm: u32,
    /// Dots of its head.
    head: usize,
    /// The stocks it takes; none where the file stands for many models, which take any.
    papers: Vec<Paper>,
    /// Whether it is sent only what every printer of its language draws alike, because the file
    /// stands for many models.
    #[serde(default)]
    plain: bool,
}

/// Where a stock lies under a head.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Paper {
    stock: String,
    left: usize,
    dots: usize,
    #[serde(default)]
    offset: usize,
    #[serde(default)]
    roll_mm: Option<u8>,
    #[serde(default = "usual_gap")]
    gap_tenths: u16,
}

const fn usual_gap() -> u16 {
    USUAL_GAP
}

macro_rules! profiles {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../assets/printers/", $name, ".json")))),+]
    };
}

/// The files, as they are offered.
const FILES: [(&str, &str); 14] = profiles![
    "esc-pos",
    "zpl",
    "boca-lemur-300",
    "brother-ql-1060n",
    "brother-ql-820nwb",
    "dymo-lw-450",
    "dymo-lw-4xl",
    "epson-tm-m30iii",
    "epson-tm-t20iii",
    "tsc-te210",
    "tsc-te310",
    "zebra-lp2844",
    "zebra-zd421-203",
    "zebra-zd421-300",
];

static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    FILES
        .into_iter()
        .map(|(name, text)| Profile {
            name,
            ..serde_json::from_str(text).expect("a test reads every committed file")
        })
        .collect()
});

impl Profile {
    /// All models, in the order they are offered.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &PROFILES
    }

    /// The model of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        PROFILES.iter().find(|profile| profile.name == name)
    }

    /// The model that says this of itself: the one whose word is the longest in it.
    #[must_use]
    pub fn known_as(said: &str) -> Option<&'static Self> {
        let said = said.to_ascii_uppercase();
        let longest = |profile: &&'static Self| {
            let words = profile.known_by.iter();
            let words = words.filter(|word| said.contains(word.as_str()));
            words.map(String::len).max()
        };
        PROFILES
            .iter()
            .filter_map(|profile| longest(&profile).map(|length| (length, profile)))
            .max_by_key(|(length, _)| *length)
            .map(|(_, profile)| profile)
    }

    /// The model that stands for all that speak one of these languages, as device ids name them.
    #[must_use]
    pub fn speaking(commands: &str) -> Option<&'static Self> {
        let commands = commands.to_ascii_uppercase();
        let names = ["ZPL", "ESC/POS", "ESCPOS"]
            .into_iter()
            .zip(["zpl", USUAL, USUAL]);
        names
            .filter(|(word, _)| commands.contains(word))
            .find_map(|(_, name)| Self::by_name(name))
    }

    /// A stock as this model sees it; `None` when it does not take the stock, or not at this
    /// resolution.
    #[must_use]
    pub fn sheet(&self, stock: &Stock, dpi: Dpi) -> Option<Sheet> {
        if !self.dpi.contains(&dpi.number()) {
            return None;
        }
        if self.papers.is_empty() {
            return Some(Sheet {
                plain: self.plain,
                ..Sheet::any(dpi)
            });
        }
        let paper = self.papers.iter().find(|paper| paper.stock == stock.name)?;
        Some(Sheet {
            dpi,
            head: self.head,
            left: paper.left,
            dots: paper.dots,
            offset: paper.offset,
            roll_mm: paper.roll_mm,
            gap_tenths: paper.gap_tenths,
            plain: self.plain,
        })
    }

    /// How it is spoken with on a sheet; where its proof is not `trusted`, each piece ends in the
    /// question to the clerk.
    #[must_use]
    pub const fn manners(&self, sheet: &Sheet, trusted: bool) -> Manners {
        Manners {
            language: self.language,
            proof: if trusted {
                self.acknowledgement
            } else {
                Acknowledgement::None
            },
            roll_mm: sheet.roll_mm,
        }
    }

    /// The stocks it takes.
    pub fn stocks(&self) -> impl Iterator<Item = &'static Stock> {
        Stock::all()
            .iter()
            .filter(|stock| self.papers.is_empty() || self.takes(stock))
    }

    fn takes(&self, stock: &Stock) -> bool {
        self.papers.iter().any(|paper| paper.stock == stock.name)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use shared::ids::{PieceSerial, PsdId};
    use shared::money::Mills;

    use super::*;
    use crate::printing::bits::BitImage;
    use crate::printing::escpos::AckTag;
    use crate::printing::language::Pace;
    use crate::printing::layout::indicium::{IndiciumFace, indicium_label};
    use crate::printing::layout::reference::reference_bytes;
    use crate::printing::layout::stock::Feed;
    use crate::printing::port::Flow;
    use crate::printing::raster::raster;
    use crate::printing::symbol;

    #[test]
    fn a_model_that_stands_for_many_gets_only_the_plain_commands_of_its_language() {
        for profile in Profile::all() {
            let stock = profile.stocks().next().unwrap();
            let dpi = Dpi::from_number(profile.dpi[0]).unwrap();
            let sheet = profile.sheet(stock, dpi).unwrap();
            let stands_for_many = profile.papers.is_empty();
            assert_eq!(sheet.plain, stands_for_many, "{}", profile.name);
        }
    }

    #[test]
    fn a_printer_that_looks_for_gaps_is_told_that_a_roll_has_none() {
        let image = BitImage::white(400, 80);
        for (language, on_a_roll, on_labels) in [
            (Language::Zpl, "^MNN", "^MNY"),
            (Language::Epl, "Q80,0\n", "Q80,24\n"),
            (Language::Tspl, "GAP 0.0 mm,", "GAP 3.0 mm,"),
        ] {
            let models = Profile::all().iter();
            let models = models.filter(|model| model.language == language);
            for (model, dpi) in models
                .filter(|model| !model.papers.is_empty())
                .map(|model| (model, Dpi::from_number(model.dpi[0]).unwrap()))
            {
                for (stock, said) in [("roll-62", on_a_roll), ("label-4x6", on_labels)] {
                    let sheet = model.sheet(&Stock::by_name(stock).unwrap(), dpi).unwrap();
                    let job = language.job(&image, &sheet, Pace::Fast, None).unwrap();
                    let text = String::from_utf8_lossy(&job.body).into_owned();
                    assert!(text.contains(said), "{} {stock}: {text}", model.name);
                }
            }
        }
        // Nothing is known of what any other printer looks for.
        let any = Profile::by_name("zpl").unwrap();
        let sheet = any.sheet(&Stock::all()[0], Dpi::D203).unwrap();
        let job = Language::Zpl.job(&image, &sheet, Pace::Fast, None).unwrap();
        assert!(!String::from_utf8_lossy(&job.body).contains("^MN"));
    }

    fn fullest_face() -> IndiciumFace {
        IndiciumFace {
            postage: Mills::new(999_999_990).unwrap(),
            date: date(2026, 11, 22),
            origin_zip: "78701".to_owned(),
            serial: PieceSerial {
                psd: PsdId::specimen(42),
                counter: u32::MAX,
            },
            class_marking: "FIRST-CLASS MAIL INTERNATIONAL".to_owned(),
            rate_marking: "Metered large envelope, 12.9 oz".to_owned(),
            zone: None,
            to: vec!["Minnie Ellsworth Wellington-Smythe".to_owned(); 6],
            from: vec!["The return department of a company".to_owned(); 4],
            reference: "Cost centre 4711 of the northern region".to_owned(),
            specimen: true,
        }
    }

    #[test]
    fn every_file_is_offered_and_every_offer_is_a_file() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/printers");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let mut offered: Vec<String> = Profile::all()
            .iter()
            .map(|profile| format!("{}.json", profile.name))
            .collect();
        offered.sort();
        assert_eq!(files, offered);
        assert!(Profile::by_name(USUAL).is_some());
    }

    #[test]
    fn the_fullest_label_of_each_stock_lies_under_the_head_of_each_model_that_takes_it() {
        let symbol = symbol::encode(&reference_bytes()).unwrap();
        let face = fullest_face();
        for profile in Profile::all() {
            assert!(profile.stocks().count() > 0, "{}", profile.name);
            for stock in profile.stocks().filter(|stock| stock.piece.is_some()) {
                for dpi in profile
                    .dpi
                    .iter()
                    .map(|&number| Dpi::from_number(number).unwrap())
                {
                    let sheet = profile.sheet(stock, dpi).unwrap();
                    assert!(sheet.offset + sheet.dots <= sheet.head, "{}", profile.name);
                    let label = indicium_label(&face, None, &symbol, *stock, dpi);
                    let mut image = raster(&label.unwrap(), dpi);
                    if stock.feed == Feed::Sideways {
                        image = image.turned();
                    }
                    let tag = profile.manners(&sheet, true).tag(7);
                    let job = profile.language.job(&image, &sheet, Pace::Fast, tag);
                    assert!(job.is_ok(), "{} {}: {job:?}", profile.name, stock.name);
                }
            }
        }
    }

    #[test]
    fn a_model_takes_its_own_stocks_at_its_own_resolution_and_no_other() {
        let brother = Profile::by_name("brother-ql-820nwb").unwrap();
        let [roll, label] = ["roll-62", "label-4x6"].map(|name| Stock::by_name(name).unwrap());
        assert_eq!(brother.sheet(&roll, Dpi::D300).unwrap().roll_mm, Some(62));
        assert_eq!(brother.sheet(&label, Dpi::D300), None);
        assert_eq!(brother.sheet(&roll, Dpi::D203), None);
        let any = Profile::by_name("zpl").unwrap();
        assert!(any.sheet(&label, Dpi::D203).is_some());
    }

    #[test]
    fn the_serial_line_of_a_model_carries_what_its_language_needs() {
        for profile in Profile::all() {
            let line = profile.serial;
            assert!(
                [7, 8].contains(&line.data_bits) && [1, 2].contains(&line.stop_bits),
                "{}",
                profile.name
            );
            // Only ZPL is written in letters.
            assert!(line.data_bits == 8 || profile.language == Language::Zpl);
            // A ticket printer's words are the very bytes that would be taken for flow control.
            assert!(line.flow != Flow::XonXoff || profile.language != Language::Fgl);
        }
        let zebra = Profile::by_name("zebra-zd421-203").unwrap();
        assert_eq!(zebra.serial.flow, Flow::XonXoff);
    }

    #[test]
    fn no_word_by_which_a_model_is_known_lies_in_what_another_says() {
        for profile in Profile::all() {
            for word in &profile.known_by {
                assert_eq!(*word, word.to_ascii_uppercase());
                let known = Profile::known_as(&format!("Maker {word} X")).unwrap();
                assert_eq!(known.name, profile.name, "{word}");
            }
        }
        let known = |said| Profile::known_as(said).map(|profile| profile.name);
        assert_eq!(known("DYMO LabelWriter 450 Turbo"), Some("dymo-lw-450"));
        assert_eq!(known("DYMO LabelWriter 4XL"), Some("dymo-lw-4xl"));
        assert_eq!(known("Example Printer"), None);
    }

    #[test]
    fn what_is_not_trusted_proves_nothing() {
        let zebra = Profile::by_name("zebra-zd421-203").unwrap();
        let sheet = Sheet::any(Dpi::D203);
        assert_eq!(zebra.manners(&sheet, true).proof, Acknowledgement::Odometer);
        assert!(!zebra.manners(&sheet, false).must_answer());
        let epson = Profile::by_name(USUAL).unwrap();
        assert_eq!(
            epson.manners(&sheet, true).tag(0),
            Some(AckTag::numbered(0))
        );
        assert_eq!(epson.manners(&sheet, false).tag(0), None);
    }
}
