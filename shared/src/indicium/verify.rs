//! Judging a piece: is this indicium genuine, and does it keep the terms of its certificate?

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, civil::Date};

use super::chain::{CheckSignature, IndiciumChain};
use super::ibi_full::{self, IbiFull, ReadError, SignedIbiFull};
use super::regime::{Regime, RegimeMismatch};
use crate::clock::UnixSeconds;
use crate::ids::PsdId;
use crate::money::Mills;

/// Why an indicium is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyRefusal {
    /// The bytes are no indicium.
    #[error("the indicium cannot be read")]
    Unreadable(#[source] ReadError),
    /// The layout is not the one this product prints.
    #[error("indicium layout {found:#04x} cannot be verified")]
    OtherLayout {
        /// The version byte.
        found: u8,
    },
    /// The indicium names another certificate.
    #[error("the indicium names certificate {found}, this one is {expected}")]
    OtherCertificate {
        /// The counter in the certificate's serial.
        expected: u32,
        /// The certificate field of the indicium.
        found: u32,
    },
    /// The indicium is of another PSD than the certificate.
    #[error("the indicium is of PSD {found}, the certificate of {expected}")]
    OtherPsd {
        /// The PSD of the certificate.
        expected: PsdId,
        /// The PSD of the indicium.
        found: PsdId,
    },
    /// The indicium is of another regime than its certificate chain.
    #[error("the indicium mixes specimen and live")]
    Regime(#[source] RegimeMismatch),
    /// The signature is wrong.
    #[error("the signature of the indicium is wrong")]
    Signature,
    /// The registers do not add up to the control total of the certificate.
    #[error("ascending {ascending} + descending {descending} is not {control_total}")]
    ControlTotal {
        /// The ascending register.
        ascending: Mills,
        /// The descending register.
        descending: Mills,
        /// The control total of the certificate.
        control_total: Mills,
    },
    /// The piece was paid before the certificate's first.
    #[error("the ascending register before this piece is below {from}")]
    BelowBase {
        /// The ascending register before the certificate's first piece.
        from: Mills,
    },
    /// The postage is above what the certificate allows.
    #[error("a postage of {postage} is above the most allowed, {max}")]
    AboveCap {
        /// The postage.
        postage: Mills,
        /// The cap of the certificate.
        max: Mills,
    },
    /// The date of mailing lies outside the certificate's validity.
    #[error("the date of mailing {date} is outside the certificate's validity")]
    OutsideValidity {
        /// The date of mailing.
        date: Date,
    },
}

/// What was found out about an indicium; genuine if nothing speaks against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// The indicium as read.
    pub indicium: SignedIbiFull,
    /// Everything that speaks against it, in the order of checking.
    pub refusals: Vec<VerifyRefusal>,
}

/// An indicium that was found genuine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Its fields. The number of digits of the destination is the only unsigned one.
    pub fields: IbiFull,
    /// Specimen or live.
    pub regime: Regime,
}

/// Verifies an indicium under its checked certificate chain.
///
/// # Errors
/// The first [`VerifyRefusal`] of [`examine`].
pub fn verify(
    bytes: &[u8],
    chain: &IndiciumChain,
    check_signature: &CheckSignature<'_>,
) -> Result<Verified, VerifyRefusal> {
    let examination = examine(bytes, chain, check_signature).map_err(VerifyRefusal::Unreadable)?;
    match examination.refusals.first() {
        Some(refusal) => Err(*refusal),
        None => Ok(Verified {
            fields: *examination.indicium.fields(),
            regime: chain.regime(),
        }),
    }
}

/// Examines an indicium and reports everything that speaks against it, for people to read.
///
/// # Errors
/// A [`ReadError`] when the bytes are no indicium.
pub fn examine(
    bytes: &[u8],
    chain: &IndiciumChain,
    check_signature: &CheckSignature<'_>,
) -> Result<Examination, ReadError> {
    let indicium = SignedIbiFull::read(bytes)?;
    let fields = indicium.fields();
    let refusals = [
        other_layout(fields),
        other_certificate(fields, chain),
        chain
            .regime()
            .check_algorithm(fields.algorithm)
            .err()
            .map(VerifyRefusal::Regime),
        wrong_signature(&indicium, chain, check_signature),
        control_total(fields, chain),
        below_base(fields, chain),
        above_cap(fields, chain),
        outside_validity(fields, chain),
    ];
    Ok(Examination {
        refusals: refusals.into_iter().flatten().collect(),
        indicium,
    })
}

fn other_layout(fields: &IbiFull) -> Option<VerifyRefusal> {
    (fields.version != ibi_full::VERSION).then_some(VerifyRefusal::OtherLayout {
        found: fields.version,
    })
}

fn other_certificate(fields: &IbiFull, chain: &IndiciumChain) -> Option<VerifyRefusal> {
    let certificate = chain.certificate();
    if fields.certificate_serial != certificate.counter() {
        return Some(VerifyRefusal::OtherCertificate {
            expected: certificate.counter(),
            found: fields.certificate_serial,
        });
    }
    (fields.psd != certificate.terms.psd).then_some(VerifyRefusal::OtherPsd {
        expected: certificate.terms.psd,
        found: fields.psd,
    })
}

fn wrong_signature(
    indicium: &SignedIbiFull,
    chain: &IndiciumChain,
    check_signature: &CheckSignature<'_>,
) -> Option<VerifyRefusal> {
    let genuine = indicium.signature().try_into().is_ok_and(|signature| {
        check_signature(
            &chain.certificate().public_key,
            indicium.signed_bytes(),
            signature,
        )
    });
    (!genuine).then_some(VerifyRefusal::Signature)
}

fn control_total(fields: &IbiFull, chain: &IndiciumChain) -> Option<VerifyRefusal> {
    let control_total = chain.certificate().terms.control_total;
    (fields.ascending.plus(fields.descending) != Ok(control_total)).then_some(
        VerifyRefusal::ControlTotal {
            ascending: fields.ascending,
            descending: fields.descending,
            control_total,
        },
    )
}

fn below_base(fields: &IbiFull, chain: &IndiciumChain) -> Option<VerifyRefusal> {
    let from = chain.certificate().terms.from;
    let before = fields.ascending.minus(fields.postage);
    (!before.is_ok_and(|before| before >= from)).then_some(VerifyRefusal::BelowBase { from })
}

fn above_cap(fields: &IbiFull, chain: &IndiciumChain) -> Option<VerifyRefusal> {
    let max = chain.certificate().terms.max;
    (fields.postage > max).then_some(VerifyRefusal::AboveCap {
        postage: fields.postage,
        max,
    })
}

/// The date of mailing is a day of the station's own calendar, the validity an instant: west of
/// Greenwich the certificate's first day may still be the day before.
fn outside_validity(fields: &IbiFull, chain: &IndiciumChain) -> Option<VerifyRefusal> {
    let certificate = chain.certificate();
    let within = day_of(certificate.not_before)
        .and_then(|first| first.checked_sub(1.day()).ok())
        .zip(day_of(certificate.not_after))
        .is_some_and(|(first, last)| first <= fields.date && fields.date <= last);
    (!within).then_some(VerifyRefusal::OutsideValidity { date: fields.date })
}

/// The day of an instant in UTC; none beyond the calendar's end.
fn day_of(instant: UnixSeconds) -> Option<Date> {
    let instant = Timestamp::from_second(instant.0).ok()?;
    Some(instant.to_zoned(TimeZone::UTC).date())
}

#[cfg(test)]
mod tests;
