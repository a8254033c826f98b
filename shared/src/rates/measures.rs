//! What a piece's measures mean for its price.

use jiff::civil::Date;

use super::kinds::Measure;
use super::quote::QuoteRequest;
use super::refusal::RateRefusal;
use super::shapes::{ShapeRule, Unpriced};
use super::size::{Length, Size};

/// Refuses a piece that is larger or smaller than its shape may be.
pub(super) fn check_size(rule: &ShapeRule, size: Option<Size>) -> Result<(), RateRefusal> {
    let Some(size) = size else { return Ok(()) };
    let too_small = rule.smallest.filter(|smallest| !smallest.fits_in(size));
    let too_large = rule.largest.filter(|largest| !size.fits_in(*largest));
    let too_thick_round = |most: &Length| size.length_and_girth() > most.nanometres();
    let too_long_round = rule.length_and_girth.filter(too_thick_round);
    let broken = if let Some(smallest) = too_small {
        format!("must be at least {smallest}")
    } else if let Some(largest) = too_large {
        format!("may be at most {largest}")
    } else if let Some(most) = too_long_round {
        format!("may measure at most {most} in length and girth together")
    } else {
        return Ok(());
    };
    Err(RateRefusal::WrongSize {
        what: with_article(&rule.title),
        rule: broken,
        size: size.to_string(),
    })
}

/// `A First-Class letter`, `An International letter`.
pub(super) fn with_article(title: &str) -> String {
    let vowel = title.starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o']);
    format!("{} {title}", if vowel { "An" } else { "A" })
}

/// The prices that the post has for pieces like this on this date, and that the edition lacks.
pub(super) fn unpriced(
    rule: &ShapeRule,
    size: Option<Size>,
    date: Date,
) -> impl Iterator<Item = &Unpriced> {
    let meets = move |unpriced: &&Unpriced| {
        let measured = |measure: fn(Size) -> u64| size.is_some_and(|s| measure(s) > unpriced.above);
        let is_meant = match unpriced.measure {
            Measure::Longest => measured(|size| size.length().nanometres()),
            Measure::LengthAndGirth => measured(Size::length_and_girth),
            Measure::Volume => measured(Size::cubic_inches_up),
            Measure::Any => true,
        };
        is_meant && unpriced.season.as_ref().is_none_or(|s| s.holds(date))
    };
    rule.unpriced.iter().filter(meets)
}

/// The dimensional weight in pounds, every started pound counting, where the piece has one.
pub(super) fn dimensional_pounds(rule: &ShapeRule, size: Option<Size>) -> Option<u64> {
    let dimensional = rule.dimensional.as_ref()?;
    let volume = size?.cubic_inches_up();
    let counts = volume > u64::from(dimensional.above_cubic_inches);
    counts.then(|| volume.div_ceil(u64::from(dimensional.divisor)))
}

/// Why machines cannot sort a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsortable {
    Declared,
    Ratio,
    Thin,
}

/// Why machines cannot sort this piece, where its shape has such a rule.
pub(super) fn unsortable(rule: &ShapeRule, request: &QuoteRequest) -> Option<Unsortable> {
    let machinable = rule.machinable.as_ref()?;
    if request.nonmachinable {
        return Some(Unsortable::Declared);
    }
    let size = request.size?;
    let (length, height) = (size.length(), size.height());
    let tenths = 10 * length.nanometres();
    let least = u64::from(machinable.least_ratio_tenths) * height.nanometres();
    let greatest = u64::from(machinable.greatest_ratio_tenths) * height.nanometres();
    let large = length > machinable.length || height > machinable.height;
    if tenths < least || tenths > greatest {
        Some(Unsortable::Ratio)
    } else if large && size.thickness() < machinable.thickness {
        Some(Unsortable::Thin)
    } else {
        None
    }
}
