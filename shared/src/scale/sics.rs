//! MT-SICS, the Mettler Toledo Standard Interface Command Set, levels 0 and 1: lines of words.

use super::mass::FigureError;
use super::{Figure, Heard, Reading, Trouble};

/// Asks for what the display shows now, at rest or not.
pub(super) const ASK: &[u8] = b"SI\r\n";
/// Sets the scale to zero, once it is at rest.
pub(super) const ZERO: &[u8] = b"Z\r\n";
/// What a line ends with.
pub(super) const END: u8 = b'\n';

/// What a line says; `None` for an empty one.
pub(super) fn heard(line: &[u8]) -> Option<Heard> {
    let line = String::from_utf8_lossy(line);
    let mut words = line.split_whitespace();
    let first = words.next()?;
    let rest: Vec<&str> = words.collect();
    let reading = match (first, rest.as_slice()) {
        ("S", ["S", number @ .., unit]) if !number.is_empty() => match weighed(number, unit) {
            Ok(figure) => Reading::Stable(figure),
            Err(trouble) => Reading::Trouble(trouble),
        },
        ("S", ["D", number @ .., unit]) => Reading::Moving(weighed(number, unit).ok()),
        ("S", ["I"]) => Reading::Trouble(Trouble::NotNow),
        ("S", ["+"]) => Reading::OverLimit,
        ("S", ["-"]) => Reading::UnderZero,
        ("Z", ["A"]) => return Some(Heard::Zeroed),
        ("Z", _) => return Some(Heard::NotZeroed),
        // A wrong command, a garbled one, one that cannot be carried out, and anything else.
        _ => Reading::Trouble(Trouble::NotUnderstood),
    };
    Some(Heard::Reading(reading))
}

/// A weight; its sign may stand apart from its digits.
fn weighed(number: &[&str], unit: &str) -> Result<Figure, Trouble> {
    let number = number.concat();
    Figure::read(&number, unit).map_err(trouble)
}

/// What a figure that cannot be read means.
const fn trouble(fault: FigureError) -> Trouble {
    match fault {
        FigureError::ForeignUnit => Trouble::ForeignUnit,
        FigureError::NotAFigure | FigureError::OutOfRange => Trouble::NotUnderstood,
    }
}
