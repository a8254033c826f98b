//! Software of the stations: releases are published into the signed repository, and stations tell
//! what they run.
//!
//! Called by stations in a contact when what they run has changed, and by the admin. What is published
//! is level L0 and served as targets of the repository; who runs what is level L2, because it concerns
//! nobody else. No money moves here. It never publishes a version that is not higher than all before,
//! and what was withdrawn stays so.
//! Its table: `software_station`.
//! Its tests: `tests.rs` beside this file, and `tests/it/software.rs` over whole contacts.

pub mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use shared::monitor::Marker;
use shared::services::ServiceId;
use shared::services::software::{REPORT_PATH, SoftwareReply, SoftwareReport, VERSION};
use shared::wire::to_cbor;

use super::funds::cbor;
use super::refused::{Refused, read};
use super::sealed;
use crate::access::{Bounded, CallingStation, MESSAGE_MAX};
use crate::center::DataCenter;

/// The service's routes.
pub fn routes() -> Router<Arc<DataCenter>> {
    Router::new().route(REPORT_PATH, post(report))
}

/// Takes what a station runs. The same report again changes nothing but when it was told.
async fn report(
    State(center): State<Arc<DataCenter>>,
    CallingStation(caller): CallingStation,
    Bounded(body): Bounded<MESSAGE_MAX>,
) -> Result<Response, Refused> {
    let report: SoftwareReport = read(&body, not_a_report)?;
    if !report.is_within_bounds() {
        return Err(not_a_report());
    }
    let (station, now, inner) = (caller.station, center.now(), Arc::clone(&center));
    let group = center
        .db()
        .write("software-report", move |tx| {
            sealed::check_state(tx, &inner, station)?;
            store::take(tx, station, &report, now)?;
            Ok::<_, Refused>(store::named(store::group(tx, station)?))
        })
        .await?;
    Ok(cbor(to_cbor(&SoftwareReply {
        version: VERSION,
        group,
    })))
}

/// The marker of what the service has for a station: the group it was put into.
pub(crate) fn marker(group: &str) -> Marker {
    Marker::of(ServiceId::Software, group.as_bytes())
}

fn not_a_report() -> Refused {
    Refused::new(
        StatusCode::BAD_REQUEST,
        "not_readable",
        "The report of what runs cannot be read. No money moved.",
        "Check that station and data center are of the same version.",
    )
}
