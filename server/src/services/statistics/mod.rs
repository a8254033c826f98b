//! Statistics: what the stations print, counted by day, class, shape, step, zone, edition, station,
//! cost centre and user, and held against their registers.
//!
//! Called by stations in every contact in which they have printed, and by the admin.
//! Level L2: no money moves here, but whose mail it is concerns nobody else.
//! It must never count a piece twice, and never hide that pieces and register differ.
//! Its tables: `statistic_kind`, `statistic_piece`, `statistic_vault`, `statistic_mark`,
//! `statistic_contradiction`.
//! Its tests: `tests.rs` beside this file, and `tests/it/statistics.rs` over whole contacts.

pub mod count;
pub mod query;
pub mod standing;
pub mod store;
pub mod take;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use shared::ids::StationId;
use shared::services::statistics::{PAGES_PATH, StatisticsPage, StatisticsReply, VERSION};
use shared::wire::to_cbor;

use super::funds::cbor;
use super::refused::{Refused, read};
use super::sealed;
use crate::access::{Bounded, CallingStation, MESSAGE_MAX, ProblemReply};
use crate::center::DataCenter;
use crate::stations::{self, StationState};
use take::Taken;

/// The service's routes.
pub fn routes() -> Router<Arc<DataCenter>> {
    Router::new()
        .route(PAGES_PATH, post(page_route))
        .route("/v1/statistics", get(query::counted))
}

async fn page_route(
    State(center): State<Arc<DataCenter>>,
    CallingStation(caller): CallingStation,
    Bounded(body): Bounded<MESSAGE_MAX>,
) -> Result<Response, Refused> {
    page(&center, caller.station, &body).await.map(cbor)
}

/// Takes a page of a station: page in, reply out. The same page again changes nothing.
///
/// # Errors
/// [`Refused`]; then nothing of the page was stored.
pub async fn page(
    center: &Arc<DataCenter>,
    station: StationId,
    body: &[u8],
) -> Result<Vec<u8>, Refused> {
    let page: StatisticsPage = read(body, not_a_page)?;
    page.check().map_err(|fault| {
        tracing::warn!(%station, %fault, "a page of statistics was refused");
        not_a_page()
    })?;
    let (now, center) = (center.now(), Arc::clone(center));
    let db = center.db().clone();
    let taken = db
        .write("statistics-page", move |tx| {
            let known = stations::by_id(tx, station)?;
            // A station that has ended tells of its last pieces until its certificate is revoked.
            if !known
                .as_ref()
                .is_some_and(|known| known.state == StationState::Withdrawn)
            {
                sealed::check_state(tx, &center, station)?;
            }
            let known = known.filter(|known| known.vault == page.vault);
            let known = known.ok_or_else(wrong_vault)?;
            take::take(tx, &known, &page, now).map_err(Refused::from)
        })
        .await?;
    match taken {
        Taken::UpTo(next) => Ok(to_cbor(&StatisticsReply {
            version: VERSION,
            next,
        })),
        Taken::Contradicts => Err(contradicts()),
        Taken::Behind => Err(behind()),
    }
}

fn not_a_page() -> Refused {
    Refused::new(
        StatusCode::BAD_REQUEST,
        "not_readable",
        "The page of statistics cannot be read. No money moved.",
        "Check that station and data center are of the same version.",
    )
}

fn wrong_vault() -> Refused {
    Refused::new(
        StatusCode::BAD_REQUEST,
        "wrong_vault",
        "The statistics are not those of this station's vault. No money moved.",
        "Ring the data center when it goes on.",
    )
}

fn contradicts() -> Refused {
    Refused::new(
        StatusCode::CONFLICT,
        "statistics_contradict",
        "The statistics contradict what this station told before. They were not taken and no money moved.",
        "Ring the data center; it has both versions.",
    )
}

fn behind() -> Refused {
    Refused::new(
        StatusCode::CONFLICT,
        "statistics_behind",
        "The data center has statistics of records that this station does not have. No money moved.",
        "The station's data folder was copied back from an older one: ring the data center.",
    )
}

impl From<count::CountError> for ProblemReply {
    fn from(error: count::CountError) -> Self {
        match error {
            count::CountError::TooMany => query::too_many(),
            count::CountError::Money(_) => Self::fault(),
            count::CountError::Db(fault) => fault.into(),
        }
    }
}
