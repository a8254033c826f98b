//! The station's software as text.

use std::io::{self, Write};

use super::instant;
use crate::api::{SoftwareState, SoftwareView};

pub(super) fn software(view: &SoftwareView, out: &mut dyn Write) -> io::Result<()> {
    let platform = view.platform.as_deref().unwrap_or("a command");
    if view.state == SoftwareState::Beside {
        writeln!(
            out,
            "The window is what is updated; open it, or see the last it said:"
        )?;
    } else {
        writeln!(
            out,
            "Version {} ({platform}, {})",
            view.version, view.channel
        )?;
    }
    writeln!(out, "{}", coming(view))?;
    writeln!(out, "Opening hours: {}", view.hours)?;
    if let Some(group) = &view.group {
        writeln!(out, "Group: {group}")?;
    }
    if let Some(last) = &view.last {
        write!(
            out,
            "Last: {} {} {}",
            last.version,
            last.outcome,
            instant(last.at)
        )?;
        match &last.reason {
            Some(reason) => writeln!(out, ": {reason}")?,
            None => writeln!(out)?,
        }
    }
    view.failed.iter().try_for_each(|failed| {
        writeln!(
            out,
            "Not tried again: {}: {}",
            failed.version, failed.reason
        )
    })
}

/// What comes, in a sentence.
fn coming(view: &SoftwareView) -> String {
    let release = view.release.as_deref().unwrap_or("a release");
    let urgent = match &view.minimum {
        Some(minimum) if view.urgent => {
            format!(" It is urgent: every station should run {minimum}.")
        }
        Some(_) | None => String::new(),
    };
    match view.state {
        SoftwareState::Beside => format!("Channel {}.", view.channel),
        SoftwareState::Unpublished => "The data center publishes nothing for it.".to_owned(),
        SoftwareState::Current => "It is current.".to_owned(),
        SoftwareState::Coming => {
            let percent = percent(view.fetched_bytes, view.length_bytes);
            format!("Version {release} is coming, {percent} % is here.{urgent}")
        }
        SoftwareState::Waiting => match &view.waits {
            Some(reason) => {
                format!("Version {release} is here and waits, because {reason}.{urgent}")
            }
            None => format!("Version {release} is here and is installed next.{urgent}"),
        },
        SoftwareState::ByAdmin => {
            format!("Version {release} is there; an admin installs it.{urgent}")
        }
        SoftwareState::Stuck => format!(
            "It is below the minimum {} and there is nothing to install: ring your admin.",
            view.minimum.as_deref().unwrap_or_default()
        ),
    }
}

fn percent(done: u64, whole: u64) -> u64 {
    done.saturating_mul(100).checked_div(whole).unwrap_or(0)
}
