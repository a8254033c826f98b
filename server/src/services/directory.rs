//! What every station may know: the CA certificates, whether the data center is well, and what it
//! serves.
//!
//! Called before enrolment and at the beginning of a contact. Level L1: TLS under our root. It
//! never tells anything about a customer.

use std::future::{Ready, ready};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use shared::services::ServiceId;
use shared::services::directory::{Directory, PublicKey, ServiceEntry};
use shared::wire::{CBOR_MEDIA_TYPE, to_cbor};

use crate::access::ProblemReply;
use crate::center::DataCenter;
use crate::db::DbError;

/// The media type of PEM bundles, RFC 8555 section 9.1.
const PEM_MEDIA_TYPE: &str = "application/pem-certificate-chain";

/// The document of what other programs may ask.
pub const OPEN_API: &str = include_str!("../../openapi.json");

/// The media type of JSON.
const JSON_MEDIA_TYPE: &str = "application/json";

/// The service's routes.
pub fn routes() -> Router<Arc<DataCenter>> {
    Router::new()
        .route("/v1/ca", get(bundle))
        .route("/v1/openapi.json", get(open_api))
        .route("/v1/health", get(health))
        .route("/v1/directory", get(directory))
        .route("/v1/keys/trust", get(trust))
}

/// Root and issuing CAs as PEM, root first. A station trusts them only after it has held the
/// root's key against the fingerprint in its code.
fn bundle(State(center): State<Arc<DataCenter>>) -> Ready<Response> {
    let bundle = center.authority().bundle(center.now());
    ready(([(header::CONTENT_TYPE, PEM_MEDIA_TYPE)], bundle).into_response())
}

/// What other programs may ask, as an OpenAPI document: the one that stands beside the code.
fn open_api() -> Ready<Response> {
    let headers = [(header::CONTENT_TYPE, JSON_MEDIA_TYPE)];
    ready((headers, OPEN_API).into_response())
}

/// Whether the data center answers from its database.
async fn health(State(center): State<Arc<DataCenter>>) -> Result<Response, ProblemReply> {
    let records = center
        .db()
        .read("health", |tx| {
            Ok::<_, DbError>(crate::ledger::head(tx)?.map_or(0, |(last, _)| last + 1))
        })
        .await?;
    let state = if center.is_reconciling() {
        "reconciling"
    } else {
        "well"
    };
    let body = json!({
        "state": state,
        "data_center": center.id(),
        "epoch": center.epoch(),
        "journal_size": records,
        "now": center.now(),
    });
    Ok(axum::Json(body).into_response())
}

/// Whom to believe: level L0, because each part of it carries its own proof.
fn trust(State(center): State<Arc<DataCenter>>) -> Ready<Response> {
    let bundle = center.authority().trust(center.now());
    let headers = [(header::CONTENT_TYPE, CBOR_MEDIA_TYPE)];
    ready((headers, to_cbor(&bundle)).into_response())
}

/// Keys, time and services.
fn directory(State(center): State<Arc<DataCenter>>) -> Ready<Response> {
    let services = ServiceId::ALL.map(|service| ServiceEntry {
        service,
        level: service.level(),
    });
    let directory = Directory {
        version: 1,
        data_center: center.id(),
        epoch: center.epoch(),
        now: center.now(),
        keys: center.authority().center_keys(),
        support_contact: center.support_contact().to_owned(),
        services: services.to_vec(),
        heads: center.authority().heads().public(),
        recovery: center.authority().recovery_keys().map(PublicKey),
    };
    let headers = [(header::CONTENT_TYPE, CBOR_MEDIA_TYPE)];
    ready((headers, to_cbor(&directory)).into_response())
}
