//! The window under a display of its own: from its start until something can be read on it, and
//! the memory of all its processes then.

use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::Effort;
use crate::clock::{median, milliseconds};
use crate::figure::{Figure, Target};
use crate::processes::{Kept, beside, kilobytes};

/// Colours that a screen with smoothed letters has at least; an empty window has a few.
const COLOURS_OF_A_PAGE: usize = 32;

/// How long the window may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often the screen is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// How long the window settles before its memory is read.
const SETTLE: Duration = Duration::from_secs(2);

/// Starts of the window.
const STARTS: u32 = 5;

/// The place of the number of colour map entries in the header of an XWD file.
const XWD_COLOURS: usize = 76;

/// Bytes of one entry of its colour map.
const XWD_COLOUR_BYTES: usize = 12;

/// First paint and memory; absent where there is no window or no Xvfb.
pub(crate) fn measure(folder: &Path, effort: Effort) -> anyhow::Result<Vec<Figure>> {
    let Some(window) = beside("pennyblack-station") else {
        eprintln!("pennyblack-station was not built beside this program: its figures are absent");
        return Ok(Vec::new());
    };
    let Some(screen) = Screen::open(&folder.join("screen"))? else {
        eprintln!("Xvfb is not installed: the window's figures are absent");
        return Ok(Vec::new());
    };
    let (mut paints, mut memory) = (Vec::new(), Vec::new());
    for start in 0..STARTS.min(effort.rounds) {
        let home = folder.join(format!("window-{start}"));
        std::fs::create_dir_all(&home)?;
        screen.wait_until(false)?;
        let started = Instant::now();
        let running = Kept::start(
            Command::new(&window)
                .arg("--data")
                .arg(home.join("data"))
                .env("HOME", &home)
                .env("DISPLAY", &screen.name)
                .env_remove("WAYLAND_DISPLAY")
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        )?;
        screen.wait_until(true)?;
        paints.push(milliseconds(started.elapsed()));
        std::thread::sleep(SETTLE);
        memory.push(f64::from(proportional(running.id())?) / 1_024.0);
    }
    Ok(vec![
        Figure::new("window.first_paint_ms", median(&paints), "ms", Target::Told),
        Figure::new("window.pss_mb", median(&memory), "MB", Target::Told),
    ])
}

/// A display without a monitor whose picture is a file.
struct Screen {
    name: String,
    picture: std::path::PathBuf,
    _server: Kept,
}

impl Screen {
    fn open(folder: &Path) -> anyhow::Result<Option<Self>> {
        std::fs::create_dir_all(folder)?;
        let mut command = Command::new("Xvfb");
        command
            .args(["-displayfd", "1", "-screen", "0", "1400x900x24"])
            .args(["-nolisten", "tcp", "-fbdir"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let Ok(mut server) = Kept::start(&mut command) else {
            return Ok(None);
        };
        let number = server.first_line().context("Xvfb")?;
        Ok(Some(Self {
            name: format!(":{number}"),
            picture: folder.join("Xvfb_screen0"),
            _server: server,
        }))
    }

    /// Waits until something can be read on the screen, or nothing any more.
    fn wait_until(&self, readable: bool) -> anyhow::Result<()> {
        let started = Instant::now();
        while is_readable(&std::fs::read(&self.picture)?) != readable {
            anyhow::ensure!(
                started.elapsed() < PATIENCE,
                "the screen does not change in {PATIENCE:?}"
            );
            std::thread::sleep(LOOK);
        }
        Ok(())
    }
}

/// Whether an XWD picture shows more than plain surfaces.
fn is_readable(xwd: &[u8]) -> bool {
    let word = |at: usize| {
        let bytes = xwd.get(at..at + 4)?;
        usize::try_from(u32::from_be_bytes(bytes.try_into().ok()?)).ok()
    };
    let pixels = word(0)
        .zip(word(XWD_COLOURS))
        .map(|(header, colours)| header + colours * XWD_COLOUR_BYTES)
        .and_then(|start| xwd.get(start..));
    let mut seen = HashSet::new();
    let mut last = None;
    for pixel in pixels.unwrap_or_default().chunks_exact(4) {
        if last != Some(pixel) {
            seen.insert(pixel);
            last = Some(pixel);
        }
        if seen.len() >= COLOURS_OF_A_PAGE {
            return true;
        }
    }
    false
}

/// The proportional memory of a process and of all it has started, kilobytes.
fn proportional(root: u32) -> anyhow::Result<u32> {
    let parents = parents()?;
    let mut family = vec![root];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(
            parents
                .iter()
                .filter(|(_, p)| *p == parent)
                .map(|(id, _)| id),
        );
        next += 1;
    }
    // One that has ended meanwhile has no memory.
    let sizes = family
        .iter()
        .filter_map(|id| std::fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok());
    Ok(sizes.filter_map(|text| kilobytes(&text, "Pss:")).sum())
}

/// All processes with their parents.
fn parents() -> anyhow::Result<Vec<(u32, u32)>> {
    let mut parents = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(id) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let parent = status
            .lines()
            .find_map(|line| line.strip_prefix("PPid:"))
            .and_then(|rest| rest.trim().parse().ok());
        parents.extend(parent.map(|parent| (id, parent)));
    }
    Ok(parents)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(pixels: impl Iterator<Item = u32>) -> Vec<u8> {
        let mut xwd = vec![0; 100];
        xwd[..4].copy_from_slice(&100_u32.to_be_bytes());
        xwd[XWD_COLOURS..XWD_COLOURS + 4].copy_from_slice(&1_u32.to_be_bytes());
        xwd.extend([0; XWD_COLOUR_BYTES]);
        xwd.extend(pixels.flat_map(u32::to_le_bytes));
        xwd
    }

    #[test]
    fn a_screen_is_readable_when_it_shows_more_than_surfaces() {
        assert!(!is_readable(&[]));
        assert!(!is_readable(&picture((0..10_000).map(|n| n / 1_000))));
        assert!(is_readable(&picture((0..10_000).map(|n| n / 100))));
    }

    #[test]
    fn a_family_has_at_least_its_head() {
        let own = std::process::id();
        assert!(proportional(own).unwrap() > 1_000);
        assert!(parents().unwrap().iter().any(|(id, _)| *id == own));
    }
}
