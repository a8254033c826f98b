//! Drafting a piece: sign, draw, read back. Nothing here is durable and nothing changes a
//! register; several drafts may be made at once on several threads.

use jiff::civil::Date;
use shared::ids::PieceSerial;
use shared::indicium::destination::{Destination, OriginZip};
use shared::indicium::ibi_full::{IbiFull, SignError, SoftwareId, VERSION};
use shared::vault::{Amends, Debit, Prospect};

use super::credentials::Credentials;
pub use super::inputs::{LabelInputs, PieceInputs};
use crate::crypto::CryptoFault;
use crate::printing::bits::BitImage;
use crate::printing::label::Label;
use crate::printing::language::Unprintable;
use crate::printing::layout::LayoutRefusal;
use crate::printing::layout::indicium::{IndiciumFace, ZoneMark, indicium_label};
use crate::printing::layout::stock::Stock;
use crate::printing::raster::raster;
use crate::printing::self_read::{SelfReadFault, self_read_at};
use crate::printing::symbol::{self, Symbol, SymbolRefusal};
use crate::printing::units::Dpi;
use crate::station::press::Form;
use crate::store::centres::Booking;
use crate::store::pieces::PieceFacts;

/// The build number every indicium carries.
pub const BUILD: u16 = 1;

/// Bytes of an indicium of this program: 49 signed, 64 of signature, 11 of extensions. The dummy
/// symbol of a preview is of this size.
pub const INDICIUM_BYTES: usize = 49 + 64 + 11;

/// A piece that somebody wants printed, priced and ready to be paid for.
#[derive(Clone, Debug)]
pub struct Order {
    /// Who prints it and what it is booked on.
    pub booking: Booking,
    /// What will be readable of it.
    pub facts: PieceFacts,
    /// The earlier piece it amends.
    pub amends: Option<Amends>,
    /// The rate category of the indicium.
    pub category: [u8; 4],
    /// Where it is mailed.
    pub origin: OriginZip,
    /// Where it goes.
    pub destination: Destination,
    /// The day it is booked on.
    pub booked: Date,
    /// What its label says.
    pub label: LabelInputs,
    /// In what form it goes to its printer, where that is known: a label it cannot print is not paid
    /// for.
    pub form: Option<Form>,
}

/// A signed and drawn piece, not paid for yet.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What is sealed with it.
    pub inputs: PieceInputs,
    /// SHA-256 of its raster.
    pub raster: [u8; 32],
}

/// Why a piece could not be drafted. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum DraftFault {
    /// It could not be signed.
    #[error("signing the indicium")]
    Sign(#[source] SignError<CryptoFault>),
    /// Its symbol could not be made.
    #[error("making the symbol")]
    Symbol(#[source] SymbolRefusal),
    /// Its symbol does not read back from the picture: the counter must be burned.
    #[error("reading the symbol back")]
    SelfRead(#[source] SelfReadFault),
    /// Its label's stock or resolution is not one of ours.
    #[error("the label's stock or resolution is unknown")]
    UnknownLabel,
    /// The printer cannot print it.
    #[error("the printer cannot print it")]
    Unprintable(#[source] Unprintable),
    /// Its label cannot be arranged.
    #[error("arranging the label")]
    Layout(#[source] LayoutRefusal),
    /// The art it is sealed with was not fetched.
    #[error("the office art of the label is missing")]
    NoArt,
}

/// How a label comes about: display list and raster. The station's own way is [`draw`]; a piece is
/// drawn the same way when it is paid for and when it is released.
pub type Drawing = fn(&LabelInputs, PieceSerial, &Symbol) -> Result<(Label, BitImage), DraftFault>;

/// How an order becomes a draft. The station's own way is [`draft`].
pub type Drafting<'a> =
    &'a (dyn Fn(&Order, &Prospect, &Credentials) -> Result<Draft, DraftFault> + Sync);

/// Signs, draws and reads back one piece.
///
/// # Errors
/// See [`DraftFault`].
pub fn draft(
    order: &Order,
    prospect: &Prospect,
    credentials: &Credentials,
    drawing: Drawing,
) -> Result<Draft, DraftFault> {
    let indicium = sign(order, prospect, credentials)?;
    let symbol = symbol::encode(&indicium).map_err(DraftFault::Symbol)?;
    let (_, image) = drawing(&order.label, prospect.serial, &symbol)?;
    let dpi = Dpi::from_number(order.label.dpi).ok_or(DraftFault::UnknownLabel)?;
    self_read_at(&image, dpi, &indicium).map_err(DraftFault::SelfRead)?;
    if let Some(form) = &order.form {
        form.check(&image).map_err(DraftFault::Unprintable)?;
    }
    Ok(Draft {
        inputs: PieceInputs {
            indicium,
            label: order.label.clone(),
        },
        raster: image.sha256(),
    })
}

impl Order {
    /// The debit that pays for this piece.
    #[must_use]
    pub const fn debit(&self, counter: u32, raster: [u8; 32]) -> Debit {
        Debit {
            counter,
            postage: self.facts.postage,
            date: self.facts.date,
            booked: self.booked,
            category: self.category,
            raster,
            amends: self.amends,
        }
    }
}

/// The signed indicium's bytes.
///
/// # Errors
/// [`DraftFault::Sign`].
pub fn sign(
    order: &Order,
    prospect: &Prospect,
    credentials: &Credentials,
) -> Result<Vec<u8>, DraftFault> {
    let fields = IbiFull {
        version: VERSION,
        algorithm: credentials.regime().algorithm(),
        certificate_serial: prospect.key.certificate,
        psd: prospect.serial.psd,
        ascending: prospect.after.ascending(),
        postage: order.facts.postage,
        date: order.facts.date,
        origin: order.origin,
        destination: order.destination,
        software: SoftwareId {
            build: BUILD,
            counter: prospect.serial.counter,
        },
        descending: prospect.after.descending(),
        rate_category: order.category,
    };
    let signed = fields
        .sign(credentials.issuer_key_id(), |bytes| {
            credentials.key().sign(bytes)
        })
        .map_err(DraftFault::Sign)?;
    Ok(signed.bytes().to_vec())
}

/// Draws a label with a symbol: the display list and the committed raster.
///
/// # Errors
/// [`DraftFault::UnknownLabel`], [`DraftFault::Layout`], [`DraftFault::NoArt`].
pub fn draw(
    label: &LabelInputs,
    serial: PieceSerial,
    symbol: &Symbol,
) -> Result<(Label, BitImage), DraftFault> {
    let stock = Stock::by_name(&label.stock).ok_or(DraftFault::UnknownLabel)?;
    let dpi = Dpi::from_number(label.dpi).ok_or(DraftFault::UnknownLabel)?;
    let art = match &label.art {
        None => None,
        Some(art) => Some(art.art().ok_or(DraftFault::NoArt)?),
    };
    let face = IndiciumFace {
        postage: label.postage,
        date: label.date,
        origin_zip: label.origin.clone(),
        serial,
        class_marking: label.class_marking.clone(),
        rate_marking: label.rate_marking.clone(),
        zone: label
            .zone
            .map(|(zone, estimated)| ZoneMark { zone, estimated }),
        to: label.to.clone(),
        from: Vec::new(),
        reference: label.reference.clone(),
        specimen: label.specimen,
    };
    let label = indicium_label(&face, art, symbol, stock, dpi).map_err(DraftFault::Layout)?;
    let image = raster(&label, dpi);
    Ok((label, image))
}
