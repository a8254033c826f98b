//! Sending a released piece to a printer. Each milestone is durable before the bytes it speaks of.

use shared::ids::PsdId;
use shared::vault::Vault;

use super::devices::{Devices, HOLD_WAIT, Held};
use super::pages::PagePrinter;
use super::pieces::Move;
use super::press::{Form, Load, Packed, Press};
use super::release::Ready;
use super::silent::SilentPrinters;
use super::{Station, faults, names};
use crate::api::{PieceView, PrinterPort, PrinterSetup, UiError};
use crate::messages::{Code, say};
use crate::printing::escpos::AckTag;
use crate::printing::ipp::{self, NoQueue, Place, Queue};
use crate::printing::job::{
    Doubt, Milestones, NotJournalled, Outcome, Patience, Standing, Step, Unready, Wire, preflight,
    send_ready,
};
use crate::printing::label::Label;
use crate::printing::language::Job;
use crate::printing::layout::stock::Stock;
use crate::printing::port::{Port, open_as};
use crate::printing::spooler::Spooler;
use crate::printing::status::Hindrance;
use crate::vault::piece::Happening;

/// A printer that was found ready, and on which nobody else prints meanwhile.
pub(crate) struct OpenPrinter {
    pub(crate) form: Form,
    /// For a printer of pages: how its jobs are found again.
    pub(crate) pages: Option<PagePrinter>,
    way: Way,
    held: Held,
}

/// How a printer is reached.
enum Way {
    /// By a line for bytes.
    Line(Line),
    /// By its queue for pages.
    Queue(Box<Queue>),
    /// By the spooler of Windows.
    Spooler(Spooler),
}

/// An open line to a printer of bytes.
struct Line {
    press: Press,
    port: Box<dyn Port + Send>,
    /// Whether it answers questions.
    answers: bool,
    step: Step,
    /// Keeps what is left of its roll.
    station: Station,
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

/// What happens to a piece that a printer leaves in doubt.
pub(crate) const fn in_doubt(doubt: Doubt) -> &'static [Happening] {
    if doubt.is_last_word() {
        &[Happening::LeftInDoubt]
    } else {
        &[Happening::Lost]
    }
}

/// Opens the way to a printer and asks whether it is ready, before anything is paid. One that is
/// known to be silent is not waited for as long as others.
///
/// # Errors
/// `printer_not_ready`.
pub(crate) fn open_printer(
    setup: &PrinterSetup,
    station: &Station,
) -> Result<OpenPrinter, UiError> {
    let printers = station.printers_in_use();
    let not_ready = |fault: &dyn std::error::Error| {
        let reason = faults::chain(fault);
        say(
            Code::PrinterNotReady,
            &[("name", &setup.name), ("reason", &reason)],
        )
    };
    let form = Form::of(setup).map_err(|none| not_ready(&none))?;
    let held = printers.devices.hold(&setup.port, HOLD_WAIT);
    let held = held.ok_or_else(|| not_ready(&InUse))?;
    let mut pages = None;
    let way = match (form, &setup.port) {
        (Form::Page { is_trusted }, _) => {
            let (psd, now) =
                station.apply_blocking(|owner| Ok((owner.vault().map(Vault::psd), owner.now())))?;
            let queue = open_queue(setup, is_trusted, psd).map_err(|none| not_ready(&none))?;
            let printer = PagePrinter::opened(&setup.port, is_trusted, now);
            station.ask_queue(&queue, &printer)?;
            pages = Some(printer);
            Way::Queue(Box::new(queue))
        }
        (Form::Bytes(_), PrinterPort::Spooler { name }) => {
            Way::Spooler(Spooler::open(name).map_err(|none| not_ready(&none))?)
        }
        (Form::Bytes(press), port) => {
            let port = open_as(port, press.serial).map_err(|fault| not_ready(&fault))?;
            let mut line = Line {
                press,
                port,
                answers: false,
                step: Step::Unsure,
                station: station.clone(),
            };
            let standing = line
                .ask(&held, printers.silent.patience(setup))
                .map_err(|unready| not_ready(&unready))?;
            line.answers = standing.answers;
            printers.silent.note(setup, standing.answers);
            Way::Line(line)
        }
    };
    Ok(OpenPrinter {
        form,
        pages,
        way,
        held,
    })
}

/// Asks a printer of pages everything that could refuse the set-up's label.
fn open_queue(
    setup: &PrinterSetup,
    is_trusted: bool,
    psd: Option<PsdId>,
) -> Result<Queue, NoQueue> {
    let PrinterPort::Ipp { uri, certificate } = &setup.port else {
        return Err(NoQueue::Address(setup.port.to_string()));
    };
    let stock = Stock::by_name(&setup.stock);
    // A piece's job is named by its serial.
    let ours = psd.map(|psd| format!("{psd}-"));
    let place = Place {
        uri,
        certificate: certificate.as_deref().and_then(ipp::fingerprint),
        label: stock.map_or_else(Default::default, |stock| (stock.width, stock.height)),
        is_trusted,
        ours: ours.as_deref(),
    };
    Queue::open(&place, ipp::Limits::default())
}

impl OpenPrinter {
    /// What is sent from now on is a label that may be longer or shorter than a piece.
    pub(crate) fn set_length(&mut self, label: &Label) {
        if let Way::Line(line) = &mut self.way {
            line.press = line.press.of_length(label);
        }
    }

