//! The repository at the admin's side: how it is, what is renewed, and what is signed offline.
//!
//! Something signed offline goes three ways: the data center drafts it, the keyholders sign the file
//! wherever their keys are, the data center installs it. `sign` needs no data folder.

pub mod cli;
mod refusal;
mod said;
mod view;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};
use shared::tuf::{Document, Root, Targets, Version};

use super::approval::{ApprovalView, Consent, Consented, Place, RequestView, consent as approved};
use super::call::Passphrase;
use super::perform::Show;
use super::refusal::AdminRefusal;
use super::view::AdminView;
use crate::approvals::{self, Action, ApprovalError, Controlled};
use crate::center::DataCenter;
use crate::db::{DbError, Tx};
use crate::repository::role::Custody;
use crate::repository::{Change, RepositoryError, RepositoryRole, RootTerms, nothing, store};
use crate::services::rates::publish::with_all_editions;
use crate::services::rates::store::EditionStoreError;

pub use view::{DraftView, PlaceView, RepositoryView, RoleView};

/// What an admin asks of the repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RepositoryCall {
    /// Show every role.
    Show,
    /// Draft the next root.
    DraftRoot {
        /// The root's new keys, hexadecimal digits; none to keep those there are.
        root_keys: Vec<String>,
        /// The new key of the top-level targets.
        targets_key: Option<String>,
        /// Whether snapshot and timestamp get new keys.
        online: bool,
    },
    /// Draft the next top-level targets.
    DraftTargets {
        /// The roles that get a new key.
        new_keys: Vec<RepositoryRole>,
        /// What seals new keys that publish; where there is none, what `init` left.
        passphrase: Option<Passphrase>,
    },
    /// Install what was signed offline.
    Install {
        /// The signed documents.
        documents: Vec<String>,
        /// What opens new keys that publish.
        passphrase: Option<Passphrase>,
        /// How two admins approve a root, where two admins have keys.
        consent: Consent,
    },
    /// Make the repository of a data center that an earlier program made.
    Create {
        /// What seals the keys that belong offline.
        passphrase: Passphrase,
        /// What seals the keys that publish; one is made when there is none.
        publish_passphrase: Option<Passphrase>,
    },
    /// Sign rates and software again as they are.
    Renew {
        /// What opens the keys that publish.
        passphrase: Option<Passphrase>,
    },
}

/// Carries out a call.
///
/// # Errors
/// [`AdminRefusal`]; nothing was changed then.
pub(super) fn perform(
    center: &DataCenter,
    call: RepositoryCall,
    show: &mut Show<'_>,
) -> Result<bool, AdminRefusal> {
    match call {
        RepositoryCall::Show => {}
        RepositoryCall::DraftRoot {
            root_keys,
            targets_key,
            online,
        } => {
            let terms = RootTerms {
                root_keys: root_keys
                    .iter()
                    .map(|key| public(key))
                    .collect::<Result<_, _>>()?,
                targets_key: targets_key.as_deref().map(public).transpose()?,
                online,
            };
            let document = center.draft_root(&terms)?;
            return Ok(show(draft(center, RepositoryRole::Root, &document)?));
        }
        RepositoryCall::DraftTargets {
            new_keys,
            passphrase,
        } => {
            let passphrase = passphrase.as_ref().map(Passphrase::as_str);
            let document = center.draft_targets(&new_keys, passphrase)?;
            return Ok(show(draft(center, RepositoryRole::Targets, &document)?));
        }
        RepositoryCall::Install {
            documents,
            passphrase,
            consent,
        } => {
            let passphrase = passphrase.as_ref().map(Passphrase::as_str);
            if let Some(asked) = install(center, (documents, passphrase), consent)? {
                return Ok(show(AdminView::Approval(ApprovalView::Request(asked))));
            }
        }
        RepositoryCall::Create {
            passphrase,
            publish_passphrase,
        } => {
            let publish = publish_passphrase.as_ref().map(Passphrase::as_str);
            center.create_repository(passphrase.as_str(), publish)?;
            renew(center, publish)?;
        }
        RepositoryCall::Renew { passphrase } => {
            renew(center, passphrase.as_ref().map(Passphrase::as_str))?;
        }
    }
    Ok(shown(center)?.into_iter().all(show))
}

fn public(digits: &str) -> Result<[u8; 32], AdminRefusal> {
    let bytes = HEXLOWER_PERMISSIVE.decode(digits.trim().as_bytes()).ok();
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| {
            AdminRefusal::usage(
                format!("{digits:?} is not a public key."),
                "Give 64 hexadecimal digits, as `repository new-key` shows them.",
            )
        })
}

/// A draft, beside the document of its role that is in force.
fn draft(
    center: &DataCenter,
    role: RepositoryRole,
    document: &Document,
) -> Result<AdminView, AdminRefusal> {
    let in_force = center
        .db()
        .read_blocking("in force", move |tx| store::needed(tx, role)?.document())?;
    let draft = DraftView::of(role, document, Some(&in_force))?;
    Ok(AdminView::Repository(RepositoryView::Draft(draft)))
}

