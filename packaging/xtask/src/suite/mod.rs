//! `cargo xtask test`: installs what is missing and passes every test of the project.

mod count;
mod packages;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::check;
use crate::demo;
use crate::execute::{self, Heard};
use crate::fault::{self, Fault};
use crate::json;
use crate::machine::{self, Purpose};
use crate::page;
use crate::progress::{Progress, say};
use crate::workspace::Workspace;
use count::Count;

/// Tests that cannot run on this machine say `SKIPPED name: reason`, in their output or, where that
/// is not shown, by appending the line to the file this names.
const SKIPS: &str = "PENNYBLACK_SKIPS";
/// Where the executables are that the tests of the page start.
const EXECUTABLES: &str = "PENNYBLACK_EXECUTABLES";
/// Every test of the workspace, with what those say that pass; what those say that do not is said
/// again at the end, where whoever opens a log looks first.
const NEXTEST: [&str; 8] = [
    "nextest",
    "run",
    "--workspace",
    "--no-fail-fast",
    "--success-output",
    "immediate",
    "--failure-output",
    "immediate-final",
];
/// Tells the tests to run their full counts.
const LONG_RUN: &str = "PENNYBLACK_LONG";
/// The Python that has the foreign readers of our labels.
const PYTHON: &str = "PENNYBLACK_PYTHON";
/// The folder with what draws our labels on Node.js.
const JUDGES: &str = "PENNYBLACK_JUDGES";

/// The folder with a virtual machine in which pppd calls and is called, and printers hang on USB.
const MACHINE: &str = "PENNYBLACK_VM";

/// Runs everything, also after something did not pass. The last line is
/// `N passed, N failed, N skipped`; a check or build that did not pass counts as one failed.
pub(crate) fn run(workspace: &Workspace, long: bool) -> Result<ExitCode, Fault> {
    let mut suite = Suite::begin(workspace, long, Progress::of(if long { 22 } else { 21 }))?;
    let reached_the_end = suite.all();
    suite.end(reached_the_end)
}

/// Builds a small virtual machine with pppd and USB printer gadgets in it, and runs the tests that call
/// it and are called by it, or run inside of it.
pub(crate) fn run_in_machine(workspace: &Workspace) -> Result<ExitCode, Fault> {
    let mut suite = Suite::begin(workspace, false, Progress::of(2))?;
    let reached_the_end = suite.in_machine();
    suite.end(reached_the_end)
}

struct Suite<'a> {
    workspace: &'a Workspace,
    progress: Progress,
    long: bool,
    skips: PathBuf,
    packages: Option<PathBuf>,
    count: Count,
    not_passed: Vec<String>,
    told_skips: BTreeMap<String, String>,
    said_skips: BTreeMap<String, String>,
    figures: Vec<String>,
}

impl<'a> Suite<'a> {
    fn begin(workspace: &'a Workspace, long: bool, progress: Progress) -> Result<Self, Fault> {
        let tools = workspace.tools();
        std::fs::create_dir_all(&tools).map_err(fault::file("make", &tools))?;
        let skips = tools.join("skipped.txt");
        std::fs::write(&skips, "").map_err(fault::file("write", &skips))?;
        let count = Count::default();
        Ok(Self {
            workspace,
            progress,
            long,
            skips,
            packages: None,
            count,
            not_passed: Vec::new(),
            told_skips: BTreeMap::new(),
            said_skips: BTreeMap::new(),
            figures: Vec::new(),
        })
    }

