//! What is signed offline: a new root, or new targets at the top. The running data center drafts it
//! and takes it back signed; the private keys are never here.

use core::num::NonZeroU32;

use sha2::{Digest as _, Sha256};
use shared::clock::UnixSeconds;
use shared::tuf::{Document, Metadata as _, Role, Root, Targets, Version};

use super::publishing::{OnlineKeys, bind, check_signed, keep};
use super::role::RepositoryRole;
use super::sign::{ONE, role_of, verify};
use super::store::{self, Stored};
use super::targets::{check_delegations, signed_again};
use super::{ROOT_KEYS, ROOT_THRESHOLD, RepositoryError, content, keys};
use crate::center::DataCenter;
use crate::db::{DbError, Tx};
use crate::folder::Folder;

/// The most documents that are installed together: after a restore, each root the backup lacks.
pub const DOCUMENTS_MAX: usize = 32;

/// What a new root changes. Without anything it only holds longer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RootTerms {
    /// The root's new keys, at least [`ROOT_KEYS`]; none to keep those there are.
    pub root_keys: Vec<[u8; 32]>,
    /// The new key of the top-level targets; they have to be signed again with it and installed
    /// together with the root.
    pub targets_key: Option<[u8; 32]>,
    /// Whether snapshot and timestamp get new keys: after those there are were stolen or lost.
    pub online: bool,
}

/// What was signed offline.
#[derive(Clone, Debug)]
struct Signed {
    role: RepositoryRole,
    version: Version,
    document: Document,
    bytes: Vec<u8>,
}

/// Reads something that is signed offline, whoever has signed it.
///
/// # Errors
/// [`RepositoryError::NotOffline`] when it is neither a root nor targets.
pub fn read_offline(bytes: &[u8]) -> Result<(RepositoryRole, Document), RepositoryError> {
    let name = RepositoryRole::Root.role_name();
    let document = Document::read(&name, bytes)?;
    if document.unverified::<Root>(&name).is_ok() {
        Ok((RepositoryRole::Root, document))
    } else if document.unverified::<Targets>(&name).is_ok() {
        Ok((RepositoryRole::Targets, document))
    } else {
        Err(RepositoryError::NotOffline)
    }
}

impl Signed {
    fn read(bytes: Vec<u8>) -> Result<Self, RepositoryError> {
        let (role, document) = read_offline(&bytes)?;
        let name = role.role_name();
        let version = if role == RepositoryRole::Root {
            document.unverified::<Root>(&name)?.version
        } else {
            document.unverified::<Targets>(&name)?.version
        };
        Ok(Self {
            role,
            version,
            document,
            bytes,
        })
    }
}

impl DataCenter {
    /// Drafts the next root.
    ///
    /// # Errors
    /// [`RepositoryError::WeakRoot`] for too few keys, and whatever hinders making new ones.
    pub fn draft_root(&self, terms: &RootTerms) -> Result<Document, RepositoryError> {
        let root = self
            .db()
            .read_blocking("root", |tx| store::needed(tx, RepositoryRole::Root))?;
        let mut root: Root = root.says()?;
        root.version = root.version.next();
        root.expires = self.now().plus_days(RepositoryRole::Root.days());
        let mut replace = |role: &mut Role, publics: &[[u8; 32]], threshold: NonZeroU32| {
            let (new, names) = role_of(publics, threshold);
            root.keys.extend(new);
            *role = names;
        };
        if !terms.root_keys.is_empty() {
            let threshold = NonZeroU32::new(ROOT_THRESHOLD).unwrap_or(ONE);
            replace(&mut root.roles.root, &terms.root_keys, threshold);
        }
        if let Some(key) = terms.targets_key {
            replace(&mut root.roles.targets, &[key], ONE);
        }
        if terms.online {
            let snapshot = keys::make_open(self.folder(), RepositoryRole::Snapshot)?;
            replace(&mut root.roles.snapshot, &[snapshot.public()], ONE);
            let timestamp = keys::make_open(self.folder(), RepositoryRole::Timestamp)?;
            replace(&mut root.roles.timestamp, &[timestamp.public()], ONE);
        }
        let roles = &root.roles;
        let needed = [
            &roles.root,
            &roles.targets,
            &roles.snapshot,
            &roles.timestamp,
        ];
        root.keys
            .retain(|id, _| needed.iter().any(|role| role.keyids.contains(id)));
        check_strength(&root)?;
        Ok(Document::of(&root))
    }

