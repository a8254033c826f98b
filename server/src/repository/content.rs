//! What targets hold: named by its hash, cut into pieces, served in ranges.
//!
//! Content comes before the metadata that names it and stays some time after the last that does, so
//! that a station that began to fetch by older metadata can finish.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};
use shared::clock::UnixSeconds;

use super::RepositoryError;
use crate::db::{Db, DbError, Tx};
use crate::folder::FileFault;
use crate::params;

/// Bytes of one piece: what is read for the smallest range, and held in memory while it is sent.
pub const PIECE_BYTES: usize = 128 * 1_024;

/// The longest content: a program with everything it brings along.
pub const CONTENT_MAX_BYTES: u64 = 1 << 30;

/// Pieces that are written with one commit: the one writer serves others in between.
const PIECES_A_COMMIT: usize = 16;

/// Content that no metadata names any more is kept so many days: longer than a timestamp holds, so
/// that no station believes metadata that names it.
const KEEP_DAYS: i64 = 8;

/// How many contents are cleared away in one upkeep.
const CLEAR_MAX: i64 = 64;

/// Pieces that are cleared away with one commit.
const PIECES_CLEARED: i64 = 16;

/// Keeps content that is at hand; the same again changes nothing. Its SHA-256.
///
/// # Errors
/// [`DbError`].
pub fn put(tx: &Tx<'_>, bytes: &[u8], now: UnixSeconds) -> Result<[u8; 32], DbError> {
    let sha256: [u8; 32] = Sha256::digest(bytes).into();
    if length_of(tx, &sha256)?.is_some() {
        return Ok(sha256);
    }
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    begin(tx, &sha256, length, now)?;
    for (number, piece) in (0..).zip(bytes.chunks(PIECE_BYTES)) {
        put_piece(tx, &sha256, number, piece)?;
    }
    finish(tx, &sha256)?;
    Ok(sha256)
}

/// Keeps the content of a file, in many commits; begun again after a crash it goes on with what is
/// missing. Its SHA-256 and length.
///
/// # Errors
/// [`RepositoryError`]: also when the file is too long or changes meanwhile.
pub fn put_file(
    db: &Db,
    path: &Path,
    now: UnixSeconds,
) -> Result<([u8; 32], u64), RepositoryError> {
    let known = digest(path, CONTENT_MAX_BYTES)?;
    put_known(db, path, known, now)?;
    Ok(known)
}

/// As [`put_file`] for a file whose SHA-256 and length are known.
///
/// # Errors
/// [`RepositoryError`]: also when the file is another one.
pub fn put_known(
    db: &Db,
    path: &Path,
    (sha256, length): ([u8; 32], u64),
    now: UnixSeconds,
) -> Result<(), RepositoryError> {
    let is_whole = db.read_blocking("content", move |tx| length_of(tx, &sha256))?;
    if is_whole.is_some() {
        return Ok(());
    }
    db.write_blocking("content begins", move |tx| begin(tx, &sha256, length, now))?;
    let fault = |source| FileFault::Read {
        path: path.to_owned(),
        source,
    };
    // What grew meanwhile is read no further than to be seen as another file.
    let mut file = open(path, CONTENT_MAX_BYTES)?.take(length.saturating_add(1));
    let mut check = Sha256::new();
    let mut number = 0_i64;
    loop {
        let mut pieces = Vec::new();
        while pieces.len() < PIECES_A_COMMIT {
            let mut piece = Vec::new();
            let limit = u64::try_from(PIECE_BYTES).unwrap_or(u64::MAX);
            (&mut file)
                .take(limit)
                .read_to_end(&mut piece)
                .map_err(fault)?;
            if piece.is_empty() {
                break;
            }
            check.update(&piece);
            pieces.push(piece);
        }
        if pieces.is_empty() {
            break;
        }
        let first = number;
        number = number.saturating_add(i64::try_from(pieces.len()).unwrap_or(i64::MAX));
        db.write_blocking("content", move |tx| {
            (first..)
                .zip(&pieces)
                .try_for_each(|(number, piece)| put_piece(tx, &sha256, number, piece))
        })?;
    }
    if <[u8; 32]>::from(check.finalize()) != sha256 {
        return Err(RepositoryError::FileChanged {
            path: path.to_owned(),
        });
    }
    Ok(db.write_blocking("content ends", move |tx| finish(tx, &sha256))?)
}

