//! The command line `pennyblack`: decode, hand over, show.

mod arguments;
mod barcode;
mod batch;
mod calls;
mod journal;
mod keys;
mod line;
mod picture;
mod presets;
mod scale;
mod show;
mod slips;
mod users;
mod verify;

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

use clap::Parser;
use clap::error::ErrorKind as ClapKind;

use crate::api::{AsCall, Call, ErrorKind, Proof, UiError};
use crate::contact::dialup::hang_up_on_panic;
use crate::folder::data_folder;
use crate::messages::{Code, say};
use arguments::{Arguments, Command, Journal, Print};

/// What a command writes to.
pub struct Streams<'a> {
    /// Answers.
    pub out: &'a mut dyn Write,
    /// Refusals and faults.
    pub err: &'a mut dyn Write,
    /// Whether a person watches: progress is shown then.
    pub watched: bool,
    /// Whether help and usage may be coloured.
    pub coloured: bool,
    /// What a person types, where one can be asked.
    pub answers: Option<&'a mut dyn BufRead>,
}

/// Runs the command of this process and returns its exit code.
#[must_use]
pub fn main() -> u8 {
    hang_up_on_panic();
    let (mut out, mut err) = (Pipe(std::io::stdout()), std::io::stderr());
    let watched = err.is_terminal();
    // https://no-color.org: any value but the empty one.
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let coloured = !no_color && watched && std::io::stdout().is_terminal();
    let mut answers = std::io::stdin()
        .is_terminal()
        .then(|| std::io::stdin().lock());
    let mut streams = Streams {
        out: &mut out,
        err: &mut err,
        watched,
        coloured,
        answers: answers.as_mut().map(|answers| {
            let answers: &mut dyn BufRead = answers;
            answers
        }),
    };
    run(std::env::args_os(), &mut streams)
}

/// An output whose reader may leave early, as `head` does: that is no fault of the command.
struct Pipe<W>(W);

impl<W: Write> Write for Pipe<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self.0.write(bytes) {
            Err(fault) if fault.kind() == std::io::ErrorKind::BrokenPipe => Ok(bytes.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self.0.flush() {
            Err(fault) if fault.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            flushed => flushed,
        }
    }
}

/// Runs one command and returns its exit code: 0 done, 2 wrong usage, 3 refused, 4 data center
/// unreachable, 5 print state unknown, 6 damaged or failed verification, 1 anything else.
pub fn run(words: impl IntoIterator<Item = std::ffi::OsString>, streams: &mut Streams<'_>) -> u8 {
    let words: Vec<_> = words.into_iter().collect();
    let asked_json = words.iter().any(|word| word == "--json");
    let arguments = match Arguments::try_parse_from(&words) {
        Ok(arguments) => arguments,
        Err(fault) => return usage(&fault, asked_json, streams),
    };
    let json = arguments.json;
    match perform(arguments, streams) {
        Ok(()) => 0,
        Err(error) => {
            // Whoever closed our error line does not want to hear it.
            drop(complain(&error, json, streams));
            exit_code(error.kind)
        }
    }
}

/// The exit code of a refusal or fault.
#[must_use]
pub const fn exit_code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Usage => 2,
        ErrorKind::Refused => 3,
        ErrorKind::Unreachable => 4,
        ErrorKind::Unknown => 5,
        ErrorKind::Damaged => 6,
        ErrorKind::Fault => 1,
    }
}

