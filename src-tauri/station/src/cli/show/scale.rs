//! The scale as text.

use std::io::{self, Write};

use crate::api::{ScaleSetup, ScaleView, ScalesView};

pub(super) fn scale(view: &ScaleView, out: &mut dyn Write) -> io::Result<()> {
    if view.setup.is_none() {
        return writeln!(out, "This station has no scale.");
    }
    writeln!(out, "Scale     {}", view.title)?;
    let load = view.load.as_ref();
    let load = load.map_or_else(String::new, |load| format!("{load}, "));
    writeln!(out, "Shows     {load}{}", view.words)?;
    if let Some(tare) = &view.tare {
        writeln!(out, "Tare      {tare}")?;
    }
    if let Some(one) = &view.weighing {
        let how = if view.take_off { "taken off, " } else { "" };
        writeln!(out, "Piece     {how}{} ({} g)", one.shown, one.weight_grams)?;
    }
    if let Some(fault) = &view.fault {
        writeln!(out, "{}\n{}", fault.message, fault.hint)?;
    }
    Ok(())
}

pub(super) fn scales(view: &ScalesView, out: &mut dyn Write) -> io::Result<()> {
    if view.scales.is_empty() {
        return writeln!(
            out,
            "No scale is plugged in, and this computer has no serial port."
        );
    }
    for one in &view.scales {
        let mark = if one.used { "*" } else { " " };
        let place = match &one.setup {
            ScaleSetup::Usb { serial, .. } => match serial {
                Some(serial) => format!("usb:{serial}"),
                None => "usb".to_owned(),
            },
            ScaleSetup::Serial { path, .. } => format!("serial:{path}"),
            ScaleSetup::Practice => "virtual".to_owned(),
        };
        writeln!(out, "{mark} {place:<24} {}", one.title)?;
    }
    Ok(())
}
