//! The client's workflow (TUF 1.0.31, section 5): what to fetch next, and what to believe.
//!
//! Whoever drives it asks [`Client::next`], fetches what that says with its length limit, hands the
//! bytes to [`Client::accept`], and writes down [`Client::take_changes`] before going on. A fault
//! ends it: what was believed before stays as it was written down, and nothing after it is.
//!
//! Time is the one it was opened with (5.1): a refresh that takes long does not expire in between.

mod checks;
mod held;
mod search;
mod top;

use std::collections::BTreeMap;

use checks::{Authority, check_content, check_expiry, check_version, limit_of};
pub use search::Found;
use search::Search;

use super::document::Document;
use super::fault::TufFault;
use super::key::Verifier;
use super::metadata::{MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp, Version};
use super::path::{RoleName, TargetPath};
use super::{ROOT_MAX_BYTES, TARGETS_MAX_BYTES, TIMESTAMP_MAX_BYTES};
use crate::clock::UnixSeconds;

/// The most root documents that one refresh takes. A chain that goes on beyond is a fault; those
/// that were taken are kept, so that a station that slept for years gets on with each contact.
pub const ROOT_ROTATIONS_MAX: u32 = 64;

/// The most delegated roles that the search for one target leads through.
pub const DELEGATIONS_MAX: usize = 32;

/// A document to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Its role.
    pub role: RoleName,
    /// The version in its address; none where the address has none.
    pub version: Option<Version>,
    /// The most bytes it may have. More than those are not to be read.
    pub limit: u64,
}

impl Ask {
    /// Its address below the repository's metadata: `7.snapshot.json`.
    #[must_use]
    pub fn address(&self) -> String {
        let name = self.role.quoted();
        match self.version {
            Some(version) => format!("{version}.{name}.json"),
            None => format!("{name}.json"),
        }
    }
}

/// What is to be written down, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// These bytes are the trusted document of the role.
    Keep(RoleName, Vec<u8>),
    /// The role has no trusted document any more: its keys were replaced (5.3.11).
    Forget(RoleName),
}

/// What is fetched at the moment.
#[derive(Clone, Debug)]
enum Stage {
    Roots,
    Timestamp,
    Snapshot,
    Targets,
    /// Nothing: all of the top is believed.
    Fresh,
    Searching(Search),
    Listing(RoleName),
    Ended(TufFault),
}

/// A client of one repository, from a trusted root to what it looks for.
#[derive(Clone, Debug)]
pub struct Client {
    now: UnixSeconds,
    held: BTreeMap<RoleName, Vec<u8>>,
    root: Root,
    roots_taken: u32,
    timestamp: Option<Timestamp>,
    /// The trusted snapshot, also while a newer one is being fetched.
    snapshot: Option<Snapshot>,
    targets: Option<Targets>,
    stage: Stage,
    found: Option<Found>,
    listed: Option<Vec<(TargetPath, TargetFile)>>,
    changes: Vec<Change>,
}

impl Client {
    /// Begins from the trusted documents as they were written down; only the root has to be there.
    ///
    /// # Errors
    /// When the root cannot be read or is not signed by its own keys. It may have expired.
    pub fn open(
        held: BTreeMap<RoleName, Vec<u8>>,
        now: UnixSeconds,
        verify: Verifier<'_>,
    ) -> Result<Self, TufFault> {
        let name = RoleName::root();
        let bytes = held
            .get(&name)
            .ok_or_else(|| TufFault::Missing(name.to_string()))?;
        let document = Document::read(&name, bytes)?;
        let root: Root = document.unverified(&name)?;
        document.check(&name, &root.roles.root, &root.keys, verify)?;
        Ok(Self {
            now,
            held,
            root,
            roots_taken: 0,
            timestamp: None,
            snapshot: None,
            targets: None,
            stage: Stage::Roots,
            found: None,
            listed: None,
            changes: Vec::new(),
        })
    }

    /// What to fetch next; nothing when it is at rest: refreshed, or done with what it looked for.
    ///
    /// # Errors
    /// The fault that ended it.
    pub fn next(&mut self, verify: Verifier<'_>) -> Result<Option<Ask>, TufFault> {
        let asked = self.advance(verify);
        self.ended_by(asked)
    }

    /// Takes what was fetched; nothing when the repository says that it is not there. That ends
    /// the chain of roots, and is a fault everywhere else.
    ///
    /// # Errors
    /// Why the reply is not believed; the client has ended then.
    pub fn accept(&mut self, reply: Option<&[u8]>, verify: Verifier<'_>) -> Result<(), TufFault> {
        let taken = self.take(reply, verify);
        self.ended_by(taken)
    }

