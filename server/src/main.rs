//! `pennyblack-server`: the data center's executable.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::admin::run(std::env::args_os())
}
