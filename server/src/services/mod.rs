//! What stations can ask for, one folder per service.
//!
//! A service adds its routes in [`router`], where the monitor sees them, and says in [`markers`] what
//! it has for a station. A handler takes `State<Arc<DataCenter>>`; at level L2
//! and above it takes [`CallingStation`](crate::access::CallingStation), so that it cannot be
//! reached without a good certificate; bodies come as [`Bounded`](crate::access::Bounded); refusals
//! go out as [`ProblemReply`].

pub mod accounts;
pub mod directory;
pub mod funds;
pub mod journal;
pub mod keys;
pub(crate) mod learned;
pub mod rates;
pub mod refused;
pub mod repository;
pub mod sealed;
pub mod signals;
pub mod software;
pub mod statistics;
pub mod unnumbered;

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};

use shared::ids::StationId;
use shared::monitor::Marker;
use shared::services::ServiceId;
use shared::services::repository::marker_of;

use crate::access::ProblemReply;
use crate::access::levelled::levelled;
use crate::access::problem::RefusalCode;
use crate::access::seen::seen;
use crate::center::DataCenter;
use crate::db::DbError;
use crate::repository::store::timestamp_version;

/// A request must be answered by then, also over the slowest line.
const REQUEST_TIME: Duration = Duration::from_secs(60);

/// Everything a station can reach.
pub fn router(center: Arc<DataCenter>) -> Router {
    finish(
        Router::new()
            .merge(directory::routes())
            .merge(journal::routes())
            .merge(signals::routes())
            .merge(seen(&center, ServiceId::Keys, keys::routes()))
            .merge(seen(&center, ServiceId::Funds, funds::routes()))
            .merge(seen(&center, ServiceId::Rates, repository::routes()))
            .merge(seen(&center, ServiceId::Statistics, statistics::routes()))
            .merge(seen(&center, ServiceId::Accounts, accounts::routes()))
            .merge(seen(&center, ServiceId::Software, software::routes()))
            .route_layer(from_fn_with_state(Arc::clone(&center), levelled)),
        center,
    )
}

/// The marker of what each service has for a station; none for one that has nothing unasked.
///
/// The monitor asks on every request of every station: from memory, and by two indexed reads.
///
/// # Errors
/// [`DbError`].
pub(crate) async fn markers(
    center: &DataCenter,
    station: StationId,
) -> Result<BTreeMap<ServiceId, Marker>, DbError> {
    let (account, repository, group) = center
        .db()
        .read("markers", move |tx| {
            let account = accounts::version_of(tx, station)?;
            let group = software::store::group(tx, station)?;
            Ok::<_, DbError>((account, timestamp_version(tx)?, group))
        })
        .await?;
    let markers = ServiceId::ALL.into_iter().filter_map(|service| {
        let marker = match service {
            ServiceId::Keys => Some(keys::marker(center)),
            // Rates come from the repository: its one marker is named here and nowhere else.
            ServiceId::Rates => repository.map(marker_of),
            ServiceId::Accounts => account.map(|version| accounts::marker(center, version)),
            ServiceId::Software => group.as_deref().map(software::marker),
            // A contact always carries a statement, and its reply all that the funds have; the
            // statistics only listen.
            ServiceId::Funds | ServiceId::Statistics => None,
        };
        marker.map(|marker| (service, marker))
    });
    Ok(markers.collect())
}

/// Puts what holds for every service around their routes.
pub(crate) fn finish(routes: Router<Arc<DataCenter>>, center: Arc<DataCenter>) -> Router {
    routes
        .fallback(|| ready(ProblemReply::not_found()))
        .method_not_allowed_fallback(|| ready(ProblemReply::method_not_allowed()))
        .layer(from_fn(within_limits))
        .layer(from_fn_with_state(Arc::clone(&center), counted))
        .with_state(center)
}

/// Counts what is refused, by its code.
async fn counted(State(center): State<Arc<DataCenter>>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if let Some(RefusalCode(code)) = response.extensions().get::<RefusalCode>() {
        center.refusals().count(code, center.now());
    }
    response
}

/// Ends requests that take too long; nothing is cached unless its handler says so.
async fn within_limits(request: Request, next: Next) -> Response {
    let answered = tokio::time::timeout(REQUEST_TIME, next.run(request)).await;
    let mut response = answered.unwrap_or_else(|_| ProblemReply::timeout().into_response());
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
