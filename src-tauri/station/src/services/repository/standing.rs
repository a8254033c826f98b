//! How the repository stands: since when it is believed and until when, and since when and why
//! nothing more is installed. Using what is here never depends on it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use shared::clock::{UnixSeconds, civil_date};
use shared::rates::EDITION_VERSION;
use shared::software::Belief;
use shared::tuf::{Client, TufFault};

use crate::api::{RepositoryView, StoppedView, UiError};
use crate::messages::{Code, say};
use crate::station::{Owner, names};

/// The most contents of no use that are remembered; beyond that the newest are fetched again in each
/// contact that brings documents.
const USELESS_MAX: usize = 64;

/// What is written down about the repository. A program that does not know a member leaves it out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Standing {
    /// The version of the newest timestamp that was believed.
    timestamp: Option<u64>,
    /// The version of the timestamp as of which all that it has for this station is here.
    complete: Option<u64>,
    /// When all of its top was believed last.
    refreshed: Option<UnixSeconds>,
    /// From when on that is believed no more.
    expires: Option<UnixSeconds>,
    /// Why its documents are not believed.
    stopped: Option<Stopped>,
    /// Why what it has does not come whole.
    unfetched: Option<Stopped>,
    /// Contents that it names and that are of no use in their place, by [`place`].
    useless: BTreeMap<String, Useless>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stopped {
    since: UnixSeconds,
    code: String,
    message: String,
    hint: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Useless {
    /// Which program said so.
    reader: String,
    why: Stopped,
}

/// What judges contents: another program, or one that reads another layout of editions, may have a
/// use for what this one has none for.
fn reader() -> String {
    format!("{} {EDITION_VERSION}", env!("CARGO_PKG_VERSION"))
}

impl Stopped {
    /// A fault that is there now; when there was one before, since then.
    fn by(said: &UiError, now: UnixSeconds, before: Option<&Self>) -> Self {
        Self {
            since: before.map_or(now, |before| before.since),
            code: said.code.to_owned(),
            message: said.message.clone(),
            hint: said.hint.clone(),
        }
    }
}

impl Standing {
    fn read(owner: &Owner) -> Result<Self, UiError> {
        let text = owner.store().setting(names::REPOSITORY)?;
        let damaged = |_| say(Code::DamagedStore, &[("what", "how the repository stands")]);
        text.map_or(Ok(Self::default()), |text| {
            serde_json::from_str(&text).map_err(damaged)
        })
    }

    fn put(&self, owner: &mut Owner) -> Result<(), UiError> {
        let text = self.text();
        owner.write("how the repository stands", |tx| {
            Ok(tx.put_setting(names::REPOSITORY, &text)?)
        })
    }

    fn text(&self) -> String {
        serde_json::to_string(self).expect("numbers and sentences are JSON")
    }

    /// Why nothing is installed at this instant: a document that is not believed, or that time has
    /// passed.
    fn stopped_at(&self, now: UnixSeconds) -> Option<Stopped> {
        let expired = self.expires.filter(|expires| *expires <= now);
        let expired = expired.map(|at| Stopped::by(&expired_at(at), at, None));
        self.stopped.clone().or(expired)
    }

    /// Why something that it has is not installed; that says nothing against the rest.
    fn lacks(&self) -> Option<&Stopped> {
        let useless = self.useless.values().map(|one| &one.why);
        let oldest = useless.min_by_key(|why| why.since);
        self.unfetched.as_ref().or(oldest)
    }
}

/// Notes that a document is not believed: nothing is installed from now on; when it was so before,
/// since then.
pub(super) fn stopped(owner: &mut Owner, said: &UiError) -> Result<(), UiError> {
    let (mut standing, now) = (Standing::read(owner)?, owner.now());
    let before = standing.stopped_at(now);
    standing.stopped = Some(Stopped::by(said, now, before.as_ref()));
    standing.put(owner)
}

/// Notes that something it has did not come, and may come another time.
pub(super) fn unfetched(owner: &mut Owner, said: &UiError) -> Result<(), UiError> {
    let (mut standing, now) = (Standing::read(owner)?, owner.now());
    let before = standing.unfetched.take();
    standing.unfetched = Some(Stopped::by(said, now, before.as_ref()));
    standing.put(owner)
}

/// A content in its place: its SHA-256 as hexadecimal digits and its path. What is of no use under
/// one name may be right under another.
pub(super) fn place(path: &str, sha256: &[u8; 32]) -> String {
    format!("{} {path}", hex::encode(sha256))
}

/// Notes that a content is of no use to this program in its [`place`], whenever it comes.
pub(super) fn useless(owner: &mut Owner, place: String, said: &UiError) -> Result<(), UiError> {
    let (mut standing, now) = (Standing::read(owner)?, owner.now());
    if standing.useless.len() < USELESS_MAX {
        let useless = Useless {
            reader: reader(),
            why: Stopped::by(said, now, None),
        };
        standing.useless.insert(place, useless);
    }
    standing.put(owner)
}

/// The places with contents of no use among those that are `named`; what is noted of others, or by
/// another program, is forgotten.
pub(super) fn still_useless(
    owner: &mut Owner,
    named: impl Iterator<Item = String>,
) -> Result<BTreeSet<String>, UiError> {
    let mut standing = Standing::read(owner)?;
    let noted = std::mem::take(&mut standing.useless);
    let (count, reader) = (noted.len(), reader());
    let mut still = BTreeSet::new();
    for place in named {
        if let Some(useless) = noted.get(&place).filter(|one| one.reader == reader) {
            standing.useless.insert(place.clone(), useless.clone());
            still.insert(place);
        }
    }
    if standing.useless.len() != count {
        standing.put(owner)?;
    }
    Ok(still)
}

/// Notes that all of the top and every list is believed as of now.
pub(super) fn refreshed(owner: &mut Owner, client: &Client) -> Result<(), UiError> {
    let mut standing = Standing::read(owner)?;
    standing.timestamp = client.timestamp_version().map(|version| version.number());
    standing.refreshed = Some(owner.now());
    standing.expires = client.expires();
    standing.stopped = None;
    standing.put(owner)
}

/// Notes that everything it has for this station has come.
pub(super) fn complete(owner: &mut Owner) -> Result<(), UiError> {
    let mut standing = Standing::read(owner)?;
    let was_unfetched = standing.unfetched.take().is_some();
    if was_unfetched || standing.complete != standing.timestamp {
        standing.complete = standing.timestamp;
        standing.put(owner)?;
    }
    Ok(())
}

/// The version of the timestamp as of which all that it has for this station is here, when that is the
/// newest that was believed. That it has expired is nothing against it: then what is newer is missing.
pub(super) fn complete_as_of(owner: &Owner) -> Result<Option<u64>, UiError> {
    let standing = Standing::read(owner)?;
    let is_complete = standing.stopped.is_none() && standing.lacks().is_none();
    let complete = standing.complete.filter(|_| is_complete);
    Ok(complete.filter(|complete| standing.timestamp == Some(*complete)))
}

/// Whether the repository is believed as of now, so that something may be installed from it. A
/// content that did not come, or is of no use, says nothing against the others.
///
/// # Errors
/// The faults of the store.
pub fn belief(owner: &Owner) -> Result<Belief, UiError> {
    let standing = Standing::read(owner)?;
    Ok(match standing.stopped_at(owner.now()) {
        Some(stopped) if stopped.code == Code::RepositoryExpired.name() => Belief::Expired,
        Some(_) => Belief::Not,
        None if standing.refreshed.is_some() => Belief::Fresh,
        None => Belief::Not,
    })
}

/// Whether the repository is believed as of now.
///
/// # Errors
/// The faults of the store.
pub fn is_fresh(owner: &Owner) -> Result<bool, UiError> {
    Ok(belief(owner)? == Belief::Fresh)
}

/// How the repository stands, for the status; nothing before an enrolment brought its root.
///
/// # Errors
/// The faults of the store.
pub fn view(owner: &Owner) -> Result<Option<RepositoryView>, UiError> {
    if !owner.store().has_repository()? {
        return Ok(None);
    }
    let standing = Standing::read(owner)?;
    let everything = standing.stopped_at(owner.now());
    let lacks = || standing.lacks().map(|lacks| shown(lacks, false));
    Ok(Some(RepositoryView {
        timestamp: standing.timestamp,
        refreshed: standing.refreshed.map(|at| at.0),
        expires: standing.expires.map(|at| at.0),
        stopped: everything.map(|why| shown(&why, true)).or_else(lacks),
    }))
}

fn shown(why: &Stopped, everything: bool) -> StoppedView {
    StoppedView {
        everything,
        since: why.since.0,
        code: why.code.clone(),
        message: why.message.clone(),
        hint: why.hint.clone(),
    }
}

/// A fault of the repository as a person reads it.
pub(in crate::services) fn said(fault: &TufFault) -> UiError {
    let what = fault.to_string();
    let values = [("what", what.as_str())];
    match fault {
        TufFault::Expired { at, .. } => expired_at(*at),
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

fn expired_at(at: UnixSeconds) -> UiError {
    let date = civil_date(at).to_string();
    say(Code::RepositoryExpired, &[("date", &date)])
}
