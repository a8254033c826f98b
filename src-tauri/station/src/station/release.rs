//! Releasing a paid piece: it is drawn again, must come out as committed, and then leaves for
//! files or a printer. States are durable before the bytes they speak of.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use shared::ids::PieceSerial;
use shared::rates::Weight;

use super::orders::Paper;
use super::pages::PagePrinter;
use super::pieces::{Move, wrong_state};
use super::press::{Form, Packed};
use super::pricing::is_specimen;
use super::sending::{OpenPrinter, open_printer};
use super::{Owner, Station, Unnoted, faults};
use crate::api::{
    PieceState, PieceView, PrintCall, PrintOut, PrinterSetup, SendAgainCall, UiError,
};
use crate::messages::{Code, say};
use crate::printing::bits::BitImage;
use crate::printing::files::{
    FileFault, NoPlace, is_same_place, prove_folder, prove_place, write_durably,
};
use crate::printing::label::Label;
use crate::printing::language::Unprintable;
use crate::printing::pdf::pdf;
use crate::printing::png::png;
use crate::printing::symbol;
use crate::printing::units::Dpi;
use crate::scale::Scale;
use crate::store::pieces::PieceRow;
use crate::vault::draft::{Drawing, Order, PieceInputs};
use crate::vault::piece::Happening;

/// The folder of pieces that go to no named file, in the data folder.
const PRINTS: &str = "prints";

/// A file to be written.
pub(crate) struct Page {
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
}

/// What may go to files: a piece, or something without value.
pub(crate) struct Drawn<'a> {
    /// What its document is called, and its file in a folder, without the ending.
    pub(crate) name: String,
    pub(crate) label: &'a Label,
    pub(crate) image: &'a BitImage,
    pub(crate) dpi: Dpi,
}

/// A paid piece, drawn again as it was committed.
pub struct Ready {
    /// Its serial.
    pub serial: PieceSerial,
    /// Its counter.
    pub counter: u32,
    /// Its display list.
    pub label: Label,
    /// Its raster, equal to the committed one.
    pub image: BitImage,
    /// The raster's resolution.
    pub dpi: Dpi,
    inputs: PieceInputs,
}

impl Ready {
    /// It in the form of its printer, for one sending.
    ///
    /// # Errors
    /// [`Unprintable`].
    pub(crate) fn packed(&self, form: Form) -> Result<Packed, Unprintable> {
        form.pack(&self.label, &self.image, &self.serial.to_string())
    }

    /// It, as it goes to files.
    fn drawn(&self) -> Drawn<'_> {
        Drawn {
            name: self.serial.to_string(),
            label: &self.label,
            image: &self.image,
            dpi: self.dpi,
        }
    }

    /// Its bytes for a printer, or for a file of ESC/POS without one.
    ///
    /// # Errors
    /// `not_drawn` when its picture cannot be sent.
    pub(crate) fn printer_bytes(&self, form: Option<Form>) -> Result<Vec<u8>, UiError> {
        self.drawn().printer_bytes(form)
    }
}

impl Drawn<'_> {
    fn printer_bytes(&self, form: Option<Form>) -> Result<Vec<u8>, UiError> {
        form.unwrap_or_else(|| Form::of_files(self.dpi))
            .pack(self.label, self.image, &self.name)
            .map(|packed| packed.bytes())
            .map_err(|refusal| say(Code::NotDrawn, &[("reason", &faults::chain(&refusal))]))
    }

    /// Its files for a target.
    ///
    /// # Errors
    /// `not_drawn`.
    pub(crate) fn pages(&self, target: &Target) -> Result<Vec<Page>, UiError> {
        let fault = |reason: String| say(Code::NotDrawn, &[("reason", &reason)]);
        let in_folder;
        let (pdf_path, png_path, escpos_path) = match target {
            Target::Printer(_) => return Ok(Vec::new()),
            Target::Folder(folder) => {
                in_folder = folder.join(format!("{}.pdf", self.name));
                (Some(&in_folder), None, None)
            }
            Target::Files { pdf, png, escpos } => (pdf.as_ref(), png.as_ref(), escpos.as_ref()),
        };
        let mut pages = Vec::with_capacity(3);
        let mut add = |path: &PathBuf, bytes| {
            pages.push(Page {
                path: path.clone(),
                bytes,
            });
        };
        if let Some(path) = pdf_path {
            add(path, pdf(self.label, &self.name));
        }
        if let Some(path) = png_path {
            let bytes = png(self.image, self.dpi);
            add(path, bytes.map_err(|f| fault(faults::chain(&f)))?);
        }
        if let Some(path) = escpos_path {
            add(path, self.printer_bytes(None)?);
        }
        Ok(pages)
    }
}

