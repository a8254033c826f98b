//! Executables of the product, started as their users start them.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;

use crate::figure::{Figure, Target};

/// How long the data center idles before its memory is read.
pub(crate) const IDLE: Duration = Duration::from_secs(3);

/// The data center's memory when nobody asks anything.
pub(crate) fn measure(folder: &Path) -> anyhow::Result<Vec<Figure>> {
    let Some(server) = beside("pennyblack-server") else {
        eprintln!("pennyblack-server was not built beside this program: its figure is absent");
        return Ok(Vec::new());
    };
    let data = folder.join("center");
    initialised(&server, &data)?;
    let (serving, _) = serving(&server, &data)?;
    std::thread::sleep(IDLE);
    let kilobytes = resident(serving.id())?;
    Ok(vec![Figure::new(
        "server.idle_rss_mb",
        f64::from(kilobytes) / 1_024.0,
        "MB",
        Target::AtMost(40.0),
    )])
}

/// Makes a data center.
pub(crate) fn initialised(server: &Path, data: &Path) -> anyhow::Result<()> {
    let made = Command::new(server)
        .arg("--data")
        .arg(data)
        .args(["--json", "init", "--support-contact", "nobody"])
        .stdout(Stdio::null())
        .status()
        .context("pennyblack-server init")?;
    anyhow::ensure!(made.success(), "pennyblack-server init: {made}");
    Ok(())
}

/// Lets a data center serve; its address.
pub(crate) fn serving(server: &Path, data: &Path) -> anyhow::Result<(Kept, String)> {
    let mut serving = Kept::start(
        Command::new(server)
            .arg("--data")
            .arg(data)
            .args(["--json", "serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null()),
    )?;
    let line: serde_json::Value = serde_json::from_str(&serving.first_line()?)?;
    let url = line["url"].as_str().context("it tells no address")?;
    Ok((serving, url.to_owned()))
}

/// The executable of this name that was built beside this one.
pub(crate) fn beside(name: &str) -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    let path = own.parent()?.join(name);
    path.exists().then_some(path)
}

/// The resident memory of a process, kilobytes.
pub(crate) fn resident(process: u32) -> anyhow::Result<u32> {
    let path = format!("/proc/{process}/status");
    let status = std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    kilobytes(&status, "VmRSS:").with_context(|| format!("{path} has no VmRSS"))
}

/// The kilobytes of one line of a file under `/proc`.
pub(crate) fn kilobytes(text: &str, name: &str) -> Option<u32> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// An executable that ends with its handle.
pub(crate) struct Kept {
    child: Child,
}

impl Kept {
    pub(crate) fn start(command: &mut Command) -> anyhow::Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", command.get_program().display()))?;
        Ok(Self { child })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The first line of its standard output.
    pub(crate) fn first_line(&mut self) -> anyhow::Result<String> {
        let output = self
            .child
            .stdout
            .as_mut()
            .context("its output is not ours")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        anyhow::ensure!(!line.is_empty(), "it ended without a word");
        Ok(line.trim().to_owned())
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // One that has ended already needs no ending.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_proc_is_read_in_kilobytes() {
        let status = "Name:\tserver\nVmRSS:\t   12340 kB\nThreads:\t9\n";
        assert_eq!(kilobytes(status, "VmRSS:"), Some(12_340));
        assert_eq!(kilobytes(status, "Pss:"), None);
    }

    #[test]
    fn the_memory_of_this_very_process_is_some() {
        assert!(resident(std::process::id()).unwrap() > 1_000);
    }
}
