//! The signed repository at the station: what is believed of it, and what comes from it.
//!
//! Driven in a contact by the service of the rates, when the data center's monitor names another
//! timestamp than the one that was believed last; with the same one nothing is asked. Level L0: only
//! signatures and hashes are trusted. Documents are written down as they are believed, targets part
//! by part, so that a line that breaks costs one part. A fault of the documents installs nothing, one of
//! a target nothing in its place; both leave everything that is here in use, and are told with the
//! instant since when ([`standing`]).
//! Tables: `repository_documents`, `repository_targets`, `repository_parts`.

mod delta;
mod fetching;
mod install;
mod news;
pub mod standing;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use shared::clock::UnixSeconds;
use shared::monitor::Marker;
use shared::services::ServiceId;
use shared::services::rates::RATES_ROLE;
use shared::services::repository::{METADATA_PATH, SOFTWARE_ROLE, STOPS_ROLE};
use shared::tuf::{Change, Client, RoleName, TargetFile, TargetPath, TufFault};

use super::{MESSAGE_BYTES, not_believed};
use crate::api::UiError;
use crate::contact::link::{LinkRequest, MAX_REPLY_BYTES};
use crate::crypto;
use crate::station::Owner;
use fetching::Fetching;
pub(super) use install::Useless;
use news::Told;

/// One refresh, and the fetching of what it found.
#[derive(Debug)]
pub struct Run {
    client: Client,
    /// What is asked for before anything else.
    opening: Option<LinkRequest>,
    /// Whether that was asked for last.
    is_opening: bool,
    /// What its reply may lean on.
    base: Vec<u8>,
    /// Whether nobody said that there is something: then its reply may say that there is nothing.
    is_guess: bool,
    /// Whether it said so.
    is_over: bool,
    /// What came for it.
    told: Told,
    /// Delegated roles whose lists are still to be read, the next one last.
    roles: Vec<RoleName>,
    /// Whether the list of a role is being read.
    is_listing: bool,
    /// What all roles name.
    listed: Vec<(TargetPath, TargetFile)>,
    /// What is fetched of it, once all lists are read.
    fetching: Option<Fetching>,
}

impl Run {
    fn begin(owner: &Owner, is_guess: bool) -> Result<Self, TufFaultOr> {
        let held = owner
            .store()
            .repository_documents()
            .map_err(UiError::from)?;
        let (opening, base) = (news::request(&held), news::base(&held));
        let client = Client::open(held, owner.now(), &crypto::verify_tuf)?;
        let roles = [SOFTWARE_ROLE, STOPS_ROLE, RATES_ROLE, "targets"];
        Ok(Self {
            client,
            is_over: is_guess && opening.is_none(),
            opening,
            is_opening: false,
            base,
            is_guess,
            told: Told::default(),
            roles: roles.into_iter().map(RoleName::new).collect(),
            is_listing: false,
            listed: Vec::new(),
            fetching: None,
        })
    }

    /// What is asked for next: what is new, then the documents and the parts of targets that did not
    /// come with that. Nothing once all is here.
    fn next(&mut self, owner: &mut Owner) -> Result<Option<LinkRequest>, TufFaultOr> {
        if self.is_over {
            return Ok(None);
        }
        if let Some(opening) = self.opening.take() {
            self.is_opening = true;
            return Ok(Some(opening));
        }
        while let Some(request) = self.wanted(owner)? {
            let Some(answer) = self.told.answer(&request) else {
                return Ok(Some(request));
            };
            self.take(owner, answer.as_deref())?;
        }
        Ok(None)
    }

    /// Takes the reply to what was asked last; nothing when the data center has no such thing.
    fn take(&mut self, owner: &mut Owner, reply: Option<&[u8]>) -> Result<(), TufFaultOr> {
        if std::mem::take(&mut self.is_opening) {
            let read = reply.map(|reply| Told::read(reply, &self.base));
            self.told = read.unwrap_or_default();
            self.is_over = self.is_guess && !self.told.has_timestamp();
            return Ok(());
        }
        match (&mut self.fetching, reply) {
            (Some(fetching), Some(reply)) => fetching.accept(owner, reply),
            (Some(fetching), None) => fetching.missing(owner).map_err(TufFaultOr::Station),
            (None, reply) => self.take_document(owner, reply),
        }
    }

