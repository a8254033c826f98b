//! Where things stand in the clone, and the environment that everything is started in.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fault::Fault;

/// The clone.
pub(crate) struct Workspace {
    root: PathBuf,
    built: PathBuf,
}

impl Workspace {
    /// The clone this executable was built from.
    pub(crate) fn here() -> Result<Self, Fault> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest
            .parent()
            .and_then(Path::parent)
            .expect("the package stands two folders below the root of the clone")
            .to_path_buf();
        let own = std::env::current_exe().map_err(|source| Fault::Start {
            program: "cargo xtask".to_owned(),
            source,
        })?;
        // The other executables are built beside this one, whatever target folder cargo was given.
        let built = own
            .parent()
            .map_or_else(|| root.join("target/debug"), Path::to_path_buf);
        Ok(Self { root, built })
    }

    /// A file or folder of the clone.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// An executable of the workspace's debug build.
    pub(crate) fn executable(&self, name: &str) -> PathBuf {
        self.built
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// The folder of the executables of the debug build.
    pub(crate) fn executables(&self) -> &Path {
        &self.built
    }

    /// An executable of the workspace's release build.
    pub(crate) fn release_executable(&self, name: &str) -> PathBuf {
        let release = self
            .built
            .parent()
            .map_or_else(|| self.built.clone(), |target| target.join("release"));
        release.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// A command that starts in the root of the clone, finds the project's own tools first, and
    /// does not see what cargo told *this* executable (it would rebuild half the tree for it).
    pub(crate) fn command(&self, program: impl Into<OsString>) -> Command {
        let mut command = Command::new(program.into());
        command
            .current_dir(&self.root)
            .env("PATH", self.search_path());
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(told_by_cargo_run) {
                command.env_remove(&name);
            }
        }
        command
    }

    /// `cargo` with the given words.
    pub(crate) fn cargo(&self, words: &[&str]) -> Command {
        let mut command = self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(words);
        command
    }

    /// `npm` with the given words, in `ui/`.
    pub(crate) fn npm(&self, words: &[&str]) -> Command {
        let mut command = self.command(if cfg!(windows) { "npm.cmd" } else { "npm" });
        command.args(words).current_dir(self.path("ui"));
        command
    }

    /// The folder of what is installed for this project only.
    pub(crate) fn tools(&self) -> PathBuf {
        self.path(".tools")
    }

    fn search_path(&self) -> OsString {
        let own = [
            self.tools().join("node_modules/node/bin"),
            self.tools().join("venv/bin"),
            self.tools().join("labelize/bin"),
        ];
        let usual = std::env::var_os("PATH").unwrap_or_default();
        let all = own
            .into_iter()
            .filter(|folder| folder.is_dir())
            .chain(std::env::split_paths(&usual));
        std::env::join_paths(all).unwrap_or(usual)
    }
}

/// Whether `cargo run` sets this variable for the executable it starts.
fn told_by_cargo_run(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || matches!(
            name,
            "CARGO_MANIFEST_DIR"
                | "CARGO_MANIFEST_PATH"
                | "CARGO_PRIMARY_PACKAGE"
                | "CARGO_BIN_NAME"
                | "CARGO_CRATE_NAME"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_tells_one_package_is_not_passed_on_but_settings_of_people_are() {
        assert!(told_by_cargo_run("CARGO_PKG_VERSION"));
        assert!(told_by_cargo_run("CARGO_MANIFEST_DIR"));
        assert!(!told_by_cargo_run("CARGO_TARGET_DIR"));
        assert!(!told_by_cargo_run("CARGO_HOME"));
        assert!(!told_by_cargo_run("CARGO_NET_OFFLINE"));
    }
}
