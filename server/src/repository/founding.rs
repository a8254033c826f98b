//! Makes the repository of a data center: of a new one, or of one that an earlier program made.

use core::num::NonZeroU32;
use std::collections::BTreeMap;

use shared::clock::UnixSeconds;
use shared::services::repository::{AUTHORITIES_TARGET, STOP_LIST_TARGET};
use shared::tuf::{
    DelegatedRole, Delegations, Document, Key, KeyId, Role, Roles, Root, TargetFile, Targets,
    Version,
};
use zeroize::Zeroizing;

use super::role::{RepositoryRole, next_version};
use super::sign::{ONE, id_of, role_of, signed};
use super::{ROOT_THRESHOLD, RepositoryError, content, keys, publishing, store};
use crate::ca::{self, Ed25519Key, Origin};
use crate::center::DataCenter;
use crate::db::Tx;
use crate::folder::{Folder, write_private};
use crate::ledger::Ledger;

/// A new repository whose keys lie in their files and whose metadata is signed and not kept yet.
#[derive(Debug)]
pub(crate) struct Founded {
    documents: Vec<(RepositoryRole, Document, UnixSeconds)>,
    contents: [Vec<u8>; 2],
    online: publishing::OnlineKeys,
    epoch: u32,
}

/// The keys of the roles that are delegated to.
struct Delegated {
    rates: Ed25519Key,
    software: Ed25519Key,
    stops: Ed25519Key,
}

impl Delegated {
    const fn key(&self, role: RepositoryRole) -> Option<&Ed25519Key> {
        match role {
            RepositoryRole::Rates => Some(&self.rates),
            RepositoryRole::Software => Some(&self.software),
            RepositoryRole::Stops => Some(&self.stops),
            RepositoryRole::Root
            | RepositoryRole::Targets
            | RepositoryRole::Snapshot
            | RepositoryRole::Timestamp => None,
        }
    }
}

impl Founded {
    /// Makes all keys in their files, and signs the first version of everything that is signed
    /// seldom.
    ///
    /// `passphrase` is that of the offline keys. The keys that publish get one of their own, which is
    /// left in a file beside the offline keys, to be moved away with them; one that is `given`
    /// is not kept. Versions are those of the `epoch`.
    pub(crate) fn make(
        folder: &Folder,
        (passphrase, given): (&str, Option<&str>),
        authorities: &str,
        (epoch, now): (u32, UnixSeconds),
    ) -> Result<Self, RepositoryError> {
        let (root_keys, targets_key) = keys::make_offline(folder, passphrase)?;
        let publish = match given {
            Some(given) => (Zeroizing::new(given.to_owned()), Origin::Chosen),
            None => {
                let made = ca::new_passphrase()?;
                let line = Zeroizing::new(format!("{}\n", made.as_str()));
                write_private(&folder.publish_passphrase(), line.as_bytes())?;
                (made, Origin::Made)
            }
        };
        let sealed = |role| keys::make_sealed(folder, role, (&publish.0, publish.1));
        let (rates, software) = (
            sealed(RepositoryRole::Rates)?,
            sealed(RepositoryRole::Software)?,
        );
        let delegated = Delegated {
            rates: rates.into_key(),
            software: software.into_key(),
            stops: keys::make_open(folder, RepositoryRole::Stops)?,
        };
        let online = publishing::OnlineKeys {
            snapshot: keys::make_open(folder, RepositoryRole::Snapshot)?,
            timestamp: keys::make_open(folder, RepositoryRole::Timestamp)?,
        };
        let root_keys: Vec<&Ed25519Key> = root_keys.iter().map(|key| key.key()).collect();
        let targets_key = targets_key.key();
        let root = first_root(&root_keys, targets_key, &online, now);
        let contents = [authorities.as_bytes().to_vec(), Vec::new()];
        let version = next_version(None, epoch);
        let targets = first_targets(&delegated, &contents[0], (version, now));
        let mut documents = vec![
            (
                RepositoryRole::Root,
                signed(&root, &root_keys),
                root.expires,
            ),
            (
                RepositoryRole::Targets,
                signed(&targets, &[targets_key]),
                targets.expires,
            ),
        ];
        for role in RepositoryRole::DELEGATED {
            let mut names = no_targets(role, (version, now));
            if role == RepositoryRole::Stops {
                let list = TargetFile::of(&contents[1], None);
                names.targets.insert(STOP_LIST_TARGET.to_owned(), list);
            }
            let keys: Vec<&Ed25519Key> = delegated.key(role).into_iter().collect();
            documents.push((role, signed(&names, &keys), names.expires));
        }
        Ok(Self {
            documents,
            contents,
            online,
            epoch,
        })
    }

