//! Rehearsal over pieces that were printed, of which only class, weight step, zone and postage are
//! known.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Change, Rehearsed, Totals, last_day};
use crate::money::{Difference, Mills, MillsSum, MoneyError};
use crate::rates::edition::Edition;
use crate::rates::goes_to::GoesTo;
use crate::rates::kinds::{MailClass, PriceKind, Shape};
use crate::rates::quote::{QuoteRequest, price_in};
use crate::rates::weight::Weight;
use crate::rates::zip::Zip5;

/// The most lines of a rehearsal that are shown.
pub const MAX_LINES: usize = 100;
/// The most extra services that are tried together: no class allows more with each other.
const MAX_EXTRAS: usize = 3;

/// Equal pieces that were printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintedPiece {
    /// The class.
    pub class: MailClass,
    /// The shape that was asked for.
    pub shape: Shape,
    /// The weight step they paid for.
    pub step: Weight,
    /// The zone, for zoned classes.
    pub zone: Option<u8>,
    /// The day they are booked on.
    pub day: Date,
    /// What each of them cost.
    pub paid: Mills,
    /// How many.
    pub count: u64,
}

/// What a price was made of, beside class, shape, weight and zone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Parts {
    /// The kind of price.
    pub kind: PriceKind,
    /// Whether the nonmachinable surcharge was paid.
    pub nonmachinable: bool,
    /// The extra services, by name.
    pub extras: Vec<String>,
    /// The price group of the country, abroad and where prices go by it.
    pub group: Option<u16>,
}

/// One kind of piece and what changes for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RehearsalLine {
    /// What it is, in words.
    pub what: String,
    /// How many were printed.
    pub pieces: u64,
    /// What one cost.
    pub before_mills: Mills,
    /// What one will cost.
    pub after_mills: Mills,
    /// What one costs more or less.
    pub each_mills: Difference,
    /// What all of them cost more or less.
    pub all_mills: Difference,
}

/// Pieces that lose their price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hole {
    /// What it is, in words.
    pub what: String,
    /// Why there is no price; names the cell.
    pub reason: String,
    /// How many were printed.
    pub pieces: u64,
}

/// What a coming edition changes for pieces like those that were printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// The coming edition.
    pub edition: String,
    /// The edition it replaces.
    pub against: String,
    /// From which day on it holds.
    pub effective: Date,
    /// The first day whose pieces were looked at.
    pub from: Date,
    /// The last day.
    pub to: Date,
    /// Pieces that both editions price.
    pub pieces: u64,
    /// Those of them whose price changes.
    pub changed: u64,
    /// What they cost before, mills.
    pub before_mills: MillsSum,
    /// What they cost after, mills.
    pub after_mills: MillsSum,
    /// What they cost more or less, mills.
    pub difference_mills: Difference,
    /// The kinds of pieces whose price changes, the biggest change first, at most [`MAX_LINES`].
    pub lines: Vec<RehearsalLine>,
    /// How many more kinds change.
    pub left_out: usize,
    /// Pieces that lose their price, most first.
    pub holes: Vec<Hole>,
    /// Pieces whose postage no cells of their edition add up to: they are in no sum.
    pub not_understood: u64,
    /// Pieces whose edition is not here, or of a kind that this program cannot read, or that no
    /// edition prices, as a correction: they are in no sum.
    #[serde(default)]
    pub unknown: u64,
    /// Pieces that the replaced edition has no price for; another one priced them. They are in no sum.
    #[serde(default)]
    pub not_priced: u64,
}

/// Equal pieces and the edition that priced them.
#[derive(Clone, Debug)]
pub enum PrintedGroup<'e> {
    /// Pieces of this edition.
    Of(&'e Edition, PrintedPiece),
    /// So many pieces whose edition is not here, or whose kind this program cannot read.
    Unknown(u64),
}

/// Equal pieces, whatever day they were printed on.
type Key = (String, String, Weight, Option<u8>, Parts);

