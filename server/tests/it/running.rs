//! A data folder, and the executable on it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A data folder that is removed at the end.
pub(crate) struct Folder {
    keep: TempDir,
    name: PathBuf,
}

impl Folder {
    /// An empty one.
    pub(crate) fn empty() -> Self {
        Self {
            keep: TempDir::new().unwrap(),
            name: "data".into(),
        }
    }

    /// An empty one whose path is longer than a socket's may be.
    pub(crate) fn deep() -> Self {
        Self {
            keep: TempDir::new().unwrap(),
            name: ["x".repeat(90), "y".repeat(90)].iter().collect(),
        }
    }

    /// One with a data center, made with a short passphrase file.
    pub(crate) fn initialised() -> Self {
        let folder = Self::empty();
        let passphrase = folder.path().join("passphrase");
        std::fs::write(&passphrase, "correct horse battery staple\n").unwrap();
        let path = passphrase.to_str().unwrap();
        folder.json(&[
            "init",
            "--root-passphrase-file",
            path,
            "--support-contact",
            "555-0100",
        ]);
        folder
    }

    /// Where things may be put beside the data folder.
    pub(crate) fn path(&self) -> &Path {
        self.keep.path()
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.keep.path().join(&self.name)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pennyblack-server"));
        command.arg("--data").arg(self.data());
        command
    }

    /// Starts a command that answers in JSON.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command();
        command.arg("--json").args(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    /// Runs a command that must succeed; its lines of JSON.
    pub(crate) fn lines(&self, arguments: &[&str]) -> Vec<Value> {
        let output = self.run(&[&["--json"], arguments].concat());
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Runs a command that must succeed and answer one object.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let mut lines = self.lines(arguments);
        assert_eq!(lines.len(), 1, "{arguments:?}");
        lines.remove(0)
    }

    /// Runs a command that must fail; its exit code and refusal.
    pub(crate) fn refusal(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.run(&[&["--json"], arguments].concat());
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        let line = error.lines().last().unwrap_or_default();
        let refusal: Value = serde_json::from_str(line).unwrap();
        for member in ["code", "message", "hint", "retry"] {
            assert!(!refusal[member].is_null(), "{refusal}");
        }
        (output.status.code().unwrap(), refusal)
    }

    /// Starts `serve` and waits until it listens.
    pub(crate) fn serve(&self) -> Serving {
        self.serve_with(&[])
    }

    /// Starts `serve` with more arguments and waits until it listens.
    pub(crate) fn serve_with(&self, arguments: &[&str]) -> Serving {
        let mut child = self
            .command()
            .args(["--json", "serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        Serving {
            listening: serde_json::from_str(&line).unwrap(),
            child,
        }
    }
}

/// A running `serve`; killed when dropped.
pub(crate) struct Serving {
    /// What it said when it began.
    pub(crate) listening: Value,
    child: Child,
}

impl Serving {
    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, as the system does; its exit code.
    #[cfg(unix)]
    pub(crate) fn stop(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(asked.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
