//! Indicia: the proof of payment on a piece, as data, not as picture.
//!
//! A [`Profile`] is one public layout of such a proof. `ibi-full` is what the stations of this
//! product print: 49 signed bytes that any stranger can check against a certificate.
//! `dv-freimachung` is another country's, without any signature; that both fit behind one seam
//! keeps layouts out of the vault, the label and the journal.

pub mod certificate;
pub mod chain;
pub mod destination;
pub mod ibi_full;
pub mod regime;
pub mod verify;

#[cfg(test)]
mod fixture;
