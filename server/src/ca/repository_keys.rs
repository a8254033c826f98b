//! Keys of the signed repository as they lie in files. What each is for says [`crate::repository`].
//!
//! They are Ed25519 and never on a token: few tokens can do it. Those that belong offline, and those
//! that publish, are sealed as the offline root is; the others lie open in the data folder.

use std::path::Path;

use zeroize::Zeroizing;

use super::keys::{self, Ed25519Key};
use super::{CaError, Origin, offline};
use crate::folder;

/// What the file of a sealed key begins with.
const HEAD: &str =
    "A key of the repository of a Pennyblack data center. Keep the passphrase elsewhere.\n";

/// A key that was made and lies nowhere yet.
pub struct NewRepositoryKey {
    der: Zeroizing<Vec<u8>>,
    key: Ed25519Key,
}

impl std::fmt::Debug for NewRepositoryKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewRepositoryKey").finish_non_exhaustive()
    }
}

impl NewRepositoryKey {
    /// Makes one.
    ///
    /// # Errors
    /// [`CaError::Crypto`].
    pub fn make() -> Result<Self, CaError> {
        let der = keys::new_ed25519()?;
        let key = Ed25519Key::from_pkcs8(&der).ok_or(CaError::Crypto {
            what: "make an Ed25519 key",
        })?;
        Ok(Self { der, key })
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &Ed25519Key {
        &self.key
    }

    /// The key, once it lies in its file.
    #[must_use]
    pub fn into_key(self) -> Ed25519Key {
        self.key
    }

    /// The content of a file that holds it under a passphrase.
    ///
    /// # Errors
    /// [`CaError::WeakPassphrase`], [`CaError::Crypto`].
    pub fn sealed(&self, title: &str, passphrase: (&str, Origin)) -> Result<String, CaError> {
        offline::seal_bundle_by(HEAD, &[(title, &self.der)], passphrase)
    }

    /// Writes it into a file of the data folder, open.
    ///
    /// # Errors
    /// [`CaError::File`].
    pub fn write_open(&self, path: &Path) -> Result<(), CaError> {
        keys::write_key(path, &self.der)
    }
}

/// Opens a file that holds a key under a passphrase.
///
/// # Errors
/// [`CaError::WrongPassphrase`], also for a file that holds no such key.
pub fn open_repository_key(path: &Path, passphrase: &str) -> Result<Ed25519Key, CaError> {
    let bundle = folder::read_small(path)?;
    let bundle = std::str::from_utf8(&bundle).map_err(|_| CaError::WrongPassphrase)?;
    let keys = offline::open_bundle(bundle, passphrase)?;
    let first = keys.first().ok_or(CaError::WrongPassphrase)?;
    Ed25519Key::from_pkcs8(first).ok_or(CaError::WrongPassphrase)
}

/// Reads a key that lies open.
///
/// # Errors
/// [`CaError::File`], [`CaError::Damaged`].
pub fn read_repository_key(path: &Path) -> Result<Ed25519Key, CaError> {
    Ed25519Key::read(path)
}
