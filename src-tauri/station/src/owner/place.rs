//! Where the private socket of a data folder is.

use std::io;
use std::path::Path;

use interprocess::local_socket::Name;

/// The name of the socket, for its server and for its clients.
#[cfg(unix)]
pub(super) fn name(folder: &Path) -> io::Result<Name<'static>> {
    use interprocess::local_socket::{GenericFilePath, ToFsName};
    socket_path(folder)?.to_fs_name::<GenericFilePath>()
}

/// The name of the pipe, for its server and for its clients.
#[cfg(windows)]
pub(super) fn name(folder: &Path) -> io::Result<Name<'static>> {
    use interprocess::local_socket::{GenericNamespaced, ToNsName};
    format!("pennyblack-{}", short_hash(folder)?).to_ns_name::<GenericNamespaced>()
}

/// Prepares the place for a server that holds the folder's lock: a private folder, without the
/// socket a crashed owner may have left.
#[cfg(unix)]
pub(super) fn prepare(folder: &Path) -> io::Result<()> {
    prepared(folder, &socket_path(folder)?)
}

/// The place of another socket beside the owner's, for the process that holds the folder's lock.
#[cfg(unix)]
pub(crate) fn private_socket(folder: &Path, name: &str) -> io::Result<std::path::PathBuf> {
    let path = socket_path(folder)?.with_file_name(name);
    prepared(folder, &path)?;
    Ok(path)
}

/// A private folder around a socket that is not there.
#[cfg(unix)]
fn prepared(folder: &Path, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let parent = path.parent().unwrap_or(folder);
    super::lock::make_private(parent)?;
    let metadata = std::fs::symlink_metadata(parent)?;
    let owner = std::fs::metadata(folder)?.uid();
    // A folder in the shared temporary folder might have been made by somebody else.
    let ours = metadata.is_dir() && metadata.uid() == owner;
    if !ours || metadata.permissions().mode() & 0o077 != 0 {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("{} is not private", parent.display()),
        ));
    }
    match std::fs::remove_file(path) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(fault),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Takes the socket from everybody else; its folder keeps them out already.
#[cfg(unix)]
pub(super) fn close_to_others(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let private = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(socket_path(folder)?, private)
}

/// A named pipe is its maker's own.
#[cfg(windows)]
pub(super) fn close_to_others(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Named pipes need no place.
#[cfg(windows)]
pub(super) fn prepare(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The longest path a Unix socket's address holds everywhere, bytes.
#[cfg(unix)]
const MAX_SOCKET_PATH: usize = 100;

/// In the data folder, or, when that lies too deep, in a private folder for temporary files.
#[cfg(unix)]
fn socket_path(folder: &Path) -> io::Result<std::path::PathBuf> {
    let inside = std::fs::canonicalize(folder)?.join("private/station");
    if inside.as_os_str().len() <= MAX_SOCKET_PATH {
        return Ok(inside);
    }
    let name = format!("pennyblack-{}", short_hash(folder)?);
    Ok(Path::new("/tmp").join(name).join("station"))
}

/// Sixteen hexadecimal digits that stand for a folder.
fn short_hash(folder: &Path) -> io::Result<String> {
    use sha2::{Digest, Sha256};
    let folder = std::fs::canonicalize(folder)?;
    let hash = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    Ok(hex::encode(hash.get(..8).unwrap_or_default()))
}
