//! Indicia: the proof of payment on a piece, as data, not as picture.
//!
//! A [`Profile`] is one public layout of such a proof. `ibi-full` is what the stations of this
//! product print: 49 signed bytes that any stranger can check against a certificate.
//! `dv-freimachung` is another country's, without any signature; that both fit behind one seam
//! keeps layouts out of the vault, the label and the journal.

pub mod certificate;
pub mod chain;
pub mod destination;
pub mod dv_freimachung;
pub mod ibi_full;
pub mod ibi_lite;
pub mod regime;
pub mod verify;

#[cfg(test)]
mod fixture;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use self::dv_freimachung::{DvFreimachung, DvFreimachungError};
use self::ibi_full::{ReadError, SignedIbiFull};
use self::ibi_lite::IbiLite;
use crate::money::Mills;

/// A layout of indicia.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Information-Based Indicia for open systems, signed with ECDSA P-256.
    IbiFull,
    /// Deutsche Post's DV-Freimachung, without a signature.
    DvFreimachung,
    /// The short Information-Based Indicia with an HMAC; only read.
    IbiLite,
}

impl Profile {
    /// Which layout bytes are of, by what cannot be another's; not whether they are sound.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        if bytes.starts_with(&dv_freimachung::MAGIC) {
            Self::DvFreimachung
        } else if bytes.len() == ibi_lite::BYTES {
            Self::IbiLite
        } else {
            Self::IbiFull
        }
    }

    /// The most bytes of an indicium that this product makes or reads in full.
    #[must_use]
    pub const fn max_bytes(self) -> usize {
        match self {
            Self::IbiFull => ibi_full::MAX_BYTES,
            Self::DvFreimachung => dv_freimachung::LONG_BYTES,
            Self::IbiLite => ibi_lite::BYTES,
        }
    }

    /// The modules along each side of the square Data Matrix symbol that holds [`max_bytes`] in
    /// Base256; a dummy symbol has this size too.
    ///
    /// [`max_bytes`]: Self::max_bytes
    #[must_use]
    pub const fn symbol_modules(self) -> u16 {
        match self {
            Self::IbiFull => 44,
            Self::DvFreimachung => 26,
            Self::IbiLite => 20,
        }
    }
}

/// An indicium of any profile, as read from a symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Indicium {
    /// Of profile `ibi-full`.
    IbiFull(SignedIbiFull),
    /// Of profile `dv-freimachung`.
    DvFreimachung(DvFreimachung),
    /// Of profile `ibi-lite`.
    IbiLite(IbiLite),
}

/// Bytes that are no indicium of the profile they look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnIndicium {
    /// Neither `ibi-full` nor anything else.
    #[error("not an ibi-full indicium")]
    IbiFull(#[source] ReadError),
    /// A Deutsche Post code, but not this one.
    #[error("not a dv-freimachung indicium")]
    DvFreimachung(#[source] DvFreimachungError),
}

impl Indicium {
    /// Reads an indicium of whatever profile. Nothing is verified.
    ///
    /// # Errors
    /// [`NotAnIndicium`] with what is wrong for the profile the bytes look like.
    pub fn read(bytes: &[u8]) -> Result<Self, NotAnIndicium> {
        match (Profile::of(bytes), bytes.try_into()) {
            (Profile::IbiLite, Ok(bytes)) => Ok(Self::IbiLite(IbiLite::read(bytes))),
            (Profile::DvFreimachung, _) => DvFreimachung::read(bytes)
                .map(Self::DvFreimachung)
                .map_err(NotAnIndicium::DvFreimachung),
            (Profile::IbiFull | Profile::IbiLite, _) => SignedIbiFull::read(bytes)
                .map(Self::IbiFull)
                .map_err(NotAnIndicium::IbiFull),
        }
    }

    /// The layout.
    #[must_use]
    pub const fn profile(&self) -> Profile {
        match self {
            Self::IbiFull(_) => Profile::IbiFull,
            Self::DvFreimachung(_) => Profile::DvFreimachung,
            Self::IbiLite(_) => Profile::IbiLite,
        }
    }

    /// What people call the piece by.
    #[must_use]
    pub fn identity(&self) -> String {
        match self {
            Self::IbiFull(indicium) => indicium.fields().serial().to_string(),
            Self::DvFreimachung(indicium) => indicium.frankier_id().to_string(),
            Self::IbiLite(indicium) => format!(
                "{:02X}-{:08}-{}",
                indicium.vendor_model, indicium.psd_serial, indicium.piece_counter
            ),
        }
    }

    /// What the piece paid, in mills of its country's currency.
    #[must_use]
    pub const fn postage(&self) -> Mills {
        match self {
            Self::IbiFull(indicium) => indicium.fields().postage,
            Self::DvFreimachung(indicium) => indicium.value,
            Self::IbiLite(indicium) => indicium.postage,
        }
    }

    /// The date of mailing, where the layout has one.
    #[must_use]
    pub const fn date(&self) -> Option<Date> {
        match self {
            Self::IbiFull(indicium) => Some(indicium.fields().date),
            Self::DvFreimachung(indicium) => Some(indicium.date),
            Self::IbiLite(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use data_encoding::HEXLOWER;
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn read(hex: &str) -> Indicium {
        Indicium::read(&HEXLOWER.decode(hex.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn indicia_of_all_profiles_read_through_one_door() {
        let german = read("444541121c012bb7456d00be578d00b600000e011556000000000000");
        assert_eq!(german.profile(), Profile::DvFreimachung);
        assert_eq!(german.identity(), "01 2FF4 5D01 55 6000 00E6");
        assert_eq!(german.postage(), Mills::from_cents(190).unwrap());
        assert_eq!(german.date(), Some(date(2013, 8, 12)));

        let lite = read("ff4713270011f50fce96010000009aca2921e3f1");
        assert_eq!(lite.profile(), Profile::IbiLite);
        assert_eq!(lite.identity(), "11-13504501-2560839");
        assert_eq!(lite.date(), None);

        let ours = fixture::first_piece()
            .sign([0; 4], |_| Ok::<_, Infallible>([1; 64]))
            .unwrap();
        let ours = Indicium::read(ours.bytes()).unwrap();
        assert_eq!(ours.profile(), Profile::IbiFull);
        assert_eq!(ours.identity(), "ZZ010000000042-000003");
        assert_eq!(ours.date(), Some(date(2026, 11, 23)));
    }

    #[test]
    fn a_symbol_holds_the_longest_indicium_of_its_profile() {
        // Data codewords by ISO/IEC 16022, table 7; Base256 takes two of them up to 249 bytes.
        for (profile, modules, codewords) in [
            (Profile::IbiFull, 44, 144),
            (Profile::DvFreimachung, 26, 44),
            (Profile::IbiLite, 20, 22),
        ] {
            assert_eq!(profile.symbol_modules(), modules, "{profile:?}");
            assert_eq!(profile.max_bytes() + 2, codewords, "{profile:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_door_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(indicium) = Indicium::read(&bytes) {
                prop_assert_eq!(indicium.profile(), Profile::of(&bytes));
            }
        }
    }
}
