//! Contacts that the station makes by itself while a window is there: at night, and again after one
//! that failed on every line.

use shared::clock::UnixSeconds;

use super::dialup::settings::{self, Retry};
use super::dialup::telephone;
use super::failover;
use super::round;
use crate::api::UiError;
use crate::crypto;
use crate::services::Asked;
use crate::station::{Owner, Station};

/// Looks whether one is due, in each period in which the Internet is asked while there is a call.
const LOOKS: u32 = 3;

/// Failed contacts in a row after which only the clerk and the night call again.
const MAX_FAILURES: u32 = 8;

/// Looks for what is due, for as long as it is kept.
pub(super) async fn keep(station: Station) {
    loop {
        tokio::time::sleep(station.telephone().asking_period() / LOOKS).await;
        if let Err(fault) = look(&station).await {
            tracing::debug!(code = fault.code, "a contact that was due failed");
        }
    }
}

/// Makes the contact that is due, if one is.
///
/// # Errors
/// What keeps it from coming about; the next one is due then.
pub(crate) async fn look(station: &Station) -> Result<bool, UiError> {
    if !station.apply(take_due).await? {
        return Ok(false);
    }
    round::meet(station, Asked::default()).await?;
    Ok(true)
}

/// Whether a contact is due. A night call is written down before it is made: a crash loses it, and
/// never makes it twice.
fn take_due(owner: &mut Owner) -> Result<bool, UiError> {
    if owner.vault().is_none() || !telephone::is_ready(owner)? {
        return Ok(false);
    }
    let (now, retry) = (owner.now(), settings::retry(owner)?);
    if retry.due.is_some_and(|due| due <= now) {
        return Ok(true);
    }
    let night = settings::read(owner)?.night();
    let due = failover::night_is_due(night, owner.local(), now, retry.met, retry.night);
    if due {
        let night = Some(now);
        settings::put_retry(owner, Retry { night, ..retry })?;
    }
    Ok(due)
}

/// Notes how a contact fared on every line it could go over, and when the next one is due by itself.
pub(super) async fn note(station: &Station, came_about: bool) {
    let [chance] = crypto::random_bytes::<1>();
    noted(station, move |before, now| {
        if came_about {
            return Retry {
                failures: 0,
                due: None,
                met: Some(now),
                ..before
            };
        }
        let failures = before.failures.saturating_add(1);
        let due = failover::retry_at(failures, now, chance);
        Retry {
            failures,
            due: Some(due).filter(|_| failures < MAX_FAILURES),
            ..before
        }
    })
    .await;
}

/// Notes that somebody hung up: only the clerk and the night call again.
pub(super) async fn leave(station: &Station) {
    noted(station, |before, _| Retry {
        due: None,
        ..before
    })
    .await;
}

async fn noted(
    station: &Station,
    change: impl FnOnce(Retry, UnixSeconds) -> Retry + Send + 'static,
) {
    let noted = station
        .apply(move |owner| {
            if !telephone::is_ready(owner)? {
                return Ok(());
            }
            let after = change(settings::retry(owner)?, owner.now());
            settings::put_retry(owner, after)
        })
        .await;
    if let Err(fault) = noted {
        tracing::warn!(
            code = fault.code,
            "how a contact fared was not written down"
        );
    }
}
