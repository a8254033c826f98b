//! Paper without value by command: it comes out of a printer as it is shown, and no money moves.
#![cfg(unix)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use station::printing::bits::DotRect;
use station::printing::layout::stock::{Feed, Stock};
use station::printing::png::png;
use station::printing::profile::Profile;
use station::printing::units::{Dpi, Um};
use system_tests::printer::device::{Device, Faults};

use crate::commands::{Desk, Site};

/// A printer of a station, with its paper.
struct Loaded {
    device: Device,
    stock: Stock,
    dpi: Dpi,
}

impl Loaded {
    /// A printer that the station knows by the name of its stock.
    fn of(desk: &Desk, model: &str, stock: &str) -> Self {
        let profile = Profile::by_name(model).unwrap();
        let dpi = Dpi::from_number(profile.dpi[0]).unwrap();
        let paper = Stock::by_name(stock).unwrap();
        let sheet = profile.sheet(&paper, dpi).unwrap();
        let rows = dpi.dots(paper.height);
        let device = Device::new(profile.language, sheet, rows, Faults::default());
        let port = format!("tcp:{}", device.on_a_socket().unwrap());
        let words = ["printers", "add", stock, "--model", model, "--stock", stock];
        desk.tell(&[&words[..], &["--port", &port]].concat())
            .objects();
        Self {
            device,
            stock: paper,
            dpi,
        }
    }

    /// Prints something and demands that the paper is what was shown.
    fn shows(&self, desk: &Desk, words: &[&str]) -> Value {
        let words = [words, &["--printer", self.stock.name]].concat();
        let view = desk.tell(&words).object();
        let mut sheets = self.device.take_sheets();
        assert_eq!(sheets.len(), 1, "{view}");
        let sheet = sheets.remove(0);
        assert!(sheet.whole, "{view}");
        let paper = match self.stock.feed {
            Feed::Cut | Feed::Roll => sheet.picture,
            // What came out with its narrow side first, held as it is read.
            Feed::Sideways => {
                let rows = self.dpi.dots(self.stock.height);
                let across = DotRect {
                    x: 0,
                    y: 0,
                    width: rows,
                    height: sheet.picture.height(),
                };
                sheet.picture.crop(across).turned().turned().turned()
            }
        };
        let shown = BASE64.decode(view["png_base64"].as_str().unwrap()).unwrap();
        let millimetres = view["width_mm"].as_f64().unwrap();
        assert!((millimetres - self.stock.width.millimetres()).abs() < 0.01);
        let on_paper = paper.crop(DotRect {
            x: 0,
            y: 0,
            width: self.dpi.dots(self.stock.width),
            height: paper.height(),
        });
        assert_eq!(on_paper.black_dots(), paper.black_dots());
        assert!(png(&on_paper, self.dpi).unwrap() == shown, "{words:?}");
        view
    }
}

fn letter(desk: &Desk, printer: &str) -> String {
    let words = "print postage --class first-class --shape letter --weight 1oz --to 10001";
    let words: Vec<&str> = words.split(' ').chain(["--printer", printer]).collect();
    let piece = desk.tell(&words).object();
    assert_eq!(piece["state"], "printed", "{piece}");
    piece["serial"].as_str().unwrap().to_owned()
}

#[test]
fn slips_come_out_of_a_printer_as_they_are_shown_and_cost_nothing() {
    let site = Site::with_deposit("50.00");
    let desk = site.enrolled("station");
    desk.tell(&["refill", "20.00"]).object();
    let roll = Loaded::of(&desk, "zebra-zd421-203", "roll-62");
    let [kept, spoiled] = [0, 1].map(|_| letter(&desk, "roll-62"));
    assert_eq!(roll.device.take_sheets().len(), 2);
    desk.tell(&["resolve", &spoiled, "spoiled"]).object();
    let unclaimed = desk.tell(&["print", "refund-slip", &kept, "--printer", "roll-62"]);
    assert_eq!(unclaimed.error()["code"], "no_claim");
    desk.tell(&["refund", &spoiled]).object();
    let before = desk.tell(&["status"]).object()["registers"].clone();

    let receipt = roll.shows(&desk, &["print", "receipt", &kept]);
    assert_eq!(receipt["message"], "Printed the receipt on roll-62.");
    roll.shows(&desk, &["print", "refund-slip", &spoiled]);
    roll.shows(&desk, &["print", "day-end"]);
    let address = "Ada Lovelace\\n1 Beacon St\\nBoston MA 02108";
    roll.shows(&desk, &["print", "address", address]);
    // Longer than the roll is wide, and refused before the printer hears of it.
    let barcode = ["--barcode", "01234567094987654321"];
    let words = [&["print", "address", address][..], &barcode].concat();
    let wide = desk.tell(&[&words[..], &["--printer", "roll-62"]].concat());
    assert_eq!(wide.error()["code"], "text_too_long");
    assert!(roll.device.take_sheets().is_empty());

    let label = Loaded::of(&desk, "zpl", "label-89x28");
    label.shows(&desk, &words);
    let after = desk.tell(&["status"]).object()["registers"].clone();
    assert_eq!(before, after);
}

#[test]
fn office_art_is_chosen_by_command_and_printed_beside_the_postage() {
    let site = Site::with_deposit("50.00");
    let desk = site.enrolled("station");
    desk.tell(&["refill", "20.00"]).object();
    let label = Loaded::of(&desk, "zebra-zd421-203", "label-4x6");
    // Left of what stays clear beside the postage.
    let beside = DotRect {
        x: 0,
        y: 0,
        width: label.dpi.dots(Um::mm(24)),
        height: label.dpi.dots(Um::mm(53)),
    };
    let ink = || {
        letter(&desk, "label-4x6");
        let picture = label.device.take_sheets().remove(0).picture;
        picture.crop(beside).black_dots()
    };
    assert_eq!(ink(), 0);
    let chosen = ["art", "set", "--slogan", "Seeds that grow since 1911"];
    let art = desk.tell(&chosen).object();
    assert_eq!(art["slogan"], "Seeds that grow since 1911");
    assert!(ink() > 300);
    let foreign = desk.tell(&["art", "set", "--message", "種子"]);
    assert_eq!(foreign.error()["code"], "no_art");
    desk.tell(&["art", "clear"]).object();
    assert_eq!(desk.tell(&["art"]).object()["slogan"], "");
    assert_eq!(ink(), 0);
}
