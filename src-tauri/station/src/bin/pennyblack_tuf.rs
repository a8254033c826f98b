//! `pennyblack-tuf`: the face of the update client for outside judges.

use std::io::Write;
use std::process::ExitCode;

use station::messages::{Code, say};

/// The exit code of commands that a later version brings.
const NOT_IN_THIS_BUILD: u8 = 2;

fn main() -> ExitCode {
    let error = say(Code::NotInThisBuild, &[("what", "pennyblack-tuf")]);
    // Whoever closed the error line does not want to hear it.
    drop(writeln!(
        std::io::stderr(),
        "{}\n{}",
        error.message,
        error.hint
    ));
    ExitCode::from(NOT_IN_THIS_BUILD)
}
