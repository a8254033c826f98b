//! Reports of scales on USB: HID Point of Sale Usage Tables 1.02, section 6, usage page 0x8D.
//!
//! The data report has six bytes, its number included: `03 status unit exponent low high`. Scales
//! stream it several times a second.

use super::{Figure, Mass, Reading, Trouble, Unit};

/// The usage page of weighing devices. Scales are told by it and not by who made them.
pub const USAGE_PAGE: u16 = 0x8D;

/// The number of the data report.
pub const DATA_REPORT: u8 = 3;

/// The bytes of a data report, its number included.
pub const DATA_REPORT_BYTES: usize = 6;

/// Reads a report; `None` when it is another than the data report.
#[must_use]
pub fn reading(report: &[u8]) -> Option<Reading> {
    let [DATA_REPORT, status, unit, exponent, low, high, ..] = *report else {
        return None;
    };
    let exponent = i8::from_le_bytes([exponent]);
    let count = i64::from(u16::from_le_bytes([low, high]));
    let figure = figure(count, exponent, unit);
    Some(match status {
        1 => Reading::Trouble(Trouble::Broken),
        2 => at_zero(figure),
        3 => Reading::Moving(figure.ok()),
        4 => figure.map_or_else(Reading::Trouble, Reading::Stable),
        5 => Reading::UnderZero,
        6 => Reading::OverLimit,
        7 => Reading::Trouble(Trouble::NeedsCalibration),
        8 => Reading::Trouble(Trouble::NeedsZero),
        _ => Reading::Trouble(Trouble::NotUnderstood),
    })
}

/// At rest at zero: a scale that says so beside another figure contradicts itself.
fn at_zero(figure: Result<Figure, Trouble>) -> Reading {
    match figure {
        Ok(figure) if figure.mass == Mass::ZERO => Reading::Stable(figure),
        Ok(_) => Reading::Trouble(Trouble::NotUnderstood),
        Err(trouble) => Reading::Trouble(trouble),
    }
}

fn figure(count: i64, exponent: i8, unit: u8) -> Result<Figure, Trouble> {
    let unit = match unit {
        1 => Unit::Milligram,
        2 => Unit::Gram,
        3 => Unit::Kilogram,
        4 => Unit::Carat,
        6 => Unit::Grain,
        7 => Unit::Pennyweight,
        8 => Unit::Tonne,
        10 => Unit::TroyOunce,
        11 => Unit::Ounce,
        12 => Unit::Pound,
        // 5 are taels, 9 avoirdupois tons: see [`Unit`].
        _ => return Err(Trouble::ForeignUnit),
    };
    Figure::of(count, exponent, unit).ok_or(Trouble::NotUnderstood)
}
