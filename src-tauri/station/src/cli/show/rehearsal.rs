//! Presets, batches that wait and rehearsals, for people.

use std::io::{self, Write};

use super::{instant, money};
use crate::api::{BatchChangeView, Preset, PresetChangeView, RehearsalView, WaitingBatchView};

pub(super) fn preset(view: &Preset, out: &mut dyn Write) -> io::Result<()> {
    let mark = if view.favourite { '*' } else { ' ' };
    let weight = view.weight.as_deref().unwrap_or("as weighed");
    write!(
        out,
        "{mark} {:<24} {} {}, {weight}",
        view.name, view.class, view.shape
    )?;
    for extra in &view.extras {
        write!(out, ", {extra}")?;
    }
    if view.advance_days > 0 {
        write!(out, ", mailed {} days ahead", view.advance_days)?;
    }
    writeln!(out)
}

pub(super) fn waiting(view: &WaitingBatchView, out: &mut dyn Write) -> io::Result<()> {
    let (name, open, rows) = (&view.name, view.open, view.rows);
    let since = instant(view.since);
    writeln!(
        out,
        "{name:<26} {open} of {rows} rows not printed, since {since}"
    )
}

pub(super) fn rehearsal(view: &RehearsalView, out: &mut dyn Write) -> io::Result<()> {
    let (Some(edition), Some(against)) = (&view.edition, &view.against) else {
        return writeln!(out, "No rate edition is to come.");
    };
    writeln!(
        out,
        "{} replaces {} on {}.",
        edition.id, against.id, edition.effective
    )?;
    if view.presets.is_empty() && view.batches.is_empty() {
        return writeln!(
            out,
            "There are no presets and no waiting batches to compare."
        );
    }
    for one in &view.presets {
        change(one, out)?;
    }
    for one in &view.batches {
        batch(one, out)?;
    }
    Ok(())
}

fn change(view: &PresetChangeView, out: &mut dyn Write) -> io::Result<()> {
    let price = |mills: Option<u64>| mills.map_or_else(|| "no price".to_owned(), money);
    let mark = if view.favourite { '*' } else { ' ' };
    let (before, after) = (price(view.before_mills), price(view.after_mills));
    write!(
        out,
        "{mark} {:<24} {before:>9} {after:>9} {:>8}  {}",
        view.name,
        view.change_mills.map_or_else(String::new, signed),
        view.what
    )?;
    match &view.reason {
        Some(reason) => writeln!(out, ": {reason}"),
        None => writeln!(out),
    }
}

fn batch(view: &BatchChangeView, out: &mut dyn Write) -> io::Result<()> {
    let (before, after) = (money(view.before_mills), money(view.after_mills));
    writeln!(
        out,
        "  {:<24} {before:>9} {after:>9} {:>8}  {} rows not printed, {} change; dated before: {}, \
         after: {}",
        view.name,
        signed(view.change_mills),
        view.open,
        view.changed,
        view.dated_before,
        view.dated_after
    )?;
    if view.no_longer + view.not_priced > 0 {
        writeln!(
            out,
            "    {} lose their price, {} have none now: {}",
            view.no_longer,
            view.not_priced,
            view.reason.as_deref().unwrap_or("no reason given")
        )?;
    }
    Ok(())
}

/// An amount with its sign.
fn signed(mills: i64) -> String {
    let sign = match mills {
        0 => "",
        1.. => "+",
        i64::MIN..0 => "-",
    };
    format!("{sign}{}", money(mills.unsigned_abs()))
}
