//! The signed repository at the data center: roles, keys, versions and what they publish, by TUF.
//!
//! One repository holds rate editions, software, the stop list and the certificates of the issuing
//! authorities. The root is signed by two of three keys that belong offline, the targets at the top by
//! one more; both are only drafted here. The running data center signs by itself what holds for seven
//! days and is renewed by [`upkeep`]: snapshot, timestamp and the stop list. Rates and software have a
//! key each, under the passphrase of whoever publishes: with that moved away, a stolen data folder
//! publishes neither.
//!
//! A publication is one transaction: a journal record, the new version of its role, a snapshot and a
//! timestamp. A crash leaves the repository as it was before or as it is after. Versions of all roles
//! but the root belong to an epoch ([`role::next_version`]) and never fall, whatever was restored.
//! Tables: `repository_metadata`, `repository_content`, `repository_piece`, `repository_target`.

pub mod content;
pub mod delta;
mod founding;
pub mod health;
pub mod keys;
mod news;
pub mod packed;
mod publishing;
pub mod range;
pub mod role;
mod root;
pub mod sign;
pub mod store;
mod targets;
mod upkeep;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use shared::tuf::{TufFault, Version};

use crate::ca::CaError;
use crate::db::DbError;
use crate::folder::FileFault;
use crate::ledger::LedgerError;

pub use delta::delta;
pub(crate) use founding::Founded;
pub use news::{held, news};
pub use publishing::{Change, PublicationRecord, nothing};
pub use role::RepositoryRole;
pub use root::{DOCUMENTS_MAX, RootTerms, read_offline};

/// Keys of the root.
pub const ROOT_KEYS: usize = 3;

/// Keys of the root that have to sign.
pub const ROOT_THRESHOLD: u32 = 2;

/// Why something was not published. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// The data folder has no repository: an earlier program made it.
    #[error("the data center has no repository")]
    NotMade,
    /// The data folder has a repository already.
    #[error("the data center has a repository already")]
    AlreadyMade,
    /// Targets do not delegate to a role as this program publishes under it, or nobody delegates to it.
    #[error("the top-level targets do not delegate to {} as this program publishes", role.name())]
    NotDelegated {
        /// The role.
        role: RepositoryRole,
    },
    /// What came has ended already.
    #[error("the signed {} has ended already", role.name())]
    HasEnded {
        /// The role.
        role: RepositoryRole,
    },
    /// Metadata is not what it has to be.
    #[error(transparent)]
    Tuf(#[from] TufFault),
    /// No key of the role lies in the data folder.
    #[error("no key of the role {} lies in the data folder", role.name())]
    NoKey {
        /// The role.
        role: RepositoryRole,
    },
    /// Nobody has said the passphrase of those who publish.
    #[error("the keys that publish are sealed, and their passphrase was not given")]
    NoPassphrase,
    /// Metadata names a content that is not here.
    #[error("the content of {path} is not here")]
    MissingContent {
        /// The target's path.
        path: String,
    },
    /// A role names more targets than it may.
    #[error("the role {} names too many targets", role.name())]
    TooManyTargets {
        /// The role.
        role: RepositoryRole,
    },
    /// Somebody else has published meanwhile.
    #[error("version {found} of the role {} does not follow version {newest}", role.name())]
    NotNext {
        /// The role.
        role: RepositoryRole,
        /// The version that came.
        found: Version,
        /// The newest version there is.
        newest: Version,
    },
    /// The role may not name such a path.
    #[error("the role {} may not publish {path}", role.name())]
    NotItsPath {
        /// The role.
        role: RepositoryRole,
        /// The path.
        path: String,
    },
    /// What came is neither a root nor targets at the top.
    #[error("this is neither a root nor the top-level targets of a repository")]
    NotOffline,
    /// A root has too few keys, or lets too few of them sign.
    #[error(
        "a root needs at least {ROOT_KEYS} keys of which {ROOT_THRESHOLD} sign, and consistent snapshots"
    )]
    WeakRoot,
    /// A file is longer than content may be.
    #[error("{} is longer than {limit} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The most bytes it may have.
        limit: u64,
    },
    /// A path names a folder, a pipe or a device, or an empty file.
    #[error("{} is no file with content", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// A file became another while it was read.
    #[error("{} changed while it was read", path.display())]
    FileChanged {
        /// The file.
        path: PathBuf,
    },
    /// Keys failed.
    #[error(transparent)]
    Ca(#[from] CaError),
    /// A file failed.
    #[error(transparent)]
    File(#[from] FileFault),
    /// The journal failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}