    /// What is to be written down since the last time this was asked.
    #[must_use = "what is not written down is not trusted at the next start"]
    pub fn take_changes(&mut self) -> Vec<Change> {
        core::mem::take(&mut self.changes)
    }

    /// Looks for a target, by the order of delegations (5.6.7). Only once refreshed.
    ///
    /// # Errors
    /// [`TufFault::NotAsked`] before that, or the fault that ended it.
    pub fn look_for(&mut self, path: TargetPath) -> Result<(), TufFault> {
        self.found = None;
        let authority = Authority::top(&self.root, &RoleName::targets());
        self.begin(Stage::Searching(Search::begin(path, authority)))
    }

    /// Reads the targets that a role which the top delegates to may name. Only once refreshed.
    ///
    /// # Errors
    /// As [`Self::look_for`].
    pub fn list(&mut self, role: RoleName) -> Result<(), TufFault> {
        self.listed = None;
        self.begin(Stage::Listing(role))
    }

    /// The target that was looked for.
    ///
    /// # Errors
    /// [`TufFault::NoSuchTarget`].
    pub fn found(&self, path: &TargetPath) -> Result<&Found, TufFault> {
        let found = self.found.as_ref().filter(|found| found.path == *path);
        found.ok_or_else(|| TufFault::NoSuchTarget(path.to_string()))
    }

    /// The targets of the role that was listed; none before it has been read.
    #[must_use]
    pub fn listed(&self) -> &[(TargetPath, TargetFile)] {
        self.listed.as_deref().unwrap_or_default()
    }

    /// Whether the top of the repository is believed as of now.
    #[must_use]
    pub const fn is_fresh(&self) -> bool {
        matches!(
            self.stage,
            Stage::Fresh | Stage::Searching(_) | Stage::Listing(_)
        )
    }

    /// The version of the timestamp that is believed.
    #[must_use]
    pub fn timestamp_version(&self) -> Option<Version> {
        self.timestamp.as_ref().map(|timestamp| timestamp.version)
    }

    /// The first instant at which something of the top is believed no more; once refreshed.
    #[must_use]
    pub fn expires(&self) -> Option<UnixSeconds> {
        let (timestamp, snapshot, targets) = (
            self.timestamp.as_ref()?.expires,
            self.snapshot.as_ref()?.expires,
            self.targets.as_ref()?.expires,
        );
        Some(self.root.expires.min(timestamp).min(snapshot).min(targets))
    }

    /// The address of a target below the repository's targets: with its hash before the last
    /// segment where the root says so (5.7.3).
    ///
    /// # Errors
    /// [`TufFault::WrongContent`] when it has no hash that could stand there.
    pub fn address_of(&self, path: &TargetPath, file: &TargetFile) -> Result<String, TufFault> {
        if !self.root.consistent_snapshot {
            return Ok(path.address(None));
        }
        let hash = file.hashes.in_addresses();
        let hash = hash.ok_or_else(|| TufFault::WrongContent(path.to_string()))?;
        Ok(path.address(Some(hash)))
    }

    fn begin(&mut self, stage: Stage) -> Result<(), TufFault> {
        match &self.stage {
            Stage::Fresh => {
                self.stage = stage;
                Ok(())
            }
            Stage::Ended(fault) => Err(fault.clone()),
            Stage::Roots
            | Stage::Timestamp
            | Stage::Snapshot
            | Stage::Targets
            | Stage::Searching(_)
            | Stage::Listing(_) => Err(TufFault::NotAsked),
        }
    }

    /// A fault ends the client.
    fn ended_by<T>(&mut self, outcome: Result<T, TufFault>) -> Result<T, TufFault> {
        if let Err(fault) = &outcome {
            self.stage = Stage::Ended(fault.clone());
        }
        outcome
    }

    /// Goes on with what is held, until something has to be fetched.
    fn advance(&mut self, verify: Verifier<'_>) -> Result<Option<Ask>, TufFault> {
        loop {
            let ask = match core::mem::replace(&mut self.stage, Stage::Fresh) {
                Stage::Fresh => return Ok(None),
                Stage::Ended(fault) => return Err(fault),
                Stage::Roots => {
                    self.stage = Stage::Roots;
                    let version = Some(self.root.version.next());
                    Some(ask(RoleName::root(), version, ROOT_MAX_BYTES))
                }
                Stage::Timestamp => {
                    self.stage = Stage::Timestamp;
                    Some(ask(RoleName::timestamp(), None, TIMESTAMP_MAX_BYTES))
                }
                Stage::Snapshot => self.next_snapshot()?,
                Stage::Targets => self.next_targets(verify)?,
                Stage::Searching(search) => self.next_search(search, verify)?,
                Stage::Listing(role) => self.next_list(role, verify)?,
            };
            if ask.is_some() {
                return Ok(ask);
            }
        }
    }

