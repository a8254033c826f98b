//! Sending a released piece to a printer. Each milestone is durable before the bytes it speaks of.

use super::press::Press;
use super::release::Ready;
use super::silent::SilentPrinters;
use super::{Station, faults};
use crate::api::{PieceView, PrinterSetup, UiError};
use crate::messages::{Code, say};
use crate::printing::job::{
    Milestones, NotJournalled, Outcome, Patience, Wire, preflight, send, send_unasked,
};
use crate::printing::language::Job;
use crate::printing::port::{Port, open};
use crate::vault::piece::Happening;

/// A printer whose line is open.
pub(crate) struct OpenPrinter {
    pub(crate) press: Press,
    port: Box<dyn Port + Send>,
    /// Whether it answers questions.
    answers: bool,
}

/// Opens the line to a printer and asks whether it is ready, before anything is paid. One that is
/// known to be `silent` is not waited for as long as others.
///
/// # Errors
/// `printer_not_ready`.
pub(crate) fn open_printer(
    setup: &PrinterSetup,
    silent: &SilentPrinters,
) -> Result<OpenPrinter, UiError> {
    let not_ready = |fault: &dyn std::error::Error| {
        let reason = faults::chain(fault);
        say(
            Code::PrinterNotReady,
            &[("name", &setup.name), ("reason", &reason)],
        )
    };
    let press = Press::of(setup).map_err(|none| not_ready(&none))?;
    let mut port = open(&setup.port).map_err(|fault| not_ready(&fault))?;
    let mut wire = Wire {
        port: &mut *port,
        manners: press.manners,
        patience: silent.patience(setup),
    };
    let answers = preflight(&mut wire).map_err(|unready| not_ready(&unready))?;
    silent.note(setup, answers);
    Ok(OpenPrinter {
        press,
        port,
        answers,
    })
}

impl OpenPrinter {
    /// Sends one piece.
    pub(crate) fn send(
        &mut self,
        job: &Job,
        counter: u32,
        milestones: &mut dyn Milestones,
    ) -> Outcome {
        let manners = self.press.manners;
        let mut wire = Wire {
            port: &mut *self.port,
            manners,
            patience: Patience::default(),
        };
        if self.answers {
            send(&mut wire, job, manners.tag(counter), milestones)
        } else {
            send_unasked(&mut wire, job, milestones)
        }
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
        let job = match printer.press.job(&ready.image, ready.counter) {
            Ok(job) => job,
            Err(refusal) => {
                let reason = faults::chain(&refusal);
                return self.moved(ready, &[Happening::NoInk], Some(reason));
            }
        };
        let mut diary = Diary {
            station: self,
            counter: ready.counter,
        };
        match printer.send(&job, ready.counter, &mut diary) {
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
