//! Rate editions at the station: in force by their own date once they have come.
//!
//! The monitor asks when the data center's repository has another timestamp than the last time;
//! [`super::repository`] fetches what is new and believes only what is signed and whole. Level L0:
//! signatures and hashes are all that is trusted. An edition never replaces another content of its
//! name, so prices never go back. Table: `editions`. Tests: `tests/it/rates.rs`.

use shared::rates::{Edition, EditionError};
use shared::services::rates::edition_of_target;
use shared::tuf::TufFault;

use super::repository::Useless;
use super::repository::standing::said;
use crate::api::UiError;
use crate::messages::{Code, say};
use crate::station::Owner;
use crate::store::editions::EditionRow;
use crate::store::repository::TargetRow;

/// The edition that a target brings; nothing when it is none, or one that is here.
///
/// # Errors
/// [`Useless::Content`] when the content is no edition, or not that of the target's name, or another
/// one than this station has under that name; or needs a newer program.
pub(super) fn brought_by(owner: &Owner, target: &TargetRow) -> Result<Option<EditionRow>, Useless> {
    let Some(id) = edition_of_target(&target.path) else {
        return Ok(None);
    };
    let wrong = || Useless::Content(said(&TufFault::WrongContent(target.path.clone())));
    let edition = Edition::from_bytes(&target.content).map_err(|fault| match fault {
        EditionError::UnknownVersion(_) => Useless::Content(say(Code::UpdateNeeded, &[])),
        EditionError::TooLarge
        | EditionError::Malformed(_)
        | EditionError::NotDeterministic
        | EditionError::Unsound(_) => wrong(),
    })?;
    if edition.id() != id {
        return Err(wrong());
    }
    match owner.store().edition(id).map_err(UiError::from)? {
        Some(earlier) if earlier.content != target.content => Err(wrong()),
        Some(_) => Ok(None),
        None => Ok(Some(EditionRow {
            id: id.to_owned(),
            effective: edition.effective(),
            content: target.content.clone(),
        })),
    }
}
