//! The demo's data center: `pennyblack-server`, as its admin would use it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use super::word;
use crate::execute;
use crate::fault::{self, Fault};
use crate::json::{self, Value};
use crate::stop::Kept;
use crate::workspace::Workspace;

/// Loopback; the system picks a free port.
pub(super) const ANY_PORT: &str = "127.0.0.1:0";
/// What the data center logs, beside its folder.
pub(super) const LOG: &str = "server.log";
/// Where the demo station's mail begins: Boise, Idaho.
const LICENCE_ZIP: &str = "83702";
/// So long an executable may take until it says where it listens.
const UNTIL_READY: Duration = Duration::from_secs(60);

/// A data center that runs.
pub(super) struct DataCenter<'a> {
    workspace: &'a Workspace,
    folder: PathBuf,
    process: Kept,
    address: String,
    url: String,
}

/// Makes the data center's folder: its certificate authority, its keys, its books.
pub(super) fn init(workspace: &Workspace, folder: &Path) -> Result<(), Fault> {
    let mut words = vec![
        "init".to_owned(),
        "--support-contact".to_owned(),
        "the admin of this demo".to_owned(),
    ];
    if let Some(passphrase) = random_words() {
        let file = folder.with_file_name("root-passphrase.txt");
        write_privately(&file, &passphrase)?;
        words.extend(["--root-passphrase-file".to_owned(), word(file)]);
    }
    admin(workspace, folder, &words)?;
    Ok(())
}

impl<'a> DataCenter<'a> {
    /// Starts it and waits until it listens; where there is a modem, it answers its calls.
    pub(super) fn start(
        workspace: &'a Workspace,
        folder: &Path,
        listen: &str,
        modem: Option<&str>,
    ) -> Result<Self, Fault> {
        let log = folder.with_file_name(LOG);
        let log = std::fs::File::create(&log).map_err(fault::file("write", &log))?;
        let mut command = workspace.command(workspace.executable("pennyblack-server"));
        command
            .arg("--data")
            .arg(folder)
            .args(["--json", "serve", "--listen", listen]);
        if let Some(device) = modem {
            command.args(["--modem", device]);
        }
        command.env("NO_COLOR", "1");
        let mut process = Kept::start(command, Stdio::piped(), Stdio::from(log))?;
        let line = first_line(&mut process).map_err(|fault| {
            let said = std::fs::read_to_string(folder.with_file_name(LOG)).unwrap_or_default();
            with_log(said_no(fault, &said), folder)
        })?;
        let address = member(process.written(), &line, "listening")?;
        let url = member(process.written(), &line, "url")?;
        Ok(Self {
            workspace,
            folder: folder.to_path_buf(),
            process,
            address,
            url,
        })
    }

    /// Its data folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where stations find it.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The address and port it listens at.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Opens an account, books a deposit on it, and tells its identity.
    pub(super) fn open_account(&self, name: &str, deposit: &str) -> Result<String, Fault> {
        let answer = self.admin(&["account", "new", name])?;
        let account = text_of("account new", &answer, "account")?;
        self.admin(&[
            "account",
            "deposit",
            &account,
            deposit,
            "--reference",
            "demo",
        ])?;
        Ok(account)
    }

    /// Imports a rate edition and publishes it.
    pub(super) fn publish_rates(&self, file: &Path) -> Result<(), Fault> {
        self.admin(&["rates", "import", &word(file.to_path_buf())])?;
        self.admin(&["rates", "publish"])?;
        Ok(())
    }

    /// Makes a station and tells the code that enrols it once.
    pub(super) fn enrolment_code(&self, account: &str) -> Result<String, Fault> {
        let answer = self.admin(&["station", "new", "--account", account, "--zip", LICENCE_ZIP])?;
        text_of("station new", &answer, "code")
    }

    /// Stops it.
    pub(super) fn stop(self) -> Result<(), Fault> {
        self.process.stop()
    }

    fn admin(&self, words: &[&str]) -> Result<Value, Fault> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        admin(self.workspace, &self.folder, &words).map_err(|fault| with_log(fault, &self.folder))
    }
}

fn admin(workspace: &Workspace, folder: &Path, words: &[String]) -> Result<Value, Fault> {
    let mut command = workspace.command(workspace.executable("pennyblack-server"));
    command.arg("--data").arg(folder).arg("--json").args(words);
    answer(command)
}

