//! What a document says that is signed offline, in words: a keyholder signs nothing unread.

use std::collections::BTreeMap;

use shared::tuf::{Document, Key, KeyId, Metadata as _, Role, Root, Targets};

use super::view::DraftView;
use crate::admin::view::time;
use crate::repository::{RepositoryError, RepositoryRole};

/// Letters of a key's name: enough to tell keys apart when they are read out on the telephone.
const NAME_CHARS: usize = 16;

/// A document as things that are each so or so, in order.
struct Said {
    /// What changes with every version.
    times: Vec<String>,
    /// The rest: what it is about, and what is said of it.
    facts: BTreeMap<String, String>,
}

impl DraftView {
    /// A draft, with what it changes against the document that is in force.
    ///
    /// # Errors
    /// [`RepositoryError`] when one of them does not say what its role says.
    pub(in crate::admin) fn of(
        role: RepositoryRole,
        document: &Document,
        in_force: Option<&Document>,
    ) -> Result<Self, RepositoryError> {
        let said = Said::of(role, document)?;
        let before = in_force.map(|one| Said::of(role, one)).transpose()?;
        let facts = said
            .facts
            .iter()
            .map(|(what, says)| format!("{what}: {says}"));
        Ok(Self {
            role,
            document: String::from_utf8_lossy(&document.to_bytes()).into_owned(),
            signatures: document.signatures().len(),
            says: said.times.iter().cloned().chain(facts).collect(),
            changes: before.map(|before| said.changes(&before)),
        })
    }
}

impl Said {
    fn of(role: RepositoryRole, document: &Document) -> Result<Self, RepositoryError> {
        let name = role.role_name();
        let mut facts = BTreeMap::new();
        let (version, expires) = if role == RepositoryRole::Root {
            let root: Root = document.unverified(&name)?;
            for one in RepositoryRole::ALL {
                if let Some(keys) = root.role(&one.role_name()) {
                    facts.insert(format!("role {}", one.name()), keys_of(keys, &root.keys));
                }
            }
            let snapshots = if root.consistent_snapshot {
                "yes"
            } else {
                "NO"
            };
            facts.insert("consistent snapshots".to_owned(), snapshots.to_owned());
            (root.version(), root.expires)
        } else {
            let targets: Targets = document.unverified(&name)?;
            for (path, file) in &targets.targets {
                let hash = file.hashes.sha256().map(|hash| hash.to_vec());
                let hash = data_encoding::HEXLOWER.encode(&hash.unwrap_or_default());
                let says = format!("{} bytes, SHA-256 {hash}", file.length);
                facts.insert(format!("target {path}"), says);
            }
            if let Some(all) = &targets.delegations {
                for one in &all.roles {
                    let paths = one.paths.clone().unwrap_or_default().join(" ");
                    let says = format!("{} for {paths}", keys_of(&one.role, &all.keys));
                    facts.insert(format!("delegates to {}", one.name), says);
                }
            }
            (targets.version(), targets.expires)
        };
        Ok(Self {
            times: vec![
                format!("version {version}"),
                format!("holds until {}", time(expires)),
            ],
            facts,
        })
    }

    /// What is said here and not there, and there and not here.
    fn changes(&self, before: &Self) -> Vec<String> {
        let new = self
            .facts
            .iter()
            .filter_map(|(what, says)| match before.facts.get(what) {
                Some(old) if old == says => None,
                Some(old) => Some(format!("{what}: {says}; before: {old}")),
                None => Some(format!("{what}: {says}; before: nothing")),
            });
        let gone = before.facts.keys();
        let gone = gone.filter(|what| !self.facts.contains_key(*what));
        new.chain(gone.map(|what| format!("{what}: nothing any more")))
            .collect()
    }
}

/// `2 of 3 keys 0123456789abcdef ...`; a key that is not described is said to be missing.
fn keys_of(role: &Role, keys: &BTreeMap<KeyId, Key>) -> String {
    let names = role.keyids.iter().map(|id| {
        let name: String = id.as_str().chars().take(NAME_CHARS).collect();
        match keys.get(id) {
            Some(_) => name,
            None => format!("{name} (MISSING)"),
        }
    });
    let names: Vec<String> = names.collect();
    let (threshold, all) = (role.threshold, names.len());
    format!("{threshold} of {all} keys {}", names.join(" "))
}
