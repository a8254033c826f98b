//! The foreign programs in Python that judge us: a barcode reader and writer, a printer's driver and
//! a cryptographic library for our labels, and for the data center one that tries its interface, one
//! that looks at its TLS, one that reads its spreadsheets and one that follows its signed repository.

use std::path::PathBuf;

use crate::execute;
use crate::fault::{self, Fault};
use crate::progress::Step;
use crate::workspace::Workspace;

/// Packages that stand in a folder of their own, because each set wants other versions of what it
/// is built on. Exact versions, so that a test never changes its judge by itself. They have
/// ready-made builds for every Python from 3.10.
struct Set {
    folder: &'static str,
    packages: &'static [&'static str],
    /// What is made of its source: it is Python throughout and comes in no other form.
    from_source: &'static str,
}

const LABELS: Set = Set {
    folder: "venv",
    packages: &[
        "zxing-cpp==3.1.1",
        "pillow==12.3.0",
        "cryptography==48.0.1",
        "brother_ql==0.9.4",
        "zint-bindings==1.2.0",
    ],
    from_source: "packbits",
};
const CENTER: Set = Set {
    folder: "venv-center",
    packages: &[
        "schemathesis==4.32.5",
        "sslyze==6.3.1",
        "openpyxl==3.1.5",
        "tuf==7.0.0",
    ],
    from_source: "sslyze",
};
/// What the benchmarks are held against.
const PEERS: Set = Set {
    folder: "venv-bench",
    packages: &["python-escpos==3.1", "brother_ql==0.9.4", "pillow==12.3.0"],
    from_source: "packbits",
};
/// Written when the last of them was installed.
const MARK: &str = "installed";

/// Installs the judges of labels in a folder of the project.
pub(super) fn install(workspace: &Workspace, step: &mut Step) -> Result<String, Fault> {
    install_set(workspace, step, &LABELS)
}

/// Installs the judges of the data center in another folder.
pub(super) fn install_for_center(workspace: &Workspace, step: &mut Step) -> Result<String, Fault> {
    install_set(workspace, step, &CENTER)
}

/// Installs what the benchmarks are held against in a folder of its own.
pub(super) fn install_peers(workspace: &Workspace, step: &mut Step) -> Result<String, Fault> {
    install_set(workspace, step, &PEERS)
}

/// The Python that has what the benchmarks are held against, whether or not it is there.
pub(super) fn peers(workspace: &Workspace) -> PathBuf {
    workspace.tools().join(PEERS.folder).join("bin/python")
}

/// The Python that has the judges of the data center, whether or not it is there.
pub(super) fn for_center(workspace: &Workspace) -> PathBuf {
    workspace.tools().join(CENTER.folder).join("bin/python")
}

fn install_set(workspace: &Workspace, step: &mut Step, set: &Set) -> Result<String, Fault> {
    let folder = workspace.tools().join(set.folder);
    let mark = folder.join(MARK);
    let wanted = set.packages.join("\n");
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
        .arg(format!("--no-binary={}", set.from_source))
        .args(set.packages);
    execute::watch(step, install)?.well()?;
    std::fs::write(&mark, &wanted).map_err(fault::file("write", &mark))?;
    Ok(format!("installed {}", set.packages.join(", ")))
}
