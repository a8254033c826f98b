//! How the programs of this package end.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a program says at its end is all that it does here"
)]

use std::io;
use std::process::ExitCode;

/// Runs a program as its command line says: prints `help` where that was asked for, and says why it was
/// not understood, or how `name` has failed.
pub fn run<A>(
    asked: Result<Option<A>, String>,
    help: &str,
    name: &str,
    run: impl FnOnce(&A) -> io::Result<()>,
) -> ExitCode {
    match asked.map(|asked| asked.map(|arguments| run(&arguments))) {
        Ok(None) => {
            print!("{help}");
            ExitCode::SUCCESS
        }
        Ok(Some(Ok(()))) => ExitCode::SUCCESS,
        Ok(Some(Err(error))) => {
            eprintln!("{name} ends: {error}");
            ExitCode::FAILURE
        }
        Err(complaint) => {
            eprintln!("{complaint}");
            ExitCode::from(2)
        }
    }
}
