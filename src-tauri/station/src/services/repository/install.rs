//! Which targets a station takes, and what becomes of their content.

use shared::services::rates::edition_of_target;
use shared::services::repository::{AUTHORITIES_TARGET, STOP_LIST_TARGET};
use shared::tuf::TargetPath;

use crate::api::UiError;
use crate::services::{rates, trust};
use crate::station::Owner;
use crate::store::repository::TargetRow;

/// The longest target that is kept in the store, bytes: the stop list of some hundred thousand pieces.
/// Software is longer, and fetched by a service of its own.
const TARGET_MAX_BYTES: u64 = 8 * 1_024 * 1_024;

/// Whether a target is taken as it appears: rate editions, the stop list, the authorities.
pub(super) fn is_taken(path: &TargetPath, length: u64) -> bool {
    let path = path.as_str();
    let is_known = [STOP_LIST_TARGET, AUTHORITIES_TARGET].contains(&path);
    (is_known || edition_of_target(path).is_some()) && length <= TARGET_MAX_BYTES
}

/// Why a whole and rightly signed content is of no use.
pub(in crate::services) enum Useless {
    /// It is not what its place says, or needs a newer program: as a person reads it.
    Content(UiError),
    /// The store.
    Station(UiError),
}

impl From<UiError> for Useless {
    fn from(fault: UiError) -> Self {
        Self::Station(fault)
    }
}

/// Puts a whole content into its place, in one commit with what follows from it: an edition can price
/// from then on. The parts it came in go in the same commit.
pub(super) fn install(owner: &mut Owner, row: &TargetRow, parts: &[u8; 32]) -> Result<(), Useless> {
    let edition = rates::brought_by(owner, row)?;
    let learned = trust::taught_by(owner, row)?;
    // An edition stands among the editions, once.
    let content: &[u8] = match edition_of_target(&row.path) {
        Some(_) => &[],
        None => &row.content,
    };
    owner.write("a target of the repository", |tx| {
        tx.drop_parts(parts)?;
        tx.put_target(&row.path, &row.sha256, content)?;
        if let Some(edition) = &edition {
            tx.put_edition(edition)?;
        }
        if let Some(learned) = &learned {
            learned.put(tx)?;
        }
        Ok::<_, UiError>(())
    })?;
    Ok(())
}
