//! Printers of the USB printer class, reached without a driver of their own.
//!
//! The printer is chosen by vendor, product and serial number, or by the port it hangs on where that
//! does not tell it from its equals; never the first of many. What is of the class lies here, over a
//! pipe that the bus gives.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use super::{Port, PortFault, SLICE, WriteFault};
use crate::printing::status::Hindrance;

#[cfg(not(windows))]
mod bus;
#[cfg(windows)]
#[path = "usb/windows.rs"]
mod bus;
mod identity;

pub use identity::Identity;

/// Bytes that are handed to the bus at once: a write that stalls says to this many how far it came.
const CHUNK: usize = 4_096;

/// Bytes of the status of the class (GET_PORT_STATUS).
const PAPER_EMPTY: u8 = 1 << 5;
const SELECTED: u8 = 1 << 4;
const NOT_ERROR: u8 = 1 << 3;

/// The two pipes of a printer and the questions of its class.
pub(super) trait Pipe {
    /// Sends bytes, waiting at most `wait` in all; answers with how many left, and why not all.
    fn send(&mut self, bytes: &[u8], wait: Duration) -> (usize, io::Result<()>);

    /// What the printer has said, waiting at most `wait` for it; nothing when it said nothing.
    fn receive(&mut self, wait: Duration) -> io::Result<Vec<u8>>;

    /// The status of the class.
    fn status(&mut self) -> io::Result<u8>;

    /// What it says that it is, as IEEE 1284 has it, with the two bytes of its length.
    fn device_id(&mut self) -> io::Result<Vec<u8>>;
}

/// A printer on its pipe.
pub(super) struct UsbPrinter<P> {
    pipe: P,
    /// What it said and nobody has read yet.
    heard: VecDeque<u8>,
}

impl<P: Pipe> UsbPrinter<P> {
    pub(super) const fn new(pipe: P) -> Self {
        Self {
            pipe,
            heard: VecDeque::new(),
        }
    }

    /// What it says that it is.
    pub(super) fn identity(&mut self) -> Option<Identity> {
        let bytes = self.pipe.device_id().ok()?;
        Some(Identity::read(bytes.get(2..)?))
    }
}

impl<P: Pipe> Port for UsbPrinter<P> {
    fn write(&mut self, bytes: &[u8], stall: Duration) -> Result<(), WriteFault> {
        super::write_by_steps(bytes, |left| {
            let chunk = &left[..left.len().min(CHUNK)];
            match self.pipe.send(chunk, stall) {
                // It is slow, but it moves.
                (count, Err(fault)) if super::is_pause(&fault) && count > 0 => (count, Ok(())),
                ended => ended,
            }
        })
    }

    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, PortFault> {
        let started = Instant::now();
        while self.heard.is_empty() {
            let left = wait.saturating_sub(started.elapsed()).max(SLICE);
            let heard = self.pipe.receive(left).map_err(PortFault::Read)?;
            let said_nothing = heard.is_empty();
            self.heard.extend(heard);
            if said_nothing && started.elapsed() >= wait {
                return Ok(0);
            }
            if said_nothing {
                // A printer may say at once that it says nothing; do not spin on it.
                std::thread::sleep(SLICE.min(wait));
            }
        }
        let count = buffer.len().min(self.heard.len());
        for (place, byte) in buffer.iter_mut().zip(self.heard.drain(..count)) {
            *place = byte;
        }
        Ok(count)
    }

    fn hindrance(&mut self) -> Option<Hindrance> {
        hindrance(self.pipe.status().ok()?)
    }
}

/// What the status of the class complains about. Printers that do not know it answer nothing but
/// zeros, which would be two complaints at once.
pub(super) const fn hindrance(status: u8) -> Option<Hindrance> {
    if status == 0 {
        None
    } else if status & PAPER_EMPTY != 0 {
        Some(Hindrance::PaperOut)
    } else if status & NOT_ERROR == 0 {
        Some(Hindrance::Error)
    } else if status & SELECTED == 0 {
        Some(Hindrance::Offline)
    } else {
        None
    }
}

