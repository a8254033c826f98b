//! What is printed without value: slips, receipts, addresses; and the office's own art.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::PrintOut;

/// A slip to print.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct SlipCall {
    /// What it says.
    pub slip: Slip,
    /// Where it goes; `None` only draws it, as for files.
    #[serde(default)]
    pub out: Option<PrintOut>,
}

/// Something without value on paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Slip {
    /// The customer's receipt for a printed piece.
    Receipt {
        /// The piece's serial.
        serial: String,
    },
    /// What accompanies a spoiled piece that was claimed back.
    Refund {
        /// The piece's serial.
        serial: String,
    },
    /// What a day came to, with the registers.
    DayEnd {
        /// The day, ISO; `None` means today.
        #[serde(default)]
        day: Option<String>,
    },
    /// An address.
    Address {
        /// Its lines, separated by newlines.
        text: String,
        /// The digits of an Intelligent Mail barcode: 20 of tracking and 0, 5, 9 or 11 of routing.
        #[serde(default)]
        barcode: Option<String>,
    },
}

/// A slip that was drawn.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct SlipView {
    /// What it is, for example `receipt`.
    pub slip: String,
    /// What became of it, in a sentence.
    pub message: String,
    /// The bitmap as base64 PNG.
    pub png_base64: String,
    /// Its width, millimetres.
    pub width_mm: f64,
    /// Its height, millimetres.
    pub height_mm: f64,
    /// Dots per inch.
    pub dpi: u16,
}

/// What the office prints beside its postage; what is not named stays as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
pub struct SetOfficeArtCall {
    /// A logo, PNG as base64.
    #[serde(default)]
    pub logo_png_base64: Option<String>,
    /// Whether the logo is taken away.
    #[serde(default)]
    pub remove_logo: bool,
    /// The slogan; an empty one is none.
    #[serde(default)]
    pub slogan: Option<String>,
    /// The private message; an empty one is none.
    #[serde(default)]
    pub message: Option<String>,
}

/// What the office prints beside its postage.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct OfficeArtView {
    /// The logo as it is printed at 300 dpi, PNG as base64.
    pub logo_png_base64: Option<String>,
    /// The slogan; may be empty.
    pub slogan: String,
    /// The private message; may be empty.
    pub message: String,
}
