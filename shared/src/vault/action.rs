//! What can happen to a vault, as it stands in the body of a journal record.

use jiff::civil::Date;
use minicbor::{Decode, Encode};

use crate::clock::UnixSeconds;
use crate::ids::{DataCenterId, PsdId, RefillId, StationId};
use crate::money::Mills;
use crate::wire::{from_cbor, to_cbor};

/// One transition of a vault. The journal records it; the data center replays it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The vault is made, with all registers 0.
    Enrol(Enrolment),
    /// A grant is applied: value and a new key, or, with amount 0, only the key (a renewal).
    Refill(GrantTerms),
    /// A piece is paid for.
    Debit(Debit),
    /// A piece counter is burned: its symbol failed the self-read and never left the vault.
    Burn(Burn),
    /// A receipt of the data center resets the watchdog.
    Receive(ReceiptTerms),
    /// The clerk says what became of a piece. Registers do not move.
    Answer(Answer),
    /// The vault stops for good until it is examined.
    Freeze(Freeze),
    /// What is left goes back; the vault ends.
    Withdraw(Withdrawal),
}

/// The genesis of a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Enrolment {
    /// The PSD number, never used before.
    #[n(1)]
    pub psd: PsdId,
    /// The station that holds the vault.
    #[n(2)]
    pub station: StationId,
    /// The data center that refills it.
    #[n(3)]
    pub data_center: DataCenterId,
}

/// What a grant changes in a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct GrantTerms {
    /// The grant's number: last consumed + 1.
    #[n(1)]
    pub number: u64,
    /// The refill it answers.
    #[n(2)]
    pub refill: RefillId,
    /// The control total before.
    #[n(3)]
    pub control_total_old: Mills,
    /// What it adds; 0 for a renewal.
    #[n(4)]
    pub amount: Mills,
    /// The control total after: an absolute value, so that a replay gains nothing.
    #[n(5)]
    pub control_total_new: Mills,
    /// The ascending register the data center knew; the vault's is at least as high.
    #[n(6)]
    pub ascending_base: Mills,
    /// The most one piece may cost.
    #[n(7)]
    pub max_piece: Mills,
    /// The most the descending register may hold.
    #[n(8)]
    pub max_descending: Mills,
    /// The key that signs all value from now on.
    #[n(9)]
    pub key: KeyTerms,
}

/// The indicium key of a grant, as its certificate names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct KeyTerms {
    /// The low 32 bits of the certificate's serial: the certificate field of the indicium.
    #[n(1)]
    pub certificate: u32,
    /// Not before.
    #[n(2)]
    pub from: UnixSeconds,
    /// Not after.
    #[n(3)]
    pub until: UnixSeconds,
}

/// One piece paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Debit {
    /// The piece counter, from 1.
    #[n(1)]
    pub counter: u32,
    /// The postage.
    #[n(2)]
    pub postage: Mills,
    /// The date of mailing printed on the piece.
    #[cbor(n(3), with = "date_cbor")]
    pub date: Date,
    /// The day it is booked on, by the station's own calendar.
    #[cbor(n(4), with = "date_cbor")]
    pub booked: Date,
    /// The rate category of the indicium, four ASCII characters.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub category: [u8; 4],
    /// SHA-256 of the committed raster; the paper must match it.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub raster: [u8; 32],
    /// The piece it amends; nothing for a piece that stands for itself.
    #[n(7)]
    pub amends: Option<Amends>,
}

/// Which earlier piece a piece amends, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Amends {
    /// The counter of the earlier piece.
    #[n(1)]
    pub counter: u32,
    /// How it is amended.
    #[n(2)]
    pub how: Amendment,
}

/// How a piece amends an earlier one; both go into the mail together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Amendment {
    /// An indicium of 0.00 with the right date of mailing, once for a piece.
    #[n(1)]
    Correction,
    /// A second indicium for the difference to the right postage.
    #[n(2)]
    Additional,
}

