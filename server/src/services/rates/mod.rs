//! Rate editions: published prices with their effective instant.
//!
//! Called by every station in every contact, and by caches on the way.
//! Level L0: manifests are signed and contents are named by their hash, so any line may carry them.
//! It never serves an edition that was not published, and what was published never changes.
//! Its table: `edition`.
//! Its tests: `tests.rs` beside this file, and `tests/it/rates.rs` over a whole contact.

pub mod publish;
pub mod rehearsal;
pub mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use data_encoding::HEXLOWER_PERMISSIVE;
use shared::wire::{CBOR_MEDIA_TYPE, to_cbor};

use crate::access::ProblemReply;
use crate::center::DataCenter;

/// Content under its hash can be kept forever.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// The list of manifests may be a minute old.
const SHORT: &str = "public, max-age=60";

/// The service's routes.
pub fn routes() -> Router<Arc<DataCenter>> {
    Router::new()
        .route("/v1/editions", get(manifests))
        .route("/v1/editions/{sha256}", get(content))
}

/// The signed manifests of all published editions, oldest effective date first: a CBOR array of
/// byte strings, each a COSE_Sign1 of content type `pb/edition`.
async fn manifests(State(center): State<Arc<DataCenter>>) -> Result<Response, ProblemReply> {
    let manifests = center.db().read("manifests", store::manifests).await?;
    let manifests: Vec<minicbor::bytes::ByteVec> = manifests.into_iter().map(Into::into).collect();
    let headers = [
        (header::CONTENT_TYPE, CBOR_MEDIA_TYPE),
        (header::CACHE_CONTROL, SHORT),
    ];
    Ok((headers, to_cbor(&manifests)).into_response())
}

/// The content of a published edition.
async fn content(
    State(center): State<Arc<DataCenter>>,
    Path(name): Path<String>,
) -> Result<Response, ProblemReply> {
    let sha256: [u8; 32] = HEXLOWER_PERMISSIVE
        .decode(name.as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(ProblemReply::not_found)?;
    let content = center
        .db()
        .read("edition", move |tx| store::published_content(tx, &sha256))
        .await?
        .ok_or_else(ProblemReply::not_found)?;
    let headers = [
        (header::CONTENT_TYPE, CBOR_MEDIA_TYPE),
        (header::CACHE_CONTROL, IMMUTABLE),
    ];
    Ok((headers, content).into_response())
}
