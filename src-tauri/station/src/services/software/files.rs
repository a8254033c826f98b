//! The folder `software` of the data folder: a package on its way, one that waits, the program
//! before, and the note about a release on trial. Everything is replaced by renaming, so that a crash
//! leaves the old file or the new one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use shared::software::{PACKAGE_MAX_BYTES, Trial};

/// The longest note, bytes.
const NOTE_MAX_BYTES: u64 = 16 * 1_024;

/// Bytes hashed or copied at once.
const BLOCK: usize = 1_024 * 1_024;

/// The folder.
#[derive(Clone, Debug)]
pub struct Files(PathBuf);

impl Files {
    /// The folder in this data folder; it is made when something is written.
    #[must_use]
    pub fn of(data: &Path) -> Self {
        Self(data.join("software"))
    }

    /// Where a store is copied to for trying it.
    #[must_use]
    pub fn copy(&self) -> PathBuf {
        self.0.join("copy")
    }

    /// The package that waits.
    #[must_use]
    pub fn staged(&self) -> PathBuf {
        self.0.join("staged")
    }

    /// The program before the one that is installed.
    #[must_use]
    pub fn previous(&self) -> PathBuf {
        self.0.join("previous")
    }

    fn partial(&self) -> PathBuf {
        self.0.join("partial")
    }

    fn note(&self) -> PathBuf {
        self.0.join("trial.json")
    }

    /// Writes a piece of the package on its way, durably. What stood there or behind it, from a piece
    /// that was written and not noted, is gone.
    ///
    /// # Errors
    /// What the system says.
    pub fn write_piece(&self, from: u64, bytes: &[u8]) -> io::Result<()> {
        self.make()?;
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.partial())?;
        file.set_len(from)?;
        file.seek(SeekFrom::Start(from))?;
        file.write_all(bytes)?;
        file.sync_data()
    }

    /// The length and hash of the package on its way, or of the one that waits when that was renamed
    /// already; nothing when there is neither.
    ///
    /// # Errors
    /// What the system says.
    pub fn fetched(&self) -> io::Result<Option<(u64, [u8; 32])>> {
        for path in [self.partial(), self.staged()] {
            match measure(&path) {
                Ok(measured) => return Ok(Some(measured)),
                Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(None)
    }

    /// Makes the package on its way the one that waits.
    ///
    /// # Errors
    /// What the system says.
    pub fn stage(&self) -> io::Result<()> {
        match fs::rename(self.partial(), self.staged()) {
            Err(fault) if fault.kind() == io::ErrorKind::NotFound && self.staged().exists() => {}
            renamed => renamed?,
        }
        sync_folder(&self.0)
    }

    /// Removes the package that waits.
    ///
    /// # Errors
    /// What the system says.
    pub fn forget_staged(&self) -> io::Result<()> {
        remove(&self.staged())
    }

    /// Removes the package on its way and the one that waits.
    ///
    /// # Errors
    /// What the system says.
    pub fn forget_packages(&self) -> io::Result<()> {
        remove(&self.partial())?;
        remove(&self.staged())
    }

    /// Keeps a copy of the program that is about to be replaced.
    ///
    /// # Errors
    /// What the system says.
    pub fn keep_previous(&self, program: &Path) -> io::Result<()> {
        self.make()?;
        replace(program, &self.previous())
    }

    /// The note about a release on trial. One that cannot be read is none: the program that stands
    /// there then counts as installed.
    ///
    /// # Errors
    /// What the system says.
    pub fn trial(&self) -> io::Result<Option<Trial>> {
        let file = match File::open(self.note()) {
            Ok(file) => file,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let mut note = Vec::new();
        file.take(NOTE_MAX_BYTES).read_to_end(&mut note)?;
        Ok(serde_json::from_slice(&note).ok())
    }

    /// Writes the note durably.
    ///
    /// # Errors
    /// What the system says.
    pub fn put_trial(&self, trial: &Trial) -> io::Result<()> {
        self.make()?;
        let text = serde_json::to_vec(trial).map_err(io::Error::other)?;
        let fresh = beside(&self.note());
        let mut file = File::create(&fresh)?;
        file.write_all(&text)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&fresh, self.note())?;
        sync_folder(&self.0)
    }

    /// Forgets the note.
    ///
    /// # Errors
    /// What the system says.
    pub fn forget_trial(&self) -> io::Result<()> {
        remove(&self.note())
    }

    fn make(&self) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.0)
    }
}

