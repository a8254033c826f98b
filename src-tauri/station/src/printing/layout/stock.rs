//! The paper labels are printed on, and what goes where on it.

use super::{Area, FIM_FROM_RIGHT};
use crate::printing::units::Um;

/// White left of and below an indicium (DMM 604.4.3.3).
pub const CLEAR: Um = Um::inches(1, 2);

/// A kind of paper. Its width and height are those of a label as it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stock {
    /// What set-ups and command lines call it.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The width.
    pub width: Um,
    /// The height; on a roll that of a piece, while a slip is as long as what it says.
    pub height: Um,
    /// How it runs through a printer.
    pub feed: Feed,
    /// Where a piece of postage has its parts; none where it has no room.
    pub piece: Option<PiecePlaces>,
    /// Where an address goes.
    pub address: Option<Area>,
    /// Whether slips and receipts are printed on it.
    pub slips: bool,
    /// Where an admission ticket has its parts.
    pub ticket: Option<TicketPlaces>,
    /// Whether lottery tickets are printed on it.
    pub lottery: bool,
}

/// How a stock runs through a printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// Its upper edge first, each label as long as it is.
    Cut,
    /// Its upper edge first; a slip is as long as what it says.
    Roll,
    /// A narrow side first: for the head, the picture is turned a quarter.
    Sideways,
}

/// Where a piece of postage has its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PiecePlaces {
    /// Whether the upper edge of the piece carries a facing identification mark.
    pub fim: bool,
    /// Whether addresses carry a caption; on an envelope it would only disturb address readers.
    pub captions: bool,
    /// How the indicium is arranged.
    pub form: Form,
    /// The indicium: its top right corner is what the rest is measured from.
    pub indicium: Area,
    /// The return address, when there is room for it outside the clear zone.
    pub from: Option<Area>,
    /// The addressee; none on a strip that is stuck on the piece.
    pub to: Option<Area>,
    /// The base line of the reference, when there is room for it.
    pub footer: Option<Um>,
    /// Where office art would like to be; [`super::clear::ArtArea`] is what it gets.
    pub art: Option<Area>,
}

/// How an indicium is arranged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The amount over the symbol.
    Stacked,
    /// The amount beside the symbol: for a narrow strip.
    Beside,
}

/// Where an admission ticket has its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketPlaces {
    /// What the visitor keeps in the hand.
    pub body: Area,
    /// What is torn off, right of the perforation.
    pub stub: Option<Area>,
    /// How large the letters of the event are, in tenths of points.
    pub title: u32,
}

/// What can be printed on a stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Product {
    /// A piece of postage.
    Piece,
    /// An address label.
    Address,
    /// Receipts, refund slips, day-end slips.
    Slip,
    /// An admission ticket.
    Ticket,
    /// A lottery ticket.
    Lottery,
}

impl Product {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Piece,
        Self::Address,
        Self::Slip,
        Self::Ticket,
        Self::Lottery,
    ];

    /// Its word, as programs read it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Piece => "postage",
            Self::Address => "address",
            Self::Slip => "slip",
            Self::Ticket => "ticket",
            Self::Lottery => "lottery",
        }
    }
}

/// A stock that nothing is printed on yet: each below says what is different.
const BLANK: Stock = Stock {
    name: "",
    title: "",
    width: Um::ZERO,
    height: Um::ZERO,
    feed: Feed::Cut,
    piece: None,
    address: None,
    slips: false,
    ticket: None,
    lottery: false,
};

