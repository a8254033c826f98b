//! Every request passes here before its handler: a path that is not among the requests of
//! [`shared::services::requests`] is not served, what needs a station's certificate is not reached
//! without, and a station that asks without end is held back.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use shared::services::requests::{Entrance, RequestKind};

use super::limiter::Trier;
use super::{Caller, CallingStation, ProblemReply};
use crate::center::DataCenter;

/// Refuses what came in below its level.
pub(crate) async fn levelled(
    State(center): State<Arc<DataCenter>>,
    request: Request,
    next: Next,
) -> Response {
    match admit(&center, &request) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

fn admit(center: &DataCenter, request: &Request) -> Result<(), ProblemReply> {
    let path = request.extensions().get::<MatchedPath>();
    let path = path.map_or("", MatchedPath::as_str);
    let Some(kind) = RequestKind::at(path) else {
        tracing::error!(path, "a route is not among the requests and is not served");
        return Err(ProblemReply::not_found());
    };
    match kind.entrance {
        // The level of what comes to a door stands in the message.
        Entrance::Anyone | Entrance::Door => Ok(()),
        Entrance::Station => {
            let caller = request.extensions().get::<Caller>();
            let caller = caller.ok_or_else(ProblemReply::level_too_low)?;
            let station = CallingStation::of(caller, center)?.0.station;
            if center
                .limiter()
                .admits(Trier::Requests(station), center.now())
            {
                Ok(())
            } else {
                Err(ProblemReply::too_many_requests())
            }
        }
    }
}
