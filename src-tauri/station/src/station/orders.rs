//! From a print call to a paid piece.

use shared::clock::UnixSeconds;
use shared::indicium::destination::OriginZip;
use shared::rates::{GoesTo, PriceKind, Quote, QuoteRequest};
use shared::vault::{Action, Burn, Prospect};

use super::booking::over_budget;
use super::press::Form;
use super::pricing::{Priced, bad, is_specimen, quote_view};
use super::{Owner, STATION_USER, faults};
use crate::api::{Event, PieceState, PreviewView, PrintCall, UiError};
use crate::messages::{Code, say};
use crate::printing::layout::LayoutRefusal;
use crate::printing::layout::address::MAX_ADDRESS_LINES;
use crate::printing::png::png;
use crate::printing::symbol;
use crate::printing::units::Dpi;
use crate::store::Tx;
use crate::store::centres::Booking;
use crate::store::pieces::{PieceFacts, PieceRow, PricedBy};
use crate::vault::draft::{Draft, DraftFault, INDICIUM_BYTES, LabelInputs, Order, draft};

/// The most characters of a line.
const MAX_LINE_CHARS: usize = 80;

/// The most characters of a job key or a cost centre.
const MAX_NAME_CHARS: usize = 64;

/// The stock of pieces that go to files.
pub(crate) const FILE_STOCK: &str = "label-4x6";

/// The resolution of pieces that go to files.
pub(crate) const FILE_DPI: u16 = 300;

/// What a piece is drawn on.
#[derive(Clone, Debug)]
pub(crate) struct Paper {
    pub(crate) stock: String,
    pub(crate) dpi: u16,
    /// In what form it goes to a printer, where any bytes for one are made.
    pub(crate) form: Option<Form>,
    /// Whether it lies under a head, whose dots it must have; into a file anything goes.
    pub(crate) lies_under_a_head: bool,
}

impl Paper {
    /// The paper of pieces that go to files.
    pub(crate) fn of_files() -> Self {
        Self {
            stock: FILE_STOCK.to_owned(),
            dpi: FILE_DPI,
            form: None,
            lies_under_a_head: false,
        }
    }

    /// The paper of pieces that go to files, one of them bytes for a printer that nobody knows.
    pub(crate) fn of_printer_files() -> Self {
        Self {
            form: Dpi::from_number(FILE_DPI).map(Form::of_files),
            ..Self::of_files()
        }
    }

    /// Whether a piece that was committed with this label can be printed on it: its dots are those
    /// of one stock and one head.
    ///
    /// # Errors
    /// `other_paper`.
    pub(crate) fn check(&self, label: &LabelInputs, serial: &str) -> Result<(), UiError> {
        if !self.lies_under_a_head || (label.stock == self.stock && label.dpi == self.dpi) {
            return Ok(());
        }
        let [made, holds] = [(&label.stock, label.dpi), (&self.stock, self.dpi)]
            .map(|(stock, dpi)| format!("{stock} at {dpi} dpi"));
        let values = [("serial", serial), ("made", &made), ("holds", &holds)];
        Err(say(Code::OtherPaper, &values))
    }
}

impl Owner {
    /// Reads, prices and arranges a piece. Nothing is paid.
    pub(crate) fn order(
        &mut self,
        call: &PrintCall,
        paper: &Paper,
    ) -> Result<(Order, Quote), UiError> {
        let priced = self.priced(&call.quote)?;
        let quote = self.quote(&priced.request)?;
        let asked = name("The cost centre", call.cost_centre.as_deref())?;
        let reason = call.override_reason.as_deref();
        let booking = self.booking(asked.as_deref(), reason, &call.asker)?;
        let specimen = self.vault().is_none_or(|vault| is_specimen(vault.psd()));
        let order = arrange(&priced, &quote, call, paper, (booking, specimen))?;
        let label = LabelInputs {
            art: self.piece_art(),
            ..order.label
        };
        let booked = self.today();
        let order = Order {
            booked,
            label,
            ..order
        };
        Ok((order, quote))
    }

    /// Draws a piece with a dummy symbol of the same size: a signed indicium on a screen would be
    /// free postage.
    pub(super) fn preview(&mut self, call: &PrintCall) -> Result<PreviewView, UiError> {
        let paper = self.paper(call.out.as_ref())?;
        let call = self.previewed(call);
        let (order, quote) = self.order(&call, &paper)?;
        let vault = self.enrolled()?;
        let counter = vault
            .next_counter()
            .map_err(|refusal| self.refused(refusal, ""))?;
        let serial = shared::ids::PieceSerial {
            psd: vault.psd(),
            counter,
        };
        let dummy = symbol::dummy(INDICIUM_BYTES)
            .map_err(|refusal| not_drawn(&DraftFault::Symbol(refusal)))?;
        let drawn = (self.drawing())(&order.label, serial, &dummy);
        let (label, image) = drawn.map_err(|fault| not_drawn(&fault))?;
        let unknown = || not_drawn(&DraftFault::UnknownLabel);
        let dpi = Dpi::from_number(paper.dpi).ok_or_else(unknown)?;
        let picture = png(&image, dpi)
            .map_err(|fault| say(Code::SelfRead, &[("reason", &faults::chain(&fault))]))?;
        Ok(PreviewView {
            png_base64: base64(&picture),
            width_mm: label.width().millimetres(),
            height_mm: label.height().millimetres(),
            dpi: paper.dpi,
            quote: quote_view(&quote),
        })
    }

