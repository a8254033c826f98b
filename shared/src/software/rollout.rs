//! What is published for one platform and channel, how an admin changes it, and which release a
//! station takes from it.

use serde::{Deserialize, Serialize};

use super::release::{GROUPS_MAX, Release, ReleaseState, Taker, is_group};
use super::{Channel, Platform, Version};

/// The layout of the document.
const LAYOUT: u8 = 1;

/// The most releases that are kept in the document; older ones drop out.
pub const RELEASES_MAX: usize = 16;

/// The longest document, bytes: each release takes less than 2 KiB.
pub const ROLLOUT_MAX_BYTES: u64 = 64 * 1_024;

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

    /// Stops a release until it is advanced again; who has it keeps it.
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
    /// runs or lower, and never one that it has put back.
    ///
    /// Below the minimum no percentage holds it up: where nothing that satisfies the minimum reaches
    /// it, it takes the lowest that does. A trial above the minimum stays with the stations it is
    /// meant for.
    #[must_use]
    pub fn choose(&self, taker: &Taker<'_>) -> Choice<'_> {
        let urgent = self
            .minimum
            .is_some_and(|minimum| taker.installed < minimum);
        let fits = |release: &&Release| {
            release.state == ReleaseState::Rolling
                && release.version > taker.installed
                && !taker.failed.contains(&release.version)
        };
        let enough = |release: &&Release| {
            self.minimum
                .is_none_or(|minimum| release.version >= minimum)
        };
        let reaching = || {
            let fit = self.releases.iter().rev().filter(fits);
            fit.filter(|release| release.reaches(taker))
        };
        let chosen = if urgent {
            let lowest = || self.releases.iter().filter(fits).find(enough);
            reaching()
                .find(enough)
                .or_else(lowest)
                .or_else(|| reaching().next())
        } else {
            reaching().next()
        };
        match chosen {
            Some(release) => Choice::Take { release, urgent },
            None if urgent => Choice::Stuck,
            None => Choice::Current,
        }
    }
}