/// Puts a copy of `from` in the place of `to`, which a crash leaves as it was or whole. The copy may
/// be started as a program.
///
/// # Errors
/// What the system says.
pub fn replace(from: &Path, to: &Path) -> io::Result<()> {
    let fresh = beside(to);
    remove(&fresh)?;
    let mut source = File::open(from)?;
    let mut copy = OpenOptions::new();
    copy.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut copy, 0o755);
    let mut copy = copy.open(&fresh)?;
    io::copy(&mut source, &mut copy)?;
    copy.sync_all()?;
    drop(copy);
    fs::rename(&fresh, to)?;
    match to.parent() {
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

/// A name in the same folder for what takes the place of `path`.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// Whether two files have the same content.
///
/// # Errors
/// What the system says.
pub fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    Ok(measure(one)? == measure(other)?)
}

/// Whether something can be put in the place of a file: makes what would take it, and removes it
/// again.
///
/// # Errors
/// What the system says against it.
pub fn can_replace(path: &Path) -> io::Result<()> {
    let fresh = beside(path);
    remove(&fresh)?;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&fresh)?;
    remove(&fresh)
}

fn measure(path: &Path) -> io::Result<(u64, [u8; 32])> {
    let mut file = File::open(path)?.take(PACKAGE_MAX_BYTES + 1);
    let (mut digest, mut length) = (Sha256::new(), 0_u64);
    let mut block = vec![0; BLOCK];
    loop {
        let count = file.read(&mut block)?;
        if count == 0 {
            return Ok((length, digest.finalize().into()));
        }
        digest.update(block.get(..count).unwrap_or_default());
        length += u64::try_from(count).unwrap_or(u64::MAX);
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(fault),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Makes a rename durable.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// NTFS journals the rename itself.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use shared::clock::UnixSeconds;
    use shared::software::Version;

    use super::*;

    #[test]
    fn a_piece_that_was_written_and_not_noted_is_written_over() {
        let data = tempfile::tempdir().unwrap();
        let files = Files::of(data.path());
        files.write_piece(0, b"first").unwrap();
        files.write_piece(5, b"a piece that was not noted").unwrap();
        files.write_piece(5, b"second").unwrap();
        let (length, hash) = files.fetched().unwrap().unwrap();
        assert_eq!(length, 11);
        assert_eq!(hash, <[u8; 32]>::from(Sha256::digest(b"firstsecond")));
    }

    #[test]
    fn a_crash_between_renaming_and_noting_a_package_changes_nothing() {
        let data = tempfile::tempdir().unwrap();
        let files = Files::of(data.path());
        files.write_piece(0, b"package").unwrap();
        files.stage().unwrap();
        assert_eq!(files.fetched().unwrap().unwrap().0, 7);
        files.stage().unwrap();
        files.forget_packages().unwrap();
        assert!(files.fetched().unwrap().is_none());
        assert!(files.stage().is_err());
    }

    #[test]
    fn a_note_is_found_as_written_and_one_that_cannot_be_read_is_none() {
        let data = tempfile::tempdir().unwrap();
        let files = Files::of(data.path());
        assert!(files.trial().unwrap().is_none());
        let trial = Trial::begin(Version::new(1, 1, 0), Version::new(1, 0, 0), UnixSeconds(7));
        files.put_trial(&trial).unwrap();
        assert_eq!(files.trial().unwrap(), Some(trial));
        for spoiled in [&b"{"[..], b"\xff\xfe not text", b""] {
            fs::write(files.note(), spoiled).unwrap();
            assert!(files.trial().unwrap().is_none());
        }
        files.forget_trial().unwrap();
        files.forget_trial().unwrap();
    }
}
