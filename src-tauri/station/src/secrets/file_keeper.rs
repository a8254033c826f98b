//! A keeper of secrets whose keys lie in one private file, with the high-water mark beside it.
//!
//! Files differ only in how the text of the keys is covered: see [`Covering`].

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::key_set::KeySet;
use super::mark::{load_mark_file, store_mark_file};
use super::{
    HighWaterMark, Kek, KekId, Patience, SecretFault, SecretStore, StoreId, beside, private_file,
};

/// How the keys in a file are covered.
pub trait Covering: Send + Sync {
    /// Where the secrets are kept, in words for the clerk; `path` is the one the admin named.
    fn words(&self, path: &Path) -> String;

    /// The text of the keys in a file's bytes.
    ///
    /// # Errors
    /// [`SecretFault::NotKeys`], [`SecretFault::WrongPassphrase`], both naming `file`.
    fn uncover(&self, file: &Path, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, SecretFault>;

    /// A file's bytes for the text of the keys.
    ///
    /// # Errors
    /// [`SecretFault::NoRandom`].
    fn cover(&self, text: &[u8]) -> Result<Zeroizing<Vec<u8>>, SecretFault>;
}

/// Keys in a private file, covered as `C` says.
pub struct FileKeeper<C> {
    /// The path the admin named; the mark lies beside it in `PATH.mark`.
    named: PathBuf,
    /// Where the keys lie.
    file: PathBuf,
    store: StoreId,
    covering: C,
}

impl<C: Covering> FileKeeper<C> {
    /// Opens the keys of `store` in `file`, which is made with the first key.
    ///
    /// # Errors
    /// [`SecretFault`] when the file is there and open to others, not ours, covered otherwise, or
    /// another station's.
    pub(super) fn over(
        named: &Path,
        file: PathBuf,
        store: StoreId,
        covering: C,
    ) -> Result<Self, SecretFault> {
        let keeper = Self {
            named: named.to_owned(),
            file,
            store,
            covering,
        };
        keeper.load()?;
        Ok(keeper)
    }

    fn load(&self) -> Result<KeySet, SecretFault> {
        let Some(bytes) = private_file::read(&self.file)? else {
            return Ok(KeySet::new(self.store));
        };
        let text = self.covering.uncover(&self.file, &bytes)?;
        let path = || self.file.clone();
        match KeySet::parse(&text) {
            None => Err(SecretFault::NotKeys { path: path() }),
            Some(keys) if keys.store != self.store => Err(SecretFault::Foreign { path: path() }),
            Some(keys) => Ok(keys),
        }
    }

    fn save(&self, keys: &KeySet) -> Result<(), SecretFault> {
        let bytes = self.covering.cover(keys.to_text().as_bytes())?;
        private_file::replace(&self.file, &bytes)
    }

    fn mark_file(&self) -> PathBuf {
        beside(&self.named, ".mark")
    }
}

impl<C: Covering> SecretStore for FileKeeper<C> {
    fn words(&self) -> String {
        self.covering.words(&self.named)
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
        load_mark_file(&self.mark_file(), self.store)
    }

    fn store_mark(&self, mark: &HighWaterMark) -> Result<(), SecretFault> {
        store_mark_file(&self.mark_file(), self.store, mark)
    }
}
