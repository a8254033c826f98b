//! `cargo xtask`: the two commands of the README and their siblings.
//!
//! It uses the standard library only and does everything by starting executables, so that it
//! compiles in seconds on a fresh clone, before anything else is installed. What it needs and does
//! not find it installs; what it cannot install it names in one sentence, with the reason and the
//! line to type.

mod arguments;
mod bench;
mod bundle;
mod check;
mod demo;
mod dev;
mod execute;
mod fault;
mod json;
mod machine;
mod page;
mod progress;
mod stop;
mod suite;
mod workspace;

use std::process::ExitCode;

use arguments::{Command, HELP};
use fault::Fault;
use progress::say;
use workspace::Workspace;

/// Wrong usage, and commands that are not in this build.
const WRONG_USAGE: u8 = 2;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let command = match arguments::parse(&words) {
        Ok(command) => command,
        Err(complaint) => {
            progress::complain(&format!("{complaint}\n\n{HELP}"));
            return ExitCode::from(WRONG_USAGE);
        }
    };
    match perform(command) {
        Ok(code) => code,
        Err(fault) => {
            progress::complain(&format!("\n{fault}"));
            ExitCode::FAILURE
        }
    }
}

fn perform(command: Command) -> Result<ExitCode, Fault> {
    let workspace = Workspace::here()?;
    match command {
        Command::Help => say(HELP),
        Command::Package => {
            progress::complain("`cargo xtask package` is not in this build.");
            return Ok(ExitCode::from(WRONG_USAGE));
        }
        Command::Run { reset } => demo::with_window(&workspace, reset)?,
        Command::RunHeadless { out } => demo::headless(&workspace, &out)?,
        Command::Test { long } => return suite::run(&workspace, long),
        Command::TestInMachine => return suite::run_in_machine(&workspace),
        Command::Bench { passed_on } => bench::run(&workspace, &passed_on)?,
        Command::Bundle { out, release } => bundle::run(&workspace, &out, release)?,
        Command::Check => check::run(&workspace)?,
        Command::Dev => dev::run(&workspace)?,
    }
    Ok(ExitCode::SUCCESS)
}
