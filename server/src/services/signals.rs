//! The monitor's own two routes: its word asked for, and its word as it comes.
//!
//! Called by the monitor of a station: `/v1/due` when nothing else brought the word, `/v1/signals`
//! for as long as the station's window is open. Level L2: a station's certificate, checked at the
//! start; a revocation ends what is open. They never tell anything but which services have news.
//! Tables: none. Tests: `tests/it/contact.rs`.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use futures_util::stream::unfold;
use shared::ids::StationId;
use shared::monitor::Due;
use tokio::time::{Sleep, sleep};

use crate::access::seen::{holdings, tell};
use crate::access::{CallingStation, ProblemReply};
use crate::center::DataCenter;
use crate::db::Tx;
use crate::monitor::Listener;
use crate::stations;

/// The longest a contact stays open, so that a station that hangs is not waited on for ever; it
/// opens the next one at once.
const OPEN_TIME: Duration = Duration::from_secs(12 * 60 * 60);

/// The monitor's routes.
pub fn routes() -> Router<Arc<DataCenter>> {
    Router::new()
        .route("/v1/due", get(due))
        .route("/v1/signals", get(signals))
}

/// What is due to the station, in the header that every reply may carry.
async fn due(
    State(center): State<Arc<DataCenter>>,
    CallingStation(caller): CallingStation,
    headers: HeaderMap,
) -> Response {
    let holds = holdings(&headers).unwrap_or_default();
    let due = center.due(caller.station, &holds).await;
    let mut response = StatusCode::NO_CONTENT.into_response();
    tell(response.headers_mut(), &due);
    response
}

/// A line at once, and one each time a service has news, until the station leaves.
async fn signals(
    State(center): State<Arc<DataCenter>>,
    caller: CallingStation,
    headers: HeaderMap,
) -> Result<Response, ProblemReply> {
    let station = caller.0.station;
    let find = move |tx: &Tx<'_>| stations::by_id(tx, station);
    let known = center.db().read("station", find).await?;
    let account = known
        .map(|known| known.account)
        .ok_or_else(ProblemReply::not_found)?;
    let listener = center
        .monitor()
        .hub()
        .listen(station, account)
        .map_err(|_| ProblemReply::busy())?;
    // Asked again now that an end would reach the listener: a revocation between the first look and
    // the place would not.
    if center.denied().denies(&caller.0.serial) {
        return Err(ProblemReply::certificate_revoked());
    }
    let holds = holdings(&headers).unwrap_or_default();
    let open = Open {
        first: Some(center.due(station, &holds).await),
        until: Box::pin(sleep(lifetime(&center, &caller))),
        center,
        station,
        listener,
    };
    let lines = unfold(open, |mut open| async move {
        let due = open.next().await?;
        let line = Bytes::from(format!("{due}\n"));
        Some((Ok::<_, Infallible>(line), open))
    });
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    Ok((headers, Body::from_stream(lines)).into_response())
}

/// At most until the certificate expires.
fn lifetime(center: &DataCenter, caller: &CallingStation) -> Duration {
    let left = caller.0.not_after.seconds_since(center.now());
    OPEN_TIME.min(Duration::from_secs(u64::try_from(left).unwrap_or(0)))
}

/// A contact that a station keeps open.
struct Open {
    center: Arc<DataCenter>,
    station: StationId,
    listener: Listener,
    first: Option<Due>,
    until: Pin<Box<Sleep>>,
}

impl Open {
    /// What is due next; nothing when it has ended.
    async fn next(&mut self) -> Option<Due> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        tokio::select! {
            news = self.listener.news() => Some(self.center.news(self.station, news?).await),
            () = &mut self.until => None,
        }
    }
}
