//! Pieces after their debit: what became of them, and what the clerk says about them.

use shared::ids::{PieceSerial, PsdId};
use shared::rates::Weight;
use shared::vault::{Action, Answer, Fate, Vault};

use super::pages::PagePrinter;
use super::press::Form;
use super::pricing::bad;
use super::{Asker, Owner};
use crate::api::{PieceState, PieceView, PiecesCall, PrinterSetup, ResolveCall, UiError};
use crate::messages::{Code, say};
use crate::printing::layout::stock::Stock;
use crate::printing::units::Dpi;
use crate::services::refunds;
use crate::store::Tx;
use crate::store::pieces::PieceRow;
use crate::store::refunds::RefundRow;
use crate::vault::credentials::pem;
use crate::vault::draft::PieceInputs;
use crate::vault::piece::{Happening, next};

/// Pieces listed when nobody says how many.
const USUAL_PIECES: u32 = 100;

/// The most pieces of one list.
const MAX_PIECES: u32 = 10_000;

/// The most characters of a printer's name.
pub(super) const MAX_NAME_CHARS: usize = 64;

impl Owner {
    /// The serial of a counter; `None` before the enrolment.
    pub(crate) fn serial(&self, counter: u32) -> Option<PieceSerial> {
        let psd = self.vault()?.psd();
        Some(PieceSerial { psd, counter })
    }

    /// The serial of a counter as people read it.
    pub(crate) fn serial_text(&self, counter: u32) -> String {
        self.serial(counter)
            .map_or_else(String::new, |serial| serial.to_string())
    }

    /// The piece with this serial.
    ///
    /// # Errors
    /// `unknown_piece`.
    pub(crate) fn piece(&self, serial: &str) -> Result<PieceRow, UiError> {
        let unknown = || say(Code::UnknownPiece, &[("serial", serial)]);
        let parsed: PieceSerial = serial.trim().parse().map_err(|_| unknown())?;
        if self.enrolled()?.psd() != parsed.psd {
            return Err(unknown());
        }
        self.store().piece(parsed.counter)?.ok_or_else(unknown)
    }

    /// Moves a piece by what happened to it, durably, and tells everybody.
    ///
    /// # Errors
    /// `piece_state` when its state does not allow it, and what the store refuses.
    pub(crate) fn happened(
        &mut self,
        counter: u32,
        happenings: &[Happening],
        message: Option<&str>,
    ) -> Result<PieceRow, UiError> {
        self.moves(&Move {
            counter,
            happenings,
            message,
            pages: None,
        })
    }

    /// As [`Self::happened`], of a piece that may go to a printer of pages.
    ///
    /// # Errors
    /// As [`Self::happened`].
    pub(crate) fn moves(&mut self, moving: &Move<'_>) -> Result<PieceRow, UiError> {
        let psd = self.vault().map(Vault::psd);
        let row = self.write("moving a piece", |tx| move_on(tx, psd, moving))?;
        self.tell_piece(&row);
        Ok(row)
    }

    /// The clerk's word about a piece, in the journal and in its state, in one commit; with it the
    /// claim of a spoiled one begins.
    pub(super) fn resolve(
        &mut self,
        call: &ResolveCall,
        asker: &Asker,
    ) -> Result<PieceView, UiError> {
        let fate = match call.answer {
            PieceState::Printed => Fate::Printed,
            PieceState::Spoiled => Fate::Spoiled,
            PieceState::NotPrinted => Fate::NotPrinted,
            PieceState::Prepared | PieceState::Sending | PieceState::Sent | PieceState::Unknown => {
                return Err(bad(
                    "The answer about a piece is printed, spoiled or not-printed".to_owned(),
                ));
            }
        };
        self.note_what_is_known();
        let row = self.piece(&call.serial)?;
        let to = next(row.state, Happening::Answer(fate))
            .map_err(|_| wrong_state(&call.serial, row.state))?;
        let answer = Action::Answer(Answer {
            counter: row.counter,
            fate,
        });
        let claim = self.claim_of_spoiled(&row, to, asker)?;
        let now = self.now();
        let mut after = row.clone();
        self.act(&answer, &asker.user, |tx, _| {
            after = tx.move_piece(&row, to, None)?;
            if let Some(claim) = &claim {
                tx.put_refund(claim, now)?;
            }
            Ok(())
        })?;
        self.tell_piece(&after);
        self.piece_view(&after)
    }

    /// The claim that begins when a piece is called spoiled by somebody who may claim.
    fn claim_of_spoiled(
        &self,
        row: &PieceRow,
        to: PieceState,
        asker: &Asker,
    ) -> Result<Option<RefundRow>, UiError> {
        if to != PieceState::Spoiled || !asker.may_claim {
            return Ok(None);
        }
        // The answer itself is the next record.
        let journal_size = self.store().mark().journal_size + 1;
        refunds::claim(self, row, journal_size)
    }

    /// Pieces, newest first.
    pub(super) fn piece_views(&mut self, call: &PiecesCall) -> Result<Vec<PieceView>, UiError> {
        self.note_what_is_known();
        let limit = call.limit.unwrap_or(USUAL_PIECES).min(MAX_PIECES);
        let before = call.before.as_deref().map(|serial| self.piece(serial));
        let before = before.transpose()?.map(|row| row.counter);
        let rows = self.store().pieces(call.state, before, limit)?;
        rows.iter().map(|row| self.piece_view(row)).collect()
    }

