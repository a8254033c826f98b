//! The serial port that a modem hangs on.

use std::io::{ErrorKind, Read as _, Write as _};
use std::time::Duration;

use serialport::{FlowControl, SerialPort};
use shared::call::{ModemPort, PortGone};

/// Bytes that may wait in the system's queue for the port: an eighth of a second of a fast modem,
/// where the port is much faster than the line.
const QUEUE_BYTES: usize = 512;
/// How long a write may wait for the modem to let bytes flow.
const WRITE_WAIT: Duration = Duration::from_millis(5);

/// A port of this machine.
pub(super) struct Serial {
    port: Box<dyn SerialPort>,
    has_lines: bool,
}

impl Serial {
    /// Opens a device at this speed, in bits per second. A pseudo terminal is taken for one without
    /// the lines of a modem.
    pub(super) fn open(device: &str, bits_per_second: u32) -> Result<Self, PortGone> {
        let open = |flow| {
            serialport::new(device, bits_per_second)
                .flow_control(flow)
                .timeout(WRITE_WAIT)
                .open()
        };
        let mut port = open(FlowControl::Hardware)
            .or_else(|_| open(FlowControl::None))
            .map_err(|error| gone(&error))?;
        let has_lines =
            port.write_data_terminal_ready(true).is_ok() && port.read_carrier_detect().is_ok();
        Ok(Self { port, has_lines })
    }
}

fn gone(error: &dyn std::error::Error) -> PortGone {
    PortGone(error.to_string())
}

/// What became of reading or writing so many bytes.
fn count(result: std::io::Result<usize>) -> Result<usize, PortGone> {
    match result {
        // A port at its end is one whose other end was closed.
        Ok(0) => Err(PortGone("it was closed".to_owned())),
        Ok(count) => Ok(count),
        Err(error) => {
            let only_late = matches!(
                error.kind(),
                ErrorKind::TimedOut | ErrorKind::WouldBlock | ErrorKind::Interrupted
            );
            if only_late { Ok(0) } else { Err(gone(&error)) }
        }
    }
}

impl ModemPort for Serial {
    fn read(&mut self, to: &mut [u8], wait: Duration) -> Result<usize, PortGone> {
        self.port.set_timeout(wait).map_err(|error| gone(&error))?;
        count(self.port.read(to))
    }

    fn room(&mut self) -> usize {
        // A driver that cannot tell is believed to be empty.
        let waiting = self.port.bytes_to_write().unwrap_or(0);
        let waiting = usize::try_from(waiting).unwrap_or(usize::MAX);
        QUEUE_BYTES.saturating_sub(waiting)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortGone> {
        self.port
            .set_timeout(WRITE_WAIT)
            .map_err(|error| gone(&error))?;
        count(self.port.write(bytes))
    }

    fn has_lines(&self) -> bool {
        self.has_lines
    }

    fn set_dtr(&mut self, up: bool) -> Result<(), PortGone> {
        if self.has_lines {
            let set = self.port.write_data_terminal_ready(up);
            set.map_err(|error| gone(&error))?;
        }
        Ok(())
    }

    fn carrier(&mut self) -> Result<Option<bool>, PortGone> {
        if !self.has_lines {
            return Ok(None);
        }
        let carrier = self.port.read_carrier_detect();
        carrier.map(Some).map_err(|error| gone(&error))
    }
}
