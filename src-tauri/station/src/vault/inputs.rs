//! What is sealed with a piece until it is printed, and how it is written.
//!
//! A batch writes one such row a piece, so it is short: CBOR with the indicium as bytes.

use jiff::civil::Date;
use minicbor::{Decode, Encode};
use shared::money::Mills;
use shared::wire::{from_cbor, to_cbor};
use zeroize::Zeroizing;

use crate::printing::art::PieceArt;

/// The layout version of a written row.
const VERSION: u8 = 1;

/// What a label says besides its symbol; kept under seal with the indicium until the piece is
/// printed, so that the identical piece can be drawn again.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LabelInputs {
    /// The postage.
    #[n(1)]
    pub postage: Mills,
    /// The date of mailing.
    #[cbor(n(2), with = "date_cbor")]
    pub date: Date,
    /// The ZIP the piece is mailed from.
    #[n(3)]
    pub origin: String,
    /// The class marking.
    #[n(4)]
    pub class_marking: String,
    /// What the price is for.
    #[n(5)]
    pub rate_marking: String,
    /// The zone, and whether it was estimated.
    #[n(6)]
    pub zone: Option<(u8, bool)>,
    /// The addressee.
    #[n(7)]
    pub to: Vec<String>,
    /// The cost centre.
    #[n(8)]
    pub reference: String,
    /// Whether the piece has no value.
    #[n(9)]
    pub specimen: bool,
    /// The stock's name.
    #[n(10)]
    pub stock: String,
    /// Dots per inch of the committed raster.
    #[n(11)]
    pub dpi: u16,
    /// What the office prints beside it.
    #[n(12)]
    pub art: Option<PieceArt>,
}

/// Everything sealed with a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PieceInputs {
    /// The indicium's bytes.
    pub indicium: Vec<u8>,
    /// The label.
    pub label: LabelInputs,
}

/// A row as it is written.
#[derive(Encode)]
#[cbor(map)]
struct Writing<'a> {
    #[n(1)]
    version: u8,
    #[cbor(n(2), with = "minicbor::bytes")]
    indicium: &'a [u8],
    #[n(3)]
    label: &'a LabelInputs,
}

/// A row as it is read.
#[derive(Decode)]
#[cbor(map)]
struct Reading {
    #[n(1)]
    version: u8,
    #[cbor(n(2), with = "minicbor::bytes")]
    indicium: Vec<u8>,
    #[n(3)]
    label: LabelInputs,
}

impl PieceInputs {
    /// The bytes to be sealed; wiped when dropped.
    #[must_use]
    pub fn bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(to_cbor(&Writing {
            version: VERSION,
            indicium: &self.indicium,
            label: &self.label,
        }))
    }

    /// Reads the bytes back; `None` when they are none of ours.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let row: Reading = from_cbor(bytes).ok()?;
        (row.version == VERSION).then_some(Self {
            indicium: row.indicium,
            label: row.label,
        })
    }
}

/// Dates as decimal YYYYMMDD.
mod date_cbor {
    use jiff::civil::Date;
    use shared::clock::{date_of_decimal, decimal_date};

    pub(super) fn encode<C, W: minicbor::encode::Write>(
        date: &Date,
        encoder: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.u32(decimal_date(*date))?.ok()
    }

    pub(super) fn decode<C>(
        decoder: &mut minicbor::Decoder<'_>,
        _: &mut C,
    ) -> Result<Date, minicbor::decode::Error> {
        date_of_decimal(decoder.u32()?)
            .ok_or_else(|| minicbor::decode::Error::message("not a date"))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::printing::art::{ArtId, OfficeArt};

    fn inputs(zone: Option<(u8, bool)>) -> PieceInputs {
        PieceInputs {
            indicium: (0..124).collect(),
            label: LabelInputs {
                postage: Mills::new(780).unwrap(),
                date: date(2026, 11, 23),
                origin: "83702".into(),
                class_marking: "FIRST-CLASS MAIL".into(),
                rate_marking: "Metered letter, 1 oz".into(),
                zone,
                to: vec!["Adé \"A\" Addressee".into(), "New York NY 10001".into()],
                reference: String::new(),
                specimen: true,
                stock: "label-4x6".into(),
                dpi: 300,
                art: None,
            },
        }
    }

    #[test]
    fn what_is_sealed_with_a_piece_reads_back() {
        for zone in [None, Some((4, false)), Some((9, true))] {
            let inputs = inputs(zone);
            assert_eq!(PieceInputs::from_bytes(&inputs.bytes()), Some(inputs));
        }
    }

    #[test]
    fn the_art_of_a_piece_is_sealed_by_its_identity() {
        let art = OfficeArt {
            slogan: "Seeds since 1911".into(),
            ..OfficeArt::default()
        };
        let id = ArtId::of(&art.bytes());
        let mut sealed = inputs(None);
        let plain = sealed.bytes().len();
        sealed.label.art = Some(PieceArt::new(id, art.into()));
        assert!(sealed.bytes().len() < plain + 40);
        let read = PieceInputs::from_bytes(&sealed.bytes()).unwrap();
        assert_eq!(read, sealed);
        let art = read.label.art.unwrap();
        assert_eq!((art.id(), art.art()), (id, None), "it has to be fetched");
    }

    #[test]
    fn damaged_cut_and_later_rows_are_not_read() {
        let mut bytes = inputs(None).bytes().to_vec();
        assert_eq!(PieceInputs::from_bytes(&bytes[..bytes.len() - 1]), None);
        assert_eq!(PieceInputs::from_bytes(b""), None);
        assert_eq!(PieceInputs::from_bytes(b"{}"), None);
        // The value of key 1, the first of the map.
        assert_eq!(bytes[1..3], [1, VERSION]);
        bytes[2] = VERSION + 1;
        assert_eq!(PieceInputs::from_bytes(&bytes), None);
    }
}
