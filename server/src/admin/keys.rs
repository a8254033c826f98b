//! `keys list`, `keys rotate` and `keys replace`.
//!
//! What needs the offline root is done in three steps: the owner of the data folder makes the keys
//! and hands out drafts, this command opens the root and certifies them, the owner takes the
//! certificates. Each step is safe to repeat: a draft without its certificate is overwritten.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::clock::UnixSeconds;
use shared::services::ServiceId;
use shared::services::keys::trust::{ANNOUNCE_DAYS, KeyPurpose};

use super::call::AdminCall;
use super::cli::{KeysCommand, Replace, Replaced, Rotate, Rotated};
use super::output::Output;
use super::perform::Show;
use super::refusal::{AdminRefusal, Ending};
use super::repository::cli::publish_authorities;
use super::view::{AdminView, time};
use super::{owned_soon, perform_or_ask, perform_or_ask_for, read_passphrase};
use crate::ca::{
    CaError, Certified, Draft, Ed25519Key, IssuerName, KeyAge, KeyState, OfflineRoot,
    open_repository_key, replace_signing_key,
};
use crate::center::DataCenter;
use crate::clock::Clock;
use crate::folder::{Folder, read_small};
use crate::repository::keys::TARGETS_FILE;

/// What remains to be done after CAs were made without the key of the targets.
const NOT_PUBLISHED: &str = "The new CAs are made and stations learn them by their renewals. The \
                             repository still names those of before: sign its targets with \
                             `repository sign-targets`.";

/// Who asks, in the journal.
const ADMIN: &str = "admin";

/// What an admin asks of the data center's keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "keys", rename_all = "kebab-case", deny_unknown_fields)]
pub enum KeysCall {
    /// Show every key.
    List,
    /// Announce the next signing keys.
    Announce {
        /// Which, by their names.
        what: Vec<String>,
        /// Whether they take over now.
        at_once: bool,
    },
    /// Make the keys of the next CAs.
    Draft,
    /// Take their certificates.
    Install {
        /// The certificates.
        certified: Vec<Certified>,
    },
}

/// One key as an admin sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyView {
    /// What it is for.
    pub key: String,
    /// Its number.
    pub number: u32,
    /// `announced`, `in-use` or `past`.
    pub state: String,
    /// Since when it is, or from when on it will be, in use.
    pub since: UnixSeconds,
    /// Its age in days; negative before it is in use.
    pub age_days: i64,
    /// Until when what it made is believed.
    pub until: Option<UnixSeconds>,
    /// When the next one takes over, or a new CA should be made.
    pub next: Option<UnixSeconds>,
}

/// What is shown of keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum KeysView {
    /// One key.
    Key(KeyView),
    /// A CA to be certified.
    Draft(Draft),
}

impl KeyView {
    fn of(age: &KeyAge, now: UnixSeconds) -> Self {
        Self {
            key: age.purpose.to_owned(),
            number: age.number,
            state: age.state.word().to_owned(),
            since: age.since,
            age_days: now
                .seconds_since(age.since)
                .div_euclid(shared::clock::DAY_SECONDS),
            until: age.until,
            next: age.next,
        }
    }
}

/// Writes a view for people.
pub(super) fn text(f: &mut fmt::Formatter<'_>, view: &KeysView) -> fmt::Result {
    match view {
        KeysView::Key(key) => {
            let none = || "-".to_owned();
            write!(
                f,
                "{:<12} {:>3}  {:<9}  since {}  {:>5} days  until {}  next {}",
                key.key,
                key.number,
                key.state,
                time(key.since),
                key.age_days,
                key.until.map_or_else(none, time),
                key.next.map_or_else(none, time),
            )
        }
        KeysView::Draft(draft) => write!(
            f,
            "{} CA {} waits for its certificate",
            draft.issuer.name(),
            draft.number
        ),
    }
}

