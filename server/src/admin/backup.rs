//! Backup into one file, and restore from it.
//!
//! A backup is a copy of the database, taken beside running work by the engine's own backup, with
//! one more table that holds configuration, certificates and keys. It never holds the offline
//! root. It is readable by its owner only and as precious as the data folder itself.
//!
//! A restore is always a new epoch: what happened after the backup is unknown here, so refills are
//! locked until the stations have been asked, and numbers that may have been given out since are
//! skipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};

use super::view::RestoreView;
use crate::center::{CenterError, DataCenter};
use crate::clock::Clock;
use crate::db::{Db, DbError};
use crate::epochs;
use crate::folder::{self, FileFault, Folder};
use crate::ledger::{self, AuditFault};

/// The most files a backup carries: a handful of keys and certificates.
const FILES_MAX: usize = 256;

/// Why a backup was not written or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is a file of that name.
    #[error("{} is there already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// There is no file of that name.
    #[error("there is no file {}", path.display())]
    Absent {
        /// The file.
        path: PathBuf,
    },
    /// The folder holds the keys of another data center than the backup's.
    #[error("{} holds keys of another data center than the backup {}", folder.display(), path.display())]
    AnotherCenter {
        /// The backup.
        path: PathBuf,
        /// The data folder.
        folder: PathBuf,
    },
    /// The file is not a backup of a data center.
    #[error("{} is not a backup of a data center", path.display())]
    NotABackup {
        /// The file.
        path: PathBuf,
    },
    /// The backup is damaged.
    #[error("the backup {} is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileFault),
    /// The database engine failed on the backup.
    #[error("the backup {} cannot be used", path.display())]
    Engine {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// The restored data center could not be opened.
    #[error(transparent)]
    Center(#[from] CenterError),
    /// The book in the backup does not hold.
    #[error(transparent)]
    Audit(#[from] AuditFault),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Writes a backup of a running data center into a new file; returns its size in bytes.
///
/// # Errors
/// [`BackupError`]; an unfinished file is left under another name, never under `to`.
pub fn write(center: &DataCenter, to: &Path) -> Result<u64, BackupError> {
    if to.exists() {
        return Err(BackupError::Exists {
            path: to.to_owned(),
        });
    }
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    let unfinished = to.with_file_name(name);
    let write_fault = |source| FileFault::Write {
        path: unfinished.clone(),
        source,
    };
    // Made here, so that it is never readable by others, not even while it grows.
    folder::private_options()
        .create(true)
        .truncate(true)
        .open(&unfinished)
        .map_err(write_fault)?;
    center.db().copy_to(&unfinished)?;
    add_files(center.folder(), &unfinished)?;
    let finish = || -> std::io::Result<u64> {
        let file = fs::File::open(&unfinished)?;
        file.sync_all()?;
        fs::rename(&unfinished, to)?;
        folder::sync_folder_of(to)?;
        Ok(file.metadata()?.len())
    };
    Ok(finish().map_err(write_fault)?)
}

/// Puts the files of the data folder into the copied database.
fn add_files(folder: &Folder, copy: &Path) -> Result<(), BackupError> {
    let fault = |source| BackupError::Engine {
        path: copy.to_owned(),
        source,
    };
    let connection = Connection::open(copy).map_err(fault)?;
    connection
        .execute_batch(
            "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;
             CREATE TABLE folder_file (path TEXT PRIMARY KEY, content BLOB NOT NULL);",
        )
        .map_err(fault)?;
    for name in files_of(folder)? {
        let content = folder::read_small(&folder.path().join(&name))?;
        connection
            .execute(
                "INSERT INTO folder_file (path, content) VALUES (?1, ?2)",
                rusqlite::params![name, content],
            )
            .map_err(fault)?;
    }
    connection.close().map_err(|(_, source)| fault(source))
}

/// The files that belong into a backup, by their path in the folder with forward slashes.
fn files_of(folder: &Folder) -> Result<Vec<String>, BackupError> {
    let mut names = vec!["config.toml".to_owned()];
    for (part, extension) in [
        ("ca", "pem"),
        ("ca", "hex"),
        ("keys", "pem"),
        ("keys", "hex"),
        ("keys/sealing", "json"),
    ] {
        let path = folder.path().join(part);
        let fault = |source| FileFault::Read {
            path: path.clone(),
            source,
        };
        for entry in fs::read_dir(&path).map_err(fault)? {
            let name = entry.map_err(fault)?.file_name();
            let name = name.to_string_lossy();
            if name.ends_with(&format!(".{extension}")) {
                names.push(format!("{part}/{name}"));
            }
        }
    }
    Ok(names)
}

/// Whether a path from a backup may be written: only what [`files_of`] can give.
fn is_ours(name: &str) -> bool {
    let plain = |name: &str, extension: &str| {
        name.strip_suffix(extension).is_some_and(|stem| {
            let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            !stem.is_empty() && stem.bytes().all(|byte| allowed(byte) || byte == b'-')
        })
    };
    match name.rsplit_once('/') {
        None => name == "config.toml",
        Some(("ca", file)) => plain(file, ".pem") || plain(file, ".hex"),
        Some(("keys", file)) => plain(file, ".pem") || plain(file, ".hex"),
        Some(("keys/sealing", file)) => plain(file, ".json"),
        Some(_) => false,
    }
}

/// Whether there is a backup to restore, before anything is made for it.
///
/// # Errors
/// [`BackupError::Absent`], [`BackupError::NotABackup`].
pub fn check_there(file: &Path) -> Result<(), BackupError> {
    match fs::metadata(file) {
        Ok(metadata) if metadata.is_file() => Ok(()),
        Ok(_) => Err(BackupError::NotABackup {
            path: file.to_owned(),
        }),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => Err(BackupError::Absent {
            path: file.to_owned(),
        }),
        Err(source) => Err(FileFault::Read {
            path: file.to_owned(),
            source,
        }
        .into()),
    }
}

/// Makes a data center from a backup in a folder that has none, or that has lost the database of the
/// same one: a new epoch, refills locked. The epoch is at least `at_least`: one that follows a later
/// restore of the same backup.
///
/// The backup is copied and examined before anything else in the folder changes; then what was there
/// is set aside, with all that an interrupted `init` left: keys that come from a backup never lie beside
/// the mark that they are worth nothing. The database gets its final name last, so an interrupted restore
/// is simply begun again.
///
/// # Errors
/// [`BackupError`].
pub fn restore(
    folder: &Folder,
    file: &Path,
    at_least: Option<u32>,
    clock: &Arc<dyn Clock>,
) -> Result<RestoreView, BackupError> {
    check_there(file)?;
    if holds_a_center(&folder.database()) {
        return Err(CenterError::AlreadyInitialised {
            path: folder.path().to_owned(),
        }
        .into());
    }
    folder::make_private(folder.path())?;
    let restoring = folder.path().join("pennyblack.db.restoring");
    let examined = examine(folder, file, &restoring, at_least, clock.as_ref());
    if examined.is_err() {
        // What cannot be removed does no harm: the next restore begins with it.
        drop(remove_database(&restoring));
    }
    let (files, mut view) = examined?;
    view.set_aside = set_aside(folder)?;
    folder.make()?;
    for (name, content) in files {
        folder::write_private(&folder.path().join(name), &content)?;
    }
    let rename = || {
        fs::rename(&restoring, folder.database())?;
        folder::sync_folder_of(&restoring)
    };
    rename().map_err(|source| FileFault::Write {
        path: folder.database(),
        source,
    })?;
    DataCenter::open(folder, Arc::clone(clock))?;
    Ok(view)
}

/// Whether a database is there that may be a data center's: all that is not plainly empty.
fn holds_a_center(database: &Path) -> bool {
    let is_empty = fs::metadata(database).is_ok_and(|metadata| metadata.len() == 0);
    if is_empty || !database.exists() {
        return false;
    }
    let rows = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .and_then(|db| db.query_row("SELECT count(*) FROM data_center", [], |row| row.get(0)));
    !matches!(rows, Ok(0_u32))
}

/// A file of the data folder: its path there, and what it holds.
type FolderFile = (String, Vec<u8>);

/// Makes the database of the new epoch from a backup, and takes out the files. Nothing else in the
/// folder changes.
fn examine(
    folder: &Folder,
    file: &Path,
    restoring: &Path,
    at_least: Option<u32>,
    clock: &dyn Clock,
) -> Result<(Vec<FolderFile>, RestoreView), BackupError> {
    copy_database(file, restoring)?;
    let files = take_out_files(file, restoring)?;
    is_of_the_same_center(folder, file, &files)?;
    let view = begin_new_epoch(restoring, at_least, clock)?;
    empty_log(restoring)?;
    Ok((files, view))
}

/// Keys of one data center are not mixed with the book of another: the root tells them apart.
fn is_of_the_same_center(
    folder: &Folder,
    file: &Path,
    files: &[FolderFile],
) -> Result<(), BackupError> {
    let root = folder.certificate("root");
    if folder.beginning().exists() || !root.exists() {
        return Ok(());
    }
    let here = folder::read_small(&root)?;
    let same = |(name, content): &FolderFile| name == "ca/root.pem" && *content == here;
    if files.iter().any(same) {
        Ok(())
    } else {
        Err(BackupError::AnotherCenter {
            path: file.to_owned(),
            folder: folder.path().to_owned(),
        })
    }
}

/// Moves away what a lost data center left, as evidence: its keys may be younger than the backup, and
/// the log of its database must not be taken for the new one's. What belongs offline stays, unless an
/// `init` made it that was never finished: that is another data center's. The folder it is in now.
fn set_aside(folder: &Folder) -> Result<Option<PathBuf>, BackupError> {
    let database = folder.database();
    let beside = |suffix: &str| {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let mut left = vec![beside(""), beside("-wal"), beside("-shm"), folder.config()];
    left.extend(["ca", "keys"].map(|part| folder.path().join(part)));
    if folder.beginning().exists() {
        left.extend([folder.offline_root(), folder.offline()]);
    }
    left.retain(|path| path.exists());
    if left.is_empty() {
        folder::destroy(&folder.beginning())?;
        return Ok(None);
    }
    let place = folder.next_aside();
    folder::make_private(&place)?;
    for path in left {
        let to = place.join(path.file_name().unwrap_or_default());
        let moved = fs::rename(&path, &to).and_then(|()| folder::sync_folder_of(&path));
        moved.map_err(|source| FileFault::Write { path, source })?;
    }
    folder::destroy(&folder.beginning())?;
    Ok(Some(place))
}

/// Copies the backup's database page by page; whatever an earlier try left is overwritten.
fn copy_database(from: &Path, to: &Path) -> Result<(), BackupError> {
    let not_a_backup = || BackupError::NotABackup {
        path: from.to_owned(),
    };
    remove_database(to)?;
    let write_fault = |source| FileFault::Write {
        path: to.to_owned(),
        source,
    };
    folder::private_options()
        .create(true)
        .truncate(true)
        .open(to)
        .map_err(write_fault)?;
    fs::copy(from, to).map_err(write_fault)?;
    private_again(to)?;
    let copy = Connection::open(to).map_err(|_| not_a_backup())?;
    let sound: String = copy
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(|_| not_a_backup())?;
    if sound != "ok" {
        return Err(BackupError::Damaged {
            path: from.to_owned(),
        });
    }
    Ok(())
}

/// Removes a database with its log, if it is there.
fn remove_database(path: &Path) -> Result<(), FileFault> {
    for suffix in ["", "-wal", "-shm"] {
        let mut left = path.as_os_str().to_owned();
        left.push(suffix);
        match fs::remove_file(&left) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(FileFault::Write {
                    path: left.into(),
                    source,
                });
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// `fs::copy` takes over the mode of the backup; the database is for its owner only.
fn private_again(path: &Path) -> Result<(), BackupError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(|source| {
            FileFault::Write {
                path: path.to_owned(),
                source,
            }
        })?;
    }
    #[cfg(not(unix))]
    let _: &Path = path;
    Ok(())
}

/// Moves the write-ahead log into the database: a rename would leave it behind. Connections that
/// close at the same moment may each leave that to the other.
fn empty_log(database: &Path) -> Result<(), BackupError> {
    let fault = |source| BackupError::Engine {
        path: database.to_owned(),
        source,
    };
    let connection = Connection::open(database).map_err(fault)?;
    let mode: String = connection
        .query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))
        .map_err(fault)?;
    if mode != "delete" {
        return Err(fault(rusqlite::Error::InvalidQuery));
    }
    connection.close().map_err(|(_, source)| fault(source))
}

fn take_out_files(backup: &Path, copy: &Path) -> Result<Vec<FolderFile>, BackupError> {
    let not_a_backup = |_| BackupError::NotABackup {
        path: backup.to_owned(),
    };
    let connection = Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .map_err(not_a_backup)?;
    let files = connection
        .prepare("SELECT path, content FROM folder_file")
        .and_then(|mut statement| {
            statement
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .take(FILES_MAX)
                .collect::<Result<Vec<FolderFile>, _>>()
        })
        .map_err(not_a_backup)?;
    if !files.iter().all(|(name, _)| is_ours(name)) {
        return Err(BackupError::Damaged {
            path: backup.to_owned(),
        });
    }
    connection
        .execute_batch("DROP TABLE folder_file")
        .map_err(not_a_backup)?;
    Ok(files)
}

/// Checks the book, then raises the epoch, locks refills and skips numbers, in one transaction.
fn begin_new_epoch(
    database: &Path,
    at_least: Option<u32>,
    clock: &dyn Clock,
) -> Result<RestoreView, BackupError> {
    let now = clock.now();
    let db = Db::open(database, now)?;
    let center = db
        .read_blocking("restore", |tx| {
            tx.row("SELECT id, epoch FROM data_center", &[], |row| {
                Ok((row.column(0)?, row.column::<u32>(1)?))
            })
        })?
        .ok_or_else(|| BackupError::NotABackup {
            path: database.to_owned(),
        })?;
    let (id, old_epoch) = center;
    db.read_blocking("restore-audit", move |tx| ledger::audit(tx, id))?;
    let epoch = old_epoch.saturating_add(1).max(at_least.unwrap_or(0));
    let journal_size = db.write_blocking("restore", move |tx| {
        epochs::begin_forgetful(&ledger::Ledger::new(id), tx, epoch, "restore", now)?;
        Ok::<_, CenterError>(ledger::head(tx)?.map_or(0, |(last, _)| last.saturating_add(1)))
    })?;
    Ok(RestoreView {
        data_center: id,
        epoch,
        reconciling: true,
        journal_size,
        set_aside: None,
    })
}

#[cfg(test)]
mod tests {
    use super::is_ours;

    #[test]
    fn only_names_of_our_own_files_are_taken_from_a_backup() {
        for name in [
            "config.toml",
            "ca/root.pem",
            "ca/recovery.hex",
            "keys/server-ca.pem",
            "keys/dial-in.hex",
            "keys/sealing/0a.json",
        ] {
            assert!(is_ours(name), "{name}");
        }
        for name in [
            "../config.toml",
            "/etc/passwd",
            "ca/../x.pem",
            "ca/x/y.pem",
            "keys/.pem",
            "keys/sealing/../../x.json",
            "offline-root.pem",
            "pennyblack.db",
            "",
        ] {
            assert!(!is_ours(name), "{name}");
        }
    }
}
