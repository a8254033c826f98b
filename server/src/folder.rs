//! The data folder: where everything of a data center lies, readable by its owner only.
//!
//! ```text
//! DATA/pennyblack.db      the database
//! DATA/config.toml        names the TLS certificate must carry
//! DATA/ca/                certificates of root, issuing CAs and TLS
//! DATA/keys/              private keys of the running data center
//! DATA/keys/sealing/      HPKE keys, one file each
//! DATA/keys/dial-in.hex   what the secrets of callers on a telephone line follow from
//! DATA/offline-root.pem   root and recovery keys under the passphrase: move it away
//! DATA/offline/           keys of the repository's root and targets, each under the passphrase, and
//!                         the passphrase of the keys that publish: move it away
//! DATA/beginning          there while `init` makes a data center
//! DATA/before-restore-N/  what `restore` found here: remove it once nobody needs it as evidence
//! DATA/lock               held by the process that owns the folder
//! DATA/listening          where `serve` listens, while it runs
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The largest key, certificate or configuration file that is read, bytes.
const MAX_FILE_BYTES: u64 = 64 * 1_024;

/// How the folders begin in which `restore` sets aside what it found.
const ASIDE: &str = "before-restore-";

/// An input or output error on one file.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// The file or folder cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is longer than any file that belongs there.
    #[error("{} is longer than {MAX_FILE_BYTES} bytes", path.display())]
    TooLong {
        /// Which one.
        path: PathBuf,
    },
}

/// What a data folder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holding {
    /// Nothing of a data center.
    Nothing,
    /// What an `init` left that was interrupted before it had made a data center.
    Begun,
    /// Keys and certificates of a data center whose database is missing or empty.
    Remains,
    /// A database.
    Database,
}

/// The paths of one data folder.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    pin_file: Option<PathBuf>,
}

