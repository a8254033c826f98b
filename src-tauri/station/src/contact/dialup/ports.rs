//! The ports of this computer that a modem may hang on.

use std::io::{self, Read as _, Write as _};
use std::time::Duration;

use serialport::{FlowControl, SerialPort, SerialPortType};
use shared::call::{ModemPort, PortGone};

/// Bits per second between computer and modem: faster than any line, so that it never waits.
const PORT_BITS_PER_SECOND: u32 = 115_200;

/// Bytes that may wait in the port's own queue: an eighth of a second at 33,600 bit/s.
const QUEUE_BYTES: usize = 512;

/// How long a write may wait for a port that holds the flow up.
const WRITE_WAIT: Duration = Duration::from_millis(20);

/// A port as a person chooses among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The device, for example `/dev/ttyUSB0` or `COM3`.
    pub device: String,
    /// What the system knows of it.
    pub what: String,
}

/// The ports of a computer.
pub trait Ports: Send + Sync {
    /// Opens a port and takes it for this program alone.
    ///
    /// # Errors
    /// Why it does not open: it is not there, in use, or not allowed.
    fn open(&self, device: &str) -> io::Result<Box<dyn ModemPort>>;

    /// The ports there are.
    fn list(&self) -> Vec<Port>;
}

/// The serial ports of this computer, those of USB modems among them.
#[derive(Clone, Copy, Debug)]
pub struct SerialPorts;

impl Ports for SerialPorts {
    fn open(&self, device: &str) -> io::Result<Box<dyn ModemPort>> {
        let open = |flow| {
            serialport::new(device, PORT_BITS_PER_SECOND)
                .flow_control(flow)
                .timeout(WRITE_WAIT)
                .open()
        };
        // Not every driver has the wires.
        let mut port = open(FlowControl::Hardware).or_else(|_| open(FlowControl::None))?;
        // A pseudo terminal has no lines; asking it for one is an error.
        let has_lines = port.read_carrier_detect().is_ok();
        Ok(Box::new(SerialModem { port, has_lines }))
    }

    fn list(&self) -> Vec<Port> {
        let ports = serialport::available_ports().unwrap_or_default();
        ports
            .into_iter()
            .map(|port| Port {
                device: port.port_name,
                what: match port.port_type {
                    SerialPortType::UsbPort(usb) => {
                        let name = [usb.manufacturer, usb.product];
                        let name: Vec<String> = name.into_iter().flatten().collect();
                        format!("USB {:04x}:{:04x} {}", usb.vid, usb.pid, name.join(" "))
                    }
                    SerialPortType::PciPort => "PCI".to_owned(),
                    SerialPortType::BluetoothPort => "Bluetooth".to_owned(),
                    SerialPortType::Unknown => "serial".to_owned(),
                },
            })
            .collect()
    }
}

/// A modem on a serial port.
struct SerialModem {
    port: Box<dyn SerialPort>,
    has_lines: bool,
}

fn gone(fault: impl std::fmt::Display) -> PortGone {
    PortGone(fault.to_string())
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

impl ModemPort for SerialModem {
    fn read(&mut self, to: &mut [u8], wait: Duration) -> Result<usize, PortGone> {
        self.port.set_timeout(wait).map_err(gone)?;
        match self.port.read(to) {
            // The system says that there is something, and there is nothing: the modem was pulled
            // out.
            Ok(0) => Err(PortGone("it was unplugged".to_owned())),
            Ok(count) => Ok(count),
            Err(fault) if is_pause(&fault) => Ok(0),
            Err(fault) => Err(gone(fault)),
        }
    }

    fn room(&mut self) -> usize {
        let waiting = self.port.bytes_to_write().unwrap_or(0);
        QUEUE_BYTES.saturating_sub(usize::try_from(waiting).unwrap_or(QUEUE_BYTES))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortGone> {
        self.port.set_timeout(WRITE_WAIT).map_err(gone)?;
        match self.port.write(bytes) {
            Ok(count) => Ok(count),
            Err(fault) if is_pause(&fault) => Ok(0),
            Err(fault) => Err(gone(fault)),
        }
    }

    fn has_lines(&self) -> bool {
        self.has_lines
    }

    fn set_dtr(&mut self, up: bool) -> Result<(), PortGone> {
        if !self.has_lines {
            return Ok(());
        }
        self.port.write_data_terminal_ready(up).map_err(gone)
    }

    fn carrier(&mut self) -> Result<Option<bool>, PortGone> {
        if !self.has_lines {
            return Ok(None);
        }
        self.port.read_carrier_detect().map(Some).map_err(gone)
    }
}
