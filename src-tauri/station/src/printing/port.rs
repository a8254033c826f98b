//! The way to a printer that takes bytes: a serial line, a device path, a raw socket or the USB
//! printer class, each with time limits.
//!
//! A write tells how many bytes it got rid of before it failed, because what may have reached the
//! printer decides whether a piece is provably not printed.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::status::Hindrance;
use crate::api::PrinterPort;

#[cfg(unix)]
mod device;
pub mod usb;

/// How long a network printer may take to accept the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The time one system call may wait, so that a long wait notices its own end.
const SLICE: Duration = Duration::from_millis(5);

/// Why a printer cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum PortFault {
    /// The line or socket does not open.
    #[error("open the printer at {address}")]
    Open {
        /// Where.
        address: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Reading failed: the line is gone.
    #[error("read from the printer")]
    Read(#[source] io::Error),
}

/// A write that did not finish.
#[derive(Debug, thiserror::Error)]
#[error("write to the printer: {sent} of {wanted} bytes left")]
pub struct WriteFault {
    /// Bytes that may have reached the printer.
    pub sent: usize,
    /// Bytes there were.
    pub wanted: usize,
    /// Why it ended.
    #[source]
    pub source: io::Error,
}

/// An open way to a printer. Bytes go out in order; nothing is sent twice.
pub trait Port {
    /// Writes all bytes, waiting at most `stall` for each step forward.
    ///
    /// # Errors
    /// [`WriteFault`] with the number of bytes that left.
    fn write(&mut self, bytes: &[u8], stall: Duration) -> Result<(), WriteFault>;

    /// Reads what is there, waiting at most `wait` for the first byte; 0 bytes mean that none
    /// came.
    ///
    /// # Errors
    /// [`PortFault::Read`] when the line is gone.
    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, PortFault>;

    /// What the way itself knows to hinder the printer, whatever it speaks; most know nothing.
    fn hindrance(&mut self) -> Option<Hindrance> {
        None
    }
}

/// How a printer's serial line is set, beside its speed; a printer has it in its manual or on its
/// switches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SerialLine {
    /// How either end makes the other wait.
    pub flow: Flow,
    /// The parity bit.
    pub parity: Parity,
    /// Data bits: 7 or 8. Pictures need 8, unless they are written in letters.
    pub data_bits: u8,
    /// Stop bits: 1 or 2.
    pub stop_bits: u8,
    /// Whether the line says that this end is there (DTR); some printers stay off line without it.
    pub dtr: bool,
}

/// How either end of a serial line makes the other wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flow {
    /// By the wires RTS and CTS.
    RtsCts,
    /// By the bytes XON and XOFF.
    XonXoff,
    /// Not at all.
    None,
}

/// The parity bit of a serial line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parity {
    /// None.
    None,
    /// Even.
    Even,
    /// Odd.
    Odd,
}

impl Default for SerialLine {
    fn default() -> Self {
        Self {
            flow: Flow::RtsCts,
            parity: Parity::None,
            data_bits: 8,
            stop_bits: 1,
            dtr: true,
        }
    }
}

/// Opens the way to a printer whose serial line, if it has one, is set as usual.
///
/// # Errors
/// [`PortFault::Open`] naming the address.
pub fn open(port: &PrinterPort) -> Result<Box<dyn Port + Send>, PortFault> {
    open_as(port, SerialLine::default())
}

/// Opens the way to a printer that takes bytes.
///
/// # Errors
/// [`PortFault::Open`] naming the address.
pub fn open_as(port: &PrinterPort, line: SerialLine) -> Result<Box<dyn Port + Send>, PortFault> {
    let opened = match port {
        PrinterPort::Serial { path, baud } => open_serial(path, *baud, line),
        PrinterPort::Device { path } => open_device(path),
        PrinterPort::Tcp { address } => open_tcp(address),
        PrinterPort::Usb { id, serial, place } => open_usb(id, serial.as_deref(), place.as_deref()),
        // They take whole jobs, and no line of bytes.
        PrinterPort::Ipp { .. } | PrinterPort::Spooler { .. } => {
            Err(io::ErrorKind::Unsupported.into())
        }
    };
    opened.map_err(|source| PortFault::Open {
        address: name(port),
        source,
    })
}

/// What a port is called in a fault.
fn name(port: &PrinterPort) -> String {
    match port {
        PrinterPort::Serial { path, .. } | PrinterPort::Device { path } => path.clone(),
        PrinterPort::Tcp { address } => address.clone(),
        PrinterPort::Usb { .. } | PrinterPort::Ipp { .. } | PrinterPort::Spooler { .. } => {
            port.to_string()
        }
    }
}

fn open_usb(
    id: &str,
    serial: Option<&str>,
    place: Option<&str>,
) -> io::Result<Box<dyn Port + Send>> {
    let id = crate::api::usb_id(id).ok_or(io::ErrorKind::InvalidInput)?;
    usb::open(&usb::Wanted { id, serial, place })
}

