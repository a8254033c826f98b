//! A package on its way: piece by piece, over any number of lines and starts.

use serde::{Deserialize, Serialize};

use super::{Release, Sha256Hex, Version};

/// The first piece asked for, bytes: a few seconds of a slow office line.
pub const CHUNK_FIRST: u64 = 256 * 1_024;

/// The smallest piece, bytes, on a line that keeps breaking.
pub const CHUNK_LEAST: u64 = 32 * 1_024;

/// The largest piece, bytes: the line is free for money between two pieces.
pub const CHUNK_MOST: u64 = 1_024 * 1_024;

/// Why a piece is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TookFault {
    /// It has not the length that was asked for: the other side does not serve pieces.
    #[error("the piece of the package has another length than was asked for")]
    WrongLength,
}

/// Where the next bytes stand in the package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The first byte, from 0.
    pub from: u64,
    /// The byte after the last.
    pub end: u64,
}

/// How far a package is here. Written down after the bytes themselves are durable: a crash in
/// between asks for one piece again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Download {
    /// The release.
    pub version: Version,
    /// Where it is fetched from.
    pub path: String,
    /// Its whole length, bytes.
    pub length: u64,
    /// The hash of the whole.
    pub sha256: Sha256Hex,
    /// The bytes that are here.
    pub position: u64,
    /// The length of the next piece, bytes.
    pub chunk: u64,
    /// How often the whole was here and was not what was signed.
    #[serde(default)]
    pub spoiled: u8,
}

impl Download {
    /// A package of which nothing is here yet.
    #[must_use]
    pub const fn begin(release: &Release, path: String) -> Self {
        Self {
            version: release.version,
            path,
            length: release.length,
            sha256: release.sha256,
            position: 0,
            chunk: CHUNK_FIRST,
            spoiled: 0,
        }
    }

    /// Whether this is the package of a release, so that what is here of it still counts.
    #[must_use]
    pub fn is_of(&self, release: &Release) -> bool {
        (self.version, self.length, self.sha256)
            == (release.version, release.length, release.sha256)
    }

    /// What is asked for next; nothing when all is here.
    #[must_use]
    pub fn next(&self) -> Option<Piece> {
        let end = self.position.saturating_add(self.chunk).min(self.length);
        (self.position < end).then_some(Piece {
            from: self.position,
            end,
        })
    }

    /// Takes the piece that was asked for. The next one is twice as long.
    ///
    /// # Errors
    /// [`TookFault`]; nothing has changed then.
    pub fn took(&mut self, length: u64) -> Result<(), TookFault> {
        let asked = self.next().map_or(0, |piece| piece.end - piece.from);
        if length != asked || length == 0 {
            return Err(TookFault::WrongLength);
        }
        self.position += length;
        self.chunk = self.chunk.saturating_mul(2).min(CHUNK_MOST);
        Ok(())
    }

    /// Notes that a piece did not come: the next one is half as long.
    pub fn missed(&mut self) {
        self.chunk = (self.chunk / 2).max(CHUNK_LEAST);
    }

    /// Begins anew: what is here is not the package.
    pub const fn again(&mut self) {
        self.spoiled = self.spoiled.saturating_add(1);
        self.position = 0;
        self.chunk = CHUNK_FIRST;
    }
}
