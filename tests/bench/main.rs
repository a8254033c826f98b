//! Benchmarks: how fast the product is, beside what the machine gives to anybody.
//!
//! `pennyblack-bench [--quick] [--json FILE]`, or `cargo xtask bench`. CPU work is taken by the
//! thread's CPU clock; durable work alternates with its probe on the same file system; figures are
//! medians. What cannot be measured here (a window without a display) is absent, not zero.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the table is this program's product, and its progress is told beside it"
)]

mod clock;
mod cpu;
mod figure;
mod journal;
mod pieces;
mod probes;
mod processes;
mod refills;
mod window;

use std::path::PathBuf;

use anyhow::Context as _;
use figure::Figure;
use tempfile::TempDir;

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
}

impl Effort {
    const FULL: Self = Self {
        rounds: 9,
        pieces: 1_000,
        refills: 8,
        calls: 2_000,
    };
    const QUICK: Self = Self {
        rounds: 5,
        pieces: 1_000,
        refills: 4,
        calls: 500,
    };
}

struct Arguments {
    effort: Effort,
    json: Option<PathBuf>,
}

impl Arguments {
    fn read(words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut arguments = Self {
            effort: Effort::FULL,
            json: None,
        };
        let mut words = words;
        while let Some(word) = words.next() {
            match word.as_str() {
                "--quick" => arguments.effort = Effort::QUICK,
                "--json" => {
                    let file = words.next().context("--json needs a file")?;
                    arguments.json = Some(PathBuf::from(file));
                }
                other => anyhow::bail!(
                    "{other:?} is not known here: pennyblack-bench [--quick] [--json FILE]"
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
    eprintln!("CPU work");
    show(&mut figures, cpu::measure(effort)?);
    eprintln!("Pieces and batches");
    show(
        &mut figures,
        pieces::measure(&runtime, folder.path(), effort)?,
    );
    eprintln!("Refills of {} stations", refills::STATIONS);
    show(
        &mut figures,
        refills::measure(&runtime, folder.path(), effort)?,
    );
    eprintln!("Journal");
    show(&mut figures, journal::measure()?);
    eprintln!("Processes");
    show(&mut figures, processes::measure(folder.path())?);
    show(&mut figures, window::measure(folder.path(), effort)?);
    tell_cores();
    if let Some(file) = arguments.json {
        let text = serde_json::to_string_pretty(&figure::document(&figures))?;
        std::fs::write(&file, text + "\n")
            .with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(())
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
    }
}
