//! The lock of a data folder: held by its one owner, released by the system when that ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::api::UiError;
use crate::messages::{Code, say};

/// The lock's file in the data folder.
const LOCK: &str = "lock";

/// The held lock of a data folder.
#[derive(Debug)]
pub struct FolderLock {
    folder: PathBuf,
    // Held, not read: closing the file releases the lock.
    _file: File,
}

impl FolderLock {
    /// Makes the folder when it is not there and takes its lock; `None` when another holds it.
    ///
    /// # Errors
    /// `folder_unusable`.
    pub fn take(folder: &Path) -> Result<Option<Self>, UiError> {
        let unusable = |fault: std::io::Error| {
            say(
                Code::FolderUnusable,
                &[
                    ("folder", &folder.display().to_string()),
                    ("reason", &fault.to_string()),
                ],
            )
        };
        make_private(folder).map_err(unusable)?;
        let folder = fs::canonicalize(folder).map_err(unusable)?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join(LOCK))
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self {
                folder,
                _file: file,
            })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(fault)) => Err(unusable(fault)),
        }
    }

    /// The locked folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Makes a folder only its owner may enter; one that is there stays as it is.
pub(super) fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}
