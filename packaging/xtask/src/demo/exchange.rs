//! The demo's telephone exchange: `pennyblack-exchange`, a line for the data center and one for the
//! station, without any hardware.

use std::process::Stdio;

use super::data_center::first_line;
use crate::fault::Fault;
use crate::json::{self, Value};
use crate::progress::say;
use crate::stop::Kept;
use crate::workspace::Workspace;

/// Dialing, ringing and training go so many times faster than between real modems, so that nobody
/// who tries the demo waits half a minute; the line itself is as slow as a real one.
const HURRY: &str = "4";

/// An exchange that runs.
pub(super) struct Exchange {
    process: Kept,
    center: Line,
    station: Line,
}

/// One of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Whom it rings when dialed.
    pub(super) number: String,
    /// The device its modem hangs on.
    pub(super) device: String,
}

impl Exchange {
    /// Starts it; nothing where this system has no devices for it, which is said.
    pub(super) fn start(workspace: &Workspace) -> Option<Self> {
        match Self::started(workspace) {
            Ok(exchange) => Some(exchange),
            Err(fault) => {
                say(&format!(
                    "The demo goes without its telephone line: {fault}"
                ));
                None
            }
        }
    }

    fn started(workspace: &Workspace) -> Result<Self, Fault> {
        let mut command = workspace.command(workspace.executable("pennyblack-exchange"));
        command.args(["--lines", "2", "--speed-up", HURRY, "--json"]);
        let mut process = Kept::start(command, Stdio::piped(), Stdio::null())?;
        let told = first_line(&mut process)?;
        let [center, station] = lines(&told).map_err(|complaint| Fault::Answer {
            command: process.written().to_owned(),
            complaint,
        })?;
        Ok(Self {
            process,
            center,
            station,
        })
    }

    /// The data center's line.
    pub(super) const fn center(&self) -> &Line {
        &self.center
    }

    /// The station's line.
    pub(super) const fn station(&self) -> &Line {
        &self.station
    }

    /// Stops it.
    pub(super) fn stop(self) -> Result<(), Fault> {
        self.process.stop()
    }
}

/// The two lines it tells of.
fn lines(told: &str) -> Result<[Line; 2], String> {
    let told = json::parse(told).map_err(|complaint| format!("it is not JSON: {complaint}"))?;
    let Value::List(lines) = told.at("lines") else {
        return Err("it does not tell `lines`".to_owned());
    };
    let read = |line: &Value| {
        let text = |name| line.at(name).text().map(str::to_owned);
        Some(Line {
            number: text("number")?,
            device: text("device")?,
        })
    };
    let lines: Option<Vec<Line>> = lines.iter().map(read).collect();
    let lines = lines.and_then(|lines| <[Line; 2]>::try_from(lines).ok());
    lines.ok_or_else(|| "it does not tell two lines with number and device".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_devices_are_read_from_its_first_line() {
        let told = r#"{"lines":[{"device":"/dev/pts/3","number":"5550100"},{"device":"/dev/pts/4","number":"5550101"}]}"#;
        let [center, station] = lines(told).unwrap();
        assert_eq!(center.number, "5550100");
        assert_eq!(station.device, "/dev/pts/4");
        for bad in [
            "",
            "{}",
            r#"{"lines":[]}"#,
            r#"{"lines":[{"device":"x"},{}]}"#,
        ] {
            assert!(lines(bad).is_err(), "{bad}");
        }
    }
}
