//! The four roles at the top, in the order in which they are believed.

use super::checks::{
    Authority, check_content, check_expiry, check_length, check_snapshot, check_version, not_older,
};
use super::{Ask, Change, Client, ROOT_ROTATIONS_MAX, Stage};
use crate::tuf::document::Document;
use crate::tuf::fault::TufFault;
use crate::tuf::key::Verifier;
use crate::tuf::metadata::{Metadata, Root, Snapshot, Timestamp};
use crate::tuf::path::RoleName;
use crate::tuf::{ROOT_MAX_BYTES, SNAPSHOT_MAX_BYTES, TARGETS_MAX_BYTES, TIMESTAMP_MAX_BYTES};

impl Client {
    /// 5.3.3 to 5.3.9: each root is signed by its own keys and by those of the one before, and its
    /// version is the next one.
    pub(super) fn take_root(&mut self, bytes: &[u8], verify: Verifier<'_>) -> Result<(), TufFault> {
        let name = RoleName::root();
        check_length(&name, bytes, ROOT_MAX_BYTES)?;
        let document = Document::read(&name, bytes)?;
        document.check(&name, &self.root.roles.root, &self.root.keys, verify)?;
        let root: Root = document.unverified(&name)?;
        document.check(&name, &root.roles.root, &root.keys, verify)?;
        check_version(&name, self.root.version.next(), root.version)?;
        self.root = root;
        self.roots_taken += 1;
        self.keep(name, bytes);
        self.stage = Stage::Roots;
        if self.roots_taken >= ROOT_ROTATIONS_MAX {
            return Err(TufFault::TooManyRoots(ROOT_ROTATIONS_MAX));
        }
        Ok(())
    }

    /// 5.3.10 and 5.3.11: the newest root must not have expired. What its keys have not signed is
    /// trusted no more, so that a repository whose keys were stolen and used for very high versions
    /// recovers by replacing them.
    pub(super) fn end_roots(&mut self, verify: Verifier<'_>) -> Result<(), TufFault> {
        check_expiry(&RoleName::root(), &self.root, self.now)?;
        self.timestamp = self.believed(&RoleName::timestamp(), verify);
        self.snapshot = self.believed(&RoleName::snapshot(), verify);
        self.stage = Stage::Timestamp;
        Ok(())
    }

    /// A held document of the top that the root's keys have signed; another one is forgotten.
    fn believed<M: Metadata>(&mut self, name: &RoleName, verify: Verifier<'_>) -> Option<M> {
        let bytes = self.held.get(name)?;
        let authority = Authority::top(&self.root, name);
        let read = Document::read(name, bytes).and_then(|one| authority.opens(&one, name, verify));
        if read.is_err() {
            self.held.remove(name);
            self.changes.push(Change::Forget(name.clone()));
        }
        read.ok()
    }

    /// 5.4: never an older timestamp, never an older snapshot, and of the same version nothing new.
    pub(super) fn take_timestamp(
        &mut self,
        bytes: &[u8],
        verify: Verifier<'_>,
    ) -> Result<(), TufFault> {
        let name = RoleName::timestamp();
        check_length(&name, bytes, TIMESTAMP_MAX_BYTES)?;
        let document = Document::read(&name, bytes)?;
        let authority = Authority::top(&self.root, &name);
        let offered: Timestamp = authority.opens(&document, &name, verify)?;
        self.stage = Stage::Snapshot;
        if let Some(trusted) = &self.timestamp {
            if offered.version == trusted.version {
                return check_expiry(&name, trusted, self.now);
            }
            not_older(&name, trusted.version, offered.version)?;
            if let (Some(old), Some(new)) = (trusted.snapshot(), offered.snapshot()) {
                not_older(&RoleName::snapshot(), old.version, new.version)?;
            }
        }
        check_expiry(&name, &offered, self.now)?;
        self.timestamp = Some(offered);
        self.keep(name, bytes);
        Ok(())
    }

    /// Whether the held snapshot is the one the timestamp names.
    pub(super) fn next_snapshot(&mut self) -> Result<Option<Ask>, TufFault> {
        let meta = self.snapshot_meta()?;
        let name = RoleName::snapshot();
        let is_it = self.snapshot.as_ref().is_some_and(|trusted| {
            trusted.version == meta.version
                && trusted.expires > self.now
                && self.held.get(&name).is_some_and(|bytes| meta.is(bytes))
        });
        if is_it {
            self.stage = Stage::Targets;
            return Ok(None);
        }
        self.stage = Stage::Snapshot;
        Ok(Some(self.ask_for(name, &meta, SNAPSHOT_MAX_BYTES)))
    }

    /// 5.5: the one that the timestamp names, and nothing in it older or missing.
    pub(super) fn take_snapshot(
        &mut self,
        bytes: &[u8],
        verify: Verifier<'_>,
    ) -> Result<(), TufFault> {
        let name = RoleName::snapshot();
        let meta = self.snapshot_meta()?;
        check_content(&name, &meta, bytes, SNAPSHOT_MAX_BYTES)?;
        let document = Document::read(&name, bytes)?;
        let authority = Authority::top(&self.root, &name);
        let offered: Snapshot = authority.opens(&document, &name, verify)?;
        check_version(&name, meta.version, offered.version)?;
        if let Some(trusted) = &self.snapshot {
            check_snapshot(trusted, &offered)?;
        }
        check_expiry(&name, &offered, self.now)?;
        self.snapshot = Some(offered);
        self.keep(name, bytes);
        self.stage = Stage::Targets;
        Ok(())
    }

    pub(super) fn next_targets(&mut self, verify: Verifier<'_>) -> Result<Option<Ask>, TufFault> {
        let name = RoleName::targets();
        let authority = Authority::top(&self.root, &name);
        let meta = self.meta_of(&name)?;
        if let Some(targets) = self.usable(&name, &authority, &meta, verify) {
            self.targets = Some(targets);
            return Ok(None);
        }
        self.stage = Stage::Targets;
        Ok(Some(self.ask_for(name, &meta, TARGETS_MAX_BYTES)))
    }
}
