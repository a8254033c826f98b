//! `cargo xtask bench`: every benchmark, release build.

use std::path::Path;

use crate::check;
use crate::execute;
use crate::fault::Fault;
use crate::machine::{self, Purpose};
use crate::page;
use crate::progress::Progress;
use crate::stop::Kept;
use crate::workspace::Workspace;

/// The Python that has the programs that labels are held against.
const PEERS: &str = "PENNYBLACK_PEERS";

/// Builds and runs the benchmarks; they show their own progress.
pub(crate) fn run(workspace: &Workspace, passed_on: &[String]) -> Result<(), Fault> {
    let mut progress = Progress::of(7);
    check::install(
        workspace,
        &mut progress,
        &[Purpose::Build, Purpose::Window, Purpose::Bench],
    )?;
    let mut step = progress.step("Foreign programs to be held against");
    let note = machine::python_for_bench(workspace, &mut step);
    step.done(&note);
    page::build(workspace, &mut progress)?;
    let mut step = progress.step("Release build");
    execute::watch(
        &mut step,
        workspace.cargo(&["build", "--release", "--workspace"]),
    )?
    .well()?;
    step.done("");
    let step = progress.step("Benchmarks");
    step.wipe();
    let mut command = workspace.command(workspace.release_executable("pennyblack-bench"));
    command.args(from_here(passed_on));
    if let Some(python) = machine::bench_python(workspace) {
        command.env(PEERS, python);
    }
    let mut benchmarks = Kept::start_openly(command)?;
    benchmarks.wait()?;
    benchmarks.stop()?;
    step.done("");
    Ok(())
}

/// A file name typed in some folder stays in that folder: the benchmarks start in another one.
fn from_here(passed_on: &[String]) -> Vec<String> {
    let absolute = |word: &String| {
        let path = std::path::absolute(Path::new(word)).ok();
        path.and_then(|path| path.to_str().map(str::to_owned))
            .unwrap_or_else(|| word.clone())
    };
    let mut before = "";
    let mut words = Vec::new();
    for word in passed_on {
        words.push(if before == "--json" {
            absolute(word)
        } else {
            word.clone()
        });
        before = word;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_meant_from_where_it_was_typed() {
        let words = from_here(&[
            "--quick".to_owned(),
            "--json".to_owned(),
            "figures.json".to_owned(),
        ]);
        assert_eq!(words[0], "--quick");
        assert!(Path::new(&words[2]).is_absolute());
        assert!(words[2].ends_with("figures.json"));
    }
}