    fn take(&mut self, reply: Option<&[u8]>, verify: Verifier<'_>) -> Result<(), TufFault> {
        let stage = core::mem::replace(&mut self.stage, Stage::Fresh);
        match (stage, reply) {
            (Stage::Ended(fault), _) => Err(fault),
            (Stage::Fresh, _) => Err(TufFault::NotAsked),
            (Stage::Roots, None) => self.end_roots(verify),
            (Stage::Roots, Some(bytes)) => self.take_root(bytes, verify),
            (Stage::Timestamp, None) => Err(missing(&RoleName::timestamp())),
            (Stage::Timestamp, Some(bytes)) => self.take_timestamp(bytes, verify),
            (Stage::Snapshot, None) => Err(missing(&RoleName::snapshot())),
            (Stage::Snapshot, Some(bytes)) => self.take_snapshot(bytes, verify),
            (Stage::Targets, None) => Err(missing(&RoleName::targets())),
            (Stage::Targets, Some(bytes)) => {
                let name = RoleName::targets();
                let authority = Authority::top(&self.root, &name);
                self.targets = Some(self.take_role(&name, &authority, bytes, verify)?);
                Ok(())
            }
            (Stage::Searching(search), None) => {
                Err(search.asked().map_or(TufFault::NotAsked, missing))
            }
            (Stage::Searching(mut search), Some(bytes)) => {
                let (name, authority) = search.take_asked().ok_or(TufFault::NotAsked)?;
                let targets = self.take_role(&name, &authority, bytes, verify)?;
                self.visit(search, name, &targets)
            }
            (Stage::Listing(role), None) => Err(missing(&role)),
            (Stage::Listing(role), Some(bytes)) => {
                let authority = self.listed_authority(&role).ok_or(TufFault::NotAsked)?;
                let targets = self.take_role(&role, &authority, bytes, verify)?;
                self.put_list(&role, &targets);
                Ok(())
            }
        }
    }

    /// What the snapshot says of a targets role.
    fn meta_of(&self, name: &RoleName) -> Result<MetaFile, TufFault> {
        let meta = self.snapshot.as_ref().and_then(|one| one.of(name));
        meta.cloned()
            .ok_or_else(|| TufFault::NotInSnapshot(name.clone()))
    }

    fn snapshot_meta(&self) -> Result<MetaFile, TufFault> {
        let meta = self.timestamp.as_ref().and_then(Timestamp::snapshot);
        meta.cloned().ok_or_else(|| missing(&RoleName::snapshot()))
    }

    /// The held document of a targets role, when it is the one that the snapshot names, whoever
    /// led here has its keys, and it has not expired.
    fn usable(
        &self,
        name: &RoleName,
        authority: &Authority,
        meta: &MetaFile,
        verify: Verifier<'_>,
    ) -> Option<Targets> {
        let bytes = self.held.get(name).filter(|bytes| meta.is(bytes))?;
        let document = Document::read(name, bytes).ok()?;
        let targets: Targets = authority.opens(&document, name, verify).ok()?;
        (targets.version == meta.version && targets.expires > self.now).then_some(targets)
    }

    /// 5.6: the one that the snapshot names, signed by the keys of whoever led here.
    fn take_role(
        &mut self,
        name: &RoleName,
        authority: &Authority,
        bytes: &[u8],
        verify: Verifier<'_>,
    ) -> Result<Targets, TufFault> {
        let meta = self.meta_of(name)?;
        check_content(name, &meta, bytes, TARGETS_MAX_BYTES)?;
        let document = Document::read(name, bytes)?;
        let targets: Targets = authority.opens(&document, name, verify)?;
        check_version(name, meta.version, targets.version)?;
        check_expiry(name, &targets, self.now)?;
        self.keep(name.clone(), bytes);
        Ok(targets)
    }

    fn keep(&mut self, name: RoleName, bytes: &[u8]) {
        self.held.insert(name.clone(), bytes.to_vec());
        self.changes.push(Change::Keep(name, bytes.to_vec()));
    }

    fn ask_for(&self, role: RoleName, meta: &MetaFile, most: u64) -> Ask {
        let version = self.root.consistent_snapshot.then_some(meta.version);
        ask(role, version, limit_of(meta, most))
    }
}

const fn ask(role: RoleName, version: Option<Version>, limit: u64) -> Ask {
    Ask {
        role,
        version,
        limit,
    }
}

fn missing(role: &RoleName) -> TufFault {
    TufFault::Missing(role.to_string())
}