/// All stocks.
static STOCKS: [Stock; 13] = [
    Stock {
        name: "label-4x6",
        title: "label 4×6 in",
        width: Um::inches(4, 1),
        height: Um::inches(6, 1),
        piece: Some(PiecePlaces {
            from: Some(area(5_000, 69_000, 96_600, 90_000)),
            footer: Some(Um(147_000)),
            ..four_inches(area(5_000, 94_000, 96_600, 138_000))
        }),
        address: Some(area(5_000, 8_000, 96_600, 144_000)),
        slips: true,
        ticket: Some(TicketPlaces {
            body: area(5_000, 6_000, 96_600, 146_000),
            stub: None,
            title: 240,
        }),
        ..BLANK
    },
    envelope(
        ("envelope-10", "envelope No. 10"),
        (Um::inches(19, 2), Um::inches(33, 8)),
        area(8_000, 7_000, 110_000, 30_000),
        area(98_000, 67_000, 225_000, 90_000),
        area(113_000, 4_000, 163_500, 33_000),
    ),
    envelope(
        ("envelope-c56", "envelope C5/6"),
        (Um::mm(229), Um::mm(114)),
        area(8_000, 7_000, 95_000, 30_000),
        area(90_000, 72_000, 215_000, 98_000),
        area(98_000, 4_000, 151_500, 40_000),
    ),
    envelope(
        ("envelope-dl", "envelope DL"),
        (Um::mm(220), Um::mm(110)),
        area(8_000, 7_000, 88_000, 30_000),
        area(86_000, 68_000, 206_000, 94_000),
        area(91_000, 4_000, 142_500, 38_000),
    ),
    envelope(
        ("envelope-6-3-4", "envelope No. 6 3/4"),
        (Um::inches(13, 2), Um::inches(29, 8)),
        area(8_000, 7_000, 80_000, 28_000),
        area(60_000, 66_000, 152_000, 88_000),
        area(8_000, 31_000, 56_000, 60_000),
    ),
    Stock {
        name: "roll-62",
        title: "roll 62 mm",
        width: Um::mm(62),
        height: Um::mm(100),
        feed: Feed::Roll,
        piece: Some(narrow_roll(
            area(3_000, 3_000, 59_000, 53_000),
            area(3_000, 66_000, 59_000, 92_000),
        )),
        address: Some(area(3_000, 4_000, 59_000, 56_000)),
        slips: true,
        lottery: true,
        ..BLANK
    },
    Stock {
        name: "roll-80",
        title: "receipt roll 80 mm",
        width: Um::mm(72),
        height: Um::mm(100),
        feed: Feed::Roll,
        piece: Some(narrow_roll(
            area(5_000, 3_000, 69_000, 53_000),
            area(5_000, 66_000, 69_000, 92_000),
        )),
        address: Some(area(4_000, 4_000, 68_000, 56_000)),
        slips: true,
        ticket: Some(TicketPlaces {
            body: area(4_000, 4_000, 68_000, 116_000),
            stub: None,
            title: 180,
        }),
        lottery: true,
    },
    Stock {
        name: "roll-102",
        title: "roll 4 in",
        width: Um::inches(4, 1),
        height: Um::mm(100),
        feed: Feed::Roll,
        piece: Some(PiecePlaces {
            footer: Some(Um(96_000)),
            ..four_inches(area(5_000, 67_000, 96_600, 91_000))
        }),
        address: Some(area(5_000, 6_000, 96_600, 60_000)),
        slips: true,
        ..BLANK
    },
    Stock {
        name: "tape-41",
        title: "postage tape 1 5/8 × 5 1/2 in",
        width: Um::inches(11, 2),
        height: Um::inches(13, 8),
        feed: Feed::Sideways,
        piece: Some(PiecePlaces {
            fim: false,
            captions: false,
            form: Form::Beside,
            indicium: area(64_000, 2_000, 135_500, 39_200),
            from: None,
            to: None,
            footer: None,
            art: Some(area(4_000, 4_000, 51_000, 37_000)),
        }),
        ..BLANK
    },
    Stock {
        name: "label-89x28",
        title: "address label 89×28 mm",
        width: Um::mm(89),
        height: Um::mm(28),
        feed: Feed::Sideways,
        address: Some(area(3_200, 1_800, 85_800, 26_200)),
        ..BLANK
    },
    ticket_stock(
        ("ticket-2x5-5", "ticket 2×5 1/2 in"),
        (Um::inches(11, 2), Um::inches(2, 1)),
        Um::inches(3, 2),
        170,
    ),
    ticket_stock(
        ("ticket-2x7", "ticket 2×7 in"),
        (Um::inches(7, 1), Um::inches(2, 1)),
        Um::inches(3, 2),
        200,
    ),
    ticket_stock(
        ("ticket-3-25x8", "ticket 3 1/4×8 in"),
        (Um::inches(8, 1), Um::inches(13, 4)),
        Um::inches(2, 1),
        260,
    ),
];

/// From the right edge to the indicium on pieces with a facing identification mark, which stands
/// left of the amount.
const INDICIUM_RIGHT: Um = Um::mm(4);

