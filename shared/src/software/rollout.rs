//! What is published for one platform and channel, how an admin changes it, and which release a
//! station takes from it.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Channel, Platform, Version};
use crate::ids::VaultId;

/// The layout of the document.
const LAYOUT: u8 = 1;

/// The most releases that are kept in the document; older ones drop out.
pub const RELEASES_MAX: usize = 16;

/// The longest document, bytes: each release takes less than 2 KiB.
pub const ROLLOUT_MAX_BYTES: u64 = 64 * 1_024;

/// The longest package, bytes: twenty times a station's program.
pub const PACKAGE_MAX_BYTES: u64 = 512 * 1_024 * 1_024;

/// The longest name of a group of stations, characters.
pub const GROUP_MAX_CHARS: usize = 32;

/// The most groups a release may be rolled out to.
const GROUPS_MAX: usize = 16;

/// The longest signature of the platform's updater, bytes: base64 of four short lines.
const SIGNATURE_MAX_BYTES: usize = 1_024;

/// Why bytes are not the document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotARollout {
    /// Longer than [`ROLLOUT_MAX_BYTES`], not JSON, or not of this form.
    #[error("the list of releases cannot be read")]
    NotReadable,
    /// Of a layout that this program does not know.
    #[error("the list of releases has layout {0}, and this program knows {LAYOUT}")]
    UnknownLayout(u8),
    /// For another platform or channel than it was asked for.
    #[error("the list of releases is for {0} {1}")]
    Misplaced(Platform, Channel),
    /// A release breaks a rule.
    #[error("the list of releases is wrong: {0}")]
    Wrong(&'static str),
}

/// Why an admin's change is not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishRefusal {
    /// A release of this or a later version was published before.
    #[error("version {newest} is published already, so {version} would go back")]
    GoesBack {
        /// What was to be published.
        version: Version,
        /// The newest that is.
        newest: Version,
    },
    /// No such release.
    #[error("there is no release {0} here")]
    Unknown(Version),
    /// A withdrawn release stays withdrawn.
    #[error("release {0} was withdrawn; publish a higher version")]
    Withdrawn(Version),
    /// Stations that have it cannot be taken out again.
    #[error("release {version} reaches {percent} percent already; hold it to stop it")]
    Lowers {
        /// The release.
        version: Version,
        /// How many it reaches.
        percent: u8,
    },
    /// No release would satisfy the minimum.
    #[error("no release here that is rolled out is as high as {0}")]
    NothingAsHigh(Version),
    /// A value is outside what may be.
    #[error("{0}")]
    Wrong(&'static str),
}

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
    /// Nobody takes it for now; who has it keeps it.
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
    fn check(&self) -> Result<(), &'static str> {
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
    fn reaches(&self, taker: &Taker<'_>) -> bool {
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

/// What a station does with what is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice<'a> {
    /// Nothing higher is there for this station.
    Current,
    /// This release, when the moment allows it.
    Take {
        /// The release.
        release: &'a Release,
        /// Whether what it runs is below the minimum.
        urgent: bool,
    },
    /// What it runs is below the minimum, and there is nothing to take: a person must look.
    Stuck,
}

/// Everything that is published for one platform and channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    v: u8,
    platform: Platform,
    channel: Channel,
    minimum: Option<Version>,
    releases: Vec<Release>,
}

impl Rollout {
    /// Nothing published yet.
    #[must_use]
    pub const fn new(platform: Platform, channel: Channel) -> Self {
        Self {
            v: LAYOUT,
            platform,
            channel,
            minimum: None,
            releases: Vec::new(),
        }
    }

    /// Reads the document of this platform and channel. Unknown members are ignored.
    ///
    /// # Errors
    /// [`NotARollout`].
    pub fn read(bytes: &[u8], platform: Platform, channel: Channel) -> Result<Self, NotARollout> {
        #[derive(Deserialize)]
        struct Layout {
            v: u8,
        }
        if u64::try_from(bytes.len()).map_or(true, |length| length > ROLLOUT_MAX_BYTES) {
            return Err(NotARollout::NotReadable);
        }
        let unreadable = |_| NotARollout::NotReadable;
        let Layout { v } = serde_json::from_slice(bytes).map_err(unreadable)?;
        if v != LAYOUT {
            return Err(NotARollout::UnknownLayout(v));
        }
        let read: Self = serde_json::from_slice(bytes).map_err(unreadable)?;
        if (read.platform, read.channel) != (platform, channel) {
            return Err(NotARollout::Misplaced(read.platform, read.channel));
        }
        let rising = |pair: &[Release]| pair.windows(2).all(|two| two[0].version < two[1].version);
        if read.releases.len() > RELEASES_MAX || !rising(&read.releases) {
            return Err(NotARollout::Wrong(
                "its releases are too many or not in order",
            ));
        }
        for release in &read.releases {
            release.check().map_err(NotARollout::Wrong)?;
        }
        Ok(read)
    }

