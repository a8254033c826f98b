//! Files as a printer: a piece counts as printed once its file is durable under its name.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

/// Why a file is not durable.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// Nothing stands under the name: whatever happened, happened to the temporary file.
    #[error("write {path} ({step})")]
    NotWritten {
        /// The file.
        path: PathBuf,
        /// What failed.
        step: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file stands under its name, but a power cut could still take it away.
    #[error("make the name of {path} durable")]
    NotDurable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Why a file cannot be put in its place. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum NoPlace {
    /// The folder it shall be in is not there.
    #[error("there is no folder {}", .0.display())]
    NoFolder(PathBuf),
    /// A folder has its name.
    #[error("it is a folder")]
    Folder,
    /// A device, a pipe or a socket has its name, and would be replaced by a file.
    #[error("it is a device or a pipe, not a file")]
    NoFile,
    /// Its folder takes no file.
    #[error("its folder takes no file")]
    Refused(#[source] io::Error),
}

/// Names of temporary files that are tried: each one taken was left by a crash.
const MAX_TEMPORARY_NAMES: u32 = 1_000;

/// Threads that write a stack of files: each mostly waits for the disk, and a file system makes
/// the waits of many one.
const WRITERS: usize = 16;

/// Writes a file so that it is either there whole, also after a power cut, or not there at all.
///
/// A crash before the rename leaves a `.pennyblack-N.tmp` and the old file; after it, the new file.
/// An existing file of that name is replaced; a device or a pipe is not.
///
/// # Errors
/// [`FileFault`], which says on which side of the rename it happened.
pub fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), FileFault> {
    put_in_place(path, bytes)?;
    make_name_durable(path)
}

/// Writes many files of one folder durably: all at once, and the folder is made durable once. The
/// answers stand in the order of the files; each file is as [`write_durably`] leaves it.
///
/// # Errors
/// A file's own [`FileFault`] in its answer.
pub fn write_all_durably(files: &[(PathBuf, Vec<u8>)]) -> Vec<Result<(), FileFault>> {
    let share = files.len().div_ceil(WRITERS).max(1);
    let mut answers: Vec<Result<(), FileFault>> = thread::scope(|scope| {
        let writers: Vec<_> = files
            .chunks(share)
            .map(|files| {
                scope.spawn(move || -> Vec<_> {
                    let put = |(path, bytes): &(PathBuf, Vec<u8>)| put_in_place(path, bytes);
                    files.iter().map(put).collect()
                })
            })
            .collect();
        writers
            .into_iter()
            .flat_map(|writer| writer.join().expect("writing files does not panic"))
            .collect()
    });
    let written = files
        .iter()
        .zip(&answers)
        .find(|(_, answer)| answer.is_ok());
    let Some(((path, _), _)) = written else {
        return answers;
    };
    if make_name_durable(path).is_err() {
        for ((path, _), answer) in files.iter().zip(&mut answers) {
            if answer.is_ok() {
                // Asked again for each, so that each names its own fault, or finds it healed.
                *answer = make_name_durable(path);
            }
        }
    }
    answers
}

/// Proves that a file can be put under a name, before anything is paid for it.
///
/// # Errors
/// [`NoPlace`].
pub fn prove_place(path: &Path) -> Result<(), NoPlace> {
    let folder = folder_of(path);
    if !folder.is_dir() {
        return Err(NoPlace::NoFolder(folder.to_owned()));
    }
    must_be_a_file(path)?;
    prove_folder(folder)
}

/// Proves that a folder takes files.
///
/// # Errors
/// [`NoPlace::Refused`].
pub fn prove_folder(folder: &Path) -> Result<(), NoPlace> {
    let (file, name) = temporary_in(folder).map_err(NoPlace::Refused)?;
    drop(file);
    fs::remove_file(name).map_err(NoPlace::Refused)
}

/// Whether two names mean one file, however they are written.
#[must_use]
pub fn is_same_place(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| {
        let whole = fs::canonicalize(path).ok();
        let in_folder = || {
            Some(
                fs::canonicalize(folder_of(path))
                    .ok()?
                    .join(path.file_name()?),
            )
        };
        whole.or_else(in_folder).unwrap_or_else(|| path.to_owned())
    };
    place(one) == place(other)
}

/// Refuses a name that a rename would take from something else than a file. Links are followed: one
/// to a device is a device.
fn must_be_a_file(path: &Path) -> Result<(), NoPlace> {
    match fs::metadata(path) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(fault) => Err(NoPlace::Refused(fault)),
        Ok(metadata) if metadata.is_file() => Ok(()),
        Ok(metadata) if metadata.is_dir() => Err(NoPlace::Folder),
        Ok(_) => Err(NoPlace::NoFile),
    }
}

