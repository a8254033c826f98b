//! `cargo xtask check`: formatting, lints and the page's types, without tests.

use std::process::Command;

use crate::execute;
use crate::fault::Fault;
use crate::machine::{self, Purpose};
use crate::page;
use crate::progress::Progress;
use crate::workspace::Workspace;

/// The checks, each with its title, in the order they run. Clippy needs the built page's folder,
/// so the page is built before.
pub(crate) fn checks(workspace: &Workspace) -> [(&'static str, Command); 3] {
    let lints = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ];
    [
        ("Formatting", workspace.cargo(&["fmt", "--all", "--check"])),
        ("Lints", workspace.cargo(&lints)),
        ("Types of the page", workspace.npm(&["run", "check"])),
    ]
}

/// Installs what is missing and runs the checks; all of them run even when one does not pass.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Fault> {
    let mut progress = Progress::of(7);
    install(workspace, &mut progress, &[Purpose::Build, Purpose::Window])?;
    page::build(workspace, &mut progress)?;
    let mut titles = Vec::new();
    for (title, command) in checks(workspace) {
        let mut step = progress.step(title);
        let heard = execute::watch(&mut step, command)?;
        if heard.status.success() {
            step.done("");
        } else {
            step.show(&heard.everything());
            step.failed("");
            titles.push(title.to_owned());
        }
    }
    if titles.is_empty() {
        Ok(())
    } else {
        Err(Fault::Steps { titles })
    }
}

/// Two steps: the system's packages and Node.js.
pub(crate) fn install(
    workspace: &Workspace,
    progress: &mut Progress,
    purposes: &[Purpose],
) -> Result<(), Fault> {
    let mut step = progress.step("System packages");
    let note = machine::system_packages(workspace, &mut step, purposes)?;
    step.done(&note);
    let mut step = progress.step("Node.js");
    let note = machine::node(workspace, &mut step)?;
    step.done(&note);
    Ok(())
}
