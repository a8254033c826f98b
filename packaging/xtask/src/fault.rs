//! What can keep a command from being done, each said so that the reader can act on it.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a command of `cargo xtask` could not be done.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Something is needed and could not be installed.
    Missing {
        /// What is missing.
        what: String,
        /// What it is needed for.
        why: String,
        /// What a person types to get it.
        remedy: String,
    },
    /// An executable did not start.
    Start {
        /// The executable.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// An executable ended with another exit code than 0.
    Failed {
        /// The command as it would be typed.
        command: String,
        /// How it ended.
        status: String,
        /// Its last lines of output.
        tail: String,
    },
    /// An executable took longer than it may.
    TooSlow {
        /// The command as it would be typed.
        command: String,
        /// The limit.
        limit: Duration,
    },
    /// An executable answered something that its contract does not allow.
    Answer {
        /// The command as it would be typed.
        command: String,
        /// What is wrong with the answer.
        complaint: String,
    },
    /// A file or folder could not be read, written, made or removed.
    File {
        /// What was attempted: `read`, `write`, `make`, `remove`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process runs the demo of this clone.
    DemoIsOpen,
    /// A folder whose data would be thrown away holds something else.
    NotOurs {
        /// The folder.
        path: PathBuf,
    },
    /// The demo printed, but its books do not agree.
    Books {
        /// What does not agree.
        complaint: String,
    },
    /// Steps of `test` or `check` did not pass; they said why when they ran.
    Steps {
        /// Their titles.
        titles: Vec<String>,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { what, why, remedy } => {
                write!(
                    out,
                    "{what} is missing and could not be installed. It is needed {why}. Type: {remedy}"
                )
            }
            Self::Start { program, source } => {
                write!(out, "`{program}` could not be started: {source}.")
            }
            Self::Failed {
                command,
                status,
                tail,
            } => {
                write!(out, "`{command}` ended with {status}.")?;
                if tail.is_empty() {
                    Ok(())
                } else {
                    write!(out, " Its last lines:\n{tail}")
                }
            }
            Self::TooSlow { command, limit } => {
                write!(
                    out,
                    "`{command}` was stopped: it took longer than {} s.",
                    limit.as_secs()
                )
            }
            Self::Answer { command, complaint } => {
                write!(out, "`{command}` answered, but {complaint}.")
            }
            Self::File {
                action,
                path,
                source,
            } => {
                write!(out, "Could not {action} {}: {source}.", path.display())
            }
            Self::DemoIsOpen => write!(
                out,
                "The demo of this clone is open in another process. Close that one first; nothing \
                 was changed."
            ),
            Self::NotOurs { path } => write!(
                out,
                "{} holds something else than the data of a demo, and would have been thrown away. \
                 Name another folder with --out, or move it.",
                path.display()
            ),
            Self::Books { complaint } => {
                write!(out, "The books of the demo do not agree: {complaint}.")
            }
            Self::Steps { titles } => write!(out, "Not passed: {}.", titles.join(", ")),
        }
    }
}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Start { source, .. } | Self::File { source, .. } => Some(source),
            Self::Missing { .. }
            | Self::Failed { .. }
            | Self::TooSlow { .. }
            | Self::Answer { .. }
            | Self::DemoIsOpen
            | Self::NotOurs { .. }
            | Self::Books { .. }
            | Self::Steps { .. } => None,
        }
    }
}

/// Makes the fault of a file operation, for `map_err`.
pub(crate) fn file(
    action: &'static str,
    path: &std::path::Path,
) -> impl FnOnce(io::Error) -> Fault {
    let path = path.to_path_buf();
    move |source| Fault::File {
        action,
        path,
        source,
    }
}
