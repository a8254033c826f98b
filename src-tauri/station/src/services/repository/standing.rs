//! How the repository stands: since when it is believed and until when, and since when and why
//! nothing more is installed. Using what is here never depends on it.

use serde::{Deserialize, Serialize};
use shared::clock::{UnixSeconds, civil_date};
use shared::tuf::{Client, TufFault};

use crate::api::{RepositoryView, StoppedView, UiError};
use crate::messages::{Code, say};
use crate::station::{Owner, names};

/// What is written down about the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Standing {
    /// The version of the newest timestamp that was believed.
    timestamp: Option<u64>,
    /// When all of its top was believed last.
    refreshed: Option<UnixSeconds>,
    /// From when on that is believed no more.
    expires: Option<UnixSeconds>,
    /// Why nothing is installed.
    stopped: Option<Stopped>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stopped {
    since: UnixSeconds,
    code: String,
    message: String,
    hint: String,
}

impl Standing {
    pub(super) fn read(owner: &Owner) -> Result<Self, UiError> {
        let text = owner.store().setting(names::REPOSITORY)?;
        let damaged = |_| say(Code::DamagedStore, &[("what", "how the repository stands")]);
        text.map_or(Ok(Self::default()), |text| {
            serde_json::from_str(&text).map_err(damaged)
        })
    }

    pub(super) fn put(&self, owner: &mut Owner) -> Result<(), UiError> {
        let text = self.text();
        owner.write("how the repository stands", |tx| {
            Ok(tx.put_setting(names::REPOSITORY, &text)?)
        })
    }

    fn text(&self) -> String {
        serde_json::to_string(self).expect("numbers and sentences are JSON")
    }

    /// Nothing is installed from now on; when it was so before, since then.
    pub(super) fn stopped_by(mut self, now: UnixSeconds, said: &UiError) -> Self {
        let since = self.stopped_at(now).map_or(now, |stopped| stopped.since);
        self.stopped = Some(Stopped {
            since,
            code: said.code.to_owned(),
            message: said.message.clone(),
            hint: said.hint.clone(),
        });
        self
    }

    /// Why nothing is installed at this instant: what went wrong last, or that time has passed.
    fn stopped_at(&self, now: UnixSeconds) -> Option<Stopped> {
        let expired = self.expires.filter(|expires| *expires <= now).map(|at| {
            let said = expired(at);
            Stopped {
                since: at,
                code: said.code.to_owned(),
                message: said.message,
                hint: said.hint,
            }
        });
        self.stopped.clone().or(expired)
    }
}

/// Notes that all of the top and every list is believed as of now.
pub(super) fn refreshed(owner: &mut Owner, client: &Client) -> Result<(), UiError> {
    let mut standing = Standing::read(owner)?;
    standing.timestamp = client.timestamp_version().map(|version| version.number());
    standing.refreshed = Some(owner.now());
    standing.expires = client.expires();
    standing.put(owner)
}

/// Notes that everything it has for this station is here.
pub(super) fn complete(owner: &mut Owner) -> Result<(), UiError> {
    let mut standing = Standing::read(owner)?;
    if standing.stopped.take().is_some() {
        standing.put(owner)?;
    }
    Ok(())
}

/// Whether the repository is believed as of now, so that something may be installed from it.
///
/// # Errors
/// The faults of the store.
pub fn is_fresh(owner: &Owner) -> Result<bool, UiError> {
    let standing = Standing::read(owner)?;
    let now = owner.now();
    Ok(standing.refreshed.is_some() && standing.stopped_at(now).is_none())
}

/// How the repository stands, for the status; nothing where no root is trusted.
///
/// # Errors
/// The faults of the store.
pub fn view(owner: &Owner) -> Result<Option<RepositoryView>, UiError> {
    if !super::is_trusted(owner)? {
        return Ok(None);
    }
    let standing = Standing::read(owner)?;
    let stopped = standing.stopped_at(owner.now());
    Ok(Some(RepositoryView {
        timestamp: standing.timestamp,
        refreshed: standing.refreshed.map(|at| at.0),
        expires: standing.expires.map(|at| at.0),
        stopped: stopped.map(|stopped| StoppedView {
            since: stopped.since.0,
            code: stopped.code,
            message: stopped.message,
            hint: stopped.hint,
        }),
    }))
}

/// A fault of the repository as a person reads it.
pub(super) fn said(fault: &TufFault) -> UiError {
    let what = fault.to_string();
    let values = [("what", what.as_str())];
    match fault {
        TufFault::Expired { at, .. } => expired(*at),
        TufFault::RolledBack { .. } | TufFault::NotInSnapshot(_) => {
            say(Code::RepositoryWentBack, &values)
        }
        TufFault::NotSigned { .. } | TufFault::TwoSignaturesOfOneKey { .. } => {
            say(Code::RepositoryNotSigned, &values)
        }
        TufFault::Unreadable(_)
        | TufFault::TooLong { .. }
        | TufFault::WrongContent(_)
        | TufFault::WrongVersion { .. }
        | TufFault::Missing(_)
        | TufFault::TooManyRoots(_)
        | TufFault::TooManyDelegations { .. }
        | TufFault::NoSuchTarget(_)
        | TufFault::NotAsked => say(Code::RepositoryRefused, &values),
    }
}

fn expired(at: UnixSeconds) -> UiError {
    let date = civil_date(at).to_string();
    say(Code::RepositoryExpired, &[("date", &date)])
}
