//! How each role of the repository is: until when it holds, and what a person has to do.

use serde::{Deserialize, Serialize};
use shared::clock::{DAY_SECONDS, UnixSeconds};

use super::role::RepositoryRole;
use super::{RepositoryError, store};
use crate::db::Tx;

/// How a role is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// Nothing has to be done.
    Good,
    /// It ends soon.
    EndsSoon,
    /// It has ended: stations install nothing new until it is renewed, and go on with what they have.
    Ended,
    /// It is from before the data center was restored: a station that has seen a later one takes
    /// nothing new until it is signed again.
    BeforeRestore,
}

impl Health {
    /// As an admin reads it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::EndsSoon => "ends soon",
            Self::Ended => "HAS ENDED",
            Self::BeforeRestore => "from before the restore",
        }
    }
}

/// The newest version of a role and how it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleHealth {
    /// The role.
    pub role: RepositoryRole,
    /// Its newest version.
    pub version: u64,
    /// When that was made.
    pub made: UnixSeconds,
    /// Until when it holds.
    pub expires: UnixSeconds,
    /// How it is.
    pub health: Health,
}

impl RoleHealth {
    /// Whole days until it ends; negative after that.
    #[must_use]
    pub const fn days_left(&self, now: UnixSeconds) -> i64 {
        self.expires.seconds_since(now).div_euclid(DAY_SECONDS)
    }

    /// What an admin does about it; nothing when nothing has to be done.
    #[must_use]
    pub const fn advice(&self) -> Option<&'static str> {
        if matches!(self.health, Health::Good) {
            return None;
        }
        Some(match self.role {
            RepositoryRole::Root => "`repository rotate-root` with two of its keys",
            RepositoryRole::Targets => "`repository sign-targets` with its offline key",
            RepositoryRole::Rates | RepositoryRole::Software => {
                "`repository renew` with the passphrase of those who publish"
            }
            RepositoryRole::Stops | RepositoryRole::Snapshot | RepositoryRole::Timestamp => {
                "it renews itself while `serve` runs; the log says what hinders it"
            }
        })
    }

    /// Says in the log what has to be done.
    pub(super) fn warn(&self) {
        if let Some(advice) = self.advice() {
            tracing::warn!(
                role = self.role.name(),
                version = self.version,
                expires = self.expires.0,
                health = self.health.words(),
                advice,
                "a role of the repository has to be renewed"
            );
        }
    }
}

/// How all roles are; nothing before the repository was made.
pub(super) fn of(
    tx: &Tx<'_>,
    epoch: u32,
    now: UnixSeconds,
) -> Result<Vec<RoleHealth>, RepositoryError> {
    let mut all = Vec::new();
    for role in RepositoryRole::ALL {
        if let Some(newest) = store::newest(tx, role)? {
            let seconds = newest.expires.seconds_since(now);
            // Roots are numbered one by one; none is ever below another.
            let is_old = newest.epoch != epoch && role != RepositoryRole::Root;
            let health = if seconds <= 0 {
                Health::Ended
            } else if is_old {
                Health::BeforeRestore
            } else if seconds.div_euclid(DAY_SECONDS) < role.warn_days() {
                Health::EndsSoon
            } else {
                Health::Good
            };
            all.push(RoleHealth {
                role,
                version: newest.version.number(),
                made: newest.made,
                expires: newest.expires,
                health,
            });
        }
    }
    Ok(all)
}
