//! The price of one piece: which cells of an edition it pays.
//!
//! Pricing is apart from explaining, so that a batch prices a million letters a second and only
//! what a person looks at is put into words (see [`explain`](super::explain)).

use jiff::ToSpan;
use jiff::civil::Date;

use super::additions::{add_extras, add_surcharges};
use super::edition::Edition;
use super::goes_to::GoesTo;
use super::kinds::{MailClass, PriceKind, Shape};
use super::measures::{check_size, dimensional_pounds, unpriced, unsortable, with_article};
use super::refusal::RateRefusal;
use super::shapes::{ShapeRule, Unpriced};
use super::size::Size;
use super::tables::{Column, Fee, PriceTable};
use super::weight::Weight;
use super::zip::Zip5;
use super::zones::Zone;
use crate::money::Mills;

/// What a price depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteRequest {
    /// The class of mail.
    pub class: MailClass,
    /// The shape of the piece.
    pub shape: Shape,
    /// The kind of price; `None` is the usual one of class and shape.
    pub kind: Option<PriceKind>,
    /// What it weighs.
    pub weight: Weight,
    /// What it measures, where the clerk measured it.
    pub size: Option<Size>,
    /// Whether the clerk says that it cannot go through sorting machines.
    pub nonmachinable: bool,
    /// Where it is mailed.
    pub from: Zip5,
    /// Where it goes.
    pub to: GoesTo,
    /// The date of mailing.
    pub date: Date,
    /// Extra services by name.
    pub extras: Vec<String>,
    /// Whether it is live postage: estimates and unpriced sizes are refused then.
    pub live: bool,
}

/// A price as the cells it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// What the piece costs.
    pub total: Mills,
    /// The shape whose price it pays; differs from the piece's for an over-weight letter.
    pub shape: Shape,
    /// The kind of price.
    pub kind: PriceKind,
    /// The zone, for zoned classes.
    pub zone: Option<Zone>,
    /// The price group of the country, for prices that go by it.
    pub group: Option<u16>,
    /// The weight it pays for: its own or its dimensional weight.
    pub billable: Weight,
    pub(super) base: BaseCell,
    pub(super) nonmachinable: Option<usize>,
    pub(super) surcharges: Vec<SurchargeCell>,
    pub(super) extras: Vec<usize>,
}

/// A cell of a price table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BaseCell {
    pub(super) table: usize,
    pub(super) row: usize,
    pub(super) amount: Mills,
}

/// A cell of a surcharge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SurchargeCell {
    pub(super) surcharge: usize,
    pub(super) group: usize,
    pub(super) band: usize,
    pub(super) amount: Mills,
}

/// Prices one piece.
///
/// # Errors
/// Every [`RateRefusal`] but [`RateRefusal::DateOutOfRange`], which is
/// [`check_mailing_date`]'s.
pub fn price(edition: &Edition, request: &QuoteRequest) -> Result<Price, RateRefusal> {
    check_date(edition, request.date)?;
    check_places(edition, request)?;
    price_by(edition, request, |(table, kind)| {
        let zone = zone_for(edition, table, request)?;
        Ok((zone, group_for(edition, (table, kind), request)?))
    })
}

/// Prices one piece of which only the zone or the price group is known; its ZIPs do not matter, and
/// of its country only that it is another one.
///
/// # Errors
/// As [`price`]; also when the price goes by zone or price group and there is none.
pub(super) fn price_in(
    edition: &Edition,
    request: &QuoteRequest,
    (zone, group): (Option<u8>, Option<u16>),
) -> Result<Price, RateRefusal> {
    check_date(edition, request.date)?;
    price_by(edition, request, |(table, kind)| {
        match (table.zoned, zone) {
            (true, Some(zone)) => Ok((Some(Zone::known(zone)), None)),
            (true, None) => Err(RateRefusal::NoZone {
                from: request.from.zip3(),
                to: request.from.zip3(),
            }),
            (false, _) if table.groups.is_empty() => Ok((None, None)),
            (false, _) if group.is_some() => Ok((None, group)),
            (false, _) => {
                let cell = format!("{} {} {kind} group", table.class, table.shape);
                Err(missing(edition, cell))
            }
        }
    })
}

/// Whether the edition holds on a date of mailing.
fn check_date(edition: &Edition, date: Date) -> Result<(), RateRefusal> {
    if date < edition.effective || edition.until.is_some_and(|until| until < date) {
        return Err(RateRefusal::NoEditionInForce { date });
    }
    Ok(())
}

