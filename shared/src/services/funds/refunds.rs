//! Misprints (`protocol.md` J): a spoiled piece is claimed back, CLAIMED → PROVISIONAL → FINAL or
//! REVERSED.

use minicbor::{Decode, Encode};

use super::AccountLine;
use crate::clock::UnixSeconds;
use crate::ids::{PieceSerial, PsdId, VaultId};
use crate::money::Mills;
use crate::security::Level;
use crate::services::{Request, ServiceId};

/// The most changes of claims one receipt tells; the rest follow with the next.
pub const MAX_REFUND_LINES: usize = 64;

/// Bytes of a piece's identity: PSD number and counter, as they stand in the indicium.
pub const IDENTITY_BYTES: usize = 12;

/// The identity of a piece as it stands in its indicium: 8 bytes of PSD, the counter little-endian.
#[must_use]
pub fn identity(serial: PieceSerial) -> [u8; IDENTITY_BYTES] {
    let mut bytes = [0; IDENTITY_BYTES];
    bytes[..8].copy_from_slice(&serial.psd.bytes());
    bytes[8..].copy_from_slice(&serial.counter.to_le_bytes());
    bytes
}

/// The serial of an identity; nothing when its PSD number is none.
#[must_use]
pub fn serial_of(identity: &[u8; IDENTITY_BYTES]) -> Option<PieceSerial> {
    let [psd @ .., c0, c1, c2, c3] = *identity;
    Some(PieceSerial {
        psd: PsdId::from_bytes(psd).ok()?,
        counter: u32::from_le_bytes([c0, c1, c2, c3]),
    })
}

/// Claims a spoiled piece back. It stands outside of a stream: a claim that comes twice is the same
/// claim. The journal's mirror must show the debit and that the clerk called the piece spoiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RefundRequest {
    /// The layout version.
    #[n(1)]
    pub version: u8,
    /// The vault.
    #[n(2)]
    pub vault: VaultId,
    /// The piece's counter.
    #[n(3)]
    pub counter: u32,
}

impl Request for RefundRequest {
    const SERVICE: ServiceId = ServiceId::Funds;
    const LEVEL: Level = Level::L3;
    type Reply = RefundReply;
}

/// Where a claim stands.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RefundReply {
    /// The layout version.
    #[n(1)]
    pub version: u8,
    /// The vault.
    #[n(2)]
    pub vault: VaultId,
    /// The piece's counter.
    #[n(3)]
    pub counter: u32,
    /// Where it stands.
    #[n(4)]
    pub state: RefundState,
    /// Why it waits or was refused.
    #[n(5)]
    pub reason: Option<RefundReason>,
    /// What was paid for the piece.
    #[n(6)]
    pub amount: Mills,
    /// When it becomes final if the piece is never scanned.
    #[n(7)]
    pub final_at: UnixSeconds,
    /// The customer account.
    #[n(8)]
    pub account: AccountLine,
}

/// Where a claim stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum RefundState {
    /// Taken in; a second person decides.
    #[n(1)]
    Claimed,
    /// Credited for refills; it is taken back if the piece turns up.
    #[n(2)]
    Provisional,
    /// Credited for good.
    #[n(3)]
    Final,
    /// The piece turned up: the credit was taken back.
    #[n(4)]
    Reversed,
    /// Not credited.
    #[n(5)]
    Refused,
}

impl RefundState {
    /// All states.
    pub const ALL: [Self; 5] = [
        Self::Claimed,
        Self::Provisional,
        Self::Final,
        Self::Reversed,
        Self::Refused,
    ];

    /// The state's word, as it is stored and shown.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Provisional => "provisional",
            Self::Final => "final",
            Self::Reversed => "reversed",
            Self::Refused => "refused",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// Why a claim waits or was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum RefundReason {
    /// It is more than is credited at once: a second person decides.
    #[n(1)]
    SecondPerson,
    /// The claim window of the printed date has passed.
    #[n(2)]
    TooLate,
    /// The piece was seen in the mail.
    #[n(3)]
    Scanned,
    /// The mirrored journal does not show that the piece was paid for and spoiled.
    #[n(4)]
    NotDebited,
}

impl RefundReason {
    /// All reasons.
    pub const ALL: [Self; 4] = [
        Self::SecondPerson,
        Self::TooLate,
        Self::Scanned,
        Self::NotDebited,
    ];

    /// The reason's word, as it is stored.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::SecondPerson => "second-person",
            Self::TooLate => "too-late",
            Self::Scanned => "scanned",
            Self::NotDebited => "not-debited",
        }
    }

    /// The reason of a word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

/// A claim that has changed since the station was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RefundLine {
    /// The piece's counter.
    #[n(0)]
    pub counter: u32,
    /// Where its claim stands now.
    #[n(1)]
    pub state: RefundState,
    /// Why, where it was refused.
    #[n(2)]
    pub reason: Option<RefundReason>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_what_stands_in_the_indicium_and_reads_back() {
        let serial = PieceSerial {
            psd: PsdId::specimen(42),
            counter: 7,
        };
        let bytes = identity(serial);
        assert_eq!(&bytes, b"ZZ01\x2a\0\0\0\x07\0\0\0");
        assert_eq!(serial_of(&bytes), Some(serial));
        assert_eq!(serial_of(&[0; 12]), None);
    }

    #[test]
    fn states_and_reasons_read_back_from_their_words() {
        for state in RefundState::ALL {
            assert_eq!(RefundState::of_word(state.word()), Some(state));
        }
        for reason in RefundReason::ALL {
            assert_eq!(RefundReason::of_word(reason.word()), Some(reason));
        }
    }
}