/// Carries out a call on the open data center.
///
/// # Errors
/// [`AdminRefusal`].
pub(super) fn perform(
    center: &DataCenter,
    call: KeysCall,
    show: &mut Show<'_>,
) -> Result<bool, AdminRefusal> {
    match call {
        KeysCall::List => {}
        KeysCall::Announce { what, at_once } => {
            center.authority().try_keys()?;
            announce(center, &what, at_once)?;
            center.monitor().signal_all(ServiceId::Keys);
        }
        KeysCall::Draft => {
            for issuer in IssuerName::ALL {
                let draft = center.authority().draft(issuer)?;
                if !show(AdminView::Keys(KeysView::Draft(draft))) {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        KeysCall::Install { certified } => {
            for one in &certified {
                center.authority().install(one, center.now())?;
                center.journal_key(one.der()?, ADMIN)?;
            }
            center.monitor().signal_all(ServiceId::Keys);
        }
    }
    let now = center.now();
    let ages = center.authority().ages(now);
    Ok(ages
        .iter()
        .all(|age| show(AdminView::Keys(KeysView::Key(KeyView::of(age, now))))))
}

/// Announces signing keys and makes a sealing key; what takes over at once does so before this
/// returns.
fn announce(center: &DataCenter, what: &[String], at_once: bool) -> Result<(), AdminRefusal> {
    let now = center.now();
    let from = if at_once {
        now
    } else {
        now.plus_days(ANNOUNCE_DAYS)
    };
    // Looked at first, so that a refusal leaves nothing half done.
    let ages = center.authority().ages(now);
    let under_way = ages.iter().find(|age| {
        age.state == KeyState::Announced && what.iter().any(|name| name == age.purpose)
    });
    if let Some(age) = under_way {
        return Err(CaError::RotationUnderWay { what: age.purpose }.into());
    }
    for name in what {
        match KeyPurpose::ALL.into_iter().find(|one| one.name() == name) {
            Some(purpose) => {
                let notice = center.authority().announce(purpose, from)?;
                center.journal_key(notice, ADMIN)?;
            }
            None => center.authority().sealing().rotate(now)?,
        }
    }
    if at_once {
        center.upkeep()?;
    }
    Ok(())
}

/// Carries out the commands.
///
/// # Errors
/// [`AdminRefusal`].
pub(super) fn carry_out(
    folder: &Folder,
    command: KeysCommand,
    clock: &Arc<dyn Clock>,
    output: &Output,
) -> Result<(), AdminRefusal> {
    let ask = |call| perform_or_ask(folder, AdminCall::Keys(call), Arc::clone(clock), output);
    let rotate = match command {
        KeysCommand::List => return ask(KeysCall::List),
        KeysCommand::Rotate(rotate) => rotate,
        KeysCommand::Replace(replace) => return replace_keys(folder, &replace, clock, output),
    };
    let what = if rotate.what.is_empty() {
        vec![Rotated::Replies, Rotated::Heads, Rotated::Sealing]
    } else {
        rotate.what.clone()
    };
    let has_cas = what.contains(&Rotated::Ca);
    if has_cas {
        rotate_cas(folder, &rotate, clock, output)?;
    }
    let at_once = rotate.at_once;
    let names: Vec<String> = what.iter().filter_map(|one| name_of(*one)).collect();
    if names.is_empty() {
        return Ok(());
    }
    let announced = ask(KeysCall::Announce {
        what: names,
        at_once,
    });
    announced.map_err(|refusal| match has_cas {
        true => AdminRefusal {
            hint: "The new CAs are made; of the signing keys nothing was changed. See `keys list`."
                .into(),
            ..refusal
        },
        false => refusal,
    })
}

fn name_of(rotated: Rotated) -> Option<String> {
    let name = match rotated {
        Rotated::Replies => KeyPurpose::Replies.name(),
        Rotated::Heads => KeyPurpose::Heads.name(),
        Rotated::Sealing => "sealing",
        Rotated::Ca => return None,
    };
    Some(name.to_owned())
}

/// Opens the offline bundle.
fn open_root(
    folder: &Folder,
    place: Option<&Path>,
    passphrase: &Path,
) -> Result<OfflineRoot, AdminRefusal> {
    let passphrase = read_passphrase(passphrase)?;
    let place = place.map_or_else(|| folder.offline_root(), Path::to_owned);
    let bundle = zeroize::Zeroizing::new(read_small(&place)?);
    let bundle = std::str::from_utf8(&bundle).map_err(|_| CaError::WrongPassphrase)?;
    let root = crate::ca::root_of(folder)?;
    Ok(OfflineRoot::open(bundle, &passphrase, &root)?)
}

/// Replaces signing keys by the root's word, writes that into the journal and shows every key.
///
/// A crash between the two leaves a key that is used and that the journal does not name; what was
/// asked may be asked again, which makes one more key.
fn replace_keys(
    folder: &Folder,
    replace: &Replace,
    clock: &Arc<dyn Clock>,
    output: &Output,
) -> Result<(), AdminRefusal> {
    let root = open_root(
        folder,
        replace.root.as_deref(),
        &replace.root_passphrase_file,
    )?;
    let ownership = owned_soon(folder)?;
    let purposes = KeyPurpose::ALL
        .into_iter()
        .filter(|purpose| replace.what.iter().any(|one| one.purpose() == *purpose));
    let notices: Result<Vec<_>, CaError> = purposes
        .map(|purpose| replace_signing_key(folder, purpose, &root, replace.stolen, clock.now()))
        .collect();
    let notices = notices?;
    let center = DataCenter::open(folder, Arc::clone(clock))?;
    for notice in notices {
        center.journal_key(notice, ADMIN)?;
    }
    center.upkeep()?;
    perform(&center, KeysCall::List, &mut |view| output.view(&view))?;
    // The database is closed before another process may own the folder.
    drop(center);
    drop(ownership);
    Ok(())
}

impl Replaced {
    const fn purpose(self) -> KeyPurpose {
        match self {
            Self::Replies => KeyPurpose::Replies,
            Self::Heads => KeyPurpose::Heads,
        }
    }
}

/// Opens the root first, so that a wrong passphrase changes nothing; then draft, certify, install, and
/// publish the new authorities in the repository. A crash before the last leaves the CAs in use and
/// the repository with those of before, as `repository show` says; stations learn the new ones by
/// their renewals all the same.
fn rotate_cas(
    folder: &Folder,
    rotate: &Rotate,
    clock: &Arc<dyn Clock>,
    output: &Output,
) -> Result<(), AdminRefusal> {
    let Some(passphrase) = &rotate.root_passphrase_file else {
        return Err(AdminRefusal::usage(
            "New CAs are certified by the offline root.",
            "Give its passphrase with --root-passphrase-file, and where it lies with --root.",
        ));
    };
    let root = open_root(folder, rotate.root.as_deref(), passphrase)?;
    let targets = key_of_targets(folder, rotate, passphrase)?;
    let mut drafts = Vec::new();
    let call = AdminCall::Keys(KeysCall::Draft);
    perform_or_ask_for(folder, call, Arc::clone(clock), &mut |view| {
        if let AdminView::Keys(KeysView::Draft(draft)) = view {
            drafts.push(draft);
        }
        true
    })?;
    if drafts.len() != IssuerName::ALL.len() {
        return Err(AdminRefusal::new(
            Ending::Broken,
            "keys",
            "The data center did not draft every CA.",
            "Nothing was changed. See the log.",
        ));
    }
    let now = clock.now();
    let certified: Result<Vec<Certified>, _> = drafts
        .iter()
        .map(|draft| root.certify(draft, rotate.at_once, now))
        .collect();
    let call = AdminCall::Keys(KeysCall::Install {
        certified: certified?,
    });
    perform_or_ask(folder, call, Arc::clone(clock), output)?;
    let Some(key) = targets else {
        let note = json!({"note": "authorities_not_published", "message": NOT_PUBLISHED});
        output.line(&note.to_string(), || NOT_PUBLISHED.to_owned());
        return Ok(());
    };
    let published = publish_authorities(folder, &key, Arc::clone(clock), output);
    published.map_err(but_installed)
}

/// A publication that was refused after the CAs were installed: its own hint speaks of that call alone,
/// in which nothing was changed.
fn but_installed(refusal: AdminRefusal) -> AdminRefusal {
    AdminRefusal {
        hint: NOT_PUBLISHED.to_owned(),
        ..refusal
    }
}

/// The key of the repository's targets: the one that is named, or the one that `init` left where the
/// passphrase opens it. Without one the new CAs are made all the same.
fn key_of_targets(
    folder: &Folder,
    rotate: &Rotate,
    root_passphrase: &Path,
) -> Result<Option<Ed25519Key>, AdminRefusal> {
    let is_named = rotate.targets_key.is_some() || rotate.targets_passphrase_file.is_some();
    let left = || folder.offline().join(TARGETS_FILE);
    let place = rotate.targets_key.clone().unwrap_or_else(left);
    let file = rotate.targets_passphrase_file.as_deref();
    let passphrase = read_passphrase(file.unwrap_or(root_passphrase))?;
    match open_repository_key(&place, &passphrase) {
        Ok(key) => Ok(Some(key)),
        Err(fault) if is_named => Err(fault.into()),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_cas_were_installed_nobody_is_told_that_nothing_was_changed() {
        let refusal = AdminRefusal::new(
            Ending::Refused,
            "not_next",
            "Somebody else has published meanwhile.",
            "Nothing was changed. Try again.",
        );
        let told = but_installed(refusal.clone());
        assert_eq!(told.hint, NOT_PUBLISHED);
        assert_eq!((told.code, told.message), (refusal.code, refusal.message));
    }
}