    /// One piece as a person reads it, without its indicium.
    pub(crate) fn piece_view(&self, row: &PieceRow) -> Result<PieceView, UiError> {
        let facts = &row.facts;
        let certificate = self.store().certificate(facts.certificate)?;
        let weight = Weight::from_nanograms(facts.weight_nanograms);
        Ok(PieceView {
            serial: self
                .serial(row.counter)
                .map_or_else(String::new, |serial| serial.to_string()),
            state: row.state,
            class: facts.class.clone(),
            shape: facts.shape.clone(),
            weight_grams: weight.map_or(0.0, Weight::grams),
            postage_mills: facts.postage.mills(),
            date: facts.date.to_string(),
            destination: facts.destination.clone(),
            place: facts.place.clone(),
            indicium_hex: None,
            certificate_pem: certificate.map(|der| pem(&der)),
            created: row.created,
            message: row.message.clone(),
            amends: facts
                .amends
                .and_then(|counter| self.serial(counter))
                .map(|serial| serial.to_string()),
            may_correct: self.may_correct(row),
            refund: crate::services::refunds::view(self, row.counter)?,
            registers: Some(self.registers_view()),
        })
    }

    /// What is sealed of a piece; `None` once it was erased.
    ///
    /// # Errors
    /// `damaged_store` when the row was altered.
    pub(crate) fn inputs(&self, row: &PieceRow) -> Result<Option<PieceInputs>, UiError> {
        let damaged = || say(Code::DamagedStore, &[("what", "a piece's inputs")]);
        let Some(bytes) = self.store().piece_inputs(row)? else {
            return Ok(None);
        };
        let mut inputs = PieceInputs::from_bytes(&bytes).ok_or_else(damaged)?;
        if let Some(art) = &inputs.label.art {
            inputs.label.art = Some(self.art_of(art.id())?);
        }
        Ok(Some(inputs))
    }

    /// Adds a printer that can be reached and printed on.
    pub(super) fn add_printer(&mut self, printer: &PrinterSetup) -> Result<(), UiError> {
        let length = printer.name.chars().count();
        if length == 0 || length > MAX_NAME_CHARS || printer.name.trim() != printer.name {
            return Err(bad(format!(
                "A printer's name has 1 to {MAX_NAME_CHARS} characters"
            )));
        }
        if Dpi::from_number(printer.dpi).is_none() {
            return Err(bad(format!(
                "{} dots per inch is no print head",
                printer.dpi
            )));
        }
        if Stock::by_name(&printer.stock).is_none() {
            let names: Vec<&str> = Stock::all().iter().map(|stock| stock.name).collect();
            return Err(bad(format!(
                "{:?} is no stock; there are {}",
                printer.stock,
                names.join(", ")
            )));
        }
        Form::of(printer).map_err(|none| bad(format!("This printer cannot be added: {none}")))?;
        self.write("adding a printer", |tx| Ok(tx.put_printer(printer)?))
    }

    /// Removes a printer.
    pub(super) fn remove_printer(&mut self, name: &str) -> Result<(), UiError> {
        if self.write("removing a printer", |tx| Ok(tx.delete_printer(name)?))? {
            Ok(())
        } else {
            Err(say(Code::UnknownPrinter, &[("name", name)]))
        }
    }

    /// The printer of this name.
    ///
    /// # Errors
    /// `unknown_printer`.
    pub(crate) fn printer(&self, name: &str) -> Result<PrinterSetup, UiError> {
        let printers = self.store().printers()?;
        printers
            .into_iter()
            .find(|printer| printer.name == name)
            .ok_or_else(|| say(Code::UnknownPrinter, &[("name", name)]))
    }
}

/// What happens to one piece.
pub(crate) struct Move<'a> {
    pub(crate) counter: u32,
    pub(crate) happenings: &'a [Happening],
    pub(crate) message: Option<&'a str>,
    /// The printer of pages that it goes to, or went to.
    pub(crate) pages: Option<&'a PagePrinter>,
}

/// Moves one piece of this PSD. Where its page will lie is noted with its first byte, and forgotten with
/// what is the last word about it.
///
/// # Errors
/// As [`Owner::happened`].
pub(crate) fn move_on(
    tx: &mut Tx<'_>,
    psd: Option<PsdId>,
    moving: &Move<'_>,
) -> Result<PieceRow, UiError> {
    let counter = moving.counter;
    let serial = || {
        let serial = psd.map(|psd| PieceSerial { psd, counter });
        serial.map_or_else(String::new, |serial| serial.to_string())
    };
    let row = tx.piece(counter)?;
    let row = row.ok_or_else(|| say(Code::UnknownPiece, &[("serial", &serial())]))?;
    let mut state = row.state;
    for happening in moving.happenings {
        state = next(state, *happening).map_err(|_| wrong_state(&serial(), state))?;
        if let Some(printer) = moving.pages {
            printer.follow(tx, counter, *happening)?;
        }
    }
    Ok(tx.move_piece(&row, state, moving.message)?)
}

/// What is said when a piece's state does not allow something.
pub(crate) fn wrong_state(serial: &str, state: PieceState) -> UiError {
    say(
        Code::PieceState,
        &[("serial", serial), ("state", state.word())],
    )
}
