//! A key file of mode 0600: for demos, kiosks and servers whose disk is protected by other means.
//!
//! Whoever can read the file can open the store; the program says so where it is chosen.

use std::path::{Path, PathBuf};

use super::key_set::KeySet;
use super::mark::{load_mark_file, store_mark_file};
use super::{
    HighWaterMark, Kek, KekId, Patience, SecretFault, SecretStore, StoreId, beside, private_file,
};

/// Keys in a private file; the mark beside it in `PATH.mark`.
pub struct KeyFile {
    path: PathBuf,
    store: StoreId,
}

impl KeyFile {
    /// Opens the key file at `path`, which is made with the first key.
    ///
    /// # Errors
    /// [`SecretFault`] when the file is there and open to others, not ours, or another station's.
    pub fn open(path: &Path, store: StoreId) -> Result<Self, SecretFault> {
        let file = Self {
            path: path.to_owned(),
            store,
        };
        file.load()?;
        Ok(file)
    }

    fn load(&self) -> Result<KeySet, SecretFault> {
        let Some(bytes) = private_file::read(&self.path)? else {
            return Ok(KeySet::new(self.store));
        };
        let keys = KeySet::parse(&bytes).ok_or_else(|| SecretFault::NotKeys {
            path: self.path.clone(),
        })?;
        if keys.store == self.store {
            Ok(keys)
        } else {
            Err(SecretFault::Foreign {
                path: self.path.clone(),
            })
        }
    }

    fn save(&self, keys: &KeySet) -> Result<(), SecretFault> {
        private_file::replace(&self.path, keys.to_text().as_bytes())
    }
}

impl SecretStore for KeyFile {
    fn words(&self) -> String {
        format!("key file {}", self.path.display())
    }

    fn load_key(&self, kek: KekId, _: Patience) -> Result<Option<Kek>, SecretFault> {
        Ok(self.load()?.keys.remove(&kek))
    }

    fn store_key(&self, kek: KekId, key: &Kek, _: Patience) -> Result<(), SecretFault> {
        let mut keys = self.load()?;
        keys.keys.insert(kek, key.clone());
        self.save(&keys)
    }

    fn delete_key(&self, kek: KekId) -> Result<(), SecretFault> {
        let mut keys = self.load()?;
        match keys.keys.remove(&kek) {
            Some(_) => self.save(&keys),
            None => Ok(()),
        }
    }

    fn load_mark(&self) -> Result<Option<HighWaterMark>, SecretFault> {
        load_mark_file(&beside(&self.path, ".mark"), self.store)
    }

    fn store_mark(&self, mark: &HighWaterMark) -> Result<(), SecretFault> {
        store_mark_file(&beside(&self.path, ".mark"), self.store, mark)
    }
}