impl Amendment {
    /// The word, as it stands for the shape of such a piece in lists and statistics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Correction => "correction",
            Self::Additional => "additional",
        }
    }

    /// The rate category of its indicium.
    #[must_use]
    pub const fn category(self) -> [u8; 4] {
        match self {
            Self::Correction => *b"CORR",
            Self::Additional => *b"ADDL",
        }
    }
}

/// A piece counter that is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Burn {
    /// The counter that will never be printed.
    #[n(1)]
    pub counter: u32,
}

/// What a receipt changes in a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReceiptTerms {
    /// The data center's time.
    #[n(1)]
    pub now: UnixSeconds,
    /// From when the clerk is warned.
    #[n(2)]
    pub warn_at: UnixSeconds,
    /// From when printing is locked.
    #[n(3)]
    pub lock_at: UnixSeconds,
    /// How many journal records the data center has accepted.
    #[n(4)]
    pub accepted_size: u64,
}

/// What a clerk said about a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Answer {
    /// The piece counter.
    #[n(1)]
    pub counter: u32,
    /// What became of it.
    #[n(2)]
    pub fate: Fate,
}

/// What became of a piece, by the clerk's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Fate {
    /// It is on paper, whole and readable.
    #[n(1)]
    Printed,
    /// It is on paper but not usable, or will not be used.
    #[n(2)]
    Spoiled,
    /// It met no ink.
    #[n(3)]
    NotPrinted,
}

/// Why a vault stopped for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Freeze {
    /// The reason.
    #[n(1)]
    pub reason: FreezeReason,
}

/// The reason of a [`Freeze`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum FreezeReason {
    /// A register or chain equation did not hold.
    #[n(1)]
    BrokenInvariant,
    /// The data center saw two histories of this vault.
    #[n(2)]
    Fork,
    /// The data center froze the station.
    #[n(3)]
    Ordered,
}

/// The end of a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Withdrawal {
    /// What was left and is paid back.
    #[n(1)]
    pub returned: Mills,
}

/// Dates as decimal YYYYMMDD.
mod date_cbor {
    use jiff::civil::Date;

    pub(super) fn encode<C, W: minicbor::encode::Write>(
        date: &Date,
        encoder: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.u32(crate::clock::decimal_date(*date))?.ok()
    }

    pub(super) fn decode<C>(
        decoder: &mut minicbor::Decoder<'_>,
        _: &mut C,
    ) -> Result<Date, minicbor::decode::Error> {
        crate::clock::date_of_decimal(decoder.u32()?)
            .ok_or_else(|| minicbor::decode::Error::message("not a date"))
    }
}

impl Action {
    /// The record kind: a number that is never used for anything else.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Enrol(_) => 1,
            Self::Refill(_) => 2,
            Self::Debit(_) => 3,
            Self::Burn(_) => 4,
            Self::Receive(_) => 5,
            Self::Answer(_) => 6,
            Self::Freeze(_) => 7,
            Self::Withdraw(_) => 8,
        }
    }

    /// The body of the journal record, deterministic CBOR.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        match self {
            Self::Enrol(body) => to_cbor(body),
            Self::Refill(body) => to_cbor(body),
            Self::Debit(body) => to_cbor(body),
            Self::Burn(body) => to_cbor(body),
            Self::Receive(body) => to_cbor(body),
            Self::Answer(body) => to_cbor(body),
            Self::Freeze(body) => to_cbor(body),
            Self::Withdraw(body) => to_cbor(body),
        }
    }

    /// Reads a record's kind and body.
    ///
    /// # Errors
    /// When the kind is not known or the body is not of that kind.
    pub fn from_body(kind: u8, body: &[u8]) -> Result<Self, minicbor::decode::Error> {
        Ok(match kind {
            1 => Self::Enrol(from_cbor(body)?),
            2 => Self::Refill(from_cbor(body)?),
            3 => Self::Debit(from_cbor(body)?),
            4 => Self::Burn(from_cbor(body)?),
            5 => Self::Receive(from_cbor(body)?),
            6 => Self::Answer(from_cbor(body)?),
            7 => Self::Freeze(from_cbor(body)?),
            8 => Self::Withdraw(from_cbor(body)?),
            _ => return Err(minicbor::decode::Error::message("unknown record kind")),
        })
    }
}
