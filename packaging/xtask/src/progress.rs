//! What the person at the terminal sees while something takes long: step n of m, the elapsed time
//! and, where standard output is a terminal, one live line with what is being done right now.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Without a terminal, a step that takes long reports this often.
const BEAT: Duration = Duration::from_secs(30);
/// The live line is redrawn at most this often, so that drawing costs nothing.
const REDRAW: Duration = Duration::from_millis(120);
/// The width of a terminal that does not say how wide it is.
const USUAL_COLUMNS: usize = 80;

/// Writes one line to standard output. A closed pipe is not worth a panic.
pub(crate) fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _closed = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Writes one line to standard error.
pub(crate) fn complain(line: &str) {
    let mut out = io::stderr().lock();
    let _closed = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// The steps of one command.
pub(crate) struct Progress {
    done: usize,
    total: usize,
    live: bool,
}

impl Progress {
    /// `total` steps are ahead.
    pub(crate) fn of(total: usize) -> Self {
        Self {
            done: 0,
            total,
            live: io::stdout().is_terminal(),
        }
    }

    /// Begins the next step.
    pub(crate) fn step(&mut self, title: &str) -> Step {
        self.done = self.done.saturating_add(1);
        let now = Instant::now();
        let label = format!("[{}/{}] {title}", self.done, self.total.max(self.done));
        let step = Step {
            label,
            started: now,
            last_shown: now,
            live: self.live,
        };
        step.begin();
        step
    }
}

/// One step under way.
pub(crate) struct Step {
    label: String,
    started: Instant,
    last_shown: Instant,
    live: bool,
}

impl Step {
    /// Shows that the step goes on; `doing` is the latest line of what it runs.
    pub(crate) fn tick(&mut self, doing: &str) {
        let pause = if self.live { REDRAW } else { BEAT };
        if self.last_shown.elapsed() < pause {
            return;
        }
        self.last_shown = Instant::now();
        let line = format!(
            "{} · {} · {}",
            self.label,
            clock(self.started.elapsed()),
            doing.trim()
        );
        if self.live {
            self.draw(&line);
        } else {
            say(&line);
        }
    }

    /// Shows one line of what the step runs, above the live line.
    pub(crate) fn show(&self, line: &str) {
        self.wipe();
        say(line);
    }

    /// Ends the step well.
    pub(crate) fn done(self, note: &str) {
        self.end("done", note);
    }

    /// Ends the step badly.
    pub(crate) fn failed(self, note: &str) {
        self.end("NOT PASSED", note);
    }

    /// Clears the live line, so that something else (a password prompt, for example) can be read.
    pub(crate) fn wipe(&self) {
        if self.live {
            let mut out = io::stdout().lock();
            let _closed = write!(out, "\r\x1b[K").and_then(|()| out.flush());
        }
    }

    fn begin(&self) {
        if self.live {
            self.draw(&self.label);
        } else {
            say(&self.label);
        }
    }

    fn end(self, how: &str, note: &str) {
        self.wipe();
        let comma = if note.is_empty() { "" } else { ", " };
        say(&format!(
            "{}: {how} in {}{comma}{note}",
            self.label,
            clock(self.started.elapsed())
        ));
    }

    fn draw(&self, line: &str) {
        let columns = std::env::var("COLUMNS")
            .ok()
            .and_then(|text| text.parse().ok());
        let width = columns.unwrap_or(USUAL_COLUMNS).saturating_sub(1);
        let cut: String = line
            .chars()
            .filter(|letter| !letter.is_control())
            .take(width)
            .collect();
        let mut out = io::stdout().lock();
        let _closed = write!(out, "\r\x1b[K{cut}").and_then(|()| out.flush());
    }
}

/// A duration as people read it: `0.4 s`, `12 s`, `3:07 min`.
pub(crate) fn clock(elapsed: Duration) -> String {
    match elapsed.as_secs() {
        0..=9 => format!("{:.1} s", elapsed.as_secs_f64()),
        seconds @ 10..=59 => format!("{seconds} s"),
        seconds => format!("{}:{:02} min", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elapsed_time_reads_like_a_stopwatch() {
        assert_eq!(clock(Duration::from_millis(430)), "0.4 s");
        assert_eq!(clock(Duration::from_secs(12)), "12 s");
        assert_eq!(clock(Duration::from_secs(187)), "3:07 min");
    }
}
