//! Labels of every kind on every stock, for tests.

use jiff::civil::{date, datetime};
use shared::ids::{PieceSerial, PsdId};
use shared::imb;
use shared::money::Mills;

use super::address::{AddressFace, address_label};
use super::indicium::{IndiciumFace, indicium_label};
use super::lottery::{LotteryFace, Panel, lottery_label};
use super::slip::{
    DayEndFace, DayLine, PieceLines, RefundFace, SlipHead, day_end_slip, receipt, refund_slip,
};
use super::stock::{Product, Stock};
use super::ticket::{TicketFace, ticket_label};
use crate::printing::art::{Logo, OfficeArt};
use crate::printing::label::Label;
use crate::printing::symbol::{self, Symbol};
use crate::printing::units::Dpi;

/// What the symbol of a piece says.
pub(crate) const PIECE_BYTES: [u8; 124] = [0xA5; 124];

/// What the symbol of a ticket says.
pub(crate) const TICKET_BYTES: [u8; 110] = [0x3C; 110];

/// The symbol of a piece.
pub(crate) fn piece_symbol() -> Symbol {
    symbol::encode(&PIECE_BYTES).unwrap()
}

/// The symbol of a ticket.
pub(crate) fn ticket_symbol() -> Symbol {
    symbol::encode(&TICKET_BYTES).unwrap()
}

/// A label with what its symbol says.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) stock: Stock,
    pub(crate) label: Label,
    pub(crate) symbol: Option<Vec<u8>>,
}

pub(crate) fn serial() -> PieceSerial {
    PieceSerial {
        psd: PsdId::specimen(42),
        counter: 7,
    }
}

pub(crate) fn strings<const N: usize>(lines: [&str; N]) -> Vec<String> {
    lines.map(str::to_owned).to_vec()
}

pub(crate) fn piece_face() -> IndiciumFace {
    IndiciumFace {
        postage: Mills::new(785).unwrap(),
        date: date(2026, 11, 22),
        origin_zip: "78701".to_owned(),
        serial: serial(),
        class_marking: "FIRST-CLASS MAIL".to_owned(),
        rate_marking: "Metered letter, 0.9 oz".to_owned(),
        zone: None,
        to: strings([
            "Minnie Ellsworth",
            "12 N Main St Apt 4",
            "Boise ID 83702-5841",
        ]),
        from: strings(["Longhorn Seed Co", "100 Congress Ave", "Austin TX 78701"]),
        reference: "Cost centre 4711".to_owned(),
        specimen: true,
    }
}

/// A seed in a ring, drawn large: black, white and grey.
pub(crate) fn art() -> OfficeArt {
    let picture = image::GrayImage::from_fn(600, 360, |x, y| {
        let (dx, dy) = (i64::from(x) - 300, i64::from(y) - 180);
        let ring = (dx * dx + dy * dy).isqrt();
        let grey = match ring {
            150..=175 => 0,
            60..150 if dy > 0 => 160,
            ..60 => 0,
            _ => 255,
        };
        image::Luma([grey])
    });
    let mut file = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut file, image::ImageFormat::Png)
        .unwrap();
    OfficeArt {
        logo: Some(Logo::from_png(file.get_ref()).unwrap()),
        slogan: "Seeds that grow since 1911".to_owned(),
        message: "Personal - by hand only".to_owned(),
    }
}

pub(crate) fn head() -> SlipHead {
    SlipHead {
        office: "Longhorn Seed Co".to_owned(),
        station: PsdId::specimen(42).to_string(),
        printed: datetime(2026, 11, 22, 17, 4, 0, 0),
        specimen: true,
    }
}

pub(crate) fn lines() -> PieceLines {
    PieceLines {
        serial: serial(),
        kind: "First-Class letter".to_owned(),
        weight: "0.9 oz".to_owned(),
        to: "Boise ID".to_owned(),
        date: date(2026, 11, 22),
        postage: Mills::new(785).unwrap(),
    }
}

pub(crate) fn refund_face() -> RefundFace {
    RefundFace {
        piece: lines(),
        standing: "Credited to the account for refills; taken back if the piece turns up in the \
                   mail."
            .to_owned(),
        final_on: Some(date(2027, 1, 21)),
    }
}

