//! The foreign programs that draw what we send to printers, and are not in Python: two on Node.js,
//! and one in Rust that is only built for the full run.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::execute;
use crate::fault::{self, Fault};
use crate::progress::Step;
use crate::workspace::Workspace;

/// Reads ESC/POS, draws ZPL, and writes pictures; exact versions, so that a test never changes its
/// judge by itself.
const ON_NODE: [&str; 3] = ["npos@0.1.19", "zpl-renderer-js@3.4.0", "pngjs@7.0.0"];

/// Draws ZPL, EPL2 and TSPL.
const IN_RUST: (&str, &str) = ("labelize", "1.10.0");

/// Written when the last of a folder was installed.
const MARK: &str = "installed";

/// The folder with those on Node.js, whether or not it is there.
pub(super) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.tools().join("judges")
}

/// Installs those on Node.js in a folder of the project.
pub(super) fn install(workspace: &Workspace, step: &mut Step) -> Result<String, Fault> {
    let folder = folder(workspace);
    // What they would do when installed (build a driver of the USB bus) is not wanted here.
    let words = [
        "install",
        "--no-save",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--prefix",
    ];
    let mut npm = workspace.npm(&words);
    npm.arg(&folder).args(ON_NODE);
    install_once(step, &folder, npm, &ON_NODE.join(" "))
}

/// Builds the one in Rust in another folder of the project, which takes minutes.
pub(super) fn install_in_rust(workspace: &Workspace, step: &mut Step) -> Result<String, Fault> {
    let (name, version) = IN_RUST;
    let folder = workspace.tools().join(name);
    let words = [
        "install",
        name,
        "--version",
        version,
        "--locked",
        "--features",
        "cli",
        "--root",
    ];
    let mut cargo = workspace.cargo(&words);
    cargo.arg(&folder);
    install_once(step, &folder, cargo, &format!("{name} {version}"))
}

/// Installs into a folder of its own, unless just that is there.
fn install_once(
    step: &mut Step,
    folder: &Path,
    mut install: Command,
    wanted: &str,
) -> Result<String, Fault> {
    let mark = folder.join(MARK);
    if std::fs::read_to_string(&mark).is_ok_and(|text| text == wanted) {
        return Ok("nothing was missing".to_owned());
    }
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(fault::file("remove", folder))?;
    }
    std::fs::create_dir_all(folder).map_err(fault::file("make", folder))?;
    install.current_dir(folder);
    execute::watch(step, install)?.well()?;
    std::fs::write(&mark, wanted).map_err(fault::file("write", &mark))?;
    Ok(format!("installed {wanted}"))
}
