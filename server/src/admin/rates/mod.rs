//! What an admin does with editions before stations see them: look through them, and publish one
//! that failed only together with a second admin.

mod import;
mod publish;
mod rehearse;

use serde::{Deserialize, Serialize};
use shared::rates::Edition;
use shared::rates::source::Files;

use super::approval::Consent;
use super::call::Passphrase;
use super::perform::Show;
use super::refusal::{AdminRefusal, Ending};
use super::view::{AdminView, EditionView};
use crate::center::DataCenter;
use crate::services::rates::store::{self, StoredEdition};

pub(super) use import::import_call;
pub(super) use publish::publish;

/// Something an admin wants done with editions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum RatesCall {
    /// Look through an edition, or through all that are not published.
    Validate {
        /// Its name.
        edition: Option<String>,
    },
    /// Forget an edition that is not published.
    Remove {
        /// Its name.
        edition: String,
    },
    /// Publish an edition that fails validation: two admins must approve it.
    PublishDespite {
        /// Its name.
        edition: String,
        /// Why it is right all the same; it stands in the journal.
        reason: String,
        /// How they approve it.
        consent: Consent,
        /// What opens the keys that publish.
        passphrase: Option<Passphrase>,
    },
    /// Make an edition of the post's files, and store it.
    ImportFiles {
        /// The name of its file, to say where something is wrong.
        name: String,
        /// The plan, or a list in JSON.
        source: String,
        /// The edition whose rules it takes: a file of these, or one that is stored.
        base: Option<String>,
        /// Its name, in place of the usual one of a list.
        id: Option<String>,
        /// The files that the plan names.
        files: Files,
    },
    /// Show what an edition changes for pieces like those that were printed.
    Rehearse {
        /// Its name; without one the next that comes.
        edition: Option<String>,
        /// The pieces of so many days.
        days: u16,
    },
}

/// Carries out one call; `false` when nobody reads any more.
///
/// # Errors
/// [`AdminRefusal`]; nothing was published then.
pub(super) fn perform(
    center: &DataCenter,
    call: RatesCall,
    show: &mut Show<'_>,
) -> Result<bool, AdminRefusal> {
    match call {
        RatesCall::Validate { edition } => publish::validate(center, edition, show),
        RatesCall::Remove { edition } => {
            let removed = center
                .db()
                .write_blocking("rates-remove", move |tx| store::remove(tx, &edition))?;
            Ok(show(shown(removed, true)))
        }
        RatesCall::PublishDespite {
            edition,
            reason,
            consent,
            passphrase,
        } => {
            let passphrase = passphrase.as_ref().map(Passphrase::as_str);
            Ok(show(publish::despite(
                center,
                (&edition, &reason),
                consent,
                passphrase,
            )?))
        }
        RatesCall::ImportFiles {
            name,
            source,
            base,
            id,
            files,
        } => {
            let view = import::import(center, (&name, &source), base, id, files)?;
            Ok(show(AdminView::Edition(view)))
        }
        RatesCall::Rehearse { edition, days } => {
            let rehearsal = rehearse::rehearsal(center, edition, days)?;
            Ok(show(AdminView::Rehearsal(Box::new(rehearsal))))
        }
    }
}

/// Stores the edition of a JSON source, and looks through it.
///
/// # Errors
/// [`AdminRefusal`]; nothing was stored then.
pub(super) fn import(center: &DataCenter, source: &str) -> Result<AdminView, AdminRefusal> {
    let edition = Edition::from_json(source).map_err(|error| {
        AdminRefusal::new(
            Ending::Refused,
            "not_an_edition",
            format!(
                "The file is not an edition of rates: {}.",
                crate::access::problem::chain_of(&error)
            ),
            "Nothing was imported. Correct the file.",
        )
    })?;
    import::stored(center, edition, Vec::new()).map(AdminView::Edition)
}

/// Shows all editions.
///
/// # Errors
/// [`AdminRefusal`].
pub(super) fn list(center: &DataCenter) -> Result<Vec<AdminView>, AdminRefusal> {
    let editions = center.db().read_blocking("rates-list", store::list)?;
    Ok(editions.into_iter().map(view).collect())
}

const fn view(edition: StoredEdition) -> AdminView {
    shown(edition, false)
}

const fn shown(edition: StoredEdition, removed: bool) -> AdminView {
    AdminView::Edition(EditionView {
        edition,
        report: None,
        not_read: Vec::new(),
        removed,
    })
}
