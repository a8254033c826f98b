//! Trusted metadata and targets as files. Each is written beside its place, synced and renamed: a
//! crash leaves the old file or the new one.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use shared::tuf::{Change, Checking, DOCUMENT_MAX_BYTES, RoleName, TargetFile, TargetPath};

use super::file_of;

/// The most documents read from a folder.
const DOCUMENTS_MAX: usize = 4_096;

/// The longest name given to a file, bytes; a longer one is known by its hash.
const FILE_NAME_MAX_BYTES: usize = 200;

/// Bytes of a stored target read at a time.
const READ_BYTES: usize = 64 * 1_024;

/// A file that could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{what} {}: {source}", path.display())]
pub struct FolderFault {
    what: &'static str,
    path: PathBuf,
    source: std::io::Error,
}

fn fault(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> FolderFault {
    move |source| FolderFault {
        what,
        path: path.to_owned(),
        source,
    }
}

/// The folder of the trusted metadata: one `ROLE.json` for each role.
#[derive(Debug)]
pub(super) struct MetadataFolder {
    folder: PathBuf,
}

impl MetadataFolder {
    /// The metadata in `folder`.
    #[must_use]
    pub(super) fn at(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Trusts the root in a file. It is checked when it is first used.
    ///
    /// # Errors
    /// [`FolderFault`].
    pub(super) fn begin(&self, root: &Path) -> Result<(), FolderFault> {
        fs::create_dir_all(&self.folder).map_err(fault("making", &self.folder))?;
        let bytes = read(root)?;
        self.put(&RoleName::root(), &bytes)
    }

    /// All documents that are trusted.
    ///
    /// # Errors
    /// [`FolderFault`].
    pub(super) fn documents(&self) -> Result<BTreeMap<RoleName, Vec<u8>>, FolderFault> {
        let listing = fault("listing", &self.folder);
        let mut documents = BTreeMap::new();
        for entry in fs::read_dir(&self.folder)
            .map_err(listing)?
            .take(DOCUMENTS_MAX)
        {
            let path = entry.map_err(fault("listing", &self.folder))?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let role = name.and_then(|name| RoleName::from_quoted(name.strip_suffix(".json")?));
            if let Some(role) = role {
                documents.insert(role, read(&path)?);
            }
        }
        Ok(documents)
    }

    /// Writes down what the client believes now.
    ///
    /// # Errors
    /// [`FolderFault`].
    pub(super) fn apply(&self, changes: Vec<Change>) -> Result<(), FolderFault> {
        for change in changes {
            match change {
                Change::Keep(role, bytes) => self.put(&role, &bytes)?,
                Change::Forget(role) => remove(&self.folder.join(file_of(&role)))?,
            }
        }
        Ok(())
    }

    fn put(&self, role: &RoleName, bytes: &[u8]) -> Result<(), FolderFault> {
        let mut arriving = Arriving::begin(&self.folder, &file_of(role))?;
        arriving.write(bytes)?;
        arriving.finish()
    }
}

/// The folder of the targets.
#[derive(Debug)]
pub(super) struct TargetFolder {
    folder: PathBuf,
}

impl TargetFolder {
    /// The targets in `folder`.
    #[must_use]
    pub(super) fn at(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Whether a target lies here with exactly this content.
    ///
    /// # Errors
    /// [`FolderFault`].
    pub(super) fn has(&self, path: &TargetPath, file: &TargetFile) -> Result<bool, FolderFault> {
        let path = self.folder.join(Self::name(path));
        let mut stored = match File::open(&path) {
            Ok(stored) => stored,
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(fault("opening", &path)(error)),
        };
        let mut checking: Checking = file.checking();
        let mut part = vec![0; READ_BYTES];
        loop {
            let count = stored.read(&mut part).map_err(fault("reading", &path))?;
            let Some(part) = part.get(..count).filter(|part| !part.is_empty()) else {
                return Ok(checking.holds());
            };
            if !checking.take(part) {
                return Ok(false);
            }
        }
    }

    /// Begins to store a target; it has its place only once it is finished.
    ///
    /// # Errors
    /// [`FolderFault`].
    pub(super) fn begin(&self, path: &TargetPath) -> Result<Arriving, FolderFault> {
        fs::create_dir_all(&self.folder).map_err(fault("making", &self.folder))?;
        Arriving::begin(&self.folder, &Self::name(path))
    }

    /// One file for each path, whatever stands in it.
    fn name(path: &TargetPath) -> String {
        let quoted = RoleName::new(path.as_str()).quoted();
        if quoted.len() <= FILE_NAME_MAX_BYTES {
            return quoted;
        }
        hex::encode(Sha256::digest(path.as_str()))
    }
}

/// A file on its way to its place. Dropped before it is finished, it leaves nothing.
#[derive(Debug)]
pub(super) struct Arriving {
    file: File,
    fresh: PathBuf,
    place: PathBuf,
    is_there: bool,
}

impl Arriving {
    fn begin(folder: &Path, name: &str) -> Result<Self, FolderFault> {
        let fresh = folder.join(format!(".{name}.new"));
        let file = File::create(&fresh).map_err(fault("making", &fresh))?;
        Ok(Self {
            file,
            fresh,
            place: folder.join(name),
            is_there: false,
        })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), FolderFault> {
        let written = self.file.write_all(bytes);
        written.map_err(fault("writing", &self.fresh))
    }

    pub(super) fn finish(mut self) -> Result<(), FolderFault> {
        self.file
            .sync_all()
            .map_err(fault("writing", &self.fresh))?;
        fs::rename(&self.fresh, &self.place).map_err(fault("renaming", &self.fresh))?;
        self.is_there = true;
        Ok(())
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        if !self.is_there {
            // A file that stays is written over by the next one of its name.
            drop(fs::remove_file(&self.fresh));
        }
    }
}

/// A whole document; what is longer than any is cut, and then not believed.
fn read(path: &Path) -> Result<Vec<u8>, FolderFault> {
    let file = File::open(path).map_err(fault("opening", path))?;
    let mut bytes = Vec::new();
    file.take(DOCUMENT_MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(fault("reading", path))?;
    Ok(bytes)
}

fn remove(path: &Path) -> Result<(), FolderFault> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(fault("removing", path)(error)),
    }
}
