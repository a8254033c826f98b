//! Every way an edition has of sending the same piece, each with its price or the reason why not.

use std::cmp::Ordering;

use super::edition::Edition;
use super::explain::{Quote, quote};
use super::kinds::{MailClass, Shape};
use super::quote::QuoteRequest;
use super::refusal::RateRefusal;
use super::tables::Fee;
use crate::money::Mills;

/// One way of sending a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayToSend {
    /// The class.
    pub class: MailClass,
    /// The shape.
    pub shape: Shape,
    /// What the clerk calls it.
    pub title: String,
    /// Its price, or why it is not allowed.
    pub outcome: Result<Quote, RateRefusal>,
    /// The extra services that it can have, as far as the edition has their prices.
    pub extras: Vec<ExtraOffer>,
}

/// An extra service that a way of sending can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtraOffer {
    /// Its name in calls.
    pub name: String,
    /// What the clerk calls it.
    pub title: String,
    /// What it adds.
    pub amount: Mills,
    /// Others of which one must be there too.
    pub needs: Vec<String>,
    /// Others that must not be there.
    pub excludes: Vec<String>,
}

/// The extra services of a class and shape whose prices the edition has.
fn extras(edition: &Edition, class: MailClass, shape: Shape) -> Vec<ExtraOffer> {
    let offered = |fee: &&Fee| fee.class == class && fee.shapes.contains(&shape);
    let offers = edition.extras.iter().filter(offered).filter_map(|fee| {
        Some(ExtraOffer {
            name: fee.name.clone(),
            title: fee.title.clone(),
            amount: fee.amount?,
            needs: fee.needs.clone(),
            excludes: fee.excludes.clone(),
        })
    });
    offers.collect()
}

/// Prices all ways, the cheapest first and the excluded last; class and shape of the request do
/// not matter, and a shape that is wanted excludes all others.
///
/// Each way is priced as asked; where it has no price of the kind or no extra service asked for,
/// it is excluded for that reason.
#[must_use]
pub fn options(edition: &Edition, request: &QuoteRequest, wanted: Option<Shape>) -> Vec<WayToSend> {
    let mut ways: Vec<WayToSend> = edition
        .shapes
        .iter()
        .map(|rule| {
            let request = QuoteRequest {
                class: rule.class,
                shape: rule.shape,
                ..request.clone()
            };
            let outcome = if wanted.is_none_or(|wanted| wanted == rule.shape) {
                quote(edition, &request)
            } else {
                Err(RateRefusal::NotWanted {
                    class: rule.class,
                    shape: rule.shape,
                })
            };
            WayToSend {
                class: rule.class,
                shape: rule.shape,
                title: rule.title.clone(),
                outcome,
                extras: extras(edition, rule.class, rule.shape),
            }
        })
        .collect();
    // Stable: ways of one price, and excluded ways, stay in the edition's order.
    ways.sort_by(|a, b| match (&a.outcome, &b.outcome) {
        (Ok(a), Ok(b)) => a.price.cmp(&b.price),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => Ordering::Equal,
    });
    ways
}
