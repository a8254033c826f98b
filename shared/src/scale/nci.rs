//! The NCI General Serial Communications Protocol of Weigh-Tronix and others (SCP-01, and SCP-02
//! with an S before the status).
//!
//! An answer is `LF weight unit CR LF status CR ETX`. The status has two or three bytes; those on a
//! line with seven bits come with their parity on top, which is taken off.

use super::mass::FigureError;
use super::{Figure, Heard, Reading, Trouble};

/// Asks for weight and status.
pub(super) const ASK: &[u8] = b"W\r";
/// Sets the scale to zero.
pub(super) const ZERO: &[u8] = b"Z\r";
/// What an answer ends with: end of text.
pub(super) const END: u8 = 3;

/// The bits without the parity.
const SEVEN_BITS: u8 = 0x7F;
/// Bits 4 and 5 are set in every byte of a status.
const STATUS: u8 = 0x30;
/// In the first byte: in motion, at zero, memory broken.
const MOVING: u8 = 1;
const AT_ZERO: u8 = 2;
const MEMORY_BROKEN: u8 = 4 | 8;
/// In the second byte: under and over capacity, program broken, calibration lost.
const UNDER: u8 = 1;
const OVER: u8 = 2;
const PROGRAM_BROKEN: u8 = 4;
const CALIBRATION_LOST: u8 = 8;
/// In the second byte and those after it: another one follows.
const MORE: u8 = 0x40;
/// In the third byte: there was something on it when it was switched on.
const BEGAN_LOADED: u8 = 8;
/// More bytes than any status has.
const MAX_STATUS: usize = 6;

/// What an answer says; `None` for an empty one.
pub(super) fn heard(answer: &[u8]) -> Option<Heard> {
    let plain: Vec<u8> = answer.iter().map(|byte| byte & SEVEN_BITS).collect();
    let is_end = |byte: &u8| *byte == b'\r' || *byte == b'\n';
    let lines: Vec<&[u8]> = plain
        .split(is_end)
        .filter(|line| !line.is_empty())
        .collect();
    let not_understood = Heard::Reading(Reading::Trouble(Trouble::NotUnderstood));
    Some(match lines.as_slice() {
        [] => return None,
        [status] => status_of(status).map_or(not_understood, zeroed),
        [weight, status] => status_of(status).map_or(not_understood, |status| {
            Heard::Reading(reading(weight, status))
        }),
        _ => not_understood,
    })
}

/// The bytes of a status: the first two, and the third or none.
fn status_of(line: &[u8]) -> Option<[u8; 3]> {
    let bytes = line.strip_prefix(b"S").unwrap_or(line);
    let are_status = bytes.iter().all(|byte| byte & STATUS == STATUS);
    let [first, second, more @ ..] = bytes else {
        return None;
    };
    let third = more.first().copied().unwrap_or(STATUS);
    let is_whole = bytes.len() <= MAX_STATUS && (second & MORE != 0) != more.is_empty();
    (are_status && is_whole && first & MORE == 0).then_some([*first, *second, third])
}

/// What a status alone says: the answer to a wish for zero.
const fn zeroed([first, ..]: [u8; 3]) -> Heard {
    if first & AT_ZERO != 0 && first & MOVING == 0 {
        Heard::Zeroed
    } else {
        Heard::NotZeroed
    }
}

fn reading(weight: &[u8], [first, second, third]: [u8; 3]) -> Reading {
    if first & MEMORY_BROKEN != 0 || second & PROGRAM_BROKEN != 0 {
        return Reading::Trouble(Trouble::Broken);
    }
    if second & CALIBRATION_LOST != 0 {
        return Reading::Trouble(Trouble::NeedsCalibration);
    }
    if third & BEGAN_LOADED != 0 {
        return Reading::Trouble(Trouble::NeedsZero);
    }
    if second & OVER != 0 {
        return Reading::OverLimit;
    }
    if second & UNDER != 0 {
        return Reading::UnderZero;
    }
    let figure = String::from_utf8_lossy(weight).parse::<Figure>();
    if first & MOVING != 0 {
        return Reading::Moving(figure.ok());
    }
    figure.map_or_else(|fault| Reading::Trouble(trouble(fault)), Reading::Stable)
}

/// What stands on the display instead of a weight.
const fn trouble(fault: FigureError) -> Trouble {
    match fault {
        FigureError::NotAFigure => Trouble::NotNow,
        FigureError::ForeignUnit => Trouble::ForeignUnit,
        FigureError::OutOfRange => Trouble::NotUnderstood,
    }
}
