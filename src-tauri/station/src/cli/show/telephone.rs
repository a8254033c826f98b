//! The telephone line as text.

use std::io::{self, Write};

use super::{instant, money};
use crate::api::{LineCallView, LineSetupView, ModemsView, PhoneCallView};

pub(super) fn setup(view: &LineSetupView, out: &mut dyn Write) -> io::Result<()> {
    match &view.device {
        None => writeln!(out, "No telephone line is set.")?,
        Some(device) => writeln!(out, "Modem     {device}, profile {}", view.profile)?,
    }
    let prefix = view.prefix.as_deref().unwrap_or_default();
    for (what, number) in [("Number", &view.number), ("Alternate", &view.alternate)] {
        if let Some(number) = number {
            writeln!(out, "{what:<9} {prefix}{number}")?;
        }
    }
    for (what, text) in [
        ("Network", &view.apn),
        ("Name", &view.dial_name),
        ("Night", &view.night),
    ] {
        if let Some(text) = text {
            writeln!(out, "{what:<9} {text}")?;
        }
    }
    if view.card_pin_not_taken {
        writeln!(
            out,
            "Card      did not take its PIN, which is entered no more"
        )?;
    }
    let pulse = if view.pulse { "pulses" } else { "tones" };
    writeln!(
        out,
        "Calls     by {pulse}, {} minutes at most, {} each and {} a minute",
        view.cap_minutes,
        money(view.per_call_mills),
        money(view.per_minute_mills)
    )?;
    if let Some(until) = view.rests_until {
        writeln!(out, "Rests     until {}", instant(until))?;
    }
    if let Some(at) = view.calls_again_at {
        writeln!(out, "Again     {}", instant(at))?;
    }
    view.calls.iter().try_for_each(|call| made(call, out))?;
    if view.device.is_none() {
        writeln!(out, "Profiles:")?;
        for profile in &view.profiles {
            writeln!(out, "  {:<11} {}", profile.name, profile.title)?;
        }
    }
    Ok(())
}

fn made(call: &PhoneCallView, out: &mut dyn Write) -> io::Result<()> {
    let cost = call.cost_mills.map_or_else(String::new, |cost| {
        format!(", {} s, {}", call.seconds, money(cost))
    });
    let fault = call.fault.as_ref();
    let fault = fault.map_or_else(String::new, |fault| format!(": {fault}"));
    writeln!(
        out,
        "  {}  {}  {}{fault}{cost}",
        instant(call.at),
        call.number,
        call.outcome
    )
}

pub(super) fn modems(view: &ModemsView, out: &mut dyn Write) -> io::Result<()> {
    if view.ports.is_empty() {
        return writeln!(out, "This computer has no serial port.");
    }
    for port in &view.ports {
        let said = port.said.as_deref().unwrap_or_default();
        let profile = port.profile.as_ref();
        let profile = profile.map_or_else(String::new, |name| format!(" (profile {name})"));
        writeln!(
            out,
            "{}  {}  {}{profile} {said}",
            port.device, port.what, port.state
        )?;
    }
    Ok(())
}

pub(super) fn going_on(call: &LineCallView, out: &mut dyn Write) -> io::Result<()> {
    let cost = call.cost_mills.map(money).unwrap_or_default();
    writeln!(
        out,
        "Call      {} {}, {} s, {cost} so far",
        call.stage, call.number, call.seconds
    )
}
