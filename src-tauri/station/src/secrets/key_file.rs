//! A key file of mode 0600: for demos, kiosks and servers whose disk is protected by other means.
//!
//! Whoever can read the file can open the store; the program says so where it is chosen.

use std::path::Path;

use zeroize::Zeroizing;

use super::file_keeper::{Covering, FileKeeper};
use super::{SecretFault, StoreId};

/// The keys lie in the file as they are.
pub struct Bare;

/// Keys in a private file; the mark beside it in `PATH.mark`.
pub type KeyFile = FileKeeper<Bare>;

impl KeyFile {
    /// Opens the key file at `path`, which is made with the first key.
    ///
    /// # Errors
    /// [`SecretFault`] when the file is there and open to others, not ours, or another station's.
    pub fn open(path: &Path, store: StoreId) -> Result<Self, SecretFault> {
        Self::over(path, path.to_owned(), store, Bare)
    }
}

impl Covering for Bare {
    fn words(&self, path: &Path) -> String {
        format!("key file {}", path.display())
    }

    fn uncover(&self, _: &Path, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, SecretFault> {
        Ok(Zeroizing::new(bytes.to_vec()))
    }

    fn cover(&self, text: &[u8]) -> Result<Zeroizing<Vec<u8>>, SecretFault> {
        Ok(Zeroizing::new(text.to_vec()))
    }
}