/// Finds the parts that add up to what a piece paid by its own edition, the usual ones first.
/// `None` when none do: the piece was not priced by this edition, or by more than the edition tells.
#[must_use]
pub fn parts(edition: &Edition, piece: &PrintedPiece) -> Option<Parts> {
    let kinds = kinds_of(edition, piece);
    let extras = extras_of(edition, piece);
    let groups = groups_of(edition, piece);
    let sets = sets_of(&extras);
    for extras in &sets {
        for nonmachinable in [false, true] {
            for kind in &kinds {
                for group in &groups {
                    let parts = Parts {
                        kind: *kind,
                        nonmachinable,
                        extras: extras.clone(),
                        group: *group,
                    };
                    let price = price_of(edition, piece, &parts, piece.day);
                    if price.is_ok_and(|price| price == piece.paid) {
                        return Some(parts);
                    }
                }
            }
        }
    }
    None
}

/// None, for prices that go by no group; then, abroad, every price group of a country.
fn groups_of(edition: &Edition, piece: &PrintedPiece) -> Vec<Option<u16>> {
    let mut groups = vec![None];
    if is_abroad(edition, piece) {
        let named = edition.countries.iter().filter_map(|one| one.group);
        let named: BTreeSet<u16> = named.collect();
        groups.extend(named.into_iter().map(Some));
    }
    groups
}

/// Whether such pieces go to other countries.
fn is_abroad(edition: &Edition, piece: &PrintedPiece) -> bool {
    edition
        .rule(piece.class, piece.shape)
        .is_some_and(|rule| rule.abroad)
}

/// The kinds of price of a class, as the edition lists them: the usual one of each shape first.
fn kinds_of(edition: &Edition, piece: &PrintedPiece) -> Vec<PriceKind> {
    let tables = edition.tables.iter();
    let same = tables.filter(|table| table.class == piece.class);
    let mut kinds = Vec::new();
    for kind in same.flat_map(|table| &table.kinds) {
        if !kinds.contains(kind) {
            kinds.push(*kind);
        }
    }
    kinds
}

/// The names of the extras of a class.
fn extras_of(edition: &Edition, piece: &PrintedPiece) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for fee in edition.extras.iter().filter(|fee| fee.class == piece.class) {
        if !names.contains(&fee.name) {
            names.push(fee.name.clone());
        }
    }
    names
}

/// Every set of at most [`MAX_EXTRAS`] names, the small ones first.
fn sets_of(names: &[String]) -> Vec<Vec<String>> {
    let mut sets: Vec<(usize, Vec<String>)> = vec![(0, Vec::new())];
    let mut begun = 0;
    for _ in 0..MAX_EXTRAS {
        let end = sets.len();
        for index in begun..end {
            let (next, set) = sets[index].clone();
            for (place, name) in names.iter().enumerate().skip(next) {
                let mut larger = set.clone();
                larger.push(name.clone());
                sets.push((place + 1, larger));
            }
        }
        begun = end;
    }
    sets.into_iter().map(|(_, set)| set).collect()
}

/// The price of such a piece on a day.
fn price_of(
    edition: &Edition,
    piece: &PrintedPiece,
    parts: &Parts,
    date: Date,
) -> Result<Mills, crate::rates::RateRefusal> {
    let request = QuoteRequest {
        class: piece.class,
        shape: piece.shape,
        kind: Some(parts.kind),
        weight: piece.step,
        size: None,
        nonmachinable: parts.nonmachinable,
        // Its addresses are gone; zone and price group stand for them.
        from: Zip5::default(),
        to: match edition.countries.first() {
            Some(any) if is_abroad(edition, piece) => GoesTo::Abroad(any.code),
            Some(_) | None => GoesTo::Zip(Zip5::default()),
        },
        date,
        extras: parts.extras.clone(),
        live: false,
    };
    price_in(edition, &request, (piece.zone, parts.group)).map(|price| price.total)
}

