//! A printer's device file (`/dev/usb/lp0`), opened without blocking: a printer without paper
//! stops taking bytes, and a plain write would then hang for good.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

use super::{Channel, SLICE};

pub(super) struct Device(File);

impl Device {
    pub(super) fn open(path: &str) -> io::Result<Self> {
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
        OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(i32::try_from(flags).unwrap_or_default())
            .open(path)
            .map(Self)
    }

    fn wait(&self, for_what: PollFlags, at_most: Duration) -> io::Result<()> {
        let mut fds = [PollFd::new(&self.0, for_what)];
        let at_most = Timespec {
            tv_sec: 0,
            tv_nsec: i64::from(at_most.subsec_nanos()),
        };
        match poll(&mut fds, Some(&at_most))? {
            0 => Err(io::ErrorKind::TimedOut.into()),
            _ => Ok(()),
        }
    }
}

impl Read for Device {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.wait(PollFlags::IN, SLICE)?;
        self.0.read(buffer)
    }
}

impl Channel for Device {
    fn read_at_once(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.wait(PollFlags::IN, Duration::ZERO)?;
        self.0.read(buffer)
    }
}

impl Write for Device {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.wait(PollFlags::OUT, SLICE)?;
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
