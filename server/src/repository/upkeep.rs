//! What the repository does by itself: it keeps the stop list, renews what it signs long before that
//! ends, and warns of what a person has to renew.

use shared::clock::{DAY_SECONDS, UnixSeconds, civil_date};
use shared::services::funds::refunds::identity;
use shared::services::repository::STOP_LIST_TARGET;
use shared::tuf::{Root, TargetFile, Targets};

use super::publishing::{Change, OnlineKeys, bind, tell};
use super::role::RepositoryRole;
use super::store::{self, Stored};
use super::{RepositoryError, content, health, nothing};
use crate::center::{DataCenter, first_of};
use crate::db::Tx;
use crate::services::funds::refunds::{TURNS_UP_DAYS, store as refunds};

/// The longest stop list that is published; it is held in memory as a whole.
const STOPPED_MAX: i64 = 500_000;

/// A list that has changed is published once in so many seconds: every station takes all of it.
const STOPS_APART: i64 = DAY_SECONDS;

impl DataCenter {
    /// Does what is due. Safe to repeat at any time; a data center of an earlier program has nothing to
    /// do until its repository is created.
    ///
    /// # Errors
    /// [`RepositoryError`].
    pub fn keep_repository(&self) -> Result<(), RepositoryError> {
        let root = self
            .db()
            .read_blocking("root", |tx| store::newest(tx, RepositoryRole::Root))?;
        let Some(root) = root else { return Ok(()) };
        // What a person has to do is said first: no fault below may hide it.
        let health = self.repository_health();
        for role in health.iter().flatten() {
            role.warn();
        }
        // A list that cannot be signed keeps nothing else from being renewed.
        let stops = self.publish_stops();
        let renewed = match stops {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => root.says().and_then(|root| self.renew(&root)),
        };
        let cleared = content::clear(self.db(), self.now());
        first_of([
            ("repository health", health.map(drop)),
            ("stop list", stops.map(drop)),
            ("snapshot and timestamp", renewed),
            ("contents", cleared.map_err(Into::into)),
        ])
    }

    /// Publishes the stop list if it changed or has to be renewed; whether it did.
    fn publish_stops(&self) -> Result<bool, RepositoryError> {
        let role = RepositoryRole::Stops;
        let (now, epoch) = (self.now(), self.epoch());
        let (newest, list) = self.db().read_blocking("stop list", move |tx| {
            Ok::<_, RepositoryError>((store::needed(tx, role)?, stop_list(tx, now, STOPPED_MAX)?))
        })?;
        let named: Targets = newest.says()?;
        let Some(change) = next_list(&named, list) else {
            return Ok(false);
        };
        let is_same = change.targets == named.targets;
        let is_soon = now.seconds_since(newest.made) < STOPS_APART;
        if (is_same || is_soon) && !is_due(&newest, epoch, now) {
            return Ok(false);
        }
        let change = |_: &Targets| Ok::<_, RepositoryError>(change);
        self.publish(role, None, change, (nothing, nothing))?;
        Ok(true)
    }

    /// Renews snapshot and timestamp where that is due: also when an epoch has begun, so that their
    /// versions rise above all that stations may have seen.
    fn renew(&self, root: &Root) -> Result<(), RepositoryError> {
        let online = OnlineKeys::read(self.folder(), root)?;
        let (now, epoch) = (self.now(), self.epoch());
        self.db().write_blocking("renew the timestamp", move |tx| {
            let due =
                |role| Ok::<_, RepositoryError>(is_due(&store::needed(tx, role)?, epoch, now));
            if due(RepositoryRole::Snapshot)? {
                bind(tx, &online, epoch, now)
            } else if due(RepositoryRole::Timestamp)? {
                tell(tx, &online, epoch, now)
            } else {
                Ok(())
            }
        })
    }

    /// How the roles of the repository are.
    ///
    /// # Errors
    /// [`RepositoryError`].
    pub fn repository_health(&self) -> Result<Vec<health::RoleHealth>, RepositoryError> {
        let (now, epoch) = (self.now(), self.epoch());
        self.db()
            .read_blocking("repository", move |tx| health::of(tx, epoch, now))
    }
}

/// Whether something that renews itself is to be renewed now.
fn is_due(stored: &Stored, epoch: u32, now: UnixSeconds) -> bool {
    let left = stored.expires.seconds_since(now).div_euclid(DAY_SECONDS);
    let days = stored.role.renew_days().unwrap_or_default();
    left < days || stored.epoch != epoch
}

/// What the role names from now on: the list, or the one before where there is none. That stays
/// signed, so that stations know how old it is.
fn next_list(named: &Targets, list: Option<Vec<u8>>) -> Option<Change> {
    let Some(list) = list else {
        tracing::error!(
            "more than {STOPPED_MAX} pieces must not be accepted: the stop list stays as it was"
        );
        return named
            .targets
            .contains_key(STOP_LIST_TARGET)
            .then(|| Change {
                contents: Vec::new(),
                targets: named.targets.clone(),
            });
    };
    let file = TargetFile::of(&list, None);
    Some(Change {
        contents: vec![list],
        targets: [(STOP_LIST_TARGET.to_owned(), file)].into(),
    })
}

/// The identities of pieces that must not be accepted and may still turn up, ascending; nothing when
/// there are more than `most`: a list that lacks pieces would let them through.
fn stop_list(tx: &Tx<'_>, now: UnixSeconds, most: i64) -> Result<Option<Vec<u8>>, RepositoryError> {
    let since = civil_date(now.plus_days(-TURNS_UP_DAYS));
    let stopped = refunds::stopped(tx, since, most.saturating_add(1))?;
    if i64::try_from(stopped.len()).map_or(true, |length| length > most) {
        return Ok(None);
    }
    let identities = stopped.iter().map(|refund| identity(refund.serial));
    Ok(Some(identities.flatten().collect()))
}

#[cfg(test)]
mod tests {
    use shared::tuf::Version;

    use super::*;

    #[test]
    fn a_list_that_is_too_long_leaves_the_one_before_to_be_signed_again() {
        let file = TargetFile::of(b"twelve bytes", None);
        let named = Targets {
            version: Version::FIRST,
            expires: UnixSeconds(0),
            targets: [(STOP_LIST_TARGET.to_owned(), file)].into(),
            delegations: None,
        };
        let kept = next_list(&named, None).unwrap();
        assert_eq!(
            (kept.targets, kept.contents.len()),
            (named.targets.clone(), 0)
        );
        let next = next_list(&named, Some(b"other bytes!".to_vec())).unwrap();
        assert_eq!(next.contents.len(), 1);
        assert_ne!(next.targets, named.targets);
        let none = Targets {
            targets: [].into(),
            ..named
        };
        assert!(next_list(&none, None).is_none());
    }
}
