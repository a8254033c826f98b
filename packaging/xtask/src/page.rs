//! The page in the window: its packages and its build, each only when something changed.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::execute;
use crate::fault::{self, Fault};
use crate::progress::Progress;
use crate::workspace::Workspace;

/// What the built page is made from, in `ui/`.
const SOURCES: [&str; 7] = [
    "src",
    "index.html",
    "package.json",
    "package-lock.json",
    "svelte.config.js",
    "tsconfig.json",
    "vite.config.ts",
];

/// Two steps: the page's packages and the page.
///
/// A page that is built again makes cargo build the window again, so nothing is done without need.
pub(crate) fn build(workspace: &Workspace, progress: &mut Progress) -> Result<(), Fault> {
    let ui = workspace.path("ui");
    let mut step = progress.step("Packages of the page");
    // npm writes what it installed to this file.
    let installed = newest(&ui.join("node_modules/.package-lock.json"));
    let listed = newest_of(&ui, &["package.json", "package-lock.json"]);
    if is_up_to_date(installed, listed) {
        step.done("nothing was missing");
    } else {
        let words = ["ci", "--no-audit", "--no-fund"];
        execute::watch(&mut step, workspace.npm(&words))?.well()?;
        step.done("");
    }
    let mut step = progress.step("Page of the window");
    let stamp = stamp(workspace);
    // Cargo puts a bare page where none is built; that one is newer than our stamp or has none.
    let ours = is_up_to_date(newest(&stamp), newest(&ui.join("dist/index.html")));
    if ours && is_up_to_date(newest(&stamp), newest_of(&ui, &SOURCES)) {
        step.done("nothing changed");
        return Ok(());
    }
    execute::watch(&mut step, workspace.npm(&["run", "build"]))?.well()?;
    std::fs::create_dir_all(workspace.tools()).map_err(fault::file("make", &workspace.tools()))?;
    std::fs::write(&stamp, "").map_err(fault::file("write", &stamp))?;
    step.done("");
    Ok(())
}

fn stamp(workspace: &Workspace) -> PathBuf {
    workspace.tools().join("page-built")
}

/// Whether what was made is there and no older than what it is made from.
fn is_up_to_date(made: Option<SystemTime>, from: Option<SystemTime>) -> bool {
    matches!((made, from), (Some(made), Some(from)) if made >= from)
}

fn newest_of(folder: &Path, names: &[&str]) -> Option<SystemTime> {
    names
        .iter()
        .filter_map(|name| newest(&folder.join(name)))
        .max()
}

/// When a file, or the newest file in a folder, was changed; `None` when there is none.
fn newest(path: &Path) -> Option<SystemTime> {
    let about = std::fs::metadata(path).ok()?;
    let own = about.modified().ok()?;
    if !about.is_dir() {
        return Some(own);
    }
    let inside = std::fs::read_dir(path)
        .ok()?
        .filter_map(|entry| newest(&entry.ok()?.path()));
    // A folder changes when a file in it goes.
    inside.chain([own]).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_is_missing_or_older_is_made_again() {
        let early = SystemTime::UNIX_EPOCH;
        let late = early + Duration::from_secs(1);
        assert!(is_up_to_date(Some(late), Some(early)));
        assert!(is_up_to_date(Some(late), Some(late)));
        assert!(!is_up_to_date(Some(early), Some(late)));
        assert!(!is_up_to_date(None, Some(early)));
        assert!(!is_up_to_date(Some(late), None));
    }

    #[test]
    fn a_folder_is_as_new_as_its_newest_file() {
        let folder = std::env::temp_dir().join(format!("xtask-page-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("deep")).unwrap();
        let file = folder.join("deep/file");
        std::fs::write(&file, "").unwrap();
        let later = SystemTime::now() + Duration::from_secs(60);
        std::fs::File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_modified(later)
            .unwrap();
        let found = newest(&folder);
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found, Some(later));
    }
}