/// Where a piece goes, with everything known about the place.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// A printer.
    Printer(PrinterSetup),
    /// Files.
    Files {
        pdf: Option<PathBuf>,
        png: Option<PathBuf>,
        escpos: Option<PathBuf>,
    },
    /// One PDF in a folder.
    Folder(PathBuf),
}

impl Target {
    /// What the piece is drawn on.
    pub(crate) fn paper(&self) -> Paper {
        match self {
            Self::Printer(setup) => Paper {
                stock: setup.stock.clone(),
                dpi: setup.dpi,
                form: Form::of(setup).ok(),
                lies_under_a_head: true,
            },
            Self::Files {
                escpos: Some(_), ..
            } => Paper::of_printer_files(),
            Self::Files { .. } | Self::Folder(_) => Paper::of_files(),
        }
    }

    /// In what form it goes to a printer; none for files.
    ///
    /// # Errors
    /// `printer_not_ready` when its model cannot do what its set-up says.
    fn form(&self) -> Result<Option<Form>, UiError> {
        match self {
            Self::Printer(setup) => Form::of(setup).map(Some).map_err(|none| {
                let reason = none.to_string();
                say(
                    Code::PrinterNotReady,
                    &[("name", &setup.name), ("reason", &reason)],
                )
            }),
            Self::Files { .. } | Self::Folder(_) => Ok(None),
        }
    }
}

impl Owner {
    /// The place a call names.
    ///
    /// # Errors
    /// `no_output` without any, `unknown_printer`.
    pub(crate) fn target(&self, out: Option<&PrintOut>) -> Result<Target, UiError> {
        let path = |path: &Option<String>| path.as_ref().map(PathBuf::from);
        Ok(match out {
            None => return Err(say(Code::NoOut, &[])),
            Some(PrintOut::Printer { name }) => Target::Printer(self.printer(name)?),
            Some(PrintOut::Folder { path: folder }) => {
                Target::Folder(path(folder).unwrap_or_else(|| self.folder().join(PRINTS)))
            }
            Some(PrintOut::Files { pdf, png, escpos }) => {
                if pdf.is_none() && png.is_none() && escpos.is_none() {
                    return Err(say(Code::NoOut, &[]));
                }
                Target::Files {
                    pdf: path(pdf),
                    png: path(png),
                    escpos: path(escpos),
                }
            }
        })
    }

    /// The paper of a preview: that of the place it would go to, or that of files.
    pub(crate) fn paper(&self, out: Option<&PrintOut>) -> Result<Paper, UiError> {
        match out {
            None => Ok(Paper::of_files()),
            Some(_) => Ok(self.target(out)?.paper()),
        }
    }

    /// Draws a paid piece again and compares it with what was committed.
    ///
    /// # Errors
    /// `raster_differs` when it does not come out as committed, `damaged_store` when what was
    /// sealed is gone.
    pub(crate) fn ready(&self, row: &PieceRow) -> Result<Ready, UiError> {
        let serial = self.serial(row.counter);
        let serial = serial.ok_or_else(|| say(Code::NotEnrolled, &[]))?;
        let differs = || say(Code::RasterDiffers, &[("serial", &serial.to_string())]);
        let inputs = self.inputs(row)?.ok_or_else(|| {
            say(
                Code::DamagedStore,
                &[("what", "the inputs of an unprinted piece are missing")],
            )
        })?;
        draw_again(serial, row, inputs, self.drawing()).ok_or_else(differs)
    }
}

/// Draws a piece from its inputs; `None` when it does not come out as committed.
pub(crate) fn draw_again(
    serial: PieceSerial,
    row: &PieceRow,
    inputs: PieceInputs,
    drawing: Drawing,
) -> Option<Ready> {
    let symbol = symbol::encode(&inputs.indicium).ok()?;
    let (label, image) = drawing(&inputs.label, serial, &symbol).ok()?;
    if image.sha256() != row.raster {
        return None;
    }
    Some(Ready {
        serial,
        counter: row.counter,
        label,
        image,
        dpi: Dpi::from_number(inputs.label.dpi)?,
        inputs,
    })
}

