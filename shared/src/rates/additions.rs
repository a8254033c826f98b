//! What is added to the price of a table: surcharges of a season and extra services.

use super::chart::MAX_ZONE;
use super::edition::Edition;
use super::quote::{Price, QuoteRequest, SurchargeCell, missing};
use super::refusal::RateRefusal;
use super::tables::{Column, Fee, Surcharge};
use super::weight::Weight;

/// Adds what holds on the date of mailing only.
pub(super) fn add_surcharges(
    edition: &Edition,
    request: &QuoteRequest,
    price: &mut Price,
) -> Result<(), RateRefusal> {
    for (index, surcharge) in edition.surcharges.iter().enumerate() {
        let applies = surcharge.class == request.class
            && surcharge.kind == price.kind
            && (surcharge.shapes.is_empty() || surcharge.shapes.contains(&price.shape))
            && (surcharge.from..=surcharge.to).contains(&request.date);
        if applies {
            let cell = surcharge_for(edition, index, surcharge, price)?;
            price.total = price.total.plus(cell.amount)?;
            price.surcharges.push(cell);
        }
    }
    Ok(())
}

/// The cell of a surcharge for a weight and zone; above the last band there is none. What has no
/// zone pays it only where all zones pay the same.
fn surcharge_for(
    edition: &Edition,
    index: usize,
    surcharge: &Surcharge,
    price: &Price,
) -> Result<SurchargeCell, RateRefusal> {
    let (first, last) = price
        .zone
        .map_or((1, MAX_ZONE), |zone| (zone.number, zone.number));
    let mut groups = surcharge.groups.iter().enumerate();
    let found = groups.find(|(_, group)| group.first <= first && last <= group.last);
    let cell = found.and_then(|(group, bands)| {
        let band = bands
            .bands
            .partition_point(|band| band.limit < price.billable);
        let amount = bands.bands.get(band)?.amount?;
        Some(SurchargeCell {
            surcharge: index,
            group,
            band,
            amount,
        })
    });
    cell.ok_or_else(|| {
        let weight = Weight::from_pounds(price.billable.pounds_up()).unwrap_or(price.billable);
        let zone = price.zone.map_or(Column::Only, |z| Column::Zone(z.number));
        let name = format!("{} {weight}{zone}", surcharge_cell(surcharge));
        missing(edition, name)
    })
}

/// The name of a surcharge's cells, without band and zones.
pub(super) fn surcharge_cell(surcharge: &Surcharge) -> String {
    format!("{} {} {}", surcharge.class, surcharge.kind, surcharge.name)
}

/// Adds the extra services.
pub(super) fn add_extras(
    edition: &Edition,
    request: &QuoteRequest,
    price: &mut Price,
) -> Result<(), RateRefusal> {
    for (place, name) in request.extras.iter().enumerate() {
        let matches = |fee: &Fee| {
            fee.name == *name && fee.class == request.class && fee.shapes.contains(&price.shape)
        };
        let index = edition.extras.iter().position(matches);
        let index = index.ok_or_else(|| RateRefusal::UnknownExtra {
            class: request.class,
            name: name.clone(),
        })?;
        let fee = &edition.extras[index];
        check_company(fee, place, &request.extras)?;
        let cell = || format!("{} {}", fee.class, fee.name);
        let amount = fee.amount.ok_or_else(|| missing(edition, cell()))?;
        price.total = price.total.plus(amount)?;
        price.extras.push(index);
    }
    Ok(())
}

/// Refuses an extra that is asked for twice, lacks what it needs or meets what it excludes.
fn check_company(fee: &Fee, place: usize, extras: &[String]) -> Result<(), RateRefusal> {
    let present = |other: &String| extras.contains(other);
    let rule = if extras[..place].contains(&fee.name) {
        "is asked for twice".to_owned()
    } else if !fee.needs.is_empty() && !fee.needs.iter().any(present) {
        format!("needs {}", fee.needs.join(" or "))
    } else if let Some(other) = fee.excludes.iter().find(|other| present(other)) {
        format!("cannot go with {other}")
    } else {
        return Ok(());
    };
    let name = fee.name.clone();
    Err(RateRefusal::ExtraConflict { name, rule })
}
