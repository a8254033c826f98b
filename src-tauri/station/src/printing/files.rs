//! Files as a printer: a piece counts as printed once its file is durable under its name.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
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

/// Threads that write a stack of files: each mostly waits for the disk, and a file system makes
/// the waits of many one.
const WRITERS: usize = 16;

/// Writes a file so that it is either there whole, also after a power cut, or not there at all.
///
/// A crash before the rename leaves `NAME.tmp` and the old file; after it, the new file. An
/// existing file of that name is replaced.
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

/// Brings a file, durable, under its name; the name itself is not durable yet.
fn put_in_place(path: &Path, bytes: &[u8]) -> Result<(), FileFault> {
    let temporary = temporary_name(path);
    let not_written = |step, source| {
        // What cannot be removed does no harm: the next attempt replaces it.
        drop(fs::remove_file(&temporary));
        FileFault::NotWritten {
            path: path.to_owned(),
            step,
            source,
        }
    };
    let mut file = File::create(&temporary).map_err(|fault| not_written("create", fault))?;
    file.write_all(bytes)
        .map_err(|fault| not_written("fill", fault))?;
    file.sync_all()
        .map_err(|fault| not_written("make durable", fault))?;
    drop(file);
    fs::rename(&temporary, path).map_err(|fault| not_written("rename", fault))
}

fn make_name_durable(path: &Path) -> Result<(), FileFault> {
    sync_folder(path).map_err(|source| FileFault::NotDurable {
        path: path.to_owned(),
        source,
    })
}

/// The name in the same folder that the bytes are gathered under.
fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    path.with_file_name(name)
}

/// Makes the folder's entry durable. Windows has no such call; its journal orders renames.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(windows) {
        return Ok(());
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
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
    fn a_file_that_cannot_be_written_leaves_the_old_one_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("piece.png");
        write_durably(&path, b"old").unwrap();
        fs::create_dir(folder.path().join("piece.png.tmp")).unwrap();
        let fault = write_durably(&path, b"new").unwrap_err();
        assert!(
            matches!(fault, FileFault::NotWritten { step: "create", .. }),
            "{fault}"
        );
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }

    #[test]
    fn a_stack_of_files_is_written_each_with_its_own_answer() {
        let folder = tempfile::tempdir().unwrap();
        let files: Vec<(PathBuf, Vec<u8>)> = (0..40)
            .map(|at| (folder.path().join(format!("{at}.pdf")), vec![at; 100]))
            .collect();
        fs::create_dir(folder.path().join("7.pdf.tmp")).unwrap();
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
