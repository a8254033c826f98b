//! The foreign programs in Python that judge our labels: a barcode reader that is not ours, and a
//! cryptographic library that is not ours.

use crate::execute;
use crate::fault::{self, Fault};
use crate::progress::Step;
use crate::workspace::Workspace;

/// Exact versions, so that a test never changes its judge by itself. They have ready-made builds
/// for every Python from 3.10.
const PACKAGES: [&str; 3] = ["zxing-cpp==3.1.1", "pillow==12.3.0", "cryptography==48.0.1"];
/// Written when the last of them was installed.
const MARK: &str = "installed";

/// Installs them in a folder of the project.
pub(super) fn install(workspace: &Workspace, step: &mut Step) -> Result<String, Fault> {
    let folder = workspace.tools().join("venv");
    let mark = folder.join(MARK);
    let wanted = PACKAGES.join("\n");
    if std::fs::read_to_string(&mark).is_ok_and(|text| text == wanted) {
        return Ok("nothing was missing".to_owned());
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(fault::file("remove", &folder))?;
    }
    let mut make = workspace.command("python3");
    make.args(["-m", "venv"]).arg(&folder);
    execute::watch(step, make)?.well()?;
    let mut install = workspace.command(folder.join("bin/python"));
    install
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--only-binary=:all:",
        ])
        .args(PACKAGES);
    execute::watch(step, install)?.well()?;
    std::fs::write(&mark, &wanted).map_err(fault::file("write", &mark))?;
    Ok(format!("installed {}", PACKAGES.join(", ")))
}
