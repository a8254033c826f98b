//! Printers that were heard to say nothing.
//!
//! A printer that can answer does so at once, but a slow line deserves a long wait. One that has
//! let such a wait pass in this run of the program most likely has no way back at all: to wait as
//! long again before each piece and each batch would only keep the clerk waiting. It is still
//! asked, and once it answers it is waited for as any other.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::api::{PrinterPort, PrinterSetup};
use crate::printing::job::Patience;

/// How long a printer that did not answer before may take to answer a status question.
const SILENT_WAIT: Duration = Duration::from_millis(50);

/// The most printers that are kept in mind; of more, the one kept longest is forgotten.
const REMEMBERED_MAX: usize = 64;

/// The silent printers, by the way to them. Clones share the list.
#[derive(Clone, Debug, Default)]
pub(crate) struct SilentPrinters(Arc<Mutex<Vec<PrinterPort>>>);

impl SilentPrinters {
    /// How long to wait for a printer's answers. One that must acknowledge must answer, too, and
    /// gets its time.
    pub(crate) fn patience(&self, setup: &PrinterSetup) -> Patience {
        let silent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let patience = Patience::default();
        if setup.acknowledges || !silent.contains(&setup.port) {
            return patience;
        }
        Patience {
            status: SILENT_WAIT,
            // What ends an earlier label goes over the line all the same, but nobody waits for it.
            kilobyte: Duration::ZERO,
            ..patience
        }
    }

    /// Notes whether a printer has answered.
    pub(crate) fn note(&self, setup: &PrinterSetup, answers: bool) {
        let mut silent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        silent.retain(|port| *port != setup.port);
        if !answers {
            if silent.len() == REMEMBERED_MAX {
                silent.remove(0);
            }
            silent.push(setup.port.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printer(number: usize, acknowledges: bool) -> PrinterSetup {
        PrinterSetup {
            name: "counter".into(),
            model: "esc-pos".into(),
            port: PrinterPort::Device {
                path: format!("/dev/usb/lp{number}"),
            },
            dpi: 203,
            stock: "label-4x6".into(),
            acknowledges,
        }
    }

    #[test]
    fn a_printer_that_said_nothing_is_waited_for_shortly_until_it_answers() {
        let silent = SilentPrinters::default();
        let (one, other) = (printer(0, false), printer(1, false));
        assert_eq!(silent.patience(&one), Patience::default());
        silent.note(&one, false);
        assert_eq!(silent.patience(&one).status, SILENT_WAIT);
        assert_eq!(silent.patience(&one).stall, Patience::default().stall);
        assert_eq!(silent.patience(&other), Patience::default());
        silent.note(&one, true);
        assert_eq!(silent.patience(&one), Patience::default());
    }

    #[test]
    fn a_printer_that_must_acknowledge_always_gets_its_time() {
        let silent = SilentPrinters::default();
        silent.note(&printer(0, false), false);
        assert_eq!(silent.patience(&printer(0, true)), Patience::default());
    }

    #[test]
    fn the_one_kept_longest_is_forgotten_first() {
        let silent = SilentPrinters::default();
        for number in 0..=REMEMBERED_MAX {
            silent.note(&printer(number, false), false);
            silent.note(&printer(number, false), false);
        }
        assert_eq!(silent.patience(&printer(0, false)), Patience::default());
        assert_eq!(silent.patience(&printer(1, false)).status, SILENT_WAIT);
    }
}
