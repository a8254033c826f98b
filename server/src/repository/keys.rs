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

/// The key of a role whose keys lie in the data folder.
pub(super) fn find(
    folder: &Folder,
    role: RepositoryRole,
    keys: &Role,
    passphrase: Option<&str>,
) -> Result<Ed25519Key, RepositoryError> {
    let places = keys.keyids.iter().map(|id| (id, path_of(folder, role, id)));
    let mut there = places.filter(|(_, path)| path.exists());
    let (id, path) = there.next().ok_or(RepositoryError::NoKey { role })?;
    let key = match (role.custody(), passphrase) {
        (Custody::Open, _) => read_repository_key(&path)?,
        (Custody::Sealed, Some(passphrase)) => open_repository_key(&path, passphrase)?,
        (Custody::Sealed, None) => open_repository_key(&path, &kept_passphrase(folder)?)?,
        (Custody::Offline, _) => return Err(RepositoryError::NoKey { role }),
    };
    if id_of(&key) == *id {
        Ok(key)
    } else {
        Err(ca::CaError::Damaged { path }.into())
    }
}

/// The passphrase of those who publish, where `init` left it and nobody has moved it away yet.
fn kept_passphrase(folder: &Folder) -> Result<Zeroizing<String>, RepositoryError> {
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
