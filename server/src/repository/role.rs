//! The roles of the repository: who signs what, where their keys lie and how long their word holds.

use serde::{Deserialize, Serialize};
use shared::services::rates::RATES_ROLE;
use shared::services::repository::{SOFTWARE_ROLE, STOPS_ROLE};
use shared::tuf::{RoleName, Version};

/// Days a root holds: its keyholders meet every two years.
const ROOT_DAYS: i64 = 730;

/// Days the word of a role holds whose key is opened by a person: well over a year, so that who
/// publishes once a year is never late.
const PERSON_DAYS: i64 = 400;

/// Days the word of a role holds that the running data center signs (`protocol.md` L).
const ONLINE_DAYS: i64 = 7;

/// What a person has to renew is warned of so many days before its end.
const PERSON_WARN_DAYS: i64 = 30;

/// What renews itself is warned of when it has so few days left: then something hinders it.
const ONLINE_WARN_DAYS: i64 = 2;

/// The timestamp is renewed when it has fewer days left.
const TIMESTAMP_RENEW_DAYS: i64 = 5;

/// Snapshot and stop list are renewed when they have fewer days left: less often than the timestamp,
/// so that mostly the timestamp alone changes.
const RENEW_DAYS: i64 = 3;

/// Versions one epoch can make: one every few minutes for years.
const VERSIONS_AN_EPOCH: u64 = 1 << 20;

/// A role of the repository.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum RepositoryRole {
    /// Names the keys of those at the top.
    Root,
    /// Delegates, and names the certificates of the issuing authorities.
    Targets,
    /// Names rate editions.
    Rates,
    /// Names software.
    Software,
    /// Names what must not be accepted.
    Stops,
    /// Says which versions belong together.
    Snapshot,
    /// Says which snapshot is the newest.
    Timestamp,
}

/// Where the keys of a role lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Custody {
    /// Away from the data center, each in a file under a passphrase.
    Offline,
    /// In the data folder, under the passphrase of whoever publishes.
    Sealed,
    /// In the data folder, open: the running data center signs with them.
    Open,
}

impl RepositoryRole {
    /// All of them, from the one that all rests on.
    pub const ALL: [Self; 7] = [
        Self::Root,
        Self::Targets,
        Self::Rates,
        Self::Software,
        Self::Stops,
        Self::Snapshot,
        Self::Timestamp,
    ];

    /// Those that name targets, which a snapshot binds together.
    pub const NAMING: [Self; 4] = [Self::Targets, Self::Rates, Self::Software, Self::Stops];

    /// Those that [`Self::Targets`] delegates to, in the order in which they are asked.
    pub const DELEGATED: [Self; 3] = [Self::Rates, Self::Software, Self::Stops];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Targets => "targets",
            Self::Rates => RATES_ROLE,
            Self::Software => SOFTWARE_ROLE,
            Self::Stops => STOPS_ROLE,
            Self::Snapshot => "snapshot",
            Self::Timestamp => "timestamp",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Its name in metadata.
    #[must_use]
    pub fn role_name(self) -> RoleName {
        RoleName::new(self.name())
    }

    /// Where its keys lie.
    #[must_use]
    pub const fn custody(self) -> Custody {
        match self {
            Self::Root | Self::Targets => Custody::Offline,
            Self::Rates | Self::Software => Custody::Sealed,
            Self::Stops | Self::Snapshot | Self::Timestamp => Custody::Open,
        }
    }

    /// Days its word holds.
    #[must_use]
    pub const fn days(self) -> i64 {
        match self {
            Self::Root => ROOT_DAYS,
            Self::Targets | Self::Rates | Self::Software => PERSON_DAYS,
            Self::Stops | Self::Snapshot | Self::Timestamp => ONLINE_DAYS,
        }
    }

    /// Days before its end from which on the admin is warned.
    #[must_use]
    pub const fn warn_days(self) -> i64 {
        match self.custody() {
            Custody::Offline | Custody::Sealed => PERSON_WARN_DAYS,
            Custody::Open => ONLINE_WARN_DAYS,
        }
    }

    /// Days before its end from which on the running data center renews it; none where a person has
    /// to.
    #[must_use]
    pub const fn renew_days(self) -> Option<i64> {
        match self {
            Self::Timestamp => Some(TIMESTAMP_RENEW_DAYS),
            Self::Stops | Self::Snapshot => Some(RENEW_DAYS),
            Self::Root | Self::Targets | Self::Rates | Self::Software => None,
        }
    }

    /// The patterns of the paths that it may name; none for a role that nobody delegates to. A star
    /// stays within one part of a path.
    #[must_use]
    pub fn patterns(self) -> Vec<String> {
        let depth = match self {
            Self::Rates | Self::Stops => 1,
            Self::Software => 4,
            Self::Root | Self::Targets | Self::Snapshot | Self::Timestamp => 0,
        };
        (1..=depth)
            .map(|parts| format!("{}{}", self.name(), "/*".repeat(parts)))
            .collect()
    }
}

/// The version that follows `last` in an epoch of the data center.
///
/// Each epoch has versions of its own, above all that an earlier one can have made: so what a data
/// center signs after it was put back to an older state is never below what stations have seen. The
/// versions of a root are consecutive whatever happens: that is what TUF asks for.
#[must_use]
pub fn next_version(last: Option<Version>, epoch: u32) -> Version {
    let before = u64::from(epoch.saturating_sub(1));
    let floor = before.saturating_mul(VERSIONS_AN_EPOCH).saturating_add(1);
    let next = last.map_or(Version::FIRST, Version::next);
    Version::new(floor).map_or(next, |floor| next.max(floor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_begins_above_every_version_of_the_one_before() {
        let mut last = None;
        for epoch in 1..4 {
            let before = last;
            for _ in 0..1_000 {
                let next = next_version(last, epoch);
                assert!(last.is_none_or(|last| next > last));
                last = Some(next);
            }
            // Restored from before all of that: the next epoch is above it all the same.
            assert!(next_version(before, epoch + 1) > last.unwrap());
        }
        assert_eq!(next_version(None, 1), Version::FIRST);
        assert_eq!(next_version(None, 0), Version::FIRST);
    }

    #[test]
    fn what_renews_itself_does_so_long_before_anybody_is_warned() {
        for role in RepositoryRole::ALL {
            match role.renew_days() {
                Some(days) => assert!(role.warn_days() < days && days < role.days()),
                None => assert!(role.warn_days() < role.days()),
            }
            assert_eq!(RepositoryRole::named(role.name()), Some(role));
        }
    }
}
