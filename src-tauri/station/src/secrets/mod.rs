//! Where the station's key-encryption keys and its high-water mark are kept.
//!
//! The store seals every row of value under data keys, and wraps those under one 32-byte
//! key-encryption key. That key never lies in the data folder: it is in the operating system's
//! keyring, or in a file the admin chose explicitly. There is no plaintext fallback and no
//! constant key; without a usable keyring and without a choice the station refuses.
//!
//! The high-water mark (journal size and root) lives beside the key and not in the data folder,
//! so that a folder copied back from an old backup is noticed.

pub mod file_keeper;
pub mod key_file;
mod key_set;
pub mod keyring;
pub mod mark;
pub mod passphrase;
pub mod private_file;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_lc_rs::rand;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::api::SecretsChoice;

pub use mark::{HighWaterMark, MarkWriter};

/// Bytes of a key-encryption key.
pub const KEY_LENGTH: usize = 32;

/// The identity of a data folder's store: 16 random bytes, made once with the database.
pub type StoreId = [u8; 16];

/// The number of a key-encryption key; grows by one with every rotation.
pub type KekId = u16;

/// A key-encryption key; wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Kek([u8; KEY_LENGTH]);

impl Kek {
    /// Takes the key's bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; KEY_LENGTH]) -> Self {
        Self(bytes)
    }

    /// Makes a new key from the system's random numbers.
    ///
    /// # Errors
    /// [`SecretFault::NoRandom`] when the system gives none.
    pub fn random() -> Result<Self, SecretFault> {
        let mut key = Self([0; KEY_LENGTH]);
        rand::fill(&mut key.0).map_err(|_| SecretFault::NoRandom)?;
        Ok(key)
    }

    /// The key's bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; KEY_LENGTH] {
        &self.0
    }
}

impl fmt::Debug for Kek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kek(redacted)")
    }
}

/// How long a keeper of secrets may take to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Nobody was told: a system prompt would go unnoticed.
    Background,
    /// The user was told that the system may ask for a password.
    UserTold,
}

impl Patience {
    /// The time-out.
    #[must_use]
    pub const fn timeout(self) -> Duration {
        match self {
            Self::Background => Duration::from_secs(5),
            Self::UserTold => Duration::from_secs(120),
        }
    }
}

/// Why a secret could not be kept or fetched.
#[derive(Debug, thiserror::Error)]
pub enum SecretFault {
    /// The operating system has no usable keyring.
    #[error("the operating system has no usable keyring")]
    NoKeyring(#[source] ::keyring::Error),
    /// The keyring did not answer in time: its prompt is open, or it hangs.
    #[error("the keyring did not answer within {seconds} seconds")]
    KeyringSlow {
        /// The time allowed, seconds.
        seconds: u64,
    },
    /// The keyring holds something that is not ours.
    #[error("the keyring entry {entry} holds {length} bytes and not what was stored")]
    KeyringEntry {
        /// The entry's name.
        entry: String,
        /// The bytes found.
        length: usize,
    },
    /// A file could not be read.
    #[error("reading {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("writing {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Others may read or write a file that must be private.
    #[error("{} is open to others (mode {mode:03o})", path.display())]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file is not of the expected form.
    #[error("{} is not a file of keys of this program", path.display())]
    NotKeys {
        /// The file.
        path: PathBuf,
    },
    /// A file belongs to another station.
    #[error("{} belongs to another station", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The passphrase does not open the sealed keys.
    #[error("the passphrase does not open {}", path.display())]
    WrongPassphrase {
        /// The sealed file.
        path: PathBuf,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoRandom,
}

/// A keeper of the key-encryption keys and the high-water mark of one store.
pub trait SecretStore: Send + Sync {
    /// Where the secrets are kept, in words for the clerk.
    fn words(&self) -> String;

    /// Fetches a key; `None` when it was never stored.
    ///
    /// # Errors
    /// Every [`SecretFault`] the keeper knows.
    fn load_key(&self, kek: KekId, patience: Patience) -> Result<Option<Kek>, SecretFault>;

    /// Keeps a key durably.
    ///
    /// # Errors
    /// Every [`SecretFault`] the keeper knows; then the key counts as not kept.
    fn store_key(&self, kek: KekId, key: &Kek, patience: Patience) -> Result<(), SecretFault>;

    /// Destroys a key; one that is not there is no error.
    ///
    /// # Errors
    /// Every [`SecretFault`] the keeper knows.
    fn delete_key(&self, kek: KekId) -> Result<(), SecretFault>;

    /// Fetches the high-water mark; `None` when there never was one.
    ///
    /// # Errors
    /// Every [`SecretFault`] the keeper knows.
    fn load_mark(&self) -> Result<Option<HighWaterMark>, SecretFault>;

    /// Replaces the high-water mark durably.
    ///
    /// # Errors
    /// Every [`SecretFault`] the keeper knows.
    fn store_mark(&self, mark: &HighWaterMark) -> Result<(), SecretFault>;
}

/// Opens the chosen keeper for the store `store`.
///
/// # Errors
/// [`SecretFault`] when the keeper cannot be used: there is no keyring, the passphrase is wrong, a
/// file is open to others or belongs to another station.
pub fn open(
    choice: &SecretsChoice,
    store: StoreId,
    patience: Patience,
) -> Result<Box<dyn SecretStore>, SecretFault> {
    Ok(match choice {
        SecretsChoice::Keyring => Box::new(keyring::Keyring::open(store, patience)?),
        SecretsChoice::PassphraseFile { path } => {
            Box::new(passphrase::PassphraseFile::open(Path::new(path), store)?)
        }
        SecretsChoice::KeyFile { path } => {
            Box::new(key_file::KeyFile::open(Path::new(path), store)?)
        }
    })
}

/// The path with `suffix` added to its file name: `keys` and `.mark` give `keys.mark`.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod session_tests;
#[cfg(test)]
mod tests;
