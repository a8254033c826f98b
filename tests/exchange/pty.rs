//! Lines of an exchange as pseudo terminals, for programs that open a device.
//!
//! A pseudo terminal has no modem lines. That its device is open counts as DTR: who closes it hangs
//! up, as a real port does.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::{Exchange, LineId};
use crate::pty;

/// Bytes passed at once.
const PIECE_BYTES: usize = 512;
/// The longest time between two looks at the devices.
const LOOK: Duration = Duration::from_millis(5);
/// The shortest: at 33,600 bit/s three bytes pass meanwhile.
const LEAST_LOOK: Duration = Duration::from_millis(1);

/// The device of one line.
#[derive(Debug)]
struct Device {
    line: LineId,
    master: OwnedFd,
    path: PathBuf,
    open: bool,
    /// From the program, not taken by the modem yet.
    said: Vec<u8>,
    /// For the program, not taken by its device yet.
    heard: Vec<u8>,
}

/// An exchange whose lines are devices, in real time.
#[derive(Debug)]
pub struct Devices {
    exchange: Exchange,
    began: Instant,
    devices: Vec<Device>,
}

impl Devices {
    /// Takes an exchange that has not begun.
    #[must_use]
    pub fn new(exchange: Exchange) -> Self {
        Self {
            exchange,
            began: Instant::now(),
            devices: Vec::new(),
        }
    }

    /// Makes a device for a line; where it is.
    ///
    /// # Errors
    /// When the system gives no pseudo terminal.
    pub fn open(&mut self, line: LineId) -> io::Result<PathBuf> {
        let (master, path) = pty::line()?;
        rustix::io::ioctl_fionbio(&master, true)?;
        let path = PathBuf::from(path);
        self.devices.push(Device {
            line,
            master,
            path: path.clone(),
            open: true,
            said: Vec::new(),
            heard: Vec::new(),
        });
        Ok(path)
    }

    /// The devices, in the order of their opening.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.devices.iter().map(|device| device.path.as_path())
    }

    /// The exchange, to be looked at or changed.
    pub const fn exchange(&mut self) -> &mut Exchange {
        &mut self.exchange
    }

    /// Passes what there is; how long to sleep until the next time.
    ///
    /// # Errors
    /// When a device fails otherwise than by being closed.
    pub fn pass(&mut self) -> io::Result<Duration> {
        let now = self.began.elapsed();
        for device in &mut self.devices {
            device.listen(&mut self.exchange, now)?;
            device.speak(&mut self.exchange, now)?;
        }
        let due = self.exchange.wake_at();
        let sleep = due.map_or(LOOK, |due| due.saturating_sub(now));
        Ok(sleep.clamp(LEAST_LOOK, LOOK))
    }
}

impl Device {
    /// Takes what the program says.
    fn listen(&mut self, exchange: &mut Exchange, now: Duration) -> io::Result<()> {
        if self.said.is_empty() {
            let mut buffer = [0; PIECE_BYTES];
            match rustix::io::read(&self.master, &mut buffer) {
                Ok(count) => {
                    self.said.extend(buffer.iter().take(count));
                    self.is_open(exchange, now, true)?;
                }
                Err(Errno::AGAIN) => self.is_open(exchange, now, true)?,
                // Nobody has the device open.
                Err(Errno::IO) => self.is_open(exchange, now, false)?,
                Err(error) => return Err(error.into()),
            }
        }
        let taken = exchange.input(now, self.line, &self.said);
        self.said.drain(..taken);
        Ok(())
    }

    /// Gives the program what there is for it.
    fn speak(&mut self, exchange: &mut Exchange, now: Duration) -> io::Result<()> {
        if self.heard.is_empty() {
            self.heard = exchange.take_output(now, self.line, PIECE_BYTES);
        }
        if self.heard.is_empty() {
            return Ok(());
        }
        if !self.open {
            // A port that nobody has open loses what comes.
            self.heard.clear();
            return Ok(());
        }
        match rustix::io::write(&self.master, &self.heard) {
            Ok(count) => drop(self.heard.drain(..count)),
            Err(Errno::AGAIN | Errno::IO) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Notices that the device was opened or closed.
    fn is_open(&mut self, exchange: &mut Exchange, now: Duration, open: bool) -> io::Result<()> {
        if open != self.open {
            self.open = open;
            exchange.set_dtr(now, self.line, open);
            if open {
                pty::make_raw(&self.master)?;
            }
        }
        Ok(())
    }
}
