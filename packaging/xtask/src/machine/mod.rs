//! What a fresh machine lacks, and how it gets it.

mod node;
mod packages;
mod paper;
mod python;

use std::path::PathBuf;
use std::process::Command;

use crate::execute;
use crate::fault::Fault;
use crate::progress::{Step, complain};
use crate::workspace::Workspace;

pub(crate) use packages::Purpose;

/// Installs the system packages that are missing for the given purposes.
///
/// A package the build needs is a fault when it cannot be had. One that only some tests or
/// measurements need is named with its reason, and those are SKIPPED.
pub(crate) fn system_packages(
    workspace: &Workspace,
    step: &mut Step,
    purposes: &[Purpose],
) -> Result<String, Fault> {
    let wanted = packages::wanted(purposes);
    let missing = missing(workspace, &wanted);
    if missing.is_empty() {
        return Ok("nothing was missing".to_owned());
    }
    if !execute::works(asking(workspace, "apt-get", &["--version"])) {
        return without_apt(&missing);
    }
    let names: Vec<&str> = missing.iter().map(|need| need.package).collect();
    step.show(&format!("Installing {}", names.join(", ")));
    let updated = apt(workspace, step, &["update"]);
    let mut installing = vec!["install", "--yes", "--no-install-recommends"];
    installing.extend(&names);
    if updated
        .and_then(|()| apt(workspace, step, &installing))
        .is_err()
    {
        // One package that cannot be had must not keep the others away.
        for need in &missing {
            if let Err(fault) = apt(
                workspace,
                step,
                &["install", "--yes", "--no-install-recommends", need.package],
            ) {
                step.show(&fault.to_string());
            }
        }
    }
    still_missing(&self::missing(workspace, &wanted))?;
    Ok(format!("installed {}", names.join(", ")))
}

/// Whether everything is there for a purpose.
pub(crate) fn is_ready_for(workspace: &Workspace, purpose: Purpose) -> bool {
    missing(workspace, &packages::wanted(&[purpose])).is_empty()
}

/// Makes sure that Node.js is there and new enough, and tells which one is used.
pub(crate) fn node(workspace: &Workspace, step: &mut Step) -> Result<String, Fault> {
    let npm_works = || execute::works(asking(workspace, "npm", &["--version"]));
    match node_version(workspace).filter(|version| node::is_new_enough(*version)) {
        Some(version) if npm_works() => return Ok(format!("Node.js {version}")),
        _ => (),
    }
    if !npm_works() {
        let words = [
            "install",
            "--yes",
            "--no-install-recommends",
            "nodejs",
            "npm",
        ];
        let updated = apt(workspace, step, &["update"]);
        let installed = updated.and_then(|()| apt(workspace, step, &words));
        installed.map_err(|fault| {
            step.show(&fault.to_string());
            node_is_missing()
        })?;
    }
    if node_version(workspace).is_none_or(|version| !node::is_new_enough(version)) {
        let tools = workspace.tools();
        std::fs::create_dir_all(&tools).map_err(crate::fault::file("make", &tools))?;
        let mut install = workspace.npm(&[
            "install",
            "--no-save",
            "--no-audit",
            "--no-fund",
            node::REPLACEMENT,
            "--prefix",
        ]);
        install.arg(&tools).current_dir(&tools);
        execute::watch(step, install)?.well()?;
    }
    match node_version(workspace) {
        Some(version) if node::is_new_enough(version) => {
            Ok(format!("Node.js {version} of its own"))
        }
        _ => Err(node_is_missing()),
    }
}

/// Makes sure of the foreign programs in Python that the tests judge our labels with. Without
/// them those tests say SKIPPED, so a failure here is told and not fatal.
pub(crate) fn python(workspace: &Workspace, step: &mut Step) -> String {
    let installed = python::install(workspace, step);
    or_skipped(step, installed)
}

/// As [`python`], for what the data center is judged with.
pub(crate) fn python_for_center(workspace: &Workspace, step: &mut Step) -> String {
    let installed = python::install_for_center(workspace, step);
    or_skipped(step, installed)
}

/// As [`python`], for what the benchmarks are held against; without it those figures are absent.
pub(crate) fn python_for_bench(workspace: &Workspace, step: &mut Step) -> String {
    let installed = python::install_peers(workspace, step);
    or_skipped(step, installed)
}

/// The Python that has what the benchmarks are held against, when it is there.
pub(crate) fn bench_python(workspace: &Workspace) -> Option<PathBuf> {
    Some(python::peers(workspace)).filter(|python| python.exists())
}

