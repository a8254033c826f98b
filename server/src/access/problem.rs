//! Refusals over HTTP: RFC 9457 documents with a stable code, a sentence and advice.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::wire::{PROBLEM_MEDIA_TYPE, Problem};

use crate::db::DbError;

/// The code of the refusal that a response carries, for whoever counts them.
#[derive(Clone, Debug)]
pub(crate) struct RefusalCode(pub(crate) String);

/// A refusal or fault on its way to the station.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProblemReply(pub Problem);

impl ProblemReply {
    /// A refusal that will stay one until something else changes.
    #[must_use]
    pub fn refusal(status: StatusCode, code: &str, message: &str, hint: &str) -> Self {
        Self(Problem {
            status: status.as_u16(),
            code: code.to_owned(),
            message: message.to_owned(),
            hint: hint.to_owned(),
            retry: false,
            expected: None,
        })
    }

    /// A refusal or fault after which the same request may succeed later.
    #[must_use]
    pub fn later(status: StatusCode, code: &str, message: &str, hint: &str) -> Self {
        let mut reply = Self::refusal(status, code, message, hint);
        reply.0.retry = true;
        reply
    }

    /// Nothing is served under this address.
    #[must_use]
    pub fn not_found() -> Self {
        Self::refusal(
            StatusCode::NOT_FOUND,
            "not_found",
            "The data center has nothing under this address.",
            "Check the data center's URL, and that station and data center are of the same version.",
        )
    }

    /// The address is right, the verb is not.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        Self::refusal(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "The data center does not serve this address in this way.",
            "Check that station and data center are of the same version.",
        )
    }

    /// The message is longer than its kind may be.
    #[must_use]
    pub fn too_long() -> Self {
        Self::refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_long",
            "The message is longer than the data center takes.",
            "Check that station and data center are of the same version.",
        )
    }

    /// The message did not come in whole.
    #[must_use]
    pub fn incomplete() -> Self {
        Self::later(
            StatusCode::BAD_REQUEST,
            "incomplete",
            "The message broke off before its end.",
            "Send it again.",
        )
    }

    /// The request took too long.
    #[must_use]
    pub fn timeout() -> Self {
        Self::later(
            StatusCode::REQUEST_TIMEOUT,
            "timeout",
            "The data center gave up on the request because it took too long.",
            "Send the same request again; it is never carried out twice.",
        )
    }

    /// The request came in below its level: it needs a station's certificate and none was shown.
    #[must_use]
    pub fn level_too_low() -> Self {
        Self::refusal(
            StatusCode::UNAUTHORIZED,
            "level_too_low",
            "This service is only for stations that show their certificate.",
            "Enrol the station, or contact the data center with its certificate.",
        )
    }

    /// The station's certificate has ended.
    #[must_use]
    pub fn certificate_expired() -> Self {
        Self::refusal(
            StatusCode::UNAUTHORIZED,
            "certificate_expired",
            "The station's certificate has expired.",
            "Renew it at the renewal door; it is open for 400 days.",
        )
    }

    /// The station's certificate was revoked.
    #[must_use]
    pub fn certificate_revoked() -> Self {
        Self::refusal(
            StatusCode::FORBIDDEN,
            "certificate_revoked",
            "The station's certificate was revoked; nothing was changed.",
            "Ring the data center. Only the station's final statement is still taken.",
        )
    }

    /// Too many tries within the hour.
    #[must_use]
    pub fn too_many_tries() -> Self {
        Self::later(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_tries",
            "There were too many tries within an hour.",
            "Wait an hour and try again.",
        )
    }

    /// One station asks more than its share.
    #[must_use]
    pub fn too_many_requests() -> Self {
        Self::later(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            "This station asks more often than a hundred times a second. Nothing was changed and no money moved.",
            "Wait a minute. If it goes on, restart the station; a copy of it may be asking too.",
        )
    }

    /// There is no room at the moment.
    #[must_use]
    pub fn busy() -> Self {
        Self::later(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "The data center is busy; nothing was changed.",
            "Try again in a moment.",
        )
    }

    /// Something broke that the station cannot help.
    #[must_use]
    pub fn fault() -> Self {
        Self::later(
            StatusCode::INTERNAL_SERVER_ERROR,
            "fault",
            "Something broke at the data center; nothing was changed.",
            "Try again later. If it stays, ring the data center.",
        )
    }
}

impl From<DbError> for ProblemReply {
    fn from(fault: DbError) -> Self {
        match &fault {
            DbError::Busy { .. } => Self::busy(),
            DbError::DiskFull { .. } => {
                tracing::error!(%fault, "refused");
                Self::later(
                    StatusCode::INSUFFICIENT_STORAGE,
                    "disk_full",
                    "The data center's disk is full; nothing was changed.",
                    "Ring the data center, then try again.",
                )
            }
            DbError::Corrupt { .. }
            | DbError::Forbidden { .. }
            | DbError::Column { .. }
            | DbError::BrokeOff { .. }
            | DbError::Closed { .. }
            | DbError::Migration { .. }
            | DbError::Unreachable { .. }
            | DbError::Engine { .. } => {
                tracing::error!(fault = chain_of(&fault), "a request failed");
                Self::fault()
            }
        }
    }
}

impl IntoResponse for ProblemReply {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.0).expect("texts and numbers can be written as JSON");
        let content_type = HeaderValue::from_static(PROBLEM_MEDIA_TYPE);
        let mut response = (status, [(header::CONTENT_TYPE, content_type)], body).into_response();
        response.extensions_mut().insert(RefusalCode(self.0.code));
        response
    }
}

/// The whole chain of causes in one line, for the log.
#[must_use]
pub fn chain_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
