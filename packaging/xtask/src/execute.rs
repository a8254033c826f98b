//! Starts an executable, follows what it says line by line, and bounds how long it may take.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::fault::Fault;
use crate::progress::Step;

/// How often a running executable is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How long lines may still come after an executable ended: a process it left behind may hold its
/// output open for ever.
const LAST_LINES: Duration = Duration::from_secs(2);
/// So many lines of a failed executable are shown.
const TAIL_LINES: usize = 60;
/// Of what an executable says at most so many lines are kept, the newest.
const KEPT_LINES: usize = 50_000;

/// Long enough for a cold build, the full counts of `test --long` or an installation over a slow
/// line; short enough that a hanging mirror does not hold a machine for a day.
pub(crate) const LONG: Duration = Duration::from_secs(3 * 60 * 60);
/// A question to an executable that is already built.
pub(crate) const SHORT: Duration = Duration::from_secs(120);

/// Which of its two outputs a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    Out,
    Err,
}

/// What an executable said and how it ended.
pub(crate) struct Heard {
    /// The command as it would be typed.
    pub(crate) command: String,
    /// How it ended.
    pub(crate) status: ExitStatus,
    lines: VecDeque<(Stream, String)>,
}

impl Heard {
    /// All of standard output.
    pub(crate) fn output(&self) -> String {
        self.of(Stream::Out)
    }

    /// All of standard error.
    pub(crate) fn complaints(&self) -> String {
        self.of(Stream::Err)
    }

    /// Both outputs in the order they came.
    pub(crate) fn everything(&self) -> String {
        let lines: Vec<&str> = self.lines.iter().map(|(_, line)| line.as_str()).collect();
        lines.join("\n")
    }

    /// Makes a fault of any exit code but 0.
    pub(crate) fn well(self) -> Result<Self, Fault> {
        if self.status.success() {
            Ok(self)
        } else {
            Err(self.fault())
        }
    }

    /// The fault of having ended badly.
    pub(crate) fn fault(&self) -> Fault {
        let from = self.lines.len().saturating_sub(TAIL_LINES);
        let tail: Vec<&str> = self
            .lines
            .iter()
            .skip(from)
            .map(|(_, line)| line.as_str())
            .collect();
        Fault::Failed {
            command: self.command.clone(),
            status: self.status.to_string(),
            tail: tail.join("\n"),
        }
    }

    fn of(&self, wanted: Stream) -> String {
        let lines: Vec<&str> = self
            .lines
            .iter()
            .filter(|(stream, _)| *stream == wanted)
            .map(|(_, line)| line.as_str())
            .collect();
        lines.join("\n")
    }
}

/// Runs an executable to its end and keeps what it says.
pub(crate) fn ask(command: Command, limit: Duration) -> Result<Heard, Fault> {
    follow(command, limit, &mut |_| ())
}

/// Runs an executable as part of a step: its latest line is what the step is doing.
pub(crate) fn watch(step: &mut Step, command: Command) -> Result<Heard, Fault> {
    let mut doing = String::new();
    follow(command, LONG, &mut |line| {
        // Rules and brackets of a report say nothing about what is going on.
        if let Some(line) = line.filter(|line| line.contains(char::is_alphabetic)) {
            line.clone_into(&mut doing);
        }
        step.tick(&doing);
    })
}

/// Runs an executable whose output nobody needs and tells whether it worked.
pub(crate) fn works(mut command: Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The command as it would be typed, for messages.
pub(crate) fn typed(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program
        .file_name()
        .unwrap_or(command.get_program())
        .to_string_lossy()
        .into_owned();
    let mut words = vec![name];
    for argument in command.get_args() {
        let text = argument.to_string_lossy();
        let plain = !text.is_empty()
            && !text.contains(|letter: char| letter.is_whitespace() || letter == '"');
        words.push(if plain {
            text.into_owned()
        } else {
            format!("{text:?}")
        });
    }
    words.join(" ")
}

fn follow(
    mut command: Command,
    limit: Duration,
    each: &mut dyn FnMut(Option<&str>),
) -> Result<Heard, Fault> {
    let written = typed(&command);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // What is read line by line is shown without its colours.
    command.env("NO_COLOR", "1");
    let mut child = command.spawn().map_err(|source| Fault::Start {
        program: written.clone(),
        source,
    })?;
    let (sender, lines) = channel();
    read(child.stdout.take(), Stream::Out, sender.clone());
    read(child.stderr.take(), Stream::Err, sender);
    let mut heard = VecDeque::new();
    let status = until_the_end(&mut child, &lines, &mut heard, limit, each).map_err(|source| {
        Fault::Start {
            program: written.clone(),
            source,
        }
    })?;
    let Some(status) = status else {
        return Err(Fault::TooSlow {
            command: written,
            limit,
        });
    };
    Ok(Heard {
        command: written,
        status,
        lines: heard,
    })
}

/// `None` when the limit was reached; the executable is gone then.
fn until_the_end(
    child: &mut Child,
    lines: &Receiver<(Stream, String)>,
    heard: &mut VecDeque<(Stream, String)>,
    limit: Duration,
    each: &mut dyn FnMut(Option<&str>),
) -> std::io::Result<Option<ExitStatus>> {
    let started = Instant::now();
    let mut ended: Option<(ExitStatus, Instant)> = None;
    loop {
        if ended.is_none() && started.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        let both_closed = match lines.recv_timeout(LOOK) {
            Ok((stream, line)) => {
                each(Some(&line));
                if heard.len() >= KEPT_LINES {
                    heard.pop_front();
                }
                heard.push_back((stream, line));
                continue;
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(LOOK / 10);
                true
            }
        };
        each(None);
        match ended {
            Some((status, since)) if both_closed || since.elapsed() > LAST_LINES => {
                return Ok(Some(status));
            }
            Some(_) => (),
            None => ended = child.try_wait()?.map(|status| (status, Instant::now())),
        }
    }
}

fn read(
    pipe: Option<impl Read + Send + 'static>,
    stream: Stream,
    sender: Sender<(Stream, String)>,
) {
    let Some(pipe) = pipe else { return };
    thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut bytes = Vec::new();
        // Output that is not UTF-8 must not end the reading: the writer would block on a full pipe.
        while reader
            .read_until(b'\n', &mut bytes)
            .is_ok_and(|length| length > 0)
        {
            let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            bytes.clear();
            if sender.send((stream, line)).is_err() {
                return;
            }
        }
    });
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn both_outputs_and_the_exit_code_are_heard() {
        let heard = ask(shell("echo one; echo two >&2; exit 3"), SHORT).unwrap();
        assert_eq!(heard.output(), "one");
        assert_eq!(heard.complaints(), "two");
        assert_eq!(heard.status.code(), Some(3));
        let fault = heard.well().err().unwrap().to_string();
        assert!(
            fault.contains("exit status: 3") && fault.contains("two"),
            "{fault}"
        );
    }

    #[test]
    fn an_executable_that_takes_too_long_is_stopped() {
        let fault = ask(shell("sleep 30"), Duration::from_millis(50))
            .err()
            .unwrap();
        assert!(matches!(fault, Fault::TooSlow { .. }), "{fault}");
    }

    #[test]
    fn a_process_left_behind_does_not_hold_up_the_end() {
        let started = Instant::now();
        let heard = ask(shell("sleep 20 & echo gone"), SHORT).unwrap();
        assert_eq!(heard.output(), "gone");
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let mut command = Command::new("/somewhere/pennyblack");
        command.args(["print", "--to-address", "Two Words"]);
        assert_eq!(
            typed(&command),
            "pennyblack print --to-address \"Two Words\""
        );
    }
}
