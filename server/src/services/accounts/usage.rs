//! What stations say they have printed for each cost centre, and whether it adds up to what they
//! stated for their registers.

use shared::clock::UnixSeconds;
use shared::ids::{AccountId, NodeId, StationId, VaultId};
use shared::money::{MAX_MILLS, Mills};
use shared::services::ServiceId;
use shared::services::accounts::{Month, NodeKind, Override, Usage};

use super::tree;
use crate::db::{Concerned, DbError, Row, Tx};
use crate::ledger::{self, LedgerAccount};
use crate::params;

/// The most overrides one listing shows.
const OVERRIDES_LISTED: i64 = 1_000;

/// A sum of another station with the account's version that its last change made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// The sum.
    pub usage: Usage,
    /// The version.
    pub version: u64,
}

/// Takes a station's sums. They only grow: a lower one than before is left as it was and counted,
/// because only a station copied back, or an edited one, says less.
///
/// # Errors
/// [`DbError`].
pub fn take(
    tx: &Tx<'_>,
    account: AccountId,
    station: StationId,
    usage: &[Usage],
) -> Result<u32, DbError> {
    let (mut fallen, mut is_news) = (0_u32, false);
    for one in usage {
        let month = one.month.number();
        let before: Option<(u64, Mills)> = tx.row(
            "SELECT pieces, postage FROM centre_usage
             WHERE station = ?1 AND centre = ?2 AND month = ?3",
            params![&station, &one.centre, month],
            |row| Ok((row.column(0)?, row.column(1)?)),
        )?;
        let after = (one.pieces, one.postage);
        match before {
            Some(before) if before == after => continue,
            Some((pieces, postage)) if pieces > one.pieces || postage > one.postage => {
                fallen = fallen.saturating_add(1);
                continue;
            }
            Some(_) | None => {}
        }
        is_news = true;
        let version = tree::next_version(tx, account)?;
        let node = centre_node(tx, account, &one.centre)?;
        tx.execute(
            "INSERT INTO centre_usage (station, centre, month, node, pieces, postage, version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (station, centre, month) DO UPDATE SET node = excluded.node,
                pieces = excluded.pieces, postage = excluded.postage, version = excluded.version",
            params![
                &station,
                &one.centre,
                month,
                node.as_ref(),
                i64::try_from(one.pieces).unwrap_or(i64::MAX),
                one.postage,
                i64::try_from(version).unwrap_or(i64::MAX),
            ],
        )?;
    }
    // What is left of a budget changes for the other stations: at once, not at their next contact.
    if is_news && tree::has_budgets(tx, account)? {
        tx.concerns(Concerned::Account(account), ServiceId::Accounts);
    }
    Ok(fallen)
}

/// The cost centre of this account that a station names by its number.
fn centre_node(tx: &Tx<'_>, account: AccountId, centre: &str) -> Result<Option<NodeId>, DbError> {
    let Ok(id) = centre.parse::<NodeId>() else {
        return Ok(None);
    };
    let stored = tree::by_id(tx, id)?;
    let stored = stored
        .filter(|stored| stored.account == account && stored.node.kind == NodeKind::CostCentre);
    Ok(stored.map(|stored| stored.node.id))
}

/// Takes a station's overrides; one that is known stays as it is.
///
/// # Errors
/// [`DbError`].
pub fn take_overrides(
    tx: &Tx<'_>,
    station: StationId,
    overrides: &[Override],
) -> Result<(), DbError> {
    for one in overrides {
        tx.execute(
            "INSERT INTO budget_override (station, counter, centre, user_name, reason, over, made)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
            params![
                &station,
                one.counter,
                &one.centre,
                &one.user,
                &one.reason,
                one.over,
                one.at,
            ],
        )?;
    }
    Ok(())
}

/// The highest counter among a station's overrides; 0 for none.
///
/// # Errors
/// [`DbError`].
pub fn last_override(tx: &Tx<'_>, station: StationId) -> Result<u32, DbError> {
    let last: Option<Option<u32>> = tx.row(
        "SELECT max(counter) FROM budget_override WHERE station = ?1",
        params![&station],
        |row| row.column(0),
    )?;
    Ok(last.flatten().unwrap_or(0))
}