/// From the right to the left edge of the indicium there: the mark's leftmost bar.
const INDICIUM_WIDTH: Um = Um(60_300);

/// The lower edge of the indicium there.
const INDICIUM_BOTTOM: Um = Um::mm(53);

// The mark's bars begin right of the indicium's left edge, within the zone that stays clear.
const _: () = assert!(FIM_FROM_RIGHT.0 + 13_500 <= INDICIUM_RIGHT.0 + INDICIUM_WIDTH.0 + CLEAR.0);

/// Places on paper of four inches with a facing identification mark.
const fn four_inches(to: Area) -> PiecePlaces {
    PiecePlaces {
        fim: true,
        captions: true,
        form: Form::Stacked,
        indicium: marked(Um::inches(4, 1)),
        from: None,
        to: Some(to),
        footer: None,
        art: Some(area(2_600, 4_000, 24_500, 53_000)),
    }
}

/// Places on a roll that is too narrow for a facing identification mark.
const fn narrow_roll(indicium: Area, to: Area) -> PiecePlaces {
    PiecePlaces {
        fim: false,
        captions: false,
        form: Form::Stacked,
        indicium,
        from: None,
        to: Some(to),
        footer: Some(Um(96_000)),
        art: Some(Area {
            left: to.left,
            top: Um(79_000),
            right: to.right,
            bottom: Um(92_700),
        }),
    }
}

/// The indicium of a piece of this width with a facing identification mark.
const fn marked(width: Um) -> Area {
    let right = width.0 - INDICIUM_RIGHT.0;
    area(right - INDICIUM_WIDTH.0, 2_000, right, INDICIUM_BOTTOM.0)
}

/// An envelope: nothing but addresses, indicium and art.
const fn envelope(
    (name, title): (&'static str, &'static str),
    (width, height): (Um, Um),
    from: Area,
    to: Area,
    art: Area,
) -> Stock {
    Stock {
        name,
        title,
        width,
        height,
        piece: Some(PiecePlaces {
            fim: true,
            captions: false,
            form: Form::Stacked,
            indicium: marked(width),
            from: Some(from),
            to: Some(to),
            footer: None,
            art: Some(art),
        }),
        address: Some(to),
        ..BLANK
    }
}

/// Ticket stock that runs narrow side first, with a stub at its right end.
const fn ticket_stock(
    (name, title): (&'static str, &'static str),
    (width, height): (Um, Um),
    stub: Um,
    letters: u32,
) -> Stock {
    let perforation = width.0 - stub.0;
    let bottom = height.0 - 3_000;
    Stock {
        name,
        title,
        width,
        height,
        feed: Feed::Sideways,
        ticket: Some(TicketPlaces {
            body: area(4_000, 3_000, perforation - 3_000, bottom),
            stub: Some(area(perforation + 3_000, 3_000, width.0 - 3_000, bottom)),
            title: letters,
        }),
        ..BLANK
    }
}

/// An area by its left, top, right and bottom edge in micrometres.
const fn area(left: u32, top: u32, right: u32, bottom: u32) -> Area {
    Area {
        left: Um(left),
        top: Um(top),
        right: Um(right),
        bottom: Um(bottom),
    }
}

impl Stock {
    /// The stock of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        STOCKS.iter().find(|stock| stock.name == name).copied()
    }

    /// All stocks, in the order they are offered.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &STOCKS
    }

    /// What of the paper runs through the printer for one piece.
    #[must_use]
    pub const fn fed_length(&self) -> Um {
        match self.feed {
            Feed::Cut | Feed::Roll => self.height,
            Feed::Sideways => self.width,
        }
    }

    /// Whether something can be printed on it.
    #[must_use]
    pub const fn takes(&self, product: Product) -> bool {
        match product {
            Product::Piece => self.piece.is_some(),
            Product::Address => self.address.is_some(),
            Product::Slip => self.slips,
            Product::Ticket => self.ticket.is_some(),
            Product::Lottery => self.lottery,
        }
    }

    /// What can be printed on it.
    pub fn products(&self) -> impl Iterator<Item = Product> {
        let stock = *self;
        Product::ALL
            .into_iter()
            .filter(move |product| stock.takes(*product))
    }
}