/// Opens a file of 1 byte to `limit` bytes. Whatever else a path may name, such as a pipe that never
/// ends, is not opened.
///
/// # Errors
/// [`RepositoryError::NotAFile`], [`RepositoryError::TooLong`], [`RepositoryError::File`].
pub fn open(path: &Path, limit: u64) -> Result<File, RepositoryError> {
    let fault = |source| FileFault::Read {
        path: path.to_owned(),
        source,
    };
    let found = fs::metadata(path).map_err(fault)?;
    if !found.is_file() || found.len() == 0 {
        return Err(RepositoryError::NotAFile {
            path: path.to_owned(),
        });
    }
    if found.len() > limit {
        return Err(RepositoryError::TooLong {
            path: path.to_owned(),
            limit,
        });
    }
    Ok(File::open(path).map_err(fault)?)
}

/// The SHA-256 and length of a file of at most `limit` bytes.
///
/// # Errors
/// As [`open`].
pub fn digest(path: &Path, limit: u64) -> Result<([u8; 32], u64), RepositoryError> {
    let fault = |source| FileFault::Read {
        path: path.to_owned(),
        source,
    };
    let mut file = open(path, limit)?;
    let (mut digest, mut length) = (Sha256::new(), 0_u64);
    let mut buffer = vec![0; PIECE_BYTES];
    loop {
        let read = file.read(&mut buffer).map_err(fault)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return Ok((digest.finalize().into(), length));
        };
        digest.update(bytes);
        length = length.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        if length > limit {
            return Err(RepositoryError::TooLong {
                path: path.to_owned(),
                limit,
            });
        }
    }
}

fn begin(tx: &Tx<'_>, sha256: &[u8; 32], length: u64, now: UnixSeconds) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO repository_content (sha256, length, whole, begun) VALUES (?1, ?2, 0, ?3)
         ON CONFLICT (sha256) DO UPDATE SET begun = excluded.begun",
        params![sha256, i64::try_from(length).unwrap_or(i64::MAX), now],
    )
    .map(drop)
}

fn put_piece(tx: &Tx<'_>, sha256: &[u8; 32], number: i64, bytes: &[u8]) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO repository_piece (sha256, number, bytes) VALUES (?1, ?2, ?3)
         ON CONFLICT (sha256, number) DO UPDATE SET bytes = excluded.bytes",
        params![sha256, number, bytes],
    )
    .map(drop)
}

fn finish(tx: &Tx<'_>, sha256: &[u8; 32]) -> Result<(), DbError> {
    tx.execute(
        "UPDATE repository_content SET whole = 1 WHERE sha256 = ?1",
        params![sha256],
    )
    .map(drop)
}

/// The length of a content that is here as a whole.
///
/// # Errors
/// [`DbError`].
pub fn length_of(tx: &Tx<'_>, sha256: &[u8; 32]) -> Result<Option<u64>, DbError> {
    tx.row(
        "SELECT length FROM repository_content WHERE sha256 = ?1 AND whole = 1",
        params![sha256],
        |row| row.column(0),
    )
}

/// The length of what was published at a path with this hash.
///
/// # Errors
/// [`DbError`].
pub fn published(tx: &Tx<'_>, path: &str, sha256: &[u8; 32]) -> Result<Option<u64>, DbError> {
    tx.row(
        "SELECT content.length FROM repository_target AS target
         JOIN repository_content AS content ON content.sha256 = target.sha256
         WHERE target.path = ?1 AND target.sha256 = ?2 AND content.whole = 1",
        params![path, sha256],
        |row| row.column(0),
    )
}