pub(crate) fn day_end_face() -> DayEndFace {
    let line = |kind: &str, pieces, mills| DayLine {
        kind: kind.to_owned(),
        pieces,
        postage: Mills::new(mills).unwrap(),
    };
    DayEndFace {
        day: date(2026, 11, 22),
        lines: vec![
            line("First-Class letter", 241, 188_585),
            line("First-Class large envelope", 12, 20_280),
            line("Ground Advantage parcel", 31, 228_940),
            line("Priority Mail flat-rate small box", 3, 33_150),
        ],
        total: line("all pieces", 287, 470_955),
        spoiled: line("spoiled", 2, 1_570),
        ascending: Mills::new(5_218_430).unwrap(),
        descending: Mills::new(781_570).unwrap(),
        control_total: Mills::new(6_000_000).unwrap(),
        piece_count: 3_114,
        holds: true,
    }
}

pub(crate) fn ticket_face() -> TicketFace {
    TicketFace {
        event: "The Marriage of Figaro".to_owned(),
        venue: "Paramount Theatre, 713 Congress Ave, Austin TX".to_owned(),
        begins: datetime(2026, 12, 18, 19, 30, 0, 0),
        places: [("SECTION", "ORCH"), ("ROW", "K"), ("SEAT", "114")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        admits: "Adult".to_owned(),
        price: "$64.00".to_owned(),
        serial: "FIG-2026-00004711".to_owned(),
        terms: "No refunds or exchanges. Late seating at the interval only.".to_owned(),
        specimen: true,
    }
}

pub(crate) fn lottery_face() -> LotteryFace {
    LotteryFace {
        game: "Lone Star 5/69".to_owned(),
        game_id: "0117".to_owned(),
        panels: vec![
            Panel {
                numbers: vec![4, 17, 23, 48, 66],
                extra: vec![9],
                quick: false,
            },
            Panel {
                numbers: vec![1, 12, 30, 31, 69],
                extra: vec![26],
                quick: true,
            },
        ],
        draw: datetime(2026, 11, 25, 22, 59, 0, 0),
        sold: datetime(2026, 11, 22, 17, 4, 31, 0),
        terminal: "ZZ010000000042".to_owned(),
        cost: Mills::new(4_000).unwrap(),
        validation: "04711882930014523397".to_owned(),
        expires: date(2027, 5, 24),
        demo: true,
    }
}

pub(crate) fn address_face() -> AddressFace {
    AddressFace {
        lines: piece_face().to,
        barcode: Some(imb::bars("01234567094987654321", "01234567891").unwrap()),
    }
}

/// Every kind of label on every stock that takes it.
pub(crate) fn all(dpi: Dpi) -> Vec<Sample> {
    let (piece_symbol, ticket_symbol) = (piece_symbol(), ticket_symbol());
    let art = art();
    let mut samples = Vec::new();
    for stock in Stock::all() {
        let mut add = |kind: &str, label: Label, symbol: Option<&[u8]>| {
            samples.push(Sample {
                name: format!("{kind}-{}", stock.name),
                stock: *stock,
                label,
                symbol: symbol.map(<[u8]>::to_vec),
            });
        };
        for product in stock.products() {
            match product {
                Product::Piece => {
                    for (kind, art) in [("piece", None), ("piece-with-art", Some(&art))] {
                        let label = indicium_label(&piece_face(), art, &piece_symbol, *stock, dpi);
                        add(kind, label.unwrap(), Some(&PIECE_BYTES));
                    }
                }
                Product::Address => {
                    let plain = AddressFace {
                        barcode: None,
                        ..address_face()
                    };
                    add("address", address_label(&plain, stock, dpi).unwrap(), None);
                    if let Ok(label) = address_label(&address_face(), stock, dpi) {
                        add("address-with-barcode", label, None);
                    }
                }
                Product::Slip => {
                    let head = head();
                    let label = receipt(&head, &lines(), stock, dpi).unwrap();
                    add("receipt", label, None);
                    let label = refund_slip(&head, &refund_face(), stock, dpi).unwrap();
                    add("refund-slip", label, None);
                    let label = day_end_slip(&head, &day_end_face(), stock, dpi).unwrap();
                    add("day-end", label, None);
                }
                Product::Ticket => {
                    let label = ticket_label(&ticket_face(), &ticket_symbol, stock, dpi);
                    add("ticket", label.unwrap(), Some(&TICKET_BYTES));
                }
                Product::Lottery => {
                    let label = lottery_label(&lottery_face(), &ticket_symbol, stock, dpi);
                    add("lottery", label.unwrap(), Some(&TICKET_BYTES));
                }
            }
        }
    }
    samples
}