    /// The versions that its documents say.
    #[cfg(test)]
    pub(crate) fn versions(&self) -> Vec<u64> {
        let documents = self.documents.iter();
        let version = |(role, document, _): &(RepositoryRole, Document, UnixSeconds)| {
            let name = role.role_name();
            if *role == RepositoryRole::Root {
                document.unverified::<Root>(&name).unwrap().version
            } else {
                document.unverified::<Targets>(&name).unwrap().version
            }
        };
        documents.map(|one| version(one).number()).collect()
    }

    /// Keeps it, in the transaction that founds the data center or finds that it has none.
    pub(crate) fn keep(
        self,
        ledger: &Ledger,
        tx: &Tx<'_>,
        now: UnixSeconds,
    ) -> Result<(), RepositoryError> {
        for bytes in &self.contents {
            content::put(tx, bytes, now)?;
        }
        let epoch = self.epoch;
        for (role, document, expires) in self.documents {
            // Roots are numbered one by one, whatever happened to the data center.
            let version = match role {
                RepositoryRole::Root => Version::FIRST,
                RepositoryRole::Targets
                | RepositoryRole::Rates
                | RepositoryRole::Software
                | RepositoryRole::Stops
                | RepositoryRole::Snapshot
                | RepositoryRole::Timestamp => next_version(None, epoch),
            };
            let stored = store::Stored {
                role,
                version,
                content: document.to_bytes(),
                expires,
                made: now,
                epoch,
            };
            publishing::keep(ledger, tx, &stored)?;
        }
        publishing::bind(tx, &self.online, epoch, now)
    }
}

impl DataCenter {
    /// Makes the repository of a data center that an earlier program made. Its offline keys lie in the
    /// folder `offline` then, to be moved away.
    ///
    /// A crash leaves key files that are good for nothing, and no repository.
    ///
    /// # Errors
    /// [`RepositoryError::AlreadyMade`], and whatever hinders making keys.
    pub fn create_repository(
        &self,
        passphrase: &str,
        publish_passphrase: Option<&str>,
    ) -> Result<(), RepositoryError> {
        let check = |tx: &Tx<'_>| match store::newest(tx, RepositoryRole::Root)? {
            Some(_) => Err(RepositoryError::AlreadyMade),
            None => Ok(()),
        };
        // Before keys are made: those of a repository that is there stay as they are.
        self.db().read_blocking("repository", check)?;
        let (now, epoch, ledger) = (self.now(), self.epoch(), *self.ledger());
        self.folder().make()?;
        let passphrases = (passphrase, publish_passphrase);
        let authorities = self.authority().bundle(now);
        let founded = Founded::make(self.folder(), passphrases, &authorities, (epoch, now))?;
        self.db().write_blocking("repository", move |tx| {
            check(tx)?;
            founded.keep(&ledger, tx, now)
        })
    }
}

/// A version of a role that names nothing.
fn no_targets(role: RepositoryRole, (version, now): (Version, UnixSeconds)) -> Targets {
    Targets {
        version,
        expires: now.plus_days(role.days()),
        targets: BTreeMap::new(),
        delegations: None,
    }
}

fn first_root(
    root: &[&Ed25519Key],
    targets: &Ed25519Key,
    online: &publishing::OnlineKeys,
    now: UnixSeconds,
) -> Root {
    let publics: Vec<[u8; 32]> = root.iter().map(|key| key.public()).collect();
    let threshold = NonZeroU32::new(ROOT_THRESHOLD).unwrap_or(ONE);
    let (mut keys, root_role) = role_of(&publics, threshold);
    let mut single = |key: &Ed25519Key| -> Role {
        let (own, role) = role_of(&[key.public()], ONE);
        keys.extend(own);
        role
    };
    let roles = Roles {
        root: root_role,
        timestamp: single(&online.timestamp),
        snapshot: single(&online.snapshot),
        targets: single(targets),
    };
    Root {
        version: Version::FIRST,
        expires: now.plus_days(RepositoryRole::Root.days()),
        consistent_snapshot: true,
        keys,
        roles,
    }
}

fn first_targets(
    delegated: &Delegated,
    authorities: &[u8],
    made: (Version, UnixSeconds),
) -> Targets {
    let mut keys: BTreeMap<KeyId, Key> = BTreeMap::new();
    let mut roles = Vec::new();
    for role in RepositoryRole::DELEGATED {
        let own = delegated.key(role).into_iter();
        let own: Vec<&Ed25519Key> = own.collect();
        keys.extend(
            own.iter()
                .map(|key| (id_of(key), Key::ed25519(&key.public()))),
        );
        roles.push(DelegatedRole {
            name: role.role_name(),
            role: Role::of(own.iter().map(|key| id_of(key)), ONE),
            terminating: true,
            paths: Some(role.patterns()),
            path_hash_prefixes: None,
        });
    }
    let authorities = TargetFile::of(authorities, None);
    Targets {
        targets: BTreeMap::from([(AUTHORITIES_TARGET.to_owned(), authorities)]),
        delegations: Some(Delegations { keys, roles }),
        ..no_targets(RepositoryRole::Targets, made)
    }
}
