//! The paper labels are printed on.

use super::Area;
use crate::printing::units::Um;

/// A kind of paper and what goes where on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stock {
    /// What set-ups and command lines call it.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The width.
    pub width: Um,
    /// The height.
    pub height: Um,
    /// Whether the upper edge of the piece carries a facing identification mark.
    pub fim: bool,
    /// Whether addresses carry a caption; on an envelope it would only disturb address readers.
    pub captions: bool,
    /// The indicium: its top right corner is what the rest is measured from.
    pub indicium: Area,
    /// The return address, when there is room for it outside the clear zone.
    pub from: Option<Area>,
    /// The addressee.
    pub to: Area,
    /// The base line of the reference, when there is room for it.
    pub footer: Option<Um>,
}

/// All stocks.
static STOCKS: [Stock; 5] = [
    Stock {
        name: "label-4x6",
        title: "label 4×6 in",
        width: Um::inches(4, 1),
        height: Um::inches(6, 1),
        fim: true,
        captions: true,
        indicium: area(37_300, 2_000, 97_600, 53_000),
        from: Some(area(5_000, 69_000, 96_600, 90_000)),
        to: area(5_000, 94_000, 96_600, 138_000),
        footer: Some(Um(147_000)),
    },
    Stock {
        name: "envelope-10",
        title: "envelope No. 10",
        width: Um::inches(19, 2),
        height: Um::inches(33, 8),
        fim: true,
        captions: false,
        indicium: area(177_000, 2_000, 237_300, 53_000),
        from: Some(area(8_000, 7_000, 110_000, 30_000)),
        to: area(98_000, 67_000, 225_000, 90_000),
        footer: None,
    },
    Stock {
        name: "envelope-6-3-4",
        title: "envelope No. 6 3/4",
        width: Um::inches(13, 2),
        height: Um::inches(29, 8),
        fim: true,
        captions: false,
        indicium: area(100_800, 2_000, 161_100, 53_000),
        from: Some(area(8_000, 7_000, 80_000, 28_000)),
        to: area(60_000, 66_000, 152_000, 88_000),
        footer: None,
    },
    Stock {
        name: "roll-62",
        title: "roll 62 mm",
        width: Um::mm(62),
        height: Um::mm(100),
        fim: false,
        captions: true,
        indicium: area(3_000, 3_000, 59_000, 50_000),
        from: None,
        to: area(3_000, 56_000, 59_000, 92_000),
        footer: Some(Um(97_000)),
    },
    Stock {
        name: "roll-80",
        title: "receipt roll 80 mm",
        width: Um::mm(72),
        height: Um::mm(100),
        fim: false,
        captions: true,
        indicium: area(5_000, 3_000, 69_000, 50_000),
        from: None,
        to: area(5_000, 56_000, 69_000, 92_000),
        footer: Some(Um(97_000)),
    },
];

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
}
