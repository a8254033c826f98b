//! The demo's label printer: `pennyblack-printer`, which prints into pictures, without any hardware.

use std::path::Path;
use std::process::Stdio;

use super::data_center::{first_line, member};
use super::word;
use crate::fault::Fault;
use crate::progress::say;
use crate::stop::Kept;
use crate::workspace::Workspace;

/// What the clerk calls it.
pub(super) const NAME: &str = "Demo printer";

/// A printer that runs.
pub(super) struct Printer {
    process: Kept,
    /// What it is.
    pub(super) model: String,
    /// Where the station finds it.
    pub(super) address: String,
    /// Where a browser shows its paper.
    pub(super) page: String,
}

impl Printer {
    /// Switches it on; nothing where this system has no emulated printers, which is said.
    pub(super) fn start(workspace: &Workspace, paper: &Path) -> Option<Self> {
        match Self::started(workspace, paper) {
            Ok(printer) => Some(printer),
            Err(fault) => {
                say(&format!("The demo goes without its printer: {fault}"));
                None
            }
        }
    }

    fn started(workspace: &Workspace, paper: &Path) -> Result<Self, Fault> {
        let mut command = workspace.command(workspace.executable("pennyblack-printer"));
        command.args(["--json", "--paper", &word(paper.to_path_buf())]);
        // Each piece of paper is said where everything else is.
        let mut process = Kept::start(command, Stdio::piped(), Stdio::inherit())?;
        let told = first_line(&mut process)?;
        let [model, address, page] =
            ["model", "address", "page"].map(|name| member(process.written(), &told, name));
        Ok(Self {
            model: model?,
            address: address?,
            page: page?,
            process,
        })
    }

    /// Switches it off.
    pub(super) fn stop(self) -> Result<(), Fault> {
        self.process.stop()
    }
}
