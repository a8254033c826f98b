//! What a call needs of a port.

use std::time::Duration;

/// A port that is there no more: pulled out, closed by its other end, or given up by its driver.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the modem's port is gone: {0}")]
pub struct PortGone(pub String);

/// A port that a modem hangs on. It is closed by dropping it.
pub trait ModemPort: Send {
    /// Reads what has arrived into `to`, and waits for it up to `wait`; 0 when nothing has.
    ///
    /// # Errors
    /// [`PortGone`].
    fn read(&mut self, to: &mut [u8], wait: Duration) -> Result<usize, PortGone>;

    /// Bytes that [`ModemPort::write`] would take now. What waits in the port's own queue is kept
    /// short, because to TCP it only looks like a slower line.
    fn room(&mut self) -> usize;

    /// Writes bytes; answers how many were taken.
    ///
    /// # Errors
    /// [`PortGone`].
    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortGone>;

    /// Whether the port has the lines of a modem at all; pseudo terminals have none.
    fn has_lines(&self) -> bool;

    /// Raises or drops DTR; nothing happens on a port that has no such line.
    ///
    /// # Errors
    /// [`PortGone`].
    fn set_dtr(&mut self, up: bool) -> Result<(), PortGone>;

    /// What the DCD line shows; `None` where the port has none.
    ///
    /// # Errors
    /// [`PortGone`].
    fn carrier(&mut self) -> Result<Option<bool>, PortGone>;
}