/// A place that was proved to be there before anything is paid.
pub(super) enum Way {
    Printer(Box<OpenPrinter>),
    Files(Target),
}

/// Opens the line of a printer; makes the folder of a folder; proves that files can be written.
pub(super) fn clear_the_way(station: &Station, target: Target) -> Result<Way, UiError> {
    match target {
        Target::Printer(setup) => {
            let printer = open_printer(&setup, station)?;
            Ok(Way::Printer(Box::new(printer)))
        }
        Target::Folder(_) => {
            make_folder(&target)?;
            Ok(Way::Files(target))
        }
        Target::Files {
            ref pdf,
            ref png,
            ref escpos,
        } => {
            let files: Vec<&PathBuf> = [pdf, png, escpos].into_iter().flatten().collect();
            prove_files(&files)?;
            Ok(Way::Files(target))
        }
    }
}

impl Station {
    /// Pays for one piece and prints it. The same job key again answers with the same piece.
    pub(super) async fn print(&self, call: PrintCall) -> Result<PieceView, UiError> {
        let (out, job_key) = (call.out.clone(), call.job_key.clone());
        let scale = Arc::clone(&self.scale);
        let pay = move |owner: &mut Owner, paper: &Paper| owner.pay_once(&call, paper, &scale);
        self.pay_and_release(out, job_key, pay).await
    }

    /// Clears the way to a place, pays for a piece and releases it there. A job that was paid before
    /// clears no way: its piece may be on that printer just now.
    pub(super) async fn pay_and_release(
        &self,
        out: Option<PrintOut>,
        job_key: Option<String>,
        pay: impl FnOnce(&mut Owner, &Paper) -> Result<Paid, UiError> + Send + 'static,
    ) -> Result<PieceView, UiError> {
        let target = self.apply(move |owner| {
            let target = owner.target(out.as_ref())?;
            owner.note_what_is_known();
            let before = owner.piece_of_job(job_key.as_deref())?;
            let before = before.map(|row| owner.piece_view(&row)).transpose()?;
            Ok((target, before))
        });
        let (target, before) = target.await?;
        if let Some(before) = before {
            return Ok(before);
        }
        self.on_a_thread(move |station| {
            let paper = target.paper();
            let way = clear_the_way(station, target)?;
            let paid = station.apply_blocking(move |owner| pay(owner, &paper))?;
            match paid {
                Paid::Now(ready) => station.release(&ready, way),
                Paid::Before(view) => Ok(*view),
            }
        })
        .await
    }

    /// Pays for one piece, writes down that its bytes are about to leave, and hands out the bytes
    /// for the printer that the call names. For callers that bring a line of their own; what they
    /// make of the piece is told by `resolve`. A job that was paid before hands out nothing.
    ///
    /// # Errors
    /// The refusals of `print`.
    pub async fn printer_bytes(&self, call: PrintCall) -> Result<Option<Vec<u8>>, UiError> {
        let scale = Arc::clone(&self.scale);
        self.apply(move |owner| {
            let target = owner.target(call.out.as_ref())?;
            let form = target.form()?;
            let Paid::Now(ready) = owner.pay_once(&call, &target.paper(), &scale)? else {
                return Ok(None);
            };
            match ready.printer_bytes(form) {
                Ok(bytes) => {
                    owner.happened(ready.counter, &[Happening::FirstByte], None)?;
                    Ok(Some(bytes))
                }
                Err(error) => {
                    let reason = Some(error.message.as_str());
                    owner.happened(ready.counter, &[Happening::NoInk], reason)?;
                    Err(error)
                }
            }
        })
        .await
    }