/// The overrides of an account's stations, newest first.
///
/// # Errors
/// [`DbError`].
pub fn overrides(tx: &Tx<'_>, account: AccountId) -> Result<Vec<(StationId, Override)>, DbError> {
    tx.rows(
        "SELECT budget_override.station, counter, centre, user_name, reason, over, made
         FROM budget_override JOIN station ON station.id = budget_override.station
         WHERE station.account = ?1 ORDER BY made DESC, counter DESC LIMIT ?2",
        params![&account, OVERRIDES_LISTED],
        |row| {
            let one = Override {
                counter: row.column(1)?,
                centre: row.column(2)?,
                user: row.column(3)?,
                reason: row.column(4)?,
                over: row.column(5)?,
                at: row.column(6)?,
            };
            Ok((row.column(0)?, one))
        },
    )
}

/// What the account's other stations have spent on its cost centres from `since` on, where that
/// changed after `known`, in the order of the changes.
///
/// # Errors
/// [`DbError`].
pub fn elsewhere(
    tx: &Tx<'_>,
    (account, station): (AccountId, StationId),
    known: u64,
    since: Month,
    limit: u32,
) -> Result<Vec<Elsewhere>, DbError> {
    tx.rows(
        "SELECT centre, month, sum(pieces), sum(postage), max(version)
         FROM centre_usage JOIN station ON station.id = centre_usage.station
         WHERE station.account = ?1 AND centre_usage.station <> ?2 AND node IS NOT NULL
            AND month >= ?3
         GROUP BY centre, month HAVING max(version) > ?4
         ORDER BY max(version) LIMIT ?5",
        params![
            &account,
            &station,
            since.number(),
            i64::try_from(known).unwrap_or(i64::MAX),
            limit,
        ],
        |row| {
            Ok(Elsewhere {
                usage: read(row)?,
                version: row.column(4)?,
            })
        },
    )
}

/// What an account's stations have printed in a month, by cost centre, the largest first.
///
/// # Errors
/// [`DbError`].
pub fn by_centre(tx: &Tx<'_>, account: AccountId, month: Month) -> Result<Vec<Usage>, DbError> {
    tx.rows(
        "SELECT centre, month, sum(pieces), sum(postage)
         FROM centre_usage JOIN station ON station.id = centre_usage.station
         WHERE station.account = ?1 AND month = ?2
         GROUP BY centre, month ORDER BY sum(postage) DESC, centre",
        params![&account, month.number()],
        read,
    )
}

fn read(row: &Row<'_>) -> Result<Usage, DbError> {
    let month: u32 = row.column(1)?;
    Ok(Usage {
        centre: row.column(0)?,
        month: Month::from_number(month).map_err(|_| row.misfit(1))?,
        pieces: row.column(2)?,
        postage: row.column(3)?,
    })
}

/// What a station has reported in all: pieces and postage.
///
/// # Errors
/// [`DbError`].
pub fn reported(tx: &Tx<'_>, station: StationId) -> Result<(u64, Mills), DbError> {
    let sums: Option<(Option<u64>, Option<u64>)> = tx.row(
        "SELECT sum(pieces), sum(postage) FROM centre_usage WHERE station = ?1",
        params![&station],
        |row| Ok((row.column(0)?, row.column(1)?)),
    )?;
    let (pieces, postage) = sums.unwrap_or_default();
    let postage = Mills::new(postage.unwrap_or(0).min(MAX_MILLS)).unwrap_or_default();
    Ok((pieces.unwrap_or(0), postage))
}

/// A station's reports held against its ascending register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reconciled {
    /// What it stated as printed, mills: the book's account of the vault.
    pub stated: Mills,
    /// What it reported by cost centre, mills.
    pub reported: Mills,
}

impl Reconciled {
    /// Reads both sums.
    ///
    /// # Errors
    /// [`DbError`].
    pub fn of(tx: &Tx<'_>, station: StationId, vault: VaultId) -> Result<Self, DbError> {
        Ok(Self {
            stated: ledger::available(tx, &LedgerAccount::Printed(vault))?,
            reported: reported(tx, station)?.1,
        })
    }

    /// Whether both are the same to the mill.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.stated == self.reported
    }
}

/// The first month whose sums a budget of today can ask for.
#[must_use]
pub fn budget_year(now: UnixSeconds) -> Month {
    let month = Month::of(shared::clock::civil_date(now));
    shared::services::accounts::Period::Year.around(month).0
}
