//! The demo: a data center on loopback, a station enrolled with it, and the main job.
//!
//! Everything is done by starting our own executables the way an admin and a clerk would; what
//! they answer with `--json` is all that is known here.

mod data_center;
mod exchange;
mod letters;
mod printer;
mod station;
mod summary;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::check;
use crate::execute;
use crate::fault::{self, Fault};
use crate::json::{self, Value};
use crate::machine::{self, Purpose};
use crate::page;
use crate::progress::{Progress, say};
use crate::stop::Kept;
use crate::workspace::Workspace;
use data_center::DataCenter;
use exchange::Exchange;
use printer::Printer;
pub(crate) use station::Page;
use station::Station;

/// The demo account.
const ACCOUNT: &str = "Demo";
/// What the demo account has to spend.
const DEPOSIT: &str = "1000.00";
/// What the headless run refills.
const REFILL: &str = "50.00";
/// What a headless run found.
const SUMMARY: &str = "summary.json";
/// Where the paper of the demo's printer lies, as pictures.
const PAPER: &str = "paper";
/// By this a folder is known that a headless run may throw away: it has made it.
const MARK: &str = "pennyblack-demo";
/// What stands in it.
const MARKED: &str =
    "The data of a headless run of the demo. The next one throws this folder away.\n";
/// Where the demo keeps what it must find again; written last, so that a set-up that was
/// interrupted is started afresh.
const NOTES: &str = "demo.json";

/// A data center and a station that is enrolled with it.
pub(crate) struct Demo<'a> {
    data_center: DataCenter<'a>,
    station: Station<'a>,
    exchange: Option<Exchange>,
    /// Held by a demo that is kept.
    _lock: Option<File>,
    /// Only beside a window.
    printer: Option<Printer>,
}

/// `cargo xtask run`: opens the window and waits until it is closed.
pub(crate) fn with_window(workspace: &Workspace, reset: bool) -> Result<(), Fault> {
    let mut demo = prepare(workspace, reset)?;
    if !has_display() {
        say("There is no display here, so the same window is served as a page.");
        return demo.serve_page(Page::AsBuilt);
    }
    say("The station's window is open. Closing it ends the demo; the data stays in .demo/.");
    let mut window = Kept::start_openly(demo.station.window())?;
    window.wait()?;
    window.stop()?;
    demo.stop()
}

/// `cargo xtask run --headless`: the main job with fresh data, without a window.
pub(crate) fn headless(workspace: &Workspace, out: &Path) -> Result<(), Fault> {
    let out = std::path::absolute(out).map_err(fault::file("find", out))?;
    remove_summary(&out)?;
    let mut progress = Progress::of(5);
    let mut step = progress.step("System packages");
    let note = machine::system_packages(workspace, &mut step, &[Purpose::Build])?;
    step.done(&note);
    // A machine without a web view, a server for example, can still do the main job.
    let window = machine::is_ready_for(workspace, Purpose::Window);
    build(workspace, &mut progress, window)?;
    do_main_job(workspace, &mut progress, &out)
}

/// A summary of an earlier run must not be taken for one of this run.
fn remove_summary(out: &Path) -> Result<(), Fault> {
    let file = out.join(SUMMARY);
    if file.exists() {
        std::fs::remove_file(&file).map_err(fault::file("remove", &file))?;
    }
    Ok(())
}

/// Three steps: the data center, the station, and the main job with its files in `out`. The
/// executables are built.
pub(crate) fn do_main_job(
    workspace: &Workspace,
    progress: &mut Progress,
    out: &Path,
) -> Result<(), Fault> {
    main_job_done(workspace, progress, out)?.stop()
}

/// As [`do_main_job`]; everything still runs afterwards.
pub(crate) fn main_job_done<'a>(
    workspace: &'a Workspace,
    progress: &mut Progress,
    out: &Path,
) -> Result<Demo<'a>, Fault> {
    let file = out.join(SUMMARY);
    remove_summary(out)?;
    let data = out.join("data");
    make_room(&data)?;
    let demo = set_up(workspace, progress, &data)?;
    let step = progress.step("Main job: refill 50.00, quote and print three letters");
    let summary = main_job(&demo.station, out)?;
    std::fs::write(&file, summary.pretty()).map_err(fault::file("write", &file))?;
    step.done(&format!("see {}", file.display()));
    Ok(demo)
}

