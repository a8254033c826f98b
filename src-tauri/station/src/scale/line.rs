//! Scales on serial lines.

use std::io::{self, Read as _, Write as _};
use std::time::Duration;

use serialport::{DataBits, FlowControl, Parity, SerialPort, SerialPortType, StopBits};
use shared::scale::talk::{Language, Talk};
use shared::scale::{Heard, Millis};

use super::instrument::{Found, Gone, Instrument};
use crate::api::ScaleSetup;

/// Bits per second that scales leave the factory with.
const FACTORY_BAUD: u32 = 9_600;

/// How long a question may take to leave.
const WRITE_WAIT: Duration = Duration::from_millis(100);

/// The data bits and parity of a frame, with one stop bit.
pub(super) const FRAMES: [(&str, DataBits, Parity); 3] = [
    ("8n1", DataBits::Eight, Parity::None),
    ("7e1", DataBits::Seven, Parity::Even),
    ("7o1", DataBits::Seven, Parity::Odd),
];

/// The serial ports; which of them has a scale only the clerk knows.
pub(super) fn find() -> Vec<Found> {
    let ports = serialport::available_ports().unwrap_or_default();
    ports.into_iter().map(found).collect()
}

fn found(port: serialport::SerialPortInfo) -> Found {
    let what = match port.port_type {
        SerialPortType::UsbPort(usb) => {
            let name = [usb.manufacturer, usb.product];
            let name: Vec<String> = name.into_iter().flatten().collect();
            name.join(" ")
        }
        SerialPortType::PciPort | SerialPortType::BluetoothPort | SerialPortType::Unknown => {
            String::new()
        }
    };
    let title = format!("Serial port {} {what}", port.port_name);
    Found {
        title: title.trim_end().to_owned(),
        setup: ScaleSetup::Serial {
            path: port.port_name,
            language: Language::Nci.word().to_owned(),
            baud: FACTORY_BAUD,
            frame: "8n1".to_owned(),
        },
    }
}

/// Opens a port and begins to talk.
pub(super) fn open(
    path: &str,
    language: &str,
    baud: u32,
    frame: &str,
) -> Result<Box<dyn Instrument>, Gone> {
    let unknown = || Gone("its settings are of another version".to_owned());
    let language = Language::of_word(language).ok_or_else(unknown)?;
    let (_, bits, parity) = FRAMES
        .into_iter()
        .find(|(name, ..)| *name == frame)
        .ok_or_else(unknown)?;
    let port = serialport::new(path, baud)
        .data_bits(bits)
        .parity(parity)
        .stop_bits(StopBits::One)
        .flow_control(FlowControl::None)
        .timeout(WRITE_WAIT)
        .open()
        .map_err(gone)?;
    Ok(Box::new(LineScale {
        port,
        talk: Talk::new(language),
    }))
}

fn gone(fault: impl std::fmt::Display) -> Gone {
    Gone(fault.to_string())
}

struct LineScale {
    port: Box<dyn SerialPort>,
    talk: Talk,
}

/// Whether nothing is wrong but the time.
fn is_pause(fault: &io::Error) -> bool {
    [
        io::ErrorKind::TimedOut,
        io::ErrorKind::WouldBlock,
        io::ErrorKind::Interrupted,
    ]
    .contains(&fault.kind())
}

impl Instrument for LineScale {
    fn listen(&mut self, wait: Duration, now: Millis, heard: &mut Vec<Heard>) -> Result<(), Gone> {
        if let Some(question) = self.talk.due(now) {
            self.port.set_timeout(WRITE_WAIT).map_err(gone)?;
            match self.port.write_all(question) {
                Ok(()) => {}
                // It is asked again; a scale that takes nothing is silent.
                Err(fault) if is_pause(&fault) => {}
                Err(fault) => return Err(gone(fault)),
            }
        }
        self.port.set_timeout(wait).map_err(gone)?;
        let mut bytes = [0; 256];
        match self.port.read(&mut bytes) {
            // The system says that there is something, and there is nothing.
            Ok(0) => Err(Gone("it was unplugged".to_owned())),
            Ok(count) => {
                self.talk.hear(bytes.get(..count).unwrap_or(&bytes), heard);
                Ok(())
            }
            Err(fault) if is_pause(&fault) => Ok(()),
            Err(fault) => Err(gone(fault)),
        }
    }

    fn zero(&mut self) -> bool {
        self.talk.zero();
        true
    }
}
