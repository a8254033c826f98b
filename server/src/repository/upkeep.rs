//! What the repository does by itself: it keeps the stop list, renews what it signs long before that
//! ends, and warns of what a person has to renew.

use shared::clock::{DAY_SECONDS, UnixSeconds};
use shared::services::funds::refunds::identity;
use shared::services::repository::STOP_LIST_TARGET;
use shared::tuf::{Root, TargetFile};

use super::publishing::{Change, OnlineKeys, bind, tell};
use super::role::RepositoryRole;
use super::store::{self, Stored};
use super::{RepositoryError, content, health, nothing};
use crate::center::DataCenter;
use crate::db::Tx;
use crate::services::funds::refunds::store as refunds;

/// The longest stop list that is published; it is held in memory as a whole.
const STOPPED_MAX: i64 = 500_000;

impl DataCenter {
    /// Does what is due. Safe to repeat at any time.
    ///
    /// # Errors
    /// [`RepositoryError`].
    pub fn keep_repository(&self) -> Result<(), RepositoryError> {
        let root = self
            .db()
            .read_blocking("root", |tx| store::needed(tx, RepositoryRole::Root))?;
        if !self.publish_stops()? {
            self.renew(&root.says()?)?;
        }
        let now = self.now();
        self.db()
            .write_blocking("clear contents", move |tx| content::clear(tx, now))?;
        for role in self.repository_health()? {
            role.warn();
        }
        Ok(())
    }

    /// Publishes the stop list if it changed or has to be renewed; whether it did.
    fn publish_stops(&self) -> Result<bool, RepositoryError> {
        let role = RepositoryRole::Stops;
        let (now, epoch) = (self.now(), self.epoch());
        let (newest, list) = self.db().read_blocking("stop list", move |tx| {
            Ok::<_, RepositoryError>((store::needed(tx, role)?, stop_list(tx)?))
        })?;
        let Some(list) = list else {
            tracing::error!(
                "more than {STOPPED_MAX} pieces must not be accepted: none is published"
            );
            return Ok(false);
        };
        let file = TargetFile::of(&list, None);
        let named: shared::tuf::Targets = newest.says()?;
        let is_same = named.targets.get(STOP_LIST_TARGET) == Some(&file);
        if is_same && !is_due(&newest, epoch, now) {
            return Ok(false);
        }
        self.publish(
            role,
            None,
            |_| {
                Ok::<_, RepositoryError>(Change {
                    contents: vec![list],
                    targets: [(STOP_LIST_TARGET.to_owned(), file)].into(),
                })
            },
            (nothing, nothing),
        )?;
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

/// The identities of pieces that must not be accepted, ascending; nothing when there are too many: a
/// list that lacks pieces would let them through.
fn stop_list(tx: &Tx<'_>) -> Result<Option<Vec<u8>>, RepositoryError> {
    let stopped = refunds::stopped(tx, STOPPED_MAX.saturating_add(1))?;
    if i64::try_from(stopped.len()).map_or(true, |length| length > STOPPED_MAX) {
        return Ok(None);
    }
    let identities = stopped.iter().map(|refund| identity(refund.serial));
    Ok(Some(identities.flatten().collect()))
}
