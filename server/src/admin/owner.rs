//! One owner of a data folder.
//!
//! The process that holds the folder's lock is its owner and serves a private socket; every
//! command uses the socket when there is an owner and becomes the owner when there is none.

use std::fs::{File, TryLockError};
use std::io;
use std::path::PathBuf;

use interprocess::local_socket::{GenericFilePath, Name, ToFsName as _};

use crate::folder::{self, FileFault, Folder};

/// The longest path a socket can have on every Unix.
#[cfg(unix)]
const SOCKET_PATH_MAX: usize = 100;

/// Why the folder's owner could not be found or asked.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    /// A file or folder could not be made.
    #[error(transparent)]
    File(#[from] FileFault),
    /// The lock could not be tried.
    #[error("cannot lock {}", path.display())]
    Lock {
        /// The lock.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The private socket could not be used.
    #[error("cannot {operation} the private socket of the data folder")]
    Socket {
        /// What was tried.
        operation: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The folder that would hold the socket belongs to somebody else.
    #[error("{} belongs to somebody else", path.display())]
    Unsafe {
        /// The folder.
        path: PathBuf,
    },
    /// The owner took the call and closed the socket before it had answered.
    #[error("the data center took the call and ended before it had answered")]
    Silent,
}

/// The lock of a data folder, held until dropped.
#[derive(Debug)]
pub struct Ownership {
    _lock: File,
}

/// Takes the folder; nothing when another process has it.
///
/// # Errors
/// [`OwnerError`].
pub fn claim(folder: &Folder) -> Result<Option<Ownership>, OwnerError> {
    let path = folder.lock();
    let fault = |source| OwnerError::Lock {
        path: path.clone(),
        source,
    };
    let file = folder::private_options()
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(fault)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Ownership { _lock: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(fault(source)),
    }
}

/// The name of the folder's socket. Its parent folder is made when `make` says so.
///
/// # Errors
/// [`OwnerError`].
#[cfg(unix)]
pub(super) fn socket_name(folder: &Folder, make: bool) -> Result<Name<'static>, OwnerError> {
    use std::os::unix::ffi::OsStrExt as _;
    let beside = folder.path().join("socket").join("admin");
    let path = if beside.as_os_str().as_bytes().len() <= SOCKET_PATH_MAX {
        beside
    } else {
        short_path(folder)
    };
    let parent = path.parent().unwrap_or(folder.path());
    if make {
        folder::make_private(parent)?;
    }
    check_owner(folder, parent)?;
    path.to_fs_name::<GenericFilePath>()
        .map_err(|source| OwnerError::Socket {
            operation: "name",
            source,
        })
}

/// A deep data folder's socket lies in the folder for temporary files, under a name made from the
/// data folder's.
#[cfg(unix)]
fn short_path(folder: &Folder) -> PathBuf {
    let name = format!("pennyblack-server-{}", name_hash(folder));
    std::env::temp_dir().join(name).join("admin")
}

/// Removes what [`socket_name`] made outside the data folder.
///
/// # Errors
/// What the system answers.
#[cfg(unix)]
pub(super) fn remove_socket_folder(folder: &Folder) -> io::Result<()> {
    let path = short_path(folder);
    match path.parent() {
        Some(parent) if parent.exists() => std::fs::remove_dir(parent),
        Some(_) | None => Ok(()),
    }
}

/// Nobody else may have made the folder of the socket before us.
#[cfg(unix)]
fn check_owner(folder: &Folder, parent: &std::path::Path) -> Result<(), OwnerError> {
    use std::os::unix::fs::MetadataExt as _;
    let owner = |path: &std::path::Path| {
        path.symlink_metadata()
            .map(|metadata| (metadata.uid(), metadata.mode()))
            .map_err(|source| OwnerError::Socket {
                operation: "find",
                source,
            })
    };
    let ((ours, _), (theirs, mode)) = (owner(folder.path())?, owner(parent)?);
    if ours == theirs && mode & 0o077 == 0 {
        Ok(())
    } else {
        Err(OwnerError::Unsafe {
            path: parent.to_owned(),
        })
    }
}

/// The name of the folder's pipe.
///
/// # Errors
/// [`OwnerError`].
#[cfg(windows)]
pub(super) fn socket_name(folder: &Folder, _make: bool) -> Result<Name<'static>, OwnerError> {
    let path = format!(r"\\.\pipe\pennyblack-server-{}", name_hash(folder));
    path.to_fs_name::<GenericFilePath>()
        .map_err(|source| OwnerError::Socket {
            operation: "name",
            source,
        })
}

/// Pipes leave nothing behind.
///
/// # Errors
/// None.
#[cfg(windows)]
pub(super) fn remove_socket_folder(_: &Folder) -> io::Result<()> {
    Ok(())
}

/// 128 bits of the hash of the folder's full path.
fn name_hash(folder: &Folder) -> String {
    use sha2::{Digest as _, Sha256};
    let path = std::fs::canonicalize(folder.path()).unwrap_or_else(|_| folder.path().to_owned());
    let hash: [u8; 32] = Sha256::digest(path.as_os_str().as_encoded_bytes()).into();
    data_encoding::HEXLOWER.encode(&hash[..16])
}