    /// The next document or part that is wanted.
    fn wanted(&mut self, owner: &mut Owner) -> Result<Option<LinkRequest>, TufFaultOr> {
        loop {
            if let Some(fetching) = &mut self.fetching {
                return fetching.next(owner, &self.client);
            }
            if let Some(ask) = self.client.next(&crypto::verify_tuf)? {
                let path = format!("{METADATA_PATH}{}", ask.address());
                let limit = usize::try_from(ask.limit).unwrap_or(MAX_REPLY_BYTES);
                return Ok(Some(LinkRequest::Fetch { path, limit }));
            }
            if std::mem::take(&mut self.is_listing) {
                self.listed.extend_from_slice(self.client.listed());
            }
            match self.roles.pop() {
                Some(role) => {
                    self.client.list(role)?;
                    self.is_listing = true;
                }
                None => {
                    standing::refreshed(owner, &self.client)?;
                    let listed = std::mem::take(&mut self.listed);
                    self.fetching = Some(Fetching::plan(owner, listed)?);
                }
            }
        }
    }

    /// Takes a document, or that it is not there. What is believed of it is written down first.
    fn take_document(&mut self, owner: &mut Owner, reply: Option<&[u8]>) -> Result<(), TufFaultOr> {
        let taken = self.client.accept(reply, &crypto::verify_tuf);
        let changes = self.client.take_changes();
        if !changes.is_empty() {
            owner.named_roles().clear();
            owner.write("what is believed of the repository", |tx| {
                Ok::<_, UiError>(tx.put_repository(&changes)?)
            })?;
        }
        Ok(taken?)
    }
}

/// A fault of the repository's documents, which stops installing; one of what they name, which is
/// noted already and stops nothing else; or one of the station itself.
enum TufFaultOr {
    Repository(TufFault),
    Content(UiError),
    Station(UiError),
}

impl From<TufFault> for TufFaultOr {
    fn from(fault: TufFault) -> Self {
        Self::Repository(fault)
    }
}

impl From<UiError> for TufFaultOr {
    fn from(fault: UiError) -> Self {
        Self::Station(fault)
    }
}

/// The root that an enrolment brings, as it is written down with it.
///
/// # Errors
/// `reply_not_believed` when it is none, or not signed by its own keys.
pub(crate) fn first_root(root: &[u8], now: UnixSeconds) -> Result<Change, UiError> {
    let held = BTreeMap::from([(RoleName::root(), root.to_vec())]);
    let opened = Client::open(held, now, &crypto::verify_tuf);
    opened.map_err(|_| not_believed("the root of its repository"))?;
    Ok(Change::Keep(RoleName::root(), root.to_vec()))
}

/// The next request: when the data center has another timestamp than the last time, until all that
/// it has for this station is here.
///
/// # Errors
/// Why nothing of it is installed; it is also noted for the status.
pub(super) fn next_request(owner: &mut Owner) -> Result<Option<LinkRequest>, UiError> {
    let (due, guess) = (owner.take_due(ServiceId::Rates), owner.take_guess());
    // What goes on may bring what was told of meanwhile: it ends first.
    if let Some(run) = owner.repository_run().take() {
        let next = go_on(owner, *run)?;
        if next.is_some() {
            if due {
                owner.set_due(ServiceId::Rates);
            }
            return Ok(next);
        }
    }
    let is_wanted = due && !is_here(owner)?;
    if !is_wanted && !guess {
        return Ok(None);
    }
    let run = Run::begin(owner, !is_wanted);
    let run = stopped_by(owner, run)?;
    go_on(owner, run)
}

fn go_on(owner: &mut Owner, mut run: Run) -> Result<Option<LinkRequest>, UiError> {
    let next = run.next(owner);
    let next = stopped_by(owner, next)?;
    if next.is_some() {
        *owner.repository_run() = Some(Box::new(run));
    }
    Ok(next)
}

/// Whether all that the data center has said it has is here: who asked before it was told may have it.
fn is_here(owner: &Owner) -> Result<bool, UiError> {
    let told = owner.told_of_repository().map(Marker::version);
    Ok(owner.has_guessed() && told.is_some() && standing::complete_as_of(owner)? == told)
}

/// Has the next question ask without having been told that there is something, where all that was here
/// is in order: on a line on which the word of it would take a round trip first.
///
/// # Errors
/// The faults of the store.
pub(super) fn guess(owner: &mut Owner) -> Result<(), UiError> {
    if standing::complete_as_of(owner)?.is_some() {
        owner.set_guess();
    }
    Ok(())
}