/// A printer as it is plugged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plugged {
    /// Vendor and product.
    pub id: (u16, u16),
    /// Its serial number, if it has one.
    pub serial: Option<String>,
    /// Bus and ports of hubs: `1-4.2`.
    pub place: String,
    /// Maker and product, as the bus says.
    pub title: String,
}

/// What tells one printer from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Vendor and product.
    pub id: (u16, u16),
    /// Its serial number.
    pub serial: Option<&'a str>,
    /// Where it hangs.
    pub place: Option<&'a str>,
}

/// Why a printer is not chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotChosen {
    /// None of this kind is there.
    #[error("it is not plugged in, or switched off")]
    Absent,
    /// Others of its kind are there, but not this one.
    #[error("another printer of its kind is plugged in, but not this one")]
    Another,
    /// More than one fits.
    #[error("more than one printer fits; add it again from the list of those that are found")]
    Many,
}

impl From<NotChosen> for io::Error {
    fn from(reason: NotChosen) -> Self {
        Self::new(io::ErrorKind::NotFound, reason)
    }
}

/// The one printer that is meant.
///
/// # Errors
/// [`NotChosen`] when there is none, or when it is not clear which.
pub fn choose<'a, T: AsRef<Plugged>>(
    plugged: &'a [T],
    wanted: &Wanted<'_>,
) -> Result<&'a T, NotChosen> {
    let kind = || plugged.iter().filter(|one| one.as_ref().id == wanted.id);
    let fits = |one: &&T| {
        let one = one.as_ref();
        wanted
            .serial
            .is_none_or(|serial| one.serial.as_deref() == Some(serial))
            && wanted.place.is_none_or(|place| one.place == place)
    };
    let mut fitting = kind().filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(NotChosen::Many),
        (None, _) if kind().next().is_some() => Err(NotChosen::Another),
        (None, _) => Err(NotChosen::Absent),
    }
}

impl AsRef<Self> for Plugged {
    fn as_ref(&self) -> &Self {
        self
    }
}

/// What is to be written down so that this printer is found again: its serial number where that is
/// its own, and else where it hangs.
#[must_use]
pub fn told_apart<'a>(one: &'a Plugged, all: &[Plugged]) -> (Option<&'a str>, Option<&'a str>) {
    let equals = |other: &&Plugged| other.id == one.id && other.serial == one.serial;
    let is_alone = all.iter().filter(equals).count() <= 1;
    match &one.serial {
        Some(serial) if is_alone => (Some(serial), None),
        Some(serial) => (Some(serial), Some(&one.place)),
        None => (None, Some(&one.place)),
    }
}

impl fmt::Display for Plugged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.title)
    }
}

/// Opens the one printer that is meant and takes its interface for this program alone, for as long
/// as the port is open.
///
/// # Errors
/// [`NotChosen`], or why the system does not let it be taken.
pub(super) fn open(wanted: &Wanted<'_>) -> io::Result<Box<dyn Port + Send>> {
    Ok(Box::new(UsbPrinter::new(bus::open(wanted)?)))
}

/// The printers that are plugged in, and what each says that it is where it can be asked.
///
/// # Errors
/// Why the bus cannot be looked at.
pub fn list() -> io::Result<Vec<(Plugged, Option<Identity>)>> {
    let plugged = bus::list()?;
    Ok(plugged
        .into_iter()
        .map(|one| {
            let wanted = Wanted {
                id: one.id,
                serial: one.serial.as_deref(),
                place: Some(&one.place),
            };
            let asked = bus::open(&wanted).ok();
            let identity = asked.and_then(|pipe| UsbPrinter::new(pipe).identity());
            (one, identity)
        })
        .collect())
}

#[cfg(test)]
mod tests;
