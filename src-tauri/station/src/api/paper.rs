//! What a person looks at to tell what became of paper.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Asks for the picture of a piece that may be on paper.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PictureCall {
    /// The piece's serial.
    pub serial: String,
}

/// The picture to look for. Its symbol is a dummy of the same size: whoever has the real one of an
/// unprinted piece could print it elsewhere.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PictureView {
    /// The piece's serial.
    pub pictured: String,
    /// The bitmap as base64 PNG.
    pub png_base64: String,
    /// The label's width, millimetres.
    pub width_mm: f64,
    /// The label's height, millimetres.
    pub height_mm: f64,
}

/// Prints a test page, which is worth nothing.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct TestPrinterCall {
    /// The printer's name.
    pub name: String,
}

/// A test page that went to a printer.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct TestPageView {
    /// The printer's name.
    pub tested: String,
    /// Whether the printer has proved that the page is on paper; one that proves nothing is looked at.
    pub proved: bool,
    /// What to look for on the page.
    pub look: String,
}