    /// The call without what only a debit is refused for: a clerk who types the name of a cost
    /// centre wants to see the label meanwhile.
    fn previewed(&self, call: &PrintCall) -> PrintCall {
        let mut call = PrintCall {
            override_reason: None,
            ..call.clone()
        };
        let asked = call.cost_centre.as_deref().map(str::trim);
        if self.booking(asked, None, &call.asker).is_err() {
            call.cost_centre = None;
        }
        call
    }

    /// What the vault would sign for `order` now.
    pub(crate) fn prospect(&self, order: &Order) -> Result<Prospect, UiError> {
        let facts = &order.facts;
        let (vault, now) = (self.enrolled()?, self.now());
        let (postage, date, booked) = (facts.postage, facts.date, order.booked);
        let prospect = match order.amends {
            None => vault.prospect(postage, date, booked, now),
            Some(amends) => vault.prospect_of_amendment(amends, postage, date, booked, now),
        };
        prospect.map_err(|refusal| self.refused(refusal, &facts.postage.to_string()))
    }

    /// Drafts one piece and pays for it, in one commit; a symbol that does not read back burns its
    /// counter instead.
    pub(crate) fn pay(
        &mut self,
        order: &Order,
        job_key: Option<&str>,
    ) -> Result<(PieceRow, Draft), UiError> {
        let prospect = self.prospect(order)?;
        let credentials = self.credentials()?;
        let draft = match draft(order, &prospect, &credentials, self.drawing()) {
            Ok(draft) => draft,
            Err(fault) => return Err(self.burn(prospect.serial.counter, &fault)),
        };
        let counter = prospect.serial.counter;
        let vault = self.enrolled()?;
        let action = Action::Debit(order.debit(counter, draft.raster));
        let step = vault
            .act(&action, self.now(), &order.booking.user)
            .map_err(|refusal| self.refused(refusal, &order.facts.postage.to_string()))?;
        let debited = (step.record.sequence, step.record.time);
        let row = PieceRow {
            job_key: job_key.map(str::to_owned),
            ..piece_row(order, &draft, &prospect, debited)
        };
        self.commit(&[step], |tx| {
            tx.add_piece(&row, &draft.inputs.bytes())?;
            book(tx, &row, &order.booking)
        })?;
        self.tell_piece(&row);
        Ok((row, draft))
    }

    /// Burns the counter of a piece whose symbol did not read back, and says so.
    pub(crate) fn burn(&mut self, counter: u32, fault: &DraftFault) -> UiError {
        let error = not_drawn(fault);
        if !matches!(fault, DraftFault::SelfRead(_)) {
            return error;
        }
        let burn = Action::Burn(Burn { counter });
        match self.act(&burn, STATION_USER, |_, _| Ok(())) {
            Ok(()) => error,
            Err(fault) => fault,
        }
    }

    /// Tells everybody the state of a piece.
    pub(crate) fn tell_piece(&self, row: &PieceRow) {
        if let Some(serial) = self.serial(row.counter) {
            self.tell(Event::Piece {
                serial: serial.to_string(),
                state: row.state,
            });
        }
    }
}

/// The row of a piece whose debit is the journal record with this number and time.
pub(crate) fn piece_row(
    order: &Order,
    draft: &Draft,
    prospect: &Prospect,
    (sequence, time): (u64, UnixSeconds),
) -> PieceRow {
    PieceRow {
        counter: prospect.serial.counter,
        state: PieceState::Prepared,
        created: time.0,
        journal_seq: sequence,
        facts: PieceFacts {
            certificate: prospect.key.certificate,
            ..order.facts.clone()
        },
        raster: draft.raster,
        job_key: None,
        message: None,
    }
}

/// Books a paid piece on its cost centre.
pub(crate) fn book(tx: &mut Tx<'_>, row: &PieceRow, booking: &Booking) -> Result<(), UiError> {
    let postage = row.facts.postage;
    let at = UnixSeconds(row.created);
    tx.book(booking, (row.counter, postage), (row.journal_seq, at))?
        .map_err(|spent| over_budget(booking, postage, &spent))
}

