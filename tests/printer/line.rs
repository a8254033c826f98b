//! The printer's end of a line.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use rustix::event::PollFlags;

use crate::pty;

/// The longest time between two looks at what is due.
pub(super) const LOOK: Duration = Duration::from_millis(2);

/// A line whose reads end after [`LOOK`] with what came; an error is its end.
pub(super) trait Line: Read + Write {}

/// A socket.
pub(super) struct Socket(pub(super) TcpStream);

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.set_read_timeout(Some(LOOK))?;
        match self.0.read(buffer) {
            // Nothing came; the end of the line is an error here.
            Err(fault) if matches!(fault.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Ok(0)
            }
            Ok(0) => Err(ErrorKind::BrokenPipe.into()),
            other => other,
        }
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

impl Line for Socket {}

/// The printer's end of a pseudo terminal.
pub(super) struct Serial {
    master: File,
    /// Whether anybody has opened the other end; before that it looks hung up.
    opened: bool,
}

impl Serial {
    /// Whether somebody has the other end open, or left something in the line.
    pub(super) fn is_opened(&mut self) -> bool {
        let seen = pty::seen(&self.master, Duration::ZERO);
        self.opened =
            seen.is_ok_and(|seen| seen.contains(PollFlags::IN) || !seen.contains(PollFlags::HUP));
        self.opened
    }

    /// A serial line, and the path of its other end.
    pub(super) fn open() -> io::Result<(Self, String)> {
        let (master, path) = pty::line()?;
        let line = Self {
            master: File::from(master),
            opened: false,
        };
        Ok((line, path))
    }
}

impl Read for Serial {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let seen = pty::seen(&self.master, LOOK)?;
        if seen.contains(PollFlags::IN) {
            self.opened = true;
            return self.master.read(buffer);
        }
        if seen.contains(PollFlags::HUP) {
            if self.opened {
                return Err(ErrorKind::BrokenPipe.into());
            }
            thread::sleep(LOOK);
        }
        Ok(0)
    }
}

impl Write for Serial {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.master.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.master.flush()
    }
}

impl Line for Serial {}