/// Prices one piece whose zone and price group in a table are known.
fn price_by(
    edition: &Edition,
    request: &QuoteRequest,
    place_in: impl FnOnce((&PriceTable, PriceKind)) -> Result<(Option<Zone>, Option<u16>), RateRefusal>,
) -> Result<Price, RateRefusal> {
    let rule = rule_for(edition, request)?;
    check_unpriced(edition, rule, request)?;
    let kind = request.kind;
    let (table, found) = table_for(edition, rule, kind)?;
    let kind = kind.unwrap_or(found.kinds[0]);
    let (zone, group) = place_in((found, kind))?;
    let column = match (zone, group) {
        (Some(zone), _) => Column::Zone(zone.number),
        (None, Some(group)) => Column::Group(group),
        (None, None) => Column::Only,
    };
    let billable = billable_weight(rule, request);
    let (row, amount) = row_for(edition, (found, kind), column, billable)?;
    let base = BaseCell { table, row, amount };
    let mut price = Price {
        total: amount,
        shape: rule.shape,
        kind,
        zone,
        group,
        billable,
        base,
        nonmachinable: None,
        surcharges: Vec::new(),
        extras: Vec::new(),
    };
    add_nonmachinable(edition, rule, request, &mut price)?;
    add_surcharges(edition, request, &mut price)?;
    add_extras(edition, request, &mut price)?;
    Ok(price)
}

/// Whether a date of mailing may be used today: not earlier, and not too far ahead.
///
/// # Errors
/// [`RateRefusal::DateOutOfRange`].
pub fn check_mailing_date(edition: &Edition, today: Date, date: Date) -> Result<(), RateRefusal> {
    let last = today.saturating_add(i32::from(edition.max_advance_days).days());
    if (today..=last).contains(&date) {
        return Ok(());
    }
    let first = today;
    Err(RateRefusal::DateOutOfRange { date, first, last })
}

/// Refuses places that the edition does not know.
fn check_places(edition: &Edition, request: &QuoteRequest) -> Result<(), RateRefusal> {
    let known = |zip| match edition.zones.knows(zip) {
        true => Ok(()),
        false => Err(RateRefusal::UnknownZip { zip }),
    };
    known(request.from)?;
    match request.to {
        GoesTo::Zip(zip) => known(zip),
        GoesTo::Abroad(country) if edition.country(country).is_none() => {
            let edition = edition.id.clone();
            Err(RateRefusal::UnknownCountry { edition, country })
        }
        GoesTo::Abroad(_) => Ok(()),
    }
}

/// Refuses what stays in the country to go abroad, and the other way round.
fn check_border(rule: &ShapeRule, request: &QuoteRequest) -> Result<(), RateRefusal> {
    match (request.to, rule.abroad) {
        (GoesTo::Zip(_), false) | (GoesTo::Abroad(_), true) => Ok(()),
        (GoesTo::Abroad(country), false) => Err(RateRefusal::NotAbroad {
            what: with_article(&rule.title),
            country,
        }),
        (GoesTo::Zip(zip), true) => Err(RateRefusal::OnlyAbroad {
            what: with_article(&rule.title),
            zip,
        }),
    }
}

/// The rule whose price the piece pays, after its own weight and size are allowed.
fn rule_for<'e>(
    edition: &'e Edition,
    request: &QuoteRequest,
) -> Result<&'e ShapeRule, RateRefusal> {
    let (class, weight) = (request.class, request.weight);
    let find = |shape| {
        edition
            .rule(class, shape)
            .ok_or_else(|| RateRefusal::NotInEdition {
                edition: edition.id.clone(),
                class,
                shape,
            })
    };
    let mut rule = find(request.shape)?;
    check_border(rule, request)?;
    if rule.machinable_only && request.nonmachinable {
        let shape = rule.shape;
        return Err(RateRefusal::Nonmachinable { shape });
    }
    check_size(rule, request.size)?;
    if let Some(heavier) = rule.heavier_as.filter(|_| weight > rule.max_weight) {
        rule = find(heavier)?;
        check_size(rule, request.size)?;
    }
    if weight > rule.max_weight {
        return Err(RateRefusal::Overweight {
            what: with_article(&rule.title),
            limit: rule.max_weight,
            weight,
        });
    }
    Ok(rule)
}

/// Refuses a piece whose size has a price of its own that the edition lacks.
fn check_unpriced(
    edition: &Edition,
    rule: &ShapeRule,
    request: &QuoteRequest,
) -> Result<(), RateRefusal> {
    let refusing = |unpriced: &&Unpriced| unpriced.always || request.live;
    match unpriced(rule, request.size, request.date).find(refusing) {
        Some(unpriced) => Err(missing(edition, unpriced.cell.clone())),
        None => Ok(()),
    }
}

