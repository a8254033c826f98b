//! Publishing: a new version of a role, the snapshot that binds it and the timestamp that tells of
//! it, in one transaction with its journal record.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};
use shared::clock::UnixSeconds;
use shared::services::ServiceId;
use shared::tuf::{
    Document, MetaFile, Metadata as _, Role, Root, Snapshot, TargetPath, Targets, Timestamp,
};
use shared::wire::to_cbor;

use super::role::{RepositoryRole, next_version};
use super::sign::{id_of, signed, verify};
use super::store::{self, Stored};
use super::{RepositoryError, content, keys};
use crate::ca::Ed25519Key;
use crate::center::DataCenter;
use crate::db::{Concerned, DbError, Tx};
use crate::folder::Folder;
use crate::ledger::{Ledger, RecordKind};

/// Who publishes, in the journal.
const ADMIN: &str = "admin";

/// Who publishes what renews itself.
const UPKEEP: &str = "upkeep";

/// Keys with which the running data center says what is newest.
#[derive(Debug)]
pub(super) struct OnlineKeys {
    pub(super) snapshot: Ed25519Key,
    pub(super) timestamp: Ed25519Key,
}

impl OnlineKeys {
    /// Those that the root names.
    pub(super) fn read(folder: &Folder, root: &Root) -> Result<Self, RepositoryError> {
        let find = |role, keys: &Role| keys::find(folder, role, keys, None);
        Ok(Self {
            snapshot: find(RepositoryRole::Snapshot, &root.roles.snapshot)?,
            timestamp: find(RepositoryRole::Timestamp, &root.roles.timestamp)?,
        })
    }

    /// Whether the root names them: another root may have come since they were read.
    fn are_of(&self, root: &Root) -> bool {
        let is = |role: &Role, key: &Ed25519Key| role.keyids.contains(&id_of(key));
        is(&root.roles.snapshot, &self.snapshot) && is(&root.roles.timestamp, &self.timestamp)
    }
}

/// The body of a journal record of kind [`RecordKind::Published`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PublicationRecord {
    /// The layout version, 1.
    #[n(1)]
    pub version: u8,
    /// The role.
    #[n(2)]
    pub role: String,
    /// The version of its metadata.
    #[n(3)]
    pub number: u64,
    /// SHA-256 of the signed document.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub sha256: [u8; 32],
}

/// What is to be published under a role.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Contents at hand; longer ones are kept before with [`content::put_file`].
    pub contents: Vec<Vec<u8>>,
    /// The targets the role names from now on, all of them.
    pub targets: BTreeMap<String, shared::tuf::TargetFile>,
}

/// Does nothing: where a publication has nothing beside it.
///
/// # Errors
/// None.
pub fn nothing<E>(_: &Tx<'_>) -> Result<(), E> {
    Ok(())
}

/// What one version follows from: read before it is signed, compared when it is kept.
struct Base {
    root: Root,
    keys: Role,
    newest: Stored,
    says: Targets,
}

fn base_of(tx: &Tx<'_>, role: RepositoryRole) -> Result<Base, RepositoryError> {
    let newest = store::needed(tx, role)?;
    Ok(Base {
        root: store::needed(tx, RepositoryRole::Root)?.says()?,
        keys: delegated_keys(tx, role)?,
        says: newest.says()?,
        newest,
    })
}

/// The keys of a role that is delegated to, by the newest word of whom delegates.
pub(super) fn delegated_keys(tx: &Tx<'_>, role: RepositoryRole) -> Result<Role, RepositoryError> {
    let targets: Targets = store::needed(tx, RepositoryRole::Targets)?.says()?;
    let delegations = targets.delegations.as_ref();
    let found = delegations.and_then(|all| all.role(&role.role_name()));
    found
        .map(|found| found.role.clone())
        .ok_or(RepositoryError::NoKey { role })
}

impl DataCenter {
    /// What a role names now.
    ///
    /// # Errors
    /// [`RepositoryError`].
    pub fn named_targets(&self, role: RepositoryRole) -> Result<Targets, RepositoryError> {
        self.db()
            .read_blocking("named targets", move |tx| store::needed(tx, role)?.says())
    }

