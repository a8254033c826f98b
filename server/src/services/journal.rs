//! The journal's signed head and proofs about it.
//!
//! Called by stations in every contact, to hold the data center to what it has said before, and by
//! anyone who wants to witness it. Level L1: the head is signed and a proof needs no secrecy; both
//! tell nothing but hashes. It never signs a head that is not committed.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde::Deserialize;
use shared::merkle::Hash;
use shared::services::funds::ProofHashes;
use shared::wire::{CBOR_MEDIA_TYPE, to_cbor};

use crate::access::ProblemReply;
use crate::center::DataCenter;
use crate::db::{DbError, Tx};
use crate::epochs;
use crate::ledger::tree::{self, ProofError};

/// The service's routes.
pub fn routes() -> Router<Arc<DataCenter>> {
    Router::new()
        .route("/v1/journal/checkpoint", get(checkpoint))
        .route("/v1/journal/inclusion", get(inclusion))
        .route("/v1/journal/consistency", get(consistency))
}

/// The newest head as a C2SP tlog-checkpoint.
async fn checkpoint(State(center): State<Arc<DataCenter>>) -> Result<Response, ProblemReply> {
    let read = |tx: &Tx<'_>| Ok::<_, DbError>((epochs::current(tx)?, tree::tree_head(tx)?));
    let (epoch, head) = center.db().read("checkpoint", read).await?;
    let text = center.checkpoint_of(epoch, &head);
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

/// Which record, in a journal of which size.
#[derive(Debug, Deserialize)]
struct InclusionQuery {
    leaf: u64,
    size: u64,
}

/// The hashes that prove that a record is in the journal: a CBOR byte string.
async fn inclusion(
    State(center): State<Arc<DataCenter>>,
    query: Result<Query<InclusionQuery>, QueryRejection>,
) -> Result<Response, ProblemReply> {
    let Query(query) = query.map_err(|_| ProblemReply::not_found())?;
    let proved = center
        .db()
        .read("inclusion", move |tx| {
            tree::prove_inclusion(tx, query.leaf, query.size)
        })
        .await;
    answer(proved)
}

/// From which size to which.
#[derive(Debug, Deserialize)]
struct ConsistencyQuery {
    old: u64,
    new: u64,
}

/// The hashes that prove that the journal has only grown: a CBOR byte string.
async fn consistency(
    State(center): State<Arc<DataCenter>>,
    query: Result<Query<ConsistencyQuery>, QueryRejection>,
) -> Result<Response, ProblemReply> {
    let Query(query) = query.map_err(|_| ProblemReply::not_found())?;
    let proved = center
        .db()
        .read("consistency", move |tx| {
            tree::prove_consistency(tx, query.old, query.new)
        })
        .await;
    answer(proved)
}

fn answer(proved: Result<Vec<Hash>, ProofError>) -> Result<Response, ProblemReply> {
    match proved {
        Ok(hashes) => {
            let headers = [(header::CONTENT_TYPE, CBOR_MEDIA_TYPE)];
            Ok((headers, to_cbor(&ProofHashes(hashes))).into_response())
        }
        Err(ProofError::OutOfRange { .. }) => Err(ProblemReply::not_found()),
        Err(ProofError::Db(fault)) => Err(fault.into()),
        Err(fault @ ProofError::MissingRecord { .. }) => {
            tracing::error!(%fault, "the journal is damaged");
            Err(ProblemReply::fault())
        }
    }
}
