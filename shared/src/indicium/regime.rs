//! Specimen or live: whether what a station prints is money.
//!
//! Printing postage is reserved to authorised providers, so this build prints specimens only, and
//! no setting changes that: the regime follows from the certificate chain, and the roots under
//! which it is live are compiled in. This repository's list is empty; a provider ships its own
//! build.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ibi_full::Algorithm;

/// SHA-256 of the `SubjectPublicKeyInfo` of each root under which indicia are live.
pub const PROVIDER_ROOTS: &[[u8; 32]] = &[];

/// The manufacturer in the number of every PSD that prints specimens.
pub const SPECIMEN_MANUFACTURER: [u8; 2] = *b"ZZ";

/// The text every specimen carries on its face.
pub const SPECIMEN_MARKING: &str = "SPECIMEN - NOT VALID FOR POSTAGE";

/// Specimen or live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Regime {
    /// Not valid for postage.
    Specimen,
    /// Valid for postage.
    Live,
}

/// A part of a certificate or an indicium that belongs to the other regime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegimeMismatch {
    /// The certificate claims another regime than its root gives it.
    #[error("the certificate claims to be {claimed}, its root makes it {actual}")]
    Certificate {
        /// What the certificate says.
        claimed: Regime,
        /// What its root says.
        actual: Regime,
    },
    /// The manufacturer in the PSD number is of the other regime.
    #[error("the manufacturer of the PSD does not go with {actual} postage")]
    Manufacturer {
        /// What the root says.
        actual: Regime,
    },
    /// The algorithm of the indicium is of the other regime.
    #[error("the indicium names algorithm {}, which is not that of {actual} postage", .found.number())]
    Algorithm {
        /// What the indicium says.
        found: Algorithm,
        /// What the root says.
        actual: Regime,
    },
}

impl Regime {
    /// The regime that a chain's root key (`SubjectPublicKeyInfo`, DER) gives.
    #[must_use]
    pub fn of_root(root_spki: &[u8]) -> Self {
        Self::of_root_among(root_spki, PROVIDER_ROOTS)
    }

    /// As [`Regime::of_root`], for tests of what a provider's build does.
    pub(super) fn of_root_among(root_spki: &[u8], provider_roots: &[[u8; 32]]) -> Self {
        let hash: [u8; 32] = Sha256::digest(root_spki).into();
        if provider_roots.contains(&hash) {
            Self::Live
        } else {
            Self::Specimen
        }
    }

    /// The algorithm an indicium of this regime names.
    #[must_use]
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::Specimen => Algorithm::Specimen,
            Self::Live => Algorithm::Ecdsa,
        }
    }

    /// The words that must stand on the face of a piece, if any.
    #[must_use]
    pub const fn marking(self) -> Option<&'static str> {
        match self {
            Self::Specimen => Some(SPECIMEN_MARKING),
            Self::Live => None,
        }
    }

    /// Checks what a certificate claims against what its root makes of it.
    pub(super) fn check_certificate(
        self,
        claimed: Self,
        manufacturer: [u8; 2],
    ) -> Result<(), RegimeMismatch> {
        if claimed != self {
            return Err(RegimeMismatch::Certificate {
                claimed,
                actual: self,
            });
        }
        if (manufacturer == SPECIMEN_MANUFACTURER) != (self == Self::Specimen) {
            return Err(RegimeMismatch::Manufacturer { actual: self });
        }
        Ok(())
    }

    /// Checks the algorithm an indicium names.
    pub(super) fn check_algorithm(self, found: Algorithm) -> Result<(), RegimeMismatch> {
        if found == self.algorithm() {
            Ok(())
        } else {
            Err(RegimeMismatch::Algorithm {
                found,
                actual: self,
            })
        }
    }
}

impl fmt::Display for Regime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Specimen => "specimen",
            Self::Live => "live",
        })
    }
}

impl FromStr for Regime {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "specimen" => Ok(Self::Specimen),
            "live" => Ok(Self::Live),
            _ => Err(()),
        }
    }
}
