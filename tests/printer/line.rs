//! The printer's end of a line.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

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
        let no_wait = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let mut ends = [PollFd::new(&self.master, PollFlags::IN)];
        let looked = poll(&mut ends, Some(&no_wait));
        let seen = ends[0].revents();
        self.opened =
            looked.is_ok() && (seen.contains(PollFlags::IN) || !seen.contains(PollFlags::HUP));
        self.opened
    }

    /// A serial line, and the path of its other end.
    pub(super) fn open() -> io::Result<(Self, String)> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let mut terminal = tcgetattr(&master)?;
        terminal.make_raw();
        tcsetattr(&master, OptionalActions::Now, &terminal)?;
        let path = ptsname(&master, Vec::new())?;
        let path = path.into_string().map_err(io::Error::other)?;
        let line = Self {
            master: File::from(master),
            opened: false,
        };
        Ok((line, path))
    }
}

impl Read for Serial {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wait = Timespec {
            tv_sec: 0,
            tv_nsec: 2_000_000,
        };
        let mut ends = [PollFd::new(&self.master, PollFlags::IN)];
        poll(&mut ends, Some(&wait))?;
        let seen = ends[0].revents();
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
