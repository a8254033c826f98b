//! The preview is what comes out of the printer: every kind of label on every stock of every model,
//! in the model's language, by interpreters that share no code with the encoders.

use jiff::civil::{date, datetime};
use shared::ids::{PieceSerial, PsdId};
use shared::money::Mills;
use station::printing::bits::{BitImage, DotRect};
use station::printing::label::Label;
use station::printing::language::{Pace, Sheet};
use station::printing::layout::LayoutRefusal;
use station::printing::layout::address::{AddressFace, address_label};
use station::printing::layout::indicium::{IndiciumFace, indicium_label};
use station::printing::layout::lottery::{LotteryFace, Panel, lottery_label};
use station::printing::layout::slip::{PieceLines, SlipHead, receipt};
use station::printing::layout::stock::{Feed, Product, Stock};
use station::printing::layout::ticket::{TicketFace, ticket_label};
use station::printing::profile::Profile;
use station::printing::raster::raster;
use station::printing::symbol::{self, Symbol};
use station::printing::units::Dpi;
use system_tests::printer::{Effect, interpreter, print_all, shows};

fn serial() -> PieceSerial {
    PieceSerial {
        psd: PsdId::specimen(42),
        counter: 7,
    }
}

fn postage() -> Mills {
    Mills::new(785).unwrap()
}

fn lines() -> Vec<String> {
    ["Minnie Ellsworth", "12 N Main St", "Boise ID 83702"]
        .map(str::to_owned)
        .to_vec()
}

fn piece() -> IndiciumFace {
    IndiciumFace {
        postage: postage(),
        date: date(2026, 11, 22),
        origin_zip: "78701".to_owned(),
        serial: serial(),
        class_marking: "FIRST-CLASS MAIL".to_owned(),
        rate_marking: "Metered letter, 0.9 oz".to_owned(),
        zone: None,
        to: lines(),
        from: Vec::new(),
        reference: "Cost centre 4711".to_owned(),
        specimen: true,
    }
}

fn ticket() -> TicketFace {
    TicketFace {
        event: "The Marriage of Figaro".to_owned(),
        venue: "Paramount Theatre".to_owned(),
        begins: datetime(2026, 12, 18, 19, 30, 0, 0),
        places: vec![("SEAT".to_owned(), "K 114".to_owned())],
        admits: "Adult".to_owned(),
        price: "$64.00".to_owned(),
        serial: "FIG-4711".to_owned(),
        terms: String::new(),
        specimen: true,
    }
}

fn lottery() -> LotteryFace {
    let panel = Panel {
        numbers: vec![4, 17, 23, 48, 66],
        extra: vec![9],
        quick: true,
    };
    LotteryFace {
        game: "Lone Star 5/69".to_owned(),
        game_id: "0117".to_owned(),
        panels: vec![panel; 5],
        draw: datetime(2026, 11, 25, 22, 59, 0, 0),
        sold: datetime(2026, 11, 22, 17, 4, 31, 0),
        terminal: "ZZ010000000042".to_owned(),
        cost: Mills::new(10_000).unwrap(),
        validation: "04711882930014523397".to_owned(),
        expires: date(2027, 5, 24),
        demo: true,
    }
}

fn label(
    product: Product,
    symbol: &Symbol,
    stock: &Stock,
    dpi: Dpi,
) -> Result<Label, LayoutRefusal> {
    match product {
        Product::Piece => indicium_label(&piece(), None, symbol, *stock, dpi),
        Product::Address => {
            let face = AddressFace {
                lines: lines(),
                barcode: None,
            };
            address_label(&face, stock, dpi)
        }
        Product::Slip => {
            let head = SlipHead {
                office: "Longhorn Seed Co".to_owned(),
                station: PsdId::specimen(42).to_string(),
                printed: datetime(2026, 11, 22, 17, 4, 0, 0),
                specimen: true,
            };
            let face = PieceLines {
                serial: serial(),
                kind: "First-Class letter".to_owned(),
                weight: "0.9 oz".to_owned(),
                to: "Boise ID".to_owned(),
                date: date(2026, 11, 22),
                postage: postage(),
            };
            receipt(&head, &face, stock, dpi)
        }
        Product::Ticket => ticket_label(&ticket(), symbol, stock, dpi),
        Product::Lottery => lottery_label(&lottery(), symbol, stock, dpi),
    }
}

#[test]
fn the_preview_of_every_label_is_the_paper_of_every_model() {
    let symbol = symbol::encode(&[0xA5; 124]).unwrap();
    let mut papers = 0;
    for profile in Profile::all() {
        for stock in profile.stocks() {
            for dpi in profile.dpi.iter().filter_map(|&dpi| Dpi::from_number(dpi)) {
                let sheet = profile.sheet(stock, dpi).unwrap();
                for product in stock.products() {
                    let name = format!("{} {} {product:?} {dpi:?}", profile.name, stock.name);
                    let label = label(product, &symbol, stock, dpi);
                    let label = label.unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
                    let preview = raster(&label, dpi);
                    // A stock that runs sideways gets the preview turned a quarter.
                    let image = match stock.feed {
                        Feed::Cut | Feed::Roll => preview,
                        Feed::Sideways => preview.turned(),
                    };
                    let tag = profile.manners(&sheet, true).tag(7);
                    let job = profile.language.job(&image, &sheet, Pace::Fast, tag);
                    let job = job.unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
                    let wanted = sheet_of(&image, &sheet);
                    let mut printer = interpreter(profile.language, &sheet, wanted.height());
                    let (sheets, effects) = print_all(printer.as_mut(), &job.bytes());
                    assert!(!effects.contains(&Effect::Garbage), "{name}");
                    assert_eq!(sheets.len(), 1, "{name}");
                    assert!(shows(&sheets[0], &wanted, job.shift), "{name}");
                    assert_eq!(wanted.black_dots(), image.black_dots(), "{name}");
                    papers += 1;
                }
            }
        }
    }
    assert!(papers > 150, "{papers}");
}

/// What part of a picture a sheet holds.
fn sheet_of(image: &BitImage, sheet: &Sheet) -> BitImage {
    image.crop(DotRect {
        x: sheet.left,
        y: 0,
        width: sheet.dots.min(image.width().saturating_sub(sheet.left)),
        height: image.height(),
    })
}
