//! Whether one document is what it has to be.

use std::collections::BTreeMap;

use crate::clock::UnixSeconds;
use crate::tuf::document::Document;
use crate::tuf::fault::TufFault;
use crate::tuf::key::{Key, KeyId, Role, Verifier};
use crate::tuf::metadata::{MetaFile, Metadata, Root, Snapshot, Version};
use crate::tuf::path::RoleName;
use crate::tuf::{DOCUMENT_MAX_BYTES, DelegatedRole, Delegations};

/// Whose signatures count for a role, as whoever leads to it says.
///
/// A role that two others delegate to may have other keys on each way, so what was believed on one
/// way proves nothing on the other.
#[derive(Clone, Debug)]
pub(super) struct Authority {
    role: Option<Role>,
    keys: BTreeMap<KeyId, Key>,
}

impl Authority {
    /// A role at the top.
    pub(super) fn top(root: &Root, name: &RoleName) -> Self {
        Self::of(root.role(name), &root.keys)
    }

    /// A delegated role.
    pub(super) fn delegated(delegations: &Delegations, to: &DelegatedRole) -> Self {
        Self::of(Some(&to.role), &delegations.keys)
    }

    fn of(role: Option<&Role>, keys: &BTreeMap<KeyId, Key>) -> Self {
        let named = |id: &KeyId| role.is_some_and(|role| role.keyids.contains(id));
        let keys = keys.iter().filter(|(id, _)| named(id));
        Self {
            role: role.cloned(),
            keys: keys.map(|(id, key)| (id.clone(), key.clone())).collect(),
        }
    }

    /// Reads a document that enough of these keys have signed.
    pub(super) fn opens<M: Metadata>(
        &self,
        document: &Document,
        name: &RoleName,
        verify: Verifier<'_>,
    ) -> Result<M, TufFault> {
        let role = self.role.as_ref();
        let role = role.ok_or_else(|| TufFault::Missing(name.to_string()))?;
        document.verified(name, role, &self.keys, verify)
    }
}

/// The most bytes a document may have: what is signed for it, or else the limit of its kind.
pub(super) fn limit_of(meta: &MetaFile, most: u64) -> u64 {
    meta.length.unwrap_or(most).min(DOCUMENT_MAX_BYTES)
}

pub(super) fn check_content(
    role: &RoleName,
    meta: &MetaFile,
    bytes: &[u8],
    most: u64,
) -> Result<(), TufFault> {
    let limit = limit_of(meta, most);
    if u64::try_from(bytes.len()).map_or(true, |length| length > limit) {
        return Err(TufFault::TooLong {
            what: role.to_string(),
            limit,
        });
    }
    if meta.is(bytes) {
        Ok(())
    } else {
        Err(TufFault::WrongContent(role.to_string()))
    }
}

pub(super) fn check_version(
    role: &RoleName,
    expected: Version,
    found: Version,
) -> Result<(), TufFault> {
    if expected == found {
        return Ok(());
    }
    Err(TufFault::WrongVersion {
        role: role.clone(),
        expected,
        found,
    })
}

pub(super) fn check_expiry<M: Metadata>(
    role: &RoleName,
    metadata: &M,
    now: UnixSeconds,
) -> Result<(), TufFault> {
    let at = metadata.expires();
    if at > now {
        return Ok(());
    }
    Err(TufFault::Expired {
        role: role.clone(),
        at,
    })
}

/// Nothing that a snapshot names may be older than in the trusted one, or gone.
pub(super) fn check_snapshot(trusted: &Snapshot, offered: &Snapshot) -> Result<(), TufFault> {
    for (file, old) in &trusted.meta {
        let role = RoleName::new(file.strip_suffix(".json").unwrap_or(file));
        match offered.meta.get(file) {
            None => return Err(TufFault::NotInSnapshot(role)),
            Some(new) => not_older(&role, old.version, new.version)?,
        }
    }
    Ok(())
}

pub(super) fn not_older(role: &RoleName, trusted: Version, found: Version) -> Result<(), TufFault> {
    if found >= trusted {
        return Ok(());
    }
    Err(TufFault::RolledBack {
        role: role.clone(),
        trusted,
        found,
    })
}

pub(super) fn check_length(role: &RoleName, bytes: &[u8], limit: u64) -> Result<(), TufFault> {
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= limit) {
        return Ok(());
    }
    Err(TufFault::TooLong {
        what: role.to_string(),
        limit,
    })
}