    /// Installs what was signed offline, roots first, in one transaction; what a role names whose keys
    /// it changes is signed again by the new ones there, which `passphrase` opens where they are
    /// sealed. `approve` is asked with what two admins have to approve where a root is among it: the
    /// new root's version and the SHA-256 of what was signed.
    ///
    /// # Errors
    /// [`RepositoryError`], and what `approve` answers. Nothing was changed then.
    pub fn install_signed<E>(
        &self,
        documents: Vec<Vec<u8>>,
        passphrase: Option<&str>,
        approve: impl FnOnce(&Tx<'_>, &[(Version, [u8; 32])]) -> Result<(), E> + Send + 'static,
    ) -> Result<(), E>
    where
        E: From<RepositoryError> + From<DbError> + Send + 'static,
    {
        if documents.is_empty() || documents.len() > DOCUMENTS_MAX {
            return Err(RepositoryError::NotOffline.into());
        }
        let mut signed = documents
            .into_iter()
            .map(Signed::read)
            .collect::<Result<Vec<_>, _>>()?;
        // Roots come first, each after the one before.
        signed.sort_by_key(|one| (one.role, one.version));
        let roots = roots_of(&signed)?;
        let root = self.root_after(&roots)?;
        let roots: Vec<(Version, [u8; 32])> = roots
            .into_iter()
            .map(|(root, sha256)| (root.version, sha256))
            .collect();
        let online = OnlineKeys::read(self.folder(), &root)?;
        let (ledger, now, epoch) = (*self.ledger(), self.now(), self.epoch());
        let folder = self.folder().clone();
        let again = self.keys_to_sign_again(targets_of(&signed)?, passphrase)?;
        // A draft names the certificates of its day: they are here again, however old it is.
        let authorities = self.authority().bundle(now).into_bytes();
        self.db().write_blocking("install", move |tx| {
            // Before anything is written: an approval rests on the journal as it is.
            approve(tx, &roots)?;
            content::put(tx, &authorities, now)?;
            for one in &signed {
                keep(&ledger, tx, &follow(&folder, tx, one, (epoch, now))?)?;
            }
            for (role, key) in &again {
                keep(&ledger, tx, &signed_again(tx, (*role, key), epoch, now)?)?;
            }
            check_all(tx)?;
            Ok(bind(tx, &online, epoch, now)?)
        })
    }

    /// The root that is the newest once these are installed.
    fn root_after(&self, roots: &[(Root, [u8; 32])]) -> Result<Root, RepositoryError> {
        if let Some((newest, _)) = roots.iter().max_by_key(|(root, _)| root.version) {
            return Ok(newest.clone());
        }
        self.db()
            .read_blocking("root", |tx| store::needed(tx, RepositoryRole::Root)?.says())
    }
}

/// The roots among what was signed, with the SHA-256 of what was signed.
fn roots_of(signed: &[Signed]) -> Result<Vec<(Root, [u8; 32])>, RepositoryError> {
    let name = RepositoryRole::Root.role_name();
    let roots = signed.iter().filter(|one| one.role == RepositoryRole::Root);
    roots
        .map(|one| {
            let sha256 = Sha256::digest(one.document.signing_input()).into();
            Ok((one.document.unverified(&name)?, sha256))
        })
        .collect()
}

/// The newest targets among what was signed.
fn targets_of(signed: &[Signed]) -> Result<Option<Targets>, RepositoryError> {
    let mut targets = signed.iter().rev();
    let newest = targets.find(|one| one.role == RepositoryRole::Targets);
    let says = newest.map(|one| one.document.unverified(&one.role.role_name()));
    Ok(says.transpose()?)
}

/// Checks that a root is worth its name: enough keys, and addresses that hold versions and hashes.
fn check_strength(root: &Root) -> Result<(), RepositoryError> {
    let role = &root.roles.root;
    let strong = role.keyids.len() >= ROOT_KEYS
        && role.threshold.get() >= ROOT_THRESHOLD
        && root.consistent_snapshot
        && role.keyids.iter().all(|id| root.keys.contains_key(id));
    if strong {
        Ok(())
    } else {
        Err(RepositoryError::WeakRoot)
    }
}

/// Checks that a document follows the newest of its role and has not ended.
fn follow(
    folder: &Folder,
    tx: &Tx<'_>,
    signed: &Signed,
    (epoch, now): (u32, UnixSeconds),
) -> Result<Stored, RepositoryError> {
    let name = signed.role.role_name();
    let newest = store::needed(tx, signed.role)?;
    let (version, expires, follows) = if signed.role == RepositoryRole::Root {
        let before: Root = newest.says()?;
        // The new root's own keys are checked when it is kept.
        signed
            .document
            .check(&name, &before.roles.root, &before.keys, &verify)?;
        let root: Root = signed.document.unverified(&name)?;
        check_strength(&root)?;
        (
            root.version,
            root.expires,
            root.version == newest.version.next(),
        )
    } else {
        let targets: Targets = signed.document.unverified(&name)?;
        check_delegations(folder, &targets)?;
        (
            targets.version(),
            targets.expires,
            targets.version > newest.version,
        )
    };
    if !follows {
        return Err(RepositoryError::NotNext {
            role: signed.role,
            found: version,
            newest: newest.version,
        });
    }
    if expires <= now {
        return Err(RepositoryError::HasEnded { role: signed.role });
    }
    Ok(Stored {
        role: signed.role,
        version,
        content: signed.bytes.clone(),
        expires,
        made: now,
        epoch,
    })
}

/// Checks that everything that names targets is signed by the keys that count now.
fn check_all(tx: &Tx<'_>) -> Result<(), RepositoryError> {
    RepositoryRole::NAMING.into_iter().try_for_each(|role| {
        let newest = store::needed(tx, role)?;
        check_signed(tx, role, &newest.document()?)
    })
}