/// Brings a file, durable, under its name; the name itself is not durable yet.
fn put_in_place(path: &Path, bytes: &[u8]) -> Result<(), FileFault> {
    let fault = |step, source| FileFault::NotWritten {
        path: path.to_owned(),
        step,
        source,
    };
    must_be_a_file(path).map_err(|no_place| fault("replace", io::Error::other(no_place)))?;
    let (mut file, temporary) =
        temporary_in(folder_of(path)).map_err(|source| fault("create", source))?;
    let not_written = |step, source| {
        // What cannot be removed does no harm: nobody uses its name again.
        drop(fs::remove_file(&temporary));
        fault(step, source)
    };
    file.write_all(bytes)
        .map_err(|source| not_written("fill", source))?;
    file.sync_all()
        .map_err(|source| not_written("make durable", source))?;
    drop(file);
    fs::rename(&temporary, path).map_err(|source| not_written("rename", source))
}

fn make_name_durable(path: &Path) -> Result<(), FileFault> {
    sync_folder(path).map_err(|source| FileFault::NotDurable {
        path: path.to_owned(),
        source,
    })
}

/// A new file in a folder, under a name that nobody uses: a file of somebody else is never touched.
fn temporary_in(folder: &Path) -> io::Result<(File, PathBuf)> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..MAX_TEMPORARY_NAMES {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = folder.join(format!(".pennyblack-{}-{number}.tmp", std::process::id()));
        match File::create_new(&name) {
            Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => {}
            made => return Ok((made?, name)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// The folder that a file is in.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes the folder's entry durable. Windows has no such call; its journal orders renames.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(windows) {
        return Ok(());
    }
    File::open(folder_of(path))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_under_its_name_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("piece.png");
        for content in [b"first".as_slice(), b"second"] {
            write_durably(&path, content).unwrap();
            assert_eq!(fs::read(&path).unwrap(), content);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_is_not_replaced_by_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("piece.png");
        fs::create_dir(&path).unwrap();
        assert!(matches!(prove_place(&path), Err(NoPlace::Folder)));
        let fault = write_durably(&path, b"new").unwrap_err();
        assert!(
            matches!(
                fault,
                FileFault::NotWritten {
                    step: "replace",
                    ..
                }
            ),
            "{fault}"
        );
        assert!(path.is_dir());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn files_of_others_are_not_touched_while_one_is_written() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["piece.png.tmp", ".piece.png.tmp", "piece.tmp"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        write_durably(&folder.path().join("piece.png"), b"new").unwrap();
        for name in ["piece.png.tmp", ".piece.png.tmp", "piece.tmp"] {
            assert_eq!(fs::read(folder.path().join(name)).unwrap(), name.as_bytes());
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_not_replaced_by_one() {
        use std::os::unix::fs::FileTypeExt as _;
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("lp0");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        for path in [&pipe, &link] {
            assert!(matches!(prove_place(path), Err(NoPlace::NoFile)));
            assert!(write_durably(path, b"a piece").is_err());
        }
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn one_place_is_known_under_all_its_names() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("inside")).unwrap();
        let at = |name: &str| folder.path().join(name);
        assert!(is_same_place(&at("a.png"), &at("inside/../a.png")));
        assert!(!is_same_place(&at("a.png"), &at("a.pdf")));
        assert!(!is_same_place(&at("a.png"), &at("inside/a.png")));
        assert!(is_same_place(Path::new("a.png"), Path::new("./a.png")));
        assert!(matches!(
            prove_place(&at("no/such/a.png")),
            Err(NoPlace::NoFolder(_))
        ));
        assert!(prove_place(&at("a.png")).is_ok());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_stack_of_files_is_written_each_with_its_own_answer() {
        let folder = tempfile::tempdir().unwrap();
        let files: Vec<(PathBuf, Vec<u8>)> = (0..40)
            .map(|at| (folder.path().join(format!("{at}.pdf")), vec![at; 100]))
            .collect();
        fs::create_dir(folder.path().join("7.pdf")).unwrap();
        let answers = write_all_durably(&files);
        for (at, ((path, bytes), answer)) in files.iter().zip(&answers).enumerate() {
            assert_eq!(answer.is_ok(), at != 7, "{at}");
            assert_eq!(fs::read(path).ok().as_ref(), (at != 7).then_some(bytes));
        }
        assert!(write_all_durably(&[]).is_empty());
    }

    #[test]
    fn a_file_in_a_missing_folder_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let fault = write_durably(&folder.path().join("no/such/piece.png"), b"new").unwrap_err();
        assert!(fault.to_string().contains("piece.png"), "{fault}");
    }
}
