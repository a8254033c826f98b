//! The printers of a station: looking for them, and what is found out about one that is added.

use super::pieces::MAX_NAME_CHARS;
use super::ports::User;
use super::{Station, faults};
use crate::api::{FoundPrinterView, FoundPrintersView, PrinterPort, PrinterSetup, UiError, View};
use crate::messages::{Code, say};
use crate::printing::finding::{Found, Pages, Places, find};
use crate::printing::ipp::{self, Limits};
use crate::printing::language::Acknowledgement;
use crate::printing::layout::stock::Stock;
use crate::printing::profile::{PAGE_DPI, PAGES, Profile, USUAL};

impl Station {
    /// Looks for printers everywhere but at the serial ports that printers, scale and modem are on.
    pub(super) async fn find_printers(&self) -> Result<View, UiError> {
        let (printers, taken) = self
            .apply(|owner| {
                let printers = owner.store().printers()?;
                Ok((printers, owner.ports_of_others(User::Printer)?))
            })
            .await?;
        let looking = move || find(&Places::all_but(&taken));
        let finding = tokio::task::spawn_blocking(looking).await;
        let finding = finding.map_err(|_| say(Code::StationStopped, &[]))?;
        let mut names: Vec<String> = printers.iter().map(|one| one.name.clone()).collect();
        let found = finding.found.iter();
        let views = found.map(|found| shown(found, &printers, &mut names));
        Ok(View::FoundPrinters(FoundPrintersView {
            printers: views.collect(),
            not_looked: finding.not_looked,
        }))
    }

    /// A set-up with what is only found out at the printer: the certificate that it shows.
    pub(super) async fn introduced(&self, setup: PrinterSetup) -> Result<PrinterSetup, UiError> {
        let PrinterPort::Ipp {
            uri,
            certificate: None,
        } = &setup.port
        else {
            return Ok(setup);
        };
        let asked = uri.clone();
        let asking = move || ipp::certificate(&asked, Limits::default());
        let certificate = tokio::task::spawn_blocking(asking)
            .await
            .map_err(|_| say(Code::StationStopped, &[]))?
            .map_err(|none| {
                let reason = faults::chain(&none);
                let name = setup.name.as_str();
                say(
                    Code::PrinterNotReady,
                    &[("name", name), ("reason", &reason)],
                )
            })?;
        Ok(PrinterSetup {
            port: PrinterPort::Ipp {
                uri: uri.clone(),
                certificate: certificate.map(hex::encode),
            },
            ..setup
        })
    }
}

/// A printer as it is offered.
fn shown(found: &Found, printers: &[PrinterSetup], names: &mut Vec<String>) -> FoundPrinterView {
    let name = printers
        .iter()
        .find(|printer| is_same_way(&printer.port, &found.port))
        .map(|printer| printer.name.clone());
    FoundPrinterView {
        what: found.what.clone(),
        setup: setup_of(found, free_name(&found.what, names)),
        is_known: found.model.is_some() || found.pages.is_some(),
        name,
    }
}

fn setup_of(found: &Found, name: String) -> PrinterSetup {
    let port = found.port.clone();
    if let Some(Pages {
        may_acknowledge,
        stock,
    }) = found.pages
    {
        let usual = Stock::all().first().map_or("", |stock| stock.name);
        return PrinterSetup {
            name,
            model: PAGES.to_owned(),
            port,
            dpi: PAGE_DPI,
            stock: stock.unwrap_or(usual).to_owned(),
            acknowledges: may_acknowledge,
        };
    }
    let profile = found.model.or_else(|| Profile::by_name(USUAL));
    let stock = profile.and_then(|profile| profile.stocks().next());
    PrinterSetup {
        name,
        model: profile.map_or(USUAL, |profile| profile.name).to_owned(),
        port,
        dpi: profile
            .and_then(|profile| profile.dpi.first().copied())
            .unwrap_or_default(),
        stock: stock.map_or("", |stock| stock.name).to_owned(),
        acknowledges: !matches!(found.port, PrinterPort::Spooler { .. })
            && profile.is_some_and(|profile| profile.acknowledgement != Acknowledgement::None),
    }
}

/// Whether two ports lead to the same printer.
fn is_same_way(one: &PrinterPort, other: &PrinterPort) -> bool {
    match (one, other) {
        (PrinterPort::Ipp { uri, .. }, PrinterPort::Ipp { uri: same, .. }) => uri == same,
        (PrinterPort::Serial { path, .. }, PrinterPort::Serial { path: same, .. }) => path == same,
        (one, other) => one == other,
    }
}

/// A name for a printer that no other has, made of what it says it is.
fn free_name(what: &str, names: &mut Vec<String>) -> String {
    /// Characters that are left for a number.
    const NUMBER: usize = 4;
    let short: String = what.chars().take(MAX_NAME_CHARS - NUMBER).collect();
    let short = short.trim();
    let name = (1_u32..)
        .map(|number| match number {
            1 => short.to_owned(),
            _ => format!("{short} {number}"),
        })
        .find(|name| !names.contains(name))
        .unwrap_or_default();
    names.push(name.clone());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_found_printer_is_offered_with_a_free_name_and_known_if_it_is_set_up() {
        let zebra = Found {
            what: "Zebra ZD421".to_owned(),
            port: PrinterPort::Usb {
                id: "0a5f:0166".to_owned(),
                serial: Some("X1".to_owned()),
                place: None,
            },
            model: Profile::by_name("zebra-zd421-203"),
            pages: None,
        };
        let mut names = vec!["Zebra ZD421".to_owned()];
        let offered = shown(&zebra, &[], &mut names);
        assert_eq!(offered.setup.name, "Zebra ZD421 2");
        assert!(offered.is_known && offered.setup.acknowledges);
        assert_eq!((offered.setup.dpi, offered.name), (203, None));
        let mine = PrinterSetup {
            name: "counter".to_owned(),
            ..offered.setup
        };
        let again = shown(&zebra, std::slice::from_ref(&mine), &mut names);
        assert_eq!(again.name.as_deref(), Some("counter"));
        assert_eq!(again.setup.name, "Zebra ZD421 3");
    }

    #[test]
    fn a_print_servers_queue_is_offered_as_one_that_asks_the_clerk() {
        let queue = Found {
            what: "Office".to_owned(),
            port: PrinterPort::Ipp {
                uri: "ipp://localhost/printers/office".to_owned(),
                certificate: None,
            },
            model: None,
            pages: Some(Pages {
                may_acknowledge: false,
                stock: Some("envelope-10"),
            }),
        };
        let setup = setup_of(&queue, "office".to_owned());
        assert_eq!((setup.model.as_str(), setup.acknowledges), (PAGES, false));
        assert_eq!((setup.stock.as_str(), setup.dpi), ("envelope-10", PAGE_DPI));
    }
}
