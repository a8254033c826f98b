//! Benchmarks: how fast the product is, beside what the machine gives to anybody.
//!
//! `pennyblack-bench [--quick] [--only GROUP] [--json FILE]`, or `cargo xtask bench`. CPU work is taken by the
//! thread's CPU clock; durable work alternates with its probe on the same file system; figures are
//! medians. What cannot be measured here (a window without a display) is absent, not zero.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the table is this program's product, and its progress is told beside it"
)]

mod clock;
mod contact;
mod cpu;
mod dialup;
mod figure;
mod fleet;
mod journal;
mod pieces;
mod printing;
mod probes;
mod processes;
mod refills;
mod repository;
mod window;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use figure::Figure;
use station::api::UiError;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// How long is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Rounds whose median is the figure.
    pub(crate) rounds: u32,
    /// Pieces of one durable round.
    pub(crate) pieces: u32,
    /// Refills of each station in one round.
    pub(crate) refills: u32,
    /// Calls of one round of CPU work.
    pub(crate) calls: u32,
    /// Noisy telephone calls, each with a seed of its own.
    pub(crate) seeds: u32,
}

impl Effort {
    const FULL: Self = Self {
        rounds: 9,
        pieces: 1_000,
        refills: 8,
        calls: 2_000,
        seeds: 200,
    };
    const QUICK: Self = Self {
        rounds: 5,
        pieces: 1_000,
        refills: 4,
        calls: 500,
        seeds: 40,
    };
}

struct Arguments {
    effort: Effort,
    only: Option<Group>,
    json: Option<PathBuf>,
}

/// Figures that are measured together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Cpu,
    Pieces,
    Printing,
    Refills,
    Journal,
    Contact,
    Fleet,
    Repository,
    Dialup,
    Processes,
}

impl Group {
    const ALL: [(Self, &'static str); 10] = [
        (Self::Cpu, "cpu"),
        (Self::Pieces, "pieces"),
        (Self::Printing, "printing"),
        (Self::Refills, "refills"),
        (Self::Journal, "journal"),
        (Self::Contact, "contact"),
        (Self::Fleet, "fleet"),
        (Self::Repository, "repository"),
        (Self::Dialup, "dialup"),
        (Self::Processes, "processes"),
    ];

    fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find(|(_, known)| *known == name)
            .map(|(group, _)| *group)
    }

    fn measure(
        self,
        runtime: &Runtime,
        folder: &Path,
        effort: Effort,
    ) -> anyhow::Result<Vec<Figure>> {
        match self {
            Self::Cpu => cpu::measure(effort),
            Self::Pieces => pieces::measure(runtime, folder, effort),
            Self::Printing => printing::measure(runtime, folder, effort),
            Self::Refills => refills::measure(runtime, folder, effort),
            Self::Journal => journal::measure(),
            Self::Contact => contact::measure(runtime, effort),
            Self::Fleet => fleet::measure(runtime, folder),
            Self::Repository => repository::measure(runtime),
            Self::Dialup => dialup::measure(runtime, effort),
            Self::Processes => {
                let mut figures = processes::measure(folder)?;
                figures.extend(window::measure(folder, effort)?);
                Ok(figures)
            }
        }
    }
}

impl Arguments {
    fn read(words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut arguments = Self {
            effort: Effort::FULL,
            only: None,
            json: None,
        };
        let mut words = words;
        while let Some(word) = words.next() {
            match word.as_str() {
                "--quick" => arguments.effort = Effort::QUICK,
                "--only" => {
                    let name = words.next().unwrap_or_default();
                    let group = Group::named(&name);
                    let names = Group::ALL.map(|(_, name)| name).join(", ");
                    arguments.only =
                        Some(group.with_context(|| format!("--only needs one of {names}"))?);
                }
                "--json" => {
                    let file = words.next().context("--json needs a file")?;
                    arguments.json = Some(PathBuf::from(file));
                }
                other => anyhow::bail!(
                    "{other:?} is not known here: pennyblack-bench [--quick] [--only GROUP] [--json FILE]"
                ),
            }
        }
        Ok(arguments)
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::read(std::env::args().skip(1))?;
    let effort = arguments.effort;
    let folder = TempDir::new().context("making a folder for the benchmarks")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let mut figures = Vec::new();
    tell_cores();
    let mut unmeasured = Vec::new();
    for (group, name) in Group::ALL {
        if arguments.only.is_none_or(|only| only == group) {
            eprintln!("{name}");
            // What one group cannot be measured for keeps no other one back.
            match group.measure(&runtime, folder.path(), effort) {
                Ok(measured) => show(&mut figures, measured),
                Err(fault) => {
                    eprintln!("{name} could not be measured: {fault:#}");
                    unmeasured.push(name);
                }
            }
        }
    }
    tell_cores();
    if let Some(file) = arguments.json {
        let text = serde_json::to_string_pretty(&figure::document(&figures))?;
        std::fs::write(&file, text + "\n")
            .with_context(|| format!("writing {}", file.display()))?;
    }
    anyhow::ensure!(
        unmeasured.is_empty(),
        "not measured: {}",
        unmeasured.join(", ")
    );
    Ok(())
}

/// What a station refused.
pub(crate) fn said(error: UiError) -> anyhow::Error {
    anyhow::anyhow!("{}: {}", error.code, error.message)
}

/// Tells how busy the machine is: figures by the clock on the wall are only worth something when
/// nearly all of it is ours.
fn tell_cores() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    eprintln!("{:.1} of {cores} cores on hand", probes::cores_on_hand());
}

/// Shows figures as soon as they are there.
fn show(all: &mut Vec<Figure>, figures: Vec<Figure>) {
    for figure in figures {
        println!("{figure}");
        all.push(figure);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> anyhow::Result<Arguments> {
        Arguments::read(words.iter().map(|&word| word.to_owned()))
    }

    #[test]
    fn the_command_line_is_read() {
        let arguments = read(&["--quick", "--json", "figures.json"]).unwrap();
        assert_eq!(arguments.effort.rounds, Effort::QUICK.rounds);
        assert_eq!(arguments.json, Some(PathBuf::from("figures.json")));
        assert!(read(&["--json"]).is_err());
        assert!(read(&["--slow"]).is_err());
        assert_eq!(read(&["--only", "fleet"]).unwrap().only, Some(Group::Fleet));
        assert!(read(&["--only", "speed"]).is_err());
    }
}
