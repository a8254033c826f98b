//! What stands in one cell: zones of a heading, an amount, a weight.

use super::WeightUnit;
use crate::money::Mills;
use crate::rates::weight::Weight;

/// The highest zone.
const MAX_ZONE: u16 = 9;
/// The highest price group: the post numbers them up to about twenty.
const MAX_GROUP: u16 = 99;

/// The zones of a heading: `3`, `Zone 3`, `Local, 1 & 2`, `Zones 1-2`.
pub(super) fn zone_label(cell: &str) -> Option<Vec<u16>> {
    numbers(cell, &["zone", "zones", "local", "l"], MAX_ZONE)
}

/// The price groups of a heading: `12`, `Price Group 12`, `Country Groups 3 & 5`.
pub(super) fn group_label(cell: &str) -> Option<Vec<u16>> {
    let words = ["country", "price", "rate", "group", "groups"];
    numbers(cell, &words, MAX_GROUP)
}

/// Numbers from 1 to `most` among such words.
fn numbers(cell: &str, words: &[&str], most: u16) -> Option<Vec<u16>> {
    let text = cell.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut range_from: Option<u16> = None;
    let spaced: String = text
        .chars()
        .map(|c| match c {
            '\u{2013}' | '\u{2014}' | '-' => " - ".to_owned(),
            ',' | '&' | ';' | '.' => " ".to_owned(),
            other => other.to_string(),
        })
        .collect();
    for word in spaced.split_whitespace() {
        match word {
            "and" => {}
            word if words.contains(&word) => {}
            "-" => range_from = found.last().copied(),
            number => {
                let number: u16 = number.parse().ok()?;
                if !(1..=most).contains(&number) {
                    return None;
                }
                match range_from.take() {
                    Some(from) => found.extend(from + 1..=number),
                    None => found.push(number),
                }
            }
        }
    }
    (!found.is_empty()).then_some(found)
}

/// Whether a cell holds an amount, so that a line with it is no line of words.
pub(in crate::rates::source) fn looks_like_an_amount(cell: &str) -> bool {
    let cell = without_marks(cell);
    cell.starts_with('$') || (cell.contains('.') && plain_amount(cell).is_some())
}

/// A price; nothing for a cell that says that there is none.
pub(in crate::rates::source) fn price_of(cell: &str) -> Result<Option<Mills>, &'static str> {
    let text = without_marks(cell);
    let none = ["", "-", "--", "\u{2013}", "\u{2014}", "n/a", "na", "none"];
    if none.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Ok(None);
    }
    match plain_amount(text) {
        Some(amount) if amount.is_zero() => Err("is a price of nothing"),
        Some(amount) => Ok(Some(amount)),
        None => Err("is not a price such as $7.61"),
    }
}

fn plain_amount(text: &str) -> Option<Mills> {
    Mills::parse(text.strip_prefix('$').unwrap_or(text).trim()).ok()
}

/// A cell without its footnote marks: `7.61*`, `70 (2)`.
fn without_marks(cell: &str) -> &str {
    let mut text = cell.trim();
    loop {
        let before = text;
        text = text
            .trim_end_matches([
                '*', '\u{2020}', '\u{2021}', '\u{a7}', '\u{b9}', '\u{b2}', '\u{b3}',
            ])
            .trim_end();
        if let Some((rest, mark)) = text.rsplit_once('(')
            && let Some(number) = mark.strip_suffix(')')
            && number.len() <= 2
            && number.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            text = rest.trim_end();
        }
        if text == before {
            return text;
        }
    }
}

/// The weight not over which a row holds.
pub(super) fn weight_of(cell: &str, unit: Option<WeightUnit>) -> Result<Weight, &'static str> {
    let text = without_marks(cell).to_ascii_lowercase();
    let text = text.trim_end_matches('.').trim();
    let number_ends = text.find(|c: char| c != '.' && !c.is_ascii_digit());
    let (number, word) = match number_ends {
        Some(end) => (&text[..end], text[end..].trim()),
        None => (text, ""),
    };
    let unit = match word {
        "oz" | "ozs" | "ounce" | "ounces" => Some(WeightUnit::Ounces),
        "lb" | "lbs" | "pound" | "pounds" => Some(WeightUnit::Pounds),
        "" => unit,
        _ => return Err("is not a weight such as 3.5, 12 oz or 70 lbs"),
    };
    let unit = match unit {
        Some(WeightUnit::Ounces) => "oz",
        Some(WeightUnit::Pounds) => "lb",
        None => return Err("has no unit, and no heading says one"),
    };
    format!("{number}{unit}")
        .parse()
        .map_err(|_| "is not a weight such as 3.5, 12 oz or 70 lbs")
}
