//! Sending a released piece to a printer. Each milestone is durable before the bytes it speaks of.

use super::devices::{Devices, HOLD_WAIT, Held};
use super::press::{Packed, Press};
use super::release::Ready;
use super::silent::SilentPrinters;
use super::{Station, faults};
use crate::api::{PieceView, PrinterSetup, UiError};
use crate::messages::{Code, say};
use crate::printing::job::{
    Milestones, NotJournalled, Outcome, Patience, Standing, Step, Unready, Wire, preflight,
    send_ready,
};
use crate::printing::port::{Port, open_as};
use crate::vault::piece::Happening;

/// A printer whose line is open, and on which nobody else prints meanwhile.
pub(crate) struct OpenPrinter {
    pub(crate) press: Press,
    port: Box<dyn Port + Send>,
    /// Whether it answers questions.
    answers: bool,
    step: Step,
    held: Held,
}

/// The printers of a program, as far as it remembers them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Printers {
    /// Those that said nothing when they were asked last.
    pub(crate) silent: SilentPrinters,
    /// Those that somebody prints on.
    pub(crate) devices: Devices,
}

/// This program prints something else there.
#[derive(Debug, thiserror::Error)]
#[error("this station still prints something else on it")]
struct InUse;

/// Opens the line to a printer and asks whether it is ready, before anything is paid. One that is
/// known to be silent is not waited for as long as others.
///
/// # Errors
/// `printer_not_ready`.
pub(crate) fn open_printer(
    setup: &PrinterSetup,
    printers: &Printers,
) -> Result<OpenPrinter, UiError> {
    let not_ready = |fault: &dyn std::error::Error| {
        let reason = faults::chain(fault);
        say(
            Code::PrinterNotReady,
            &[("name", &setup.name), ("reason", &reason)],
        )
    };
    let press = Press::of(setup).map_err(|none| not_ready(&none))?;
    let held = printers.devices.hold(&setup.port, HOLD_WAIT);
    let held = held.ok_or_else(|| not_ready(&InUse))?;
    let port = open_as(&setup.port, press.serial).map_err(|fault| not_ready(&fault))?;
    let mut printer = OpenPrinter {
        press,
        port,
        answers: false,
        step: Step::Unsure,
        held,
    };
    let standing = printer
        .ask(printers.silent.patience(setup))
        .map_err(|unready| not_ready(&unready))?;
    printer.answers = standing.answers;
    printers.silent.note(setup, standing.answers);
    Ok(printer)
}

impl OpenPrinter {
    /// Asks whether the printer is ready.
    fn ask(&mut self, patience: Patience) -> Result<Standing, Unready> {
        let press = self.press;
        let mut wire = Wire {
            port: &mut *self.port,
            manners: press.manners,
            patience,
            step: self.step,
            near_end_refuses: self.held.may_be_too_long(press.length, press.reserve),
        };
        let standing = preflight(&mut wire)?;
        self.step = wire.step;
        self.held.note(standing.near_end);
        Ok(standing)
    }

    /// Sends one piece.
    pub(crate) fn send(&mut self, packed: &Packed, milestones: &mut dyn Milestones) -> Outcome {
        let standing = if self.answers {
            match self.ask(Patience::default()) {
                Ok(standing) => standing,
                Err(unready) => return Outcome::Refused(unready),
            }
        } else {
            Standing::default()
        };
        let mut wire = Wire {
            port: &mut *self.port,
            manners: self.press.manners,
            patience: Patience::default(),
            step: self.step,
            near_end_refuses: false,
        };
        let outcome = send_ready(&mut wire, &packed.job, packed.tag, standing, milestones);
        self.step = wire.step;
        self.held.printed(self.press.length);
        outcome
    }
}

/// Writes each milestone into the store before its bytes go.
struct Diary<'a> {
    station: &'a Station,
    counter: u32,
}

impl Diary<'_> {
    fn note(&self, happening: Happening) -> Result<(), NotJournalled> {
        let counter = self.counter;
        self.station
            .apply_blocking(move |owner| owner.happened(counter, &[happening], None))
            .map(drop)
            .map_err(|_| NotJournalled)
    }
}

impl Milestones for Diary<'_> {
    fn sending(&mut self) -> Result<(), NotJournalled> {
        self.note(Happening::FirstByte)
    }

    /// Nothing to write: until the answer the piece is sending.
    fn terminating(&mut self) -> Result<(), NotJournalled> {
        Ok(())
    }

    fn sent(&mut self) -> Result<(), NotJournalled> {
        self.note(Happening::AllSent)
    }
}

impl Station {
    /// Sends a piece and writes down what became of it.
    pub(crate) fn send(
        &self,
        ready: &Ready,
        printer: &mut OpenPrinter,
    ) -> Result<PieceView, UiError> {
        let packed = match printer.press.pack(&ready.image) {
            Ok(packed) => packed,
            Err(refusal) => {
                let reason = faults::chain(&refusal);
                return self.moved(ready, &[Happening::NoInk], Some(reason));
            }
        };
        let mut diary = Diary {
            station: self,
            counter: ready.counter,
        };
        match printer.send(&packed, &mut diary) {
            Outcome::Printed => self.moved(ready, &[Happening::Acknowledged], None),
            Outcome::NotPrinted(proof) => {
                self.moved(ready, &[Happening::NoInk], Some(proof.to_string()))
            }
            Outcome::Refused(unready) => {
                self.moved(ready, &[Happening::NoInk], Some(unready.to_string()))
            }
            Outcome::Unknown(doubt) => {
                self.moved(ready, &[Happening::Lost], Some(doubt.to_string()))
            }
        }
    }
}
