//! From a piece to paper.
//!
//! A [`label::Label`] is arranged by [`layout`], drawn once by [`raster::raster`] into a
//! [`bits::BitImage`], and that picture is what the self-read checks, what the journal keeps the
//! hash of and what every way out carries: [`png`], preview and printer. Only the PDF is drawn
//! from the label itself, because it is to carry text and lines.
//!
//! The order for a piece of value (preview shows [`symbol::dummy`] instead):
//! 1. [`symbol::encode`] the signed indicium, [`layout::indicium::indicium_label`],
//!    [`raster::raster`];
//! 2. [`self_read::self_read`]; a fault burns the counter;
//! 3. for a printer, [`language::Language::job`] as its [`profile`] says (a refusal here costs nothing yet);
//! 4. commit with [`bits::BitImage::sha256`];
//! 5. draw again, compare the hash, then [`job::send`] over a [`port::open`]ed printer, or
//!    [`files::write_durably`].
//!
//! The other way round, [`read::symbols_in_file`] reads what scanners and other programs make of
//! a label.

pub mod art;
mod bands;
pub mod bits;
mod brother;
mod dymo;
mod epl;
pub mod escpos;
mod fgl;
pub mod files;
pub mod finding;
pub mod fonts;
pub mod ipp;
pub mod job;
pub mod label;
pub mod language;
pub mod layout;
pub mod pdf;
pub mod png;
pub mod port;
pub mod profile;
pub mod qr;
pub mod raster;
pub mod read;
pub mod self_read;
pub mod spooler;
pub mod status;
pub mod symbol;
mod tspl;
pub mod units;
mod zpl;

#[cfg(test)]
mod judges;