/// A piece of a content.
///
/// # Errors
/// [`DbError`].
pub fn piece(tx: &Tx<'_>, sha256: &[u8; 32], number: u64) -> Result<Option<Vec<u8>>, DbError> {
    tx.row(
        "SELECT bytes FROM repository_piece WHERE sha256 = ?1 AND number = ?2",
        params![sha256, i64::try_from(number).unwrap_or(i64::MAX)],
        |row| row.column(0),
    )
}

/// Content at hand, as a whole; nothing when it is longer than `limit` bytes or not here.
///
/// # Errors
/// [`DbError`].
pub fn whole(tx: &Tx<'_>, sha256: &[u8; 32], limit: u64) -> Result<Option<Vec<u8>>, DbError> {
    if length_of(tx, sha256)?.is_none_or(|length| length > limit) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    tx.each(
        "SELECT bytes FROM repository_piece WHERE sha256 = ?1 ORDER BY number",
        params![sha256],
        |row| {
            bytes.extend(row.column::<Vec<u8>>(0)?);
            Ok::<_, DbError>(())
        },
    )?;
    Ok(Some(bytes))
}

/// Clears away a part of what nobody can fetch any more: content whose last target ended long ago,
/// and content that was begun and never named. In many commits: the one writer serves others in
/// between. A crash leaves content that is no longer whole and is cleared away another time; whoever
/// keeps the same content meanwhile begins it anew, and then nothing more of it is cleared.
///
/// # Errors
/// [`DbError`].
pub fn clear(db: &Db, now: UnixSeconds) -> Result<(), DbError> {
    let limit = now.plus_days(-KEEP_DAYS);
    let unnamed = db.write_blocking("clear contents", move |tx| {
        tx.execute(
            "DELETE FROM repository_target WHERE ended IS NOT NULL AND ended < ?1",
            params![limit],
        )?;
        let unnamed: Vec<([u8; 32], i64)> = tx.rows(
            "SELECT sha256, length FROM repository_content AS content
             WHERE begun < ?1 AND NOT EXISTS
                 (SELECT 1 FROM repository_target AS target WHERE target.sha256 = content.sha256)
             ORDER BY begun LIMIT ?2",
            params![limit, CLEAR_MAX],
            |row| Ok((row.column(0)?, row.column(1)?)),
        )?;
        for (sha256, _) in &unnamed {
            tx.execute(
                "UPDATE repository_content SET whole = 0 WHERE sha256 = ?1",
                params![sha256],
            )?;
        }
        Ok::<_, DbError>(unnamed)
    })?;
    for (sha256, length) in unnamed {
        let size = i64::try_from(PIECE_BYTES).unwrap_or(i64::MAX);
        let mut first = 0_i64;
        loop {
            let end = first.saturating_add(PIECES_CLEARED);
            let is_last = end.saturating_mul(size) >= length;
            db.write_blocking("clear content", move |tx| {
                clear_pieces(tx, &sha256, (first, end), limit)?;
                if is_last {
                    tx.execute(
                        "DELETE FROM repository_content
                         WHERE sha256 = ?1 AND whole = 0 AND begun < ?2",
                        params![&sha256, limit],
                    )?;
                }
                Ok::<_, DbError>(())
            })?;
            if is_last {
                break;
            }
            first = end;
        }
    }
    Ok(())
}

/// Clears away some pieces of a content that is not whole and that nobody has begun anew.
fn clear_pieces(
    tx: &Tx<'_>,
    sha256: &[u8; 32],
    (first, end): (i64, i64),
    limit: UnixSeconds,
) -> Result<(), DbError> {
    tx.execute(
        "DELETE FROM repository_piece WHERE sha256 = ?1 AND number >= ?2 AND number < ?3
             AND EXISTS (SELECT 1 FROM repository_content AS content
                 WHERE content.sha256 = ?1 AND content.whole = 0 AND content.begun < ?4)",
        params![sha256, first, end, limit],
    )
    .map(drop)
}
