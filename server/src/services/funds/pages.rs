//! Pages of a station's journal on their way into the mirror (`protocol.md` H).
//!
//! Called by stations when records wait. Level L3, outside of the stream: what is taken depends
//! only on where the mirror stands and on what the station has signed for, so a page that comes
//! twice changes nothing. It must never take a record that does not replay.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use shared::security::signed::ContentType;
use shared::services::journal::{PageReply, PageRequest, VERSION};

use super::{bad_statement, cbor, store};
use crate::access::{Bounded, CallingStation, MESSAGE_MAX};
use crate::center::DataCenter;
use crate::db::Tx;
use crate::mirror::{self, Accepted, PageFault};
use crate::services::refused::Refused;
use crate::services::sealed::{Answer, Entrance, Sealed, check_state};
use crate::services::unnumbered;

pub(super) async fn route(
    State(center): State<Arc<DataCenter>>,
    CallingStation(caller): CallingStation,
    Bounded(body): Bounded<MESSAGE_MAX>,
) -> Result<Response, Refused> {
    unnumbered::attend::<PageRequest, _>(
        &center,
        PageRequest::CONTENT,
        Entrance::Contact(caller),
        body.to_vec(),
        take,
    )
    .await
    .map(cbor)
}

/// Takes a page inside the one transaction, or says where the mirror stands.
fn take(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<PageRequest>,
) -> Result<Answer<Vec<u8>>, Refused> {
    check_state(tx, center, sealed.station)?;
    let page = &sealed.request;
    let row = store::find(tx, sealed.station)?.ok_or_else(bad_statement)?;
    let known = &row.mirror;
    if page.vault != known.vault {
        return Err(bad_statement());
    }
    let accepted = Accepted {
        size: known.accepted_size,
        root: known.accepted_root,
        registers: known.registers,
        last_grant: known.last_grant,
    };
    let follower = mirror::find(tx, known.vault)?;
    let mirrored = match mirror::take(&follower, &accepted, page) {
        Ok(taken) => {
            mirror::store(tx, known.vault, &page.records.0, &taken, sealed.now)?;
            taken.follower.size()
        }
        Err(PageFault::OutOfPlace) => follower.size(),
        Err(PageFault::TooLong) => return Err(too_long()),
        Err(PageFault::Contradiction(reason)) => return Ok(Answer::Freeze(reason)),
    };
    let reply = PageReply {
        version: VERSION,
        mirrored,
        accepted: accepted.size,
    };
    let reply = sealed.sign(center, ContentType::JournalPageReply, &reply)?;
    Ok(Answer::Reply(reply))
}

fn too_long() -> Refused {
    Refused::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "page_too_long",
        "The page of journal records is longer than a page may be. No money moved.",
        "Update the station's software.",
    )
}
