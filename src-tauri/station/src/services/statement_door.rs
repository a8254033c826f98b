//! The statement door at the station (`protocol.md` L): what the vault holds, said once in a contact
//! by a station that is served no more.
//!
//! Asked by a contact after the refusal that shuts the station out. Level L3, outside of the stream.
//! It must never change the vault: a statement there is evidence only, and nothing of it is written
//! down; after a crash it is said again in the next contact. Tests: `tests/it/evidence.rs`.

use shared::security::signed::ContentType;
use shared::services::ServiceId;
use shared::services::funds::{DoorReply, DoorRequest, VERSION};

use super::sealed::{self, Draft};
use super::{funds, keys};
use crate::api::UiError;
use crate::contact::link::LinkRequest;
use crate::station::{Owner, STATION_USER};

/// The door.
const PATH: &str = "/door/statement";

/// The number of such a statement among the messages outside of the stream.
const KIND: u8 = 4;

/// What the vault holds; `refused` is the service that was refused. One service speaks for all: the
/// keys once the certificate has expired, because nothing else is asked for then, else the funds.
///
/// # Errors
/// `damaged_store` when the station's keys are missing.
pub fn request(owner: &mut Owner, refused: ServiceId) -> Result<Option<LinkRequest>, UiError> {
    let speaker = if keys::has_expired(owner)? {
        ServiceId::Keys
    } else {
        ServiceId::Funds
    };
    if refused != speaker {
        return Ok(None);
    }
    let (statement, _) = funds::statement(owner)?;
    let request = DoorRequest {
        version: VERSION,
        statement,
    };
    let draft = Draft {
        path: PATH,
        kind: KIND,
        content: DoorRequest::CONTENT,
        request: &request,
        next_key: None,
        user: STATION_USER,
    };
    sealed::unnumbered(owner, &draft).map(Some)
}

/// Takes note that the door has kept it.
///
/// # Errors
/// `reply_not_believed`.
pub fn accept(owner: &mut Owner, reply: &[u8]) -> Result<(), UiError> {
    let Some(outstanding) = owner.take_outstanding() else {
        return Ok(());
    };
    outstanding
        .open_reply::<DoorReply>(owner, ContentType::StatementReply, reply)
        .map(drop)
}