    /// A piece under the name that its job has there.
    pub(crate) fn named(&self, packed: Packed) -> Packed {
        match &self.pages {
            Some(printer) => Packed {
                title: printer.job_name(&packed.title),
                ..packed
            },
            None => packed,
        }
    }

    /// Sends one piece.
    pub(crate) fn send(&mut self, packed: &Packed, milestones: &mut dyn Milestones) -> Outcome {
        let title = packed.title.as_str();
        match (&mut self.way, &packed.load) {
            (Way::Line(line), Load::Bytes { job, tag }) => {
                line.send(&self.held, job, *tag, milestones)
            }
            (Way::Queue(queue), Load::Page(page)) => queue.send(page, title, milestones),
            (Way::Spooler(spooler), Load::Bytes { job, .. }) => {
                spooler.send(&job.bytes(), title, milestones)
            }
            // A form is made for its way; the other way round nothing is sent.
            (Way::Line(_) | Way::Spooler(_), Load::Page(_))
            | (Way::Queue(_), Load::Bytes { .. }) => Outcome::Refused(Unready::Silent),
        }
    }
}

impl Line {
    /// Asks whether the printer is ready.
    fn ask(&mut self, held: &Held, patience: Patience) -> Result<Standing, Unready> {
        let press = self.press;
        let mut wire = Wire {
            port: &mut *self.port,
            manners: press.manners,
            patience,
            step: self.step,
            near_end_refuses: held.may_be_too_long(press.length, press.reserve),
        };
        let asked = preflight(&mut wire);
        self.step = wire.step;
        match &asked {
            Ok(standing) => held.note(standing.near_end),
            Err(Unready::Hindered(Hindrance::NearlyOut)) => held.note(true),
            Err(_) => {}
        }
        self.station.keep_rolls();
        asked
    }

    fn send(
        &mut self,
        held: &Held,
        job: &Job,
        tag: Option<AckTag>,
        milestones: &mut dyn Milestones,
    ) -> Outcome {
        let standing = if self.answers || self.step == Step::Unsure {
            match self.ask(held, Patience::default()) {
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
        let outcome = send_ready(&mut wire, job, tag, standing, milestones);
        self.step = wire.step;
        match outcome {
            Outcome::Printed | Outcome::Unknown(_) => {
                held.printed(self.press.length);
                self.station.keep_rolls();
            }
            Outcome::NotPrinted(_) | Outcome::Refused(_) => {}
        }
        outcome
    }
}

/// Writes each milestone into the store before its bytes go.
struct Diary<'a> {
    station: &'a Station,
    counter: u32,
    pages: Option<PagePrinter>,
}

impl Milestones for Diary<'_> {
    fn sending(&mut self) -> Result<(), NotJournalled> {
        let (counter, pages) = (self.counter, self.pages.take());
        let leaving = self.station.apply_blocking(move |owner| {
            owner.moves(&Move {
                counter,
                happenings: &[Happening::FirstByte],
                message: None,
                pages: pages.as_ref(),
            })
        });
        leaving.map(drop).map_err(|_| NotJournalled)
    }

    /// Nothing to write: until the answer the piece is sending.
    fn terminating(&mut self) -> Result<(), NotJournalled> {
        Ok(())
    }

    fn sent(&mut self) -> Result<(), NotJournalled> {
        let counter = self.counter;
        self.station
            .apply_blocking(move |owner| owner.happened(counter, &[Happening::AllSent], None))
            .map(drop)
            .map_err(|_| NotJournalled)
    }
}

impl Station {
    /// Keeps what is left of rolls that are nearly at their end, where that has changed. That it could
    /// not be written hinders no label: the printer itself says when its paper has ended.
    fn keep_rolls(&self) {
        let Some(rolls) = self.printers_in_use().devices.rolls_to_keep() else {
            return;
        };
        let kept = self.apply_blocking(move |owner| {
            owner.write("keeping the rolls", |tx| {
                Ok(tx.put_setting(names::ROLLS, &rolls)?)
            })
        });
        if let Err(fault) = kept {
            tracing::warn!(code = fault.code, "what is left of a roll was not kept");
        }
    }

    /// Sends a piece and writes down what became of it.
    pub(crate) fn send(
        &self,
        ready: &Ready,
        printer: &mut OpenPrinter,
    ) -> Result<PieceView, UiError> {
        let packed = match ready.packed(printer.form) {
            Ok(packed) => packed,
            Err(refusal) => {
                let reason = faults::chain(&refusal);
                return self.moved(ready, &[Happening::NoInk], Some(reason), None);
            }
        };
        let packed = printer.named(packed);
        let mut diary = Diary {
            station: self,
            counter: ready.counter,
            pages: printer.pages.clone(),
        };
        let (happenings, message): (&'static [Happening], _) =
            match printer.send(&packed, &mut diary) {
                Outcome::Printed => (&[Happening::Acknowledged], None),
                Outcome::NotPrinted(proof) => (&[Happening::NoInk], Some(proof.to_string())),
                Outcome::Refused(unready) => (&[Happening::NoInk], Some(unready.to_string())),
                Outcome::Unknown(doubt) => (in_doubt(doubt), Some(doubt.to_string())),
            };
        self.moved(ready, happenings, message, printer.pages.clone())
    }
}