impl Folder {
    /// The data folder at `path`, which may not exist yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            pin_file: None,
        }
    }

    /// The same folder, with the file that holds the PIN of its token.
    #[must_use]
    pub fn with_pin_file(mut self, file: Option<PathBuf>) -> Self {
        self.pin_file = file;
        self
    }

    /// The file with the PIN of the token, when one was named.
    #[must_use]
    pub fn pin_file(&self) -> Option<&Path> {
        self.pin_file.as_deref()
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.path.join("pennyblack.db")
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.path.join("config.toml")
    }

    /// A certificate by name.
    #[must_use]
    pub fn certificate(&self, name: &str) -> PathBuf {
        self.path.join("ca").join(format!("{name}.pem"))
    }

    /// The notice of a signing key by name.
    #[must_use]
    pub fn notice(&self, name: &str) -> PathBuf {
        self.path.join("ca").join(format!("{name}.hex"))
    }

    /// A private key by name.
    #[must_use]
    pub fn key(&self, name: &str) -> PathBuf {
        self.path.join("keys").join(format!("{name}.pem"))
    }

    /// The folder of the HPKE keys.
    #[must_use]
    pub fn sealing_keys(&self) -> PathBuf {
        Self::sealing_keys_in(&self.path)
    }

    /// The folder of the HPKE keys in what a restore set aside.
    #[must_use]
    pub fn sealing_keys_in(aside: &Path) -> PathBuf {
        aside.join("keys").join("sealing")
    }

    /// The key that the secrets of callers on a telephone line follow from.
    #[must_use]
    pub fn dial_in_key(&self) -> PathBuf {
        self.path.join("keys").join("dial-in.hex")
    }

    /// The public halves of the recovery keys.
    #[must_use]
    pub fn recovery_keys(&self) -> PathBuf {
        self.path.join("ca").join("recovery.hex")
    }

    /// The root's private key and the recovery keys, under the passphrase.
    #[must_use]
    pub fn offline_root(&self) -> PathBuf {
        self.path.join("offline-root.pem")
    }

    /// The folder of what belongs offline and is needed seldom.
    #[must_use]
    pub fn offline(&self) -> PathBuf {
        self.path.join("offline")
    }

    /// The passphrase of the keys that publish rates and software, where `init` left it.
    #[must_use]
    pub fn publish_passphrase(&self) -> PathBuf {
        self.offline().join("publish-passphrase.txt")
    }

    /// The lock that says who owns the folder.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.path.join("lock")
    }

    /// There while `init` makes a data center: what it left is worth nothing then.
    #[must_use]
    pub fn beginning(&self) -> PathBuf {
        self.path.join("beginning")
    }

    /// A new folder for what `restore` finds; nothing is made.
    #[must_use]
    pub fn next_aside(&self) -> PathBuf {
        let places = (1_u32..).map(|number| self.path.join(format!("{ASIDE}{number}")));
        let mut free = places.filter(|place| !place.exists());
        free.next().unwrap_or_else(|| self.path.join(ASIDE))
    }

    /// The folders of what restores found.
    ///
    /// # Errors
    /// [`FileFault::Read`].
    pub fn set_aside(&self) -> Result<Vec<PathBuf>, FileFault> {
        let fault = |source| FileFault::Read {
            path: self.path.clone(),
            source,
        };
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(fault)? {
            let path = entry.map_err(fault)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(ASIDE) {
                found.push(path);
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// What the folder holds, by its files. An empty database counts as none.
    ///
    /// # Errors
    /// [`FileFault::Read`].
    pub fn holding(&self) -> Result<Holding, FileFault> {
        let path = self.database();
        match fs::metadata(&path) {
            Ok(metadata) if metadata.len() > 0 => return Ok(Holding::Database),
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(FileFault::Read { path, source });
            }
            Ok(_) | Err(_) => {}
        }
        if self.beginning().exists() {
            return Ok(Holding::Begun);
        }
        Ok(if self.has_keys()? {
            Holding::Remains
        } else {
            Holding::Nothing
        })
    }

    /// Whether keys or certificates of a data center are there.
    ///
    /// # Errors
    /// [`FileFault::Read`].
    pub fn has_keys(&self) -> Result<bool, FileFault> {
        let fault = |path: &Path, source| FileFault::Read {
            path: path.to_owned(),
            source,
        };
        if self.offline_root().exists() {
            return Ok(true);
        }
        for part in ["ca", "keys", "keys/sealing"] {
            let path = self.path.join(part);
            let entries = match fs::read_dir(&path) {
                Err(source) if source.kind() == io::ErrorKind::NotFound => continue,
                entries => entries.map_err(|source| fault(&path, source))?,
            };
            for entry in entries {
                let kind = entry.and_then(|entry| entry.file_type());
                if kind.map_err(|source| fault(&path, source))?.is_file() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Where `serve` says that it listens.
    #[must_use]
    pub fn listening(&self) -> PathBuf {
        self.path.join("listening")
    }

    /// Makes the folder and its subfolders, for the owner only.
    ///
    /// # Errors
    /// [`FileFault::Write`].
    pub fn make(&self) -> Result<(), FileFault> {
        let sealing = self.sealing_keys();
        for path in [
            self.path.clone(),
            self.path.join("ca"),
            sealing,
            self.offline(),
        ] {
            make_private(&path)?;
        }
        make_private(&self.path.join("keys"))
    }
}

/// Makes a folder that only its owner may enter, with the folders above it.
///
/// # Errors
/// [`FileFault::Write`].
pub fn make_private(path: &Path) -> Result<(), FileFault> {
    let fault = |source| FileFault::Write {
        path: path.to_owned(),
        source,
    };
    fs::create_dir_all(path).map_err(fault)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(fault)?;
    }
    Ok(())
}

/// Writes a file whole or not at all, readable by its owner only, and durable when this returns.
///
/// # Errors
/// [`FileFault::Write`].
pub fn write_private(path: &Path, content: &[u8]) -> Result<(), FileFault> {
    let fault = |source| FileFault::Write {
        path: path.to_owned(),
        source,
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    let write = || -> io::Result<()> {
        let mut file = private_options()
            .create(true)
            .truncate(true)
            .open(&beside)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        sync_folder_of(path)
    };
    write().map_err(fault)
}

/// Destroys a file: its content is overwritten before its name goes, durably. One that is not there
/// is no error. What the medium keeps of overwritten blocks is beyond any program's reach.
///
/// # Errors
/// [`FileFault::Write`].
pub fn destroy(path: &Path) -> Result<(), FileFault> {
    let fault = |source| FileFault::Write {
        path: path.to_owned(),
        source,
    };
    let overwrite = || -> io::Result<()> {
        let length = fs::metadata(path)?.len().min(MAX_FILE_BYTES);
        let mut file = OpenOptions::new().write(true).open(path)?;
        file.write_all(&vec![0; usize::try_from(length).unwrap_or_default()])?;
        file.sync_all()?;
        fs::remove_file(path)?;
        sync_folder_of(path)
    };
    match overwrite() {
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(()),
        destroyed => destroyed.map_err(fault),
    }
}

/// Makes a renamed or removed entry of a folder durable.
///
/// # Errors
/// What the system answers.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _: &Path = path;
    Ok(())
}

/// How files are opened for writing: made with mode 0600 where modes exist.
#[must_use]
pub fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// Reads a small file.
///
/// # Errors
/// [`FileFault::Read`], [`FileFault::TooLong`].
pub fn read_small(path: &Path) -> Result<Vec<u8>, FileFault> {
    let fault = |source| FileFault::Read {
        path: path.to_owned(),
        source,
    };
    let mut content = Vec::new();
    let file = File::open(path).map_err(fault)?;
    let read = file
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut content)
        .map_err(fault)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > MAX_FILE_BYTES {
        return Err(FileFault::TooLong {
            path: path.to_owned(),
        });
    }
    Ok(content)
}
