//! The spooler of Windows: a label's bytes go out as one raw job, past the printer's driver. It says
//! when it has taken a job, and of a job that it has handed over nothing that could be believed; so
//! each piece ends in the question to the clerk.

use super::job::{Doubt, Milestones, NoInk, Outcome, Unready};
use super::status::Hindrance;

/// Why a printer of the spooler cannot be printed on. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSpooler {
    /// There is no spooler of Windows here.
    #[error("this computer has no spooler of Windows; use its ipp:// address")]
    NotHere,
    /// Windows knows no such printer.
    #[error("Windows knows no printer of this name")]
    NoPrinter,
    /// Something hinders it.
    #[error("{0}")]
    Hindered(Hindrance),
}

/// A printer of the spooler.
#[derive(Clone, Debug)]
pub struct Spooler {
    name: String,
}

/// A printer that Windows knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spooled {
    /// Its name.
    pub name: String,
    /// The name of its driver, which mostly names the model.
    pub driver: String,
}

impl Spooler {
    /// The printer of this name, if nothing hinders it.
    ///
    /// # Errors
    /// [`NoSpooler`].
    pub fn open(name: &str) -> Result<Self, NoSpooler> {
        let spooler = Self {
            name: name.to_owned(),
        };
        spooler.ready()?;
        Ok(spooler)
    }

    fn ready(&self) -> Result<(), NoSpooler> {
        let reasons = system::reasons(&self.name)?;
        match reasons.iter().find_map(|reason| hindrance(reason)) {
            Some(hindrance) => Err(NoSpooler::Hindered(hindrance)),
            None => Ok(()),
        }
    }

    /// Hands one piece over; nobody ever knows more of it than that.
    pub fn send(&self, bytes: &[u8], title: &str, milestones: &mut dyn Milestones) -> Outcome {
        match self.ready() {
            Ok(()) => handed_over(milestones, || system::submit(&self.name, title, bytes)),
            Err(NoSpooler::Hindered(hindrance)) => Outcome::Refused(Unready::Hindered(hindrance)),
            Err(NoSpooler::NotHere | NoSpooler::NoPrinter) => Outcome::Refused(Unready::Silent),
        }
    }
}

/// The printers that Windows knows; none elsewhere.
#[must_use]
pub fn printers() -> Vec<Spooled> {
    system::printers()
}

/// A job that the spooler did not take.
struct NotTaken;

fn handed_over(
    milestones: &mut dyn Milestones,
    submit: impl FnOnce() -> Result<(), NotTaken>,
) -> Outcome {
    if milestones.sending().is_err() {
        return Outcome::Refused(Unready::NotJournalled);
    }
    if milestones.terminating().is_err() {
        return Outcome::NotPrinted(NoInk::Unfinished);
    }
    if let Err(NotTaken) = submit() {
        return Outcome::NotPrinted(NoInk::Declined);
    }
    Outcome::Unknown(match milestones.sent() {
        Ok(()) => Doubt::NeverAcknowledges,
        Err(_) => Doubt::NotJournalled,
    })
}

/// What hinders a printer, in the words of the `printers` crate for the bits of Windows.
fn hindrance(reason: &str) -> Option<Hindrance> {
    Some(match reason {
        "paused" => Hindrance::Paused,
        "paper_jam" => Hindrance::Jam,
        "paper_out" => Hindrance::PaperOut,
        "offline" | "not_available" | "pending_deletion" | "server_unknown" => Hindrance::Offline,
        "no_toner" => Hindrance::InkOut,
        "door_open" => Hindrance::CoverOpen,
        "error" | "paper_problem" | "user_intervention" => Hindrance::Error,
        _ => return None,
    })
}

#[cfg(windows)]
mod system {
    use printers::common::base::job::PrinterJobOptions;
    use printers::common::converters::Converter;

    use super::{NoSpooler, NotTaken, Spooled};

    pub(super) fn reasons(name: &str) -> Result<Vec<String>, NoSpooler> {
        let printer = printers::get_printer_by_name(name).ok_or(NoSpooler::NoPrinter)?;
        Ok(printer.state_reasons)
    }

    pub(super) fn submit(name: &str, title: &str, bytes: &[u8]) -> Result<(), NotTaken> {
        let options = PrinterJobOptions {
            name: Some(title),
            raw_properties: &[],
            converter: Converter::None,
        };
        let printer = printers::get_printer_by_name(name).ok_or(NotTaken)?;
        printer
            .print(bytes, options)
            .map(drop)
            .map_err(|_| NotTaken)
    }

    pub(super) fn printers() -> Vec<Spooled> {
        let printers = printers::get_printers().into_iter();
        printers
            .map(|printer| Spooled {
                name: printer.name,
                driver: printer.driver_name,
            })
            .collect()
    }
}

#[cfg(not(windows))]
mod system {
    use super::{NoSpooler, NotTaken, Spooled};

    pub(super) fn reasons(_: &str) -> Result<Vec<String>, NoSpooler> {
        Err(NoSpooler::NotHere)
    }

    pub(super) fn submit(_: &str, _: &str, _: &[u8]) -> Result<(), NotTaken> {
        Err(NotTaken)
    }

    pub(super) const fn printers() -> Vec<Spooled> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printing::job::NotJournalled;

    struct Journal {
        takes: usize,
        steps: usize,
    }

    impl Journal {
        fn step(&mut self) -> Result<(), NotJournalled> {
            self.steps += 1;
            if self.steps > self.takes {
                Err(NotJournalled)
            } else {
                Ok(())
            }
        }
    }

    impl Milestones for Journal {
        fn sending(&mut self) -> Result<(), NotJournalled> {
            self.step()
        }

        fn terminating(&mut self) -> Result<(), NotJournalled> {
            self.step()
        }

        fn sent(&mut self) -> Result<(), NotJournalled> {
            self.step()
        }
    }

    #[test]
    fn a_job_that_is_handed_over_is_unknown_and_one_that_is_not_has_met_no_ink() {
        let after = |takes, taken: bool| {
            let mut submitted = false;
            let mut journal = Journal { takes, steps: 0 };
            let outcome = handed_over(&mut journal, || {
                submitted = true;
                taken.then_some(()).ok_or(NotTaken)
            });
            (outcome, submitted)
        };
        let unknown = |doubt| (Outcome::Unknown(doubt), true);
        assert_eq!(after(3, true), unknown(Doubt::NeverAcknowledges));
        assert_eq!(after(2, true), unknown(Doubt::NotJournalled));
        assert_eq!(
            after(3, false),
            (Outcome::NotPrinted(NoInk::Declined), true)
        );
        assert_eq!(
            after(1, true),
            (Outcome::NotPrinted(NoInk::Unfinished), false)
        );
        assert_eq!(
            after(0, true),
            (Outcome::Refused(Unready::NotJournalled), false)
        );
    }

    #[test]
    fn what_windows_says_of_a_printer_is_said_in_the_usual_words() {
        assert_eq!(hindrance("paper_out"), Some(Hindrance::PaperOut));
        assert_eq!(hindrance("none"), None);
        assert_eq!(hindrance("toner_low"), None);
    }

    #[cfg(not(windows))]
    #[test]
    fn elsewhere_than_on_windows_there_is_no_spooler() {
        assert_eq!(Spooler::open("office").unwrap_err(), NoSpooler::NotHere);
        assert_eq!(printers(), []);
    }
}