fn perform(arguments: Arguments, streams: &mut Streams<'_>) -> Result<(), UiError> {
    let proof = users::proof(arguments.user, arguments.pin_file.as_deref())?;
    let folder = folder(arguments.data)?;
    let show = show::Show {
        json: arguments.json,
    };
    match arguments.command {
        Command::Journal {
            what: Journal::Export,
        } => journal::export(&folder, streams),
        Command::Journal {
            what: Journal::Verify,
        } => journal::verify(&folder, show, streams),
        Command::Keys { what } => keys::keys(&Asked { folder, proof }, &what, show, streams),
        Command::Verify { what, certificates } => {
            verify::verify(&folder, &what, certificates.as_deref(), show, streams)
        }
        Command::Picture { serial, png } => {
            picture::picture(&Asked { folder, proof }, serial, &png, show, streams)
        }
        Command::Scale { what } => scale::scale(&Asked { folder, proof }, what, show, streams),
        Command::Barcode { kind, .. } => barcode::barcode(kind, show, streams),
        Command::Till(_) => Err(later("till")),
        Command::Print {
            what: Print::Batch { file, printer, out },
        } => batch::batch(&Asked { folder, proof }, &file, printer, out, show, streams),
        Command::Pieces { state, limit } => {
            let asked = Asked { folder, proof };
            calls::pieces(&asked, state.as_deref(), limit, show, streams)
        }
        command @ (Command::Enrol { .. }
        | Command::Status
        | Command::Contact { .. }
        | Command::Refill { .. }
        | Command::Quote { .. }
        | Command::Print {
            what:
                Print::Postage { .. }
                | Print::Correction { .. }
                | Print::Additional { .. }
                | Print::Receipt { .. }
                | Print::RefundSlip { .. }
                | Print::DayEnd { .. }
                | Print::Address { .. },
        }
        | Command::Art { .. }
        | Command::Resolve { .. }
        | Command::SendAgain { .. }
        | Command::Refund { .. }
        | Command::Statistics { .. }
        | Command::CostCentres
        | Command::Software { .. }
        | Command::Line { .. }
        | Command::Doctor { .. }
        | Command::Presets { .. }
        | Command::Waiting { .. }
        | Command::Rehearse { .. }
        | Command::Users { .. }
        | Command::AutomaticRefill { .. }
        | Command::Withdraw { .. }
        | Command::Printers { .. }) => {
            calls::call(&Asked { folder, proof }, command, show, streams)
        }
    }
}

/// Which station a command asks, and in whose name.
struct Asked {
    folder: PathBuf,
    proof: Option<Proof>,
}

impl Asked {
    /// The call in the name that was given.
    fn in_name(&self, call: Call) -> Call {
        match &self.proof {
            None => call,
            Some(proof) => Call::As(AsCall {
                proof: proof.clone(),
                inner: Box::new(call),
            }),
        }
    }
}

/// What a later version brings.
fn later(command: &str) -> UiError {
    let what = format!("pennyblack {command}");
    say(Code::NotInThisBuild, &[("what", &what)])
}

fn folder(asked: Option<PathBuf>) -> Result<PathBuf, UiError> {
    data_folder(asked).ok_or_else(|| {
        say(
            Code::Usage,
            &[(
                "what",
                "This user has no data folder; name one with --data.",
            )],
        )
    })
}

/// Says what is wrong with the words, or shows the help that was asked for.
fn usage(fault: &clap::Error, json: bool, streams: &mut Streams<'_>) -> u8 {
    if matches!(
        fault.kind(),
        ClapKind::DisplayHelp | ClapKind::DisplayVersion
    ) {
        let text = styled(fault, streams.coloured);
        drop(write!(streams.out, "{text}"));
        return 0;
    }
    if json {
        let text = fault.render().to_string();
        let error = say(Code::Usage, &[("what", &what_is_wrong(&text))]);
        drop(complain(&error, true, streams));
    } else {
        let text = styled(fault, streams.coloured);
        drop(write!(streams.err, "{text}"));
    }
    exit_code(ErrorKind::Usage)
}

/// Help or usage; control sequences only where a terminal understands them.
fn styled(fault: &clap::Error, coloured: bool) -> String {
    let text = fault.render();
    if coloured {
        text.ansi().to_string()
    } else {
        text.to_string()
    }
}

/// What clap says is wrong, as one sentence: all that stands above the usage line, because what is
/// missing stands on lines of its own.
fn what_is_wrong(text: &str) -> String {
    let lines = text.lines().take_while(|line| !line.starts_with("Usage:"));
    let words: Vec<&str> = lines
        .take_while(|line| !line.starts_with("For more information"))
        .flat_map(str::split_whitespace)
        .collect();
    let mut sentence = words.join(" ").trim_start_matches("error: ").to_owned();
    if !sentence.ends_with('.') {
        sentence.push('.');
    }
    sentence
}

/// A refusal or fault as contracts want it: a sentence and a hint, or JSON.
fn complain(error: &UiError, json: bool, streams: &mut Streams<'_>) -> std::io::Result<()> {
    if json {
        let object = serde_json::json!({
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
            "retry": error.retry,
        });
        writeln!(streams.err, "{object}")
    } else {
        writeln!(streams.err, "{}\n{}", error.message, error.hint)
    }
}

/// Streams that do not take what is written.
fn not_written(fault: std::io::Error) -> UiError {
    say(
        Code::CannotWrite,
        &[("path", "the output"), ("reason", &fault.to_string())],
    )
}

/// Runs `work` on a runtime of its own.
fn on_a_runtime<T>(work: impl Future<Output = Result<T, UiError>>) -> Result<T, UiError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|_| say(Code::StationStopped, &[]))?;
    runtime.block_on(work)
}

#[cfg(test)]
mod tests;
