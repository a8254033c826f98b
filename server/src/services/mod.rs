//! What stations can ask for, one folder per service.
//!
//! A service adds its routes in [`router`]. A handler takes `State<Arc<DataCenter>>`; at level L2
//! and above it takes [`CallingStation`](crate::access::CallingStation), so that it cannot be
//! reached without a good certificate; bodies come as [`Bounded`](crate::access::Bounded); refusals
//! go out as [`ProblemReply`].

pub mod accounts;
pub mod directory;
pub mod funds;
pub mod journal;
pub mod keys;
pub mod rates;
pub mod refused;
pub mod sealed;
pub mod statistics;
pub mod unnumbered;

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};

use crate::access::ProblemReply;
use crate::center::DataCenter;

/// A request must be answered by then, also over the slowest line.
const REQUEST_TIME: Duration = Duration::from_secs(60);

/// Everything a station can reach.
pub fn router(center: Arc<DataCenter>) -> Router {
    finish(
        Router::new()
            .merge(directory::routes())
            .merge(journal::routes())
            .merge(keys::routes())
            .merge(funds::routes())
            .merge(rates::routes())
            .merge(statistics::routes())
            .merge(accounts::routes()),
        center,
    )
}

/// Puts what holds for every service around their routes.
pub(crate) fn finish(routes: Router<Arc<DataCenter>>, center: Arc<DataCenter>) -> Router {
    routes
        .fallback(|| ready(ProblemReply::not_found()))
        .method_not_allowed_fallback(|| ready(ProblemReply::method_not_allowed()))
        .layer(from_fn(within_limits))
        .with_state(center)
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