    /// Sends the identical piece again; only for one that provably met no ink.
    pub(super) async fn send_again(&self, call: SendAgainCall) -> Result<PieceView, UiError> {
        let SendAgainCall { serial, out } = call;
        let target = self.apply(move |owner| owner.target(Some(&out))).await?;
        self.on_a_thread(move |station| {
            let paper = target.paper();
            let way = clear_the_way(station, target)?;
            let ready = station.apply_blocking(move |owner| {
                owner.note_what_is_known();
                let row = owner.piece(&serial)?;
                if row.state != PieceState::NotPrinted {
                    return Err(wrong_state(&serial, row.state));
                }
                let ready = owner.ready(&row)?;
                paper.check(&ready.inputs.label, &serial)?;
                owner.happened(row.counter, &[Happening::SendAgain], None)?;
                Ok(ready)
            })?;
            station.release(&ready, way)
        })
        .await
    }

    /// Runs what waits for printers and disks on a thread of its own.
    pub(super) async fn on_a_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, UiError> + Send + 'static,
    ) -> Result<T, UiError> {
        let station = self.clone();
        tokio::task::spawn_blocking(move || work(&station))
            .await
            .unwrap_or_else(|_| Err(say(Code::StationStopped, &[])))
    }

    /// Releases a paid piece and answers with what became of it.
    fn release(&self, ready: &Ready, way: Way) -> Result<PieceView, UiError> {
        match way {
            Way::Printer(mut printer) => self.send(ready, &mut printer),
            Way::Files(target) => match ready.drawn().pages(&target) {
                Ok(pages) => {
                    let place = match &target {
                        Target::Folder(_) => {
                            pages.first().map(|page| page.path.display().to_string())
                        }
                        Target::Files { .. } | Target::Printer(_) => None,
                    };
                    self.write_pages(ready, &pages, place)
                }
                Err(error) => self.moved(ready, &[Happening::NoInk], Some(error.message), None),
            },
        }
    }

    fn write_pages(
        &self,
        ready: &Ready,
        pages: &[Page],
        place: Option<String>,
    ) -> Result<PieceView, UiError> {
        let counter = ready.counter;
        let leaving = self
            .apply_blocking(move |owner| owner.happened(counter, &[Happening::FirstByte], None));
        if let Err(error) = leaving {
            let reason = error.message.clone();
            return Err(self.unnoted(ready, &[Happening::NoInk], Some(reason), error));
        }
        for (done, page) in pages.iter().enumerate() {
            let Err(fault) = write_durably(&page.path, &page.bytes) else {
                continue;
            };
            let reason = Some(faults::chain(&fault));
            return match fault {
                FileFault::NotWritten { .. } if done == 0 => {
                    self.moved(ready, &[Happening::NoInk], reason, None)
                }
                // A file that stands under its name already is a piece.
                FileFault::NotWritten { .. } | FileFault::NotDurable { .. } => {
                    self.moved(ready, &[Happening::Lost], reason, None)
                }
            };
        }
        let done = &[Happening::AllSent, Happening::Acknowledged];
        self.moved(ready, done, place, None)
    }

    /// Moves a piece, at a printer of pages where one is named, and answers with its view, the indicium included once it is printed.
    pub(crate) fn moved(
        &self,
        ready: &Ready,
        happenings: &'static [Happening],
        message: Option<String>,
        pages: Option<PagePrinter>,
    ) -> Result<PieceView, UiError> {
        let counter = ready.counter;
        let told = message.clone();
        let moved = self.apply_blocking(move |owner| {
            let row = owner.moves(&Move {
                counter,
                happenings,
                message: told.as_deref(),
                pages: pages.as_ref(),
            })?;
            owner.piece_view(&row)
        });
        let mut view = match moved {
            Ok(view) => view,
            Err(error) => return Err(self.unnoted(ready, happenings, message, error)),
        };
        if view.state == PieceState::Printed {
            view.indicium_hex = Some(hex::encode(&ready.inputs.indicium));
        }
        Ok(view)
    }
}

impl Station {
    /// What is said when it could not be written down what became of a paid piece: on a full disk
    /// it is kept in mind.
    fn unnoted(
        &self,
        ready: &Ready,
        happenings: &'static [Happening],
        message: Option<String>,
        error: UiError,
    ) -> UiError {
        if error.code != Code::DiskFull.name() {
            return error;
        }
        let unnoted = Unnoted {
            counter: ready.counter,
            happenings,
            message,
        };
        let kept = self.apply_blocking(move |owner| {
            owner.keep_in_mind(unnoted);
            Ok(())
        });
        let serial = ready.serial.to_string();
        kept.err()
            .unwrap_or_else(|| say(Code::PaidNotNoted, &[("serial", &serial)]))
    }
}

