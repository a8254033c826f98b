//! `rates rehearse`: what a coming edition changes for pieces like those that were printed.

use jiff::ToSpan;
use shared::rates::rehearsal::Rehearsal;

use super::publish::{before_of, today};
use crate::admin::refusal::{AdminRefusal, Ending};
use crate::center::DataCenter;
use crate::services::rates::rehearsal::{RehearsalError, rehearse};
use crate::services::rates::store::{self, EditionStoreError};

/// The most days that are looked back.
pub(in crate::admin) const MAX_DAYS: u16 = 366;

/// Why nothing was rehearsed.
#[derive(Debug, thiserror::Error)]
enum NoRehearsal {
    #[error("no edition is stored whose first day is to come")]
    NothingComing,
    #[error("edition {id} replaces none that is published")]
    ReplacesNone { id: String },
    #[error(transparent)]
    Rehearsal(#[from] RehearsalError),
    #[error(transparent)]
    Store(#[from] EditionStoreError),
    #[error(transparent)]
    Db(#[from] crate::db::DbError),
}

/// Rehearses an edition, or the next that comes, over the pieces of the last `days` days.
///
/// # Errors
/// [`AdminRefusal`].
pub(super) fn rehearsal(
    center: &DataCenter,
    edition: Option<String>,
    days: u16,
) -> Result<Rehearsal, AdminRefusal> {
    if days == 0 || days > MAX_DAYS {
        return Err(AdminRefusal::usage(
            format!("A rehearsal looks back 1 to {MAX_DAYS} days."),
            "Give fewer with --days.",
        ));
    }
    let to = today(center.now());
    let from = to.saturating_sub((i32::from(days) - 1).days());
    let rehearsed = center.db().read_blocking("rates-rehearse", move |tx| {
        let id = match edition {
            Some(id) => id,
            None => store::list(tx)?
                .into_iter()
                .filter(|one| one.effective > to)
                .min_by(|a, b| (a.effective, &a.id).cmp(&(b.effective, &b.id)))
                .map(|one| one.id)
                .ok_or(NoRehearsal::NothingComing)?,
        };
        let after = store::read(tx, &id)?;
        let before = before_of(tx, &after)?.ok_or(NoRehearsal::ReplacesNone { id })?;
        Ok::<_, NoRehearsal>(rehearse(tx, (&before, &after), (from, to))?)
    });
    Ok(rehearsed?)
}

impl From<NoRehearsal> for AdminRefusal {
    fn from(error: NoRehearsal) -> Self {
        match error {
            NoRehearsal::NothingComing => Self::of(
                Ending::Refused,
                "no_coming_edition",
                &error,
                "Import the coming edition first, or name one: `rates list` shows all.",
            ),
            NoRehearsal::ReplacesNone { .. } => Self::of(
                Ending::Refused,
                "no_edition_before",
                &error,
                "There is nothing to compare it with.",
            ),
            NoRehearsal::Rehearsal(RehearsalError::TooMany | RehearsalError::Money(_)) => Self::of(
                Ending::Refused,
                "too_many_pieces",
                &error,
                "Look at fewer days with --days.",
            ),
            NoRehearsal::Rehearsal(RehearsalError::Store(error)) | NoRehearsal::Store(error) => {
                error.into()
            }
            NoRehearsal::Rehearsal(RehearsalError::Db(error)) | NoRehearsal::Db(error) => {
                error.into()
            }
        }
    }
}
