//! Which of a printer's papers a label is printed on, found before anything is paid.

use std::collections::BTreeMap;

use ipp::parser::IppParseError;
use ipp::value::{IppName, IppValue};

use super::message::Facts;
use crate::printing::units::Um;

/// How far a paper may be from the label and still be the same: sizes are told in inches, in
/// hundredths of millimetres and rounded.
const TOLERANCE: Um = Um::mm(1);

/// A paper of a printer, as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// By its name.
    Named(String),
    /// By its size, upright.
    Sized(Um, Um),
}

impl Media {
    /// The attribute of a job that asks for it.
    pub(super) fn attribute(&self) -> (&'static str, Result<IppValue, IppParseError>) {
        match self {
            Self::Named(name) => ("media", IppValue::new_keyword(name.as_str())),
            Self::Sized(width, height) => ("media-col", collection(*width, *height)),
        }
    }
}

fn collection(width: Um, height: Um) -> Result<IppValue, IppParseError> {
    // Hundredths of millimetres.
    let hundredths = |length: Um| -> Result<IppValue, IppParseError> {
        Ok(IppValue::Integer(i32::try_from((length.0 + 5) / 10)?))
    };
    let size = BTreeMap::from([
        (IppName::new("x-dimension")?, hundredths(width)?),
        (IppName::new("y-dimension")?, hundredths(height)?),
    ]);
    let size = IppValue::Collection(size);
    Ok(IppValue::Collection(BTreeMap::from([(
        IppName::new("media-size")?,
        size,
    )])))
}

/// Why there is no paper for a label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoMedia {
    /// Another paper is loaded.
    #[error("another paper is loaded ({loaded}); the label is {wanted}")]
    Other {
        /// The papers that are loaded.
        loaded: String,
        /// The label's size.
        wanted: String,
    },
    /// It has no such paper.
    #[error("it has no paper of {0}")]
    None(String),
}

/// The most loaded papers that are told.
const MAX_TOLD: usize = 3;

/// The paper for a label of this size: one that is loaded, if the printer says what is, or one that
/// it takes.
pub(super) fn choose(printer: Facts<'_>, label: (Um, Um)) -> Result<Media, NoMedia> {
    let wanted = upright(label);
    let ready = printer.words("media-ready");
    let ready_sizes = sizes(printer.values("media-col-ready"), "media-size");
    if !ready.is_empty() || !ready_sizes.is_empty() {
        return named(&ready, wanted)
            .or_else(|| of_size(&ready_sizes, wanted))
            .ok_or_else(|| NoMedia::Other {
                loaded: told(&ready, &ready_sizes),
                wanted: size_text(wanted),
            });
    }
    let taken = printer.words("media-supported");
    let sizes: Vec<Extent> = printer
        .values("media-size-supported")
        .into_iter()
        .filter_map(extent)
        .collect();
    named(&taken, wanted)
        .or_else(|| of_size(&sizes, wanted))
        .or_else(|| custom(&taken, wanted))
        .ok_or_else(|| NoMedia::None(size_text(wanted)))
}

/// What a person reads of a size.
fn size_text((width, height): (Um, Um)) -> String {
    format!("{} × {} mm", width.millimetres(), height.millimetres())
}

fn told(ready: &[&str], sizes: &[Extent]) -> String {
    let names: Vec<String> = if ready.is_empty() {
        let sizes = sizes.iter().take(MAX_TOLD);
        sizes
            .map(|size| size_text((size.width.0, size.height.0)))
            .collect()
    } else {
        let names = ready.iter().take(MAX_TOLD);
        names.map(|name| (*name).to_owned()).collect()
    };
    names.join(", ")
}

/// The shorter side first: that is how papers are told.
fn upright((width, height): (Um, Um)) -> (Um, Um) {
    (width.min(height), width.max(height))
}

fn is_near(one: Um, other: Um) -> bool {
    one.0.abs_diff(other.0) <= TOLERANCE.0
}

fn is_same(one: (Um, Um), other: (Um, Um)) -> bool {
    is_near(one.0, other.0) && is_near(one.1, other.1)
}

/// A paper whose name ends with this size, as the names of PWG 5101.1 do.
fn named(names: &[&str], wanted: (Um, Um)) -> Option<Media> {
    let name = names.iter().find(|name| {
        !is_bound(name) && size_of_name(name).is_some_and(|size| is_same(upright(size), wanted))
    })?;
    Some(Media::Named((*name).to_owned()))
}

/// Whether a name is not a paper but the smallest or largest one that may be cut.
fn is_bound(name: &str) -> bool {
    ["custom_min_", "custom_max_", "roll_min_", "roll_max_"]
        .iter()
        .any(|bound| name.starts_with(bound))
}

