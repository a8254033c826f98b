//! Every request of a station passes the monitor: it sees which service was accessed, and its word
//! travels with the reply.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use shared::ids::StationId;
use shared::monitor::{DUE_HEADER, Due, HOLDS_HEADER, Holdings, Turn};
use shared::services::ServiceId;

use super::{Caller, CallingStation};
use crate::center::DataCenter;

/// The routes of a service, seen by the monitor.
pub(crate) fn seen(
    center: &Arc<DataCenter>,
    service: ServiceId,
    routes: Router<Arc<DataCenter>>,
) -> Router<Arc<DataCenter>> {
    let state = Seeing {
        center: Arc::clone(center),
        service,
    };
    routes.route_layer(from_fn_with_state(state, see))
}

/// What a station says it has; nothing when it says nothing that can be read.
pub(crate) fn holdings(headers: &HeaderMap) -> Option<Holdings> {
    headers.get(HOLDS_HEADER)?.to_str().ok()?.parse().ok()
}

/// Puts the monitor's word into a reply; a station to which nothing is due is told nothing.
pub(crate) fn tell(headers: &mut HeaderMap, due: &Due) {
    if due.is_empty() {
        return;
    }
    if let Ok(line) = HeaderValue::try_from(due.to_string()) {
        headers.insert(DUE_HEADER, line);
    }
}

#[derive(Clone)]
struct Seeing {
    center: Arc<DataCenter>,
    service: ServiceId,
}

/// Who asks, and what it has: only a station with a good certificate is seen.
fn who(center: &DataCenter, request: &Request) -> Option<(StationId, Holdings)> {
    let caller = request.extensions().get::<Caller>()?;
    let station = CallingStation::of(caller, center).ok()?.0.station;
    Some((station, holdings(request.headers())?))
}

async fn see(State(seeing): State<Seeing>, request: Request, next: Next) -> Response {
    let Seeing { center, service } = seeing;
    let Some((station, holds)) = who(&center, &request) else {
        return next.run(request).await;
    };
    let monitor = center.monitor();
    monitor.accessed(station, &holds, service, center.now());
    let mut response = next.run(request).await;
    let due = center.due(station, &holds).await;
    let turn = turn(response.status());
    monitor.answered(station, &holds, service, turn, &due);
    tell(response.headers_mut(), &due);
    response
}

fn turn(status: StatusCode) -> Turn {
    if status.is_success() {
        Turn::Exchanged
    } else if status.is_server_error() {
        Turn::Failed
    } else {
        Turn::Refused
    }
}
