//! The printers of a station.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::printing::profile::USUAL;

/// A printer to add.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct AddPrinterCall {
    /// The printer to add.
    pub printer: PrinterSetup,
}

/// A printer to remove.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct RemovePrinterCall {
    /// Its name.
    pub name: String,
}

/// How a printer is reached and what it prints on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PrinterSetup {
    /// What the clerk calls it.
    pub name: String,
    /// Its model, by the name in [`PrintersView::models`].
    #[serde(default = "usual_model")]
    pub model: String,
    /// How it is reached.
    pub port: PrinterPort,
    /// Dots per inch of the head: 203 or 300.
    pub dpi: u16,
    /// The stock that is loaded.
    pub stock: String,
    /// Whether the printer proves that a label is printed, as its model does. Without it every
    /// piece ends in the question to the clerk; a model that proves nothing is only added so.
    pub acknowledges: bool,
}

/// The model of set-ups from before there were models.
fn usual_model() -> String {
    USUAL.to_owned()
}

/// How a printer is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PrinterPort {
    /// A serial line.
    Serial {
        /// The device, for example `/dev/ttyUSB0` or `COM3`.
        path: String,
        /// Bits per second.
        baud: u32,
    },
    /// A USB printer's device path, for example `/dev/usb/lp0`.
    Device {
        /// The path.
        path: String,
    },
    /// A raw socket, usually port 9100.
    Tcp {
        /// Host and port.
        address: String,
    },
}

/// The printers of this station.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PrintersView {
    /// The printers.
    pub printers: Vec<PrinterSetup>,
    /// The papers a printer may hold.
    #[serde(default)]
    pub stocks: Vec<StockView>,
    /// The models a printer may be of.
    #[serde(default)]
    pub models: Vec<ModelView>,
}

/// A paper that a printer may hold.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct StockView {
    /// Its name in [`PrinterSetup::stock`].
    pub name: String,
    /// What the clerk calls it.
    pub title: String,
}

/// A model that a printer may be of.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ModelView {
    /// Its name in [`PrinterSetup::model`].
    pub name: String,
    /// What the clerk calls it.
    pub title: String,
    /// The resolutions of its head.
    pub dpi: Vec<u16>,
    /// The stocks it takes, by name.
    pub stocks: Vec<String>,
    /// Whether it can prove that a label is printed.
    pub acknowledges: bool,
}