/// Installs, builds and starts all of the demo but its window; its data is kept in `.demo/`.
pub(crate) fn prepare(workspace: &Workspace, reset: bool) -> Result<Demo<'_>, Fault> {
    let mut progress = Progress::of(7);
    check::install(workspace, &mut progress, &[Purpose::Build, Purpose::Window])?;
    page::build(workspace, &mut progress)?;
    build(workspace, &mut progress, true)?;
    let folder = workspace.path(".demo");
    let lock = alone(workspace)?;
    let demo = match notes(&folder).filter(|_| !reset) {
        Some(notes) => start_again(workspace, &mut progress, &folder, &notes)?,
        None => {
            make_afresh(&folder)?;
            let demo = set_up(workspace, &mut progress, &folder)?;
            demo.write_notes(&folder)?;
            demo
        }
    };
    let mut demo = Demo {
        _lock: Some(lock),
        ..demo
    };
    say(&format!(
        "The data center listens at {}.",
        demo.data_center.url()
    ));
    if demo.exchange.is_some() {
        say("A telephone line without hardware leads to it too. To hear it dial:");
        say(&format!(
            "  {}",
            demo.station.written("contact --line dialup")
        ));
    }
    demo.switch_printer_on(workspace, &folder.join(PAPER))?;
    say(
        "This demo keeps its keys in plain key files (`key-file`), which a real station should not.",
    );
    Ok(demo)
}

impl Demo<'_> {
    /// Gives the station a printer whose paper can be seen.
    fn switch_printer_on(&mut self, workspace: &Workspace, paper: &Path) -> Result<(), Fault> {
        let Some(printer) = Printer::start(workspace, paper) else {
            return Ok(());
        };
        self.station
            .add_printer(printer::NAME, &printer.model, &printer.address)?;
        say(&format!(
            "What you print on \"{}\" comes out at {} and in {}.",
            printer::NAME,
            printer.page,
            paper.display()
        ));
        self.printer = Some(printer);
        Ok(())
    }

    /// Serves the window's page on loopback until interrupted.
    pub(crate) fn serve_page(&mut self, page: Page) -> Result<(), Fault> {
        let bridge = self.station.bridge(page);
        let mut bridge = Kept::start(bridge, Stdio::piped(), Stdio::inherit())?;
        let line = data_center::first_line(&mut bridge)?;
        let url = data_center::member(bridge.written(), &line, "url")?;
        say(&format!(
            "Open {url} in a browser on this machine. Ctrl-C ends the demo; the data stays in .demo/."
        ));
        bridge.wait()?;
        bridge.stop()
    }

    fn write_notes(&self, folder: &Path) -> Result<(), Fault> {
        let file = folder.join(NOTES);
        let notes = Value::object([("listen", Value::of(self.data_center.address()))]);
        std::fs::write(&file, notes.pretty()).map_err(fault::file("write", &file))
    }
}

fn notes(folder: &Path) -> Option<Value> {
    json::parse(&std::fs::read_to_string(folder.join(NOTES)).ok()?).ok()
}

impl Demo<'_> {
    /// The command that judges the running data center with programs that are not ours: it gets
    /// the address, the code of a station of its own, a folder, and what the admin would use.
    pub(crate) fn judge_of_center(
        &self,
        workspace: &Workspace,
        out: &Path,
    ) -> Result<std::process::Command, Fault> {
        self.station.contact()?;
        let code = self.data_center.enrolment_code(ACCOUNT)?;
        let mut judge = machine::center_python(workspace);
        judge
            .arg("tests/foreign/center.py")
            .args([self.data_center.url(), &code])
            .arg(out.join("center"))
            .arg("--server")
            .arg(workspace.executable("pennyblack-server"))
            .arg("--data")
            .arg(self.data_center.folder());
        Ok(judge)
    }

    /// Stops what runs.
    pub(crate) fn stop(self) -> Result<(), Fault> {
        self.data_center.stop()?;
        self.printer.map_or(Ok(()), Printer::stop)?;
        self.exchange.map_or(Ok(()), Exchange::stop)
    }
}

fn build(workspace: &Workspace, progress: &mut Progress, window: bool) -> Result<(), Fault> {
    let mut step = progress.step("Build of every executable (minutes the first time)");
    let everything = ["build", "--workspace"];
    let without_window = ["build", "--workspace", "--exclude", "station-app"];
    let words: &[&str] = if window { &everything } else { &without_window };
    execute::watch(&mut step, workspace.cargo(words))?.well()?;
    step.done(if window {
        ""
    } else {
        "without the window: no web view to build it with"
    });
    Ok(())
}

/// Two steps: the data center with its demo account and rates, and the enrolled station.
fn set_up<'a>(
    workspace: &'a Workspace,
    progress: &mut Progress,
    data: &Path,
) -> Result<Demo<'a>, Fault> {
    let step = progress.step("Data center with a demo account and rates");
    let folder = data.join("server");
    data_center::init(workspace, &folder)?;
    let exchange = Exchange::start(workspace);
    let modem = answered_at(exchange.as_ref());
    let data_center = DataCenter::start(workspace, &folder, data_center::ANY_PORT, modem)?;
    let account = data_center.open_account(ACCOUNT, DEPOSIT)?;
    data_center.publish_rates(&workspace.path("shared/data/editions/us-2026-07-12.json"))?;
    step.done("");
    let step = progress.step("Station, enrolled");
    let code = data_center.enrolment_code(&account)?;
    let station = Station::at(workspace, &data.join("station"));
    station.enrol(data_center.url(), &code, &data.join("station.key"))?;
    plug_in(&station, exchange.as_ref())?;
    step.done("");
    Ok(Demo {
        data_center,
        station,
        exchange,
        _lock: None,
        printer: None,
    })
}