/// Runs one of our executables and reads the object it answers with.
pub(super) fn answer(command: std::process::Command) -> Result<Value, Fault> {
    let heard = execute::ask(command, execute::SHORT)?;
    if !heard.status.success() {
        return Err(said_no(heard.fault(), &heard.complaints()));
    }
    // A command that answers with one object a line (a list) is read as a list.
    let lines: Vec<String> = heard
        .output()
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(str::to_owned)
        .collect();
    let output = heard.output();
    json::parse(&output)
        .or_else(|complaint| {
            let values: Result<Vec<Value>, String> =
                lines.iter().map(|line| json::parse(line)).collect();
            values.map(Value::List).map_err(|_| complaint)
        })
        .map_err(|complaint| Fault::Answer {
            command: heard.command,
            complaint: format!("it is not JSON: {complaint}"),
        })
}

/// Replaces the JSON of a refusal by its sentences.
fn said_no(fault: Fault, complaints: &str) -> Fault {
    let refusal = complaints
        .lines()
        .rev()
        .find_map(|line| json::parse(line).ok());
    match (fault, refusal) {
        (
            Fault::Failed {
                command, status, ..
            },
            Some(refusal),
        ) => {
            let sentence = |name| refusal.at(name).text().unwrap_or_default().to_owned();
            Fault::Failed {
                command,
                status,
                tail: format!("{}\n{}", sentence("message"), sentence("hint")),
            }
        }
        (fault, _) => fault,
    }
}

/// Adds where the data center's log stands: the reason is often on the other side.
fn with_log(fault: Fault, folder: &Path) -> Fault {
    let Fault::Failed {
        command,
        status,
        tail,
    } = fault
    else {
        return fault;
    };
    let log = folder.with_file_name(LOG);
    let tail = format!("{tail}\nThe data center's log: {}", log.display());
    Fault::Failed {
        command,
        status,
        tail,
    }
}

/// The first line that an executable says; the rest is read and left.
pub(super) fn first_line(process: &mut Kept) -> Result<String, Fault> {
    let written = process.written().to_owned();
    let (sender, lines) = channel();
    if let Some(pipe) = process.child().stdout.take() {
        thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                // Nobody waits for the second line.
                let _received = sender.send(line);
            }
        });
    }
    match lines.recv_timeout(UNTIL_READY) {
        Ok(line) => Ok(line),
        Err(RecvTimeoutError::Timeout) => Err(Fault::TooSlow {
            command: written,
            limit: UNTIL_READY,
        }),
        Err(RecvTimeoutError::Disconnected) => {
            let status = process.wait()?.to_string();
            Err(Fault::Failed {
                command: written,
                status,
                tail: String::new(),
            })
        }
    }
}

/// A string member of a line of JSON.
pub(super) fn member(command: &str, line: &str, name: &str) -> Result<String, Fault> {
    let value = json::parse(line).map_err(|complaint| Fault::Answer {
        command: command.to_owned(),
        complaint: format!("it is not JSON: {complaint}"),
    })?;
    text_of(command, &value, name)
}

fn text_of(command: &str, value: &Value, name: &str) -> Result<String, Fault> {
    value
        .at(name)
        .text()
        .map(str::to_owned)
        .ok_or_else(|| Fault::Answer {
            command: command.to_owned(),
            complaint: format!("it does not tell `{name}`"),
        })
}

/// A passphrase nobody could guess; `None` where the system has no file of random bytes, and the
/// data center makes one itself.
fn random_words() -> Option<String> {
    use std::io::Read as _;
    let mut bytes = [0_u8; 20];
    std::fs::File::open("/dev/urandom")
        .ok()?
        .read_exact(&mut bytes)
        .ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn write_privately(file: &Path, text: &str) -> Result<(), Fault> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut open = options.open(file).map_err(fault::file("make", file))?;
    writeln!(open, "{text}").map_err(fault::file("write", file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_it_listens_is_read_from_its_first_line() {
        let line = r#"{"listening":"127.0.0.1:40123","url":"https://127.0.0.1:40123"}"#;
        assert_eq!(
            member("serve", line, "url").unwrap(),
            "https://127.0.0.1:40123"
        );
        assert!(
            member("serve", line, "port")
                .unwrap_err()
                .to_string()
                .contains("`port`")
        );
        assert!(member("serve", "listening", "url").is_err());
    }

    #[test]
    fn a_refusal_is_shown_by_its_sentences() {
        let fault = Fault::Failed {
            command: "refill".to_owned(),
            status: "exit status: 3".to_owned(),
            tail: String::new(),
        };
        let said = said_no(
            fault,
            r#"{"code":"insufficient_funds","message":"The account is short.","hint":"Deposit first.","retry":false}"#,
        );
        assert!(
            said.to_string()
                .contains("The account is short.\nDeposit first."),
            "{said}"
        );
    }
}