/// What is said when a piece could not be drafted.
pub(crate) fn not_drawn(fault: &DraftFault) -> UiError {
    let code = match fault {
        DraftFault::SelfRead(_) => Code::SelfRead,
        DraftFault::Layout(refusal) => return not_arranged(refusal),
        DraftFault::Sign(_)
        | DraftFault::Symbol(_)
        | DraftFault::UnknownLabel
        | DraftFault::Unprintable(_)
        | DraftFault::NoArt => Code::NotDrawn,
    };
    say(code, &[("reason", &faults::chain(fault))])
}

/// What is said when a label cannot be arranged.
pub(crate) fn not_arranged(refusal: &LayoutRefusal) -> UiError {
    let code = match refusal {
        LayoutRefusal::TooLong { .. } => Code::TextTooLong,
        LayoutRefusal::NotInFont { .. } => Code::NotInFont,
        LayoutRefusal::NotForStock { .. } => Code::NotForStock,
    };
    say(code, &[("what", &upper_first(&refusal.to_string()))])
}

/// A sentence begins with a capital.
fn upper_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// Arranges a priced piece for its label.
fn arrange(
    priced: &Priced,
    quote: &Quote,
    call: &PrintCall,
    paper: &Paper,
    (booking, specimen): (Booking, bool),
) -> Result<Order, UiError> {
    let request = &priced.request;
    let to = address_lines(call.to_address.as_deref())?;
    name("The job key", call.job_key.as_deref())?;
    let origin = OriginZip::new(request.from.number())
        .map_err(|_| bad("The origin is no ZIP".to_owned()))?;
    let category = String::from_utf8_lossy(&quote.category).into_owned();
    let cost_centre = Some(booking.name.clone()).filter(|name| !name.is_empty());
    Ok(Order {
        booking,
        amends: None,
        facts: PieceFacts {
            class: request.class.to_string(),
            shape: request.shape.to_string(),
            weight_nanograms: request.weight.nanograms(),
            postage: quote.price,
            date: request.date,
            destination: priced.destination.to_string(),
            place: place(request, quote),
            cost_centre: cost_centre.clone(),
            category,
            certificate: 0,
            priced_by: Some(PricedBy {
                edition: quote.edition.clone(),
                step_nanograms: quote.step.nanograms(),
                zone: quote.zone,
            }),
            amends: None,
        },
        category: quote.category,
        origin,
        destination: priced.destination,
        booked: request.date,
        form: paper.form,
        label: LabelInputs {
            postage: quote.price,
            date: request.date,
            origin: origin.to_string(),
            class_marking: quote.marking.clone(),
            rate_marking: rate_marking(request, quote),
            zone: quote.zone.map(|zone| (zone, quote.estimated)),
            to,
            reference: cost_centre.unwrap_or_default(),
            specimen,
            stock: paper.stock.clone(),
            dpi: paper.dpi,
            art: None,
        },
    })
}

/// City and state of a destination, or the country, where known.
fn place(request: &QuoteRequest, quote: &Quote) -> Option<String> {
    let GoesTo::Zip(zip) = request.to else {
        return quote.country.clone();
    };
    let place = crate::places::lookup(zip)?;
    Some(match place.city {
        Some(city) => format!("{city} {}", place.state),
        None => place.state.to_owned(),
    })
}

/// What the price is for: kind, shape, country and weight.
fn rate_marking(request: &QuoteRequest, quote: &Quote) -> String {
    let kind = match quote.kind {
        PriceKind::Metered => "Metered",
        PriceKind::Retail => "Retail",
        PriceKind::Commercial => "Commercial",
    };
    let shape = request.shape.to_string().replace(':', " ");
    let country = quote.country.as_deref();
    let to = country.map_or_else(String::new, |country| format!(" to {country}"));
    format!("{kind} {shape}{to}, {}", request.weight)
}

/// The addressee's lines, bounded.
pub(super) fn address_lines(text: Option<&str>) -> Result<Vec<String>, UiError> {
    let lines: Vec<String> = text
        .unwrap_or_default()
        .lines()
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect();
    let long = lines
        .iter()
        .any(|line| line.chars().count() > MAX_LINE_CHARS);
    if lines.len() > MAX_ADDRESS_LINES || long {
        return Err(bad(format!(
            "An address has at most {MAX_ADDRESS_LINES} lines of {MAX_LINE_CHARS} characters"
        )));
    }
    Ok(lines)
}

/// A short name, bounded.
pub(super) fn name(what: &str, text: Option<&str>) -> Result<Option<String>, UiError> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.chars().count() > MAX_NAME_CHARS) {
        return Err(bad(format!(
            "{what} has at most {MAX_NAME_CHARS} characters"
        )));
    }
    Ok(text.map(str::to_owned))
}

pub(super) fn base64(bytes: &[u8]) -> String {
    use ::base64::Engine;
    ::base64::engine::general_purpose::STANDARD.encode(bytes)
}