/// Two steps: the data center where the station will look for it, and the station as it was.
fn start_again<'a>(
    workspace: &'a Workspace,
    progress: &mut Progress,
    folder: &Path,
    notes: &Value,
) -> Result<Demo<'a>, Fault> {
    let step = progress.step("Data center, as it was");
    let listen = notes.at("listen").text().unwrap_or(data_center::ANY_PORT);
    let exchange = Exchange::start(workspace);
    let modem = answered_at(exchange.as_ref());
    let data_center = DataCenter::start(workspace, &folder.join("server"), listen, modem)
        .map_err(or_start_afresh)?;
    step.done("");
    let step = progress.step("Station, as it was");
    let station = Station::at(workspace, &folder.join("station"));
    station.status()?;
    plug_in(&station, exchange.as_ref())?;
    step.done("");
    Ok(Demo {
        data_center,
        station,
        exchange,
        _lock: None,
        printer: None,
    })
}

/// The device at which the data center answers calls.
fn answered_at(exchange: Option<&Exchange>) -> Option<&str> {
    exchange.map(|exchange| exchange.center().device.as_str())
}

/// Gives the station its own line; the devices are others each time.
fn plug_in(station: &Station<'_>, exchange: Option<&Exchange>) -> Result<(), Fault> {
    let Some(exchange) = exchange else {
        return Ok(());
    };
    station.plug_in(&exchange.station().device, &exchange.center().number)
}

fn or_start_afresh(fault: Fault) -> Fault {
    let Fault::Failed {
        command,
        status,
        tail,
    } = fault
    else {
        return fault;
    };
    let tail = format!("{tail}\nTo start afresh, without the demo's data: cargo xtask run --reset");
    Fault::Failed {
        command,
        status,
        tail,
    }
}

fn main_job(station: &Station<'_>, out: &Path) -> Result<Value, Fault> {
    let refill = station.refill(REFILL)?;
    let mut printed = Vec::new();
    for letter in &letters::LETTERS {
        let quote = station.quote(letter)?;
        let piece = station.print(letter, out)?;
        printed.push(summary::Printed {
            files: letter.files(),
            quote,
            piece,
        });
    }
    let listed = station.pieces()?;
    let status = station.status()?;
    summary::summary(&refill, &printed, &listed, &status)
        .map_err(|complaint| Fault::Books { complaint })
}

/// Holds the demo's lock as long as this process lives: a second one would throw away, or start, what
/// the first one runs.
fn alone(workspace: &Workspace) -> Result<File, Fault> {
    let tools = workspace.tools();
    std::fs::create_dir_all(&tools).map_err(fault::file("make", &tools))?;
    let file = tools.join("demo.lock");
    let lock = File::create(&file).map_err(fault::file("make", &file))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Fault::DemoIsOpen),
        Err(TryLockError::Error(source)) => Err(fault::file("lock", &file)(source)),
    }
}

/// Makes room for the data of a headless run; what somebody else keeps in that place stays.
fn make_room(data: &Path) -> Result<(), Fault> {
    let is_empty = || std::fs::read_dir(data).is_ok_and(|mut all| all.next().is_none());
    if data.exists() && !is_empty() && !data.join(MARK).is_file() {
        return Err(Fault::NotOurs {
            path: data.to_path_buf(),
        });
    }
    make_afresh(data)?;
    let mark = data.join(MARK);
    std::fs::write(&mark, MARKED).map_err(fault::file("write", &mark))
}

/// An empty folder that only its owner may read.
fn make_afresh(folder: &Path) -> Result<(), Fault> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(fault::file("remove", folder))?;
    }
    let mut making = std::fs::DirBuilder::new();
    making.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut making, 0o700);
    making.create(folder).map_err(fault::file("make", folder))
}

fn has_display() -> bool {
    let set =
        |name| std::env::var_os(name).is_some_and(|value: std::ffi::OsString| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

/// The text of a path for a command line.
fn word(path: PathBuf) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_folder_that_a_headless_run_has_made_is_thrown_away() {
        let name = format!("pennyblack-room-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let data = folder.join("data");
        std::fs::create_dir_all(&data).unwrap();
        // An empty one is taken, and one of ours.
        for _ in 0..2 {
            make_room(&data).unwrap();
            std::fs::create_dir(data.join("server")).unwrap();
        }
        std::fs::remove_file(data.join(MARK)).unwrap();
        assert!(matches!(make_room(&data), Err(Fault::NotOurs { .. })));
        assert!(data.join("server").is_dir(), "a server of somebody else");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