    /// Publishes under a delegated role, in one transaction: `first` is asked before anything is
    /// written, `beside` writes what belongs to it. The same again makes one more version that says
    /// the same.
    ///
    /// `change` is told what the role names now. `passphrase` opens the role's key where it is
    /// sealed; without one that which `init` left is looked for.
    ///
    /// # Errors
    /// [`RepositoryError`], and what `change`, `first` and `beside` answer. Nothing was changed then.
    pub fn publish<T, E>(
        &self,
        role: RepositoryRole,
        passphrase: Option<&str>,
        change: impl FnOnce(&Targets) -> Result<Change, E>,
        (first, beside): (
            impl FnOnce(&Tx<'_>) -> Result<(), E> + Send + 'static,
            impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
        ),
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<RepositoryError> + From<DbError> + Send + 'static,
    {
        let base = self
            .db()
            .read_blocking("publish from", move |tx| base_of(tx, role))?;
        let key = keys::find(self.folder(), role, &base.keys, passphrase)?;
        let Change { contents, targets } = change(&base.says)?;
        check_paths(role, &targets)?;
        let (now, epoch) = (self.now(), self.epoch());
        let next = Targets {
            version: next_version(Some(base.newest.version), epoch),
            expires: now.plus_days(role.days()),
            targets,
            delegations: None,
        };
        let stored = Stored {
            role,
            version: next.version,
            content: signed(&next, &[&key]).to_bytes(),
            expires: next.expires,
            made: now,
            epoch,
        };
        let online = OnlineKeys::read(self.folder(), &base.root)?;
        let (ledger, follows) = (*self.ledger(), base.newest.version);
        self.db().write_blocking("publish", move |tx| {
            first(tx)?;
            check_follows(tx, &stored, follows)?;
            for bytes in &contents {
                content::put(tx, bytes, now)?;
            }
            keep(&ledger, tx, &stored)?;
            bind(tx, &online, epoch, now)?;
            beside(tx)
        })
    }
}

/// Whether nothing has been published under the role since.
fn check_follows(
    tx: &Tx<'_>,
    stored: &Stored,
    follows: shared::tuf::Version,
) -> Result<(), RepositoryError> {
    let newest = store::needed(tx, stored.role)?.version;
    if newest == follows {
        Ok(())
    } else {
        Err(RepositoryError::NotNext {
            role: stored.role,
            found: stored.version,
            newest,
        })
    }
}

fn check_paths(
    role: RepositoryRole,
    targets: &BTreeMap<String, shared::tuf::TargetFile>,
) -> Result<(), RepositoryError> {
    let patterns = role.patterns();
    for path in targets.keys() {
        let target = TargetPath::new(path)?;
        if !patterns.iter().any(|pattern| target.is_covered_by(pattern)) {
            return Err(RepositoryError::NotItsPath {
                role,
                path: path.clone(),
            });
        }
    }
    Ok(())
}

/// Keeps a version of a role that names targets, or of the root, with its journal record. Whoever
/// calls it knows that it follows the version before; that its keys have signed it is checked here.
pub(super) fn keep(ledger: &Ledger, tx: &Tx<'_>, stored: &Stored) -> Result<(), RepositoryError> {
    let document = stored.document()?;
    if stored.role == RepositoryRole::Root {
        let root: Root = stored.says()?;
        document.check(
            &stored.role.role_name(),
            &root.roles.root,
            &root.keys,
            &verify,
        )?;
    } else {
        check_signed(tx, stored.role, &document)?;
        store::name_targets(tx, stored.role, &stored.says()?, stored.made)?;
    }
    store::put(tx, stored)?;
    let record = PublicationRecord {
        version: 1,
        role: stored.role.name().to_owned(),
        number: stored.version.number(),
        sha256: Sha256::digest(&stored.content).into(),
    };
    let user = match stored.role.renew_days() {
        Some(_) => UPKEEP,
        None => ADMIN,
    };
    ledger.append(
        tx,
        RecordKind::Published,
        to_cbor(&record),
        user,
        stored.made,
    )?;
    Ok(())
}

/// Checks that the keys of a role, as the newest metadata above it names them, have signed.
pub(super) fn check_signed(
    tx: &Tx<'_>,
    role: RepositoryRole,
    document: &Document,
) -> Result<(), RepositoryError> {
    let name = role.role_name();
    if role == RepositoryRole::Targets {
        let root: Root = store::needed(tx, RepositoryRole::Root)?.says()?;
        document.check(&name, &root.roles.targets, &root.keys, &verify)?;
        return Ok(());
    }
    let targets: Targets = store::needed(tx, RepositoryRole::Targets)?.says()?;
    let all = targets.delegations.ok_or(RepositoryError::NoKey { role })?;
    let found = all.role(&name).ok_or(RepositoryError::NoKey { role })?;
    document.check(&name, &found.role, &all.keys, &verify)?;
    Ok(())
}

/// Binds the newest versions together by a new snapshot, and tells of it by a new timestamp.
pub(super) fn bind(
    tx: &Tx<'_>,
    online: &OnlineKeys,
    epoch: u32,
    now: UnixSeconds,
) -> Result<(), RepositoryError> {
    let root: Root = store::needed(tx, RepositoryRole::Root)?.says()?;
    if !online.are_of(&root) {
        return Err(RepositoryError::NoKey {
            role: RepositoryRole::Snapshot,
        });
    }
    let role = RepositoryRole::Snapshot;
    let mut meta = BTreeMap::new();
    for naming in RepositoryRole::NAMING {
        let newest = store::needed(tx, naming)?;
        let file = MetaFile::of(newest.version, &newest.content);
        meta.insert(naming.role_name().file(), file);
    }
    let snapshot = Snapshot {
        version: next_version(store::newest(tx, role)?.map(|last| last.version), epoch),
        expires: now.plus_days(role.days()),
        meta,
    };
    let stored = Stored {
        role,
        version: snapshot.version(),
        content: signed(&snapshot, &[&online.snapshot]).to_bytes(),
        expires: snapshot.expires,
        made: now,
        epoch,
    };
    store::put(tx, &stored)?;
    tell(tx, online, epoch, now)
}

/// Tells which snapshot is the newest, and wakes every station.
pub(super) fn tell(
    tx: &Tx<'_>,
    online: &OnlineKeys,
    epoch: u32,
    now: UnixSeconds,
) -> Result<(), RepositoryError> {
    let role = RepositoryRole::Timestamp;
    let snapshot = store::needed(tx, RepositoryRole::Snapshot)?;
    let last = store::newest(tx, role)?.map(|last| last.version);
    let timestamp = Timestamp::naming(
        next_version(last, epoch),
        now.plus_days(role.days()),
        MetaFile::of(snapshot.version, &snapshot.content),
    );
    store::put(
        tx,
        &Stored {
            role,
            version: timestamp.version,
            content: signed(&timestamp, &[&online.timestamp]).to_bytes(),
            expires: timestamp.expires,
            made: now,
            epoch,
        },
    )?;
    tx.concerns(Concerned::Everyone, ServiceId::Rates);
    Ok(())
}
