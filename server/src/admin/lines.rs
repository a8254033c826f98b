//! `lines`: what the telephone lines do.

use std::fmt;

use serde::{Deserialize, Serialize};
use shared::clock::UnixSeconds;

use super::view::{AdminView, time};
use crate::access::dialup::board::LineSeen;
use crate::center::DataCenter;

/// One telephone line. Numbers count since the data center began to serve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineView {
    /// The device.
    pub line: String,
    /// What it does: `unplugged`, `setting-up`, `waiting`, `resting`, `ringing`, `connected`,
    /// `in-call`, `hanging-up` or `stopped`.
    pub state: String,
    /// Since when.
    pub since: UnixSeconds,
    /// Who is on the line: a station's number, or `code-` and what names an enrolment code.
    pub caller: Option<String>,
    /// Calls that were taken.
    pub calls: u64,
    /// Of these, calls whose caller has proved its name.
    pub proved: u64,
    /// Of these, calls whose caller could not.
    pub refused: u64,
    /// Calls that were missed, or came to nothing otherwise.
    pub failed: u64,
    /// Streams to the services.
    pub streams: u64,
    /// What went wrong last; empty when nothing has.
    pub last_fault: String,
}

impl From<LineSeen> for LineView {
    fn from(seen: LineSeen) -> Self {
        Self {
            line: seen.name.to_string(),
            state: seen.doing.word().to_owned(),
            since: seen.since,
            caller: seen.caller,
            calls: seen.calls,
            proved: seen.proved,
            refused: seen.refused,
            failed: seen.failed,
            streams: seen.streams,
            last_fault: seen.last_fault,
        }
    }
}

impl fmt::Display for LineView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", self.line, self.state)?;
        if let Some(caller) = &self.caller {
            write!(f, " with {caller}")?;
        }
        write!(
            f,
            " since {}\n  {} calls: {} proved, {} refused, {} failed; {} streams",
            time(self.since),
            self.calls,
            self.proved,
            self.refused,
            self.failed,
            self.streams
        )?;
        if !self.last_fault.is_empty() {
            write!(f, "\n  last fault: {}", self.last_fault)?;
        }
        Ok(())
    }
}

/// All lines.
pub(super) fn all(center: &DataCenter) -> Vec<AdminView> {
    let seen = center.lines().all();
    seen.into_iter()
        .map(|line| AdminView::Line(line.into()))
        .collect()
}
