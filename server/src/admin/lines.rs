//! `lines` and `calls`: what the telephone lines do, and what came over them.

use std::fmt;

use serde::{Deserialize, Serialize};
use shared::clock::UnixSeconds;

use super::call::AdminCall;
use super::cli::Calls;
use super::refusal::AdminRefusal;
use super::view::{AdminView, time};
use crate::access::dialup::board::LineSeen;
use crate::access::dialup::calls::{self, By, CallMade, CallsCounted};
use crate::center::DataCenter;
use crate::stations::{self, StationError};

/// Calls that are shown at most, and rows of counts.
const SHOWN: u32 = 1_000;
const DAY_SECONDS: i64 = 86_400;

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

/// What calls can be counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum CallsBy {
    /// The line.
    Line,
    /// Who called.
    Caller,
    /// The day they began on, in UTC.
    Day,
}

/// A call that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallView {
    /// The line's device.
    pub line: String,
    /// When the modems had found each other.
    pub began: UnixSeconds,
    /// How long it lasted since.
    pub seconds: i64,
    /// Who called: a station's number, or `code-` and what names an enrolment code; nothing when
    /// nobody proved a name.
    pub caller: Option<String>,
    /// What the modem said of the speed; 0 where it said nothing.
    pub bits_per_second: u32,
    /// Bytes of the wire from the caller.
    pub received: u64,
    /// Bytes of the wire to the caller.
    pub sent: u64,
    /// Streams to the services.
    pub streams: u64,
    /// How it ended: `served`, `broken`, `refused` or `failed`.
    pub ended: String,
    /// Why, where it was not by wish; else empty.
    pub fault: String,
}

impl From<CallMade> for CallView {
    fn from(made: CallMade) -> Self {
        Self {
            line: made.line,
            began: made.began,
            seconds: made.seconds,
            caller: made.caller,
            bits_per_second: made.bits_per_second,
            received: made.received,
            sent: made.sent,
            streams: made.streams,
            ended: made.ended.word().to_owned(),
            fault: made.fault,
        }
    }
}

impl fmt::Display for CallView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let caller = self.caller.as_deref().unwrap_or("nobody known");
        write!(
            f,
            "{}  {}  {}  {caller}\n  {} s",
            time(self.began),
            self.line,
            self.ended,
            self.seconds
        )?;
        if self.bits_per_second > 0 {
            write!(f, " at {} bit/s", self.bits_per_second)?;
        }
        write!(
            f,
            ", {} bytes in, {} out, {} streams",
            self.received, self.sent, self.streams
        )?;
        if !self.fault.is_empty() {
            write!(f, "\n  {}", self.fault)?;
        }
        Ok(())
    }
}

/// Calls counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallsCountedView {
    /// The line, who called (nothing: nobody who proved a name), or the day.
    pub of: Option<String>,
    /// How many calls.
    pub calls: u64,
    /// Of these, calls that were served to their end.
    pub served: u64,
    /// Of these, calls that broke while they were served.
    pub broken: u64,
    /// Of these, calls whose caller could not prove its name.
    pub refused: u64,
    /// Of these, calls that came to nothing otherwise.
    pub failed: u64,
    /// How long they lasted together.
    pub seconds: u64,
    /// Bytes of the wire from the callers.
    pub received: u64,
    /// Bytes of the wire to the callers.
    pub sent: u64,
}

impl From<CallsCounted> for CallsCountedView {
    fn from(counted: CallsCounted) -> Self {
        Self {
            of: counted.of,
            calls: counted.calls,
            served: counted.served,
            broken: counted.broken,
            refused: counted.refused,
            failed: counted.failed,
            seconds: counted.seconds,
            received: counted.received,
            sent: counted.sent,
        }
    }
}

impl fmt::Display for CallsCountedView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}\n  {} calls: {} served, {} broken, {} refused, {} failed; {} min, {} bytes in, {} out",
            self.of.as_deref().unwrap_or("nobody known"),
            self.calls,
            self.served,
            self.broken,
            self.refused,
            self.failed,
            self.seconds.div_ceil(60),
            self.received,
            self.sent
        )
    }
}

/// What the command line asks for.
pub(super) fn call(calls: Calls) -> AdminCall {
    AdminCall::Calls {
        days: calls.days,
        station: calls.station,
        by: calls.by,
    }
}

/// Calls that are over, the newest first, or counted; a thousand at most.
///
/// # Errors
/// [`AdminRefusal`].
pub(super) fn calls(
    center: &DataCenter,
    days: u32,
    station: Option<String>,
    by: Option<CallsBy>,
) -> Result<Vec<AdminView>, AdminRefusal> {
    let back = i64::from(days).saturating_mul(DAY_SECONDS);
    let since = center.now().plus_seconds(-back);
    let by = by.map(|by| match by {
        CallsBy::Line => By::Line,
        CallsBy::Caller => By::Caller,
        CallsBy::Day => By::Day,
    });
    let views = center.db().read_blocking("telephone-calls", move |tx| {
        if let Some(by) = by {
            let counted = calls::counted(tx, since, by, SHOWN)?;
            let views = counted.into_iter().map(CallsCountedView::from);
            return Ok(views.map(AdminView::CallsCounted).collect());
        }
        let station = station.map(|station| stations::find(tx, &station));
        let caller = station.transpose()?.map(|station| station.id.to_string());
        let made = calls::newest(tx, since, caller.as_deref(), SHOWN)?;
        let views = made.into_iter().map(CallView::from);
        Ok::<_, StationError>(views.map(AdminView::Call).collect())
    })?;
    Ok(views)
}

/// All lines.
pub(super) fn all(center: &DataCenter) -> Vec<AdminView> {
    let seen = center.lines().all();
    seen.into_iter()
        .map(|line| AdminView::Line(line.into()))
        .collect()
}
