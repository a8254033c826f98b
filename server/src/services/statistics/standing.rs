//! How a vault's reported pieces stand to its register.

use serde::{Deserialize, Serialize};
use shared::clock::UnixSeconds;
use shared::ids::{PsdId, VaultId};
use shared::money::{Mills, MillsSum};
use shared::statistics::{Difference, Mark, Reconciling, Walked};

use super::store::{self, Heard, StatedMark};
use crate::db::{DbError, Tx};
use crate::stations::Station;

/// Statistics that are missing for so many days are an alarm: every contact brings them.
const LATE_DAYS: i64 = 7;

/// How the pieces of a vault stand to its register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The station's PSD number.
    pub station: PsdId,
    /// Journal records whose statistics were told.
    pub heard: u64,
    /// Up to this record all pieces add up to the register.
    pub holds_to: u64,
    /// The ascending register there, mills.
    pub ascending: Mills,
    /// Pieces that were stated and are not told of yet: since when.
    pub waiting_since: Option<UnixSeconds>,
    /// What does not hold.
    pub alarms: Vec<Alarm>,
}

/// Something that does not hold and needs an admin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "alarm", rename_all = "kebab-case")]
pub enum Alarm {
    /// The pieces between two records do not add up to what the register rose by.
    Difference {
        /// Up to this record they did.
        from: u64,
        /// Up to this record they do not.
        to: u64,
        /// What the station has signed, mills.
        stated: Mills,
        /// What its pieces add up to, mills.
        reported: MillsSum,
    },
    /// The station told the same record in two ways.
    Contradiction {
        /// The record.
        sequence: u64,
        /// What it told first.
        before: String,
        /// What it told later.
        now: String,
        /// When.
        raised: UnixSeconds,
    },
    /// Pieces that were stated long ago were never told of.
    Late {
        /// Since when they are missing.
        since: UnixSeconds,
    },
}

impl std::fmt::Display for Alarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Difference {
                from,
                to,
                stated,
                reported,
            } => write!(
                f,
                "between journal records {from} and {to}: the register says {stated}, the pieces \
                 add up to {reported}"
            ),
            Self::Contradiction {
                sequence,
                before,
                now,
                ..
            } => write!(f, "record {sequence} was told as {before}, then as {now}"),
            Self::Late { .. } => write!(
                f,
                "pieces that were stated more than {LATE_DAYS} days ago were never told of"
            ),
        }
    }
}

impl From<Difference> for Alarm {
    fn from(difference: Difference) -> Self {
        Self::Difference {
            from: difference.from,
            to: difference.to,
            stated: difference.stated,
            reported: difference.reported,
        }
    }
}

/// Holds every piece of a vault against every mark, from the first on.
///
/// # Errors
/// [`DbError`].
pub fn standing(tx: &Tx<'_>, station: &Station, now: UnixSeconds) -> Result<Standing, DbError> {
    let vault = station.vault;
    let heard = store::heard(tx, vault)?.map_or(0, |heard| heard.next);
    let stated = store::marks(tx, vault, 0)?;
    let walked = walk(tx, vault, Mark::default(), heard, &stated)?;
    let missing = walked.missing.map(|mark| mark.size);
    let missing = stated
        .iter()
        .find(|stated| Some(stated.mark.size) == missing);
    let waiting_since = missing.map(|stated| stated.stated);
    let mut alarms: Vec<Alarm> = walked.difference.map(Alarm::from).into_iter().collect();
    let contradictions = store::contradictions(tx, vault)?;
    alarms.extend(contradictions.into_iter().map(|one| Alarm::Contradiction {
        sequence: one.sequence,
        before: one.told_before,
        now: one.told_now,
        raised: one.raised,
    }));
    let late = waiting_since.filter(|since| since.plus_days(LATE_DAYS) < now);
    alarms.extend(late.map(|since| Alarm::Late { since }));
    Ok(Standing {
        station: station.psd,
        heard,
        holds_to: walked.held.size,
        ascending: walked.held.ascending,
        waiting_since,
        alarms,
    })
}

/// The last mark that holds, looking only at what follows the one that held before: the work of a
/// page stays the size of the page.
pub(super) fn held(
    tx: &Tx<'_>,
    station: &Station,
    vault: VaultId,
    heard: &Heard,
) -> Result<Mark, DbError> {
    let mut stated = store::marks(tx, vault, heard.held.size)?;
    stated.retain(|stated| stated.mark.size <= heard.next);
    if stated.is_empty() {
        // In the midst of a backlog there is nothing to hold it against yet.
        return Ok(heard.held);
    }
    let walked = walk(tx, vault, heard.held, heard.next, &stated)?;
    if let Some(difference) = walked.difference {
        raise(station.psd, &difference.into());
    }
    Ok(walked.held)
}

/// Says an alarm in the log.
pub fn raise(station: PsdId, alarm: &Alarm) {
    tracing::error!(%station, %alarm, "statistics and register differ");
}

fn walk(
    tx: &Tx<'_>,
    vault: VaultId,
    begun: Mark,
    heard: u64,
    stated: &[StatedMark],
) -> Result<Walked, DbError> {
    let marks: Vec<Mark> = stated.iter().map(|stated| stated.mark).collect();
    let mut walk = Reconciling::after(begun, &marks, heard);
    store::each_debit(tx, vault, begun.size, |sequence, postage| {
        walk.piece(sequence, postage);
    })?;
    Ok(walk.end())
}