fn open_serial(path: &str, baud: u32, set: SerialLine) -> io::Result<Box<dyn Port + Send>> {
    let mut line = serialport::new(path, baud)
        .flow_control(match set.flow {
            Flow::RtsCts => serialport::FlowControl::Hardware,
            Flow::XonXoff => serialport::FlowControl::Software,
            Flow::None => serialport::FlowControl::None,
        })
        .parity(match set.parity {
            Parity::None => serialport::Parity::None,
            Parity::Even => serialport::Parity::Even,
            Parity::Odd => serialport::Parity::Odd,
        })
        .data_bits(if set.data_bits == 7 {
            serialport::DataBits::Seven
        } else {
            serialport::DataBits::Eight
        })
        .stop_bits(if set.stop_bits == 2 {
            serialport::StopBits::Two
        } else {
            serialport::StopBits::One
        })
        .timeout(SLICE)
        .open()?;
    // A line without modem wires, such as a pseudo terminal, has no DTR to set.
    drop(line.write_data_terminal_ready(set.dtr));
    Ok(Box::new(Sliced(line)))
}

#[cfg(unix)]
fn open_device(path: &str) -> io::Result<Box<dyn Port + Send>> {
    Ok(Box::new(Sliced(device::Device::open(path)?)))
}

#[cfg(not(unix))]
fn open_device(path: &str) -> io::Result<Box<dyn Port + Send>> {
    let _ = path;
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

fn open_tcp(address: &str) -> io::Result<Box<dyn Port + Send>> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for target in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&target, CONNECT_TIMEOUT) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(SLICE))?;
                stream.set_write_timeout(Some(SLICE))?;
                return Ok(Box::new(Sliced(Socket(stream))));
            }
            Err(fault) => last = fault,
        }
    }
    Err(last)
}

/// What a way to a printer is made of.
trait Channel: Read + Write {
    /// Reads what has come already and waits for nothing: before a piece a line is looked at twice, and
    /// the clerk would wait for both.
    fn read_at_once(&mut self, buffer: &mut [u8]) -> io::Result<usize>;
}

impl Channel for Box<dyn serialport::SerialPort> {
    fn read_at_once(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.bytes_to_read()? {
            0 => Ok(0),
            _ => self.read(buffer),
        }
    }
}

/// A byte channel whose calls return [`io::ErrorKind::TimedOut`] or
/// [`io::ErrorKind::WouldBlock`] after [`SLICE`]; the waits of callers are put together from them.
struct Sliced<T>(T);

/// A socket: unlike on a line, a read of nothing means that the printer hung up.
struct Socket(TcpStream);

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 if !buffer.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
            count => Ok(count),
        }
    }
}

impl Channel for Socket {
    fn read_at_once(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.set_nonblocking(true)?;
        let read = self.read(buffer);
        self.0.set_nonblocking(false)?;
        read
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Writes all bytes by steps, each of which answers how many left and why not more; one that takes none
/// without a reason is a fault, too.
fn write_by_steps(
    bytes: &[u8],
    mut step: impl FnMut(&[u8]) -> (usize, io::Result<()>),
) -> Result<(), WriteFault> {
    let mut sent = 0;
    while let Some(left) = bytes.get(sent..).filter(|left| !left.is_empty()) {
        let (count, ended) = step(left);
        sent += count.min(left.len());
        let ended = match ended {
            Ok(()) if count == 0 => Err(io::ErrorKind::WriteZero.into()),
            ended => ended,
        };
        ended.map_err(|source| WriteFault {
            sent,
            wanted: bytes.len(),
            source,
        })?;
    }
    Ok(())
}

impl<T: Channel> Port for Sliced<T> {
    fn write(&mut self, bytes: &[u8], stall: Duration) -> Result<(), WriteFault> {
        write_by_steps(bytes, |left| {
            let began = Instant::now();
            loop {
                match self.0.write(left) {
                    Ok(count) => return (count, Ok(())),
                    Err(fault) if is_pause(&fault) && began.elapsed() < stall => {}
                    Err(fault) => return (0, Err(fault)),
                }
            }
        })
    }

    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, PortFault> {
        let started = Instant::now();
        loop {
            let read = if wait.is_zero() {
                self.0.read_at_once(buffer)
            } else {
                self.0.read(buffer)
            };
            match read {
                Ok(count) if count > 0 => return Ok(count),
                Ok(_) if started.elapsed() >= wait => return Ok(0),
                // A device without an answer may say so at once; do not spin on it.
                Ok(_) => std::thread::sleep(SLICE.min(wait)),
                Err(fault) if is_pause(&fault) && started.elapsed() >= wait => return Ok(0),
                Err(fault) if is_pause(&fault) => {}
                Err(fault) => return Err(PortFault::Read(fault)),
            }
        }
    }
}

fn is_pause(fault: &io::Error) -> bool {
    [
        io::ErrorKind::TimedOut,
        io::ErrorKind::WouldBlock,
        io::ErrorKind::Interrupted,
    ]
    .contains(&fault.kind())
}

#[cfg(test)]
mod tests;
