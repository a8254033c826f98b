//! The printers of a station.

use std::fmt;

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
    /// Dots per inch of the head: 203, 300 or 600.
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
    /// A printer on a USB port, without a driver of its own.
    Usb {
        /// Vendor and product, four hexadecimal digits each: `04b8:0e28`.
        id: String,
        /// Its serial number, if it has one.
        #[serde(default)]
        serial: Option<String>,
        /// The port it hangs on, bus and ports of hubs: `1-4.2`; only where the serial number does
        /// not tell it from its equals.
        #[serde(default)]
        place: Option<String>,
    },
    /// A printer of pages, on the network or behind a print server.
    Ipp {
        /// Its address, `ipp://` or `ipps://`.
        uri: String,
        /// The SHA-256 of its certificate in hexadecimal digits, for `ipps://`; found when it is
        /// added.
        #[serde(default)]
        certificate: Option<String>,
    },
    /// A printer of the spooler of Windows.
    Spooler {
        /// Its name in Windows.
        name: String,
    },
}

/// What a port looks like on a command line.
pub const PORT_FORMS: &str = "serial:PATH[@BAUD], device:PATH, tcp:HOST:PORT, \
    usb:VENDOR:PRODUCT[/SERIAL][@PLACE], spooler:NAME, or an ipp:// or ipps:// address";

/// Bits per second of a serial printer when nobody says.
const USUAL_BAUD: u32 = 115_200;

impl PrinterPort {
    /// Reads a port as it stands on a command line, as [`PORT_FORMS`] says; its [`Display`] is the
    /// way back.
    ///
    /// [`Display`]: fmt::Display
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        if rest.is_empty() {
            return None;
        }
        Some(match kind {
            "serial" => {
                let (path, baud) = match rest.rsplit_once('@') {
                    Some((path, baud)) => (path, baud.parse().ok()?),
                    None => (rest, USUAL_BAUD),
                };
                let path = path.to_owned();
                Self::Serial { path, baud }
            }
            "device" => Self::Device {
                path: rest.to_owned(),
            },
            "tcp" if rest.contains(':') => Self::Tcp {
                address: rest.to_owned(),
            },
            "usb" => {
                let (rest, place) = match rest.rsplit_once('@') {
                    Some((rest, place)) if is_place(place) => (rest, Some(place.to_owned())),
                    Some(_) | None => (rest, None),
                };
                let (id, serial) = match rest.split_once('/') {
                    Some((id, serial)) => (id, Some(serial.to_owned())),
                    None => (rest, None),
                };
                let serial = serial.filter(|serial| !serial.is_empty());
                usb_id(id)?;
                let id = id.to_ascii_lowercase();
                Self::Usb { id, serial, place }
            }
            "ipp" | "ipps" if rest.starts_with("//") => Self::Ipp {
                uri: text.to_owned(),
                certificate: None,
            },
            "spooler" => Self::Spooler {
                name: rest.to_owned(),
            },
            _ => return None,
        })
    }
}

impl fmt::Display for PrinterPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serial { path, baud } => write!(f, "serial:{path}@{baud}"),
            Self::Device { path } => write!(f, "device:{path}"),
            Self::Tcp { address } => write!(f, "tcp:{address}"),
            Self::Usb { id, serial, place } => {
                write!(f, "usb:{id}")?;
                if let Some(serial) = serial {
                    write!(f, "/{serial}")?;
                }
                place.iter().try_for_each(|place| write!(f, "@{place}"))
            }
            Self::Ipp { uri, .. } => f.write_str(uri),
            Self::Spooler { name } => write!(f, "spooler:{name}"),
        }
    }
}

/// Vendor and product of an id such as `04b8:0e28`.
#[must_use]
pub fn usb_id(id: &str) -> Option<(u16, u16)> {
    let half = |text: &str| {
        let is_hex = text.len() == 4 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_hex.then(|| u16::from_str_radix(text, 16).ok()).flatten()
    };
    let (vendor, product) = id.split_once(':')?;
    Some((half(vendor)?, half(product)?))
}

/// Whether this is a bus and ports of hubs, such as `1-4.2`, or what Windows makes of them.
fn is_place(text: &str) -> bool {
    let is_of_windows = text.contains('&');
    is_of_windows
        || text.split_once('-').is_some_and(|(bus, ports)| {
            !bus.is_empty()
                && bus.bytes().all(|c| c.is_ascii_alphanumeric())
                && ports
                    .split('.')
                    .all(|port| !port.is_empty() && port.bytes().all(|c| c.is_ascii_digit()))
        })
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
    /// What is printed on it: `postage`, `address`, `slip`, `ticket`, `lottery`.
    #[serde(default)]
    pub prints: Vec<String>,
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

/// The printers that were found.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct FoundPrintersView {
    /// The printers, those that are set up already among them.
    pub printers: Vec<FoundPrinterView>,
    /// Where could not be looked, and why.
    pub not_looked: Vec<String>,
}

/// A printer that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FoundPrinterView {
    /// What it says it is.
    pub what: String,
    /// The set-up to add it with: a name that is free, how it is reached, its model if that is
    /// known, and a stock that it takes.
    pub setup: PrinterSetup,
    /// Whether its model is known; where it is not, somebody has to choose one.
    pub is_known: bool,
    /// What this station calls it, if it is set up already.
    pub name: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finding_nothing_is_not_read_as_having_no_printers() {
        let view = crate::api::View::FoundPrinters(FoundPrintersView {
            printers: Vec::new(),
            not_looked: Vec::new(),
        });
        let read = serde_json::to_value(&view)
            .and_then(serde_json::from_value)
            .unwrap();
        assert!(matches!(read, crate::api::View::FoundPrinters(_)));
    }

    #[test]
    fn a_port_reads_back_from_what_it_looks_like() {
        for text in [
            "serial:/dev/ttyUSB0@115200",
            "device:/dev/usb/lp0",
            "tcp:10.0.0.7:9100",
            "usb:04b8:0e28",
            "usb:04b8:0e28/J9X@3",
            "usb:04b8:0e28/J9X/1@1-4.2",
            "usb:04b8:0e28@3-1",
            "usb:04b8:0e28@6&1a2b3c&0&2",
            "spooler:Zebra ZD421 (2)",
            "ipp://office:631/ipp/print",
            "ipps://[::1]/ipp/print",
        ] {
            assert_eq!(PrinterPort::parse(text).unwrap().to_string(), text);
        }
        let place = |text| match PrinterPort::parse(text) {
            Some(PrinterPort::Usb { serial, place, .. }) => (serial, place),
            other => panic!("{other:?}"),
        };
        assert_eq!(place("usb:04B8:0E28/J9X@3"), (Some("J9X@3".into()), None));
        assert_eq!(place("usb:04b8:0e28@1-4.2"), (None, Some("1-4.2".into())));
        for none in [
            "",
            "usb:",
            "usb:4b8:e28",
            "usb:04b8",
            "usb:04b8:0e2g",
            "ipp:x",
            "tcp:office",
            "lpt:1",
            "serial:/dev/ttyUSB0@fast",
        ] {
            assert_eq!(PrinterPort::parse(none), None, "{none}");
        }
    }
}
