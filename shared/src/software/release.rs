//! One release: what it is, how far it goes, and whether it reaches a station.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Version;
use crate::ids::VaultId;

/// The longest package, bytes: twenty times a station's program.
pub const PACKAGE_MAX_BYTES: u64 = 512 * 1_024 * 1_024;

/// The longest name of a group of stations, characters.
pub const GROUP_MAX_CHARS: usize = 32;

/// The most groups a release may be rolled out to.
pub(super) const GROUPS_MAX: usize = 16;

/// The longest signature of the platform's updater, bytes: base64 of four short lines.
const SIGNATURE_MAX_BYTES: usize = 1_024;

/// SHA-256, sixty-four hexadecimal digits in lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Hex(pub [u8; 32]);

impl fmt::Display for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Sha256Hex {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or("not a SHA-256 in hexadecimal digits")
    }
}

impl From<Sha256Hex> for String {
    fn from(hash: Sha256Hex) -> Self {
        hash.to_string()
    }
}

/// How far a release is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseState {
    /// Stations take it, as many as its percentage and groups say.
    Rolling,
    /// Nobody takes it until an admin advances it again; who has it keeps it.
    Held,
    /// Nobody takes it any more, and what was fetched is thrown away.
    Withdrawn,
}

/// One release for one platform and channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Its version.
    pub version: Version,
    /// How far it is.
    pub state: ReleaseState,
    /// How many of all stations take it, 0 to 100.
    pub percent: u8,
    /// Groups of stations that take it whatever the percentage is.
    #[serde(default)]
    pub groups: BTreeSet<String>,
    /// Whether an admin lets it be installed in opening hours, when nobody is served.
    #[serde(default)]
    pub during_hours: bool,
    /// The package's name: what stands after the version in its target path.
    pub file: String,
    /// The package's length, bytes.
    pub length: u64,
    /// The package's hash.
    pub sha256: Sha256Hex,
    /// The signature for the platform's own updater, as its signer writes it.
    pub signature: String,
}

impl Release {
    pub(super) fn check(&self) -> Result<(), &'static str> {
        if self.percent > 100 {
            return Err("a percentage is 0 to 100");
        }
        if self.length == 0 || self.length > PACKAGE_MAX_BYTES {
            return Err("a package has 1 byte to 512 MiB");
        }
        let plain =
            |byte: u8| byte.is_ascii_alphanumeric() || [b'.', b'-', b'_', b'+'].contains(&byte);
        let file = &self.file;
        if file.is_empty() || file.len() > 100 || file.starts_with('.') || !file.bytes().all(plain)
        {
            return Err("a package's name has 1 to 100 letters, digits, dots and hyphens");
        }
        if self.groups.len() > GROUPS_MAX || !self.groups.iter().all(|group| is_group(group)) {
            return Err("a group's name has 1 to 32 small letters, digits and hyphens");
        }
        if self.signature.is_empty() || self.signature.len() > SIGNATURE_MAX_BYTES {
            return Err("a release carries the signature for the platform's updater");
        }
        Ok(())
    }

    /// Whether a station takes part in its roll-out. Raising the percentage only adds stations.
    pub(super) fn reaches(&self, taker: &Taker<'_>) -> bool {
        let named = taker.group.is_some_and(|group| self.groups.contains(group));
        named || place(taker.vault, self.version) < self.percent
    }
}

/// Whether a text can be the name of a group.
#[must_use]
pub fn is_group(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= GROUP_MAX_CHARS && text.bytes().all(plain)
}

/// A station's place among all, 0 to 99: another one with each release, so that not always the same
/// offices go first.
fn place(vault: VaultId, version: Version) -> u8 {
    let mut digest = Sha256::new();
    digest.update(b"pb rollout v1");
    digest.update(vault.bytes());
    digest.update(version.to_string());
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(digest.finalize()) {
        *to = from;
    }
    u8::try_from(u64::from_be_bytes(first) % 100).unwrap_or(u8::MAX)
}

/// The station that chooses.
#[derive(Clone, Copy, Debug)]
pub struct Taker<'a> {
    /// Its vault, which stands for it.
    pub vault: VaultId,
    /// Its group, where an admin has put it into one.
    pub group: Option<&'a str>,
    /// What it runs.
    pub installed: Version,
    /// What it tried and put back.
    pub failed: &'a BTreeSet<Version>,
}
