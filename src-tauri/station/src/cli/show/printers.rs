//! Printers as text.

use std::io::{self, Write};

use crate::api::{FoundPrinterView, FoundPrintersView, PrinterSetup};

/// What a station without printers is told.
pub(super) const NONE: &str = "No printer is set up. Look for one with: pennyblack printers find";

pub(super) fn printer(setup: &PrinterSetup, out: &mut dyn Write) -> io::Result<()> {
    let ack = if setup.acknowledges {
        ", acknowledges"
    } else {
        ""
    };
    writeln!(
        out,
        "{:<20} {}, {}, {} dpi, {}{ack}",
        setup.name, setup.model, setup.port, setup.dpi, setup.stock
    )
}

/// What was found, each with the command that adds it.
pub(super) fn found(view: &FoundPrintersView, out: &mut dyn Write) -> io::Result<()> {
    for why in &view.not_looked {
        writeln!(out, "Not looked everywhere: {why}")?;
    }
    if view.printers.is_empty() {
        return writeln!(out, "No printer was found.");
    }
    view.printers.iter().try_for_each(|one| found_one(one, out))
}

fn found_one(view: &FoundPrinterView, out: &mut dyn Write) -> io::Result<()> {
    let setup = &view.setup;
    writeln!(out, "{}", view.what)?;
    if let Some(name) = &view.name {
        return writeln!(out, "  set up as {name}");
    }
    let model = if view.is_known {
        format!("{} --stock {}", setup.model, setup.stock)
    } else {
        writeln!(out, "  unknown model: choose one that speaks its language")?;
        "MODEL".to_owned()
    };
    let asks = if setup.acknowledges {
        ""
    } else {
        " --asks-the-clerk"
    };
    writeln!(
        out,
        "  pennyblack printers add {} --port {} --model {model}{asks}",
        quoted(&setup.name),
        quoted(&setup.port.to_string())
    )
}

/// A word for a command line: in quotation marks where it is more than one.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::PrinterPort;

    #[test]
    fn what_is_found_is_told_with_the_command_that_adds_it() {
        let setup = PrinterSetup {
            name: "Clerk's Zebra".to_owned(),
            model: "zebra-zd421-203".to_owned(),
            port: PrinterPort::Usb {
                id: "0a5f:0166".to_owned(),
                serial: Some("X 1".to_owned()),
                place: None,
            },
            dpi: 203,
            stock: "label-4x6".to_owned(),
            acknowledges: true,
        };
        let known = FoundPrinterView {
            what: "Zebra ZD421".to_owned(),
            setup: setup.clone(),
            is_known: true,
            name: None,
        };
        let unknown = FoundPrinterView {
            what: "Nobody P-1".to_owned(),
            setup: PrinterSetup {
                name: "P-1".to_owned(),
                ..setup
            },
            is_known: false,
            name: None,
        };
        let mine = FoundPrinterView {
            name: Some("counter".to_owned()),
            ..known.clone()
        };
        let mut told = Vec::new();
        let view = FoundPrintersView {
            printers: vec![known, unknown, mine],
            not_looked: vec!["USB: access denied".to_owned()],
        };
        found(&view, &mut told).unwrap();
        let told = String::from_utf8(told).unwrap();
        insta::assert_snapshot!(told, @r"
        Not looked everywhere: USB: access denied
        Zebra ZD421
          pennyblack printers add 'Clerk'\''s Zebra' --port 'usb:0a5f:0166/X 1' --model zebra-zd421-203 --stock label-4x6
        Nobody P-1
          unknown model: choose one that speaks its language
          pennyblack printers add P-1 --port 'usb:0a5f:0166/X 1' --model MODEL
        Zebra ZD421
          set up as counter
        ");
    }
}