/// The bytes of what is asked for next.
pub(super) fn expected_bytes(owner: &mut Owner) -> u64 {
    let run = owner.repository_run().take();
    let part = run.as_ref().and_then(|run| run.fetching.as_ref());
    let bytes = part.and_then(|part| part.next_bytes(owner));
    *owner.repository_run() = run;
    bytes.unwrap_or(MESSAGE_BYTES)
}

/// Takes the reply to what was asked last; nothing when the data center has no such thing.
///
/// # Errors
/// As [`next_request`].
pub(super) fn accept(owner: &mut Owner, reply: Option<&[u8]>) -> Result<(), UiError> {
    let Some(mut run) = owner.repository_run().take() else {
        return Err(not_believed("an answer to nothing"));
    };
    let taken = run.take(owner, reply);
    stopped_by(owner, taken)?;
    *owner.repository_run() = Some(run);
    Ok(())
}

/// Takes it that what was asked last is not answered now: all that is new in one reply is a courtesy, and
/// is then asked for piece by piece. Whether it was that.
///
/// # Errors
/// As [`next_request`].
pub(super) fn untold(owner: &mut Owner) -> Result<bool, UiError> {
    let run = owner.repository_run().as_ref();
    let is_opening = run.is_some_and(|run| run.is_opening);
    if is_opening {
        accept(owner, None)?;
    }
    Ok(is_opening)
}

/// Takes it that what was asked last has no reply that could be read: it is too long, or comes too
/// slowly, or was cut. Notes since when and why.
///
/// # Errors
/// The faults of the store.
pub(super) fn broke_off(owner: &mut Owner, why: &UiError) -> Result<(), UiError> {
    match owner.repository_run().take() {
        Some(_) => standing::unfetched(owner, why),
        None => Ok(()),
    }
}

/// Notes since when and why nothing is installed.
fn stopped_by<T>(owner: &mut Owner, outcome: Result<T, TufFaultOr>) -> Result<T, UiError> {
    match outcome {
        Ok(value) => Ok(value),
        Err(TufFaultOr::Station(fault) | TufFaultOr::Content(fault)) => Err(fault),
        Err(TufFaultOr::Repository(fault)) => {
            let said = standing::said(&fault);
            tracing::warn!(%fault, "the repository is not believed");
            standing::stopped(owner, &said)?;
            Err(said)
        }
    }
}

/// A target that a role of the repository names, as this station believes it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its path.
    pub path: TargetPath,
    /// Length, hashes and what else is said of it.
    pub file: TargetFile,
    /// Where the data center has it.
    pub address: String,
}

/// What a role names, by the documents that are here: nothing is asked for. Their signatures are
/// looked at once in a contact, as of its beginning.
///
/// # Errors
/// Why they are not believed (also because they have expired), and the faults of the store.
pub fn named_by(owner: &mut Owner, role: &'static str) -> Result<Arc<[Named]>, UiError> {
    named(owner, role).map_err(|fault| match fault {
        TufFaultOr::Repository(fault) => standing::said(&fault),
        TufFaultOr::Station(fault) | TufFaultOr::Content(fault) => fault,
    })
}

/// As [`named_by`], for a service that is served beside the refresh: while the documents are not
/// believed, or a refresh has brought only some of them, nothing is named. Why is said by the service
/// that brings them.
///
/// # Errors
/// The faults of the store.
pub fn named_for_now(owner: &mut Owner, role: &'static str) -> Result<Arc<[Named]>, UiError> {
    match named(owner, role) {
        Ok(named) => Ok(named),
        Err(TufFaultOr::Repository(fault)) => {
            tracing::debug!(%fault, role, "the repository names nothing");
            Ok(Arc::from([]))
        }
        Err(TufFaultOr::Station(fault) | TufFaultOr::Content(fault)) => Err(fault),
    }
}

fn named(owner: &mut Owner, role: &'static str) -> Result<Arc<[Named]>, TufFaultOr> {
    if let Some(named) = owner.named_roles().get(role) {
        return Ok(Arc::clone(named));
    }
    let held = owner
        .store()
        .repository_documents()
        .map_err(UiError::from)?;
    let mut client = Client::from_held(held, owner.now(), &crypto::verify_tuf)?;
    client.list(RoleName::new(role))?;
    client.answer_from_held(&crypto::verify_tuf)?;
    let mut named = Vec::new();
    for (path, file) in client.listed() {
        named.push(Named {
            address: fetching::address(&client, path, file)?,
            path: path.clone(),
            file: file.clone(),
        });
    }
    let named: Arc<[Named]> = named.into();
    owner.named_roles().insert(role, Arc::clone(&named));
    Ok(named)
}
