//! The demo's station: `pennyblack`, as its clerk would use it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::data_center::answer;
use super::letters::Letter;
use super::word;
use crate::fault::Fault;
use crate::json::Value;
use crate::workspace::Workspace;

/// The page that is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// As it was built.
    AsBuilt,
    /// Built again at each change.
    BuiltAgain,
}

/// A station by its data folder.
pub(super) struct Station<'a> {
    workspace: &'a Workspace,
    folder: PathBuf,
}

impl<'a> Station<'a> {
    /// The station whose data stands there.
    pub(super) fn at(workspace: &'a Workspace, folder: &Path) -> Self {
        Self {
            workspace,
            folder: folder.to_path_buf(),
        }
    }

    /// Enrols it with a one-time code.
    pub(super) fn enrol(&self, url: &str, code: &str, key: &Path) -> Result<(), Fault> {
        let secrets = format!("key-file:{}", key.display());
        self.ask(&[
            "enrol",
            "--server",
            url,
            "--code",
            code,
            "--secrets",
            &secrets,
        ])?;
        Ok(())
    }

    /// Lets it dial this number at this modem when the Internet is down.
    pub(super) fn plug_in(&self, device: &str, number: &str) -> Result<(), Fault> {
        self.ask(&["line", "set", "--device", device, "--number", number])?;
        Ok(())
    }

    /// Lets it print on a printer of this model at this address, which is another each time.
    pub(super) fn add_printer(&self, name: &str, model: &str, address: &str) -> Result<(), Fault> {
        let port = format!("tcp:{address}");
        self.ask(&["printers", "add", name, "--model", model, "--port", &port])?;
        Ok(())
    }

    /// What it is and has.
    pub(super) fn status(&self) -> Result<Value, Fault> {
        self.ask(&["status"])
    }

    /// Refills its vault.
    pub(super) fn refill(&self, amount: &str) -> Result<Value, Fault> {
        self.ask(&["refill", amount])
    }

    /// Prices a letter.
    pub(super) fn quote(&self, letter: &Letter) -> Result<Value, Fault> {
        let mut words = vec!["quote"];
        words.extend(options(letter));
        self.ask(&words)
    }

    /// Pays for a letter and prints it in every form.
    pub(super) fn print(&self, letter: &Letter, out: &Path) -> Result<Value, Fault> {
        let files = letter.files();
        let [pdf, png, escpos] =
            [files.pdf, files.png, files.escpos].map(|name| word(out.join(name)));
        let mut words = vec!["print", "postage"];
        words.extend(options(letter));
        words.extend([
            "--to-address",
            letter.address,
            "--pdf",
            &pdf,
            "--png",
            &png,
            "--escpos",
            &escpos,
        ]);
        self.ask(&words)
    }

    /// Meets the data center, so that it hears of what was printed.
    pub(super) fn contact(&self) -> Result<Value, Fault> {
        self.ask(&["contact"])
    }

    /// Every piece it printed.
    pub(super) fn pieces(&self) -> Result<Value, Fault> {
        self.ask(&["pieces"])
    }

    /// The command that opens its window.
    pub(super) fn window(&self) -> Command {
        self.executable("pennyblack-station")
    }

    /// The command that serves its window as a page and tells the address on its first line.
    pub(super) fn bridge(&self, page: Page) -> Command {
        let mut command = self.executable("pennyblack-bridge");
        command.arg("--json");
        // The target folder may be anywhere; the page is in the clone.
        command.arg("--page").arg(self.workspace.path("ui/dist"));
        if page == Page::BuiltAgain {
            command.arg("--live");
        }
        command
    }

    /// A command of it as it would be typed in the project's folder.
    pub(super) fn written(&self, words: &str) -> String {
        let executable = self.workspace.executable("pennyblack");
        let [executable, folder] = [executable.as_path(), self.folder.as_path()].map(|path| {
            let inside = path.strip_prefix(self.workspace.path(""));
            inside.unwrap_or(path).display().to_string()
        });
        format!("{executable} --data {folder} {words}")
    }

    fn ask(&self, words: &[&str]) -> Result<Value, Fault> {
        let mut command = self.executable("pennyblack");
        command.arg("--json").args(words);
        answer(command)
    }

    fn executable(&self, name: &str) -> Command {
        let mut command = self.workspace.command(self.workspace.executable(name));
        command.arg("--data").arg(&self.folder);
        command
    }
}

fn options(letter: &Letter) -> [&'static str; 8] {
    [
        "--class",
        "first-class",
        "--shape",
        "letter",
        "--weight",
        letter.weight,
        "--to",
        letter.zip,
    ]
}
