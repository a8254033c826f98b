//! Files only the owner may read: bounded reads, durable replacement, checked permissions.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use zeroize::Zeroizing;

use super::SecretFault;

/// The largest file of secrets read, bytes: hundreds of keys fit.
const MAX_LENGTH: u64 = 64 * 1024;

/// Reads a private file; `None` when it is not there.
///
/// # Errors
/// [`SecretFault::TooOpen`] when group or others have any right on it, [`SecretFault::NotKeys`]
/// when it is longer than any file of ours, [`SecretFault::Read`] otherwise.
pub fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, SecretFault> {
    let fault = |source| SecretFault::Read {
        path: path.to_owned(),
        source,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(fault(source)),
    };
    check_mode(path, &file.metadata().map_err(fault)?)?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX_LENGTH + 1)
        .read_to_end(&mut bytes)
        .map_err(fault)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_LENGTH) {
        return Err(SecretFault::NotKeys {
            path: path.to_owned(),
        });
    }
    Ok(Some(bytes))
}

/// Replaces a private file durably: a new file of mode 0600 is written, synced and renamed over
/// the old one. A crash leaves either the old or the new content, never a mixture.
///
/// # Errors
/// [`SecretFault::Write`].
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), SecretFault> {
    let fault = |source| SecretFault::Write {
        path: path.to_owned(),
        source,
    };
    let fresh = super::beside(path, ".new");
    match fs::remove_file(&fresh) {
        Ok(()) => {}
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => {}
        Err(source) => return Err(fault(source)),
    }
    let mut file = create_private(&fresh).map_err(fault)?;
    file.write_all(bytes).map_err(fault)?;
    file.sync_all().map_err(fault)?;
    drop(file);
    fs::rename(&fresh, path).map_err(fault)?;
    sync_folder(path).map_err(fault)
}

/// Refuses a file that group or others may touch.
#[cfg(unix)]
fn check_mode(path: &Path, metadata: &fs::Metadata) -> Result<(), SecretFault> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        Ok(())
    } else {
        Err(SecretFault::TooOpen {
            path: path.to_owned(),
            mode,
        })
    }
}

/// On Windows the file inherits the folder's access list, which the profile keeps private.
#[cfg(not(unix))]
fn check_mode(_: &Path, _: &fs::Metadata) -> Result<(), SecretFault> {
    Ok(())
}

/// Creates a file that must not exist yet, with mode 0600 from its first instant.
fn create_private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// Makes a rename durable: the folder's entry is synced too.
#[cfg(unix)]
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

/// NTFS journals the rename itself.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}