/// Rehearses a coming edition over pieces that were printed from one day to another.
///
/// # Errors
/// [`MoneyError`] when no number holds a sum.
pub fn rehearse_printed<'e>(
    (before, after): (&Edition, &Edition),
    (from, to): (Date, Date),
    groups: impl IntoIterator<Item = PrintedGroup<'e>>,
) -> Result<Rehearsal, MoneyError> {
    let Understood {
        kinds,
        not_understood,
        unknown,
    } = understood(groups);
    let mut totals = Totals::default();
    let (mut lines, mut holes) = (Vec::new(), Vec::new());
    for ((.., found), piece) in kinds {
        let rehearsed = Rehearsed {
            before: price_of(before, &piece, &found, last_day(before, after)),
            after: price_of(after, &piece, &found, after.effective()),
        };
        totals.add(&rehearsed, piece.count)?;
        let what = words(&piece, &found);
        match (rehearsed.change(), rehearsed.before, rehearsed.after) {
            (Change::Costs(each), Ok(before_mills), Ok(after_mills)) => lines.push(RehearsalLine {
                what,
                pieces: piece.count,
                before_mills,
                after_mills,
                each_mills: each,
                all_mills: each.times(piece.count)?,
            }),
            (Change::NoLonger, _, Err(refusal)) => holes.push(Hole {
                what,
                reason: refusal.to_string(),
                pieces: piece.count,
            }),
            (
                Change::Same
                | Change::Costs(_)
                | Change::NoLonger
                | Change::Newly
                | Change::Neither,
                ..,
            ) => {}
        }
    }
    lines.sort_by_key(|line| Reverse(line.all_mills.size()));
    holes.sort_by_key(|hole| Reverse(hole.pieces));
    let left_out = lines.len().saturating_sub(MAX_LINES);
    lines.truncate(MAX_LINES);
    Ok(Rehearsal {
        edition: after.id().to_owned(),
        against: before.id().to_owned(),
        effective: after.effective(),
        from,
        to,
        pieces: totals.pieces,
        changed: totals.changed,
        before_mills: totals.before,
        after_mills: totals.after,
        difference_mills: totals.difference(),
        lines,
        left_out,
        holes,
        not_understood,
        unknown,
        not_priced: totals.not_priced,
    })
}

/// Equal pieces together, and how many could not be put together.
#[derive(Default)]
struct Understood {
    kinds: BTreeMap<Key, PrintedPiece>,
    not_understood: u64,
    unknown: u64,
}

/// Puts equal pieces together, with the parts that were found; and counts those of which none were.
fn understood<'e>(groups: impl IntoIterator<Item = PrintedGroup<'e>>) -> Understood {
    let mut all = Understood::default();
    for group in groups {
        let (piece, found) = match group {
            PrintedGroup::Unknown(count) => {
                all.unknown = all.unknown.saturating_add(count);
                continue;
            }
            PrintedGroup::Of(own, piece) => {
                let found = parts(own, &piece);
                (piece, found)
            }
        };
        let Some(found) = found else {
            all.not_understood = all.not_understood.saturating_add(piece.count);
            continue;
        };
        let words = (piece.class.to_string(), piece.shape.to_string());
        let key = (words.0, words.1, piece.step, piece.zone, found);
        match all.kinds.get_mut(&key) {
            Some(known) => known.count = known.count.saturating_add(piece.count),
            None => drop(all.kinds.insert(key, piece)),
        }
    }
    all
}

/// A kind of piece in words.
fn words(piece: &PrintedPiece, parts: &Parts) -> String {
    let (class, shape, step) = (piece.class, piece.shape, piece.step);
    let mut words = format!("{class} {shape} {}, {step}", parts.kind);
    if let Some(zone) = piece.zone {
        words = format!("{words}, zone {zone}");
    }
    if let Some(group) = parts.group {
        words = format!("{words}, price group {group}");
    }
    if parts.nonmachinable {
        words += ", nonmachinable";
    }
    for extra in &parts.extras {
        words = format!("{words}, {extra}");
    }
    words
}
