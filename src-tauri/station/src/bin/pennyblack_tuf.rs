//! `pennyblack-tuf`: the face of the update client for outside judges.

use std::process::ExitCode;

fn main() -> ExitCode {
    station::tuf::main()
}
