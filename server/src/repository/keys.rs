//! Where the keys of each role are found.
//!
//! A file is named by its role and the name of its key, so that the keys before and after a rotation
//! lie beside each other and metadata alone says which counts. A file that no metadata names, as a
//! broken `init` may leave it, is good for nothing.

use std::path::{Path, PathBuf};

use shared::tuf::{KeyId, Role};
use zeroize::Zeroizing;

use super::role::{Custody, RepositoryRole};
use super::sign::id_of;
use super::{ROOT_KEYS, RepositoryError};
use crate::ca::{
    self, Ed25519Key, NewRepositoryKey, Origin, open_repository_key, read_repository_key,
};
use crate::folder::{Folder, read_small, write_private};

/// Letters of a key's name in that of its file.
const NAME_CHARS: usize = 16;

/// The file of the first key of the top-level targets.
pub const TARGETS_FILE: &str = "repository-targets.pem";

/// The file of one of the first keys of the root.
#[must_use]
pub fn root_file(number: usize) -> String {
    format!("repository-root-{number}.pem")
}

/// The place of a key in the data folder.
fn path_of(folder: &Folder, role: RepositoryRole, key: &KeyId) -> PathBuf {
    let name: String = key.as_str().chars().take(NAME_CHARS).collect();
    folder.key(&format!("repository-{}-{name}", role.name()))
}

/// Makes a key of a role that lies open, in its file.
pub(super) fn make_open(
    folder: &Folder,
    role: RepositoryRole,
) -> Result<Ed25519Key, RepositoryError> {
    let new = NewRepositoryKey::make()?;
    let path = path_of(folder, role, &id_of(new.key()));
    new.write_open(&path)?;
    Ok(read_repository_key(&path)?)
}

/// Makes a key of a role that is sealed, in its file.
pub(super) fn make_sealed(
    folder: &Folder,
    role: RepositoryRole,
    passphrase: (&str, Origin),
) -> Result<NewRepositoryKey, RepositoryError> {
    let new = NewRepositoryKey::make()?;
    let title = format!("Key of the role {}", role.name());
    let path = path_of(folder, role, &id_of(new.key()));
    write_private(&path, new.sealed(&title, passphrase)?.as_bytes())?;
    Ok(new)
}

/// Makes the keys of root and targets in the folder that belongs offline.
pub(super) fn make_offline(
    folder: &Folder,
    passphrase: &str,
) -> Result<(Vec<NewRepositoryKey>, NewRepositoryKey), RepositoryError> {
    let make = |file: &str, title: &str| -> Result<NewRepositoryKey, RepositoryError> {
        let new = NewRepositoryKey::make()?;
        let sealed = new.sealed(title, (passphrase, Origin::Chosen))?;
        write_private(&folder.offline().join(file), sealed.as_bytes())?;
        Ok(new)
    };
    let root = (1..=ROOT_KEYS)
        .map(|number| {
            let title = format!("Key {number} of {ROOT_KEYS} of the role root");
            make(&root_file(number), &title)
        })
        .collect::<Result<_, _>>()?;
    Ok((root, make(TARGETS_FILE, "Key of the role targets")?))
}

/// Whether a key of the role lies in the data folder.
pub(super) fn has(folder: &Folder, role: RepositoryRole, keys: &Role) -> bool {
    let mut places = keys.keyids.iter().map(|id| path_of(folder, role, id));
    places.any(|path| path.exists())
}

/// The key of a role whose keys lie in the data folder: of several the first that opens.
pub(super) fn find(
    folder: &Folder,
    role: RepositoryRole,
    keys: &Role,
    passphrase: Option<&str>,
) -> Result<Ed25519Key, RepositoryError> {
    let mut fault = RepositoryError::NoKey { role };
    for id in &keys.keyids {
        let path = path_of(folder, role, id);
        if !path.exists() {
            continue;
        }
        let opened: Result<Ed25519Key, RepositoryError> = match role.custody() {
            Custody::Open => read_repository_key(&path).map_err(Into::into),
            Custody::Sealed => {
                let passphrase = passphrase_or_kept(folder, passphrase)?;
                open_repository_key(&path, &passphrase).map_err(Into::into)
            }
            Custody::Offline => Err(RepositoryError::NoKey { role }),
        };
        match opened {
            Ok(key) if id_of(&key) == *id => return Ok(key),
            Ok(_) => fault = ca::CaError::Damaged { path }.into(),
            Err(error) => fault = error,
        }
    }
    Err(fault)
}

/// The passphrase of those who publish: the one given, or where `init` left it and nobody has moved
/// it away yet.
pub(super) fn passphrase_or_kept(
    folder: &Folder,
    given: Option<&str>,
) -> Result<Zeroizing<String>, RepositoryError> {
    if let Some(given) = given {
        return Ok(Zeroizing::new(given.to_owned()));
    }
    let path = folder.publish_passphrase();
    if !path.exists() {
        return Err(RepositoryError::NoPassphrase);
    }
    read_first_line(&path)
}

/// The first line of a small file.
fn read_first_line(path: &Path) -> Result<Zeroizing<String>, RepositoryError> {
    let bytes = Zeroizing::new(read_small(path)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| ca::CaError::WrongPassphrase)?;
    let line = text.lines().next().unwrap_or_default();
    Ok(Zeroizing::new(line.to_owned()))
}