    /// Tells what came of it.
    fn end(mut self, reached_the_end: Result<(), Fault>) -> Result<ExitCode, Fault> {
        if let Err(fault) = &reached_the_end {
            say(&format!("\n{fault}"));
            self.count.failed += 1;
        }
        self.report();
        let passed = reached_the_end.is_ok() && self.count.failed == 0;
        Ok(if passed {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    fn in_machine(&mut self) -> Result<(), Fault> {
        let workspace = self.workspace;
        let machine = workspace.tools().join("vm");
        let mut build = workspace.command("sh");
        build.arg("tests/foreign/vm.sh").arg(&machine);
        if !self.checked("Virtual machine with pppd and USB", build)? {
            return Ok(());
        }
        let names = ["foreign_pppd", "usb_printers"];
        let mut calls = if self.has_nextest() {
            let mut calls = self.testing(workspace.cargo(&NEXTEST));
            for name in names {
                calls.args(["-E", &format!("test({name})")]);
            }
            calls
        } else {
            let words = ["test", "--workspace", "--no-fail-fast", "--tests", "--"];
            let mut calls = self.testing(workspace.cargo(&words));
            calls.args(names);
            calls
        };
        calls.env(MACHINE, &machine);
        self.counted("Calls from and to pppd, printers on USB", calls, |heard| {
            count::nextest(&heard.complaints()).or_else(|| count::libtest(&heard.output()))
        })
    }

    fn has_nextest(&self) -> bool {
        execute::works(self.workspace.cargo(&["nextest", "--version"]))
    }

    fn all(&mut self) -> Result<(), Fault> {
        let workspace = self.workspace;
        check::install(
            workspace,
            &mut self.progress,
            &[Purpose::Build, Purpose::Window, Purpose::Test],
        )?;
        let mut step = self.progress.step("Foreign readers of labels");
        let note = machine::python(workspace, &mut step);
        step.done(&note);
        let mut step = self.progress.step("Foreign readers of printers' languages");
        let note = machine::paper(workspace, &mut step);
        step.done(&note);
        if self.long {
            let mut step = self.progress.step("Another of them, which is built here");
            let note = machine::paper_in_rust(workspace, &mut step);
            step.done(&note);
        }
        let mut step = self.progress.step("Foreign judges of the data center");
        let note = machine::python_for_center(workspace, &mut step);
        step.done(&note);
        page::build(workspace, &mut self.progress)?;
        for (title, command) in check::checks(workspace) {
            self.checked(title, command)?;
        }
        self.page_tests()?;
        self.make_packages();
        if self.checked(
            "Build of every executable",
            workspace.cargo(&["build", "--workspace"]),
        )? {
            self.workspace_tests()?;
            self.counted(
                "Browser and window tests",
                self.testing(workspace.npm(&["run", "e2e"])),
                |heard| count::node_tests(&heard.everything()),
            )?;
            self.main_job()?;
        }
        Ok(())
    }

    /// Packages of the window for the test that installs them. When they cannot be made, everything
    /// else is tested all the same.
    fn make_packages(&mut self) {
        let title = "Packages of the window";
        let mut step = self.progress.step(title);
        match packages::make(self.workspace, &mut step) {
            Ok(Some(folder)) => {
                self.packages = Some(folder);
                step.done("");
            }
            Ok(None) => step.done("none on this machine"),
            Err(fault) => {
                step.show(&fault.to_string());
                step.failed("");
                self.count.failed += 1;
                self.not_passed.push(title.to_owned());
            }
        }
    }

    /// The headless run, judged by programs that are not ours.
    fn main_job(&mut self) -> Result<(), Fault> {
        let out = self.workspace.tools().join("main-job");
        let demo = demo::main_job_done(self.workspace, &mut self.progress, &out)?;
        let mut judge = self.workspace.command("python3");
        judge.arg("tests/foreign/judge.py").arg(&out);
        self.counted(
            "Main job, judged by foreign programs",
            self.testing(judge),
            |heard| count::node_tests(&heard.everything()),
        )?;
        let judge = demo.judge_of_center(self.workspace, &out)?;
        self.counted(
            "Data center, judged by foreign programs",
            self.testing(judge),
            |heard| count::node_tests(&heard.everything()),
        )?;
        demo.stop()
    }

    fn page_tests(&mut self) -> Result<(), Fault> {
        let report = self.workspace.tools().join("page-tests.json");
        let mut command =
            self.workspace
                .npm(&["test", "--", "--reporter=default", "--reporter=json"]);
        command.arg(format!("--outputFile.json={}", report.display()));
        // A report of an earlier run must not be read as one of this run.
        if report.exists() {
            std::fs::remove_file(&report).map_err(fault::file("remove", &report))?;
        }
        self.counted("Unit tests of the page", self.testing(command), |_| {
            let text = std::fs::read_to_string(&report).ok()?;
            count::vitest(&json::parse(&text).ok()?)
        })
    }

    fn workspace_tests(&mut self) -> Result<(), Fault> {
        let workspace = self.workspace;
        if self.has_nextest() {
            self.counted(
                "Tests of the workspace",
                self.testing(workspace.cargo(&NEXTEST)),
                |heard| count::nextest(&heard.complaints()),
            )?;
        } else {
            let plain = [
                "test",
                "--workspace",
                "--no-fail-fast",
                "--lib",
                "--bins",
                "--tests",
                "--",
                "--show-output",
            ];
            self.counted(
                "Tests of the workspace",
                self.testing(workspace.cargo(&plain)),
                |heard| count::libtest(&heard.output()),
            )?;
        }
        let examples = ["test", "--workspace", "--no-fail-fast", "--doc"];
        self.counted(
            "Examples in the documentation",
            self.testing(workspace.cargo(&examples)),
            |heard| count::libtest(&heard.output()),
        )
    }

    /// The environment that our tests look for.
    fn testing(&self, mut command: Command) -> Command {
        command.env(SKIPS, &self.skips);
        command.env(EXECUTABLES, self.workspace.executables());
        if self.long {
            command.env(LONG_RUN, "1");
        }
        if let Some(folder) = &self.packages {
            command.env(packages::PACKAGES, folder);
        }
        let python = self.workspace.tools().join("venv/bin/python");
        if python.exists() {
            command.env(PYTHON, python);
        }
        if let Some(folder) = machine::paper_folder(self.workspace) {
            command.env(JUDGES, folder);
        }
        command
    }

    /// A step that passes or does not.
    fn checked(&mut self, title: &str, command: Command) -> Result<bool, Fault> {
        let mut step = self.progress.step(title);
        let heard = execute::watch(&mut step, command)?;
        if heard.status.success() {
            step.done("");
            return Ok(true);
        }
        step.show(&heard.everything());
        step.failed("");
        self.count.failed += 1;
        self.not_passed.push(title.to_owned());
        Ok(false)
    }

    /// A step that runs tests and tells how many.
    fn counted(
        &mut self,
        title: &str,
        command: Command,
        read: impl FnOnce(&Heard) -> Option<Count>,
    ) -> Result<(), Fault> {
        let mut step = self.progress.step(title);
        let heard = execute::watch(&mut step, command)?;
        let everything = heard.everything();
        self.told_skips.extend(count::skips_of_runner(&everything));
        self.said_skips.extend(count::skips(&everything));
        self.figures.extend(count::figures(&everything));
        let told = read(&heard);
        let mut count = told.unwrap_or_default();
        let well = heard.status.success() && told.is_some() && count.failed == 0;
        if well {
            step.done(&count.to_string());
        } else {
            step.show(&count::without_passed(&heard.everything()));
            if told.is_none() {
                step.show("No count of tests was found in what it said.");
            }
            // Also what broke outside of any single test is something that failed.
            count.failed = count.failed.max(1);
            step.failed(&count.to_string());
            self.not_passed.push(title.to_owned());
        }
        self.count.add(count);
        Ok(())
    }

    fn report(&mut self) {
        let written = std::fs::read_to_string(&self.skips).unwrap_or_default();
        self.said_skips.extend(count::skips(&written));
        say("");
        for figure in &self.figures {
            say(figure);
        }
        for (name, reason) in self.said_skips.iter().chain(&self.told_skips) {
            say(&format!("SKIPPED {name}: {reason}"));
        }
        if !self.not_passed.is_empty() {
            say(&format!("Not passed: {}.", self.not_passed.join(", ")));
        }
        self.count.skip(self.said_skips.len());
        say(&self.count.to_string());
    }
}
