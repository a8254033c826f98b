//! Keys sealed under a passphrase that is read from a file.
//!
//! `PATH` holds the passphrase, `PATH.sealed` the keys under AES-256-GCM with a key from argon2id,
//! `PATH.mark` the high-water mark. The passphrase file may lie on a medium that is taken away
//! after the start; the sealed keys are useless without it.

use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand;
use zeroize::Zeroizing;

use super::file_keeper::{Covering, FileKeeper};
use super::{KEY_LENGTH, SecretFault, StoreId, beside, private_file};

/// First bytes of a sealed file; part of what is authenticated.
const MAGIC: &[u8; 8] = b"PBKEYS1\n";

/// Bytes of salt.
const SALT_LENGTH: usize = 16;

/// Memory of argon2id, KiB: 64 MiB, the figure of the design's PIN rule.
const MEMORY_KIB: u32 = 64 * 1024;

/// Passes of argon2id.
const PASSES: u32 = 3;

/// The key derived from one passphrase and salt; kept so that argon2id runs once a start.
pub struct Derived {
    salt: [u8; SALT_LENGTH],
    key: Zeroizing<[u8; KEY_LENGTH]>,
}

/// Keys sealed under a passphrase.
pub type PassphraseFile = FileKeeper<Derived>;

impl PassphraseFile {
    /// Opens the keys sealed under the passphrase in the file `path`; the sealed file is made with
    /// the first key.
    ///
    /// # Errors
    /// [`SecretFault::WrongPassphrase`], and the others when a file is missing, open to others,
    /// not ours, or another station's.
    pub fn open(path: &Path, store: StoreId) -> Result<Self, SecretFault> {
        let passphrase = read_passphrase(path)?;
        let file = beside(path, ".sealed");
        let salt = match private_file::read(&file)? {
            Some(bytes) => split(&bytes).map(|parts| parts.0),
            None => Some(random()?),
        };
        let salt = salt.ok_or_else(|| SecretFault::NotKeys { path: file.clone() })?;
        let key = derive(&passphrase, &salt);
        Self::over(path, file, store, Derived { salt, key })
    }
}

impl Covering for Derived {
    fn words(&self, path: &Path) -> String {
        format!("keys sealed with the passphrase in {}", path.display())
    }

    fn uncover(&self, file: &Path, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, SecretFault> {
        let path = || file.to_owned();
        let (salt, nonce, ciphertext) =
            split(bytes).ok_or_else(|| SecretFault::NotKeys { path: path() })?;
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let opened = sealing_key(&self.key).open_in_place(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(header(&salt)),
            &mut buffer,
        );
        match opened {
            Ok(text) => Ok(Zeroizing::new(text.to_vec())),
            Err(_) => Err(SecretFault::WrongPassphrase { path: path() }),
        }
    }

    fn cover(&self, text: &[u8]) -> Result<Zeroizing<Vec<u8>>, SecretFault> {
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut body = Zeroizing::new(text.to_vec());
        let head = header(&self.salt);
        let tag = seal(&self.key, nonce, head, &mut body);
        Ok(Zeroizing::new([&head[..], &nonce, &body, &tag].concat()))
    }
}

/// Reads the passphrase: the file's first line, which must not be empty.
fn read_passphrase(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretFault> {
    let not_there = || SecretFault::Read {
        path: path.to_owned(),
        source: std::io::ErrorKind::NotFound.into(),
    };
    let bytes = private_file::read(path)?.ok_or_else(not_there)?;
    let line = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next();
    match line {
        Some(line) if !line.is_empty() => Ok(Zeroizing::new(line.to_vec())),
        Some(_) | None => Err(SecretFault::NotKeys {
            path: path.to_owned(),
        }),
    }
}

/// Splits a sealed file into salt, nonce and ciphertext with tag.
fn split(bytes: &[u8]) -> Option<([u8; SALT_LENGTH], [u8; NONCE_LEN], &[u8])> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (salt, rest) = rest.split_first_chunk::<SALT_LENGTH>()?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>()?;
    Some((*salt, *nonce, ciphertext))
}

/// What stands before the nonce and is authenticated with the keys.
fn header(salt: &[u8; SALT_LENGTH]) -> [u8; MAGIC.len() + SALT_LENGTH] {
    let mut header = [0; MAGIC.len() + SALT_LENGTH];
    header[..MAGIC.len()].copy_from_slice(MAGIC);
    header[MAGIC.len()..].copy_from_slice(salt);
    header
}

/// Derives the sealing key from a passphrase.
fn derive(passphrase: &[u8], salt: &[u8; SALT_LENGTH]) -> Zeroizing<[u8; KEY_LENGTH]> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, Some(KEY_LENGTH))
        .expect("the constants lie within argon2's bounds");
    let mut key = Zeroizing::new([0; KEY_LENGTH]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase, salt, key.as_mut_slice())
        .expect("a file's line and a 16-byte salt lie within argon2's bounds");
    key
}

/// Seals `body` in place and returns the tag.
fn seal(
    key: &[u8; KEY_LENGTH],
    nonce: [u8; NONCE_LEN],
    head: [u8; MAGIC.len() + SALT_LENGTH],
    body: &mut [u8],
) -> Vec<u8> {
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = sealing_key(key)
        .seal_in_place_separate_tag(nonce, Aad::from(head), body)
        .expect("a file of keys is far below the limit of AES-GCM");
    tag.as_ref().to_vec()
}

fn sealing_key(key: &[u8; KEY_LENGTH]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("AES-256 takes 32 bytes"))
}

fn random<const N: usize>() -> Result<[u8; N], SecretFault> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| SecretFault::NoRandom)?;
    Ok(bytes)
}
