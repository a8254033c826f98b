//! Pseudo terminals: the far end of a serial line whose device a program opens.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// A line that changes nothing of what passes: its far end, and the path of the device.
pub(crate) fn line() -> io::Result<(OwnedFd, String)> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    make_raw(&master)?;
    let path = ptsname(&master, Vec::new())?;
    Ok((master, path.into_string().map_err(io::Error::other)?))
}

/// Lets the line change nothing of what passes.
pub(crate) fn make_raw(master: impl AsFd) -> io::Result<()> {
    let mut settings = tcgetattr(&master)?;
    settings.make_raw();
    Ok(tcsetattr(&master, OptionalActions::Now, &settings)?)
}

/// What there is at the far end after at most `wait`, which is less than a second.
pub(crate) fn seen(master: impl AsFd, wait: Duration) -> io::Result<PollFlags> {
    let wait = Timespec {
        tv_sec: 0,
        tv_nsec: wait.subsec_nanos().into(),
    };
    let mut ends = [PollFd::new(&master, PollFlags::IN)];
    poll(&mut ends, Some(&wait))?;
    Ok(ends[0].revents())
}