/// A piece, and whether this call has paid for it.
pub(super) enum Paid {
    Now(Box<Ready>),
    Before(Box<PieceView>),
}

impl Owner {
    /// Pays for a piece, unless the same job has done so before. Where its weight comes from the
    /// scale, that is looked at last: nothing lies between it and the debit.
    fn pay_once(
        &mut self,
        call: &PrintCall,
        paper: &Paper,
        scale: &Scale,
    ) -> Result<Paid, UiError> {
        let paid = self.pay_job_once(call.job_key.as_deref(), |owner| {
            let (order, _) = owner.order(call, paper)?;
            owner.weighed(call, &order, scale)?;
            Ok(order)
        })?;
        if let (Paid::Now(_), Some(number)) = (&paid, call.weighing) {
            scale.paid(number);
        }
        Ok(paid)
    }

    /// Looks whether the scale still shows what a piece was priced by.
    fn weighed(&self, call: &PrintCall, order: &Order, scale: &Scale) -> Result<(), UiError> {
        let Some(number) = call.weighing else {
            return Ok(());
        };
        let is_live = self.vault().is_some_and(|vault| !is_specimen(vault.psd()));
        if is_live && scale.is_practice() {
            return Err(say(Code::PracticeScale, &[]));
        }
        let weight = Weight::from_nanograms(order.facts.weight_nanograms);
        let weight = weight.map_err(|_| say(Code::LoadChanged, &[]))?;
        scale.check(number, weight)
    }

    /// Pays for what a job orders, unless the same job has done so before.
    pub(super) fn pay_job_once(
        &mut self,
        job_key: Option<&str>,
        order: impl FnOnce(&mut Self) -> Result<Order, UiError>,
    ) -> Result<Paid, UiError> {
        self.note_what_is_known();
        if let Some(row) = self.piece_of_job(job_key)? {
            return Ok(Paid::Before(Box::new(self.piece_view(&row)?)));
        }
        let order = order(self)?;
        let job_key = job_key.map(str::trim);
        let (row, _) = self.pay(&order, job_key.filter(|key| !key.is_empty()))?;
        match self.ready(&row) {
            Ok(ready) => Ok(Paid::Now(Box::new(ready))),
            Err(error) => {
                // Nothing of it leaves, and it must not wait for the next start to say so.
                self.happened(row.counter, &[Happening::NoInk], Some(&error.message))?;
                Err(error)
            }
        }
    }

    /// Whether a job has led to a piece before.
    pub(crate) fn is_paid_job(&self, job_key: Option<&str>) -> Result<bool, UiError> {
        Ok(self.piece_of_job(job_key)?.is_some())
    }

    /// The piece a job of the asker led to before.
    fn piece_of_job(&self, job_key: Option<&str>) -> Result<Option<PieceRow>, UiError> {
        match job_key.map(str::trim).filter(|key| !key.is_empty()) {
            None => Ok(None),
            Some(key) => Ok(self.store().piece_of_job(key)?),
        }
    }
}

/// Makes the folder of a folder target.
pub(crate) fn make_folder(target: &Target) -> Result<(), UiError> {
    let Target::Folder(folder) = target else {
        return Ok(());
    };
    let made = std::fs::create_dir_all(folder).map_err(NoPlace::Refused);
    made.and_then(|()| prove_folder(folder))
        .map_err(|no_place| bad_output(folder, &faults::chain(&no_place)))
}

/// Proves that every file can be written, each under a name of its own.
fn prove_files(files: &[&PathBuf]) -> Result<(), UiError> {
    for (at, file) in files.iter().enumerate() {
        prove_place(file).map_err(|no_place| bad_output(file, &faults::chain(&no_place)))?;
        let before = files.iter().take(at);
        if before.into_iter().any(|other| is_same_place(file, other)) {
            return Err(bad_output(file, "it is named twice"));
        }
    }
    Ok(())
}

/// What is said when a piece cannot go to a file.
pub(crate) fn bad_output(path: &Path, reason: &str) -> UiError {
    let path = path.display().to_string();
    say(Code::BadOutput, &[("path", &path), ("reason", reason)])
}
