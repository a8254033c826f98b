//! The security levels of the services: compiled constants, carried in the message, never
//! negotiated.

use minicbor::{Decode, Encode};
use serde::Serialize;

/// How strongly a request is protected, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Encode, Decode)]
#[cbor(index_only)]
pub enum Level {
    /// Signed public documents: any line may carry them, anyone may cache them.
    #[n(0)]
    L0,
    /// The data center is authenticated: TLS 1.3 under our own root.
    #[n(1)]
    L1,
    /// Both sides are authenticated: mutual TLS.
    #[n(2)]
    L2,
    /// Sealed to the vault: HPKE and a station's signature in every message, whatever the line.
    #[n(3)]
    L3,
    /// Two admins sign, and the journal's head witnesses it.
    #[n(4)]
    L4,
}

impl Level {
    /// The level's name: `L0` to `L4`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::L0 => "L0",
            Self::L1 => "L1",
            Self::L2 => "L2",
            Self::L3 => "L3",
            Self::L4 => "L4",
        }
    }
}
