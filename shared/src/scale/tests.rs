//! Scales against what their manuals and owners say of them.

mod figures;
mod languages;
mod pans;
mod taking;

use super::{Figure, Heard, Reading};

/// A figure as people write it.
fn figure(text: &str) -> Figure {
    text.parse().unwrap()
}

fn stable(text: &str) -> Reading {
    Reading::Stable(figure(text))
}

fn said(reading: Reading) -> Heard {
    Heard::Reading(reading)
}