    /// The document.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("numbers and plain texts are JSON")
    }

    /// The path of the document of a platform and channel among the targets.
    #[must_use]
    pub fn path(platform: Platform, channel: Channel) -> String {
        format!("software/{channel}/{platform}/rollout.json")
    }

    /// The path of a release's package among the targets.
    #[must_use]
    pub fn package_path(&self, release: &Release) -> String {
        let (channel, platform) = (self.channel, self.platform);
        format!(
            "software/{channel}/{platform}/{}/{}",
            release.version, release.file
        )
    }

    /// The platform.
    #[must_use]
    pub const fn platform(&self) -> Platform {
        self.platform
    }

    /// The channel.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        self.channel
    }

    /// What every station should run at least.
    #[must_use]
    pub const fn minimum(&self) -> Option<Version> {
        self.minimum
    }

    /// The releases, lowest version first.
    #[must_use]
    pub fn releases(&self) -> &[Release] {
        &self.releases
    }

    /// The release of a version.
    #[must_use]
    pub fn release(&self, version: Version) -> Option<&Release> {
        self.releases.iter().find(|one| one.version == version)
    }

    /// Adds a release; the same one again changes nothing.
    ///
    /// # Errors
    /// [`PublishRefusal::GoesBack`] unless it is higher than all before, [`PublishRefusal::Wrong`].
    pub fn publish(&mut self, release: Release) -> Result<(), PublishRefusal> {
        release.check().map_err(PublishRefusal::Wrong)?;
        match self.releases.last() {
            Some(last) if *last == release => return Ok(()),
            Some(last) if last.version >= release.version => {
                return Err(PublishRefusal::GoesBack {
                    version: release.version,
                    newest: last.version,
                });
            }
            Some(_) | None => self.releases.push(release),
        }
        let beyond = self.releases.len().saturating_sub(RELEASES_MAX);
        self.releases.drain(..beyond);
        Ok(())
    }

    /// Raises how many stations take a release, and lets a held one go on.
    ///
    /// # Errors
    /// [`PublishRefusal`]: it is unknown or withdrawn, or reaches more already.
    pub fn advance(&mut self, version: Version, percent: u8) -> Result<(), PublishRefusal> {
        let release = self.living(version)?;
        if percent > 100 {
            return Err(PublishRefusal::Wrong("a percentage is 0 to 100"));
        }
        if percent < release.percent {
            return Err(PublishRefusal::Lowers {
                version,
                percent: release.percent,
            });
        }
        release.percent = percent;
        release.state = ReleaseState::Rolling;
        Ok(())
    }

    /// Lets a group of stations take a release.
    ///
    /// # Errors
    /// [`PublishRefusal`].
    pub fn add_group(&mut self, version: Version, group: &str) -> Result<(), PublishRefusal> {
        let release = self.living(version)?;
        if !is_group(group) || release.groups.len() >= GROUPS_MAX {
            return Err(PublishRefusal::Wrong(
                "a release has up to 16 groups; a name has 1 to 32 small letters, digits and hyphens",
            ));
        }
        release.groups.insert(group.to_owned());
        Ok(())
    }

    /// Says whether a release may be installed in opening hours.
    ///
    /// # Errors
    /// [`PublishRefusal`].
    pub fn allow_hours(&mut self, version: Version, allowed: bool) -> Result<(), PublishRefusal> {
        self.living(version)?.during_hours = allowed;
        Ok(())
    }

    /// Stops a release for now.
    ///
    /// # Errors
    /// [`PublishRefusal`].
    pub fn hold(&mut self, version: Version) -> Result<(), PublishRefusal> {
        self.living(version)?.state = ReleaseState::Held;
        Ok(())
    }

    /// Stops a release for good. Asked twice it changes nothing.
    ///
    /// # Errors
    /// [`PublishRefusal::Unknown`].
    pub fn withdraw(&mut self, version: Version) -> Result<(), PublishRefusal> {
        let release = self.releases.iter_mut().find(|one| one.version == version);
        release.ok_or(PublishRefusal::Unknown(version))?.state = ReleaseState::Withdrawn;
        Ok(())
    }

    /// Sets what every station should run at least; a release as high must be rolling.
    ///
    /// # Errors
    /// [`PublishRefusal::NothingAsHigh`].
    pub fn require(&mut self, minimum: Version) -> Result<(), PublishRefusal> {
        let rolling = |one: &Release| one.state == ReleaseState::Rolling && one.version >= minimum;
        if !self.releases.iter().any(rolling) {
            return Err(PublishRefusal::NothingAsHigh(minimum));
        }
        self.minimum = Some(minimum);
        Ok(())
    }

    fn living(&mut self, version: Version) -> Result<&mut Release, PublishRefusal> {
        let found = self.releases.iter_mut().find(|one| one.version == version);
        match found {
            None => Err(PublishRefusal::Unknown(version)),
            Some(release) if release.state == ReleaseState::Withdrawn => {
                Err(PublishRefusal::Withdrawn(version))
            }
            Some(release) => Ok(release),
        }
    }

    /// Which release a station takes: the highest that reaches it, never one as high as what it
    /// runs or lower, and never one that it has put back. Below the minimum the percentage does not
    /// hold it up.
    #[must_use]
    pub fn choose(&self, taker: &Taker<'_>) -> Choice<'_> {
        let urgent = self
            .minimum
            .is_some_and(|minimum| taker.installed < minimum);
        let mut fit = self.releases.iter().rev().filter(|release| {
            release.state == ReleaseState::Rolling
                && release.version > taker.installed
                && !taker.failed.contains(&release.version)
                && (urgent || release.reaches(taker))
        });
        match fit.next() {
            Some(release) => Choice::Take { release, urgent },
            None if urgent => Choice::Stuck,
            None => Choice::Current,
        }
    }
}
