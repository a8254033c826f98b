//! What the documents of a repository say.

use core::fmt;
use core::num::NonZeroU64;
use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::delegation::Delegations;
use super::hashes::{Checking, Hashes};
use super::key::{Key, KeyId, Role};
use super::path::{RoleName, TargetPath};
use crate::clock::UnixSeconds;

/// The version of a document, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(NonZeroU64);

impl Version {
    /// The version that every document begins with.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// A version by its number; nothing for 0.
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The version after this one; stays at the last there is.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What one kind of document says.
pub trait Metadata: Serialize + DeserializeOwned {
    /// The `_type` that stands in it.
    const TYPE: &'static str;

    /// Its version.
    fn version(&self) -> Version;

    /// The instant from which on it is not believed any more.
    fn expires(&self) -> UnixSeconds;

    /// Whether it says nothing that contradicts itself.
    fn is_sound(&self) -> bool;
}

/// Whom to believe: the keys of all roles at the top.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// Its version; each is one more than the one before.
    pub version: Version,
    /// Its last instant.
    #[serde(with = "instant")]
    pub expires: UnixSeconds,
    /// Whether addresses of other documents hold their version, and those of targets their hash.
    #[serde(default)]
    pub consistent_snapshot: bool,
    /// The keys of the roles.
    pub keys: BTreeMap<KeyId, Key>,
    /// The roles at the top.
    pub roles: Roles,
}

/// The roles at the top.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roles {
    /// Who names the keys.
    pub root: Role,
    /// Who says which snapshot is the newest.
    pub timestamp: Role,
    /// Who says which versions belong together.
    pub snapshot: Role,
    /// Who names targets and delegates.
    pub targets: Role,
}

/// Which snapshot is the newest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timestamp {
    /// Its version.
    pub version: Version,
    /// Its last instant.
    #[serde(with = "instant")]
    pub expires: UnixSeconds,
    /// The snapshot, and nothing else.
    pub meta: BTreeMap<String, MetaFile>,
}

/// Which versions of the targets roles belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Its version.
    pub version: Version,
    /// Its last instant.
    #[serde(with = "instant")]
    pub expires: UnixSeconds,
    /// Each targets role by the name of its document.
    pub meta: BTreeMap<String, MetaFile>,
}

/// Which targets there are, and who may name more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targets {
    /// Its version.
    pub version: Version,
    /// Its last instant.
    #[serde(with = "instant")]
    pub expires: UnixSeconds,
    /// The targets by their paths.
    pub targets: BTreeMap<String, TargetFile>,
    /// Who may name more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegations: Option<Delegations>,
}

/// One document as another one names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetaFile {
    /// Its version.
    pub version: Version,
    /// The bytes it has (or, of others' repositories, at most has).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// Its hashes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hashes: Option<Hashes>,
}

/// One target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetFile {
    /// The bytes it has.
    pub length: u64,
    /// Its hashes.
    pub hashes: Hashes,
    /// What else whoever uses it has to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<Value>,
}

impl Root {
    /// The keys of a role at the top; nothing for a delegated role.
    #[must_use]
    pub fn role(&self, name: &RoleName) -> Option<&Role> {
        match name.as_str() {
            "root" => Some(&self.roles.root),
            "timestamp" => Some(&self.roles.timestamp),
            "snapshot" => Some(&self.roles.snapshot),
            "targets" => Some(&self.roles.targets),
            _ => None,
        }
    }
}

impl Timestamp {
    /// A timestamp that names a snapshot.
    #[must_use]
    pub fn naming(version: Version, expires: UnixSeconds, snapshot: MetaFile) -> Self {
        Self {
            version,
            expires,
            meta: BTreeMap::from([(RoleName::snapshot().file(), snapshot)]),
        }
    }

    /// The snapshot it names. A sound one names one.
    #[must_use]
    pub fn snapshot(&self) -> Option<&MetaFile> {
        self.meta.get(&RoleName::snapshot().file())
    }
}

impl Snapshot {
    /// The version of a targets role that belongs here.
    #[must_use]
    pub fn of(&self, role: &RoleName) -> Option<&MetaFile> {
        self.meta.get(&role.file())
    }
}

impl Targets {
    /// A target by its path.
    #[must_use]
    pub fn target(&self, path: &TargetPath) -> Option<&TargetFile> {
        self.targets.get(path.as_str())
    }
}

impl MetaFile {
    /// Names a document by all that can be said of it.
    #[must_use]
    pub fn of(version: Version, document: &[u8]) -> Self {
        Self {
            version,
            length: u64::try_from(document.len()).ok(),
            hashes: Some(Hashes::of(document)),
        }
    }

    /// Whether this is the document, as far as length and hashes are said.
    #[must_use]
    pub fn is(&self, document: &[u8]) -> bool {
        let length = u64::try_from(document.len()).unwrap_or(u64::MAX);
        let hashed = self.hashes.as_ref().is_none_or(|hashes| {
            let mut checking = Checking::new(length, hashes);
            checking.take(document) && checking.holds()
        });
        hashed && self.length.is_none_or(|most| length <= most)
    }
}

impl TargetFile {
    /// Describes a target.
    #[must_use]
    pub fn of(content: &[u8], custom: Option<Value>) -> Self {
        Self {
            length: u64::try_from(content.len()).unwrap_or(u64::MAX),
            hashes: Hashes::of(content),
            custom,
        }
    }

    /// Whether this is its content.
    #[must_use]
    pub fn is(&self, content: &[u8]) -> bool {
        let mut checking = self.checking();
        checking.take(content) && checking.holds()
    }

    /// Begins to check content on its way.
    #[must_use]
    pub fn checking(&self) -> Checking {
        Checking::new(self.length, &self.hashes)
    }
}

/// The documents differ in their `_type`, and in what there is to contradict in them.
macro_rules! metadata {
    ($document:ty, $name:literal, $sound:expr) => {
        impl Metadata for $document {
            const TYPE: &'static str = $name;

            fn version(&self) -> Version {
                self.version
            }

            fn expires(&self) -> UnixSeconds {
                self.expires
            }

            fn is_sound(&self) -> bool {
                $sound(self)
            }
        }
    };
}

metadata!(Root, "root", |_: &Root| true);
metadata!(Timestamp, "timestamp", |it: &Timestamp| {
    it.snapshot().is_some()
});
metadata!(Snapshot, "snapshot", |_: &Snapshot| true);
metadata!(Targets, "targets", |it: &Targets| {
    it.delegations.as_ref().is_none_or(Delegations::is_sound)
});

/// Instants as `2030-01-01T00:00:00Z`, the one form the specification has.
mod instant {
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    use crate::clock::UnixSeconds;

    /// The length of the one form.
    const CHARS: usize = 20;

    pub(super) fn serialize<S: Serializer>(at: &UnixSeconds, to: S) -> Result<S::Ok, S::Error> {
        let (first, last) = (jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::MAX);
        let second = at.0.clamp(first.as_second(), last.as_second());
        let stamp = jiff::Timestamp::from_second(second).unwrap_or(last);
        to.serialize_str(&stamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<UnixSeconds, D::Error> {
        let text = String::deserialize(from)?;
        let stamp: Option<jiff::Timestamp> = text.parse().ok();
        match stamp {
            Some(stamp) if text.len() == CHARS && text.ends_with('Z') => Ok(stamp.into()),
            Some(_) | None => Err(de::Error::custom("not an instant of the form that TUF has")),
        }
    }
}