/// The table with the price asked for, or with the usual one.
fn table_for<'e>(
    edition: &'e Edition,
    rule: &ShapeRule,
    kind: Option<PriceKind>,
) -> Result<(usize, &'e PriceTable), RateRefusal> {
    let (class, shape) = (rule.class, rule.shape);
    let is_shape = |table: &PriceTable| table.class == class && table.shape == shape;
    let is_kind = |table: &PriceTable| kind.is_none_or(|kind| table.kinds.contains(&kind));
    let mut tables = edition.tables.iter().enumerate();
    let found = tables.find(|(_, table)| is_shape(table) && is_kind(table));
    found.ok_or_else(|| {
        let edition = edition.id.clone();
        match kind {
            Some(kind) => RateRefusal::NoSuchPrice {
                edition,
                class,
                shape,
                kind,
            },
            None => RateRefusal::NotInEdition {
                edition,
                class,
                shape,
            },
        }
    })
}

/// The zone, for a zoned table.
fn zone_for(
    edition: &Edition,
    table: &PriceTable,
    request: &QuoteRequest,
) -> Result<Option<Zone>, RateRefusal> {
    let GoesTo::Zip(to) = request.to else {
        return Ok(None);
    };
    if !table.zoned {
        return Ok(None);
    }
    let zone = edition.zones.zone(request.from, to)?;
    if zone.estimated && request.live {
        return Err(RateRefusal::ZoneEstimated {
            from: request.from.zip3(),
            to: to.zip3(),
        });
    }
    Ok(Some(zone))
}

/// The price group of the country, for a table that goes by it.
fn group_for(
    edition: &Edition,
    (table, kind): (&PriceTable, PriceKind),
    request: &QuoteRequest,
) -> Result<Option<u16>, RateRefusal> {
    let GoesTo::Abroad(country) = request.to else {
        return Ok(None);
    };
    if table.groups.is_empty() {
        return Ok(None);
    }
    let group = edition.country(country).and_then(|entry| entry.group);
    let cell = || format!("{} {} {kind} group of {country}", table.class, table.shape);
    group.map(Some).ok_or_else(|| missing(edition, cell()))
}

/// The piece's own weight, or its dimensional weight where that is more.
fn billable_weight(rule: &ShapeRule, request: &QuoteRequest) -> Weight {
    let dimensional =
        dimensional_pounds(rule, request.size).and_then(|pounds| Weight::from_pounds(pounds).ok());
    dimensional.map_or(request.weight, |weight| weight.max(request.weight))
}

/// The row of a weight and its amount.
fn row_for(
    edition: &Edition,
    (table, kind): (&PriceTable, PriceKind),
    column: Column,
    weight: Weight,
) -> Result<(usize, Mills), RateRefusal> {
    let row = table.rows.partition_point(|row| row.limit < weight);
    let found = table.rows.get(row);
    let limit = found.map(|found| found.limit);
    let place = table.place(column);
    let amount = found
        .zip(place)
        .and_then(|(row, place)| row.amounts.get(place).copied().flatten());
    amount.map(|amount| (row, amount)).ok_or_else(|| {
        let pounds = || Weight::from_pounds(weight.pounds_up()).unwrap_or(weight);
        let limit = limit.unwrap_or_else(pounds);
        missing(edition, base_cell(table, kind, limit, column))
    })
}

/// The name of a cell of a price table.
pub(super) fn base_cell(
    table: &PriceTable,
    kind: PriceKind,
    limit: Weight,
    column: Column,
) -> String {
    format!("{} {} {kind} {limit}{column}", table.class, table.shape)
}

/// Adds the surcharge for a letter that machines cannot sort.
fn add_nonmachinable(
    edition: &Edition,
    rule: &ShapeRule,
    request: &QuoteRequest,
    price: &mut Price,
) -> Result<(), RateRefusal> {
    if unsortable(rule, request).is_none() {
        return Ok(());
    }
    let applies = |fee: &Fee| fee.class == rule.class && fee.shapes.contains(&rule.shape);
    let index = edition.nonmachinable.iter().position(applies);
    let amount = index.and_then(|index| edition.nonmachinable[index].amount);
    let cell = || format!("{} {} nonmachinable", rule.class, rule.shape);
    let amount = amount.ok_or_else(|| missing(edition, cell()))?;
    price.nonmachinable = index;
    price.total = price.total.plus(amount)?;
    Ok(())
}

/// The refusal for a hole in the edition.
pub(super) fn missing(edition: &Edition, cell: String) -> RateRefusal {
    let edition = edition.id.clone();
    RateRefusal::MissingCell { edition, cell }
}
