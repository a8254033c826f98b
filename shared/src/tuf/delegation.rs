//! What a targets role leaves to others.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::key::{Key, KeyId, Role};
use super::path::{RoleName, TargetPath};

/// What a targets role leaves to others: the first that covers a path is asked first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegations {
    /// The keys of the roles.
    pub keys: BTreeMap<KeyId, Key>,
    /// The roles, in the order in which they are asked.
    pub roles: Vec<DelegatedRole>,
}

/// A role that may name some of the targets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelegatedRole {
    /// Its name.
    pub name: RoleName,
    /// Its keys.
    #[serde(flatten)]
    pub role: Role,
    /// Whether nobody after it is asked for a path it covers.
    pub terminating: bool,
    /// The patterns of the paths it may name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paths: Option<Vec<String>>,
    /// Instead of patterns: the first digits of SHA-256 of the paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_hash_prefixes: Option<Vec<String>>,
}

impl DelegatedRole {
    /// Whether it may name this target.
    #[must_use]
    pub fn covers(&self, path: &TargetPath) -> bool {
        let by_pattern = self.paths.iter().flatten();
        let by_hash = self.path_hash_prefixes.as_ref().is_some_and(|prefixes| {
            let hash = HEXLOWER.encode(&Sha256::digest(path.as_str()));
            prefixes.iter().any(|prefix| hash.starts_with(prefix))
        });
        by_hash || by_pattern.into_iter().any(|one| path.is_covered_by(one))
    }
}

impl Delegations {
    /// Whether every role is named once, is none of those at the top, and says what it may name in
    /// one way.
    #[must_use]
    pub(super) fn is_sound(&self) -> bool {
        let names: std::collections::BTreeSet<&RoleName> =
            self.roles.iter().map(|one| &one.name).collect();
        names.len() == self.roles.len()
            && self.roles.iter().all(|one| {
                !one.name.is_top_level()
                    && !one.name.as_str().is_empty()
                    && one.paths.is_some() != one.path_hash_prefixes.is_some()
            })
    }

    /// A role by its name.
    #[must_use]
    pub fn role(&self, name: &RoleName) -> Option<&DelegatedRole> {
        self.roles.iter().find(|one| one.name == *name)
    }
}