/// As [`python`], for the programs on Node.js that draw what we send to printers.
pub(crate) fn paper(workspace: &Workspace, step: &mut Step) -> String {
    let installed = paper::install(workspace, step);
    or_skipped(step, installed)
}

/// As [`paper`], for the one in Rust, whose build takes minutes.
pub(crate) fn paper_in_rust(workspace: &Workspace, step: &mut Step) -> String {
    let installed = paper::install_in_rust(workspace, step);
    or_skipped(step, installed)
}

/// The folder with the programs of [`paper`], when it is there.
pub(crate) fn paper_folder(workspace: &Workspace) -> Option<PathBuf> {
    Some(paper::folder(workspace)).filter(|folder| folder.is_dir())
}

/// The Python that has what the data center is judged with; any other says SKIPPED.
pub(crate) fn center_python(workspace: &Workspace) -> Command {
    let own = python::for_center(workspace);
    if own.exists() {
        workspace.command(own)
    } else {
        workspace.command("python3")
    }
}

fn or_skipped(step: &mut Step, installed: Result<String, Fault>) -> String {
    match installed {
        Ok(note) => note,
        Err(fault) => {
            step.show(&fault.to_string());
            "not installed: the tests that need it say SKIPPED".to_owned()
        }
    }
}

fn node_is_missing() -> Fault {
    Fault::Missing {
        what: "Node.js 20.19 or newer with npm".to_owned(),
        why: "to build the window's page".to_owned(),
        remedy: "sudo apt-get install nodejs npm, or install it from nodejs.org".to_owned(),
    }
}

fn node_version(workspace: &Workspace) -> Option<node::Version> {
    let heard = execute::ask(asking(workspace, "node", &["--version"]), execute::SHORT).ok()?;
    heard
        .status
        .success()
        .then(|| node::version(&heard.output()))
        .flatten()
}

fn missing(workspace: &Workspace, wanted: &[packages::Need]) -> Vec<packages::Need> {
    let names: Vec<&str> = wanted.iter().map(|need| need.package).collect();
    let mut query = vec!["--show", "--showformat=${Package} ${db:Status-Status}\n"];
    query.extend(&names);
    let installed = execute::ask(asking(workspace, "dpkg-query", &query), execute::SHORT)
        .map(|heard| packages::installed(&heard.output()))
        .unwrap_or_default();
    wanted
        .iter()
        .filter(|need| !installed.contains(need.package))
        .filter(|need| {
            !need
                .found_by
                .iter()
                .any(|probe| execute::works(asking(workspace, probe[0], &probe[1..])))
        })
        .copied()
        .collect()
}

/// On a system without apt the names of its packages are not known here.
fn without_apt(missing: &[packages::Need]) -> Result<String, Fault> {
    let only_linux_needs_them = !cfg!(target_os = "linux");
    for need in missing {
        if !only_linux_needs_them {
            complain(&format!(
                "Not found: {} (Debian's name), needed {}.",
                need.package, need.why
            ));
        }
    }
    Ok("no apt-get here; what is missing must be installed by hand".to_owned())
}

fn still_missing(missing: &[packages::Need]) -> Result<(), Fault> {
    for need in missing {
        let remedy = format!("sudo apt-get install {}", need.package);
        if need.build {
            return Err(Fault::Missing {
                what: need.package.to_owned(),
                why: need.why.to_owned(),
                remedy,
            });
        }
        complain(&format!(
            "{} is missing and could not be installed. It is needed {}; without it that is SKIPPED. Type: {remedy}",
            need.package, need.why
        ));
    }
    Ok(())
}

/// Runs apt-get as root: directly, or by sudo, which may ask for the password at a terminal.
fn apt(workspace: &Workspace, step: &mut Step, words: &[&str]) -> Result<(), Fault> {
    let root = execute::ask(asking(workspace, "id", &["-u"]), execute::SHORT)
        .is_ok_and(|heard| heard.output().trim() == "0");
    let mut command = if root {
        asking(workspace, "apt-get", &[])
    } else {
        let mut password = asking(workspace, "sudo", &["-v"]);
        step.wipe();
        let _refused = password.status();
        asking(
            workspace,
            "sudo",
            &[
                "--non-interactive",
                "--preserve-env=DEBIAN_FRONTEND",
                "apt-get",
            ],
        )
    };
    command.env("DEBIAN_FRONTEND", "noninteractive").args(words);
    execute::watch(step, command)?.well()?;
    Ok(())
}

fn asking(workspace: &Workspace, program: &str, words: &[&str]) -> Command {
    let mut command = workspace.command(program);
    command.args(words);
    command
}