/// A paper of its own size between the smallest and the largest that the printer takes.
fn custom(names: &[&str], wanted: (Um, Um)) -> Option<Media> {
    let bound = |kind: &str| {
        names
            .iter()
            .filter(|name| name.starts_with(&format!("custom_{kind}_")))
            .find_map(|name| size_of_name(name))
            .map(upright)
    };
    let (smallest, largest) = (bound("min")?, bound("max")?);
    let fits = smallest.0 <= wanted.0
        && wanted.0 <= largest.0
        && smallest.1 <= wanted.1
        && wanted.1 <= largest.1;
    fits.then_some(Media::Sized(wanted.0, wanted.1))
}

/// The size in a name such as `na_number-10_4.125x9.5in` or `iso_dl_110x220mm`.
fn size_of_name(name: &str) -> Option<(Um, Um)> {
    let size = name.rsplit('_').next()?;
    let (digits, unit) = match (size.strip_suffix("in"), size.strip_suffix("mm")) {
        (Some(digits), _) => (digits, 25_400),
        (None, Some(digits)) => (digits, 1_000),
        (None, None) => return None,
    };
    let (width, height) = digits.split_once('x')?;
    Some((length(width, unit)?, length(height, unit)?))
}

/// A decimal number of a unit in micrometres, rounded.
fn length(text: &str, unit: u64) -> Option<Um> {
    const MAX_DECIMALS: usize = 6;
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || part.len() > MAX_DECIMALS || !is_number(whole) || !is_number(part) {
        return None;
    }
    let scale = 10_u64.pow(u32::try_from(part.len()).ok()?);
    let number: u64 = format!("{whole}{part}").parse().ok()?;
    let micrometres = (number.checked_mul(unit)? + scale / 2) / scale;
    u32::try_from(micrometres).ok().map(Um)
}

/// The least and the most of a side.
type Side = (Um, Um);

/// A size that a printer takes.
#[derive(Clone, Copy, Debug)]
struct Extent {
    width: Side,
    height: Side,
}

/// The sizes in collections, under `member`.
fn sizes(values: Vec<&IppValue>, member: &str) -> Vec<Extent> {
    let sizes = values
        .into_iter()
        .filter_map(|value| value.as_collection()?.get(member));
    sizes.filter_map(extent).collect()
}

fn extent(size: &IppValue) -> Option<Extent> {
    let size = size.as_collection()?;
    Some(Extent {
        width: side(size.get("x-dimension")?)?,
        height: side(size.get("y-dimension")?)?,
    })
}

fn side(value: &IppValue) -> Option<Side> {
    let micrometres = |hundredths: i32| {
        let hundredths = u32::try_from(hundredths).ok()?;
        hundredths.checked_mul(10).map(Um)
    };
    if let Some((least, most)) = value.as_range_of_integer() {
        return Some((micrometres(*least)?, micrometres(*most)?));
    }
    let length = micrometres(*value.as_integer()?)?;
    Some((length, length))
}

fn of_size(sizes: &[Extent], (width, height): (Um, Um)) -> Option<Media> {
    let within =
        |(least, most): Side, length: Um| least <= length + TOLERANCE && length <= most + TOLERANCE;
    let fits = |size: &&Extent| {
        within(size.width, width) && within(size.height, height)
            || within(size.width, height) && within(size.height, width)
    };
    sizes.iter().find(fits)?;
    Some(Media::Sized(width, height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_paper_is_read_from_its_name() {
        for (name, size) in [
            ("na_number-10_4.125x9.5in", (104_775, 241_300)),
            ("iso_dl_110x220mm", (110_000, 220_000)),
            ("na_index-4x6_4x6in", (101_600, 152_400)),
            ("om_dsc-photo_89x119mm", (89_000, 119_000)),
        ] {
            assert_eq!(size_of_name(name), Some((Um(size.0), Um(size.1))), "{name}");
        }
        for none in [
            "auto",
            "letter",
            "a_4x",
            "a_x6in",
            "a_4x6.in2",
            "a_99999999x1in",
            "",
        ] {
            assert_eq!(size_of_name(none), None, "{none}");
        }
    }

    #[test]
    fn a_paper_is_the_labels_upright_or_across_and_never_a_bound_of_papers() {
        let label = upright((Um::inches(6, 1), Um::inches(4, 1)));
        let names = [
            "na_letter_8.5x11in",
            "custom_min_101.6x152.4mm",
            "na_index-4x6_4x6in",
        ];
        assert_eq!(
            named(&names, label),
            Some(Media::Named("na_index-4x6_4x6in".to_owned()))
        );
        assert_eq!(named(&names[..2], label), None);
        let bounds = ["custom_min_25x25mm", "custom_max_110x1000mm"];
        assert_eq!(custom(&bounds, label), Some(Media::Sized(label.0, label.1)));
        assert_eq!(custom(&bounds[..1], label), None);
        assert_eq!(
            custom(&["custom_min_25x25mm", "custom_max_100x1000mm"], label),
            None
        );
    }
}