/// What can go wrong while something is installed.
#[derive(Debug, thiserror::Error)]
enum InstallError {
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    #[error(transparent)]
    Db(#[from] DbError),
    /// Not an error: the transaction is undone, because the approval was only asked for.
    #[error("what is to be approved was asked for")]
    Asked(Box<RequestView>),
}

/// Installs documents; what two admins have to sign first, when that was asked for.
fn install(
    center: &DataCenter,
    (documents, passphrase): (Vec<String>, Option<&str>),
    consent: Consent,
) -> Result<Option<RequestView>, AdminRefusal> {
    let place = Place::of(center);
    let documents = documents.into_iter().map(String::into_bytes).collect();
    let approve = move |tx: &Tx<'_>, roots: &[(Version, [u8; 32])]| {
        if !approvals::is_controlled(tx)? {
            return Ok(());
        }
        let mut action: Option<Action> = None;
        for (version, sha256) in roots {
            let next = Action::on(
                Controlled::RepositoryRoot,
                &format!("root {version}"),
                &HEXLOWER.encode(sha256),
            );
            match &mut action {
                Some(action) => action.parameters.extend(next.parameters),
                None => action = Some(next),
            }
        }
        let Some(action) = action else { return Ok(()) };
        match approved(&place, tx, &action, &consent)? {
            Consented::Yes => Ok(()),
            Consented::Asked(view) => Err(InstallError::Asked(Box::new(view))),
        }
    };
    match center.install_signed(documents, passphrase, approve) {
        Ok(()) => Ok(None),
        Err(InstallError::Asked(view)) => Ok(Some(*view)),
        Err(InstallError::Repository(error)) => Err(error.into()),
        Err(InstallError::Approval(error)) => Err(error.into()),
        Err(InstallError::Db(fault)) => Err(fault.into()),
    }
}

/// Publishes what rates and software name once more: it holds for its whole time again, and above
/// every version from before a restore. Published editions that the repository lacks, because an
/// earlier program published them, are named again.
fn renew(center: &DataCenter, passphrase: Option<&str>) -> Result<(), AdminRefusal> {
    let sealed = RepositoryRole::DELEGATED
        .into_iter()
        .filter(|role| role.custody() == Custody::Sealed);
    for role in sealed {
        let same = |named: &Targets| {
            if role == RepositoryRole::Rates {
                return with_all_editions(center, named);
            }
            Ok::<_, EditionStoreError>(Change {
                contents: Vec::new(),
                targets: named.targets.clone(),
            })
        };
        center.publish(role, passphrase, same, (nothing, nothing))?;
    }
    Ok(center.keep_repository()?)
}

/// Every role, and what lies in the data folder that should not.
fn shown(center: &DataCenter) -> Result<Vec<AdminView>, AdminRefusal> {
    let now = center.now();
    let (root, targets, first) = center.db().read_blocking("repository", |tx| {
        let root: Root = store::needed(tx, RepositoryRole::Root)?.says()?;
        let targets: Targets = store::needed(tx, RepositoryRole::Targets)?.says()?;
        let first = store::of_version(tx, RepositoryRole::Root, Version::FIRST.number())?;
        Ok::<_, RepositoryError>((root, targets, first))
    })?;
    let name = RepositoryRole::Root.role_name();
    let first = first.and_then(|bytes| Document::read(&name, &bytes).ok());
    let first: Option<Root> = first.and_then(|document| document.unverified(&name).ok());
    let keys_of = |role: RepositoryRole| {
        let name = role.role_name();
        let delegated = || targets.delegations.as_ref()?.role(&name);
        root.role(&name)
            .or_else(|| delegated().map(|one| &one.role))
    };
    let views = center.repository_health()?.into_iter().map(|health| {
        let role = keys_of(health.role);
        RepositoryView::Role(RoleView {
            keys: role.map_or(0, |role| role.keyids.len()),
            threshold: role.map_or(0, |role| role.threshold.get()),
            days_left: health.days_left(now),
            advice: health.advice().map(str::to_owned),
            health,
        })
    });
    let folder = center.folder();
    let place = PlaceView {
        offline_keys_here: has_files(&folder.offline(), ".pem"),
        first_root_keys: first.is_some_and(|first| first.roles.root == root.roles.root),
        passphrase_here: folder.publish_passphrase().exists(),
        authorities_published: center.publishes_its_authorities()?,
    };
    let place = std::iter::once(RepositoryView::Place(place));
    Ok(views.chain(place).map(AdminView::Repository).collect())
}

fn has_files(folder: &std::path::Path, ending: &str) -> bool {
    std::fs::read_dir(folder).is_ok_and(|entries| {
        entries
            .filter_map(Result::ok)
            .any(|entry| entry.file_name().to_string_lossy().ends_with(ending))
    })
}
